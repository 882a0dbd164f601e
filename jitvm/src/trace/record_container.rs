//! Recording of variables and containers: globals, attributes, subscripts, unpacking, iteration.

use std::mem::offset_of;

use super::abort::{AbortReason, LeaveReason};
use super::decision::AttributeDecision;
use super::record_end::Outside;
use super::record_operation::{sequence_length, shape};
use super::recorder::{Recorder, Recording, Step, abort};
use crate::bytecode::Instruction;
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::object::{List, Range, ShapeId, Tuple};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Vm};
use crate::runtime::{attributes, iterate, strings};

impl Recorder {
    // --- globals and attributes ---------------------------------------------------------------------------------

    pub(super) fn global_cell(&mut self, index: u16) -> Ref {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects and their cells live as long as the VM.
        let (cell, name) = unsafe {
            let cell = (&(*code).globals)[index as usize];
            (cell, (*cell).name)
        };
        let text = format!("global {}", strings::text(name));
        self.constant_raw(cell as u64, text)
    }

    pub(super) fn load_global(&mut self, vm: &mut Vm, ins: Instruction) -> Recording {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects and their cells live as long as the VM.
        let (value, fallback) = unsafe {
            let cell = (&(*code).globals)[ins.b as usize];
            ((*cell).value, (*cell).fallback)
        };
        let cell = self.global_cell(ins.b);
        let loaded = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
        if value == Value::UNDEF {
            self.same_word(vm, loaded, Value::UNDEF);
            if fallback == Value::UNDEF {
                // NameError, which the trace may catch.
                return self.execute_apart(vm, ins);
            }
            let builtin = self.constant(vm, fallback);
            self.set(ins.a, builtin);
            return Ok(());
        }
        let result = self.assigned(vm, loaded, value);
        self.set(ins.a, result);
        Ok(())
    }

    /// What a global holds, which may be deleted later.
    fn assigned(&mut self, vm: &mut Vm, loaded: Ref, value: Value) -> Ref {
        let result = self.code_like(vm, loaded, value);
        if !result.is_constant() {
            let unassigned = self.constant(vm, Value::UNDEF);
            self.guard(Op::G_Ne, Ty::Nil, loaded, unassigned, 0);
        }
        result
    }

    /// A value that is always the same in sane programs (functions, types, modules) becomes a constant.
    pub(super) fn code_like(&mut self, vm: &mut Vm, r: Ref, value: Value) -> Ref {
        match shape(value) {
            Some(ShapeId::FUNCTION | ShapeId::BUILTIN | ShapeId::TYPE | ShapeId::MODULE | ShapeId::BOUND_METHOD) => {
                self.same_word(vm, r, value)
            }
            _ => r,
        }
    }

