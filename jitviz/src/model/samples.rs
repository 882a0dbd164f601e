//! What the sampler saw, added up as it is read: by state, trace, place, builtin and guard, and over time.
//!
//! A log may hold millions of samples, so none is kept.

use std::collections::BTreeMap;

use super::{FuncId, GuardId, LocId, Native, SampleState, StackId, TraceId};

/// Number and weight of some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    pub samples: u64,
    pub ns: u64,
}

impl Weight {
    pub fn add(&mut self, ns: u64) {
        self.samples += 1;
        self.ns = self.ns.saturating_add(ns);
    }
}

/// Weights of the samples of one place, in the states that only samples measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceTime {
    pub interp_ns: u64,
    pub compiled_ns: u64,
    pub native_ns: u64,
}

/// Weights of a trace: in its own code, and in builtins called from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceTime {
    pub compiled_ns: u64,
    pub native_ns: u64,
}

/// All that is told apart about the time of samples that only they measure. Findings claim cells, so that no time is
/// counted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub part: Part,
    /// 0 outside compiled code and what it called.
    pub trace: TraceId,
    /// In the interpreter: through which compiled code was left just before; else 0.
    pub guard: GuardId,
    pub loc: LocId,
}

/// How samples were taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sampling {
    /// Samples per second.
    pub hz: u32,
    /// As asked for; `None` if the VM chose the rate by what a tick costs.
    pub asked_hz: Option<u32>,
    pub source: String,
    /// What a tick takes on that machine, if it was measured.
    pub tick_ns: Option<u64>,
    /// Why it is not what was asked for.
    pub note: Option<String>,
}

/// What the kernel counted of the program, or why it did not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KernelCount {
    pub counter: String,
    pub value: Option<u64>,
    /// Of the time it was asked to count the kernel did so much, in thousandths: less where counters take turns.
    pub running_permille: Option<u64>,
    pub missing: Option<String>,
}

/// Everything the samples add up to; empty when nobody sampled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    pub by_state: BTreeMap<SampleState, Weight>,
    /// States that are timed at their transitions, as far as the log says so; collections are timed by their own events.
    pub timed_ns: BTreeMap<SampleState, u64>,
    pub cells: BTreeMap<Cell, u64>,
    pub by_trace: BTreeMap<TraceId, TraceTime>,
    pub by_loc: BTreeMap<LocId, PlaceTime>,
    pub by_builtin: BTreeMap<FuncId, Weight>,
    /// By the line that called a builtin, and the builtin.
    pub native_at: BTreeMap<(LocId, FuncId), Weight>,
    /// By the stack of Python frames, the state and, in the state native, the builtin.
    pub by_stack: BTreeMap<(StackId, Part, FuncId), Weight>,
    /// In the interpreter, because compiled code was left through the guard just before: on the way out, and in functions
    /// that have code.
    pub by_guard: BTreeMap<GuardId, Weight>,
    /// In the interpreter without that, by place.
    pub unblamed: BTreeMap<LocId, Weight>,
    /// Of those, what came before any code of the place's function was installed.
    pub early: BTreeMap<LocId, Weight>,
    /// Of those without a place, what came before the first with one: the VM begins, and the program is read and compiled.
    pub starting: Weight,
    /// And what came after the last with one.
    pub ending: Weight,
    pub timeline: Timeline,
    /// That could not be taken or written.
    pub lost: u64,
    pub sampling: Option<Sampling>,
    /// What ran below the Python frames, where the kernel sampled.
    pub native: Native,
    /// By the number of the counter.
    pub kernel: BTreeMap<u8, KernelCount>,
}

impl Samples {
    pub fn is_empty(&self) -> bool {
        self.by_state.is_empty()
    }

    /// Weight of the samples in a state.
    pub fn ns(&self, state: SampleState) -> u64 {
        self.by_state.get(&state).map_or(0, |weight| weight.ns)
    }

    /// `is_early`: the function of the place has no code yet. Then no exit is to blame for its time, since the interpreter
    /// would run it in any case; leaving a trace is the exit's own.
    pub fn add(&mut self, t_ns: u64, sample: &jitlog::Sample, is_early: bool) {
        let ns = sample.weight_ns;
        let is_of_exit = !is_early || sample.loc_id.0 == 0 || sample.state == SampleState::Deopt;
        let guard_id = if is_of_exit { GuardId(sample.guard_id.0) } else { GuardId(0) };
        self.by_state.entry(sample.state).or_default().add(ns);
        let part = Part::of(sample.state);
        let has_chain = part.filter(|part| matches!(part, Part::Interp | Part::Compiled | Part::Native));
        let group = has_chain.map(|part| (StackId(sample.stack_id.0), part, FuncId(sample.builtin.0)));
        self.native.sample(group, ns);
        let Some(part) = part else { return };
        // Time in the others is told by events, so that it is not there twice.
        if !matches!(part, Part::Interp | Part::Compiled | Part::Native) {
            return;
        }
        self.timeline.add(part, t_ns.saturating_sub(ns), t_ns);
        self.by_stack.entry((StackId(sample.stack_id.0), part, FuncId(sample.builtin.0))).or_default().add(ns);
        let trace = TraceId(sample.trace_id.0);
        let (trace, guard) = if part == Part::Interp { (TraceId(0), guard_id) } else { (trace, GuardId(0)) };
        let cell = self.cells.entry(Cell { part, trace, guard, loc: LocId(sample.loc_id.0) }).or_default();
        *cell = cell.saturating_add(ns);
        if sample.loc_id.0 != 0 {
            self.ending = Weight::default();
        }
        let place = (sample.loc_id.0 != 0).then(|| self.by_loc.entry(LocId(sample.loc_id.0)).or_default());
        let of_place = place.map(|place| match part {
            Part::Compiled => &mut place.compiled_ns,
            Part::Native => &mut place.native_ns,
            _ => &mut place.interp_ns,
        });
        if let Some(sum) = of_place {
            *sum = sum.saturating_add(ns);
        }
        if part == Part::Interp {
            match guard_id.0 {
                0 => {
                    match sample.loc_id.0 {
                        0 if self.by_loc.is_empty() => self.starting.add(ns),
                        0 => self.ending.add(ns),
                        _ => {}
                    }
                    self.unblamed.entry(LocId(sample.loc_id.0)).or_default().add(ns);
                    if is_early {
                        self.early.entry(LocId(sample.loc_id.0)).or_default().add(ns);
                    }
                }
                _ => self.by_guard.entry(guard_id).or_default().add(ns),
            }
        } else if sample.trace_id.0 != 0 {
            let time = self.by_trace.entry(TraceId(sample.trace_id.0)).or_default();
            let sum = if part == Part::Compiled { &mut time.compiled_ns } else { &mut time.native_ns };
            *sum = sum.saturating_add(ns);
        }
        if part == Part::Native {
            let builtin = FuncId(sample.builtin.0);
            self.by_builtin.entry(builtin).or_default().add(ns);
            self.native_at.entry((LocId(sample.loc_id.0), builtin)).or_default().add(ns);
        }
    }

