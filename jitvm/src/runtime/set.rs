//! The table of `set` and `frozenset`: CPython's open addressing, so that iteration has its order.
//!
//! A search tries a slot and the nine behind it, then jumps by the hash's higher bits. Deleting leaves a mark that a
//! later insertion may take. Sizes and growth are CPython's. Elements compare as the keys of dicts do
//! ([`super::dict`]).
//!
//! There is a bit for each slot that holds an element, in words of 64: tables are mostly empty, and who walks over one looks
//! at its elements only. A single word is in the set itself, where it is at hand; more of them lie behind the table.

use std::arch::x86_64::{_mm_set_epi64x, _mm_storeu_si128};
use std::mem::MaybeUninit;

use super::compare::equal;
use super::dict::{Unknown, equal_natively, equal_plainly, hash_of_int, hash_of_key};
use super::object::{STORAGE_ITEMS, Set, SetEntry, ShapeId};
use super::set_table::{OTHERS, Probe, SMALLEST, STALE, signature_of};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Slots of the largest table.
const LARGEST: usize = 1 << 30;
/// Sets above this size double, others quadruple.
const MANY: usize = 50_000;

/// A set or frozenset, exact or of a subclass.
#[inline]
pub fn is_any_set(value: Value) -> bool {
    is_set(value) || is_frozenset(value)
}

#[inline]
pub fn is_set(value: Value) -> bool {
    value.has_layout(ShapeId::SET)
}

#[inline]
pub fn is_frozenset(value: Value) -> bool {
    value.has_layout(ShapeId::FROZENSET)
}

#[inline]
fn fields<'a>(set: Value) -> &'a mut Set {
    debug_assert!(is_any_set(set));
    // SAFETY: the caller passes a set; no reference is kept over anything that could make a second one.
    unsafe { &mut *set.object::<Set>() }
}

/// What a search finds: the element's slot, or the slot where it would go and whether that was used before.
enum Found {
    At(usize),
    Absent { slot: usize, reused: bool },
}

fn find(vm: &mut Vm, set: Value, key: Value, hash: i64) -> Outcome<Found> {
    'anew: loop {
        // The table's address keeps it allocated while the program's code runs.
        let table = fields(set).table;
        debug_assert!(!table.is_null());
        let mut probe = Probe::new(hash, fields(set).mask);
        let mut deleted = None;
        loop {
            let entry = *fields(set).entry(probe.slot);
            if entry.key == Value::UNDEF {
                return Ok(match deleted {
                    Some(slot) => Found::Absent { slot, reused: true },
                    None => Found::Absent { slot: probe.slot, reused: false },
                });
            }
            if entry.key == key {
                return Ok(Found::At(probe.slot));
            }
            if entry.key == SetEntry::DELETED {
                deleted = Some(probe.slot);
            } else if entry.hash == hash {
                let same = match equal_natively(entry.key, key) {
                    Some(same) => same,
                    None => {
                        let same = equal(vm, entry.key, key)?;
                        if fields(set).table != table || fields(set).entry(probe.slot).key != entry.key {
                            if fields(set).table.is_null() {
                                allocate_table(vm, set, SMALLEST)?;
                            }
                            continue 'anew;
                        }
                        same
                    }
                };
                if same {
                    return Ok(Found::At(probe.slot));
                }
            }
            probe.advance();
        }
    }
}

/// Whether a plain key is in the set.
///
/// # Errors
/// See [`Unknown`].
pub fn contains_plain(vm: &mut Vm, set: Value, key: Value) -> Result<bool, Unknown> {
    let hash = hash_of_key(vm, key).map_err(|_| Unknown)?;
    if fields(set).table.is_null() {
        return Ok(false);
    }
    let mut probe = Probe::new(hash, fields(set).mask);
    loop {
        let entry = *fields(set).entry(probe.slot);
        if entry.key == Value::UNDEF {
            return Ok(false);
        }
        if entry.key == key {
            return Ok(true);
        }
        if entry.key != SetEntry::DELETED && entry.hash == hash && equal_plainly(vm, entry.key, key).ok_or(Unknown)? {
            return Ok(true);
        }
        probe.advance();
    }
}

