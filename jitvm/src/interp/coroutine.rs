//! What `await`, `async for` and asynchronous generators add to generators.

use super::generator::{self, Resumed};
use super::{call, special};
use crate::bytecode::Op;
use crate::runtime::attributes::pending_is;
use crate::runtime::exceptions::exception;
use crate::runtime::iterate;
use crate::runtime::object::{Awaitable, BoundMethod, GeneratorState, Header, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Raised, Vm};

/// What a step of an asynchronous generator begins with: sending, throwing, or closing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepMode {
    Send,
    Throw,
    Close,
}

/// The fields of a COROUTINE_WRAPPER or ASYNC_GENERATOR_STEP.
pub fn awaitable<'a>(value: Value) -> &'a mut Awaitable {
    debug_assert!(matches!(value.shape(), ShapeId::COROUTINE_WRAPPER | ShapeId::ASYNC_GENERATOR_STEP));
    // SAFETY: the shape was checked; the VM is single-threaded, and no reference is kept while Python code runs.
    unsafe { &mut *value.object::<Awaitable>() }
}

fn new_awaitable(vm: &mut Vm, shape: ShapeId, generator: Value, first: Value, mode: StepMode) -> Value {
    let object = vm.allocate(size_of::<Awaitable>(), shape).cast::<Awaitable>();
    // SAFETY: the allocation has room for it.
    unsafe {
        (*object).generator = generator;
        (*object).first = first;
        (*object).mode = Value::from_fixnum(mode as i64);
    }
    Value::of(object)
}

/// `coroutine.__await__()`.
pub fn wrapper(vm: &mut Vm, coroutine: Value) -> Value {
    new_awaitable(vm, ShapeId::COROUTINE_WRAPPER, coroutine, Value::UNDEF, StepMode::Send)
}

/// `Header::aux` of an asynchronous generator whose first step was asked for.
const HOOKED: u16 = 1;
/// `Header::aux` of one that an event loop finalises.
const HAS_FINALIZER: u16 = 2;
/// `Header::aux` of one whose finalisation has been asked for.
const ENDS: u16 = 4;

/// One awaitable step of an asynchronous generator. Before its first, the hooks of `sys.set_asyncgen_hooks` are told.
///
/// # Errors
/// What the hook raises.
pub fn step(vm: &mut Vm, generator: Value, first: Value, mode: StepMode) -> Outcome {
    let header = generator.object::<Header>();
    // SAFETY: a generator begins with its header.
    let flags = unsafe { &mut (*header).aux };
    if *flags & HOOKED == 0 {
        *flags |= HOOKED;
        let [first_step, finalizer] = hooks(vm);
        if finalizer != Value::NONE {
            *flags |= HAS_FINALIZER;
        }
        if let Some(owner) = event_loop_of(vm, first_step) {
            vm.heap.weak.begins(owner, generator);
        } else if first_step != Value::NONE {
            vm.call(first_step, &[generator])?;
        }
    }
    Ok(new_awaitable(vm, ShapeId::ASYNC_GENERATOR_STEP, generator, first, mode))
}

/// The event loop whose method this hook for the first step is, if the method only notes the generator.
#[inline]
fn event_loop_of(vm: &Vm, hook: Value) -> Option<Value> {
    if vm.notes_async_generators == Value::UNDEF || !hook.has_shape(ShapeId::BOUND_METHOD) {
        return None;
    }
    let method = hook.object::<BoundMethod>();
    // SAFETY: the shape was checked.
    let (function, receiver) = unsafe { ((*method).function, (*method).receiver) };
    (function == vm.notes_async_generators).then_some(receiver)
}

/// The asynchronous generators that an event loop has been told of and that neither have ended nor are being ended.
pub fn take_begun(vm: &mut Vm, owner: Value) -> Vec<Value> {
    let mut begun = vm.heap.weak.take_begun(owner);
    // SAFETY: a generator begins with its header.
    let ends = |one: Value| unsafe { (*one.object::<Header>()).aux & ENDS != 0 };
    begun.retain(|&one| generator::fields(one).state != GeneratorState::Finished && !ends(one));
    begun
}

