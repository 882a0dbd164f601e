//! `-jp`: where the time went, as percentages, counts or folded stacks.

use crate::import::sink::{MAIN, Sink};
use crate::*;

/// What a sample stands for unless `-jp=iN` says another: LuaJIT does not write it down.
const INTERVAL_NS: u64 = 10_000_000;

#[derive(Default)]
pub struct Profile {
    noted: bool,
    /// The first level of two: its share is that of the lines below it.
    outer: Option<(String, u64)>,
    annotated: bool,
    file: String,
}

impl Profile {
    /// Whether the line was understood.
    pub fn line(&mut self, line: &str, out: &mut Sink) -> bool {
        if line.starts_with("[No samples collected]") {
            return true;
        }
        if let Some(rest) = line.strip_prefix("====== ") {
            (self.annotated, self.file) = (true, rest.trim_matches(|c| c == '=' || c == ' ').to_string());
            return true;
        }
        if self.annotated {
            return self.source(line, out);
        }
        let trimmed = line.trim_start();
        let inner = trimmed.strip_prefix("-- ");
        if let Some((percent, name)) = inner.unwrap_or(trimmed).split_once("%  ") {
            let Ok(percent) = percent.trim().parse::<u64>() else { return false };
            match inner {
                None => {
                    self.close(out);
                    self.outer = Some((name.to_string(), percent));
                }
                Some(_) => {
                    let (outer, whole) = self.outer.clone().unwrap_or_default();
                    let samples = percent * whole / 100;
                    self.outer = Some((outer.clone(), whole));
                    self.sample(&[&outer, name], samples, out);
                    if let Some(outer) = &mut self.outer {
                        outer.0.insert(0, '\0');
                    }
                }
            }
            return true;
        }
        // Raw: `  12  name`.
        if let Some((count, name)) = trimmed.split_once("  ")
            && let Ok(count) = count.parse::<u64>()
        {
            self.sample(&[name], count, out);
            return true;
        }
        // Folded: `a;b;c 12`.
        let Some((stack, count)) = trimmed.rsplit_once(' ') else { return false };
        let Ok(count) = count.parse::<u64>() else { return false };
        let frames: Vec<&str> = stack.split(';').collect();
        self.sample(&frames, count, out);
        true
    }

    /// `  12%  | code` of an annotated source.
    fn source(&mut self, line: &str, out: &mut Sink) -> bool {
        if let Some(at) = line.strip_prefix("@@ ") {
            return at.contains(' ');
        }
        let Some((share, _)) = line.split_once('|') else { return true };
        let count = share.trim().trim_end_matches('%').trim().parse::<u64>();
        if let Ok(count) = count {
            let file = self.file.clone();
            self.sample(&[&file], count, out);
        }
        true
    }

    /// The end of the file. The outer line stands alone if none was below it.
    pub fn close(&mut self, out: &mut Sink) {
        if let Some((name, percent)) = self.outer.take()
            && !name.starts_with('\0')
        {
            self.sample(&[&name], percent, out);
        }
    }

    fn sample(&mut self, frames: &[&str], count: u64, out: &mut Sink) {
        if !self.noted {
            self.noted = true;
            out.note("-jp: a sample counts as 10 ms, LuaJIT's default; a percent counts as one sample".into());
        }
        let mut state = SampleState::Interp;
        let mut stack = StackId::NONE;
        let mut loc_id = LocId::NONE;
        for frame in frames.iter().map(|frame| frame.trim_start_matches('\0')).filter(|frame| !frame.is_empty()) {
            match frame {
                "Compiled" => state = SampleState::Trace,
                "Interpreted" => state = SampleState::Interp,
                "C code" => state = SampleState::Native,
                "Garbage Collector" => state = SampleState::Gc,
                "JIT Compiler" => state = SampleState::Opt,
                name => {
                    let line = name.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
                    loc_id = match line {
                        Some((file, line)) => out.place(file, "", line),
                        None => out.place("", name, 0),
                    };
                    stack = out.stack(stack, loc_id, FrameKind::Interp);
                }
            }
        }
        let weight_ns = count.min(1 << 40) * INTERVAL_NS;
        let sample = Sample { state, loc_id, stack_id: stack, weight_ns, ..Sample::default() };
        let now = out.last_ns().saturating_add(weight_ns);
        out.emit(MAIN, now, &sample);
    }
}
