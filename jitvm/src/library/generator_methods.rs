//! Methods of generators, coroutines and asynchronous generators.

use super::{Arguments, Arity, Owner, builtins};
use crate::interp::coroutine::{self, StepMode};
use crate::interp::generator::{self, Resumed};
use crate::runtime::object::{GeneratorState, ShapeId};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! { GENERATOR of Owner::Type(TypeId::GENERATOR);
    "__iter__" Arity::Zero, itself, "Return self.";
    "__next__" Arity::Zero, next, "Resumes the generator.";
    "send" Arity::One, send, "send(arg) -> send 'arg' into generator, return next yielded value or raise StopIteration.";
    "throw" Arity::Range(1, 3), throw, "Raise an exception where the generator is suspended.";
    "close" Arity::Zero, close, "close() -> raise GeneratorExit inside generator.";
}

builtins! { COROUTINE of Owner::Type(TypeId::COROUTINE);
    "__await__" Arity::Zero, await_iterator, "Return an iterator to be used in await expression.";
    "send" Arity::One, send, "send(arg) -> send 'arg' into coroutine, return next iterated value or raise StopIteration.";
    "throw" Arity::Range(1, 3), throw, "Raise an exception where the coroutine is suspended.";
    "close" Arity::Zero, close, "close() -> raise GeneratorExit inside coroutine.";
}

builtins! { COROUTINE_WRAPPER of Owner::Type(TypeId::COROUTINE_WRAPPER);
    "__iter__" Arity::Zero, itself, "Return self.";
    "__next__" Arity::Zero, wrapper_next, "Resumes the coroutine.";
    "send" Arity::One, wrapper_send, "send(arg) -> send 'arg' into coroutine, return next yielded value or raise StopIteration.";
    "throw" Arity::Range(1, 3), wrapper_throw, "Raise an exception where the coroutine is suspended.";
    "close" Arity::Zero, wrapper_close, "close() -> raise GeneratorExit inside coroutine.";
}

builtins! { ASYNC_GENERATOR of Owner::Type(TypeId::ASYNC_GENERATOR);
    "__aiter__" Arity::Zero, itself, "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__" Arity::Zero, async_next, "Return a value or raise StopAsyncIteration.";
    "asend" Arity::One, async_send, "asend(v) -> send 'v' in generator.";
    "athrow" Arity::Range(1, 3), async_throw, "athrow(typ[,val[,tb]]) -> raise exception in generator.";
    "aclose" Arity::Zero, async_close, "aclose() -> raise GeneratorExit inside generator.";
}

builtins! { STEP of Owner::Type(TypeId::ASYNC_GENERATOR_STEP);
    "__await__" Arity::Zero, itself, "Return self.";
    "__iter__" Arity::Zero, itself, "Return self.";
    "__next__" Arity::Zero, step_next, "Resumes the asynchronous generator.";
    "send" Arity::One, step_send, "send(arg) -> resumes the asynchronous generator with it.";
    "throw" Arity::Range(1, 3), step_throw, "Raise an exception where the asynchronous generator is suspended.";
    "close" Arity::Zero, step_close, "Ends the step.";
}

/// The value it yielded; StopIteration with what it returned.
fn yielded(vm: &mut Vm, resumed: Resumed) -> Outcome {
    match resumed {
        Resumed::Yielded(value) => Ok(value),
        Resumed::Returned(Value::NONE) => Err(vm.raise_with(TypeId::STOP_ITERATION, &[])),
        Resumed::Returned(value) => Err(vm.raise_with(TypeId::STOP_ITERATION, &[value])),
    }
}

fn receiver(arguments: &Arguments) -> Value {
    arguments.get(0).expect("methods are called with a receiver")
}

fn argument(arguments: &Arguments) -> Value {
    arguments.get(1).expect("the arity was checked")
}

fn itself(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(receiver(&arguments))
}

fn next(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let resumed = generator::resume(vm, receiver(&arguments), Value::NONE)?;
    yielded(vm, resumed)
}

fn refuse_ended_coroutine(vm: &mut Vm, generator: Value) -> Outcome<()> {
    if generator.has_shape(ShapeId::COROUTINE) && generator::fields(generator).state == GeneratorState::Finished {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "cannot reuse already awaited coroutine"));
    }
    Ok(())
}

