//! What the methods and operators of sets do, in CPython's order of insertions and lookups.

use super::compare::CompareKind;
use super::dict;
use super::dict::hash_of_key;
use super::exceptions::class_of;
use super::iterate::Iteration;
use super::object::ShapeId;
use super::operators::Binary;
use super::set::{self, is_any_set, is_frozenset, is_set};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::interp::consume::{Consumer, consume};
use crate::perf::operations::{Operation, is_large};

/// The exact shape of results: that of the left operand's builtin type.
fn shape_like(value: Value) -> ShapeId {
    if is_frozenset(value) { ShapeId::FROZENSET } else { ShapeId::SET }
}

/// A new set of a set's elements, or of an iterable's.
pub fn set_of(vm: &mut Vm, shape: ShapeId, iterable: Value) -> Outcome {
    let result = vm.new_set_of(shape);
    update(vm, result, iterable)?;
    Ok(result)
}

/// A copy; of an exact frozenset itself.
pub fn copy(vm: &mut Vm, set: Value) -> Outcome {
    if set.has_shape(ShapeId::FROZENSET) { Ok(set) } else { writable_copy(vm, set) }
}

/// A copy that no one else has seen.
fn writable_copy(vm: &mut Vm, set: Value) -> Outcome {
    set_of(vm, shape_like(set), set)
}

/// Adds the elements of an iterable.
pub fn update(vm: &mut Vm, set: Value, other: Value) -> Outcome<()> {
    let before = vm.perf.enter_operation(Operation::Update, set, || is_large(other));
    let result = add_all(vm, set, other);
    vm.perf.leave_operation(before);
    result
}

fn add_all(vm: &mut Vm, set: Value, other: Value) -> Outcome<()> {
    if is_any_set(other) {
        return set::update_from_set(vm, set, other);
    }
    if other.has_shape(ShapeId::DICT) && !dict::is_globals(other) {
        set::make_room(vm, set, dict::length(other))?;
        let mut position = 0;
        while let Some((hash, key, _)) = dict::hashed_entry_at(other, &mut position) {
            set::add_hashed(vm, set, key, hash)?;
        }
        return Ok(());
    }
    let mut iteration = Iteration::new(vm, other)?;
    if set.has_shape(ShapeId::SET) && consume(vm, Consumer::Add, iteration.source(), set)?.is_some() {
        return Ok(());
    }
    while let Some(item) = iteration.next(vm)? {
        set::add(vm, set, item)?;
    }
    Ok(())
}

pub fn union(vm: &mut Vm, set: Value, others: &[Value]) -> Outcome {
    let result = writable_copy(vm, set)?;
    for &other in others {
        if other != set {
            update(vm, result, other)?;
        }
    }
    Ok(result)
}

pub fn intersection(vm: &mut Vm, set: Value, other: Value) -> Outcome {
    if set == other {
        return copy(vm, set);
    }
    if is_any_set(other) {
        let swapped = set::length(other) > set::length(set);
        let (searched, walked) = if swapped { (other, set) } else { (set, other) };
        if let Some(result) = set::selected(vm, shape_like(set), walked, searched, true)? {
            return Ok(result);
        }
        let result = vm.new_set_of(shape_like(set));
        let mut position = 0;
        while let Some((hash, key)) = set::hashed_element_at(walked, &mut position) {
            if set::contains_hashed(vm, searched, key, hash)? {
                set::add_hashed(vm, result, key, hash)?;
            }
        }
        return Ok(result);
    }
    let result = vm.new_set_of(shape_like(set));
    let mut iteration = Iteration::new(vm, other)?;
    while let Some(item) = iteration.next(vm)? {
        let hash = hash_of_key(vm, item)?;
        if set::contains_hashed(vm, set, item, hash)? {
            set::add_hashed(vm, result, item, hash)?;
        }
    }
    Ok(result)
}

pub fn intersection_of_all(vm: &mut Vm, set: Value, others: &[Value]) -> Outcome {
    let mut result = match others {
        [] => return copy(vm, set),
        _ => set,
    };
    for &other in others {
        result = intersection(vm, result, other)?;
    }
    Ok(result)
}

/// Takes out the elements of an iterable.
pub fn difference_update(vm: &mut Vm, set: Value, other: Value) -> Outcome<()> {
    if set == other {
        set::clear(set);
        return Ok(());
    }
    if is_any_set(other) {
        let large = set::length(other) >> 3 > set::length(set);
        let other = if large { intersection(vm, set, other)? } else { other };
        let mut position = 0;
        while let Some((hash, key)) = set::hashed_element_at(other, &mut position) {
            set::discard_hashed(vm, set, key, hash)?;
        }
    } else {
        let mut iteration = Iteration::new(vm, other)?;
        while let Some(item) = iteration.next(vm)? {
            set::discard(vm, set, item)?;
        }
    }
    set::drop_deleted(vm, set)
}

pub fn difference(vm: &mut Vm, set: Value, other: Value) -> Outcome {
    let is_dict = other.has_shape(ShapeId::DICT);
    let size = match (is_any_set(other), is_dict) {
        (true, _) => Some(set::length(other)),
        (_, true) => Some(dict::length(other)),
        _ => None,
    };
    let Some(size) = size.filter(|&size| set::length(set) >> 2 <= size) else {
        let result = writable_copy(vm, set)?;
        difference_update(vm, result, other)?;
        return Ok(result);
    };
    let _ = size;
    if !is_dict && let Some(result) = set::selected(vm, shape_like(set), set, other, false)? {
        return Ok(result);
    }
    let result = vm.new_set_of(shape_like(set));
    let mut position = 0;
    while let Some((hash, key)) = set::hashed_element_at(set, &mut position) {
        let found = if is_dict {
            dict::get_hashed(vm, other, key, hash)?.is_some()
        } else {
            set::contains_hashed(vm, other, key, hash)?
        };
        if !found {
            set::add_hashed(vm, result, key, hash)?;
        }
    }
    Ok(result)
}

