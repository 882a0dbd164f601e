//! The iteration protocol: the four-register state of `for` loops, iterator objects, and iterating from Rust.
//!
//! `state[0]` is RANGE_STATE (next, stop and step follow), a list, tuple or str (`state[1]` is the index; for a str
//! the byte offset), an iterator object, or EXHAUSTED. An instance laid out as a sequence is iterated as the sequence, or,
//! where `state[1]` is None, is an iterator of its own.

use super::attributes::pending_is;
use super::bytes;
use super::dict_views;
use super::dispatch;
use super::long_range;
use super::memory_view;
use super::numbers::as_integer;
use super::object::{IteratorObject, ShapeId};
use super::operators;
use super::sequences::{items, range_bounds, range_length};
use super::strings::text;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::interp::coroutine;
use crate::interp::generator::{self, Resumed};

const ZERO: Value = Value::from_fixnum(0);

fn is_iterator(value: Value) -> bool {
    matches!(
        value.layout(),
        ShapeId::RANGE_ITERATOR
            | ShapeId::LIST_ITERATOR
            | ShapeId::TUPLE_ITERATOR
            | ShapeId::STR_ITERATOR
            | ShapeId::TEXT_ITERATOR
            | ShapeId::LIST_REVERSE_ITERATOR
            | ShapeId::LONG_RANGE_ITERATOR
            | ShapeId::ENUMERATE
            | ShapeId::ZIP
            | ShapeId::MAP
            | ShapeId::FILTER
            | ShapeId::REVERSED
            | ShapeId::CALL_ITERATOR
            | ShapeId::GENERATOR
            | ShapeId::COROUTINE_WRAPPER
            | ShapeId::ASYNC_GENERATOR_STEP
            | ShapeId::DICT_KEY_ITERATOR
            | ShapeId::DICT_VALUE_ITERATOR
            | ShapeId::DICT_ITEM_ITERATOR
            | ShapeId::DICT_REVERSE_KEY_ITERATOR
            | ShapeId::DICT_REVERSE_VALUE_ITERATOR
            | ShapeId::DICT_REVERSE_ITEM_ITERATOR
            | ShapeId::SET_ITERATOR
            | ShapeId::BYTES_ITERATOR
            | ShapeId::BYTEARRAY_ITERATOR
            | ShapeId::MEMORY_ITERATOR
            | ShapeId::ITEM_ITERATOR
    )
}

/// `iter(value)` is the value itself, which is exactly an iterator of a builtin type.
pub fn is_own_iterator(value: Value) -> bool {
    is_iterator(value) && !value.is_instance()
}

pub fn is_builtin_iterable(value: Value) -> bool {
    matches!(value.layout(), ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR | ShapeId::RANGE | ShapeId::LONG_RANGE)
        || value.has_layout(ShapeId::GENERIC_ALIAS)
        || dict_views::is_table(value)
        || is_data(value)
        || is_iterator(value)
}

/// bytes, bytearray or memoryview.
fn is_data(value: Value) -> bool {
    matches!(value.layout(), ShapeId::BYTES | ShapeId::BYTEARRAY | ShapeId::MEMORYVIEW)
}

/// Items of a value that [`is_data`].
fn data_length(value: Value) -> usize {
    match value.layout() {
        ShapeId::MEMORYVIEW => memory_view::fields(value).length as usize,
        _ => bytes::data(value).len(),
    }
}

/// An item of a value that [`is_data`].
fn data_item(vm: &mut Vm, value: Value, index: usize) -> Outcome<Option<Value>> {
    if index >= data_length(value) {
        return Ok(None);
    }
    if value.has_layout(ShapeId::MEMORYVIEW) {
        memory_view::check(vm, value)?;
        return memory_view::item(vm, value, index as i64).map(Some);
    }
    Ok(Some(Value::from_fixnum(i64::from(bytes::data(value)[index]))))
}

/// As [`is_builtin_iterable`], for instances of program classes too.
pub fn is_iterable_object(vm: &Vm, value: Value) -> bool {
    if !value.is_instance() {
        return is_builtin_iterable(value);
    }
    match vm.special(value, vm.names.iter) {
        Some(method) => method != Value::NONE,
        None => vm.special(value, vm.names.getitem).is_some() || is_builtin_iterable(value),
    }
}

