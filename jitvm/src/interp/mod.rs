//! The interpreter: the bytecode loop and what its instructions need.

mod begin;
pub mod cache;
pub mod bind;
pub mod call;
pub mod coroutine;
pub mod generator;
mod groups;
pub mod helpers;
pub mod import;
mod pattern;
pub mod rare;
pub mod run;
pub mod signal;
pub mod special;
pub mod unwind;
