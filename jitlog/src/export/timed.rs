//! Time in states that are timed at their transitions, as far as no sample stands for it.
//!
//! A VM that times collections, compiling and waiting (`state_time`, `gc_end`) weighs its samples by what is left, and
//! those taken inside timed states by the time in them since the last such sample. What no sample came after, or the
//! whole of a state that never met one, has no weight: here it is added up, so that an export shows as much time as
//! the run took. Where in the program it went nobody knows.

use std::collections::BTreeMap;

use jitlog::{Event, GcEnd, NativeStack, Sample, SampleState, StateTime, Types};

/// What the exports of samples read.
pub fn types() -> Types {
    Types::of(&[Sample::TYPE, NativeStack::TYPE, StateTime::TYPE, GcEnd::TYPE])
}

/// What is known of one thread's time, in nanoseconds by state.
#[derive(Default)]
struct Account {
    sampled: BTreeMap<SampleState, u64>,
    timed: BTreeMap<SampleState, u64>,
    pauses: u64,
}

/// The accounts of all threads.
#[derive(Default)]
pub struct Timed {
    threads: BTreeMap<usize, Account>,
}

/// Time of a thread in a state that no sample stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    pub thread: usize,
    pub state: SampleState,
    pub ns: u64,
}

impl Timed {
    /// Takes note of an event of a thread.
    pub fn see(&mut self, thread: usize, event: &Event<'_>) {
        let add = |sum: &mut u64, ns: u64| *sum = sum.saturating_add(ns);
        match event {
            Event::Sample(sample) => {
                add(self.threads.entry(thread).or_default().sampled.entry(sample.state).or_default(), sample.weight_ns);
            }
            Event::StateTime(time) => {
                add(self.threads.entry(thread).or_default().timed.entry(time.state).or_default(), time.dur_ns);
            }
            Event::GcEnd(end) => add(&mut self.threads.entry(thread).or_default().pauses, end.pause_ns),
            _ => {}
        }
    }

    /// What no sample stands for, by thread and state.
    pub fn rest(&self) -> Vec<Rest> {
        self.threads.iter().flat_map(|(thread, account)| account.rest(*thread)).collect()
    }
}

impl Account {
    fn rest(&self, thread: usize) -> Vec<Rest> {
        // Where no state is timed, samples stand for all the time, collections included.
        if self.timed.is_empty() {
            return Vec::new();
        }
        let mut timed = self.timed.clone();
        if self.pauses > 0 {
            // Collections are timed by their own events.
            timed.insert(SampleState::Gc, self.pauses);
        }
        let sampled = |state: &SampleState| self.sampled.get(state).copied().unwrap_or_default();
        let missing: Vec<(SampleState, u64)> =
            timed.iter().map(|(state, ns)| (*state, ns.saturating_sub(sampled(state)))).collect();
        let sum: u128 = missing.iter().map(|(_, ns)| u128::from(*ns)).sum();
        // A sample weighs the time in all timed states since the last one, so one state may have what another lacks.
        let known: u128 = timed.keys().map(|state| u128::from(sampled(state))).sum();
        let total = timed.values().map(|ns| u128::from(*ns)).sum::<u128>().saturating_sub(known);
        let (mut given, mut before) = (0u128, 0u128);
        let mut rest = Vec::new();
        for (state, ns) in missing {
            // Parts of a whole, rounded so that they add up to it.
            before += u128::from(ns);
            let until = (before * total).checked_div(sum).unwrap_or_default();
            let part = until - given;
            given = until;
            if part > 0 {
                rest.push(Rest { thread, state, ns: u64::try_from(part).unwrap_or(u64::MAX) });
            }
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(events: &[Event<'_>]) -> Vec<(SampleState, u64)> {
        let mut timed = Timed::default();
        events.iter().for_each(|event| timed.see(0, event));
        timed.rest().into_iter().map(|rest| (rest.state, rest.ns)).collect()
    }

    fn sample(state: SampleState, weight_ns: u64) -> Event<'static> {
        Event::Sample(Sample { state, weight_ns, ..Default::default() })
    }

    fn time(state: SampleState, dur_ns: u64) -> Event<'static> {
        Event::StateTime(StateTime { state, dur_ns })
    }

    #[test]
    fn samples_and_rest_add_up_to_what_was_timed() {
        let collection = Event::GcEnd(GcEnd { pause_ns: 500, ..Default::default() });
        // Nothing timed: samples stand for everything.
        assert_eq!(account(&[sample(SampleState::Gc, 10), collection]), []);
        // Never met by a sample.
        let idle = time(SampleState::Idle, 70);
        let all = [(SampleState::Gc, 500), (SampleState::Idle, 70)];
        assert_eq!(account(&[sample(SampleState::Interp, 1_000), idle, collection]), all);
        // A sample inside a collection also weighs the wait before it.
        let part = account(&[sample(SampleState::Gc, 520), idle, collection]);
        assert_eq!(part, [(SampleState::Idle, 50)]);
        // Samples may stand for more than was timed, when the log lost the last records.
        assert_eq!(account(&[sample(SampleState::Idle, 600), idle, collection]), []);
        assert_eq!(account(&[idle, time(SampleState::Idle, u64::MAX)]), [(SampleState::Idle, u64::MAX)]);
    }
}
