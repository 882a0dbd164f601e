//! The command line described for shells and for `man`, from the table of flags it is parsed with.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // Into memory first: the generator panics where it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jitviz", &mut text);
    out.write_all(&text)
}

/// The page of the command, or with a folder one of every command in it.
pub fn man(to: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    match to {
        Some(folder) => clap_mangen::generate_to(Cli::command(), folder),
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text)?;
            out.write_all(&text)
        }
    }
}
