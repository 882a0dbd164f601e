//! The builtin functions.

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::consume::{Consumer, consume, consume_by_key};
use crate::interp::generator::Resumed;
use crate::runtime::bytes;
use crate::runtime::compare::{CompareKind, compare_as_bool};
use crate::runtime::dict_views;
use crate::runtime::dispatch;
use crate::runtime::iterate::{self, Iteration};
use crate::runtime::memory_view;
use crate::runtime::numbers::{as_float, as_integer};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::{self, Binary};
use crate::runtime::sequences::{as_items, items, range_bounds, range_length};
use crate::runtime::strings::{self, as_text, text};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{attributes, bigint, format_spec, hash, numbers, repr, rounding, set, surrogates};

builtins! {
    /// Functions known everywhere.
    FUNCTIONS of Owner::Builtins;
    "abs" Arity::One, abs, "Absolute value of a number.";
    "aiter" Arity::One, aiter, "The asynchronous iterator of an object.";
    "all" Arity::One, all, "True if every item is true.";
    "anext" Arity::One, anext, "What gives the next item of an asynchronous iterator when awaited.";
    "any" Arity::One, any, "True if some item is true.";
    "ascii" Arity::One, ascii, "repr() with escapes for all that is not ASCII.";
    "bin" Arity::One, bin, "Binary digits of an int.";
    "callable" Arity::One, callable, "True if the object can be called.";
    "chr" Arity::One, chr, "The character of a code point.";
    "divmod" Arity::Range(2, 2), divmod, "Floor quotient and remainder.";
    "exit" Arity::Range(0, 1), quit, "Ends the program.";
    "format" Arity::Range(1, 2), format, "The value in a format.";
    "getattr" Arity::Range(2, 3), getattr, "An attribute by name.";
    "hasattr" Arity::Range(2, 2), hasattr, "True if the attribute exists.";
    "hash" Arity::One, hash, "Hash of an immutable value.";
    "hex" Arity::One, hex, "Hexadecimal digits of an int.";
    "id" Arity::One, id, "A number no other living object has.";
    "iter" Arity::Range(1, 2), iter, "An iterator over the items.";
    "len" Arity::One, len, "Number of items.";
    "max" Arity::Free, max, "Largest item or argument.";
    "min" Arity::Free, min, "Smallest item or argument.";
    "next" Arity::Range(1, 2), next, "Next item of an iterator.";
    "oct" Arity::One, oct, "Octal digits of an int.";
    "input" Arity::Range(0, 1), input, "A line of standard input.";
    "open" Arity::Free, open, "Opens a file.";
    "ord" Arity::One, ord, "Code point of a character.";
    "pow" Arity::Free, pow, "Power, or power modulo a number.";
    "print" Arity::Free, print, "Writes values to standard output.";
    "quit" Arity::Range(0, 1), quit, "Ends the program.";
    "repr" Arity::One, to_repr, "The value as source text.";
    "round" Arity::Free, round, "Number rounded to some digits.";
    "setattr" Arity::Range(3, 3), setattr, "Sets an attribute by name.";
    "sorted" Arity::Free, sorted, "A new sorted list of the items.";
    "sum" Arity::Free, sum, "Sum of the items.";
}

fn abs(vm: &mut Vm, arguments: Arguments) -> Outcome {
    operators::absolute(vm, arguments.positional()[0])
}

