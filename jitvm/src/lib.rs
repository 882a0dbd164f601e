//! A Python 3 virtual machine with a tracing JIT that writes down all it does.

pub mod announce;
pub mod bytecode;
pub mod cli;
pub mod codegen;
pub mod defect;
pub mod events;
pub mod exit;
pub mod front;
pub mod interp;
pub mod ir;
pub mod library;
pub mod optimise;
pub mod perf;
pub mod runtime;
pub mod session;
mod sizes;
pub mod trace;
