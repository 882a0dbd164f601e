//! Expressions of the parser to expressions of the tree, constants folded.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Lowerer, span};
use crate::bytecode::{Constant, Op, Span};
use crate::front::error::{Fault, Feature};
use crate::front::fold;
use crate::front::hir::{Clause, Expression, ExpressionKind};

/// Decimal digits CPython lets an integer literal have.
const MOST_DIGITS: usize = 4300;

impl Lowerer<'_> {
    pub(super) fn optional(&mut self, expression: Option<&ast::Expr>) -> Result<Option<Expression>, Fault> {
        expression.map(|expression| self.expression(expression)).transpose()
    }

    fn boxed(&mut self, expression: &ast::Expr) -> Result<Box<Expression>, Fault> {
        self.expression(expression).map(Box::new)
    }

    fn expressions(&mut self, expressions: &[ast::Expr]) -> Result<Vec<Expression>, Fault> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    /// Items of a display, where a star is Python.
    fn items(&mut self, items: &[ast::Expr]) -> Result<Vec<Expression>, Fault> {
        match items.iter().find(|item| item.is_starred_expr()) {
            Some(starred) => Err(Fault::unsupported(Feature::Starred, span(starred.range()))),
            None => self.expressions(items),
        }
    }

    pub(super) fn expression(&mut self, expression: &ast::Expr) -> Result<Expression, Fault> {
        let span = span(expression.range());
        let kind = self.nested(span, |lowerer| lowerer.expression_kind(expression, span))?;
        Ok(Expression { kind: fold::fold(kind), span })
    }

    fn expression_kind(&mut self, expression: &ast::Expr, whole: Span) -> Result<ExpressionKind, Fault> {
        let refuse = |feature| Err(Fault::unsupported(feature, whole));
        Ok(match expression {
            ast::Expr::BoolOp(operation) => {
                let values = self.expressions(&operation.values)?;
                match operation.op {
                    ast::BoolOp::And => ExpressionKind::And(values),
                    ast::BoolOp::Or => ExpressionKind::Or(values),
                }
            }
            ast::Expr::Named(named) => {
                let ast::Expr::Name(target) = &*named.target else {
                    return Err(Fault::syntax("cannot use assignment expressions with expression", whole));
                };
                let name = self.binding(&target.id, span(target.range))?;
                let value = self.boxed(&named.value)?;
                ExpressionKind::Named { name, target: span(target.range), value }
            }
            ast::Expr::BinOp(operation) => {
                let left = self.boxed(&operation.left)?;
                let operator = self.binary_operator(operation.op, whole)?;
                ExpressionKind::Binary { operator, left, right: self.boxed(&operation.right)? }
            }
            ast::Expr::UnaryOp(operation) => {
                let operator = match operation.op {
                    ast::UnaryOp::Invert => Op::Invert,
                    ast::UnaryOp::Not => Op::Not,
                    ast::UnaryOp::UAdd => Op::Plus,
                    ast::UnaryOp::USub => Op::Negate,
                };
                ExpressionKind::Unary { operator, operand: self.boxed(&operation.operand)? }
            }
            ast::Expr::Lambda(lambda) => ExpressionKind::Lambda(Box::new(self.lambda(lambda)?)),
            ast::Expr::If(conditional) => {
                let test = self.boxed(&conditional.test)?;
                let body = self.boxed(&conditional.body)?;
                ExpressionKind::Conditional { test, body, otherwise: self.boxed(&conditional.orelse)? }
            }
            ast::Expr::Dict(_) => return refuse(Feature::DictDisplay),
            ast::Expr::Set(_) => return refuse(Feature::SetDisplay),
            ast::Expr::ListComp(comprehension) => self.comprehension(comprehension)?,
            ast::Expr::SetComp(_) => return refuse(Feature::SetComprehension),
            ast::Expr::DictComp(_) => return refuse(Feature::DictComprehension),
            ast::Expr::Generator(_) => return refuse(Feature::Generator),
            ast::Expr::Await(_) => return self.only_in_function("await", Feature::Await, whole),
            ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => {
                return self.only_in_function("yield", Feature::Yield, whole);
            }
            ast::Expr::Compare(comparison) => {
                let first = self.boxed(&comparison.left)?;
                let mut rest = Vec::with_capacity(comparison.ops.len());
                for (operator, operand) in comparison.ops.iter().zip(&comparison.comparators) {
                    rest.push((comparison_operator(*operator), self.expression(operand)?));
                }
                ExpressionKind::Compare { first, rest }
            }
            ast::Expr::Call(call) => self.call(call)?,
            ast::Expr::FString(string) => self.format_string(string)?,
            ast::Expr::TString(_) => return refuse(Feature::TemplateString),
            ast::Expr::StringLiteral(literal) => {
                self.check_surrogates(&literal.value, whole)?;
                ExpressionKind::Constant(Constant::Str(literal.value.to_str().to_owned()))
            }
            ast::Expr::BytesLiteral(_) => return refuse(Feature::Bytes),
            ast::Expr::NumberLiteral(literal) => match &literal.value {
                ast::Number::Int(value) => ExpressionKind::Constant(integer(value, whole)?),
                ast::Number::Float(value) => ExpressionKind::Constant(Constant::Float(*value)),
                ast::Number::Complex { .. } => return refuse(Feature::Complex),
            },
            ast::Expr::BooleanLiteral(literal) if literal.value => ExpressionKind::Constant(Constant::True),
            ast::Expr::BooleanLiteral(_) => ExpressionKind::Constant(Constant::False),
            ast::Expr::NoneLiteral(_) => ExpressionKind::Constant(Constant::None),
            ast::Expr::EllipsisLiteral(_) => ExpressionKind::Constant(Constant::Ellipsis),
            ast::Expr::Attribute(attribute) => ExpressionKind::Attribute {
                object: self.boxed(&attribute.value)?,
                name: self.symbols.intern(&attribute.attr.id),
                name_span: span(attribute.attr.range),
            },
            ast::Expr::Subscript(subscript) => {
                let object = self.boxed(&subscript.value)?;
                ExpressionKind::Subscript { object, index: self.boxed(&subscript.slice)? }
            }
            ast::Expr::Starred(_) => return Err(Fault::syntax("can't use starred expression here", whole)),
            ast::Expr::Name(name) if name.id.as_str() == "__debug__" => ExpressionKind::Constant(Constant::True),
            ast::Expr::Name(name) => ExpressionKind::Name(self.symbols.intern(&name.id)),
            ast::Expr::List(list) => ExpressionKind::List(self.items(&list.elts)?),
            ast::Expr::Tuple(tuple) => ExpressionKind::Tuple(self.items(&tuple.elts)?),
            ast::Expr::Slice(slice) => ExpressionKind::Slice(Box::new([
                self.optional(slice.lower.as_deref())?,
                self.optional(slice.upper.as_deref())?,
                self.optional(slice.step.as_deref())?,
            ])),
            ast::Expr::IpyEscapeCommand(_) => return Err(Fault::syntax("invalid syntax", whole)),
        })
    }

    /// An expression that is assigned to or deleted.
    pub(super) fn target(&mut self, target: &ast::Expr) -> Result<Expression, Fault> {
        let whole = span(target.range());
        let kind = match target {
            ast::Expr::Name(name) => ExpressionKind::Name(self.binding(&name.id, whole)?),
            ast::Expr::Attribute(_) | ast::Expr::Subscript(_) => return self.expression(target),
            ast::Expr::Tuple(ast::ExprTuple { elts, .. }) | ast::Expr::List(ast::ExprList { elts, .. }) => {
                if let Some(starred) = elts.iter().find(|item| item.is_starred_expr()) {
                    return Err(Fault::unsupported(Feature::Starred, span(starred.range())));
                }
                let items = self.nested(whole, |lowerer| {
                    elts.iter().map(|element| lowerer.target(element)).collect::<Result<_, _>>()
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

    fn only_in_function(&self, keyword: &str, feature: Feature, whole: Span) -> Result<ExpressionKind, Fault> {
        match self.kind {
            crate::front::hir::FunctionKind::Module => {
                Err(Fault::syntax(format!("'{keyword}' outside function"), whole))
            }
            _ => Err(Fault::unsupported(feature, whole)),
        }
    }

    pub(super) fn binary_operator(&self, operator: ast::Operator, whole: Span) -> Result<Op, Fault> {
        Ok(match operator {
            ast::Operator::Add => Op::Add,
            ast::Operator::Sub => Op::Sub,
            ast::Operator::Mult => Op::Mul,
            ast::Operator::MatMult => return Err(Fault::unsupported(Feature::MatrixMultiply, whole)),
            ast::Operator::Div => Op::TrueDiv,
            ast::Operator::Mod => Op::Mod,
            ast::Operator::Pow => Op::Pow,
            ast::Operator::LShift => Op::LeftShift,
            ast::Operator::RShift => Op::RightShift,
            ast::Operator::BitOr => Op::BitOr,
            ast::Operator::BitXor => Op::BitXor,
            ast::Operator::BitAnd => Op::BitAnd,
            ast::Operator::FloorDiv => Op::FloorDiv,
        })
    }

    fn comprehension(&mut self, comprehension: &ast::ExprListComp) -> Result<ExpressionKind, Fault> {
        let element = self.boxed(&comprehension.elt)?;
        let mut clauses = Vec::with_capacity(comprehension.generators.len());
        for generator in &comprehension.generators {
            if generator.is_async {
                return Err(Fault::unsupported(Feature::AsyncComprehension, span(generator.range)));
            }
            let target = self.target(&generator.target)?;
            let iterable = self.expression(&generator.iter)?;
            clauses.push(Clause { target, iterable, tests: self.expressions(&generator.ifs)? });
        }
        Ok(ExpressionKind::ListComprehension { element, clauses })
    }

    fn call(&mut self, call: &ast::ExprCall) -> Result<ExpressionKind, Fault> {
        let function = self.boxed(&call.func)?;
        let mut arguments = Vec::with_capacity(call.arguments.args.len());
        for argument in &call.arguments.args {
            if argument.is_starred_expr() {
                return Err(Fault::unsupported(Feature::StarArgument, span(argument.range())));
            }
            arguments.push(self.expression(argument)?);
        }
        let mut keywords = Vec::with_capacity(call.arguments.keywords.len());
        let mut seen = std::collections::HashSet::new();
        for keyword in &call.arguments.keywords {
            let whole = span(keyword.range);
            let Some(name) = &keyword.arg else {
                return Err(Fault::unsupported(Feature::StarArgument, whole));
            };
            let name = self.binding(&name.id, whole)?;
            if !seen.insert(name) {
                let message = format!("keyword argument repeated: {}", self.symbols.name(name));
                return Err(Fault::syntax(message, whole));
            }
            keywords.push((name, self.expression(&keyword.value)?));
        }
        Ok(ExpressionKind::Call { function, arguments, keywords })
    }
}

fn comparison_operator(operator: ast::CmpOp) -> Op {
    match operator {
        ast::CmpOp::Eq => Op::Equal,
        ast::CmpOp::NotEq => Op::NotEqual,
        ast::CmpOp::Lt => Op::Less,
        ast::CmpOp::LtE => Op::LessEqual,
        ast::CmpOp::Gt => Op::Greater,
        ast::CmpOp::GtE => Op::GreaterEqual,
        ast::CmpOp::Is => Op::Is,
        ast::CmpOp::IsNot => Op::IsNot,
        ast::CmpOp::In => Op::In,
        ast::CmpOp::NotIn => Op::NotIn,
    }
}

fn integer(value: &ast::Int, whole: Span) -> Result<Constant, Fault> {
    if let Some(small) = value.as_i64() {
        return Ok(Constant::Int(small));
    }
    let token = value.to_string().replace('_', "");
    let (radix, digits) = match token.get(..2) {
        Some("0x" | "0X") => (16, &token[2..]),
        Some("0o" | "0O") => (8, &token[2..]),
        Some("0b" | "0B") => (2, &token[2..]),
        _ => (10, token.as_str()),
    };
    if radix == 10 {
        let digits = digits.trim_start_matches('0');
        if digits.len() > MOST_DIGITS {
            let message = format!(
                "Exceeds the limit ({MOST_DIGITS} digits) for integer string conversion: value has {} digits; use \
                 sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals \
                 to avoid decimal conversion limits.",
                digits.len()
            );
            return Err(Fault::syntax(message, whole));
        }
        return Ok(Constant::BigInt(digits.to_owned()));
    }
    match dashu_int::UBig::from_str_radix(digits, radix) {
        Ok(number) => Ok(Constant::BigInt(number.to_string())),
        Err(_) => Err(Fault::syntax("invalid syntax", whole)),
    }
}