fn all(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut iteration = Iteration::new(vm, arguments.positional()[0])?;
    if let Some(result) = consume(vm, Consumer::All, iteration.source(), Value::NONE)? {
        return Ok(result);
    }
    while let Some(item) = iteration.next(vm)? {
        if !operators::truth(vm, item)? {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}

fn any(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut iteration = Iteration::new(vm, arguments.positional()[0])?;
    if let Some(result) = consume(vm, Consumer::Any, iteration.source(), Value::NONE)? {
        return Ok(result);
    }
    while let Some(item) = iteration.next(vm)? {
        if operators::truth(vm, item)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn ascii(vm: &mut Vm, arguments: Arguments) -> Outcome {
    repr::to_ascii(vm, arguments.positional()[0])
}

fn to_repr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    repr::to_repr(vm, arguments.positional()[0])
}

fn callable(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    if value.is_instance() && vm.special(value, vm.names.call).is_some() {
        return Ok(Value::TRUE);
    }
    Ok(Value::from_bool(value.has_layout(ShapeId::FUNCTION) || super::is_builtin_callable(value)))
}

fn bin(vm: &mut Vm, arguments: Arguments) -> Outcome {
    in_radix(vm, arguments, "#b")
}
fn oct(vm: &mut Vm, arguments: Arguments) -> Outcome {
    in_radix(vm, arguments, "#o")
}
fn hex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    in_radix(vm, arguments, "#x")
}

fn in_radix(vm: &mut Vm, arguments: Arguments, spec: &str) -> Outcome {
    let value = arguments.positional()[0];
    let Some(integer) = iterate::as_index(vm, value)? else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
    };
    let text = format_spec::format_text(vm, integer, spec)?;
    Ok(vm.str(&text))
}

fn chr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let code = match iterate::to_index(vm, value) {
        Ok(code) => code,
        Err(raised) if as_integer(value).is_none() => return Err(raised),
        Err(_) => return Err(vm.overflow_error("Python int too large to convert to C int")),
    };
    if i32::try_from(code).is_err() {
        return Err(vm.overflow_error("Python int too large to convert to C int"));
    }
    match u32::try_from(code).ok().and_then(surrogates::from_code) {
        Some(c) => Ok(vm.character(c)),
        None => Err(vm.value_error("chr() arg not in range(0x110000)")),
    }
}

fn ord(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    if bytes::is_any_bytes(value) {
        return match bytes::data(value) {
            [byte] => Ok(Value::from_fixnum(i64::from(*byte))),
            data => {
                let length = data.len();
                Err(vm.type_error(format!("ord() expected a character, but string of length {length} found")))
            }
        };
    }
    let Some(string) = as_text(value) else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("ord() expected string of length 1, but {name} found")));
    };
    let mut characters = string.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) => Ok(Value::from_fixnum(i64::from(surrogates::code_of(c)))),
        _ => {
            let length = strings::length(value);
            Err(vm.type_error(format!("ord() expected a character, but string of length {length} found")))
        }
    }
}

fn divmod(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [a, b] = [0, 1].map(|index| arguments.positional()[index]);
    let result = if a.is_instance() || b.is_instance() {
        let (plain, reflected) = (vm.names.divmod, vm.names.rdivmod);
        dispatch::named_binary(vm, a, b, plain, reflected)?
    } else {
        Some(native_divmod(vm, a, b)?)
    };
    match result {
        Some(result) if result != Value::NOT_IMPLEMENTED => Ok(result),
        _ => {
            let (left, right) = (vm.type_name(a), vm.type_name(b));
            Err(vm.type_error(format!("unsupported operand type(s) for divmod(): '{left}' and '{right}'")))
        }
    }
}

/// `divmod` of numbers; NotImplemented for other values.
pub fn native_divmod(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    let is_number = |value| as_float(value).is_some() || as_integer(value).is_some();
    if !is_number(a) || !is_number(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    if (as_float(a).is_some() || as_float(b).is_some()) && numbers::as_f64(b) == Some(0.0) {
        return Err(vm.zero_division_error("float divmod()"));
    }
    let quotient = native_of(vm, Binary::FloorDiv, a, b)?;
    let remainder = native_of(vm, Binary::Mod, a, b)?;
    vm.tuple(&[quotient, remainder])
}

/// An operator on numbers.
fn native_of(vm: &mut Vm, op: Binary, a: Value, b: Value) -> Outcome {
    operators::native(vm, op, a, b, false).unwrap_or(Ok(Value::NOT_IMPLEMENTED))
}

fn format(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let spec = match arguments.get(1) {
        None => "",
        Some(spec) => match as_text(spec) {
            Some(spec) => spec,
            None => {
                let name = vm.argument_type_name(spec);
                return Err(vm.type_error(format!("format() argument 2 must be str, not {name}")));
            }
        },
    };
    format_spec::format(vm, value, spec)
}

fn attribute_name(vm: &mut Vm, value: Value, function: &str) -> Outcome {
    if value.is_str() {
        return Ok(vm.intern(text(value)));
    }
    let _ = function;
    let name = vm.type_name(value);
    Err(vm.type_error(format!("attribute name must be string, not '{name}'")))
}

fn getattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1], "getattr")?;
    match values.get(2) {
        None => attributes::get_attr(vm, values[0], name),
        Some(&default) => Ok(attributes::try_attr(vm, values[0], name)?.unwrap_or(default)),
    }
}

