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

/// `encode(value, ensure_ascii, allow_nan, sort_keys, skipkeys, check_circular, indent, separators, default)`.
pub fn encode(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let mut option = |index: usize| truth(vm, values[index]);
    let (ascii, allow_nan, sort_keys) = (option(1)?, option(2)?, option(3)?);
    let (skip_keys, check_circular) = (option(4)?, option(5)?);
    let separators = items(values[7]);
    let mut encoder = Encoder {
        out: String::new(),
        ascii,
        allow_nan,
        sort_keys,
        skip_keys,
        check_circular,
        indent: as_text(values[6]),
        item_separator: as_text(separators[0]).unwrap_or(", "),
        key_separator: as_text(separators[1]).unwrap_or(": "),
        default: values[8],
        open: Vec::new(),
        depth: 0,
    };
    encoder.value(vm, values[0])?;
    vm.allocate_str(encoder.out.len(), |bytes| bytes.copy_from_slice(encoder.out.as_bytes()))
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

fn write_text(text: &str, ascii: bool, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    let mut plain = 0;
    for (offset, c) in text.char_indices() {
        let escaped = matches!(c, '"' | '\\' | '\0'..='\x1f') || ascii && (!c.is_ascii() || c == '\x7f');
        if !escaped {
            continue;
        }
        out.push_str(&text[plain..offset]);
        plain = offset + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            _ if (0xd800..0xe000).contains(&code_of(c)) => {
                let _ = write!(out, "\\u{:04x}", code_of(c));
            }
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

impl Encoder<'_> {
    fn float(&mut self, vm: &mut Vm, x: f64) -> Outcome<String> {
        if x.is_finite() {
            return Ok(float_text::repr(x));
        }
        if !self.allow_nan {
            let mut message = "Out of range float values are not JSON compliant".to_owned();
            if self.indent.is_some() {
                message.push_str(": ");
                message.push_str(&float_text::repr(x));
            }
            return Err(vm.value_error(message));
        }
        Ok(if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned())
    }

    /// What is written as it is, without quotes.
    fn scalar(&mut self, vm: &mut Vm, value: Value) -> Outcome<Option<String>> {
        Ok(Some(match value {
            Value::NONE => "null".to_owned(),
            Value::TRUE => "true".to_owned(),
            Value::FALSE => "false".to_owned(),
            _ => {
                if let Some(integer) = as_integer(value) {
                    repr::integer_text(vm, integer)?
                } else if let Some(x) = as_float(value) {
                    self.float(vm, x)?
                } else {
                    return Ok(None);
                }
            }
        }))
    }

    fn value(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if let Some(text) = as_text(value) {
            write_text(text, self.ascii, &mut self.out);
            return Ok(());
        }
        if let Some(text) = self.scalar(vm, value)? {
            self.out.push_str(&text);
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

    fn key(&mut self, vm: &mut Vm, key: Value) -> Outcome<Option<String>> {
        if let Some(text) = as_text(key) {
            return Ok(Some(text.to_owned()));
        }
        if let Some(text) = self.scalar(vm, key)? {
            return Ok(Some(text));
        }
        if self.skip_keys {
            return Ok(None);
        }
        let name = vm.type_name(key);
        Err(vm.type_error(format!("keys must be str, int, float, bool or None, not {name}")))
    }

    fn mapping(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if dict::length(value) == 0 {
            self.out.push_str("{}");
            return Ok(());
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
        self.depth += 1;
        let level = self.depth;
        self.out.push('{');
        self.line(level);
        let (mut index, mut first) = (0, true);
        while let Some(&pair) = items(pairs).get(index) {
            index += 1;
            let &[key, item] = items(pair) else {
                return Err(vm.value_error("items must return 2-tuples"));
            };
            let Some(key) = self.key(vm, key)? else { continue };
            self.separator(first, level);
            first = false;
            write_text(&key, self.ascii, &mut self.out);
            self.out.push_str(self.key_separator);
            self.value(vm, item)?;
        }
        self.depth -= 1;
        self.line(level - 1);
        self.out.push('}');
        Ok(())
    }
}
