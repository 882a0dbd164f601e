//! Source text to the tree of `hir.rs`: this folder alone knows the parser (ruff).

mod expressions;
mod statements;
mod strings;
mod syntax;

use ruff_python_ast::{self as ast, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, UnsupportedSyntaxErrorKind, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use super::error::{Fault, Feature};
use super::hir::{Function, FunctionKind, Symbol, Symbols, Tree};
use crate::bytecode::Span;

/// Levels of nesting the passes after the parser can recurse through on the stack they are given.
const DEEPEST: u32 = 3000;

/// Parses a source file.
pub fn lower(text: &str) -> Result<Tree, Fault> {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY311);
    let parsed = parse_unchecked(text, options).try_into_module().expect("module mode parses to a module");
    let tree = if parsed.has_invalid_syntax() {
        Err(syntax::fault(text, &parsed))
    } else {
        check_version(&parsed).and_then(|()| Lowerer::new(text).module(&parsed.syntax().body))
    };
    if tree.is_err() {
        // Dropping a tree recurses, and a refused one may be nested deeper than any stack.
        std::mem::forget(parsed);
    }
    tree
}

/// Refuses what the parser reads but 3.11 does not, as far as the subset goes; nested quotes in f-strings are let pass.
fn check_version(parsed: &ruff_python_parser::Parsed<ast::ModModule>) -> Result<(), Fault> {
    let refused = parsed
        .unsupported_syntax_errors()
        .iter()
        .find(|error| matches!(error.kind, UnsupportedSyntaxErrorKind::ParenthesizedKeywordArgumentName));
    match refused {
        None => Ok(()),
        Some(error) => {
            let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
            Err(Fault::syntax(message, span(error.range)))
        }
    }
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().to_u32(), end: range.end().to_u32() }
}

struct Lowerer<'a> {
    text: &'a str,
    symbols: Symbols,
    depth: u32,
    /// Functions met so far, the module's body included.
    functions: usize,
    /// Of the function being lowered.
    kind: FunctionKind,
    /// Loops around the statement being lowered, in its function.
    loops: u32,
    /// Nothing but a docstring and `from __future__` has been seen.
    at_start: bool,
}

impl<'a> Lowerer<'a> {
    fn new(text: &'a str) -> Lowerer<'a> {
        let symbols = Symbols::default();
        Lowerer { text, symbols, depth: 0, functions: 1, kind: FunctionKind::Module, loops: 0, at_start: true }
    }

    fn module(mut self, body: &[ast::Stmt]) -> Result<Tree, Fault> {
        let name = self.symbols.intern("<module>");
        let span = Span { start: 0, end: self.text.len() as u32 };
        let body = self.statements(body)?;
        let body = Function {
            id: 0,
            kind: FunctionKind::Module,
            name,
            span,
            parameters: Vec::new(),
            positional: 0,
            positional_only: 0,
            keyword_only: 0,
            body,
        };
        Ok(Tree { symbols: self.symbols, body, functions: self.functions })
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
        Ok(self.symbols.intern(name))
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
