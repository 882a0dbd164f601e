//! Rows that several events fill: traces and guards.

use std::collections::HashMap;
use std::io;

use jitlog::*;

use crate::export::frames::Place;
use crate::export::parquet::table::{Cell, TableWriter};

/// What is known of a guard besides its definition.
#[derive(Default)]
pub struct GuardRow {
    pub first_failure: Option<u64>,
    pub bridge: TraceId,
}

/// What is known of a trace.
#[derive(Default)]
pub struct TraceRow {
    start: Option<(u64, TraceStart)>,
    stop: Option<TraceStop>,
    abort: Option<(AbortReason, u32, u32, u64)>,
    end: Option<CompileEnd>,
    pub ir_out: Option<u32>,
    freed: Option<u64>,
}

/// Takes note of what an event says about its trace.
pub fn learn(traces: &mut HashMap<TraceId, TraceRow>, t_ns: u64, event: &Event<'_>) {
    match event {
        Event::TraceStart(start) => traces.entry(start.trace_id).or_default().start = Some((t_ns, *start)),
        Event::TraceStop(stop) => traces.entry(stop.trace_id).or_default().stop = Some(*stop),
        Event::TraceAbort(abort) => {
            let row = traces.entry(abort.trace_id).or_default();
            row.abort = Some((abort.reason, abort.n_bytecodes, abort.n_ir, abort.record_ns));
        }
        Event::CompileEnd(end) => traces.entry(end.trace_id).or_default().end = Some(*end),
        Event::CodeFree(free) => traces.entry(free.trace_id).or_default().freed = Some(t_ns),
        _ => {}
    }
}

impl TraceRow {
    pub fn write(
        &self,
        table: &mut TableWriter,
        definitions: &Definitions,
        run: Cell<'_>,
        id: TraceId,
        executions: Option<u64>,
    ) -> io::Result<()> {
        let start = self.start.as_ref().map(|(_, start)| start);
        let place = start.map(|start| Place::of(definitions, start.loc_id));
        let kind = start.map(|start| start.kind.to_string());
        let fingerprint = self.stop.map_or(0, |stop| stop.trace_fp.0);
        let aborted = self.abort.is_some() || self.end.is_some_and(|end| end.outcome == CompileOutcome::Aborted);
        let outcome = self.end.map(|end| end.outcome.to_string());
        let outcome = if aborted { Some("abort") } else { outcome.as_deref() };
        let reason = self.abort.map(|abort| abort.0).or(self.end.filter(|_| aborted).map(|end| end.reason));
        let reason = reason.and_then(|reason| definitions.reason(ReasonDomain::Abort, reason.0));
        // Recording ends with either of two events that say the same.
        let recorded = |stop: fn(&TraceStop) -> u64, abort: fn(&(AbortReason, u32, u32, u64)) -> u64| {
            let number = self.stop.as_ref().map(stop).or(self.abort.as_ref().map(abort));
            number.map_or(Cell::Null, Cell::count)
        };
        let compiled =
            |field: fn(&CompileEnd) -> u64| self.end.as_ref().map_or(Cell::Null, |end| Cell::count(field(end)));
        let cells = [
            run,
            Cell::count(id),
            if fingerprint == 0 { Cell::Null } else { Cell::Hash(fingerprint) },
            kind.as_deref().into(),
            start.map_or(Cell::Null, |start| Cell::count(start.tier)),
            place.and_then(|place| place.file).into(),
            place.and_then(|place| place.function).into(),
            place.map_or(Cell::Null, |place| Cell::known(place.line)),
            start.map_or(Cell::Null, |start| Cell::known(start.parent_trace)),
            start.map_or(Cell::Null, |start| Cell::known(start.parent_guard)),
            self.start.as_ref().map_or(Cell::Null, |(t_ns, _)| Cell::count(*t_ns)),
            recorded(|stop| stop.record_ns, |abort| abort.3),
            compiled(|end| end.compile_ns),
            compiled(|end| end.codegen_ns),
            recorded(|stop| stop.n_bytecodes.into(), |abort| abort.1.into()),
            recorded(|stop| stop.n_ir.into(), |abort| abort.2.into()),
            self.ir_out.map_or(Cell::Null, Cell::count),
            compiled(|end| end.n_guards.into()),
            compiled(|end| end.code_bytes.into()),
            outcome.into(),
            reason.map(|reason| reason.name).into(),
            executions.map_or(Cell::Null, Cell::count),
            self.freed.map_or(Cell::Null, Cell::count),
        ];
        table.row(&cells)
    }
}
