//! Recording of objects: attributes by shape, methods by class, new instances, and variables in cells.
//!
//! A guard on an object's shape says which class it is of and where its attributes lie. What the class itself has is
//! known while its version is the same: the version lies in a cell that every use loads and compares, which costs one
//! load and one guard per class and loop, mostly before the loop.

use std::mem::offset_of;

use super::abort::AbortReason;
use super::record_call::BoundCall;
use super::recorder::{Recorder, Recording, abort};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::cache::settle;
use crate::interp::call;
use crate::ir::{CodeId, Ins, Op, Ref, Ty};
use crate::runtime::attributes;
use crate::runtime::descriptors;
use crate::runtime::instances::Place;
use crate::runtime::instantiate::{InstantiatePlan, instantiate_plan};
use crate::runtime::object::{ClosureCell, Function, Instance, ShapeId};
use crate::runtime::shapes::SlotKind;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Vm};

/// Reading it as a class attribute gives it as it is.
fn is_plain(vm: &Vm, found: Value) -> bool {
    !descriptors::is_method(vm, found) && vm.special(found, vm.names.get).is_none()
}

/// The metaclass has no say in what an attribute of the class is, short of one that the class does not have.
fn is_left_to_class(vm: &Vm, class: Value, name: Value) -> bool {
    let metaclass = vm.type_of(class);
    vm.lookup(metaclass, name).is_none() && attributes::custom_hook(vm, metaclass, vm.names.getattribute).is_none()
}

/// Byte offset of a slot of an INSTANCE.
pub(super) fn slot_offset(slot: u16) -> u32 {
    Instance::SLOTS as u32 + 8 * u32::from(slot)
}

/// Most instances that are told apart from what floats are stored to.
const FLOAT_OWNERS: usize = 4;

/// Byte offset of a closure cell's value.
const CELL_VALUE: u32 = std::mem::offset_of!(ClosureCell, value) as u32;

impl Recorder {
    /// The class still is as it is now.
    pub(super) fn class_unchanged(&mut self, vm: &mut Vm, id: TypeId) {
        let (watch, version) = (vm.class(id).watch, vm.class(id).version);
        let text = format!("version of {}", vm.class_name(id));
        let cell = self.constant_raw(watch.address() as u64, text);
        let before = self.body.ins.len();
        let now = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
        let then = self.constant_int(version.into());
        self.guard(Op::G_Eq, Ty::Nil, now, then, 0);
        // It was loaded before: not to be what it was then.
        if now.index() < before && before < self.body.ins.len() {
            let differs = |ins: &Ins| ins.op == Op::G_Eq && ins.a == now && ins.b != then;
            self.outdated |= self.body.ins[now.index()..before].iter().any(differs);
        }
    }

