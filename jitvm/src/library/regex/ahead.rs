//! What a program can go on with: the bytes that may come next at an operation, and a filter that finds where in a text
//! a match may begin.

use super::program::{One, Op};

/// Operations looked at before everything is deemed possible, so that large patterns stay cheap.
const MOST_LOOKED_AT: usize = 64;
/// Alternatives and bytes of each that the filter tells apart.
const PATHS: usize = 8;
const DEPTH: usize = 8;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bytes([u64; 4]);

impl Bytes {
    pub const ALL: Bytes = Bytes([u64::MAX; 4]);

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }
    fn add(&mut self, other: &Bytes) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }
    pub fn meets(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).any(|(word, more)| word & more != 0)
    }
    fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|&byte| self.contains(byte))
    }
    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
    pub fn table(&self) -> Box<[bool; 256]> {
        let mut table = Box::new([false; 256]);
        self.iter().for_each(|byte| table[usize::from(byte)] = true);
        table
    }
    /// Bytes that characters of this kind begin with.
    pub fn of(one: &One, is_bytes: bool) -> Bytes {
        let mut bytes = Bytes::default();
        for code in 0..if is_bytes { 256 } else { 128 } {
            if one.matches(code) {
                bytes.insert(code as u8);
            }
        }
        if !is_bytes && !one.only_ascii() {
            (0xc0..=0xff).for_each(|byte| bytes.insert(byte));
        }
        bytes
    }
}

/// Whether the rest of a program can succeed without reading anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum End {
    Never,
    Always,
    Perhaps,
}

/// What may come next at an operation.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    bytes: Bytes,
    end: End,
}

impl Next {
    /// The bytes one of which must come next.
    pub fn needed(&self) -> Option<Bytes> {
        (self.end == End::Never).then_some(self.bytes)
    }

    /// A run of these bytes need not give back any: what follows can begin with none of them, or succeeds at once.
    pub fn never_gives_back(&self, run: &Bytes) -> bool {
        self.end != End::Perhaps && !self.bytes.meets(run)
    }

    /// Whether going on can succeed before a byte, or at the end of the text.
    pub fn allows(&self, byte: Option<u8>) -> bool {
        self.end != End::Never || byte.is_some_and(|byte| self.bytes.contains(byte))
    }
}

/// What may come next at each operation of a program.
pub struct Ahead<'a> {
    ops: &'a [Op],
    is_bytes: bool,
    /// What each operation reads first itself.
    own: Vec<Option<Bytes>>,
}

