//! The table of a `dict`: compact and in insertion order, with CPython's growth.
//!
//! The entries lie in the order of insertion; an index of bytes, words or double words says where in them a hash is
//! found. Deleting leaves a hole, which goes when the table is rebuilt. Sizes, growth and the reuse of holes are
//! CPython's, since programs that change a dict while they iterate over it can tell.
//!
//! Keys compare by identity, then hash, then `==`. The last may run the program's code, which may change the very
//! table that is being searched: then the search begins anew.
//!
//! A *globals* dict ([`is_globals`]) holds a global [`Cell`] in place of each value; a cell without a value counts as
//! absent. Only this file knows.

use super::compare::equal;
use super::object::{Cell, Dict, DictEntry, STORAGE_ITEMS, ShapeId, Str};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

#[path = "dict_build.rs"]
pub mod build;

pub use super::keys::{Unknown, hash_of_key, is_plain_key};
pub(super) use super::keys::{equal_natively, equal_plainly, hash_of_int};

/// `Header::aux` of a dict whose values are cells.
const GLOBALS: u16 = 1;

/// Slots of the smallest index.
const SMALLEST: usize = 8;

/// Entries of the largest table.
const LARGEST: usize = 1 << 30;

/// Entries a table with this many index slots has room for.
const fn room(slots: usize) -> usize {
    slots * 2 / 3
}

/// Index slots of a new table for `entries` entries.
fn slots_for(entries: usize) -> usize {
    (entries * 3).div_ceil(2).next_power_of_two().max(SMALLEST)
}

/// Bytes of one index slot.
const fn slot_bytes(slots: usize) -> usize {
    match slots {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Index slots that hold no entry: never used, or used by a deleted one.
const EMPTY: u32 = u32::MAX;
const DELETED: u32 = u32::MAX - 1;

/// An exact dict or an instance of a subclass.
#[inline]
pub fn is_dict(value: Value) -> bool {
    value.has_layout(ShapeId::DICT)
}

#[inline]
fn fields<'a>(dict: Value) -> &'a mut Dict {
    debug_assert!(is_dict(dict));
    // SAFETY: the caller passes a dict; no reference is kept over anything that could make a second one.
    unsafe { &mut *dict.object::<Dict>() }
}

/// A dict's values are cells.
pub fn is_globals(dict: Value) -> bool {
    fields(dict).header.aux & GLOBALS != 0
}

/// Where a key was found: the slot of the index and the entry.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: usize,
    entry: usize,
}

impl Dict {
    #[inline]
    fn slots(&self) -> usize {
        self.mask as usize + 1
    }

    #[inline]
    fn slot(&self, slot: usize) -> u32 {
        debug_assert!(slot < self.slots() && !self.index.is_null());
        // SAFETY: the index has `slots` slots of this width.
        unsafe {
            match slot_bytes(self.slots()) {
                1 => match *self.index.add(slot) {
                    0xff => EMPTY,
                    0xfe => DELETED,
                    entry => u32::from(entry),
                },
                2 => match *self.index.cast::<u16>().add(slot) {
                    0xffff => EMPTY,
                    0xfffe => DELETED,
                    entry => u32::from(entry),
                },
                _ => *self.index.cast::<u32>().add(slot),
            }
        }
    }

    #[inline]
    fn set_slot(&mut self, slot: usize, entry: u32) {
        debug_assert!(slot < self.slots() && !self.index.is_null());
        // SAFETY: as in `slot`. The marks are the highest numbers of each width.
        unsafe {
            match slot_bytes(self.slots()) {
                1 => *self.index.add(slot) = entry as u8,
                2 => *self.index.cast::<u16>().add(slot) = entry as u16,
                _ => *self.index.cast::<u32>().add(slot) = entry,
            }
        }
    }

    #[inline]
    fn entries(&self) -> &[DictEntry] {
        if self.filled == 0 {
            return &[];
        }
        // SAFETY: `filled` entries are initialised.
        unsafe { std::slice::from_raw_parts(self.entries, self.filled as usize) }
    }

    #[inline]
    fn entry(&mut self, entry: usize) -> &mut DictEntry {
        debug_assert!(entry < self.filled as usize);
        // SAFETY: the index names initialised entries only.
        unsafe { &mut *self.entries.add(entry) }
    }

    /// Writes a new entry where there is room for one.
    #[inline]
    fn append(&mut self, hash: i64, key: Value, value: Value) {
        self.append_at(self.free_slot(hash), hash, key, value);
    }

    #[inline]
    fn append_at(&mut self, slot: usize, hash: i64, key: Value, value: Value) {
        self.set_slot(slot, self.filled);
        // SAFETY: there is room for one more entry.
        unsafe { self.entries.add(self.filled as usize).write(DictEntry { hash, key, value }) };
        self.filled += 1;
        self.used += 1;
        self.usable -= 1;
    }

    fn free_slot(&self, hash: i64) -> usize {
        let mut probe = Probe::new(hash, self.mask);
        while self.slot(probe.slot) < DELETED {
            probe.advance();
        }
        probe.slot
    }
}

/// The order in which the slots of a hash are tried.
struct Probe {
    slot: usize,
    perturb: u64,
    mask: usize,
}

impl Probe {
    #[inline]
    fn new(hash: i64, mask: u32) -> Probe {
        let mask = mask as usize;
        Probe { slot: hash as usize & mask, perturb: hash as u64, mask }
    }

    #[inline]
    fn advance(&mut self) {
        self.perturb >>= 5;
        self.slot = (self.slot * 5).wrapping_add(self.perturb as usize).wrapping_add(1) & self.mask;
    }
}

fn find(vm: &mut Vm, dict: Value, key: Value, hash: i64) -> Outcome<Option<Place>> {
    'anew: loop {
        let table = fields(dict);
        if table.index.is_null() {
            return Ok(None);
        }
        // What the search goes by; the address of the entries keeps them allocated.
        let entries = table.entries;
        let mut probe = Probe::new(hash, table.mask);
        loop {
            let found = fields(dict).slot(probe.slot);
            if found == EMPTY {
                return Ok(None);
            }
            if found != DELETED {
                let entry = *fields(dict).entry(found as usize);
                let place = Some(Place { slot: probe.slot, entry: found as usize });
                if entry.key == key {
                    return Ok(place);
                }
                if entry.hash == hash {
                    let same = match equal_natively(entry.key, key) {
                        Some(same) => same,
                        None => {
                            let same = equal(vm, entry.key, key)?;
                            let table = fields(dict);
                            if table.entries != entries
                                || found >= table.filled
                                || table.entry(found as usize).key != entry.key
                            {
                                continue 'anew;
                            }
                            same
                        }
                    };
                    if same {
                        return Ok(place);
                    }
                }
            }
            probe.advance();
        }
    }
}

