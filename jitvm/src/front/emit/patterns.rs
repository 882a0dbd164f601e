//! `match`: subjects taken apart by patterns. Names are bound once the whole pattern of a case matches.

use super::builder::Register;
use super::flow::Label;
use super::{Emitter, Want, at};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Case, Expression, Pattern, PatternKind, Symbol};

/// What a pattern captured, by name.
type Captures = [(Symbol, Register)];

impl<'a> Emitter<'_, 'a> {
    pub(super) fn match_statement(&mut self, subject: &'a Expression, cases: &'a [Case], position: Position) {
        let subject = self.value(subject, Want::Fresh);
        let end = self.builder.new_label();
        for case in cases {
            if !self.builder.reachable() {
                break;
            }
            let mark = self.builder.mark();
            let next = self.builder.new_label();
            let names = case.pattern.names();
            let first = self.builder.push(names.len() as u32);
            let captures: Vec<(Symbol, Register)> = names.into_iter().zip(first..).collect();
            self.pattern(&case.pattern, subject, &captures, next);
            for &(name, register) in &captures {
                self.store_name(name, register, at(case.pattern.span));
            }
            if let Some(guard) = &case.guard {
                self.condition(guard, false, next, at(guard.span));
            }
            self.builder.release(mark);
            self.statements(&case.body);
            let last = if self.builder.reachable() { self.last_position() } else { position };
            self.go(end, last);
            self.builder.bind(next);
        }
        self.builder.bind(end);
    }

    /// Goes on if the subject matches, else to `fails`.
    fn pattern(&mut self, pattern: &'a Pattern, subject: Register, captures: &Captures, fails: Label) {
        let mark = self.builder.mark();
        let position = at(pattern.span);
        match &pattern.kind {
            PatternKind::Value(value) => {
                let value = self.operand(value, &[]);
                let equal = self.builder.push(1);
                self.emit(Op::Equal, equal, subject, value, position);
                self.builder.jump(Op::JumpIfFalse, equal, fails, position);
            }
            PatternKind::Singleton(constant) => {
                let register = self.builder.push(1);
                self.load_constant(register, constant, position);
                self.emit(Op::Is, register, subject, register, position);
                self.builder.jump(Op::JumpIfFalse, register, fails, position);
            }
            // A starred name is given the list by the sequence around it.
            PatternKind::Star(name) => self.capture(*name, subject, captures, position),
            PatternKind::Sequence(patterns) => self.sequence_pattern(patterns, subject, captures, fails, position),
            PatternKind::Mapping { keys, patterns, rest } => {
                self.mapping_pattern(keys, patterns, subject, captures, fails, position);
                if let Some(rest) = rest {
                    self.capture_rest(*rest, keys, subject, captures, position);
                }
            }
            PatternKind::Class { class, patterns, keywords } => {
                let block = self.builder.push(1);
                self.emit(Op::Move, block, subject, 0, position);
                self.value(class, Want::Fresh);
                let names = self.builder.push(1);
                let symbols = self.program.symbols;
                let text = |&(name, _): &(Symbol, Pattern)| Constant::Str(symbols.name(name).to_owned());
                self.load_constant(names, &Constant::Tuple(keywords.iter().map(text).collect()), position);
                // More than fit are refused by the check of the block below.
                let positional = u8::try_from(patterns.len()).unwrap_or_else(|_| {
                    self.builder.overflow = true;
                    u8::MAX
                });
                self.emit_marked(Op::MatchClass, positional, block, block, 3, position);
                self.builder.release(u32::from(block) + 1);
                let parts = patterns.iter().chain(keywords.iter().map(|(_, pattern)| pattern));
                self.parts(block, parts.collect(), captures, fails, position);
            }
            PatternKind::As { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern, subject, captures, fails);
                }
                self.capture(*name, subject, captures, position);
            }
            PatternKind::Or(patterns) => {
                let matched = self.builder.new_label();
                for (index, pattern) in patterns.iter().enumerate() {
                    if index + 1 == patterns.len() {
                        self.pattern(pattern, subject, captures, fails);
                    } else {
                        let next = self.builder.new_label();
                        self.pattern(pattern, subject, captures, next);
                        self.go(matched, position);
                        self.builder.bind(next);
                    }
                }
                self.builder.bind(matched);
            }
        }
        self.builder.release(mark);
    }

    fn capture(&mut self, name: Option<Symbol>, subject: Register, captures: &Captures, position: Position) {
        if let Some(&(_, register)) = captures.iter().find(|&&(capture, _)| Some(capture) == name) {
            self.emit(Op::Move, register, subject, 0, position);
        }
    }

    /// Fails if a tuple of parts is None, else matches them.
    fn parts(
        &mut self,
        tuple: Register,
        patterns: Vec<&'a Pattern>,
        captures: &Captures,
        fails: Label,
        position: Position,
    ) {
        let none = self.builder.push(1);
        self.load_constant(none, &Constant::None, position);
        self.emit(Op::Is, none, tuple, none, position);
        self.builder.jump(Op::JumpIfTrue, none, fails, position);
        self.unpacked(tuple, &patterns, None, captures, fails, position);
    }

    /// Unpacks a sequence of the right length and matches its items. `star` is the index of a starred one.
    fn unpacked(
        &mut self,
        sequence: Register,
        patterns: &[&'a Pattern],
        star: Option<usize>,
        captures: &Captures,
        fails: Label,
        position: Position,
    ) {
        let count = self.builder.narrow(patterns.len() as u32);
        let first = self.builder.push(u32::from(count));
        self.unpack_to(first, count, star, sequence, position);
        for (pattern, register) in patterns.iter().zip(first..) {
            self.pattern(pattern, register, captures, fails);
        }
    }

    fn sequence_pattern(
        &mut self,
        patterns: &'a [Pattern],
        subject: Register,
        captures: &Captures,
        fails: Label,
        position: Position,
    ) {
        let star = patterns.iter().position(|pattern| matches!(pattern.kind, PatternKind::Star(_)));
        let test = self.builder.push(1);
        self.emit(Op::MatchSequence, test, subject, 0, position);
        self.builder.jump(Op::JumpIfFalse, test, fails, position);
        let least = patterns.len() - usize::from(star.is_some());
        if star.is_none() || least > 0 {
            let op = if star.is_some() { Op::GreaterEqual } else { Op::Equal };
            self.check_length(subject, least, op, fails, position);
        }
        let wildcard = |pattern: &Pattern| {
            matches!(pattern.kind, PatternKind::Star(None) | PatternKind::As { pattern: None, name: None })
        };
        if patterns.iter().all(wildcard) {
            return;
        }
        match star.filter(|&star| wildcard(&patterns[star])) {
            Some(star) => self.indexed(patterns, star, subject, captures, fails, position),
            None => {
                let patterns: Vec<&Pattern> = patterns.iter().collect();
                self.unpacked(subject, &patterns, star, captures, fails, position);
            }
        }
    }

    /// As CPython, takes items by their index where what the star stands for is not wanted.
    fn indexed(
        &mut self,
        patterns: &'a [Pattern],
        star: usize,
        subject: Register,
        captures: &Captures,
        fails: Label,
        position: Position,
    ) {
        for (index, pattern) in patterns.iter().enumerate() {
            if matches!(pattern.kind, PatternKind::Star(_) | PatternKind::As { pattern: None, name: None }) {
                continue;
            }
            let mark = self.builder.mark();
            let item = self.builder.push(1);
            if index < star {
                self.load_constant(item, &Constant::Int(index as i64), position);
            } else {
                let back = self.builder.push(1);
                self.emit(Op::GetLength, item, subject, 0, position);
                self.load_constant(back, &Constant::Int((patterns.len() - index) as i64), position);
                self.emit(Op::Sub, item, item, back, position);
            }
            self.emit(Op::GetItem, item, subject, item, position);
            self.pattern(pattern, item, captures, fails);
            self.builder.release(mark);
        }
    }

    /// Compares a subject's length with a number.
    fn check_length(&mut self, subject: Register, length: usize, op: Op, fails: Label, position: Position) {
        let mark = self.builder.mark();
        let (found, wanted) = (self.builder.push(1), self.builder.push(1));
        self.emit(Op::GetLength, found, subject, 0, position);
        self.load_constant(wanted, &Constant::Int(length as i64), position);
        self.emit(op, found, found, wanted, position);
        self.builder.jump(Op::JumpIfFalse, found, fails, position);
        self.builder.release(mark);
    }

    fn mapping_pattern(
        &mut self,
        keys: &'a [Expression],
        patterns: &'a [Pattern],
        subject: Register,
        captures: &Captures,
        fails: Label,
        position: Position,
    ) {
        let test = self.builder.push(1);
        self.emit(Op::MatchMapping, test, subject, 0, position);
        self.builder.jump(Op::JumpIfFalse, test, fails, position);
        if keys.is_empty() {
            return;
        }
        self.check_length(subject, keys.len(), Op::GreaterEqual, fails, position);
        let tuple = self.tuple(keys, Want::Fresh, position);
        self.emit(Op::MatchKeys, tuple, subject, tuple, position);
        self.parts(tuple, patterns.iter().collect(), captures, fails, position);
    }

    /// `**rest`: a dict of what the keys did not take.
    fn capture_rest(
        &mut self,
        rest: Symbol,
        keys: &'a [Expression],
        subject: Register,
        captures: &Captures,
        position: Position,
    ) {
        let dict = self.builder.push(1);
        self.emit(Op::BuildDict, dict, dict, 0, position);
        self.emit(Op::DictUpdate, dict, subject, 0, position);
        for key in keys {
            let mark = self.builder.mark();
            let key = self.operand(key, &[]);
            self.emit(Op::DeleteItem, dict, key, 0, position);
            self.builder.release(mark);
        }
        self.capture(Some(rest), dict, captures, position);
    }
}
