//! Attributes: of modules, types, exceptions and builtin objects, and methods bound to their receivers.

use super::exceptions::{class_of, exception, traceback_entries};
use super::modules::module_name;
use super::numbers::{as_float, as_integer};
use super::object::{Function, Range, ShapeId, Slice};
use super::sequences::items;
use super::strings::text;
use super::types::{TypeId, type_id, type_name, type_of};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use crate::library::structures;

/// `value.name`; the name is interned.
pub fn get_attr(vm: &mut Vm, value: Value, name: Value) -> Outcome {
    match find_attr(vm, value, name) {
        Some(found) => Ok(found),
        None => Err(raise_attribute_error(vm, value, name)),
    }
}

/// `LoadMethod`: the callable and its receiver, or UNDEF as receiver where the attribute is not a method.
pub fn load_method(vm: &mut Vm, value: Value, name: Value) -> Outcome<(Value, Value)> {
    if !matches!(value.shape(), ShapeId::MODULE | ShapeId::TYPE)
        && let Some(method) = find_method(vm, type_of(value), name)
    {
        return Ok((method, value));
    }
    Ok((get_attr(vm, value, name)?, Value::UNDEF))
}

/// The BUILTIN of a method, without its receiver.
pub fn find_method(vm: &Vm, id: TypeId, name: Value) -> Option<Value> {
    id.with_bases().find_map(|id| vm.methods.get(&(id, name)).copied())
}

/// The attribute, or `None`.
pub fn find_attr(vm: &mut Vm, value: Value, name: Value) -> Option<Value> {
    match value.shape() {
        ShapeId::MODULE => {
            if let Some(found) = vm.global(value, name) {
                return Some(found);
            }
        }
        ShapeId::TYPE => {
            let id = type_id(value);
            if let Some(found) = type_attribute(vm, id, text(name)) {
                return Some(found);
            }
            return find_method(vm, id, name);
        }
        _ => {}
    }
    if let Some(found) = data_attribute(vm, value, text(name)) {
        return Some(found);
    }
    let method = find_method(vm, type_of(value), name)?;
    Some(vm.bound_method(method, value))
}

fn type_attribute(vm: &mut Vm, id: TypeId, name: &str) -> Option<Value> {
    match name {
        "__name__" | "__qualname__" => {
            let short = id.name().rsplit('.').next().unwrap_or_default();
            Some(vm.str(short))
        }
        "__module__" => Some(vm.str(id.name().rsplit_once('.').map_or("builtins", |(module, _)| module))),
        "__class__" => Some(vm.type_object(TypeId::TYPE)),
        "__base__" => Some(if id == TypeId::OBJECT { Value::NONE } else { vm.type_object(id.row().base) }),
        "__mro__" => {
            let types: Vec<Value> = id.with_bases().map(|id| vm.type_object(id)).collect();
            vm.tuple(&types).ok()
        }
        _ => None,
    }
}

/// Attributes that are values.
fn data_attribute(vm: &mut Vm, value: Value, name: &str) -> Option<Value> {
    if name == "__class__" {
        return Some(vm.type_object(type_of(value)));
    }
    if let Some(integer) = as_integer(value) {
        return match name {
            "real" | "numerator" => Some(integer),
            "imag" => Some(Value::from_fixnum(0)),
            "denominator" => Some(Value::from_fixnum(1)),
            _ => None,
        };
    }
    if as_float(value).is_some() {
        return match name {
            "real" => Some(value),
            "imag" => Value::try_float(0.0),
            _ => None,
        };
    }
    match value.shape() {
        ShapeId::RANGE => {
            // SAFETY: the shape was checked.
            let range = unsafe { &*value.object::<Range>() };
            bounds_attribute(name, [range.start, range.stop, range.step])
        }
        ShapeId::SLICE => {
            // SAFETY: the shape was checked.
            let slice = unsafe { &*value.object::<Slice>() };
            bounds_attribute(name, [slice.start, slice.stop, slice.step])
        }
        ShapeId::TUPLE => structures::field(value, name),
        ShapeId::FUNCTION => {
            // SAFETY: the shape was checked.
            let function = unsafe { &*value.object::<Function>() };
            match name {
                "__name__" => {
                    let name = vm.codes[function.code.index()].proto.name.clone();
                    Some(vm.str(&name))
                }
                "__qualname__" => {
                    let name = vm.codes[function.code.index()].proto.qualname.clone();
                    Some(vm.str(&name))
                }
                "__defaults__" => Some(function.defaults),
                "__doc__" => Some(Value::NONE),
                _ => None,
            }
        }
        ShapeId::BUILTIN => {
            let row = crate::library::row_of(vm, value);
            match name {
                "__name__" | "__qualname__" => Some(vm.str(row.name)),
                "__doc__" => Some(vm.str(row.doc)),
                _ => None,
            }
        }
        ShapeId::EXCEPTION => exception_attribute(value, name),
        _ => None,
    }
}