/// As [`find`] of a plain key, without running code of the program: `Err` where the dict has a key that would run some.
fn find_plain(vm: &mut Vm, dict: Value, key: Value, hash: i64) -> Result<Option<Place>, Unknown> {
    let table = fields(dict);
    if table.index.is_null() {
        return Ok(None);
    }
    let mut probe = Probe::new(hash, table.mask);
    loop {
        let found = table.slot(probe.slot);
        if found == EMPTY {
            return Ok(None);
        }
        if found != DELETED {
            let entry = *table.entry(found as usize);
            if entry.key == key || (entry.hash == hash && equal_plainly(vm, entry.key, key).ok_or(Unknown)?) {
                return Ok(Some(Place { slot: probe.slot, entry: found as usize }));
            }
        }
        probe.advance();
    }
}

/// As [`get`] of a plain key.
///
/// # Errors
/// See [`Unknown`].
pub fn get_plain(vm: &mut Vm, dict: Value, key: Value) -> Result<Option<Value>, Unknown> {
    debug_assert!(is_plain_key(key));
    let hash = hash_of_key(vm, key).map_err(|_| Unknown)?;
    Ok(find_plain(vm, dict, key, hash)?.and_then(|place| value_at(dict, place)))
}

/// As [`set`] of a plain key. The globals of a module are left to others: traces know what is in them.
///
/// # Errors
/// See [`Unknown`].
pub fn set_plain(vm: &mut Vm, dict: Value, key: Value, value: Value) -> Result<(), Unknown> {
    debug_assert!(is_plain_key(key));
    if is_globals(dict) {
        return Err(Unknown);
    }
    let hash = hash_of_key(vm, key).map_err(|_| Unknown)?;
    match find_plain(vm, dict, key, hash)? {
        Some(place) => set_at(vm, dict, place, value),
        None => {
            if insert_new(vm, dict, key, hash, value).is_err() {
                vm.exception = Value::UNDEF;
                return Err(Unknown);
            }
        }
    }
    Ok(())
}

