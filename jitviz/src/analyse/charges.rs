//! The interpreter's time by what sent the program there, and the builtins' by who called them: two accounts whose rows
//! add up to the time in the state.

use std::collections::BTreeMap;

use serde::Serialize;

use super::blame::{Charge, Ground};
use crate::model::{Domain, GuardId, LocId, Model, Part, Place, SampleState, TraceId, Weight};

/// What the program was sent to the interpreter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Compiled code was left through a guard just before.
    Exit,
    /// Recordings of the loop were aborted.
    Abort,
    /// The loop (or function) was given up.
    GivenUp,
    /// The code never got hot enough to be recorded.
    NeverHot,
    /// The code was compiled later.
    StartUp,
    /// Before the program's first instruction: the VM begins, and the program is read and compiled.
    Loading,
    /// After its last: what it leaves behind is cleared away, and the log is closed.
    Ending,
    /// Beside compiled code: what runs before it is entered and after it has ended.
    Around,
    /// The sample has no place.
    Unknown,
}

impl Cause {
    /// As people read it.
    pub fn text(self) -> &'static str {
        match self {
            Cause::Exit => "left compiled code",
            Cause::Abort => "recording aborted",
            Cause::GivenUp => "given up",
            Cause::NeverHot => "never hot",
            Cause::StartUp => "not compiled yet",
            Cause::Loading => "before the program",
            Cause::Ending => "after the program",
            Cause::Around => "around compiled code",
            Cause::Unknown => "place not known",
        }
    }
}

/// Time that one thing is to blame for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChargeRow {
    pub cause: Cause,
    pub ns: u64,
    pub samples: u64,
    /// Of the time in the interpreter, in thousandths.
    pub permille: u64,
    /// The guard, the loop, or the function.
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// The kind of the guard, or why the recording was aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Time in a builtin that one line calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NativeRow {
    /// `None` if the log does not name it.
    pub builtin: Option<String>,
    pub ns: u64,
    pub samples: u64,
    /// Of the time in builtins, in thousandths.
    pub permille: u64,
    /// The caller.
    #[serde(flatten)]
    pub place: Place,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Charges {
    pub interp_ns: u64,
    /// By cause, most time first; the sum is `interp_ns`.
    pub causes: Vec<(Cause, u64)>,
    /// Most time first; the sum is `interp_ns`.
    pub interp: Vec<ChargeRow>,
    pub native_ns: u64,
    /// Most time first; the sum is `native_ns`.
    pub native: Vec<NativeRow>,
    /// Functions of the VM and its libraries that samples with native chains found running, most time first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionRow>,
    /// Files whose functions could not be named, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Time in a native function itself, without what it called.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunctionRow {
    pub function: String,
    /// Its source, where DWARF tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub ns: u64,
    pub samples: u64,
    /// Of all time in native functions, in thousandths.
    pub permille: u64,
    /// What the program was doing then.
    pub state: Part,
}

fn functions(model: &Model) -> Vec<FunctionRow> {
    let native = &model.samples.native;
    let sums = native.innermost();
    let all = sums.values().fold(0_u64, |sum, weight| sum.saturating_add(weight.ns));
    let rows = sums.into_iter().filter_map(|((function, state), weight)| {
        let function = native.functions.get(function)?.clone();
        let (ns, samples, permille) = (weight.ns, weight.samples, permille(weight.ns, all));
        Some(FunctionRow { function: function.name, file: function.file, ns, samples, permille, state })
    });
    let mut rows: Vec<FunctionRow> = rows.collect();
    rows.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| (&a.function, a.state).cmp(&(&b.function, b.state))));
    rows
}

