//! Puts recorded traces through the pass `fold`: texts on standard input, each ended by a line `===`; on standard output
//! what becomes of each, ended by `=== ` and the numbers of the rules that were used. With `--rules` it prints the table of
//! rules instead. `scripts/prove-fold` asks it, and proves that each trace still means the same.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use jitvm::ir::Recorded;
use jitvm::ir::parse::parse;
use jitvm::ir::text::print;
use jitvm::optimise::{self, PASSES, PassOptions, RULES};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--rules") {
        RULES.iter().for_each(|rule| println!("{}\t{}", rule.name, rule.reason));
        return ExitCode::SUCCESS;
    }
    let mut text = String::new();
    if let Err(error) = io::stdin().read_to_string(&mut text) {
        eprintln!("fold_ir: standard input: {error}");
        return ExitCode::from(2);
    }
    let mut output = String::new();
    for (number, case) in text.split("===\n").filter(|case| !case.trim().is_empty()).enumerate() {
        match folded(case) {
            Ok(made) => output += &made,
            Err(error) => {
                eprintln!("fold_ir: trace {number}: {error}\n{case}");
                return ExitCode::from(2);
            }
        }
    }
    match io::stdout().write_all(output.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}

fn folded(case: &str) -> Result<String, String> {
    let parsed = parse(case, &[]).map_err(|error| error.to_string())?;
    let closing = parsed.closing.ok_or("it has no closing state")?;
    let mut options = PassOptions::default();
    options.helpers = &[];
    PASSES.iter().for_each(|pass| {
        options.set(pass.name, pass.name == "fold");
    });
    let recorded = Recorded { body: parsed.body, closing, link: None };
    let mut made = String::new();
    optimise::run_on(recorded, None, None, &|_, _| true, &options, &mut |report| {
        if report.pass.name == "fold" {
            let rules: Vec<String> =
                report.applied.iter().enumerate().filter(|(_, n)| **n > 0).map(|(at, _)| at.to_string()).collect();
            made = format!("{}=== {}\n", print(report.body, report.closing, &[]), rules.join(" "));
        }
    })
    .map_err(|abort| abort.to_string())?;
    Ok(made)
}