pub fn difference_of_all(vm: &mut Vm, set: Value, others: &[Value]) -> Outcome {
    let [first, rest @ ..] = others else { return copy(vm, set) };
    let result = difference(vm, set, *first)?;
    for &other in rest {
        difference_update(vm, result, other)?;
    }
    Ok(result)
}

pub fn symmetric_difference_update(vm: &mut Vm, set: Value, other: Value) -> Outcome<()> {
    if set == other {
        set::clear(set);
        return Ok(());
    }
    if other.has_shape(ShapeId::DICT) {
        let mut position = 0;
        while let Some((hash, key, _)) = dict::hashed_entry_at(other, &mut position) {
            toggle(vm, set, key, hash)?;
        }
        return Ok(());
    }
    let other = if is_any_set(other) { other } else { set_of(vm, shape_like(set), other)? };
    let mut position = 0;
    while let Some((hash, key)) = set::hashed_element_at(other, &mut position) {
        toggle(vm, set, key, hash)?;
    }
    Ok(())
}

/// Takes an element out, or adds it.
fn toggle(vm: &mut Vm, set: Value, key: Value, hash: i64) -> Outcome<()> {
    if !set::discard_hashed(vm, set, key, hash)? {
        set::add_hashed(vm, set, key, hash)?;
    }
    Ok(())
}

pub fn symmetric_difference(vm: &mut Vm, set: Value, other: Value) -> Outcome {
    let result = set_of(vm, shape_like(set), other)?;
    symmetric_difference_update(vm, result, set)?;
    Ok(result)
}

pub fn is_disjoint(vm: &mut Vm, set: Value, other: Value) -> Outcome<bool> {
    if set == other {
        return Ok(set::length(set) == 0);
    }
    if is_any_set(other) {
        let swapped = set::length(other) > set::length(set);
        let (searched, walked) = if swapped { (other, set) } else { (set, other) };
        let mut position = 0;
        while let Some((hash, key)) = set::hashed_element_at(walked, &mut position) {
            if set::contains_hashed(vm, searched, key, hash)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let mut iteration = Iteration::new(vm, other)?;
    while let Some(item) = iteration.next(vm)? {
        if set::contains(vm, set, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn is_subset(vm: &mut Vm, set: Value, other: Value) -> Outcome<bool> {
    let other = if is_any_set(other) { other } else { set_of(vm, ShapeId::SET, other)? };
    if set::length(set) > set::length(other) {
        return Ok(false);
    }
    if let Some(all) = set::is_subset_natively(set, other) {
        return Ok(all);
    }
    let mut position = 0;
    while let Some((hash, key)) = set::hashed_element_at(set, &mut position) {
        if !set::contains_hashed(vm, other, key, hash)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn is_superset(vm: &mut Vm, set: Value, other: Value) -> Outcome<bool> {
    if is_any_set(other) {
        return is_subset(vm, other, set);
    }
    let mut iteration = Iteration::new(vm, other)?;
    while let Some(item) = iteration.next(vm)? {
        if !set::contains(vm, set, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a | b` and the like; `None` unless both are sets and the operator is theirs.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    if !is_any_set(a) || !is_any_set(b) {
        return None;
    }
    if augmented && is_set(a) {
        let done = match op {
            Binary::BitOr => update(vm, a, b),
            Binary::BitAnd => intersection(vm, a, b).map(|result| set::swap(vm, a, result)),
            Binary::Sub => difference_update(vm, a, b),
            Binary::BitXor => symmetric_difference_update(vm, a, b),
            _ => return None,
        };
        return Some(done.map(|()| a));
    }
    Some(match op {
        Binary::BitOr => union(vm, a, &[b]),
        Binary::BitAnd => intersection(vm, a, b),
        Binary::Sub => difference(vm, a, b),
        Binary::BitXor => symmetric_difference(vm, a, b),
        _ => return None,
    })
}

/// Comparisons of two sets.
pub fn compare(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome<bool> {
    let (left, right) = (set::length(a), set::length(b));
    match kind {
        CompareKind::Equal => Ok(left == right && is_subset(vm, a, b)?),
        CompareKind::NotEqual => Ok(left != right || !is_subset(vm, a, b)?),
        CompareKind::LessEqual => is_subset(vm, a, b),
        CompareKind::GreaterEqual => is_subset(vm, b, a),
        CompareKind::Less => Ok(left < right && is_subset(vm, a, b)?),
        CompareKind::Greater => Ok(left > right && is_subset(vm, b, a)?),
    }
}

/// `key in set`, where a set as key stands for the frozenset equal to it.
pub fn contains(vm: &mut Vm, set: Value, key: Value) -> Outcome<bool> {
    with_set_as_key(vm, key, |vm, key| set::contains(vm, set, key))
}

/// `set.discard(key)`; false if it was not there.
pub fn discard(vm: &mut Vm, set: Value, key: Value) -> Outcome<bool> {
    with_set_as_key(vm, key, |vm, key| set::discard(vm, set, key))
}

fn with_set_as_key(vm: &mut Vm, key: Value, f: impl Fn(&mut Vm, Value) -> Outcome<bool>) -> Outcome<bool> {
    match f(vm, key) {
        Err(raised) if is_set(key) => {
            let pending = vm.exception;
            if class_of(pending) != TypeId::TYPE_ERROR {
                return Err(raised);
            }
            vm.take_exception();
            let frozen = set_of(vm, ShapeId::FROZENSET, key)?;
            f(vm, frozen)
        }
        result => result,
    }
}
