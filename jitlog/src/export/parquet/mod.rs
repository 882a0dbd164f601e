//! Parquet: a folder with a file for each table, for SQL engines and data frames.
//!
//! Events go to their tables as they are read; traces, guards and open collections are gathered by id, as definitions
//! are. The crate's column writers are used without arrow, which would cost six times the build.

mod rows;
mod schema;
mod table;

use std::collections::HashMap;
use std::io;
use std::path::Path;

use jitlog::*;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::export::entries;
use crate::export::frames::Place;
use crate::export::threads::Threads;
use crate::export::timed::Timed;
use rows::{GuardRow, TraceRow};
use schema::Table;
use table::{Cell, TableWriter};

pub use schema::TABLES;

/// The version of the tables, in the metadata of every file.
const SCHEMA_VERSION: &str = "0";

/// Collections that may be open at a time; a log that never ends them must not cost memory.
const MAX_OPEN: usize = 64;

struct Parquet<'r> {
    reader: &'r Reader,
    definitions: &'r Definitions,
    threads: Threads,
    tables: Vec<TableWriter>,
    run: i64,
    start_us: i64,
    traces: HashMap<TraceId, TraceRow>,
    guards: HashMap<GuardId, GuardRow>,
    /// Collections that began: stream, time and event, oldest first.
    collections: Vec<(StreamId, u64, GcBegin)>,
    timed: Timed,
    /// Fingerprints by id.
    stacks: HashMap<StackId, u64>,
}

/// Writes every table into an empty folder. Damaged parts are left out and stay among the reader's problems.
pub fn write(reader: &Reader, folder: &Path) -> io::Result<()> {
    let run_id = u128::from_be_bytes(reader.header().run_id);
    let metadata = [("jitlog.schema_version", SCHEMA_VERSION.to_string()), ("jitlog.run_id", format!("{run_id:032x}"))];
    let tables = TABLES
        .iter()
        .map(|spec| TableWriter::create(&folder.join(format!("{}.parquet", spec.name)), spec, &metadata))
        .collect::<io::Result<Vec<TableWriter>>>()?;
    let definitions = reader.defs();
    let mut parquet = Parquet {
        reader,
        definitions,
        threads: Threads::of(definitions),
        tables,
        run: xxh3_64(&reader.header().run_id) as i64,
        start_us: i64::try_from(reader.static_page().start_real_ns / 1000).unwrap_or(i64::MAX),
        traces: HashMap::new(),
        guards: HashMap::new(),
        collections: Vec::new(),
        timed: Timed::default(),
        stacks: HashMap::new(),
    };
    parquet.definitions()?;
    for entry in entries(reader, Types::class(Class::E)) {
        parquet.event(&entry)?;
    }
    parquet.finish()
}

