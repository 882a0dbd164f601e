//! The run on one page: the object `jitviz summary --json` prints, whose keys scripts rely on.

use std::collections::BTreeSet;

use serde::Serialize;

use super::break_even::{Tally, tally};
use super::guard_sums;
use super::traces::Fate;
use super::warmup::warmup;
use crate::model::{Fact, KernelCount, Model, SampleState, Sampling, Trace, TraceKind};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub program: Option<String>,
    pub argv: Vec<String>,
    /// `None` if the log has no times.
    pub duration_ns: Option<u64>,
    /// Without what it waited for a processor, if the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_ns: Option<u64>,
    pub states: States,
    pub warmup: Warmup,
    pub traces: Traces,
    pub guards: Guards,
    pub memory: Memory,
    pub gc: Gc,
    pub log: Log,
    /// `None` if the program was killed or still runs.
    pub exit: Option<Exit>,
    /// How samples were taken, where the log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// What the kernel counted, and what it could not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kernel: Vec<KernelCount>,
    /// The part of the run that the thread had a processor, in thousandths, of the time it was not blocked; `None` if the
    /// kernel did not count it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_permille: Option<u64>,
}

/// Time of the VM's thread by state. A state nobody measured is `None`, never the rest of something.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct States {
    pub interp: Option<u64>,
    pub compiled: Option<u64>,
    pub native: Option<u64>,
    pub gc: Option<u64>,
    pub jit: Option<u64>,
    pub idle: Option<u64>,
    pub unaccounted: Option<u64>,
}

