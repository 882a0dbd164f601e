//! Prints traces as text; `parse` reads the same text back.
//!
//! ```text
//! -- code 0 pc 12                                      origin of the instructions that follow
//! snap #1 at 0004 execute [code 0 pc 12 base 0] { s1=0003 s4=+2.5 }
//! 0003 >  int  G_INT       0001
//! 0004 >+ int  ADDOV       0003 +1
//! ```
//!
//! An instruction is its index, its flags (`>` guard, `+` carried round the loop, `*` invariant of the loop), the type
//! of its result, its operation and its operands; NOPs are left out. A snapshot stands before the first instruction it
//! is for; behind its slots it lists the sunk objects among them: `0005 tuple ( raw:2 0003 +1 )`. Operands are `0003` (a reference), `----` (none), `#3` (a slot), `[16]` (a byte offset), a shape by the name
//! of its type or `shape:4040`, a helper by its name or `helper:7`, the end of a trace `start` or `trace:7`, and constants: `+1 -5` integers, `+2.5 -0.0 +nan`
//! floats, `val:True val:"<function f>"` other values, `raw:"cell f"` addresses (the n-th of the same text has `~n`
//! after it). Addresses are not printed: the same program prints the same text. `closing` is the end of a trace that is
//! not closed yet.

use std::fmt::{self, Write};

use super::{Body, Const, Field, Ins, Op, Ref, Resume, Snapshot, flags};
use crate::interp::helpers::{HELPERS, Helper};
use crate::runtime::object::SHAPES;
use crate::trace::abort::LeaveReason;

/// What the number in an instruction's `c` field is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Number {
    Slot,
    Shape,
    Helper,
    Offset,
    Trace,
    /// Why a trace leaves.
    Reason,
}

pub(super) const fn number_of(op: Op) -> Number {
    match op {
        Op::G_Shape | Op::New | Op::ShapeStore => Number::Shape,
        Op::CallH => Number::Helper,
        Op::FieldLoad | Op::FieldStore | Op::FloatLoad | Op::FloatStore => Number::Offset,
        Op::Close => Number::Trace,
        Op::Leave => Number::Reason,
        _ => Number::Slot,
    }
}

pub(super) const RESUMES: &[(Resume, &str)] =
    &[(Resume::Execute, "execute"), (Resume::Raise, "raise"), (Resume::Onward, "onward")];

pub(super) const FLAGS: &[(u8, char)] =
    &[(flags::PHI, '+'), (flags::INVARIANT, '*'), (flags::SUNK, 's'), (flags::GIVEN, 'g')];

/// Name of a builtin shape, where its type's name says which it is and reads as one word.
pub(super) fn shape_name(shape: u32) -> Option<&'static str> {
    let name = SHAPES.iter().find(|entry| entry.0.0 == shape)?.1;
    let unique = SHAPES.iter().filter(|entry| entry.1 == name).count() == 1;
    (unique && is_word(name)).then_some(name)
}

/// Whether a constant's text needs no quotes.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+'))
}

/// The whole trace; `closing` for one that is not closed yet.
pub fn print(body: &Body, closing: Option<&Snapshot>, helpers: &[Helper]) -> String {
    let mut text = String::new();
    Printer { body, helpers }.write(&mut text, closing).expect("writing to a string does not fail");
    text
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { body: self, helpers: HELPERS }.write(f, None)
    }
}

/// One operand as listings show it.
pub fn operand(body: &Body, r: Ref) -> String {
    let mut text = String::new();
    Printer { body, helpers: HELPERS }.reference(&mut text, r).expect("writing to a string does not fail");
    text
}

/// One instruction as listings show it, without its index.
pub fn instruction(body: &Body, ins: Ins, helpers: &[Helper]) -> String {
    let mut text = String::new();
    Printer { body, helpers }.operation(&mut text, ins).expect("writing to a string does not fail");
    text
}

struct Printer<'a> {
    body: &'a Body,
    helpers: &'a [Helper],
}

