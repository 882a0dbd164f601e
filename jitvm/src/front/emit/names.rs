//! Variables: reading, binding and unbinding them wherever they live.

use super::builder::Register;
use super::{Emitter, Variable, Want};
use crate::bytecode::{Op, Position};
use crate::front::hir::Symbol;
use crate::front::scope::Place;

impl Emitter<'_, '_> {
    pub(super) fn name(&mut self, symbol: Symbol, want: Want, position: Position) -> Register {
        let place = match self.variable(symbol) {
            Variable::Hidden(register) => return self.place(register, want, position),
            Variable::Place(Place::Local(register)) => {
                self.check_bound(register, position);
                return self.place(register, want, position);
            }
            Variable::Place(place) => place,
        };
        let register = self.destination(want);
        match place {
            Place::Cell { register: cell, own } => self.load_cell(register, cell, own, symbol, position),
            Place::Name => {
                let name = self.builder.name(symbol);
                self.emit(Op::LoadName, register, name, 0, position);
            }
            Place::NameOrCell(cell) => {
                let name = self.builder.name(symbol);
                let found = self.builder.new_label();
                self.emit(Op::FindName, register, name, 0, position);
                self.builder.jump(Op::JumpIfBound, register, found, position);
                self.load_cell(register, cell, false, symbol, position);
                self.builder.bind(found);
            }
            Place::Global | Place::Local(_) => {
                let global = self.builder.global(symbol);
                self.emit(Op::LoadGlobal, register, global, 0, position);
            }
        }
        register
    }

    fn load_cell(&mut self, register: Register, cell: Register, own: bool, symbol: Symbol, position: Position) {
        let name = self.builder.name(symbol);
        self.emit_marked(Op::LoadCell, u8::from(own), register, cell, name, position);
    }

    /// A variable's value where it is wanted.
    pub(super) fn place(&mut self, variable: Register, want: Want, position: Position) -> Register {
        if want == Want::Any {
            return variable;
        }
        let register = self.destination(want);
        self.move_to(register, variable, position);
        register
    }

    /// Makes sure that a local is assigned before it is read.
    fn check_bound(&mut self, local: Register, position: Position) {
        if !self.builder.is_assigned(local) {
            let name = self.builder.name(self.scope.locals[usize::from(local)]);
            self.emit(Op::CheckBound, local, name, 0, position);
            self.builder.set_assigned(local, true);
        }
    }

    pub(super) fn store_name(&mut self, symbol: Symbol, register: Register, position: Position) {
        match self.variable(symbol) {
            Variable::Hidden(hidden) => self.move_to(hidden, register, position),
            Variable::Place(Place::Local(local)) => {
                self.move_to(local, register, position);
                self.builder.set_assigned(local, true);
            }
            Variable::Place(Place::Cell { register: cell, .. }) => {
                self.emit(Op::StoreCell, cell, register, 0, position);
            }
            Variable::Place(Place::Name | Place::NameOrCell(_)) => {
                let name = self.builder.name(symbol);
                self.emit(Op::StoreName, register, name, 0, position);
            }
            Variable::Place(Place::Global) => {
                let global = self.builder.global(symbol);
                self.emit(Op::StoreGlobal, register, global, 0, position);
            }
        }
    }

    pub(super) fn delete_name(&mut self, symbol: Symbol, position: Position) {
        match self.variable(symbol) {
            Variable::Hidden(register) | Variable::Place(Place::Local(register)) => {
                let name = self.builder.name(symbol);
                self.emit(Op::DeleteLocal, register, name, 0, position);
                self.builder.set_assigned(register, false);
            }
            Variable::Place(Place::Cell { register: cell, own }) => {
                let name = self.builder.name(symbol);
                self.emit_marked(Op::DeleteCell, u8::from(own), cell, name, 0, position);
            }
            Variable::Place(Place::Name | Place::NameOrCell(_)) => {
                let name = self.builder.name(symbol);
                self.emit(Op::DeleteName, 0, name, 0, position);
            }
            Variable::Place(Place::Global) => {
                let global = self.builder.global(symbol);
                self.emit(Op::DeleteGlobal, 0, global, 0, position);
            }
        }
    }
}
