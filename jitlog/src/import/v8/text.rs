//! The text of `--trace-opt --trace-deopt`, which stands among what the program prints. It has durations but no times.

use std::collections::HashMap;

use super::left;
use crate::import::exits::Exits;
use crate::import::sink::{MAIN, Sink};
use crate::*;

#[derive(Default)]
pub struct Traces {
    /// Compilations under way and code in use, by function.
    open: HashMap<Key, TraceId>,
    current: HashMap<String, TraceId>,
    exits: Exits,
    pub seen: bool,
}

/// Function (address and name) and whether its loop is replaced while it runs.
type Key = (String, bool);

/// What the lines begin with that are read.
const READ: &[&str] = &[
    "bailout (kind: ",
    "marking ",
    "manually marking ",
    "compiling method ",
    "recompiling method ",
    "completed compiling ",
    "completed optimizing ",
    "aborted optimizing ",
    "aborting optimization ",
    "disabled optimization for ",
];
/// And those that are known and say only what V8 thought of it and did not do.
const PASSED_OVER: &[&str] = &["not marking", "deoptimizing", "optimizing", "OSR", "found", "installing", "replacing"];

/// True for a whole line that only V8 writes.
pub fn is_one(line: &str) -> bool {
    line.starts_with('[') && (line.contains("<JSFunction ") || line.starts_with("[bailout (kind: "))
}

/// Where a line of V8's begins, maybe behind what the program printed; nothing if there is none.
fn start(line: &str) -> Option<usize> {
    let begins = |at: &usize| {
        let text = &line[at + 1..];
        let read = READ.iter().any(|word| text.starts_with(word));
        let function = text.find("<JSFunction ");
        // The program's own brackets hold no function; a bracket further right is nearer to it.
        match function {
            Some(function) => read || !text[..function].contains('['),
            None => read && text.contains(" 0x"),
        }
    };
    line.match_indices('[').map(|(at, _)| at).find(begins)
}

impl Traces {
    /// Whether a line of V8's was understood; nothing for a line of the program's own.
    pub fn line(&mut self, line: &str, out: &mut Sink) -> Option<bool> {
        // What the program printed without an end of line may stand before.
        let text = &line[start(line)? + 1..];
        let Some(text) = text.strip_suffix(']') else { return Some(false) };
        if let Some(rest) = text.strip_prefix("bailout (kind: ") {
            self.seen = true;
            return Some(self.bailout(rest, out).is_some());
        }
        self.seen = true;
        let Some(at) = text.find("<JSFunction ") else { return Some(false) };
        let (before, function) = (text[..at].trim(), &text[at..]);
        let Some((name, rest)) = function_name(function) else { return Some(false) };
        let address = before.rsplit(' ').next().unwrap_or_default();
        let word = before.rsplit_once(' ').map_or(before, |(word, _)| word);
        let id = format!("{address} {name}");
        let key = (id.clone(), rest.contains(" OSR"));
        let loc = out.place("", name, 0);
        let understood = match word {
            "marking" | "manually marking" => {
                out.emit(MAIN, 0, &Hot { loc_id: loc, what: HotWhat::Func, ..Hot::default() });
                true
            }
            "compiling method" | "recompiling method" => {
                let trace_id = out.new_trace();
                let kind = if key.1 { TraceKind::Loop } else { TraceKind::Func };
                let tier = if rest.contains("MAGLEV") { 2 } else { 3 };
                out.emit(MAIN, 0, &TraceStart { trace_id, kind, tier, loc_id: loc, ..TraceStart::default() });
                self.open.insert(key, trace_id);
                true
            }
            "completed compiling" => {
                let trace_id = self.trace(&key, loc, out);
                let end = CompileEnd {
                    trace_id,
                    outcome: CompileOutcome::Installed,
                    compile_ns: took_ns(rest).unwrap_or(0),
                    ..CompileEnd::default()
                };
                out.emit(MAIN, 0, &end);
                took_ns(rest).is_some()
            }
            "completed optimizing" => {
                let trace_id = self.trace(&key, loc, out);
                out.emit(MAIN, 0, &CodeInstall { trace_id, ..CodeInstall::default() });
                self.open.remove(&key);
                self.current.insert(id, trace_id);
                true
            }
            "aborted optimizing" | "aborting optimization" | "disabled optimization for" => {
                let trace_id = self.trace(&key, loc, out);
                let reason = rest.split_once("because: ").or_else(|| rest.split_once("reason: "));
                let reason = reason.map_or("not said", |(_, reason)| reason);
                let reason = out.abort_reason(reason.trim());
                let blacklisted = u8::from(word.starts_with("disabled"));
                let abort = TraceAbort { trace_id, reason, loc_id: loc, blacklisted, ..TraceAbort::default() };
                out.emit(MAIN, 0, &abort);
                self.open.remove(&key);
                true
            }
            // They say what V8 thought of it and did not do.
            other => PASSED_OVER.iter().any(|word| other.starts_with(word)),
        };
        Some(understood)
    }

    /// The compilation under way; one whose start is not in the text begins here.
    fn trace(&mut self, key: &Key, loc_id: LocId, out: &mut Sink) -> TraceId {
        if let Some(trace) = self.open.get(key) {
            return *trace;
        }
        let trace_id = out.new_trace();
        let kind = if key.1 { TraceKind::Loop } else { TraceKind::Func };
        out.emit(MAIN, 0, &TraceStart { trace_id, kind, tier: 3, loc_id, ..TraceStart::default() });
        self.open.insert(key.clone(), trace_id);
        trace_id
    }

    /// `K, reason: R): begin. deoptimizing 0xH <JSFunction N ..>, .., bytecode offset B, ..`.
    fn bailout(&mut self, text: &str, out: &mut Sink) -> Option<()> {
        let (kind, rest) = text.split_once(", reason: ")?;
        let (reason, rest) = rest.split_once("): ")?;
        let at = rest.find("<JSFunction ")?;
        let address = rest[..at].trim().rsplit(' ').next().unwrap_or_default();
        let (name, rest) = function_name(&rest[at..])?;
        let offset = rest.split_once("bytecode offset ").and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
        let func = out.func("", name, 0);
        // Lines are not in the text: the place is the offset in the bytecode.
        let loc = out.loc(func, offset.unwrap_or(0), 0, 0);
        let id = format!("{address} {name}");
        let trace = match self.current.get(&id) {
            Some(trace) => *trace,
            None => {
                let place = out.place("", name, 0);
                let trace = self.trace(&(id.clone(), false), place, out);
                out.emit(MAIN, 0, &CodeInstall { trace_id: trace, ..CodeInstall::default() });
                self.open.remove(&(id.clone(), false));
                self.current.insert(id, trace);
                trace
            }
        };
        left(&mut self.exits, out, 0, trace, loc, kind, reason);
        Some(())
    }
}

/// The name in `<JSFunction name (sfi = 0x..)>` and what follows.
fn function_name(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("<JSFunction")?;
    let end = text.find('>')?;
    // A name may hold the bracket too, e.g. of an operator.
    let end = text.find(")>").map_or(end, |at| at + 1);
    let name = text[..end].split(" (sfi = ").next().unwrap_or_default().trim();
    Some((if name.is_empty() { "(anonymous)" } else { name }, &text[end + 1..]))
}

/// The sum of `took A, B, C ms`.
fn took_ns(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("took ")?;
    let times = rest.strip_suffix(" ms").unwrap_or(rest);
    let mut sum = 0.0;
    for part in times.split(", ") {
        sum += part.trim().parse::<f64>().ok()?;
    }
    Some((sum * 1e6).clamp(0.0, 1e18) as u64)
}
