//! Guards of VMs that name only those that failed: by the compiled code, the place and the reason.

use std::collections::HashMap;

use crate::import::sink::{LaneId, Sink};
use crate::*;

/// One exit of compiled code.
pub struct Exit<'a> {
    pub trace_id: TraceId,
    pub loc_id: LocId,
    pub stack_id: StackId,
    pub reason: &'a str,
    /// True if the reason means that a value was of another type than those seen before.
    pub is_type: bool,
}

#[derive(Default)]
pub struct Exits {
    known: HashMap<(TraceId, LocId, String), GuardId>,
    ordinals: HashMap<TraceId, u16>,
}

impl Exits {
    /// Compiled code was left for the interpreter.
    pub fn left(&mut self, out: &mut Sink, lane: LaneId, t_ns: u64, exit: &Exit<'_>) -> GuardId {
        let Exit { trace_id, loc_id, stack_id, reason, .. } = *exit;
        let key = (trace_id, loc_id, reason.to_string());
        let guard_id = match self.known.get(&key) {
            Some(guard) => *guard,
            None => {
                let guard_id = out.new_guard();
                let ordinal = self.ordinals.entry(trace_id).or_default();
                let at = *ordinal;
                *ordinal = ordinal.saturating_add(1);
                self.known.insert(key, guard_id);
                self.describe(out, guard_id, exit, at, if exit.is_type { "the types seen before" } else { "" });
                guard_id
            }
        };
        out.count(CounterKind::GuardFail, guard_id.0, 1);
        let reason = out.exit_reason(reason);
        let bailout = Bailout { guard_id, trace_id, reason, loc_id, stack_id, weight: 1, ..Bailout::default() };
        out.emit(lane, t_ns, &bailout);
        guard_id
    }

    /// Describes a guard, or describes it anew.
    pub fn describe(&self, out: &mut Sink, guard_id: GuardId, exit: &Exit<'_>, ordinal: u16, expected: &str) {
        let name = if exit.is_type { format!("{} (type)", exit.reason) } else { exit.reason.to_string() };
        let kind = out.guard_kind(&name);
        let (trace_id, loc_id) = (exit.trace_id, exit.loc_id);
        let resume_stack_id = exit.stack_id;
        let guard =
            GuardDef { guard_id, trace_id, ordinal, kind, loc_id, resume_stack_id, expected, ..GuardDef::default() };
        out.guard(&guard);
    }
}

/// Code became invalid, for a reason in the VM's words.
pub fn invalidate(out: &mut Sink, lane: LaneId, t_ns: u64, trace_id: TraceId, loc_id: LocId, reason: &str) {
    let reason = InvalidateReason(out.reason(ReasonDomain::Invalidate, reason, ""));
    out.emit(lane, t_ns, &Invalidate { trace_id, reason, loc_id });
}
