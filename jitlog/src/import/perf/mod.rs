//! Linux perf joined to the log of the same run: its samples by time, and by address on the code that stood there then.
//!
//! The new log is the old one, block by block, with streams of samples behind it, one per thread and event. Both sides
//! are read once and in time order; memory holds what is installed at the moment and each distinct stack once.

mod added;
mod codes;
mod native;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::format::layout::{MAGIC, block_offset};
use crate::import::input::Input;
use crate::import::{ImportError, Options, Report, Unread};
use crate::rewrite::Keep;
use crate::rewrite::image;
use crate::rewrite::plan::Plan;
use crate::*;
use added::Added;
use codes::{Codes, Place};
use native::Native;
use text::{ClockSaid, Found, Parser};

const PERF_DATA: &[u8] = b"PERFILE2";
/// What `perf script` is asked for.
const FIELDS: &str = "comm,pid,tid,time,period,event,ip,sym,dso";
/// Events whose period is nanoseconds of the thread.
const CLOCKS: [&str; 2] = ["cpu-clock", "task-clock"];
/// Events that come at a rate in time: each sample stands for the time since the thread's last.
const RATES: [&str; 4] = ["cycles", "cpu-cycles", "ref-cycles", "instructions"];
/// A longer time without a sample the thread did not run.
const LONGEST_GAP_NS: u64 = 20_000_000;
/// Samples so long before and after the log are of the same run: the VM starts, and ends.
const AROUND_NS: u64 = 2_000_000_000;
/// Symbols of the VM's interpreter, and of the functions it calls for the program.
const INTERPRETER: [&str; 2] = ["jitvm::interp::run::", "jitvm::interp::execute::"];
const BUILTINS: &str = "jitvm::library::";
const CALLS_BUILTINS: [&str; 2] = ["jitvm::library::call_native", "jitvm::library::call_with"];
/// What cannot be read is kept in full this often, and this much of it.
const MOST_UNREAD: usize = 100;
const UNREAD_TEXT: usize = 200;
/// Events that are counted by name, and threads whose last sample is remembered.
const MOST_NAMES: usize = 4096;

pub fn is_one(head: &[u8], lines: &[&str]) -> bool {
    head.starts_with(PERF_DATA) || lines.iter().any(|line| text::header(line).is_some())
}

/// Whether a file is a log of ours, packed or not.
pub fn is_log(path: &Path) -> bool {
    starts_with(path, &MAGIC).unwrap_or(false)
}

fn starts_with(path: &Path, magic: &[u8]) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(magic.len() as u64).read_to_end(&mut head)?;
    Ok(head == magic)
}

/// Joins a recording to a log, named in either order.
pub fn import(files: &[PathBuf], to: &Path, options: &Options) -> Result<Report, ImportError> {
    let (logs, recordings): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|path| is_log(path));
    let (log, recording) = match (&logs[..], &recordings[..]) {
        (&[log], &[recording]) => (log, recording),
        (_, &[]) => return Err(kind(&files[0], "name a recording of perf beside the log: PERF.txt RUN.jlog")),
        (&[], _) => return Err(kind(&files[0], "name the log of the same run beside it: PERF.txt RUN.jlog")),
        _ => return Err(kind(&files[0], "one recording is joined to one log at a time")),
    };
    let read_error = |error| ImportError::Read(recording.clone(), error);
    let write_error = |error| ImportError::Write(to.to_path_buf(), error);
    let reader = Reader::open(log).map_err(|error| kind(log, &error.to_string()))?;
    let plan = Plan::new(&reader, Keep::Everything);
    let mut parser = Parser::default();
    let (mut input, child) = match starts_with(recording, PERF_DATA).map_err(read_error)? {
        true => script(recording, &mut parser, options)?,
        false => (Input::open(recording, options.read.clone()).map_err(read_error)?, None),
    };
    let mut join = Join::new(&reader, recording);
    let out = File::options().write(true).create(true).truncate(true).open(to).map_err(write_error)?;
    let is_damaged = !reader.problems().is_empty();
    let mut failed = None;
    let written = image::write_with(&reader, &plan, is_damaged, &out, |put| {
        let mut added = Added::new(&reader, &plan, put)?;
        failed = join.run(&mut input, &mut parser, &mut added)?.err();
        join.report.events = added.records;
        join.write_unread(&mut added)?;
        added.finish()
    });
    if let Some(mut child) = child {
        drop(std::mem::replace(
            &mut input,
            Input::of(recording, File::open(recording).map_err(read_error)?, options.read.clone()),
        ));
        let status = child.wait().map_err(read_error)?;
        if !status.success() && failed.is_none() {
            return Err(kind(recording, &format!("`perf script -i` could not read it ({status})")));
        }
    }
    if let Some(failed) = failed {
        return Err(failed);
    }
    let blocks = written.map_err(write_error)?;
    out.set_len(block_offset(blocks)).map_err(write_error)?;
    join.report.notes.extend(reader.problems().iter().map(|problem| format!("{}: {problem}", log.display())));
    Ok(join.report)
}

