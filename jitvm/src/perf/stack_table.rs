//! Call stacks that a signal handler has met: a hash table of fixed size, so that meeting a new one allocates nothing.

use jitlog::{FrameKind, LocId, StackId};

/// Entries; a power of two.
const SIZE: usize = 1 << 15;
/// Above this the search gets long: further stacks stay nameless.
const FULL: u32 = (SIZE / 4 * 3) as u32;

#[derive(Clone, Copy, Default)]
struct Entry {
    parent: StackId,
    loc: LocId,
    kind: FrameKind,
    id: StackId,
}

impl Entry {
    fn of([parent, loc, kind, id]: [u32; 4]) -> Entry {
        Entry { parent: StackId(parent), loc: LocId(loc), kind: FrameKind(kind as u8), id: StackId(id) }
    }

    fn words(self) -> [u32; 4] {
        [self.parent.0, self.loc.0, u32::from(self.kind.0), self.id.0]
    }
}

/// Ids by parent, place and kind of frame.
pub struct StackTable {
    /// Of each entry its words ([`Entry`]). Zeroed memory, which the system gives when it is touched: words instead of
    /// entries, since only of those the allocator is told that they are zero.
    entries: Box<[[u32; 4]]>,
    first: u32,
    count: u32,
}

/// What a search comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Known(StackId),
    /// Has just got this id: it must be defined.
    New(StackId),
    /// There is no room.
    No,
}

impl StackTable {
    /// Ids begin at `first`.
    pub fn new(first: u32) -> StackTable {
        StackTable { entries: vec![[0; 4]; SIZE].into(), first, count: 0 }
    }

    /// First address and size in bytes of its memory.
    pub fn range(&self) -> (usize, usize) {
        (self.entries.as_ptr() as usize, size_of_val(&*self.entries))
    }

    pub fn find(&mut self, parent: StackId, loc: LocId, kind: FrameKind) -> Found {
        let mixed = (u64::from(parent.0) << 32 | u64::from(loc.0)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut at = ((mixed >> 40) as usize ^ usize::from(kind.0)) & (SIZE - 1);
        loop {
            let entry = Entry::of(self.entries[at]);
            if entry.id.is_none() {
                if self.count >= FULL {
                    return Found::No;
                }
                let id = StackId(self.first + self.count);
                self.count += 1;
                self.entries[at] = Entry { parent, loc, kind, id }.words();
                return Found::New(id);
            }
            if (entry.parent, entry.loc, entry.kind) == (parent, loc, kind) {
                return Found::Known(entry.id);
            }
            at = (at + 1) & (SIZE - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_found_again_until_there_is_no_room() {
        let mut table = StackTable::new(100);
        let mut parent = StackId::NONE;
        for number in 0..FULL {
            let found = table.find(parent, LocId(number % 7), FrameKind::Interp);
            assert_eq!(found, Found::New(StackId(100 + number)));
            assert_eq!(table.find(parent, LocId(number % 7), FrameKind::Interp), Found::Known(StackId(100 + number)));
            parent = StackId(100 + number);
        }
        assert_eq!(table.find(parent, LocId(1), FrameKind::Interp), Found::No);
        assert_eq!(table.find(StackId::NONE, LocId(0), FrameKind::Interp), Found::Known(StackId(100)));
    }
}
