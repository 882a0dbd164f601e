//! Reads traces from the text that `text` prints.
//!
//! Lines may be indented; empty ones and those that start with `;` are skipped. Indices that are left out are NOPs.
//! Constants that stand for objects are looked up by their text, since addresses are not printed; `raw:2` is the word 2.

use std::fmt;

use super::text::{FLAGS, Number, RESUMES, number_of, shape_name};
use super::{
    Body, CodeId, Const, Field, Ins, Kept, OPERATIONS, Op, Origin, Ref, Resume, SnapFrame, SnapObject, SnapSlot,
    Snapshot, TYPES, Ty,
};
use crate::interp::helpers::Helper;
use crate::runtime::object::SHAPES;
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};
use crate::runtime::vm::Continuation;
use crate::trace::abort::LeaveReason;

/// A body, and the end of the iteration if the trace is not closed yet.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed {
    pub body: Body,
    pub closing: Option<Snapshot>,
}

/// What is wrong in which line (from 1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    pub line: usize,
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Gives the word of a named constant (`Val` or `Raw`) by its text, or `None` if it is not known.
pub type Resolver<'a> = dyn FnMut(Ty, &str) -> Option<u64> + 'a;

/// Parses with made-up addresses: each text gets one, in no memory that exists.
pub fn parse(text: &str, helpers: &[Helper]) -> Result<Parsed, ParseError> {
    let mut known: Vec<(Ty, String)> = Vec::new();
    parse_with(text, helpers, &mut |ty, name| {
        let found = known.iter().position(|(t, n)| *t == ty && n == name).unwrap_or_else(|| {
            known.push((ty, name.to_string()));
            known.len() - 1
        });
        let address = 0x10_0000 + 0x100 * found as u64;
        Some(if ty == Ty::Val { Value::from_address(address as usize).0 } else { address })
    })
}

/// Parses; `resolver` is asked for constants other than numbers, floats and the special values. A text with a number
/// (`~2`) is asked for with it.
pub fn parse_with(text: &str, helpers: &[Helper], resolver: &mut Resolver<'_>) -> Result<Parsed, ParseError> {
    let mut parser =
        Parser { body: Body::default(), closing: None, helpers, resolver, origin: Origin { code: CodeId(0), pc: 0 } };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        parser.line(line).map_err(|message| ParseError { line: index + 1, message })?;
    }
    Ok(Parsed { body: parser.body, closing: parser.closing })
}

struct Parser<'a, 'r> {
    body: Body,
    closing: Option<Snapshot>,
    helpers: &'a [Helper],
    resolver: &'a mut Resolver<'r>,
    origin: Origin,
}

type Answer<T> = Result<T, String>;

impl Parser<'_, '_> {
    fn line(&mut self, line: &str) -> Answer<()> {
        let words = words(line)?;
        let mut words = Words { words: &words };
        match words.next("a line")? {
            "--" => {
                words.expect("code")?;
                let code = CodeId(words.number("a code id")?);
                words.expect("pc")?;
                self.origin = Origin { code, pc: words.number("a pc")? };
            }
            "snap" => {
                let number: usize = parsed(words.next("#number")?.trim_start_matches('#'), "a snapshot's number")?;
                if number != self.body.snapshots.len() {
                    return Err(format!("snapshot {number} where {} is next", self.body.snapshots.len()));
                }
                let snapshot = self.snapshot(&mut words)?;
                self.body.snapshots.push(snapshot);
            }
            "kept" => {
                let of_loop = Ref(parsed(words.next("a value of the loop")?, "a value of the loop")?);
                let here = self.reference(words.next("a reference")?)?;
                self.body.kept.push(Kept { of_loop, here });
            }
            "in-slot" => {
                let slot = words.number("a slot")?;
                let value = self.reference(words.next("a reference")?)?;
                self.body.in_slots.push(SnapSlot { slot, value });
            }
            "closing" => self.closing = Some(self.snapshot(&mut words)?),
            index => {
                let index: usize = parsed(index, "an instruction's index")?;
                self.instruction(index, &mut words)?;
            }
        }
        words.end()
    }

