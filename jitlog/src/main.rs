//! The `jitlog` command: what is in a log, and whether it is whole.
#![forbid(unsafe_code)]

mod export;
mod tool;

use std::process::ExitCode;

fn main() -> ExitCode {
    tool::run()
}
