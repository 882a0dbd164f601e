//! `jitlog info`: header, health, counts by event, size by kind.

use std::io::Write;

use jitlog::format::layout::COMPATIBLE_REPAIRED;
use jitlog::read::Verification;
use jitlog::{Event, Health, Reader, Sampling, Types, spec_of};
use serde_json::{Map, Value, json};

use crate::tool::progress::Progress;
use crate::tool::show::{json_line, plain};
use crate::tool::time::{seconds, utc};
use crate::tool::{Failure, InfoArgs, Output, open};

pub fn run(args: &InfoArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let reader = open(&args.log)?;
    let progress = Progress::of(&reader, 1);
    let found = reader.verify();
    drop(progress);
    if args.json {
        json_line(out, &json(&reader, &found))?;
    } else {
        text(out, &reader, &found)?;
    }
    Ok(0)
}

/// What a log is: the first line of `cat --json`, and the start of `info --json`.
pub fn header(reader: &Reader) -> Map<String, Value> {
    let (header, page) = (reader.header(), reader.static_page());
    let object = json!({
        "jitlog": [header.major, header.minor],
        "file": reader.path().to_string_lossy(),
        "bytes": reader.file_len(),
        "run_id": run_id(&header.run_id),
        "pid": page.pid,
        "parent_pid": page.parent_pid,
        "clock": page.clock.to_string(),
        "start_real_ns": page.start_real_ns,
        "start_mono_ns": page.start_mono_ns,
        "start": utc(page.start_real_ns),
        "health": reader.health().name(),
        "repaired": header.compatible & COMPATIBLE_REPAIRED != 0,
    });
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn run_id(raw: &[u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(*raw));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn json(reader: &Reader, found: &Verification) -> Value {
    let mut map = header(reader);
    let loss = reader.loss();
    let names = |(number, count): (&u16, &u64)| (event_name(reader, *number), json!(count));
    let kinds = found.by_kind.iter().map(|(kind, usage)| {
        let value =
            json!({ "blocks": usage.blocks, "bytes": usage.bytes, "used": usage.used, "records": usage.records });
        (kind.to_string(), value)
    });
    let streams = found.by_stream.iter().map(|(stream, records)| {
        let definition = reader.defs().stream(*stream);
        json!({
            "stream": stream.0,
            "name": definition.map(|stream| stream.name),
            "kind": definition.map(|stream| stream.kind.to_string()),
            "records": records,
        })
    });
    let problems = found.problems.iter().map(|problem| {
        json!({ "kind": problem.kind.name(), "byte": problem.byte, "block": problem.block, "text": problem.to_string() })
    });
    map.insert("duration_ns".into(), json!(reader.last_ns()));
    map.insert("dropped_events".into(), json!(loss.dropped_events));
    map.insert("dropped_bytes".into(), json!(loss.dropped_bytes));
    map.insert("stopped".into(), json!(loss.stopped.map(|reason| reason.to_string())));
    map.insert("unverified_blocks".into(), json!(reader.unverified_blocks()));
    map.insert("process".into(), json!(reader.defs().process()));
    map.insert("sampling".into(), json!(sampling(reader, found)));
    map.insert("events".into(), Value::Object(found.by_type.iter().map(names).collect()));
    map.insert("blocks".into(), Value::Object(kinds.collect()));
    map.insert("streams".into(), streams.collect());
    map.insert("counters".into(), json!(reader.defs().counters().count()));
    map.insert("problems".into(), problems.collect());
    Value::Object(map)
}

/// How samples were taken, if the log says so.
fn sampling(reader: &Reader, found: &Verification) -> Option<Value> {
    found.by_type.get(&Sampling::TYPE)?;
    let mut entries = reader.events().types(Types::of(&[Sampling::TYPE]));
    let first = entries.find_map(|entry| entry.ok())?;
    match first.event() {
        Event::Sampling(sampling) => serde_json::to_value(sampling).ok(),
        _ => None,
    }
}

fn event_name(reader: &Reader, number: u16) -> String {
    match spec_of(number) {
        Some(spec) => spec.name.to_string(),
        None => reader.schema().name(number).map_or_else(|| format!("unknown {number}"), str::to_string),
    }
}

fn text(out: &mut Output<'_>, reader: &Reader, found: &Verification) -> Result<(), Failure> {
    let (header, page, loss) = (reader.header(), reader.static_page(), reader.loss());
    writeln!(out, "file      {}", plain(&reader.path().to_string_lossy()))?;
    writeln!(out, "format    jitlog {}.{}, {} bytes", header.major, header.minor, reader.file_len())?;
    writeln!(out, "run       {} pid {} started {}", run_id(&header.run_id), page.pid, utc(page.start_real_ns))?;
    writeln!(out, "clock     {} at about {} ticks per second", page.clock, page.ticks_per_second)?;
    if let Some(process) = reader.defs().process() {
        writeln!(
            out,
            "vm        {} {} {}",
            plain(process.vm_name),
            plain(process.vm_version),
            plain(process.vm_commit)
        )?;
        writeln!(out, "argv      {}", plain(process.argv))?;
        writeln!(out, "machine   {} {} {}", plain(process.host), plain(process.os), plain(process.cpu_model))?;
    }
    if let Some(sampling) = sampling(reader, found) {
        let text = |name: &str| sampling[name].as_str().unwrap_or("").to_string();
        let rate = match sampling["asked_hz"].as_u64() {
            Some(0) => format!("chosen, since a tick takes {} ns", sampling["tick_ns"]),
            asked => format!("{} asked for", asked.unwrap_or(0)),
        };
        let note = Some(text("note")).filter(|note| !note.is_empty()).map(|note| format!("; {note}"));
        let (hz, source) = (&sampling["hz"], text("source"));
        writeln!(out, "samples   {hz} a second by {source}, {rate}{}", plain(&note.unwrap_or_default()))?;
    }
    let health = reader.health();
    match &health {
        Health::Killed { last_ns } => {
            writeln!(out, "health    killed, last sign of life at {} s", seconds(*last_ns))?;
        }
        Health::Truncated { at } => writeln!(out, "health    truncated at byte {at}")?,
        Health::Corrupt(problem) => writeln!(out, "health    corrupt, {}", plain(&problem.to_string()))?,
        other => writeln!(out, "health    {}", other.name())?,
    }
    if header.compatible & COMPATIBLE_REPAIRED != 0 {
        writeln!(out, "repaired  parts of the original may be missing")?;
    }
    writeln!(out, "duration  {} s", seconds(reader.last_ns()))?;
    let stopped = loss.stopped.map(|reason| format!(" ({reason})")).unwrap_or_default();
    writeln!(out, "dropped   {} events, {} bytes{stopped}", loss.dropped_events, loss.dropped_bytes)?;
    writeln!(out, "counters  {}", reader.defs().counters().count())?;
    writeln!(out, "\n{:<12} {:>8} {:>14} {:>14} {:>12}", "blocks", "number", "bytes", "used", "records")?;
    for (kind, usage) in &found.by_kind {
        let (blocks, bytes, used, records) = (usage.blocks, usage.bytes, usage.used, usage.records);
        writeln!(out, "{kind:<12} {blocks:>8} {bytes:>14} {used:>14} {records:>12}")?;
    }
    writeln!(out, "\n{:<16} {:>12}", "event", "number")?;
    for (number, count) in &found.by_type {
        writeln!(out, "{:<16} {count:>12}", plain(&event_name(reader, *number)))?;
    }
    Ok(())
}
