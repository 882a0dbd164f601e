//! The parser of patterns: text to a tree, with the messages of CPython for what is wrong.

mod escape;

use std::collections::HashMap;

use super::class::{Category, Class, Part};
use super::{ASCII, DOTALL, IGNORECASE, LOCALE, MULTILINE, PatternError, UNICODE, VERBOSE};
use crate::runtime::surrogates::from_code;

/// How often at most, where no limit is given.
pub const UNLIMITED: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Start,
    LineStart,
    End,
    /// The end, or before a line feed at the end.
    LastLineEnd,
    LineEnd,
    WordEdge {
        ascii: bool,
    },
    NoWordEdge {
        ascii: bool,
    },
}

#[derive(Clone, Debug)]
pub enum Node {
    Empty,
    /// Never matches.
    Fail,
    Character(u32),
    /// A character whose case is ignored, in its folded form.
    Folded {
        code: u32,
        ascii: bool,
    },
    /// Any character but a line feed.
    Any,
    AnyAtAll,
    Class(Box<Class>),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Group(usize, Box<Node>),
    Repeat {
        body: Box<Node>,
        least: u32,
        most: u32,
        greed: Greed,
    },
    Place(Place),
    Look {
        ahead: bool,
        negated: bool,
        body: Box<Node>,
    },
    Back {
        group: usize,
        ignore_case: bool,
        ascii: bool,
    },
    Condition {
        group: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
    Atomic(Box<Node>),
}

/// A pattern's tree and what it says of itself.
pub struct Parsed {
    pub root: Node,
    pub flags: u32,
    /// Groups, the whole match not counted.
    pub groups: usize,
    pub names: Vec<(String, usize)>,
}

struct Parser<'a> {
    source: &'a [u32],
    at: usize,
    is_bytes: bool,
    /// Flags of the whole pattern.
    global: u32,
    groups: usize,
    names: Vec<(String, usize)>,
    index: HashMap<String, usize>,
    open: Vec<usize>,
    /// Widths of closed groups, for look-behinds that refer to them.
    widths: HashMap<usize, (usize, usize)>,
    /// Groups that conditions refer to by number, and where.
    conditions: Vec<(usize, usize)>,
    /// Groups that were open when the look-behind that is read now began.
    behind: Option<usize>,
}

type Result<T> = std::result::Result<T, PatternError>;

/// Parses a pattern given as code points, or as bytes.
pub fn parse(source: &[u32], is_bytes: bool, flags: u32) -> Result<Parsed> {
    let mut flags = flags;
    // A pattern that turns on VERBOSE is read again with it.
    for _ in 0..2 {
        let mut parser = Parser {
            source,
            at: 0,
            is_bytes,
            global: flags,
            groups: 0,
            names: Vec::new(),
            index: HashMap::new(),
            open: Vec::new(),
            widths: HashMap::new(),
            conditions: Vec::new(),
            behind: None,
        };
        parser.global_flags()?;
        if parser.global & VERBOSE != 0 && flags & VERBOSE == 0 {
            flags |= parser.global;
            continue;
        }
        let start = parser.global;
        let root = parser.choice(start, true)?;
        if parser.at < source.len() {
            return Err(PatternError { message: "unbalanced parenthesis".to_owned(), position: Some(parser.at) });
        }
        for &(group, position) in &parser.conditions {
            if group > parser.groups {
                let message = format!("invalid group reference {group}");
                return Err(PatternError { message, position: Some(position) });
            }
        }
        let mut flags = parser.global;
        if !is_bytes && flags & ASCII == 0 {
            flags |= UNICODE;
        }
        return Ok(Parsed { root, flags, groups: parser.groups, names: parser.names });
    }
    Err(PatternError { message: "flags of the pattern cannot be found".to_owned(), position: None })
}

fn is(code: u32, c: char) -> bool {
    code == c as u32
}

