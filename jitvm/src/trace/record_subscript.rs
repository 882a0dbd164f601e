//! Recording of subscripts beyond an index of a list or tuple: slices of lists, and arrays of the library.

use super::record_object::slot_offset;
use super::record_operation::{sequence_length, shape};
use super::recorder::Recorder;
use crate::interp::helpers;
use crate::ir::{Const, Op, Ref, Ty};
use crate::runtime::bytes;
use crate::runtime::instances::slots;
use crate::runtime::object::{List, ShapeId, Slice};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

impl Recorder {
    /// BUILD_SLICE of three registers.
    pub(super) fn slice_of(&mut self, first: u16) -> Ref {
        let parts = [first, first + 1, first + 2].map(|register| {
            let part = self.get(register);
            self.tagged(part)
        });
        self.new_object(ShapeId::SLICE, ShapeId::SLICE.0 as u8, 0, &parts)
    }

    /// Start, stop and step of a slice that the trace itself makes, if they are ints or None: then the object is not
    /// needed.
    pub(super) fn slice_made_here(&mut self, key: Ref, value: Value) -> Option<([Ref; 3], [Value; 3])> {
        if shape(value) != Some(ShapeId::SLICE) || key.is_constant() {
            return None;
        }
        let ins = self.body.ins[key.index()];
        if ins.op != Op::New || ins.c != ShapeId::SLICE.0 {
            return None;
        }
        // Its words follow at once.
        let bounds = [1, 2, 3].map(|word| self.body.ins[key.index() + word].b);
        // SAFETY: the shape was checked.
        let slice = unsafe { &*value.object::<Slice>() };
        let values = [slice.start, slice.stop, slice.step];
        let is_usual = |(value, r): (Value, Ref)| value.is_int() || value == Value::NONE && r.is_constant();
        if !values.into_iter().zip(bounds).all(is_usual) {
            return None;
        }
        let mut known = bounds;
        for (r, _) in known.iter_mut().zip(values).filter(|(_, value)| value.is_int()) {
            *r = self.int(*r);
        }
        Some((known, values))
    }

    /// The step of a slice, if it is a constant int.
    fn constant_step(&self, step: Ref) -> Option<i64> {
        match step.is_constant().then(|| &self.body.constants[step.constant_index()]) {
            Some(Const::Int(step)) => Some(*step),
            _ => None,
        }
    }

    /// `container[slice]` of a list.
    pub(super) fn list_slice(&mut self, container: Ref, key: Ref, object: Value, index: Value) -> Option<Ref> {
        if shape(object) != Some(ShapeId::LIST) {
            return None;
        }
        let ([start, stop, step], _) = self.slice_made_here(key, index)?;
        // A step that may be 0 is for the slice object.
        if !step.is_constant() || self.constant_step(step) == Some(0) {
            return None;
        }
        let list = self.object(container, ShapeId::LIST);
        Some(self.call(helpers::SLICE_LIST, &[list, start, stop, step]))
    }

    /// `container[start:stop] = new` of two lists, or a list and a tuple; whether it is done.
    pub(super) fn set_list_slice(&mut self, operands: [(Ref, Value); 3]) -> bool {
        let [(container, object), (key, index), (new, source)] = operands;
        let (Some(ShapeId::LIST), Some(from @ (ShapeId::LIST | ShapeId::TUPLE))) = (shape(object), shape(source))
        else {
            return false;
        };
        let Some(([start, stop, step], _)) = self.slice_made_here(key, index) else { return false };
        if !step.is_constant() || self.constant_step(step).is_some() {
            return false;
        }
        let list = self.object(container, ShapeId::LIST);
        let new = self.object(new, from);
        self.call(helpers::SET_SLICE, &[list, start, stop, new]);
        true
    }

