//! The definitions of a log, indexed by id.
//!
//! Definition blocks stay in memory as they are; a lookup decodes one record. A later definition of the same id
//! replaces an earlier one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::format::event::*;
use crate::format::walk::Step;
use crate::read::Reader;
use crate::read::events::Entry;
use crate::*;

/// Everything ids refer to.
#[derive(Default)]
pub struct Definitions {
    entries: Vec<Entry>,
    /// (event type, id) to the index of the last definition.
    by_key: HashMap<(u16, u64), usize>,
    /// Per event type, indices in order of first definition.
    by_type: HashMap<u16, Vec<usize>>,
}

/// What identifies a definition among those of its type.
fn key(event: &Event<'_>) -> Option<u64> {
    Some(match event {
        Event::StringDef(def) => def.id.into(),
        Event::StreamDef(def) => def.stream_id.into(),
        Event::ProcessDef(_) => 0,
        Event::SourceDef(def) => def.source_id.into(),
        Event::FuncDef(def) => def.func_id.into(),
        Event::LocDef(def) => def.loc_id.into(),
        Event::StackDef(def) => def.stack_id.into(),
        Event::CounterDef(def) => def.counter_id.into(),
        Event::OpcodeDef(def) => pair(def.set.0, def.op),
        Event::PassDef(def) => def.pass_id.into(),
        Event::ReasonDef(def) => pair(def.domain.0, def.code),
        Event::GuardDef(def) => def.guard_id.into(),
        Event::IrTypeDef(def) => def.ty.into(),
        _ => return None,
    })
}

fn pair(high: u8, low: u16) -> u64 {
    u64::from(high) << 16 | u64::from(low)
}

macro_rules! lookups {
    ($($one:ident($($argument:ident: $type:ty),*) = $key:expr, $all:ident => $Def:ident $(<$lt:lifetime>)?;)*) => {
        impl Definitions {
            $(
                /// The definition with this id.
                pub fn $one(&self, $($argument: $type),*) -> Option<$Def $(<$lt>)?> {
                    match self.find($Def::TYPE, $key)?.event() {
                        Event::$Def(def) => Some(def),
                        _ => None,
                    }
                }

                /// All of them, in order of definition.
                pub fn $all(&self) -> impl Iterator<Item = $Def $(<$lt>)?> {
                    self.of_type($Def::TYPE).filter_map(|entry| match entry.event() {
                        Event::$Def(def) => Some(def),
                        _ => None,
                    })
                }
            )*
        }
    };
}

lookups! {
    string_def(id: StringId) = id.into(), strings => StringDef<'_>;
    stream(id: StreamId) = id.into(), streams => StreamDef<'_>;
    source(id: SourceId) = id.into(), sources => SourceDef<'_>;
    func(id: FuncId) = id.into(), funcs => FuncDef<'_>;
    loc(id: LocId) = id.into(), locs => LocDef;
    stack(id: StackId) = id.into(), stacks => StackDef;
    counter(id: CounterId) = id.into(), counters => CounterDef;
    opcode(set: OpcodeSet, op: u16) = pair(set.0, op), opcodes => OpcodeDef<'_>;
    pass(id: PassId) = id.into(), passes => PassDef<'_>;
    reason(domain: ReasonDomain, code: u16) = pair(domain.0, code), reasons => ReasonDef<'_>;
    guard(id: GuardId) = id.into(), guards => GuardDef<'_>;
    ir_type(ty: u8) = ty.into(), ir_types => IrTypeDef<'_>;
}

impl Definitions {
    pub(crate) fn read(reader: &Reader) -> Definitions {
        let mut definitions = Definitions::default();
        for chain in reader.directory().chains.iter().filter(|chain| chain.kind == BlockKind::Defs) {
            for index in &chain.blocks {
                let block = Arc::new(reader.load(reader.directory().blocks[*index]));
                let mut walker = block.walker(reader.dt_shift());
                let mut records = 0;
                let found = loop {
                    match walker.step(&block.data) {
                        Step::Record(record) => {
                            records += 1;
                            definitions.add(Entry::new(reader, &block, record));
                        }
                        Step::End => break block.miscounted(reader.path(), records),
                        Step::Damaged(at) => break block.damaged(reader.path(), at),
                    }
                };
                if let Some(problem) = block.problem.as_ref().or(found.as_ref()) {
                    reader.note(problem);
                }
            }
        }
        definitions
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        let Some(key) = key(&entry.event()) else {
            return;
        };
        let event_type = entry.event_type;
        match self.by_key.get(&(event_type, key)) {
            Some(index) => self.entries[*index] = entry,
            None => {
                let index = self.entries.len();
                self.entries.push(entry);
                self.by_key.insert((event_type, key), index);
                self.by_type.entry(event_type).or_default().push(index);
            }
        }
    }

    fn find(&self, event_type: u16, key: u64) -> Option<&Entry> {
        self.by_key.get(&(event_type, key)).map(|index| &self.entries[*index])
    }

    fn of_type(&self, event_type: u16) -> impl Iterator<Item = &Entry> {
        let indices = self.by_type.get(&event_type).map(Vec::as_slice).unwrap_or_default();
        indices.iter().map(|index| &self.entries[*index])
    }

    /// The process, if the writer described it.
    pub fn process(&self) -> Option<ProcessDef<'_>> {
        match self.find(ProcessDef::TYPE, 0)?.event() {
            Event::ProcessDef(def) => Some(def),
            _ => None,
        }
    }

    /// An interned string.
    pub fn string(&self, id: StringId) -> Option<&str> {
        self.string_def(id).map(|def| def.text)
    }

    /// Definitions in all.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
