//! `repr`, `str` and `ascii` of every value.

use super::bytes;
use super::dict_views;
use super::exceptions::{class_of, exception};
use super::float_text;
use super::modules::module_name;
use super::numbers::{Limbs, as_float};
use super::object::{Builtin, Range, ShapeId, Slice};
use super::sequences::items;
use super::set;
use super::strings::{as_text, text};
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::library::structures::structure_of;

/// Containers whose repr is being made, outermost first.
type Open = Vec<Value>;

/// `repr(value)`.
pub fn to_repr(vm: &mut Vm, value: Value) -> Outcome {
    let text = repr_text(vm, value)?;
    Ok(vm.str(&text))
}

/// `str(value)`.
pub fn to_str(vm: &mut Vm, value: Value) -> Outcome {
    if value.has_shape(ShapeId::STR) {
        return Ok(value);
    }
    let text = str_text(vm, value)?;
    Ok(vm.str(&text))
}

pub fn repr_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    let mut out = String::new();
    write_repr(vm, value, &mut out, &mut Open::new())?;
    Ok(out)
}

pub fn str_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    let name = vm.names.str;
    if let Some(text) = vm.decimal_text(value) {
        return Ok(text);
    }
    if value.is_instance()
        && let Some(result) = super::dispatch::text_method(vm, value, name)?
    {
        return Ok(text(result).to_owned());
    }
    native_str_text(vm, value)
}

/// `repr(value)` as the builtin layout of the value gives it.
pub fn native_repr_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    let mut out = String::new();
    write_native_repr(vm, value, &mut out, &mut Open::new())?;
    Ok(out)
}

/// `<module.Class object at 0x...>`: `object.__repr__`.
pub fn default_repr(vm: &Vm, value: Value) -> String {
    let id = vm.type_of(value);
    let address = if value.is_pointer() { value.address() } else { value.0 as usize };
    format!("<{} object at {address:#x}>", qualified_name(vm, id))
}

/// The name of a class with its module, which for builtin types is left out.
pub fn qualified_name(vm: &Vm, id: TypeId) -> String {
    if !id.is_dynamic() {
        return id.name().to_owned();
    }
    let qualname = text(vm.class(id).qualname);
    match super::class_build::module_text(vm, id).as_str() {
        "builtins" => qualname.to_owned(),
        module => format!("{module}.{qualname}"),
    }
}

/// `str(value)` as the builtin layout of the value gives it.
pub fn native_str_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    match value.layout() {
        ShapeId::STR => Ok(text(value).to_owned()),
        ShapeId::EXCEPTION => exception_text(vm, value),
        _ => repr_text(vm, value),
    }
}

/// What the errors of codecs say of their arguments.
fn unicode_error_text(vm: &Vm, class: TypeId, args: &[Value]) -> Option<String> {
    let of_codec = [TypeId::UNICODE_ENCODE_ERROR, TypeId::UNICODE_DECODE_ERROR];
    of_codec.iter().any(|&base| vm.is_subtype(class, base)).then(|| super::codecs::error_text(args)).flatten()
}

/// `str(exception)`.
fn exception_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    let class = class_of(value);
    let args = exception(value).args;
    match *items(args) {
        [message, _] if vm.is_subtype(class, TypeId::BASE_EXCEPTION_GROUP) => {
            let count = items(super::groups::members(value)).len();
            let s = if count == 1 { "" } else { "s" };
            Ok(format!("{} ({count} sub-exception{s})", str_text(vm, message)?))
        }
        [] => Ok(String::new()),
        [_, _, _, _, _] if let Some(text) = unicode_error_text(vm, class, items(args)) => Ok(text),
        [message, details] if vm.is_subtype(class, TypeId::SYNTAX_ERROR) => {
            let message = str_text(vm, message)?;
            Ok(match super::sequences::as_items(details) {
                Some(&[path, line, ..]) => match (super::strings::as_text(path), super::numbers::as_i64(line)) {
                    (Some(path), Some(line)) => {
                        let file = path.rsplit('/').next().unwrap_or(path);
                        format!("{message} ({file}, line {line})")
                    }
                    (Some(path), None) => format!("{message} ({})", path.rsplit('/').next().unwrap_or(path)),
                    (None, Some(line)) => format!("{message} (line {line})"),
                    (None, None) => message,
                },
                _ => message,
            })
        }
        [only] if vm.is_subtype(class, TypeId::KEY_ERROR) => repr_text(vm, only),
        [only] => str_text(vm, only),
        [number, message] if vm.is_subtype(class, TypeId::OS_ERROR) => {
            let number = str_text(vm, number)?;
            let mut text = format!("[Errno {number}] {}", str_text(vm, message)?);
            let files = exception(value).object;
            if files != Value::NONE && items(files)[0] != Value::NONE {
                text.push_str(": ");
                text.push_str(&repr_text(vm, items(files)[0])?);
                if items(files)[1] != Value::NONE {
                    text.push_str(" -> ");
                    text.push_str(&repr_text(vm, items(files)[1])?);
                }
            }
            Ok(text)
        }
        _ => repr_text(vm, args),
    }
}

