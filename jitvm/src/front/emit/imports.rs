//! Import statements.

use super::Emitter;
use super::builder::Register;
use crate::bytecode::{Op, Position};
use crate::front::hir::{Import, Symbol};

impl Emitter<'_, '_> {
    pub(super) fn import(&mut self, import: &Import, position: Position) {
        let mark = self.builder.mark();
        let register = self.variable_or_temporary(import.name);
        let module = self.builder.name(import.module);
        self.emit_marked(Op::Import, u8::from(import.top), register, module, 0, position);
        self.store_name(import.name, register, position);
        self.builder.release(mark);
    }

    fn import_module(&mut self, module: Symbol, level: u16, position: Position) -> Register {
        let register = self.builder.push(1);
        let module = self.builder.name(module);
        self.emit(Op::Import, register, module, level, position);
        register
    }

    pub(super) fn import_from(&mut self, module: Symbol, level: u16, names: &[(Symbol, Symbol)], position: Position) {
        let from = self.import_module(module, level, position);
        for &(attribute, name) in names {
            let mark = self.builder.mark();
            let register = self.variable_or_temporary(name);
            let attribute = self.builder.name(attribute);
            self.emit(Op::ImportFrom, register, from, attribute, position);
            self.store_name(name, register, position);
            self.builder.release(mark);
        }
    }

    pub(super) fn import_star(&mut self, module: Symbol, level: u16, position: Position) {
        let from = self.import_module(module, level, position);
        if self.function.has_namespace() {
            self.emit_marked(Op::ImportStar, 1, from, 0, 0, position);
        } else {
            self.emit(Op::ImportStar, from, from, 0, position);
        }
    }
}