pub fn charges(model: &Model) -> Charges {
    let samples = &model.samples;
    let interp_ns = samples.ns(SampleState::Interp).saturating_add(samples.ns(SampleState::Deopt));
    let native_ns = samples.ns(SampleState::Native);
    let interp = interp(model, interp_ns);
    let mut causes: BTreeMap<Cause, u64> = BTreeMap::new();
    for row in &interp {
        let sum = causes.entry(row.cause).or_default();
        *sum = sum.saturating_add(row.ns);
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
    Charges {
        interp_ns,
        causes,
        interp,
        native_ns,
        native: native(model, native_ns),
        functions: functions(model),
        notes: samples.native.notes.clone(),
    }
}

/// What a row is about.
type Key = (Cause, Place, Option<GuardId>);

fn interp(model: &Model, all: u64) -> Vec<ChargeRow> {
    let ground = Ground::of(model);
    let mut sums: BTreeMap<Key, (Weight, LocId)> = BTreeMap::new();
    let mut add = |cause, place: Place, loc, guard, weight: Weight| {
        let sum = sums.entry((cause, place, guard)).or_insert((Weight::default(), loc));
        sum.0.samples += weight.samples;
        sum.0.ns = sum.0.ns.saturating_add(weight.ns);
    };
    for (&id, &weight) in &model.samples.by_guard {
        let loc = model.guards.get(&id).map_or(LocId::default(), |guard| guard.loc);
        add(Cause::Exit, model.program.place(loc), loc, Some(id), weight);
    }
    for (&loc, &weight) in &model.samples.unblamed {
        let place = |loc| model.program.place(loc);
        match ground.charge(model, loc) {
            Charge::GivenUp(head) => add(Cause::GivenUp, place(head), head, None, weight),
            Charge::Aborted(head) => add(Cause::Abort, place(head), head, None, weight),
            Charge::NeverHot(_) => add(Cause::NeverHot, Place { line: None, ..place(loc) }, loc, None, weight),
            Charge::Nobody => {
                let samples = &model.samples;
                let of = |part: Weight| if loc.0 == 0 { part } else { Weight::default() };
                let parts = [(Cause::Loading, of(samples.starting)), (Cause::Ending, of(samples.ending))];
                split(weight, &parts, Cause::Unknown, |cause, weight| add(cause, Place::default(), loc, None, weight));
            }
            Charge::Compiled => {
                let early = model.samples.early.get(&loc).copied().unwrap_or_default();
                split(weight, &[(Cause::StartUp, early)], Cause::Around, |cause, weight| {
                    add(cause, Place { line: None, ..place(loc) }, loc, None, weight);
                });
            }
        }
    }
    let row = |((cause, place, guard), (weight, loc)): (Key, (Weight, LocId))| ChargeRow {
        cause,
        ns: weight.ns,
        samples: weight.samples,
        permille: permille(weight.ns, all),
        place,
        guard,
        trace: guard.and_then(|id| model.guards.get(&id)).map(|guard| guard.trace),
        why: why(model, cause, guard, loc),
    };
    let mut rows: Vec<ChargeRow> = sums.into_iter().map(row).collect();
    rows.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| (a.cause, &a.place, a.guard).cmp(&(b.cause, &b.place, b.guard))));
    rows
}

/// Gives the parts of a weight, and the rest, to their causes.
fn split(whole: Weight, parts: &[(Cause, Weight)], of_rest: Cause, mut add: impl FnMut(Cause, Weight)) {
    let mut rest = whole;
    for (_, part) in parts {
        rest.samples = rest.samples.saturating_sub(part.samples);
        rest.ns = rest.ns.saturating_sub(part.ns);
    }
    for &(cause, weight) in parts.iter().chain(&[(of_rest, rest)]) {
        if weight.samples > 0 {
            add(cause, weight);
        }
    }
}

fn why(model: &Model, cause: Cause, guard: Option<GuardId>, loc: LocId) -> Option<String> {
    match cause {
        Cause::Exit => {
            let guard = model.guards.get(&guard?)?;
            Some(model.words.reason(Domain::GuardKind, guard.kind))
        }
        Cause::Abort | Cause::GivenUp => {
            let mut aborts =
                model.traces.values().filter(|trace| trace.loc == loc).filter_map(|trace| trace.abort.as_ref());
            aborts.next_back().map(|abort| model.words.reason(Domain::Abort, abort.reason))
        }
        _ => None,
    }
}

fn native(model: &Model, all: u64) -> Vec<NativeRow> {
    let mut sums: BTreeMap<(Option<String>, Place), Weight> = BTreeMap::new();
    for ((loc, builtin), weight) in &model.samples.native_at {
        let name = model.program.funcs.get(builtin).map(|function| function.name.clone());
        let sum = sums.entry((name, model.program.place(*loc))).or_default();
        sum.samples += weight.samples;
        sum.ns = sum.ns.saturating_add(weight.ns);
    }
    let row = |((builtin, place), weight): ((Option<String>, Place), Weight)| NativeRow {
        builtin,
        ns: weight.ns,
        samples: weight.samples,
        permille: permille(weight.ns, all),
        place,
    };
    let mut rows: Vec<NativeRow> = sums.into_iter().map(row).collect();
    rows.sort_by(|a, b| b.ns.cmp(&a.ns).then_with(|| (&a.builtin, &a.place).cmp(&(&b.builtin, &b.place))));
    rows
}

