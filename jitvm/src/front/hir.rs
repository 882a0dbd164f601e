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

    /// The symbol of a name that is in the program.
    pub fn find(&self, name: &str) -> Option<Symbol> {
        self.index.get(name).copied()
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
    /// Expression statements show their values.
    pub shows_values: bool,
    /// What is to be warned of, in CPython's order.
    pub warnings: Vec<super::error::Warning>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionKind {
    Module,
    /// Code for `exec` and the like, whose names live in a namespace.
    Namespace,
    Class,
    Definition,
    Lambda,
    Comprehension,
}

/// What has code of its own: a module's body, a `def`, a `lambda`, a class body or a comprehension.
#[derive(Debug)]
pub struct Function {
    /// 0 for the module's body.
    pub id: usize,
    pub kind: FunctionKind,
    /// As variables are named: mangled in a class.
    pub name: Symbol,
    /// As it was written.
    pub own_name: Symbol,
    /// The whole statement or expression, decorators included.
    pub span: Span,
    /// Positional ones first, then keyword-only ones, then `*args`, then `**kwargs`.
    pub parameters: Vec<Parameter>,
    pub positional: u16,
    pub positional_only: u16,
    pub keyword_only: u16,
    pub star_arguments: bool,
    pub star_keywords: bool,
    pub returns: Option<Expression>,
    pub decorators: Vec<Expression>,
    /// It is an `async def`, or a comprehension that awaits.
    pub is_async: bool,
    /// It has a `yield` of its own, or is a generator expression.
    pub yields: bool,
    /// The body of a module or class has annotated variables.
    pub annotates: bool,
    pub documentation: Option<String>,
    pub body: Vec<Statement>,
}

impl Function {
    /// One without parameters and body.
    pub fn new(id: usize, kind: FunctionKind, name: Symbol, span: Span) -> Function {
        Function {
            id,
            kind,
            name,
            own_name: name,
            span,
            parameters: Vec::new(),
            positional: 0,
            positional_only: 0,
            keyword_only: 0,
            star_arguments: false,
            star_keywords: false,
            returns: None,
            decorators: Vec::new(),
            is_async: false,
            yields: false,
            annotates: false,
            documentation: None,
            body: Vec::new(),
        }
    }

    /// Its names are looked up in the mapping that is its parameter.
    pub fn has_namespace(&self) -> bool {
        matches!(self.kind, FunctionKind::Namespace | FunctionKind::Class)
    }

    /// Expressions that are evaluated where the function is made.
    pub fn outer_expressions(&self) -> impl Iterator<Item = &Expression> {
        let defaults = self.parameters.iter().filter_map(|parameter| parameter.default.as_ref());
        let annotations = self.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref());
        self.decorators.iter().chain(defaults).chain(annotations).chain(&self.returns)
    }
}

#[derive(Debug)]
pub struct Parameter {
    pub name: Symbol,
    pub default: Option<Expression>,
    pub annotation: Option<Expression>,
}

/// A `class` statement.
#[derive(Debug)]
pub struct Class {
    /// Its body; the decorators are there too.
    pub function: Function,
    pub bases: Vec<Expression>,
    pub keywords: Vec<Keyword>,
}

/// `name=value`, or `**value` where there is no name.
#[derive(Debug)]
pub struct Keyword {
    pub name: Option<Symbol>,
    pub value: Expression,
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
    /// `target operator= value`; the operator is one of the thirteen arithmetic ones.
    AugmentedAssign {
        target: Expression,
        operator: Op,
        value: Expression,
    },
    /// `name: annotation`: the name is a variable here. An assignment may follow.
    Declare(Symbol),
    /// The annotation of a variable of a module or class, which `__annotations__` gets, or of another target.
    Annotate {
        name: Option<Symbol>,
        annotation: Expression,
    },
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
        is_async: bool,
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
    Nonlocal(Vec<Symbol>),
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
        /// Leading dots.
        level: u16,
        /// Attribute and variable.
        names: Vec<(Symbol, Symbol)>,
    },
    ImportStar {
        module: Symbol,
        level: u16,
    },
    Function(Box<Function>),
    Class(Box<Class>),
    Try(Box<Try>),
    With {
        is_async: bool,
        items: Vec<(Expression, Option<Expression>)>,
        body: Vec<Statement>,
    },
    Match {
        subject: Expression,
        cases: Vec<Case>,
    },
}

#[derive(Debug)]
pub struct Try {
    pub body: Vec<Statement>,
    pub handlers: Vec<Handler>,
    /// The handlers are those of `except*`.
    pub is_group: bool,
    pub otherwise: Vec<Statement>,
    pub finally: Vec<Statement>,
}

/// `except class as name: body`.
#[derive(Debug)]
pub struct Handler {
    pub span: Span,
    pub class: Option<Expression>,
    pub name: Option<Symbol>,
    pub body: Vec<Statement>,
}

/// `case pattern if guard: body`.
#[derive(Debug)]
pub struct Case {
    pub pattern: Pattern,
    pub guard: Option<Expression>,
    pub body: Vec<Statement>,
}

