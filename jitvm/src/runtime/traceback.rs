//! An uncaught exception as CPython 3.11 prints it: frames with source lines and underlining, chains, suggestions.

use std::fmt::Write;

use super::exceptions::{class_of, exception, traceback_entries};
use super::groups;
use super::numbers;
use super::repr;
use super::sequences::{as_items, items};
use super::strings::as_text;
use super::suggest;
use super::types::TypeId;
use super::value::Value;
use super::vm::Vm;
use crate::bytecode::{CodeProto, Position, Source};
use crate::ir::CodeId;

/// Entries of a traceback that are shown: the innermost ones.
const LIMIT: usize = 1000;

/// Repetitions of one line that are shown before the rest is counted.
const REPEATED_LINES: usize = 3;

/// The whole report of an exception with its causes and contexts, each line ended.
pub fn format_exception(vm: &mut Vm, value: Value) -> String {
    let mut out = String::new();
    write_chain(vm, value, &mut Vec::new(), &mut Boxes::default(), &mut out);
    out
}

/// Causes come first; `seen` guards against chains that lead back.
fn write_chain(vm: &mut Vm, value: Value, seen: &mut Vec<Value>, boxes: &mut Boxes, out: &mut String) {
    // A loop over the chain, not recursion: it can be as long as the program likes.
    let mut chain = vec![(value, "")];
    seen.push(value);
    let mut at = value;
    loop {
        let fields = exception(at);
        let (next, message) = if fields.cause != Value::NONE {
            (fields.cause, "\nThe above exception was the direct cause of the following exception:\n\n")
        } else if fields.context != Value::NONE && fields.suppress_context != Value::TRUE {
            (fields.context, "\nDuring handling of the above exception, another exception occurred:\n\n")
        } else {
            break;
        };
        if seen.contains(&next) {
            break;
        }
        seen.push(next);
        chain.push((next, message));
        at = next;
    }
    // `chain[i].1` stands between exception i and the one before it in the chain.
    for index in (0..chain.len()).rev() {
        let (value, message) = chain[index];
        if groups::is_group(vm, value) {
            write_group(vm, value, seen, boxes, out);
        } else {
            let mut text = String::new();
            write_frames(vm, value, "Traceback (most recent call last):\n", &mut text);
            write_one(vm, value, &mut text);
            boxes.emit(&text, '|', out);
        }
        boxes.emit(message, '|', out);
    }
}

/// The boxes that the exceptions of groups are shown in.
#[derive(Default)]
struct Boxes {
    depth: usize,
    /// The innermost box still needs its lower edge.
    open: bool,
}

impl Boxes {
    /// Writes lines, each with the indentation of its box and its left edge.
    fn emit(&self, text: &str, edge: char, out: &mut String) {
        for line in text.split_inclusive('\n') {
            if self.depth > 0 {
                let _ = write!(out, "{:width$}{edge} ", "", width = 2 * self.depth);
            }
            out.push_str(line);
        }
    }
}

/// Deepest nesting of groups, and most exceptions of a group, that are shown.
const DEEPEST_GROUP: usize = 10;
const WIDEST_GROUP: usize = 15;

/// A group and the exceptions in it.
fn write_group(vm: &mut Vm, value: Value, seen: &mut Vec<Value>, boxes: &mut Boxes, out: &mut String) {
    if boxes.depth > DEEPEST_GROUP {
        boxes.emit(&format!("... (max_group_depth is {DEEPEST_GROUP})\n"), '|', out);
        return;
    }
    let outermost = boxes.depth == 0;
    if outermost {
        boxes.depth = 1;
    }
    let mut text = String::new();
    write_frames(vm, value, "", &mut text);
    if !text.is_empty() {
        let edge = if outermost { '+' } else { '|' };
        boxes.emit("Exception Group Traceback (most recent call last):\n", edge, out);
        boxes.emit(&text, '|', out);
    }
    text.clear();
    write_one(vm, value, &mut text);
    boxes.emit(&text, '|', out);
    let members = groups::members(value);
    let count = items(members).len();
    let shown = count.min(WIDEST_GROUP + 1);
    boxes.open = false;
    for index in 0..shown {
        let is_last = index + 1 == shown;
        boxes.open |= is_last;
        let cut = index >= WIDEST_GROUP;
        let title = if cut { "...".to_owned() } else { (index + 1).to_string() };
        let corner = if index == 0 { "+-" } else { "  " };
        let width = 2 * boxes.depth;
        let _ = writeln!(out, "{:width$}{corner}+---------------- {title} ----------------", "");
        boxes.depth += 1;
        if cut {
            let more = count - WIDEST_GROUP;
            let s = if more == 1 { "" } else { "s" };
            boxes.emit(&format!("and {more} more exception{s}\n"), '|', out);
        } else {
            write_chain(vm, items(members)[index], seen, boxes, out);
        }
        if is_last && boxes.open {
            let width = 2 * boxes.depth;
            let _ = writeln!(out, "{:width$}+------------------------------------", "");
            boxes.open = false;
        }
        boxes.depth -= 1;
    }
    if outermost {
        boxes.depth = 0;
    }
}