fn send(vm: &mut Vm, arguments: Arguments) -> Outcome {
    refuse_ended_coroutine(vm, receiver(&arguments))?;
    let resumed = generator::resume(vm, receiver(&arguments), argument(&arguments))?;
    yielded(vm, resumed)
}

/// The exception of `throw(type_or_value[, value[, traceback]])`.
fn thrown(vm: &mut Vm, arguments: &Arguments) -> Outcome {
    let class = argument(arguments);
    let value = arguments.get(2).unwrap_or(Value::NONE);
    if class.has_layout(ShapeId::EXCEPTION) {
        if value != Value::NONE {
            return Err(vm.type_error("instance exception may not have a separate value"));
        }
        return Ok(class);
    }
    let is_class =
        class.has_layout(ShapeId::TYPE) && vm.is_subtype(crate::runtime::types::type_id(class), TypeId::BASE_EXCEPTION);
    if !is_class {
        let name = vm.type_name(class);
        return Err(
            vm.type_error(format!("exceptions must be classes or instances deriving from BaseException, not {name}"))
        );
    }
    if value.has_layout(ShapeId::EXCEPTION) {
        return Ok(value);
    }
    if value == Value::NONE { vm.call(class, &[]) } else { vm.call(class, &[value]) }
}

fn throw(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let exception = thrown(vm, &arguments)?;
    refuse_ended_coroutine(vm, receiver(&arguments))?;
    let resumed = generator::throw(vm, receiver(&arguments), exception)?;
    yielded(vm, resumed)
}

fn close(vm: &mut Vm, arguments: Arguments) -> Outcome {
    generator::close(vm, receiver(&arguments)).map(|()| Value::NONE)
}

fn await_iterator(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(coroutine::wrapper(vm, receiver(&arguments)))
}

fn wrapped(arguments: &Arguments) -> Value {
    coroutine::awaitable(receiver(arguments)).generator
}

fn wrapper_next(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let inner = wrapped(&arguments);
    refuse_ended_coroutine(vm, inner)?;
    let resumed = generator::resume(vm, inner, Value::NONE)?;
    yielded(vm, resumed)
}

fn wrapper_send(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let inner = wrapped(&arguments);
    refuse_ended_coroutine(vm, inner)?;
    let resumed = generator::resume(vm, inner, argument(&arguments))?;
    yielded(vm, resumed)
}

fn wrapper_throw(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let exception = thrown(vm, &arguments)?;
    let resumed = generator::throw(vm, wrapped(&arguments), exception)?;
    yielded(vm, resumed)
}

fn wrapper_close(vm: &mut Vm, arguments: Arguments) -> Outcome {
    generator::close(vm, wrapped(&arguments)).map(|()| Value::NONE)
}

fn async_next(vm: &mut Vm, arguments: Arguments) -> Outcome {
    coroutine::step(vm, receiver(&arguments), Value::NONE, StepMode::Send)
}

fn async_send(vm: &mut Vm, arguments: Arguments) -> Outcome {
    coroutine::step(vm, receiver(&arguments), argument(&arguments), StepMode::Send)
}

fn async_throw(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let exception = thrown(vm, &arguments)?;
    coroutine::step(vm, receiver(&arguments), exception, StepMode::Throw)
}

fn async_close(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let empty = vm.tuple(&[])?;
    let exit = vm.new_exception(TypeId::GENERATOR_EXIT, empty);
    let generator = receiver(&arguments);
    let mode = match generator::fields(generator).state {
        // Nothing is there to be told.
        GeneratorState::Created => {
            generator::close(vm, generator)?;
            StepMode::Close
        }
        _ => StepMode::Close,
    };
    coroutine::step(vm, generator, exit, mode)
}

fn step_next(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let resumed = coroutine::step_send(vm, receiver(&arguments), Value::NONE)?;
    yielded(vm, resumed)
}

fn step_send(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let resumed = coroutine::step_send(vm, receiver(&arguments), argument(&arguments))?;
    yielded(vm, resumed)
}

fn step_throw(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let exception = thrown(vm, &arguments)?;
    let resumed = coroutine::step_throw(vm, receiver(&arguments), exception)?;
    yielded(vm, resumed)
}

fn step_close(_: &mut Vm, arguments: Arguments) -> Outcome {
    coroutine::awaitable(receiver(&arguments)).mode = Value::NONE;
    Ok(Value::NONE)
}