/// `next` works on the value.
pub fn is_iterator_object(vm: &Vm, value: Value) -> bool {
    is_iterator(value) || value.is_instance() && vm.special(value, vm.names.next).is_some()
}

/// The iterator state of an iterable.
pub fn iteration_state(vm: &mut Vm, iterable: Value) -> Outcome<[Value; 4]> {
    if iterable.is_instance()
        && !is_native_sequence(vm, iterable)
        && let Some(iterator) = dispatch::iterator(vm, iterable)?
    {
        let index = if iterator.is_instance() { Value::NONE } else { ZERO };
        return Ok([iterator, index, ZERO, ZERO]);
    }
    native_iteration_state(vm, iterable)
}

/// An instance laid out as a list or tuple whose class leaves its iteration to the builtin type.
pub fn is_native_sequence(vm: &Vm, value: Value) -> bool {
    let native = match value.layout() {
        ShapeId::LIST => TypeId::LIST,
        ShapeId::TUPLE => TypeId::TUPLE,
        _ => return false,
    };
    value.is_instance() && vm.special(value, vm.names.iter) == vm.lookup(native, vm.names.iter)
}

/// The iterator state of an iterable as its builtin layout gives it.
pub fn native_iteration_state(vm: &mut Vm, iterable: Value) -> Outcome<[Value; 4]> {
    match iterable.layout() {
        ShapeId::RANGE => {
            let (start, stop, step) = range_bounds(iterable);
            Ok([Value::RANGE_STATE, Value::from_fixnum(start), Value::from_fixnum(stop), Value::from_fixnum(step)])
        }
        ShapeId::LONG_RANGE => Ok([long_range::iterator(vm, iterable)?, ZERO, ZERO, ZERO]),
        ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR => Ok([iterable, ZERO, ZERO, ZERO]),
        _ if is_iterator(iterable) => Ok([iterable, ZERO, ZERO, ZERO]),
        _ if dict_views::is_table(iterable) => Ok(dict_views::iteration_state(iterable)),
        _ if is_data(iterable) => Ok([iterable, ZERO, ZERO, ZERO]),
        ShapeId::MAPPING_PROXY => {
            let dict = super::mapping_proxy::to_dict(vm, iterable)?;
            Ok(dict_views::iteration_state(dict))
        }
        ShapeId::GENERIC_ALIAS => Ok([super::aliases::unpacked(vm, iterable)?, ZERO, ZERO, ZERO]),
        // A class is iterable if its metaclass says so.
        _ => {
            let name = vm.type_name(iterable);
            Err(vm.type_error(format!("'{name}' object is not iterable")))
        }
    }
}

/// What `GetIter` makes no object for.
pub fn is_taken_apart(iterable: Value) -> bool {
    matches!(iterable.shape(), ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR | ShapeId::RANGE)
}

/// `GetIter`: writes the iterator state of `iterable` to four registers.
///
/// # Safety
/// `out` points to four writable registers.
pub unsafe fn get_iter_state(vm: &mut Vm, iterable: Value, out: *mut Value) -> Outcome<()> {
    let first = Value::from_fixnum(0);
    let state = match iterable.shape() {
        ShapeId::RANGE => {
            // SAFETY: the shape was checked.
            let range = unsafe { &*iterable.object::<super::object::Range>() };
            [Value::RANGE_STATE, range.start, range.stop, range.step]
        }
        ShapeId::LIST | ShapeId::TUPLE => [iterable, first, first, first],
        _ => iteration_state(vm, iterable)?,
    };
    // SAFETY: the caller passes four registers.
    unsafe { out.cast::<[Value; 4]>().write(state) };
    Ok(())
}

/// `ForIter`: the next item, or `None` when there is none.
///
/// # Safety
/// `state` points to four registers that [`get_iter_state`] filled.
pub unsafe fn for_next(vm: &mut Vm, state: *mut Value) -> Outcome<Option<Value>> {
    // SAFETY: the caller passes four registers; the value stack does not move.
    let state = unsafe { &mut *state.cast::<[Value; 4]>() };
    next_of(vm, state)
}

