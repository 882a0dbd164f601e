//! Methods that change a bytearray, and the methods of memoryviews.

use super::bytes_methods::hex_of;
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes::{self, data, data_mut, splice, to_byte};
use crate::runtime::iterate::{is_iterable_object, to_index, to_size};
use crate::runtime::memory_view;
use crate::runtime::sequences::as_items;
use crate::runtime::strings::as_text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    BYTEARRAY of Owner::Type(TypeId::BYTEARRAY);
    "append" Arity::One, append, "Adds a byte at the end.";
    "clear" Arity::Zero, clear, "Removes all bytes.";
    "copy" Arity::Zero, copy, "A bytearray of the same bytes.";
    "extend" Arity::One, extend, "Adds the bytes of an iterable at the end.";
    "insert" Arity::Range(2, 2), insert, "Puts a byte before an index.";
    "pop" Arity::Range(0, 1), pop, "Takes out the last byte, or the one at an index.";
    "remove" Arity::One, remove, "Takes out the first byte of a value.";
    "reverse" Arity::Zero, reverse, "Turns the order round.";
}

builtins! {
    MEMORYVIEW of Owner::Type(TypeId::MEMORYVIEW);
    "cast" Arity::Free, cast, "The same bytes as items of another format.";
    "hex" Arity::Free, hex, "The bytes in hexadecimal.";
    "release" Arity::Zero, release, "Lets go of the object that is looked at.";
    "tobytes" Arity::Free, tobytes, "A bytes of the same bytes.";
    "tolist" Arity::Zero, tolist, "A list of the items.";
    "toreadonly" Arity::Zero, toreadonly, "A view that cannot be written.";
    "__enter__" Arity::Zero, enter, "The view itself.";
    "__exit__" Arity::Free, exit, "Releases the view.";
}

macro_rules! of_class {
    ($class:ident $static:ident $id:expr) => {
        builtins! {
            $class of Owner::Class($id);
            "fromhex" Arity::One, fromhex, "The data that a str of hexadecimal digits gives.";
        }
        builtins! {
            $static of Owner::Static($id);
            "maketrans" Arity::Range(2, 2), maketrans, "A table for translate().";
        }
    };
}

of_class!(BYTES_CLASS BYTES_STATIC TypeId::BYTES);
of_class!(BYTEARRAY_CLASS BYTEARRAY_STATIC TypeId::BYTEARRAY);

/// The tables of what the classes themselves offer.
pub const CLASS_TABLES: [&[super::BuiltinRow]; 4] = [BYTES_CLASS, BYTES_STATIC, BYTEARRAY_CLASS, BYTEARRAY_STATIC];

const BYTE_RANGE: &str = "byte must be in range(0, 256)";

fn receiver(arguments: Arguments) -> Value {
    arguments.positional()[0]
}

fn append(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let byte = to_byte(vm, arguments.positional()[1], BYTE_RANGE)?;
    let array = receiver(arguments);
    splice(vm, array, data(array).len(), 0, &[byte])?;
    Ok(Value::NONE)
}

fn clear(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let array = receiver(arguments);
    splice(vm, array, 0, data(array).len(), &[])?;
    Ok(Value::NONE)
}

fn copy(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.bytearray(data(receiver(arguments)))
}

fn extend(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (array, iterable) = (receiver(arguments), arguments.positional()[1]);
    if bytes::as_buffer(iterable).is_none() && !is_iterable_object(vm, iterable) {
        let name = vm.type_name(iterable);
        return Err(vm.type_error(format!("can't extend bytearray with {name}")));
    }
    let new = bytes::collect(vm, iterable, true)?;
    splice(vm, array, data(array).len(), 0, &new)?;
    Ok(Value::NONE)
}

fn insert(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let array = receiver(arguments);
    let index = to_index(vm, arguments.positional()[1])?;
    let byte = to_byte(vm, arguments.positional()[2], BYTE_RANGE)?;
    let length = data(array).len() as i64;
    let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
    splice(vm, array, index as usize, 0, &[byte])?;
    Ok(Value::NONE)
}

fn pop(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let array = receiver(arguments);
    let index = match arguments.get(1) {
        Some(index) => to_size(vm, index)?,
        None => -1,
    };
    let length = data(array).len();
    if length == 0 {
        return Err(vm.index_error("pop from empty bytearray"));
    }
    let index = if index < 0 { index + length as i64 } else { index };
    match usize::try_from(index).ok().filter(|&index| index < length) {
        Some(index) => {
            let byte = data(array)[index];
            splice(vm, array, index, 1, &[])?;
            Ok(Value::from_fixnum(i64::from(byte)))
        }
        None => Err(vm.index_error("pop index out of range")),
    }
}

fn remove(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let array = receiver(arguments);
    let byte = to_byte(vm, arguments.positional()[1], BYTE_RANGE)?;
    match data(array).iter().position(|&b| b == byte) {
        Some(index) => {
            splice(vm, array, index, 1, &[])?;
            Ok(Value::NONE)
        }
        None => Err(vm.value_error("value not found in bytearray")),
    }
}

