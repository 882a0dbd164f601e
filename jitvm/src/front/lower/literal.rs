//! What `ast.literal_eval` accepts: decided on the parser's tree, since the lowered one has its constants folded.

use ruff_python_ast::{self as ast, Expr, Mod, Number, Operator, UnaryOp};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::Lowerer;
use crate::bytecode::Constant;
use crate::front::hir::ExpressionKind;

/// What keeps an expression from being a literal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// A node of this name of CPython's module `ast`, on this line (the first is 1).
    Node(&'static str, usize),
    /// The missing key of a `**mapping` in a dict.
    NoKey,
}

/// A literal or a display of literals.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    Constant(Constant),
    /// `+` or `-` (true) before a number.
    Signed(bool, Box<Literal>),
    /// A real number plus or minus (true) an imaginary one.
    Sum(bool, Box<[Literal; 2]>),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Set(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// The literal that a text is.
///
/// # Errors
/// It does not parse (`Err(None)`), or something in it is no literal: the first such part, in the order in which CPython
/// looks.
pub fn read(text: &str) -> Result<Literal, Option<Malformed>> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Expression).with_target_version(super::VERSION));
    let mut warnings = Vec::new();
    let checked = super::syntax::check(text, parsed.errors(), parsed.tokens(), &[], None, &mut warnings)
        .and_then(|()| super::versions::check(text, parsed.tokens(), parsed.unsupported_syntax_errors()));
    let result = match (checked, parsed.syntax()) {
        (Ok(()), Mod::Expression(expression)) => match (Check { text }).any(&expression.body) {
            Ok(()) => Reader { lowerer: Lowerer::new(text, warnings) }.any(&expression.body).ok_or(None),
            Err(malformed) => Err(Some(malformed)),
        },
        _ => Err(None),
    };
    // Dropping a deep tree recurses.
    if result.is_err() {
        std::mem::forget(parsed);
    }
    result
}

/// Makes the literal of an expression that was checked.
struct Reader<'a> {
    lowerer: Lowerer<'a>,
}

impl Reader<'_> {
    fn all(&mut self, nodes: &[Expr]) -> Option<Vec<Literal>> {
        nodes.iter().map(|node| self.any(node)).collect()
    }

    fn any(&mut self, node: &Expr) -> Option<Literal> {
        Some(match node {
            Expr::Tuple(tuple) => Literal::Tuple(self.all(&tuple.elts)?),
            Expr::List(list) => Literal::List(self.all(&list.elts)?),
            Expr::Set(set) => Literal::Set(self.all(&set.elts)?),
            Expr::Call(_) => Literal::Set(Vec::new()),
            Expr::Dict(dict) => {
                let mut items = Vec::with_capacity(dict.items.len());
                for item in &dict.items {
                    items.push((self.any(item.key.as_ref()?)?, self.any(&item.value)?));
                }
                Literal::Dict(items)
            }
            Expr::UnaryOp(operation) => {
                Literal::Signed(operation.op == UnaryOp::USub, Box::new(self.any(&operation.operand)?))
            }
            Expr::BinOp(operation) => {
                let parts = [self.any(&operation.left)?, self.any(&operation.right)?];
                Literal::Sum(operation.op == Operator::Sub, Box::new(parts))
            }
            _ => match self.lowerer.expression(node).ok()?.kind {
                ExpressionKind::Constant(constant) => Literal::Constant(constant),
                _ => return None,
            },
        })
    }
}

struct Check<'a> {
    text: &'a str,
}

/// The kinds of number that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Real,
    Complex,
}

impl Check<'_> {
    fn refuse<T>(&self, node: &Expr) -> Result<T, Malformed> {
        let before = &self.text[..node.range().start().to_usize()];
        Err(Malformed::Node(node_name(node), 1 + before.matches('\n').count()))
    }

    fn all(&self, nodes: &[Expr]) -> Result<(), Malformed> {
        nodes.iter().try_for_each(|node| self.any(node))
    }

    fn any(&self, node: &Expr) -> Result<(), Malformed> {
        match node {
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_) => Ok(()),
            Expr::Tuple(tuple) => self.all(&tuple.elts),
            Expr::List(list) => self.all(&list.elts),
            Expr::Set(set) => self.all(&set.elts),
            Expr::Call(call) if call.arguments.is_empty() && is_set(&call.func) => Ok(()),
            Expr::Dict(dict) => {
                // All the keys come first.
                for item in &dict.items {
                    self.any(item.key.as_ref().ok_or(Malformed::NoKey)?)?;
                }
                dict.items.iter().try_for_each(|item| self.any(&item.value))
            }
            Expr::BinOp(operation) if matches!(operation.op, Operator::Add | Operator::Sub) => {
                let left = self.signed(&operation.left)?;
                let right = self.number(&operation.right)?;
                if (left, right) == (Kind::Real, Kind::Complex) { Ok(()) } else { self.refuse(node) }
            }
            _ => self.signed(node).map(drop),
        }
    }

    fn signed(&self, node: &Expr) -> Result<Kind, Malformed> {
        match node {
            Expr::UnaryOp(operation) if matches!(operation.op, UnaryOp::UAdd | UnaryOp::USub) => {
                self.number(&operation.operand)
            }
            _ => self.number(node),
        }
    }

    fn number(&self, node: &Expr) -> Result<Kind, Malformed> {
        match node {
            Expr::NumberLiteral(ast::ExprNumberLiteral { value: Number::Complex { .. }, .. }) => Ok(Kind::Complex),
            Expr::NumberLiteral(_) => Ok(Kind::Real),
            _ => self.refuse(node),
        }
    }
}

fn is_set(function: &Expr) -> bool {
    matches!(function, Expr::Name(name) if name.id.as_str() == "set")
}

/// The class of CPython's module `ast`.
fn node_name(node: &Expr) -> &'static str {
    match node {
        Expr::BoolOp(_) => "BoolOp",
        Expr::Named(_) => "NamedExpr",
        Expr::BinOp(_) => "BinOp",
        Expr::UnaryOp(_) => "UnaryOp",
        Expr::Lambda(_) => "Lambda",
        Expr::If(_) => "IfExp",
        Expr::Dict(_) => "Dict",
        Expr::Set(_) => "Set",
        Expr::ListComp(_) => "ListComp",
        Expr::SetComp(_) => "SetComp",
        Expr::DictComp(_) => "DictComp",
        Expr::Generator(_) => "GeneratorExp",
        Expr::Await(_) => "Await",
        Expr::Yield(_) => "Yield",
        Expr::YieldFrom(_) => "YieldFrom",
        Expr::Compare(_) => "Compare",
        Expr::Call(_) => "Call",
        Expr::FString(_) | Expr::TString(_) => "JoinedStr",
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_) => "Constant",
        Expr::Attribute(_) => "Attribute",
        Expr::Subscript(_) => "Subscript",
        Expr::Starred(_) => "Starred",
        Expr::Name(_) | Expr::IpyEscapeCommand(_) => "Name",
        Expr::List(_) => "List",
        Expr::Tuple(_) => "Tuple",
        Expr::Slice(_) => "Slice",
    }
}