    /// GET_ATTR of an instance of a program class; `None` leaves it to the runtime.
    pub(super) fn get_instance_attr(
        &mut self,
        vm: &mut Vm,
        object: Ref,
        value: Value,
        name: Value,
    ) -> Recording<Option<Ref>> {
        if !value.has_layout(ShapeId::INSTANCE) || !value.shape().is_dynamic() {
            return Ok(None);
        }
        settle(vm, value);
        let shape = value.shape();
        let class = vm.shapes.get(shape).class;
        if attributes::custom_hook(vm, class, vm.names.getattribute).is_some() {
            return Ok(None);
        }
        let of_class = vm.lookup(class, name);
        let place = vm.attribute_place(shape, name, of_class);
        let is_member = of_class.is_some_and(|found| found.has_shape(ShapeId::MEMBER));
        if place == Place::Computed {
            return Ok(None);
        }
        if let Place::Slot(slot) = place {
            // SAFETY: the shape says it is an instance with this slot.
            if is_member && unsafe { *value.object::<Value>().byte_add(slot_offset(slot) as usize) } == Value::UNDEF {
                return Ok(None);
            }
            let object = self.object(object, shape);
            self.class_unchanged(vm, class);
            if vm.shapes.get(shape).kind(slot) == SlotKind::Float {
                self.note_float_owner(object, value);
                return Ok(Some(self.emit(Op::FloatLoad, object, Ref::NONE, slot_offset(slot))));
            }
            let found = self.emit(Op::FieldLoad, object, Ref::NONE, slot_offset(slot));
            // SAFETY: as above.
            if unsafe { *value.object::<Value>().byte_add(slot_offset(slot) as usize) }.is_float() {
                self.note_float_owner(object, value);
            }
            if is_member {
                // A slot of `__slots__` may be empty.
                let undefined = self.constant(vm, Value::UNDEF);
                self.guard(Op::G_Ne, Ty::Nil, found, undefined, 0);
            }
            return Ok(Some(found));
        }
        if vm.shapes.get(shape).is_dictionary {
            return Ok(None);
        }
        let Some(found) = of_class else { return Ok(None) };
        let bound_to_class = found.has_shape(ShapeId::CLASS_METHOD);
        if bound_to_class || found.is_pointer() && descriptors::is_method(vm, found) {
            let object = self.object(object, shape);
            self.class_unchanged(vm, class);
            if !bound_to_class {
                return Ok(Some(self.bind_method(vm, found, object)));
            }
            let (function, class) = (descriptors::fields(found)[0], vm.type_object(class));
            let class = self.constant(vm, class);
            return Ok(call::as_function(function).map(|_| self.bind_method(vm, function, class)));
        }
        let is_static = found.has_shape(ShapeId::STATIC_METHOD);
        if !is_static && found.is_pointer() && !is_plain(vm, found) {
            return Ok(None);
        }
        self.object(object, shape);
        self.class_unchanged(vm, class);
        Ok(Some(self.constant(vm, if is_static { descriptors::fields(found)[0] } else { found })))
    }

    /// SET_ATTR; false leaves it to the runtime.
    pub(super) fn set_instance_attr(
        &mut self,
        vm: &mut Vm,
        object: Ref,
        value: Value,
        name: Value,
        (new, new_value): (Ref, Value),
    ) -> Recording<bool> {
        settle(vm, value);
        let shape = value.shape();
        if !value.has_layout(ShapeId::INSTANCE) || !shape.is_dynamic() || vm.shapes.get(shape).is_dictionary {
            return Ok(false);
        }
        let class = vm.shapes.get(shape).class;
        if attributes::custom_hook(vm, class, vm.names.setattr).is_some() {
            return Ok(false);
        }
        let of_class = vm.lookup(class, name);
        let place = vm.attribute_place(shape, name, of_class);
        if place == Place::Computed {
            return Ok(false);
        }
        let is_float = self.ty(new) == Ty::Flt || new_value.is_float();
        if let Place::Slot(slot) = place {
            let kind = vm.shapes.get(shape).kind(slot);
            if kind == SlotKind::Float && !is_float {
                return Ok(false);
            }
            let object = self.object(object, shape);
            self.class_unchanged(vm, class);
            if kind == SlotKind::Float {
                let double = self.float(new);
                self.tell_from_float_owners(object, value, shape);
                self.emit(Op::FloatStore, object, double, slot_offset(slot));
                return Ok(true);
            }
            if self.ty(new) == Ty::Flt {
                self.tell_from_float_owners(object, value, shape);
            }
            let word = self.tagged(new);
            self.emit(Op::FieldStore, object, word, slot_offset(slot));
            return Ok(true);
        }
        let slot = vm.shapes.get(shape).keys.len() as u16;
        if !vm.class(class).has_dict || slot >= vm.shapes.get(shape).capacity {
            return Ok(false);
        }
        let kind = vm.kind_of_slot(class, name, new_value);
        if kind == SlotKind::Float && !is_float {
            return Ok(false);
        }
        let Some(next) = vm.shapes.transition(shape, name, kind) else { return Ok(false) };
        let object = self.object(object, shape);
        self.class_unchanged(vm, class);
        if kind == SlotKind::Float {
            let double = self.float(new);
            self.emit(Op::FloatStore, object, double, slot_offset(slot));
        } else {
            let word = self.tagged(new);
            self.emit(Op::FieldStore, object, word, slot_offset(slot));
        }
        self.emit(Op::ShapeStore, object, Ref::NONE, next.0);
        Ok(true)
    }

