//! Dicts made in one go of keys that are all strs: at their final size, and without looking for keys where the same ones
//! were met before.

use super::{DictEntry, EMPTY, Probe, equal_natively, fields, hash_of_str, rebuild, room, slot_bytes, slots_for};
use crate::runtime::known_keys::Outline;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// Entries of the largest dict that an [`Outline`] describes: its index has one byte for each slot.
pub const OUTLINED: usize = room(64);

/// A dict of these pairs, whose keys are strs; of equal keys the first is kept, with the last value. The pairs are
/// reachable from elsewhere.
pub fn from_pairs(vm: &mut Vm, pairs: &[(Value, Value)]) -> Outcome {
    let dict = vm.new_dict();
    if pairs.is_empty() {
        return Ok(dict);
    }
    rebuild(vm, dict, slots_for(pairs.len()))?;
    let table = fields(dict);
    for &(key, value) in pairs {
        let hash = hash_of_str(key);
        let mut probe = Probe::new(hash, table.mask);
        loop {
            let found = table.slot(probe.slot);
            if found == EMPTY {
                table.append_at(probe.slot, hash, key, value);
                break;
            }
            let entry = table.entry(found as usize);
            if entry.key == key || (entry.hash == hash && equal_natively(entry.key, key) == Some(true)) {
                entry.value = value;
                break;
            }
            probe.advance();
        }
    }
    vm.heap.written(dict.object::<super::Dict>());
    let slots = slots_for(table.used as usize);
    if slots < table.slots() {
        rebuild(vm, dict, slots)?;
    }
    Ok(dict)
}

/// Remembers which keys a dict of at most [`OUTLINED`] entries has, that [`from_pairs`] has just made.
pub fn remember_outline(vm: &mut Vm, dict: Value) {
    let table = fields(dict);
    let slots = table.slots();
    debug_assert!(slot_bytes(slots) == 1 && table.used == table.filled);
    let Some(first) = table.entries().first() else { return };
    vm.known_keys.remember_outline(first.key, |keys, index| {
        keys.extend(table.entries().iter().map(|entry| (entry.key, entry.hash)));
        // SAFETY: the index has a byte for each slot.
        index.extend_from_slice(unsafe { std::slice::from_raw_parts(table.index, slots) });
    });
}

/// As [`from_pairs`] of pairs that have just the keys of an outline: the index is the one that inserting would make.
pub fn from_outline(vm: &mut Vm, outline: super::super::known_keys::Following, pairs: &[(Value, Value)]) -> Outcome {
    let dict = vm.new_dict();
    let slots = slots_for(pairs.len());
    super::new_table(vm, dict, slots)?;
    // The allocations may have emptied what is known.
    let Some(Outline { keys, index, .. }) = vm.known_keys.outline(outline) else {
        return from_pairs(vm, pairs);
    };
    debug_assert!(keys.len() == pairs.len() && index.len() == slots);
    let table = fields(dict);
    // SAFETY: the table is new, with this many slots of a byte, and room for the entries.
    unsafe {
        table.index.copy_from_nonoverlapping(index.as_ptr(), slots);
        for (at, (&(key, hash), &(same, value))) in keys.iter().zip(pairs).enumerate() {
            debug_assert!(key == same);
            table.entries.add(at).write(DictEntry { hash, key, value });
        }
    }
    (table.used, table.filled) = (pairs.len() as u32, pairs.len() as u32);
    table.usable -= pairs.len() as u32;
    vm.heap.written(dict.object::<super::Dict>());
    Ok(dict)
}
