//! `-jdump`: bytecode, IR, snapshots and machine code of each trace, block by block, in any of its formats.

use std::borrow::Cow;

use super::book::{Book, Ended, Step};
use crate::import::ir::TextIr;
use crate::import::sink::{MAIN, Sink};
use crate::*;

/// What the lines that follow are.
#[derive(Clone, Copy, Default, PartialEq)]
enum Part {
    #[default]
    Nothing,
    Bytecode,
    Ir,
    Code,
    Registers,
}

#[derive(Default)]
pub struct Dump {
    part: Part,
    number: u64,
    ir: TextIr,
    has_ir: bool,
    /// The exit that guards from here on lead to, and the first of them.
    snapshot: Option<u64>,
    exits: Vec<Exit>,
    code: TextIr,
    code_bytes: u32,
    code_addr: u64,
    steps: Vec<Step>,
    open: bool,
}

struct Exit {
    number: u64,
    op: u32,
    guards: u32,
    expected: String,
}

const TYPES: [&str; 25] = [
    "nil", "fal", "tru", "lud", "str", "p32", "thr", "pro", "fun", "p64", "cdt", "tab", "udt", "flt", "num", "i8",
    "u8", "i16", "u16", "int", "u32", "i64", "u64", "sfp", "ptr",
];

impl Dump {
    /// The number of a trace that has begun and not ended.
    pub fn unfinished(&self) -> Option<u64> {
        self.open.then_some(self.number)
    }

