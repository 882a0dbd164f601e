//! The `jitviz` command.

use std::process::ExitCode;

use clap::Parser;
use jitviz::cli::Cli;

fn main() -> ExitCode {
    jitviz::run::main(Cli::parse())
}
