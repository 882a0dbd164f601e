//! What the sampler saw, added up as it is read: by state, trace, place, builtin and guard, and over time.
//!
//! A log may hold millions of samples, so none is kept.

use std::collections::{BTreeMap, HashMap};

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

    pub fn join(&mut self, other: Weight) {
        self.samples += other.samples;
        self.ns = self.ns.saturating_add(other.ns);
    }
}

/// Weights of the samples of one place, in the states that only samples measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceTime {
    pub interp_ns: u64,
    pub compiled_ns: u64,
    pub native_ns: u64,
    /// Of all three, what the thread ran ([`Tick`]).
    pub ran_ns: u64,
}

/// Weights of a trace: in its own code, and in builtins called from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceTime {
    pub compiled_ns: u64,
    pub native_ns: u64,
    /// Of both, what the thread ran ([`Tick`]).
    pub ran_ns: u64,
}

/// What of the weight of a sample the thread had a processor. The timer ticks by the clock, and what comes while another
/// program has the processor is taken when the thread runs again: then the sample weighs more than a period, and before
/// the thread was held up it ran for half of one, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    period_ns: u64,
    held_up_ns: u64,
}

impl Tick {
    /// `by_clock`: the kernel's own events tick by the time on the processor instead.
    pub fn new(hz: u32, by_clock: bool) -> Tick {
        let period_ns = 1_000_000_000 / u64::from(hz.max(1));
        Tick { period_ns, held_up_ns: if by_clock { period_ns / 2 } else { period_ns } }
    }

    /// Between two samples of a thread that is not held up; 0 if the log does not say.
    pub fn period_ns(self) -> u64 {
        self.period_ns
    }

    fn ran_ns(self, weight_ns: u64) -> u64 {
        let late = self.period_ns > 0 && weight_ns > self.period_ns + self.period_ns / 2;
        if late { self.held_up_ns } else { weight_ns }
    }
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

/// Everything by which samples are told apart: those that are alike are added up before they go into the many sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Alike {
    state: SampleState,
    is_early: bool,
    trace: TraceId,
    guard: GuardId,
    loc: LocId,
    stack: StackId,
    builtin: FuncId,
}

/// More sorts of samples than these wait for no others that are alike.
const MOST_WAITING: usize = 1 << 15;

