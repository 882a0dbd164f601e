//! `sys.stdout` and `sys.stderr` as objects.

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::import;
use crate::runtime::attributes::get_attr;
use crate::runtime::iterate::Iteration;
use crate::runtime::object::{ShapeId, Stream};
use crate::runtime::strings::{as_text, length};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{codecs, output, surrogates};

builtins! {
    METHODS of Owner::Type(TypeId::STREAM);
    "write" Arity::One, write_method, "Writes a str; the number of characters.";
    "flush" Arity::Zero, flush_method, "Writes out what is buffered.";
    "isatty" Arity::Zero, isatty, "True if this is a terminal.";
    "fileno" Arity::Zero, fileno, "The file descriptor.";
    "writelines" Arity::One, writelines, "Writes the strs of an iterable.";
    "readable" Arity::Zero, no, "True if it can be read.";
    "writable" Arity::Zero, yes, "True if it can be written.";
    "seekable" Arity::Zero, no, "True if it has a position that can be set.";
    "close" Arity::Zero, flush_method, "Writes out what is buffered; the stream stays open.";
    "reconfigure" Arity::Free, reconfigure, "Accepts settings of text files; UTF-8 is always written.";
    "__enter__" Arity::Zero, itself, "The stream.";
    "__exit__" Arity::Free, leave, "Writes out what is buffered.";
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
        libc::STDOUT_FILENO => match vm.out.write(text) {
            Ok(true) => Ok(()),
            Ok(false) => return refuse(vm, text),
            Err(error) => Err(error),
        },
        _ => output::write_all(descriptor, surrogates::escaped(text).as_bytes()),
    };
    result.map_err(|error| vm.raise_os_error(&error))
}

/// Raises what a text with lone surrogates raises when it is encoded.
pub fn refuse(vm: &mut Vm, text: &str) -> Outcome<()> {
    let text = vm.str(text);
    codecs::encode(vm, text, "utf-8", "strict").map(drop)
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

fn yes(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::TRUE)
}

fn no(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::FALSE)
}

fn itself(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(arguments.positional()[0])
}

fn leave(vm: &mut Vm, arguments: Arguments) -> Outcome {
    flush(vm, arguments.positional()[0])?;
    Ok(Value::NONE)
}

fn reconfigure(vm: &mut Vm, arguments: Arguments) -> Outcome {
    arguments.only_keywords(vm, "reconfigure", ["encoding", "errors", "newline", "line_buffering", "write_through"])?;
    Ok(Value::NONE)
}

fn writelines(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [stream, lines] = [0, 1].map(|index| arguments.positional()[index]);
    let mut iteration = Iteration::new(vm, lines)?;
    while let Some(line) = iteration.next(vm)? {
        write_method(vm, Arguments::positional_only(&[stream, line]))?;
    }
    Ok(Value::NONE)
}

/// `sys.stdout` as it is now.
pub fn stdout(vm: &mut Vm) -> Outcome {
    let sys = import::import_module(vm, "sys")?;
    let name = vm.intern("stdout");
    match vm.global(sys, name) {
        Some(stream) => Ok(stream),
        None => Err(vm.raise(TypeId::RUNTIME_ERROR, "lost sys.stdout")),
    }
}

/// A function of the module `io`, imported when it is first needed.
pub fn of_io(vm: &mut Vm, name: &str) -> Outcome {
    let io = import::import_module(vm, "io")?;
    let name = vm.intern(name);
    get_attr(vm, io, name)
}

/// An attribute of a stream that is no method.
pub fn field(vm: &mut Vm, stream: Value, name: &str) -> Outcome<Option<Value>> {
    let descriptor = descriptor_of(vm, stream)?;
    Ok(Some(match name {
        "encoding" => vm.str("utf-8"),
        "errors" => vm.str(if descriptor == libc::STDERR_FILENO { "backslashreplace" } else { vm.out.errors() }),
        "mode" => vm.str("w"),
        "name" => vm.str(if descriptor == libc::STDERR_FILENO { "<stderr>" } else { "<stdout>" }),
        "closed" | "write_through" => Value::FALSE,
        "line_buffering" => Value::from_bool(descriptor == libc::STDERR_FILENO),
        "newlines" => Value::NONE,
        "buffer" => {
            let function = of_io(vm, "_standard")?;
            vm.call(function, &[Value::from_fixnum(i64::from(descriptor))])?
        }
        _ => return Ok(None),
    }))
}

fn fileno(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let descriptor = descriptor_of(vm, arguments.positional()[0])?;
    Ok(Value::from_fixnum(i64::from(descriptor)))
}