fn bounds_attribute(name: &str, [start, stop, step]: [Value; 3]) -> Option<Value> {
    match name {
        "start" => Some(start),
        "stop" => Some(stop),
        "step" => Some(step),
        _ => None,
    }
}

fn exception_attribute(value: Value, name: &str) -> Option<Value> {
    let class = class_of(value);
    let fields = exception(value);
    let argument = |index: usize| items(exception(value).args).get(index).copied().unwrap_or(Value::NONE);
    match name {
        "args" => Some(fields.args),
        "__cause__" => Some(fields.cause),
        "__context__" => Some(fields.context),
        "__suppress_context__" => Some(fields.suppress_context),
        "__traceback__" if traceback_entries(value).is_empty() => Some(Value::NONE),
        "value" if class.is_subtype(TypeId::STOP_ITERATION) => Some(argument(0)),
        "code" if class.is_subtype(TypeId::SYSTEM_EXIT) => match items(fields.args) {
            [] | [_] => Some(argument(0)),
            _ => Some(fields.args),
        },
        "errno" if class.is_subtype(TypeId::OS_ERROR) => Some(argument(0)),
        "strerror" if class.is_subtype(TypeId::OS_ERROR) => Some(argument(1)),
        "filename" if class.is_subtype(TypeId::OS_ERROR) => Some(argument(2)),
        "name" if class.is_subtype(TypeId::NAME_ERROR) || class.is_subtype(TypeId::ATTRIBUTE_ERROR) => {
            Some(fields.name)
        }
        "name" if class.is_subtype(TypeId::IMPORT_ERROR) => Some(fields.name),
        "obj" if class.is_subtype(TypeId::ATTRIBUTE_ERROR) => Some(fields.object),
        "msg" if class.is_subtype(TypeId::IMPORT_ERROR) => Some(argument(0)),
        _ => None,
    }
}

/// `value.name = new`.
pub fn set_attr(vm: &mut Vm, value: Value, name: Value, new: Value) -> Outcome<()> {
    match value.shape() {
        ShapeId::MODULE => {
            let cell = vm.global_cell(value, name);
            // SAFETY: cells live as long as their module.
            unsafe { (*cell).value = new };
            return Ok(());
        }
        ShapeId::TYPE => {
            let (name, class) = (text(name), type_id(value).name());
            return Err(vm.type_error(format!("cannot set '{name}' attribute of immutable type '{class}'")));
        }
        ShapeId::EXCEPTION => {
            let fields = exception(value);
            let place = match text(name) {
                "args" => {
                    fields.args = super::iterate::tuple_of(vm, new)?;
                    return Ok(());
                }
                "__cause__" => &mut fields.cause,
                "__context__" => &mut fields.context,
                "__suppress_context__" => &mut fields.suppress_context,
                _ => return Err(raise_attribute_error(vm, value, name)),
            };
            *place = new;
            if text(name) == "__cause__" {
                fields.suppress_context = Value::TRUE;
            }
            return Ok(());
        }
        ShapeId::RANGE | ShapeId::SLICE if matches!(text(name), "start" | "stop" | "step") => {
            return Err(vm.attribute_error("readonly attribute"));
        }
        _ => {}
    }
    let (class, attribute) = (type_name(value), text(name));
    if find_method(vm, type_of(value), name).is_some() {
        return Err(vm.attribute_error(format!("'{class}' object attribute '{attribute}' is read-only")));
    }
    if data_attribute(vm, value, attribute).is_some() {
        let message = format!("attribute '{attribute}' of '{class}' objects is not writable");
        return Err(vm.attribute_error(message));
    }
    Err(raise_attribute_error(vm, value, name))
}

fn raise_attribute_error(vm: &mut Vm, value: Value, name: Value) -> Raised {
    let attribute = text(name);
    let message = match value.shape() {
        ShapeId::MODULE => format!("module '{}' has no attribute '{attribute}'", module_name(value)),
        ShapeId::TYPE => format!("type object '{}' has no attribute '{attribute}'", type_id(value).name()),
        _ => format!("'{}' object has no attribute '{attribute}'", type_name(value)),
    };
    let raised = vm.attribute_error(message);
    let fields = exception(vm.exception);
    (fields.name, fields.object) = (name, value);
    raised
}

/// Names of a value's attributes, as far as they are known; for suggestions.
pub fn attribute_names<'a>(vm: &Vm, value: Value) -> Vec<&'a str> {
    if value.has_shape(ShapeId::MODULE) {
        return vm.global_names(value).into_iter().map(text).collect();
    }
    let id = if value.has_shape(ShapeId::TYPE) { type_id(value) } else { type_of(value) };
    let bases: Vec<TypeId> = id.with_bases().collect();
    vm.methods.keys().filter(|(owner, _)| bases.contains(owner)).map(|&(_, name)| text(name)).collect()
}
