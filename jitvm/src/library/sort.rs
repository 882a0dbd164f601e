//! Stable sorting of lists by Python's `<`.

use std::cmp::Ordering;

use crate::interp::consume::{Consumer, consume_by_key};
use crate::runtime::compare::{CompareKind, compare_as_bool, order_of_texts};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::truth;
use crate::runtime::sequences::{items, items_mut, items_to_move, truncate};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// `list.sort(key=..., reverse=...)`. The list looks empty while `key` runs, as in CPython.
pub fn sort(vm: &mut Vm, list: Value, key: Option<Value>, reverse: Option<Value>) -> Outcome<()> {
    let reverse = match reverse {
        None => false,
        Some(value) if value.is_int() || value.is_bool() => truth(vm, value)?,
        Some(value) => {
            let name = vm.type_name(value);
            return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
        }
    };
    let key = key.filter(|&key| key != Value::NONE);
    // The copy keeps the items alive and in place, whatever `key` does to the list.
    let values = vm.list(items(list))?;
    truncate(list, 0);
    let result = sort_copy(vm, values, key, reverse);
    let modified = !items(list).is_empty();
    truncate(list, 0);
    vm.reserve(list, items(values).len())?;
    for &value in items(values) {
        vm.push(list, value)?;
    }
    result?;
    if modified {
        return Err(vm.value_error("list modified during sort"));
    }
    Ok(())
}

fn sort_copy(vm: &mut Vm, values: Value, key: Option<Value>, reverse: bool) -> Outcome<()> {
    let Some(key) = key else {
        return sort_items(vm, values, items_to_move(values), |value| value, reverse);
    };
    let keys = vm.list_with_capacity(items(values).len())?;
    let weighed = consume_by_key(vm, Consumer::CollectKeys, values, values, key, keys)?.is_some();
    for index in 0..if weighed { 0 } else { items(values).len() } {
        let weight = vm.call(key, &[items(values)[index]])?;
        vm.push(keys, weight)?;
    }
    let mut pairs: Vec<(Value, Value)> = items(keys).iter().copied().zip(items(values).iter().copied()).collect();
    let result = sort_items(vm, keys, &mut pairs, |pair| pair.0, reverse);
    for (slot, (_, value)) in items_mut(vm, values).iter_mut().zip(pairs) {
        *slot = value;
    }
    result
}

/// Sorts elements by the values `weight` picks, which are the items of `weights`, so they stay alive.
fn sort_items<T: Copy>(
    vm: &mut Vm,
    weights: Value,
    elements: &mut [T],
    weight: impl Fn(T) -> Value,
    reverse: bool,
) -> Outcome<()> {
    // Reversing before and after keeps equal elements in their order.
    if reverse {
        elements.reverse();
    }
    let result = match total_order(items(weights)) {
        Some(order) => {
            elements.sort_by(|&a, &b| order(weight(a), weight(b)));
            Ok(())
        }
        None => merge_sort(elements, &mut |a, b| compare_as_bool(vm, CompareKind::Less, weight(a), weight(b))),
    };
    if reverse {
        elements.reverse();
    }
    result
}

/// A comparison that cannot fail, for lists of one simple type.
fn total_order(weights: &[Value]) -> Option<fn(Value, Value) -> Ordering> {
    if weights.iter().all(|value| value.is_int()) {
        return Some(|a, b| (a.0 as i64).cmp(&(b.0 as i64)));
    }
    if weights.iter().all(|value| value.is_float() && !value.as_float().is_nan()) {
        return Some(|a, b| a.as_float().partial_cmp(&b.as_float()).unwrap_or(Ordering::Equal));
    }
    if weights.iter().all(|value| value.has_layout(ShapeId::STR)) {
        return Some(order_of_texts);
    }
    are_plain_tuples(weights).then_some(order_of_tuples)
}

/// What a column of tuples has: items of one kind have an order among themselves that no program decides.
fn kind_of_item(item: Value) -> Option<u8> {
    match item {
        _ if item.is_int() || item.is_bool() => Some(0),
        _ if item.is_float() => (!item.as_float().is_nan()).then_some(1),
        _ => item.has_shape(ShapeId::STR).then_some(2),
    }
}

/// Tuples of one length, with items of one kind in each place.
fn are_plain_tuples(weights: &[Value]) -> bool {
    let Some((&first, others)) = weights.split_first() else { return false };
    let fits = |tuple: Value| {
        let same = |(&item, &of_first): (&Value, &Value)| {
            let kind = kind_of_item(item);
            kind.is_some() && kind == kind_of_item(of_first)
        };
        items(tuple).len() == items(first).len() && items(tuple).iter().zip(items(first)).all(same)
    };
    first.has_shape(ShapeId::TUPLE) && others.iter().all(|&tuple| tuple.has_shape(ShapeId::TUPLE) && fits(tuple))
}

/// The order of two such tuples.
fn order_of_tuples(a: Value, b: Value) -> Ordering {
    let number = |item: Value| if item.is_int() { item.as_fixnum() } else { i64::from(item == Value::TRUE) };
    for (&x, &y) in items(a).iter().zip(items(b)) {
        let order = match x {
            _ if x == y => Ordering::Equal,
            _ if x.is_int() || x.is_bool() => number(x).cmp(&number(y)),
            _ if x.is_float() => x.as_float().partial_cmp(&y.as_float()).unwrap_or(Ordering::Equal),
            _ => order_of_texts(x, y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Runs of this length are sorted by insertion.
const RUN: usize = 16;

/// Stable merge sort with a comparison that may raise or be inconsistent.
fn merge_sort<T: Copy>(elements: &mut [T], less: &mut dyn FnMut(T, T) -> Outcome<bool>) -> Outcome<()> {
    for run in elements.chunks_mut(RUN) {
        for index in 1..run.len() {
            let element = run[index];
            let (mut low, mut high) = (0, index);
            while low < high {
                let middle = low.midpoint(high);
                if less(element, run[middle])? { high = middle } else { low = middle + 1 }
            }
            run.copy_within(low..index, low + 1);
            run[low] = element;
        }
    }
    let mut width = RUN;
    let mut left = Vec::new();
    while width < elements.len() {
        for pair in elements.chunks_mut(width * 2).filter(|pair| pair.len() > width) {
            // Sorted already: the common case of ordered input.
            if !less(pair[width], pair[width - 1])? {
                continue;
            }
            left.clear();
            left.extend_from_slice(&pair[..width]);
            let (mut i, mut j, mut write) = (0, width, 0);
            while i < left.len() && j < pair.len() {
                let take_right = match less(pair[j], left[i]) {
                    Ok(answer) => answer,
                    Err(raised) => {
                        // All elements stay in the list.
                        pair[write..write + left.len() - i].copy_from_slice(&left[i..]);
                        return Err(raised);
                    }
                };
                if take_right {
                    pair[write] = pair[j];
                    j += 1;
                } else {
                    pair[write] = left[i];
                    i += 1;
                }
                write += 1;
            }
            pair[write..write + left.len() - i].copy_from_slice(&left[i..]);
        }
        width *= 2;
    }
    Ok(())
}
