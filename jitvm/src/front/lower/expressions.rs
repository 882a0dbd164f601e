//! Expressions of the parser to expressions of the tree, constants folded.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::comprehensions::Parsed;
use super::{Lowerer, span};
use crate::bytecode::{Constant, Op, Span};
use crate::front::error::Fault;
use crate::front::fold;
use crate::front::hir::{ComprehensionKind, Expression, ExpressionKind, Keyword};

/// Decimal digits CPython lets an integer literal have.
const MOST_DIGITS: usize = 4300;

impl Lowerer<'_> {
    pub(super) fn optional(&mut self, expression: Option<&ast::Expr>) -> Result<Option<Expression>, Fault> {
        expression.map(|expression| self.expression(expression)).transpose()
    }

    fn boxed(&mut self, expression: &ast::Expr) -> Result<Box<Expression>, Fault> {
        self.expression(expression).map(Box::new)
    }

    pub(super) fn expressions(&mut self, expressions: &[ast::Expr]) -> Result<Vec<Expression>, Fault> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    /// Items of a display or arguments of a call, where a star is Python.
    fn items(&mut self, items: &[ast::Expr]) -> Result<Vec<Expression>, Fault> {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &ast::Expr) -> Result<Expression, Fault> {
        let ast::Expr::Starred(starred) = item else { return self.expression(item) };
        let whole = span(starred.range);
        let value = self.nested(whole, |lowerer| lowerer.expression(&starred.value))?;
        Ok(Expression { kind: ExpressionKind::Starred(Box::new(value)), span: whole })
    }

    pub(super) fn expression(&mut self, expression: &ast::Expr) -> Result<Expression, Fault> {
        let span = span(expression.range());
        let kind = self.nested(span, |lowerer| lowerer.expression_kind(expression, span))?;
        Ok(Expression { kind: fold::fold(kind), span })
    }

    fn expression_kind(&mut self, expression: &ast::Expr, whole: Span) -> Result<ExpressionKind, Fault> {
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
                let operator = binary_operator(operation.op);
                ExpressionKind::Binary { operator, left, right: self.boxed(&operation.right)? }
            }
            ast::Expr::UnaryOp(operation) => {
                let operator = match operation.op {
                    ast::UnaryOp::Invert => Op::Invert,
                    ast::UnaryOp::Not => Op::Not,
                    ast::UnaryOp::UAdd => Op::Plus,
                    ast::UnaryOp::USub => Op::Negate,
                };
                let warnings = self.warnings.len();
                let operand = self.boxed(&operation.operand)?;
                if operator == Op::Not {
                    self.suspect_negation(&operation.operand, warnings);
                }
                ExpressionKind::Unary { operator, operand }
            }
            ast::Expr::Lambda(lambda) => ExpressionKind::Lambda(Box::new(self.lambda(lambda)?)),
            ast::Expr::If(conditional) => {
                let test = self.boxed(&conditional.test)?;
                let body = self.boxed(&conditional.body)?;
                ExpressionKind::Conditional { test, body, otherwise: self.boxed(&conditional.orelse)? }
            }
            ast::Expr::Dict(dict) => {
                let mut items = Vec::with_capacity(dict.items.len());
                for item in &dict.items {
                    items.push((self.optional(item.key.as_ref())?, self.expression(&item.value)?));
                }
                ExpressionKind::Dict(items)
            }
            ast::Expr::Set(set) => ExpressionKind::Set(self.items(&set.elts)?),
            ast::Expr::ListComp(ast::ExprListComp { elt, generators, .. }) => {
                let kind = ComprehensionKind::List;
                self.comprehension(&Parsed { kind, key: None, element: elt, generators }, whole)?
            }
            ast::Expr::SetComp(ast::ExprSetComp { elt, generators, .. }) => {
                let kind = ComprehensionKind::Set;
                self.comprehension(&Parsed { kind, key: None, element: elt, generators }, whole)?
            }
            ast::Expr::DictComp(ast::ExprDictComp { key, value, generators, .. }) => {
                let (kind, key) = (ComprehensionKind::Dict, key.as_deref());
                self.comprehension(&Parsed { kind, key, element: value, generators }, whole)?
            }
            ast::Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                let kind = ComprehensionKind::Generator;
                self.comprehension(&Parsed { kind, key: None, element: elt, generators }, whole)?
            }
            ast::Expr::Await(await_) => {
                self.check_await(whole)?;
                ExpressionKind::Await(self.boxed(&await_.value)?)
            }
            ast::Expr::Yield(yield_) => {
                self.check_yield(false, whole)?;
                let value = yield_.value.as_deref().map(|value| self.starred_expression(value)).transpose()?;
                ExpressionKind::Yield(value.map(Box::new))
            }
            ast::Expr::YieldFrom(yield_) => {
                self.check_yield(true, whole)?;
                ExpressionKind::YieldFrom(self.boxed(&yield_.value)?)
            }
            ast::Expr::Compare(comparison) => {
                let warnings = self.warnings.len();
                let first = self.boxed(&comparison.left)?;
                let mut rest = Vec::with_capacity(comparison.ops.len());
                for (operator, operand) in comparison.ops.iter().zip(&comparison.comparators) {
                    rest.push((comparison_operator(*operator), self.expression(operand)?));
                }
                self.suspect_comparison(comparison, warnings, &first, &rest);
                ExpressionKind::Compare { first, rest }
            }
            ast::Expr::Call(call) => self.call(call)?,
            ast::Expr::FString(string) => self.format_string(string)?,
            ast::Expr::TString(_) => return Err(Fault::syntax("invalid syntax", whole)),
            ast::Expr::StringLiteral(literal) => ExpressionKind::Constant(self.string(&literal.value)),
            ast::Expr::BytesLiteral(literal) => {
                let bytes = literal.value.iter().flat_map(|part| part.value.iter().copied());
                ExpressionKind::Constant(Constant::Bytes(bytes.collect()))
            }
            ast::Expr::NumberLiteral(literal) => match &literal.value {
                ast::Number::Int(value) => ExpressionKind::Constant(integer(value, whole)?),
                ast::Number::Float(value) => ExpressionKind::Constant(Constant::Float(*value)),
                ast::Number::Complex { real, imag } => ExpressionKind::Constant(Constant::Complex(*real, *imag)),
            },
            ast::Expr::BooleanLiteral(literal) if literal.value => ExpressionKind::Constant(Constant::True),
            ast::Expr::BooleanLiteral(_) => ExpressionKind::Constant(Constant::False),
            ast::Expr::NoneLiteral(_) => ExpressionKind::Constant(Constant::None),
            ast::Expr::EllipsisLiteral(_) => ExpressionKind::Constant(Constant::Ellipsis),
            ast::Expr::Attribute(attribute) => ExpressionKind::Attribute {
                object: self.boxed(&attribute.value)?,
                name: self.name(&attribute.attr.id),
                name_span: span(attribute.attr.range),
            },
            ast::Expr::Subscript(subscript) => {
                if subscript.ctx.is_load() {
                    self.suspect_subscript(subscript);
                }
                let object = self.boxed(&subscript.value)?;
                ExpressionKind::Subscript { object, index: self.boxed(&subscript.slice)? }
            }
            ast::Expr::Starred(_) => return Err(Fault::syntax("can't use starred expression here", whole)),
            ast::Expr::Name(name) if name.id.as_str() == "__debug__" => ExpressionKind::Constant(Constant::True),
            ast::Expr::Name(name) => ExpressionKind::Name(self.name(&name.id)),
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

    fn call(&mut self, call: &ast::ExprCall) -> Result<ExpressionKind, Fault> {
        self.suspect_call(call);
        let function = self.boxed(&call.func)?;
        let (arguments, keywords) = self.arguments(&call.arguments)?;
        Ok(ExpressionKind::Call { function, arguments, keywords })
    }

    /// Arguments of a call or a class statement.
    pub(super) fn arguments(&mut self, arguments: &ast::Arguments) -> Result<(Vec<Expression>, Vec<Keyword>), Fault> {
        let positional = self.items(&arguments.args)?;
        let mut keywords = Vec::with_capacity(arguments.keywords.len());
        let mut seen = std::collections::HashSet::new();
        for keyword in &arguments.keywords {
            let whole = span(keyword.range);
            let name = keyword.arg.as_ref().map(|name| self.binding(&name.id, whole)).transpose()?;
            if let Some(name) = name
                && !seen.insert(name)
            {
                let message = format!("keyword argument repeated: {}", self.symbols.name(name));
                return Err(Fault::syntax(message, whole));
            }
            keywords.push(Keyword { name, value: self.expression(&keyword.value)? });
        }
        Ok((positional, keywords))
    }
}

pub(super) fn binary_operator(operator: ast::Operator) -> Op {
    match operator {
        ast::Operator::Add => Op::Add,
        ast::Operator::Sub => Op::Sub,
        ast::Operator::Mult => Op::Mul,
        ast::Operator::MatMult => Op::MatMul,
        ast::Operator::Div => Op::TrueDiv,
        ast::Operator::Mod => Op::Mod,
        ast::Operator::Pow => Op::Pow,
        ast::Operator::LShift => Op::LeftShift,
        ast::Operator::RShift => Op::RightShift,
        ast::Operator::BitOr => Op::BitOr,
        ast::Operator::BitXor => Op::BitXor,
        ast::Operator::BitAnd => Op::BitAnd,
        ast::Operator::FloorDiv => Op::FloorDiv,
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