/// Adds a plain key.
///
/// # Errors
/// See [`Unknown`].
#[inline]
pub fn add_plain(vm: &mut Vm, set: Value, key: Value) -> Result<(), Unknown> {
    // Mostly the first slot tells, of an int.
    let table = fields(set);
    if let Some(hash) = hash_of_int(key)
        && !table.table.is_null()
    {
        let has_room = !is_full(table.fill + 1, table.mask);
        let first = hash as usize & table.mask as usize;
        let entry = table.entry(first);
        if entry.key == key {
            return Ok(());
        }
        if entry.key == Value::UNDEF && has_room {
            table.put(first, SetEntry { key, hash });
            (table.used, table.fill) = (table.used + 1, table.fill + 1);
            vm.heap.written(set.object::<Set>());
            return Ok(());
        }
    }
    add_by_search(vm, set, key)
}

#[inline(never)]
fn add_by_search(vm: &mut Vm, set: Value, key: Value) -> Result<(), Unknown> {
    let hash = hash_of_key(vm, key).map_err(|_| Unknown)?;
    let given_up = |vm: &mut Vm| {
        vm.exception = Value::UNDEF;
        Unknown
    };
    if fields(set).table.is_null() {
        allocate_table(vm, set, SMALLEST).map_err(|_| given_up(vm))?;
    }
    let mut probe = Probe::new(hash, fields(set).mask);
    let mut deleted = None;
    loop {
        let entry = *fields(set).entry(probe.slot);
        if entry.key == Value::UNDEF {
            let (slot, reused) = deleted.map_or((probe.slot, false), |slot| (slot, true));
            return insert(vm, set, SetEntry { key, hash }, slot, reused).map_err(|_| given_up(vm));
        }
        if entry.key == key {
            return Ok(());
        }
        if entry.key == SetEntry::DELETED {
            deleted = Some(probe.slot);
        } else if entry.hash == hash && equal_plainly(vm, entry.key, key).ok_or(Unknown)? {
            return Ok(());
        }
        probe.advance();
    }
}

/// Gives the set an empty table; what it held is lost.
fn allocate_table(vm: &mut Vm, set: Value, slots: usize) -> Outcome<()> {
    let table = new_table(vm, slots)?;
    fields(set).take_table(table, slots);
    vm.heap.written(set.object::<Set>());
    Ok(())
}

/// A table of unused slots.
fn new_table(vm: &mut Vm, slots: usize) -> Outcome<*mut SetEntry> {
    if slots > LARGEST {
        return Err(vm.raise_memory_error());
    }
    let storage = vm.try_allocate(STORAGE_ITEMS + table_bytes(slots), ShapeId::STORAGE)?;
    // SAFETY: the storage has room for the entries and words.
    unsafe {
        let table = storage.byte_add(STORAGE_ITEMS).cast::<SetEntry>();
        // Both words of an entry at once.
        let unused = _mm_set_epi64x(SetEntry::UNUSED.hash, SetEntry::UNUSED.key.0 as i64);
        for slot in 0..slots {
            _mm_storeu_si128(table.add(slot).cast(), unused);
        }
        Ok(table)
    }
}

/// Bytes of so many slots and the words behind them.
const fn table_bytes(slots: usize) -> usize {
    slots * size_of::<SetEntry>() + if slots > 64 { slots / 64 * size_of::<u64>() } else { 0 }
}

/// Moves the elements to a table for more than `expected` ones.
fn resize(vm: &mut Vm, set: Value, expected: usize) -> Outcome<()> {
    let slots = (expected + 1).next_power_of_two().max(SMALLEST);
    let new = new_table(vm, slots)?;
    let object = fields(set);
    let (old, old_slots, old_bits) = (object.table, object.slots(), object.bits);
    object.take_table(new, slots);
    if !old.is_null() {
        // SAFETY: nothing is allocated until the elements are in the new table; behind a table of more than 64 slots there
        // is a word for each 64.
        let occupied = unsafe {
            match old_slots {
                0..=64 => std::slice::from_ref(&old_bits),
                _ => std::slice::from_raw_parts(old.add(old_slots).cast::<u64>(), old_slots / 64),
            }
        };
        // In registers: to read from the set what was stored a moment ago would wait until the new table's memory is there.
        let (mut bits, mut signature) = (0, 0);
        for (index, &word) in occupied.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                let slot = index * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                // SAFETY: the slot has an element; the slots found in the new table lie in it, and are unused.
                unsafe {
                    let entry = *old.add(slot);
                    let mut place = entry.hash as usize & (slots - 1);
                    if (*new.add(place)).key != Value::UNDEF {
                        place = object.unused_behind(entry.hash);
                    }
                    *new.add(place) = entry;
                    signature |= signature_of(entry.hash);
                    if slots <= 64 {
                        bits |= 1 << place;
                    } else {
                        object.words()[place / 64] |= 1 << (place % 64);
                    }
                }
            }
        }
        if slots <= 64 {
            object.bits = bits;
        }
        object.signature = signature;
        object.header.aux &= !STALE;
    }
    object.fill = object.used;
    vm.heap.written(set.object::<Set>());
    Ok(())
}

