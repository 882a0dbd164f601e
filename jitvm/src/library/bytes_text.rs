//! Methods of bytes and bytearrays that treat them as ASCII text: case, padding, kinds of characters; and `translate`.

use super::bytes_methods::after_receiver;
use super::{Arguments, Arity, BuiltinRow, Owner, builtins};
use crate::runtime::bytes::{buffer, data};
use crate::runtime::iterate::to_index;
use crate::runtime::object::ShapeId;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

macro_rules! shared {
    ($table:ident of $owner:expr) => {
        builtins! {
            $table of $owner;
            "capitalize" Arity::Zero, capitalize, "First letter upper case, others lower case.";
            "center" Arity::Range(1, 2), center, "Padded on both sides.";
            "expandtabs" Arity::Free, expandtabs, "With tabs replaced by spaces.";
            "isalnum" Arity::Zero, isalnum, "True if all bytes are letters or digits.";
            "isalpha" Arity::Zero, isalpha, "True if all bytes are letters.";
            "isascii" Arity::Zero, isascii, "True if all bytes are ASCII.";
            "isdigit" Arity::Zero, isdigit, "True if all bytes are digits.";
            "islower" Arity::Zero, islower, "True if letters are lower case.";
            "isspace" Arity::Zero, isspace, "True if all bytes are white space.";
            "istitle" Arity::Zero, istitle, "True if words begin with upper case.";
            "isupper" Arity::Zero, isupper, "True if letters are upper case.";
            "ljust" Arity::Range(1, 2), ljust, "Padded at the end.";
            "lower" Arity::Zero, lower, "In lower case.";
            "rjust" Arity::Range(1, 2), rjust, "Padded at the start.";
            "swapcase" Arity::Zero, swapcase, "With cases exchanged.";
            "title" Arity::Zero, title, "With words beginning in upper case.";
            "translate" Arity::Free, translate, "With bytes replaced by a table, some deleted.";
            "upper" Arity::Zero, upper, "In upper case.";
            "zfill" Arity::One, zfill, "Padded with zeros after the sign.";
        }
    };
}

shared!(BYTES of Owner::Type(TypeId::BYTES));
shared!(BYTEARRAY of Owner::Type(TypeId::BYTEARRAY));

/// Every table of this file.
pub const TABLES: [&[BuiltinRow]; 2] = [BYTES, BYTEARRAY];

fn own<'a>(arguments: Arguments) -> &'a [u8] {
    data(arguments.positional()[0])
}

fn result(vm: &mut Vm, arguments: Arguments, data: &[u8]) -> Outcome {
    vm.bytes_like(arguments.positional()[0], data)
}

fn mapped(vm: &mut Vm, arguments: Arguments, f: impl Fn(&u8) -> u8) -> Outcome {
    let new: Vec<u8> = own(arguments).iter().map(f).collect();
    result(vm, arguments, &new)
}

fn lower(vm: &mut Vm, arguments: Arguments) -> Outcome {
    mapped(vm, arguments, u8::to_ascii_lowercase)
}

fn upper(vm: &mut Vm, arguments: Arguments) -> Outcome {
    mapped(vm, arguments, u8::to_ascii_uppercase)
}

fn swapcase(vm: &mut Vm, arguments: Arguments) -> Outcome {
    mapped(
        vm,
        arguments,
        |byte| {
            if byte.is_ascii_uppercase() { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() }
        },
    )
}

fn capitalize(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut new = own(arguments).to_ascii_lowercase();
    if let Some(first) = new.first_mut() {
        first.make_ascii_uppercase();
    }
    result(vm, arguments, &new)
}

fn title(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut new = own(arguments).to_ascii_lowercase();
    let mut inside = false;
    for byte in &mut new {
        if !inside {
            byte.make_ascii_uppercase();
        }
        inside = byte.is_ascii_alphabetic();
    }
    result(vm, arguments, &new)
}

fn all(arguments: Arguments, kind: impl Fn(&u8) -> bool) -> Outcome {
    let data = own(arguments);
    Ok(Value::from_bool(!data.is_empty() && data.iter().all(kind)))
}

fn isalnum(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, u8::is_ascii_alphanumeric)
}

fn isalpha(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, u8::is_ascii_alphabetic)
}

fn isascii(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(own(arguments).is_ascii()))
}

fn isdigit(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, u8::is_ascii_digit)
}

fn isspace(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, |byte| matches!(byte, b' ' | b'\t'..=b'\r'))
}

fn islower(_: &mut Vm, arguments: Arguments) -> Outcome {
    let data = own(arguments);
    let lower = data.iter().any(u8::is_ascii_lowercase) && !data.iter().any(u8::is_ascii_uppercase);
    Ok(Value::from_bool(lower))
}

