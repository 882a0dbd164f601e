//! What `ast.literal_eval` accepts: decided on the parser's tree, since the lowered one has its constants folded.

use ruff_python_ast::{self as ast, Expr, Mod, Number, Operator, UnaryOp};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

/// What keeps an expression from being a literal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// A node of this name of CPython's module `ast`, on this line (the first is 1).
    Node(&'static str, usize),
    /// The missing key of a `**mapping` in a dict.
    NoKey,
}

/// The first part of an expression that is no literal, in the order in which CPython looks. `text` compiles.
pub fn malformed(text: &str) -> Option<Malformed> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Expression));
    match parsed.syntax() {
        Mod::Expression(expression) => Check { text }.any(&expression.body).err(),
        Mod::Module(_) => None,
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