fn write_repr(vm: &mut Vm, value: Value, out: &mut String, open: &mut Open) -> Outcome<()> {
    let name = vm.names.repr;
    if value.is_instance()
        && let Some(result) = super::dispatch::text_method(vm, value, name)?
    {
        out.push_str(text(result));
        return Ok(());
    }
    write_native_repr(vm, value, out, open)
}

fn write_native_repr(vm: &mut Vm, value: Value, out: &mut String, open: &mut Open) -> Outcome<()> {
    if let Some(x) = as_float(value) {
        out.push_str(&float_text::repr(x));
        return Ok(());
    }
    if value.is_int() {
        use std::fmt::Write;
        let _ = write!(out, "{}", value.as_fixnum());
        return Ok(());
    }
    match value.layout() {
        ShapeId::FREE => out.push_str(value.special_name().unwrap_or("<word>")),
        ShapeId::BIG_INT => out.push_str(&integer_text(vm, value)?),
        ShapeId::STR => write_str_repr(text(value), false, out),
        ShapeId::LIST => write_items(vm, value, "[", "]", out, open)?,
        ShapeId::TUPLE if let Some((name, fields)) = structure_of(value) => {
            out.push_str(name);
            for (index, &item) in items(value).iter().enumerate() {
                out.push_str(if index == 0 { "(" } else { ", " });
                out.push_str(fields[index]);
                out.push('=');
                write_repr(vm, item, out, open)?;
            }
            out.push(')');
        }
        ShapeId::TUPLE => {
            let end = if items(value).len() == 1 { ",)" } else { ")" };
            write_items(vm, value, "(", end, out, open)?;
        }
        ShapeId::COMPLEX => out.push_str(&super::complex::repr(super::complex::parts_of(value))),
        ShapeId::BYTES => bytes::repr_of_data(bytes::data(value), out),
        ShapeId::BYTEARRAY => {
            out.push_str(vm.type_name(value));
            out.push('(');
            bytes::repr_of_data(bytes::data(value), out);
            out.push(')');
        }
        ShapeId::DICT => write_dict(vm, value, out, open)?,
        _ if dict_views::is_view(value) || set::is_any_set(value) => write_table(vm, value, out, open)?,
        ShapeId::RANGE => {
            // SAFETY: the shape was checked.
            let Range { start, stop, step, .. } = unsafe { &*value.object::<Range>() };
            let (start, stop, step) = (start.as_fixnum(), stop.as_fixnum(), step.as_fixnum());
            out.push_str(&match step {
                1 => format!("range({start}, {stop})"),
                _ => format!("range({start}, {stop}, {step})"),
            });
        }
        ShapeId::LONG_RANGE => {
            let [start, stop, step] = super::long_range::bounds(value);
            let last = (step != Value::from_fixnum(1)).then_some((", ", step));
            for (before, part) in [("range(", start), (", ", stop)].into_iter().chain(last) {
                out.push_str(before);
                write_repr(vm, part, out, open)?;
            }
            out.push(')');
        }
        ShapeId::SLICE => {
            // SAFETY: the shape was checked.
            let Slice { start, stop, step, .. } = unsafe { &*value.object::<Slice>() };
            for (before, part) in [("slice(", start), (", ", stop), (", ", step)] {
                out.push_str(before);
                write_repr(vm, *part, out, open)?;
            }
            out.push(')');
        }
        ShapeId::EXCEPTION => {
            out.push_str(vm.class_name(class_of(value)));
            let args = exception(value).args;
            match *items(args) {
                [only] => {
                    out.push('(');
                    write_repr(vm, only, out, open)?;
                    out.push(')');
                }
                _ => write_repr(vm, args, out, open)?,
            }
        }
        _ => out.push_str(&other_repr(vm, value)?),
    }
    Ok(())
}

