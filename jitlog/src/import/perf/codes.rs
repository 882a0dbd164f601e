//! Which trace's code stands at an address at a moment, and which part of it, as the log says it; what the VM was doing.
//!
//! The log is read along with the samples, once, so only what lives at the moment is in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::format::payload::CodeMapEntry;
use crate::{CodeFree, CodeInstall, CompileEnd, CompileStart, Event, Events, GcBegin, GcEnd, LocId, Reader, TraceId};
use crate::{SampleState, TraceAbort, TraceStart, TraceStop, Types};

/// Code maps kept: more are read again when they are needed.
const MAPS: usize = 256;

/// A place in a trace's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub trace: TraceId,
    pub offset: u32,
    pub loc: LocId,
}

pub struct Codes {
    reader: Reader,
    events: Events,
    ahead: Option<(u64, Change)>,
    /// First address of what is installed: one past its end, and whose it is.
    installed: BTreeMap<u64, (u64, TraceId)>,
    maps: HashMap<TraceId, Arc<Vec<CodeMapEntry>>>,
    collecting: bool,
    recording: bool,
    compiling: bool,
}

enum Change {
    Installed(u64, u64, TraceId),
    Freed(u64, TraceId),
    Collecting(bool),
    Recording(bool),
    Compiling(bool),
}

impl Codes {
    pub fn new(reader: &Reader) -> Codes {
        let types = Types::of(&[
            CodeInstall::TYPE,
            CodeFree::TYPE,
            GcBegin::TYPE,
            GcEnd::TYPE,
            TraceStart::TYPE,
            TraceStop::TYPE,
            TraceAbort::TYPE,
            CompileStart::TYPE,
            CompileEnd::TYPE,
        ]);
        Codes {
            events: reader.events().types(types),
            reader: reader.clone(),
            ahead: None,
            installed: BTreeMap::new(),
            maps: HashMap::new(),
            collecting: false,
            recording: false,
            compiling: false,
        }
    }

    /// Everything the log says up to a time, which never falls.
    pub fn up_to(&mut self, t_ns: u64) {
        loop {
            if self.ahead.is_none() {
                self.ahead = self.next();
            }
            match self.ahead.take() {
                Some((at, change)) if at <= t_ns => self.apply(change),
                later => {
                    self.ahead = later;
                    return;
                }
            }
        }
    }

    fn next(&mut self) -> Option<(u64, Change)> {
        // What is damaged the reader notes.
        self.events.by_ref().flatten().find_map(|entry| {
            let change = match entry.event() {
                Event::CodeInstall(code) => {
                    Change::Installed(code.addr.0, code.addr.0.saturating_add(code.bytes.into()), code.trace_id)
                }
                Event::CodeFree(code) => Change::Freed(code.addr.0, code.trace_id),
                Event::GcBegin(_) => Change::Collecting(true),
                Event::GcEnd(_) => Change::Collecting(false),
                Event::TraceStart(_) => Change::Recording(true),
                Event::TraceStop(_) | Event::TraceAbort(_) => Change::Recording(false),
                Event::CompileStart(_) => Change::Compiling(true),
                Event::CompileEnd(_) => Change::Compiling(false),
                _ => return None,
            };
            Some((entry.t_ns, change))
        })
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Installed(start, end, trace) => {
                // Where something stood before, it is gone, whether or not that was said.
                for at in self.overlapping(start, end) {
                    self.installed.remove(&at);
                }
                self.installed.insert(start, (end, trace));
            }
            Change::Freed(start, trace) => {
                if self.installed.get(&start).is_some_and(|(_, installed)| *installed == trace) {
                    self.installed.remove(&start);
                }
            }
            Change::Collecting(on) => self.collecting = on,
            Change::Recording(on) => self.recording = on,
            Change::Compiling(on) => self.compiling = on,
        }
    }

    fn overlapping(&self, start: u64, end: u64) -> Vec<u64> {
        let from_below = self.installed.range(..start).next_back().filter(|(_, (last, _))| *last > start);
        from_below.into_iter().chain(self.installed.range(start..end)).map(|(at, _)| *at).collect()
    }

    /// What stands at an address now.
    pub fn at(&mut self, addr: u64) -> Option<Place> {
        let (&start, &(end, trace)) = self.installed.range(..=addr).next_back()?;
        if addr >= end {
            return None;
        }
        let offset = u32::try_from(addr - start).ok()?;
        if self.maps.len() >= MAPS && !self.maps.contains_key(&trace) {
            self.maps.clear();
        }
        let reader = &self.reader;
        let map = self.maps.entry(trace).or_insert_with(|| Arc::new(reader.code_map(trace).unwrap_or_default()));
        let after = map.partition_point(|entry| entry.code_off <= offset);
        let loc = map[..after].iter().rev().map(|entry| entry.loc_id).find(|loc| !loc.is_none());
        Some(Place { trace, offset, loc: loc.unwrap_or_default() })
    }

    /// A state that the log's own events tell; what is running in the others the stack tells.
    pub fn told(&self) -> Option<SampleState> {
        match (self.collecting, self.compiling, self.recording) {
            (true, _, _) => Some(SampleState::Gc),
            (_, true, _) => Some(SampleState::Opt),
            (_, _, true) => Some(SampleState::Record),
            _ => None,
        }
    }
}