/// The frames an exception passed through, after a line that says so; nothing if there are none.
fn write_frames(vm: &mut Vm, value: Value, header: &str, out: &mut String) {
    let entries = traceback_entries(value);
    if !entries.is_empty() {
        out.push_str(header);
        write_entries(vm, &entries[entries.len().saturating_sub(LIMIT)..], out);
    }
}

/// The line of an exception itself, and its notes.
fn write_one(vm: &mut Vm, value: Value, out: &mut String) {
    let entries = traceback_entries(value);
    if vm.is_subtype(class_of(value), TypeId::SYNTAX_ERROR) {
        write_syntax_place(value, out);
    }
    out.push_str(&summary(vm, value));
    if let Some(suggestion) = suggest::suggestion(vm, value, entries.last().map(|entry| entry.0)) {
        let _ = write!(out, ". Did you mean: '{suggestion}'?");
    }
    out.push('\n');
    let name = vm.names.notes;
    let notes = vm.instance_get(value, name).and_then(as_items).unwrap_or_default().to_vec();
    for note in notes {
        match repr::str_text(vm, note) {
            Ok(note) => {
                out.push_str(&note);
                out.push('\n');
            }
            Err(_) => {
                vm.take_exception();
                out.push_str("<note str() failed>\n");
            }
        }
    }
}

/// Where a SyntaxError is: the file, the line and carets below the part that is wrong, as far as its arguments tell.
fn write_syntax_place(value: Value, out: &mut String) {
    let details = items(exception(value).args).get(1).and_then(|&details| as_items(details)).unwrap_or_default();
    let [path, line, rest @ ..] = details else { return };
    let Some(line) = numbers::as_i64(*line) else { return };
    let path = as_text(*path).unwrap_or("<string>");
    let _ = writeln!(out, "  File \"{path}\", line {line}");
    let [offset, text, end @ ..] = rest else { return };
    let Some(text) = as_text(*text) else { return };
    let text = text.trim_end_matches('\n');
    let stripped = text.trim_start_matches(|c| is_blank(c) || c == '\n');
    let _ = writeln!(out, "    {stripped}");
    let Some(offset) = numbers::as_i64(*offset).filter(|&offset| offset >= 1) else { return };
    let end = match *end {
        [end_line, end, ..] if numbers::as_i64(end_line) == Some(line) => numbers::as_i64(end).unwrap_or(offset),
        [_, _, ..] => text.chars().count() as i64 + 1,
        _ => offset,
    };
    // Nothing is marked where the place was given without an extent of its own: as CPython, by one caret.
    let end = if end == offset || end <= 0 { offset + 1 } else { end };
    let indentation = (text.chars().count() - stripped.chars().count()) as i64;
    let before = offset - 1 - indentation;
    if before >= 0 {
        let carets = (end - offset).max(1) as usize;
        let _ = writeln!(out, "    {}{}", " ".repeat(before as usize), "^".repeat(carets));
    }
}

/// `Class: message`, or the class alone if there is no message.
pub fn summary(vm: &mut Vm, value: Value) -> String {
    let name = match class_of(value) {
        id if id.is_dynamic() && super::class_build::module_text(vm, id) == "__main__" => {
            super::strings::text(vm.class(id).qualname).to_owned()
        }
        id => repr::qualified_name(vm, id),
    };
    let message = match exception(value).args {
        // The place of a syntax error has lines of its own.
        args if vm.is_subtype(class_of(value), TypeId::SYNTAX_ERROR) => match items(args) {
            [] => Ok("<no detail available>".to_owned()),
            &[message, ..] => repr::str_text(vm, message),
        },
        _ => repr::str_text(vm, value),
    };
    match message {
        Ok(message) if message.is_empty() => name,
        Ok(message) => format!("{name}: {message}"),
        Err(_) => {
            vm.take_exception();
            format!("{name}: <exception str() failed>")
        }
    }
}

