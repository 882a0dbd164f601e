//! Answers laid out as lines of styled text: tables and pages, printed by the commands and drawn by the TUI.

pub mod charges;
pub mod columns;
pub mod diff;
pub mod findings;
pub mod json;
pub mod list;
pub mod memory;
pub mod objects;
pub mod page;
pub mod paint;
pub mod sites;
pub mod table;
pub mod trace;
pub mod wrap;