fn permille(part: u64, all: u64) -> u64 {
    (u128::from(part) * 1_000).checked_div(u128::from(all)).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Abort, Func, FuncId, Guard, Loc, SourceId, Trace};

    fn model() -> Model {
        let mut model = Model::default();
        for id in 1..=5 {
            model.program.funcs.insert(FuncId(id), Func { source: SourceId(1), name: format!("f{id}") });
            for line in 0..3 {
                let loc = LocId(10 * id + line);
                model.program.locs.insert(loc, Loc { func: FuncId(id), line: 100 * id + line });
            }
        }
        model
    }

    fn sample(state: SampleState, loc: u32, guard: u32, ns: u64) -> jitlog::Sample {
        jitlog::Sample {
            state,
            loc_id: jitlog::LocId(loc),
            guard_id: jitlog::GuardId(guard),
            weight_ns: ns,
            ..jitlog::Sample::default()
        }
    }

    #[test]
    fn all_of_the_interpreters_time_is_charged_once() {
        let mut model = model();
        // f1 has code, a guard of it fails; f2's loop was aborted, f3's given up, f4 never recorded.
        let mut installed = Trace::new(TraceId(1));
        (installed.loc, installed.installed_ns) = (LocId(10), Some(1));
        let mut aborted = Trace::new(TraceId(2));
        (aborted.loc, aborted.abort) = (LocId(20), Some(Abort { reason: 7, ..Abort::default() }));
        model.traces.extend([(TraceId(1), installed), (TraceId(2), aborted)]);
        model.blacklisted = vec![LocId(30)];
        let mut guard = Guard::new(GuardId(1), TraceId(1));
        guard.loc = LocId(11);
        model.guards.insert(GuardId(1), guard);
        let interp = SampleState::Interp;
        model.samples.add(1, &sample(interp, 0, 0, 256), true);
        // On the way out of a trace the place is not the program's yet.
        model.samples.add(1, &sample(SampleState::Deopt, 41, 1, 512), true);
        for (loc, guard, ns, is_early) in [
            (12, 1, 1, false),
            (11, 0, 2, true),
            (12, 0, 4, false),
            (21, 0, 8, false),
            (31, 0, 16, false),
            // The interpreter would run it in any case.
            (41, 1, 32, true),
            (0, 0, 128, false),
            (42, 0, 64, false),
            (0, 0, 1024, false),
        ] {
            model.samples.add(1, &sample(interp, loc, guard, ns), is_early);
        }
        model.samples.settle();
        let found = charges(&model);
        let causes: BTreeMap<Cause, u64> = found.causes.iter().copied().collect();
        let expected = [
            (Cause::Loading, 256),
            (Cause::Ending, 1024),
            (Cause::Exit, 513),
            (Cause::Abort, 8),
            (Cause::GivenUp, 16),
            (Cause::NeverHot, 96),
            (Cause::StartUp, 2),
            (Cause::Around, 4),
            (Cause::Unknown, 128),
        ];
        assert_eq!(causes, BTreeMap::from(expected));
        assert_eq!((found.interp_ns, found.interp.iter().map(|row| row.ns).sum::<u64>()), (2047, 2047));
        let exit = found.interp.iter().find(|row| row.cause == Cause::Exit).map(|row| (row.trace, row.place.line));
        assert_eq!(exit, Some((Some(TraceId(1)), Some(101))));
        let abort = found.interp.iter().find(|row| row.cause == Cause::Abort).unwrap();
        assert_eq!((abort.place.line, abort.why.as_deref()), (Some(200), Some("#7")));
    }

    #[test]
    fn builtins_are_charged_to_their_callers() {
        let mut model = model();
        for (loc, builtin, ns) in [(11, 5, 10), (12, 5, 20), (11, 4, 1), (11, 5, 5)] {
            let builtin = jitlog::FuncId(builtin);
            let sample = jitlog::Sample { builtin, ..sample(SampleState::Native, loc, 0, ns) };
            model.samples.add(1, &sample, false);
        }
        model.samples.settle();
        let found = charges(&model);
        let shown: Vec<_> =
            found.native.iter().map(|row| (row.builtin.as_deref(), row.place.line, row.ns, row.permille)).collect();
        assert_eq!(
            shown,
            [(Some("f5"), Some(102), 20, 555), (Some("f5"), Some(101), 15, 416), (Some("f4"), Some(101), 1, 27)]
        );
        assert_eq!(found.native_ns, 36);
    }
}