/// Whether a table grows that has so many slots in use.
#[inline(always)]
fn is_full(fill: u32, mask: u32) -> bool {
    fill as usize * 5 >= mask as usize * 3
}

/// The size that a set grows to, as `resize` takes it.
fn grown(used: usize) -> usize {
    if used > MANY { used * 2 } else { used * 4 }
}

/// Adds an element. False: an equal one was there, and stays.
#[inline]
pub fn add(vm: &mut Vm, set: Value, key: Value) -> Outcome<bool> {
    let hash = hash_of_key(vm, key)?;
    add_hashed(vm, set, key, hash)
}

/// As [`add`], with a hash that is known.
pub fn add_hashed(vm: &mut Vm, set: Value, key: Value, hash: i64) -> Outcome<bool> {
    if fields(set).table.is_null() {
        allocate_table(vm, set, SMALLEST)?;
    }
    let table = fields(set);
    let first = hash as usize & table.mask as usize;
    // Mostly the first slot is free.
    let (slot, reused) = if table.entry(first).key == Value::UNDEF {
        (first, false)
    } else {
        let Found::Absent { slot, reused } = find(vm, set, key, hash)? else { return Ok(false) };
        (slot, reused)
    };
    insert(vm, set, SetEntry { key, hash }, slot, reused)?;
    Ok(true)
}

/// Puts an element into the slot that a search has found for it.
#[inline]
fn insert(vm: &mut Vm, set: Value, entry: SetEntry, slot: usize, reused: bool) -> Outcome<()> {
    let table = fields(set);
    table.put(slot, entry);
    vm.heap.written(set.object::<Set>());
    table.used += 1;
    if !reused {
        table.fill += 1;
        if is_full(table.fill, table.mask) {
            let expected = grown(table.used as usize);
            resize(vm, set, expected)?;
        }
    }
    Ok(())
}

/// `key in set`.
#[inline]
pub fn contains(vm: &mut Vm, set: Value, key: Value) -> Outcome<bool> {
    let hash = hash_of_key(vm, key)?;
    contains_hashed(vm, set, key, hash)
}

/// Whether a key is an element, if that runs no code of the program.
#[inline(always)]
fn contains_natively(set: Value, key: Value, hash: i64) -> Option<bool> {
    let entries = fields(set).entries();
    // Mostly the first slot tells.
    match entries.get(hash as usize & fields(set).mask as usize)?.key {
        found if found == key => return Some(true),
        Value::UNDEF => return Some(false),
        _ => {}
    }
    let mut probe = Probe::new(hash, fields(set).mask);
    loop {
        let entry = entries.get(probe.slot)?;
        if entry.key == key {
            return Some(true);
        }
        if entry.key == Value::UNDEF {
            return Some(false);
        }
        if entry.hash == hash && entry.key != SetEntry::DELETED && equal_natively(entry.key, key)? {
            return Some(true);
        }
        probe.advance();
    }
}

#[inline]
pub fn contains_hashed(vm: &mut Vm, set: Value, key: Value, hash: i64) -> Outcome<bool> {
    if fields(set).table.is_null() {
        return Ok(false);
    }
    if let Some(found) = contains_natively(set, key, hash) {
        return Ok(found);
    }
    Ok(matches!(find(vm, set, key, hash)?, Found::At(_)))
}

/// Takes an element out. False: it was not there.
pub fn discard(vm: &mut Vm, set: Value, key: Value) -> Outcome<bool> {
    let hash = hash_of_key(vm, key)?;
    discard_hashed(vm, set, key, hash)
}

pub fn discard_hashed(vm: &mut Vm, set: Value, key: Value, hash: i64) -> Outcome<bool> {
    if fields(set).table.is_null() {
        return Ok(false);
    }
    let Found::At(slot) = find(vm, set, key, hash)? else { return Ok(false) };
    remove_at(set, slot);
    Ok(true)
}