/// The hooks for the first step and the end of asynchronous generators, or None.
pub fn hooks(vm: &Vm) -> [Value; 2] {
    match vm.async_generator_hooks {
        Value::UNDEF => [Value::NONE; 2],
        list => [items(list)[0], items(list)[1]],
    }
}

/// Ends an asynchronous generator that nothing refers to any more: the hook does it, which can wait for it.
pub fn finalise(vm: &mut Vm, generator: Value) -> Outcome<()> {
    // SAFETY: a generator begins with its header.
    let flags = unsafe {
        (*generator.object::<Header>()).aux |= ENDS;
        (*generator.object::<Header>()).aux
    };
    let [_, finalizer] = hooks(vm);
    match flags & HAS_FINALIZER != 0 {
        false => generator::close(vm, generator),
        // Its event loop has ended.
        true if finalizer == Value::NONE => Ok(()),
        true => vm.call(finalizer, &[generator]).map(drop),
    }
}

/// `GetAwaitable`: the iterator that awaiting `value` runs.
///
/// # Errors
/// TypeError, or what `__await__` raised.
pub fn get_awaitable(vm: &mut Vm, value: Value, place: u8) -> Outcome {
    super::chain::unpark(vm);
    if matches!(value.shape(), ShapeId::COROUTINE | ShapeId::COROUTINE_WRAPPER | ShapeId::ASYNC_GENERATOR_STEP) {
        let fields = value.has_shape(ShapeId::COROUTINE).then(|| generator::fields(value));
        if fields.is_some_and(|fields| fields.delegate != Value::UNDEF && !generator::runs(fields)) {
            return Err(vm.raise(TypeId::RUNTIME_ERROR, "coroutine is being awaited already"));
        }
        return Ok(value);
    }
    let Some(iterator) = special::call_method(vm, value, "__await__")? else {
        let name = vm.type_name(value);
        return Err(vm.type_error(match place {
            1 => format!("'async with' received an object from __aenter__ that does not implement __await__: {name}"),
            2 => format!("'async with' received an object from __aexit__ that does not implement __await__: {name}"),
            _ => format!("object {name} can't be used in 'await' expression"),
        }));
    };
    if iterator.has_shape(ShapeId::COROUTINE) {
        return Err(vm.type_error("__await__() returned a coroutine"));
    }
    if special::method(vm, iterator, "__next__")?.is_none() {
        let name = vm.type_name(iterator);
        return Err(vm.type_error(format!("__await__() returned non-iterator of type '{name}'")));
    }
    Ok(iterator)
}

/// `GetAsyncIter`.
///
/// # Errors
/// TypeError, or what `__aiter__` raised.
pub fn get_async_iterator(vm: &mut Vm, value: Value) -> Outcome {
    if value.has_shape(ShapeId::ASYNC_GENERATOR) {
        return Ok(value);
    }
    if value.is_instance()
        && let Some(method) = vm.special(value, vm.names.aiter)
        && call::makes_generator(vm, method, 1)
    {
        let made = generator::called(vm, method, &[value]);
        if made.has_shape(ShapeId::ASYNC_GENERATOR) {
            return Ok(made);
        }
    }
    let Some(iterator) = special::call_method(vm, value, "__aiter__")? else {
        let name = vm.type_name(value);
        return Err(vm.type_error(format!("'async for' requires an object with __aiter__ method, got {name}")));
    };
    if !iterator.has_shape(ShapeId::ASYNC_GENERATOR) && special::method(vm, iterator, "__anext__")?.is_none() {
        let name = vm.type_name(iterator);
        let message = "'async for' received an object from __aiter__ that does not implement __anext__";
        return Err(vm.type_error(format!("{message}: {name}")));
    }
    Ok(iterator)
}