/// The next item of an iterator state.
pub fn next_of(vm: &mut Vm, state: &mut [Value; 4]) -> Outcome<Option<Value>> {
    let source = state[0];
    if source == Value::RANGE_STATE {
        let (next, stop, step) = (state[1].as_fixnum(), state[2].as_fixnum(), state[3].as_fixnum());
        if if step > 0 { next >= stop } else { next <= stop } {
            state[0] = Value::EXHAUSTED;
            return Ok(None);
        }
        // Past the fixnum range there is no further item.
        state[1] = Value::try_fixnum(next + step).unwrap_or(state[2]);
        return Ok(Some(Value::from_fixnum(next)));
    }
    let index = state[1].0 as usize >> 2;
    let layout = if state[1] == Value::NONE { ShapeId::INSTANCE } else { source.layout() };
    let item = match layout {
        ShapeId::LIST | ShapeId::TUPLE => items(source).get(index).map(|&item| (item, index + 1)),
        ShapeId::STR => text(source)[index..].chars().next().map(|c| (vm.character(c), index + c.len_utf8())),
        ShapeId::FREE => None,
        _ if layout != ShapeId::INSTANCE && dict_views::is_table(source) => return dict_views::next_of(vm, state),
        _ if layout != ShapeId::INSTANCE && is_data(source) => {
            data_item(vm, source, index)?.map(|item| (item, index + 1))
        }
        _ => {
            let item = next_of_object(vm, source)?;
            if item.is_none() {
                state[0] = Value::EXHAUSTED;
            }
            return Ok(item);
        }
    };
    let Some((item, following)) = item else {
        state[0] = Value::EXHAUSTED;
        return Ok(None);
    };
    state[1] = Value::from_fixnum(following as i64);
    Ok(Some(item))
}

fn iterator_fields<'a>(iterator: Value) -> &'a mut IteratorObject {
    debug_assert!(is_iterator(iterator));
    // SAFETY: the shape was checked; the VM is single-threaded, and a nested `next` of the same object (a function of
    // `map` that advances it) finds its fields consistent.
    unsafe { &mut *iterator.object::<IteratorObject>() }
}

/// `next(iterator)` of an iterator object.
pub fn next_of_object(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    if iterator.has_shape(ShapeId::GENERATOR) {
        return match generator::resume(vm, iterator, Value::NONE)? {
            Resumed::Yielded(item) => Ok(Some(item)),
            Resumed::Returned(_) => Ok(None),
        };
    }
    // Those that ask other iterators can be nested as deeply as the program likes.
    if matches!(iterator.layout(), ShapeId::ENUMERATE | ShapeId::ZIP | ShapeId::MAP | ShapeId::FILTER) {
        vm.enter_native("")?;
        let result = next_of_any(vm, iterator);
        vm.leave_native();
        return result;
    }
    next_of_any(vm, iterator)
}

fn next_of_any(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    if iterator.is_instance() || iterator.has_shape(ShapeId::ITEM_ITERATOR) {
        return dispatch::next(vm, iterator);
    }
    native_next(vm, iterator)
}