fn remove_at(set: Value, slot: usize) {
    let table = fields(set);
    *table.entry(slot) = SetEntry { key: SetEntry::DELETED, hash: -1 };
    table.words()[slot / 64] &= !(1 << (slot % 64));
    table.used -= 1;
    table.header.aux |= STALE;
}

/// Takes out some element: the first one after the last that was taken.
pub fn pop(set: Value) -> Option<Value> {
    let table = fields(set);
    if table.used == 0 {
        return None;
    }
    let from = (table.finger & table.mask) as usize;
    let slot = table.occupied_from(from).or_else(|| table.occupied_from(0))?;
    let key = table.entry(slot).key;
    remove_at(set, slot);
    fields(set).finger = slot as u32 + 1;
    Some(key)
}

/// Number of elements.
#[inline]
pub fn length(set: Value) -> usize {
    fields(set).used as usize
}

/// Takes out all elements.
pub fn clear(set: Value) {
    fields(set).forget();
}

/// The first element at or after slot `position`, which moves behind it. Start at 0.
#[inline]
pub fn element_at(set: Value, position: &mut usize) -> Option<Value> {
    hashed_element_at(set, position).map(|(_, key)| key)
}

/// As [`element_at`], of which it says only whether there is one.
#[inline]
pub fn skip_to_element(set: Value, position: &mut usize) -> bool {
    element_at(set, position).is_some()
}

/// The element in the slot before `position`, or UNDEF.
#[inline]
pub fn element_before(set: Value, position: usize) -> Value {
    fields(set).entries().get(position.wrapping_sub(1)).map_or(Value::UNDEF, |entry| entry.key)
}

/// As [`element_at`], with the hash in front.
#[inline]
pub fn hashed_element_at(set: Value, position: &mut usize) -> Option<(i64, Value)> {
    let table = fields(set);
    let slot = table.occupied_from(*position);
    // At the end the position is behind all slots, so the iteration stays over if elements come.
    *position = slot.map_or(table.slots(), |slot| slot + 1);
    let entry = table.entry(slot?);
    Some((entry.hash, entry.key))
}

