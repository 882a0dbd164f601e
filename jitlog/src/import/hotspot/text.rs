//! The lines of `-XX:+PrintCompilation`, `-XX:+PrintInlining` and `-Xlog:jit*`, mixed with what the program prints.

use std::collections::HashMap;

use super::method;
use crate::import::exits::invalidate;
use crate::import::sink::{MAIN, Sink};
use crate::*;

#[derive(Default)]
pub struct Text {
    pub seen: bool,
    compilations: HashMap<u64, (TraceId, LocId)>,
    now_ns: u64,
    /// Used and reserved bytes of each code heap.
    heaps: HashMap<String, (u64, u64)>,
}

/// `MS ID ATTRS LEVEL METHOD ...`; in the log of -Xlog without the time.
struct Compiled<'a> {
    ms: Option<u64>,
    id: u64,
    osr: bool,
    native: bool,
    level: u8,
    class: &'a str,
    name: &'a str,
    bci: u32,
    after: &'a str,
}

fn compiled(line: &str, timed: bool) -> Option<Compiled<'_>> {
    let mut rest = line.trim_start();
    let take = |rest: &mut &str| -> Option<u64> {
        let end = rest.find(' ')?;
        let number = rest[..end].parse().ok()?;
        *rest = &rest[end..];
        Some(number)
    };
    let ms = if timed {
        let ms = take(&mut rest)?;
        rest = rest.trim_start();
        Some(ms)
    } else {
        None
    };
    let id = take(&mut rest)?;
    let (osr, native, level, rest) = attributes(rest)?;
    let (named, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (class, name) = named.split_once("::")?;
    let rest = rest.trim_start();
    let (bci, rest) = match rest.strip_prefix("@ ") {
        Some(rest) => {
            let (bci, rest) = rest.split_once(' ')?;
            (bci.parse().ok()?, rest.trim_start())
        }
        None => (0, rest),
    };
    let after = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (size, after) = after?;
    (size.ends_with("bytes") || size == "native" || size == "static").then_some(Compiled {
        ms,
        id,
        osr,
        native,
        level,
        class,
        name,
        bci,
        after: after.trim(),
    })
}

/// ` %s!bn 3   `: five columns and the level.
fn attributes(rest: &str) -> Option<(bool, bool, u8, &str)> {
    let (mut osr, mut native) = (false, false);
    for (at, c) in rest.char_indices() {
        match c {
            ' ' | 's' | '!' | 'b' => {}
            '%' => osr = true,
            'n' => native = true,
            '0'..='4' => {
                let after = &rest[at + 1..];
                return after.starts_with(' ').then_some((osr, native, c as u8 - b'0', after.trim_start()));
            }
            _ => return None,
        }
    }
    None
}

