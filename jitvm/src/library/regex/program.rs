//! The program of a pattern: what the matcher runs, made from the tree, and what is known of where a match can start.

use super::class::{Class, fold};
use super::parse::{Greed, Node, Parsed, Place, UNLIMITED, width};
use crate::runtime::surrogates::from_code;

/// One character's worth of a pattern.
#[derive(Clone, Debug)]
pub enum One {
    Character(u32),
    Folded { code: u32, ascii: bool },
    Any,
    AnyAtAll,
    Class(Box<Class>),
}

impl One {
    #[inline]
    pub fn matches(&self, code: u32) -> bool {
        match self {
            One::Character(own) => *own == code,
            One::Folded { code: own, ascii } => fold(code, *ascii) == *own,
            One::Any => code != 0x0a,
            One::AnyAtAll => true,
            One::Class(class) => class.contains(code),
        }
    }

    fn of(node: &Node) -> Option<One> {
        Some(match node {
            Node::Character(code) => One::Character(*code),
            Node::Folded { code, ascii } => One::Folded { code: *code, ascii: *ascii },
            Node::Any => One::Any,
            Node::AnyAtAll => One::AnyAtAll,
            Node::Class(class) => One::Class(class.clone()),
            Node::Sequence(items) if items.len() == 1 => return One::of(&items[0]),
            _ => return None,
        })
    }
}

/// An operation; those that branch name others by index.
#[derive(Debug)]
pub enum Op {
    One(One),
    /// Tries the first; where that fails, the second.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// A group begins.
    Open(usize),
    /// A group ends.
    Close(usize),
    Place(Place),
    /// The body follows and ends with `Done`; `width` characters back for a look-behind.
    Look {
        behind: Option<usize>,
        negated: bool,
        next: usize,
    },
    /// The body follows and ends with `Done`.
    Atomic {
        next: usize,
    },
    Back {
        group: usize,
        ignore_case: bool,
        ascii: bool,
    },
    /// Goes on if the group has matched.
    Condition {
        group: usize,
        otherwise: usize,
    },
    /// One character several times.
    Run {
        one: One,
        least: u32,
        most: u32,
        greed: Greed,
    },
    /// Begins a counted repetition whose count is in a slot; the next slot has where the last round began.
    RepeatStart {
        slot: usize,
    },
    RepeatNext {
        slot: usize,
        least: u32,
        most: u32,
        lazy: bool,
        next: usize,
    },
    /// A round of the repetition before it begins.
    RepeatRound {
        slot: usize,
    },
    /// The body of a look-around or atomic group matched.
    Done,
    /// The pattern matched.
    Accept,
    Fail,
}

/// A pattern ready to be matched.
#[derive(Debug)]
pub struct Program {
    pub ops: Vec<Op>,
    /// Groups, the whole match not counted.
    pub groups: usize,
    pub slots: usize,
    pub is_bytes: bool,
    /// Bytes a match can start with, unless it can be empty.
    pub first: Option<Box<[bool; 256]>>,
    /// Bytes every match starts with.
    pub prefix: Vec<u8>,
    /// A match starts where the text does.
    pub anchored: bool,
}

impl Program {
    pub fn new(parsed: &Parsed, is_bytes: bool) -> Program {
        let mut builder = Builder { ops: Vec::new(), slots: Program::counters(parsed.groups) };
        builder.node(&parsed.root);
        builder.ops.push(Op::Accept);
        let mut first = Box::new([false; 256]);
        let nullable = starts(&parsed.root, is_bytes, &mut first);
        let mut prefix = Vec::new();
        literal_prefix(&parsed.root, is_bytes, &mut prefix);
        let anchored = match &parsed.root {
            Node::Place(Place::Start) => true,
            Node::Sequence(items) => matches!(items.first(), Some(Node::Place(Place::Start))),
            _ => false,
        };
        Program {
            ops: builder.ops,
            groups: parsed.groups,
            slots: builder.slots,
            is_bytes,
            first: (!nullable).then_some(first),
            prefix,
            anchored,
        }
    }

    /// The slot of the group that was closed last.
    pub fn last_group(groups: usize) -> usize {
        2 * groups + 2
    }
    fn counters(groups: usize) -> usize {
        2 * groups + 3
    }
}

struct Builder {
    ops: Vec<Op>,
    slots: usize,
}

