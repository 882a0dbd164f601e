//! Recording of comparisons whose outcome follows from what the operands are: identity, and strs.
//!
//! A helper that may run a program's `__eq__` makes the trace forget what it has loaded; most comparisons of objects are
//! with None or of instances whose classes inherit `object.__eq__`, which is identity.

use super::record_operation::shape;
use super::recorder::Recorder;
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::compare::CompareKind as Compare;
use crate::runtime::object::ShapeId;
use crate::runtime::strings;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// What an operand is to `==`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    None,
    /// An instance whose class inherits `object.__eq__` and `object.__ne__`.
    Plain,
    /// Of a builtin type that equals neither of those above.
    Builtin,
}

impl Recorder {
    /// Guards the outcome of a comparison that depends on the operands' identity, or `None`.
    pub(super) fn identity_comparison(
        &mut self,
        vm: &mut Vm,
        kind: Compare,
        operands: [(Ref, Value); 2],
    ) -> Option<bool> {
        if !matches!(kind, Compare::Equal | Compare::NotEqual) {
            return None;
        }
        let [(left, x), (right, y)] = operands;
        let kinds = [operand(vm, x)?, operand(vm, y)?];
        if kinds == [Operand::Builtin; 2] {
            return None;
        }
        self.guard_operand(vm, left, x);
        self.guard_operand(vm, right, y);
        if kinds == [Operand::Plain; 2] {
            let op = if x == y { Op::G_Eq } else { Op::G_Ne };
            self.guard(op, Ty::Nil, left, right, 0);
        }
        Some((x == y) == (kind == Compare::Equal))
    }

    fn guard_operand(&mut self, vm: &mut Vm, r: Ref, value: Value) {
        self.guard_type(vm, r, value);
        if value.is_instance() {
            self.class_unchanged(vm, vm.type_of(value));
        }
    }

    /// Whether two strs are equal, as a bool that is not known yet.
    pub(super) fn str_comparison(&mut self, kind: Compare, operands: [(Ref, Value); 2]) -> Option<Ref> {
        let [(left, x), (right, y)] = operands;
        if shape(x) != Some(ShapeId::STR) || shape(y) != Some(ShapeId::STR) {
            return None;
        }
        let (left, right) = (self.object(left, ShapeId::STR), self.object(right, ShapeId::STR));
        match kind {
            Compare::Equal => Some(self.call(helpers::STR_EQUAL, &[left, right])),
            Compare::NotEqual => Some(self.call(helpers::STR_UNEQUAL, &[left, right])),
            _ => Some(self.call(helpers::BUILTIN_COMPARE[kind as usize], &[left, right])),
        }
    }
}

/// Whether two strs are the same text.
pub fn strs_are_equal(x: Value, y: Value) -> bool {
    x == y || strings::text(x) == strings::text(y)
}

fn operand(vm: &mut Vm, value: Value) -> Option<Operand> {
    if value == Value::NONE {
        return Some(Operand::None);
    }
    if value.is_int() || value.is_float() || value.is_bool() {
        return Some(Operand::Builtin);
    }
    match shape(value)? {
        ShapeId::STR | ShapeId::LIST | ShapeId::TUPLE | ShapeId::DICT | ShapeId::SET | ShapeId::FUNCTION => {
            Some(Operand::Builtin)
        }
        _ if value.is_instance() && value.has_layout(ShapeId::INSTANCE) => {
            let class = vm.type_of(value);
            let names = vm.names;
            let inherits =
                [names.eq, names.ne].into_iter().all(|n| vm.lookup(class, n) == vm.lookup(TypeId::OBJECT, n));
            inherits.then_some(Operand::Plain)
        }
        _ => None,
    }
}
