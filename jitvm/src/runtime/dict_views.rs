//! Views of dicts (`keys`, `values`, `items`) with their set operations, and iteration over dicts, views and sets.
//!
//! The state of an iteration is the dict, view or set; the position; the size at the start, or -1 after the error
//! that it changed; and the entries that remain.

use super::compare::{self, CompareKind, equal};
use super::dict;
use super::iterate::{self, Iteration};
use super::object::{DictView, Header, ShapeId};
use super::operators::Binary;
use super::sequences::items;
use super::set::{self, is_any_set};
use super::set_operations;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::perf::operations::{Operation, is_large};

const GONE: Value = Value::from_fixnum(-1);

/// The dict of a view.
pub fn viewed(view: Value) -> Value {
    debug_assert!(is_view(view));
    // SAFETY: the shape was checked.
    unsafe { (*view.object::<DictView>()).dict }
}

pub fn is_view(value: Value) -> bool {
    matches!(value.shape(), ShapeId::DICT_KEYS | ShapeId::DICT_VALUES | ShapeId::DICT_ITEMS)
}

/// A view with set operations.
pub fn is_set_view(value: Value) -> bool {
    matches!(value.shape(), ShapeId::DICT_KEYS | ShapeId::DICT_ITEMS)
}

/// A dict, a view of one, or a set.
pub fn is_table(value: Value) -> bool {
    dict::is_dict(value) || is_view(value) || is_any_set(value)
}

impl Vm {
    /// `dict.keys()` and the like, as `shape` says.
    pub fn dict_view(&mut self, shape: ShapeId, dict: Value) -> Value {
        const { assert!(size_of::<DictView>() == size_of::<Header>() + 8) };
        let view = self.allocate(size_of::<DictView>(), shape).cast::<DictView>();
        // SAFETY: the allocation has room for a `DictView`.
        unsafe { (*view).dict = dict };
        Value::of(view)
    }
}

fn table_of(source: Value) -> Value {
    if is_view(source) { viewed(source) } else { source }
}

/// Keys, values, items or elements in a table.
pub fn length(source: Value) -> usize {
    let table = table_of(source);
    if is_any_set(table) { set::length(table) } else { dict::length(table) }
}

/// The size that must not change during an iteration.
fn size_stamp(table: Value) -> i64 {
    if is_any_set(table) { set::length(table) as i64 } else { dict::stored(table) as i64 }
}

/// The iteration state of a dict, view or set.
pub fn iteration_state(source: Value) -> [Value; 4] {
    let size = Value::from_fixnum(size_stamp(table_of(source)));
    [source, Value::from_fixnum(0), size, size]
}

/// `iter(source)`.
pub fn iterator(vm: &mut Vm, source: Value) -> Value {
    let shape = match source.shape() {
        ShapeId::DICT_VALUES => ShapeId::DICT_VALUE_ITERATOR,
        ShapeId::DICT_ITEMS => ShapeId::DICT_ITEM_ITERATOR,
        _ if is_any_set(source) => ShapeId::SET_ITERATOR,
        _ => ShapeId::DICT_KEY_ITERATOR,
    };
    vm.iterator(shape, iteration_state(source), Value::from_fixnum(0))
}

/// `reversed(source)` of a dict or view.
pub fn reversed(vm: &mut Vm, source: Value) -> Value {
    let shape = match source.shape() {
        ShapeId::DICT_VALUES => ShapeId::DICT_REVERSE_VALUE_ITERATOR,
        ShapeId::DICT_ITEMS => ShapeId::DICT_REVERSE_ITEM_ITERATOR,
        _ => ShapeId::DICT_REVERSE_KEY_ITERATOR,
    };
    let mut state = iteration_state(source);
    state[1] = Value::from_fixnum(dict::end_position(table_of(source)) as i64);
    vm.iterator(shape, state, Value::from_fixnum(0))
}

/// The next item of a state that [`iteration_state`] made.
pub fn next_of(vm: &mut Vm, state: &mut [Value; 4]) -> Outcome<Option<Value>> {
    step(vm, state, false)
}

/// The next item of a state that [`reversed`] made.
pub fn next_reversed(vm: &mut Vm, state: &mut [Value; 4]) -> Outcome<Option<Value>> {
    step(vm, state, true)
}