fn isupper(_: &mut Vm, arguments: Arguments) -> Outcome {
    let data = own(arguments);
    let upper = data.iter().any(u8::is_ascii_uppercase) && !data.iter().any(u8::is_ascii_lowercase);
    Ok(Value::from_bool(upper))
}

fn istitle(_: &mut Vm, arguments: Arguments) -> Outcome {
    let (mut inside, mut any) = (false, false);
    for byte in own(arguments) {
        // Upper case only begins a word, lower case only continues one.
        if (byte.is_ascii_uppercase() && inside) || (byte.is_ascii_lowercase() && !inside) {
            return Ok(Value::FALSE);
        }
        inside = byte.is_ascii_alphabetic();
        any |= inside;
    }
    Ok(Value::from_bool(any))
}

/// Bytes missing to the width, and the byte to fill with.
fn missing(vm: &mut Vm, arguments: Arguments, function: &str) -> Outcome<(usize, u8)> {
    let width = to_index(vm, arguments.positional()[1])?;
    let fill = match arguments.get(2) {
        None => b' ',
        Some(value) => match crate::runtime::bytes::is_any_bytes(value).then(|| data(value)) {
            Some([byte]) => *byte,
            _ => {
                let name = vm.argument_type_name(value);
                let message = format!("{function}() argument 2 must be a byte string of length 1, not {name}");
                return Err(vm.type_error(message));
            }
        },
    };
    Ok((usize::try_from(width).unwrap_or(0).saturating_sub(own(arguments).len()), fill))
}

fn padded(vm: &mut Vm, arguments: Arguments, before: usize, after: usize, fill: u8) -> Outcome {
    if before == 0 && after == 0 && arguments.positional()[0].has_shape(ShapeId::BYTES) {
        return Ok(arguments.positional()[0]);
    }
    if before.saturating_add(after) > crate::runtime::bytes::LONGEST {
        return Err(vm.raise_memory_error());
    }
    let new = [&vec![fill; before], own(arguments), &vec![fill; after]].concat();
    result(vm, arguments, &new)
}

fn center(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (missing, fill) = missing(vm, arguments, "center")?;
    let width = missing + own(arguments).len();
    let before = missing / 2 + (missing & width & 1);
    padded(vm, arguments, before, missing - before, fill)
}

fn ljust(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (missing, fill) = missing(vm, arguments, "ljust")?;
    padded(vm, arguments, 0, missing, fill)
}

fn rjust(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (missing, fill) = missing(vm, arguments, "rjust")?;
    padded(vm, arguments, missing, 0, fill)
}

fn zfill(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let width = to_index(vm, arguments.positional()[1])?;
    let source = own(arguments);
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(source.len());
    if missing > crate::runtime::bytes::LONGEST {
        return Err(vm.raise_memory_error());
    }
    let (sign, digits) = match source {
        [b'+' | b'-', digits @ ..] => (&source[..1], digits),
        _ => (&[][..], source),
    };
    let new = [sign, &vec![b'0'; missing], digits].concat();
    result(vm, arguments, &new)
}

fn expandtabs(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [size] = after_receiver(arguments).bind(vm, "expandtabs", ["tabsize"])?;
    let size = match size {
        Some(size) => usize::try_from(to_index(vm, size)?).unwrap_or(0),
        None => 8,
    };
    let (mut out, mut column) = (Vec::new(), 0);
    for &byte in own(arguments) {
        match byte {
            b'\t' => {
                let spaces = if size > 0 { size - column % size } else { 0 };
                out.resize(out.len() + spaces, b' ');
                column += spaces;
            }
            b'\n' | b'\r' => {
                out.push(byte);
                column = 0;
            }
            _ => {
                out.push(byte);
                column += 1;
            }
        }
    }
    result(vm, arguments, &out)
}

fn translate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [delete] = arguments.only_keywords(vm, "translate", ["delete"])?;
    let given = arguments.all().len() - 1;
    if given > 2 {
        return Err(vm.type_error(format!("translate() takes at most 2 arguments ({given} given)")));
    }
    let Some(table) = arguments.get(1) else {
        return Err(vm.type_error("translate() takes at least 1 positional argument (0 given)"));
    };
    let table = match table {
        Value::NONE => None,
        table => Some(buffer(vm, table)?.into_owned()),
    };
    if table.as_ref().is_some_and(|table| table.len() != 256) {
        return Err(vm.value_error("translation table must be 256 characters long"));
    }
    let delete = match delete.or(arguments.get(2)) {
        Some(delete) => buffer(vm, delete)?.into_owned(),
        None => Vec::new(),
    };
    let kept = own(arguments).iter().filter(|byte| !delete.contains(byte));
    let new: Vec<u8> = kept.map(|&byte| table.as_ref().map_or(byte, |table| table[byte as usize])).collect();
    result(vm, arguments, &new)
}
