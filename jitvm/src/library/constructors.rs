//! Calling types: `int(...)`, `list(...)`, exceptions, and the other builtin classes.

use super::bytes_methods::encoding_and_errors;
use super::{Arguments, class_functions};
use crate::runtime::exceptions::exception;
use crate::runtime::iterate::{self, to_index};
use crate::runtime::numbers::{as_f64, as_float, as_i64, as_integer};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::truth;
use crate::runtime::percent_format::float_to_integer;
use crate::runtime::sequences::items;
use crate::runtime::set_operations;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{bytes, codecs, dispatch, instantiate, long_range, memory_view, number_text, repr};

/// Calls a type object.
pub fn construct(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    match id {
        TypeId::INT => int(vm, arguments),
        TypeId::FLOAT => float(vm, arguments),
        TypeId::BOOL => {
            let value = at_most_one(vm, "bool", arguments)?;
            match value {
                Some(value) => truth(vm, value).map(Value::from_bool),
                None => Ok(Value::FALSE),
            }
        }
        TypeId::STR => str(vm, arguments),
        TypeId::LIST => match at_most_one(vm, "list", arguments)? {
            Some(iterable) => iterate::list_of(vm, iterable),
            None => vm.list(&[]),
        },
        TypeId::TUPLE => match at_most_one(vm, "tuple", arguments)? {
            Some(iterable) => iterate::tuple_of(vm, iterable),
            None => vm.tuple(&[]),
        },
        TypeId::DICT => {
            let dict = vm.new_dict();
            super::dict_methods::update_from(vm, dict, "dict", arguments.positional(), arguments)?;
            Ok(dict)
        }
        TypeId::COMPLEX => super::complex_methods::construct(vm, arguments),
        TypeId::BYTES | TypeId::BYTEARRAY => data(vm, id, arguments),
        TypeId::MEMORYVIEW => {
            let [object] = arguments.bind(vm, "memoryview", ["object"])?;
            match object {
                Some(object) => memory_view::new(vm, object),
                None => Err(vm.type_error("memoryview() missing required argument 'object' (pos 1)")),
            }
        }
        TypeId::SET => match at_most_one(vm, "set", arguments)? {
            Some(iterable) => set_operations::set_of(vm, ShapeId::SET, iterable),
            None => Ok(vm.new_set()),
        },
        TypeId::FROZENSET => match at_most_one(vm, "frozenset", arguments)? {
            Some(iterable) if iterable.has_shape(ShapeId::FROZENSET) => Ok(iterable),
            Some(iterable) => set_operations::set_of(vm, ShapeId::FROZENSET, iterable),
            None => Ok(vm.new_set_of(ShapeId::FROZENSET)),
        },
        TypeId::RANGE => range(vm, arguments),
        TypeId::SLICE => slice(vm, arguments),
        TypeId::TYPE if arguments.all().len() == 1 && !arguments.has_keywords() => {
            let class = vm.type_of(arguments.all()[0]);
            Ok(vm.type_object(class))
        }
        TypeId::TYPE => instantiate::new_class_of(vm, TypeId::TYPE, arguments),
        TypeId::PROPERTY => {
            let parts = class_functions::property_parts(vm, arguments)?;
            Ok(vm.descriptor(ShapeId::PROPERTY, parts))
        }
        TypeId::STATIC_METHOD | TypeId::CLASS_METHOD => {
            let name = id.name();
            no_keywords(vm, name, arguments)?;
            let [function] = exactly(vm, name, arguments)?;
            let shape = if id == TypeId::STATIC_METHOD { ShapeId::STATIC_METHOD } else { ShapeId::CLASS_METHOD };
            Ok(vm.descriptor(shape, [function, Value::NONE, Value::NONE, Value::NONE]))
        }
        TypeId::MODULE => super::module_methods::construct(vm, arguments),
        TypeId::CELL => {
            let content = at_most_one(vm, "cell", arguments)?;
            Ok(vm.closure_cell(content.unwrap_or(Value::UNDEF)))
        }
        TypeId::SUPER => class_functions::new_super(vm, arguments),
        TypeId::GENERIC_ALIAS => {
            let [origin, parameters] = exactly(vm, "types.GenericAlias", arguments)?;
            crate::runtime::aliases::new_alias(vm, origin, parameters)
        }
        TypeId::OBJECT => instantiate::object_new(vm, id, arguments),
        TypeId::ENUMERATE => enumerate(vm, arguments),
        TypeId::ZIP => zip(vm, arguments),
        TypeId::MAP => map(vm, arguments),
        TypeId::FILTER => filter(vm, arguments),
        TypeId::REVERSED => {
            no_keywords(vm, "reversed", arguments)?;
            let [sequence] = exactly(vm, "reversed", arguments)?;
            iterate::reversed(vm, sequence)
        }
        _ if vm.is_exception_class(id) => new_exception(vm, id, arguments),
        _ => {
            let name = vm.class_name(id);
            Err(vm.type_error(format!("cannot create '{name}' instances")))
        }
    }
}

