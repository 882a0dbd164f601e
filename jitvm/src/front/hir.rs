//! The tree between parser and bytecode: Python as the emitter needs it, with byte spans and nothing of the parser's.

use std::collections::HashMap;

use crate::bytecode::{Constant, Op, Span};

/// A name of the program, interned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The names of a program.
#[derive(Default, Debug)]
pub struct Symbols {
    names: Vec<String>,
    index: HashMap<String, Symbol>,
}

impl Symbols {
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(&symbol) = self.index.get(name) {
            return symbol;
        }
        let symbol = Symbol(self.names.len() as u32);
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), symbol);
        symbol
    }

    pub fn name(&self, symbol: Symbol) -> &str {
        &self.names[symbol.0 as usize]
    }
}

/// A whole source file.
#[derive(Debug)]
pub struct Tree {
    pub symbols: Symbols,
    pub body: Function,
    /// All functions, the body included: their ids are below this.
    pub functions: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionKind {
    Module,
    Definition,
    Lambda,
}

/// A module's body, a `def` or a `lambda`.
#[derive(Debug)]
pub struct Function {
    /// 0 for the module's body.
    pub id: usize,
    pub kind: FunctionKind,
    pub name: Symbol,
    /// The whole statement or expression.
    pub span: Span,
    /// Positional ones first, then keyword-only ones.
    pub parameters: Vec<Parameter>,
    pub positional: u16,
    pub positional_only: u16,
    pub keyword_only: u16,
    pub body: Vec<Statement>,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: Symbol,
    pub default: Option<Expression>,
}

#[derive(Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum StatementKind {
    Expression(Expression),
    /// `targets[0] = targets[1] = ... = value`.
    Assign {
        targets: Vec<Expression>,
        value: Expression,
    },
    /// `target operator= value`; the operator is one of the twelve arithmetic ones.
    AugmentedAssign {
        target: Expression,
        operator: Op,
        value: Expression,
    },
    /// `name: annotation`: the name is a variable here. An assignment may follow.
    Declare(Symbol),
    Return(Option<Expression>),
    If {
        /// The `if` and each `elif`.
        branches: Vec<Branch>,
        otherwise: Vec<Statement>,
    },
    While {
        test: Expression,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    For {
        target: Expression,
        iterable: Expression,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Break,
    Continue,
    Pass,
    Delete(Vec<Expression>),
    Global(Vec<Symbol>),
    Assert {
        test: Expression,
        message: Option<Expression>,
    },
    Raise {
        exception: Option<Expression>,
        cause: Option<Expression>,
    },
    Import(Vec<Import>),
    ImportFrom {
        module: Symbol,
        /// Attribute and variable.
        names: Vec<(Symbol, Symbol)>,
    },
    Function(Box<Function>),
}

#[derive(Debug)]
pub struct Branch {
    /// From its `if` or `elif` to the end of the statement.
    pub span: Span,
    pub test: Expression,
    pub body: Vec<Statement>,
}

/// `import module as name`.
#[derive(Debug)]
pub struct Import {
    pub module: Symbol,
    /// `import a.b` binds the top package `a`.
    pub top: bool,
    pub name: Symbol,
}

#[derive(Debug)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum ExpressionKind {
    Constant(Constant),
    Name(Symbol),
    /// One of the twelve arithmetic operators.
    Binary {
        operator: Op,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    /// `Negate`, `Plus`, `Invert` or `Not`.
    Unary {
        operator: Op,
        operand: Box<Expression>,
    },
    And(Vec<Expression>),
    Or(Vec<Expression>),
    /// `first op rest[0] op rest[1] ...`.
    Compare {
        first: Box<Expression>,
        rest: Vec<(Op, Expression)>,
    },
    Conditional {
        test: Box<Expression>,
        body: Box<Expression>,
        otherwise: Box<Expression>,
    },
    /// `name := value`.
    Named {
        name: Symbol,
        target: Span,
        value: Box<Expression>,
    },
    Call {
        function: Box<Expression>,
        arguments: Vec<Expression>,
        keywords: Vec<(Symbol, Expression)>,
    },
    Attribute {
        object: Box<Expression>,
        name: Symbol,
        name_span: Span,
    },
    Subscript {
        object: Box<Expression>,
        index: Box<Expression>,
    },
    /// Lower, upper, step.
    Slice(Box<[Option<Expression>; 3]>),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    FormatString(Vec<FormatPart>),
    ListComprehension {
        element: Box<Expression>,
        clauses: Vec<Clause>,
    },
    Lambda(Box<Function>),
}

/// `for target in iterable if tests...`.
#[derive(Debug)]
pub struct Clause {
    pub target: Expression,
    pub iterable: Expression,
    pub tests: Vec<Expression>,
}

/// A piece of an f-string.
#[derive(Debug)]
pub enum FormatPart {
    Literal(String),
    Field {
        value: Expression,
        /// As in `FormatValue`: 0 none, 1 str, 2 repr, 3 ascii.
        conversion: u8,
        specification: Vec<FormatPart>,
    },
}

impl Expression {
    /// Expressions evaluated directly inside this one, nested functions' bodies not included.
    pub fn for_each_child<'a>(&'a self, mut visit: impl FnMut(&'a Expression)) {
        self.visit_children(&mut visit);
    }

    fn visit_children<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        match &self.kind {
            ExpressionKind::Constant(_) | ExpressionKind::Name(_) => {}
            ExpressionKind::Binary { left, right, .. } => {
                visit(left);
                visit(right);
            }
            ExpressionKind::Unary { operand, .. } => visit(operand),
            ExpressionKind::And(items)
            | ExpressionKind::Or(items)
            | ExpressionKind::List(items)
            | ExpressionKind::Tuple(items) => items.iter().for_each(visit),
            ExpressionKind::Compare { first, rest } => {
                visit(first);
                rest.iter().for_each(|(_, operand)| visit(operand));
            }
            ExpressionKind::Conditional { test, body, otherwise } => {
                visit(test);
                visit(body);
                visit(otherwise);
            }
            ExpressionKind::Named { value, .. } => visit(value),
            ExpressionKind::Call { function, arguments, keywords } => {
                visit(function);
                arguments.iter().for_each(&mut *visit);
                keywords.iter().for_each(|(_, value)| visit(value));
            }
            ExpressionKind::Attribute { object, .. } => visit(object),
            ExpressionKind::Subscript { object, index } => {
                visit(object);
                visit(index);
            }
            ExpressionKind::Slice(parts) => parts.iter().flatten().for_each(visit),
            ExpressionKind::FormatString(parts) => visit_format_parts(parts, visit),
            ExpressionKind::ListComprehension { element, clauses } => {
                for clause in clauses {
                    visit(&clause.iterable);
                    visit(&clause.target);
                    clause.tests.iter().for_each(&mut *visit);
                }
                visit(element);
            }
            ExpressionKind::Lambda(function) => {
                function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).for_each(visit);
            }
        }
    }
}

fn visit_format_parts<'a>(parts: &'a [FormatPart], visit: &mut dyn FnMut(&'a Expression)) {
    for part in parts {
        if let FormatPart::Field { value, specification, .. } = part {
            visit(value);
            visit_format_parts(specification, visit);
        }
    }
}