    fn note_float_owner(&mut self, object: Ref, value: Value) {
        if self.float_owners.len() < FLOAT_OWNERS && !self.float_owners.contains(&(object, value)) {
            self.float_owners.push((object, value));
        }
    }

    /// Before a float is stored in an instance: guards that it is none of those of its shape that floats were read from, so
    /// that these need not be read again, and decoded, after each store.
    fn tell_from_float_owners(&mut self, object: Ref, value: Value, shape: ShapeId) {
        for (other, was) in self.float_owners.clone() {
            let is_of_shape = !other.is_constant() && {
                let ins = self.body.ins[other.index()];
                ins.op == Op::G_Shape && ins.c == shape.0
            };
            if other != object && was != value && is_of_shape {
                self.guard(Op::G_Ne, Ty::Nil, other, object, 0);
            }
        }
    }

    /// LOAD_METHOD of an instance: the function, a constant. `None` leaves it to the runtime.
    pub(super) fn instance_method(
        &mut self,
        vm: &mut Vm,
        object: Ref,
        value: Value,
        name: Value,
    ) -> Recording<Option<Ref>> {
        if !value.is_instance() {
            return Ok(None);
        }
        settle(vm, value);
        let shape = value.shape();
        let of = vm.shapes.get(shape);
        let is_list = value.has_layout(ShapeId::LIST);
        if of.is_dictionary
            || !(is_list || value.has_layout(ShapeId::INSTANCE))
            || vm.shapes.lookup(shape, name).is_some()
        {
            return Ok(None);
        }
        let class = of.class;
        if attributes::custom_hook(vm, class, vm.names.getattribute).is_some() {
            return Ok(None);
        }
        let Some(found) = vm.lookup(class, name).filter(|&found| descriptors::is_method(vm, found)) else {
            return Ok(None);
        };
        if is_list && vm.has_own_attributes(value) {
            return Ok(None);
        }
        let object = self.object(object, shape);
        self.class_unchanged(vm, class);
        if is_list {
            self.has_no_attributes(vm, object);
        }
        Ok(Some(self.constant(vm, found)))
    }

    /// GET_ATTR of a class: what it has itself, if reading that runs no code. `None` leaves it to the runtime.
    pub(super) fn class_attribute(
        &mut self,
        vm: &mut Vm,
        receiver: Ref,
        class: Value,
        name: Value,
    ) -> Recording<Option<Ref>> {
        let id = type_id(class);
        if !id.is_dynamic() && class.has_shape(ShapeId::TYPE) {
            return Ok(self.builtin_class_attribute(vm, receiver, class, name));
        }
        if !id.is_dynamic() || !is_left_to_class(vm, class, name) {
            return Ok(None);
        }
        let Some(found) = vm.lookup(id, name) else { return Ok(None) };
        if !(call::as_function(found).is_some() || !found.is_pointer() || is_plain(vm, found)) {
            return Ok(None);
        }
        self.same_word(vm, receiver, class);
        self.class_and_metaclass_unchanged(vm, class);
        Ok(Some(self.constant(vm, found)))
    }

    /// A method that a builtin type has: always the same object.
    fn builtin_class_attribute(&mut self, vm: &mut Vm, receiver: Ref, class: Value, name: Value) -> Option<Ref> {
        let found = vm.lookup(type_id(class), name).filter(|found| found.has_shape(ShapeId::BUILTIN))?;
        if attributes::get_attr(vm, class, name) != Ok(found) {
            vm.exception = Value::UNDEF;
            return None;
        }
        self.same_word(vm, receiver, class);
        Some(self.constant(vm, found))
    }