fn no_keywords(vm: &mut Vm, function: &str, arguments: Arguments) -> Outcome<()> {
    if arguments.has_keywords() {
        return Err(vm.type_error(format!("{function}() takes no keyword arguments")));
    }
    Ok(())
}

fn at_most_one(vm: &mut Vm, function: &str, arguments: Arguments) -> Outcome<Option<Value>> {
    no_keywords(vm, function, arguments)?;
    let values = arguments.positional();
    if values.len() > 1 {
        let given = values.len();
        return Err(vm.type_error(format!("{function} expected at most 1 argument, got {given}")));
    }
    Ok(values.first().copied())
}

fn exactly<const N: usize>(vm: &mut Vm, function: &str, arguments: Arguments) -> Outcome<[Value; N]> {
    match <[Value; N]>::try_from(arguments.positional()) {
        Ok(values) => Ok(values),
        Err(_) => {
            let (s, given) = (if N == 1 { "" } else { "s" }, arguments.positional().len());
            Err(vm.type_error(format!("{function} expected {N} argument{s}, got {given}")))
        }
    }
}

fn int(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [base] = arguments.only_keywords(vm, "int", ["base"])?;
    let values = arguments.positional();
    if values.len() > 2 {
        let given = values.len();
        return Err(vm.type_error(format!("int() takes at most 2 arguments ({given} given)")));
    }
    let base = base.or(values.get(1).copied());
    let Some(&value) = values.first() else {
        return match base {
            None => Ok(Value::from_fixnum(0)),
            Some(_) => Err(vm.type_error("int() missing string argument")),
        };
    };
    if let Some(base) = base {
        let base = to_index(vm, base)?;
        if base != 0 && !(2..=36).contains(&base) {
            return Err(vm.value_error("int() base must be >= 2 and <= 36, or 0"));
        }
        if let Some(data) = bytes::as_buffer(value).filter(|_| bytes::is_any_bytes(value)) {
            return integer_of_data(vm, &data, base as u32);
        }
        if !value.is_str() {
            return Err(vm.type_error("int() can't convert non-string with explicit base"));
        }
        return number_text::parse_integer(vm, value, base as u32);
    }
    if value.is_instance() {
        for method in ["__int__", "__index__", "__trunc__"] {
            if let Some(integer) = dispatch::integer_method(vm, value, method)? {
                return vm.exact_integer(integer);
            }
        }
    }
    if let Some(integer) = as_integer(value) {
        return vm.exact_integer(integer);
    }
    if let Some(x) = as_float(value) {
        return float_to_integer(vm, x);
    }
    if value.is_str() {
        return number_text::parse_integer(vm, value, 10);
    }
    if let Some(data) = bytes::as_contiguous(value) {
        return integer_of_data(vm, &data, 10);
    }
    let name = vm.type_name(value);
    let message = format!("int() argument must be a string, a bytes-like object or a real number, not '{name}'");
    Err(vm.type_error(message))
}

