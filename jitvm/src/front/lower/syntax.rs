//! The parser's errors in CPython's words, as far as these can be had cheaply.

use ruff_python_ast as ast;
use ruff_python_parser::Parsed;

use super::span;
use crate::bytecode::Span;
use crate::front::error::Fault;

/// The error of a file that does not parse.
pub(super) fn fault(_text: &str, parsed: &Parsed<ast::ModModule>) -> Fault {
    match parsed.errors().first() {
        Some(error) => Fault::syntax(error.error.to_string(), span(error.location)),
        None => Fault::syntax("invalid syntax", Span::default()),
    }
}