/// As [`find`] for a str, without running code of the program: other keys count as different.
fn find_str(dict: Value, key: Value, hash: i64) -> Option<Place> {
    let table = fields(dict);
    if table.index.is_null() {
        return None;
    }
    let mut probe = Probe::new(hash, table.mask);
    loop {
        let found = table.slot(probe.slot);
        if found == EMPTY {
            return None;
        }
        if found != DELETED {
            let entry = *table.entry(found as usize);
            if entry.key == key || (entry.hash == hash && equal_natively(entry.key, key) == Some(true)) {
                return Some(Place { slot: probe.slot, entry: found as usize });
            }
        }
        probe.advance();
    }
}

/// The value at a place; `None` for a global without a value.
fn value_at(dict: Value, place: Place) -> Option<Value> {
    let value = fields(dict).entry(place.entry).value;
    if is_globals(dict) { cell_value(value) } else { Some(value) }
}

fn cell_value(cell: Value) -> Option<Value> {
    debug_assert!(cell.has_shape(ShapeId::CELL));
    // SAFETY: the values of a globals dict are cells.
    let value = unsafe { (*cell.object::<Cell>()).value };
    (value != Value::UNDEF).then_some(value)
}

fn set_at(vm: &mut Vm, dict: Value, place: Place, value: Value) {
    let entry = fields(dict).entry(place.entry);
    if is_globals(dict) {
        // SAFETY: the values of a globals dict are cells.
        unsafe { vm.set_cell(entry.value.object::<Cell>(), value) };
    } else {
        entry.value = value;
        vm.heap.written(dict.object::<Dict>());
    }
}

/// Leaves a global without a value.
fn unassign(vm: &mut Vm, globals: Value, entry: usize) {
    debug_assert!(is_globals(globals));
    let cell = fields(globals).entry(entry).value.object::<Cell>();
    // SAFETY: the values of a globals dict are cells.
    unsafe { vm.set_cell(cell, Value::UNDEF) };
}

/// Takes the entry out; a global keeps its cell, which code is linked to.
fn remove_at(vm: &mut Vm, dict: Value, place: Place) {
    if is_globals(dict) {
        return unassign(vm, dict, place.entry);
    }
    let table = fields(dict);
    table.set_slot(place.slot, DELETED);
    *table.entry(place.entry) = DictEntry::HOLE;
    table.used -= 1;
}

/// Appends an entry whose key is not in the dict.
fn insert_new(vm: &mut Vm, dict: Value, key: Value, hash: i64, value: Value) -> Outcome<()> {
    let value = if is_globals(dict) { Value::of(vm.new_cell(key, value)) } else { value };
    if fields(dict).usable == 0 {
        let slots = (fields(dict).used as usize * 3).next_power_of_two().max(SMALLEST);
        rebuild(vm, dict, slots)?;
    }
    fields(dict).append(hash, key, value);
    vm.heap.written(dict.object::<Dict>());
    Ok(())
}

/// Moves the entries, without holes, to a table with so many index slots.
fn rebuild(vm: &mut Vm, dict: Value, slots: usize) -> Outcome<()> {
    let (old, filled) = new_table(vm, dict, slots)?;
    let table = fields(dict);
    // SAFETY: the new table has empty slots and room for the entries, and the old entries lie elsewhere.
    unsafe {
        table.index.write_bytes(0xff, slots * slot_bytes(slots));
        if filled > 0 {
            let old = std::slice::from_raw_parts(old, filled);
            for entry in old.iter().filter(|entry| entry.key != Value::UNDEF) {
                table.append(entry.hash, entry.key, entry.value);
            }
        }
    }
    vm.heap.written(dict.object::<Dict>());
    Ok(())
}

/// Gives a dict a table with so many index slots, whose index is still to be written, and no entries; the old entries.
fn new_table(vm: &mut Vm, dict: Value, slots: usize) -> Outcome<(*const DictEntry, usize)> {
    if slots > LARGEST {
        return Err(vm.raise_memory_error());
    }
    let (entry_bytes, index_bytes) = (room(slots) * size_of::<DictEntry>(), slots * slot_bytes(slots));
    let storage = vm.try_allocate(STORAGE_ITEMS + entry_bytes + index_bytes, ShapeId::STORAGE)?;
    let table = fields(dict);
    debug_assert!(table.used as usize <= room(slots));
    let old = (table.entries.cast_const(), table.filled as usize);
    // SAFETY: the new storage has room for the entries and the index behind them.
    unsafe {
        table.entries = storage.byte_add(STORAGE_ITEMS).cast::<DictEntry>();
        table.index = table.entries.byte_add(entry_bytes).cast::<u8>();
    }
    (table.mask, table.usable) = (slots as u32 - 1, room(slots) as u32);
    (table.used, table.filled) = (0, 0);
    vm.heap.written(dict.object::<Dict>());
    Ok(old)
}