    /// A state that is timed at its transitions took so long, up to now.
    pub fn timed(&mut self, t_ns: u64, state: SampleState, ns: u64) {
        let sum = self.timed_ns.entry(state).or_default();
        *sum = sum.saturating_add(ns);
        if let Some(part) = Part::of(state) {
            self.timeline.add(part, t_ns.saturating_sub(ns), t_ns);
        }
    }
}

/// The states as accounts show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Interp,
    Compiled,
    Native,
    Gc,
    Jit,
    Idle,
}

impl Part {
    pub const ALL: [(Part, &'static str); 6] = [
        (Part::Interp, "interp"),
        (Part::Compiled, "compiled"),
        (Part::Native, "native"),
        (Part::Gc, "gc"),
        (Part::Jit, "jit"),
        (Part::Idle, "idle"),
    ];

    /// The part that a state of a sample belongs to.
    pub fn of(state: SampleState) -> Option<Part> {
        Some(match state {
            SampleState::Interp | SampleState::Deopt => Part::Interp,
            SampleState::Trace => Part::Compiled,
            SampleState::Native => Part::Native,
            SampleState::Gc => Part::Gc,
            SampleState::Record | SampleState::Opt | SampleState::Codegen => Part::Jit,
            SampleState::Idle => Part::Idle,
            _ => return None,
        })
    }
}

/// Time by part in stretches of equal length, which double when there would be too many.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    pub stretch_ns: u64,
    /// Nanoseconds by [`Part`].
    pub stretches: Vec<[u64; 6]>,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline { stretch_ns: 1_000_000, stretches: Vec::new() }
    }
}

impl Timeline {
    const MOST: usize = 1024;

    /// Time between two moments.
    fn add(&mut self, part: Part, from_ns: u64, to_ns: u64) {
        while to_ns / self.stretch_ns >= Timeline::MOST as u64 {
            self.halve();
        }
        let last = (to_ns / self.stretch_ns) as usize;
        if self.stretches.len() <= last {
            self.stretches.resize(last + 1, [0; 6]);
        }
        let first = (from_ns / self.stretch_ns) as usize;
        for (stretch, at) in self.stretches[first.min(last)..=last].iter_mut().zip(first as u64..) {
            let (start, end) = (at * self.stretch_ns, (at + 1) * self.stretch_ns);
            stretch[part as usize] += to_ns.min(end).saturating_sub(from_ns.max(start));
        }
    }

    fn halve(&mut self) {
        self.stretch_ns *= 2;
        let sum = |pair: &[[u64; 6]]| std::array::from_fn(|part| pair.iter().map(|stretch| stretch[part]).sum());
        self.stretches = self.stretches.chunks(2).map(sum).collect();
    }

    /// The same in at most so many stretches.
    pub fn coarse(&self, most: usize) -> Timeline {
        let mut coarse = self.clone();
        while coarse.stretches.len() > most.max(1) {
            coarse.halve();
        }
        coarse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_keeps_every_nanosecond_however_long_the_run() {
        let mut timeline = Timeline::default();
        for at in 0..5_000_u64 {
            timeline.add(Part::Compiled, at * 1_500_000, at * 1_500_000 + 1_234_567);
        }
        assert!(timeline.stretches.len() <= Timeline::MOST);
        let sum = |t: &Timeline| t.stretches.iter().map(|s| s[Part::Compiled as usize]).sum::<u64>();
        assert_eq!(sum(&timeline), 5_000 * 1_234_567);
        assert_eq!(sum(&timeline.coarse(10)), 5_000 * 1_234_567);
        assert!(timeline.coarse(10).stretches.len() <= 10);
        let full = timeline.stretches.iter().flatten().all(|&ns| ns <= timeline.stretch_ns);
        assert!(full, "a stretch holds more than its time");
    }

    #[test]
    fn time_that_events_tell_is_not_there_twice() {
        let mut samples = Samples::default();
        let sample = jitlog::Sample { state: SampleState::Gc, weight_ns: 1_000, ..Default::default() };
        samples.add(2_000_000, &sample, false);
        assert!(samples.timeline.stretches.is_empty() && samples.ns(SampleState::Gc) == 1_000);
        samples.timed(3_000_000, SampleState::Opt, 500_000);
        assert_eq!(samples.timeline.stretches[2][Part::Jit as usize], 500_000);
    }
}