    pub(super) fn get_attr(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording<Step> {
        let name = self.name(ins.c);
        let receiver = self.get(ins.b);
        if shape(object) == Some(ShapeId::MODULE)
            && let Some(result) = self.module_attribute(vm, receiver, object, name)
        {
            self.set(ins.a, result);
            return Ok(Step::Interpret);
        }
        if object.is_instance() && self.is_generic(receiver) {
            self.decide_attribute(AttributeDecision::ManyShapes);
            let name = self.constant(vm, name);
            let result = self.call(helpers::GET_ATTR, &[receiver, name]);
            self.set(ins.a, result);
            return Ok(Step::Interpret);
        }
        if let Some(step) = self.property(vm, receiver, object, name)? {
            return Ok(step);
        }
        if shape(object) == Some(ShapeId::FRAME) && strings::text(name) == "f_locals" {
            return self.leave_before(Outside::ForGood, LeaveReason::Frame, "the variables of a frame");
        }
        let result = match shape(object) {
            Some(_) if object.has_layout(ShapeId::TYPE) => self.class_attribute(vm, receiver, object, name)?,
            Some(_) => self.get_instance_attr(vm, receiver, object, name)?,
            None => None,
        };
        let result = match result {
            Some(result) => result,
            None => {
                let name = self.constant(vm, name);
                self.call(helpers::GET_ATTR, &[receiver, name])
            }
        };
        self.set(ins.a, result);
        Ok(Step::Interpret)
    }

    pub(super) fn set_attr(&mut self, vm: &mut Vm, ins: Instruction, object: Value, value: Value) -> Recording {
        let name = self.name(ins.c);
        let (receiver, new) = (self.get(ins.a), self.get(ins.b));
        if shape(object).is_some()
            && !self.is_generic(receiver)
            && self.set_instance_attr(vm, receiver, object, name, (new, value))?
        {
            return Ok(());
        }
        if self.is_generic(receiver) {
            self.decide_attribute(AttributeDecision::ManyShapes);
        }
        let name = self.constant(vm, name);
        self.call(helpers::SET_ATTR, &[receiver, name, new]);
        Ok(())
    }

    pub(super) fn name(&self, index: u16) -> Value {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects live as long as the VM.
        unsafe { (&(*code).names)[index as usize] }
    }

    /// A global of a known module.
    pub(super) fn module_attribute(&mut self, vm: &mut Vm, receiver: Ref, module: Value, name: Value) -> Option<Ref> {
        vm.global(module, name)?;
        let cell = vm.global_cell(module, name);
        // SAFETY: cells live as long as their module, which the guard below makes a constant.
        let value = unsafe { (*cell).value };
        if value == Value::UNDEF {
            return None;
        }
        self.same_word(vm, receiver, module);
        let text = strings::text(name).to_owned();
        let cell = self.constant_raw(cell as u64, format!("module {text}"));
        let loaded = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
        Some(self.assigned(vm, loaded, value))
    }

    pub(super) fn load_method(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording<Step> {
        let name = self.name(ins.c);
        let receiver = self.get(ins.b);
        let unbound = self.constant(vm, Value::UNDEF);
        if self.is_generic(receiver)
            && let Some(method) = self.method_of_any(vm, receiver, object, name)
        {
            self.decide_attribute(AttributeDecision::ManyShapes);
            self.set(ins.a, method);
            self.set(ins.a + 1, receiver);
            return Ok(Step::Interpret);
        }
        let found = match shape(object) {
            Some(ShapeId::MODULE) => self.module_attribute(vm, receiver, object, name).map(|found| (found, None)),
            Some(ShapeId::SUPER) => self.super_method(vm, receiver, object, name)?.map(|found| (found, None)),
            Some(_) if object.has_layout(ShapeId::TYPE) => self.class_method(vm, receiver, object, name)?,
            Some(_) if object.is_instance() => match self.instance_method(vm, receiver, object, name)? {
                // The guard on its shape is what the register now holds.
                Some(callable) => Some((callable, Some(self.get(ins.b)))),
                None => self.get_instance_attr(vm, receiver, object, name)?.map(|found| (found, None)),
            },
            _ => self.builtin_method(vm, receiver, object, name)?,
        };
        let (callable, this) = match found {
            Some(found) => found,
            None => {
                let (receiver, name) = (self.get(ins.b), self.constant(vm, name));
                let callable = self.call(helpers::GET_ATTR, &[receiver, name]);
                self.set(ins.a, callable);
                self.set(ins.a + 1, unbound);
                return Ok(Step::CallOut);
            }
        };
        self.set(ins.a, callable);
        self.set(ins.a + 1, this.unwrap_or(unbound));
        Ok(Step::Interpret)
    }

    /// A method of a builtin type: the receiver's type decides which one it is, and those of builtin types never change.
    fn builtin_method(
        &mut self,
        vm: &mut Vm,
        receiver: Ref,
        object: Value,
        name: Value,
    ) -> Recording<Option<(Ref, Option<Ref>)>> {
        let receiver = match shape(object) {
            Some(shape) => self.object(receiver, shape),
            None if object.is_int() => self.int(receiver),
            None if object.is_float() => self.float(receiver),
            None => self.same_word(vm, receiver, object),
        };
        if object.has_shape(ShapeId::GENERATOR) {
            self.same_generator_code(vm, receiver, object);
        }
        match attributes::load_method(vm, object, name) {
            Ok((callable, this)) if this == object && shape(callable).is_some() => {
                Ok(Some((self.constant(vm, callable), Some(receiver))))
            }
            Ok(_) => Ok(None),
            Err(_) => {
                vm.exception = Value::UNDEF;
                abort(AbortReason::Exception, format!("attribute {}", strings::text(name)))
            }
        }
    }

    // --- subscripts ---------------------------------------------------------------------------------------------

    /// The index as an Int in `0..length`, with its guards; `None` if it is out of range now.
    pub(super) fn element_index(&mut self, index: Ref, i: i64, length: Ref, n: i64) -> Option<Ref> {
        let index = self.int(index);
        if i >= 0 {
            if i >= n {
                return None;
            }
            self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
            return Some(index);
        }
        if i + n < 0 {
            return None;
        }
        let zero = self.constant_int(0);
        self.guard(Op::G_Lt, Ty::Nil, index, zero, 0);
        let wrapped = self.emit(Op::Add, index, length, 0);
        self.guard(Op::G_Ult, Ty::Nil, wrapped, length, 0);
        Some(wrapped)
    }

    pub(super) fn get_item(&mut self, vm: &mut Vm, ins: Instruction, object: Value, index: Value) -> Recording<Step> {
        let (container, key) = (self.get(ins.b), self.get(ins.c));
        let special = match self.array_element(vm, container, key, object, index) {
            None => self.byte_element(container, key, object, index),
            found => found,
        };
        let special = match special {
            None => self.range_item(vm, container, key, object, index),
            found => found,
        };
        if let Some(element) = special {
            self.set(ins.a, element);
            return Ok(Step::Interpret);
        }
        if let Some(step) =
            self.item_method(vm, vm.names.getitem, &[(container, object), (key, index)], Continuation::Call)?
        {
            return Ok(step);
        }
        let result = match self.element(vm, container, key, object, index) {
            None => self.list_slice(container, key, object, index),
            found => found,
        };
        let result = match result {
            None => self.dict_item(vm, [(container, object), (key, index)]),
            found => found,
        };
        let result = match result {
            Some(element) => element,
            None => {
                let (container, key) = (self.get(ins.b), self.get(ins.c));
                self.call(helpers::GET_ITEM, &[container, key])
            }
        };
        self.set(ins.a, result);
        Ok(Step::Interpret)
    }

    pub(super) fn element(
        &mut self,
        vm: &mut Vm,
        container: Ref,
        key: Ref,
        object: Value,
        index: Value,
    ) -> Option<Ref> {
        if !index.is_int() {
            return None;
        }
        let i = index.as_fixnum();
        match shape(object)? {
            ShapeId::TUPLE => {
                // SAFETY: the shape says it is a tuple.
                let n = unsafe { (*(object.address() as *const Tuple)).length };
                let tuple = self.object(container, ShapeId::TUPLE);
                let length = self.emit(Op::TupleLen, tuple, Ref::NONE, 0);
                let index = self.element_index(key, i, length, n as i64)?;
                let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
                Some(self.emit(Op::ItemLoad, data, index, 0))
            }
            _ => {
                let getitem = vm.names.getitem;
                let list = self.native_list(vm, container, object, &[getitem])?;
                // SAFETY: it is laid out as a list.
                let n = unsafe { (*(object.address() as *const List)).length };
                let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
                let index = self.element_index(key, i, length, n.into())?;
                let data = self.emit(Op::ListData, list, Ref::NONE, 0);
                self.note_row(list, object, i);
                Some(self.emit(Op::ElemLoad, data, index, 0))
            }
        }
    }

    pub(super) fn set_item(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        [object, index, new]: [Value; 3],
    ) -> Recording<Step> {
        let (container, key, value) = (self.get(ins.a), self.get(ins.b), self.get(ins.c));
        let operands = [(container, object), (key, index), (value, new)];
        if self.set_array_element(vm, operands) {
            return Ok(Step::Interpret);
        }
        if let Some(step) = self.item_method(vm, vm.names.setitem, &operands, Continuation::Discard)? {
            return Ok(step);
        }
        if self.set_list_slice(operands) {
            return Ok(Step::Interpret);
        }
        let setitem = vm.names.setitem;
        if index.is_int()
            && let Some(list) = self.native_list(vm, container, object, &[setitem])
        {
            // SAFETY: it is laid out as a list.
            let n = unsafe { (*(object.address() as *const List)).length };
            let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
            if let Some(index) = self.element_index(key, index.as_fixnum(), length, n.into()) {
                self.tell_from_rows(list, object, new);
                let word = self.tagged(value);
                // Boxing may collect, so the address is taken after it.
                let data = self.emit(Op::ListData, list, Ref::NONE, 0);
                self.store_element(data, index, word);
                return Ok(Step::Interpret);
            }
        }
        let (container, key, value) = (self.get(ins.a), self.get(ins.b), self.get(ins.c));
        if self.dict_put(vm, [(container, object), (key, index)], value) {
            return Ok(Step::Interpret);
        }
        let (container, key, value) = (self.get(ins.a), self.get(ins.b), self.get(ins.c));
        self.call(helpers::SET_ITEM, &[container, key, value]);
        Ok(Step::Interpret)
    }

    pub(super) fn unpack(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording {
        let source = self.get(ins.c);
        let (length, data, load) = match shape(object) {
            Some(ShapeId::LIST) => (Op::ListLen, Op::ListData, Op::ElemLoad),
            Some(ShapeId::TUPLE) => (Op::TupleLen, Op::TupleData, Op::ItemLoad),
            _ => return self.execute_apart(vm, ins),
        };
        if sequence_length(object) != Some(ins.b as usize) {
            return abort(AbortReason::Exception, "unpacking of the wrong length");
        }
        let sequence = self.object(source, shape(object).expect("a heap object"));
        let length = self.emit(length, sequence, Ref::NONE, 0);
        let expected = self.constant_int(ins.b.into());
        self.guard(Op::G_Eq, Ty::Nil, length, expected, 0);
        let data = self.emit(data, sequence, Ref::NONE, 0);
        for i in 0..ins.b {
            let index = self.constant_int(i.into());
            let item = self.emit(load, data, index, 0);
            self.set(ins.a + i, item);
        }
        Ok(())
    }

    // --- iteration ----------------------------------------------------------------------------------------------

    pub(super) fn get_iter(&mut self, vm: &mut Vm, ins: Instruction, iterable: Value) -> Recording {
        let source = self.get(ins.b);
        let zero = self.constant_int(0);
        match shape(iterable) {
            Some(shape @ (ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR)) => {
                let object = self.object(source, shape);
                self.set(ins.a, object);
                // As the interpreter has them: a generator keeps them all.
                for i in 1..4 {
                    self.set(ins.a + i, zero);
                }
                Ok(())
            }
            Some(ShapeId::RANGE) => {
                let bounds = match self.range_made_here(source) {
                    Some(bounds) => bounds,
                    None => {
                        let range = self.object(source, ShapeId::RANGE);
                        let fields = [offset_of!(Range, start), offset_of!(Range, stop), offset_of!(Range, step)];
                        fields.map(|offset| self.emit(Op::FieldLoad, range, Ref::NONE, offset as u32))
                    }
                };
                let state = self.constant(vm, Value::RANGE_STATE);
                self.set(ins.a, state);
                for (i, bound) in bounds.into_iter().enumerate() {
                    self.set(ins.a + 1 + i as u16, bound);
                }
                Ok(())
            }
            Some(shape) if iterate::is_own_iterator(iterable) => {
                let object = self.object(source, shape);
                self.set(ins.a, object);
                for i in 1..4 {
                    self.set(ins.a + i, zero);
                }
                Ok(())
            }
            _ => {
                if iterate::is_native_sequence(vm, iterable)
                    && let iter = vm.names.iter
                    && let Some(list) = self.native_list(vm, source, iterable, &[iter])
                {
                    self.set(ins.a, list);
                    (1..4).for_each(|i| self.set(ins.a + i, zero));
                    return Ok(());
                }
                self.get_iter_state(vm, ins);
                Ok(())
            }
        }
    }

    /// Start, stop and step of a range that the trace itself makes: then the object is not needed.
    pub(super) fn range_made_here(&self, r: Ref) -> Option<[Ref; 3]> {
        if r.is_constant() {
            return None;
        }
        let ins = self.body.ins[r.index()];
        if ins.op != Op::New || ins.c != ShapeId::RANGE.0 {
            return None;
        }
        // Its words follow at once.
        Some([1, 2, 3].map(|word| self.body.ins[r.index() + word].b))
    }

    pub(super) fn for_iter(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<Step> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let state = ins.b;
        let iterable = at(state);
        let holder = self.get(state);
        if iterable == Value::RANGE_STATE {
            self.same_word(vm, holder, iterable);
            let (next, stop, step) = (at(state + 1), at(state + 2), at(state + 3));
            let (n, s) = (next.as_fixnum(), stop.as_fixnum());
            let ascending = step.as_fixnum() > 0;
            let ends = if ascending { n >= s } else { n <= s };
            if ends && self.is_to_stay() {
                return abort(AbortReason::LeftLoop, self.place());
            }
            let step_ref = self.get(state + 3);
            // A step of one is worth a trace of its own; of others only the direction matters.
            let unit = step.as_fixnum().abs() == 1;
            let step_ref = if unit { self.same_word(vm, step_ref, step) } else { self.int(step_ref) };
            if !unit && !step_ref.is_constant() {
                let zero = self.constant_int(0);
                let (low, high) = if ascending { (zero, step_ref) } else { (step_ref, zero) };
                self.guard(Op::G_Lt, Ty::Nil, low, high, 0);
            }
            let next_ref = self.get(state + 1);
            let stop_ref = self.get(state + 2);
            let (next_ref, stop_ref) = (self.int(next_ref), self.int(stop_ref));
            let (low, high) = if ascending { (next_ref, stop_ref) } else { (stop_ref, next_ref) };
            if ends {
                // A side trace goes on behind the loop.
                self.guard(Op::G_Le, Ty::Nil, high, low, 0);
                return Ok(Step::Interpret);
            }
            self.guard(Op::G_Lt, Ty::Nil, low, high, 0);
            // Stepping by one cannot pass the stop, so it cannot overflow either.
            let advanced = if unit && next_ref.is_constant() {
                // How long the loop is may then be known while recording (`Recorder::passes_short_loop`).
                self.constant_int(n + step.as_fixnum())
            } else if unit {
                self.emit(Op::Add, next_ref, step_ref, 0)
            } else {
                self.checked(Op::AddOv, next_ref, step_ref)
            };
            self.set(ins.a, next_ref);
            self.set(state + 1, advanced);
            return Ok(Step::Interpret);
        }
        let shape = shape(iterable);
        // An instance that is its own iterator has no index.
        let is_list = shape.is_some() && iterable.has_layout(ShapeId::LIST) && at(state + 1).is_int();
        let Some(shape) = shape.filter(|&shape| is_list || matches!(shape, ShapeId::TUPLE | ShapeId::STR)) else {
            if shape == Some(ShapeId::GENERATOR) {
                if self.resume_generator(vm, ins, iterable, None, Continuation::Next)? {
                    return Ok(Step::Interpret);
                }
                if self.is_in_generator() {
                    return self.give_up_generator();
                }
            }
            if let Some(step) = self.known_iterator(vm, ins, iterable)? {
                return Ok(step);
            }
            if self.table_iteration(vm, ins, base)? || self.bytes_iteration(vm, ins, base)? {
                return Ok(Step::Interpret);
            }
            return self.iterator_object(vm, ins, [iterable, at(state + 1)]);
        };
        let sequence = self.object(holder, shape);
        if shape == ShapeId::STR {
            // The index of a str is a byte offset: only in ASCII does the next item lie one further.
            let ascii = strings::is_ascii(iterable);
            let answer = self.call(helpers::STR_IS_ASCII, &[sequence]);
            self.same_word(vm, answer, Value::from_bool(ascii));
            if !ascii {
                return self.iterator_object(vm, ins, [iterable, at(state + 1)]);
            }
        }
        let index = self.get(state + 1);
        let index = self.int(index);
        let position = at(state + 1).as_fixnum();
        let n = sequence_length(iterable).expect("one of these shapes");
        let ends = position as usize >= n;
        if ends && self.is_to_stay() {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let (length, data, load) = match shape {
            ShapeId::TUPLE => (Op::TupleLen, Some(Op::TupleData), Op::ItemLoad),
            ShapeId::STR => (Op::StrLen, None, Op::Nop),
            _ => (Op::ListLen, Some(Op::ListData), Op::ElemLoad),
        };
        let length = self.emit(length, sequence, Ref::NONE, 0);
        if ends {
            self.guard(Op::G_Le, Ty::Nil, length, index, 0);
            return Ok(Step::Interpret);
        }
        self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
        let one = self.constant_int(1);
        let advanced = self.emit(Op::Add, index, one, 0);
        let item = match data {
            Some(data) => {
                let data = self.emit(data, sequence, Ref::NONE, 0);
                self.emit(load, data, index, 0)
            }
            None => self.call(helpers::STR_ITEM, &[sequence, index]),
        };
        self.set(ins.a, item);
        self.set(state + 1, advanced);
        Ok(Step::Interpret)
    }
}