#[derive(Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum PatternKind {
    /// Equal to this.
    Value(Expression),
    /// None, True or False itself.
    Singleton(Constant),
    Sequence(Vec<Pattern>),
    /// `*name`, in a sequence.
    Star(Option<Symbol>),
    Mapping {
        keys: Vec<Expression>,
        patterns: Vec<Pattern>,
        rest: Option<Symbol>,
    },
    Class {
        class: Expression,
        patterns: Vec<Pattern>,
        keywords: Vec<(Symbol, Pattern)>,
    },
    /// `pattern as name`, `name`, or `_`.
    As {
        pattern: Option<Box<Pattern>>,
        name: Option<Symbol>,
    },
    Or(Vec<Pattern>),
}

impl Pattern {
    /// Names it binds, each once, in the order of the source.
    pub fn names(&self) -> Vec<Symbol> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names(&self, names: &mut Vec<Symbol>) {
        match &self.kind {
            PatternKind::Value(_) | PatternKind::Singleton(_) => {}
            PatternKind::Star(name) => names.extend(name.filter(|name| !names.contains(name))),
            PatternKind::Sequence(patterns) | PatternKind::Or(patterns) => {
                patterns.iter().for_each(|pattern| pattern.collect_names(names));
            }
            PatternKind::Mapping { patterns, rest, .. } => {
                patterns.iter().for_each(|pattern| pattern.collect_names(names));
                names.extend(rest.filter(|rest| !names.contains(rest)));
            }
            PatternKind::Class { patterns, keywords, .. } => {
                patterns.iter().for_each(|pattern| pattern.collect_names(names));
                keywords.iter().for_each(|(_, pattern)| pattern.collect_names(names));
            }
            PatternKind::As { pattern, name } => {
                if let Some(pattern) = pattern {
                    pattern.collect_names(names);
                }
                names.extend(name.filter(|name| !names.contains(name)));
            }
        }
    }

    /// Expressions it evaluates.
    pub fn for_each_expression<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        match &self.kind {
            PatternKind::Value(value) => visit(value),
            PatternKind::Singleton(_) | PatternKind::Star(_) => {}
            PatternKind::Sequence(patterns) | PatternKind::Or(patterns) => {
                patterns.iter().for_each(|pattern| pattern.for_each_expression(visit));
            }
            PatternKind::Mapping { keys, patterns, .. } => {
                keys.iter().for_each(&mut *visit);
                patterns.iter().for_each(|pattern| pattern.for_each_expression(visit));
            }
            PatternKind::Class { class, patterns, keywords } => {
                visit(class);
                patterns.iter().for_each(|pattern| pattern.for_each_expression(visit));
                keywords.iter().for_each(|(_, pattern)| pattern.for_each_expression(visit));
            }
            PatternKind::As { pattern, .. } => {
                if let Some(pattern) = pattern {
                    pattern.for_each_expression(visit);
                }
            }
        }
    }
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
    /// One of the thirteen arithmetic operators.
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
        keywords: Vec<Keyword>,
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
    /// Keys and values; a value without key is a mapping to be added (`**`).
    Dict(Vec<(Option<Expression>, Expression)>),
    Set(Vec<Expression>),
    /// `*value` in a display, a call or a target.
    Starred(Box<Expression>),
    Comprehension(Box<Comprehension>),
    Lambda(Box<Function>),
    Yield(Option<Box<Expression>>),
    YieldFrom(Box<Expression>),
    Await(Box<Expression>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

/// A comprehension or generator expression.
#[derive(Debug)]
pub struct Comprehension {
    pub kind: ComprehensionKind,
    /// The function it is where it is not compiled in place; its parameter is the iterator of the first clause.
    pub function: Function,
    /// The key of a dict's item.
    pub key: Option<Expression>,
    pub element: Expression,
    pub clauses: Vec<Clause>,
}

/// `for target in iterable if tests...`.
#[derive(Debug)]
pub struct Clause {
    pub is_async: bool,
    pub target: Expression,
    pub iterable: Expression,
    pub tests: Vec<Expression>,
}

/// A piece of an f-string.
#[derive(Debug)]
pub enum FormatPart {
    /// `Str` or `Surrogates`.
    Literal(Constant),
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
            | ExpressionKind::Set(items)
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
                keywords.iter().for_each(|keyword| visit(&keyword.value));
            }
            ExpressionKind::Attribute { object, .. } => visit(object),
            ExpressionKind::Subscript { object, index } => {
                visit(object);
                visit(index);
            }
            ExpressionKind::Slice(parts) => parts.iter().flatten().for_each(visit),
            ExpressionKind::FormatString(parts) => visit_format_parts(parts, visit),
            ExpressionKind::Dict(items) => {
                for (key, value) in items {
                    key.iter().for_each(&mut *visit);
                    visit(value);
                }
            }
            ExpressionKind::Starred(value) | ExpressionKind::YieldFrom(value) | ExpressionKind::Await(value) => {
                visit(value);
            }
            ExpressionKind::Yield(value) => value.iter().for_each(|value| visit(value)),
            ExpressionKind::Comprehension(comprehension) => {
                for clause in &comprehension.clauses {
                    visit(&clause.iterable);
                    visit(&clause.target);
                    clause.tests.iter().for_each(&mut *visit);
                }
                comprehension.key.iter().for_each(&mut *visit);
                visit(&comprehension.element);
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