/// The next item of an iterator by its builtin layout.
pub fn native_next(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    if matches!(iterator.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE_WRAPPER | ShapeId::ASYNC_GENERATOR_STEP) {
        return match coroutine::send(vm, iterator, Value::NONE)? {
            Resumed::Yielded(item) => Ok(Some(item)),
            Resumed::Returned(_) => Ok(None),
        };
    }
    let fields = iterator_fields(iterator);
    match iterator.layout() {
        ShapeId::ENUMERATE => {
            let Some(item) = next_of(vm, &mut fields.state)? else { return Ok(None) };
            let index = fields.extra;
            fields.extra = operators::add(vm, index, Value::from_fixnum(1), false)?;
            vm.tuple(&[index, item]).map(Some)
        }
        ShapeId::ZIP => next_of_each(vm, fields.extra, fields.state[0] == Value::TRUE),
        ShapeId::MAP => {
            let (function, parts) = (fields.state[3], fields.extra);
            let Some(arguments) = next_of_each(vm, parts, false)? else { return Ok(None) };
            let result = vm.call(function, items(arguments));
            or_ended(vm, result)
        }
        ShapeId::FILTER => {
            let (function, inner) = (fields.state[3], fields.extra);
            loop {
                let Some(item) = next_of_object(vm, inner)? else { return Ok(None) };
                let verdict = match function {
                    Value::NONE => item,
                    _ => {
                        let result = vm.call(function, &[item]);
                        match or_ended(vm, result)? {
                            Some(verdict) => verdict,
                            None => return Ok(None),
                        }
                    }
                };
                if operators::truth(vm, verdict)? {
                    return Ok(Some(item));
                }
            }
        }
        ShapeId::LONG_RANGE_ITERATOR => long_range::next(vm, iterator),
        ShapeId::REVERSED | ShapeId::LIST_REVERSE_ITERATOR => {
            let (source, remaining) = (fields.state[0], fields.state[1].0 as usize >> 2);
            let item = match (source.layout(), remaining) {
                (ShapeId::FREE, _) | (_, 0) => None,
                _ if is_data(source) => data_item(vm, source, remaining - 1)?.map(|item| (item, remaining - 1)),
                (ShapeId::STR, _) => {
                    let c = text(source)[..remaining].chars().next_back();
                    c.map(|c| (vm.character(c), remaining - c.len_utf8()))
                }
                _ => items(source).get(remaining - 1).map(|&item| (item, remaining - 1)),
            };
            let Some((item, remaining)) = item else {
                fields.state[0] = Value::EXHAUSTED;
                return Ok(None);
            };
            fields.state[1] = Value::from_fixnum(remaining as i64);
            Ok(Some(item))
        }
        ShapeId::DICT_REVERSE_KEY_ITERATOR
        | ShapeId::DICT_REVERSE_VALUE_ITERATOR
        | ShapeId::DICT_REVERSE_ITEM_ITERATOR => dict_views::next_reversed(vm, &mut fields.state),
        ShapeId::CALL_ITERATOR => {
            if fields.state[3] == Value::EXHAUSTED {
                return Ok(None);
            }
            let item = vm.call(fields.state[3], &[])?;
            if super::compare::equal(vm, item, fields.extra)? {
                fields.state[3] = Value::EXHAUSTED;
                return Ok(None);
            }
            Ok(Some(item))
        }
        _ => next_of(vm, &mut fields.state),
    }
}

