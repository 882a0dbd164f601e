//! What pieces of memory take in the C allocator: a piece has a word before it and comes in steps of two words.

use std::collections::HashMap;

/// Bytes that a piece of so many takes.
pub fn piece(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// Of a list, without what its items refer to.
pub fn list<T>(list: &Vec<T>) -> usize {
    piece(list.capacity() * size_of::<T>())
}

/// Of a list that cannot grow.
pub fn boxed<T>(list: &[T]) -> usize {
    piece(size_of_val(list))
}

pub fn texts(list_of: &Vec<String>) -> usize {
    list(list_of) + list_of.iter().map(text).sum::<usize>()
}

pub fn text(text: &String) -> usize {
    piece(text.capacity())
}

/// Of a hash table: an entry and a byte for each of its slots, of which seven in eight may be used.
pub fn table<K, V, S>(table: &HashMap<K, V, S>) -> usize {
    match table.capacity() {
        0 => 0,
        capacity => piece((capacity * 8 / 7).next_power_of_two() * (size_of::<(K, V)>() + 1) + 16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that the allocator really uses for a list.
    fn used(bytes: usize) -> usize {
        let list: Vec<u8> = Vec::with_capacity(bytes);
        // SAFETY: the list's memory comes from the C allocator.
        unsafe { libc::malloc_usable_size(list.as_ptr().cast_mut().cast()) + 8 }
    }

    #[test]
    fn a_piece_takes_what_the_allocator_uses() {
        for bytes in [1, 8, 24, 25, 40, 41, 100, 1_000, 4_096, 100_000] {
            // It may leave a rest too small to be a piece of its own.
            let used = used(bytes);
            assert!((piece(bytes)..=piece(bytes) + 16).contains(&used), "{bytes}: {} and {used}", piece(bytes));
        }
        assert_eq!(piece(0), 0);
    }
}
