//! Which code lies at an address now: code is moved, deleted and written over.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Addresses {
    ranges: BTreeMap<u64, (u64, usize)>,
}

impl Addresses {
    /// Code of this size begins here; what lay here is gone.
    pub fn add(&mut self, start: u64, size: u64, code: usize) {
        let end = start.saturating_add(size.max(1));
        while let Some((&at, _)) = self.ranges.range(..end).next_back().filter(|(at, (size, _))| **at + size > start) {
            self.ranges.remove(&at);
        }
        self.ranges.insert(start, (size.max(1).min(u64::MAX - start), code));
    }

    pub fn at(&self, addr: u64) -> Option<usize> {
        let (start, (size, code)) = self.ranges.range(..=addr).next_back()?;
        (addr - start < *size).then_some(*code)
    }

    pub fn move_to(&mut self, from: u64, to: u64) -> bool {
        let Some((size, code)) = self.ranges.remove(&from) else { return false };
        self.add(to, size, code);
        true
    }

    pub fn remove(&mut self, start: u64) {
        self.ranges.remove(&start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_written_over() {
        let mut addresses = Addresses::default();
        addresses.add(100, 50, 1);
        addresses.add(200, 50, 2);
        assert_eq!((addresses.at(149), addresses.at(150), addresses.at(99)), (Some(1), None, None));
        addresses.add(140, 100, 3);
        assert_eq!((addresses.at(120), addresses.at(150), addresses.at(245)), (None, Some(3), None));
        assert!(addresses.move_to(140, 300));
        assert_eq!((addresses.at(150), addresses.at(399)), (None, Some(3)));
    }
}
