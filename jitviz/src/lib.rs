//! Replays the log of a JIT compiler in a terminal, and says where time and memory went.
//!
//! The way of the data is one direction: log → [`model`] → [`analyse`] → [`text`] → standard output or [`tui`]. The
//! architecture, the views and their keys are described in this crate's README.
#![forbid(unsafe_code)]

pub mod analyse;
pub mod clean;
pub mod cli;
mod describe;
pub mod environment;
pub mod model;
pub mod output;
pub mod report;
pub mod run;
pub mod styled;
pub mod terms;
pub mod text;
pub mod theme;
pub mod tui;
pub mod units;