    /// `getattr` with a name that is a constant, of an attribute that is there; `None` leaves it to a call.
    pub(super) fn attribute_by_call(
        &mut self,
        vm: &mut Vm,
        references: &[Ref],
        values: &[Value],
    ) -> Recording<Option<Ref>> {
        let (&[receiver, name, ..], &[object, text, ..]) = (references, values) else { return Ok(None) };
        if references.len() > 3 || !name.is_constant() || !text.has_shape(ShapeId::STR) || !object.is_pointer() {
            return Ok(None);
        }
        let name = vm.intern(crate::runtime::strings::text(text));
        match object.has_layout(ShapeId::TYPE) {
            true => self.class_attribute(vm, receiver, object, name),
            false => self.get_instance_attr(vm, receiver, object, name),
        }
    }

    /// The class, and what decides how its attributes are read, are as they are now.
    fn class_and_metaclass_unchanged(&mut self, vm: &mut Vm, class: Value) {
        self.class_unchanged(vm, type_id(class));
        let metaclass = vm.type_of(class);
        if metaclass.is_dynamic() {
            self.class_unchanged(vm, metaclass);
        }
    }

    /// LOAD_METHOD of a class: the callable and its receiver, if it gets one.
    pub(super) fn class_method(
        &mut self,
        vm: &mut Vm,
        receiver: Ref,
        class: Value,
        name: Value,
    ) -> Recording<Option<(Ref, Option<Ref>)>> {
        let id = type_id(class);
        if !is_left_to_class(vm, class, name) {
            return Ok(None);
        }
        let Ok((callable, this)) = attributes::load_method(vm, class, name) else {
            vm.exception = Value::UNDEF;
            return abort(AbortReason::Exception, "attribute of a class");
        };
        // A bound method would be another object each time.
        if callable.has_shape(ShapeId::BOUND_METHOD) || !callable.is_pointer() {
            return Ok(None);
        }
        self.same_word(vm, receiver, class);
        if id.is_dynamic() {
            self.class_and_metaclass_unchanged(vm, class);
        }
        let callable = self.constant(vm, callable);
        let class = self.constant(vm, class);
        Ok(Some((callable, (this != Value::UNDEF).then_some(class))))
    }

    /// A call of a class whose instances are plain: makes the object, and enters `__init__` if there is one. `None`
    /// leaves it to the runtime.
    pub(super) fn instantiate(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        class: Value,
        arguments: &[Ref],
        keywords: Option<Value>,
    ) -> Recording<Option<()>> {
        let of = type_id(class);
        let InstantiatePlan::Plain { shape, capacity, init, watched: false } = instantiate_plan(vm, of) else {
            return Ok(None);
        };
        let Some(function) = call::as_function(init) else {
            if init != Value::UNDEF || !arguments.is_empty() {
                return Ok(None);
            }
            self.plan_unchanged(vm, of);
            let made = self.new_instance(vm, shape, capacity);
            self.set(ins.a, made);
            return Ok(Some(()));
        };
        // SAFETY: the class keeps its function alive.
        let (id, defaults) = unsafe { ((*function).code, (*function).defaults) };
        let code = call::code_pointer(vm, id);
        // The instance comes before the arguments, when its defaults have been looked at: guards precede what is made.
        let mut given = vec![Ref::NONE];
        given.extend_from_slice(arguments);
        // SAFETY: code objects live as long as the VM.
        let Some(bound) = BoundCall::of(unsafe { &*code }, given.len(), keywords) else { return Ok(None) };
        if !bound.begins_with_argument() {
            return Ok(None);
        }
        if let Some(reason) = self.why_not_inlined_whole(vm, code) {
            self.decide_call(reason, Some(id));
            return Ok(None);
        }
        self.plan_unchanged(vm, of);
        let function = self.constant(vm, init);
        let mut parameters = self.bound_parameters(vm, &bound, function, defaults, &given)?;
        let made = self.new_instance(vm, shape, capacity);
        parameters[0] = made;
        // As the interpreter has it: the object stays in the call's register, `__init__` begins two behind it.
        self.set(ins.a, made);
        let base = self.slot_of(ins.a) + 2;
        self.push_continuation(vm, id, base, &parameters, Continuation::Init, function)?;
        Ok(Some(()))
    }