/// `GetAsyncNext`.
///
/// # Errors
/// TypeError, or what `__anext__` raised.
pub fn get_async_next(vm: &mut Vm, iterator: Value) -> Outcome {
    if iterator.has_shape(ShapeId::ASYNC_GENERATOR) {
        return step(vm, iterator, Value::NONE, StepMode::Send);
    }
    let Some(next) = special::call_method(vm, iterator, "__anext__")? else {
        let name = vm.type_name(iterator);
        return Err(vm.type_error(format!("'async for' requires an iterator with __anext__ method, got {name}")));
    };
    match get_awaitable(vm, next, 0) {
        Ok(awaitable) => Ok(awaitable),
        Err(Raised) => {
            let cause = vm.take_exception().unwrap_or(Value::NONE);
            let name = vm.type_name(next);
            let raised = vm.type_error(format!("'async for' received an invalid object from __anext__: {name}"));
            let fields = exception(vm.exception);
            (fields.cause, fields.context, fields.suppress_context) = (cause, cause, Value::TRUE);
            Err(raised)
        }
    }
}

/// The value of the pending StopIteration, which is pending no more; any other exception stays.
///
/// # Errors
/// Another exception is pending.
pub fn returned_by_stop_iteration(vm: &mut Vm) -> Outcome {
    if !pending_is(vm, TypeId::STOP_ITERATION) {
        return Err(Raised);
    }
    let stop = vm.take_exception().unwrap_or(Value::NONE);
    Ok(items(exception(stop).args).first().copied().unwrap_or(Value::NONE))
}

/// `Send` to anything but a generator that the loop can run itself.
///
/// # Errors
/// What the iterator raised.
pub fn send(vm: &mut Vm, iterator: Value, value: Value) -> Outcome<Resumed> {
    match iterator.shape() {
        ShapeId::GENERATOR | ShapeId::COROUTINE => return generator::resume(vm, iterator, value),
        ShapeId::COROUTINE_WRAPPER => {
            let inner = awaitable(iterator).generator;
            return generator::resume(vm, inner, value);
        }
        ShapeId::ASYNC_GENERATOR_STEP => return step_send(vm, iterator, value),
        _ => {}
    }
    let result = if value == Value::NONE {
        if !iterator.is_instance() {
            let item = iterate::next(vm, iterator)?;
            return Ok(item.map_or(Resumed::Returned(Value::NONE), Resumed::Yielded));
        }
        match special::call_method(vm, iterator, "__next__") {
            Ok(Some(item)) => Ok(item),
            Ok(None) => {
                let name = vm.type_name(iterator);
                return Err(vm.type_error(format!("'{name}' object is not an iterator")));
            }
            Err(Raised) => Err(Raised),
        }
    } else {
        let name = vm.intern("send");
        let method = crate::runtime::attributes::get_attr(vm, iterator, name)?;
        vm.call(method, &[value])
    };
    match result {
        Ok(item) => Ok(Resumed::Yielded(item)),
        Err(Raised) => returned_by_stop_iteration(vm).map(Resumed::Returned),
    }
}

/// A step of an asynchronous generator is resumed.
///
/// # Errors
/// What the generator raised; StopAsyncIteration at its end.
pub fn step_send(vm: &mut Vm, step: Value, sent: Value) -> Outcome<Resumed> {
    let (inner, first, mode) = (awaitable(step).generator, awaitable(step).first, awaitable(step).mode);
    if mode == Value::NONE {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "cannot reuse already awaited __anext__()/asend()"));
    }
    if first == Value::UNDEF {
        let result = generator::resume(vm, inner, sent);
        return step_result(vm, step, result);
    }
    if generator::fields(inner).busy == Value::TRUE {
        let name = if mode == Value::from_fixnum(StepMode::Send as i64) { "anext()" } else { "athrow()" };
        return Err(vm.raise(TypeId::RUNTIME_ERROR, format!("{name}: asynchronous generator is already running")));
    }
    generator::fields(inner).busy = Value::TRUE;
    awaitable(step).first = Value::UNDEF;
    let result = if mode == Value::from_fixnum(StepMode::Send as i64) {
        let first = if sent == Value::NONE { first } else { sent };
        generator::resume(vm, inner, first)
    } else {
        generator::throw(vm, inner, first)
    };
    step_result(vm, step, result)
}

