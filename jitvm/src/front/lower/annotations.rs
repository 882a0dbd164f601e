//! Annotations: evaluated as 3.11 does, or kept as text where `from __future__ import annotations` says so.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Lowerer, span};
use crate::bytecode::Constant;
use crate::front::error::Fault;
use crate::front::hir::{Expression, ExpressionKind, FunctionKind, Statement, StatementKind};

impl Lowerer<'_> {
    /// The value of an annotation.
    pub(super) fn annotation(&mut self, annotation: &ast::Expr) -> Result<Expression, Fault> {
        let whole = span(annotation.range());
        if self.textual_annotations {
            let text = super::unparse::unparse(self.text, annotation);
            return Ok(Expression { kind: ExpressionKind::Constant(Constant::Str(text)), span: whole });
        }
        match annotation {
            ast::Expr::Starred(starred) => {
                let value = self.expression(&starred.value)?;
                Ok(Expression { kind: ExpressionKind::Starred(Box::new(value)), span: whole })
            }
            _ => self.expression(annotation),
        }
    }

    pub(super) fn annotated_assignment(
        &mut self,
        assign: &ast::StmtAnnAssign,
        out: &mut Vec<Statement>,
    ) -> Result<(), Fault> {
        let whole = span(assign.range);
        let target = self.target(&assign.target)?;
        let value = assign.value.as_deref().map(|value| self.starred_expression(value)).transpose()?;
        let evaluates =
            matches!(self.context.kind, FunctionKind::Module | FunctionKind::Namespace | FunctionKind::Class);
        let mut name = None;
        if let (ExpressionKind::Name(target), true) = (&target.kind, assign.simple) {
            out.push(Statement { kind: StatementKind::Declare(*target), span: whole });
            name = Some(*target);
        }
        match value {
            Some(value) => {
                let kind = StatementKind::Assign { targets: vec![target], value };
                out.push(Statement { kind, span: whole });
            }
            None => {
                let evaluated = match target.kind {
                    ExpressionKind::Attribute { object, .. } => vec![*object],
                    ExpressionKind::Subscript { object, index } => vec![*object, *index],
                    _ => Vec::new(),
                };
                let statement = |value: Expression| Statement { kind: StatementKind::Expression(value), span: whole };
                out.extend(evaluated.into_iter().map(statement));
            }
        }
        if evaluates && (name.is_some() || !self.textual_annotations) {
            self.context.annotates |= name.is_some();
            let annotation = self.annotation(&assign.annotation)?;
            out.push(Statement { kind: StatementKind::Annotate { name, annotation }, span: whole });
        }
        Ok(())
    }
}
