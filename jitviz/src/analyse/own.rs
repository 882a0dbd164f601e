//! A run's own time: without what it waited for a processor, so that other programs do not decide a comparison.
//!
//! The kernel tells how long the thread waited in all, and late samples in what it was held up ([`crate::model::Tick`]).
//! What they leave of the waiting is taken from the other states in proportion.

use super::summary::states;
use crate::model::Model;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Own {
    /// On a processor, or blocked of its own will.
    pub total_ns: u64,
    /// By this the time that samples ran is multiplied, since half a period is right on average only.
    pub of_samples: f64,
    /// By this time that no sample tells is multiplied.
    pub of_rest: f64,
}

impl Own {
    /// `None` if the log does not tell, as of other VMs, other kernels, and a part of the time.
    pub fn of(model: &Model) -> Option<Own> {
        let waited = waited_ns(model)?;
        let idle = states(model).idle.unwrap_or(0);
        let total_ns = model.duration_ns.saturating_sub(waited).max(idle);
        let awake = model.duration_ns.saturating_sub(idle);
        let sampled: u64 = model.samples.cells.values().fold(0, |sum, ns| sum.saturating_add(*ns));
        let ran: u64 = model.samples.ran_ns.iter().fold(0, |sum, ns| sum.saturating_add(*ns));
        let (own, rest) = (total_ns - idle, awake.saturating_sub(sampled));
        let of_samples = ran.min(own).max(own.saturating_sub(rest));
        let part = |of: u64, all: u64| if all > 0 { of as f64 / all as f64 } else { 1.0 };
        Some(Own { total_ns, of_samples: part(of_samples, ran), of_rest: part(own - of_samples, rest).min(1.0) })
    }
}

/// How long the thread was ready to run and had no processor.
pub fn waited_ns(model: &Model) -> Option<u64> {
    let counted = |counter: jitlog::PerfCounter| model.samples.kernel.get(&counter.0)?.value;
    if model.span.is_some() {
        return None;
    }
    let waited = counted(jitlog::PerfCounter::RunQueue).or_else(|| {
        // Without it also what was blocked otherwise counts as waiting.
        let wanted = model.duration_ns.saturating_sub(states(model).idle.unwrap_or(0));
        Some(wanted.saturating_sub(counted(jitlog::PerfCounter::TaskClock)?))
    });
    waited.map(|ns| ns.min(model.duration_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cell, GuardId, KernelCount, LocId, Part, SampleState, TraceId};

    fn held_up(counter: jitlog::PerfCounter, value: u64) -> Model {
        let mut model = Model { duration_ns: 1_000, ..Model::default() };
        let cell = Cell { part: Part::Compiled, trace: TraceId(1), guard: GuardId(0), loc: LocId(1) };
        model.samples.cells.insert(cell, 800);
        model.samples.ran_ns = [0, 400, 0];
        let count =
            KernelCount { counter: counter.to_string(), value: Some(value), running_permille: None, missing: None };
        model.samples.kernel.insert(counter.0, count);
        model
    }

    #[test]
    fn what_it_waited_is_taken_out_of_what_was_held_up() {
        let model = held_up(jitlog::PerfCounter::RunQueue, 500);
        assert_eq!(Own::of(&model), Some(Own { total_ns: 500, of_samples: 1.0, of_rest: 0.5 }));
        // More was the program's own than the samples that came in time tell.
        let model = held_up(jitlog::PerfCounter::RunQueue, 300);
        assert_eq!(Own::of(&model), Some(Own { total_ns: 700, of_samples: 1.25, of_rest: 1.0 }));
        assert_eq!(Own::of(&Model::default()), None);
    }

    #[test]
    fn time_on_the_processor_tells_where_waiting_is_not_counted() {
        let mut model = held_up(jitlog::PerfCounter::TaskClock, 450);
        model.samples.by_state.insert(SampleState::Trace, Default::default());
        model.samples.timed_ns.insert(SampleState::Idle, 50);
        assert_eq!(waited_ns(&model), Some(500));
        assert_eq!(Own::of(&model).map(|own| own.total_ns), Some(500));
    }
}
