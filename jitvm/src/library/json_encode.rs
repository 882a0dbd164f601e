//! The module `_json`, one half: objects to JSON text, with all the options of `json.dumps`.

use super::Arguments;
use crate::interp::special;
use crate::runtime::attributes;
use crate::runtime::dict;
use crate::runtime::float_text;
use crate::runtime::numbers::{as_float, as_integer};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::truth;
use crate::runtime::repr;
use crate::runtime::sequences::items;
use crate::runtime::strings::as_text;
use crate::runtime::surrogates::code_of;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// What `json.dumps` was told.
struct Encoder<'a> {
    out: String,
    ascii: bool,
    allow_nan: bool,
    sort_keys: bool,
    skip_keys: bool,
    check_circular: bool,
    /// One level of indentation; `None` for everything on one line.
    indent: Option<&'a str>,
    item_separator: &'a str,
    key_separator: &'a str,
    /// Gives another object for one that JSON does not know.
    default: Value,
    /// Containers being written, if they are checked for circles.
    open: Vec<Value>,
    /// Lists and dicts around what is written.
    depth: usize,
}

/// The longest buffer that is kept for the next text.
const LONGEST_KEPT: usize = 1 << 16;

/// `encode(value, default, options)`: the options are `ensure_ascii`, `allow_nan`, `sort_keys`, `skipkeys`,
/// `check_circular`, `indent` and the two separators.
pub fn encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let &[value, default, options] = arguments.positional() else { return Ok(Value::NONE) };
    let options = items(options);
    let mut option = |index: usize| truth(vm, options[index]);
    let (ascii, allow_nan, sort_keys) = (option(0)?, option(1)?, option(2)?);
    let (skip_keys, check_circular) = (option(3)?, option(4)?);
    let mut out = std::mem::take(&mut vm.json_buffer);
    out.clear();
    let mut encoder = Encoder {
        out,
        ascii,
        allow_nan,
        sort_keys,
        skip_keys,
        check_circular,
        indent: as_text(options[5]),
        item_separator: as_text(options[6]).unwrap_or(", "),
        key_separator: as_text(options[7]).unwrap_or(": "),
        default,
        open: Vec::new(),
        depth: 0,
    };
    let written = encoder.value(vm, value);
    let out = encoder.out;
    let text = written.and_then(|()| vm.allocate_str(out.len(), |bytes| bytes.copy_from_slice(out.as_bytes())));
    if out.capacity() <= LONGEST_KEPT {
        vm.json_buffer = out;
    }
    text
}

/// `encode_text(text, ensure_ascii)`: a str as a JSON string.
pub fn encode_text(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let Some(text) = as_text(values[0]) else {
        let name = vm.type_name(values[0]);
        return Err(vm.type_error(format!("first argument must be a string, not {name}")));
    };
    let mut out = String::new();
    write_text(text, values[1] == Value::TRUE, &mut out);
    Ok(vm.str(&out))
}

/// How many bytes at the start of a text need no escapes.
fn plain_run(bytes: &[u8], ascii: bool) -> usize {
    let most = if ascii { b'~' } else { u8::MAX };
    let is_plain = |byte: u8| (byte >= b' ') & (byte <= most) & (byte != b'"') & (byte != b'\\');
    // Without branches between them, sixteen at a time are compared at once.
    let whole = bytes.chunks_exact(16).take_while(|chunk| chunk.iter().fold(true, |all, &byte| all & is_plain(byte)));
    let start = whole.count() * 16;
    start + bytes[start..].iter().take_while(|&&byte| is_plain(byte)).count()
}

fn write_text(text: &str, ascii: bool, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_run(rest.as_bytes(), ascii));
        out.push_str(plain);
        let mut characters = special.chars();
        let Some(c) = characters.next() else { break };
        write_escape(c, out);
        rest = characters.as_str();
    }
    out.push('"');
}

fn write_escape(c: char, out: &mut String) {
    let mut unit = |unit: u16| {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            out.push(char::from(b"0123456789abcdef"[usize::from(unit >> shift & 15)]));
        }
    };
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        _ => match code_of(c) {
            code @ 0xd800..=0xdfff => unit(code as u16),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|&half| unit(half)),
        },
    }
}

/// Decimal digits.
fn write_integer(number: i64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|&digit| char::from(digit)));
}

/// What JSON writes without quotes.
fn is_scalar(value: Value) -> bool {
    matches!(value, Value::NONE | Value::TRUE | Value::FALSE)
        || as_integer(value).is_some()
        || as_float(value).is_some()
}

