//! Attributes that builtin objects have without their class listing them: fields of the layouts, and `__class__` and
//! `__dict__` of everything.

use super::exceptions::{class_of, exception};
use super::functions::{self, function};
use super::numbers::{as_float, as_integer};
use super::object::{Range, ShapeId, Slice};
use super::sequences::items;
use super::strings::text;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::library::structures;

/// Attributes that are values.
pub fn data_attribute(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let names = vm.names;
    if name == names.class {
        return Ok(Some(vm.type_object(vm.type_of(value))));
    }
    if name == names.dict {
        return vm.instance_dict(value);
    }
    if name == names.doc {
        let id = vm.type_of(value);
        if id.is_dynamic() {
            return Ok(Some(Value::NONE));
        }
    }
    if value.has_layout(ShapeId::STREAM) {
        return crate::library::streams::field(vm, value, text(name));
    }
    let found = field(vm, value, text(name));
    if found.is_none() && value.has_shape(ShapeId::CLOSURE_CELL) && text(name) == "cell_contents" {
        return Err(vm.value_error("Cell is empty"));
    }
    Ok(found)
}

fn field(vm: &mut Vm, value: Value, name: &str) -> Option<Value> {
    if let Some(integer) = as_integer(value) {
        return match name {
            "real" | "numerator" => Some(integer),
            "imag" => Some(Value::from_fixnum(0)),
            "denominator" => Some(Value::from_fixnum(1)),
            _ => None,
        };
    }
    if let Some(x) = as_float(value) {
        return match name {
            "real" => Some(vm.float(x)),
            "imag" => Value::try_float(0.0),
            _ => None,
        };
    }
    match value.layout() {
        ShapeId::RANGE | ShapeId::LONG_RANGE => {
            // SAFETY: the layout was checked.
            let range = unsafe { &*value.object::<Range>() };
            bounds_attribute(name, [range.start, range.stop, range.step])
        }
        ShapeId::UNION if name == "__args__" => Some(super::descriptors::fields(value)[0]),
        ShapeId::SLICE => {
            // SAFETY: the layout was checked.
            let slice = unsafe { &*value.object::<Slice>() };
            bounds_attribute(name, [slice.start, slice.stop, slice.step])
        }
        ShapeId::TUPLE => structures::field(value, name),
        ShapeId::COMPLEX => {
            let number = super::complex::parts_of(value);
            match name {
                "real" => Some(vm.float(number.real)),
                "imag" => Some(vm.float(number.imaginary)),
                _ => None,
            }
        }
        ShapeId::MEMORYVIEW => super::memory_view::attribute(vm, value, name),
        ShapeId::DICT_KEYS | ShapeId::DICT_VALUES | ShapeId::DICT_ITEMS if name == "mapping" => {
            let viewed = super::dict_views::viewed(value);
            Some(super::mapping_proxy::of(vm, viewed))
        }
        ShapeId::FUNCTION => function_attribute(vm, value, name),
        ShapeId::BUILTIN => {
            let row = crate::library::row_of(vm, value);
            match name {
                "__name__" => Some(vm.str(row.name)),
                "__qualname__" => {
                    let full = row.receiver().map_or(row.name.to_owned(), |_| row.full_name());
                    Some(vm.str(&full))
                }
                "__module__" => match row.owner {
                    crate::library::Owner::Module(module) => Some(vm.str(module)),
                    crate::library::Owner::Builtins => Some(vm.str("builtins")),
                    crate::library::Owner::Type(_)
                    | crate::library::Owner::Class(_)
                    | crate::library::Owner::Static(_) => None,
                },
                "__objclass__" => row.receiver().map(|id| vm.type_object(id)),
                "__self__" if row.receiver().is_none() => Some(Value::NONE),
                "__doc__" => Some(vm.str(row.doc)),
                _ => None,
            }
        }
        ShapeId::BOUND_METHOD => {
            let (inner, receiver) = super::descriptors::bound_parts(value);
            match name {
                "__self__" => Some(receiver),
                "__func__" => Some(inner),
                // Everything else is the function's.
                _ => {
                    let name = vm.intern(name);
                    match vm.instance_get(inner, name) {
                        Some(found) => Some(found),
                        None => field(vm, inner, text(name)),
                    }
                }
            }
        }
        ShapeId::PROPERTY => {
            let fields = *super::descriptors::fields(value);
            match name {
                "fget" => Some(fields[0]),
                "fset" => Some(fields[1]),
                "fdel" => Some(fields[2]),
                "__doc__" => Some(fields[3]),
                _ => None,
            }
        }
        ShapeId::STATIC_METHOD | ShapeId::CLASS_METHOD => {
            let inner = super::descriptors::fields(value)[0];
            match name {
                "__func__" | "__wrapped__" => Some(inner),
                "__name__" | "__qualname__" | "__doc__" | "__module__" | "__isabstractmethod__" => {
                    let name = vm.intern(name);
                    super::attributes::try_attr(vm, inner, name).ok().flatten()
                }
                _ => None,
            }
        }
        ShapeId::SUPER => {
            let [start, receiver, owner, _] = *super::descriptors::fields(value);
            let known = |value: Value| if value == Value::UNDEF { Value::NONE } else { value };
            match name {
                "__thisclass__" => Some(start),
                "__self__" => Some(known(receiver)),
                "__self_class__" => Some(known(owner)),
                _ => None,
            }
        }
        ShapeId::MEMBER => match name {
            "__name__" => Some(super::descriptors::fields(value)[0]),
            "__objclass__" => Some(super::descriptors::fields(value)[1]),
            _ => None,
        },
        ShapeId::CLOSURE_CELL if name == "cell_contents" => {
            // SAFETY: the layout was checked.
            let content = unsafe { (*value.object::<super::object::ClosureCell>()).value };
            (content != Value::UNDEF).then_some(content)
        }
        ShapeId::EXCEPTION => exception_attribute(vm, value, name),
        ShapeId::TRACEBACK => super::traceback_objects::field(vm, value, name),
        ShapeId::FRAME => super::traceback_objects::frame_field(vm, value, name),
        ShapeId::CODE => super::traceback_objects::code_field(vm, value, name),
        // Iterators of embedded modules are laid out as generators.
        ShapeId::GENERATOR if vm.type_of(value).is_dynamic() => None,
        ShapeId::GENERATOR | ShapeId::COROUTINE | ShapeId::ASYNC_GENERATOR => {
            super::traceback_objects::generator_field(vm, value, name)
        }
        _ => None,
    }
}

