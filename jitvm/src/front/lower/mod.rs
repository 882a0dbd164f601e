//! Source text to the tree of `hir.rs`: this folder alone knows the parser (ruff).

mod annotations;
mod comprehensions;
mod definitions;
mod expressions;
mod formatted;
mod imports;
mod interactive;
mod lexemes;
mod literal;
mod patterns;
mod statements;
mod strings;
mod stumbles;
mod suspicions;
mod syntax;
mod targets;
mod unparse;
mod versions;

use ruff_python_ast::{self as ast, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use super::error::{Fault, Feature, Warning};
use super::hir::{ComprehensionKind, Function, FunctionKind, Statement, StatementKind, Symbol, Symbols, Tree};
use crate::bytecode::Span;

/// Levels of nesting the passes after the parser can recurse through on the stack they are given.
const DEEPEST: u32 = 3000;

/// Names that are used without being written.
const IMPLICIT_NAMES: [&str; 8] = [
    "__class__",
    ".namespace",
    "__name__",
    "__module__",
    "__qualname__",
    "__doc__",
    "__annotations__",
    "__classcell__",
];

pub use literal::{Literal, Malformed, read as read_literal};

const VERSION: PythonVersion = PythonVersion::PY311;

/// What a source text is compiled as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The body of a file.
    Module,
    /// Statements whose names live in a namespace (`exec`).
    Statements,
    /// One expression, whose value is returned (`eval`).
    Expression,
    /// One statement, which shows the values of its expressions (`single`).
    Interactive,
}

/// Parses a source text.
pub fn lower(text: &str, form: Form) -> Result<Tree, Fault> {
    match form {
        Form::Expression => {
            let parsed = parse_unchecked(text, ParseOptions::from(Mode::Expression).with_target_version(VERSION));
            let mut warnings = Vec::new();
            let tree = syntax::check(text, parsed.errors(), parsed.tokens(), &[], None, &mut warnings)
                .and_then(|()| versions::check(text, parsed.tokens(), parsed.unsupported_syntax_errors()))
                .and_then(|()| match parsed.syntax() {
                    ast::Mod::Expression(expression) => Lowerer::new(text, warnings).evaluated(&expression.body),
                    ast::Mod::Module(module) => Lowerer::new(text, warnings).module(&module.body, form),
                });
            forget_refused(tree, parsed)
        }
        _ => {
            let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module).with_target_version(VERSION));
            let parsed = parsed.try_into_module().expect("module mode parses to a module");
            let body = &parsed.syntax().body;
            let mut warnings = Vec::new();
            let unread = parsed.unsupported_syntax_errors();
            let earlier = versions::check_before_errors(text, parsed.tokens(), unread, parsed.errors()).err();
            let tree = syntax::check(text, parsed.errors(), parsed.tokens(), body, earlier, &mut warnings)
                .and_then(|()| versions::check(text, parsed.tokens(), parsed.unsupported_syntax_errors()))
                .and_then(|()| Lowerer::new(text, warnings).module(body, form));
            forget_refused(tree, parsed)
        }
    }
}

/// Dropping a parser's tree recurses, and a refused one may be nested deeper than any stack.
fn forget_refused<P>(tree: Result<Tree, Fault>, parsed: P) -> Result<Tree, Fault> {
    if tree.is_err() {
        std::mem::forget(parsed);
    }
    tree
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

/// What is known of the function, class body or comprehension being lowered.
struct Context {
    kind: FunctionKind,
    /// For comprehensions.
    comprehension: Option<ComprehensionKind>,
    is_async: bool,
    yields: bool,
    annotates: bool,
    /// Loops around the statement being lowered, up to the function or the clause of an `except*`.
    loops: u32,
    /// In a clause of an `except*`.
    in_group: bool,
    /// The first `return` with a value.
    returns: Option<Span>,
}

impl Context {
    fn new(kind: FunctionKind) -> Context {
        Context {
            kind,
            comprehension: None,
            is_async: false,
            yields: false,
            annotates: false,
            loops: 0,
            in_group: false,
            returns: None,
        }
    }

    fn is_function(&self) -> bool {
        matches!(self.kind, FunctionKind::Definition | FunctionKind::Lambda | FunctionKind::Comprehension)
    }
}

struct Lowerer<'a> {
    text: &'a str,
    symbols: Symbols,
    /// What CPython would warn of.
    warnings: Vec<Warning>,
    depth: u32,
    /// Functions met so far, the module's body included.
    functions: usize,
    context: Context,
    /// Name of the class around, without its leading underscores, if private names are mangled with it.
    class: Option<String>,
    /// Nothing but a docstring and `from __future__` has been seen.
    at_start: bool,
    /// `from __future__ import annotations` was given.
    textual_annotations: bool,
}