/// `dict[key]`, `None` if it is absent. Exact strs and ints as keys run no code of the program unless the dict holds
/// keys of its classes.
#[inline]
pub fn get(vm: &mut Vm, dict: Value, key: Value) -> Outcome<Option<Value>> {
    let hash = hash_of_key(vm, key)?;
    get_hashed(vm, dict, key, hash)
}

/// As [`get`], with a hash that is known.
pub fn get_hashed(vm: &mut Vm, dict: Value, key: Value, hash: i64) -> Outcome<Option<Value>> {
    let place = find(vm, dict, key, hash)?;
    Ok(place.and_then(|place| value_at(dict, place)))
}

/// `key in dict`.
pub fn contains(vm: &mut Vm, dict: Value, key: Value) -> Outcome<bool> {
    get(vm, dict, key).map(|found| found.is_some())
}

/// `dict[key] = value`. An equal key that is there already stays.
#[inline]
pub fn set(vm: &mut Vm, dict: Value, key: Value, value: Value) -> Outcome<()> {
    let hash = hash_of_key(vm, key)?;
    set_hashed(vm, dict, key, hash, value)
}

/// As [`set`], with a hash that is known.
pub fn set_hashed(vm: &mut Vm, dict: Value, key: Value, hash: i64, value: Value) -> Outcome<()> {
    match find(vm, dict, key, hash)? {
        Some(place) => {
            set_at(vm, dict, place, value);
            Ok(())
        }
        None => insert_new(vm, dict, key, hash, value),
    }
}

/// `dict.setdefault(key, value)`.
pub fn set_default(vm: &mut Vm, dict: Value, key: Value, value: Value) -> Outcome {
    let hash = hash_of_key(vm, key)?;
    match find(vm, dict, key, hash)? {
        Some(place) => match value_at(dict, place) {
            Some(found) => return Ok(found),
            None => set_at(vm, dict, place, value),
        },
        None => insert_new(vm, dict, key, hash, value)?,
    }
    Ok(value)
}

/// Takes a key out; its value, or `None` if it is absent.
pub fn remove(vm: &mut Vm, dict: Value, key: Value) -> Outcome<Option<Value>> {
    // CPython looks at the length first: any key is absent from an empty dict, but must be hashable.
    let hash = hash_of_key(vm, key)?;
    let Some(place) = find(vm, dict, key, hash)? else { return Ok(None) };
    let value = value_at(dict, place);
    remove_at(vm, dict, place);
    Ok(value)
}

/// The value of a str key; runs no code of the program and cannot fail.
#[inline]
pub fn get_str(dict: Value, name: Value) -> Option<Value> {
    value_at(dict, find_str(dict, name, hash_of_str(name))?)
}

/// Sets the value of a str key; runs no code of the program.
pub fn set_str(vm: &mut Vm, dict: Value, name: Value, value: Value) -> Outcome<()> {
    let hash = hash_of_str(name);
    match find_str(dict, name, hash) {
        Some(place) => {
            set_at(vm, dict, place, value);
            Ok(())
        }
        None => insert_new(vm, dict, name, hash, value),
    }
}

/// Takes a str key out; runs no code of the program.
pub fn remove_str(vm: &mut Vm, dict: Value, name: Value) -> Option<Value> {
    let place = find_str(dict, name, hash_of_str(name))?;
    let value = value_at(dict, place);
    remove_at(vm, dict, place);
    value
}

#[inline]
fn hash_of_str(name: Value) -> i64 {
    debug_assert!(name.is_str());
    // SAFETY: the caller passes a str.
    let known = unsafe { (*name.object::<Str>()).hash };
    if known != 0 { known as i64 } else { super::hash::hash_str(name) }
}

/// Number of keys.
#[inline]
pub fn length(dict: Value) -> usize {
    if is_globals(dict) {
        return fields(dict).entries().iter().filter(|entry| cell_value(entry.value).is_some()).count();
    }
    fields(dict).used as usize
}