/// What a function of the program gave, which ends an iteration by raising StopIteration.
fn or_ended(vm: &mut Vm, result: Outcome) -> Outcome<Option<Value>> {
    match result {
        Err(_) if pending_is(vm, TypeId::STOP_ITERATION) => {
            vm.take_exception();
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// A tuple of the next items of several iterators; `None` as soon as one has none. With `strict`, an error unless
/// all end together.
fn next_of_each(vm: &mut Vm, iterators: Value, strict: bool) -> Outcome<Option<Value>> {
    let count = items(iterators).len();
    if count == 0 {
        return Ok(None);
    }
    // A list while it grows: tuples are not written to after they were made.
    let list = vm.list_with_capacity(count)?;
    for index in 0..count {
        match next_of_object(vm, items(iterators)[index])? {
            Some(item) => vm.push(list, item)?,
            None if strict && index > 0 => return Err(uneven_zip(vm, index, "shorter")),
            None if strict => {
                for other in 1..count {
                    if next_of_object(vm, items(iterators)[other])?.is_some() {
                        return Err(uneven_zip(vm, other, "longer"));
                    }
                }
                return Ok(None);
            }
            None => return Ok(None),
        }
    }
    vm.tuple(items(list)).map(Some)
}

fn uneven_zip(vm: &mut Vm, index: usize, relation: &str) -> super::vm::Raised {
    let others = if index == 1 { "argument 1".to_owned() } else { format!("arguments 1-{index}") };
    vm.value_error(format!("zip() argument {} is {relation} than {others}", index + 1))
}

/// `iter(value)`.
pub fn iterator(vm: &mut Vm, value: Value) -> Outcome {
    if value.is_instance()
        && let Some(iterator) = dispatch::iterator(vm, value)?
    {
        return Ok(iterator);
    }
    native_iterator(vm, value)
}

/// `iter(value)` as its builtin layout gives it.
pub fn native_iterator(vm: &mut Vm, value: Value) -> Outcome {
    let shape = match value.layout() {
        ShapeId::RANGE => ShapeId::RANGE_ITERATOR,
        ShapeId::LIST => ShapeId::LIST_ITERATOR,
        ShapeId::TUPLE => ShapeId::TUPLE_ITERATOR,
        ShapeId::STR if super::strings::is_ascii(value) => ShapeId::STR_ITERATOR,
        ShapeId::STR => ShapeId::TEXT_ITERATOR,
        _ if dict_views::is_table(value) => return Ok(dict_views::iterator(vm, value)),
        ShapeId::BYTES => ShapeId::BYTES_ITERATOR,
        ShapeId::BYTEARRAY => ShapeId::BYTEARRAY_ITERATOR,
        ShapeId::MEMORYVIEW => ShapeId::MEMORY_ITERATOR,
        _ => {
            let [source, ..] = native_iteration_state(vm, value)?;
            // A copy may stand for the value.
            return if is_iterator(source) { Ok(source) } else { native_iterator(vm, source) };
        }
    };
    let state = native_iteration_state(vm, value)?;
    Ok(vm.iterator(shape, state, ZERO))
}

/// `reversed(value)`.
pub fn reversed(vm: &mut Vm, value: Value) -> Outcome {
    if value.is_instance() {
        let names = vm.names;
        match vm.special(value, names.reversed) {
            Some(Value::NONE) => {
                let name = vm.type_name(value);
                return Err(vm.type_error(format!("'{name}' object is not reversible")));
            }
            Some(method) => return vm.call_special(method, value, &[]),
            None if vm.class(vm.type_of(value)).native == TypeId::OBJECT
                && vm.special(value, names.len).is_some()
                && vm.special(value, names.getitem).is_some() =>
            {
                return reversed_items(vm, value);
            }
            None => {}
        }
    }
    native_reversed(vm, value)
}

/// The items of a sequence of the program from its last one down.
fn reversed_items(vm: &mut Vm, value: Value) -> Outcome {
    let length = dispatch::length(vm, value)?;
    let list = vm.list(&[])?;
    for index in (0..length).rev() {
        let item = super::subscript::get_item(vm, value, Value::from_fixnum(index))?;
        vm.push(list, item)?;
    }
    native_iterator(vm, list)
}

/// `reversed(value)` as its builtin layout gives it.
pub fn native_reversed(vm: &mut Vm, value: Value) -> Outcome {
    let remaining = match value.layout() {
        ShapeId::RANGE => {
            let (start, stop, step) = range_bounds(value);
            let length = range_length((start, stop, step)) as i64;
            if Value::try_fixnum(start - step).is_none() {
                return long_range::reversed(vm, value);
            }
            let last = start + (length - 1) * step;
            let state = [last, start - step, -step].map(Value::from_fixnum);
            let state = [Value::RANGE_STATE, state[0], state[1], state[2]];
            return Ok(vm.iterator(ShapeId::RANGE_ITERATOR, state, ZERO));
        }
        ShapeId::LONG_RANGE => return long_range::reversed(vm, value),
        ShapeId::LIST | ShapeId::TUPLE => items(value).len(),
        ShapeId::STR => text(value).len(),
        _ if is_data(value) => data_length(value),
        _ if dict_views::is_view(value) || super::dict::is_dict(value) => return Ok(dict_views::reversed(vm, value)),
        _ => {
            let name = vm.type_name(value);
            return Err(vm.type_error(format!("'{name}' object is not reversible")));
        }
    };
    let list = value.has_layout(ShapeId::LIST);
    let shape = if list { ShapeId::LIST_REVERSE_ITERATOR } else { ShapeId::REVERSED };
    Ok(vm.iterator(shape, [value, Value::from_fixnum(remaining as i64), ZERO, ZERO], ZERO))
}

/// `next(value)` without a default: `None` at the end.
pub fn next(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    if !is_iterator_object(vm, value) {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'{name}' object is not an iterator")));
    }
    next_of_object(vm, value)
}

/// An iteration from Rust; it lives on the native stack, where the collector finds its state.
pub struct Iteration {
    state: [Value; 4],
}

impl Iteration {
    pub fn new(vm: &mut Vm, iterable: Value) -> Outcome<Iteration> {
        Ok(Iteration { state: iteration_state(vm, iterable)? })
    }

    pub fn next(&mut self, vm: &mut Vm) -> Outcome<Option<Value>> {
        next_of(vm, &mut self.state)
    }

    /// The iterator, if that is an object of its own; otherwise what is iterated, or no object at all.
    pub fn source(&self) -> Value {
        self.state[0]
    }
}

/// A new list of the items of an iterable.
pub fn list_of(vm: &mut Vm, iterable: Value) -> Outcome {
    let list = vm.list_with_capacity(length_hint(iterable))?;
    super::operators_sequence::extend(vm, list, iterable)?;
    Ok(list)
}

/// A tuple of the items of an iterable; a tuple as it is.
pub fn tuple_of(vm: &mut Vm, iterable: Value) -> Outcome {
    if iterable.has_shape(ShapeId::TUPLE) {
        return Ok(iterable);
    }
    let list = list_of(vm, iterable)?;
    vm.tuple(items(list))
}

fn length_hint(iterable: Value) -> usize {
    match iterable.layout() {
        ShapeId::LIST | ShapeId::TUPLE => items(iterable).len(),
        ShapeId::STR => super::strings::length(iterable),
        ShapeId::RANGE => range_length(range_bounds(iterable)).min(1 << 40) as usize,
        _ if dict_views::is_table(iterable) => dict_views::length(iterable),
        _ if is_data(iterable) => data_length(iterable),
        _ => 0,
    }
}

/// `Unpack`: writes exactly `count` items of `value` to registers.
///
/// # Safety
/// `out` points to `count` writable registers.
pub unsafe fn unpack(vm: &mut Vm, value: Value, out: *mut Value, count: usize) -> Outcome<()> {
    if let Some(values) = super::sequences::as_items(value).filter(|_| !value.is_instance()) {
        if values.len() == count {
            // SAFETY: the caller passes `count` registers, and the items of objects do not lie on the value stack.
            unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), out, count) };
            return Ok(());
        }
        return Err(wrong_count(vm, values.len(), count));
    }
    if !is_iterable_object(vm, value) {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("cannot unpack non-iterable {name} object")));
    }
    let mut iteration = Iteration::new(vm, value)?;
    for index in 0..count {
        match iteration.next(vm)? {
            // SAFETY: `index` is below `count`.
            Some(item) => unsafe { out.add(index).write(item) },
            None => return Err(wrong_count(vm, index, count)),
        }
    }
    match iteration.next(vm)? {
        None => Ok(()),
        Some(_) => Err(wrong_count(vm, count + 1, count)),
    }
}

