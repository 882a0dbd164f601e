//! The matcher: a loop over a program with a stack of choices to come back to. It needs no native stack but for
//! look-arounds, whose nesting the pattern bounds.

use std::cell::Cell;

use super::class::{Category, fold};
use super::parse::{Greed, Place, UNLIMITED};
use super::program::{FIRST, One, Op, Program, SECOND};
use crate::runtime::bytes::{find, find_byte};
use crate::runtime::surrogates::code_of;

/// A slot without a value.
pub const UNSET: usize = usize::MAX;

/// What is matched: positions are byte offsets.
pub trait Text: Copy {
    /// Whether each character is one byte.
    const NARROW: bool;
    fn bytes(&self) -> &[u8];
    /// The character at a position before the end, and the position behind it.
    fn at(&self, position: usize) -> (u32, usize);
    /// The character before a position that is not 0, and its position.
    fn before(&self, position: usize) -> (u32, usize);
}

/// Bytes, or text that is ASCII.
#[derive(Clone, Copy)]
pub struct Narrow<'a>(pub &'a [u8]);

/// Text in UTF-8.
#[derive(Clone, Copy)]
pub struct Wide<'a>(pub &'a str);

impl Text for Narrow<'_> {
    const NARROW: bool = true;
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.0
    }
    #[inline]
    fn at(&self, position: usize) -> (u32, usize) {
        (u32::from(self.0[position]), position + 1)
    }
    #[inline]
    fn before(&self, position: usize) -> (u32, usize) {
        (u32::from(self.0[position - 1]), position - 1)
    }
}

impl Text for Wide<'_> {
    const NARROW: bool = false;
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
    #[inline]
    fn at(&self, position: usize) -> (u32, usize) {
        let first = self.0.as_bytes()[position];
        if first < 128 {
            return (u32::from(first), position + 1);
        }
        let c = self.0[position..].chars().next().unwrap_or('\u{fffd}');
        (code_of(c), position + c.len_utf8())
    }
    #[inline]
    fn before(&self, position: usize) -> (u32, usize) {
        let c = self.0[..position].chars().next_back().unwrap_or('\u{fffd}');
        (code_of(c), position - c.len_utf8())
    }
}

/// Something to come back to, or to put back on the way there.
enum Choice {
    Branch {
        op: usize,
        at: usize,
    },
    Restore {
        slot: usize,
        old: usize,
    },
    /// A greedy run that can give up characters down to `low`, then goes on at `op`.
    Longest {
        op: usize,
        low: usize,
        at: usize,
    },
    /// A lazy run, the operation `op`, that can take up to `left` characters more.
    Shortest {
        op: usize,
        at: usize,
        left: u32,
    },
}

/// Where a match may begin and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Search,
    Match,
    FullMatch,
}

thread_local! {
    /// Slots and choices of the last matcher, for the next one.
    static SPARE: Cell<Option<(Vec<usize>, Vec<Choice>)>> = const { Cell::new(None) };
}

pub struct Matcher<'a, T: Text> {
    program: &'a Program,
    text: T,
    end: usize,
    slots: Vec<usize>,
    stack: Vec<Choice>,
    mode: Mode,
    /// An empty match at this position does not count.
    refused: usize,
    start: usize,
    /// Bodies of look-arounds and atomic groups around what is being matched.
    depth: usize,
}

impl<T: Text> Drop for Matcher<'_, T> {
    fn drop(&mut self) {
        if self.stack.capacity() <= MOST_SPARED {
            SPARE.set(Some((std::mem::take(&mut self.slots), std::mem::take(&mut self.stack))));
        }
    }
}

/// Choices that a matcher may leave room for.
const MOST_SPARED: usize = 4096;

