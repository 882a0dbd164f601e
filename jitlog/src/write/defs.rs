//! Definitions: strings, places, stacks, guards and names, each written once and referred to by id.
//!
//! One lock, since definitions are rare. They live in blocks of their own, with a reserve of space, so that ids in
//! events always resolve.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::format::record::Record;
use crate::write::Shared;
use crate::write::cursor::Cursor;
use crate::write::words::WordMap;
use crate::*;

/// The chain of definition blocks and what is already in it.
pub(crate) struct Definitions {
    cursor: Cursor,
    strings: HashMap<Box<str>, StringId>,
    sources: HashMap<(Box<str>, [u8; 16]), SourceId>,
    /// Content hashes by source id, from 1.
    hashes: Vec<[u8; 16]>,
    /// By function, from id 1: its source's hash and its name, which its places' fingerprints begin with. Not the state of
    /// the hash, which has half a kilobyte: a VM names hundreds of builtins.
    functions: Vec<([u8; 16], Box<str>)>,
    locations: WordMap<(FuncId, u32, u32, u16), LocId>,
    fingerprints: Vec<Fingerprint>,
    stacks: WordMap<(StackId, LocId, FrameKind), StackId>,
    passes: HashMap<Box<str>, PassId>,
    last_guard: u32,
}

impl Definitions {
    pub fn new() -> Definitions {
        Definitions {
            cursor: Cursor::new(BlockKind::Defs, StreamId::NONE),
            strings: HashMap::new(),
            sources: HashMap::new(),
            hashes: Vec::new(),
            functions: Vec::new(),
            locations: WordMap::default(),
            fingerprints: Vec::new(),
            stacks: WordMap::default(),
            passes: HashMap::new(),
            last_guard: 0,
        }
    }

    /// Memory of the tables, about.
    pub fn table_bytes(&self) -> usize {
        let names = self.functions.iter().map(|(_, name)| name.len() + OF_PIECE).sum::<usize>()
            + self.strings.keys().map(|text| text.len() + OF_PIECE).sum::<usize>();
        names
            + table(&self.strings)
            + table(&self.sources)
            + table(&self.locations)
            + table(&self.stacks)
            + self.functions.capacity() * size_of::<([u8; 16], Box<str>)>()
            + self.fingerprints.capacity() * size_of::<Fingerprint>()
    }

    fn function(&self, func_id: FuncId) -> Xxh3 {
        let mut state = Xxh3::new();
        if let Some((hash, name)) = self.functions.get((func_id.0 as usize).wrapping_sub(1)) {
            state.update(hash);
            state.update(name.as_bytes());
        }
        state
    }

    pub fn write<R: Record>(&mut self, shared: &Shared, record: &R) {
        self.cursor.write(shared, shared.clock.now(), record);
    }
}

/// What the allocator needs for a small piece beyond its bytes, about.
const OF_PIECE: usize = 16;

/// Memory of a hash table: an entry and a byte for each of its slots, of which seven in eight may be used.
pub(crate) fn table<K, V, S>(table: &HashMap<K, V, S>) -> usize {
    match table.capacity() {
        0 => 0,
        capacity => (capacity * 8 / 7).next_power_of_two() * (size_of::<(K, V)>() + 1),
    }
}

/// Fingerprints of the places of one function, for whoever defines places without the lock.
#[derive(Clone)]
pub struct Places(Xxh3);

impl Places {
    /// The fingerprint of the place at an offset. Allocates nothing.
    pub fn fingerprint(&self, bc_off: u32) -> Fingerprint {
        let mut state = self.0.clone();
        state.update(&bc_off.to_le_bytes());
        Fingerprint(state.digest())
    }
}

/// Access to the definitions from any thread.
#[derive(Clone)]
pub struct Defs {
    shared: Arc<Shared>,
}

impl Defs {
    pub(crate) fn new(shared: Arc<Shared>) -> Defs {
        Defs { shared }
    }

