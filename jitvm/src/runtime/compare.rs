//! Comparisons, equality and membership.

use std::cmp::Ordering;

use super::bigint;
use super::bytes;
use super::complex;
use super::dict;
use super::dict_views;
use super::dispatch;
use super::iterate::Iteration;
use super::memory_view;
use super::numbers::{Limbs, as_float, as_integer};
use super::object::{ClosureCell, Range, ShapeId, Slice};
use super::sequences::{items, range_bounds, range_length};
use super::set::is_any_set;
use super::set_operations;
use super::strings::{is_ascii, text};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use crate::interp::consume::{Consumer, consume};
use crate::perf::operations::{Operation, is_large};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareKind {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
}

impl CompareKind {
    pub const fn symbol(self) -> &'static str {
        match self {
            CompareKind::Less => "<",
            CompareKind::LessEqual => "<=",
            CompareKind::Equal => "==",
            CompareKind::NotEqual => "!=",
            CompareKind::Greater => ">",
            CompareKind::GreaterEqual => ">=",
        }
    }

    /// The comparison of an instruction.
    pub const fn of_bytecode(op: crate::bytecode::Op) -> Option<CompareKind> {
        use crate::bytecode::Op;
        Some(match op {
            Op::Less => CompareKind::Less,
            Op::LessEqual => CompareKind::LessEqual,
            Op::Equal => CompareKind::Equal,
            Op::NotEqual => CompareKind::NotEqual,
            Op::Greater => CompareKind::Greater,
            Op::GreaterEqual => CompareKind::GreaterEqual,
            _ => return None,
        })
    }

    /// The answer when the operands are ordered like this; `None` is unordered (NaN).
    pub fn holds(self, ordering: Option<Ordering>) -> bool {
        match (self, ordering) {
            (CompareKind::NotEqual, None) => true,
            (_, None) => false,
            (CompareKind::Less, Some(o)) => o.is_lt(),
            (CompareKind::LessEqual, Some(o)) => o.is_le(),
            (CompareKind::Equal, Some(o)) => o.is_eq(),
            (CompareKind::NotEqual, Some(o)) => o.is_ne(),
            (CompareKind::Greater, Some(o)) => o.is_gt(),
            (CompareKind::GreaterEqual, Some(o)) => o.is_ge(),
        }
    }
}

/// Compares the text of two strs.
#[inline]
pub fn strs(kind: CompareKind, a: Value, b: Value) -> bool {
    if matches!(kind, CompareKind::Equal | CompareKind::NotEqual) {
        return same_text(a, b) == (kind == CompareKind::Equal);
    }
    kind.holds(Some(order_of_texts(a, b)))
}

/// The order of two strs.
pub fn order_of_texts(a: Value, b: Value) -> Ordering {
    // UTF-8 sorts as the code points do, unless some stand for surrogates.
    if is_ascii(a) || is_ascii(b) { text(a).cmp(text(b)) } else { super::surrogates::compare(text(a), text(b)) }
}

#[inline]
fn same_text(a: Value, b: Value) -> bool {
    if a == b {
        return true;
    }
    let (x, y) = (text(a).as_bytes(), text(b).as_bytes());
    // Most that differ do so in length or at once: no call then.
    x.len() == y.len() && x.first() == y.first() && x == y
}

