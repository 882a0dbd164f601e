//! Bulk payloads by id: IR, bytecode, machine code, code maps, source text.
//!
//! The first question reads every BULK block once and notes where each payload lies; after that a question reads one
//! block.

use std::collections::HashMap;
use std::sync::Arc;

use crate::format::event::{Bytecode, Code, CodeMap, Event, Ir, SourceText};
use crate::format::payload::{self, BytecodeIns, CodeMapEntry, Ins, Snapshot};
use crate::format::walk::RawRecord;
use crate::read::Reader;
use crate::read::directory::BlockRef;
use crate::read::events::Entry;
use crate::{Address, Arch, BlockKind, LocId, SourceId, TraceId};

/// The IR of a trace after a pass.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct IrDump {
    #[serde(skip)]
    pub trace_id: TraceId,
    pub pass_index: u16,
    pub format: u8,
    /// An instruction's id is its index.
    pub ops: Vec<Ins>,
    pub constants: Vec<String>,
    /// One per instruction.
    #[serde(skip)]
    pub locs: Vec<LocId>,
    pub snapshots: Vec<Snapshot>,
}

/// The bytecode a trace recorded, each instruction with its disassembled line.
#[derive(Clone, Debug, PartialEq)]
pub struct BytecodeDump {
    pub trace_id: TraceId,
    pub instructions: Vec<(BytecodeIns, String)>,
}

/// Machine code.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeDump {
    pub trace_id: TraceId,
    pub addr: Address,
    pub arch: Arch,
    pub bytes: Vec<u8>,
}

/// Event type, id, pass index.
type Key = (u16, u32, u16);

/// Where each payload lies.
#[derive(Default)]
pub(crate) struct BulkIndex {
    places: HashMap<Key, (BlockRef, RawRecord)>,
}

impl BulkIndex {
    fn read(reader: &Reader) -> BulkIndex {
        let mut index = BulkIndex::default();
        for chain in reader.directory().chains.iter().filter(|chain| chain.kind == BlockKind::Bulk) {
            for position in &chain.blocks {
                let reference = reader.directory().blocks[*position];
                let block = Arc::new(reader.load(reference));
                let found = block.scan(reader.path(), reader.dt_shift(), |record| {
                    if let Some(key) = key(&Entry::new(reader, &block, *record).event()) {
                        index.places.insert(key, (reference, *record));
                    }
                });
                if let Some(problem) = block.problem.as_ref().or(found.as_ref()) {
                    reader.note(problem);
                }
            }
        }
        index
    }
}

fn key(event: &Event<'_>) -> Option<Key> {
    Some(match event {
        Event::Bytecode(record) => (Bytecode::TYPE, record.trace_id.0, 0),
        Event::Ir(record) => (Ir::TYPE, record.trace_id.0, record.pass_index),
        Event::Code(record) => (Code::TYPE, record.trace_id.0, 0),
        Event::CodeMap(record) => (CodeMap::TYPE, record.trace_id.0, 0),
        Event::SourceText(record) => (SourceText::TYPE, record.source_id.0, 0),
        _ => return None,
    })
}

impl Reader {
    fn bulk_index(&self) -> &BulkIndex {
        self.inner.bulk.get_or_init(|| BulkIndex::read(self))
    }

    fn bulk(&self, key: Key) -> Option<Entry> {
        let (reference, record) = *self.bulk_index().places.get(&key)?;
        let block = Arc::new(self.load(reference));
        Some(Entry::new(self, &block, record))
    }

    /// A trace's IR after a pass; pass 0 is as recorded.
    pub fn ir(&self, trace: TraceId, pass_index: u16) -> Option<IrDump> {
        match self.bulk((Ir::TYPE, trace.0, pass_index))?.event() {
            Event::Ir(record) => Some(IrDump {
                trace_id: record.trace_id,
                pass_index: record.pass_index,
                format: record.format,
                ops: payload::parse_ops(record.ops),
                constants: payload::parse_texts(record.consts),
                locs: payload::parse_locs(record.locs),
                snapshots: payload::parse_snapshots(record.snaps),
            }),
            _ => None,
        }
    }

    /// The passes a trace's IR was written for, in order.
    pub fn ir_passes(&self, trace: TraceId) -> Vec<u16> {
        let keys = self.bulk_index().places.keys();
        let mut passes: Vec<u16> = keys.filter(|key| key.0 == Ir::TYPE && key.1 == trace.0).map(|key| key.2).collect();
        passes.sort_unstable();
        passes
    }

    /// A trace's machine code.
    pub fn code(&self, trace: TraceId) -> Option<CodeDump> {
        match self.bulk((Code::TYPE, trace.0, 0))?.event() {
            Event::Code(record) => Some(CodeDump {
                trace_id: record.trace_id,
                addr: record.addr,
                arch: record.arch,
                bytes: record.bytes.to_vec(),
            }),
            _ => None,
        }
    }

    /// Where each piece of a trace's machine code comes from, by offset.
    pub fn code_map(&self, trace: TraceId) -> Option<Vec<CodeMapEntry>> {
        match self.bulk((CodeMap::TYPE, trace.0, 0))?.event() {
            Event::CodeMap(record) => Some(payload::parse_code_map(record.entries)),
            _ => None,
        }
    }

    /// The bytecode a trace recorded.
    pub fn bytecode(&self, trace: TraceId) -> Option<BytecodeDump> {
        match self.bulk((Bytecode::TYPE, trace.0, 0))?.event() {
            Event::Bytecode(record) => {
                let notes = payload::parse_texts(record.notes).into_iter().chain(std::iter::repeat(String::new()));
                let instructions = payload::parse_bytecode(record.bytes).into_iter().zip(notes).collect();
                Some(BytecodeDump { trace_id: record.trace_id, instructions })
            }
            _ => None,
        }
    }

    /// The text of a source file, as logged.
    pub fn source_text(&self, source: SourceId) -> Option<Vec<u8>> {
        match self.bulk((SourceText::TYPE, source.0, 0))?.event() {
            Event::SourceText(record) => Some(record.bytes.to_vec()),
            _ => None,
        }
    }
}
