//! The program of a pattern: what the matcher runs, made from the tree, and what is known of where a match can start.

use super::ahead::{Ahead, Bytes, Filter};
use super::class::{Class, fold};
use super::parse::{Greed, Node, Parsed, Place, UNLIMITED, width};
use crate::runtime::surrogates::from_code;

/// One character's worth of a pattern.
#[derive(Clone, Debug)]
pub enum One {
    Character(u32),
    Folded(Box<Folded>),
    Any,
    AnyAtAll,
    Class(Box<Class>),
    /// One of several, with the membership of the first 256 code points.
    Either(Box<([bool; 256], Vec<One>)>),
}

/// A character whose case does not matter.
#[derive(Clone, Debug)]
pub struct Folded {
    code: u32,
    ascii: bool,
    /// Whether each of the first 256 code points equals it.
    low: [bool; 256],
}

impl One {
    fn folded(code: u32, ascii: bool) -> One {
        let low = std::array::from_fn(|other| fold(other as u32, ascii) == code);
        One::Folded(Box::new(Folded { code, ascii, low }))
    }

    fn either(items: Vec<One>) -> One {
        let low = std::array::from_fn(|code| items.iter().any(|item| item.matches(code as u32)));
        One::Either(Box::new((low, items)))
    }

    /// Membership of the first 256 code points, where it is known as a table.
    #[inline]
    pub fn low(&self) -> Option<&[bool; 256]> {
        match self {
            One::Folded(folded) => Some(&folded.low),
            One::Class(class) => Some(class.low()),
            One::Either(either) => Some(&either.0),
            One::Character(_) | One::Any | One::AnyAtAll => None,
        }
    }

    /// Whether no character beyond ASCII can match, as far as is easily told.
    pub fn only_ascii(&self) -> bool {
        match self {
            One::Character(code) => *code < 128,
            One::Folded(folded) => folded.code < 128 && folded.ascii,
            One::Class(class) => class.only_ascii(),
            One::Either(either) => either.1.iter().all(One::only_ascii),
            One::Any | One::AnyAtAll => false,
        }
    }

    #[inline]
    pub fn matches(&self, code: u32) -> bool {
        match self {
            One::Character(own) => *own == code,
            One::Folded(folded) => match folded.low.get(code as usize) {
                Some(&known) => known,
                None => fold(code, folded.ascii) == folded.code,
            },
            One::Any => code != 0x0a,
            One::AnyAtAll => true,
            One::Class(class) => class.contains(code),
            One::Either(either) => match either.0.get(code as usize) {
                Some(&known) => known,
                None => either.1.iter().any(|item| item.matches(code)),
            },
        }
    }

    fn of(node: &Node) -> Option<One> {
        Some(match node {
            Node::Character(code) => One::Character(*code),
            Node::Folded { code, ascii } => One::folded(*code, *ascii),
            Node::Any => One::Any,
            Node::AnyAtAll => One::AnyAtAll,
            Node::Class(class) => One::Class(class.clone()),
            Node::Sequence(items) if items.len() == 1 => return One::of(&items[0]),
            Node::Choice(items) => One::either(items.iter().map(One::of).collect::<Option<_>>()?),
            _ => return None,
        })
    }
}

