//! Python source to bytecode.

mod decoding;
pub mod disassemble;
mod emit;
pub mod error;
mod fold;
mod hir;
mod lower;
mod scope;
pub mod verify;

use std::sync::Arc;

pub use decoding::decode;
pub use error::{CompileError, ErrorKind};
pub use lower::{Form, Literal, Malformed};

use crate::bytecode::{CodeProto, Module, Source, Span};
use error::{Fault, Feature, Warning};

/// Stack for passes that recurse through a tree as deep as `lower` lets it become. Only what is used is ever mapped.
const STACK: usize = 256 << 20;

/// Compiles a source file. Its path is only shown, not opened.
pub fn compile(path: &str, text: &str) -> Result<Module, CompileError> {
    compile_as(path, text, Form::Module)
}

/// Compiles a source text as what it is for. Its path is only shown, not opened.
pub fn compile_as(path: &str, text: &str, form: Form) -> Result<Module, CompileError> {
    let source = Source::new(path.to_owned(), text.to_owned());
    let codes = with_stack_for(text, || compile_source(&source, form));
    match codes {
        Ok((codes, warnings)) => {
            let warnings = warnings.into_iter().map(|warning| {
                let (line, _) = source.line_column(warning.offset);
                (line, warning.message)
            });
            let warnings = warnings.collect();
            Ok(Module { source: Arc::new(source), codes, warnings })
        }
        Err(fault) => Err(fault.locate(&source)),
    }
}

/// The literal that a text is (`ast.literal_eval`).
///
/// # Errors
/// It does not parse (`Err(None)`), or what keeps it from being a literal.
pub fn read_literal(text: &str) -> Result<Literal, Option<Malformed>> {
    with_stack_for(text, || lower::read_literal(text))
}

/// Source texts up to this many bytes cannot nest deeper than a stack with [`FREE_STACK`] bytes left allows.
const SHORT: usize = 512;
const FREE_STACK: usize = 16 << 20;

/// Runs a pass over a text, which may recurse deeply: on a stack of its own unless the text is short.
fn with_stack_for<T: Send>(text: &str, pass: impl Fn() -> T + Sync) -> T {
    if text.len() <= SHORT && free_stack() >= FREE_STACK {
        return pass();
    }
    std::thread::scope(|scope| {
        match std::thread::Builder::new().name("front".to_owned()).stack_size(STACK).spawn_scoped(scope, &pass) {
            Ok(thread) => thread.join().expect("a panic aborts, so that a thread that ends has its result"),
            Err(_) => pass(),
        }
    })
}

/// Bytes of the calling thread's stack that are not in use.
fn free_stack() -> usize {
    thread_local!(static LOWEST: usize = crate::runtime::roots::native_stack().0);
    let here = 0_u8;
    (&raw const here as usize).saturating_sub(LOWEST.with(|lowest| *lowest))
}

fn compile_source(source: &Source, form: Form) -> Result<(Vec<CodeProto>, Vec<Warning>), Fault> {
    if u32::try_from(source.text.len()).is_err() {
        return Err(Fault::unsupported(Feature::SourceSize, Span::default()));
    }
    let tree = lower::lower(&source.text, form)?;
    let scopes = scope::analyse(&tree)?;
    let codes = emit::emit(source, &tree, &scopes)?;
    if cfg!(debug_assertions) {
        for code in &codes {
            if let Err(error) = verify::verify(code) {
                panic!("front end emitted a bad code for {}: {error}", code.qualname);
            }
        }
    }
    Ok((codes, tree.warnings))
}