fn other_repr(vm: &mut Vm, value: Value) -> Outcome<String> {
    let address = value.address();
    Ok(match value.layout() {
        ShapeId::TYPE => format!("<class '{}'>", qualified_name(vm, type_id(value))),
        ShapeId::INSTANCE => default_repr(vm, value),
        ShapeId::STATIC_METHOD | ShapeId::CLASS_METHOD => {
            let inner = super::descriptors::fields(value)[0];
            let inner = repr_text(vm, inner)?;
            format!("<{}({inner})>", vm.type_name(value))
        }
        ShapeId::SUPER => {
            let [start, receiver, owner, _] = *super::descriptors::fields(value);
            let start = vm.class_name(type_id(start));
            if receiver == Value::UNDEF {
                format!("<super: <class '{start}'>, NULL>")
            } else {
                format!("<super: <class '{start}'>, <{} object>>", vm.class_name(type_id(owner)))
            }
        }
        ShapeId::MEMBER => {
            let [name, class, ..] = *super::descriptors::fields(value);
            format!("<member '{}' of '{}' objects>", text(name), vm.class_name(type_id(class)))
        }
        ShapeId::MAPPING_PROXY => {
            let pairs = super::mapping_proxy::entries(vm, value);
            let mut out = "mappingproxy({".to_owned();
            for (index, (name, value)) in pairs.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&repr_text(vm, name)?);
                out.push_str(": ");
                out.push_str(&repr_text(vm, value)?);
            }
            out.push_str("})");
            out
        }
        ShapeId::GENERIC_ALIAS => super::aliases::alias_text(vm, value)?,
        ShapeId::UNION => super::aliases::union_text(vm, value)?,
        ShapeId::MODULE => {
            let name = module_name(value);
            let spec = vm.interned.get("__spec__").and_then(|&key| vm.global(value, key));
            let file = vm.interned.get("__file__").and_then(|&key| vm.global(value, key));
            match file.and_then(as_text) {
                Some(file) => format!("<module '{name}' from '{file}'>"),
                None if spec == Some(Value::NONE) => format!("<module '{name}'>"),
                None => format!("<module '{name}' (built-in)>"),
            }
        }
        ShapeId::FUNCTION => format!("<function {} at {address:#x}>", super::functions::qualname(vm, value)),
        ShapeId::BUILTIN => {
            // SAFETY: the shape was checked.
            let row = vm.builtin_table[unsafe { (*value.object::<Builtin>()).index } as usize];
            match row.receiver() {
                Some(owner) if row.name.starts_with("__") && row.name != "__new__" => {
                    format!("<slot wrapper '{}' of '{}' objects>", row.name, owner.name())
                }
                Some(owner) if row.name != "__new__" => {
                    format!("<method '{}' of '{}' objects>", row.name, owner.name())
                }
                Some(owner) => {
                    format!("<built-in method __new__ of type object at {:#x}>", vm.type_object(owner).address())
                }
                None => format!("<built-in function {}>", row.name),
            }
        }
        ShapeId::MEMORYVIEW => {
            let released = if super::memory_view::is_released(value) { "released " } else { "" };
            format!("<{released}memory at {address:#x}>")
        }
        ShapeId::BOUND_METHOD => bound_method_repr(vm, value)?,
        _ => match super::repr_code::of(vm, value)? {
            Some(text) => text,
            None => default_repr(vm, value),
        },
    })
}

/// Of a method bound to its receiver.
fn bound_method_repr(vm: &mut Vm, value: Value) -> Outcome<String> {
    let (function, receiver) = super::descriptors::bound_parts(value);
    if function.has_shape(ShapeId::BUILTIN) {
        let row = crate::library::row_of(vm, function);
        let place = if receiver.is_pointer() { receiver.address() } else { value.address() };
        let class = vm.type_name(receiver);
        return Ok(if row.name.starts_with("__") {
            format!("<method-wrapper '{}' of {class} object at {place:#x}>", row.name)
        } else if receiver.has_layout(ShapeId::TYPE) {
            format!("<built-in method {} of type object at {place:#x}>", row.name)
        } else {
            format!("<built-in method {} of {class} object at {place:#x}>", row.name)
        });
    }
    let name = match function.has_shape(ShapeId::FUNCTION) {
        true => super::functions::qualname(vm, function),
        false => {
            let key = vm.names.qualname;
            let found = super::attributes::try_attr(vm, function, key)?;
            found.and_then(as_text).unwrap_or("?").to_owned()
        }
    };
    let receiver = repr_text(vm, receiver)?;
    Ok(format!("<bound method {name} of {receiver}>"))
}

fn write_items(vm: &mut Vm, value: Value, start: &str, end: &str, out: &mut String, open: &mut Open) -> Outcome<()> {
    out.push_str(start);
    if open.contains(&value) {
        out.push_str("...");
        out.push_str(end.trim_start_matches(','));
        return Ok(());
    }
    vm.enter_native(" while getting the repr of an object")?;
    open.push(value);
    let mut index = 0;
    let mut result = Ok(());
    while let Some(&item) = items(value).get(index) {
        if index > 0 {
            out.push_str(", ");
        }
        result = write_repr(vm, item, out, open);
        if result.is_err() {
            break;
        }
        index += 1;
    }
    open.pop();
    vm.leave_native();
    out.push_str(end);
    result
}