impl Printer<'_> {
    fn write(&self, out: &mut impl Write, closing: Option<&Snapshot>) -> fmt::Result {
        let mut snapshots = self.body.snapshots.iter().enumerate().peekable();
        let mut origin = None;
        for (index, ins) in self.body.ins.iter().enumerate() {
            let here = self.body.origins.get(index).copied();
            if ins.op != Op::Nop && here != origin {
                if let Some(o) = here {
                    writeln!(out, "-- code {} pc {}", o.code.0, o.pc)?;
                }
                origin = here;
            }
            while let Some((number, snapshot)) = snapshots.next_if(|(_, s)| s.at as usize <= index) {
                self.snapshot(out, format_args!("snap #{number}"), snapshot)?;
            }
            if ins.op == Op::Nop {
                continue;
            }
            let guard = if ins.op.is_guard() { '>' } else { ' ' };
            let flag = FLAGS.iter().find(|(bit, _)| ins.flags & bit != 0).map_or(' ', |entry| entry.1);
            write!(out, "{index:04} {guard}{flag} ")?;
            self.operation(out, *ins)?;
            writeln!(out)?;
        }
        for (number, snapshot) in snapshots {
            self.snapshot(out, format_args!("snap #{number}"), snapshot)?;
        }
        if let Some(snapshot) = closing {
            self.snapshot(out, format_args!("closing"), snapshot)?;
        }
        for kept in &self.body.kept {
            write!(out, "kept {:04} ", kept.of_loop.0)?;
            self.reference(out, kept.here)?;
            writeln!(out)?;
        }
        for entry in &self.body.in_slots {
            write!(out, "in-slot {} ", entry.slot)?;
            self.reference(out, entry.value)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn operation(&self, out: &mut impl Write, ins: Ins) -> fmt::Result {
        let [a, b, c] = ins.op.fields();
        if (a, b, c) == (Field::No, Field::No, Field::No) {
            return write!(out, "{:<4} {}", ins.ty.name(), ins.op.name());
        }
        write!(out, "{:<4} {:<11}", ins.ty.name(), ins.op.name())?;
        for (field, reference) in [(a, ins.a), (b, ins.b), (c, ins.c_ref())] {
            match field {
                Field::No => {}
                // A CLOSE to the start of a trace hands nothing on.
                Field::Ref if ins.op == Op::Close && reference.is_none() => {}
                Field::Ref => {
                    out.write_char(' ')?;
                    self.reference(out, reference)?;
                }
                Field::Number => {
                    out.write_char(' ')?;
                    self.number(out, ins)?;
                }
            }
        }
        Ok(())
    }

    fn number(&self, out: &mut impl Write, ins: Ins) -> fmt::Result {
        let n = ins.c;
        match number_of(ins.op) {
            Number::Slot if n >> 16 != 0 => write!(out, "#{}:{}", n & 0xffff, (n >> 16) - 1),
            Number::Slot => write!(out, "#{n}"),
            Number::Reason => match LeaveReason::ALL.get(n as usize) {
                Some(reason) => out.write_str(reason.1),
                None => write!(out, "reason:{n}"),
            },
            Number::Offset => write!(out, "[{n}]"),
            Number::Trace if n == 0 => out.write_str("start"),
            Number::Trace => write!(out, "trace:{n}"),
            Number::Shape => self.shape(out, n),
            Number::Helper => match self.helpers.get(n as usize) {
                Some(helper) => out.write_str(helper.name),
                None => write!(out, "helper:{n}"),
            },
        }
    }

    fn shape(&self, out: &mut impl Write, shape: u32) -> fmt::Result {
        match shape_name(shape) {
            Some(name) => out.write_str(name),
            None => write!(out, "shape:{shape}"),
        }
    }

    fn reference(&self, out: &mut impl Write, r: Ref) -> fmt::Result {
        if r.is_none() {
            return out.write_str("----");
        }
        if !r.is_constant() {
            return write!(out, "{:04}", r.0);
        }
        match self.body.constants.get(r.constant_index()) {
            None => write!(out, "constant:{}", r.constant_index()),
            Some(Const::Int(i)) => write!(out, "{i:+}"),
            Some(Const::Flt(x)) => write_float(out, *x),
            Some(Const::Val(_, text)) => self.named(out, "val", text, r.constant_index()),
            Some(Const::Raw(_, text)) => self.named(out, "raw", text, r.constant_index()),
        }
    }

    fn named(&self, out: &mut impl Write, kind: &str, text: &str, index: usize) -> fmt::Result {
        let constants = &self.body.constants;
        let same = |c: &&Const| match c {
            Const::Val(_, other) => kind == "val" && **other == *text,
            Const::Raw(_, other) => kind == "raw" && **other == *text,
            _ => false,
        };
        let number = 1 + constants[..index].iter().filter(same).count();
        if is_word(text) {
            write!(out, "{kind}:{text}")?;
        } else {
            write!(out, "{kind}:{text:?}")?;
        }
        if number > 1 { write!(out, "~{number}") } else { Ok(()) }
    }

    fn snapshot(&self, out: &mut impl Write, head: fmt::Arguments<'_>, snapshot: &Snapshot) -> fmt::Result {
        write!(out, "{head} at {:04} {}", snapshot.at, RESUMES[snapshot.resume as usize].1)?;
        for frame in &snapshot.frames {
            let word = frame.continuation.word();
            let space = if word.is_empty() { "" } else { " " };
            write!(out, " [code {} pc {} base {}{space}{word}]", frame.code.0, frame.pc, frame.base)?;
        }
        out.write_str(" {")?;
        for entry in &snapshot.slots {
            write!(out, " s{}=", entry.slot)?;
            self.reference(out, entry.value)?;
        }
        out.write_str(" }")?;
        for object in &snapshot.objects {
            out.write_char(' ')?;
            self.reference(out, object.object)?;
            out.write_char(' ')?;
            self.shape(out, object.shape)?;
            out.write_str(" (")?;
            for word in &object.words {
                out.write_char(' ')?;
                self.reference(out, *word)?;
            }
            out.write_str(" )")?;
        }
        writeln!(out)
    }
}

/// Shortest text that reads back as the same bits; a NaN other than the usual one shows them.
fn write_float(out: &mut impl Write, x: f64) -> fmt::Result {
    if x.to_bits() == f64::NAN.to_bits() {
        out.write_str("+nan")
    } else if x.is_nan() {
        write!(out, "nan:{:#x}", x.to_bits())
    } else {
        write!(out, "{x:+?}")
    }
}