    /// `list.pop()` of a list that is not empty.
    pub(super) fn list_pop(&mut self, operand: Ref, value: Value) -> Option<Ref> {
        sequence_length(value).filter(|&length| shape(value) == Some(ShapeId::LIST) && length > 0)?;
        let list = self.object(operand, ShapeId::LIST);
        let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
        let (zero, one) = (self.constant_int(0), self.constant_int(1));
        self.guard(Op::G_Lt, Ty::Nil, zero, length, 0);
        let index = self.emit(Op::Sub, length, one, 0);
        Some(self.call(helpers::LIST_POP, &[list, index]))
    }

    /// `data[index]` of bytes or a bytearray, with an index that counts from the start.
    pub(super) fn byte_element(&mut self, data: Ref, key: Ref, object: Value, index: Value) -> Option<Ref> {
        let shape = shape(object).filter(|shape| matches!(*shape, ShapeId::BYTES | ShapeId::BYTEARRAY))?;
        let in_range = index.is_int() && (0..bytes::data(object).len() as i64).contains(&index.as_fixnum());
        if !in_range {
            return None;
        }
        let (data, index) = (self.object(data, shape), self.int(key));
        let byte = self.call(helpers::BYTE_AT, &[data, index]);
        let byte = self.int(byte);
        let zero = self.constant_int(0);
        self.guard(Op::G_Le, Ty::Nil, zero, byte, 0);
        Some(byte)
    }

    /// The list of an array's items.
    fn array_list(&mut self, vm: &Vm, container: Ref, array: Value) -> Option<(Ref, Ref)> {
        vm.array_items(array)?;
        let array = self.object(container, array.shape());
        let list = self.emit(Op::FieldLoad, array, Ref::NONE, slot_offset(vm.array_slots()[0]));
        Some((array, self.object(list, ShapeId::LIST)))
    }

    /// `array[index]` with an index that counts from the start.
    pub(super) fn array_element(
        &mut self,
        vm: &Vm,
        container: Ref,
        key: Ref,
        object: Value,
        index: Value,
    ) -> Option<Ref> {
        vm.array_get(object, index)?;
        let (_, list) = self.array_list(vm, container, object)?;
        let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
        let index = self.int(key);
        self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
        let data = self.emit(Op::ListData, list, Ref::NONE, 0);
        Some(self.emit(Op::ElemLoad, data, index, 0))
    }

    /// `array[index] = value`, likewise, of a value that the array can hold as it is; whether it is done.
    pub(super) fn set_array_element(&mut self, vm: &mut Vm, operands: [(Ref, Value); 3]) -> bool {
        let [(container, array), (key, index), (new, value)] = operands;
        let Some(items) = vm.array_items(array).filter(|_| index.is_int()) else { return false };
        let [_, typecode, low, high] = vm.array_slots();
        let fields = slots(array);
        // SAFETY: an array's items are a list.
        let length = unsafe { (*items.object::<List>()).length };
        let double = vm.character('d');
        let fits = if value.is_float() {
            fields[typecode as usize] == double
        } else {
            let (low, high) = (fields[low as usize], fields[high as usize]);
            value.is_int()
                && low.is_int()
                && high.is_int()
                && (low.as_fixnum()..=high.as_fixnum()).contains(&value.as_fixnum())
        };
        if !fits || !(0..i64::from(length)).contains(&index.as_fixnum()) {
            return false;
        }
        let Some((array, list)) = self.array_list(vm, container, array) else { return false };
        let load = |recorder: &mut Recorder, slot| recorder.emit(Op::FieldLoad, array, Ref::NONE, slot_offset(slot));
        let word = if value.is_float() {
            let code = load(self, typecode);
            self.same_word(vm, code, double);
            self.float(new)
        } else {
            let (low, high) = (load(self, low), load(self, high));
            let (low, high, new) = (self.int(low), self.int(high), self.int(new));
            self.guard(Op::G_Le, Ty::Nil, low, new, 0);
            self.guard(Op::G_Le, Ty::Nil, new, high, 0);
            new
        };
        let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
        let index = self.int(key);
        self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
        self.tell_from_rows(list, items, value);
        let word = self.tagged(word);
        // Boxing may collect, so the address is taken after it.
        let data = self.emit(Op::ListData, list, Ref::NONE, 0);
        self.store_element(data, index, word);
        true
    }
}
