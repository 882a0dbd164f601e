//! Methods of exceptions and exception groups.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::exceptions::exception;
use crate::runtime::groups::{self, Condition};
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    BASE of Owner::Type(TypeId::BASE_EXCEPTION);
    "__init__" Arity::Free, init, "Sets the arguments.";
    "with_traceback" Arity::One, with_traceback, "Sets the traceback; the exception.";
    "add_note" Arity::One, add_note, "Adds a line to the report of the exception.";
}

builtins! {
    GROUP of Owner::Type(TypeId::BASE_EXCEPTION_GROUP);
    "derive" Arity::One, derive, "A group like this with other exceptions.";
    "split" Arity::One, split, "The parts that match and that do not.";
    "subgroup" Arity::One, subgroup, "The part that matches.";
}

fn init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let rest = arguments.rest();
    set_keywords(vm, value, rest)?;
    let args = vm.tuple(rest.positional())?;
    super::constructors::set_exception_arguments(vm, value, args)?;
    Ok(Value::NONE)
}

/// The keyword arguments that some exceptions take: `name`, `obj`, `path`.
pub fn set_keywords(vm: &mut Vm, value: Value, arguments: Arguments) -> Outcome<()> {
    if !arguments.has_keywords() {
        return Ok(());
    }
    let id = vm.type_of(value);
    let takes_name = [TypeId::IMPORT_ERROR, TypeId::NAME_ERROR, TypeId::ATTRIBUTE_ERROR];
    let class = vm.class_name(id);
    if !takes_name.iter().any(|&base| vm.is_subtype(id, base)) {
        return Err(vm.type_error(format!("{class}() takes no keyword arguments")));
    }
    let [name, object, path] = arguments.only_keywords(vm, class, ["name", "obj", "path"])?;
    let fields = exception(value);
    fields.name = name.unwrap_or(Value::NONE);
    fields.object = object.or(path).unwrap_or(Value::NONE);
    Ok(())
}

fn with_traceback(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    crate::runtime::traceback_objects::set_traceback(vm, values[0], values[1])?;
    Ok(values[0])
}

fn add_note(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if !values[1].is_str() {
        let given = vm.type_name(values[1]);
        return Err(vm.type_error(format!("note must be a str, not '{given}'")));
    }
    let name = vm.names.notes;
    let list = match vm.instance_get(values[0], name) {
        Some(list) => list,
        None => {
            let list = vm.list(&[])?;
            vm.instance_set(values[0], name, list)?;
            list
        }
    };
    if !list.has_layout(ShapeId::LIST) {
        return Err(vm.type_error("Cannot add note: __notes__ is not a list"));
    }
    vm.push(list, values[1])?;
    Ok(Value::NONE)
}

/// `BaseExceptionGroup.__new__`.
pub fn new_group(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    let &[message, members] = arguments.positional() else {
        let given = arguments.positional().len();
        return Err(vm.type_error(format!("BaseExceptionGroup.__new__() takes exactly 2 arguments ({given} given)")));
    };
    if !message.is_str() {
        let given = vm.type_name(message);
        return Err(vm.type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {given}")));
    }
    if !matches!(members.layout(), ShapeId::LIST | ShapeId::TUPLE) && vm.special(members, vm.names.getitem).is_none() {
        return Err(vm.type_error("second argument (exceptions) must be a sequence"));
    }
    let tuple = crate::runtime::iterate::tuple_of(vm, members)?;
    if items(tuple).is_empty() {
        return Err(vm.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let mut only_exceptions = true;
    for (index, &member) in items(tuple).iter().enumerate() {
        if !member.has_layout(ShapeId::EXCEPTION) {
            let message = format!("Item {index} of second argument (exceptions) is not an exception");
            return Err(vm.value_error(message));
        }
        only_exceptions &= vm.is_subtype(vm.type_of(member), TypeId::EXCEPTION);
    }
    let mut id = id;
    if id == TypeId::BASE_EXCEPTION_GROUP && only_exceptions {
        id = TypeId::EXCEPTION_GROUP;
    } else if !only_exceptions && vm.is_subtype(id, TypeId::EXCEPTION) {
        if id == TypeId::EXCEPTION_GROUP {
            return Err(vm.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        }
        let name = vm.class_name(id);
        return Err(vm.type_error(format!("Cannot nest BaseExceptions in '{name}'")));
    }
    let args = vm.tuple(&[message, members])?;
    let group = vm.new_exception(id, args);
    exception(group).object = tuple;
    Ok(group)
}

fn derive(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let message = groups::message(values[0]);
    new_group(vm, TypeId::BASE_EXCEPTION_GROUP, Arguments::positional_only(&[message, values[1]]))
}

fn condition(vm: &mut Vm, value: Value) -> Outcome<Condition> {
    let is_class = |vm: &Vm, value: Value| {
        value.has_layout(ShapeId::TYPE) && vm.is_subtype(type_id(value), TypeId::BASE_EXCEPTION)
    };
    if is_class(vm, value) || value.has_layout(ShapeId::TUPLE) && items(value).iter().all(|&class| is_class(vm, class))
    {
        return Ok(Condition::Class(value));
    }
    if value.has_shape(ShapeId::FUNCTION) || super::is_builtin_callable(value) && !value.has_layout(ShapeId::TYPE) {
        return Ok(Condition::Predicate(value));
    }
    Err(vm.type_error("expected a function, exception type or tuple of exception types"))
}

fn split(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let condition = condition(vm, values[1])?;
    let (matched, rest) = groups::divide(vm, values[0], condition)?;
    vm.tuple(&[matched, rest])
}

fn subgroup(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let condition = condition(vm, values[1])?;
    Ok(groups::divide(vm, values[0], condition)?.0)
}
