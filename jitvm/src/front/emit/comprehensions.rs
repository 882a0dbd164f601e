//! Comprehensions: run in the frame around them with variables of their own, or as functions where that would show.

use super::builder::Register;
use super::{Body, Emitter, Want};
use crate::bytecode::{Constant, InlinedFrame, Op, Position};
use crate::front::hir::{Clause, Comprehension, ComprehensionKind};
use crate::front::scope::bound_names;

impl<'a> Emitter<'_, 'a> {
    pub(super) fn comprehension(
        &mut self,
        comprehension: &'a Comprehension,
        want: Want,
        position: Position,
    ) -> Register {
        if self.program.scopes[comprehension.function.id].inlined {
            self.inlined_comprehension(comprehension, want, position)
        } else {
            self.called_comprehension(comprehension, want, position)
        }
    }

    fn inlined_comprehension(&mut self, comprehension: &'a Comprehension, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let collection = self.builder.push(1);
        let mut names = Vec::new();
        comprehension.clauses.iter().for_each(|clause| bound_names(&clause.target, &mut names));
        let variables = self.builder.push(names.len() as u32);
        let outer = self.hidden.len();
        let Some((first, _)) = comprehension.clauses.split_first() else { return collection };
        // The first iterable does not see the variables.
        let iterator = self.clause_iterator(first, position);
        let start = self.builder.instructions.len() as u32;
        self.hidden.extend(names.into_iter().zip(variables..));
        self.collection(comprehension, collection, position);
        self.clause(comprehension, collection, iterator, &comprehension.clauses, position);
        self.hidden.truncate(outer);
        let end = self.builder.instructions.len() as u32;
        let name = self.builder.name(comprehension.function.name);
        // In code that is never reached nothing is emitted.
        if start < end {
            self.inlined_frames.push(InlinedFrame { start, end, name, position });
        }
        self.deliver(mark, want, position)
    }

    fn called_comprehension(&mut self, comprehension: &'a Comprehension, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let window = self.make_code(Body::Comprehension(comprehension), None, None, Want::Fresh, position);
        let Some((first, _)) = comprehension.clauses.split_first() else { return window };
        let argument = self.builder.push(1);
        let iterable = self.operand(&first.iterable, &[]);
        let op = if first.is_async { Op::GetAsyncIter } else { Op::GetIterator };
        self.emit(op, argument, iterable, 0, position);
        self.emit(Op::Call, window, 1, 0, position);
        self.builder.release(mark + 1);
        if comprehension.function.is_async && comprehension.kind != ComprehensionKind::Generator {
            self.await_value(window, 0, position);
        }
        self.deliver(mark, want, position)
    }

    /// The body of a comprehension that is a function.
    pub(super) fn comprehension_body(&mut self, comprehension: &'a Comprehension) {
        let position = super::at(comprehension.function.span);
        let Some((first, _)) = comprehension.clauses.split_first() else { return };
        let collection = if comprehension.kind == ComprehensionKind::Generator { 0 } else { self.builder.push(1) };
        self.collection(comprehension, collection, position);
        // The iterator of the first clause is the parameter.
        let iterator = if first.is_async {
            0
        } else {
            let iterator = self.builder.push(4);
            self.emit(Op::GetIter, iterator, 0, 0, position);
            iterator
        };
        self.clause(comprehension, collection, iterator, &comprehension.clauses, position);
        let result = match comprehension.kind {
            ComprehensionKind::Generator => {
                let register = self.builder.push(1);
                self.load_constant(register, &Constant::None, position);
                register
            }
            _ => collection,
        };
        self.emit(Op::Return, result, 0, 0, position);
        self.builder.end_path();
    }

    /// Makes what the items are collected in.
    fn collection(&mut self, comprehension: &Comprehension, collection: Register, position: Position) {
        let op = match comprehension.kind {
            ComprehensionKind::List => Op::BuildList,
            ComprehensionKind::Set => Op::BuildSet,
            ComprehensionKind::Dict => Op::BuildDict,
            ComprehensionKind::Generator => return,
        };
        self.emit(op, collection, collection, 0, position);
    }

    fn clause_iterator(&mut self, clause: &'a Clause, position: Position) -> Register {
        if clause.is_async {
            self.async_iterator(&clause.iterable, position)
        } else {
            self.iterator(&clause.iterable, position)
        }
    }

    /// The loop of the first clause, around those of the others.
    fn clause(
        &mut self,
        comprehension: &'a Comprehension,
        collection: Register,
        iterator: Register,
        clauses: &'a [Clause],
        position: Position,
    ) {
        let Some((clause, inner)) = clauses.split_first() else { return };
        let exit = self.builder.new_label();
        let again = self.builder.new_label();
        let header = self.builder.new_label();
        self.loop_header(header, position);
        let range = if clause.is_async {
            Some(self.next_async_item(iterator, &clause.target, position))
        } else {
            self.next_item(iterator, &clause.target, exit, position);
            None
        };
        for test in &clause.tests {
            self.condition(test, false, again, position);
        }
        let mark = self.builder.mark();
        if let [next, ..] = inner {
            let iterator = self.clause_iterator(next, position);
            self.clause(comprehension, collection, iterator, inner, position);
        } else {
            self.item(comprehension, collection, position);
        }
        self.builder.release(mark);
        self.builder.bind(again);
        self.go(header, position);
        if let Some(range) = range {
            self.async_end(range, position);
        }
        self.builder.bind(exit);
    }

    /// Adds one item.
    fn item(&mut self, comprehension: &'a Comprehension, collection: Register, position: Position) {
        let element = &comprehension.element;
        match comprehension.kind {
            ComprehensionKind::List | ComprehensionKind::Set => {
                let op = if comprehension.kind == ComprehensionKind::List { Op::ListAppend } else { Op::SetAdd };
                let item = self.operand(element, &[]);
                self.emit(op, collection, item, 0, position);
            }
            ComprehensionKind::Dict => {
                let Some(key) = &comprehension.key else { return };
                let key = self.operand(key, &[element]);
                let value = self.operand(element, &[]);
                self.emit(Op::DictAdd, collection, key, value, position);
            }
            ComprehensionKind::Generator => {
                let mark = self.builder.mark();
                let item = self.operand(element, &[]);
                self.builder.release(mark);
                let sent = self.builder.push(1);
                let position = self.position(element);
                self.emit_yield(sent, item, position);
            }
        }
    }
}