/// Whether all elements of one set are in another, if that runs no code of the program.
pub fn is_subset_natively(set: Value, other: Value) -> Option<bool> {
    let (table, others) = (fields(set), fields(other));
    if others.table.is_null() {
        return Some(table.used == 0);
    }
    if table.used == 0 {
        return Some(true);
    }
    // Of others the program's code might be asked about elements that are looked at before the one that decides.
    let is_exact = table.header.aux & STALE == 0;
    if is_exact && table.are_ints_with(others) && table.signature & !others.signature != 0 {
        return Some(false);
    }
    let mut slot = 0;
    while let Some(found) = table.occupied_from(slot) {
        slot = found + 1;
        let SetEntry { key, hash } = *table.entry(found);
        if !contains_natively(other, key, hash)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Slots of a set to which so many elements were added one by one.
fn slots_of_grown(count: usize) -> usize {
    let mut slots = SMALLEST;
    loop {
        let full = ((slots - 1) * 3).div_ceil(5);
        if count < full {
            return slots;
        }
        slots = (grown(full) + 1).next_power_of_two();
    }
}

/// A new set of a small set's elements that are in another, or of those that are not; `None` if code of the program
/// decides which these are. It is made at its final size where no two of them want the same slot: only then the order in
/// which they are added, and the sizes between, can be seen in the result.
pub fn selected(vm: &mut Vm, shape: ShapeId, set: Value, other: Value, are_in_other: bool) -> Outcome<Option<Value>> {
    const MOST: usize = 64;
    let table = fields(set);
    if table.used as usize > MOST {
        return Ok(None);
    }
    let mut chosen = [const { MaybeUninit::<SetEntry>::uninit() }; MOST];
    let mut count = 0;
    let mut slot = 0;
    let others = fields(other);
    while let Some(found) = table.occupied_from(slot) {
        slot = found + 1;
        let entry = *table.entry(found);
        let is_in_other =
            if others.may_hold(entry.hash) { contains_natively(other, entry.key, entry.hash) } else { Some(false) };
        match is_in_other {
            None => return Ok(None),
            Some(is_in_other) if is_in_other == are_in_other => {
                chosen[count].write(entry);
                count += 1;
            }
            Some(_) => {}
        }
    }
    // SAFETY: so many of them are written.
    let chosen = unsafe { std::slice::from_raw_parts(chosen.as_ptr().cast::<SetEntry>(), count) };
    let result = vm.new_set_of(shape);
    if count == 0 {
        return Ok(Some(result));
    }
    let slots = slots_of_grown(count);
    let mut taken = 0_u128;
    debug_assert!(slots <= u128::BITS as usize);
    for entry in chosen {
        taken |= 1 << (entry.hash as usize & (slots - 1));
    }
    if taken.count_ones() as usize != count {
        for entry in chosen {
            add_hashed(vm, result, entry.key, entry.hash)?;
        }
        return Ok(Some(result));
    }
    allocate_table(vm, result, slots)?;
    let table = fields(result);
    for entry in chosen {
        table.put(entry.hash as usize & (slots - 1), *entry);
    }
    (table.used, table.fill) = (count as u32, count as u32);
    vm.heap.written(result.object::<Set>());
    Ok(Some(result))
}

/// The least and greatest element, if all are fixnums and there are some.
pub fn extremes_of_fixnums(set: Value) -> Option<(Value, Value)> {
    let table = fields(set);
    // Tagged ints are in the order of the ints, and all whose low bits are 0 are ints.
    let (mut low, mut high, mut bits) = (i64::MAX, i64::MIN, 0);
    let mut slot = 0;
    while let Some(found) = table.occupied_from(slot) {
        slot = found + 1;
        let word = table.entry(found).key.0 as i64;
        (low, high, bits) = (low.min(word), high.max(word), bits | word);
    }
    (slot > 0 && Value(bits as u64).is_int()).then_some((Value(low as u64), Value(high as u64)))
}

/// Adds every element of the set `source`.
pub fn update_from_set(vm: &mut Vm, set: Value, source: Value) -> Outcome<()> {
    if set == source || length(source) == 0 {
        return Ok(());
    }
    make_room(vm, set, length(source))?;
    let (to, from) = (fields(set), fields(source));
    if to.fill == 0 {
        if to.table.is_null() {
            allocate_table(vm, set, SMALLEST)?;
        }
        if to.mask == from.mask && from.fill == from.used {
            // SAFETY: both tables have the same number of slots and are different objects.
            unsafe { to.table.cast::<u8>().copy_from_nonoverlapping(from.table.cast(), table_bytes(from.slots())) };
            (to.bits, to.signature) = (from.bits, from.signature);
            to.header.aux |= from.header.aux & (OTHERS | STALE);
        } else {
            for entry in from.entries().iter().filter(|entry| entry.is_element()) {
                to.insert_clean(entry.key, entry.hash);
            }
        }
        (to.used, to.fill) = (from.used, from.used);
        vm.heap.written(set.object::<Set>());
        return Ok(());
    }
    let mut position = 0;
    while let Some((hash, key)) = hashed_element_at(source, &mut position) {
        add_hashed(vm, set, key, hash)?;
    }
    Ok(())
}

/// One resize for `more` elements that are about to come.
pub fn make_room(vm: &mut Vm, set: Value, more: usize) -> Outcome<()> {
    let table = fields(set);
    if (table.fill as usize + more) * 5 >= table.mask as usize * 3 {
        let expected = (table.used as usize + more) * 2;
        resize(vm, set, expected)?;
    }
    Ok(())
}

/// Shrinks a table of which more than a quarter are marks of deleted elements.
pub fn drop_deleted(vm: &mut Vm, set: Value) -> Outcome<()> {
    let table = fields(set);
    if (table.fill - table.used) > table.mask / 4 {
        let expected = grown(table.used as usize);
        resize(vm, set, expected)?;
    }
    Ok(())
}

/// Exchanges the elements of two sets.
pub fn swap(vm: &mut Vm, a: Value, b: Value) {
    let (x, y) = (fields(a), fields(b));
    std::mem::swap(&mut x.used, &mut y.used);
    std::mem::swap(&mut x.fill, &mut y.fill);
    std::mem::swap(&mut x.mask, &mut y.mask);
    std::mem::swap(&mut x.table, &mut y.table);
    std::mem::swap(&mut x.bits, &mut y.bits);
    std::mem::swap(&mut x.signature, &mut y.signature);
    std::mem::swap(&mut x.header.aux, &mut y.header.aux);
    for set in [a, b] {
        vm.heap.written(set.object::<Set>());
    }
}

/// The hash of a frozenset, kept in it.
pub fn hash(set: Value) -> i64 {
    let table = fields(set);
    if table.hash != 0 {
        return table.hash;
    }
    let shuffle = |hash: u64| ((hash ^ 89_869_747) ^ (hash << 16)).wrapping_mul(3_644_798_167);
    let elements = table.entries().iter().filter(|entry| entry.is_element());
    let mut hash = elements.fold(0, |all, entry| all ^ shuffle(entry.hash as u64));
    hash ^= (u64::from(table.used) + 1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69069).wrapping_add(907_133_923);
    table.hash = if hash == u64::MAX { 590_923_713 } else { hash as i64 };
    table.hash
}

impl Vm {
    /// An empty set or frozenset, as `shape` says.
    pub fn new_set_of(&mut self, shape: ShapeId) -> Value {
        debug_assert!(matches!(shape, ShapeId::SET | ShapeId::FROZENSET));
        let set = self.allocate(size_of::<Set>(), shape).cast::<Set>();
        // SAFETY: the allocation has room for a `Set`.
        unsafe {
            (*set).finger = 0;
            (*set).forget();
        }
        Value::of(set)
    }

    /// An empty set.
    pub fn new_set(&mut self) -> Value {
        self.new_set_of(ShapeId::SET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(i: i64) -> Value {
        Value::from_fixnum(i)
    }

    fn elements(set: Value) -> Vec<i64> {
        let mut position = 0;
        std::iter::from_fn(|| element_at(set, &mut position)).map(Value::as_fixnum).collect()
    }

    #[test]
    fn order_is_that_of_cpython() {
        let mut vm = Vm::new(Vec::new());
        let set = vm.new_set();
        for i in [0, 8, 16] {
            add(&mut vm, set, int(i)).unwrap();
        }
        discard(&mut vm, set, int(0)).unwrap();
        discard(&mut vm, set, int(8)).unwrap();
        add(&mut vm, set, int(24)).unwrap();
        add(&mut vm, set, int(1)).unwrap();
        assert_eq!(elements(set), [24, 16, 1]);
        let set = vm.new_set();
        for i in 0..40 {
            add(&mut vm, set, int(i * i * 37 % 1009)).unwrap();
        }
        assert_eq!(
            elements(set),
            [
                0, 3, 391, 394, 782, 529, 402, 148, 283, 796, 925, 927, 673, 674, 929, 804, 37, 555, 173, 942, 441,
                189, 960, 323, 199, 203, 333, 847, 592, 979, 603, 350, 739, 240, 242, 755, 756, 889, 123, 253
            ]
        );
        let popped: Vec<i64> = (0..5).map(|_| pop(set).unwrap().as_fixnum()).collect();
        assert_eq!(popped, [0, 3, 391, 394, 782]);
    }

    #[test]
    fn frozensets_hash_as_in_cpython() {
        let mut vm = Vm::new(Vec::new());
        let set = vm.new_set_of(ShapeId::FROZENSET);
        assert_eq!(hash(set), 133_146_708_735_736);
        let set = vm.new_set_of(ShapeId::FROZENSET);
        for i in 0..10 {
            add(&mut vm, set, int(i)).unwrap();
        }
        assert_eq!(hash(set), 3_895_031_357_313_128_696);
    }

    #[test]
    fn random_operations_under_collection_stress() {
        let mut vm = Vm::new(Vec::new());
        vm.heap.stress = 3;
        let set = vm.new_set();
        let mut model = std::collections::HashSet::new();
        let mut state = 7_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (state >> 40) as i64 % 200 * 32;
            let key = if number % 5 == 0 { vm.str(&number.to_string()) } else { int(number) };
            if state >> 33 & 3 == 0 {
                assert_eq!(discard(&mut vm, set, key), Ok(model.remove(&number)));
            } else {
                assert_eq!(add(&mut vm, set, key), Ok(model.insert(number)));
            }
            assert_eq!(length(set), model.len());
            assert_eq!(contains(&mut vm, set, key), Ok(model.contains(&number)));
        }
        let copied = vm.new_set();
        update_from_set(&mut vm, copied, set).unwrap();
        assert_eq!(length(copied), model.len());
    }
}
