//! Lone surrogates in strs, which are valid UTF-8 all the same: each is kept as a stand-in, the code point of plane 13 with
//! the same low 16 bits. Planes 4 to 13 have no characters, so nothing is lost but those 2,048 code points.

use std::borrow::Cow;
use std::cmp::Ordering;

/// From a surrogate to its stand-in.
const PLANE: u32 = 0xd_0000;

/// The character that holds a code point; `None` past U+10FFFF.
pub fn from_code(code: u32) -> Option<char> {
    match code {
        0xd800..=0xdfff => char::from_u32(PLANE + code),
        _ => char::from_u32(code),
    }
}

/// The code point that the program sees.
#[inline]
pub fn code_of(c: char) -> u32 {
    match c as u32 {
        code @ 0xd_d800..=0xd_dfff => code - PLANE,
        code => code,
    }
}

/// Where the first surrogate of a text is, in bytes.
pub fn find(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_surrogate = |at: &usize| matches!(bytes[*at..], [0xf3, 0x9d, 0xa0..=0xbf, ..]);
    (0..bytes.len()).filter(|&at| bytes[at] == 0xf3).find(is_surrogate)
}

/// The text with surrogates as escapes, as `sys.stderr` writes them.
pub fn escaped(text: &str) -> Cow<'_, str> {
    use std::fmt::Write;
    if text.is_ascii() || find(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match code_of(c) {
            code @ 0xd800..=0xdfff => {
                let _ = write!(out, "\\u{code:04x}");
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The order of texts by the code points that the program sees.
pub fn compare(a: &str, b: &str) -> Ordering {
    // As bytes they sort like code points, stand-ins apart.
    let Some(mut at) = a.bytes().zip(b.bytes()).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    while !a.is_char_boundary(at) {
        at -= 1;
    }
    let code = |text: &str| text[at..].chars().next().map(code_of);
    code(a).cmp(&code(b))
}

/// Text from the system: bytes that are no UTF-8 become surrogates, one each (`surrogateescape`).
pub fn from_system(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().filter_map(|&byte| from_code(0xdc00 + u32::from(byte))));
    }
    out
}

/// The bytes that [`from_system`] made text of; `None` for surrogates that stand for no byte.
pub fn to_system(text: &str) -> Option<Cow<'_, [u8]>> {
    if text.is_ascii() || find(text).is_none() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match code_of(c) {
            code @ 0xdc80..=0xdcff => out.push(code as u8),
            0xd800..=0xdfff => return None,
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(codes: &[u32]) -> String {
        codes.iter().map(|&code| from_code(code).expect("a code point")).collect()
    }

    #[test]
    fn texts_sort_by_code_points() {
        let texts = [held(&[0x61, 0xd800]), held(&[0x61, 0xdfff]), held(&[0x61, 0xe000]), held(&[0x61, 0x10000])];
        for (index, a) in texts.iter().enumerate() {
            for (other, b) in texts.iter().enumerate() {
                assert_eq!(compare(a, b), index.cmp(&other));
            }
        }
        assert_eq!(compare("a", "ab"), Ordering::Less);
        assert_eq!(compare("\u{e9}", "\u{e8}z"), Ordering::Greater);
    }

    #[test]
    fn bytes_of_the_system_come_back() {
        let data = b"a\xff\xe9\x80b\xf0\x9f\x98\x80\xf0\x9f";
        let text = from_system(data);
        assert_eq!(to_system(&text).as_deref(), Some(&data[..]));
        assert_eq!(to_system(&held(&[0xd800])), None);
        assert_eq!(escaped(&held(&[0x61, 0xdc80])), "a\\udc80");
    }
}