/// The lines that a place in a code takes in a traceback: its function, then the comprehensions around it, which run
/// inside the function's own frame but are functions to CPython. Each with its name and position.
fn lines_of(proto: &CodeProto, pc: u32) -> Vec<(&str, Position)> {
    let mut inlined: Vec<_> = proto.inlined_frames.iter().filter(|f| (f.start..f.end).contains(&pc)).collect();
    inlined.sort_by_key(|frame| std::cmp::Reverse(frame.end - frame.start));
    let own = proto.positions.get(pc as usize).copied().unwrap_or_default();
    let names = std::iter::once(&*proto.name).chain(inlined.iter().map(|frame| &*proto.names[frame.name as usize]));
    let positions = inlined.iter().map(|frame| frame.position).chain(std::iter::once(own));
    names.zip(positions).collect()
}

pub fn write_entries(vm: &Vm, entries: &[(CodeId, u32)], out: &mut String) {
    let mut last: Option<(&str, u32, &str)> = None;
    let mut count = 0;
    for &(id, pc) in entries {
        let code = &vm.codes[id.index()];
        for (name, position) in lines_of(&code.proto, pc) {
            let (line, _) = code.source.line_column(position.span.start);
            let place = (&*code.source.path, line, name);
            if last != Some(place) {
                write_repetitions(count, out);
                (last, count) = (Some(place), 0);
            }
            count += 1;
            if count <= REPEATED_LINES {
                let _ = writeln!(out, "  File \"{}\", line {line}, in {}", place.0, place.2);
                write_source_line(&code.source, line, position, out);
            }
        }
    }
    write_repetitions(count, out);
}