impl Builder {
    fn push(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    fn node(&mut self, node: &Node) {
        if let Some(one) = One::of(node) {
            self.push(Op::One(one));
            return;
        }
        match node {
            Node::Sequence(items) => items.iter().for_each(|item| self.node(item)),
            Node::Choice(items) => self.choice(items),
            Node::Group(number, body) => {
                self.push(Op::Open(*number));
                self.node(body);
                self.push(Op::Close(*number));
            }
            Node::Repeat { body, least, most, greed } => self.repeat(body, *least, *most, *greed),
            Node::Place(place) => drop(self.push(Op::Place(*place))),
            Node::Look { ahead, negated, body } => {
                let behind = (!ahead).then(|| self.width_of(body));
                let at = self.push(Op::Look { behind, negated: *negated, next: 0 });
                self.node(body);
                self.push(Op::Done);
                let end = self.ops.len();
                self.ops[at] = Op::Look { behind, negated: *negated, next: end };
            }
            Node::Back { group, ignore_case, ascii } => {
                self.push(Op::Back { group: *group, ignore_case: *ignore_case, ascii: *ascii });
            }
            Node::Condition { group, yes, no } => {
                let at = self.push(Op::Fail);
                self.node(yes);
                let jump = self.push(Op::Fail);
                self.ops[at] = Op::Condition { group: *group, otherwise: self.ops.len() };
                self.node(no);
                self.ops[jump] = Op::Jump(self.ops.len());
            }
            Node::Atomic(body) => self.atomic(|builder| builder.node(body)),
            Node::Fail => drop(self.push(Op::Fail)),
            _ => {}
        }
    }

    fn atomic(&mut self, body: impl FnOnce(&mut Builder)) {
        let at = self.push(Op::Fail);
        body(self);
        self.push(Op::Done);
        self.ops[at] = Op::Atomic { next: self.ops.len() };
    }

    /// The parser has checked that look-behinds have one width; groups they refer to lie before them.
    fn width_of(&self, body: &Node) -> usize {
        width(body, &|_| (0, 0)).0
    }

    fn choice(&mut self, items: &[Node]) {
        let mut jumps = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if index + 1 == items.len() {
                self.node(item);
                break;
            }
            let split = self.push(Op::Fail);
            self.node(item);
            jumps.push(self.push(Op::Fail));
            self.ops[split] = Op::Split { first: split + 1, second: self.ops.len() };
        }
        let end = self.ops.len();
        for jump in jumps {
            self.ops[jump] = Op::Jump(end);
        }
    }

    fn split(&mut self, at: usize, body: usize, exit: usize, lazy: bool) {
        let (first, second) = if lazy { (exit, body) } else { (body, exit) };
        self.ops[at] = Op::Split { first, second };
    }

    fn repeat(&mut self, body: &Node, least: u32, most: u32, greed: Greed) {
        if let Some(one) = One::of(body) {
            self.push(Op::Run { one, least, most, greed });
            return;
        }
        if greed == Greed::Possessive {
            self.atomic(|builder| builder.repeat(body, least, most, Greed::Greedy));
            return;
        }
        let lazy = greed == Greed::Lazy;
        let empty = width(body, &|_| (0, 0)).0 == 0;
        match (least, most) {
            (0, 1) => {
                let split = self.push(Op::Fail);
                self.node(body);
                let exit = self.ops.len();
                self.split(split, split + 1, exit, lazy);
            }
            (1, 1) => self.node(body),
            (0, UNLIMITED) if !empty => {
                let split = self.push(Op::Fail);
                self.node(body);
                self.push(Op::Jump(split));
                let exit = self.ops.len();
                self.split(split, split + 1, exit, lazy);
            }
            (1, UNLIMITED) if !empty => {
                let start = self.ops.len();
                self.node(body);
                let split = self.push(Op::Fail);
                self.split(split, start, split + 1, lazy);
            }
            _ => {
                let slot = self.slots;
                self.slots += 2;
                self.push(Op::RepeatStart { slot });
                let at = self.push(Op::Fail);
                self.push(Op::RepeatRound { slot });
                self.node(body);
                self.push(Op::Jump(at));
                self.ops[at] = Op::RepeatNext { slot, least, most, lazy, next: self.ops.len() };
            }
        }
    }
}

/// Adds the bytes that a match of the tree can start with; true if it can match without reading one.
fn starts(node: &Node, is_bytes: bool, first: &mut [bool; 256]) -> bool {
    if let Some(one) = One::of(node) {
        for code in 0..if is_bytes { 256 } else { 128 } {
            first[code as usize] |= one.matches(code);
        }
        let only_ascii = match one {
            One::Character(code) => code < 128,
            One::Folded { code, ascii } => code < 128 && ascii,
            _ => false,
        };
        if !is_bytes && !only_ascii {
            first[0xc0..].fill(true);
        }
        return false;
    }
    match node {
        Node::Sequence(items) => items.iter().all(|item| starts(item, is_bytes, first)),
        Node::Choice(items) => items.iter().fold(false, |empty, item| starts(item, is_bytes, first) | empty),
        Node::Group(_, body) | Node::Atomic(body) => starts(body, is_bytes, first),
        Node::Repeat { body, least, .. } => starts(body, is_bytes, first) | (*least == 0),
        Node::Condition { yes, no, .. } => starts(yes, is_bytes, first) | starts(no, is_bytes, first),
        Node::Back { .. } => {
            first.fill(true);
            true
        }
        _ => true,
    }
}

/// Appends the bytes that every match starts with; false where they may go on in several ways.
fn literal_prefix(node: &Node, is_bytes: bool, prefix: &mut Vec<u8>) -> bool {
    match node {
        Node::Character(code) => match from_code(*code) {
            Some(_) if is_bytes => {
                prefix.push(*code as u8);
                true
            }
            Some(c) => {
                prefix.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                true
            }
            None => false,
        },
        Node::Sequence(items) => items.iter().all(|item| literal_prefix(item, is_bytes, prefix)),
        Node::Group(_, body) => literal_prefix(body, is_bytes, prefix),
        Node::Repeat { body, least, most, .. } if *least > 0 => {
            literal_prefix(body, is_bytes, prefix) && *least == 1 && *most == 1
        }
        _ => false,
    }
}
