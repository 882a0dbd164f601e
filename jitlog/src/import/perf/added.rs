//! What perf saw as streams of its own behind the log's: blocks made in memory and given away as they fill.
//!
//! Ids are above those of the log, so nothing of it is changed or repeated.

use std::collections::HashMap;
use std::io;

use crate::format::layout::{BLOCK, DirEntry, HeaderWord, PROLOGUE};
use crate::format::record::Record;
use crate::format::time::TimeScale;
use crate::rewrite::image::Put;
use crate::rewrite::plan::{Plan, seal};
use crate::rewrite::rebuild;
use crate::*;

/// Streams of samples; a recording of more threads than anybody looks at shares the last.
const STREAMS: usize = 256;
/// Where ids start: below are those of the VM and of its sampler.
const FIRST_ID: u32 = 3 << 30;

/// The end of a chain: a block being filled.
struct Chain {
    kind: BlockKind,
    stream: StreamId,
    sequence: u64,
    base: u64,
    last: u64,
    data: Vec<u8>,
}

impl Chain {
    fn new(kind: BlockKind, stream: StreamId) -> Chain {
        Chain { kind, stream, sequence: 0, base: 0, last: 0, data: Vec::new() }
    }

    fn write<R: Record>(&mut self, ticks: u64, record: &R, dt_shift: u8, put: &mut Put<'_>) -> io::Result<()> {
        let bytes = 8 + R::FIXED + record.tail_bytes();
        // Within a stream time never falls.
        let ticks = ticks.max(self.last);
        let is_far = (ticks - self.base) >> dt_shift > u64::from(u32::MAX);
        if !self.data.is_empty() && (is_far || self.data.len() + bytes > BLOCK) {
            self.give(dt_shift, put)?;
        }
        if self.data.is_empty() {
            self.data = rebuild::prologue(self.stream, ticks);
            self.base = ticks;
        }
        self.last = ticks;
        // Names are cut long before a record does not fit.
        debug_assert!(PROLOGUE + bytes <= BLOCK);
        let dt = ((ticks - self.base) >> dt_shift) as u32;
        self.data.extend_from_slice(&HeaderWord::new(R::TYPE, (bytes / 8) as u16, dt).0.to_le_bytes());
        let start = self.data.len();
        self.data.resize(start + bytes - 8, 0);
        record.encode(&mut self.data[start..]);
        Ok(())
    }

    fn give(&mut self, dt_shift: u8, put: &mut Put<'_>) -> io::Result<()> {
        let data = std::mem::take(&mut self.data);
        let entry = rebuild::entry(self.kind, self.stream, self.base, 1);
        if let Some(entry) = seal(entry, &data, dt_shift) {
            put(DirEntry { sequence: self.sequence, ..entry }, &data)?;
            self.sequence += 1;
        }
        Ok(())
    }
}

pub struct Added<'p, 'q> {
    put: &'p mut Put<'q>,
    time: TimeScale,
    dt_shift: u8,
    definitions: Chain,
    chains: Vec<Chain>,
    by_thread: HashMap<(u32, String), usize>,
    sources: HashMap<String, SourceId>,
    functions: HashMap<(SourceId, String), FuncId>,
    /// By function and line.
    places: HashMap<(FuncId, u32), LocId>,
    stacks: HashMap<(StackId, LocId, FrameKind), StackId>,
    next_stream: u32,
    next_id: u32,
    /// Of samples only.
    pub records: u64,
}

impl<'p, 'q> Added<'p, 'q> {
    pub fn new(reader: &Reader, plan: &Plan, put: &'p mut Put<'q>) -> io::Result<Added<'p, 'q>> {
        let defs = reader.defs();
        let of_blocks = plan.blocks.iter().map(|block| block.entry.stream.0);
        let last_stream = defs.streams().map(|stream| stream.stream_id.0).chain(of_blocks).max().unwrap_or(0);
        let ids = defs.locs().map(|loc| loc.loc_id.0).chain(defs.stacks().map(|stack| stack.stack_id.0));
        let ids = ids.chain(defs.funcs().map(|func| func.func_id.0)).chain(defs.sources().map(|file| file.source_id.0));
        // A log that perf was joined to before has ids up here.
        let last_id = ids.max().unwrap_or(0).max(FIRST_ID);
        let full = || io::Error::new(io::ErrorKind::InvalidData, "the log's ids leave no room for more");
        let stream = StreamId(last_stream.checked_add(1).ok_or_else(full)?);
        let next_id = last_id.checked_add(1).ok_or_else(full)?;
        let mut added = Added {
            put,
            time: *reader.time(),
            dt_shift: reader.dt_shift(),
            definitions: Chain::new(BlockKind::Defs, stream),
            chains: Vec::new(),
            by_thread: HashMap::new(),
            sources: HashMap::new(),
            functions: HashMap::new(),
            places: HashMap::new(),
            stacks: HashMap::new(),
            next_stream: stream.0,
            next_id,
            records: 0,
        };
        added.stream("perf", 0)?;
        Ok(added)
    }