/// Between `enter_native` and `leave_native`, and as one of the open containers.
fn nested(
    vm: &mut Vm,
    value: Value,
    open: &mut Open,
    write: impl FnOnce(&mut Vm, &mut Open) -> Outcome<()>,
) -> Outcome<()> {
    vm.enter_native(" while getting the repr of an object")?;
    open.push(value);
    let result = write(vm, open);
    open.pop();
    vm.leave_native();
    result
}

fn write_dict(vm: &mut Vm, dict: Value, out: &mut String, open: &mut Open) -> Outcome<()> {
    if open.contains(&dict) {
        out.push_str("{...}");
        return Ok(());
    }
    out.push('{');
    nested(vm, dict, open, |vm, open| {
        let (mut position, mut separator) = (0, "");
        while let Some((key, value)) = super::dict::entry_at(dict, &mut position) {
            out.push_str(separator);
            separator = ", ";
            write_repr(vm, key, out, open)?;
            out.push_str(": ");
            write_repr(vm, value, out, open)?;
        }
        Ok(())
    })?;
    out.push('}');
    Ok(())
}

/// A set, or a view of a dict.
fn write_table(vm: &mut Vm, value: Value, out: &mut String, open: &mut Open) -> Outcome<()> {
    let name = vm.type_name(value);
    if open.contains(&value) {
        out.push_str(&if set::is_any_set(value) { format!("{name}(...)") } else { "...".to_owned() });
        return Ok(());
    }
    let (before, after) = match value.shape() {
        _ if dict_views::is_view(value) => {
            let viewed = dict_views::viewed(value);
            // The views of an OrderedDict are of other types in CPython.
            let is_ordered = viewed.is_instance() && {
                let mro = &vm.class(vm.type_of(viewed)).mro;
                mro.iter().any(|&id| qualified_name(vm, id) == "collections.OrderedDict")
            };
            (format!("{}{name}([", if is_ordered { "o" } else { "" }), "])")
        }
        _ if set::length(value) == 0 => (format!("{name}("), ")"),
        ShapeId::SET => ("{".to_owned(), "}"),
        _ => (format!("{name}({{"), "})"),
    };
    out.push_str(&before);
    nested(vm, value, open, |vm, open| {
        let list = super::iterate::list_of(vm, value)?;
        for (index, &item) in items(list).iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            write_repr(vm, item, out, open)?;
        }
        Ok(())
    })?;
    out.push_str(after);
    Ok(())
}

/// `str` of an int, with CPython's limit on digits.
pub fn integer_text(vm: &mut Vm, value: Value) -> Outcome<String> {
    if value.is_int() {
        return Ok(value.as_fixnum().to_string());
    }
    let limit = vm.int_max_str_digits;
    let number = Limbs::of_big(value);
    let too_long = || {
        format!(
            "Exceeds the limit ({limit} digits) for integer string conversion; \
             use sys.set_int_max_str_digits() to increase the limit"
        )
    };
    // 10 bits are more than 3 digits: an estimate that is never too high.
    if limit != 0 && number.bit_length() * 3 / 10 > u64::from(limit) + 3 {
        return Err(vm.value_error(too_long()));
    }
    let digits = number.to_ibig().to_string();
    if limit != 0 && digits.trim_start_matches('-').len() > limit as usize {
        return Err(vm.value_error(too_long()));
    }
    Ok(digits)
}

/// A str in quotes, with escapes as CPython chooses them; with `ascii`, other characters are escaped too.
pub fn write_str_repr(text: &str, ascii: bool, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c == quote => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            _ if !ascii && is_printable(c) => out.push(c),
            _ => write_escape(c, out),
        }
    }
    out.push(quote);
}

/// A character as the shortest escape with digits: `\xe9`, `\u65e5`, `\U0001f600`.
pub fn write_escape(c: char, out: &mut String) {
    use std::fmt::Write;
    let _ = match super::surrogates::code_of(c) {
        code @ 0..=0xff => write!(out, "\\x{code:02x}"),
        code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
        code => write!(out, "\\U{code:08x}"),
    };
}

/// `ascii(value)`.
pub fn to_ascii(vm: &mut Vm, value: Value) -> Outcome {
    let repr = repr_text(vm, value)?;
    if repr.is_ascii() {
        return Ok(vm.str(&repr));
    }
    let mut out = String::with_capacity(repr.len() * 2);
    for c in repr.chars() {
        if c.is_ascii() { out.push(c) } else { write_escape(c, &mut out) }
    }
    Ok(vm.str(&out))
}

/// What `str.isprintable` says of a character that is not ASCII: letters, marks, numbers, punctuation and symbols.
/// Rust's `char::escape_debug` keeps exactly those that have a visible form.
pub fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\u{300}'..='\u{36f}' => true,
        _ if c.is_whitespace() || c.is_control() => false,
        _ => c.escape_debug().count() == 1 || c.is_alphanumeric(),
    }
}