/// `int(data, base)`: the digits as ASCII.
fn integer_of_data(vm: &mut Vm, data: &[u8], base: u32) -> Outcome {
    let parsed = match std::str::from_utf8(data) {
        Ok(digits) if digits.is_ascii() => {
            let digits = vm.str(digits);
            number_text::parse_integer(vm, digits, base)
        }
        _ => Err(vm.value_error("invalid literal")),
    };
    let names_str = |vm: &mut Vm| {
        let message = repr::str_text(vm, vm.exception).unwrap_or_default();
        message.starts_with("invalid literal")
    };
    if parsed.is_err() && names_str(vm) {
        let mut shown = String::new();
        bytes::repr_of_data(data, &mut shown);
        return Err(vm.value_error(format!("invalid literal for int() with base {base}: {shown}")));
    }
    parsed
}

/// `float(data)`: the digits as ASCII.
fn float_of_data(vm: &mut Vm, value: Value, data: &[u8]) -> Outcome {
    if let Ok(digits) = std::str::from_utf8(data)
        && digits.is_ascii()
    {
        let digits = vm.str(digits);
        if let Ok(parsed) = number_text::parse_float(vm, digits) {
            return Ok(parsed);
        }
    }
    let shown = repr::repr_text(vm, value)?;
    Err(vm.value_error(format!("could not convert string to float: {shown}")))
}

fn float(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(value) = at_most_one(vm, "float", arguments)? else { return Ok(vm.float(0.0)) };
    if value.is_instance() {
        if let Some(x) = dispatch::float(vm, value)? {
            return Ok(x);
        }
        if !value.is_str()
            && let Some(integer) = iterate::as_index(vm, value)?
        {
            let x = vm.to_f64(integer)?;
            return Ok(vm.float(x));
        }
    }
    if let Some(x) = as_float(value) {
        return Ok(vm.float(x));
    }
    if value.is_str() {
        return number_text::parse_float(vm, value);
    }
    if let Some(data) = bytes::as_contiguous(value) {
        return float_of_data(vm, value, &data);
    }
    match as_f64(value) {
        Some(x) => Ok(vm.float(x)),
        None if as_integer(value).is_some() => Err(vm.overflow_error("int too large to convert to float")),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("float() argument must be a string or a real number, not '{name}'")))
        }
    }
}

fn str(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [object, encoding, errors] = arguments.bind(vm, "str", ["object", "encoding", "errors"])?;
    if let Some(object) = object
        && (encoding.is_some() || errors.is_some())
        && let Some(data) = bytes::as_buffer(object)
    {
        let data = data.into_owned();
        let (encoding, errors) = encoding_and_errors(vm, "str", encoding, errors)?;
        let text = codecs::decode(vm, &data, encoding, errors)?;
        return Ok(vm.str(&text));
    }
    match (object, encoding.or(errors)) {
        (None, _) => Ok(vm.str("")),
        (Some(value), None) => repr::to_str(vm, value),
        (Some(value), Some(_)) if value.is_str() => Err(vm.type_error("decoding str is not supported")),
        (Some(value), Some(_)) => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("decoding to str: need a bytes-like object, {name} found")))
        }
    }
}

