//! The module `jitvm`: marks that a program puts into the log.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::to_index;
use crate::runtime::strings::as_text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("jitvm");
    "iteration" Arity::One, iteration, "Marks the start of a numbered iteration in the log.";
    "mark" Arity::One, mark, "Puts a named mark into the log.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

fn mark(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let Some(name) = as_text(value) else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("mark() argument must be str, not {name}")));
    };
    if let Some(hook) = vm.mark_hook {
        hook(vm, name, None);
    }
    Ok(Value::NONE)
}

fn iteration(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let number = to_index(vm, arguments.positional()[0])?;
    if let Some(hook) = vm.mark_hook {
        hook(vm, "iteration", Some(number));
    }
    Ok(Value::NONE)
}