/// `a < b` and the like, as a bool value.
#[inline]
pub fn compare(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome {
    if a.is_instance() || b.is_instance() {
        return dispatch::rich_compare(vm, kind, a, b);
    }
    compare_as_bool(vm, kind, a, b).map(Value::from_bool)
}

#[inline]
pub fn compare_as_bool(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome<bool> {
    if a.is_int() && b.is_int() {
        return Ok(kind.holds(Some((a.0 as i64).cmp(&(b.0 as i64)))));
    }
    if a.is_float() && b.is_float() {
        return Ok(kind.holds(a.as_float().partial_cmp(&b.as_float())));
    }
    if a.is_instance() || b.is_instance() {
        let result = dispatch::rich_compare(vm, kind, a, b)?;
        return super::operators::truth(vm, result);
    }
    let mut unknown = false;
    let result = native_compare(vm, kind, a, b, &mut unknown)?;
    match kind {
        _ if !unknown => Ok(result),
        CompareKind::Equal => Ok(a == b),
        CompareKind::NotEqual => Ok(a != b),
        _ => Err(unordered(vm, kind, a, b)),
    }
}

/// TypeError for operands that have no order.
#[cold]
pub fn unordered(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Raised {
    let (symbol, left, right) = (kind.symbol(), vm.type_name(a), vm.type_name(b));
    vm.type_error(format!("'{symbol}' not supported between instances of '{left}' and '{right}'"))
}

/// A comparison as the builtin layouts of the operands give it; sets `unknown` if they know none.
pub fn native_compare(vm: &mut Vm, kind: CompareKind, a: Value, b: Value, unknown: &mut bool) -> Outcome<bool> {
    if let Some(ordering) = compare_numbers(a, b) {
        return Ok(kind.holds(ordering));
    }
    let equality = matches!(kind, CompareKind::Equal | CompareKind::NotEqual);
    let operation = if equality { Operation::Equal } else { Operation::Order };
    let before = vm.perf.enter_operation(operation, a, || is_large(a) && is_large(b));
    let result = compare_others(vm, kind, a, b, unknown);
    vm.perf.leave_operation(before);
    result
}

/// As [`native_compare`], of what are not two numbers.
#[inline]
fn compare_others(vm: &mut Vm, kind: CompareKind, a: Value, b: Value, unknown: &mut bool) -> Outcome<bool> {
    let equality = matches!(kind, CompareKind::Equal | CompareKind::NotEqual);
    match (a.layout(), b.layout()) {
        (ShapeId::STR, ShapeId::STR) => {
            return Ok(strs(kind, a, b));
        }
        (ShapeId::LIST, ShapeId::LIST) | (ShapeId::TUPLE, ShapeId::TUPLE) => return compare_items(vm, kind, a, b),
        (ShapeId::DICT, ShapeId::DICT) if equality => {
            return Ok(dict_views::equal_dicts(vm, a, b)? == (kind == CompareKind::Equal));
        }
        _ if equality && (complex::is_complex(a) || complex::is_complex(b)) => {
            return Ok(complex::equal(vm, a, b)? == (kind == CompareKind::Equal));
        }
        _ if equality && (memory_view::is_memory_view(a) || memory_view::is_memory_view(b)) => {
            return Ok(memory_view::equal(vm, a, b)? == (kind == CompareKind::Equal));
        }
        _ if bytes::is_any_bytes(a) && bytes::is_any_bytes(b) => {
            return Ok(kind.holds(Some(bytes::data(a).cmp(bytes::data(b)))));
        }
        _ if is_any_set(a) && is_any_set(b) => return set_operations::compare(vm, kind, a, b),
        _ if dict_views::is_set_view(a) || dict_views::is_set_view(b) => {
            if let Some(result) = dict_views::compare_views(vm, kind, a, b) {
                return result;
            }
        }
        (ShapeId::RANGE, ShapeId::RANGE) if equality => {
            return Ok(equal_ranges(a, b) == (kind == CompareKind::Equal));
        }
        (ShapeId::RANGE | ShapeId::LONG_RANGE, ShapeId::RANGE | ShapeId::LONG_RANGE) if equality => {
            return super::long_range::compare(vm, kind, a, b);
        }
        (ShapeId::SLICE, ShapeId::SLICE) if equality => {
            let (x, y) = (slice_fields(a), slice_fields(b));
            for (p, q) in x.into_iter().zip(y) {
                if !equal(vm, p, q)? {
                    return Ok(kind == CompareKind::NotEqual);
                }
            }
            return Ok(kind == CompareKind::Equal);
        }
        (ShapeId::SLICE, ShapeId::SLICE) => {
            for (p, q) in slice_fields(a).into_iter().zip(slice_fields(b)) {
                if !equal(vm, p, q)? {
                    return compare_as_bool(vm, kind, p, q);
                }
            }
            return Ok(kind.holds(Some(Ordering::Equal)));
        }
        // A cell is as what it holds; an empty one comes first.
        (ShapeId::CLOSURE_CELL, ShapeId::CLOSURE_CELL) => {
            let (x, y) = (cell_content(a), cell_content(b));
            return match (x == Value::UNDEF, y == Value::UNDEF) {
                (false, false) => {
                    vm.enter_native(" in comparison")?;
                    let result = compare_as_bool(vm, kind, x, y);
                    vm.leave_native();
                    result
                }
                (x_is_empty, y_is_empty) => Ok(kind.holds(Some(y_is_empty.cmp(&x_is_empty)))),
            };
        }
        _ => {}
    }
    if equality && let Some(same) = super::aliases::equal_parts(vm, a, b)? {
        return Ok(same == (kind == CompareKind::Equal));
    }
    *unknown = true;
    Ok(false)
}

fn slice_fields(slice: Value) -> [Value; 3] {
    // SAFETY: the caller has checked the shape.
    unsafe {
        let slice = &*slice.object::<Slice>();
        [slice.start, slice.stop, slice.step]
    }
}

fn cell_content(cell: Value) -> Value {
    // SAFETY: the caller has checked the shape.
    unsafe { (*cell.object::<ClosureCell>()).value }
}

fn equal_ranges(a: Value, b: Value) -> bool {
    const { assert!(size_of::<Range>() == 32) };
    let (x, y) = (range_bounds(a), range_bounds(b));
    let length = range_length(x);
    length == range_length(y) && (length == 0 || (x.0 == y.0 && (length == 1 || x.2 == y.2)))
}

/// The exact order of two numbers: outer `None`: one is no number; inner: unordered.
fn compare_numbers(a: Value, b: Value) -> Option<Option<Ordering>> {
    if let (Some(x), Some(y)) = (as_float(a), as_float(b)) {
        return Some(x.partial_cmp(&y));
    }
    match (as_integer(a), as_integer(b)) {
        (Some(x), Some(y)) => Some(Some(compare_integers(x, y))),
        (Some(x), None) => Some(compare_integer_float(x, as_float(b)?)),
        (None, Some(y)) => Some(compare_integer_float(y, as_float(a)?).map(Ordering::reverse)),
        (None, None) => None,
    }
}

/// The order of two int objects.
pub fn compare_integers(a: Value, b: Value) -> Ordering {
    if a.is_int() && b.is_int() {
        return (a.0 as i64).cmp(&(b.0 as i64));
    }
    let (mut left, mut right) = ([0], [0]);
    bigint::compare(Limbs::of(a, &mut left), Limbs::of(b, &mut right))
}

fn compare_integer_float(integer: Value, x: f64) -> Option<Ordering> {
    // Most ints are floats as well.
    if integer.is_int() && integer.as_fixnum().unsigned_abs() <= 1 << 53 {
        return (integer.as_fixnum() as f64).partial_cmp(&x);
    }
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let whole = x.trunc();
    let mut buffer = [0; 17];
    let y = float_limbs(whole, &mut buffer);
    let mut small = [0];
    let order = bigint::compare(Limbs::of(integer, &mut small), y);
    // Equal to the truncated float: the fraction decides.
    Some(order.then_with(|| whole.partial_cmp(&x).unwrap_or(Ordering::Equal)))
}

/// The limbs of a float that is a whole number.
pub fn float_limbs(x: f64, buffer: &mut [u64; 17]) -> Limbs<'_> {
    let magnitude = x.abs();
    if magnitude < 2f64.powi(64) {
        buffer[0] = magnitude as u64;
        return Limbs { negative: x < 0.0, limbs: &buffer[..(buffer[0] != 0) as usize] };
    }
    let bits = magnitude.to_bits();
    let significand = bits & ((1 << 52) - 1) | 1 << 52;
    let shift = (bits >> 52) as usize - 1075;
    let wide = u128::from(significand) << (shift % 64);
    let first = shift / 64;
    buffer[first] = wide as u64;
    buffer[first + 1] = (wide >> 64) as u64;
    let used = if buffer[first + 1] != 0 { first + 2 } else { first + 1 };
    Limbs { negative: x < 0.0, limbs: &buffer[..used] }
}

fn compare_items(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome<bool> {
    let (x, y) = (items(a), items(b));
    if x.len() != y.len() && matches!(kind, CompareKind::Equal | CompareKind::NotEqual) {
        return Ok(kind == CompareKind::NotEqual);
    }
    vm.enter_native(" in comparison")?;
    let result = compare_items_inside(vm, kind, x, y);
    vm.leave_native();
    result
}

fn compare_items_inside(vm: &mut Vm, kind: CompareKind, x: &[Value], y: &[Value]) -> Outcome<bool> {
    for (&p, &q) in x.iter().zip(y) {
        if !equal(vm, p, q)? {
            return match kind {
                CompareKind::Equal => Ok(false),
                CompareKind::NotEqual => Ok(true),
                _ => compare_as_bool(vm, kind, p, q),
            };
        }
    }
    Ok(kind.holds(Some(x.len().cmp(&y.len()))))
}

/// Identity or `==`: how containers compare their items.
#[inline]
pub fn equal(vm: &mut Vm, a: Value, b: Value) -> Outcome<bool> {
    if a == b {
        return Ok(true);
    }
    match (a.shape(), b.shape()) {
        (ShapeId::STR, ShapeId::STR) => Ok(same_text(a, b)),
        (ShapeId::BYTES, ShapeId::BYTES) => Ok(bytes::data(a) == bytes::data(b)),
        // Classes without a metaclass of the program are equal to nothing else.
        (ShapeId::TYPE, ShapeId::TYPE | ShapeId::STR) => Ok(false),
        (ShapeId::FREE, ShapeId::FREE) if a.is_int() && b.is_int() => Ok(false),
        _ => compare_as_bool(vm, CompareKind::Equal, a, b),
    }
}

/// `a in b`.
pub fn contains(vm: &mut Vm, container: Value, value: Value) -> Outcome<bool> {
    if container.is_instance()
        && let Some(found) = dispatch::contains(vm, container, value)?
    {
        return Ok(found);
    }
    native_contains(vm, container, value)
}

/// `a in b` as the builtin layout of the container gives it, or by iterating.
pub fn native_contains(vm: &mut Vm, container: Value, value: Value) -> Outcome<bool> {
    let is_table = dict_views::is_table(container);
    let before = vm.perf.enter_operation(Operation::Contains, container, || !is_table && is_large(container));
    let result = contains_by_layout(vm, container, value);
    vm.perf.leave_operation(before);
    result
}

#[inline]
fn contains_by_layout(vm: &mut Vm, container: Value, value: Value) -> Outcome<bool> {
    match container.layout() {
        ShapeId::STR => {
            if !value.is_str() {
                let name = vm.type_name(value);
                let message = format!("'in <string>' requires string as left operand, not {name}");
                return Err(vm.type_error(message));
            }
            Ok(text(container).contains(text(value)))
        }
        ShapeId::LIST | ShapeId::TUPLE => {
            let mut index = 0;
            while let Some(&item) = items(container).get(index) {
                if equal(vm, item, value)? {
                    return Ok(true);
                }
                index += 1;
            }
            Ok(false)
        }
        ShapeId::DICT => dict::contains(vm, container, value),
        ShapeId::SET | ShapeId::FROZENSET => set_operations::contains(vm, container, value),
        ShapeId::DICT_KEYS | ShapeId::DICT_ITEMS => dict_views::contains(vm, container, value),
        ShapeId::BYTES | ShapeId::BYTEARRAY => bytes::contains(vm, container, value),
        ShapeId::RANGE if as_integer(value).is_some() => {
            let bounds @ (start, _, step) = range_bounds(container);
            let Some(i) = super::numbers::as_i64(value) else { return Ok(false) };
            let Some(distance) = i.checked_sub(start) else { return Ok(false) };
            Ok(distance % step == 0 && distance / step >= 0 && ((distance / step) as u64) < range_length(bounds))
        }
        ShapeId::LONG_RANGE if as_integer(value).is_some() => {
            let integer = as_integer(value).unwrap_or(value);
            Ok(super::long_range::position(vm, container, integer)?.is_some())
        }
        ShapeId::MAPPING_PROXY => Ok(super::mapping_proxy::get(vm, container, value)?.is_some()),
        _ => {
            if !super::iterate::is_iterable_object(vm, container) {
                let name = vm.type_name(container);
                return Err(vm.type_error(format!("argument of type '{name}' is not iterable")));
            }
            let mut iteration = Iteration::new(vm, container)?;
            if let Some(result) = consume(vm, Consumer::Contains, iteration.source(), value)? {
                return Ok(result == Value::TRUE);
            }
            while let Some(item) = iteration.next(vm)? {
                if equal(vm, item, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}
