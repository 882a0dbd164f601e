//! Sampled allocations, added up as they are read: by place and type.

use std::collections::BTreeMap;

use super::LocId;

/// Number of samples, and the bytes they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocSum {
    pub samples: u64,
    pub bytes: u64,
}

impl AllocSum {
    pub fn add(&mut self, bytes: u64) {
        self.samples += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allocs {
    /// By place and the number of the type's name (`Words::types`).
    pub by_site: BTreeMap<(LocId, u32), AllocSum>,
}

impl Allocs {
    pub fn add(&mut self, loc: LocId, ty: u32, bytes: u64) {
        self.by_site.entry((loc, ty)).or_default().add(bytes);
    }

    pub fn is_empty(&self) -> bool {
        self.by_site.is_empty()
    }

    /// What all samples stand for.
    pub fn bytes(&self) -> u64 {
        self.by_site.values().fold(0, |sum, site| sum.saturating_add(site.bytes))
    }
}
