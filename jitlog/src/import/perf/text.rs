//! The text of `perf script`: samples with their frames, what its header says of the clock, and lines nobody understands.
//!
//! A sample is a line `COMM PID/TID [CPU] SECONDS: PERIOD EVENT:`, a line per frame, innermost first, and an empty line;
//! recorded without call chains it is one line with its only frame. PID, CPU and PERIOD may be missing.

use crate::UnreadKind;

/// Frames of a sample that are kept, innermost first: the kernel gives up earlier.
const DEEPEST: usize = 1024;
/// Bytes of a symbol that are kept.
const SYMBOL: usize = 512;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub addr: u64,
    pub symbol: String,
    /// The file the code is in; `[kernel.kallsyms]` and the like for what is in none.
    pub dso: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub comm: String,
    pub pid: Option<u32>,
    pub tid: u32,
    /// On perf's clock.
    pub t_ns: u64,
    pub period: Option<u64>,
    pub event: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

/// What a line completed.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Sample(Sample),
    Unread(UnreadKind),
}

/// What the header of the recording says of its clock; texts often have no header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockSaid {
    #[default]
    Nothing,
    /// There is a header, and it names no clock: perf's own.
    Own,
    Monotonic,
    Other,
}

#[derive(Default)]
pub struct Parser {
    open: Option<Sample>,
    /// The open sample has a call chain, so an empty line ends it.
    has_chain: bool,
    pub clock: ClockSaid,
}

impl Parser {
    pub fn line(&mut self, line: &str) -> Found {
        if line.starts_with('#') {
            self.comment(line);
            return Found::Nothing;
        }
        if line.trim().is_empty() {
            return self.finish();
        }
        if let Some((sample, rest)) = header(line) {
            let chain_lost = self.open.is_some() && self.has_chain;
            let before = self.finish();
            self.open = Some(sample);
            if let (Some(sample), Some(only)) = (&mut self.open, frame(rest)) {
                sample.frames.push(only);
            }
            // Between a chain and the next sample stands an empty line.
            return if chain_lost { Found::Unread(UnreadKind::Damaged) } else { before };
        }
        let is_frame = line.starts_with([' ', '\t']);
        match (&mut self.open, frame(line)) {
            (Some(sample), Some(frame)) if is_frame => {
                self.has_chain = true;
                if sample.frames.len() < DEEPEST {
                    sample.frames.push(frame);
                }
                Found::Nothing
            }
            _ => Found::Unread(UnreadKind::Unknown),
        }
    }

    /// The text is over: a chain that no empty line ends lacks its outer frames.
    pub fn end(&mut self) -> Found {
        match self.open.is_some() && self.has_chain {
            true => {
                self.open = None;
                Found::Unread(UnreadKind::Cut)
            }
            false => self.finish(),
        }
    }

    /// The line that is being read was cut: so is the sample it belongs to.
    pub fn drop_open(&mut self) {
        self.open = None;
    }

    fn finish(&mut self) -> Found {
        self.has_chain = false;
        self.open.take().map_or(Found::Nothing, Found::Sample)
    }

    pub fn comment(&mut self, line: &str) {
        if let Some(clock) = line.strip_prefix("# clockid:") {
            let is_monotonic = clock.trim_start().starts_with("monotonic (");
            self.clock = if is_monotonic { ClockSaid::Monotonic } else { ClockSaid::Other };
        } else if line.starts_with("# cmdline :") && self.clock == ClockSaid::Nothing {
            self.clock = ClockSaid::Own;
        }
    }
}

