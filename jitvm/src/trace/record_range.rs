//! Recording of what is asked of ranges that count up by one: length, items and slices.

use std::mem::offset_of;

use super::record_operation::shape;
use super::recorder::Recorder;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::object::{Range, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// A range that counts up by one, with as many items as lie between its bounds.
struct UnitRange {
    start: Ref,
    stop: Ref,
    length: Ref,
    /// Its length while recording.
    count: i64,
}

impl Recorder {
    /// `None` of anything else, and of a range that ends before it begins.
    fn unit_range(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Option<UnitRange> {
        if shape(value) != Some(ShapeId::RANGE) {
            return None;
        }
        // SAFETY: the shape was checked.
        let &Range { start, stop, step, .. } = unsafe { &*value.object::<Range>() };
        let one = Value::from_fixnum(1);
        let count = stop.as_fixnum().checked_sub(start.as_fixnum()).filter(|&count| count >= 0)?;
        Value::try_fixnum(count).filter(|_| step == one)?;
        let object = self.object(operand, ShapeId::RANGE);
        let fields = [offset_of!(Range, start), offset_of!(Range, stop), offset_of!(Range, step)];
        let [start, stop, step] = fields.map(|offset| self.emit(Op::FieldLoad, object, Ref::NONE, offset as u32));
        let (start, stop) = (self.int(start), self.int(stop));
        self.same_word(vm, step, one);
        self.guard(Op::G_Le, Ty::Nil, start, stop, 0);
        let length = self.checked(Op::SubOv, stop, start);
        Some(UnitRange { start, stop, length, count })
    }

    /// `len(range)`.
    pub(super) fn range_length(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Option<Ref> {
        self.unit_range(vm, operand, value).map(|range| range.length)
    }

    /// `range[index]`, or `range[start:stop]` with bounds that count from its start.
    pub(super) fn range_item(
        &mut self,
        vm: &mut Vm,
        container: Ref,
        key: Ref,
        object: Value,
        index: Value,
    ) -> Option<Ref> {
        if shape(object) != Some(ShapeId::RANGE) {
            return None;
        }
        if index.is_int() {
            let range = self.unit_range(vm, container, object)?;
            let index = self.element_index(key, index.as_fixnum(), range.length, range.count)?;
            return Some(self.emit(Op::Add, range.start, index, 0));
        }
        let (bounds, values) = self.slice_made_here(key, index)?;
        let counts_from_start = |value: &Value| !value.is_int() || value.as_fixnum() >= 0;
        if values[2] != Value::NONE || !values.iter().all(counts_from_start) {
            return None;
        }
        let range = self.unit_range(vm, container, object)?;
        let first = self.range_bound(&range, bounds[0], values[0], range.start);
        let last = self.range_bound(&range, bounds[1], values[1], range.stop);
        let one = self.constant_int(1);
        Some(self.new_object(ShapeId::RANGE, ShapeId::RANGE.0 as u8, 0, &[first, last, one]))
    }

    /// The item, or the end, that a bound of a slice stands for.
    fn range_bound(&mut self, range: &UnitRange, bound: Ref, value: Value, default: Ref) -> Ref {
        if value == Value::NONE {
            return default;
        }
        if value.as_fixnum() > range.count {
            self.guard(Op::G_Lt, Ty::Nil, range.length, bound, 0);
            return range.stop;
        }
        let zero = self.constant_int(0);
        self.guard(Op::G_Le, Ty::Nil, zero, bound, 0);
        self.guard(Op::G_Le, Ty::Nil, bound, range.length, 0);
        self.emit(Op::Add, range.start, bound, 0)
    }
}