fn kind(path: &Path, text: &str) -> ImportError {
    ImportError::Kind(path.to_path_buf(), text.to_string())
}

/// The text of a perf.data file, from perf itself: its format is perf's own business.
fn script(path: &Path, parser: &mut Parser, options: &Options) -> Result<(Input, Option<Child>), ImportError> {
    let by_hand = format!(
        "is a perf.data file, which perf itself must read: `perf script --ns -F {FIELDS} -i {} > PERF.txt` where perf \
         is installed, then import PERF.txt",
        path.display()
    );
    let no_perf = |error: io::Error| kind(path, &format!("{by_hand} ({error})"));
    let head = Command::new("perf").args(["script", "--header-only", "-i"]).arg(path).output().map_err(no_perf)?;
    if !head.status.success() {
        let said = String::from_utf8_lossy(&head.stderr);
        return Err(kind(path, &format!("perf cannot read it: {}", said.trim())));
    }
    String::from_utf8_lossy(&head.stdout).lines().for_each(|line| parser.comment(line));
    let mut command = Command::new("perf");
    command.args(["script", "--ns", "-F", FIELDS, "-i"]).arg(path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(no_perf)?;
    let pipe = child.stdout.take().map(|pipe| File::from(std::os::fd::OwnedFd::from(pipe)));
    let pipe = pipe.ok_or_else(|| kind(path, &by_hand))?;
    Ok((Input::of(path, pipe, options.read.clone()), Some(child)))
}

/// The samples on their way from the text to the log.
struct Join<'r> {
    recording: &'r Path,
    pid: u32,
    /// Threads of the log, by their streams.
    threads: HashSet<u32>,
    /// Those that run the program.
    mutators: HashSet<u32>,
    start_ns: u64,
    end_ns: u64,
    codes: Codes,
    native: Native,
    /// The event whose samples share out the time.
    timed: Option<String>,
    last_of_thread: HashMap<u32, u64>,
    by_event: BTreeMap<String, u64>,
    other_processes: BTreeMap<u32, u64>,
    /// Samples outside the time of the log, and the first's and last's times.
    outside: u64,
    seen_ns: Option<(u64, u64)>,
    inside: u64,
    /// Frames that perf names after a trace, and those of them where the log has no code at that time.
    named: u64,
    nowhere: u64,
    no_period: u64,
    report: Report,
}

/// A frame in a trace's code: its index from the innermost, and where.
type InTrace = Option<(usize, Place)>;

