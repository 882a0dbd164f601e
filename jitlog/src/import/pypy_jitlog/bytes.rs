//! Numbers and texts of a binary `JITLOG`, and what stops their reading.

use std::io;

use crate::import::input::Input;

/// Longer texts are damage.
const LONGEST: u32 = 64 << 20;

/// What stopped the reading.
pub enum Stop {
    /// The file ends here, inside a record.
    Cut,
    Damaged(String),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Io(error)
    }
}

pub fn bytes<const N: usize>(input: &mut Input) -> Result<[u8; N], Stop> {
    let mut raw = [0; N];
    if input.exactly(&mut raw)? { Ok(raw) } else { Err(Stop::Cut) }
}

pub fn u8_of(input: &mut Input) -> Result<u8, Stop> {
    Ok(bytes::<1>(input)?[0])
}

pub fn u16_of(input: &mut Input) -> Result<u16, Stop> {
    Ok(u16::from_le_bytes(bytes(input)?))
}

pub fn u64_of(input: &mut Input) -> Result<u64, Stop> {
    Ok(u64::from_le_bytes(bytes(input)?))
}

pub fn blob(input: &mut Input) -> Result<Vec<u8>, Stop> {
    let length = u32::from_le_bytes(bytes(input)?);
    if length > LONGEST {
        return Err(Stop::Damaged(format!("a text of {length} bytes")));
    }
    // Grown as it is read: a damaged length must not cost memory.
    let mut raw = Vec::new();
    let mut left = length as usize;
    while left > 0 {
        let part = left.min(1 << 16);
        let from = raw.len();
        raw.resize(from + part, 0);
        if !input.exactly(&mut raw[from..])? {
            return Err(Stop::Cut);
        }
        left -= part;
    }
    Ok(raw)
}

pub fn text(input: &mut Input) -> Result<String, Stop> {
    Ok(String::from_utf8_lossy(&blob(input)?).into_owned())
}