/// Number of entries, unassigned globals included: what an iteration checks.
#[inline]
pub fn stored(dict: Value) -> usize {
    fields(dict).used as usize
}

/// The first entry at or after `position`, which moves behind it. Start at 0.
#[inline]
pub fn entry_at(dict: Value, position: &mut usize) -> Option<(Value, Value)> {
    hashed_entry_at(dict, position).map(|(_, key, value)| (key, value))
}

/// As [`entry_at`] of a dict that is none of globals, of which it says only whether there is one.
#[inline]
pub fn skip_to_entry(dict: Value, position: &mut usize) -> bool {
    let entries = fields(dict).entries();
    while let Some(entry) = entries.get(*position) {
        *position += 1;
        if entry.key != Value::UNDEF {
            return true;
        }
    }
    false
}

/// Key and value of the entry before `position`, or UNDEF, of a dict that is none of globals.
#[inline]
pub fn stored_before(dict: Value, position: usize) -> (Value, Value) {
    let entry = fields(dict).entries().get(position.wrapping_sub(1));
    entry.map_or((Value::UNDEF, Value::UNDEF), |entry| (entry.key, entry.value))
}

/// As [`entry_at`], with the hash of the key in front.
pub fn hashed_entry_at(dict: Value, position: &mut usize) -> Option<(i64, Value, Value)> {
    let (table, globals) = (fields(dict), is_globals(dict));
    while let Some(entry) = table.entries().get(*position) {
        *position += 1;
        if entry.key == Value::UNDEF {
            continue;
        }
        let value = if globals { cell_value(entry.value) } else { Some(entry.value) };
        if let Some(value) = value {
            return Some((entry.hash, entry.key, value));
        }
    }
    None
}

/// The last entry before `position`, which moves to it. Start at [`end_position`].
pub fn entry_before(dict: Value, position: &mut usize) -> Option<(Value, Value)> {
    let (table, globals) = (fields(dict), is_globals(dict));
    *position = (*position).min(table.filled as usize);
    while *position > 0 {
        *position -= 1;
        let entry = table.entries()[*position];
        if entry.key == Value::UNDEF {
            continue;
        }
        let value = if globals { cell_value(entry.value) } else { Some(entry.value) };
        if let Some(value) = value {
            return Some((entry.key, value));
        }
    }
    None
}

/// The position behind the last entry.
pub fn end_position(dict: Value) -> usize {
    fields(dict).filled as usize
}

/// Takes out the last entry.
pub fn pop_last(vm: &mut Vm, dict: Value) -> Option<(Value, Value)> {
    let mut position = end_position(dict);
    let entry = entry_before(dict, &mut position)?;
    if is_globals(dict) {
        unassign(vm, dict, position);
        return Some(entry);
    }
    let table = fields(dict);
    let mut probe = Probe::new(table.entries()[position].hash, table.mask);
    while table.slot(probe.slot) as usize != position {
        probe.advance();
    }
    remove_at(vm, dict, Place { slot: probe.slot, entry: position });
    // The places behind are used again, but what the table has room for stays less by them, as in CPython.
    fields(dict).filled = position as u32;
    Some(entry)
}

/// Takes out all entries.
pub fn clear(vm: &mut Vm, dict: Value) {
    if is_globals(dict) {
        for entry in 0..end_position(dict) {
            unassign(vm, dict, entry);
        }
        return;
    }
    fields(dict).forget();
}

impl Dict {
    /// No entries and no room for any.
    fn forget(&mut self) {
        (self.used, self.filled, self.usable, self.mask) = (0, 0, 0, 0);
        (self.entries, self.index) = (std::ptr::null_mut(), std::ptr::null_mut());
    }
}

/// A new exact dict of the same entries.
pub fn copy(vm: &mut Vm, dict: Value) -> Outcome {
    let new = vm.new_dict();
    update_from_dict(vm, new, dict)?;
    Ok(new)
}

/// Sets every entry of the dict `source` in `target`.
pub fn update_from_dict(vm: &mut Vm, target: Value, source: Value) -> Outcome<()> {
    if target == source || length(source) == 0 {
        return Ok(());
    }
    let simple = !is_globals(target) && !is_globals(source);
    if simple && fields(target).used == 0 && is_worth_cloning(fields(source)) {
        return clone_table(vm, target, source);
    }
    let expected = length(source);
    if room(fields(target).slots()) < expected {
        let slots = slots_for(fields(target).used as usize + expected);
        rebuild(vm, target, slots)?;
    }
    let filled = fields(source).filled;
    let mut position = 0;
    while let Some((hash, key, value)) = hashed_entry_at(source, &mut position) {
        set_hashed(vm, target, key, hash, value)?;
        if fields(source).filled != filled {
            return Err(vm.raise(TypeId::RUNTIME_ERROR, "dict mutated during update"));
        }
    }
    Ok(())
}

