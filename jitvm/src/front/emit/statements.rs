//! Statements to instructions.

use super::blocks::Block;
use super::builder::Register;
use super::flow::Label;
use super::{Emitter, Want, at};
use crate::bytecode::{Constant, Op, Position, Span};
use crate::front::fold;
use crate::front::hir::{Branch, Expression, ExpressionKind, Statement, StatementKind, Symbol};

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
            StatementKind::Expression(value) if self.program.shows_values && self.function.id == 0 => {
                let value = self.operand(value, &[]);
                self.emit(Op::Display, value, 0, 0, position);
            }
            StatementKind::Expression(Expression { kind: ExpressionKind::Constant(_), .. })
            | StatementKind::Declare(_)
            | StatementKind::Pass
            | StatementKind::Global(_)
            | StatementKind::Nonlocal(_) => {}
            StatementKind::Expression(value) => _ = self.value(value, Want::Any),
            StatementKind::Assign { targets, value } => self.assign(targets, value),
            StatementKind::AugmentedAssign { target, operator, value } => {
                self.augmented_assign(target, *operator, value, position);
            }
            StatementKind::Annotate { name, annotation } => self.annotate(*name, annotation, position),
            StatementKind::Return(value) => self.return_statement(value.as_ref(), position),
            StatementKind::If { branches, otherwise } => self.if_statement(branches, otherwise),
            StatementKind::While { test, body, otherwise } => {
                self.while_statement(test, body, otherwise, statement.span);
            }
            StatementKind::For { is_async, target, iterable, body, otherwise } => {
                if *is_async {
                    self.async_for_statement(target, iterable, body, otherwise, statement.span);
                } else {
                    self.for_statement(target, iterable, body, otherwise, statement.span);
                }
            }
            StatementKind::Break => self.leave_for(true, position),
            StatementKind::Continue => self.leave_for(false, position),
            StatementKind::Delete(targets) => targets.iter().for_each(|target| self.delete(target)),
            StatementKind::Assert { test, message } => self.assert(test, message.as_ref(), position),
            StatementKind::Raise { exception, cause } => self.raise(exception.as_ref(), cause.as_ref(), position),
            StatementKind::Import(imports) => imports.iter().for_each(|import| self.import(import, position)),
            StatementKind::ImportFrom { module, level, names } => self.import_from(*module, *level, names, position),
            StatementKind::ImportStar { module, level } => self.import_star(*module, *level, position),
            StatementKind::Function(function) => self.definition(function, position),
            StatementKind::Class(class) => self.class(class, position),
            StatementKind::Try(try_) => self.try_statement(try_, position),
            StatementKind::With { is_async, items, body } => self.with_statement(items, body, *is_async, position),
            StatementKind::Match { subject, cases } => self.match_statement(subject, cases, position),
        }
    }

    fn return_statement(&mut self, value: Option<&'a Expression>, position: Position) {
        let register = match value {
            // What is done on the way out must not change the value.
            Some(value) if self.returns_through_code() => self.value(value, Want::Fresh),
            Some(value) => self.operand(value, &[]),
            None => {
                let register = self.builder.push(1);
                self.load_constant(register, &Constant::None, position);
                register
            }
        };
        let left = self.unwind(0, position);
        self.emit(Op::Return, register, 0, 0, position);
        self.builder.end_path();
        self.rewind(left);
    }

    /// Evaluates an annotation; that of a name goes to `__annotations__`.
    fn annotate(&mut self, name: Option<Symbol>, annotation: &'a Expression, position: Position) {
        let value = self.operand(annotation, &[]);
        if let Some(name) = name {
            let annotations = self.implicit("__annotations__");
            let annotations = self.name(annotations, Want::Fresh, position);
            let key = self.builder.push(1);
            let text = Constant::Str(self.program.symbols.name(name).to_owned());
            self.load_constant(key, &text, position);
            self.emit(Op::SetItem, annotations, key, value, position);
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
        self.enter(Block::Loop { again: header, done }, at(whole));
        self.statements(body);
        self.leave_loop();
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
        self.enter(Block::Loop { again: header, done }, at(whole));
        self.statements(body);
        self.leave_loop();
        let position = self.last_position();
        self.go(header, position);
        self.builder.bind(exit);
        self.builder.release(mark);
        self.statements(otherwise);
        self.builder.bind(done);
    }

    fn async_for_statement(
        &mut self,
        target: &'a Expression,
        iterable: &'a Expression,
        body: &'a [Statement],
        otherwise: &'a [Statement],
        whole: Span,
    ) {
        let mark = self.builder.mark();
        let (header, done) = (self.builder.new_label(), self.builder.new_label());
        let iterator = self.async_iterator(iterable, at(whole));
        self.loop_header(header, at(Span { start: whole.start, end: iterable.span.end }));
        let range = self.next_async_item(iterator, target, at(whole));
        self.enter(Block::Loop { again: header, done }, at(whole));
        self.statements(body);
        self.leave_loop();
        let position = self.last_position();
        self.go(header, position);
        self.async_end(range, at(whole));
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
        self.header_here(position);
    }

    /// A LOOP_HEADER, where a trace may begin.
    pub(super) fn header_here(&mut self, position: Position) {
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
            ExpressionKind::Name(symbol) => self.variable_register(symbol),
            _ => None,
        };
        let mark = self.builder.mark();
        let item = variable.unwrap_or_else(|| self.builder.push(1));
        self.emit(Op::ForIter, item, iterator, 0, position);
        self.builder.jump(Op::Jump, 0, exit, position);
        self.store(target, item);
        self.builder.release(mark);
    }

    fn delete(&mut self, target: &'a Expression) {
        let position = self.position(target);
        match &target.kind {
            ExpressionKind::Name(symbol) => self.delete_name(*symbol, position),
            ExpressionKind::Attribute { object, name, .. } => {
                let mark = self.builder.mark();
                let object = self.operand(object, &[]);
                let name = self.builder.name(*name);
                self.emit(Op::DeleteAttr, object, name, 0, position);
                self.builder.release(mark);
            }
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
        let failure = last_comparison(test).map_or(position, |comparison| self.position(comparison));
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

    /// Register where a value for a name can be put before `store_name`.
    pub(super) fn variable_or_temporary(&mut self, symbol: Symbol) -> Register {
        self.variable_register(symbol).unwrap_or_else(|| self.builder.push(1))
    }
}

/// Whether a test is a constant with this truth.
fn is_constant(test: &Expression, truth: bool) -> bool {
    matches!(&test.kind, ExpressionKind::Constant(constant) if fold::truth(constant) == truth)
}

/// The comparison that is compiled last of those that a test consists of: CPython's place of a failed assertion, beside the
/// statement.
fn last_comparison(test: &Expression) -> Option<&Expression> {
    match &test.kind {
        ExpressionKind::Compare { .. } => Some(test),
        ExpressionKind::Unary { operator: Op::Not, operand } => last_comparison(operand),
        ExpressionKind::And(values) | ExpressionKind::Or(values) => values.iter().rev().find_map(last_comparison),
        ExpressionKind::Conditional { test, body, otherwise } => {
            [otherwise, body, test].into_iter().find_map(|part| last_comparison(part))
        }
        _ => None,
    }
}
