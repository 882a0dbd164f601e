//! LuaJIT: what `-jv`, `-jdump` and `-jp` print, and the timed events of our own `jitlog-events.lua`.
//!
//! `-jv` and `-jdump` have no times: their records follow each other at time 0. An exit is a snapshot, which several guards
//! share, so that a guard here is one exit with all that leads to it.

mod book;
mod dump;
mod events;
mod profile;

use crate::import::sink::Sink;
use crate::import::{Importer, Line};
use crate::*;
use book::Book;
use dump::Dump;
use profile::Profile;

pub struct Luajit {
    book: Book,
    dump: Dump,
    profile: Profile,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    verbose: u64,
    dump: bool,
    events: bool,
    profile: bool,
}

impl Luajit {
    pub fn new(out: &mut Sink) -> Luajit {
        out.process("LuaJIT", "", &[], "");
        Luajit { book: Book::default(), dump: Dump::default(), profile: Profile::default(), seen: Seen::default() }
    }

    /// `[TRACE 5 (1/4) work.lua:8 -> 1]`.
    fn verbose(&mut self, line: &str, out: &mut Sink) -> bool {
        let Some(text) = line.strip_prefix("[TRACE ").and_then(|rest| rest.strip_suffix(']')) else { return false };
        self.seen.verbose += 1;
        if self.seen.dump || self.seen.events {
            // The same traces again, from another file of the run.
            return true;
        }
        let text = text.trim_start();
        if text == "flush" || text == "--- flush" {
            self.book.flush(0, out);
            return true;
        }
        let (number, rest) = match text.strip_prefix("--- ") {
            Some(rest) => (None, rest),
            None => match text.split_once(' ') {
                Some((number, rest)) if number.parse::<u64>().is_ok() => (number.parse::<u64>().ok(), rest),
                _ => return false,
            },
        };
        let (parent, rest) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
            Some((parent, rest)) => (parent.split_once('/'), rest),
            None => (None, rest),
        };
        let parent = parent.and_then(|(trace, exit)| Some((trace.parse().ok()?, exit.parse().ok())));
        match number {
            None => {
                let Some((loc, error)) = rest.split_once(" -- ") else { return false };
                self.book.start(0, ABORTED, loc, parent, out);
                self.book.abort(0, ABORTED, loc, &dump::with_opcode_name(error), out);
                true
            }
            Some(number) => {
                // A place may have spaces in it, how the trace ends may too.
                let Some((loc, link)) = split_link(rest) else { return false };
                self.book.start(0, number, loc, parent, out);
                self.book.stop(0, number, link, &Default::default(), out);
                true
            }
        }
    }
}

/// The number `-jv` has for none.
const ABORTED: u64 = u64::MAX;

/// Words for how a trace ends.
const LINKS: [&str; 9] =
    ["loop", "tail-recursion", "up-recursion", "down-recursion", "return", "root", "stitch", "interpreter", "none"];

/// The place and how the trace ends.
fn split_link(rest: &str) -> Option<(&str, &str)> {
    for mark in [" -> ", " stitch ", " -- fallback"] {
        if let Some(at) = rest.find(mark) {
            return Some((&rest[..at], rest[at..].trim()));
        }
    }
    let (loc, link) = rest.rsplit_once(' ')?;
    LINKS.contains(&link).then_some((loc, link))
}

/// True for a line only LuaJIT writes.
pub fn is_one(line: &str) -> bool {
    let line = dump::plain(line);
    (line.starts_with("[TRACE ") && line.ends_with(']'))
        || line.starts_with("---- TRACE ")
        || line.starts_with("pre.ljdump")
        || (line.starts_with("{\"ns\":") && line.contains("\"ev\":\""))
}

/// True for the lines of a profile.
pub fn is_profile(lines: &[&str]) -> bool {
    let lines: Vec<&&str> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    let percent = lines.first().is_some_and(|line| {
        line.trim_start().split_once("%  ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    });
    // `    6  name`: counts before names.
    let raw = !lines.is_empty()
        && lines.iter().all(|line| {
            line.trim_start().split_once("  ").is_some_and(|(count, name)| {
                count.parse::<u64>().is_ok() && name.starts_with(|c: char| c.is_ascii_alphabetic())
            })
        });
    percent
        || raw
        || (!lines.is_empty()
            && lines.iter().all(|line| {
                // Folded: frames and a count. A line of plain numbers would be iterations.
                line.rsplit_once(' ').is_some_and(|(frames, count)| {
                    count.parse::<u64>().is_ok()
                        && frames.contains(|c: char| c.is_ascii_alphabetic())
                        && !frames.contains(',')
                })
            }))
}

impl Importer for Luajit {
    fn line(&mut self, line: &Line<'_>, out: &mut Sink) {
        let text = dump::plain(line.text);
        let text = text.as_ref();
        let understood = if text.starts_with("{\"ns\":") {
            self.seen.events = true;
            events::line(&mut self.book, text, out)
        } else if text.starts_with("[TRACE ") {
            self.verbose(text, out)
        } else if text.starts_with("---- TRACE ") {
            self.seen.dump = true;
            self.dump.head(&mut self.book, text, out)
        } else if self.seen.dump || dump::is_html(line.text) {
            self.seen.dump = true;
            self.dump.body(text, out)
        } else if text.is_empty() {
            true
        } else {
            let understood = self.profile.line(text, out);
            self.seen.profile |= understood;
            understood
        };
        if !understood && !line.cut {
            out.unread(UnreadKind::Unknown, line.text);
        }
    }

    fn end_of_file(&mut self, out: &mut Sink) {
        if let Some(number) = self.dump.unfinished() {
            out.unread(UnreadKind::Cut, &format!("the file ends inside trace {number}"));
        }
        self.dump = Dump::default();
        self.profile.close(out);
        self.profile = Profile::default();
    }

    fn end(&mut self, out: &mut Sink) {
        self.book.end(out);
        let seen = &self.seen;
        let script = "jitlog-events.lua";
        let traces = seen.verbose > 0 || seen.dump || seen.events;
        let wanted = [
            (seen.events, Fact::Times, script),
            (seen.events, Fact::CompileTimes, script),
            (seen.profile, Fact::Samples, "luajit -jp=rfi1,FILE"),
            (traces, Fact::Traces, "luajit -jv=FILE"),
            (traces, Fact::Aborts, "luajit -jv=FILE"),
            (self.book.has_exits, Fact::GuardFailures, "luajit -jdump=+x,FILE or jitlog-events.lua"),
            (self.book.has_code, Fact::CodeSize, "luajit -jdump=+m,FILE or jitlog-events.lua"),
            (seen.dump, Fact::Ir, "luajit -jdump=+rs,FILE"),
            (seen.dump || seen.events, Fact::Bytecode, "luajit -jdump=b,FILE"),
            (seen.dump || seen.events || self.book.has_exits, Fact::Guards, "luajit -jdump=+rsx,FILE"),
        ];
        for (has, fact, switch) in wanted {
            if !has {
                out.absent(fact, switch);
            }
        }
        for fact in [Fact::Executions, Fact::ObservedTypes, Fact::Collections, Fact::GcPauses, Fact::Heap] {
            out.absent(fact, "");
        }
        for fact in [Fact::MachineCode, Fact::SourceText, Fact::Iterations, Fact::Invalidations] {
            out.absent(fact, "");
        }
    }
}
