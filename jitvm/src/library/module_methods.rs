//! Making module objects: `types.ModuleType(name)`, and instances of classes that derive from it.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::dict;
use crate::runtime::modules;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    METHODS of Owner::Type(TypeId::MODULE);
    "__init__" Arity::Free, init, "Sets the name and the documentation.";
}

/// Calls the type `module`.
pub fn construct(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let module = vm.blank_module();
    fill(vm, module, arguments)?;
    Ok(module)
}

fn init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    fill(vm, arguments.positional()[0], arguments.rest())?;
    Ok(Value::NONE)
}

fn fill(vm: &mut Vm, module: Value, arguments: Arguments) -> Outcome<()> {
    if arguments.positional().is_empty() && !arguments.keywords().any(|(name, _)| name == "name") {
        return Err(vm.type_error("module() missing required argument 'name' (pos 1)"));
    }
    let [name, doc] = arguments.bind(vm, "module", ["name", "doc"])?;
    let name = name.unwrap_or(Value::NONE);
    if !name.is_str() {
        let given = vm.type_name(name);
        return Err(vm.type_error(format!("module() argument 'name' must be str, not {given}")));
    }
    modules::set_name(module, name);
    let doc = doc.unwrap_or(Value::NONE);
    let empty = ["__package__", "__loader__", "__spec__"].map(|key| (key, Value::NONE));
    for (key, value) in [("__name__", name), ("__doc__", doc)].into_iter().chain(empty) {
        let key = vm.intern(key);
        dict::set_str(vm, modules::module_dict(module), key, value)?;
    }
    Ok(())
}
