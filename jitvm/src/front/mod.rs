//! Python source to bytecode.

pub mod disassemble;
mod emit;
pub mod error;
mod fold;
mod hir;
mod lower;
mod scope;
pub mod verify;

use std::sync::Arc;

pub use error::{CompileError, ErrorKind};
pub use lower::{Form, Malformed};

use crate::bytecode::{Module, Source, Span};
use error::{Fault, Feature};

/// Stack for passes that recurse through a tree as deep as `lower` lets it become. Only what is used is ever mapped.
const STACK: usize = 256 << 20;

/// Compiles a source file. Its path is only shown, not opened.
pub fn compile(path: &str, text: &str) -> Result<Module, CompileError> {
    compile_as(path, text, Form::Module)
}

/// Compiles a source text as what it is for. Its path is only shown, not opened.
pub fn compile_as(path: &str, text: &str, form: Form) -> Result<Module, CompileError> {
    let source = Source::new(path.to_owned(), text.to_owned());
    let codes = on_large_stack(|| compile_source(&source, form));
    match codes {
        Ok(codes) => Ok(Module { source: Arc::new(source), codes }),
        Err(fault) => Err(fault.locate(&source)),
    }
}

/// What keeps an expression that compiles from being a literal (`ast.literal_eval`).
pub fn malformed_literal(text: &str) -> Option<Malformed> {
    on_large_stack(|| lower::malformed(text))
}

/// Runs a pass that may recurse deeply.
fn on_large_stack<T: Send>(pass: impl Fn() -> T + Sync) -> T {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().name("front".to_owned()).stack_size(STACK).spawn_scoped(scope, &pass) {
            Ok(thread) => thread.join().expect("a panic aborts, so that a thread that ends has its result"),
            Err(_) => pass(),
        }
    })
}

fn compile_source(source: &Source, form: Form) -> Result<Vec<crate::bytecode::CodeProto>, Fault> {
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
    Ok(codes)
}
