//! The module `_weakref`: links between reference objects and what they refer to, for `weakref`.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("_weakref");
    "deaths" Arity::Zero, deaths, "How many references have lost their targets so far.";
    "died" Arity::Zero, died, "The references that lost their targets since the last call, or None.";
    "link" Arity::Range(2, 2), link, "Makes an object refer weakly to another.";
    "references" Arity::One, references, "The objects that refer weakly to an object.";
    "target" Arity::One, target, "What an object refers to weakly, or None if that is gone.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

fn deaths(vm: &mut Vm, _: Arguments) -> Outcome {
    let count = vm.heap.weak.deaths as i64;
    Ok(vm.integer(count))
}

fn died(vm: &mut Vm, _: Arguments) -> Outcome {
    // They stay roots until the list has them.
    let references = vm.heap.weak.died.clone();
    if references.is_empty() {
        return Ok(Value::NONE);
    }
    let list = vm.list(&references)?;
    vm.heap.weak.take_died();
    Ok(list)
}

fn link(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [reference, target] = [0, 1].map(|index| arguments.positional()[index]);
    if !reference.is_pointer() || !target.is_pointer() {
        let name = vm.type_name(target);
        return Err(vm.type_error(format!("cannot create weak reference to '{name}' object")));
    }
    vm.heap.weak.link(reference, target);
    Ok(Value::NONE)
}

fn references(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let target = arguments.positional()[0];
    let found = if target.is_pointer() { vm.heap.weak.references(target) } else { Vec::new() };
    vm.list(&found)
}

fn target(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let reference = arguments.positional()[0];
    let found = if reference.is_pointer() { vm.heap.weak.target(reference) } else { None };
    Ok(found.unwrap_or(Value::NONE))
}
