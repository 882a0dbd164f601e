//! Methods of sets and frozensets.

use super::{Arguments, Arity, BuiltinRow, Owner, builtins};
use crate::runtime::dict::raise_key_error;
use crate::runtime::set;
use crate::runtime::set_operations as operations;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

macro_rules! shared {
    ($table:ident of $owner:expr) => {
        builtins! {
            $table of $owner;
            "copy" Arity::Zero, copy, "A set of the same elements.";
            "difference" Arity::Free, difference, "The elements that are in none of the others.";
            "intersection" Arity::Free, intersection, "The elements that are in all the others.";
            "isdisjoint" Arity::One, isdisjoint, "True if no element is in the other.";
            "issubset" Arity::One, issubset, "True if every element is in the other.";
            "issuperset" Arity::One, issuperset, "True if every element of the other is in this.";
            "symmetric_difference" Arity::One, symmetric_difference, "The elements that are in one of both.";
            "union" Arity::Free, union, "The elements of this and of all the others.";
        }
    };
}

shared!(SET of Owner::Type(TypeId::SET));
shared!(FROZENSET of Owner::Type(TypeId::FROZENSET));

builtins! {
    CHANGES of Owner::Type(TypeId::SET);
    "add" Arity::One, add, "Adds an element.";
    "clear" Arity::Zero, clear, "Removes all elements.";
    "difference_update" Arity::Free, difference_update, "Takes out the elements of the others.";
    "discard" Arity::One, discard, "Takes out an element if it is there.";
    "intersection_update" Arity::Free, intersection_update, "Keeps the elements that are in all the others.";
    "pop" Arity::Zero, pop, "Takes out some element.";
    "remove" Arity::One, remove, "Takes out an element that must be there.";
    "symmetric_difference_update" Arity::One, symmetric_difference_update, "Keeps what is in one of both.";
    "update" Arity::Free, update, "Adds the elements of the others.";
}

builtins! {
    INIT of Owner::Type(TypeId::SET);
    "__init__" Arity::Free, init, "Replaces the elements by those of an iterable.";
}

fn init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "__init__", arguments)?;
    if others.len() > 1 {
        let given = others.len();
        return Err(vm.type_error(format!("set expected at most 1 argument, got {given}")));
    }
    set::clear(set);
    if let Some(&iterable) = others.first() {
        operations::update(vm, set, iterable)?;
    }
    Ok(Value::NONE)
}

/// The tables of methods.
pub const TABLES: [&[BuiltinRow]; 3] = [SET, FROZENSET, CHANGES];

/// The receiver and the others of a method that takes any number, and no keywords.
fn receiver_and_others<'a>(vm: &mut Vm, name: &str, arguments: Arguments<'a>) -> Outcome<(Value, &'a [Value])> {
    let Some((&set, others)) = arguments.positional().split_first() else {
        return Err(vm.type_error(format!("unbound method set.{name}() needs an argument")));
    };
    if arguments.has_keywords() {
        let class = if set::is_frozenset(set) { "frozenset" } else { "set" };
        return Err(vm.type_error(format!("{class}.{name}() takes no keyword arguments")));
    }
    Ok((set, others))
}

fn two(arguments: Arguments) -> [Value; 2] {
    [0, 1].map(|index| arguments.positional()[index])
}

fn copy(vm: &mut Vm, arguments: Arguments) -> Outcome {
    operations::copy(vm, arguments.positional()[0])
}

fn difference(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "difference", arguments)?;
    operations::difference_of_all(vm, set, others)
}

fn intersection(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "intersection", arguments)?;
    operations::intersection_of_all(vm, set, others)
}

fn union(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "union", arguments)?;
    operations::union(vm, set, others)
}

fn symmetric_difference(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, other] = two(arguments);
    operations::symmetric_difference(vm, set, other)
}

fn isdisjoint(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, other] = two(arguments);
    operations::is_disjoint(vm, set, other).map(Value::from_bool)
}

fn issubset(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, other] = two(arguments);
    operations::is_subset(vm, set, other).map(Value::from_bool)
}

fn issuperset(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, other] = two(arguments);
    operations::is_superset(vm, set, other).map(Value::from_bool)
}

fn add(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, element] = two(arguments);
    set::add(vm, set, element)?;
    Ok(Value::NONE)
}

fn clear(_: &mut Vm, arguments: Arguments) -> Outcome {
    set::clear(arguments.positional()[0]);
    Ok(Value::NONE)
}

fn discard(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, element] = two(arguments);
    operations::discard(vm, set, element)?;
    Ok(Value::NONE)
}

fn remove(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, element] = two(arguments);
    match operations::discard(vm, set, element)? {
        true => Ok(Value::NONE),
        false => Err(raise_key_error(vm, element)),
    }
}

fn pop(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match set::pop(arguments.positional()[0]) {
        Some(element) => Ok(element),
        None => Err(vm.raise(TypeId::KEY_ERROR, "pop from an empty set")),
    }
}

fn update(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "update", arguments)?;
    for &other in others {
        operations::update(vm, set, other)?;
    }
    Ok(Value::NONE)
}

fn difference_update(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "difference_update", arguments)?;
    for &other in others {
        operations::difference_update(vm, set, other)?;
    }
    Ok(Value::NONE)
}

fn intersection_update(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (set, others) = receiver_and_others(vm, "intersection_update", arguments)?;
    let result = operations::intersection_of_all(vm, set, others)?;
    set::swap(vm, set, result);
    Ok(Value::NONE)
}

fn symmetric_difference_update(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [set, other] = two(arguments);
    operations::symmetric_difference_update(vm, set, other)?;
    Ok(Value::NONE)
}
