//! Sets of characters: what `[...]`, `\w` and their like match, and how letters are compared without their case.

use crate::runtime::number_text::{decimal_digit, is_space};

/// A kind of character that a backslash sequence stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    Digit,
    Space,
    Word,
}

impl Category {
    pub fn contains(self, code: u32, ascii: bool) -> bool {
        if code < 128 {
            let byte = code as u8;
            return match self {
                Category::Digit => byte.is_ascii_digit(),
                Category::Space => matches!(byte, b' ' | b'\t'..=b'\r') || !ascii && (0x1c..=0x1f).contains(&byte),
                Category::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            };
        }
        let Some(c) = char::from_u32(code).filter(|_| !ascii) else { return false };
        match self {
            Category::Digit => c.is_numeric() && decimal_digit(c).is_some(),
            Category::Space => is_space(c),
            Category::Word => c.is_alphanumeric(),
        }
    }
}

/// One part of a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Range(u32, u32),
    Category { category: Category, negated: bool },
}

/// A set of characters.
#[derive(Clone, Debug)]
pub struct Class {
    parts: Vec<Part>,
    negated: bool,
    ignore_case: bool,
    ascii: bool,
    /// Membership of the first 256 code points.
    low: [bool; 256],
}

impl Class {
    pub fn new(parts: Vec<Part>, negated: bool, ignore_case: bool, ascii: bool) -> Class {
        let mut class = Class { parts, negated, ignore_case, ascii, low: [false; 256] };
        for code in 0..256 {
            class.low[code as usize] = class.compute(code);
        }
        class
    }

    #[inline]
    pub fn contains(&self, code: u32) -> bool {
        match self.low.get(code as usize) {
            Some(&known) => known,
            None => self.compute(code),
        }
    }

    /// Membership of the first 256 code points.
    #[inline]
    pub fn low(&self) -> &[bool; 256] {
        &self.low
    }

    /// Whether no character beyond ASCII is in the set, as far as is easily told.
    pub fn only_ascii(&self) -> bool {
        let narrow = |part: &Part| match *part {
            Part::Range(_, last) => last < 128,
            Part::Category { negated, .. } => self.ascii && !negated,
        };
        !self.negated && (!self.ignore_case || self.ascii) && self.parts.iter().all(narrow)
    }

    fn compute(&self, code: u32) -> bool {
        let mut found = self.listed(code);
        if !found && self.ignore_case {
            found = variants(code, self.ascii).into_iter().any(|variant| self.listed(variant));
        }
        found != self.negated
    }

    fn listed(&self, code: u32) -> bool {
        self.parts.iter().any(|part| match *part {
            Part::Range(first, last) => (first..=last).contains(&code),
            Part::Category { category, negated } => category.contains(code, self.ascii) != negated,
        })
    }
}

/// Lower-case letters that count as one although each is its own lower case.
const EQUIVALENT: &[&[u32]] = &[
    &[0x69, 0x131],
    &[0x73, 0x17f],
    &[0xb5, 0x3bc],
    &[0x345, 0x3b9, 0x1fbe],
    &[0x390, 0x1fd3],
    &[0x3b0, 0x1fe3],
    &[0x3b2, 0x3d0],
    &[0x3b5, 0x3f5],
    &[0x3b8, 0x3d1],
    &[0x3ba, 0x3f0],
    &[0x3c0, 0x3d6],
    &[0x3c1, 0x3f1],
    &[0x3c2, 0x3c3],
    &[0x3c6, 0x3d5],
    &[0x432, 0x1c80],
    &[0x434, 0x1c81],
    &[0x43e, 0x1c82],
    &[0x441, 0x1c83],
    &[0x442, 0x1c84, 0x1c85],
    &[0x44a, 0x1c86],
    &[0x463, 0x1c87],
    &[0x1c88, 0xa64b],
    &[0x1e61, 0x1e9b],
    &[0xfb05, 0xfb06],
];

fn lower(code: u32, ascii: bool) -> u32 {
    if code < 128 || ascii {
        return if (0x41..=0x5a).contains(&code) { code + 32 } else { code };
    }
    let Some(c) = char::from_u32(code) else { return code };
    // The one letter whose lower case is two characters is i with a dot, which counts as i.
    c.to_lowercase().next().map_or(code, |c| c as u32)
}

/// The form of a character that is compared when case is ignored.
pub fn fold(code: u32, ascii: bool) -> u32 {
    let low = lower(code, ascii);
    if ascii {
        return low;
    }
    EQUIVALENT.iter().find(|group| group.contains(&low)).map_or(low, |group| group[0])
}

/// Other characters that equal a character when case is ignored.
fn variants(code: u32, ascii: bool) -> Vec<u32> {
    let low = lower(code, ascii);
    let mut result = vec![low];
    if !ascii && let Some(group) = EQUIVALENT.iter().find(|group| group.contains(&low)) {
        result.extend_from_slice(group);
    }
    for index in 0..result.len() {
        let Some(c) = char::from_u32(result[index]) else { continue };
        if ascii {
            if c.is_ascii_lowercase() {
                result.push(c.to_ascii_uppercase() as u32);
            }
        } else {
            let mut upper = c.to_uppercase();
            if let (Some(upper), None) = (upper.next(), upper.next()) {
                result.push(upper as u32);
            }
        }
    }
    result
}