impl<'a, T: Text> Matcher<'a, T> {
    pub fn new(program: &'a Program, text: T) -> Matcher<'a, T> {
        let (mut slots, mut stack) = SPARE.take().unwrap_or_default();
        slots.clear();
        slots.resize(program.slots, UNSET);
        stack.clear();
        Matcher {
            program,
            text,
            end: text.bytes().len(),
            slots,
            stack,
            mode: Mode::Search,
            refused: UNSET,
            start: 0,
            depth: 0,
        }
    }

    /// Start and end of the match and of each group as byte offsets, `UNSET` for groups without a match; then the slot
    /// of the last group. An empty match at `from` does not count if `advance`.
    pub fn find(&mut self, from: usize, mode: Mode, advance: bool) -> Option<&[usize]> {
        self.depth = 0;
        self.mode = mode;
        self.refused = if advance { from } else { UNSET };
        let mut at = from;
        loop {
            if mode == Mode::Search {
                at = self.candidate(at)?;
            } else if let Some(first) = &self.program.first
                && !self.text.bytes().get(at).is_some_and(|&byte| first[usize::from(byte)])
            {
                return None;
            }
            self.start = at;
            // Where nothing can be come back to, what is set is not remembered.
            self.slots.fill(UNSET);
            self.stack.clear();
            if let Some(end) = self.run(0, at) {
                self.slots[0] = at;
                self.slots[1] = end;
                return Some(&self.slots);
            }
            if mode != Mode::Search || at >= self.end || self.program.anchored {
                return None;
            }
            at = self.text.at(at).1;
        }
    }

    /// The next position where a match may begin.
    fn candidate(&self, at: usize) -> Option<usize> {
        let program = self.program;
        let rest = &self.text.bytes()[at..];
        let filter = if T::NARROW { &program.narrow_filter } else { &program.filter };
        let offset = match (&program.first, filter) {
            _ if !program.prefix.is_empty() => find(rest, &program.prefix)?,
            (_, Some(filter)) => filter.find(rest)?,
            (Some(first), None) => rest.iter().position(|&byte| first[byte as usize])?,
            (None, None) => 0,
        };
        Some(at + offset)
    }

    fn set(&mut self, slot: usize, value: usize) {
        if self.depth > 0 || !self.stack.is_empty() {
            self.stack.push(Choice::Restore { slot, old: self.slots[slot] });
        }
        self.slots[slot] = value;
    }

    /// Puts back what was set and drops the choices above `base`.
    fn unwind(&mut self, base: usize) {
        while self.stack.len() > base {
            if let Some(Choice::Restore { slot, old }) = self.stack.pop() {
                self.slots[slot] = old;
            }
        }
    }

    /// Drops the choices above `base`, but what was set stays to be put back later.
    fn commit(&mut self, base: usize) {
        let mut kept = base;
        for index in base..self.stack.len() {
            if matches!(self.stack[index], Choice::Restore { .. }) {
                self.stack.swap(kept, index);
                kept += 1;
            }
        }
        self.stack.truncate(kept);
    }

    /// Goes back to the last choice above `base`.
    fn backtrack(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.stack.len() > base {
            match self.stack.pop()? {
                Choice::Branch { op, at } => return Some((op, at)),
                Choice::Restore { slot, old } => self.slots[slot] = old,
                Choice::Longest { op, low, at } => {
                    if at > low {
                        let mut at = self.text.before(at).1;
                        // What must follow is looked for at once.
                        if let Op::Run { follow: Some(follow), .. } = &self.program.ops[op - 1] {
                            let bytes = self.text.bytes();
                            while at > low && !follow[usize::from(bytes[at])] {
                                at = self.text.before(at).1;
                            }
                        }
                        if at > low {
                            self.stack.push(Choice::Longest { op, low, at });
                        }
                        return Some((op, at));
                    }
                }
                Choice::Shortest { op, at, left } => {
                    let Op::Run { one, follow, .. } = &self.program.ops[op] else { continue };
                    let (mut at, mut left) = (at, left);
                    while left > 0 && at < self.end {
                        let (code, next) = self.text.at(at);
                        if !one.matches(code) {
                            break;
                        }
                        at = next;
                        left = if left == UNLIMITED { left } else { left - 1 };
                        let byte = self.text.bytes().get(at);
                        if follow.as_ref().is_none_or(|follow| byte.is_some_and(|&byte| follow[usize::from(byte)])) {
                            self.stack.push(Choice::Shortest { op, at, left });
                            return Some((op + 1, at));
                        }
                    }
                }
            }
        }
        None
    }

    /// Runs from an operation to the end of its program; the position reached.
    fn run(&mut self, op: usize, at: usize) -> Option<usize> {
        let base = self.stack.len();
        let (mut op, mut at) = (op, at);
        let program = self.program;
        loop {
            let ok = match &program.ops[op] {
                Op::One(one) => {
                    if at < self.end {
                        let (code, next) = self.text.at(at);
                        if one.matches(code) {
                            at = next;
                            op += 1;
                            continue;
                        }
                    }
                    false
                }
                Op::Literal(literal) => {
                    if self.text.bytes()[at..].starts_with(literal) {
                        at += literal.len();
                        op += 1;
                        continue;
                    }
                    false
                }
                Op::Split { first, second, worth } => {
                    let index = self.text.bytes().get(at).map_or(256, |&byte| usize::from(byte));
                    match worth.as_ref().map_or(FIRST | SECOND, |worth| worth[index]) {
                        0 => false,
                        FIRST => {
                            op = *first;
                            continue;
                        }
                        SECOND => {
                            op = *second;
                            continue;
                        }
                        _ => {
                            self.stack.push(Choice::Branch { op: *second, at });
                            op = *first;
                            continue;
                        }
                    }
                }
                Op::Jump(target) => {
                    op = *target;
                    continue;
                }
                Op::Open(group) => {
                    self.set(2 * group, at);
                    true
                }
                Op::Close(group) => {
                    self.set(2 * group + 1, at);
                    self.set(Program::last_group(program.groups), *group);
                    true
                }
                Op::Place(place) => self.is_at(*place, at),
                Op::Look { behind, negated, next } => {
                    let matched = self.look(op + 1, at, *behind, *negated);
                    if matched != *negated {
                        op = *next;
                        continue;
                    }
                    false
                }
                Op::Atomic { next } => {
                    let inner = self.stack.len();
                    if let Some(end) = self.nested(op + 1, at) {
                        self.commit(inner);
                        at = end;
                        op = *next;
                        continue;
                    }
                    false
                }
                Op::Back { group, ignore_case, ascii } => match self.same(*group, at, *ignore_case, *ascii) {
                    Some(next) => {
                        at = next;
                        true
                    }
                    None => false,
                },
                Op::Condition { group, otherwise } => {
                    op = if self.slots[2 * group + 1] == UNSET { *otherwise } else { op + 1 };
                    continue;
                }
                Op::Run { greed, least, most, .. } => match self.repeat(op, at, *least, *most, *greed) {
                    Some(next) => {
                        at = next;
                        true
                    }
                    None => false,
                },
                Op::RepeatStart { slot } => {
                    self.set(*slot, 0);
                    self.set(slot + 1, UNSET);
                    true
                }
                Op::RepeatNext { slot, least, most, lazy, next } => {
                    let (count, last) = (self.slots[*slot], self.slots[slot + 1]);
                    let may_go_on = (*most == UNLIMITED || count < *most as usize) && at != last;
                    if count < *least as usize {
                        true
                    } else if !may_go_on {
                        op = *next;
                        continue;
                    } else if *lazy {
                        self.stack.push(Choice::Branch { op: op + 1, at });
                        op = *next;
                        continue;
                    } else {
                        self.stack.push(Choice::Branch { op: *next, at });
                        true
                    }
                }
                Op::RepeatRound { slot } => {
                    self.set(*slot, self.slots[*slot] + 1);
                    self.set(slot + 1, at);
                    true
                }
                Op::Done => return Some(at),
                Op::Accept => {
                    let refused = at == self.start && at == self.refused;
                    if !refused && (self.mode != Mode::FullMatch || at == self.end) {
                        return Some(at);
                    }
                    false
                }
                Op::Fail => false,
            };
            if ok {
                op += 1;
                continue;
            }
            (op, at) = self.backtrack(base)?;
        }
    }

    /// The body of a look-around or atomic group.
    fn nested(&mut self, op: usize, at: usize) -> Option<usize> {
        self.depth += 1;
        let end = self.run(op, at);
        self.depth -= 1;
        end
    }

    fn look(&mut self, op: usize, at: usize, behind: Option<usize>, negated: bool) -> bool {
        let mut from = at;
        for _ in 0..behind.unwrap_or(0) {
            if from == 0 {
                return false;
            }
            from = self.text.before(from).1;
        }
        let base = self.stack.len();
        let matched = self.nested(op, from).is_some();
        if matched && !negated {
            self.commit(base);
        } else {
            self.unwind(base);
        }
        matched
    }

    fn repeat(&mut self, op: usize, at: usize, least: u32, most: u32, greed: Greed) -> Option<usize> {
        let Op::Run { one, .. } = &self.program.ops[op] else { return None };
        let wanted = if greed == Greed::Lazy { least } else { most };
        let (at, low) = if T::NARROW || wanted == UNLIMITED && least <= 1 {
            // Characters need not be counted one by one.
            let end = self.run_end(one, at, wanted as usize);
            let low = match least {
                0 => at,
                _ if T::NARROW => at + least as usize,
                _ if end > at => self.text.at(at).1,
                _ => return None,
            };
            if low > end {
                return None;
            }
            (end, low)
        } else {
            self.counted(one, at, least, wanted)?
        };
        match greed {
            Greed::Possessive => {}
            Greed::Greedy if at > low => self.stack.push(Choice::Longest { op: op + 1, low, at }),
            Greed::Greedy => {}
            Greed::Lazy => {
                let left = if most == UNLIMITED { most } else { most - least };
                self.stack.push(Choice::Shortest { op, at, left });
            }
        }
        Some(at)
    }

    /// Where a run of characters ends, of at most so many where each is a byte.
    fn run_end(&self, one: &One, at: usize, most: usize) -> usize {
        let rest = &self.text.bytes()[at..];
        let rest = &rest[..most.min(rest.len())];
        let length = match one {
            One::AnyAtAll => rest.len(),
            One::Any => find_byte(rest, b'\n').unwrap_or(rest.len()),
            One::Character(code) if T::NARROW || *code < 128 => {
                rest.iter().position(|&byte| u32::from(byte) != *code).unwrap_or(rest.len())
            }
            one => match one.low() {
                Some(low) if T::NARROW => rest.iter().position(|&byte| !low[usize::from(byte)]).unwrap_or(rest.len()),
                low => {
                    let mut end = at;
                    while let Some(&byte) = self.text.bytes().get(end) {
                        if byte < 128
                            && let Some(low) = low
                        {
                            if !low[usize::from(byte)] {
                                break;
                            }
                            end += 1;
                            continue;
                        }
                        let (code, next) = self.text.at(end);
                        if !one.matches(code) {
                            break;
                        }
                        end = next;
                    }
                    end - at
                }
            },
        };
        at + length
    }

    /// Where a run of so many characters ends, and where its shortest form does.
    fn counted(&self, one: &One, at: usize, least: u32, wanted: u32) -> Option<(usize, usize)> {
        let (mut at, mut count, mut low) = (at, 0, at);
        while count < wanted && at < self.end {
            let (code, next) = self.text.at(at);
            if !one.matches(code) {
                break;
            }
            at = next;
            count += 1;
            if count == least {
                low = at;
            }
        }
        (count >= least).then_some((at, low))
    }

    fn same(&self, group: usize, at: usize, ignore_case: bool, ascii: bool) -> Option<usize> {
        let (start, end) = (self.slots[2 * group], self.slots[2 * group + 1]);
        if start == UNSET || end == UNSET || end < start {
            return None;
        }
        if !ignore_case {
            let part = &self.text.bytes()[start..end];
            return self.text.bytes()[at..self.end].starts_with(part).then_some(at + part.len());
        }
        let (mut own, mut at) = (start, at);
        while own < end {
            if at >= self.end {
                return None;
            }
            let ((a, next_own), (b, next)) = (self.text.at(own), self.text.at(at));
            if fold(a, ascii) != fold(b, ascii) {
                return None;
            }
            (own, at) = (next_own, next);
        }
        Some(at)
    }

    fn is_at(&self, place: Place, at: usize) -> bool {
        let bytes = self.text.bytes();
        let word = |ascii: bool| {
            let before = at > 0 && Category::Word.contains(self.text.before(at).0, ascii);
            let after = at < self.end && Category::Word.contains(self.text.at(at).0, ascii);
            before != after
        };
        match place {
            Place::Start => at == 0,
            Place::LineStart => at == 0 || bytes[at - 1] == b'\n',
            Place::End => at == self.end,
            Place::LastLineEnd => at == self.end || at + 1 == self.end && bytes[at] == b'\n',
            Place::LineEnd => at == self.end || bytes[at] == b'\n',
            Place::WordEdge { ascii } => word(ascii),
            // An empty text has neither.
            Place::NoWordEdge { ascii } => !bytes.is_empty() && !word(ascii),
        }
    }
}
