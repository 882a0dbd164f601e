//! What a source text must be to be one statement of an interactive session (`single`).
//!
//! That is a line of simple statements, or a compound statement: of this a line break must tell the end, which that of
//! an indented block does and that of one line (`if x: y`) does not.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::Fault;
use crate::bytecode::Span;

pub fn check(text: &str, body: &[ast::Stmt]) -> Result<(), Fault> {
    let at = |start: usize| Span { start: start as u32, end: start as u32 };
    let invalid = |start: usize| Err(Fault::syntax("invalid syntax", at(start)));
    let Some((first, rest)) = body.split_first() else { return invalid(text.trim_end().len()) };
    let Some(last) = last_inside(first) else {
        let mut end = first.end().to_usize();
        for next in rest {
            if text[end..next.start().to_usize()].contains(['\n', '\r']) {
                // At the end of the line, a comment of which does not count.
                let line = text[end..].split(['\n', '\r', '#']).next().unwrap_or_default();
                let message = "multiple statements found while compiling a single statement";
                return Err(Fault::syntax(message, at(end + line.len())));
            }
            end = next.end().to_usize();
        }
        return Ok(());
    };
    if let Some(next) = rest.first() {
        return invalid(next.start().to_usize());
    }
    let line = logical_line(text, last);
    let is_indented = text[line..].starts_with([' ', '\t', '\x0c']);
    let ends = text[first.end().to_usize()..].contains(['\n', '\r']);
    if is_indented || ends { Ok(()) } else { invalid(text.trim_end().len()) }
}

/// Where the line around a place begins, lines that a backslash continues being one.
fn logical_line(text: &str, at: usize) -> usize {
    let lines = text[..at].match_indices('\n').map(|(at, _)| at);
    lines.rev().find(|&at| !text[..at].trim_end_matches('\r').ends_with('\\')).map_or(0, |before| before + 1)
}

/// Where the last statement in a compound one begins; none in a simple one.
fn last_inside(statement: &ast::Stmt) -> Option<usize> {
    use ast::Stmt;
    let body = match statement {
        Stmt::FunctionDef(s) => &s.body,
        Stmt::ClassDef(s) => &s.body,
        Stmt::With(s) => &s.body,
        Stmt::For(s) if s.orelse.is_empty() => &s.body,
        Stmt::For(s) => &s.orelse,
        Stmt::While(s) if s.orelse.is_empty() => &s.body,
        Stmt::While(s) => &s.orelse,
        Stmt::If(s) => s.elif_else_clauses.last().map_or(&s.body, |clause| &clause.body),
        Stmt::Match(s) => &s.cases.last()?.body,
        Stmt::Try(s) => {
            let handler = s.handlers.last().map(|ast::ExceptHandler::ExceptHandler(handler)| &handler.body);
            [Some(&s.finalbody), Some(&s.orelse), handler]
                .into_iter()
                .flatten()
                .find(|body| !body.is_empty())
                .unwrap_or(&s.body)
        }
        _ => return None,
    };
    let last = body.last()?;
    last_inside(last).or_else(|| Some(last.start().to_usize()))
}