impl Parser<'_> {
    fn peek(&self) -> Option<u32> {
        self.source.get(self.at).copied()
    }
    fn peek_is(&self, c: char) -> bool {
        self.peek() == Some(c as u32)
    }
    fn accept(&mut self, c: char) -> bool {
        let found = self.peek_is(c);
        self.at += usize::from(found);
        found
    }
    fn take(&mut self) -> Option<u32> {
        let code = self.peek()?;
        self.at += 1;
        Some(code)
    }
    fn text(&self, start: usize, end: usize) -> String {
        self.source[start..end].iter().map(|&code| from_code(code).unwrap_or('\u{fffd}')).collect()
    }
    fn fail<T>(&self, message: impl Into<String>, position: usize) -> Result<T> {
        Err(PatternError { message: message.into(), position: Some(position) })
    }

    /// Flags at the start, `(?i)`, are the whole pattern's.
    fn global_flags(&mut self) -> Result<()> {
        loop {
            let start = self.at;
            if self.global & VERBOSE != 0 {
                self.skip_blank();
            }
            let is_flags = self.source[self.at..].starts_with(&[0x28, 0x3f])
                && self
                    .source
                    .get(self.at + 2)
                    .is_some_and(|&code| "aiLmsux".contains(char::from_u32(code).unwrap_or(' ')));
            if !is_flags {
                self.at = start;
                return Ok(());
            }
            self.at += 2;
            let (add, _, ends) = self.flag_letters()?;
            if !ends {
                self.at = start;
                return Ok(());
            }
            self.global |= add;
        }
    }

    /// Letters up to `)` or `:`; flags to set and clear, and whether `)` ended them.
    fn flag_letters(&mut self) -> Result<(u32, u32, bool)> {
        let mut add = 0;
        let mut remove = 0;
        let flag_of = |code: u32| match char::from_u32(code) {
            Some('a') => ASCII,
            Some('i') => IGNORECASE,
            Some('L') => LOCALE,
            Some('m') => MULTILINE,
            Some('s') => DOTALL,
            Some('u') => UNICODE,
            Some('x') => VERBOSE,
            _ => 0,
        };
        let types = ASCII | LOCALE | UNICODE;
        let is_letter = |code: u32| char::from_u32(code).is_some_and(char::is_alphabetic);
        if !self.peek_is('-') {
            loop {
                let Some(code) = self.take() else { return self.fail("missing -, : or )", self.at) };
                if is(code, ')') {
                    return Ok((add, 0, true));
                }
                if is(code, ':') {
                    return Ok((add, 0, false));
                }
                if is(code, '-') {
                    break;
                }
                let flag = flag_of(code);
                if flag == 0 {
                    let message = if is_letter(code) { "unknown flag" } else { "missing -, : or )" };
                    return self.fail(message, self.at - 1);
                }
                if self.is_bytes && flag == UNICODE {
                    return self.fail("bad inline flags: cannot use 'u' flag with a bytes pattern", self.at);
                }
                if !self.is_bytes && flag == LOCALE {
                    return self.fail("bad inline flags: cannot use 'L' flag with a str pattern", self.at);
                }
                add |= flag;
                if flag & types != 0 && add & types != flag {
                    return self.fail("bad inline flags: flags 'a', 'u' and 'L' are incompatible", self.at);
                }
            }
        } else {
            self.at += 1;
        }
        let Some(mut code) = self.take() else { return self.fail("missing flag", self.at) };
        if flag_of(code) == 0 {
            let message = if is_letter(code) { "unknown flag" } else { "missing flag" };
            return self.fail(message, self.at - 1);
        }
        loop {
            let flag = flag_of(code);
            if flag & types != 0 {
                let message = "bad inline flags: cannot turn off flags 'a', 'u' and 'L'";
                return self.fail(message, self.at);
            }
            remove |= flag;
            match self.take() {
                None => return self.fail("missing :", self.at),
                Some(next) if is(next, ':') => break,
                Some(next) => {
                    if flag_of(next) == 0 {
                        let message = if is_letter(next) { "unknown flag" } else { "missing :" };
                        return self.fail(message, self.at - 1);
                    }
                    code = next;
                }
            }
        }
        if add & remove != 0 {
            return self.fail("bad inline flags: flag turned on and off", self.at - 1);
        }
        Ok((add, remove, false))
    }

    fn skip_blank(&mut self) {
        while let Some(code) = self.peek() {
            if matches!(code, 0x20 | 0x09..=0x0d) {
                self.at += 1;
            } else if is(code, '#') {
                while let Some(code) = self.take() {
                    if is(code, '\n') {
                        break;
                    }
                }
            } else {
                break;
            }
        }
    }

    fn ascii(&self, flags: u32) -> bool {
        self.is_bytes || flags & ASCII != 0
    }

    fn choice(&mut self, flags: u32, first: bool) -> Result<Node> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence(flags, first && branches.is_empty())?);
            if !self.accept('|') {
                break;
            }
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Choice(branches) })
    }

    fn sequence(&mut self, flags: u32, first: bool) -> Result<Node> {
        let mut items: Vec<Node> = Vec::new();
        // Whether the last item may be repeated: not after a repetition or a position.
        let mut repeatable = Repeatable::Nothing;
        loop {
            if flags & VERBOSE != 0 {
                self.skip_blank();
            }
            let Some(code) = self.peek() else { break };
            if is(code, '|') || is(code, ')') {
                break;
            }
            let start = self.at;
            self.at += 1;
            match char::from_u32(code) {
                Some('*' | '+' | '?' | '{') => {
                    let (least, most) = match char::from_u32(code) {
                        Some('*') => (0, UNLIMITED),
                        Some('+') => (1, UNLIMITED),
                        Some('?') => (0, 1),
                        _ => match self.bounds(start)? {
                            Some(bounds) => bounds,
                            None => {
                                items.push(self.literal(code, flags));
                                repeatable = Repeatable::Yes;
                                continue;
                            }
                        },
                    };
                    match repeatable {
                        Repeatable::Nothing => return self.fail("nothing to repeat", start),
                        Repeatable::Repeated => return self.fail("multiple repeat", start),
                        Repeatable::Yes => {}
                    }
                    let greed = if self.accept('?') {
                        Greed::Lazy
                    } else if self.accept('+') {
                        Greed::Possessive
                    } else {
                        Greed::Greedy
                    };
                    let body = Box::new(items.pop().unwrap_or(Node::Empty));
                    items.push(Node::Repeat { body, least, most, greed });
                    repeatable = Repeatable::Repeated;
                }
                Some('.') => {
                    items.push(if flags & DOTALL != 0 { Node::AnyAtAll } else { Node::Any });
                    repeatable = Repeatable::Yes;
                }
                Some('^') => {
                    items.push(Node::Place(if flags & MULTILINE != 0 { Place::LineStart } else { Place::Start }));
                    repeatable = Repeatable::Nothing;
                }
                Some('$') => {
                    items.push(Node::Place(if flags & MULTILINE != 0 { Place::LineEnd } else { Place::LastLineEnd }));
                    repeatable = Repeatable::Nothing;
                }
                Some('[') => {
                    items.push(self.set(start, flags)?);
                    repeatable = Repeatable::Yes;
                }
                Some('(') => match self.group(start, flags, first && items.is_empty())? {
                    Some(node) => {
                        items.push(node);
                        repeatable = Repeatable::Yes;
                    }
                    None => continue,
                },
                Some('\\') => {
                    let node = self.escape(start, flags)?;
                    repeatable = if matches!(node, Node::Place(_)) { Repeatable::Nothing } else { Repeatable::Yes };
                    items.push(node);
                }
                _ => {
                    items.push(self.literal(code, flags));
                    repeatable = Repeatable::Yes;
                }
            }
        }
        Ok(match items.len() {
            0 => Node::Empty,
            1 => items.remove(0),
            _ => Node::Sequence(items),
        })
    }

    fn literal(&self, code: u32, flags: u32) -> Node {
        if flags & IGNORECASE == 0 {
            return Node::Character(code);
        }
        let ascii = self.ascii(flags);
        Node::Folded { code: super::class::fold(code, ascii), ascii }
    }

    fn digits(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|code| (0x30..=0x39).contains(&code)) {
            self.at += 1;
        }
        (self.at > start).then(|| self.text(start, self.at))
    }

    /// `{least,most}` after the brace; `None` if it is no repetition, and then the position is behind the brace.
    fn bounds(&mut self, start: usize) -> Result<Option<(u32, u32)>> {
        let behind = self.at;
        if self.peek_is('}') {
            return Ok(None);
        }
        let low = self.digits();
        let high = if self.accept(',') { self.digits() } else { low.clone() };
        if !self.accept('}') {
            self.at = behind;
            return Ok(None);
        }
        let number = |digits: Option<String>, default: u32| match digits {
            None => Ok(default),
            Some(digits) => match digits.parse::<u32>() {
                Ok(number) if number < UNLIMITED => Ok(number),
                _ => Err(PatternError { message: "the repetition number is too large".to_owned(), position: None }),
            },
        };
        let (least, most) = (number(low, 0)?, number(high, UNLIMITED)?);
        if most < least {
            return self.fail("min repeat greater than max repeat", start + 1);
        }
        Ok(Some((least, most)))
    }

    fn set(&mut self, start: usize, flags: u32) -> Result<Node> {
        let negated = self.accept('^');
        let mut parts = Vec::new();
        let mut first = true;
        loop {
            let item_start = self.at;
            let Some(code) = self.take() else { return self.fail("unterminated character set", start) };
            if is(code, ']') && !first {
                break;
            }
            first = false;
            let low = self.set_item(code, item_start)?;
            if !self.accept('-') {
                parts.push(low);
                continue;
            }
            let high_start = self.at;
            let Some(code) = self.take() else { return self.fail("unterminated character set", start) };
            if is(code, ']') {
                parts.push(low);
                parts.push(Part::Range(0x2d, 0x2d));
                break;
            }
            let high = self.set_item(code, high_start)?;
            match (low, high) {
                (Part::Range(low, _), Part::Range(high, _)) if low <= high => parts.push(Part::Range(low, high)),
                _ => {
                    let message = format!("bad character range {}", self.text(item_start, self.at));
                    return self.fail(message, item_start);
                }
            }
        }
        let ascii = self.ascii(flags);
        if let ([Part::Range(low, high)], false, false) = (&parts[..], negated, flags & IGNORECASE != 0)
            && low == high
        {
            return Ok(Node::Character(*low));
        }
        Ok(Node::Class(Box::new(Class::new(parts, negated, flags & IGNORECASE != 0, ascii))))
    }

    fn set_item(&mut self, code: u32, start: usize) -> Result<Part> {
        if !is(code, '\\') {
            return Ok(Part::Range(code, code));
        }
        let Some(code) = self.take() else { return self.fail("bad escape (end of pattern)", start) };
        if let Some(part) = self.category(code) {
            return Ok(part);
        }
        if let Some(value) = self.character_escape(code, start)? {
            return Ok(Part::Range(value, value));
        }
        let value = match char::from_u32(code) {
            Some('b') => 8,
            Some('0'..='7') => {
                let value = self.octal(code - 0x30, 2);
                if value > 0o377 {
                    let text = self.text(start, self.at);
                    return self.fail(format!("octal escape value {text} outside of range 0-0o377"), start);
                }
                value
            }
            Some(c) if c.is_ascii_alphanumeric() => {
                return self.fail(format!("bad escape {}", self.text(start, self.at)), start);
            }
            _ => code,
        };
        Ok(Part::Range(value, value))
    }

    /// A name up to a character that ends it.
    fn name(&mut self, end: char) -> Result<(String, usize)> {
        let start = self.at;
        while let Some(code) = self.peek() {
            if is(code, end) {
                let name = self.text(start, self.at);
                self.at += 1;
                if name.is_empty() {
                    return self.fail("missing group name", start);
                }
                return Ok((name, start));
            }
            self.at += 1;
        }
        if start == self.at {
            return self.fail("missing group name", start);
        }
        self.fail(format!("missing {end}, unterminated name"), start)
    }

    fn check_name(&self, name: &str, start: usize) -> Result<()> {
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(|c| c == '_' || c.is_alphabetic());
        if !begins || !characters.all(|c| c == '_' || c.is_alphanumeric()) || self.is_bytes && !name.is_ascii() {
            let mut shown = String::new();
            crate::runtime::repr::write_str_repr(name, self.is_bytes, &mut shown);
            return self.fail(format!("bad character in group name {shown}"), start);
        }
        Ok(())
    }

    fn quoted(name: &str) -> String {
        let mut shown = String::new();
        crate::runtime::repr::write_str_repr(name, false, &mut shown);
        shown
    }

    /// What follows `(`; `None` for a comment or flags.
    fn group(&mut self, start: usize, flags: u32, first: bool) -> Result<Option<Node>> {
        let mut name = None;
        let mut capture = true;
        let mut atomic = false;
        let mut flags = flags;
        if self.accept('?') {
            let Some(code) = self.take() else { return self.fail("unexpected end of pattern", self.at) };
            match char::from_u32(code) {
                Some('P') => match self.take().and_then(char::from_u32) {
                    Some('<') => {
                        let (text, at) = self.name('>')?;
                        self.check_name(&text, at)?;
                        name = Some((text, at));
                    }
                    Some('=') => {
                        let (text, at) = self.name(')')?;
                        self.check_name(&text, at)?;
                        let Some(&group) = self.index.get(&text) else {
                            return self.fail(format!("unknown group name {}", Self::quoted(&text)), at);
                        };
                        self.check_reference(group, at)?;
                        return Ok(Some(self.back(group, flags)));
                    }
                    None => return self.fail("unexpected end of pattern", self.at),
                    Some(c) => return self.fail(format!("unknown extension ?P{c}"), start + 1),
                },
                Some(':') => capture = false,
                Some('#') => loop {
                    match self.take() {
                        None => return self.fail("missing ), unterminated comment", start),
                        Some(code) if is(code, ')') => return Ok(None),
                        Some(_) => {}
                    }
                },
                Some('=' | '!' | '<') => return self.look(code, start, flags).map(Some),
                Some('(') => return self.condition(start, flags).map(Some),
                Some('>') => {
                    capture = false;
                    atomic = true;
                }
                Some('-' | 'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x') => {
                    self.at -= 1;
                    let (add, remove, ends) = self.flag_letters()?;
                    if ends {
                        if !first || start != 0 && !self.only_flags_before(start) {
                            return self.fail("global flags not at the start of the expression", start);
                        }
                        return Ok(None);
                    }
                    flags = (flags | add) & !remove;
                    if add & ASCII != 0 {
                        flags &= !UNICODE;
                    }
                    if add & UNICODE != 0 {
                        flags &= !ASCII;
                    }
                    capture = false;
                }
                Some(c) => return self.fail(format!("unknown extension ?{c}"), start + 1),
                None => return self.fail("unknown extension ?", start + 1),
            }
        }
        let mut group = None;
        if capture {
            self.groups += 1;
            let number = self.groups;
            if let Some((name, at)) = name {
                if let Some(&old) = self.index.get(&name) {
                    let message = format!(
                        "redefinition of group name {} as group {number}; was group {old}",
                        Self::quoted(&name)
                    );
                    return self.fail(message, at);
                }
                self.index.insert(name.clone(), number);
                self.names.push((name, number));
            }
            self.open.push(number);
            group = Some(number);
        }
        let body = self.choice(flags, false)?;
        if !self.accept(')') {
            return self.fail("missing ), unterminated subpattern", start);
        }
        if let Some(number) = group {
            self.open.pop();
            let width = self.width(&body);
            self.widths.insert(number, width);
            return Ok(Some(Node::Group(number, Box::new(body))));
        }
        Ok(Some(if atomic {
            Node::Atomic(Box::new(body))
        } else {
            // A sequence of its own, so that what follows repeats all of it.
            Node::Sequence(vec![body])
        }))
    }

    /// Only white space and other flags come before: those were read by [`Parser::global_flags`].
    fn only_flags_before(&self, position: usize) -> bool {
        let mut at = 0;
        while at < position {
            let code = self.source[at];
            if is(code, '(') && self.source.get(at + 1).is_some_and(|&code| is(code, '?')) {
                while at < position && !is(self.source[at], ')') {
                    at += 1;
                }
                at += 1;
            } else if self.global & VERBOSE != 0 && matches!(code, 0x20 | 0x09..=0x0d) {
                at += 1;
            } else {
                return false;
            }
        }
        true
    }

    fn look(&mut self, code: u32, start: usize, flags: u32) -> Result<Node> {
        let (mut ahead, mut kind) = (true, code);
        if is(code, '<') {
            ahead = false;
            let Some(code) = self.take() else { return self.fail("unexpected end of pattern", self.at) };
            if !is(code, '=') && !is(code, '!') {
                let c = from_code(code).unwrap_or('\u{fffd}');
                return self.fail(format!("unknown extension ?<{c}"), start + 1);
            }
            kind = code;
        }
        let saved = self.behind;
        if !ahead && saved.is_none() {
            self.behind = Some(self.groups);
        }
        let body = self.choice(flags, false)?;
        self.behind = saved;
        if !self.accept(')') {
            return self.fail("missing ), unterminated subpattern", start);
        }
        if !ahead {
            let (least, most) = self.width(&body);
            if least != most {
                let message = "look-behind requires fixed-width pattern".to_owned();
                return Err(PatternError { message, position: None });
            }
        }
        Ok(Node::Look { ahead, negated: is(kind, '!'), body: Box::new(body) })
    }

    fn condition(&mut self, start: usize, flags: u32) -> Result<Node> {
        let (name, at) = self.name(')')?;
        let group = if name.chars().all(|c| c.is_ascii_digit()) {
            let Some(group) = name.parse::<usize>().ok().filter(|&group| group <= 1 << 20) else {
                return self.fail(format!("invalid group reference {name}"), at);
            };
            if group == 0 {
                return self.fail("bad group number", at);
            }
            self.conditions.push((group, at));
            group
        } else {
            self.check_name(&name, at)?;
            match self.index.get(&name) {
                Some(&group) => group,
                None => return self.fail(format!("unknown group name {}", Self::quoted(&name)), at),
            }
        };
        let yes = self.sequence(flags, false)?;
        let no = if self.accept('|') { self.sequence(flags, false)? } else { Node::Empty };
        if self.peek_is('|') {
            return self.fail("conditional backref with more than two branches", self.at);
        }
        if !self.accept(')') {
            return self.fail("missing ), unterminated subpattern", start);
        }
        Ok(Node::Condition { group, yes: Box::new(yes), no: Box::new(no) })
    }

    fn width(&self, node: &Node) -> (usize, usize) {
        width(node, &|group| self.widths.get(&group).copied().unwrap_or((0, usize::MAX)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeatable {
    Nothing,
    Repeated,
    Yes,
}

/// Fewest and most characters that a tree matches; `group` gives those of a group.
pub fn width(node: &Node, group: &dyn Fn(usize) -> (usize, usize)) -> (usize, usize) {
    match node {
        Node::Empty | Node::Fail | Node::Place(_) | Node::Look { .. } => (0, 0),
        Node::Character(_) | Node::Folded { .. } | Node::Any | Node::AnyAtAll | Node::Class(_) => (1, 1),
        Node::Sequence(items) => items
            .iter()
            .map(|item| width(item, group))
            .fold((0, 0), |sum, one| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))),
        Node::Choice(items) => {
            let widths = items.iter().map(|item| width(item, group));
            widths.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
        }
        Node::Group(_, body) | Node::Atomic(body) => width(body, group),
        Node::Repeat { body, least, most, .. } => {
            let (low, high) = width(body, group);
            let most = if *most == UNLIMITED { usize::MAX } else { *most as usize };
            (low.saturating_mul(*least as usize), if high == 0 { 0 } else { high.saturating_mul(most) })
        }
        Node::Back { group: number, .. } => group(*number),
        Node::Condition { yes, no, .. } => {
            let (a, b) = (width(yes, group), width(no, group));
            (a.0.min(b.0), a.1.max(b.1))
        }
    }
}