impl States {
    /// The states with their names, in the order they are always shown.
    pub fn list(&self) -> [(&'static str, Option<u64>); 7] {
        [
            ("interp", self.interp),
            ("compiled", self.compiled),
            ("native", self.native),
            ("gc", self.gc),
            ("jit", self.jit),
            ("idle", self.idle),
            ("unaccounted", self.unaccounted),
        ]
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Warmup {
    pub class: Option<String>,
    /// Why there is no class, if that is for want of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_short: Option<String>,
    pub steady_from_ns: Option<u64>,
    /// How many traces had earned what recording and compiling them took; `None` if nobody sampled.
    pub paid: Option<Tally>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Traces {
    pub loops: u64,
    pub functions: u64,
    pub bridges: u64,
    /// `None` if the log cannot know.
    pub aborted: Option<u64>,
    pub invalidated: Option<u64>,
    pub blacklisted: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Guards {
    /// `None` if the log cannot know.
    pub total: Option<u64>,
    pub failing: Option<u64>,
    pub failures: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    pub heap_peak: Option<u64>,
    pub heap_allocated: Option<u64>,
    pub code: Option<u64>,
    pub metadata: Option<u64>,
    pub log: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gc {
    /// `None` if the log cannot know.
    pub collections: Option<u64>,
    pub pause_ns: Option<u64>,
    pub pause_max_ns: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Log {
    pub health: String,
    pub events: u64,
    pub dropped: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Exit {
    /// `normal`, `exception` or `signal`.
    pub how: String,
    pub status: i32,
}

pub fn summary(model: &Model) -> Summary {
    let argv = model.program.process.argv.clone();
    Summary {
        program: argv.first().cloned(),
        argv,
        duration_ns: model.known(Fact::Times, model.duration_ns),
        own_ns: super::own::Own::of(model).map(|own| own.total_ns),
        states: states(model),
        warmup: {
            let found = warmup(model);
            Warmup {
                class: found.as_ref().and_then(|found| found.class).map(|class| class.name().to_string()),
                too_short: found.as_ref().filter(|found| found.class.is_none()).map(super::warmup::Warmup::sentence),
                steady_from_ns: found.and_then(|found| found.steady_from_ns),
                paid: tally(model),
            }
        },
        traces: traces(model),
        guards: guards(model),
        memory: memory(model),
        gc: Gc {
            collections: model.known(Fact::Collections, model.collections.len() as u64),
            pause_ns: model
                .known(Fact::GcPauses, model.collections.iter().fold(0, |sum, c| sum.saturating_add(c.pause_ns))),
            pause_max_ns: model.known(Fact::GcPauses, model.collections.iter().map(|c| c.pause_ns).max().unwrap_or(0)),
        },
        log: Log { health: model.health.word.clone(), events: model.health.events, dropped: model.health.dropped },
        sampling: model.samples.sampling.clone(),
        kernel: model.samples.kernel.values().cloned().collect(),
        processor_permille: processor_part(model).map(|part| (part * 1_000.0) as u64),
        exit: model.exit.as_ref().map(|e| Exit { how: e.how.clone(), status: e.status }),
    }
}

/// The part of its time that the VM's thread had a processor, of the time it was not blocked.
pub fn processor_part(model: &Model) -> Option<f64> {
    let waited = super::own::waited_ns(model)?;
    let wanted = model.duration_ns.saturating_sub(states(model).idle.unwrap_or(0));
    (wanted > 0).then(|| wanted.saturating_sub(waited) as f64 / wanted as f64)
}

/// Time by state.
pub fn states(model: &Model) -> States {
    // Collections and recordings are events with a duration, so they need no samples.
    let gc = model.samples.timed_ns.get(&SampleState::Gc).filter(|_| model.span.is_some()).copied();
    let gc = gc.unwrap_or_else(|| model.collections.iter().map(|c| c.pause_ns).fold(0, u64::saturating_add));
    let samples = &model.samples;
    let sampled = !samples.is_empty();
    let mut states = States {
        gc: (sampled || !model.collections.is_empty()).then_some(gc),
        jit: (sampled || !model.traces.is_empty())
            .then(|| jit_ns(model))
            .and_then(|ns| model.known(Fact::CompileTimes, ns)),
        ..States::default()
    };
    if !sampled {
        return states;
    }
    let sum = |of: &[SampleState]| of.iter().map(|&state| samples.ns(state)).fold(0, u64::saturating_add);
    states.interp = Some(sum(&[SampleState::Interp, SampleState::Deopt]));
    states.compiled = Some(sum(&[SampleState::Trace]));
    states.native = Some(sum(&[SampleState::Native]));
    // A VM that does not time its waiting may still have sampled it.
    let idle = samples.timed_ns.get(&SampleState::Idle).copied();
    states.idle = Some(idle.unwrap_or_else(|| samples.ns(SampleState::Idle)));
    let known: u64 = states.list().iter().filter_map(|(_, ns)| *ns).fold(0, u64::saturating_add);
    states.unaccounted = Some(model.duration_ns.saturating_sub(known));
    states
}

/// Recording, optimising and assembling.
pub fn jit_ns(model: &Model) -> u64 {
    let timed = [SampleState::Record, SampleState::Opt, SampleState::Codegen];
    let timed: Vec<u64> = timed.iter().filter_map(|state| model.samples.timed_ns.get(state)).copied().collect();
    if !timed.is_empty() {
        return timed.into_iter().fold(0, u64::saturating_add);
    }
    // The time of a recording includes that of the program while it was recorded.
    let of = |t: &Trace| {
        // An abort after the recording was complete is the compiler's, whose time compile_end has.
        let recording = t.stop.as_ref().map(|s| s.record_ns).or(t.abort.as_ref().map(|a| a.record_ns)).unwrap_or(0);
        let compiling = t.compile.as_ref().map_or(0, |c| c.compile_ns);
        let recorded_ns = t.started_ns.saturating_add(recording);
        let made_ns = t.installed_ns.unwrap_or(recorded_ns.saturating_add(compiling));
        let recording = within(model, recorded_ns, recording);
        recording.saturating_add(within(model, made_ns, compiling))
    };
    model.traces.values().map(of).fold(0, u64::saturating_add)
}

/// Of what took so long up to a moment, what is in the part of the time that the model is confined to.
fn within(model: &Model, end_ns: u64, ns: u64) -> u64 {
    let Some(span) = model.span else { return ns };
    let start_ns = end_ns.saturating_sub(ns).max(span.from_ns);
    ns.min(end_ns.min(span.to_ns).saturating_sub(start_ns))
}

fn traces(model: &Model) -> Traces {
    let count = |which: fn(&&Trace) -> bool| model.traces.values().filter(which).count() as u64;
    let mut traces = Traces {
        aborted: model.known(Fact::Aborts, count(|t| t.abort.is_some())),
        invalidated: model.known(Fact::Invalidations, count(|t| !t.invalidated.is_empty())),
        ..Traces::default()
    };
    for trace in model.traces.values() {
        if !trace.became_code() {
            continue;
        }
        match trace.kind {
            TraceKind::Loop => traces.loops += 1,
            TraceKind::Func | TraceKind::Entry => traces.functions += 1,
            TraceKind::Bridge => traces.bridges += 1,
            _ => {}
        }
    }
    let given_up: BTreeSet<_> = (model.blacklisted.iter().copied())
        .chain(model.traces.values().filter(|t| t.abort.as_ref().is_some_and(|a| a.blacklisted)).map(|t| t.loc))
        .collect();
    traces.blacklisted = given_up.len() as u64;
    traces
}

fn guards(model: &Model) -> Guards {
    let (mut total, mut failing, mut failures) = (0, 0, 0_u64);
    for sum in guard_sums(model).values() {
        total += sum.guards;
        failing += sum.failing;
        failures = failures.saturating_add(sum.failures.unwrap_or(0));
    }
    Guards {
        total: model.known(Fact::Guards, total),
        failing: model.known(Fact::GuardFailures, failing),
        failures: model.known(Fact::GuardFailures, failures),
    }
}

fn memory(model: &Model) -> Memory {
    // Code that was freed is no longer held.
    let held = || model.traces.values().filter(|t| Fate::of(t) != Fate::Freed).filter_map(|t| t.compile.as_ref());
    let held = || held().filter(|c| c.succeeded());
    let any_code = held().next().is_some();
    Memory {
        // The heap is measured when it is collected: a use of 0 in a program that allocated was not measured.
        heap_peak: (model.heap.iter().map(|h| h.used))
            .chain(model.collections.iter().map(|c| c.before_bytes))
            .max()
            .and_then(|peak| model.known(Fact::Heap, peak))
            .filter(|peak| *peak > 0 || model.heap.iter().all(|h| h.allocated_total == 0)),
        heap_allocated: (model.heap.iter().map(|h| h.allocated_total).max())
            .filter(|allocated| *allocated > 0 || !model.is_imported()),
        code: (model.code_mem_used)
            .or_else(|| any_code.then(|| held().map(|c| u64::from(c.code_bytes)).sum()))
            .and_then(|code| model.known(Fact::CodeSize, code)),
        metadata: (any_code && !model.is_imported()).then(|| held().map(|c| u64::from(c.data_bytes)).sum()),
        log: model.health.file_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_measured_is_null() {
        let json = serde_json::to_value(summary(&Model::default())).unwrap();
        for key in ["interp", "compiled", "native", "gc", "jit", "idle", "unaccounted"] {
            assert!(json["states"][key].is_null(), "{key}");
        }
        assert!(json["memory"]["heap_peak"].is_null() && json["warmup"]["class"].is_null());
    }

    #[test]
    fn too_few_iterations_are_said_to_be_too_few() {
        let model = Model { iterations: vec![1, 6, 11, 16], ..Model::default() };
        let told = summary(&model).warmup;
        assert_eq!((told.class, told.too_short.as_deref()), (None, Some("too short to tell: 3 values")));
    }

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let json = serde_json::to_value(summary(&Model::default())).unwrap();
        let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
        assert_eq!(keys(&json), "program,argv,duration_ns,states,warmup,traces,guards,memory,gc,log,exit");
        assert_eq!(keys(&json["states"]), "interp,compiled,native,gc,jit,idle,unaccounted");
        assert_eq!(keys(&json["warmup"]), "class,steady_from_ns,paid");
        assert_eq!(keys(&json["traces"]), "loops,functions,bridges,aborted,invalidated,blacklisted");
        assert_eq!(keys(&json["guards"]), "total,failing,failures");
        assert_eq!(keys(&json["memory"]), "heap_peak,heap_allocated,code,metadata,log");
        assert_eq!(keys(&json["gc"]), "collections,pause_ns,pause_max_ns");
        assert_eq!(keys(&json["log"]), "health,events,dropped");
    }
}
