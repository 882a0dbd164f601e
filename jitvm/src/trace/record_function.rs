//! Recording of what depends on the function that runs: which code a callee has, its defaults, its closure, `super()`.
//!
//! A function that a program makes again and again, such as a closure that it hands to another function, is another
//! object each time; its code is always the same, and so a callee is known by its code. What the closure holds is loaded.

use std::mem::offset_of;

use super::abort::AbortReason;
use super::record_operation::shape;
use super::recorder::{Recorder, Recording, abort};
use crate::bytecode::Instruction;
use crate::interp::call;
use crate::ir::{CodeId, FUNCTION_SLOT, Op, Ref, Ty};
use crate::runtime::object::{ClosureCell, Function, ShapeId};
use crate::runtime::types::type_id;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::runtime::{descriptors, sequences};

/// Byte offset of a field of a SUPER.
const fn super_field(index: u32) -> u32 {
    8 + 8 * index
}

/// An instance of a class, or of one below it.
fn is_usual_super(vm: &Vm, start: Value, receiver: Value) -> bool {
    start != Value::UNDEF
        && start.has_layout(ShapeId::TYPE)
        && receiver.has_layout(ShapeId::INSTANCE)
        && vm.is_subtype(vm.type_of(receiver), type_id(start))
}

impl Recorder {
    /// The callee as a function of this code, which it has now.
    pub(super) fn function_of(&mut self, callee: Ref, code: CodeId) -> Ref {
        if callee.is_constant() {
            return callee;
        }
        let function = self.object(callee, ShapeId::FUNCTION);
        // The code's number is the upper half of its word, of which fixnums have all bits but two.
        let loaded = self.emit(Op::FieldLoad, function, Ref::NONE, offset_of!(Function, unused) as u32);
        let expected = self.constant_int(i64::from(code.0) << 30);
        self.guard(Op::G_Eq, Ty::Nil, loaded, expected, 0);
        function
    }

    /// The default of a parameter, by its number among them. The program may set other ones, but as many.
    pub(super) fn default_value(&mut self, vm: &mut Vm, function: Ref, defaults: Value, index: u16) -> Recording<Ref> {
        let tuple = self.emit(Op::FieldLoad, function, Ref::NONE, offset_of!(Function, defaults) as u32);
        if function.is_constant() {
            self.same_word(vm, tuple, defaults);
            return Ok(self.constant(vm, call::tuple_items(defaults)[index as usize]));
        }
        Ok(self.item_of(tuple, index.into()))
    }

    /// An item of what is a tuple now, and long enough whenever it is one.
    pub(super) fn item_of(&mut self, tuple: Ref, index: i64) -> Ref {
        let tuple = self.object(tuple, ShapeId::TUPLE);
        let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
        let index = self.constant_int(index);
        self.emit(Op::ItemLoad, data, index, 0)
    }

    /// LOAD_FREE: cells of a constant function are constants.
    pub(super) fn load_free(&mut self, vm: &mut Vm, ins: Instruction, function: Value) -> Recording {
        let Some(running) = call::as_function(function) else {
            // Its prologue is the first that such a frame runs: a module's body has none.
            return abort(AbortReason::Exception, "a closure of no function");
        };
        let known = self.running_function();
        let cell = if known.is_constant() {
            // SAFETY: the function is in its frame's window.
            let closure = unsafe { (*running).closure };
            self.constant(vm, sequences::items(closure)[ins.b as usize])
        } else {
            let closure = self.emit(Op::FieldLoad, known, Ref::NONE, offset_of!(Function, closure) as u32);
            self.item_of(closure, ins.b.into())
        };
        self.set(ins.a, cell);
        Ok(())
    }

    /// The function of the innermost frame, which a side trace may not know yet.
    fn running_function(&mut self) -> Ref {
        let innermost = self.frames.len() - 1;
        if let Some(known) = self.frames[innermost].function {
            return known;
        }
        let function = if innermost == 0 {
            self.emit(Op::Sload, Ref::NONE, Ref::NONE, FUNCTION_SLOT)
        } else {
            // The slot before the frame's register 0, of which snapshots of the prologue tell.
            self.in_slot(self.frames[innermost].base - 1)
        };
        let function = self.object(function, ShapeId::FUNCTION);
        self.frames[innermost].function = Some(function);
        function
    }