    /// `---- TRACE 1 start 1/2 file:3` and the like.
    pub fn head(&mut self, book: &mut Book, line: &str, out: &mut Sink) -> bool {
        let rest = line.trim_start_matches("---- TRACE ");
        if rest == "flush" {
            book.flush(0, out);
            self.part = Part::Nothing;
            return true;
        }
        let Some((number, rest)) = rest.split_once(' ') else { return false };
        let Ok(number) = number.parse::<u64>() else { return false };
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "start" => {
                let (parent, loc) = match rest.split_once(' ') {
                    Some((parent, loc)) if parent.contains('/') && !parent.contains(':') => {
                        let (trace, exit) = parent.split_once('/').unwrap_or_default();
                        (trace.parse().ok().map(|trace| (trace, exit.parse().ok())), loc)
                    }
                    _ => (None, rest),
                };
                *self = Dump { part: Part::Bytecode, number, open: true, ..Dump::default() };
                book.start(0, number, loc, parent, out);
            }
            "IR" => {
                self.part = Part::Ir;
                self.ir = TextIr::default();
                (self.has_ir, self.snapshot) = (true, None);
                self.exits.clear();
            }
            "mcode" => {
                self.part = Part::Code;
                self.code = TextIr::default();
                self.code_bytes = rest.trim().parse().unwrap_or(0);
            }
            "stop" => {
                self.write(book, number, out);
                let ended = Ended {
                    mcode: self.code_bytes,
                    addr: self.code_addr,
                    n_exits: self.exits.iter().map(|exit| exit.number + 1).max().unwrap_or(0) as u32,
                };
                book.stop(0, number, rest, &ended, out);
                self.exits(book, number, out);
                (self.part, self.open) = (Part::Nothing, false);
            }
            "abort" => {
                let Some((loc, error)) = rest.split_once(" -- ") else { return false };
                self.write(book, number, out);
                book.abort(0, number, loc, &with_opcode_name(error), out);
                (self.part, self.open) = (Part::Nothing, false);
            }
            "exit" => {
                let Ok(exit) = rest.trim().parse::<u64>() else { return false };
                book.exit(0, number, exit, 1, out);
                if !self.open {
                    self.part = Part::Registers;
                }
            }
            _ => return false,
        }
        true
    }

    /// Bytecode, IR and code of the trace that ends.
    fn write(&mut self, book: &mut Book, number: u64, out: &mut Sink) {
        for step in std::mem::take(&mut self.steps) {
            book.step(number, step);
        }
        let Some(current) = book.current(number) else { return };
        let trace_id = current.id;
        current.n_ir = self.ir.len() as u32;
        if self.has_ir {
            self.ir.write(out, MAIN, 0, trace_id, 0);
        }
        if !self.code.is_empty() {
            let (ops_in, ops_out) = (self.ir.len() as u32, self.code.len() as u32);
            let pass = PassEnd {
                trace_id,
                pass_id: out.pass("assemble"),
                index: 1,
                ops_in,
                ops_out,
                changed: 1,
                ..PassEnd::default()
            };
            out.emit(MAIN, 0, &pass);
            self.code.write(out, MAIN, 0, trace_id, 1);
        }
    }

    fn exits(&mut self, book: &mut Book, number: u64, out: &mut Sink) {
        for exit in std::mem::take(&mut self.exits) {
            if exit.guards > 0 {
                book.describe(number, exit.number, exit.op, exit.guards, &exit.expected, out);
            }
        }
    }

    /// A line inside a block; whether it was understood.
    pub fn body(&mut self, line: &str, out: &mut Sink) -> bool {
        if line.trim().is_empty() {
            return true;
        }
        match self.part {
            // Between blocks the program's own output may stand, and the style of a page before the first.
            Part::Nothing => true,
            Part::Registers => true,
            Part::Bytecode => self.bytecode(line, out),
            Part::Ir => self.ir_line(line, out),
            Part::Code => self.code_line(line, out),
        }
    }

    fn bytecode(&mut self, line: &str, out: &mut Sink) -> bool {
        let Some((pc, rest)) = line.split_at_checked(4) else { return false };
        let Ok(pc) = pc.parse::<u32>() else { return false };
        let rest = rest.trim_start();
        let mut depth = 0;
        let mut text = rest;
        while let Some(inner) = text.strip_prefix(". ") {
            depth += 1;
            text = inner.trim_start();
        }
        // Only where a function begins does the dump say a place.
        let enters = text.starts_with("FUNC") || text.starts_with("JFUNC") || text.starts_with("IFUNC");
        let at = text.rsplit_once("; ").map_or("", |(_, at)| at.trim());
        let (func, loc) = if enters && !at.is_empty() { Book::place(at, 0, out) } else { Default::default() };
        let note = if enters && !at.is_empty() { at.to_string() } else { text.to_string() };
        self.steps.push(Step { func, pc, loc, depth, note });
        true
    }

    fn ir_line(&mut self, line: &str, out: &mut Sink) -> bool {
        if line.starts_with("....") {
            let Some(at) = line.find("SNAP") else { return false };
            let number = line[at..].split('#').nth(1).and_then(|rest| rest.split_whitespace().next());
            self.snapshot = number.and_then(|number| number.parse().ok());
            return self.snapshot.is_some();
        }
        let mut words = words(line);
        let Some(reference) = (!words.is_empty()).then(|| words.remove(0)) else { return false };
        if reference.len() < 4 || !reference.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        if words.first().is_some_and(|word| word.starts_with("-----")) {
            self.ir.op(out, "LOOP", Some(reference), "", &[], LocId::NONE, false);
            return true;
        }
        let Some(at) = words.iter().position(|word| TYPES.contains(word)) else { return false };
        let is_guard = words[..at].contains(&">");
        let Some(op) = words.get(at + 1) else { return false };
        let operands = &words[at + 2..];
        let index = self.ir.op(out, op, Some(reference), words[at], operands, LocId::NONE, is_guard);
        if let Some(number) = self.snapshot.filter(|_| is_guard) {
            if self.exits.last().is_none_or(|exit| exit.number != number) {
                self.exits.push(Exit { number, op: index, guards: 0, expected: String::new() });
            }
            if let Some(exit) = self.exits.last_mut() {
                exit.guards += 1;
                if exit.guards == 1 {
                    exit.expected = [&[words[at], op], operands].concat().join(" ");
                }
            }
        }
        true
    }

    fn code_line(&mut self, line: &str, out: &mut Sink) -> bool {
        if line.starts_with("->") {
            self.code.op(out, "label", None, "", &[line.trim_end_matches(':')], LocId::NONE, false);
            return true;
        }
        let Some((addr, text)) = line.split_once(' ') else { return false };
        let Ok(addr) = u64::from_str_radix(addr.trim(), 16) else { return false };
        if self.code.is_empty() {
            self.code_addr = addr;
        }
        let text = text.trim();
        let (op, operands) = text.split_once(' ').unwrap_or((text, ""));
        let operands = operands.trim().replace('\t', " ");
        let operands: &[&str] = if operands.is_empty() { &[] } else { &[&operands] };
        self.code.op(out, op, None, "", operands, LocId::NONE, false);
        true
    }
}

