//! Operators whose work grows with their operands (`in`, `==`, `+`, slices and so on of builtin types): of large ones the
//! time is that of the state native, under the name of the type's method.
//!
//! No call leads to them, so they are published here. Small operands are left to what they are part of, the interpreter
//! or compiled code: there the operation costs no more than what surrounds it.

use std::sync::atomic::Ordering;

use super::{Published, State};
use crate::runtime::bytes;
use crate::runtime::dict_views;
use crate::runtime::numbers::Limbs;
use crate::runtime::object::ShapeId;
use crate::runtime::operators::Binary;
use crate::runtime::sequences::items;
use crate::runtime::strings;
use crate::runtime::value::Value;

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident $method:literal;)*) => {
        /// An operation of a builtin type.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Operation { $($(#[doc = $doc])+ $name,)* }

        const ALL: &[Operation] = &[$(Operation::$name,)*];
        /// The methods' names, by operation.
        const METHODS: &[&str] = &[$($method,)*];
    };
}

operations! {
    /// `a in b`, by `b`.
    Contains "__contains__";
    /// `a == b` and `a != b`.
    Equal "__eq__";
    /// The other comparisons.
    Order "__lt__";
    /// `a[b]`.
    GetItem "__getitem__";
    /// `a[b] = c`.
    SetItem "__setitem__";
    /// `del a[b]`.
    DeleteItem "__delitem__";
    /// `a += b` of lists, and `[*a]`.
    Extend "extend";
    /// `{*a}`.
    Update "update";
    /// `f"{a}"`.
    Format "__format__";
    /// `a + b`.
    Add "__add__";
    /// `a - b`.
    Subtract "__sub__";
    /// `a * b`.
    Multiply "__mul__";
    /// `a / b`.
    TrueDivide "__truediv__";
    /// `a // b`.
    FloorDivide "__floordiv__";
    /// `a % b`.
    Modulo "__mod__";
    /// `a ** b`.
    Power "__pow__";
    /// `a << b`.
    LeftShift "__lshift__";
    /// `a >> b`.
    RightShift "__rshift__";
    /// `a & b`.
    And "__and__";
    /// `a | b`.
    Or "__or__";
    /// `a ^ b`.
    Xor "__xor__";
}

/// The types, as columns of the table of names, with the operations that each has.
const TYPES: &[(ShapeId, &str, &[Operation])] = {
    use Operation::*;
    &[
        (ShapeId::LIST, "list", &[Contains, Equal, Order, GetItem, SetItem, DeleteItem, Extend, Format, Add, Multiply]),
        (ShapeId::TUPLE, "tuple", &[Contains, Equal, Order, GetItem, Format, Add, Multiply]),
        (ShapeId::STR, "str", &[Contains, Equal, Order, GetItem, Format, Add, Multiply, Modulo]),
        (ShapeId::BYTES, "bytes", &[Contains, Equal, Order, GetItem, Format, Add, Multiply, Modulo]),
        (
            ShapeId::BYTEARRAY,
            "bytearray",
            &[Contains, Equal, Order, GetItem, SetItem, DeleteItem, Format, Add, Multiply, Modulo],
        ),
        (ShapeId::DICT, "dict", &[Equal, Update, Format, Or]),
        (ShapeId::SET, "set", &[Equal, Order, Update, Format, Subtract, And, Or, Xor]),
        (ShapeId::FROZENSET, "frozenset", &[Equal, Order, Update, Format, Subtract, And, Or, Xor]),
        (
            ShapeId::BIG_INT,
            "int",
            &[
                Equal,
                Order,
                Format,
                Add,
                Subtract,
                Multiply,
                TrueDivide,
                FloorDivide,
                Modulo,
                Power,
                LeftShift,
                RightShift,
                And,
                Or,
                Xor,
            ],
        ),
    ]
};

/// Items of a container from which on it is large.
const ITEMS: usize = 64;
/// As many characters or bytes.
const CHARACTERS: usize = 1024;
/// As many 64-bit limbs of an int.
const LIMBS: usize = 16;

/// The names of all operations, in the order of their numbers; None where there is none.
pub fn names() -> impl Iterator<Item = Option<String>> {
    ALL.iter().zip(METHODS).flat_map(|(operation, method)| {
        TYPES.iter().map(move |(_, name, has)| has.contains(operation).then(|| format!("{name}.{method}")))
    })
}

impl Operation {
    /// What a binary operator is; a matrix product belongs to no builtin type.
    pub fn of(op: Binary) -> Option<Operation> {
        Some(match op {
            Binary::Add => Operation::Add,
            Binary::Sub => Operation::Subtract,
            Binary::Mul => Operation::Multiply,
            Binary::TrueDiv => Operation::TrueDivide,
            Binary::FloorDiv => Operation::FloorDivide,
            Binary::Mod => Operation::Modulo,
            Binary::Pow => Operation::Power,
            Binary::MatMul => return None,
            Binary::LeftShift => Operation::LeftShift,
            Binary::RightShift => Operation::RightShift,
            Binary::BitAnd => Operation::And,
            Binary::BitOr => Operation::Or,
            Binary::BitXor => Operation::Xor,
        })
    }

    /// Whether a small int on the right makes a large result.
    fn grows_by(self, count: i64) -> bool {
        match self {
            Operation::Multiply => count >= ITEMS as i64,
            Operation::Power | Operation::LeftShift => count >= (LIMBS * 64) as i64,
            _ => false,
        }
    }
}

