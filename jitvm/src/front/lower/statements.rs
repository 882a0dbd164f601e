//! Statements of the parser to statements of the tree.

use ruff_python_ast as ast;
use ruff_text_size::{Ranged, TextRange};

use super::{Lowerer, span};
use crate::bytecode::Span;
use crate::front::error::Fault;
use crate::front::fold;
use crate::front::hir::{Branch, Case, FunctionKind, Handler, Statement, StatementKind, Try};

const NOT_IN_GROUP: &str = "'break', 'continue' and 'return' cannot appear in an except* block";

impl Lowerer<'_> {
    pub(super) fn statements(&mut self, body: &[ast::Stmt]) -> Result<Vec<Statement>, Fault> {
        let mut statements = Vec::with_capacity(body.len());
        for statement in body {
            self.nested(span(statement.range()), |lowerer| lowerer.statement(statement, &mut statements))?;
        }
        Ok(statements)
    }

    /// A body of a loop.
    fn loop_body(&mut self, body: &[ast::Stmt]) -> Result<Vec<Statement>, Fault> {
        self.context.loops += 1;
        let body = self.statements(body);
        self.context.loops -= 1;
        body
    }

    fn statement(&mut self, statement: &ast::Stmt, out: &mut Vec<Statement>) -> Result<(), Fault> {
        let whole = span(statement.range());
        if !matches!(statement, ast::Stmt::ImportFrom(_)) && !is_docstring(statement) {
            self.at_start = false;
        }
        let mut position = whole;
        let kind = match statement {
            ast::Stmt::FunctionDef(definition) => {
                position = self.after_decorators(&definition.decorator_list, whole);
                self.definition(definition)?
            }
            ast::Stmt::ClassDef(definition) => {
                position = self.after_decorators(&definition.decorator_list, whole);
                self.class(definition)?
            }
            ast::Stmt::Return(return_) => self.return_statement(return_)?,
            ast::Stmt::Delete(delete) => {
                let mut targets = Vec::new();
                for target in &delete.targets {
                    self.delete_target(target, &mut targets)?;
                }
                StatementKind::Delete(targets)
            }
            ast::Stmt::Assign(assign) => {
                let value = self.starred_expression(&assign.value)?;
                let targets = assign.targets.iter().map(|target| self.target(target)).collect::<Result<_, _>>()?;
                StatementKind::Assign { targets, value }
            }
            ast::Stmt::AugAssign(assign) => {
                let target = self.target(&assign.target)?;
                let operator = super::expressions::binary_operator(assign.op);
                let value = self.expression(&assign.value)?;
                StatementKind::AugmentedAssign { target, operator, value }
            }
            ast::Stmt::AnnAssign(assign) => return self.annotated_assignment(assign, out),
            ast::Stmt::For(for_) => {
                let mut iterable = self.expression(&for_.iter)?;
                if for_.is_async {
                    self.check_async("'async for' outside async function", whole)?;
                } else {
                    fold::list_as_tuple(&mut iterable);
                }
                let target = self.target(&for_.target)?;
                let body = self.loop_body(&for_.body)?;
                let otherwise = self.statements(&for_.orelse)?;
                StatementKind::For { is_async: for_.is_async, target, iterable, body, otherwise }
            }
            ast::Stmt::While(while_) => {
                let before = self.warnings.len();
                let test = self.expression(&while_.test)?;
                let behind = self.warnings.len();
                let body = self.loop_body(&while_.body)?;
                // The test is compiled again at the end.
                self.warnings.extend_from_within(before..behind);
                StatementKind::While { test, body, otherwise: self.statements(&while_.orelse)? }
            }
            ast::Stmt::If(if_) => self.if_statement(if_)?,
            ast::Stmt::With(with) => {
                if with.is_async {
                    self.check_async("'async with' outside async function", whole)?;
                }
                let mut items = Vec::with_capacity(with.items.len());
                for item in &with.items {
                    let value = self.expression(&item.context_expr)?;
                    let target = item.optional_vars.as_deref().map(|target| self.target(target)).transpose()?;
                    items.push((value, target));
                }
                StatementKind::With { is_async: with.is_async, items, body: self.statements(&with.body)? }
            }
            ast::Stmt::Match(match_) => {
                let subject = self.starred_expression(&match_.subject)?;
                let mut cases = Vec::with_capacity(match_.cases.len());
                for (index, case) in match_.cases.iter().enumerate() {
                    let last = index + 1 == match_.cases.len();
                    let pattern = self.case_pattern(&case.pattern, case.guard.is_none() && !last)?;
                    let guard = self.optional(case.guard.as_deref())?;
                    cases.push(Case { pattern, guard, body: self.statements(&case.body)? });
                }
                StatementKind::Match { subject, cases }
            }
            ast::Stmt::Raise(raise) => StatementKind::Raise {
                exception: self.optional(raise.exc.as_deref())?,
                cause: self.optional(raise.cause.as_deref())?,
            },
            ast::Stmt::Try(try_) => self.try_statement(try_)?,
            ast::Stmt::Assert(assert) => {
                self.suspect_assertion(assert);
                let test = self.expression(&assert.test)?;
                StatementKind::Assert { test, message: self.optional(assert.msg.as_deref())? }
            }
            ast::Stmt::Import(import) => self.import(import)?,
            ast::Stmt::ImportFrom(import) => self.import_from(import)?,
            ast::Stmt::Global(global) => {
                StatementKind::Global(global.names.iter().map(|name| self.name(&name.id)).collect())
            }
            ast::Stmt::Nonlocal(nonlocal) => {
                StatementKind::Nonlocal(nonlocal.names.iter().map(|name| self.name(&name.id)).collect())
            }
            ast::Stmt::Expr(expression) => StatementKind::Expression(self.starred_expression(&expression.value)?),
            ast::Stmt::Pass(_) => StatementKind::Pass,
            ast::Stmt::Break(_) => {
                self.check_loop("'break' outside loop", whole)?;
                StatementKind::Break
            }
            ast::Stmt::Continue(_) => {
                self.check_loop("'continue' not properly in loop", whole)?;
                StatementKind::Continue
            }
            ast::Stmt::TypeAlias(_) | ast::Stmt::IpyEscapeCommand(_) => {
                return Err(Fault::syntax("invalid syntax", whole));
            }
        };
        out.push(Statement { kind, span: position });
        Ok(())
    }

    fn check_loop(&self, message: &str, whole: Span) -> Result<(), Fault> {
        match self.context.loops {
            0 if self.context.in_group => Err(Fault::syntax(NOT_IN_GROUP, whole)),
            0 => Err(Fault::syntax(message, whole)),
            _ => Ok(()),
        }
    }

    fn check_async(&self, message: &str, whole: Span) -> Result<(), Fault> {
        if self.context.is_async { Ok(()) } else { Err(Fault::syntax(message, whole)) }
    }

    fn return_statement(&mut self, return_: &ast::StmtReturn) -> Result<StatementKind, Fault> {
        let whole = span(return_.range);
        if self.context.kind != FunctionKind::Definition {
            return Err(Fault::syntax("'return' outside function", whole));
        }
        if self.context.in_group {
            return Err(Fault::syntax(NOT_IN_GROUP, whole));
        }
        let value = return_.value.as_deref().map(|value| self.starred_expression(value)).transpose()?;
        if value.is_some() && self.context.returns.is_none() {
            self.context.returns = Some(whole);
        }
        Ok(StatementKind::Return(value))
    }

    fn if_statement(&mut self, if_: &ast::StmtIf) -> Result<StatementKind, Fault> {
        let end = if_.range.end();
        let test = self.expression(&if_.test)?;
        let mut branches = vec![Branch { span: span(if_.range), test, body: self.statements(&if_.body)? }];
        let mut otherwise = Vec::new();
        for clause in &if_.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    let test = self.expression(test)?;
                    let span = span(TextRange::new(clause.range.start(), end));
                    branches.push(Branch { span, test, body: self.statements(&clause.body)? });
                }
                None => otherwise = self.statements(&clause.body)?,
            }
        }
        Ok(StatementKind::If { branches, otherwise })
    }

    fn try_statement(&mut self, try_: &ast::StmtTry) -> Result<StatementKind, Fault> {
        let body = self.statements(&try_.body)?;
        let before = self.warnings.len();
        let mut handlers = Vec::with_capacity(try_.handlers.len());
        for (index, ast::ExceptHandler::ExceptHandler(handler)) in try_.handlers.iter().enumerate() {
            if handler.type_.is_none() && index + 1 < try_.handlers.len() {
                let mut span = self.keyword(handler.range);
                let colon = self.text[span.end as usize..].find(':').unwrap_or(0) as u32;
                span.end += colon + 1;
                return Err(Fault::syntax("default 'except:' must be last", span));
            }
            let class = self.optional(handler.type_.as_deref())?;
            let name = handler.name.as_ref().map(|name| self.identifier_binding(name)).transpose()?;
            let body = if try_.is_star { self.group_body(&handler.body)? } else { self.statements(&handler.body)? };
            handlers.push(Handler { span: span(handler.range), class, name, body });
        }
        let behind = self.warnings.len();
        let otherwise = self.statements(&try_.orelse)?;
        self.warned_of_later(before, behind);
        let before = self.warnings.len();
        let finally = self.statements(&try_.finalbody)?;
        // It is compiled once for each of two ways to come there.
        self.warnings.extend_from_within(before..);
        Ok(StatementKind::Try(Box::new(Try { body, handlers, is_group: try_.is_star, otherwise, finally })))
    }

    /// The body of an `except*`, which must not be left by a jump.
    fn group_body(&mut self, body: &[ast::Stmt]) -> Result<Vec<Statement>, Fault> {
        let outer = (std::mem::take(&mut self.context.loops), std::mem::replace(&mut self.context.in_group, true));
        let body = self.statements(body);
        (self.context.loops, self.context.in_group) = outer;
        body
    }

    /// The docstring of a body.
    pub(super) fn docstring(&self, body: &[ast::Stmt]) -> Option<String> {
        match body.first()? {
            ast::Stmt::Expr(expression) => match &*expression.value {
                ast::Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
                _ => None,
            },
            _ => None,
        }
    }
}

fn is_docstring(statement: &ast::Stmt) -> bool {
    matches!(statement, ast::Stmt::Expr(expression) if expression.value.is_string_literal_expr())
}