/// `[0.031s][debug][jit,compilation] rest`: time, tags, rest.
fn decorated(line: &str) -> Option<(Option<u64>, &str, &str)> {
    let mut rest = line;
    let mut time = None;
    let mut tags = None;
    while let Some((inner, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let inner = inner.trim();
        let seconds = inner.strip_suffix("ms").and_then(|ms| ms.parse::<f64>().ok()).map(|ms| ms / 1e3);
        let seconds = seconds.or_else(|| inner.strip_suffix('s')?.parse::<f64>().ok());
        if let Some(seconds) = seconds.filter(|seconds| (0.0..1e9).contains(seconds)) {
            time = Some((seconds * 1e9) as u64);
        } else {
            tags = Some(inner);
        }
        rest = after;
        if rest.starts_with(' ') || rest.is_empty() {
            break;
        }
    }
    let tags = tags.filter(|tags| {
        tags.split(',').all(|tag| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    })?;
    Some((time, tags, rest.strip_prefix(' ').unwrap_or(rest)))
}

pub fn is_text(line: &str) -> bool {
    compiled(line, true).is_some()
        || decorated(line).is_some_and(|(_, tags, _)| tags.starts_with("jit,") || tags.contains("codecache"))
}

/// `@ 23   Work$B::get (9 bytes)   inline (hot)`.
fn inlining(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches(['!', 's', 'b', 'n']).trim_start();
    line.strip_prefix("@ ")
        .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with('-'))
        || line.starts_with("\\-> TypeProfile")
        || line.starts_with("\\-> ")
}

/// True for what only a line of the compiler's ends with: a method and its size.
fn is_like(line: &str) -> bool {
    let line = line.trim_end().trim_end_matches("made not entrant").trim_end_matches("made zombie").trim_end();
    line.contains("::") && (line.ends_with(" bytes)") || line.ends_with("(native)"))
}

/// Where the compiler's part of a line begins, behind what the program printed.
fn behind(line: &str) -> Option<usize> {
    let starts = line.match_indices(' ').map(|(at, _)| at + 1);
    // The program's last number may stand where the time would: the time has the least before it that can be read.
    starts
        .filter(|at| line[*at..].starts_with(|c: char| c.is_ascii_digit()))
        .find(|at| compiled(&line[*at..], true).is_some())
}

impl Text {
    /// Whether the line was understood; the program's own lines are.
    pub fn line(&mut self, line: &str, out: &mut Sink) -> bool {
        if let Some((time, tags, rest)) = decorated(line) {
            self.seen = true;
            self.now_ns = time.unwrap_or(self.now_ns).max(self.now_ns);
            return match tags {
                "jit,compilation" => self.compilation(rest, false, out),
                "jit,inlining" => self.inlined(rest, out),
                "compilation,codecache" | "codecache,compilation" | "codecache" => self.heap(rest, out),
                _ => tags.starts_with("jit,") || tags.contains("codecache") || tags.contains("compilation"),
            };
        }
        if self.compilation(line, true, out) || (self.seen && inlining(line) && self.inlined(line, out)) {
            return true;
        }
        // The program may have printed without an end of line before it.
        if is_like(line) {
            if let Some(at) = behind(line) {
                return self.compilation(&line[at..], true, out);
            }
            // The JVM prints the time by itself: with the program's line between, it stands before that.
            if self.seen && compiled(line, false).is_some() {
                return self.compilation(line, false, out);
            }
            if self.seen {
                out.unread(UnreadKind::Damaged, line);
            }
        }
        // A line of the program's own says nothing of the VM.
        true
    }

    fn compilation(&mut self, line: &str, timed: bool, out: &mut Sink) -> bool {
        let skipped = line.split_once("COMPILE SKIPPED: ");
        let Some(found) = compiled(line, timed) else {
            if let (Some((before, why)), true) = (skipped, self.seen) {
                return self.skipped(before, why, timed, out);
            }
            return false;
        };
        self.seen = true;
        if let Some(ms) = found.ms {
            self.now_ns = self.now_ns.max(ms.saturating_mul(1_000_000).min(1 << 62));
        }
        let now = self.now_ns;
        let known = self.compilations.get(&found.id).copied();
        if let (true, Some((trace, loc))) = (found.after.starts_with("made "), known) {
            if found.after.starts_with("made zombie") {
                let reason = CodeFreeReason(out.reason(ReasonDomain::CodeFree, "zombie", ""));
                out.emit(MAIN, now, &CodeFree { trace_id: trace, reason, ..CodeFree::default() });
            } else {
                invalidate(out, MAIN, now, trace, loc, found.after.trim_start_matches("made "));
            }
            return true;
        }
        let func = method(out, found.class, found.name);
        let loc_id = out.loc(func, found.bci, 0, 0);
        let trace_id = out.new_trace();
        let kind = match (found.osr, found.native) {
            (true, _) => TraceKind::Loop,
            (_, true) => TraceKind::Entry,
            _ => TraceKind::Func,
        };
        out.emit(MAIN, now, &TraceStart { trace_id, kind, tier: found.level, loc_id, ..TraceStart::default() });
        if let Some((_, why)) = skipped {
            abort(out, now, trace_id, loc_id, why);
            return true;
        }
        // Printed where the compilation begins; that it was installed is known from what was made of it.
        out.emit(MAIN, now, &CodeInstall { trace_id, ..CodeInstall::default() });
        self.compilations.insert(found.id, (trace_id, loc_id));
        if found.after.starts_with("made ") {
            invalidate(out, MAIN, now, trace_id, loc_id, found.after.trim_start_matches("made "));
        }
        true
    }

    fn skipped(&mut self, before: &str, why: &str, timed: bool, out: &mut Sink) -> bool {
        let mut numbers = before.split_whitespace();
        if timed {
            numbers.next();
        }
        let known = numbers.next().and_then(|id| self.compilations.get(&id.parse().ok()?)).copied();
        if let Some((trace, loc)) = known {
            abort(out, self.now_ns, trace, loc, why);
        }
        true
    }

    fn inlined(&mut self, line: &str, out: &mut Sink) -> bool {
        self.seen = true;
        let text = line.trim();
        let name = if text.contains("TypeProfile") { "type profile" } else { "inlining" };
        let name_str = out.string(name);
        out.emit(MAIN, self.now_ns, &Mark { name_str, value: 0.0, count: 0, text });
        true
    }

    /// `CodeHeap 'profiled nmethods': size=120032Kb used=0Kb max_used=0Kb free=120031Kb`.
    fn heap(&mut self, line: &str, out: &mut Sink) -> bool {
        let Some((name, numbers)) = line.split_once(": size=") else { return true };
        let kilobytes = |text: &str| text.trim_end_matches("Kb").parse::<u64>().ok()?.checked_mul(1024);
        let mut words = numbers.split(' ');
        let size = words.next().and_then(kilobytes);
        let used = words.next().and_then(|word| kilobytes(word.strip_prefix("used=")?));
        let (Some(size), Some(used)) = (size, used) else { return false };
        self.heaps.insert(name.to_string(), (used, size));
        let codemem = Codemem {
            used_bytes: self.heaps.values().fold(0, |sum, (used, _)| sum.saturating_add(*used)),
            limit_bytes: self.heaps.values().fold(0, |sum, (_, size)| sum.saturating_add(*size)),
            ..Codemem::default()
        };
        out.emit(MAIN, self.now_ns, &codemem);
        true
    }
}

fn abort(out: &mut Sink, now: u64, trace_id: TraceId, loc_id: LocId, why: &str) {
    let retry = u8::from(why.contains("retry"));
    let reason = out.abort_reason(why.split(" (").next().unwrap_or(why).trim());
    out.emit(MAIN, now, &TraceAbort { trace_id, reason, loc_id, retry, ..TraceAbort::default() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let found = compiled("    141    8 %     3       Work::poly @ 5 (50 bytes)   made not entrant", true).unwrap();
        assert_eq!((found.ms, found.id, found.osr, found.level, found.bci), (Some(141), 8, true, 3, 5));
        assert_eq!((found.class, found.name, found.after), ("Work", "poly", "made not entrant"));
        assert!(compiled("    1     n 0       A::b (native)   (static)", false).is_some_and(|c| c.native));
        assert!(compiled("12 bottles of beer (12 bytes)", true).is_none());
        let (time, tags, rest) =
            decorated("[0.092s][debug][jit,compilation  ]    2       3       A::b (6 bytes)").unwrap();
        assert_eq!((time, tags), (Some(92_000_000), "jit,compilation"));
        assert!(compiled(rest, false).is_some());
    }
}
