//! When a trace has paid for itself: when the time its code saved is that of recording and compiling it.
//!
//! The model: what the code did in the time the samples found it there, the interpreter would have done in [`SLOWER`]
//! times as long, so a trace saved that much less its own time; and it saved it evenly from when it was installed until
//! it was thrown away or the run ended. Its price is recording and compiling, with its part of what the JIT spent on no
//! trace in particular. Builtins that it called take the same time either way. Samples that missed it, or hit it by
//! chance, widen the bounds: twice the root of their number, and two more for code that was never hit.

use serde::Serialize;

use super::findings::places::JitTime;
use super::findings::stake::COMPILED_INSTEAD;
use crate::model::{Model, Trace};
use crate::units::{count, ns, plural};

/// The interpreter against compiled code: at least and at most, as measured on `fixtures/diagnose` (see `stake.rs`), the
/// upper bound for common loops.
const SLOWER: [f64; 2] = [1.0 / COMPILED_INSTEAD[1], 20.0];

/// What the code of a trace earned. At least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BreakEven {
    pub cost_ns: u64,
    pub saved_ns: [u64; 2],
    /// How long after it was installed it had earned its price, at the soonest and at the latest; `None` is not as long as
    /// it was there.
    pub after_ns: [Option<u64>; 2],
}

/// Whether a trace paid for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    Yes,
    /// The bounds do not tell.
    Maybe,
    No,
}

impl BreakEven {
    pub fn paid(&self) -> Paid {
        match self.after_ns {
            [_, Some(_)] => Paid::Yes,
            [Some(_), None] => Paid::Maybe,
            [None, None] => Paid::No,
        }
    }
}

/// Tells it of every trace of a model.
pub struct BreakEvens<'m> {
    model: &'m Model,
    jit: JitTime<'m>,
    /// Time one sample stands for.
    sample_ns: f64,
}

impl<'m> BreakEvens<'m> {
    pub fn new(model: &'m Model) -> BreakEvens<'m> {
        let all = model.samples.by_state.values();
        let (ns, samples) = all.fold((0.0, 0), |(ns, samples), w| (ns + w.ns as f64, samples + w.samples));
        BreakEvens { model, jit: JitTime::new(model), sample_ns: ns / samples.max(1) as f64 }
    }

    /// `None` of what never became code, and if nobody sampled.
    pub fn of(&self, trace: &Trace) -> Option<BreakEven> {
        let model = self.model;
        if model.samples.is_empty() || !trace.became_code() {
            return None;
        }
        let cost_ns = self.jit.of(trace.id);
        let begin = model.span.map_or(0, |span| span.from_ns);
        let end = begin.saturating_add(model.duration_ns);
        let until = [trace.freed_ns, trace.invalidated_ns].into_iter().flatten().fold(end, u64::min);
        let life = until.saturating_sub(trace.installed_ns.unwrap_or(begin).max(begin));
        let sampled = model.samples.by_trace.get(&trace.id).map_or(0, |time| time.compiled_ns) as f64;
        let chance = 2.0 * (sampled * self.sample_ns).sqrt();
        // Code cannot have run for longer than it was there.
        let ran =
            [(sampled - chance).max(0.0), (sampled + chance + 2.0 * self.sample_ns).min(sampled.max(life as f64))];
        let saved = [ran[0] * (SLOWER[0] - 1.0), ran[1] * (SLOWER[1] - 1.0)];
        let after =
            |saved: f64| (saved >= cost_ns as f64).then(|| (life as f64 * cost_ns as f64 / saved.max(1.0)) as u64);
        Some(BreakEven { cost_ns, saved_ns: saved.map(|ns| ns as u64), after_ns: [after(saved[1]), after(saved[0])] })
    }
}

/// How many traces paid for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    pub yes: u64,
    pub maybe: u64,
    pub no: u64,
    /// When the last of those that did had, since the start of the log.
    pub last_ns: Option<u64>,
}

impl Tally {
    /// `3 of 4 traces paid off by 1.2 s, 1 perhaps`
    pub fn sentence(&self) -> String {
        let all = plural(self.yes + self.maybe + self.no, "trace");
        let by = self.last_ns.map(|at| format!(" by {}", ns(at))).unwrap_or_default();
        let perhaps = if self.maybe > 0 { format!(", {} perhaps", count(self.maybe)) } else { String::new() };
        format!("{} of {all} paid off{by}{perhaps}", count(self.yes))
    }
}

/// `None` if nobody sampled or nothing was compiled.
pub fn tally(model: &Model) -> Option<Tally> {
    let all = BreakEvens::new(model);
    let mut tally = Tally::default();
    for trace in model.traces.values() {
        let Some(found) = all.of(trace) else { continue };
        match found.paid() {
            Paid::Yes => tally.yes += 1,
            Paid::Maybe => tally.maybe += 1,
            Paid::No => tally.no += 1,
        }
        let at = found.after_ns[1].zip(trace.installed_ns).map(|(after, at)| at.saturating_add(after));
        tally.last_ns = tally.last_ns.max(at);
    }
    (tally.yes + tally.maybe + tally.no > 0).then_some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Compile, SampleState, TraceId, TraceTime, Weight};

    /// A run of a second with a trace that took 2 ms to make, was installed at 0.1 s, and has so many samples of 1 ms.
    fn model(samples: u64) -> Model {
        let mut model = Model { duration_ns: 1_000_000_000, ..Model::default() };
        let ns = samples * 1_000_000;
        let mut trace = Trace::new(TraceId(1));
        trace.installed_ns = Some(100_000_000);
        trace.compile = Some(Compile { compile_ns: 2_000_000, ..Compile::default() });
        model.traces.insert(TraceId(1), trace);
        model.samples.by_state.insert(SampleState::Interp, Weight { samples: 1_000, ns: 1_000_000_000 });
        model.samples.by_trace.insert(TraceId(1), TraceTime { compiled_ns: ns, ..TraceTime::default() });
        model
    }

    fn of(model: &Model) -> BreakEven {
        BreakEvens::new(model).of(&model.traces[&TraceId(1)]).expect("it became code, and somebody sampled")
    }

    #[test]
    fn a_trace_that_runs_long_has_paid_soon() {
        let found = of(&model(400));
        assert_eq!((found.paid(), found.cost_ns), (Paid::Yes, 2_000_000));
        // 360 ms of code saved 440 ms in the 900 ms that it was there, its price in 4.1 ms.
        assert!((4_000_000..4_200_000).contains(&found.after_ns[1].expect("it paid")), "{found:?}");
        assert!(found.after_ns[0] < found.after_ns[1] && found.saved_ns[0] < found.saved_ns[1]);
        assert_eq!(tally(&model(400)).map(|t| (t.yes, t.maybe, t.no)), Some((1, 0, 0)));
    }

    #[test]
    fn few_samples_do_not_tell() {
        assert_eq!(of(&model(0)).paid(), Paid::Maybe, "two samples may have been missed");
        assert_eq!(of(&model(3)).paid(), Paid::Maybe);
        let mut idle = model(0);
        idle.traces.get_mut(&TraceId(1)).and_then(|t| t.compile.as_mut()).expect("it has one").compile_ns = 90_000_000;
        assert_eq!((of(&idle).paid(), tally(&idle).and_then(|t| t.last_ns)), (Paid::No, None));
    }

    #[test]
    fn without_samples_nobody_knows() {
        let mut model = model(10);
        model.samples = Default::default();
        assert_eq!((BreakEvens::new(&model).of(&model.traces[&TraceId(1)]), tally(&model)), (None, None));
    }
}