    /// A new bound method of a function that is always the same.
    pub(super) fn bind_method(&mut self, vm: &mut Vm, function: Value, receiver: Ref) -> Ref {
        let function = self.constant(vm, function);
        let receiver = self.tagged(receiver);
        self.new_object(ShapeId::BOUND_METHOD, ShapeId::BOUND_METHOD.0 as u8, 0, &[function, receiver])
    }

    // --- super --------------------------------------------------------------------------------------------------

    /// `super()` in the innermost frame; `None` leaves it to the runtime.
    pub(super) fn implicit_super(&mut self, vm: &mut Vm, base: *const Value) -> Recording<Option<Ref>> {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*code).proto };
        let cell_of = |name: &str| proto.cells.iter().find(|cell| cell.0 == name).map(|cell| cell.1);
        let Some(class_cell) = cell_of("__class__") else { return Ok(None) };
        if proto.positional == 0 {
            return Ok(None);
        }
        let own = proto.local_names.first().and_then(|name| cell_of(name));
        // SAFETY: registers of verified bytecode lie inside the frame; cells are in theirs since the prologue.
        let content = |register: u16| unsafe { (*(*base.add(register as usize)).object::<ClosureCell>()).value };
        // SAFETY: as above.
        let receiver_value = own.map_or_else(|| unsafe { *base }, content);
        let start = content(class_cell);
        if !is_usual_super(vm, start, receiver_value) {
            return Ok(None);
        }
        let start_ref = self.cell_content(class_cell);
        let receiver = match own {
            Some(cell) => self.cell_content(cell),
            None => self.get(0),
        };
        Ok(self.super_of(vm, (start_ref, start), (receiver, receiver_value)))
    }

    /// `super(start, receiver)` of an instance; `None` leaves it to the runtime.
    pub(super) fn super_of(&mut self, vm: &mut Vm, start: (Ref, Value), receiver: (Ref, Value)) -> Option<Ref> {
        let receiver_value = receiver.1;
        let shape = shape(receiver_value).filter(|_| is_usual_super(vm, start.1, receiver_value))?;
        let start_ref = self.same_word(vm, start.0, start.1);
        let receiver = self.object(receiver.0, shape);
        let owner = vm.type_object(vm.type_of(receiver_value));
        let (owner, none) = (self.constant(vm, owner), self.constant(vm, Value::NONE));
        let words = [start_ref, receiver, owner, none];
        Some(self.new_object(ShapeId::SUPER, ShapeId::SUPER.0 as u8, 0, &words))
    }

    fn cell_content(&mut self, register: u16) -> Ref {
        let cell = self.get(register);
        let cell = self.object(cell, ShapeId::CLOSURE_CELL);
        self.emit(Op::FieldLoad, cell, Ref::NONE, offset_of!(ClosureCell, value) as u32)
    }

    /// LOAD_METHOD of what `super()` has made: the bound method. `None` leaves it to the runtime.
    pub(super) fn super_method(
        &mut self,
        vm: &mut Vm,
        object: Ref,
        value: Value,
        name: Value,
    ) -> Recording<Option<Ref>> {
        let [start, receiver, owner, _] = *descriptors::fields(value);
        if receiver == Value::UNDEF || receiver == owner || name == vm.names.class {
            return Ok(None);
        }
        let found = vm.lookup_after(type_id(owner), type_id(start), name);
        let Some(found) = found.filter(|&found| descriptors::is_method(vm, found)) else { return Ok(None) };
        let object = self.object(object, ShapeId::SUPER);
        for (index, expected) in [(0, start), (2, owner)] {
            let word = self.emit(Op::FieldLoad, object, Ref::NONE, super_field(index));
            self.same_word(vm, word, expected);
        }
        // Whatever changes in a class changes the version of those below it.
        self.class_unchanged(vm, type_id(owner));
        let receiver = self.emit(Op::FieldLoad, object, Ref::NONE, super_field(1));
        Ok(Some(self.bind_method(vm, found, receiver)))
    }
}