    fn instruction(&mut self, index: usize, words: &mut Words<'_>) -> Answer<()> {
        if index < self.body.ins.len() || index >= Ref::NONE.index() {
            return Err(format!("index {index} where {} is next", self.body.ins.len()));
        }
        let mut flags = 0;
        let mut word = words.next("a type")?;
        if word.chars().all(|c| c == '>' || FLAGS.iter().any(|entry| entry.1 == c)) {
            flags = FLAGS.iter().filter(|entry| word.contains(entry.1)).fold(0, |all, entry| all | entry.0);
            word = words.next("a type")?;
        }
        let ty = TYPES.iter().find(|entry| entry.1 == word).ok_or_else(|| format!("no type {word:?}"))?.0;
        let name = words.next("an operation")?;
        let op = OPERATIONS.iter().find(|entry| entry.1 == name).ok_or_else(|| format!("no operation {name:?}"))?.0;
        let mut ins = Ins { flags, ..Ins::new(op, ty, Ref::NONE, Ref::NONE, 0) };
        for (position, field) in op.fields().into_iter().enumerate() {
            match field {
                Field::No => {}
                Field::Number => ins.c = self.number(op, words.next("a number")?)?,
                Field::Ref => {
                    let word = words.next("an operand")?;
                    if op == Op::Close
                        && let Ok(link) = self.number(op, word)
                    {
                        ins.c = link;
                        break;
                    }
                    let r = self.reference(word)?;
                    match position {
                        0 => ins.a = r,
                        1 => ins.b = r,
                        _ => ins.c = u32::from(r.0),
                    }
                }
            }
        }
        self.body.ins.resize(index, Ins::NOP);
        self.body.ins.push(ins);
        self.body.origins.resize(index + 1, self.origin);
        Ok(())
    }

    fn number(&self, op: Op, word: &str) -> Answer<u32> {
        let inside = |prefix: &str, suffix: &str| word.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
        match number_of(op) {
            Number::Slot => {
                let slot = inside("#", "").ok_or("a slot is written #3")?;
                let Some((slot, from)) = slot.split_once(':') else { return parsed(slot, "a slot") };
                let (slot, from): (u16, u16) = (parsed(slot, "a slot")?, parsed(from, "a loop")?);
                Ok(u32::from(from).saturating_add(1) << 16 | u32::from(slot))
            }
            Number::Reason => {
                let found = LeaveReason::ALL.iter().position(|reason| reason.1 == word);
                found.map(|at| at as u32).ok_or_else(|| format!("no reason to leave {word:?}"))
            }
            Number::Offset => parsed(inside("[", "]").ok_or("an offset is written [16]")?, "an offset"),
            Number::Trace if word == "start" => Ok(0),
            Number::Trace => parsed(inside("trace:", "").ok_or("a trace is written trace:7")?, "a trace"),
            Number::Shape => shape(word),
            Number::Helper => match inside("helper:", "") {
                Some(number) => parsed(number, "a helper"),
                None => {
                    let found = self.helpers.iter().position(|helper| helper.name == word);
                    found.map(|at| at as u32).ok_or_else(|| format!("no helper {word:?}"))
                }
            },
        }
    }

    fn reference(&mut self, word: &str) -> Answer<Ref> {
        if word == "----" {
            return Ok(Ref::NONE);
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let index: u16 = parsed(word, "a reference")?;
            return if index < Ref::NONE.0 { Ok(Ref(index)) } else { Err(format!("{word} is too large")) };
        }
        let constant = self.constant(word)?;
        Ok(self.body.constant(constant))
    }

    fn constant(&mut self, word: &str) -> Answer<Const> {
        if let Some(bits) = word.strip_prefix("nan:0x") {
            let bits = u64::from_str_radix(bits, 16).map_err(|e| format!("{word}: {e}"))?;
            return Ok(Const::Flt(f64::from_bits(bits)));
        }
        if let Some(text) = word.strip_prefix("val:") {
            let (name, text) = self.name(text)?;
            let special = specials().find(|(_, special)| *special == name).map(|found| found.0);
            let float = || text.parse().ok().and_then(Value::try_float);
            return match special.or_else(float) {
                Some(value) => Ok(Const::Val(value, text)),
                None => Ok(Const::Val(Value(self.resolve(Ty::Val, &name)?), text)),
            };
        }
        if let Some(text) = word.strip_prefix("raw:") {
            let (name, text) = self.name(text)?;
            let word = name.parse().ok().map_or_else(|| self.resolve(Ty::Raw, &name), Ok)?;
            return Ok(Const::Raw(word, text));
        }
        if word == "+nan" {
            return Ok(Const::Flt(f64::NAN));
        }
        match word.parse::<i64>() {
            Ok(i) if (FIXNUM_MIN..=FIXNUM_MAX).contains(&i) => Ok(Const::Int(i)),
            Ok(i) => Err(format!("{i} is no fixnum")),
            Err(_) => parsed(word, "an operand").map(Const::Flt),
        }
    }

    fn resolve(&mut self, ty: Ty, name: &str) -> Answer<u64> {
        (self.resolver)(ty, name).ok_or_else(|| format!("no {} constant {name:?} is known", ty.name()))
    }

    /// A constant's name (its text, with the number if there is one) and its text.
    fn name(&self, word: &str) -> Answer<(String, Box<str>)> {
        let (text, number) = match word.rsplit_once('~') {
            Some((text, number)) if number.parse::<u32>().is_ok() => (text, Some(number)),
            _ => (word, None),
        };
        let text = if text.starts_with('"') { unquoted(text)? } else { text.to_string() };
        let name = number.map_or_else(|| text.clone(), |number| format!("{text}~{number}"));
        Ok((name, text.into_boxed_str()))
    }

