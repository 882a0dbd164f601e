//! What `sys`, `gc` and `traceback` need of the VM: the exception being handled, frames, the collector, reports.

use super::{Arguments, Arity, Owner, builtins};
use crate::bytecode::CodeKind;
use crate::interp::{call, coroutine};
use crate::runtime::descriptors::fields;
use crate::runtime::exceptions::exception;
use crate::runtime::iterate::to_index;
use crate::runtime::object::ShapeId;
use crate::runtime::traceback;
use crate::runtime::traceback_objects::{self, place_of as place_of_traceback, traceback_of};
use crate::runtime::types::type_id;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Frame, Outcome, Vm};

builtins! {
    /// Functions of `sys` about the running program.
    SYS of Owner::Module("sys");
    "_getframe" Arity::Range(0, 1), getframe, "A frame of the calling program.";
    "exc_info" Arity::Zero, exc_info, "Class, exception and traceback being handled.";
    "exception" Arity::Zero, handled, "The exception being handled, or None.";
    "getrefcount" Arity::One, getrefcount, "A number of references; objects are not counted.";
    "getsizeof" Arity::Range(1, 2), getsizeof, "Bytes of an object.";
}

builtins! {
    /// Functions for the embedded modules.
    PRIVATE of Owner::Module("_jitvm");
    "format_place" Arity::One, format_place, "The report's lines about the frame of a traceback.";
    "asyncgen_hooks" Arity::Zero, asyncgen_hooks, "The hooks of asynchronous generators.";
    "set_asyncgen_hooks" Arity::Range(2, 2), set_asyncgen_hooks, "Sets them: for the first step, and for the end.";
    "know_noting" Arity::One, know_noting, "Tells which function notes asynchronous generators for an event loop.";
    "note_generator" Arity::Range(2, 2), note_generator, "An asynchronous generator begins, which an event loop is to end.";
    "take_generators" Arity::One, take_generators, "Those of an event loop that have not ended; they are its no more.";
    "collect" Arity::Zero, collect, "Has what is not reachable freed when a loop begins.";
    "format_exception" Arity::One, format_exception, "The report of an exception.";
    "caller" Arity::One, caller, "File, line and function that a function of a module works for.";
    "know_abstract" Arity::One, know_abstract, "Tells which metaclass is that of abstract classes.";
    "abstract_was_registered" Arity::Zero, abstract_was_registered, "Tells that answers of abstract classes may change.";
    "iterators" Arity::Range(2, 2), iterators, "Has the generators of a function be objects of a class.";
    "iterator_state" Arity::One, iterator_state, "The variables of such an object that waits.";
    "made_by" Arity::Range(2, 2), made_by, "Has a call of a class, and of none below it, call a function.";
    "know_arrays" Arity::One, know_arrays, "Tells which class is that of arrays.";
    "know_text_files" Arity::One, know_text_files, "Tells which class is StringIO.";
    "know_decimals" Arity::Range(3, 3), know_decimals, "Tells the class of decimals, that of contexts, and the module with the current one.";
    "decimal_quantize" Arity::Range(4, 4), decimal_quantize, "What Decimal.quantize returns, or None if it must find out itself.";
    "decimal_text" Arity::One, decimal_text, "What Decimal.__str__ returns, or None if it must find out itself.";
    "panic_if_same" Arity::Range(2, 2), panic_if_same, "Breaks the VM if both are one object, to show what a defect looks like.";
    "summary" Arity::One, summary, "The last line of the report of an exception.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

fn handled(vm: &mut Vm, _: Arguments) -> Outcome {
    Ok(if vm.handled.is_pointer() { vm.handled } else { Value::NONE })
}

fn exc_info(vm: &mut Vm, _: Arguments) -> Outcome {
    let value = vm.handled;
    if !value.is_pointer() || !value.has_layout(ShapeId::EXCEPTION) {
        return vm.tuple(&[Value::NONE, Value::NONE, Value::NONE]);
    }
    let class = exception(value).class;
    let traceback = traceback_of(vm, value);
    vm.tuple(&[class, value, traceback])
}

fn getframe(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let depth = match arguments.get(0) {
        Some(depth) => to_index(vm, depth)?.max(0) as usize,
        None => 0,
    };
    crate::trace::frames_shown(vm);
    let known = vm.frames.iter().rev().filter(|frame| !vm.is_consumer(frame.code));
    let places: Vec<Value> = known.skip(depth).map(place_of).collect();
    if places.is_empty() {
        return Err(vm.value_error("call stack is not deep enough"));
    }
    let outer = vm.tuple(&places[1..])?;
    Ok(vm.descriptor(ShapeId::FRAME, [places[0], outer, Value::from_fixnum(0), Value::NONE]))
}

/// `caller(level)`: the first frame outside the module of the one that asks, or one further out.
fn caller(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let level = to_index(vm, arguments.positional()[0])?;
    crate::trace::caller_shown(vm);
    match traceback_objects::caller(vm, level) {
        Some(index) => traceback_objects::caller_at(vm, index),
        None => Err(vm.value_error("call stack is not deep enough")),
    }
}

/// Fixnums: nothing for the collector to find.
fn place_of(frame: &Frame) -> Value {
    Value::from_fixnum(i64::from(frame.code.0) << 32 | i64::from(frame.pc))
}

fn getrefcount(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(2))
}