fn hasattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1], "hasattr")?;
    Ok(Value::from_bool(attributes::try_attr(vm, values[0], name)?.is_some()))
}

fn setattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1], "setattr")?;
    attributes::set_attr(vm, values[0], name, values[2])?;
    Ok(Value::NONE)
}

fn hash(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let hash = hash::hash(vm, arguments.positional()[0])?;
    Ok(vm.integer(hash))
}

fn id(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let word = if value.is_pointer() { value.address() as u64 } else { value.0 };
    Ok(vm.integer_wide(i128::from(word)))
}

fn iter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let Some(&sentinel) = values.get(1) else { return iterate::iterator(vm, values[0]) };
    let callable = callable(vm, Arguments::positional_only(&values[..1]))?;
    if callable != Value::TRUE {
        return Err(vm.type_error("iter(v, w): v must be callable"));
    }
    let zero = Value::from_fixnum(0);
    Ok(vm.iterator(ShapeId::CALL_ITERATOR, [zero, zero, zero, values[0]], sentinel))
}

fn next(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if crate::interp::generator::is_generator(values[0]) {
        // What it returns goes with StopIteration.
        let resumed = crate::interp::coroutine::send(vm, values[0], Value::NONE)?;
        return match (resumed, values.get(1)) {
            (Resumed::Yielded(item), _) => Ok(item),
            (Resumed::Returned(_), Some(&default)) => Ok(default),
            (Resumed::Returned(Value::NONE), None) => Err(vm.raise_with(TypeId::STOP_ITERATION, &[])),
            (Resumed::Returned(value), None) => Err(vm.raise_with(TypeId::STOP_ITERATION, &[value])),
        };
    }
    match (iterate::next(vm, values[0])?, values.get(1)) {
        (Some(item), _) => Ok(item),
        (None, Some(&default)) => Ok(default),
        (None, None) => Err(vm.raise_with(TypeId::STOP_ITERATION, &[])),
    }
}

/// `len(value)`.
pub fn length(vm: &mut Vm, value: Value) -> Outcome<i64> {
    if value.is_instance() {
        return dispatch::length(vm, value);
    }
    native_length(vm, value)
}

/// `len(value)` as its builtin layout gives it.
pub fn native_length(vm: &mut Vm, value: Value) -> Outcome<i64> {
    match value.layout() {
        ShapeId::LIST | ShapeId::TUPLE => Ok(items(value).len() as i64),
        ShapeId::STR => Ok(strings::length(value) as i64),
        ShapeId::MAPPING_PROXY => Ok(crate::runtime::mapping_proxy::entries(vm, value).len() as i64),
        ShapeId::BYTES | ShapeId::BYTEARRAY => Ok(bytes::data(value).len() as i64),
        ShapeId::MEMORYVIEW => {
            memory_view::check(vm, value)?;
            Ok(memory_view::fields(value).length)
        }
        _ if dict_views::is_table(value) => Ok(dict_views::length(value) as i64),
        ShapeId::LONG_RANGE => crate::runtime::long_range::checked_length(vm, value),
        ShapeId::RANGE => match i64::try_from(range_length(range_bounds(value))) {
            Ok(length) => Ok(length),
            Err(_) => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
        },
        _ => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("object of type '{name}' has no len()")))
        }
    }
}

fn len(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let length = length(vm, arguments.positional()[0])?;
    Ok(vm.integer(length))
}

fn max(vm: &mut Vm, arguments: Arguments) -> Outcome {
    extreme(vm, arguments, "max", CompareKind::Greater)
}

