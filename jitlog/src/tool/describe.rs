//! The command line described for shells and for `man`, from the table of flags it is parsed with.

use std::io::Write;

use clap::CommandFactory;

use crate::tool::{Cli, CompletionsArgs, Failure, ManArgs, Output};

pub fn completions(args: &CompletionsArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jitlog", &mut text);
    out.write_all(&text)?;
    Ok(0)
}

pub fn man(args: &ManArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    match &args.to {
        Some(folder) => {
            let written = clap_mangen::generate_to(Cli::command(), folder);
            written.map_err(|error| Failure::File(folder.clone(), error))?;
        }
        None => clap_mangen::Man::new(Cli::command()).render(out)?,
    }
    Ok(0)
}