/// Words of a line; a quoted string and what stands in brackets are one.
fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut depth) = (None, false, 0u32);
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && !quoted && depth == 0 {
            if let Some(start) = start.take() {
                found.push(&line[start..at]);
            }
        } else {
            start.get_or_insert(at);
        }
    }
    found.extend(start.map(|start| &line[start..]));
    found
}

/// True for a line of the page that `-jdump=H` writes before its first block.
pub fn is_html(line: &str) -> bool {
    line.starts_with("<style") || line.starts_with("<!DOCTYPE") || line.starts_with("pre.ljdump")
}

/// The text without colours and markup.
pub fn plain(line: &str) -> Cow<'_, str> {
    if line.contains('\u{1b}') {
        let mut parts = line.split('\u{1b}');
        let mut text = parts.next().unwrap_or_default().to_string();
        for part in parts {
            text.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
        }
        return Cow::Owned(text);
    }
    let marked = ["<span", "<pre", "</pre", "</style", "&lt;", "&gt;", "&amp;"].iter().any(|mark| line.contains(mark));
    // JSON may hold such words too.
    if !marked || line.starts_with('{') {
        return Cow::Borrowed(line);
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        rest = rest[open..].find('>').map_or("", |close| &rest[open + close + 1..]);
    }
    text.push_str(rest);
    Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// `NYI: bytecode 51` with the name of LuaJIT 2.1's bytecode 51.
pub fn with_opcode_name(error: &str) -> Cow<'_, str> {
    let name = error.strip_prefix("NYI: bytecode ").and_then(|number| number.parse::<usize>().ok());
    match name.and_then(|number| BYTECODES.split(' ').nth(number)) {
        Some(name) => Cow::Owned(format!("NYI: bytecode {name}")),
        None => Cow::Borrowed(error),
    }
}

/// The bytecodes of LuaJIT 2.1 in the order of their numbers.
const BYTECODES: &str = "ISLT ISGE ISLE ISGT ISEQV ISNEV ISEQS ISNES ISEQN ISNEN ISEQP ISNEP ISTC ISFC IST ISF ISTYPE \
ISNUM MOV NOT UNM LEN ADDVN SUBVN MULVN DIVVN MODVN ADDNV SUBNV MULNV DIVNV MODNV ADDVV SUBVV MULVV DIVVV MODVV POW CAT \
KSTR KCDATA KSHORT KNUM KPRI KNIL UGET USETV USETS USETN USETP UCLO FNEW TNEW TDUP GGET GSET TGETV TGETS TGETB TGETR \
TSETV TSETS TSETB TSETM TSETR CALLM CALL CALLMT CALLT ITERC ITERN VARG ISNEXT RETM RET RET0 RET1 FORI JFORI FORL IFORL \
JFORL ITERL IITERL JITERL LOOP ILOOP JLOOP JMP FUNCF IFUNCF JFUNCF FUNCV IFUNCV JFUNCV FUNCC FUNCCW";
