//! The module `sys`.

use super::streams::new_stream;
use super::structures::new_structure;
use super::{Arguments, Arity, Owner, builtins};
use crate::interp::import::import_module;
use crate::runtime::iterate::to_index;
use crate::runtime::strings::as_text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    FUNCTIONS of Owner::Module("sys");
    "__getattr__" Arity::One, late_attribute, "Makes the values that few programs use when they are asked for.";
    "exc_info" Arity::Zero, exc_info, "Class, value and traceback of the exception being handled, or three times None.";
    "exception" Arity::Zero, exception, "The exception being handled, or None.";
    "exit" Arity::Range(0, 1), exit, "Raises SystemExit.";
    "get_int_max_str_digits" Arity::Zero, get_int_max_str_digits, "Digits of ints that are converted to text.";
    "getdefaultencoding" Arity::Zero, getdefaultencoding, "The encoding of text.";
    "getfilesystemencoding" Arity::Zero, getdefaultencoding, "The encoding of file names.";
    "getrecursionlimit" Arity::Zero, getrecursionlimit, "Most nested calls.";
    "intern" Arity::One, intern, "The one str object equal to a str.";
    "set_int_max_str_digits" Arity::Range(1, 1), set_int_max_str_digits, "Limits the digits of ints as text.";
    "setrecursionlimit" Arity::One, setrecursionlimit, "Sets the most nested calls.";
}

/// The language level this VM follows.
const VERSION: [i64; 3] = [3, 11, 7];

pub fn fill(vm: &mut Vm, module: Value) -> Outcome<()> {
    let arguments = vm.list(&[])?;
    for argument in vm.arguments.clone() {
        let argument = vm.str(&argument);
        vm.push(arguments, argument)?;
    }
    let final_level = vm.str("final");
    let [major, minor, micro] = VERSION.map(Value::from_fixnum);
    let version_info =
        new_structure(vm, "sys.version_info", &[major, minor, micro, final_level, Value::from_fixnum(0)])?;
    let text = format!("{}.{}.{} (jitvm {})", VERSION[0], VERSION[1], VERSION[2], env!("CARGO_PKG_VERSION"));
    let float_info = float_info(vm)?;
    let values = [
        ("argv", arguments),
        ("version_info", version_info),
        ("version", vm.str(&text)),
        ("float_info", float_info),
        ("hexversion", Value::from_fixnum(VERSION[0] << 24 | VERSION[1] << 16 | VERSION[2] << 8 | 0xf0)),
        ("maxsize", vm.integer(i64::MAX)),
        ("maxunicode", Value::from_fixnum(0x10ffff)),
        ("byteorder", vm.str("little")),
        ("platform", vm.str("linux")),
        ("stdout", new_stream(vm, libc::STDOUT_FILENO)),
        ("stderr", new_stream(vm, libc::STDERR_FILENO)),
    ];
    for (name, value) in values {
        vm.set_global(module, name, value);
    }
    let modules = vm.modules_dict();
    vm.set_global(module, "modules", modules);
    let path = vm.list(&[])?;
    for directory in vm.search_path.clone() {
        let directory = vm.str(&directory);
        vm.push(path, directory)?;
    }
    vm.set_global(module, "path", path);
    Ok(())
}

fn float_info(vm: &mut Vm) -> Outcome {
    let fixnum = Value::from_fixnum;
    let (largest, smallest, epsilon) = (vm.float(f64::MAX), vm.float(f64::MIN_POSITIVE), vm.float(f64::EPSILON));
    let values = [
        largest,
        fixnum(1024),
        fixnum(308),
        smallest,
        fixnum(-1021),
        fixnum(-307),
        fixnum(15),
        fixnum(53),
        epsilon,
        fixnum(2),
        fixnum(1),
    ];
    new_structure(vm, "sys.float_info", &values)
}

/// The rest of the module, such as `stdin`, is written in Python: it is looked up when it is first asked for.
fn late_attribute(vm: &mut Vm, arguments: Arguments) -> Outcome {
    late_attribute_of(vm, "sys", "_sys_rest", arguments.positional()[0])
}

/// An attribute of a builtin module that the function `make` of another module makes, or NotImplemented for none.
///
/// # Errors
/// AttributeError.
pub fn late_attribute_of(vm: &mut Vm, module: &str, rest: &str, name: Value) -> Outcome {
    let sys = import_module(vm, module)?;
    let rest = import_module(vm, rest)?;
    let make = vm.intern("make");
    let make = crate::runtime::attributes::get_attr(vm, rest, make)?;
    let value = vm.call(make, &[name])?;
    if value == Value::NOT_IMPLEMENTED {
        return Err(crate::runtime::attributes::raise_missing(vm, sys, name));
    }
    if let Some(name) = as_text(name) {
        vm.set_global(sys, name, value);
    }
    Ok(value)
}

fn exit(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = match arguments.positional() {
        [Value::NONE] => &[],
        values => values,
    };
    Err(vm.raise_with(TypeId::SYSTEM_EXIT, values))
}

fn getdefaultencoding(vm: &mut Vm, _: Arguments) -> Outcome {
    Ok(vm.str("utf-8"))
}

fn handled(vm: &Vm) -> Value {
    if vm.handled.is_pointer() { vm.handled } else { Value::NONE }
}

fn exc_info(vm: &mut Vm, _: Arguments) -> Outcome {
    let value = handled(vm);
    if value == Value::NONE {
        return vm.tuple(&[Value::NONE; 3]);
    }
    let class = crate::runtime::exceptions::exception(value).class;
    let traceback = crate::runtime::traceback_objects::traceback_of(vm, value);
    vm.tuple(&[class, value, traceback])
}

fn exception(vm: &mut Vm, _: Arguments) -> Outcome {
    Ok(handled(vm))
}

fn getrecursionlimit(vm: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(i64::from(vm.recursion_limit - vm.consumers.frames)))
}

fn setrecursionlimit(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let limit = to_index(vm, arguments.positional()[0])?;
    let Ok(limit) = i32::try_from(limit) else {
        return Err(vm.overflow_error("Python int too large to convert to C int"));
    };
    if limit < 1 {
        return Err(vm.value_error("recursion limit must be greater or equal than 1"));
    }
    let depth = vm.frames.len() - vm.consumers.frames as usize;
    if limit as usize <= depth {
        let message =
            format!("cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low");
        return Err(vm.raise(TypeId::RECURSION_ERROR, message));
    }
    vm.set_recursion_limit(limit as u32);
    Ok(Value::NONE)
}

fn get_int_max_str_digits(vm: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(i64::from(vm.int_max_str_digits)))
}

fn set_int_max_str_digits(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let digits = to_index(vm, arguments.positional()[0])?;
    match u32::try_from(digits) {
        Ok(digits) if digits == 0 || digits >= 640 => {
            vm.int_max_str_digits = digits;
            Ok(Value::NONE)
        }
        _ => Err(vm.value_error("maxdigits must be 0 or larger than 640")),
    }
}

fn intern(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    match as_text(value) {
        Some(text) => Ok(vm.intern(text)),
        None => {
            let name = vm.argument_type_name(value);
            Err(vm.type_error(format!("intern() argument must be str, not {name}")))
        }
    }
}