fn write_repetitions(count: usize, out: &mut String) {
    if let Some(more @ 1..) = count.checked_sub(REPEATED_LINES) {
        let s = if more == 1 { "" } else { "s" };
        let _ = writeln!(out, "  [Previous line repeated {more} more time{s}]");
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// The stripped source line, and below it what marks the part that failed, unless that is the whole line.
fn write_source_line(source: &Source, line: u32, position: Position, out: &mut String) {
    // Programs that are no file have no lines to show.
    if source.path.starts_with('<') && source.path.ends_with('>') {
        return;
    }
    let text = source.line_text(line);
    let stripped = text.trim_start_matches(is_blank);
    let indentation = text.len() - stripped.len();
    let _ = writeln!(out, "    {stripped}");

    let (_, start) = source.line_column(position.span.start);
    let (end_line, end) = source.line_column(position.span.end);
    let (start, mut end) = (start as usize, (end as usize).min(text.len()));
    let mut anchor = None;
    if end_line != line {
        end = text.trim_end_matches(is_blank).len();
    } else if position.anchor.start < position.anchor.end {
        let column = |offset: u32| source.line_column(offset).1 as usize;
        anchor = Some((column(position.anchor.start), column(position.anchor.end)));
    }
    if start >= end || start < indentation || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
        return;
    }
    let characters = |part: &str| part.chars().count();
    if anchor.is_none() && characters(&text[start..end]) == characters(stripped) {
        return;
    }
    let mut marks = " ".repeat(4 + display_width(&text[indentation..start]));
    let mut mark = |from: usize, to: usize, c: char| {
        let part = text.get(from..to.max(from)).unwrap_or("");
        marks.extend(std::iter::repeat_n(c, display_width(part)));
    };
    match anchor {
        Some((left, right)) => {
            mark(start, left, '~');
            mark(left, right, '^');
            mark(right, end, '~');
        }
        None => mark(start, end, '^'),
    }
    out.push_str(&marks);
    out.push('\n');
}

/// Columns of a terminal that text takes.
fn display_width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// East Asian wide and full-width characters.
fn is_wide(c: char) -> bool {
    matches!(c as u32,
        0x1100..=0x115f
        | 0x231a..=0x231b
        | 0x2329..=0x232a
        | 0x23e9..=0x23ec
        | 0x2614..=0x2615
        | 0x2648..=0x2653
        | 0x2705
        | 0x270a..=0x270b
        | 0x2728
        | 0x274c
        | 0x2753..=0x2755
        | 0x2795..=0x2797
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0xa4cf
        | 0xa960..=0xa97f
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe10..=0xfe19
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f320
        | 0x1f32d..=0x1f335
        | 0x1f337..=0x1f37c
        | 0x1f380..=0x1f393
        | 0x1f3a0..=0x1f3ca
        | 0x1f400..=0x1f43e
        | 0x1f440
        | 0x1f442..=0x1f4fc
        | 0x1f500..=0x1f53d
        | 0x1f5fb..=0x1f64f
        | 0x1f680..=0x1f6c5
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bytecode::{CodeProto, Instruction, Module, Op, Span};

    /// The place of `part` in `text`, optionally of the operator in it.
    fn position(text: &str, part: &str, operator: &str) -> Position {
        let start = text.find(part).expect("the part occurs") as u32;
        let anchor = match operator {
            "" => Span::default(),
            _ => {
                let at = start + part.find(operator).expect("the operator occurs") as u32;
                Span { start: at, end: at + operator.len() as u32 }
            }
        };
        Position { span: Span { start, end: start + part.len() as u32 }, anchor }
    }

    /// The report of an exception that passed the given places, innermost last.
    fn report(text: &str, class: TypeId, message: &str, places: &[(&str, Position)]) -> String {
        let mut vm = Vm::new(Vec::new());
        let source = Arc::new(Source::new("x.py".to_owned(), text.to_owned()));
        let codes = places.iter().map(|&(name, position)| code(name, position)).collect();
        let body = vm.link_module(&Module { source, codes, warnings: Vec::new() }, "__main__");
        let _ = vm.raise(class, message);
        for index in (0..places.len()).rev() {
            vm.add_traceback_entry(CodeId(body.0 + index as u32), 0);
        }
        let value = vm.take_exception().expect("raised above");
        format_exception(&mut vm, value)
    }

    fn code(name: &str, position: Position) -> CodeProto {
        CodeProto {
            name: name.to_owned(),
            qualname: name.to_owned(),
            first_line: 1,
            positional: 0,
            positional_only: 0,
            keyword_only: 0,
            local_names: vec!["value".to_owned()],
            defaulted: Vec::new(),
            registers: 1,
            instructions: vec![Instruction::new(Op::Return, 0, 0, 0)],
            positions: vec![position],
            constants: Vec::new(),
            names: Vec::new(),
            ..CodeProto::default()
        }
    }

    #[test]
    fn operators_are_marked_within_their_operands() {
        let text = "def g(x):\n    return x / 0 + 1\ng(1) * 2\n";
        let places = [("<module>", position(text, "g(1)", "")), ("g", position(text, "x / 0", "/"))];
        let expected = "Traceback (most recent call last):\n  File \"x.py\", line 3, in <module>\n    g(1) * 2\n    \
                        ^^^^\n  File \"x.py\", line 2, in g\n    return x / 0 + 1\n           ~~^~~\n\
                        ZeroDivisionError: division by zero\n";
        assert_eq!(report(text, TypeId::ZERO_DIVISION_ERROR, "division by zero", &places), expected);
    }

    #[test]
    fn a_whole_line_is_not_marked() {
        let text = "g(1)\n";
        let places = [("<module>", position(text, "g(1)", ""))];
        let expected =
            "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    g(1)\nTypeError: m\n";
        assert_eq!(report(text, TypeId::TYPE_ERROR, "m", &places), expected);
    }

    #[test]
    fn wide_characters_take_two_columns_and_several_lines_are_marked_on_the_first() {
        let text = "x = \"漢\" + 1 + 2\ny = (1 +\n 2)\n";
        let first = [("<module>", position(text, "\"漢\" + 1", "+"))];
        assert!(report(text, TypeId::TYPE_ERROR, "m", &first).contains("\n        ~~~~~^~~\n"));
        let second = [("<module>", position(text, "1 +\n 2", "+"))];
        assert!(report(text, TypeId::TYPE_ERROR, "m", &second).contains("\n         ^^^\n"));
    }

    #[test]
    fn repeated_frames_are_counted() {
        let text = "def r(n):\n    return r(n-1)\nr(5)\n";
        let mut places = vec![("<module>", position(text, "r(5)", ""))];
        places.extend(std::iter::repeat_n(("r", position(text, "r(n-1)", "")), 10));
        let text = report(text, TypeId::RECURSION_ERROR, "m", &places);
        assert!(
            text.ends_with("           ^^^^^^\n  [Previous line repeated 7 more times]\nRecursionError: m\n"),
            "{text}"
        );
        assert_eq!(text.matches("in r\n").count(), 3);
    }

    #[test]
    fn causes_come_before_their_effects() {
        let mut vm = Vm::new(Vec::new());
        let _ = vm.raise(TypeId::VALUE_ERROR, "y");
        let cause = vm.take_exception().expect("raised above");
        let _ = vm.raise(TypeId::KEY_ERROR, "x");
        let effect = vm.take_exception().expect("raised above");
        let _ = vm.raise_statement(effect, Some(cause));
        let text = format_exception(&mut vm, effect);
        let between = "\nThe above exception was the direct cause of the following exception:\n\n";
        assert_eq!(text, format!("ValueError: y\n{between}KeyError: 'x'\n"));
        exception(effect).cause = effect;
        assert_eq!(format_exception(&mut vm, effect), "KeyError: 'x'\n");
    }
}
