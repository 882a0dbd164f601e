//! Recording of dicts and sets with keys that run no code of the program: helpers that change nothing a trace has read.
//!
//! Whether a table holds another key that the program would be asked about is known when it is searched. Then the helper
//! does nothing and says so, and the guard on its answer leaves to the state before the bytecode.

use super::record_operation::shape;
use super::recorder::Recorder;
use crate::interp::helpers::{self, HelperId};
use crate::ir::{Op, Ref, Ty};
use crate::runtime::compare::CompareKind as Compare;
use crate::runtime::dict::{self, is_plain_key};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::Binary;
use crate::runtime::set;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

impl Recorder {
    /// The table and a plain key of it, guarded to be of the types that they have now.
    fn table_and_key(
        &mut self,
        vm: &mut Vm,
        [(table, of), (key, value)]: [(Ref, Value); 2],
        shapes: &[ShapeId],
    ) -> Option<[Ref; 2]> {
        let exact = shape(of).filter(|exact| shapes.contains(exact))?;
        if !is_plain_key(value) {
            return None;
        }
        let table = self.object(table, exact);
        // A number may be of any kind where no object can be.
        let key = if matches!(self.ty(key), Ty::Int | Ty::Flt | Ty::Bool) { key } else { self.of_type(vm, key, value) };
        Some([table, key])
    }

    /// A helper's answer, which is not that the interpreter has to do it.
    fn answered(&mut self, vm: &mut Vm, helper: HelperId, operands: &[Ref]) -> Ref {
        let answer = self.call(helper, operands);
        let unknown = self.constant(vm, Value::UNDEF);
        self.guard(Op::G_Ne, Ty::Nil, answer, unknown, 0);
        answer
    }

    /// `dict[key]` of a key that is there.
    pub(super) fn dict_item(&mut self, vm: &mut Vm, operands: [(Ref, Value); 2]) -> Option<Ref> {
        let [(_, of), (_, key)] = operands;
        let is_there =
            of.has_shape(ShapeId::DICT) && is_plain_key(key) && matches!(dict::get_plain(vm, of, key), Ok(Some(_)));
        if !is_there {
            return None;
        }
        let [table, key] = self.table_and_key(vm, operands, &[ShapeId::DICT])?;
        Some(self.answered(vm, helpers::DICT_ITEM, &[table, key]))
    }

    /// `dict.get(key)` and `dict.get(key, other)`.
    pub(super) fn dict_get(&mut self, vm: &mut Vm, operands: [(Ref, Value); 2], other: Option<Ref>) -> Option<Ref> {
        let [(_, of), (_, key)] = operands;
        if !of.has_shape(ShapeId::DICT) || !is_plain_key(key) || dict::get_plain(vm, of, key).is_err() {
            return None;
        }
        let [table, key] = self.table_and_key(vm, operands, &[ShapeId::DICT])?;
        let other = other.unwrap_or_else(|| self.constant(vm, Value::NONE));
        Some(self.answered(vm, helpers::DICT_GET, &[table, key, other]))
    }

    /// `dict[key] = value`; false leaves it to others.
    pub(super) fn dict_put(&mut self, vm: &mut Vm, operands: [(Ref, Value); 2], value: Ref) -> bool {
        let [(_, of), (_, key)] = operands;
        let is_known = of.has_shape(ShapeId::DICT)
            && !dict::is_globals(of)
            && is_plain_key(key)
            && dict::get_plain(vm, of, key).is_ok();
        let Some([table, key]) = is_known.then(|| self.table_and_key(vm, operands, &[ShapeId::DICT])).flatten() else {
            return false;
        };
        self.answered(vm, helpers::DICT_PUT, &[table, key, value]);
        true
    }