impl Parquet<'_> {
    fn row(&mut self, table: Table, cells: &[Cell<'_>]) -> io::Result<()> {
        self.tables[table as usize].row(cells)
    }

    /// `run`, `ts` and `t_ns`.
    fn at(&self, t_ns: u64) -> [Cell<'static>; 3] {
        let ts = self.start_us.saturating_add(i64::try_from(t_ns / 1000).unwrap_or(i64::MAX));
        [Cell::Int(self.run), Cell::Int(ts), Cell::count(t_ns)]
    }

    fn thread(&mut self, stream: StreamId) -> Cell<'static> {
        let index = self.threads.of_stream(stream);
        Cell::count(self.threads.get(index).tid)
    }

    /// A place's fingerprint.
    fn place(&self, loc: LocId) -> Cell<'static> {
        self.definitions.loc(loc).map_or(Cell::Null, |loc| Cell::Hash(loc.loc_fp.0))
    }

    fn stack(&self, stack: StackId) -> Cell<'static> {
        self.stacks.get(&stack).map_or(Cell::Null, |fingerprint| Cell::Hash(*fingerprint))
    }

    /// The places and stacks.
    fn definitions(&mut self) -> io::Result<()> {
        for loc in self.definitions.locs() {
            let place = Place::of(self.definitions, loc.loc_id);
            let cells = [
                Cell::Int(self.run),
                Cell::Hash(loc.loc_fp.0),
                place.file.into(),
                place.function.into(),
                Cell::known(loc.line),
                Cell::known(loc.col),
            ];
            self.tables[Table::Loc as usize].row(&cells)?;
        }
        let mut places = Vec::new();
        for stack in self.definitions.stacks() {
            places.clear();
            let frames = self.definitions.frames(stack.stack_id);
            places.extend(frames.filter_map(|frame| self.definitions.loc(frame.loc_id)).map(|loc| loc.loc_fp.0));
            let mut state = Xxh3::new();
            places.iter().for_each(|place| state.update(&place.to_le_bytes()));
            let fingerprint = state.digest();
            self.stacks.insert(stack.stack_id, fingerprint);
            let cells = [Cell::Int(self.run), Cell::Hash(fingerprint), Cell::Hashes(&places)];
            self.tables[Table::Stack as usize].row(&cells)?;
        }
        Ok(())
    }

    fn event(&mut self, entry: &Entry) -> io::Result<()> {
        let [run, ts, t_ns] = self.at(entry.t_ns);
        let definitions = self.definitions;
        let event = entry.event();
        self.timed.see(self.threads.of_stream(entry.stream), &event);
        match event {
            Event::Sample(sample) => {
                let cells = [
                    run,
                    ts,
                    t_ns,
                    self.thread(entry.stream),
                    Cell::count(sample.state.0),
                    Cell::known(sample.trace_id),
                    self.place(sample.loc_id),
                    self.stack(sample.stack_id),
                    Cell::known(sample.weight_ns),
                    Cell::Int(1),
                ];
                self.row(Table::Sample, &cells)
            }
            Event::Bailout(bailout) => {
                let guard = self.guards.entry(bailout.guard_id).or_default();
                guard.first_failure.get_or_insert(entry.t_ns);
                let name = |domain, code: u64| {
                    u16::try_from(code).ok().and_then(|code| definitions.reason(domain, code)).map(|reason| reason.name)
                };
                let cells = [
                    run,
                    ts,
                    t_ns,
                    self.thread(entry.stream),
                    Cell::known(bailout.guard_id),
                    Cell::known(bailout.trace_id),
                    name(ReasonDomain::Exit, bailout.reason.into()).into(),
                    self.place(bailout.loc_id),
                    self.stack(bailout.stack_id),
                    Cell::known(bailout.cost_ns),
                    Cell::known(bailout.weight),
                    name(ReasonDomain::ObservedType, bailout.expected.into()).into(),
                    name(ReasonDomain::ObservedType, bailout.observed_type.into()).into(),
                    said(bailout.observed_text),
                ];
                self.row(Table::Bailout, &cells)
            }
            Event::AllocSample(sample) => {
                let cells = [
                    run,
                    ts,
                    t_ns,
                    self.thread(entry.stream),
                    self.place(sample.loc_id),
                    self.stack(sample.stack_id),
                    definitions.string(sample.type_str).into(),
                    Cell::count(sample.size_bytes),
                    Cell::known(sample.weight_bytes),
                ];
                self.row(Table::AllocSample, &cells)
            }
            Event::Heap(heap) => {
                let cells = [
                    run,
                    ts,
                    t_ns,
                    Cell::count(heap.used_bytes),
                    Cell::known(heap.committed_bytes),
                    Cell::known(heap.limit_bytes),
                    Cell::known(heap.allocated_total_bytes),
                    Cell::known(heap.live_objs),
                ];
                self.row(Table::HeapTs, &cells)
            }
            Event::Codemem(code) => {
                let cells = [
                    run,
                    ts,
                    t_ns,
                    Cell::count(code.used_bytes),
                    Cell::known(code.committed_bytes),
                    Cell::known(code.limit_bytes),
                    Cell::count(code.n_traces),
                ];
                self.row(Table::Codemem, &cells)
            }
            Event::PassEnd(pass) => {
                if let Some(row) = self.traces.get_mut(&pass.trace_id) {
                    row.ir_out = Some(pass.ops_out);
                }
                let cells = [
                    run,
                    ts,
                    t_ns,
                    Cell::known(pass.trace_id),
                    Cell::count(pass.index),
                    definitions.pass(pass.pass_id).map(|pass| pass.name).into(),
                    Cell::count(pass.dur_ns),
                    Cell::count(pass.ops_in),
                    Cell::count(pass.ops_out),
                    Cell::count(pass.guards_in),
                    Cell::count(pass.guards_out),
                ];
                self.row(Table::Pass, &cells)
            }
            Event::Decision(decision) => {
                let reason = definitions.reason(ReasonDomain::Decision, decision.reason.0);
                let cells = [
                    run,
                    ts,
                    t_ns,
                    Cell::known(decision.trace_id),
                    decision.about.name().into(),
                    reason.map(|reason| reason.name).into(),
                    Cell::count(decision.pass_index),
                    self.place(decision.loc_id),
                    definitions.func(decision.func_id).map(|func| func.name).into(),
                    self.place(decision.because_loc),
                ];
                self.row(Table::Decision, &cells)
            }
            Event::GcBegin(begin) => {
                self.collections.push((entry.stream, entry.t_ns, begin));
                if self.collections.len() > MAX_OPEN {
                    let (stream, at, begin) = self.collections.remove(0);
                    return self.collection(stream, at, Some(&begin), None);
                }
                Ok(())
            }
            Event::GcEnd(end) => {
                let same =
                    |(stream, _, begin): &(StreamId, u64, GcBegin)| *stream == entry.stream && begin.gc_id == end.gc_id;
                match self.collections.iter().rposition(same) {
                    Some(place) => {
                        let (stream, at, begin) = self.collections.remove(place);
                        self.collection(stream, at, Some(&begin), Some(&end))
                    }
                    None => self.collection(entry.stream, entry.t_ns.saturating_sub(end.pause_ns), None, Some(&end)),
                }
            }
            Event::Mark(mark) => {
                let fields = (mark.name_str, mark.value, mark.count, mark.text);
                self.mark(entry, "mark", fields)
            }
            Event::SpanBegin(span) => {
                self.mark(entry, "span_begin", (span.name_str, span.value, span.count, span.text))
            }
            Event::SpanEnd(span) => self.mark(entry, "span_end", (span.name_str, span.value, span.count, span.text)),
            Event::BridgeAttach(attach) => {
                self.guards.entry(attach.guard_id).or_default().bridge = attach.bridge_trace;
                Ok(())
            }
            other => {
                rows::learn(&mut self.traces, entry.t_ns, &other);
                Ok(())
            }
        }
    }

    fn collection(
        &mut self,
        stream: StreamId,
        t_ns: u64,
        begin: Option<&GcBegin>,
        end: Option<&GcEnd>,
    ) -> io::Result<()> {
        let [run, ts, at] = self.at(t_ns);
        let number = |field: fn(&GcEnd) -> u64| end.map_or(Cell::Null, |end| Cell::count(field(end)));
        let known = |field: fn(&GcEnd) -> u64| end.map_or(Cell::Null, |end| Cell::known(field(end)));
        let id = begin.map(|begin| begin.gc_id).or(end.map(|end| end.gc_id)).unwrap_or_default();
        let kind = begin.map(|begin| begin.kind.to_string());
        let cause = begin.and_then(|begin| self.definitions.reason(ReasonDomain::GcCause, begin.cause.0));
        let cells = [
            run,
            ts,
            at,
            self.thread(stream),
            Cell::known(id),
            kind.as_deref().into(),
            cause.map(|cause| cause.name).into(),
            number(|end| end.pause_ns),
            known(|end| end.before_bytes),
            known(|end| end.after_bytes),
            known(|end| end.promoted_bytes),
            known(|end| end.freed_objs),
        ];
        self.row(Table::Gc, &cells)
    }

    fn mark(&mut self, entry: &Entry, event: &str, fields: (StringId, f64, i64, &str)) -> io::Result<()> {
        let [run, ts, t_ns] = self.at(entry.t_ns);
        let (name, value, count, text) = fields;
        let name = self.definitions.string(name).into();
        let thread = self.thread(entry.stream);
        let cells = [run, ts, t_ns, thread, Cell::Text(event), name, Cell::Float(value), Cell::Int(count), said(text)];
        self.row(Table::Mark, &cells)
    }

    /// Time that no sample stands for: a row of no sample per thread and state, at the end.
    fn rest(&mut self) -> io::Result<()> {
        let [run, ts, t_ns] = self.at(self.reader.last_ns());
        for rest in self.timed.rest() {
            let thread = Cell::count(self.threads.get(rest.thread).tid);
            let (state, weight) = (Cell::count(rest.state.0), Cell::count(rest.ns));
            let cells = [run, ts, t_ns, thread, state, Cell::Null, Cell::Null, Cell::Null, weight, Cell::Int(0)];
            self.row(Table::Sample, &cells)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.rest()?;
        for (stream, at, begin) in std::mem::take(&mut self.collections) {
            self.collection(stream, at, Some(&begin), None)?;
        }
        for point in self.reader.counter_points() {
            let [run, ts, t_ns] = self.at(point.t_ns);
            let definition = self.definitions.counter(point.counter_id);
            let kind = definition.map(|counter| counter.kind.to_string());
            let entity = definition.map_or(Cell::Null, |counter| Cell::known(counter.entity));
            let id = Cell::count(point.counter_id);
            let cells = [run, ts, t_ns, kind.as_deref().into(), entity, Cell::count(point.delta), id];
            self.row(Table::CounterTs, &cells)?;
        }
        self.gathered()?;
        self.process()?;
        self.tables.into_iter().try_for_each(TableWriter::finish)
    }

    /// Traces and guards, by id.
    fn gathered(&mut self) -> io::Result<()> {
        let mut executions: HashMap<u64, u64> = HashMap::new();
        let mut failures: HashMap<u64, u64> = HashMap::new();
        for total in self.reader.counters() {
            let by_entity = match total.definition.kind {
                CounterKind::TraceExec => &mut executions,
                CounterKind::GuardFail => &mut failures,
                _ => continue,
            };
            let sum = by_entity.entry(total.definition.entity).or_default();
            *sum = sum.saturating_add(total.value);
        }
        let run = Cell::Int(self.run);
        let mut traces: Vec<(TraceId, TraceRow)> = self.traces.drain().collect();
        traces.sort_unstable_by_key(|(id, _)| *id);
        for (id, trace) in traces {
            let executions = executions.get(&id.into()).copied();
            trace.write(&mut self.tables[Table::Trace as usize], self.definitions, run, id, executions)?;
        }
        for guard in self.definitions.guards() {
            let row = self.guards.get(&guard.guard_id);
            let place = Place::of(self.definitions, guard.loc_id);
            let kind = self.definitions.reason(ReasonDomain::GuardKind, guard.kind.0);
            let fingerprint = guard.guard_fp.0;
            let cells = [
                run,
                Cell::count(guard.guard_id),
                Cell::known(guard.trace_id),
                if fingerprint == 0 { Cell::Null } else { Cell::Hash(fingerprint) },
                kind.map(|kind| kind.name).into(),
                place.file.into(),
                Cell::known(place.line),
                failures.get(&guard.guard_id.into()).map_or(Cell::Null, |count| Cell::count(*count)),
                row.and_then(|row| row.first_failure).map_or(Cell::Null, Cell::count),
                row.map_or(Cell::Null, |row| Cell::known(row.bridge)),
                said(guard.expected),
            ];
            self.tables[Table::Guard as usize].row(&cells)?;
        }
        Ok(())
    }

    /// One row about the run. Written last, when all that is wrong with the log is known.
    fn process(&mut self) -> io::Result<()> {
        let reader = self.reader;
        let run_id = crate::tool::log_header(reader).get("run_id").and_then(|id| id.as_str()).map(str::to_string);
        let process = self.definitions.process();
        let loss = reader.loss();
        // A log that ended for want of room is full however its process ended.
        let exit = if loss.stopped.is_some() { "full" } else { reader.health().name() };
        let cells = [
            Cell::Int(self.run),
            run_id.as_deref().into(),
            Cell::Null,
            process.map_or(Cell::Null, |process| said(process.host)),
            Cell::known(reader.static_page().pid),
            process.map_or(Cell::Null, |process| said(process.vm_name)),
            process.map_or(Cell::Null, |process| said(process.vm_version)),
            process.map_or(Cell::Null, |process| said(process.vm_commit)),
            process.map_or(Cell::Null, |process| said(process.config)),
            process.map_or(Cell::Null, |process| said(process.cpu_model)),
            process.map_or(Cell::Null, |process| said(process.argv)),
            Cell::Int(self.start_us),
            Cell::count(reader.last_ns()),
            Cell::Text(exit),
            Cell::count(loss.dropped_events),
            Cell::count(reader.file_len()),
        ];
        self.row(Table::Process, &cells)
    }
}

/// A text, unless the log says nothing.
fn said(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::Null } else { Cell::Text(text) }
}