/// An operation; those that branch name others by index.
#[derive(Debug)]
pub enum Op {
    One(One),
    /// Characters one after the other, as the text has them in bytes.
    Literal(Box<[u8]>),
    /// Tries the first; where that fails, the second.
    Split {
        first: usize,
        second: usize,
        /// Which of the two are worth trying before each byte and, last, at the end: bits of `FIRST` and `SECOND`.
        worth: Option<Box<[u8; 257]>>,
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
        /// Bytes one of which must follow, where the end of the text cannot.
        follow: Option<Box<[bool; 256]>>,
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

/// Bits of `Op::Split::worth`.
pub const FIRST: u8 = 1;
pub const SECOND: u8 = 2;

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
    /// Finds places where a match may start.
    pub filter: Option<Filter>,
    /// The same in text that is ASCII.
    pub narrow_filter: Option<Filter>,
    /// A match starts where the text does.
    pub anchored: bool,
}

impl Program {
    pub fn new(parsed: &Parsed, is_bytes: bool) -> Program {
        let mut builder = Builder { ops: Vec::new(), slots: Program::counters(parsed.groups), is_bytes };
        builder.node(&parsed.root);
        builder.ops.push(Op::Accept);
        let mut ops = builder.ops;
        let narrow_filter = Filter::new(&Ahead::new(&ops, true));
        let (first, filter) = look_ahead(&mut ops, is_bytes);
        let mut prefix = Vec::new();
        literal_prefix(&parsed.root, is_bytes, &mut prefix);
        let anchored = match &parsed.root {
            Node::Place(Place::Start) => true,
            Node::Sequence(items) => matches!(items.first(), Some(Node::Place(Place::Start))),
            _ => false,
        };
        Program {
            ops,
            groups: parsed.groups,
            slots: builder.slots,
            is_bytes,
            first: first.map(|bytes| bytes.table()),
            filter: if is_bytes { None } else { filter },
            narrow_filter,
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

/// Adds to branches and runs what is known of the bytes that come next; the bytes a match can start with, unless it can be
/// empty.
fn look_ahead(ops: &mut [Op], is_bytes: bool) -> (Option<Bytes>, Option<Filter>) {
    let ahead = Ahead::new(ops, is_bytes);
    let mut known = Vec::new();
    for (op, operation) in ops.iter().enumerate() {
        match operation {
            Op::Split { first, second, .. } => {
                let (first, second) = (ahead.at(*first), ahead.at(*second));
                let worth = |byte: Option<u8>| {
                    (if first.allows(byte) { FIRST } else { 0 }) | if second.allows(byte) { SECOND } else { 0 }
                };
                let table: [u8; 257] = std::array::from_fn(|index| worth(u8::try_from(index).ok()));
                if table.iter().any(|&bits| bits != FIRST | SECOND) {
                    known.push((op, Known::Worth(Box::new(table))));
                }
            }
            Op::Run { greed, .. } => {
                let next = ahead.at(op + 1);
                if *greed == Greed::Greedy && next.never_gives_back(&ahead.own(op)) {
                    known.push((op, Known::Possessive));
                } else if let Some(bytes) = next.needed().filter(|bytes| *bytes != Bytes::ALL) {
                    known.push((op, Known::Follow(bytes.table())));
                }
            }
            _ => {}
        }
    }
    let found = (ahead.at(0).needed(), Filter::new(&ahead));
    for (op, known) in known {
        match (&mut ops[op], known) {
            (Op::Split { worth, .. }, Known::Worth(table)) => *worth = Some(table),
            (Op::Run { follow, .. }, Known::Follow(table)) => *follow = Some(table),
            (Op::Run { greed, .. }, Known::Possessive) => *greed = Greed::Possessive,
            _ => {}
        }
    }
    found
}

enum Known {
    Worth(Box<[u8; 257]>),
    Follow(Box<[bool; 256]>),
    Possessive,
}

struct Builder {
    ops: Vec<Op>,
    slots: usize,
    is_bytes: bool,
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
            Node::Sequence(items) => self.sequence(items),
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

    fn sequence(&mut self, items: &[Node]) {
        let mut rest = items;
        while let Some(item) = rest.first() {
            let mut literal = Vec::new();
            let count = rest.iter().take_while(|item| {
                matches!(item, Node::Character(_)) && literal_prefix(item, self.is_bytes, &mut literal)
            });
            let count = count.count();
            if count > 1 {
                self.push(Op::Literal(literal.into()));
                rest = &rest[count..];
            } else {
                self.node(item);
                rest = &rest[1..];
            }
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
            self.ops[split] = Op::Split { first: split + 1, second: self.ops.len(), worth: None };
        }
        let end = self.ops.len();
        for jump in jumps {
            self.ops[jump] = Op::Jump(end);
        }
    }

    fn split(&mut self, at: usize, body: usize, exit: usize, lazy: bool) {
        let (first, second) = if lazy { (exit, body) } else { (body, exit) };
        self.ops[at] = Op::Split { first, second, worth: None };
    }

    fn repeat(&mut self, body: &Node, least: u32, most: u32, greed: Greed) {
        if let Some(one) = One::of(body) {
            self.push(Op::Run { one, least, most, greed, follow: None });
            return;
        }
        if greed == Greed::Possessive {
            // As in CPython each round is final too: what it took is not given back for another round.
            let round = match body {
                Node::Atomic(_) => body.clone(),
                _ => Node::Atomic(Box::new(body.clone())),
            };
            self.atomic(|builder| builder.repeat(&round, least, most, Greed::Greedy));
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
