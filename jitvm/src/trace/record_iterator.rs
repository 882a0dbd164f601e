//! Recording of iterator objects over lists, tuples and ranges: `enumerate`, `zip`, `reversed` and what `iter` gives.
//!
//! A FOR_ITER over one reads and writes the object's words, so that a loop carries them as values and the tuples that it
//! takes apart at once are never made. What ends an iteration here leaves the objects as the interpreter would.

use std::mem::offset_of;

use super::abort::AbortReason;
use super::record_operation::{sequence_length, shape};
use super::recorder::{Recorder, Recording, Step, abort};
use crate::bytecode::Instruction;
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::object::{DictView, IteratorObject, Range, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::runtime::{bytes, dict_views};

/// Byte offset of a word of the iteration state.
const fn state_offset(word: usize) -> u32 {
    (offset_of!(IteratorObject, state) + 8 * word) as u32
}

const EXTRA: u32 = offset_of!(IteratorObject, extra) as u32;
/// Iterators that a `zip` or `enumerate` may ask, one through another.
const MOST: usize = 5;

fn fields<'a>(iterator: Value) -> &'a IteratorObject {
    // SAFETY: callers have seen one of the shapes of iterator objects.
    unsafe { &*iterator.object::<IteratorObject>() }
}

fn is_sequence(value: Value) -> bool {
    matches!(shape(value), Some(ShapeId::LIST | ShapeId::TUPLE))
}

fn is_bytes(value: Value) -> bool {
    matches!(shape(value), Some(ShapeId::BYTES | ShapeId::BYTEARRAY))
}

/// Collects the iterators that advancing one advances, each before those it asks; false if one has no form here.
fn collect(iterator: Value, found: &mut Vec<Value>) -> bool {
    if found.contains(&iterator) || found.len() == MOST {
        return false;
    }
    let Some(shape) = shape(iterator) else { return false };
    found.push(iterator);
    let state = || fields(iterator).state;
    let is_plain = |first: Value| {
        first == Value::RANGE_STATE || first == Value::EXHAUSTED || is_sequence(first) || is_bytes(first)
    };
    match shape {
        ShapeId::LIST_ITERATOR
        | ShapeId::TUPLE_ITERATOR
        | ShapeId::RANGE_ITERATOR
        | ShapeId::BYTES_ITERATOR
        | ShapeId::BYTEARRAY_ITERATOR => is_plain(state()[0]),
        ShapeId::LIST_REVERSE_ITERATOR | ShapeId::REVERSED => {
            let [source, remaining, ..] = state();
            source == Value::EXHAUSTED || is_sequence(source) && items(source).len() >= remaining.as_fixnum() as usize
        }
        ShapeId::ENUMERATE => {
            let count = fields(iterator).extra;
            let fits = count.is_int() && Value::try_fixnum(count.as_fixnum() + 1).is_some();
            fits && (is_plain(state()[0]) || collect(state()[0], found))
        }
        ShapeId::ZIP => {
            let parts = items(fields(iterator).extra);
            state()[0] == Value::FALSE && !parts.is_empty() && parts.iter().all(|&part| collect(part, found))
        }
        _ => false,
    }
}

/// A word to be written once all guards are there: object, offset, value.
type Stores = Vec<(Ref, u32, Ref)>;

impl Recorder {
    /// FOR_ITER over such an object; `None` leaves it to a call.
    pub(super) fn known_iterator(&mut self, vm: &mut Vm, ins: Instruction, value: Value) -> Recording<Option<Step>> {
        let mut found = Vec::new();
        if !collect(value, &mut found) {
            return Ok(None);
        }
        let holder = self.get(ins.b);
        let (mut stores, mut asked) = (Stores::new(), Vec::new());
        let item = self.advance(vm, holder, value, &mut stores, &mut asked);
        if item.is_none() && self.is_to_stay() {
            return abort(AbortReason::LeftLoop, self.place());
        }
        // Each advances once only if no two are the same.
        for (i, &one) in asked.iter().enumerate() {
            for &other in &asked[..i] {
                self.guard(Op::G_Ne, Ty::Nil, one, other, 0);
            }
        }
        // A tuple of items is made before the objects change: its guards came before it.
        for (object, offset, word) in stores {
            self.emit(Op::FieldStore, object, word, offset);
        }
        match item {
            Some(item) => self.set(ins.a, item),
            None => {
                let exhausted = self.constant(vm, Value::EXHAUSTED);
                self.set(ins.b, exhausted);
            }
        }
        Ok(Some(Step::Interpret))
    }

    /// The next item of an iterator that [`collect`] has gone through, or `None` at its end.
    fn advance(
        &mut self,
        vm: &mut Vm,
        holder: Ref,
        value: Value,
        stores: &mut Stores,
        asked: &mut Vec<Ref>,
    ) -> Option<Ref> {
        let shape = value.shape();
        let object = self.object(holder, shape);
        match shape {
            ShapeId::ZIP => {
                let strict = self.field(object, state_offset(0));
                self.same_word(vm, strict, Value::FALSE);
                let parts = fields(value).extra;
                let tuple = self.field(object, EXTRA);
                let tuple = self.object(tuple, ShapeId::TUPLE);
                let length = self.emit(Op::TupleLen, tuple, Ref::NONE, 0);
                let count = self.constant_int(items(parts).len() as i64);
                self.guard(Op::G_Eq, Ty::Nil, length, count, 0);
                let mut row = Vec::new();
                for (i, &part) in items(parts).iter().enumerate() {
                    // Asking the one before may have called a helper, which no address is kept across.
                    let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
                    let index = self.constant_int(i as i64);
                    let inner = self.emit(Op::ItemLoad, data, index, 0);
                    row.push(self.advance(vm, inner, part, stores, asked)?);
                }
                Some(self.tuple_of(vm, &row))
            }
            ShapeId::ENUMERATE => {
                let count = self.field(object, EXTRA);
                let count = self.int(count);
                let one = self.constant_int(1);
                let following = self.checked(Op::AddOv, count, one);
                let first = fields(value).state[0];
                let is_asked = first.is_pointer() && !is_sequence(first) && !is_bytes(first);
                let item = if is_asked {
                    let inner = self.field(object, state_offset(0));
                    self.advance(vm, inner, first, stores, asked)?
                } else {
                    self.advance_state(vm, object, value, stores)?
                };
                stores.push((object, EXTRA, following));
                Some(self.tuple_of(vm, &[count, item]))
            }
            ShapeId::LIST_REVERSE_ITERATOR | ShapeId::REVERSED => {
                asked.push(object);
                self.go_back(vm, object, value, stores)
            }
            _ => {
                asked.push(object);
                self.advance_state(vm, object, value, stores)
            }
        }
    }

    /// The byte at a position of a bytes or bytearray, and whether there is none.
    fn byte_or_end(&mut self, data: Ref, position: Ref, value: Value, at: i64) -> (Ref, bool) {
        let ends = at >= bytes::data(value).len() as i64;
        let byte = self.call(helpers::BYTE_AT, &[data, position]);
        let byte = self.int(byte);
        let zero = self.constant_int(0);
        let (op, low, high) = if ends { (Op::G_Lt, byte, zero) } else { (Op::G_Le, zero, byte) };
        self.guard(op, Ty::Nil, low, high, 0);
        (byte, ends)
    }

    /// FOR_ITER over a bytes or bytearray, by what it keeps in registers; false leaves it to a call.
    pub(super) fn bytes_iteration(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<bool> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let (source, next) = (at(ins.b), at(ins.b + 1));
        if !is_bytes(source) {
            return Ok(false);
        }
        if next.as_fixnum() >= bytes::data(source).len() as i64 && self.is_to_stay() {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let (holder, position) = (self.get(ins.b), self.get(ins.b + 1));
        let (data, position) = (self.object(holder, source.shape()), self.int(position));
        let (byte, ends) = self.byte_or_end(data, position, source, next.as_fixnum());
        if ends {
            let exhausted = self.constant(vm, Value::EXHAUSTED);
            self.set(ins.b, exhausted);
            return Ok(true);
        }
        let one = self.constant_int(1);
        let following = self.checked(Op::AddOv, position, one);
        self.set(ins.b + 1, following);
        self.set(ins.a, byte);
        Ok(true)
    }

    /// FOR_ITER over a dict, a view of one or a set, by what it keeps in registers; false leaves it to a call.
    pub(super) fn table_iteration(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<bool> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let state = ins.b;
        let (source, position, size, remaining) = (at(state), at(state + 1), at(state + 2), at(state + 3));
        let Some(shape) = shape(source) else { return Ok(false) };
        let is_view = matches!(shape, ShapeId::DICT_KEYS | ShapeId::DICT_VALUES | ShapeId::DICT_ITEMS);
        let is_set = matches!(shape, ShapeId::SET | ShapeId::FROZENSET);
        if !is_view && !is_set && shape != ShapeId::DICT {
            return Ok(false);
        }
        let table = if is_view { dict_views::viewed(source) } else { source };
        let following = dict_views::following(table, position, size);
        let ends = following == -1;
        if following == -2 || !table.has_shape(if is_set { shape } else { ShapeId::DICT }) {
            return Ok(false);
        }
        if !is_set && !ends && remaining.as_fixnum() <= 0 {
            return Ok(false);
        }
        if ends && self.is_to_stay() {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let holder = self.get(state);
        let mut source = self.object(holder, shape);
        if is_view {
            source = self.field(source, offset_of!(DictView, dict) as u32);
            source = self.object(source, ShapeId::DICT);
        }
        let (position, size) = (self.get(state + 1), self.get(state + 2));
        let (position, size) = (self.int(position), self.int(size));
        let remaining = self.get(state + 3);
        let remaining = self.int(remaining);
        let zero = self.constant_int(0);
        if !is_set && !ends {
            self.guard(Op::G_Lt, Ty::Nil, zero, remaining, 0);
        }
        let found = self.call(helpers::TABLE_NEXT, &[source, position, size]);
        let found = self.int(found);
        if ends {
            let end = self.constant_int(-1);
            self.guard(Op::G_Eq, Ty::Nil, found, end, 0);
            let exhausted = self.constant(vm, Value::EXHAUSTED);
            self.set(state, exhausted);
            return Ok(true);
        }
        self.guard(Op::G_Lt, Ty::Nil, zero, found, 0);
        self.set(state + 1, found);
        if !is_set {
            let one = self.constant_int(1);
            let left = self.emit(Op::Sub, remaining, one, 0);
            self.set(state + 3, left);
        }
        let item = match shape {
            ShapeId::SET | ShapeId::FROZENSET => self.call(helpers::SET_ELEMENT, &[source, found]),
            ShapeId::DICT_VALUES => self.call(helpers::DICT_VALUE, &[source, found]),
            ShapeId::DICT_ITEMS => {
                let key = self.call(helpers::DICT_KEY, &[source, found]);
                let value = self.call(helpers::DICT_VALUE, &[source, found]);
                self.tuple_of(vm, &[key, value])
            }
            _ => self.call(helpers::DICT_KEY, &[source, found]),
        };
        self.set(ins.a, item);
        Ok(true)
    }

    fn field(&mut self, object: Ref, offset: u32) -> Ref {
        self.emit(Op::FieldLoad, object, Ref::NONE, offset)
    }

    /// The iteration is over now, and its object will say so.
    fn ends<T>(&mut self, vm: &mut Vm, object: Ref, stores: &mut Stores) -> Option<T> {
        let exhausted = self.constant(vm, Value::EXHAUSTED);
        stores.push((object, state_offset(0), exhausted));
        None
    }

    /// The first two words of an iterator's state, or `None` if it has ended before.
    fn source_and_position(&mut self, vm: &mut Vm, object: Ref, source: Value) -> Option<(Ref, Ref)> {
        let first = self.field(object, state_offset(0));
        if source == Value::EXHAUSTED {
            self.same_word(vm, first, source);
            return None;
        }
        let position = self.field(object, state_offset(1));
        Some((first, self.int(position)))
    }

    /// The next item by the words of a state over a list, tuple or range.
    fn advance_state(&mut self, vm: &mut Vm, object: Ref, value: Value, stores: &mut Stores) -> Option<Ref> {
        let [source, next, stop, step] = fields(value).state;
        let (first, position) = self.source_and_position(vm, object, source)?;
        if source == Value::RANGE_STATE {
            self.same_word(vm, first, source);
            let (stop_word, step_word) = (self.field(object, state_offset(2)), self.field(object, state_offset(3)));
            let stop_word = self.int(stop_word);
            let step_word = self.same_word(vm, step_word, step);
            let ascending = step.as_fixnum() > 0;
            let (low, high) = if ascending { (position, stop_word) } else { (stop_word, position) };
            let (n, s) = (next.as_fixnum(), stop.as_fixnum());
            if if ascending { n >= s } else { n <= s } {
                self.guard(Op::G_Le, Ty::Nil, high, low, 0);
                return self.ends(vm, object, stores);
            }
            self.guard(Op::G_Lt, Ty::Nil, low, high, 0);
            let following = self.checked(Op::AddOv, position, step_word);
            stores.push((object, state_offset(1), following));
            return Some(position);
        }
        if is_bytes(source) {
            let first = self.object(first, source.shape());
            let (byte, ends) = self.byte_or_end(first, position, source, next.as_fixnum());
            if ends {
                return self.ends(vm, object, stores);
            }
            let one = self.constant_int(1);
            let following = self.checked(Op::AddOv, position, one);
            stores.push((object, state_offset(1), following));
            return Some(byte);
        }
        let (sequence, length) = self.sequence_and_length(first, source);
        if next.as_fixnum() as usize >= sequence_length(source).unwrap_or(0) {
            self.guard(Op::G_Le, Ty::Nil, length, position, 0);
            return self.ends(vm, object, stores);
        }
        self.guard(Op::G_Ult, Ty::Nil, position, length, 0);
        let one = self.constant_int(1);
        let following = self.emit(Op::Add, position, one, 0);
        stores.push((object, state_offset(1), following));
        Some(self.item_at(sequence, source, position))
    }

    /// The next item of `reversed` of a list or tuple.
    fn go_back(&mut self, vm: &mut Vm, object: Ref, value: Value, stores: &mut Stores) -> Option<Ref> {
        let [source, remaining, ..] = fields(value).state;
        let (first, left) = self.source_and_position(vm, object, source)?;
        let (sequence, length) = self.sequence_and_length(first, source);
        let (zero, one) = (self.constant_int(0), self.constant_int(1));
        if remaining.as_fixnum() == 0 {
            self.guard(Op::G_Eq, Ty::Nil, left, zero, 0);
            return self.ends(vm, object, stores);
        }
        self.guard(Op::G_Lt, Ty::Nil, zero, left, 0);
        let position = self.emit(Op::Sub, left, one, 0);
        self.guard(Op::G_Ult, Ty::Nil, position, length, 0);
        stores.push((object, state_offset(1), position));
        Some(self.item_at(sequence, source, position))
    }

    fn sequence_and_length(&mut self, r: Ref, value: Value) -> (Ref, Ref) {
        let shape = value.shape();
        let sequence = self.object(r, shape);
        let length = if shape == ShapeId::LIST { Op::ListLen } else { Op::TupleLen };
        (sequence, self.emit(length, sequence, Ref::NONE, 0))
    }

    fn item_at(&mut self, sequence: Ref, value: Value, index: Ref) -> Ref {
        let is_list = value.has_shape(ShapeId::LIST);
        let data = self.emit(if is_list { Op::ListData } else { Op::TupleData }, sequence, Ref::NONE, 0);
        self.emit(if is_list { Op::ElemLoad } else { Op::ItemLoad }, data, index, 0)
    }

    /// What `enumerate`, `zip` or `reversed` of lists, tuples and ranges gives; `None` leaves it to a call.
    pub(super) fn made_iterator(
        &mut self,
        vm: &mut Vm,
        name: &str,
        references: &[Ref],
        values: &[Value],
    ) -> Option<Ref> {
        if let ("reversed", &[r], &[value]) = (name, references, values)
            && shape(value) == Some(ShapeId::RANGE)
        {
            return self.reversed_range(vm, r, value);
        }
        let is_known = |value: &Value| is_sequence(*value);
        if references.is_empty() || references.len() >= MOST || !values.iter().all(is_known) {
            return None;
        }
        let zero = self.constant_int(0);
        match (name, references) {
            ("enumerate", &[r]) => {
                let source = self.object(r, values[0].shape());
                Some(self.iterator_of(ShapeId::ENUMERATE, [source, zero, zero, zero, zero]))
            }
            ("reversed", &[r]) => {
                let (source, length) = self.sequence_and_length(r, values[0]);
                let is_list = values[0].has_shape(ShapeId::LIST);
                let shape = if is_list { ShapeId::LIST_REVERSE_ITERATOR } else { ShapeId::REVERSED };
                Some(self.iterator_of(shape, [source, length, zero, zero, zero]))
            }
            ("zip", _) => {
                // Their guards come before the first object is made.
                let sources: Vec<(Ref, ShapeId)> = references
                    .iter()
                    .zip(values)
                    .map(|(&r, value)| (self.object(r, value.shape()), value.shape()))
                    .collect();
                let mut parts = Vec::new();
                for (source, shape) in sources {
                    let shape = if shape == ShapeId::LIST { ShapeId::LIST_ITERATOR } else { ShapeId::TUPLE_ITERATOR };
                    parts.push(self.iterator_of(shape, [source, zero, zero, zero, zero]));
                }
                let tuple = self.tuple_of(vm, &parts);
                let lenient = self.constant(vm, Value::FALSE);
                Some(self.iterator_of(ShapeId::ZIP, [lenient, zero, zero, zero, tuple]))
            }
            _ => None,
        }
    }

    /// `reversed` of a range that goes up by one and has items; `None` leaves it to a call.
    fn reversed_range(&mut self, vm: &mut Vm, r: Ref, value: Value) -> Option<Ref> {
        // SAFETY: the shape was checked.
        let &Range { start, stop, step, .. } = unsafe { &*value.object::<Range>() };
        let one = Value::from_fixnum(1);
        if step != one || start.as_fixnum() >= stop.as_fixnum() {
            return None;
        }
        let object = self.object(r, ShapeId::RANGE);
        let fields = [offset_of!(Range, start), offset_of!(Range, stop), offset_of!(Range, step)];
        let [start, stop, step] = fields.map(|offset| self.field(object, offset as u32));
        let (start, stop) = (self.int(start), self.int(stop));
        let one = self.same_word(vm, step, one);
        self.guard(Op::G_Lt, Ty::Nil, start, stop, 0);
        let last = self.emit(Op::Sub, stop, one, 0);
        let end = self.checked(Op::SubOv, start, one);
        let (state, down, zero) = (self.constant(vm, Value::RANGE_STATE), self.constant_int(-1), self.constant_int(0));
        Some(self.iterator_of(ShapeId::RANGE_ITERATOR, [state, last, end, down, zero]))
    }

    fn iterator_of(&mut self, shape: ShapeId, words: [Ref; 5]) -> Ref {
        // The layout of an exact builtin object is that of its shape.
        self.new_object(shape, shape.0 as u8, 0, &words)
    }
}