impl Encoder<'_> {
    fn float(&mut self, vm: &mut Vm, x: f64) -> Outcome<()> {
        if !x.is_finite() && !self.allow_nan {
            let mut message = "Out of range float values are not JSON compliant".to_owned();
            if self.indent.is_some() {
                message.push_str(": ");
                message.push_str(&float_text::repr(x));
            }
            return Err(vm.value_error(message));
        }
        match x {
            _ if x.is_nan() => self.out.push_str("NaN"),
            f64::INFINITY => self.out.push_str("Infinity"),
            f64::NEG_INFINITY => self.out.push_str("-Infinity"),
            _ => self.out.push_str(&float_text::repr(x)),
        }
        Ok(())
    }

    /// Writes what has no quotes; false, and nothing is written, if the value is no such.
    fn scalar(&mut self, vm: &mut Vm, value: Value) -> Outcome<bool> {
        match value {
            Value::NONE => self.out.push_str("null"),
            Value::TRUE => self.out.push_str("true"),
            Value::FALSE => self.out.push_str("false"),
            _ if value.is_int() => write_integer(value.as_fixnum(), &mut self.out),
            _ => {
                if let Some(integer) = as_integer(value) {
                    self.out.push_str(&repr::integer_text(vm, integer)?);
                } else if let Some(x) = as_float(value) {
                    self.float(vm, x)?;
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn value(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if let Some(text) = as_text(value) {
            write_text(text, self.ascii, &mut self.out);
            return Ok(());
        }
        if self.scalar(vm, value)? {
            return Ok(());
        }
        vm.enter_native(" while encoding a JSON object")?;
        if self.check_circular {
            if self.open.contains(&value) {
                vm.leave_native();
                return Err(vm.value_error("Circular reference detected"));
            }
            self.open.push(value);
        }
        let result = match value.layout() {
            ShapeId::LIST | ShapeId::TUPLE => self.sequence(vm, value),
            ShapeId::DICT => self.mapping(vm, value),
            _ => match vm.call(self.default, &[value]) {
                Ok(other) => self.value(vm, other),
                Err(raised) => Err(raised),
            },
        };
        if self.check_circular {
            self.open.pop();
        }
        vm.leave_native();
        result
    }

    fn line(&mut self, level: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            for _ in 0..level {
                self.out.push_str(indent);
            }
        }
    }

    fn separator(&mut self, first: bool, level: usize) {
        if !first {
            self.out.push_str(self.item_separator);
            self.line(level);
        }
    }

    fn sequence(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if items(value).is_empty() {
            self.out.push_str("[]");
            return Ok(());
        }
        self.depth += 1;
        let level = self.depth;
        self.out.push('[');
        self.line(level);
        let mut index = 0;
        // Functions of the program may change the list meanwhile.
        while let Some(&item) = items(value).get(index) {
            self.separator(index == 0, level);
            self.value(vm, item)?;
            index += 1;
        }
        self.depth -= 1;
        self.line(level - 1);
        self.out.push(']');
        Ok(())
    }

    /// Writes a key with what is before and behind it; false, and nothing is written, if it is to be left out.
    fn key(&mut self, vm: &mut Vm, key: Value, first: bool) -> Outcome<bool> {
        if let Some(text) = as_text(key) {
            self.separator(first, self.depth);
            write_text(text, self.ascii, &mut self.out);
        } else if is_scalar(key) {
            self.separator(first, self.depth);
            self.out.push('"');
            self.scalar(vm, key)?;
            self.out.push('"');
        } else if self.skip_keys {
            return Ok(false);
        } else {
            let name = vm.type_name(key);
            return Err(vm.type_error(format!("keys must be str, int, float, bool or None, not {name}")));
        }
        self.out.push_str(self.key_separator);
        Ok(true)
    }

    fn mapping(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if dict::length(value) == 0 {
            self.out.push_str("{}");
            return Ok(());
        }
        if !value.is_instance() && !self.sort_keys {
            return self.entries(vm, value);
        }
        let pairs = if value.is_instance() {
            let name = vm.intern("items");
            let method = attributes::get_attr(vm, value, name)?;
            let view = vm.call(method, &[])?;
            crate::runtime::iterate::list_of(vm, view)?
        } else {
            let list = vm.list(&[])?;
            let mut position = 0;
            while let Some((key, item)) = dict::entry_at(value, &mut position) {
                let pair = vm.tuple(&[key, item])?;
                vm.push(list, pair)?;
            }
            list
        };
        let pairs = if self.sort_keys { special::call_builtin_function(vm, "sorted", &[pairs])? } else { pairs };
        self.begin_mapping();
        let (mut index, mut first) = (0, true);
        while let Some(&pair) = items(pairs).get(index) {
            index += 1;
            let &[key, item] = items(pair) else {
                return Err(vm.value_error("items must return 2-tuples"));
            };
            if self.key(vm, key, first)? {
                first = false;
                self.value(vm, item)?;
            }
        }
        self.end_mapping();
        Ok(())
    }

    /// A plain dict in its own order. Functions of the program may change it meanwhile: its keys and values are taken
    /// first, on the native stack if they are few.
    fn entries(&mut self, vm: &mut Vm, dict: Value) -> Outcome<()> {
        let mut few = [[Value::NONE; 2]; 16];
        let mut count = 0;
        let mut position = 0;
        while count < few.len()
            && let Some((key, item)) = dict::entry_at(dict, &mut position)
        {
            few[count] = [key, item];
            count += 1;
        }
        let more = if dict::length(dict) > count { vm.list(&[])? } else { Value::NONE };
        if more != Value::NONE {
            while let Some((key, item)) = dict::entry_at(dict, &mut position) {
                vm.push(more, key)?;
                vm.push(more, item)?;
            }
        }
        self.begin_mapping();
        let mut first = true;
        for [key, item] in few.into_iter().take(count) {
            if self.key(vm, key, first)? {
                first = false;
                self.value(vm, item)?;
            }
        }
        if more != Value::NONE {
            for pair in items(more).chunks_exact(2) {
                if self.key(vm, pair[0], first)? {
                    first = false;
                    self.value(vm, pair[1])?;
                }
            }
        }
        self.end_mapping();
        Ok(())
    }

    fn begin_mapping(&mut self) {
        self.depth += 1;
        self.out.push('{');
        self.line(self.depth);
    }

    fn end_mapping(&mut self) {
        self.depth -= 1;
        self.line(self.depth);
        self.out.push('}');
    }
}
