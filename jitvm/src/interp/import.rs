//! The import statements, over the library's modules.

use crate::library::modules::import_module;
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// `import name`; of a dotted name the whole module, or its top package where that is what gets bound.
///
/// # Errors
/// ModuleNotFoundError, or what the module's body raised.
pub fn import(vm: &mut Vm, name: Value, top: bool) -> Outcome {
    let name = text(name);
    let module = import_module(vm, name)?;
    match name.split_once('.') {
        Some((package, _)) if top => import_module(vm, package),
        _ => Ok(module),
    }
}

/// `from module import name`.
///
/// # Errors
/// ImportError.
pub fn import_from(vm: &mut Vm, module: Value, name: Value) -> Outcome {
    match vm.global(module, name) {
        Some(value) => Ok(value),
        None => {
            let module = crate::runtime::modules::module_name(module);
            let message = format!("cannot import name '{}' from '{module}' (unknown location)", text(name));
            Err(vm.raise(TypeId::IMPORT_ERROR, message))
        }
    }
}