/// `bytes(...)` and `bytearray(...)`.
fn data(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    let array = id == TypeId::BYTEARRAY;
    let name = id.name();
    let [source, encoding, errors] = arguments.bind(vm, name, ["source", "encoding", "errors"])?;
    if let Some(value) = source.filter(|value| !array && value.is_instance() && encoding.is_none()) {
        let method = vm.intern("__bytes__");
        if let Some(result) = vm.try_special(value, method, &[])? {
            if result.has_layout(ShapeId::BYTES) {
                return Ok(result);
            }
            let given = vm.type_name(result);
            return Err(vm.type_error(format!("__bytes__ returned non-bytes (type {given})")));
        }
    }
    let data = match source {
        None if encoding.is_some() || errors.is_some() => {
            let what = if encoding.is_some() { "encoding" } else { "errors" };
            return Err(vm.type_error(format!("{what} without a string argument")));
        }
        None => Vec::new(),
        Some(text) if text.is_str() && (encoding.is_some() || errors.is_some()) => {
            if encoding.is_none() {
                return Err(vm.type_error("string argument without an encoding"));
            }
            let (encoding, errors) = encoding_and_errors(vm, name, encoding, errors)?;
            codecs::encode(vm, text, encoding, errors)?
        }
        Some(_) if encoding.is_some() || errors.is_some() => {
            let what = if encoding.is_some() { "encoding" } else { "errors" };
            return Err(vm.type_error(format!("{what} without a string argument")));
        }
        Some(same) if !array && same.has_shape(ShapeId::BYTES) => return Ok(same),
        Some(source) => bytes::from_source(vm, source, array)?,
    };
    if array { vm.bytearray(&data) } else { vm.bytes(&data) }
}

fn range_bound(vm: &mut Vm, value: Value) -> Outcome {
    let value = iterate::as_index(vm, value)?.unwrap_or(value);
    match as_integer(value) {
        Some(bound) => Ok(bound),
        None => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")))
        }
    }
}

fn range(vm: &mut Vm, arguments: Arguments) -> Outcome {
    const ZERO: Value = Value::from_fixnum(0);
    const ONE: Value = Value::from_fixnum(1);
    no_keywords(vm, "range", arguments)?;
    let (start, stop, step) = match *arguments.positional() {
        [stop] => (ZERO, range_bound(vm, stop)?, ONE),
        [start, stop] => (range_bound(vm, start)?, range_bound(vm, stop)?, ONE),
        [start, stop, step] => (range_bound(vm, start)?, range_bound(vm, stop)?, range_bound(vm, step)?),
        [] => return Err(vm.type_error("range expected at least 1 argument, got 0")),
        [..] => {
            let given = arguments.positional().len();
            return Err(vm.type_error(format!("range expected at most 3 arguments, got {given}")));
        }
    };
    if step == ZERO {
        return Err(vm.value_error("range() arg 3 must not be zero"));
    }
    Ok(long_range::new(vm, [start, stop, step]))
}

fn slice(vm: &mut Vm, arguments: Arguments) -> Outcome {
    no_keywords(vm, "slice", arguments)?;
    match *arguments.positional() {
        [stop] => Ok(vm.slice(Value::NONE, stop, Value::NONE)),
        [start, stop] => Ok(vm.slice(start, stop, Value::NONE)),
        [start, stop, step] => Ok(vm.slice(start, stop, step)),
        [] => Err(vm.type_error("slice expected at least 1 argument, got 0")),
        [..] => {
            let given = arguments.positional().len();
            Err(vm.type_error(format!("slice expected at most 3 arguments, got {given}")))
        }
    }
}

fn enumerate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [iterable, start] = arguments.bind(vm, "enumerate", ["iterable", "start"])?;
    let Some(iterable) = iterable else {
        return Err(vm.type_error("enumerate() missing required argument 'iterable' (pos 1)"));
    };
    let start = match start {
        None => Value::from_fixnum(0),
        Some(start) => match as_integer(start) {
            Some(start) => start,
            None => {
                let name = vm.type_name(start);
                return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
            }
        },
    };
    let state = iterate::iteration_state(vm, iterable)?;
    Ok(vm.iterator(ShapeId::ENUMERATE, state, start))
}

/// A tuple of iterators over each iterable.
fn iterators(vm: &mut Vm, iterables: &[Value]) -> Outcome {
    let list = vm.list_with_capacity(iterables.len())?;
    for &iterable in iterables {
        let iterator = iterate::iterator(vm, iterable)?;
        vm.push(list, iterator)?;
    }
    iterate::tuple_of(vm, list)
}

fn zip(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [strict] = arguments.only_keywords(vm, "zip", ["strict"])?;
    let parts = iterators(vm, arguments.positional())?;
    let zero = Value::from_fixnum(0);
    let strict = match strict {
        Some(strict) => Value::from_bool(truth(vm, strict)?),
        None => Value::FALSE,
    };
    Ok(vm.iterator(ShapeId::ZIP, [strict, zero, zero, zero], parts))
}