fn column(value: Value) -> Option<usize> {
    let layout = match value.is_int() {
        true => ShapeId::BIG_INT,
        false => value.layout(),
    };
    TYPES.iter().position(|row| row.0 == layout)
}

/// Whether a value's items, characters or limbs are many.
pub fn is_large(value: Value) -> bool {
    match value.layout() {
        ShapeId::STR => strings::length(value) >= CHARACTERS,
        ShapeId::BYTES | ShapeId::BYTEARRAY => bytes::data(value).len() >= CHARACTERS,
        ShapeId::LIST | ShapeId::TUPLE => are_many(items(value).len()),
        ShapeId::DICT | ShapeId::SET | ShapeId::FROZENSET => are_many(dict_views::length(value)),
        ShapeId::BIG_INT => Limbs::of_big(value).limbs.len() >= LIMBS,
        _ => false,
    }
}

/// Whether so many items are many.
pub fn are_many(count: usize) -> bool {
    count >= ITEMS
}

/// What was published before an operation; None if it was not worth publishing.
#[derive(Clone, Copy)]
pub struct Before(Option<u64>);

impl Published {
    /// An operation on a value begins, which is published if the value is of a type that has it and the work `is_large`.
    #[inline(always)]
    pub fn enter_operation(&self, operation: Operation, value: Value, is_large: impl FnOnce() -> bool) -> Before {
        if !self.is_on() || !is_large() {
            return Before(None);
        }
        self.enter_large(operation, value)
    }

    /// A binary operator of builtin types begins.
    #[inline(always)]
    pub fn enter_binary(&self, op: Binary, left: Value, right: Value) -> Before {
        if !self.is_on() {
            return Before(None);
        }
        let Some(operation) = Operation::of(op) else { return Before(None) };
        let grows = |count: Value| count.is_int() && operation.grows_by(count.as_fixnum());
        let is_product = operation == Operation::Multiply;
        let work = || is_large(left) || is_large(right) || grows(right) || is_product && grows(left);
        // `3 * [0]` is the list's.
        let owner = if is_product && left.is_int() { right } else { left };
        self.enter_operation(operation, owner, work)
    }

    #[cold]
    fn enter_large(&self, operation: Operation, value: Value) -> Before {
        let outer = self.state.load(Ordering::Relaxed);
        // A builtin that does it is the better name.
        if outer as u8 != State::Interp as u8 && outer as u8 != State::Compiled as u8 {
            return Before(None);
        }
        let Some(column) = column(value).filter(|&column| TYPES[column].2.contains(&operation)) else {
            return Before(None);
        };
        let number = super::OPERATIONS_FROM + (operation as usize * TYPES.len() + column) as u32;
        self.state.store(State::Native as u64 | u64::from(number) << 32, Ordering::Relaxed);
        Before(Some(outer))
    }

    /// It is over, by whatever way.
    #[inline(always)]
    pub fn leave_operation(&self, before: Before) {
        if let Some(outer) = before.0 {
            self.leave_call(outer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::vm::Vm;

    #[test]
    fn each_existing_operation_has_a_name_of_its_own() {
        let all: Vec<Option<String>> = names().collect();
        assert_eq!(all.len(), METHODS.len() * TYPES.len());
        let some: Vec<&String> = all.iter().flatten().collect();
        let distinct: std::collections::BTreeSet<_> = some.iter().collect();
        assert_eq!(distinct.len(), some.len());
        assert_eq!(all[Operation::Contains as usize * TYPES.len()].as_deref(), Some("list.__contains__"));
        assert_eq!(all[Operation::Contains as usize * TYPES.len() + TYPES.len() - 1], None);
    }

    #[test]
    fn only_large_work_is_published_and_not_inside_a_builtin() {
        let mut vm = Vm::new(vec![String::new()]);
        let mut list = |length| vm.list(&vec![Value::NONE; length]).expect("memory");
        let (small, large) = (list(4), list(ITEMS));
        let perf = Published::default();
        let published = |before: Before| {
            let within = perf.state.load(Ordering::Relaxed);
            perf.leave_operation(before);
            assert_eq!(perf.state.load(Ordering::Relaxed), State::Interp as u64);
            (within != State::Interp as u64).then(|| (within >> 32) as usize - super::super::OPERATIONS_FROM as usize)
        };
        let contains = |list| perf.enter_operation(Operation::Contains, list, || is_large(list));
        assert_eq!(published(contains(large)), None, "sampling is off");
        perf.on.store(true, Ordering::Relaxed);
        assert_eq!(published(contains(small)), None);
        assert_eq!(published(contains(large)), Some(0));
        let (row, int) = (TYPES.len(), Value::from_fixnum);
        assert_eq!(
            published(perf.enter_binary(Binary::Mul, int(1000), small)),
            Some(Operation::Multiply as usize * row)
        );
        assert_eq!(published(perf.enter_binary(Binary::Pow, int(3), int(5))), None);
        let power = Some(Operation::Power as usize * row + row - 1);
        assert_eq!(published(perf.enter_binary(Binary::Pow, int(3), int(5000))), power);
        assert_eq!(published(perf.enter_binary(Binary::Sub, large, large)), None, "lists have no such operator");
        perf.state.store(State::Native as u64 | 3 << 32, Ordering::Relaxed);
        assert!(contains(large).0.is_none());
    }
}
