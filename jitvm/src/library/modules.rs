//! Builtin modules: which there are and how they come into being.

use super::{
    Owner, digests, introspection, json, letters, marks, math, pickling, posix, pretty, random_core, re, structs, sys,
    time, weak_references,
};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// A builtin module: its name and what sets its values that are not functions.
struct ModuleRow {
    name: &'static str,
    fill: fn(&mut Vm, Value) -> Outcome<()>,
}

/// Every builtin module.
const MODULES: &[ModuleRow] = &[
    ModuleRow { name: "_random", fill: random_core::fill },
    ModuleRow { name: "_weakref", fill: weak_references::fill },
    ModuleRow { name: "builtins", fill: fill_builtins },
    ModuleRow { name: "jitvm", fill: marks::fill },
    ModuleRow { name: "math", fill: math::fill },
    ModuleRow { name: "_digests", fill: digests::fill },
    ModuleRow { name: "_letters", fill: letters::fill },
    ModuleRow { name: "_jitvm", fill: introspection::fill },
    ModuleRow { name: "_json", fill: json::fill },
    ModuleRow { name: "_pickling", fill: pickling::fill },
    ModuleRow { name: "_pprint", fill: pretty::fill },
    ModuleRow { name: "_re", fill: re::fill },
    ModuleRow { name: "_struct", fill: structs::fill },
    ModuleRow { name: "posix", fill: posix::fill },
    ModuleRow { name: "sys", fill: sys::fill },
    ModuleRow { name: "time", fill: time::fill },
];

/// Every builtin name.
fn fill_builtins(vm: &mut Vm, module: Value) -> Outcome<()> {
    let mut names: Vec<(Value, Value)> = vm.builtins.iter().map(|(&name, &value)| (name, value)).collect();
    names.sort_by_key(|&(name, _)| crate::runtime::strings::text(name));
    for (name, value) in names {
        vm.set_global(module, crate::runtime::strings::text(name), value);
    }
    for (name, value) in [("None", Value::NONE), ("True", Value::TRUE), ("False", Value::FALSE)] {
        vm.set_global(module, name, value);
    }
    vm.set_global(module, "__debug__", Value::TRUE);
    Ok(())
}

/// Whether there is a builtin module of a name.
pub fn is_builtin(name: &str) -> bool {
    MODULES.iter().any(|row| row.name == name)
}

/// The builtin module of a name, made now; `None` if there is none.
pub fn builtin_module(vm: &mut Vm, name: &str) -> Outcome<Option<Value>> {
    let Some(row) = MODULES.iter().find(|row| row.name == name) else { return Ok(None) };
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
    Ok(Some(module))
}