fn map(vm: &mut Vm, arguments: Arguments) -> Outcome {
    no_keywords(vm, "map", arguments)?;
    let values = arguments.positional();
    if values.len() < 2 {
        return Err(vm.type_error("map() must have at least two arguments."));
    }
    let parts = iterators(vm, &values[1..])?;
    let zero = Value::from_fixnum(0);
    Ok(vm.iterator(ShapeId::MAP, [zero, zero, zero, values[0]], parts))
}

fn filter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    no_keywords(vm, "filter", arguments)?;
    let [function, iterable] = exactly(vm, "filter", arguments)?;
    let inner = iterate::iterator(vm, iterable)?;
    let zero = Value::from_fixnum(0);
    Ok(vm.iterator(ShapeId::FILTER, [zero, zero, zero, function], inner))
}

pub fn new_exception(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    if vm.is_subtype(id, TypeId::BASE_EXCEPTION_GROUP) {
        return super::exception_methods::new_group(vm, id, arguments);
    }
    let args = vm.tuple(arguments.positional())?;
    let value = vm.new_exception(os_error_class(id, arguments.positional()), args);
    set_exception_arguments(vm, value, args)?;
    if !id.is_dynamic() {
        // Classes of the program have an `__init__` that takes the keywords.
        super::exception_methods::set_keywords(vm, value, arguments)?;
    }
    Ok(value)
}

/// The arguments of an exception; those of an OSError that name files are kept apart.
pub fn set_exception_arguments(vm: &mut Vm, value: Value, args: Value) -> Outcome<()> {
    exception(value).args = args;
    let [number, message, file, rest @ ..] = items(args) else { return Ok(()) };
    if rest.len() > 2 || !vm.is_subtype(vm.type_of(value), TypeId::OS_ERROR) {
        return Ok(());
    }
    let second = rest.get(1).copied().unwrap_or(Value::NONE);
    let files = vm.tuple(&[*file, second])?;
    let args = vm.tuple(&[*number, *message])?;
    let fields = exception(value);
    (fields.object, fields.args) = (files, args);
    Ok(())
}

/// `OSError(errno, ...)` is an instance of the class for that number.
fn os_error_class(id: TypeId, args: &[Value]) -> TypeId {
    let [number, _, ..] = *args else { return id };
    if id != TypeId::OS_ERROR {
        return id;
    }
    match as_i64(number).map(|number| number as i32) {
        Some(libc::EPIPE | libc::ESHUTDOWN) => TypeId::BROKEN_PIPE_ERROR,
        Some(libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS) => TypeId::BLOCKING_IO_ERROR,
        Some(libc::ECHILD) => TypeId::CHILD_PROCESS_ERROR,
        Some(libc::ECONNABORTED) => TypeId::CONNECTION_ABORTED_ERROR,
        Some(libc::ECONNREFUSED) => TypeId::CONNECTION_REFUSED_ERROR,
        Some(libc::ECONNRESET) => TypeId::CONNECTION_RESET_ERROR,
        Some(libc::EEXIST) => TypeId::FILE_EXISTS_ERROR,
        Some(libc::ENOENT) => TypeId::FILE_NOT_FOUND_ERROR,
        Some(libc::EINTR) => TypeId::INTERRUPTED_ERROR,
        Some(libc::EISDIR) => TypeId::IS_A_DIRECTORY_ERROR,
        Some(libc::ENOTDIR) => TypeId::NOT_A_DIRECTORY_ERROR,
        Some(libc::EACCES | libc::EPERM) => TypeId::PERMISSION_ERROR,
        Some(libc::ESRCH) => TypeId::PROCESS_LOOKUP_ERROR,
        Some(libc::ETIMEDOUT) => TypeId::TIMEOUT_ERROR,
        _ => id,
    }
}
