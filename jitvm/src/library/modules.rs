//! Builtin modules: which there are, how they come into being, and `import`.

use super::{Owner, TABLES};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// A builtin module: its name and what sets its values that are not functions.
struct ModuleRow {
    name: &'static str,
    fill: fn(&mut Vm, Value) -> Outcome<()>,
}

/// Every builtin module.
const MODULES: &[ModuleRow] = &[];

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
            .filter(|value| value.has_shape(crate::runtime::object::ShapeId::BUILTIN))
            .map(|&value| (value, super::row_of(vm, value)))
            .filter(|(_, row)| matches!(row.owner, Owner::Module(owner) if owner == name))
            .map(|(value, row)| (value, row.name))
            .collect();
        debug_assert!(!TABLES.is_empty());
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
    Err(vm.raise_module_not_found(name))
}