impl Join<'_> {
    fn new<'r>(reader: &Reader, recording: &'r Path) -> Join<'r> {
        let time = *reader.time();
        let last = reader.directory().blocks.iter().map(|block| block.entry.t_last).max().unwrap_or(0);
        let streams = || reader.defs().streams();
        let mutators = streams().filter(|stream| stream.kind == StreamKind::Mutator).map(|stream| stream.os_tid);
        let has_samples = reader.events().types(Types::of(&[crate::Sample::TYPE])).flatten().next().is_some();
        let mut report = Report::default();
        if has_samples {
            let text = "the log has samples of its own, so time counts twice: record with `jitvm --sample 0` for shares of perf alone";
            report.notes.push(text.into());
        }
        Join {
            recording,
            pid: reader.header().pid,
            threads: streams().map(|stream| stream.os_tid).collect(),
            mutators: mutators.collect(),
            start_ns: time.start_mono_ns(),
            end_ns: time.start_mono_ns().saturating_add(time.nanoseconds(last)),
            codes: Codes::new(reader),
            native: Native::new(recording),
            timed: None,
            last_of_thread: HashMap::new(),
            by_event: BTreeMap::new(),
            other_processes: BTreeMap::new(),
            outside: 0,
            seen_ns: None,
            inside: 0,
            named: 0,
            nowhere: 0,
            no_period: 0,
            report,
        }
    }

    /// Everything the text holds. The outer error is of writing, the inner one of reading.
    fn run(
        &mut self,
        input: &mut Input,
        parser: &mut Parser,
        added: &mut Added<'_, '_>,
    ) -> io::Result<Result<(), ImportError>> {
        let mut is_first = true;
        let mut place = (0, 0);
        loop {
            let line = match input.line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => return Ok(Err(ImportError::Read(self.recording.to_path_buf(), error))),
            };
            place = (line.number, line.byte);
            if line.cut {
                parser.drop_open();
                self.unread(UnreadKind::Cut, place, line.text);
                continue;
            }
            match parser.line(line.text) {
                Found::Nothing => {}
                Found::Unread(kind) => self.unread(kind, place, line.text),
                Found::Sample(sample) => {
                    if std::mem::take(&mut is_first)
                        && let Err(error) = self.check_clock(parser.clock)
                    {
                        return Ok(Err(error));
                    }
                    self.sample(sample, added)?;
                }
            }
        }
        match parser.end() {
            Found::Sample(sample) => self.sample(sample, added)?,
            Found::Unread(kind) => self.unread(kind, place, "the last call chain has no end"),
            Found::Nothing => {}
        }
        self.report.bytes = input.bytes();
        self.report.lines = input.lines();
        Ok(self.conclude())
    }

    fn check_clock(&self, said: ClockSaid) -> Result<(), ImportError> {
        let text = match said {
            ClockSaid::Nothing | ClockSaid::Monotonic => return Ok(()),
            ClockSaid::Own => "was recorded with perf's own clock",
            ClockSaid::Other => "was recorded with a clock that is not CLOCK_MONOTONIC",
        };
        Err(self.clocks(text))
    }

    fn clocks(&self, what: &str) -> ImportError {
        let text = format!("{what}: the clocks do not match; record with `perf record -k mono`, the log's clock");
        kind(self.recording, &text)
    }

    fn unread(&mut self, kind: UnreadKind, (line, byte): (u64, u64), text: &str) {
        self.report.unread_count += 1;
        if self.report.unread.len() < MOST_UNREAD {
            let text = text[..text.floor_char_boundary(UNREAD_TEXT)].to_string();
            let file = self.recording.display().to_string();
            self.report.unread.push(Unread { kind, file, line, byte, text });
        }
    }

    fn write_unread(&self, added: &mut Added<'_, '_>) -> io::Result<()> {
        let rest = self.report.unread_count.saturating_sub(self.report.unread.len() as u64);
        for (index, unread) in self.report.unread.iter().enumerate() {
            let is_last = index + 1 == self.report.unread.len();
            added.unread(&UnreadDef {
                kind: unread.kind,
                count: if is_last { 1 + rest } else { 1 },
                line: unread.line,
                byte: unread.byte,
                file: &unread.file,
                text: &unread.text,
            })?;
        }
        Ok(())
    }

    fn sample(&mut self, sample: text::Sample, added: &mut Added<'_, '_>) -> io::Result<()> {
        let is_ours = match sample.pid {
            Some(pid) => pid == self.pid,
            None => sample.tid == self.pid || self.threads.contains(&sample.tid),
        };
        if !is_ours {
            if self.other_processes.len() < MOST_NAMES {
                *self.other_processes.entry(sample.pid.unwrap_or(sample.tid)).or_default() += 1;
            }
            return Ok(());
        }
        let (first, last) = self.seen_ns.unwrap_or((sample.t_ns, sample.t_ns));
        self.seen_ns = Some((first.min(sample.t_ns), last.max(sample.t_ns)));
        if sample.t_ns.saturating_add(AROUND_NS) < self.start_ns || sample.t_ns > self.end_ns.saturating_add(AROUND_NS)
        {
            self.outside += 1;
            return Ok(());
        }
        self.inside += 1;
        if self.by_event.len() < MOST_NAMES || self.by_event.contains_key(&sample.event) {
            *self.by_event.entry(sample.event.clone()).or_default() += 1;
        }
        // Before the log was made there is no time of its: the start-up.
        let t_ns = sample.t_ns.saturating_sub(self.start_ns);
        self.codes.up_to(t_ns);
        let (stack_id, leaf, in_trace) = self.stack(&sample, added)?;
        let (state, builtin) = self.state(&sample, in_trace, added)?;
        let weight_ns = self.weight(&sample);
        let place = in_trace.map(|(_, place)| place);
        let record = crate::Sample {
            state,
            trace_id: place.map_or(TraceId::NONE, |place| place.trace),
            code_off: place.map_or(0, |place| place.offset),
            loc_id: place.map(|place| place.loc).filter(|loc| !loc.is_none()).unwrap_or(leaf),
            stack_id,
            weight_ns,
            builtin,
            guard_id: GuardId::NONE,
        };
        let lane = added.lane(&sample.event, &sample.comm, sample.tid)?;
        added.sample(lane, t_ns, &record)
    }

    /// The frames as a stack, the place of the innermost, and the innermost of a trace that runs.
    fn stack(&mut self, sample: &text::Sample, added: &mut Added<'_, '_>) -> io::Result<(StackId, LocId, InTrace)> {
        let mut stack = StackId::NONE;
        let mut leaf = LocId::NONE;
        let mut in_trace = None;
        for (index, frame) in sample.frames.iter().enumerate().rev() {
            // Of a caller perf has the address after the call, which may be another line's or the next trace's.
            let addr = if index == 0 { frame.addr } else { frame.addr.saturating_sub(1) };
            let found = self.codes.at(addr);
            let is_named = frame.symbol.contains("[trace ");
            self.named += u64::from(is_named);
            self.nowhere += u64::from(is_named && found.is_none());
            let is_traced = |place: Place| !place.loc.is_none();
            let kind = if found.is_some() { FrameKind::Compiled } else { FrameKind::Native };
            match found {
                Some(place) if is_traced(place) => {
                    leaf = place.loc;
                    stack = added.stack(stack, leaf, kind)?;
                }
                Some(_) => {
                    leaf = added.function(&frame.dso, &frame.symbol, 0)?.1;
                    stack = added.stack(stack, leaf, kind)?;
                }
                // Inlined functions stand inside the one they are in.
                None => {
                    for function in self.native.functions(frame, addr).iter().rev() {
                        leaf = added.function(&function.file, &function.name, function.line)?.1;
                        stack = added.stack(stack, leaf, kind)?;
                    }
                }
            }
            if let Some(place) = found {
                in_trace = Some((index, place));
            } else if INTERPRETER.iter().any(|name| frame.symbol.starts_with(name)) {
                // What runs inside is no longer the trace.
                in_trace = None;
            }
        }
        Ok((stack, leaf, in_trace))
    }

    /// What the thread was doing, and the builtin it was doing it in.
    fn state(
        &mut self,
        sample: &text::Sample,
        in_trace: InTrace,
        added: &mut Added<'_, '_>,
    ) -> io::Result<(SampleState, FuncId)> {
        if !self.mutators.is_empty() && !self.mutators.contains(&sample.tid) {
            return Ok((SampleState::Native, FuncId::NONE));
        }
        if let Some((0, _)) = in_trace {
            return Ok((SampleState::Trace, FuncId::NONE));
        }
        if let Some(state) = self.codes.told() {
            return Ok((state, FuncId::NONE));
        }
        let is_interpreter = |symbol: &str| INTERPRETER.iter().any(|name| symbol.starts_with(name));
        let caller = match in_trace {
            Some((index, _)) => Some(index),
            None => sample.frames.iter().position(|frame| is_interpreter(&frame.symbol)),
        };
        let Some(caller) = caller else { return Ok((SampleState::Native, FuncId::NONE)) };
        let called = &sample.frames[..caller];
        let is_builtin =
            |symbol: &str| symbol.starts_with(BUILTINS) && !CALLS_BUILTINS.iter().any(|name| symbol.starts_with(name));
        let builtin = called.iter().rposition(|frame| is_builtin(&frame.symbol));
        // A trace calls nothing but what is native; the interpreter's own helpers are the interpreter.
        let builtin = builtin.or(called.len().checked_sub(1).filter(|_| in_trace.is_some()));
        let Some(index) = builtin else { return Ok((SampleState::Interp, FuncId::NONE)) };
        let frame = &called[index];
        let addr = if index == 0 { frame.addr } else { frame.addr.saturating_sub(1) };
        // The function as it was compiled, not what is inlined into it.
        let functions = self.native.functions(frame, addr);
        let function = functions.last().expect("at least perf's own name");
        Ok((SampleState::Native, added.function(&function.file, &function.name, function.line)?.0))
    }

    /// The time a sample stands for: that of the program's thread, told by one event, so that it is there once.
    fn weight(&mut self, sample: &text::Sample) -> u64 {
        let name = sample.event.split([':', '/']).next().unwrap_or_default();
        let is_clock = CLOCKS.contains(&name);
        if self.timed.is_none() && (is_clock || RATES.contains(&name)) {
            self.timed = Some(sample.event.clone());
        }
        let is_other_thread = !self.mutators.is_empty() && !self.mutators.contains(&sample.tid);
        if self.timed.as_ref() != Some(&sample.event) || is_other_thread {
            return 0;
        }
        if self.last_of_thread.len() >= MOST_NAMES && !self.last_of_thread.contains_key(&sample.tid) {
            self.last_of_thread.clear();
        }
        let last = self.last_of_thread.insert(sample.tid, sample.t_ns);
        match sample.period {
            Some(period) if is_clock => period,
            _ => {
                self.no_period += 1;
                last.map_or(0, |last| sample.t_ns.saturating_sub(last).min(LONGEST_GAP_NS))
            }
        }
    }

    /// What the whole came to, or why it is none.
    fn conclude(&mut self) -> Result<(), ImportError> {
        let others: u64 = self.other_processes.values().sum();
        let Some((first, last)) = self.seen_ns else {
            let mut seen: Vec<String> = self.other_processes.keys().take(5).map(u32::to_string).collect();
            if seen.is_empty() {
                seen.push("none".into());
            }
            let text = format!(
                "holds no sample of process {}, which wrote the log; processes with samples: {}",
                self.pid,
                seen.join(", ")
            );
            return Err(kind(self.recording, &text));
        };
        let seconds = |ns: u64| ns as f64 / 1e9;
        if self.outside > 0 {
            let what = format!(
                "{} of {} samples are outside the time of the log (samples from {:.3} s to {:.3} s, the log from \
                 {:.3} s to {:.3} s of CLOCK_MONOTONIC)",
                self.outside,
                self.outside + self.inside,
                seconds(first),
                seconds(last),
                seconds(self.start_ns),
                seconds(self.end_ns)
            );
            if self.outside * 10 > self.inside {
                return Err(self.clocks(&what));
            }
            self.report.notes.push(format!("{what}; they were left out"));
        }
        if self.nowhere * 10 > self.named {
            let text = format!(
                "{} of {} frames that perf names after a trace are where the log has no code at that time: unless perf \
                 recorded with `-k mono`, the clocks do not match",
                self.nowhere, self.named
            );
            self.report.notes.push(text);
        }
        if others > 0 {
            self.report.notes.push(format!("{others} samples of other processes were left out"));
        }
        if self.no_period > 0 {
            let text = format!(
                "{} samples have no period in time: each stands for the time since its thread's last, at most 20 ms",
                self.no_period
            );
            self.report.notes.push(text);
        }
        self.report.notes.extend(self.native.notes());
        let events: Vec<String> = self.by_event.iter().map(|(event, count)| format!("{count} of {event}")).collect();
        let timed = self.timed.as_ref().map_or("none of them tells time".into(), |event| format!("time is {event}'s"));
        self.report.notes.push(format!("samples: {}; {timed}", events.join(", ")));
        Ok(())
    }
}
