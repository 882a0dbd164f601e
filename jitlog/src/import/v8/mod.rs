//! V8: the `v8.log` of node and the text of `--trace-opt --trace-deopt`.
//!
//! A function compiled by a tier above the interpreter is a trace here; each place where such code was left for the
//! interpreter is a guard, named by V8's own reason. Guards that never failed are not in such a log.

mod addresses;
mod csv;
mod place;
mod text;

use crate::import::exits::{Exit, Exits, invalidate};
use crate::import::sink::{MAIN, Sink};
use crate::import::{Importer, Line};
use crate::*;
use csv::Csv;
use text::Traces;

pub struct V8 {
    csv: Csv,
    traces: Traces,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    csv: bool,
    text: bool,
}

impl V8 {
    pub fn new(_out: &mut Sink) -> V8 {
        V8 { csv: Csv::default(), traces: Traces::default(), seen: Seen::default() }
    }
}

/// A piece of code was left here for this reason, and thrown away.
pub(super) fn left(
    exits: &mut Exits,
    out: &mut Sink,
    t_ns: u64,
    trace_id: TraceId,
    loc_id: LocId,
    kind: &str,
    reason: &str,
) {
    let exit = Exit { trace_id, loc_id, stack_id: StackId::NONE, reason, is_type: is_type(reason) };
    exits.left(out, MAIN, t_ns, &exit);
    invalidate(out, MAIN, t_ns, trace_id, loc_id, &format!("{kind}: {reason}"));
}

/// Reasons that mean that a value was of another type than those seen before.
fn is_type(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    let types = ["map", "smi", "heap number", "not a ", "type", "symbol", "string", "bigint", "receiver", "instance"];
    !reason.contains("insufficient") && types.iter().any(|word| reason.contains(word))
}

pub fn is_csv(line: &str) -> bool {
    line.starts_with("v8-version,")
        || (line.starts_with("code-creation,") && line.split(',').count() >= 6)
        || (line.starts_with("code-deopt,") && line.split(',').count() >= 6)
}

pub fn is_trace(line: &str) -> bool {
    text::is_one(line)
}

impl Importer for V8 {
    fn line(&mut self, line: &Line<'_>, out: &mut Sink) {
        // One file is one or the other; text is mixed with what the program prints.
        if !self.seen.csv && (self.seen.text || is_trace(line.text)) {
            self.seen.text |= is_trace(line.text);
            if self.traces.line(line.text, out) == Some(false) && !line.cut {
                let kind = if line.text.ends_with(']') { UnreadKind::Unknown } else { UnreadKind::Damaged };
                out.unread(kind, line.text);
            }
            return;
        }
        match self.csv.line(line.text, out) {
            Ok(true) => self.seen.csv = true,
            _ if line.cut || line.text.is_empty() => {}
            Ok(false) if self.seen.csv => out.unread(UnreadKind::Unknown, line.text),
            // What a program prints before the first line of a trace.
            Ok(false) => {}
            Err(()) => {
                self.seen.csv = true;
                out.unread(UnreadKind::Damaged, line.text);
            }
        }
    }

    fn end_of_file(&mut self, _out: &mut Sink) {
        self.seen.csv = false;
        self.seen.text = false;
    }

    fn end(&mut self, out: &mut Sink) {
        self.csv.end(out);
        let seen = &self.csv.seen;
        let text = self.traces.seen;
        if !seen.version {
            out.process("V8", "", &[], "");
        }
        let wanted = [
            (seen.times, Fact::Times, "node --log-code --log-deopt --logfile=FILE"),
            (seen.code || text, Fact::Traces, "node --log-code"),
            (seen.deopts || text, Fact::Guards, "node --log-deopt"),
            (seen.deopts || text, Fact::GuardFailures, "node --log-deopt"),
            (seen.ticks, Fact::Samples, "node --prof"),
            (seen.source, Fact::SourceText, "node --log-source-code"),
            (text, Fact::CompileTimes, "node --trace-opt"),
            (text, Fact::Aborts, "node --trace-opt"),
            (text, Fact::AbortReasons, "node --trace-opt"),
            (seen.code, Fact::CodeSize, "node --log-code"),
            (false, Fact::ObservedTypes, "node --log-maps"),
            (false, Fact::MachineCode, "node --log-code-disassemble, in a build with a disassembler"),
            (false, Fact::Ir, "node --trace-turbo"),
        ];
        for (has, fact, switch) in wanted {
            if !has {
                out.absent(fact, switch);
            }
        }
        for fact in [Fact::Executions, Fact::Bytecode, Fact::Iterations] {
            out.absent(fact, "");
        }
        for fact in [Fact::Collections, Fact::GcPauses, Fact::Heap] {
            out.absent(fact, "node --trace-gc");
        }
    }
}