    /// `set.add(key)` and a set display or comprehension; false leaves it to others.
    pub(super) fn set_put(&mut self, vm: &mut Vm, operands: [(Ref, Value); 2]) -> bool {
        let [(_, of), (_, key)] = operands;
        let is_known = of.has_shape(ShapeId::SET) && is_plain_key(key) && set::contains_plain(vm, of, key).is_ok();
        let Some([table, key]) = is_known.then(|| self.table_and_key(vm, operands, &[ShapeId::SET])).flatten() else {
            return false;
        };
        self.answered(vm, helpers::SET_PUT, &[table, key]);
        true
    }

    /// `key in table`: the helper's answer, which is for [`Recorder::truth_of`].
    pub(super) fn table_has(&mut self, vm: &mut Vm, operands: [(Ref, Value); 2]) -> Option<Ref> {
        let [(_, of), (_, key)] = operands;
        if !is_plain_key(key) {
            return None;
        }
        let helper = match shape(of)? {
            ShapeId::DICT if dict::get_plain(vm, of, key).is_ok() => helpers::DICT_HAS,
            ShapeId::SET | ShapeId::FROZENSET if set::contains_plain(vm, of, key).is_ok() => helpers::SET_HAS,
            _ => return None,
        };
        let [table, key] = self.table_and_key(vm, operands, &[ShapeId::DICT, ShapeId::SET, ShapeId::FROZENSET])?;
        Some(self.call(helper, &[table, key]))
    }

    /// Both operands, if they are exact sets or frozensets; their types are guarded.
    fn two_sets(&mut self, [(left, x), (right, y)]: [(Ref, Value); 2]) -> Option<[Ref; 2]> {
        let is_set = |exact: &ShapeId| matches!(*exact, ShapeId::SET | ShapeId::FROZENSET);
        let (of_left, of_right) = (shape(x).filter(is_set)?, shape(y).filter(is_set)?);
        Some([self.object(left, of_left), self.object(right, of_right)])
    }

    /// `a | b` and the like of two sets.
    pub(super) fn set_operation(&mut self, kind: Binary, operands: [(Ref, Value); 2]) -> Option<Ref> {
        let helper = match kind {
            Binary::BitOr => helpers::SET_UNION,
            Binary::BitAnd => helpers::SET_INTERSECTION,
            Binary::BitXor => helpers::SET_SYMMETRIC_DIFFERENCE,
            Binary::Sub => helpers::SET_DIFFERENCE,
            _ => return None,
        };
        let sets = self.two_sets(operands)?;
        Some(self.call(helper, &sets))
    }

    /// `a <= b` and `a >= b` of two sets.
    pub(super) fn set_comparison(&mut self, kind: Compare, operands: [(Ref, Value); 2]) -> Option<Ref> {
        if !matches!(kind, Compare::LessEqual | Compare::GreaterEqual) {
            return None;
        }
        let [left, right] = self.two_sets(operands)?;
        let sets = if kind == Compare::LessEqual { [left, right] } else { [right, left] };
        Some(self.call(helpers::SET_IS_SUBSET, &sets))
    }

    /// What `in` gives, or `not in`: a guard on the answer makes it a constant.
    pub(super) fn truth_of(&mut self, vm: &mut Vm, answer: Ref, table: Value, key: Value, asked: bool) -> Ref {
        let found = match shape(table) {
            Some(ShapeId::DICT) => matches!(dict::get_plain(vm, table, key), Ok(Some(_))),
            _ => set::contains_plain(vm, table, key) == Ok(true),
        };
        self.same_word(vm, answer, Value::from_bool(found));
        self.constant(vm, Value::from_bool(found == asked))
    }

    /// `len` of an exact builtin container whose length is no part of what traces read.
    pub(super) fn builtin_length(&mut self, operand: Ref, value: Value) -> Option<Ref> {
        let exact = shape(value)?;
        let shapes =
            [ShapeId::DICT, ShapeId::SET, ShapeId::FROZENSET, ShapeId::BYTES, ShapeId::BYTEARRAY, ShapeId::RANGE];
        if !shapes.contains(&exact) {
            return None;
        }
        let operand = self.object(operand, exact);
        let length = self.call(helpers::BUILTIN_LEN, &[operand]);
        Some(self.int(length))
    }
}
