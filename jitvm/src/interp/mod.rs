//! The interpreter.

pub mod call;
pub mod helpers;
pub mod run;
pub mod signal;