fn min(vm: &mut Vm, arguments: Arguments) -> Outcome {
    extreme(vm, arguments, "min", CompareKind::Less)
}

/// The least or greatest of a few ints in a list, tuple or set; `None` leaves it to others.
fn extreme_of_small(source: Value, is_min: bool) -> Option<Value> {
    const MOST: usize = 64;
    // Tagged ints are in the order of the ints, and all whose low bits are 0 are ints.
    let (mut low, mut high, mut bits) = (i64::MAX, i64::MIN, 0);
    let mut count = 0;
    let mut add = |item: Value| {
        let word = item.0 as i64;
        (low, high, bits, count) = (low.min(word), high.max(word), bits | word, count + 1);
    };
    match source.shape() {
        ShapeId::LIST | ShapeId::TUPLE if items(source).len() <= MOST => {
            items(source).iter().for_each(|&item| add(item))
        }
        ShapeId::SET | ShapeId::FROZENSET if set::length(source) <= MOST => {
            let (low, high) = set::extremes_of_fixnums(source)?;
            return Some(if is_min { low } else { high });
        }
        _ => return None,
    }
    let found = Value(if is_min { low } else { high } as u64);
    (count > 0 && Value(bits as u64).is_int()).then_some(found)
}

/// The first item that stands in relation `kind` to all before it.
fn extreme(vm: &mut Vm, arguments: Arguments, function: &str, kind: CompareKind) -> Outcome {
    if let ([first, second], false) = (arguments.positional(), arguments.has_keywords()) {
        let is_second = compare_as_bool(vm, kind, *second, *first)?;
        return Ok(if is_second { *second } else { *first });
    }
    let [key, default] = arguments.only_keywords(vm, function, ["key", "default"])?;
    let key = key.filter(|&key| key != Value::NONE);
    let values = arguments.positional();
    if values.is_empty() {
        return Err(vm.type_error(format!("{function} expected at least 1 argument, got 0")));
    }
    if values.len() > 1 && default.is_some() {
        let message = format!("Cannot specify a default for {function}() with multiple positional arguments");
        return Err(vm.type_error(message));
    }
    let is_min = kind == CompareKind::Less;
    if key.is_none()
        && let [source] = *values
        && let Some(found) = extreme_of_small(source, is_min)
    {
        return Ok(found);
    }
    let source = if values.len() == 1 { values[0] } else { vm.tuple(values)? };
    let mut iteration = Iteration::new(vm, source)?;
    let found = match key {
        None => {
            let consumer = if is_min { Consumer::Min } else { Consumer::Max };
            consume(vm, consumer, iteration.source(), Value::UNDEF)?
        }
        Some(key) => {
            let consumer = if is_min { Consumer::MinKey } else { Consumer::MaxKey };
            consume_by_key(vm, consumer, source, iteration.source(), key, Value::UNDEF)?
        }
    };
    let mut best = found.filter(|&found| found != Value::UNDEF).map(|found| (found, found));
    let is_over = found.is_some();
    while !is_over && let Some(item) = iteration.next(vm)? {
        let weight = match key {
            Some(key) => vm.call(key, &[item])?,
            None => item,
        };
        let better = match best {
            None => true,
            Some((_, other)) => compare_as_bool(vm, kind, weight, other)?,
        };
        if better {
            best = Some((item, weight));
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(vm.value_error(format!("{function}() arg is an empty sequence"))),
    }
}

fn pow(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [base, exponent, modulus] = arguments.bind(vm, "pow", ["base", "exp", "mod"])?;
    let Some(base) = base else {
        return Err(vm.type_error("pow() missing required argument 'base' (pos 1)"));
    };
    let Some(exponent) = exponent else {
        return Err(vm.type_error("pow() missing required argument 'exp' (pos 2)"));
    };
    match modulus.filter(|&modulus| modulus != Value::NONE) {
        None => operators::binary(vm, Binary::Pow, base, exponent, false),
        Some(modulus) => {
            let name = vm.names.pow;
            if base.is_instance()
                && let Some(result) = vm.try_special(base, name, &[exponent, modulus])?
                && result != Value::NOT_IMPLEMENTED
            {
                return Ok(result);
            }
            power_modulo(vm, base, exponent, modulus)
        }
    }
}

pub fn power_modulo(vm: &mut Vm, base: Value, exponent: Value, modulus: Value) -> Outcome {
    let [Some(a), Some(b), Some(m)] = [base, exponent, modulus].map(as_integer) else {
        if [base, exponent, modulus].iter().any(|&value| as_float(value).is_some())
            && [base, exponent, modulus].iter().all(|&v| as_float(v).is_some() || as_integer(v).is_some())
        {
            let message = "pow() 3rd argument not allowed unless all arguments are integers";
            return Err(vm.type_error(message));
        }
        let [a, b, m] = [base, exponent, modulus].map(|value| vm.type_name(value));
        return Err(vm.type_error(format!("unsupported operand type(s) for ** or pow(): '{a}', '{b}', '{m}'")));
    };
    let (mut x, mut y, mut z) = ([0], [0], [0]);
    let [a, b, m] = [
        numbers::Limbs::of(a, &mut x).to_ibig(),
        numbers::Limbs::of(b, &mut y).to_ibig(),
        numbers::Limbs::of(m, &mut z).to_ibig(),
    ];
    if m.is_zero() {
        return Err(vm.value_error("pow() 3rd argument cannot be 0"));
    }
    match bigint::power_modulo(a, b, m) {
        Some(result) => vm.integer_big(&result),
        None => Err(vm.value_error("base is not invertible for the given modulus")),
    }
}

fn print(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [separator, end, file, flush] = arguments.only_keywords(vm, "print", ["sep", "end", "file", "flush"])?;
    let separator = separator_text(vm, separator, "sep", " ")?;
    let end = separator_text(vm, end, "end", "\n")?;
    let flush_wanted = match flush {
        Some(flush) => operators::truth(vm, flush)?,
        None => false,
    };
    let stream = match file.filter(|&file| file != Value::NONE) {
        Some(file) => file,
        None => super::streams::stdout(vm)?,
    };
    if stream == Value::NONE {
        return Ok(Value::NONE);
    }
    if !stream.has_shape(ShapeId::STREAM) {
        return print_to_object(vm, stream, arguments.positional(), [separator, end], flush_wanted);
    }
    let write = |vm: &mut Vm, line: &str| super::streams::write(vm, stream, line);
    print_line(vm, arguments.positional(), [separator, end], write)?;
    if flush_wanted {
        super::streams::flush(vm, stream)?;
    }
    Ok(Value::NONE)
}

/// Gives `write` the text of a line, in one piece if nothing of the program can tell.
fn print_line(
    vm: &mut Vm,
    values: &[Value],
    [separator, end]: [&str; 2],
    write: impl Fn(&mut Vm, &str) -> Outcome<()>,
) -> Outcome<()> {
    let mut line = String::new();
    for (index, &value) in values.iter().enumerate() {
        if index > 0 {
            line.push_str(separator);
        }
        match as_text(value).filter(|_| !value.is_instance()) {
            Some(text) => line.push_str(text),
            None => {
                // What comes before is written even if this fails, and before whatever this writes.
                if value.is_pointer() && !line.is_empty() {
                    write(vm, &line)?;
                    line.clear();
                }
                line.push_str(&repr::str_text(vm, value)?);
            }
        }
    }
    line.push_str(end);
    write(vm, &line)
}

/// Calls the `write` of an object of the program for each piece.
fn print_to_object(vm: &mut Vm, file: Value, values: &[Value], [separator, end]: [&str; 2], flush: bool) -> Outcome {
    let name = vm.intern("write");
    if vm.is_written_at_end(file) {
        print_line(vm, values, [separator, end], |vm, line| {
            let line = vm.str(line);
            if vm.write_at_end(file, line)? {
                return Ok(());
            }
            let write = attributes::get_attr(vm, file, name)?;
            vm.call(write, &[line]).map(drop)
        })?;
    } else {
        let write = attributes::get_attr(vm, file, name)?;
        for (index, &value) in values.iter().enumerate() {
            if index > 0 {
                let separator = vm.str(separator);
                vm.call(write, &[separator])?;
            }
            let piece = repr::to_str(vm, value)?;
            vm.call(write, &[piece])?;
        }
        let end = vm.str(end);
        vm.call(write, &[end])?;
    }
    if flush {
        let name = vm.intern("flush");
        let method = attributes::get_attr(vm, file, name)?;
        vm.call(method, &[])?;
    }
    Ok(Value::NONE)
}

/// `open` is the function of `io`, imported when it is first called.
fn open(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let function = super::streams::of_io(vm, "open")?;
    super::call_with(vm, function, arguments)
}

fn input(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let function = super::streams::of_io(vm, "_input")?;
    super::call_with(vm, function, arguments)
}

/// `quit` and `exit`.
fn quit(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let code = arguments.get(0).unwrap_or(Value::NONE);
    Err(vm.raise_with(TypeId::SYSTEM_EXIT, &[code]))
}

fn aiter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    asynchronous(vm, arguments.positional()[0], "__aiter__", "an async iterable")
}