impl<'a> Lowerer<'a> {
    fn new(text: &'a str, warnings: Vec<Warning>) -> Lowerer<'a> {
        let mut symbols = Symbols::default();
        for name in IMPLICIT_NAMES {
            symbols.intern(name);
        }
        Lowerer {
            text,
            symbols,
            warnings,
            depth: 0,
            functions: 1,
            context: Context::new(FunctionKind::Module),
            class: None,
            at_start: true,
            textual_annotations: false,
        }
    }

    fn module(mut self, body: &[ast::Stmt], form: Form) -> Result<Tree, Fault> {
        if form == Form::Interactive {
            interactive::check(self.text, body)?;
        }
        let kind = if form == Form::Module { FunctionKind::Module } else { FunctionKind::Namespace };
        let mut function = self.whole(kind);
        function.documentation = self.docstring(body).filter(|_| form != Form::Interactive);
        function.body = self.statements(body)?;
        function.annotates = self.context.annotates;
        Ok(self.tree(function, form))
    }

    fn evaluated(mut self, body: &ast::Expr) -> Result<Tree, Fault> {
        let mut function = self.whole(FunctionKind::Namespace);
        let value = self.expression(body)?;
        function.body = vec![Statement { span: value.span, kind: StatementKind::Return(Some(value)) }];
        Ok(self.tree(function, Form::Expression))
    }

    fn whole(&mut self, kind: FunctionKind) -> Function {
        self.context = Context::new(kind);
        let name = self.symbols.intern("<module>");
        Function::new(0, kind, name, Span { start: 0, end: self.text.len() as u32 })
    }

    fn tree(self, body: Function, form: Form) -> Tree {
        let shows_values = form == Form::Interactive;
        Tree { symbols: self.symbols, body, functions: self.functions, shows_values, warnings: self.warnings }
    }

    fn new_function(&mut self, kind: FunctionKind, name: Symbol, span: Span) -> Function {
        let id = self.functions;
        self.functions += 1;
        Function::new(id, kind, name, span)
    }

    /// Runs `action` in a context of its own; that context is given too.
    fn within<T>(
        &mut self,
        context: Context,
        action: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<(T, Context), Fault> {
        let outer = std::mem::replace(&mut self.context, context);
        let result = action(self);
        let inner = std::mem::replace(&mut self.context, outer);
        Ok((result?, inner))
    }

    /// Runs `action` one level deeper.
    fn nested<T>(&mut self, span: Span, action: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(Fault::unsupported(Feature::Nesting, span));
        }
        self.depth += 1;
        let result = action(self);
        self.depth -= 1;
        result
    }

    /// Interns a name that gets bound here.
    fn binding(&mut self, name: &str, span: Span) -> Result<Symbol, Fault> {
        if name == "__debug__" {
            return Err(Fault::syntax("cannot assign to __debug__", span));
        }
        Ok(self.name(name))
    }

    /// Interns a name as it is in the class around: `__private` becomes `_Class__private`.
    fn name(&mut self, name: &str) -> Symbol {
        match &self.class {
            Some(class) if name.starts_with("__") && !name.ends_with("__") && !name.contains('.') => {
                let mangled = format!("_{class}{name}");
                self.symbols.intern(&mangled)
            }
            _ => self.symbols.intern(name),
        }
    }

    fn identifier_binding(&mut self, identifier: &ast::Identifier) -> Result<Symbol, Fault> {
        self.binding(&identifier.id, span(identifier.range()))
    }

    /// The keyword a statement begins with.
    fn keyword(&self, range: TextRange) -> Span {
        let Span { start, end } = span(range);
        let word = self.text[start as usize..end as usize].bytes().take_while(u8::is_ascii_alphabetic).count() as u32;
        Span { start, end: start + word.max(1) }
    }
}
