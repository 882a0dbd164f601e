//! `jitlog cat`: records in time order, as text or JSON Lines.

use std::io::{IsTerminal, Write};

use jitlog::{Reader, Types};

use crate::export;
use crate::tool::progress::Progress;
use crate::tool::record::{Line, text_line};
use crate::tool::show::json_line;
use crate::tool::{CatArgs, Failure, Output, complain, info, open, say_what_is_wrong};

pub fn run(options: &CatArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let args = &options.records;
    let types = chosen_types(&args.types)?;
    let reader = open(&args.log)?;
    let definitions = args.resolve.then(|| reader.defs());
    if args.json {
        json_line(out, &info::header(&reader))?;
    }
    // Where the records themselves go to the terminal, they are progress enough.
    let progress = (!std::io::stdout().is_terminal()).then(|| Progress::of(&reader, 1));
    let range = args.from.unwrap_or(0)..options.to.unwrap_or(u64::MAX);
    let events = reader.events().types(types).range(range);
    export::lines(&reader, events, out, |line, entry| {
        let written = match (args.json, definitions) {
            (true, None) => {
                export::json_record(line, entry);
                Ok(())
            }
            (true, _) => json_line(line, &Line { entry, definitions, says_unverified: true }),
            (false, _) => text_line(line, entry, definitions),
        };
        written.expect("memory takes every line");
    })?;
    out.flush()?;
    drop(progress);
    let status = say_what_is_wrong(&reader);
    say_what_was_dropped(&reader);
    Ok(status)
}

/// The events a command line names; none named means all.
pub fn chosen_types(names: &[String]) -> Result<Types, Failure> {
    if names.is_empty() {
        return Ok(Types::all());
    }
    Types::named(names.iter().map(String::as_str)).map_err(unknown_type)
}

fn unknown_type(name: &str) -> Failure {
    let names: Vec<&str> = jitlog::EVENTS.iter().map(|spec| spec.name).collect();
    Failure::Usage(format!("there is no event {name:?}; events are {}", names.join(", ")))
}

fn say_what_was_dropped(reader: &Reader) {
    let loss = reader.loss();
    if loss.dropped_events > 0 {
        let reason = loss.stopped.map(|reason| format!(" ({reason})")).unwrap_or_default();
        complain(&format!("the writer dropped {} events for want of room{reason}", loss.dropped_events));
    }
}