fn wrong_count(vm: &mut Vm, found: usize, expected: usize) -> super::vm::Raised {
    vm.value_error(if found < expected {
        format!("not enough values to unpack (expected {expected}, got {found})")
    } else {
        format!("too many values to unpack (expected {expected})")
    })
}

/// An int, or what `__index__` makes one of; `None` for other values.
pub fn as_index(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    match as_integer(value) {
        Some(integer) => Ok(Some(integer)),
        None if value.is_instance() => dispatch::index(vm, value),
        None => Ok(None),
    }
}

/// An int argument that CPython keeps in a C `int`.
pub fn to_c_int(vm: &mut Vm, value: Value) -> Outcome<i32> {
    let integer = as_index(vm, value)?.unwrap_or(value);
    if as_integer(integer).is_some() {
        let fits = super::numbers::as_i64(integer).and_then(|wide| i32::try_from(wide).ok());
        return fits.ok_or_else(|| vm.overflow_error("Python int too large to convert to C int"));
    }
    to_index(vm, integer).map(|_| 0)
}

/// As [`to_index`], with the error of functions that convert their arguments by a format.
pub fn to_size(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let integer = as_index(vm, value)?.unwrap_or(value);
    if as_integer(integer).is_some() && super::numbers::as_i64(integer).is_none() {
        return Err(vm.overflow_error("Python int too large to convert to C ssize_t"));
    }
    to_index(vm, integer)
}

/// An int argument used as an index or count, with CPython's errors.
pub fn to_index(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let value = as_index(vm, value)?.unwrap_or(value);
    if let Some(index) = super::numbers::as_i64(value) {
        return Ok(index);
    }
    let name = vm.type_name(value);
    if as_integer(value).is_some() {
        return Err(vm.overflow_error(format!("cannot fit '{name}' into an index-sized integer")));
    }
    Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")))
}
