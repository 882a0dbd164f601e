//! `try` and `with`: exception ranges, handlers, and what is done whichever way a block is left.

use super::blocks::Block;
use super::builder::{OpenRange, Register};
use super::flow::Label;
use super::{Emitter, at};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Expression, Handler, Statement, Try};

impl<'a> Emitter<'_, 'a> {
    pub(super) fn try_statement(&mut self, try_: &'a Try, position: Position) {
        if try_.finally.is_empty() {
            return self.try_except(try_, position);
        }
        self.enter(Block::Finally(&try_.finally), position);
        if try_.handlers.is_empty() {
            self.statements(&try_.body);
        } else {
            self.try_except(try_, position);
        }
        let range = self.leave();
        let end = self.builder.new_label();
        self.statements(&try_.finally);
        let last = self.last_position();
        self.go(end, last);
        self.handler(range, position, |emitter, _, _| emitter.statements(&try_.finally));
        self.builder.bind(end);
    }

    /// Emits the handler of a range: `action` gets the registers of the exception and of the one handled before, and the
    /// exception is raised again where it comes to its end. `LeaveHandler` and `Reraise` do not fail, so that it makes no
    /// difference that they may stand in the handler's own range.
    fn handler(&mut self, range: OpenRange, position: Position, action: impl FnOnce(&mut Self, Register, Register)) {
        let mark = self.builder.mark();
        let exception = self.builder.push(1);
        let previous = self.builder.push(1);
        let label = self.builder.finish_range(range, exception);
        self.builder.bind(label);
        if self.builder.reachable() {
            self.emit(Op::EnterHandler, exception, previous, 0, position);
            self.enter(Block::Handler(previous), position);
            action(self, exception, previous);
            self.reraise(exception, position);
            let inner = self.leave();
            let raised = self.builder.push(1);
            let label = self.builder.finish_range(inner, raised);
            self.builder.bind(label);
            self.emit(Op::LeaveHandler, previous, 0, 0, position);
            self.reraise(raised, position);
        }
        self.builder.release(mark);
    }

    fn reraise(&mut self, exception: Register, position: Position) {
        self.emit(Op::Reraise, exception, 0, 0, position);
        self.builder.end_path();
    }

    fn try_except(&mut self, try_: &'a Try, position: Position) {
        let end = self.builder.new_label();
        self.enter(Block::Try, position);
        self.statements(&try_.body);
        let range = self.leave();
        self.statements(&try_.otherwise);
        let last = self.last_position();
        self.go(end, last);
        self.handler(range, position, |emitter, exception, previous| {
            if try_.is_group {
                emitter.group_clauses(&try_.handlers, exception, previous, end, position);
            } else {
                emitter.clauses(&try_.handlers, exception, previous, end);
            }
        });
        self.builder.bind(end);
    }

    fn clauses(&mut self, handlers: &'a [Handler], exception: Register, previous: Register, end: Label) {
        for handler in handlers {
            let position = at(handler.span);
            let next = self.builder.new_label();
            if let Some(class) = &handler.class {
                let mark = self.builder.mark();
                let class = self.operand(class, &[]);
                let matches = self.builder.push(1);
                self.emit(Op::MatchException, matches, exception, class, position);
                self.builder.jump(Op::JumpIfFalse, matches, next, position);
                self.builder.release(mark);
            }
            self.clause_body(handler, exception, |_, _| {});
            let last = self.last_position();
            self.emit(Op::LeaveHandler, previous, 0, 0, last);
            self.go(end, last);
            self.builder.bind(next);
        }
    }

    /// The body of a handler, the exception having been bound to its name. `failed` gets the register of an exception
    /// raised in it; where it comes to its end, that exception is raised again.
    fn clause_body(&mut self, handler: &'a Handler, exception: Register, failed: impl FnOnce(&mut Self, Register)) {
        let position = at(handler.span);
        let Some(name) = handler.name else { return self.statements(&handler.body) };
        self.store_name(name, exception, position);
        self.enter(Block::HandlerName(name), position);
        self.statements(&handler.body);
        let range = self.leave();
        let last = self.last_position();
        let end = self.builder.new_label();
        if self.builder.reachable() {
            self.clear_name(name, last);
        }
        self.go(end, last);
        let mark = self.builder.mark();
        let raised = self.builder.push(1);
        let label = self.builder.finish_range(range, raised);
        self.builder.bind(label);
        if self.builder.reachable() {
            self.clear_name(name, position);
            failed(self, raised);
            self.reraise(raised, position);
        }
        self.builder.release(mark);
        self.builder.bind(end);
    }

    /// The clauses of `except*`: each takes its part of the group; what they raise, and what is left, is raised at the end.
    fn group_clauses(
        &mut self,
        handlers: &'a [Handler],
        exception: Register,
        previous: Register,
        end: Label,
        position: Position,
    ) {
        let rest = self.builder.push(1);
        let raised = self.builder.push(1);
        self.emit(Op::Move, rest, exception, 0, position);
        self.emit(Op::BuildList, raised, raised, 0, position);
        for handler in handlers {
            let position = at(handler.span);
            let mark = self.builder.mark();
            let next = self.builder.new_label();
            let part = self.builder.push(1);
            let none = self.builder.push(1);
            let before = self.builder.push(1);
            if let Some(class) = &handler.class {
                let class = self.operand(class, &[]);
                self.emit(Op::SplitGroup, rest, class, part, position);
            }
            self.load_constant(none, &Constant::None, position);
            self.emit(Op::Is, none, part, none, position);
            self.builder.jump(Op::JumpIfTrue, none, next, position);
            self.emit(Op::EnterHandler, part, before, 0, position);
            self.enter(Block::Handler(before), position);
            self.clause_body(handler, part, |_, _| {});
            let range = self.leave();
            let last = self.last_position();
            self.emit(Op::LeaveHandler, before, 0, 0, last);
            self.go(next, last);
            let failure = self.builder.push(1);
            let label = self.builder.finish_range(range, failure);
            self.builder.bind(label);
            self.emit(Op::LeaveHandler, before, 0, 0, position);
            self.emit(Op::ListAppend, raised, failure, 0, position);
            self.builder.bind(next);
            self.builder.release(mark);
        }
        self.emit(Op::ListAppend, raised, rest, 0, position);
        let result = self.builder.push(1);
        let none = self.builder.push(1);
        let fails = self.builder.new_label();
        self.emit(Op::JoinGroup, result, exception, raised, position);
        self.load_constant(none, &Constant::None, position);
        self.emit(Op::Is, none, result, none, position);
        self.builder.jump(Op::JumpIfFalse, none, fails, position);
        self.emit(Op::LeaveHandler, previous, 0, 0, position);
        self.go(end, position);
        self.builder.bind(fails);
        self.reraise(result, position);
    }

    pub(super) fn with_statement(
        &mut self,
        items: &'a [(Expression, Option<Expression>)],
        body: &'a [Statement],
        is_async: bool,
        position: Position,
    ) {
        let Some(((manager, target), others)) = items.split_first() else { return self.statements(body) };
        let mark = self.builder.mark();
        let exit = self.builder.push(1);
        let manager = self.operand(manager, &[]);
        self.builder.release(mark + 1);
        let result = self.builder.push(1);
        self.emit_marked(Op::EnterContext, u8::from(is_async), exit, manager, result, position);
        if is_async {
            self.await_value(result, 1, position);
        }
        self.enter(Block::With { exit, is_async, position }, position);
        if let Some(target) = target {
            self.store(target, result);
        }
        self.builder.release(mark + 1);
        self.with_statement(others, body, is_async, position);
        let range = self.leave();
        let end = self.builder.new_label();
        if self.builder.reachable() {
            self.exit_normally(exit, is_async, position);
        }
        self.go(end, position);
        self.handler(range, position, |emitter, exception, previous| {
            let fails = emitter.builder.new_label();
            let suppresses = emitter.builder.push(1);
            emitter.emit(Op::ExitContext, suppresses, exit, exception, position);
            if is_async {
                emitter.await_value(suppresses, 2, position);
            }
            emitter.builder.jump(Op::JumpIfFalse, suppresses, fails, position);
            emitter.emit(Op::LeaveHandler, previous, 0, 0, position);
            emitter.go(end, position);
            emitter.builder.bind(fails);
        });
        self.builder.bind(end);
        self.builder.release(mark);
    }

    /// Leaves a context without exception.
    pub(super) fn exit_normally(&mut self, exit: Register, is_async: bool, position: Position) {
        let mark = self.builder.mark();
        let window = self.builder.push(4);
        self.emit(Op::Move, window, exit, 0, position);
        for argument in window + 1..window + 4 {
            self.load_constant(argument, &Constant::None, position);
        }
        self.emit(Op::Call, window, 3, 0, position);
        if is_async {
            self.await_value(window, 2, position);
        }
        self.builder.release(mark);
    }
}
