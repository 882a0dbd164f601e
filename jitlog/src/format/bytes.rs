//! Little-endian reads that answer 0 outside their slice, which is what the evolution rule asks of missing fields.

#[inline]
pub fn array_at<const N: usize>(raw: &[u8], at: usize) -> [u8; N] {
    match at.checked_add(N).and_then(|end| raw.get(at..end)) {
        Some(found) => found.try_into().unwrap_or([0; N]),
        None => [0; N],
    }
}

#[inline]
pub fn u8_at(raw: &[u8], at: usize) -> u8 {
    raw.get(at).copied().unwrap_or(0)
}

#[inline]
pub fn u16_at(raw: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(raw, at))
}

#[inline]
pub fn u32_at(raw: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(raw, at))
}

#[inline]
pub fn u64_at(raw: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(raw, at))
}
