//! The interpreter: the bytecode loop and what its instructions need.

pub mod activation;
pub mod apart;
mod begin;
pub mod bind;
pub mod cache;
pub mod call;
pub mod chain;
pub mod consume;
pub mod coroutine;
pub mod execute;
pub mod generator;
mod groups;
pub mod helpers;
pub mod import;
mod methods;
mod operands;
mod operations;
mod pattern;
pub mod rare;
pub mod run;
pub mod signal;
pub mod slices;
pub mod special;
pub mod unwind;
pub mod words;
