//! `sys.stdout` and `sys.stderr` as objects.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::object::{ShapeId, Stream};
use crate::runtime::output;
use crate::runtime::strings::{as_text, length};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    METHODS of Owner::Type(TypeId::STREAM);
    "write" Arity::One, write_method, "Writes a str; the number of characters.";
    "flush" Arity::Zero, flush_method, "Writes out what is buffered.";
    "isatty" Arity::Zero, isatty, "True if this is a terminal.";
    "fileno" Arity::Zero, fileno, "The file descriptor.";
}

pub fn new_stream(vm: &mut Vm, descriptor: i32) -> Value {
    let stream = vm.allocate(size_of::<Stream>(), ShapeId::STREAM).cast::<Stream>();
    // SAFETY: the allocation has room for a `Stream`.
    unsafe { (*stream).descriptor = descriptor as u64 };
    Value::of(stream)
}

fn descriptor_of(vm: &mut Vm, stream: Value) -> Outcome<i32> {
    if stream.has_layout(ShapeId::STREAM) {
        // SAFETY: the shape was checked.
        return Ok(unsafe { (*stream.object::<Stream>()).descriptor } as i32);
    }
    let name = vm.type_name(stream);
    Err(vm.attribute_error(format!("'{name}' object has no attribute 'write'")))
}

pub fn write(vm: &mut Vm, stream: Value, text: &str) -> Outcome<()> {
    let descriptor = descriptor_of(vm, stream)?;
    let result = match descriptor {
        libc::STDOUT_FILENO => vm.out.write(text),
        _ => output::write_all(descriptor, text.as_bytes()),
    };
    result.map_err(|error| vm.raise_os_error(&error))
}

pub fn flush(vm: &mut Vm, stream: Value) -> Outcome<()> {
    if descriptor_of(vm, stream)? != libc::STDOUT_FILENO {
        return Ok(());
    }
    vm.out.flush().map_err(|error| vm.raise_os_error(&error))
}

fn write_method(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [stream, value] = [0, 1].map(|index| arguments.positional()[index]);
    let Some(text) = as_text(value) else {
        let name = vm.argument_type_name(value);
        return Err(vm.type_error(format!("write() argument must be str, not {name}")));
    };
    write(vm, stream, text)?;
    Ok(Value::from_fixnum(length(value) as i64))
}

fn flush_method(vm: &mut Vm, arguments: Arguments) -> Outcome {
    flush(vm, arguments.positional()[0])?;
    Ok(Value::NONE)
}

fn isatty(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = descriptor_of(vm, arguments.positional()[0])?;
    // SAFETY: isatty only looks at the descriptor.
    Ok(Value::from_bool(unsafe { libc::isatty(descriptor) } == 1))
}

fn fileno(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = descriptor_of(vm, arguments.positional()[0])?;
    Ok(Value::from_fixnum(i64::from(descriptor)))
}
