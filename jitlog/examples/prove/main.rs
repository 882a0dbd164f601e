//! Proves what the README claims of the log: costs, speeds, sizes, and what survives. `scripts/prove-log` runs it.
//!
//! `prove [--quick]` runs every part in a process of its own, so that a crash is a failure of that part and memory is
//! that part's. Quick runs are small and judge only counts, never times.
#![allow(clippy::unwrap_used)]

mod cost;
mod damage;
mod damage_loop;
mod follow;
mod kill;
mod logs;
mod read;
mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use report::Report;

/// What every part needs.
pub struct Setting {
    pub quick: bool,
    /// For files; emptied afterwards.
    pub folder: PathBuf,
}

type Part = fn(&Setting, &mut Report);

/// The parts, in the order of the table.
const PARTS: &[(&str, Part)] = &[
    ("writing", cost::run),
    ("reading", read::run),
    ("following", follow::run),
    ("killing", kill::run),
    ("truncating", damage::truncate),
    ("flipping", damage::flip),
    ("mutating", damage_loop::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["victim", path] => return kill::victim(Path::new(path)),
        ["measure-reader", path, size] => return read::measure(Path::new(path), size == "quick"),
        ["chatter", path] => return follow::chatter(Path::new(path)),
        _ => {}
    }
    let quick = words.contains(&"--quick");
    let chosen: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
    let known = |name: &&str| PARTS.iter().any(|(part, _)| part == name);
    if chosen.iter().any(|name| !known(name)) || words.iter().any(|word| word.starts_with("--") && *word != "--quick") {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: prove [--quick] [{}]", names.join("|"));
        return ExitCode::from(2);
    }
    match chosen[..] {
        [name] => alone(name, quick),
        _ => all(&chosen, quick),
    }
}

/// One part, here.
fn alone(name: &str, quick: bool) -> ExitCode {
    let folder = tempfile::Builder::new().prefix("prove-log-").tempdir().unwrap();
    let setting = Setting { quick, folder: folder.path().to_path_buf() };
    let mut report = Report::new(quick);
    let (_, part) = PARTS.iter().find(|(part, _)| *part == name).unwrap();
    part(&setting, &mut report);
    ExitCode::from(u8::from(report.failed()))
}

fn all(chosen: &[&str], quick: bool) -> ExitCode {
    report::head(quick);
    let mut failed = 0;
    for (name, _) in PARTS.iter().filter(|(name, _)| chosen.is_empty() || chosen.contains(name)) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(name);
        if quick {
            command.arg("--quick");
        }
        let status = command.status().unwrap();
        if !matches!(status.code(), Some(0 | 1)) {
            report::crashed(name, status);
        }
        failed += u32::from(!status.success());
    }
    println!();
    if failed == 0 {
        println!("all proofs hold");
    } else {
        println!("{failed} parts failed");
    }
    ExitCode::from(u8::from(failed > 0))
}
