//! Decisions of the recorder and of passes, with their reasons.

use jitlog::{DecisionKind, DecisionReason, FuncId, LocId};

use super::Events;
use crate::ir::{Ref, TraceId};
use crate::optimise::PassReport;
use crate::runtime::vm::Vm;
use crate::trace::Trace;
use crate::trace::decision::{Decision, GuardDecision};
use crate::trace::recorder::Recorder;

/// The log's kinds of decisions are numbered as the tables are.
const _: () = assert!(
    DecisionKind::Call.0 == 1
        && DecisionKind::Allocation.0 == 2
        && DecisionKind::Branch.0 == 3
        && DecisionKind::Guard.0 == 4
        && DecisionKind::Attribute.0 == 5
);

fn named(decision: Decision) -> (DecisionKind, DecisionReason) {
    (DecisionKind(decision.table()), DecisionReason(decision.code()))
}

impl Events {
    /// What was decided while recording, of a recording that has ended.
    pub(super) fn recorder_decisions(&mut self, vm: &Vm, recorder: &Recorder) {
        for known in &recorder.decisions {
            let loc_id = self.loc(vm, known.origin);
            let of_function = |code| self.places.function(&self.log, &mut self.stream, vm, code);
            let func_id = known.callee.map_or(FuncId::NONE, of_function);
            let (about, reason) = named(known.decision);
            self.stream.decision(&jitlog::Decision {
                trace_id: jitlog::TraceId(recorder.trace.0),
                about,
                reason,
                pass_index: 0,
                index: known.index,
                loc_id,
                func_id,
                because_loc: LocId::NONE,
            });
        }
    }

    /// Which exits of a trace get side traces early.
    pub(super) fn eager_exits(&mut self, vm: &Vm, trace: &Trace) {
        let (about, reason) = named(Decision::Guard(GuardDecision::Eager));
        for (&guard, exit) in trace.guards.iter().zip(&trace.exits) {
            if !exit.eager {
                continue;
            }
            let origin = trace.body.origins.get(usize::from(guard));
            let loc_id = origin.map_or(LocId::NONE, |&origin| self.loc(vm, origin));
            self.stream.decision(&jitlog::Decision {
                trace_id: jitlog::TraceId(trace.id.0),
                about,
                reason,
                pass_index: self.next_pass,
                index: guard.into(),
                loc_id,
                func_id: FuncId::NONE,
                because_loc: LocId::NONE,
            });
        }
    }

    /// What the pass decided that has just been told.
    pub(super) fn pass_decisions(&mut self, vm: &Vm, trace: TraceId, report: &PassReport<'_>) {
        for known in report.decisions {
            let mut place = |at: Ref| report.body.origins.get(at.index()).map_or(LocId::NONE, |&o| self.loc(vm, o));
            let (loc_id, because_loc) = (place(known.at), known.because.map_or(LocId::NONE, &mut place));
            let (about, reason) = named(known.decision);
            self.stream.decision(&jitlog::Decision {
                trace_id: jitlog::TraceId(trace.0),
                about,
                reason,
                pass_index: self.next_pass,
                index: known.at.0.into(),
                loc_id,
                func_id: FuncId::NONE,
                because_loc,
            });
        }
    }
}