fn getsizeof(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let name = vm.intern("__sizeof__");
    let method = crate::runtime::attributes::get_attr(vm, arguments.positional()[0], name)?;
    vm.call(method, &[])
}

fn iterators(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let &[function, class] = arguments.positional() else { return Ok(Value::NONE) };
    let code = call::as_function(function).map(|function| {
        // SAFETY: the function is alive, and codes live as long as the VM.
        unsafe { &*call::code_pointer(vm, (*function).code) }
    });
    match code.filter(|code: &&Code| code.proto.kind == CodeKind::Generator) {
        Some(code) if class.has_layout(ShapeId::TYPE) => code.iterator_class.set(type_id(class)),
        _ => return Err(vm.type_error("a generator function and a class are required")),
    }
    Ok(Value::NONE)
}

fn made_by(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let &[class, function] = arguments.positional() else { return Ok(Value::NONE) };
    if !class.has_shape(ShapeId::TYPE) || !type_id(class).is_dynamic() || call::as_function(function).is_none() {
        return Err(vm.type_error("a class and a function are required"));
    }
    vm.permanent.push(function);
    vm.class_mut(type_id(class)).maker = function;
    Ok(Value::NONE)
}

fn iterator_state(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let iterator = arguments.positional()[0];
    if !iterator.has_shape(ShapeId::GENERATOR) {
        return Err(vm.type_error("a generator is required"));
    }
    crate::runtime::frame_variables::of_generator(vm, iterator)
}

fn collect(vm: &mut Vm, _: Arguments) -> Outcome {
    vm.ask_for_collection();
    Ok(Value::NONE)
}

fn format_place(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let place = arguments.positional()[0];
    if !place.has_shape(ShapeId::TRACEBACK) {
        return Err(vm.type_error("a traceback is required"));
    }
    let mut text = String::new();
    traceback::write_entries(vm, &[place_of_traceback(fields(place)[1])], &mut text);
    Ok(vm.str(&text))
}

fn asyncgen_hooks(vm: &mut Vm, _: Arguments) -> Outcome {
    let hooks = coroutine::hooks(vm);
    vm.tuple(&hooks)
}

fn set_asyncgen_hooks(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let list = vm.list(arguments.positional())?;
    // Rooted in place of those before.
    let before = std::mem::replace(&mut vm.async_generator_hooks, list);
    match vm.permanent.iter_mut().find(|value| before != Value::UNDEF && **value == before) {
        Some(place) => *place = list,
        None => vm.permanent.push(list),
    }
    Ok(Value::NONE)
}

fn know_noting(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let function = arguments.positional()[0];
    vm.permanent.push(function);
    vm.notes_async_generators = function;
    Ok(Value::NONE)
}

fn note_generator(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [owner, generator] = [0, 1].map(|index| arguments.positional()[index]);
    if !owner.is_pointer() || !generator.has_shape(ShapeId::ASYNC_GENERATOR) {
        return Err(vm.type_error("an asynchronous generator is required"));
    }
    vm.heap.weak.begins(owner, generator);
    Ok(Value::NONE)
}

fn take_generators(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let owner = arguments.positional()[0];
    // What is taken may be nowhere else, so the list has room before.
    let list = vm.list_with_capacity(vm.heap.weak.count_begun(owner))?;
    for generator in coroutine::take_begun(vm, owner) {
        vm.push(list, generator)?;
    }
    Ok(list)
}

fn exception_argument(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    if value.has_layout(ShapeId::EXCEPTION) {
        return Ok(value);
    }
    let name = vm.type_name(value);
    Err(vm.type_error(format!("Exception expected for value, {name} found")))
}

fn format_exception(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = exception_argument(vm, arguments)?;
    let text = traceback::format_exception(vm, value);
    Ok(vm.str(&text))
}

fn know_abstract(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.know_abstract(arguments.positional()[0]);
    Ok(Value::NONE)
}

fn abstract_was_registered(vm: &mut Vm, _: Arguments) -> Outcome {
    vm.abstract_was_registered();
    Ok(Value::NONE)
}

fn know_arrays(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.know_arrays(arguments.positional()[0]);
    Ok(Value::NONE)
}

fn know_text_files(vm: &mut Vm, arguments: Arguments) -> Outcome {
    vm.know_text_files(arguments.positional()[0]);
    Ok(Value::NONE)
}

fn know_decimals(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    vm.know_decimals(values[0], values[1], values[2]);
    Ok(Value::NONE)
}

fn decimal_quantize(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    Ok(vm.decimal_quantize(values[0], values[1], values[2], values[3]).unwrap_or(Value::NONE))
}

fn decimal_text(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match vm.decimal_text(arguments.positional()[0]) {
        Some(text) => Ok(vm.str(&text)),
        None => Ok(Value::NONE),
    }
}

fn panic_if_same(_: &mut Vm, arguments: Arguments) -> Outcome {
    assert!(arguments.positional()[0] != arguments.positional()[1], "_jitvm.panic_if_same was asked to");
    Ok(Value::NONE)
}

fn summary(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = exception_argument(vm, arguments)?;
    let text = traceback::summary(vm, value);
    Ok(vm.str(&text))
}