fn step(vm: &mut Vm, state: &mut [Value; 4], backwards: bool) -> Outcome<Option<Value>> {
    let source = state[0];
    if !source.is_pointer() {
        return Ok(None);
    }
    let table = table_of(source);
    let is_set = is_any_set(table);
    if state[2] == GONE || size_stamp(table) != state[2].as_fixnum() {
        state[2] = GONE;
        let what = if is_set { "Set" } else { "dictionary" };
        return Err(vm.raise(TypeId::RUNTIME_ERROR, format!("{what} changed size during iteration")));
    }
    let mut position = state[1].as_fixnum() as usize;
    let entry = match (is_set, backwards) {
        (true, _) => set::element_at(table, &mut position).map(|key| (key, Value::UNDEF)),
        (false, false) => dict::entry_at(table, &mut position),
        (false, true) => dict::entry_before(table, &mut position),
    };
    let Some((key, value)) = entry else {
        state[0] = Value::EXHAUSTED;
        return Ok(None);
    };
    if !is_set && !backwards && !dict::is_globals(table) {
        let remaining = state[3].as_fixnum();
        if remaining == 0 {
            state[0] = Value::EXHAUSTED;
            return Err(vm.raise(TypeId::RUNTIME_ERROR, "dictionary keys changed during iteration"));
        }
        state[3] = Value::from_fixnum(remaining - 1);
    }
    state[1] = Value::from_fixnum(position as i64);
    match source.shape() {
        ShapeId::DICT_VALUES => Ok(Some(value)),
        ShapeId::DICT_ITEMS => vm.tuple(&[key, value]).map(Some),
        _ => Ok(Some(key)),
    }
}

/// Where an iteration over a dict or set goes on behind the element at or after `position`; -1 at the end, and -2 if the
/// table has not the size that the iteration began with, or is one of globals.
pub fn following(table: Value, position: Value, size: Value) -> i64 {
    let is_set = is_any_set(table);
    if size_stamp(table) != size.as_fixnum() || !is_set && dict::is_globals(table) {
        return -2;
    }
    let mut position = position.as_fixnum() as usize;
    let found =
        if is_set { set::skip_to_element(table, &mut position) } else { dict::skip_to_entry(table, &mut position) };
    if found { position as i64 } else { -1 }
}