/// An exception is thrown into a step of an asynchronous generator.
///
/// # Errors
/// As [`step_send`].
pub fn step_throw(vm: &mut Vm, step: Value, thrown: Value) -> Outcome<Resumed> {
    let inner = awaitable(step).generator;
    awaitable(step).first = Value::UNDEF;
    generator::fields(inner).busy = Value::TRUE;
    let result = generator::throw(vm, inner, thrown);
    step_result(vm, step, result)
}

/// A step that the bytecode loop can run itself: the generator that goes on, and what it is sent.
#[inline(always)]
pub fn begin_step(step: Value, sent: Value) -> Option<(Value, Value)> {
    let fields = awaitable(step);
    let inner = generator::fields(fields.generator);
    if fields.mode != Value::from_fixnum(StepMode::Send as i64)
        || fields.first != Value::UNDEF && inner.busy == Value::TRUE
    {
        return None;
    }
    let sent = if fields.first == Value::UNDEF || sent != Value::NONE { sent } else { fields.first };
    let waits = match inner.state {
        GeneratorState::Suspended => true,
        GeneratorState::Created => sent == Value::NONE,
        _ => false,
    };
    if !waits {
        return None;
    }
    inner.busy = Value::TRUE;
    fields.first = Value::UNDEF;
    Some((fields.generator, sent))
}

/// A step has its item, or will have none.
#[inline(always)]
pub fn step_ended(step: Value) {
    let fields = awaitable(step);
    fields.mode = Value::NONE;
    generator::fields(fields.generator).busy = Value::NONE;
}

/// The same of the step that the SEND of the top frame has run.
pub fn step_of_top_ended(vm: &mut Vm) {
    let Some(frame) = vm.frames.last() else { return };
    // SAFETY: the code lives as long as the VM; the frame's registers are on the stack.
    unsafe {
        let send = (&(*call::code_pointer(vm, frame.code)).proto.instructions)[frame.pc as usize];
        debug_assert!(send.op == Op::Send);
        step_ended(*vm.stack.add(frame.base as usize + send.b as usize));
    }
}

fn step_result(vm: &mut Vm, step: Value, result: Outcome<Resumed>) -> Outcome<Resumed> {
    let inner = awaitable(step).generator;
    let closing = awaitable(step).mode == Value::from_fixnum(StepMode::Close as i64);
    if let Ok(Resumed::Yielded(value)) = result
        && !yielded_item(vm, inner)
    {
        return Ok(Resumed::Yielded(value));
    }
    generator::fields(inner).busy = Value::NONE;
    awaitable(step).mode = Value::NONE;
    match result {
        Ok(Resumed::Yielded(_)) if closing => {
            Err(vm.raise(TypeId::RUNTIME_ERROR, "async generator ignored GeneratorExit"))
        }
        Ok(Resumed::Yielded(value)) => Ok(Resumed::Returned(value)),
        Ok(Resumed::Returned(_)) if closing => Ok(Resumed::Returned(Value::NONE)),
        Ok(Resumed::Returned(_)) => Err(vm.raise_with(TypeId::STOP_ASYNC_ITERATION, &[])),
        Err(Raised) => {
            let ended = pending_is(vm, TypeId::STOP_ASYNC_ITERATION) || pending_is(vm, TypeId::GENERATOR_EXIT);
            if closing && ended {
                vm.take_exception();
                return Ok(Resumed::Returned(Value::NONE));
            }
            Err(Raised)
        }
    }
}

/// The generator is suspended at a YIELD of an item of its own, not at one on behalf of what it awaits.
fn yielded_item(vm: &Vm, inner: Value) -> bool {
    let object = generator::fields(inner);
    let ins = vm.codes[object.code.index()].proto.instructions[object.pc as usize];
    ins.op == Op::Yield && ins.x == 2
}