    fn define<R: Record>(&mut self, record: &R) -> io::Result<()> {
        let ticks = self.definitions.last;
        self.definitions.write(ticks, record, self.dt_shift, self.put)
    }

    fn stream(&mut self, name: &str, os_tid: u32) -> io::Result<StreamId> {
        let stream_id = StreamId(self.next_stream);
        self.next_stream = self.next_stream.saturating_add(1);
        self.define(&StreamDef { stream_id, os_tid, kind: StreamKind::Sampler, name })?;
        Ok(stream_id)
    }

    fn id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        id
    }

    /// The stream of an event on a thread.
    pub fn lane(&mut self, event: &str, comm: &str, tid: u32) -> io::Result<usize> {
        // No lookup without an allocation takes a pair of a number and a borrowed name; samples are few.
        let key = (tid, event.to_string());
        if let Some(lane) = self.by_thread.get(&key) {
            return Ok(*lane);
        }
        if self.chains.len() >= STREAMS {
            return Ok(STREAMS - 1);
        }
        let stream = match self.chains.len() + 1 == STREAMS {
            true => self.stream("perf (other threads and events)", 0)?,
            false => self.stream(&format!("perf {event} {comm}"), tid)?,
        };
        self.chains.push(Chain::new(BlockKind::Events, stream));
        self.by_thread.insert(key, self.chains.len() - 1);
        Ok(self.chains.len() - 1)
    }

    pub fn sample(&mut self, lane: usize, t_ns: u64, sample: &Sample) -> io::Result<()> {
        self.records += 1;
        let ticks = self.time.ticks(t_ns);
        self.chains[lane].write(ticks, sample, self.dt_shift, self.put)
    }

    /// A line of a native function in a source file; of one whose source is not known, the one place it has in the file
    /// of its code (line 0).
    pub fn function(&mut self, file: &str, symbol: &str, line: u32) -> io::Result<(FuncId, LocId)> {
        let source = match self.sources.get(file) {
            Some(id) => *id,
            None => {
                let source_id = SourceId(self.id());
                self.define(&SourceDef { source_id, content_hash: Hash16::default(), path: file })?;
                self.sources.insert(file.to_string(), source_id);
                source_id
            }
        };
        let key = (source, if symbol.is_empty() { "[unknown]" } else { symbol }.to_string());
        let func_id = match self.functions.get(&key) {
            Some(known) => *known,
            None => {
                let func_id = FuncId(self.id());
                self.define(&FuncDef { func_id, source_id: source, line_first: 0, line_last: 0, name: &key.1 })?;
                self.functions.insert(key.clone(), func_id);
                func_id
            }
        };
        if let Some(known) = self.places.get(&(func_id, line)) {
            return Ok((func_id, *known));
        }
        let loc_id = LocId(self.id());
        let loc_fp = fingerprint([file.as_bytes(), key.1.as_bytes(), &line.to_le_bytes()]);
        self.define(&LocDef { loc_id, func_id, bc_off: 0, line, col: 0, loc_fp })?;
        self.places.insert((func_id, line), loc_id);
        Ok((func_id, loc_id))
    }

    pub fn stack(&mut self, parent_stack: StackId, loc_id: LocId, frame_kind: FrameKind) -> io::Result<StackId> {
        let key = (parent_stack, loc_id, frame_kind);
        if let Some(known) = self.stacks.get(&key) {
            return Ok(*known);
        }
        let stack_id = StackId(self.id());
        self.define(&StackDef { stack_id, parent_stack, loc_id, frame_kind })?;
        self.stacks.insert(key, stack_id);
        Ok(stack_id)
    }

    pub fn unread(&mut self, unread: &UnreadDef<'_>) -> io::Result<()> {
        self.define(unread)
    }

    /// Gives away what is left.
    pub fn finish(mut self) -> io::Result<()> {
        self.definitions.give(self.dt_shift, self.put)?;
        for chain in &mut self.chains {
            chain.give(self.dt_shift, self.put)?;
        }
        Ok(())
    }
}
