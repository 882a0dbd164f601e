//! Builtin modules: which there are, how they come into being, and `import`.

use super::{Owner, marks, math, sys, time};
use crate::runtime::exceptions::exception;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// A builtin module: its name and what sets its values that are not functions.
struct ModuleRow {
    name: &'static str,
    fill: fn(&mut Vm, Value) -> Outcome<()>,
}

/// Every builtin module.
const MODULES: &[ModuleRow] = &[
    ModuleRow { name: "jitvm", fill: marks::fill },
    ModuleRow { name: "math", fill: math::fill },
    ModuleRow { name: "sys", fill: sys::fill },
    ModuleRow { name: "time", fill: time::fill },
];

/// `import name`: a module imported before, a builtin one, or one that the embedder finds.
pub fn import_module(vm: &mut Vm, name: &str) -> Outcome {
    if let Some(module) = vm.find_module(name) {
        return Ok(module);
    }
    if let Some(row) = MODULES.iter().find(|row| row.name == name) {
        let module = vm.new_module(name);
        let functions: Vec<(Value, &str)> = vm
            .permanent
            .iter()
            .filter(|value| value.has_layout(crate::runtime::object::ShapeId::BUILTIN))
            .map(|&value| (value, super::row_of(vm, value)))
            .filter(|(_, row)| matches!(row.owner, Owner::Module(owner) if owner == name))
            .map(|(value, row)| (value, row.name))
            .collect();
        for (function, name) in functions {
            vm.set_global(module, name, function);
        }
        (row.fill)(vm, module)?;
        return Ok(module);
    }
    if let Some(hook) = vm.import_hook
        && let Some(module) = hook(vm, name)?
    {
        return Ok(module);
    }
    // Of a dotted name, the first part that is missing is what the error names.
    if let Some((package, _)) = name.rsplit_once('.') {
        import_module(vm, package)?;
        let raised = vm.raise_module_not_found(name);
        let message = vm.str(&format!("No module named '{name}'; '{package}' is not a package"));
        exception(vm.exception).args = vm.tuple(&[message])?;
        return Err(raised);
    }
    Err(vm.raise_module_not_found(name))
}