    fn lock(&self) -> MutexGuard<'_, Definitions> {
        lock(&self.shared.definitions)
    }

    fn write<R: Record>(&self, record: &R) {
        self.lock().write(&self.shared, record);
    }

    /// Interns a string.
    pub fn string(&self, text: &str) -> StringId {
        let mut known = self.lock();
        if let Some(id) = known.strings.get(text) {
            return *id;
        }
        let id = StringId(known.strings.len() as u32 + 1);
        known.strings.insert(text.into(), id);
        known.write(&self.shared, &StringDef { id, text });
        id
    }

    /// Interns a source file by its path and contents. The text itself goes to [`Stream::source_text`].
    pub fn source(&self, path: &str, contents: &[u8]) -> SourceId {
        let hash = xxh3_128(contents).to_be_bytes();
        let mut known = self.lock();
        let key = (Box::from(path), hash);
        if let Some(id) = known.sources.get(&key) {
            return *id;
        }
        let source_id = SourceId(known.sources.len() as u32 + 1);
        known.sources.insert(key, source_id);
        known.hashes.push(hash);
        known.write(&self.shared, &SourceDef { source_id, content_hash: Hash16(hash), path });
        source_id
    }

    /// Defines a function; each call makes a new one.
    pub fn func(&self, source_id: SourceId, name: &str, line_first: u32, line_last: u32) -> FuncId {
        let mut known = self.lock();
        let func_id = FuncId(known.functions.len() as u32 + 1);
        let hash = known.sources.iter().find(|(_, id)| **id == source_id).map_or([0; 16], |((_, hash), _)| *hash);
        known.functions.push((hash, name.into()));
        known.write(&self.shared, &FuncDef { func_id, source_id, line_first, line_last, name });
        func_id
    }

    /// Interns a place. Its fingerprint comes from the source's hash, the function's name and the offset.
    pub fn loc(&self, func_id: FuncId, bc_off: u32, line: u32, col: u16) -> LocId {
        let mut known = self.lock();
        let key = (func_id, bc_off, line, col);
        if let Some(id) = known.locations.get(&key) {
            return *id;
        }
        let loc_id = LocId(known.locations.len() as u32 + 1);
        let mut state = known.function(func_id);
        state.update(&bc_off.to_le_bytes());
        let loc_fp = Fingerprint(state.digest());
        known.locations.insert(key, loc_id);
        known.fingerprints.push(loc_fp);
        known.write(&self.shared, &LocDef { loc_id, func_id, bc_off, line, col, loc_fp });
        loc_id
    }

    /// What the fingerprints of a function's places are made from.
    pub fn places(&self, func_id: FuncId) -> Places {
        Places(self.lock().function(func_id))
    }

    /// A place's fingerprint, to build those of traces and guards from.
    pub fn loc_fingerprint(&self, loc: LocId) -> Fingerprint {
        let index = (loc.0 as usize).wrapping_sub(1);
        self.lock().fingerprints.get(index).copied().unwrap_or_default()
    }

    /// Interns a stack: a frame on top of another stack.
    pub fn stack(&self, parent_stack: StackId, loc_id: LocId, frame_kind: FrameKind) -> StackId {
        let mut known = self.lock();
        let key = (parent_stack, loc_id, frame_kind);
        if let Some(id) = known.stacks.get(&key) {
            return *id;
        }
        let stack_id = StackId(known.stacks.len() as u32 + 1);
        known.stacks.insert(key, stack_id);
        known.write(&self.shared, &StackDef { stack_id, parent_stack, loc_id, frame_kind });
        stack_id
    }

    /// Tells of a mapped file of machine code.
    pub fn mapping(&self, mapping: &MappingDef) {
        self.write(mapping);
    }

    /// Names an operation.
    pub fn opcode(&self, set: OpcodeSet, op: u16, flags: u32, name: &str) {
        self.write(&OpcodeDef { set, op, flags, name });
    }

    /// Names a result type of the IR.
    pub fn ir_type(&self, ty: u8, name: &str) {
        self.write(&IrTypeDef { ty, name });
    }

    /// Names a code: `name` a short identifier, `text` one sentence.
    pub fn reason(&self, domain: ReasonDomain, code: u16, name: &str, text: &str) {
        self.write(&ReasonDef { domain, code, name, text });
    }

    /// Interns an optimiser pass.
    pub fn pass(&self, name: &str) -> PassId {
        let mut known = self.lock();
        if let Some(id) = known.passes.get(name) {
            return *id;
        }
        let pass_id = PassId(known.passes.len() as u16 + 1);
        known.passes.insert(name.into(), pass_id);
        known.write(&self.shared, &PassDef { pass_id, name });
        pass_id
    }

    /// A guard id nobody has, for counters that must exist before the guard is described.
    pub fn new_guard_id(&self) -> GuardId {
        let mut known = self.lock();
        known.last_guard += 1;
        GuardId(known.last_guard)
    }

    /// Describes a guard; one without an id gets the next. Describing it again replaces the description.
    pub fn guard(&self, guard: &GuardDef) -> GuardId {
        let mut known = self.lock();
        let guard_id = if guard.guard_id.is_none() { GuardId(known.last_guard + 1) } else { guard.guard_id };
        known.last_guard = known.last_guard.max(guard_id.0);
        known.write(&self.shared, &GuardDef { guard_id, ..*guard });
        guard_id
    }
}

/// A lock whose holder cannot leave its data half-changed, so poison means nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The xxh3-64 of several parts in a row, for fingerprints.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
    let mut state = Xxh3::new();
    parts.into_iter().for_each(|part| state.update(part));
    Fingerprint(state.digest())
}