/// The first line of a sample, and what follows the event's name on it.
pub fn header(line: &str) -> Option<(Sample, &str)> {
    let mut words = words(line);
    let mut before: Vec<(usize, &str)> = Vec::new();
    let t_ns = loop {
        let word = words.next()?;
        if before.len() >= 2
            && let Some(time) = word.1.strip_suffix(':').and_then(seconds)
        {
            break time;
        }
        before.push(word);
        // A name has at most 15 bytes, so at most 8 words.
        if before.len() > 11 {
            return None;
        }
    };
    if before.last()?.1.starts_with('[') {
        before.pop();
    }
    let (at, thread) = before.pop()?;
    let (pid, tid) = match thread.split_once('/') {
        Some((pid, tid)) => (Some(pid.parse().ok()?), tid.parse().ok()?),
        None => (None, thread.parse().ok()?),
    };
    let comm = line[..at].trim().to_string();
    let mut word = words.next()?;
    let period = word.1.parse().ok();
    if period.is_some() {
        word = words.next()?;
    }
    let event = word.1.strip_suffix(':').filter(|event| !event.is_empty())?.to_string();
    let rest = &line[word.0 + word.1.len()..];
    (!comm.is_empty()).then(|| (Sample { comm, pid, tid, t_ns, period, event, frames: Vec::new() }, rest))
}

/// Words with their places.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split_ascii_whitespace().map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

/// Seconds with a fraction, in nanoseconds.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(9 - fraction.len() as u32);
    whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction.parse::<u64>().ok()? * scale)
}

/// `ADDR SYMBOL (DSO)`.
fn frame(text: &str) -> Option<Frame> {
    let text = text.trim();
    let (addr, rest) = text.split_once(' ')?;
    let addr = u64::from_str_radix(addr, 16).ok()?;
    let rest = rest.trim();
    // Symbols and files may have blanks and parentheses of their own: the file is the last group that is one.
    let rest = rest.strip_suffix(')')?;
    let at = rest.rfind(" (").map(|at| (at, at + 2)).or_else(|| rest.starts_with('(').then_some((0, 1)))?;
    let (mut symbol, mut dso) = (&rest[..at.0], &rest[at.1..]);
    if dso == "deleted)" || dso == "deleted" {
        let at = symbol.rfind(" (")?;
        (symbol, dso) = (&rest[..at], &rest[at + 2..]);
    }
    let symbol = symbol.trim();
    // `+0x1f` with `-F +symoff`.
    let symbol = match symbol.rsplit_once("+0x") {
        Some((name, offset)) if !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => symbol,
    };
    let symbol = symbol[..symbol.floor_char_boundary(SYMBOL)].to_string();
    Some(Frame { addr, symbol, dso: dso[..dso.floor_char_boundary(SYMBOL)].to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn first_lines_with_and_without_their_parts() {
        let (sample, rest) = header("jitvm  2834/2845  41569.290723649:    6666666 cpu-clock:u: ").unwrap();
        assert_eq!((sample.pid, sample.tid, sample.t_ns), (Some(2834), 2845, 41_569_290_723_649));
        assert_eq!((sample.period, sample.event.as_str(), rest.trim()), (Some(6_666_666), "cpu-clock:u", ""));
        let (sample, _) = header("Web Content 71 [003] 5.000001: sched:sched_switch: prev_comm=x").unwrap();
        assert_eq!((sample.comm.as_str(), sample.pid, sample.tid), ("Web Content", None, 71));
        assert_eq!((sample.t_ns, sample.period, sample.event.as_str()), (5_000_001_000, None, "sched:sched_switch"));
        for damaged in ["", "jitvm 1/2 5.5", "jitvm 1/x 5.5: cycles:", "5.5: cycles:", "jitvm 1 5.5: 12"] {
            assert_eq!(header(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn frames_with_blanks_and_parentheses() {
        let of = |text: &str| frame(text).map(|frame| (frame.addr, frame.symbol, frame.dso));
        let is = |addr, symbol: &str, dso: &str| Some((addr, symbol.to_string(), dso.to_string()));
        assert_eq!(
            of("\t  55 py::f:/a b.py [trace 1 line 3] (/tmp/perf-1.map)"),
            is(0x55, "py::f:/a b.py [trace 1 line 3]", "/tmp/perf-1.map")
        );
        assert_eq!(of(" ff operator()(int)+0x1f (/x/lib.so)"), is(0xff, "operator()(int)", "/x/lib.so"));
        assert_eq!(of(" ff [unknown] (/memfd:code (deleted))"), is(0xff, "[unknown]", "/memfd:code (deleted)"));
        assert_eq!(of(" ff ([unknown])"), is(0xff, "", "[unknown]"));
        assert_eq!(of(" zz main (/x)"), None);
        assert_eq!(of(" ff main (/x"), None);
    }
}