fn anext(vm: &mut Vm, arguments: Arguments) -> Outcome {
    asynchronous(vm, arguments.positional()[0], "__anext__", "an async iterator")
}

/// Calls a special method of asynchronous iteration.
fn asynchronous(vm: &mut Vm, value: Value, method: &str, what: &str) -> Outcome {
    let name = vm.intern(method);
    let class = vm.type_of(value);
    let class = vm.type_object(class);
    let Some(method) = attributes::find_attr(vm, class, name)? else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'{name}' object is not {what}")));
    };
    vm.call(method, &[value])
}

fn separator_text(vm: &mut Vm, value: Option<Value>, name: &str, default: &'static str) -> Outcome<&'static str> {
    match value {
        None | Some(Value::NONE) => Ok(default),
        Some(value) => match as_text(value) {
            Some(text) => Ok(text),
            None => {
                let other = vm.type_name(value);
                Err(vm.type_error(format!("{name} must be None or a string, not {other}")))
            }
        },
    }
}

fn round(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [number, digits] = arguments.bind(vm, "round", ["number", "ndigits"])?;
    let Some(number) = number else {
        return Err(vm.type_error("round() missing required argument 'number' (pos 1)"));
    };
    let name = vm.names.round;
    if number.is_instance() {
        let arguments = [digits.unwrap_or(Value::NONE)];
        let count = usize::from(digits.is_some());
        if let Some(result) = vm.try_special(number, name, &arguments[..count])? {
            return Ok(result);
        }
    }
    rounding::round(vm, number, digits.filter(|&digits| digits != Value::NONE))
}

fn sorted(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if values.len() != 1 {
        let given = values.len();
        return Err(vm.type_error(format!("sorted expected 1 argument, got {given}")));
    }
    let [key, reverse] = arguments.only_keywords(vm, "sort", ["key", "reverse"])?;
    let list = iterate::list_of(vm, values[0])?;
    super::sort::sort(vm, list, key, reverse)?;
    Ok(list)
}

fn sum(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(iterable) = arguments.get(0) else {
        return Err(vm.type_error("sum() takes at least 1 positional argument (0 given)"));
    };
    let [_, start] = arguments.bind(vm, "sum", ["", "start"])?;
    let mut total = start.unwrap_or(Value::from_fixnum(0));
    if total.is_str() {
        return Err(vm.type_error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    if let Some(values) = as_items(iterable)
        && total.is_int()
        && values.iter().all(|value| value.is_int())
        && let Some(result) = sum_of_fixnums(total, values)
    {
        return Ok(vm.integer(result));
    }
    let mut iteration = Iteration::new(vm, iterable)?;
    if let Some(total) = consume(vm, Consumer::Sum, iteration.source(), total)? {
        return Ok(total);
    }
    while let Some(item) = iteration.next(vm)? {
        total = operators::add(vm, total, item, false)?;
    }
    Ok(total)
}

fn sum_of_fixnums(start: Value, values: &[Value]) -> Option<i64> {
    values.iter().try_fold(start.as_fixnum(), |total, value| total.checked_add(value.as_fixnum()))
}