impl<'a> Ahead<'a> {
    pub fn new(ops: &'a [Op], is_bytes: bool) -> Ahead<'a> {
        let own = ops.iter().map(|op| match op {
            Op::One(one) | Op::Run { one, .. } => Some(Bytes::of(one, is_bytes)),
            Op::Literal(literal) => {
                let mut bytes = Bytes::default();
                bytes.insert(literal[0]);
                Some(bytes)
            }
            _ => None,
        });
        Ahead { ops, is_bytes, own: own.collect() }
    }

    /// What the operation reads first, if it reads.
    pub fn own(&self, op: usize) -> Bytes {
        self.own[op].unwrap_or(Bytes::ALL)
    }

    pub fn at(&self, op: usize) -> Next {
        let mut next = Next { bytes: Bytes::default(), end: End::Never };
        // Operations, and whether something that may fail was passed on the way.
        let (mut seen, mut index) = (vec![(op, false)], 0);
        while let Some(&(op, passed)) = seen.get(index) {
            index += 1;
            let mut follow = |op: usize, passed: bool| {
                if !seen.contains(&(op, passed)) {
                    seen.push((op, passed));
                }
            };
            match &self.ops[op] {
                Op::One(_) | Op::Literal(_) => next.bytes.add(&self.own(op)),
                Op::Run { least, .. } => {
                    next.bytes.add(&self.own(op));
                    if *least == 0 {
                        follow(op + 1, passed);
                    }
                }
                Op::Split { first, second, .. } => {
                    follow(*first, passed);
                    follow(*second, passed);
                }
                Op::Jump(target) => follow(*target, passed),
                Op::Open(_) | Op::Close(_) | Op::RepeatStart { .. } | Op::RepeatRound { .. } => follow(op + 1, passed),
                Op::Place(_) | Op::Atomic { .. } => follow(op + 1, true),
                Op::Look { next, .. } => follow(*next, true),
                Op::RepeatNext { next, .. } => {
                    follow(op + 1, true);
                    follow(*next, true);
                }
                Op::Done | Op::Accept => next.end = next.end.max(if passed { End::Perhaps } else { End::Always }),
                Op::Back { .. } | Op::Condition { .. } => next.end = End::Perhaps,
                Op::Fail => {}
            }
            if next.end == End::Perhaps || index > MOST_LOOKED_AT {
                return Next { bytes: Bytes::ALL, end: End::Perhaps };
            }
        }
        next
    }

    /// The first bytes of each alternative, as many as are known of all; nothing where there are too many alternatives.
    fn paths(&self) -> Option<Vec<Vec<Bytes>>> {
        let mut open: Vec<(usize, Vec<Bytes>)> = vec![(0, Vec::new())];
        let mut ended: Vec<Vec<Bytes>> = Vec::new();
        let mut steps = 0;
        while let Some((mut op, mut path)) = open.pop() {
            loop {
                steps += 1;
                if steps > 16 * MOST_LOOKED_AT || open.len() + ended.len() >= PATHS {
                    return None;
                }
                if path.len() >= DEPTH {
                    break;
                }
                match &self.ops[op] {
                    Op::One(one) => {
                        path.push(self.own(op));
                        if !self.is_bytes && !one.only_ascii() {
                            break;
                        }
                        op += 1;
                    }
                    Op::Literal(literal) => {
                        for &byte in literal {
                            let mut bytes = Bytes::default();
                            bytes.insert(byte);
                            path.push(bytes);
                        }
                        op += 1;
                    }
                    Op::Run { one, least, most, .. } => {
                        let plain = self.is_bytes || one.only_ascii();
                        let known = if plain { *least as usize } else { 1.min(*least as usize) };
                        path.extend(std::iter::repeat_n(self.own(op), known.min(DEPTH)));
                        if !plain || least != most {
                            break;
                        }
                        op += 1;
                    }
                    Op::Split { first, second, .. } => {
                        open.push((*second, path.clone()));
                        op = *first;
                    }
                    Op::Jump(target) => op = *target,
                    Op::Open(_) | Op::Close(_) | Op::Place(_) => op += 1,
                    Op::Look { next, .. } => op = *next,
                    _ => break,
                }
            }
            ended.push(path);
        }
        let depth = ended.iter().map(Vec::len).min().unwrap_or(0).min(DEPTH);
        ended.iter_mut().for_each(|path| path.truncate(depth));
        Some(ended)
    }
}

/// Where a match may begin, by the first bytes of its alternatives: the bit `8 * depth + alternative` of a byte's word
/// says that the byte may stand there. Shifting what is possible so far by 8 per byte follows all of them at once.
#[derive(Debug)]
pub struct Filter {
    allowed: Box<[u64; 256]>,
    depth: usize,
}

impl Filter {
    /// Only where two bytes or more are known, and they say more than the first one alone.
    pub fn new(ahead: &Ahead) -> Option<Filter> {
        let paths = ahead.paths()?;
        let depth = paths.first().map_or(0, Vec::len);
        if depth < 2 || paths.iter().flatten().all(|bytes| bytes.len() > 128) {
            return None;
        }
        let mut allowed = Box::new([0; 256]);
        for (alternative, path) in paths.iter().enumerate() {
            for (at, bytes) in path.iter().enumerate() {
                bytes.iter().for_each(|byte| allowed[usize::from(byte)] |= 1 << (8 * at + alternative));
            }
        }
        Some(Filter { allowed, depth })
    }

    /// The first place from which on all bytes known are possible.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        let last = 8 * (self.depth - 1);
        let mut possible = 0;
        for (at, &byte) in text.iter().enumerate() {
            possible = (possible << 8 | 0xff) & self.allowed[usize::from(byte)];
            if possible >> last != 0 {
                return Some(at + 1 - self.depth);
            }
        }
        None
    }
}
