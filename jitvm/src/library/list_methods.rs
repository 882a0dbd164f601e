//! Methods of lists and tuples.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::compare::equal;
use crate::runtime::iterate::{to_index, to_size};
use crate::runtime::numbers::{Limbs, as_i64, as_integer};
use crate::runtime::operators_sequence;
use crate::runtime::repr;
use crate::runtime::sequences::{items, items_to_move, truncate};
use crate::runtime::subscript;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    LIST of Owner::Type(TypeId::LIST);
    "append" Arity::One, append, "Adds an item at the end.";
    "clear" Arity::Zero, clear, "Removes all items.";
    "copy" Arity::Zero, copy, "A list of the same items.";
    "count" Arity::One, count, "How many items are equal to a value.";
    "extend" Arity::One, extend, "Adds the items of an iterable at the end.";
    "index" Arity::Range(1, 3), list_index, "Where a value is first found.";
    "insert" Arity::Range(2, 2), insert, "Puts an item before an index.";
    "pop" Arity::Range(0, 1), pop, "Takes out the last item, or the one at an index.";
    "remove" Arity::One, remove, "Takes out the first item equal to a value.";
    "reverse" Arity::Zero, reverse, "Turns the order round.";
    "sort" Arity::Free, sort, "Sorts in place.";
}

builtins! {
    TUPLE of Owner::Type(TypeId::TUPLE);
    "count" Arity::One, count, "How many items are equal to a value.";
    "index" Arity::Range(1, 3), tuple_index, "Where a value is first found.";
}

fn append(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    vm.push(values[0], values[1])?;
    Ok(Value::NONE)
}

fn clear(_: &mut Vm, arguments: Arguments) -> Outcome {
    truncate(arguments.positional()[0], 0);
    Ok(Value::NONE)
}

fn copy(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.list(items(arguments.positional()[0]))
}

fn extend(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    operators_sequence::extend(vm, values[0], values[1])?;
    Ok(Value::NONE)
}

fn insert(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let index = to_index(vm, values[1])?;
    let length = items(values[0]).len() as i64;
    let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
    subscript::insert(vm, values[0], index as usize, values[2])?;
    Ok(Value::NONE)
}

fn pop(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let list = arguments.positional()[0];
    let index = match arguments.get(1) {
        Some(index) => to_size(vm, index)?,
        None => -1,
    };
    let length = items(list).len();
    let Some(last) = length.checked_sub(1) else { return Err(vm.index_error("pop from empty list")) };
    let index = if index < 0 { index + length as i64 } else { index };
    match usize::try_from(index) {
        Ok(index) if index == last => {
            let item = items(list)[last];
            truncate(list, last);
            Ok(item)
        }
        Ok(index) if index < length => Ok(subscript::remove(list, index)),
        _ => Err(vm.index_error("pop index out of range")),
    }
}

/// Index of the first item from `start` to `stop` that equals `value`.
fn find(vm: &mut Vm, sequence: Value, value: Value, start: usize, stop: usize) -> Outcome<Option<usize>> {
    let mut index = start;
    // The length is looked at each time: a comparison may change the list.
    while index < items(sequence).len().min(stop) {
        if equal(vm, items(sequence)[index], value)? {
            return Ok(Some(index));
        }
        index += 1;
    }
    Ok(None)
}

fn remove(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    match find(vm, values[0], values[1], 0, usize::MAX)? {
        Some(index) => {
            subscript::remove(values[0], index);
            Ok(Value::NONE)
        }
        None => Err(vm.value_error("list.remove(x): x not in list")),
    }
}

fn count(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let (mut found, mut start) = (0, 0);
    while let Some(index) = find(vm, values[0], values[1], start, usize::MAX)? {
        found += 1;
        start = index + 1;
    }
    Ok(Value::from_fixnum(found))
}

/// Bounds of a search, which count from the end if negative and are clamped.
fn search_bound(vm: &mut Vm, bound: Option<Value>, default: usize, length: usize) -> Outcome<usize> {
    let Some(bound) = bound else { return Ok(default) };
    let index = match as_i64(bound) {
        Some(index) => index,
        None if as_integer(bound).is_some() => {
            if Limbs::of_big(bound).negative {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        None => return Err(vm.type_error("slice indices must be integers or have an __index__ method")),
    };
    Ok(if index < 0 { index.saturating_add(length as i64).max(0) } else { index } as usize)
}

fn index_of(vm: &mut Vm, arguments: Arguments) -> Outcome<Option<usize>> {
    let values = arguments.positional();
    let length = items(values[0]).len();
    let start = search_bound(vm, arguments.get(2), 0, length)?;
    let stop = search_bound(vm, arguments.get(3), usize::MAX, length)?;
    find(vm, values[0], values[1], start, stop)
}

fn list_index(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match index_of(vm, arguments)? {
        Some(index) => Ok(Value::from_fixnum(index as i64)),
        None => {
            let shown = repr::repr_text(vm, arguments.positional()[1])?;
            Err(vm.value_error(format!("{shown} is not in list")))
        }
    }
}

fn tuple_index(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match index_of(vm, arguments)? {
        Some(index) => Ok(Value::from_fixnum(index as i64)),
        None => Err(vm.value_error("tuple.index(x): x not in tuple")),
    }
}

fn reverse(_: &mut Vm, arguments: Arguments) -> Outcome {
    items_to_move(arguments.positional()[0]).reverse();
    Ok(Value::NONE)
}

fn sort(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let Some(&list) = values.first() else {
        return Err(vm.type_error("unbound method list.sort() needs an argument"));
    };
    if values.len() > 3 {
        let given = values.len() - 1;
        return Err(vm.type_error(format!("sort() takes at most 2 arguments ({given} given)")));
    }
    if values.len() > 1 {
        return Err(vm.type_error("sort() takes no positional arguments"));
    }
    let [key, reverse] = arguments.only_keywords(vm, "sort", ["key", "reverse"])?;
    super::sort::sort(vm, list, key, reverse)?;
    Ok(Value::NONE)
}
