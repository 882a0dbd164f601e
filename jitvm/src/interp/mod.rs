//! The interpreter.

pub mod call;
pub mod helpers;
pub mod import;
pub mod run;
pub mod signal;