/// `key in view`.
pub fn contains(vm: &mut Vm, view: Value, wanted: Value) -> Outcome<bool> {
    let table = viewed(view);
    match view.shape() {
        ShapeId::DICT_KEYS => dict::contains(vm, table, wanted),
        ShapeId::DICT_ITEMS => {
            let [key, value] = match super::sequences::as_items(wanted) {
                Some(&[key, value]) if wanted.has_layout(ShapeId::TUPLE) => [key, value],
                _ => return Ok(false),
            };
            match dict::get(vm, table, key)? {
                Some(found) => equal(vm, found, value),
                None => Ok(false),
            }
        }
        _ => {
            let mut iteration = Iteration::new(vm, view)?;
            while let Some(item) = iteration.next(vm)? {
                if equal(vm, item, wanted)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// `a == b` of two dicts.
pub fn equal_dicts(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    if dict::length(a) != dict::length(b) {
        return Ok(false);
    }
    vm.enter_native(" in comparison")?;
    let result = equal_entries(vm, a, b);
    vm.leave_native();
    result
}

fn equal_entries(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    let mut position = 0;
    while let Some((hash, key, value)) = dict::hashed_entry_at(a, &mut position) {
        let Some(other) = dict::get_hashed(vm, b, key, hash)? else { return Ok(false) };
        if !equal(vm, value, other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `a | b` of two dicts, or `a |= b`; the latter takes what `dict.update` takes.
pub fn union(vm: &mut Vm, a: Value, b: Value, augmented: bool) -> Option<Outcome> {
    if dict::is_dict(a) && augmented {
        return Some(update(vm, a, b).map(|()| a));
    }
    if !dict::is_dict(a) || !dict::is_dict(b) {
        return None;
    }
    Some(dict::copy(vm, a).and_then(|new| dict::update_from_dict(vm, new, b).map(|()| new)))
}

/// `dict.update(other)`: of a mapping (what has `keys`), or an iterable of pairs.
pub fn update(vm: &mut Vm, target: Value, other: Value) -> Outcome<()> {
    let before = vm.perf.enter_operation(Operation::Update, target, || is_large(other));
    let result = add_all(vm, target, other);
    vm.perf.leave_operation(before);
    result
}

fn add_all(vm: &mut Vm, target: Value, other: Value) -> Outcome<()> {
    if other.has_shape(ShapeId::DICT) {
        return dict::update_from_dict(vm, target, other);
    }
    let keys = vm.intern("keys");
    if let Some(method) = super::attributes::try_attr(vm, other, keys)? {
        let keys = vm.call(method, &[])?;
        let mut iteration = Iteration::new(vm, keys)?;
        while let Some(key) = iteration.next(vm)? {
            let value = super::subscript::get_item(vm, other, key)?;
            dict::set(vm, target, key, value)?;
        }
        return Ok(());
    }
    let mut iteration = Iteration::new(vm, other)?;
    let mut index = 0;
    while let Some(element) = iteration.next(vm)? {
        if !iterate::is_iterable_object(vm, element) {
            let message = format!("cannot convert dictionary update sequence element #{index} to a sequence");
            return Err(vm.type_error(message));
        }
        let pair = iterate::list_of(vm, element)?;
        let &[key, value] = items(pair) else {
            let count = items(pair).len();
            let message = format!("dictionary update sequence element #{index} has length {count}; 2 is required");
            return Err(vm.value_error(message));
        };
        dict::set(vm, target, key, value)?;
        index += 1;
    }
    Ok(())
}

/// Set operators where one operand is a view; the results are sets. `None`: not an operator of theirs.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Option<Outcome> {
    if !is_set_view(a) && !is_set_view(b) {
        return None;
    }
    // A set on the left knows nothing of views, so the view's operator serves: it takes any iterable.
    let result = match op {
        Binary::BitAnd => view_intersection(vm, a, b),
        Binary::BitOr => to_set(vm, a).and_then(|result| set_operations::update(vm, result, b).map(|()| result)),
        Binary::Sub => {
            to_set(vm, a).and_then(|result| set_operations::difference_update(vm, result, b).map(|()| result))
        }
        Binary::BitXor => view_symmetric_difference(vm, a, b),
        _ => return None,
    };
    Some(result)
}

fn view_intersection(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    // The view, and the longer one if both are, is searched.
    let (mut searched, mut walked) = if is_set_view(a) { (a, b) } else { (b, a) };
    if walked.has_shape(ShapeId::SET) && length(searched) <= length(walked) {
        return set_operations::intersection(vm, walked, searched);
    }
    if is_set_view(walked) && length(walked) > length(searched) {
        std::mem::swap(&mut searched, &mut walked);
    }
    let result = vm.new_set();
    let mut iteration = Iteration::new(vm, walked)?;
    while let Some(item) = iteration.next(vm)? {
        if contains(vm, searched, item)? {
            set::add(vm, result, item)?;
        }
    }
    Ok(result)
}

/// A set of an operand's items; of keys as of their dict, which makes room at once.
fn to_set(vm: &mut Vm, source: Value) -> Outcome {
    let source = if source.has_shape(ShapeId::DICT_KEYS) { viewed(source) } else { source };
    set_operations::set_of(vm, ShapeId::SET, source)
}

fn view_symmetric_difference(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    if a.has_shape(ShapeId::DICT_ITEMS) && b.has_shape(ShapeId::DICT_ITEMS) {
        return items_symmetric_difference(vm, viewed(a), viewed(b));
    }
    let result = to_set(vm, a)?;
    set_operations::symmetric_difference_update(vm, result, b)?;
    Ok(result)
}

/// The items in one of two dicts: those of the longer first.
fn items_symmetric_difference(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    let (shorter, longer) = if dict::length(a) > dict::length(b) { (b, a) } else { (a, b) };
    let rest = dict::copy(vm, shorter)?;
    let result = vm.new_set();
    let mut position = 0;
    while let Some((hash, key, value)) = dict::hashed_entry_at(longer, &mut position) {
        let same = match dict::get_hashed(vm, rest, key, hash)? {
            Some(other) => equal(vm, other, value)?,
            None => false,
        };
        if same {
            dict::remove(vm, rest, key)?;
        } else {
            let pair = vm.tuple(&[key, value])?;
            set::add(vm, result, pair)?;
        }
    }
    let rest = vm.dict_view(ShapeId::DICT_ITEMS, rest);
    set_operations::update(vm, result, rest)?;
    Ok(result)
}

/// Comparisons of a keys or items view with such a view or a set; `None` for other operands.
pub fn compare_views(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Option<Outcome<bool>> {
    let comparable = |value| is_set_view(value) || is_any_set(value);
    if !comparable(a) || !comparable(b) {
        return None;
    }
    let (left, right) = (length(a), length(b));
    Some(match kind {
        CompareKind::Equal | CompareKind::NotEqual => {
            // A set leaves `==` to the view, which looks for its own items in the set.
            let (own, other) = if is_set_view(a) { (a, b) } else { (b, a) };
            let same = if left == right { all_in(vm, own, other) } else { Ok(false) };
            same.map(|same| same == (kind == CompareKind::Equal))
        }
        CompareKind::Less if left >= right => Ok(false),
        CompareKind::LessEqual if left > right => Ok(false),
        CompareKind::Greater if left <= right => Ok(false),
        CompareKind::GreaterEqual if left < right => Ok(false),
        CompareKind::Less | CompareKind::LessEqual => all_in(vm, a, b),
        CompareKind::Greater | CompareKind::GreaterEqual => all_in(vm, b, a),
    })
}

fn all_in(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    let mut iteration = Iteration::new(vm, a)?;
    while let Some(item) = iteration.next(vm)? {
        if !compare::contains(vm, b, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `view.isdisjoint(other)`.
pub fn is_disjoint(vm: &mut Vm, view: Value, other: Value) -> Outcome<bool> {
    if view == other {
        return Ok(length(view) == 0);
    }
    let swap = (is_any_set(other) || is_set_view(other)) && length(other) > length(view);
    let (searched, walked) = if swap { (other, view) } else { (view, other) };
    let mut iteration = Iteration::new(vm, walked)?;
    while let Some(item) = iteration.next(vm)? {
        if compare::contains(vm, searched, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