/// A program has fewer instructions that run for long.
const MOST_OFFSETS: usize = 1 << 16;

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
    /// Of compiled code and what it called, by the trace, the place and the offset in the machine code: what tells which
    /// instruction it was. The first [`MOST_OFFSETS`] of them.
    pub by_offset: HashMap<(TraceId, LocId, u32), u64>,
    pub timeline: Timeline,
    /// With what they weigh and what of it the thread ran; not in any of the other sums yet.
    waiting: HashMap<Alike, (Weight, u64)>,
    /// Some sample had a place.
    is_placed: bool,
    pub tick: Tick,
    /// Of the interpreter, compiled code and builtins, what the thread ran.
    pub ran_ns: [u64; 3],
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
    /// would run it in any case; leaving a trace is the exit's own. What is added is in the sums after [`Samples::settle`].
    pub fn add(&mut self, t_ns: u64, sample: &jitlog::Sample, is_early: bool) {
        self.take(t_ns, sample, is_early, 1);
    }

    /// The time of a sample that counts elsewhere, since it was taken after the part of the time that is read.
    pub fn add_part(&mut self, t_ns: u64, sample: &jitlog::Sample, is_early: bool) {
        self.take(t_ns, sample, is_early, 0);
    }

    fn take(&mut self, t_ns: u64, sample: &jitlog::Sample, is_early: bool, samples: u64) {
        let ns = sample.weight_ns;
        let is_of_exit = !is_early || sample.loc_id.0 == 0 || sample.state == SampleState::Deopt;
        let alike = Alike {
            state: sample.state,
            is_early,
            trace: TraceId(sample.trace_id.0),
            guard: if is_of_exit { GuardId(sample.guard_id.0) } else { GuardId(0) },
            loc: LocId(sample.loc_id.0),
            stack: StackId(sample.stack_id.0),
            builtin: FuncId(sample.builtin.0),
        };
        let part = sampled_part(alike.state);
        self.native.sample(part.map(|part| (alike.stack, part, alike.builtin)), ns);
        let mut ran_ns = 0;
        if let Some(part) = part {
            ran_ns = self.tick.ran_ns(ns);
            self.timeline.add(part, t_ns.saturating_sub(ns), t_ns);
            if alike.loc.0 != 0 {
                (self.ending, self.is_placed) = (Weight::default(), true);
            } else if part == Part::Interp && alike.guard.0 == 0 {
                let sum = if self.is_placed { &mut self.ending } else { &mut self.starting };
                sum.join(Weight { samples, ns });
            }
        }
        if part == Some(Part::Compiled) && alike.trace.0 != 0 {
            let at = (alike.trace, alike.loc, sample.code_off);
            if let Some(sum) = self.by_offset.get_mut(&at) {
                *sum = sum.saturating_add(ns);
            } else if self.by_offset.len() < MOST_OFFSETS {
                self.by_offset.insert(at, ns);
            }
        }
        let (weight, ran) = self.waiting.entry(alike).or_default();
        weight.join(Weight { samples, ns });
        *ran = ran.saturating_add(ran_ns);
        if self.waiting.len() > MOST_WAITING {
            self.settle();
        }
    }

    /// Puts what was added into the sums.
    pub fn settle(&mut self) {
        for (alike, (weight, ran_ns)) in std::mem::take(&mut self.waiting) {
            self.join(&alike, weight, ran_ns);
        }
    }

    fn join(&mut self, alike: &Alike, weight: Weight, ran_ns: u64) {
        self.by_state.entry(alike.state).or_default().join(weight);
        let Some(part) = sampled_part(alike.state) else { return };
        let add = |sum: &mut u64| *sum = sum.saturating_add(weight.ns);
        let ran = |sum: &mut u64| *sum = sum.saturating_add(ran_ns);
        ran(&mut self.ran_ns[part as usize]);
        self.by_stack.entry((alike.stack, part, alike.builtin)).or_default().join(weight);
        let (trace, guard) = if part == Part::Interp { (TraceId(0), alike.guard) } else { (alike.trace, GuardId(0)) };
        add(self.cells.entry(Cell { part, trace, guard, loc: alike.loc }).or_default());
        if alike.loc.0 != 0 {
            let place = self.by_loc.entry(alike.loc).or_default();
            ran(&mut place.ran_ns);
            add(match part {
                Part::Compiled => &mut place.compiled_ns,
                Part::Native => &mut place.native_ns,
                _ => &mut place.interp_ns,
            });
        }
        if part == Part::Interp && alike.guard.0 != 0 {
            self.by_guard.entry(alike.guard).or_default().join(weight);
        } else if part == Part::Interp {
            self.unblamed.entry(alike.loc).or_default().join(weight);
            if alike.is_early {
                self.early.entry(alike.loc).or_default().join(weight);
            }
        } else if alike.trace.0 != 0 {
            let time = self.by_trace.entry(alike.trace).or_default();
            ran(&mut time.ran_ns);
            add(if part == Part::Compiled { &mut time.compiled_ns } else { &mut time.native_ns });
        }
        if part == Part::Native {
            self.by_builtin.entry(alike.builtin).or_default().join(weight);
            self.native_at.entry((alike.loc, alike.builtin)).or_default().join(weight);
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

/// The part of a state that only samples measure: time in the others is told by events, and is not there twice.
fn sampled_part(state: SampleState) -> Option<Part> {
    Part::of(state).filter(|part| matches!(part, Part::Interp | Part::Compiled | Part::Native))
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
    fn what_a_late_sample_ran_is_half_a_period() {
        let ran = |tick: Tick| [999_000, 1_400_000, 3_200_000].map(|ns| tick.ran_ns(ns));
        assert_eq!(ran(Tick::new(1_000, true)), [999_000, 1_400_000, 500_000]);
        assert_eq!(ran(Tick::new(1_000, false)), [999_000, 1_400_000, 1_000_000]);
        assert_eq!(ran(Tick::default()), [999_000, 1_400_000, 3_200_000], "nobody said how often");
        let mut samples = Samples { tick: Tick::new(1_000, true), ..Samples::default() };
        for weight_ns in [1_000_000, 4_000_000] {
            let sample = jitlog::Sample { loc_id: jitlog::LocId(7), weight_ns, ..Default::default() };
            samples.add(5_000_000, &sample, false);
        }
        samples.settle();
        let place = samples.by_loc[&LocId(7)];
        assert_eq!((place.interp_ns, place.ran_ns, samples.ran_ns), (5_000_000, 1_500_000, [1_500_000, 0, 0]));
    }

    #[test]
    fn time_that_events_tell_is_not_there_twice() {
        let mut samples = Samples::default();
        let sample = jitlog::Sample { state: SampleState::Gc, weight_ns: 1_000, ..Default::default() };
        samples.add(2_000_000, &sample, false);
        samples.settle();
        assert!(samples.timeline.stretches.is_empty() && samples.ns(SampleState::Gc) == 1_000);
        samples.timed(3_000_000, SampleState::Opt, 500_000);
        assert_eq!(samples.timeline.stretches[2][Part::Jit as usize], 500_000);
    }
}
