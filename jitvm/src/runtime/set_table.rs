//! The table of a set: its slots, the bits that say which hold an element, the signature, and the order of probes.

use super::object::{Set, SetEntry};
use super::value::Value;

/// Slots of the smallest table.
pub(super) const SMALLEST: usize = 8;
/// Neighbours that a search tries after each slot.
pub(super) const LINEAR_PROBES: usize = 9;
/// `aux` of a set that has had an element that is no fixnum.
pub(super) const OTHERS: u16 = 1;
/// `aux` of a set whose signature has bits of elements that were deleted.
pub(super) const STALE: u16 = 2;

impl Set {
    #[inline(always)]
    pub(super) fn slots(&self) -> usize {
        self.mask as usize + 1
    }

    #[inline]
    pub(super) fn entries(&self) -> &[SetEntry] {
        if self.table.is_null() {
            return &[];
        }
        // SAFETY: the table has `slots` initialised entries.
        unsafe { std::slice::from_raw_parts(self.table, self.slots()) }
    }

    #[inline]
    pub(super) fn entry(&mut self, slot: usize) -> &mut SetEntry {
        debug_assert!(slot < self.slots() && !self.table.is_null());
        // SAFETY: as in `entries`.
        unsafe { &mut *self.table.add(slot) }
    }

    /// The words of bits.
    #[inline(always)]
    pub(super) fn words(&mut self) -> &mut [u64] {
        let slots = self.slots();
        if slots <= 64 {
            return std::slice::from_mut(&mut self.bits);
        }
        // SAFETY: behind a table of so many slots there is a word for each 64.
        unsafe { std::slice::from_raw_parts_mut(self.table.add(slots).cast::<u64>(), slots / 64) }
    }

    /// Has this table, whose slots are all unused.
    #[inline(always)]
    pub(super) fn take_table(&mut self, table: *mut SetEntry, slots: usize) {
        (self.table, self.mask) = (table, slots as u32 - 1);
        if slots <= 64 {
            self.bits = 0;
        } else {
            self.words().fill(0);
        }
    }

    /// Puts an element in a slot that has none.
    #[inline]
    pub(super) fn put(&mut self, slot: usize, entry: SetEntry) {
        *self.entry(slot) = entry;
        self.words()[slot / 64] |= 1 << (slot % 64);
        self.signature |= signature_of(entry.hash);
        self.header.aux |= u16::from(!entry.key.is_int()) * OTHERS;
    }

    /// Whether what is in both sets is a matter of ints alone.
    #[inline]
    pub(super) fn are_ints_with(&self, other: &Set) -> bool {
        (self.header.aux | other.header.aux) & OTHERS == 0
    }

    /// False: no element has this hash.
    #[inline]
    pub(super) fn may_hold(&self, hash: i64) -> bool {
        self.signature & signature_of(hash) != 0
    }

    /// The first slot with an element from `slot` on.
    #[inline]
    pub fn occupied_from(&mut self, slot: usize) -> Option<usize> {
        let words = self.words();
        let mut index = slot / 64;
        let mut word = *words.get(index)? & (u64::MAX << (slot % 64));
        while word == 0 {
            index += 1;
            word = *words.get(index)?;
        }
        Some(index * 64 + word.trailing_zeros() as usize)
    }

    /// The first unused slot that a search for the hash comes to.
    pub(super) fn unused_behind(&self, hash: i64) -> usize {
        let mut probe = Probe::new(hash, self.mask);
        while self.entries()[probe.slot].key != Value::UNDEF {
            probe.advance();
        }
        probe.slot
    }

    /// Puts in an element that is not there, where the table holds no marks of deleted ones.
    #[inline]
    pub(super) fn insert_clean(&mut self, key: Value, hash: i64) {
        let mut slot = hash as usize & self.mask as usize;
        if self.entry(slot).key != Value::UNDEF {
            slot = self.unused_behind(hash);
        }
        self.put(slot, SetEntry { key, hash });
    }

    pub(super) fn forget(&mut self) {
        (self.used, self.fill, self.mask, self.bits) = (0, 0, SMALLEST as u32 - 1, 0);
        self.signature = 0;
        self.header.aux &= !(OTHERS | STALE);
        self.table = std::ptr::null_mut();
        self.hash = 0;
    }
}

/// The bit of a hash in [`Set::signature`].
#[inline(always)]
pub(super) fn signature_of(hash: i64) -> u64 {
    1 << (hash & 63)
}

/// The order in which the slots of a hash are tried.
pub(super) struct Probe {
    pub slot: usize,
    /// First slot of the run.
    start: usize,
    /// Neighbours left in the run.
    left: usize,
    perturb: u64,
    mask: usize,
}

impl Probe {
    #[inline]
    pub(super) fn new(hash: i64, mask: u32) -> Probe {
        let mask = mask as usize;
        let mut probe = Probe { slot: 0, start: hash as usize & mask, left: 0, perturb: hash as u64, mask };
        probe.begin_run();
        probe
    }

    #[inline]
    pub(super) fn begin_run(&mut self) {
        self.slot = self.start;
        self.left = if self.start + LINEAR_PROBES <= self.mask { LINEAR_PROBES } else { 0 };
    }

    #[inline]
    pub(super) fn advance(&mut self) {
        if self.left > 0 {
            self.left -= 1;
            self.slot += 1;
            return;
        }
        self.perturb >>= 5;
        self.start = (self.start * 5).wrapping_add(1).wrapping_add(self.perturb as usize) & self.mask;
        self.begin_run();
    }
}