fn reverse(_: &mut Vm, arguments: Arguments) -> Outcome {
    data_mut(receiver(arguments)).reverse();
    Ok(Value::NONE)
}

fn cast(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [format, shape] = arguments.rest().bind(vm, "cast", ["format", "shape"])?;
    let Some(format) = format else {
        return Err(vm.type_error("cast() missing required argument 'format' (pos 1)"));
    };
    memory_view::check(vm, receiver(arguments))?;
    if let Some(shape) = shape.filter(|_| format.is_str() && memory_view::is_contiguous(receiver(arguments))) {
        if memory_view::fields(receiver(arguments)).length == 0 {
            return Err(vm.type_error("memoryview: cannot cast view with zeros in shape or strides"));
        }
        if as_items(shape).is_none() {
            return Err(vm.type_error("shape must be a list or a tuple"));
        }
    }
    match as_text(format) {
        Some(format) => memory_view::cast(vm, receiver(arguments), format),
        None => {
            let name = vm.argument_type_name(format);
            Err(vm.type_error(format!("cast() argument 'format' must be str, not {name}")))
        }
    }
}

fn hex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    memory_view::check(vm, receiver(arguments))?;
    let data = memory_view::bytes_of(receiver(arguments)).unwrap_or_default();
    hex_of(vm, &data, arguments)
}

fn release(_: &mut Vm, arguments: Arguments) -> Outcome {
    memory_view::release(receiver(arguments));
    Ok(Value::NONE)
}

fn tobytes(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [order] = arguments.rest().bind(vm, "tobytes", ["order"])?;
    match order.filter(|&order| order != Value::NONE) {
        None => {}
        Some(order) if !order.is_str() => {
            let name = vm.argument_type_name(order);
            return Err(vm.type_error(format!("tobytes() argument 'order' must be str or None, not {name}")));
        }
        Some(order) if !matches!(as_text(order), Some("C" | "F" | "A")) => {
            return Err(vm.value_error("order must be 'C', 'F' or 'A'"));
        }
        Some(_) => {}
    }
    memory_view::check(vm, receiver(arguments))?;
    let data = memory_view::bytes_of(receiver(arguments)).unwrap_or_default();
    vm.bytes(&data)
}

fn tolist(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let view = receiver(arguments);
    memory_view::check(vm, view)?;
    let list = vm.list(&[])?;
    for index in 0..memory_view::fields(view).length {
        let item = memory_view::item(vm, view, index)?;
        vm.push(list, item)?;
    }
    Ok(list)
}

fn toreadonly(vm: &mut Vm, arguments: Arguments) -> Outcome {
    memory_view::to_readonly(vm, receiver(arguments))
}

fn enter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    memory_view::check(vm, receiver(arguments))?;
    Ok(receiver(arguments))
}

fn exit(_: &mut Vm, arguments: Arguments) -> Outcome {
    memory_view::release(receiver(arguments));
    Ok(Value::NONE)
}

fn fromhex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [class, text] = [0, 1].map(|index| arguments.positional()[index]);
    let data = from_hex(vm, text)?;
    if class == vm.type_object(TypeId::BYTEARRAY) {
        return vm.bytearray(&data);
    }
    let plain = vm.bytes(&data)?;
    if class == vm.type_object(TypeId::BYTES) { Ok(plain) } else { vm.call(class, &[plain]) }
}

fn maketrans(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [from, to] = [0, 1].map(|index| arguments.positional()[index]);
    make_translation(vm, from, to)
}

/// The data of `bytes.fromhex(text)`.
fn from_hex(vm: &mut Vm, text: Value) -> Outcome<Vec<u8>> {
    let Some(source) = as_text(text) else {
        let name = vm.argument_type_name(text);
        return Err(vm.type_error(format!("fromhex() argument must be str, not {name}")));
    };
    let characters: Vec<char> = source.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < characters.len() {
        if matches!(characters[at], ' ' | '\t'..='\r') {
            at += 1;
            continue;
        }
        let mut byte = 0;
        for offset in 0..2 {
            match characters.get(at + offset).and_then(|c| c.to_digit(16)) {
                Some(digit) => byte = byte << 4 | digit,
                None => {
                    let position = at + offset;
                    let message = format!("non-hexadecimal number found in fromhex() arg at position {position}");
                    return Err(vm.value_error(message));
                }
            }
        }
        out.push(byte as u8);
        at += 2;
    }
    Ok(out)
}

fn make_translation(vm: &mut Vm, from: Value, to: Value) -> Outcome {
    let (from, to) = (bytes::buffer(vm, from)?.into_owned(), bytes::buffer(vm, to)?.into_owned());
    if from.len() != to.len() {
        return Err(vm.value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (&from, &to) in from.iter().zip(&to) {
        table[from as usize] = to;
    }
    vm.bytes(&table)
}