/// The table has no holes and is not larger than need be.
fn is_worth_cloning(source: &Dict) -> bool {
    source.used == source.filled && (source.slots() == SMALLEST || room(source.slots() / 2) < source.used as usize)
}

/// Makes an empty dict's table a copy of another's.
fn clone_table(vm: &mut Vm, target: Value, source: Value) -> Outcome<()> {
    let slots = fields(source).slots();
    fields(target).forget();
    rebuild(vm, target, slots)?;
    let (from, to) = (fields(source), fields(target));
    debug_assert!(from.mask == to.mask);
    // SAFETY: both tables have the same number of slots, so the same room, and are different objects.
    unsafe {
        to.entries.copy_from_nonoverlapping(from.entries, from.filled as usize);
        to.index.copy_from_nonoverlapping(from.index, slots * slot_bytes(slots));
    }
    (to.used, to.filled, to.usable) = (from.used, from.filled, from.usable);
    vm.heap.written(target.object::<Dict>());
    Ok(())
}

/// Makes a dict's values cells, for code whose globals it is to be.
pub fn make_globals(vm: &mut Vm, dict: Value) {
    if is_globals(dict) {
        return;
    }
    // Cells that exist already are found through the dict while others are made: a globals dict must not hold plain
    // values, so they are gathered in a list first.
    let cells = match vm.list(&[]) {
        Ok(cells) => cells,
        Err(Raised) => return,
    };
    let mut position = 0;
    while let Some((key, value)) = entry_at(dict, &mut position) {
        let cell = Value::of(vm.new_cell(key, value));
        if vm.push(cells, cell).is_err() {
            return;
        }
    }
    let table = fields(dict);
    let mut cells = super::sequences::items(cells).iter();
    for entry in 0..table.filled as usize {
        let entry = table.entry(entry);
        if entry.key != Value::UNDEF {
            entry.value = *cells.next().expect("a cell for each entry");
        }
    }
    table.header.aux |= GLOBALS;
    vm.heap.written(dict.object::<Dict>());
}

/// The cell of a name in a globals dict, made if need be; `name` is interned.
pub fn cell(vm: &mut Vm, dict: Value, name: Value) -> *mut Cell {
    debug_assert!(is_globals(dict));
    let hash = hash_of_str(name);
    if find_str(dict, name, hash).is_none() && insert_new(vm, dict, name, hash, Value::UNDEF).is_err() {
        // Out of memory: a cell of its own, so that code can be linked and fail when it runs.
        return vm.new_cell(name, Value::UNDEF);
    }
    let place = find_str(dict, name, hash).expect("the entry was just made");
    fields(dict).entry(place.entry).value.object()
}

/// The cells of a globals dict.
pub fn cells(dict: Value) -> impl Iterator<Item = *mut Cell> {
    debug_assert!(is_globals(dict));
    (0..end_position(dict)).map(move |entry| fields(dict).entry(entry).value.object())
}

/// The error of `dict[key]` for a key that is absent.
pub fn raise_key_error(vm: &mut Vm, key: Value) -> Raised {
    vm.raise_with(TypeId::KEY_ERROR, &[key])
}

impl Vm {
    /// An empty dict.
    pub fn new_dict(&mut self) -> Value {
        let dict = self.allocate(size_of::<Dict>(), ShapeId::DICT).cast::<Dict>();
        // SAFETY: the allocation has room for a `Dict`.
        unsafe { (*dict).forget() };
        Value::of(dict)
    }

    /// An empty dict with room for so many entries.
    pub fn dict_with_capacity(&mut self, entries: usize) -> Outcome {
        let dict = self.new_dict();
        // As CPython: up to five entries grow like any others.
        if entries > room(SMALLEST) {
            rebuild(self, dict, slots_for(entries))?;
        }
        Ok(dict)
    }

    /// An empty globals dict.
    pub fn new_globals(&mut self) -> Value {
        let dict = self.new_dict();
        fields(dict).header.aux |= GLOBALS;
        dict
    }
}

#[cfg(test)]
#[path = "dict_tests.rs"]
mod tests;