    fn snapshot(&mut self, words: &mut Words<'_>) -> Answer<Snapshot> {
        words.expect("at")?;
        let at = words.number("an index")?;
        let word = words.next("how to resume")?;
        let resume: Resume =
            RESUMES.iter().find(|entry| entry.1 == word).ok_or_else(|| format!("no way {word:?} to resume"))?.0;
        let mut snapshot = Snapshot { at, resume, frames: Vec::new(), slots: Vec::new(), objects: Vec::new() };
        loop {
            match words.next("a frame or slots")? {
                "[code" => {
                    let code = CodeId(words.number("a code id")?);
                    words.expect("pc")?;
                    let pc = words.number("a pc")?;
                    words.expect("base")?;
                    let last = words.next("a base")?;
                    let base = parsed(last.trim_end_matches(']'), "a base")?;
                    let continuation = if last.ends_with(']') {
                        Continuation::Call
                    } else {
                        let word = words.next("a continuation")?.trim_end_matches(']');
                        Continuation::of_word(word).ok_or_else(|| format!("{word:?} is no continuation"))?
                    };
                    snapshot.frames.push(SnapFrame { code, pc, base, continuation });
                }
                "{" => break,
                other => return Err(format!("{other:?} where a frame or {{ is due")),
            }
        }
        loop {
            match words.next("a slot or }")? {
                "}" => break,
                word => {
                    let entry = word.strip_prefix('s').and_then(|rest| rest.split_once('='));
                    let (slot, value) = entry.ok_or_else(|| format!("{word:?} where s3=value is due"))?;
                    let slot = parsed(slot, "a slot")?;
                    snapshot.slots.push(SnapSlot { slot, value: self.reference(value)? });
                }
            }
        }
        while let Ok(word) = words.next("an object") {
            let object = self.reference(word)?;
            let shape = shape(words.next("a shape")?)?;
            words.expect("(")?;
            let mut fields = Vec::new();
            loop {
                match words.next("a word or )")? {
                    ")" => break,
                    word => fields.push(self.reference(word)?),
                }
            }
            snapshot.objects.push(SnapObject { object, shape, words: fields });
        }
        Ok(snapshot)
    }
}

fn shape(word: &str) -> Answer<u32> {
    if let Some(number) = word.strip_prefix("shape:") {
        return parsed(number, "a shape");
    }
    let found = SHAPES.iter().find(|entry| shape_name(entry.0.0) == Some(word));
    found.map(|entry| entry.0.0).ok_or_else(|| format!("no shape {word:?}"))
}

fn specials() -> impl Iterator<Item = (Value, &'static str)> {
    (0..).map(|k| Value((k << 3) + 5)).map_while(|value| Some((value, value.special_name()?)))
}

fn parsed<T: std::str::FromStr<Err: fmt::Display>>(word: &str, what: &str) -> Answer<T> {
    word.parse().map_err(|error| format!("{word:?} is not {what}: {error}"))
}

/// Splits at blanks outside of quotes.
fn words(line: &str) -> Answer<Vec<&str>> {
    let mut words = Vec::new();
    let mut start = None;
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !quoted {
            if let Some(start) = start.take() {
                words.push(&line[start..at]);
            }
            continue;
        }
        start = start.or(Some(at));
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    if quoted {
        return Err("a quote is not closed".to_string());
    }
    if let Some(start) = start {
        words.push(&line[start..]);
    }
    Ok(words)
}

/// Undoes what Rust's `{:?}` does to a str.
fn unquoted(word: &str) -> Answer<String> {
    let inside = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut characters = inside.ok_or_else(|| format!("{word} has no closing quote"))?.chars();
    let mut text = String::new();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('0') => text.push('\0'),
            Some('u') => {
                let digits: String = characters.by_ref().skip_while(|c| *c == '{').take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                text.push(code.ok_or_else(|| format!("no character \\u{{{digits}}}"))?);
            }
            Some(other) => text.push(other),
            None => return Err("a backslash at the end".to_string()),
        }
    }
    Ok(text)
}

struct Words<'a> {
    words: &'a [&'a str],
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &str) -> Answer<&'a str> {
        let (first, rest) = self.words.split_first().ok_or_else(|| format!("{what} is missing"))?;
        self.words = rest;
        Ok(first)
    }
    fn expect(&mut self, word: &str) -> Answer<()> {
        let found = self.next(word)?;
        if found == word { Ok(()) } else { Err(format!("{found:?} where {word:?} is due")) }
    }
    fn number<T: std::str::FromStr<Err: fmt::Display>>(&mut self, what: &str) -> Answer<T> {
        parsed(self.next(what)?, what)
    }
    fn end(&self) -> Answer<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("{word:?} is too much")),
        }
    }
}
