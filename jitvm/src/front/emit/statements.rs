//! Statements to instructions.

use super::builder::Register;
use super::flow::Label;
use super::{Emitter, Loop, Variable, Want, at};
use crate::bytecode::{Op, Position, Span};
use crate::front::fold;
use crate::front::hir::{Branch, Expression, ExpressionKind, Import, Statement, StatementKind, Symbol};

impl<'a> Emitter<'_, 'a> {
    /// Emits statements as long as they can be reached.
    pub(super) fn statements(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            if !self.builder.reachable() {
                return;
            }
            let mark = self.builder.mark();
            self.statement(statement);
            self.builder.release(mark);
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        let position = at(statement.span);
        match &statement.kind {
            StatementKind::Expression(Expression { kind: ExpressionKind::Constant(_), .. })
            | StatementKind::Declare(_)
            | StatementKind::Pass
            | StatementKind::Global(_) => {}
            StatementKind::Expression(value) => _ = self.value(value, Want::Any),
            StatementKind::Assign { targets, value } => self.assign(targets, value),
            StatementKind::AugmentedAssign { target, operator, value } => {
                self.augmented_assign(target, *operator, value, position);
            }
            StatementKind::Return(value) => {
                let register = match value {
                    Some(value) => self.operand(value, &[]),
                    None => {
                        let register = self.builder.push(1);
                        self.load_constant(register, &crate::bytecode::Constant::None, position);
                        register
                    }
                };
                self.emit(Op::Return, register, 0, 0, position);
                self.builder.end_path();
            }
            StatementKind::If { branches, otherwise } => self.if_statement(branches, otherwise),
            StatementKind::While { test, body, otherwise } => {
                self.while_statement(test, body, otherwise, statement.span);
            }
            StatementKind::For { target, iterable, body, otherwise } => {
                self.for_statement(target, iterable, body, otherwise, statement.span);
            }
            StatementKind::Break => {
                if let Some(&Loop { done, .. }) = self.loops.last() {
                    self.go(done, position);
                }
            }
            StatementKind::Continue => {
                if let Some(&Loop { again, .. }) = self.loops.last() {
                    self.go(again, position);
                }
            }
            StatementKind::Delete(targets) => targets.iter().for_each(|target| self.delete(target)),
            StatementKind::Assert { test, message } => self.assert(test, message.as_ref(), position),
            StatementKind::Raise { exception, cause } => self.raise(exception.as_ref(), cause.as_ref(), position),
            StatementKind::Import(imports) => imports.iter().for_each(|import| self.import(import, position)),
            StatementKind::ImportFrom { module, names } => self.import_from(*module, names, position),
            StatementKind::Function(function) => {
                let register = match self.variable(function.name) {
                    Variable::Local(local) => self.make_function(function, Want::Into(local), position),
                    _ => self.make_function(function, Want::Fresh, position),
                };
                self.store_name(function.name, register, position);
            }
        }
    }

    fn if_statement(&mut self, branches: &'a [Branch], otherwise: &'a [Statement]) {
        let end = self.builder.new_label();
        for (index, branch) in branches.iter().enumerate() {
            if is_constant(&branch.test, false) {
                continue;
            }
            let next = self.builder.new_label();
            self.condition(&branch.test, false, next, at(branch.span));
            self.statements(&branch.body);
            if index + 1 < branches.len() || !otherwise.is_empty() {
                let position = self.last_position();
                self.go(end, position);
            }
            self.builder.bind(next);
        }
        self.statements(otherwise);
        self.builder.bind(end);
    }

    fn while_statement(
        &mut self,
        test: &'a Expression,
        body: &'a [Statement],
        otherwise: &'a [Statement],
        whole: Span,
    ) {
        if is_constant(test, false) {
            return self.statements(otherwise);
        }
        let (header, exit, done) = (self.builder.new_label(), self.builder.new_label(), self.builder.new_label());
        self.loop_header(header, at(Span { start: whole.start, end: test.span.end }));
        self.condition(test, false, exit, at(whole));
        self.loops.push(Loop { again: header, done });
        self.statements(body);
        self.loops.pop();
        let position = self.last_position();
        self.go(header, position);
        self.builder.bind(exit);
        self.statements(otherwise);
        self.builder.bind(done);
    }

    fn for_statement(
        &mut self,
        target: &'a Expression,
        iterable: &'a Expression,
        body: &'a [Statement],
        otherwise: &'a [Statement],
        whole: Span,
    ) {
        let mark = self.builder.mark();
        let (header, exit, done) = (self.builder.new_label(), self.builder.new_label(), self.builder.new_label());
        let iterator = self.iterator(iterable, at(whole));
        self.loop_header(header, at(Span { start: whole.start, end: iterable.span.end }));
        self.next_item(iterator, target, exit, at(whole));
        self.loops.push(Loop { again: header, done });
        self.statements(body);
        self.loops.pop();
        let position = self.last_position();
        self.go(header, position);
        self.builder.bind(exit);
        self.builder.release(mark);
        self.statements(otherwise);
        self.builder.bind(done);
    }

    /// Starts a loop: what follows is met again, so locals that a `del` may unbind are not sure any more.
    pub(super) fn loop_header(&mut self, header: Label, position: Position) {
        for &symbol in &self.scope.deleted {
            if let Some(register) = self.scope.register(symbol) {
                self.builder.set_assigned(register, false);
            }
        }
        if !self.builder.reachable() {
            return self.builder.bind(header);
        }
        self.builder.bind(header);
        let index = self.builder.loops.len() as u32;
        let index = self.builder.narrow(index);
        self.builder.loops.push(self.builder.instructions.len() as u32);
        self.emit(Op::LoopHeader, index, 0, 0, position);
    }

    /// Iterator state for an iterable, in four temporaries.
    pub(super) fn iterator(&mut self, iterable: &'a Expression, position: Position) -> Register {
        let mark = self.builder.mark();
        let iterable = self.operand(iterable, &[]);
        self.builder.release(mark);
        let iterator = self.builder.push(4);
        self.emit(Op::GetIter, iterator, iterable, 0, position);
        iterator
    }

    /// Assigns the next item to a target, or leaves the loop.
    pub(super) fn next_item(&mut self, iterator: Register, target: &'a Expression, exit: Label, position: Position) {
        let variable = match target.kind {
            ExpressionKind::Name(symbol) => Some(self.variable(symbol)),
            _ => None,
        };
        let mark = self.builder.mark();
        let item = match variable {
            Some(Variable::Local(register) | Variable::Hidden(register)) => register,
            _ => self.builder.push(1),
        };
        self.emit(Op::ForIter, item, iterator, 0, position);
        self.builder.jump(Op::Jump, 0, exit, position);
        self.store(target, item);
        self.builder.release(mark);
    }

    fn delete(&mut self, target: &'a Expression) {
        let position = self.position(target);
        match &target.kind {
            ExpressionKind::Name(symbol) => match self.variable(*symbol) {
                Variable::Local(register) | Variable::Hidden(register) => {
                    let name = self.builder.name(*symbol);
                    self.emit(Op::DeleteLocal, register, name, 0, position);
                    self.builder.set_assigned(register, false);
                }
                Variable::Global => {
                    let global = self.builder.global(*symbol);
                    self.emit(Op::DeleteGlobal, 0, global, 0, position);
                }
            },
            ExpressionKind::Subscript { object, index } => {
                let mark = self.builder.mark();
                let object = self.operand(object, &[index]);
                let index = self.operand(index, &[]);
                self.emit(Op::DeleteItem, object, index, 0, position);
                self.builder.release(mark);
            }
            _ => {}
        }
    }

    fn assert(&mut self, test: &'a Expression, message: Option<&'a Expression>, position: Position) {
        if is_constant(test, true) {
            return;
        }
        let holds = self.builder.new_label();
        let failure = self.position(test);
        self.condition(test, true, holds, position);
        match message {
            Some(message) => {
                let message = self.operand(message, &[]);
                self.emit(Op::AssertFail, message, 0, 0, failure);
            }
            None => self.emit_marked(Op::AssertFail, 1, 0, 0, 0, failure),
        }
        self.builder.end_path();
        self.builder.bind(holds);
    }

    fn raise(&mut self, exception: Option<&'a Expression>, cause: Option<&'a Expression>, position: Position) {
        match (exception, cause) {
            (None, _) => self.emit_marked(Op::Raise, 2, 0, 0, 0, position),
            (Some(exception), None) => {
                let exception = self.operand(exception, &[]);
                self.emit(Op::Raise, exception, exception, 0, position);
            }
            (Some(exception), Some(cause)) => {
                let exception = self.operand(exception, &[cause]);
                let cause = self.operand(cause, &[]);
                self.emit_marked(Op::Raise, 1, exception, cause, 0, position);
            }
        }
        self.builder.end_path();
    }

    fn import(&mut self, import: &Import, position: Position) {
        let mark = self.builder.mark();
        let register = self.variable_or_temporary(import.name);
        let module = self.builder.name(import.module);
        self.emit_marked(Op::Import, u8::from(import.top), register, module, 0, position);
        self.store_name(import.name, register, position);
        self.builder.release(mark);
    }

    fn import_from(&mut self, module: Symbol, names: &[(Symbol, Symbol)], position: Position) {
        let from = self.builder.push(1);
        let module = self.builder.name(module);
        self.emit(Op::Import, from, module, 0, position);
        for &(attribute, name) in names {
            let mark = self.builder.mark();
            let register = self.variable_or_temporary(name);
            let attribute = self.builder.name(attribute);
            self.emit(Op::ImportFrom, register, from, attribute, position);
            self.store_name(name, register, position);
            self.builder.release(mark);
        }
    }

    /// Register where a value for a name can be put before `store_name`.
    pub(super) fn variable_or_temporary(&mut self, symbol: Symbol) -> Register {
        match self.variable(symbol) {
            Variable::Local(register) | Variable::Hidden(register) => register,
            Variable::Global => self.builder.push(1),
        }
    }
}

/// Whether a test is a constant with this truth.
fn is_constant(test: &Expression, truth: bool) -> bool {
    matches!(&test.kind, ExpressionKind::Constant(constant) if fold::truth(constant) == truth)
}