    /// A class is called as it is now.
    fn plan_unchanged(&mut self, vm: &mut Vm, class: TypeId) {
        self.class_unchanged(vm, class);
        let metaclass = vm.class(class).metaclass;
        if metaclass.is_dynamic() {
            self.class_unchanged(vm, metaclass);
        }
    }

    /// A new object of a root shape, its slots unassigned.
    fn new_instance(&mut self, vm: &mut Vm, shape: ShapeId, capacity: u16) -> Ref {
        let bytes = Instance::SLOTS as u32 + 8 * u32::from(capacity);
        let (bytes, about) = self.new_operands(bytes, ShapeId::INSTANCE.0 as u8, capacity);
        let undefined = self.constant(vm, Value::UNDEF);
        let made = self.emit(Op::New, bytes, about, shape.0);
        for word in 0..=u32::from(capacity) {
            self.emit(Op::FieldStore, made, undefined, 8 + 8 * word);
        }
        made
    }

    // --- cells --------------------------------------------------------------------------------------------------

    /// MAKE_CELL.
    pub(super) fn make_cell(&mut self, ins: Instruction) {
        let content = self.get(ins.b);
        let content = self.tagged(content);
        let bytes = size_of::<ClosureCell>() as u32;
        let (bytes, about) = self.new_operands(bytes, ShapeId::CLOSURE_CELL.0 as u8, 0);
        let made = self.emit(Op::New, bytes, about, ShapeId::CLOSURE_CELL.0);
        self.emit(Op::FieldStore, made, content, CELL_VALUE);
        self.set(ins.a, made);
    }

    /// LOAD_CELL.
    pub(super) fn load_cell(&mut self, vm: &mut Vm, ins: Instruction, cell: Value) -> Recording {
        // SAFETY: the register holds a cell since the prologue.
        if unsafe { (*cell.object::<ClosureCell>()).value } == Value::UNDEF {
            return abort(AbortReason::Exception, "NameError");
        }
        let cell = self.get(ins.b);
        let cell = self.object(cell, ShapeId::CLOSURE_CELL);
        let found = self.emit(Op::FieldLoad, cell, Ref::NONE, CELL_VALUE);
        let undefined = self.constant(vm, Value::UNDEF);
        self.guard(Op::G_Ne, Ty::Nil, found, undefined, 0);
        self.set(ins.a, found);
        Ok(())
    }

    /// STORE_CELL.
    pub(super) fn store_cell(&mut self, ins: Instruction) {
        let (cell, content) = (self.get(ins.a), self.get(ins.b));
        let cell = self.object(cell, ShapeId::CLOSURE_CELL);
        let content = self.tagged(content);
        self.emit(Op::FieldStore, cell, content, CELL_VALUE);
    }

    /// MAKE_FUNCTION.
    pub(super) fn make_function(&mut self, vm: &mut Vm, ins: Instruction) {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects live as long as the VM.
        let id = unsafe { (&(*code).constants)[ins.b as usize] };
        let defaults = self.get(ins.c);
        let defaults = self.tagged(defaults);
        let code = self.constant(vm, Function::code_word(CodeId(id.as_fixnum() as u32)));
        let (none, unset) = (self.constant(vm, Value::NONE), self.constant(vm, Value::UNDEF));
        let words = [code, defaults, none, none, unset];
        let made = self.new_object(ShapeId::FUNCTION, ShapeId::FUNCTION.0 as u8, 0, &words);
        self.set(ins.a, made);
    }

    /// SET_CLOSURE and SET_ANNOTATIONS of a function that was made just before.
    pub(super) fn complete_function(&mut self, ins: Instruction) {
        let (function, part) = (self.get(ins.a), self.get(ins.b));
        let function = self.object(function, ShapeId::FUNCTION);
        let part = self.tagged(part);
        let is_closure = ins.op == Bytecode::SetClosure;
        let offset = if is_closure { offset_of!(Function, closure) } else { offset_of!(Function, annotations) };
        self.emit(Op::FieldStore, function, part, offset as u32);
    }
}
