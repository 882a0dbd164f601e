//! Writes a synthetic log with everything exports show: `rich-log OUT [ROUNDS]`. Many rounds make a large log with few
//! definitions, as a long run's.
#![allow(clippy::unwrap_used)]

#[path = "../tests/common/rich.rs"]
mod rich;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = match arguments.get(1).map(|rounds| rounds.parse()) {
        None => rich::Size::SMALL,
        Some(Ok(rounds)) => rich::Size { rounds, recording_every: 100 },
        Some(Err(_)) => rich::Size { rounds: 0, recording_every: 1 },
    };
    match arguments.first() {
        Some(path) if size.rounds > 0 => {
            rich::write(Path::new(path), size);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: rich-log OUT [ROUNDS]");
            ExitCode::from(2)
        }
    }
}