fn function_attribute(vm: &mut Vm, value: Value, name: &str) -> Option<Value> {
    let code = function(value).code;
    match name {
        "__name__" => {
            let name = functions::name(vm, value);
            Some(vm.intern(&name))
        }
        "__qualname__" => {
            let name = functions::qualname(vm, value);
            Some(vm.intern(&name))
        }
        "__defaults__" => functions::defaults(vm, value),
        "__kwdefaults__" => functions::keyword_defaults(vm, value),
        "__closure__" => Some(function(value).closure),
        "__annotations__" => functions::annotations(vm, value).ok(),
        "__globals__" => functions::globals(vm, value),
        "__code__" => Some(super::traceback_objects::code_object(vm, code)),
        "__module__" => Some(functions::module(vm, value)),
        "__doc__" => match vm.codes[code.index()].proto.documentation.clone() {
            Some(text) => Some(vm.str(&text)),
            None => Some(Value::NONE),
        },
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

fn is_codec_error(vm: &Vm, class: TypeId) -> bool {
    vm.is_subtype(class, TypeId::UNICODE_ENCODE_ERROR) || vm.is_subtype(class, TypeId::UNICODE_DECODE_ERROR)
}

fn exception_attribute(vm: &mut Vm, value: Value, name: &str) -> Option<Value> {
    let class = class_of(value);
    let fields = exception(value);
    let argument = |index: usize| items(exception(value).args).get(index).copied().unwrap_or(Value::NONE);
    match name {
        "args" => Some(fields.args),
        "__cause__" => Some(fields.cause),
        "__context__" => Some(fields.context),
        "__suppress_context__" => Some(fields.suppress_context),
        "__traceback__" => Some(super::traceback_objects::traceback_of(vm, value)),
        "value" if vm.is_subtype(class, TypeId::STOP_ITERATION) => Some(argument(0)),
        "code" if vm.is_subtype(class, TypeId::SYSTEM_EXIT) => match items(fields.args) {
            [] | [_] => Some(argument(0)),
            _ => Some(fields.args),
        },
        "encoding" if is_codec_error(vm, class) => Some(argument(0)),
        "object" if is_codec_error(vm, class) => Some(argument(1)),
        "start" if is_codec_error(vm, class) => Some(argument(2)),
        "end" if is_codec_error(vm, class) => Some(argument(3)),
        "reason" if is_codec_error(vm, class) => Some(argument(4)),
        "errno" | "strerror" if vm.is_subtype(class, TypeId::OS_ERROR) => {
            let given = items(fields.args).len() >= 2;
            Some(if given { argument(usize::from(name == "strerror")) } else { Value::NONE })
        }
        "filename" | "filename2" if vm.is_subtype(class, TypeId::OS_ERROR) => match fields.object {
            Value::NONE => Some(Value::NONE),
            files => Some(items(files)[usize::from(name == "filename2")]),
        },
        "name" if vm.is_subtype(class, TypeId::NAME_ERROR) || vm.is_subtype(class, TypeId::ATTRIBUTE_ERROR) => {
            Some(fields.name)
        }
        "name" if vm.is_subtype(class, TypeId::IMPORT_ERROR) => Some(fields.name),
        "path" if vm.is_subtype(class, TypeId::IMPORT_ERROR) => Some(fields.object),
        "message" if vm.is_subtype(class, TypeId::BASE_EXCEPTION_GROUP) => Some(argument(0)),
        "exceptions" if vm.is_subtype(class, TypeId::BASE_EXCEPTION_GROUP) => Some(fields.object),
        "encoding" | "object" | "start" | "end" | "reason"
            if vm.is_subtype(class, TypeId::UNICODE_DECODE_ERROR)
                || vm.is_subtype(class, TypeId::UNICODE_ENCODE_ERROR) =>
        {
            let index = ["encoding", "object", "start", "end", "reason"].iter().position(|&known| known == name);
            Some(argument(index.unwrap_or_default()))
        }
        "msg" if vm.is_subtype(class, TypeId::SYNTAX_ERROR) => Some(argument(0)),
        "filename" | "lineno" | "offset" | "text" | "end_lineno" | "end_offset"
            if vm.is_subtype(class, TypeId::SYNTAX_ERROR) =>
        {
            let names = ["filename", "lineno", "offset", "text", "end_lineno", "end_offset"];
            let index = names.iter().position(|&known| known == name);
            let details = super::sequences::as_items(argument(1)).unwrap_or_default();
            Some(details.get(index.unwrap_or_default()).copied().unwrap_or(Value::NONE))
        }
        "obj" if vm.is_subtype(class, TypeId::ATTRIBUTE_ERROR) => Some(fields.object),
        "msg" if vm.is_subtype(class, TypeId::IMPORT_ERROR) => Some(argument(0)),
        _ => None,
    }
}

/// Sets a field of a builtin layout, or deletes it (UNDEF); false if it has no such field.
pub fn set_data_attribute(vm: &mut Vm, value: Value, name: Value, new: Value) -> Outcome<bool> {
    let names = vm.names;
    if name == names.class {
        return set_class(vm, value, new).map(|()| true);
    }
    if name == names.dict && vm.has_instance_dict(value) {
        return set_dict(vm, value, new).map(|()| true);
    }
    match value.layout() {
        ShapeId::EXCEPTION => {
            let fields = exception(value);
            let place = match text(name) {
                "args" => {
                    let args = super::iterate::tuple_of(vm, new)?;
                    exception(value).args = args;
                    return Ok(true);
                }
                "__cause__" => &mut fields.cause,
                "__context__" => &mut fields.context,
                "__suppress_context__" => &mut fields.suppress_context,
                "__traceback__" => {
                    return super::traceback_objects::set_traceback(vm, value, new).map(|()| true);
                }
                "name" if takes_name(vm, value) => &mut fields.name,
                "obj" if vm.is_subtype(class_of(value), TypeId::ATTRIBUTE_ERROR) => &mut fields.object,
                _ => return Ok(false),
            };
            if matches!(text(name), "__cause__" | "__context__")
                && new != Value::NONE
                && !new.has_layout(ShapeId::EXCEPTION)
            {
                let what = text(name).trim_matches('_');
                return Err(vm.type_error(format!("exception {what} must be None or derive from BaseException")));
            }
            *place = new;
            if text(name) == "__cause__" {
                fields.suppress_context = Value::TRUE;
            }
            Ok(true)
        }
        ShapeId::RANGE | ShapeId::LONG_RANGE | ShapeId::SLICE if matches!(text(name), "start" | "stop" | "step") => {
            Err(vm.attribute_error("readonly attribute"))
        }
        ShapeId::FUNCTION => functions::set_attribute(vm, value, text(name), new),
        ShapeId::PROPERTY if matches!(text(name), "fget" | "fset" | "fdel") => {
            Err(vm.attribute_error("readonly attribute"))
        }
        ShapeId::PROPERTY if text(name) == "__doc__" => {
            super::descriptors::fields(value)[3] = new;
            Ok(true)
        }
        ShapeId::CLOSURE_CELL if text(name) == "cell_contents" => {
            // SAFETY: the layout was checked.
            unsafe { (*value.object::<super::object::ClosureCell>()).value = new };
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn takes_name(vm: &Vm, value: Value) -> bool {
    let class = class_of(value);
    [TypeId::NAME_ERROR, TypeId::ATTRIBUTE_ERROR, TypeId::IMPORT_ERROR].iter().any(|&base| vm.is_subtype(class, base))
}

/// `SomeClass.__class__ = new`: another metaclass of the program for one of its classes.
fn set_metaclass(vm: &mut Vm, class: TypeId, new: Value) -> Outcome<bool> {
    if new == Value::UNDEF {
        return Err(vm.type_error("can't delete __class__ attribute"));
    }
    if !new.has_layout(ShapeId::TYPE) {
        let name = vm.type_name(new);
        return Err(vm.type_error(format!("__class__ must be set to a class, not '{name}' object")));
    }
    let (old, new) = (vm.class(class).metaclass, type_id(new));
    if !old.is_dynamic() || !new.is_dynamic() {
        return Err(vm.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    if !vm.is_subtype(new, TypeId::TYPE) {
        let (old, new) = (vm.class_name(old), vm.class_name(new));
        return Err(vm.type_error(format!("__class__ assignment: '{new}' object layout differs from '{old}'")));
    }
    vm.change_metaclass(class, new);
    Ok(true)
}

fn set_class(vm: &mut Vm, value: Value, new: Value) -> Outcome<()> {
    if new == Value::UNDEF {
        return Err(vm.type_error("can't delete __class__ attribute"));
    }
    if !new.has_layout(ShapeId::TYPE) {
        let name = vm.type_name(new);
        return Err(vm.type_error(format!("__class__ must be set to a class, not '{name}' object")));
    }
    if vm.change_class(value, type_id(new))? {
        vm.watch_changed(type_id(new), value);
        return Ok(());
    }
    let (old, new_name) = (vm.type_name(value), vm.class_name(type_id(new)));
    if !vm.type_of(value).is_dynamic() || !type_id(new).is_dynamic() {
        return Err(vm.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    Err(vm.type_error(format!("__class__ assignment: '{new_name}' object layout differs from '{old}'")))
}

fn set_dict(vm: &mut Vm, value: Value, new: Value) -> Outcome<()> {
    if new == Value::UNDEF {
        return Err(vm.type_error("cannot delete __dict__"));
    }
    if !new.has_layout(super::namespace::LAYOUT) {
        let given = vm.type_name(new);
        return Err(vm.type_error(format!("__dict__ must be set to a dictionary, not a '{given}'")));
    }
    vm.set_instance_dict(value, new)
}

/// What `type` computes for a class.
pub fn type_data(vm: &mut Vm, id: TypeId, name: Value) -> Outcome<Option<Value>> {
    let names = vm.names;
    let bytes = text(name);
    if !bytes.starts_with("__") {
        return Ok(None);
    }
    let types = |vm: &mut Vm, ids: Vec<TypeId>| {
        let objects: Vec<Value> = ids.into_iter().map(|id| vm.type_object(id)).collect();
        vm.tuple(&objects)
    };
    Ok(Some(match bytes {
        "__name__" => short_name(vm, id),
        "__qualname__" => vm.class(id).qualname,
        "__module__" => match vm.class(id).attributes.get(names.module) {
            Some(module) => module,
            None => {
                let module = id.name().rsplit_once('.').map_or("builtins", |(module, _)| module);
                vm.str(module)
            }
        },
        "__doc__" => match vm.class(id).attributes.get(names.doc) {
            Some(doc) => super::descriptors::get(vm, doc, Value::UNDEF, id)?,
            None => Value::NONE,
        },
        "__class__" => vm.type_object(vm.class(id).metaclass),
        "__base__" => match super::class_build::solid_base(vm, id) {
            Some(base) => vm.type_object(base),
            None => Value::NONE,
        },
        "__bases__" => {
            let bases = vm.class(id).bases.clone();
            types(vm, bases)?
        }
        "__mro__" => {
            let mro = vm.class(id).mro.clone();
            types(vm, mro)?
        }
        "__dict__" => {
            let class = vm.type_object(id);
            vm.descriptor(ShapeId::MAPPING_PROXY, [class, Value::NONE, Value::NONE, Value::NONE])
        }
        "__annotations__" if id.is_dynamic() => match vm.class(id).attributes.get(name) {
            Some(found) => found,
            None => {
                let fresh = super::namespace::new(vm)?;
                vm.set_class_attribute(id, name, Some(fresh));
                fresh
            }
        },
        "__abstractmethods__" => return Ok(vm.class(id).attributes.get(name)),
        _ => return Ok(None),
    }))
}

/// A name that [`type_data`] knows, for some classes at least.
pub fn is_type_data(name: &str) -> bool {
    matches!(
        name,
        "__name__"
            | "__qualname__"
            | "__module__"
            | "__doc__"
            | "__class__"
            | "__base__"
            | "__bases__"
            | "__mro__"
            | "__dict__"
            | "__annotations__"
            | "__abstractmethods__"
    )
}

fn short_name(vm: &mut Vm, id: TypeId) -> Value {
    if id.is_dynamic() {
        return vm.class(id).name;
    }
    let short = id.name().rsplit('.').next().unwrap_or_default();
    vm.intern(short)
}

/// Sets what `type` computes; false if the name is an ordinary attribute.
pub fn set_type_data(vm: &mut Vm, id: TypeId, name: Value, new: Value) -> Outcome<bool> {
    let attribute = text(name);
    if !matches!(
        attribute,
        "__name__" | "__qualname__" | "__bases__" | "__mro__" | "__dict__" | "__class__" | "__base__"
    ) {
        return Ok(false);
    }
    let class = vm.class_name(id);
    match attribute {
        "__name__" | "__qualname__" => {
            if new == Value::UNDEF {
                return Err(vm.type_error(format!("cannot delete '{attribute}' attribute of immutable type '{class}'")));
            }
            if !new.is_str() {
                let given = vm.type_name(new);
                let message = format!("can only assign string to {class}.{attribute}, not '{given}'");
                return Err(vm.type_error(message));
            }
            let interned = vm.intern(text(new));
            let record = vm.class_mut(id);
            if attribute == "__name__" {
                record.name = interned;
            } else {
                record.qualname = interned;
            }
            Ok(true)
        }
        "__class__" => set_metaclass(vm, id, new),
        "__mro__" | "__base__" => Err(vm.attribute_error("readonly attribute")),
        "__bases__" => super::bases::set(vm, id, new).map(|()| true),
        _ => Err(vm.attribute_error(format!("attribute '{attribute}' of 'type' objects is not writable"))),
    }
}
