//! `yield`, `yield from`, `await`, and asynchronous iteration.

use super::builder::{OpenRange, Register};
use super::{Emitter, Want};
use crate::bytecode::{CodeKind, Constant, Op, Position};
use crate::front::hir::Expression;

impl<'a> Emitter<'_, 'a> {
    pub(super) fn yield_value(&mut self, value: Option<&'a Expression>, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let value = match value {
            Some(value) => self.operand(value, &[]),
            None => {
                let register = self.builder.push(1);
                self.load_constant(register, &Constant::None, position);
                register
            }
        };
        self.builder.release(mark);
        let register = self.destination(want);
        self.emit_yield(register, value, position);
        register
    }

    /// Yields an item of the generator; what is sent goes to `register`.
    pub(super) fn emit_yield(&mut self, register: Register, value: Register, position: Position) {
        let mark = if self.kind() == CodeKind::AsyncGenerator { 2 } else { 0 };
        self.emit_marked(Op::Yield, mark, register, value, value, position);
    }

    pub(super) fn yield_from(&mut self, value: &'a Expression, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let result = self.builder.push(1);
        let value = self.operand(value, &[]);
        self.builder.release(mark + 1);
        let iterator = self.builder.push(1);
        self.emit(Op::GetYieldFrom, iterator, value, 0, position);
        self.delegate(result, iterator, position);
        self.deliver(mark, want, position)
    }

    pub(super) fn await_expression(&mut self, value: &'a Expression, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let register = self.value(value, Want::Fresh);
        self.await_value(register, 0, position);
        self.deliver(mark, want, position)
    }

    /// Awaits what is in a register, which gets the result. `what` words the error, as for `GetAwaitable`.
    pub(super) fn await_value(&mut self, register: Register, what: u8, position: Position) {
        let mark = self.builder.mark();
        let iterator = self.builder.push(1);
        self.emit_marked(Op::GetAwaitable, what, iterator, register, 0, position);
        self.delegate(register, iterator, position);
        self.builder.release(mark);
    }

    /// Runs an iterator to its end on behalf of whoever resumes this code; its result goes to `result`.
    fn delegate(&mut self, result: Register, iterator: Register, position: Position) {
        let (again, done) = (self.builder.new_label(), self.builder.new_label());
        self.load_constant(result, &Constant::None, position);
        self.builder.bind(again);
        self.emit(Op::Send, result, iterator, 0, position);
        self.builder.jump(Op::Jump, 0, done, position);
        self.emit_marked(Op::Yield, 1, result, result, iterator, position);
        self.go(again, position);
        self.builder.bind(done);
    }

    /// The asynchronous iterator of an iterable, in a temporary.
    pub(super) fn async_iterator(&mut self, iterable: &'a Expression, position: Position) -> Register {
        let mark = self.builder.mark();
        let iterable = self.operand(iterable, &[]);
        self.builder.release(mark);
        let iterator = self.builder.push(1);
        self.emit(Op::GetAsyncIter, iterator, iterable, 0, position);
        iterator
    }

    /// Awaits the next item and assigns it to a target. The range is for `async_end`.
    pub(super) fn next_async_item(
        &mut self,
        iterator: Register,
        target: &'a Expression,
        position: Position,
    ) -> OpenRange {
        let mark = self.builder.mark();
        self.builder.open_range();
        let item = self.builder.push(1);
        let awaitable = self.builder.push(1);
        self.emit(Op::GetAsyncNext, awaitable, iterator, 0, position);
        self.delegate(item, awaitable, position);
        let range = self.builder.suspend_range();
        self.store(target, item);
        self.builder.release(mark);
        range
    }

    /// Where an asynchronous loop comes to when its iterator ends.
    pub(super) fn async_end(&mut self, range: OpenRange, position: Position) {
        let mark = self.builder.mark();
        let exception = self.builder.push(1);
        let label = self.builder.finish_range(range, exception);
        self.builder.bind(label);
        self.emit(Op::EndAsyncFor, exception, 0, 0, position);
        self.builder.release(mark);
    }
}
