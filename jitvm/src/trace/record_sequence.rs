//! Recording of what lists and instances of program classes derived from list have in common: where a class leaves an
//! operation to the builtin type, the object is read and written as the list it is laid out as.

use std::mem::size_of;

use super::record_operation::shape;
use super::recorder::Recorder;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::object::{List, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// Most lists whose rows are told apart from what is stored to.
const ROWS: usize = 3;

impl Recorder {
    /// The operand as a list whose special methods of these names are the builtin ones; `None` if it is no such list.
    pub(super) fn native_list(&mut self, vm: &mut Vm, operand: Ref, value: Value, names: &[Value]) -> Option<Ref> {
        if shape(value)? == ShapeId::LIST {
            return Some(self.object(operand, ShapeId::LIST));
        }
        let is_native = |&name: &Value| vm.special(value, name) == vm.lookup(TypeId::LIST, name);
        if !value.is_instance() || !value.has_layout(ShapeId::LIST) || !names.iter().all(is_native) {
            return None;
        }
        let list = self.object(operand, value.shape());
        let class = vm.type_of(value);
        self.class_unchanged(vm, class);
        Some(list)
    }

    /// The operand and what loads its length, where `len` of it runs no code of the program.
    pub(super) fn with_length(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Option<(Ref, Op)> {
        match shape(value)? {
            exact @ ShapeId::TUPLE => Some((self.object(operand, exact), Op::TupleLen)),
            exact @ ShapeId::STR => Some((self.object(operand, exact), Op::StrLen)),
            _ => {
                let names = vm.names;
                Some((self.native_list(vm, operand, value, &[names.len, names.bool])?, Op::ListLen))
            }
        }
    }

    /// Notes that an item of a list was read, if it is an object: perhaps a row of a matrix.
    pub(super) fn note_row(&mut self, list: Ref, value: Value, index: i64) {
        let items = items(value);
        let item = items.get(if index < 0 { index + items.len() as i64 } else { index } as usize);
        if item.is_some_and(|item| item.is_pointer()) && self.rows.len() < ROWS && !self.rows.contains(&(list, value)) {
            self.rows.push((list, value));
        }
    }

    /// Before a number is stored in a list: guards that it is none of those that rows were read from, so that they need
    /// not be read again.
    pub(super) fn tell_from_rows(&mut self, list: Ref, value: Value, stored: Value) {
        if stored.is_pointer() {
            return;
        }
        for (rows, of) in self.rows.clone() {
            if of != value {
                self.guard(Op::G_Ne, Ty::Nil, rows, list, 0);
            }
        }
    }

    /// An instance laid out as a list has no attributes of its own.
    pub(super) fn has_no_attributes(&mut self, vm: &mut Vm, list: Ref) {
        let attributes = self.emit(Op::FieldLoad, list, Ref::NONE, size_of::<List>() as u32);
        let none = self.constant(vm, Value::UNDEF);
        self.guard(Op::G_Eq, Ty::Nil, attributes, none, 0);
    }
}
