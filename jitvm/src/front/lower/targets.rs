//! What is assigned to or deleted.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Lowerer, span};
use crate::front::error::Fault;
use crate::front::hir::{Expression, ExpressionKind};

impl Lowerer<'_> {
    /// An expression that is assigned to or deleted.
    pub(super) fn target(&mut self, target: &ast::Expr) -> Result<Expression, Fault> {
        let whole = span(target.range());
        let kind = match target {
            ast::Expr::Name(name) => ExpressionKind::Name(self.binding(&name.id, whole)?),
            ast::Expr::Attribute(attribute) if attribute.attr.id.as_str() == "__debug__" => {
                return Err(Fault::syntax("cannot assign to __debug__", whole));
            }
            ast::Expr::Attribute(_) | ast::Expr::Subscript(_) => return self.expression(target),
            ast::Expr::Tuple(ast::ExprTuple { elts, .. }) | ast::Expr::List(ast::ExprList { elts, .. }) => {
                if elts.iter().filter(|item| item.is_starred_expr()).count() > 1 {
                    return Err(Fault::syntax("multiple starred expressions in assignment", whole));
                }
                let items = self.nested(whole, |lowerer| {
                    elts.iter().map(|element| lowerer.item_target(element)).collect::<Result<_, _>>()
                })?;
                ExpressionKind::Tuple(items)
            }
            ast::Expr::Starred(_) => {
                return Err(Fault::syntax("starred assignment target must be in a list or tuple", whole));
            }
            _ => return Err(Fault::syntax("cannot assign to expression", whole)),
        };
        Ok(Expression { kind, span: whole })
    }

    fn item_target(&mut self, target: &ast::Expr) -> Result<Expression, Fault> {
        let ast::Expr::Starred(starred) = target else { return self.target(target) };
        let item = self.target(&starred.value)?;
        Ok(Expression { kind: ExpressionKind::Starred(Box::new(item)), span: span(starred.range) })
    }

    pub(super) fn delete_target(&mut self, target: &ast::Expr, out: &mut Vec<Expression>) -> Result<(), Fault> {
        match target {
            ast::Expr::Tuple(ast::ExprTuple { elts, .. }) | ast::Expr::List(ast::ExprList { elts, .. }) => self
                .nested(span(target.range()), |lowerer| {
                    elts.iter().try_for_each(|element| lowerer.delete_target(element, out))
                }),
            ast::Expr::Starred(_) => Err(Fault::syntax("cannot delete starred", span(target.range()))),
            ast::Expr::Name(name) if name.id.as_str() == "__debug__" => {
                Err(Fault::syntax("cannot delete __debug__", span(target.range())))
            }
            _ => {
                out.push(self.target(target)?);
                Ok(())
            }
        }
    }
}
