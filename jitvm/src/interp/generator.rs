//! Generators: an activation that is copied out of the value stack when it yields, and back when it is resumed.
//!
//! A suspended generator keeps the registers that are live at its YIELD (the others are UNDEF, so that the collector
//! sees no stale word). FOR_ITER and SEND resume one in the running loop, without nesting natively; everything else
//! goes through [`resume`]. Coroutines and asynchronous generators are generators with other methods.

use super::chain::{self, unpark};
use super::operands::generator_was_awaited;
use super::{call, execute, special};
use crate::bytecode::{CodeKind, Instruction, Op};
use crate::codegen;
use crate::ir::CodeId;
use crate::runtime::attributes::pending_is;
use crate::runtime::exceptions::exception;
use crate::runtime::object::{Function, Generator, GeneratorState, ShapeId};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Frame, Outcome, Raised, Suspensions, Vm};
use crate::trace::liveness::{Liveness, reads_implicitly};

/// `Header::aux` of a coroutine that is to be watched again once it is suspended.
const LET_GO: u16 = 1;

/// The register with the generator that an instruction resumes in the running loop.
pub fn resumed_register(ins: Instruction) -> u16 {
    match ins.op {
        Op::Call | Op::CallMethod => ins.a + 1,
        _ => ins.b,
    }
}

/// Resumes the generator of a call that recording has entered: `next(g)`, `next(g, default)`, `g.__next__()` or
/// `g.send(value)`.
///
/// # Errors
/// As for [`enter`].
///
/// # Safety
/// `base` is the top frame's base, and `ins` its instruction, which the recorder has looked at.
pub unsafe fn enter_called(vm: &mut Vm, ins: Instruction, base: *const Value) -> Outcome<()> {
    // SAFETY: by the caller.
    let at = |register: u16| unsafe { *base.add(register as usize) };
    let is_send = ins.op == Op::CallMethod && ins.b == 1;
    let sent = if is_send { at(ins.a + 2) } else { Value::NONE };
    enter(vm, at(ins.a + 1), sent, Continuation::Called).map_err(|raised| raised.unwrap_or(Raised))
}

/// A generator that a call has resumed returned: the call's result, which is the default of `next`.
///
/// # Errors
/// StopIteration, if it has none.
///
/// # Safety
/// `base` is the base of the top frame, whose instruction is the call `ins`.
#[cold]
pub unsafe fn ended_call(vm: &mut Vm, ins: Instruction, base: *const Value, value: Value) -> Outcome {
    if ins.op == Op::Call && ins.b == 2 {
        // SAFETY: by the caller; the second argument is the default.
        return Ok(unsafe { *base.add(ins.a as usize + 2) });
    }
    let given = if value == Value::NONE { &[][..] } else { std::slice::from_ref(&value) };
    Err(vm.raise_with(TypeId::STOP_ITERATION, given))
}

/// What a resumed generator did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resumed {
    Yielded(Value),
    Returned(Value),
}

#[inline(always)]
pub fn is_generator(value: Value) -> bool {
    matches!(value.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE | ShapeId::ASYNC_GENERATOR)
}

/// The fields of a generator.
#[inline(always)]
pub fn fields<'a>(generator: Value) -> &'a mut Generator {
    debug_assert!(is_generator(generator));
    // SAFETY: the shape was checked; the VM is single-threaded, and no reference is kept while Python code runs.
    unsafe { &mut *generator.object::<Generator>() }
}

/// It is on the stack of frames.
#[inline(always)]
pub fn runs(object: &Generator) -> bool {
    matches!(object.state, GeneratorState::Running | GeneratorState::Passing)
}

/// # Safety
/// `generator` is a generator object.
#[inline(always)]
unsafe fn registers(generator: *mut Generator) -> *mut Value {
    // SAFETY: by the caller; the registers follow the fields.
    unsafe { generator.byte_add(Generator::REGISTERS).cast() }
}

/// `Generator`: the object for the top frame, which has just begun.
///
/// # Errors
/// MemoryError.
///
/// # Safety
/// `base` is the top frame's base, its parameters bound.
#[inline(never)]
pub unsafe fn create(vm: &mut Vm, base: *mut Value) -> Outcome {
    let frame = *vm.frames.last().expect("a generator's first instruction runs in its frame");
    // SAFETY: by the caller; the function is in the slot before its registers.
    unsafe {
        let parameters = (*call::code_pointer(vm, frame.code)).proto.parameters();
        let bound = std::slice::from_raw_parts(base, parameters);
        Ok(new(vm, frame.code, frame.pc, *base.sub(1), bound))
    }
}

/// A generator that waits at its GENERATOR, `pc`, with its parameters bound.
#[inline(always)]
fn new(vm: &mut Vm, id: CodeId, pc: u32, function: Value, parameters: &[Value]) -> Value {
    // SAFETY: the code lives as long as the VM.
    let proto = unsafe { &(*call::code_pointer(vm, id)).proto };
    let shape = match proto.kind {
        CodeKind::Coroutine => ShapeId::COROUTINE,
        CodeKind::AsyncGenerator => ShapeId::ASYNC_GENERATOR,
        _ => ShapeId::GENERATOR,
    };
    let count = proto.registers as usize;
    debug_assert!(parameters.len() == proto.parameters());
    let object = vm.allocate(Generator::REGISTERS + count * size_of::<Value>(), shape).cast::<Generator>();
    // SAFETY: the allocation has room for the fields and the registers.
    unsafe {
        (*object).code = id;
        (*object).state = GeneratorState::Created;
        (*object).pc = pc;
        (*object).register_bytes = (count * size_of::<Value>()) as u32;
        (*object).function = function;
        (*object).handled = Value::UNDEF;
        (*object).delegate = Value::UNDEF;
        (*object).busy = Value::NONE;
        let registers = registers(object);
        for (i, &parameter) in parameters.iter().enumerate() {
            *registers.add(i) = parameter;
        }
        for i in parameters.len()..count {
            *registers.add(i) = Value::UNDEF;
        }
    }
    let value = Value::of(object);
    // Its `finally` blocks run when it is found to be unreachable, and a coroutine may never be awaited.
    if !proto.exception_ranges.is_empty() || shape == ShapeId::COROUTINE {
        vm.heap.finalisers.watch(value);
    }
    value
}

/// What a call of a generator function makes, in a trace: the code begins with GENERATOR, and has these parameters.
pub fn called(vm: &mut Vm, function: Value, parameters: &[Value]) -> Value {
    let callee = call::as_function(function).expect("the recorder has seen a function");
    // SAFETY: the function is alive: it is an operand of the helper.
    let id = unsafe { (*callee).code };
    let generator = new(vm, id, 0, function, parameters);
    // They are on the native stack, where the collector finds them.
    std::hint::black_box(parameters);
    generator
}

/// Puts what a generator keeps in its registers on the value stack, at `base`.
///
/// # Safety
/// `object` is a generator of that code which does not run, and the stack has room for all its registers.
#[inline(always)]
unsafe fn copy_kept(code: &Code, object: *const Generator, base: *mut Value, shows_variables: bool) {
    // SAFETY: by the caller.
    unsafe {
        let kept = registers(object.cast_mut());
        // Whoever looks at variables sees those that are not kept as unbound.
        for local in 0..code.layout.locals as usize {
            *base.add(local) = *kept.add(local);
        }
        let live = live_when_suspended(code, shows_variables);
        for &register in live[(*object).pc as usize].as_deref().unwrap_or_default() {
            *base.add(register as usize) = *kept.add(register as usize);
        }
    }
}

/// Puts a generator that is not running on the value stack, above the top frame, with what is sent in place. The frame
/// it gets is the top one then.
///
/// # Errors
/// The generator is running, finished (nothing pending then: see `Err(None)`), or there is no room for it.
pub fn enter(vm: &mut Vm, generator: Value, sent: Value, continuation: Continuation) -> Result<(), Option<Raised>> {
    let object = generator.object::<Generator>();
    let state = fields(generator).state;
    match state {
        GeneratorState::Finished => return Err(None),
        GeneratorState::Passing if vm.chain.is_parked() => {
            unpark(vm);
            return enter(vm, generator, sent, continuation);
        }
        GeneratorState::Running | GeneratorState::Passing => {
            let what = kind_name(generator);
            return Err(Some(vm.value_error(format!("{what} already executing"))));
        }
        GeneratorState::Created if sent != Value::NONE => {
            let what = kind_name(generator);
            return Err(Some(vm.type_error(format!("can't send non-None value to a just-started {what}"))));
        }
        GeneratorState::Created | GeneratorState::Suspended => {}
    }
    let top = call::stack_top(vm);
    // SAFETY: the object is a generator; what is written to the stack lies below its end, which is checked.
    unsafe {
        let count = (*object).count();
        let base = top.add(1);
        if vm.frames.len() >= vm.recursion_limit as usize || base.add(count) >= vm.stack_end {
            return Err(Some(vm.raise_recursion_error()));
        }
        *top = (*object).function;
        let code = call::code_pointer(vm, (*object).code);
        copy_kept(&*code, object, base, vm.jit.shows_variables);
        if state == GeneratorState::Suspended {
            let ins = (&(*code).proto.instructions)[(*object).pc as usize];
            debug_assert!(ins.op == Op::Yield);
            *base.add(ins.a as usize) = sent;
        }
        let frame = Frame {
            code: (*object).code,
            pc: (*object).pc + 1,
            base: base.offset_from(vm.stack) as u32,
            continuation,
            value: generator,
        };
        vm.frames.push(frame);
        if state == GeneratorState::Created
            && (*object).header.shape == ShapeId::COROUTINE
            && (*code).proto.exception_ranges.is_empty()
            && vm.heap.finalisers.let_go(generator)
        {
            // It was watched for the warning that nobody has begun it; most come to their end now.
            (*object).header.aux = LET_GO;
        }
        (*object).state = GeneratorState::Running;
        (*object).delegate = Value::UNDEF;
        // While it runs, `handled` keeps what its caller was handling.
        let own = (*object).handled;
        (*object).handled = vm.handled;
        if own != Value::UNDEF {
            vm.handled = own;
        }
    }
    Ok(())
}

/// The SEND of a generator that is suspended at the YIELD of a `yield from` or `await`, if resuming it comes to no more than
/// resuming the generator that it delegates to. Their frames have room.
///
/// # Safety
/// `object` is a suspended generator, and `top` where its frame would begin.
#[inline(always)]
unsafe fn passes_to(vm: &Vm, object: *mut Generator, top: *mut Value) -> Option<(Value, u32)> {
    // SAFETY: by the caller; delegates and codes are alive.
    unsafe {
        let delegate = (*object).delegate;
        if !delegate.is_pointer()
            || !matches!(delegate.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE)
            || fields(delegate).state != GeneratorState::Suspended
            || (*object).handled != Value::UNDEF
        {
            return None;
        }
        // `SEND; JUMP out; YIELD; JUMP back to SEND`, at whose YIELD it is.
        let send = (*object).pc - 2;
        debug_assert!((&(*call::code_pointer(vm, (*object).code)).proto.instructions)[send as usize].op == Op::Send);
        let room = top.add((*object).count() + fields(delegate).count() + 2) < vm.stack_end;
        let fits = room && vm.frames.len() + 2 <= vm.recursion_limit as usize;
        fits.then_some((delegate, send))
    }
}

/// As [`enter`], but generators on the way that only delegate to another one are passed: their frames are there, waiting
/// at the SEND, but their registers stay in the object until they are to go on. Not for frames that a recording looks at.
///
/// # Errors
/// As there.
pub fn enter_innermost(
    vm: &mut Vm,
    generator: Value,
    sent: Value,
    continuation: Continuation,
) -> Result<(), Option<Raised>> {
    if fields(generator).delegate == Value::UNDEF {
        return enter(vm, generator, sent, continuation);
    }
    let (mut generator, mut continuation) = match chain::resume_parked(vm, generator, continuation) {
        Some(delegate) => (delegate, Continuation::Send),
        None => (generator, continuation),
    };
    let handled = vm.handled;
    if continuation != Continuation::Send {
        vm.chain.begin(vm.frames.len(), handled);
    }
    let mut top = call::stack_top(vm);
    while fields(generator).state == GeneratorState::Suspended {
        let object = generator.object::<Generator>();
        // SAFETY: the object is a suspended generator; frames up to the end of the stack were checked.
        let Some((delegate, send)) = (unsafe { passes_to(vm, object, top) }) else { break };
        // SAFETY: as above.
        unsafe {
            let base = top.add(1);
            top = base.add((*object).count());
            let index = base.offset_from(vm.stack) as u32;
            let frame = Frame { code: (*object).code, pc: send, base: index, continuation, value: generator };
            vm.chain.note(frame, vm.frames.len());
            vm.frames.push(frame);
            (*object).state = GeneratorState::Passing;
            (*object).handled = handled;
        }
        (generator, continuation) = (delegate, Continuation::Send);
    }
    enter(vm, generator, sent, continuation)
}

/// What the generator of the top frame has waited for has yielded: if it only passes the item on, it is suspended as it was.
/// The frame that is gone is the result.
#[inline(always)]
pub fn pass_on(vm: &mut Vm) -> Option<Frame> {
    let frame = *vm.frames.last()?;
    if !frame.continuation.resumes() || fields(frame.value).state != GeneratorState::Passing {
        return None;
    }
    let object = fields(frame.value);
    object.state = GeneratorState::Suspended;
    object.handled = Value::UNDEF;
    let passed = vm.frames.pop();
    vm.chain.end_at(vm.frames.len());
    passed
}

/// A frame may go on, or be looked at: if its generator has only passed things on so far, its registers come back.
#[inline(never)]
pub fn bring_back(vm: &mut Vm, index: usize) {
    let frame = vm.frames[index];
    if !frame.continuation.resumes() || fields(frame.value).state != GeneratorState::Passing {
        return;
    }
    vm.chain.end_at(index);
    let object = frame.value.object::<Generator>();
    // SAFETY: it has a frame with as many registers on the value stack, and a slot for the function before them.
    unsafe {
        let base = vm.stack.add(frame.base as usize);
        *base.sub(1) = (*object).function;
        let code = call::code_pointer(vm, frame.code);
        copy_kept(&*code, object, base, vm.jit.shows_variables);
        let position = (&(*code).proto.instructions)[(*object).pc as usize];
        *base.add(position.a as usize) = Value::NONE;
        (*object).state = GeneratorState::Running;
        (*object).delegate = Value::UNDEF;
    }
}

/// A generator that another one delegates to has returned or failed: that one goes on.
#[inline(always)]
pub fn delegate_ended(vm: &mut Vm) {
    let Some(frame) = vm.frames.last() else { return };
    if frame.continuation.resumes() && fields(frame.value).state == GeneratorState::Passing {
        bring_back(vm, vm.frames.len() - 1);
    }
}

/// The generator no longer runs: what its caller was handling is handled again.
fn leave_handled(vm: &mut Vm, object: &mut Generator, suspended: bool) {
    let callers = object.handled;
    object.handled = if suspended && vm.handled != callers { vm.handled } else { Value::UNDEF };
    vm.handled = callers;
}

/// A generator keeps the registers that are live at its YIELD at `pc`, and will go on there.
///
/// # Safety
/// It runs that code, with its registers at `base`.
#[inline(always)]
unsafe fn keep(code: &Code, object: *mut Generator, base: *const Value, pc: u32, shows_variables: bool) {
    // SAFETY: by the caller; the registers follow the fields.
    unsafe {
        let live = live_when_suspended(code, shows_variables);
        let to = registers(object);
        // What it has kept until now: what was live where it was resumed, or its parameters.
        match live[(*object).pc as usize].as_deref() {
            Some(before) => before.iter().for_each(|&register| *to.add(register as usize) = Value::UNDEF),
            None => (0..code.layout.parameters as usize).for_each(|register| *to.add(register) = Value::UNDEF),
        }
        for &register in live[pc as usize].as_deref().expect("a generator is suspended at a YIELD") {
            *to.add(register as usize) = *base.add(register as usize);
        }
        (*object).pc = pc;
    }
}

/// The generator of this frame waits at a SEND for the one above, which has yielded: it passes items on from now on, if all
/// that it would do with this one is to yield it.
#[inline(always)]
pub fn begins_to_pass(vm: &mut Vm, index: usize, handled: Value) -> bool {
    let frame = vm.frames[index];
    if frame.continuation != Continuation::Send {
        return false;
    }
    let object = frame.value.object::<Generator>();
    // SAFETY: the value of a frame that a SEND has resumed is its generator, whose registers are at the frame's base; its
    // code lives as long as the VM, and its instruction is followed by others.
    unsafe {
        let code = &*call::code_pointer(vm, frame.code);
        let send = code.proto.instructions[frame.pc as usize];
        let position = frame.pc + 2;
        let Some(&next) = code.proto.instructions.get(position as usize) else { return false };
        let yields = send.op == Op::Send && next.op == Op::Yield && next.x == 1;
        if !yields
            || (next.b, next.c) != (send.a, send.b)
            || (*object).state != GeneratorState::Running
            || (*object).handled != handled
            || (*object).header.aux == LET_GO
        {
            return false;
        }
        let base = vm.stack.add(frame.base as usize);
        keep(code, object, base, position, vm.jit.shows_variables);
        (*object).state = GeneratorState::Passing;
        (*object).delegate = *base.add(next.c as usize);
    }
    true
}

/// `Yield` in the top frame, at `pc`: suspends it and drops the frame, which is the result.
///
/// # Safety
/// `base` is the top frame's base.
pub unsafe fn suspend(vm: &mut Vm, base: *mut Value, pc: u32, delegate: Value) -> Frame {
    let frame = vm.frames.pop().expect("a generator runs in its frame");
    let code = call::code_pointer(vm, frame.code);
    // SAFETY: the code lives as long as the VM; the frame's value is its generator.
    unsafe {
        let object = frame.value.object::<Generator>();
        keep(&*code, object, base, pc, vm.jit.shows_variables);
        (*object).state = GeneratorState::Suspended;
        (*object).delegate = delegate;
        leave_handled(vm, &mut *object, true);
        if (*object).header.aux == LET_GO && (*object).header.shape == ShapeId::COROUTINE {
            (*object).header.aux = 0;
            vm.heap.finalisers.watch(frame.value);
        }
    }
    frame
}

/// By instruction, the registers that a generator keeps at each of its code's YIELDs; all variables if the program may
/// look at them.
#[inline]
pub fn live_when_suspended(code: &Code, shows_variables: bool) -> &Suspensions {
    code.suspensions.get_or_init(|| suspensions(&code.proto, shows_variables))
}

/// A register of a suspended generator.
pub fn register_of(generator: Value, register: u16) -> Value {
    debug_assert!((register as usize) < fields(generator).count());
    // SAFETY: the generator has so many registers behind its fields.
    unsafe { *registers(generator.object::<Generator>()).add(register as usize) }
}

/// The registers that are live when each YIELD of a code goes on.
fn suspensions(proto: &crate::bytecode::CodeProto, shows_variables: bool) -> Suspensions {
    let liveness = Liveness::compute(proto, shows_variables);
    (0u32..)
        .zip(&proto.instructions)
        .map(|(pc, ins)| {
            if ins.op != Op::Yield {
                return None;
            }
            let handler = proto.exception_ranges.iter().find(|range| (range.start..range.end).contains(&pc));
            let live = |r: &u16| {
                (*r != ins.a && liveness.is_live(pc + 1, *r))
                    // What is thrown in is raised at the YIELD itself.
                    || handler.is_some_and(|range| *r != range.register && liveness.is_live(range.target, *r))
                    || reads_implicitly(proto, *r)
            };
            Some((0..proto.registers).filter(live).collect())
        })
        .collect()
}

/// The top frame of a generator returned, and is gone.
pub fn finished(vm: &mut Vm, generator: Value) {
    let object = fields(generator);
    object.state = GeneratorState::Finished;
    leave_handled(vm, object, false);
    forget(object);
}

/// The frame of a generator is gone because of the pending exception. StopIteration must not look like its end.
pub fn failed(vm: &mut Vm, generator: Value) {
    let object = fields(generator);
    object.state = GeneratorState::Finished;
    leave_handled(vm, object, false);
    forget(object);
    let message = match generator.shape() {
        ShapeId::ASYNC_GENERATOR if pending_is(vm, TypeId::STOP_ASYNC_ITERATION) => {
            "async generator raised StopAsyncIteration"
        }
        _ if !pending_is(vm, TypeId::STOP_ITERATION) => return,
        ShapeId::COROUTINE => "coroutine raised StopIteration",
        ShapeId::ASYNC_GENERATOR => "async generator raised StopIteration",
        _ => "generator raised StopIteration",
    };
    let Some(cause) = vm.take_exception() else { return };
    vm.raise(TypeId::RUNTIME_ERROR, message);
    let fields = exception(vm.exception);
    (fields.cause, fields.context, fields.suppress_context) = (cause, cause, Value::TRUE);
}

/// A finished generator keeps nothing alive.
fn forget(object: &mut Generator) {
    for i in 0..object.count() {
        // SAFETY: the registers follow the fields.
        unsafe { *registers(object).add(i) = Value::UNDEF };
    }
    object.delegate = Value::UNDEF;
}

pub fn kind_name(generator: Value) -> &'static str {
    match generator.shape() {
        ShapeId::COROUTINE => "coroutine",
        ShapeId::ASYNC_GENERATOR => "async generator",
        _ => "generator",
    }
}

/// Resumes a generator from native code, which waits for what it does.
///
/// # Errors
/// It raised, or it is running. A finished one returns None.
pub fn resume(vm: &mut Vm, generator: Value, sent: Value) -> Outcome<Resumed> {
    if execute::native_stack_is_short(vm) {
        return Err(vm.raise_recursion_error());
    }
    let floor = vm.frames.len();
    match enter_innermost(vm, generator, sent, Continuation::Resume) {
        Err(None) => return Ok(Resumed::Returned(Value::NONE)),
        Err(Some(raised)) => return Err(raised),
        Ok(()) => {}
    }
    let result = execute::execute_rest(vm, floor, false)?;
    Ok(outcome_of(generator, result))
}

/// SEND of None to a coroutine in a trace, at `pc` of the top frame: what it yields or returns, which its state tells.
///
/// # Errors
/// It raised, or cannot be resumed.
pub fn awaited(vm: &mut Vm, coroutine: Value, pc: u32) -> Outcome {
    if let Some(frame) = vm.frames.last_mut() {
        frame.pc = pc;
    }
    if execute::native_stack_is_short(vm) {
        return Err(vm.raise_recursion_error());
    }
    if fields(coroutine).state != GeneratorState::Created {
        if fields(coroutine).state == GeneratorState::Finished && generator_was_awaited(vm, coroutine) {
            return Err(Raised);
        }
        return match resume(vm, coroutine, Value::NONE)? {
            Resumed::Returned(value) | Resumed::Yielded(value) => Ok(value),
        };
    }
    begin(vm, coroutine)
}

/// Begins a coroutine, on behalf of compiled code, and runs it until it returns or is suspended: in the trace of its body, if
/// there is one.
#[inline(always)]
fn begin(vm: &mut Vm, coroutine: Value) -> Outcome {
    let object = coroutine.object::<Generator>();
    let floor = vm.frames.len();
    // SAFETY: the object is a coroutine that has not begun; what is written to the stack lies below its end, which is
    // checked; code objects live as long as the VM.
    unsafe {
        let code = &*call::code_pointer(vm, (*object).code);
        let entry = code.body.get();
        let base = call::stack_top(vm).add(1);
        if entry.is_null()
            || vm.jit.witness.is_some()
            || !vm.frames.has_room_for_trace()
            || base.add((*object).count()) >= vm.stack_end
        {
            enter(vm, coroutine, Value::NONE, Continuation::Resume).map_err(|raised| raised.unwrap_or(Raised))?;
            return execute::execute_rest(vm, floor, false);
        }
        *base.sub(1) = (*object).function;
        for i in 0..code.layout.locals as usize {
            *base.add(i) = *registers(object).add(i);
        }
        let index = base.offset_from(vm.stack) as u32;
        let continuation = Continuation::Resume;
        vm.frames.push(Frame { code: code.id, pc: (*object).pc + 1, base: index, continuation, value: coroutine });
        if code.proto.exception_ranges.is_empty() && vm.heap.finalisers.let_go(coroutine) {
            (*object).header.aux = LET_GO;
        }
        (*object).state = GeneratorState::Running;
        (*object).handled = vm.handled;
        let word = Value(codegen::call(vm, base, entry));
        vm.frames.truncate(floor);
        if word == Value::EXC {
            return Err(Raised);
        }
        // The interpreter may have run the rest.
        if (*object).state == GeneratorState::Running {
            finished(vm, coroutine);
        }
        Ok(word)
    }
}

fn outcome_of(generator: Value, result: Value) -> Resumed {
    if fields(generator).state == GeneratorState::Finished {
        Resumed::Returned(result)
    } else {
        Resumed::Yielded(result)
    }
}

/// Raises an exception object at the place where a generator is suspended, ignoring what it delegates to.
///
/// # Errors
/// It did not catch it, raised another one, or is running.
pub fn throw_here(vm: &mut Vm, generator: Value, thrown: Value) -> Outcome<Resumed> {
    unpark(vm);
    let state = fields(generator).state;
    if state == GeneratorState::Finished {
        return Err(vm.raise_value(thrown));
    }
    if runs(fields(generator)) {
        let what = kind_name(generator);
        return Err(vm.value_error(format!("{what} already executing")));
    }
    match enter(vm, generator, Value::NONE, Continuation::Resume) {
        Err(None) => return Ok(Resumed::Returned(Value::NONE)),
        Err(Some(raised)) => return Err(raised),
        Ok(()) => {}
    }
    // The instruction it waits at raises.
    let frame = vm.frames.last_mut().expect("the generator's frame");
    frame.pc -= 1;
    super::unwind::set_context(vm, thrown);
    vm.raise_value(thrown);
    let result = execute::execute_raising(vm)?;
    Ok(outcome_of(generator, result))
}

/// `generator.throw(exception)`: where it delegates, that iterator gets it first.
///
/// # Errors
/// As [`throw_here`].
pub fn throw(vm: &mut Vm, generator: Value, thrown: Value) -> Outcome<Resumed> {
    unpark(vm);
    let delegate = fields(generator).delegate;
    if fields(generator).state != GeneratorState::Suspended || delegate == Value::UNDEF {
        return throw_here(vm, generator, thrown);
    }
    let class = crate::runtime::exceptions::class_of(thrown);
    if vm.is_subtype(class, TypeId::GENERATOR_EXIT) {
        fields(generator).state = GeneratorState::Running;
        let closed = close_iterator(vm, delegate);
        fields(generator).state = GeneratorState::Suspended;
        return match closed {
            Ok(()) => throw_here(vm, generator, thrown),
            Err(Raised) => {
                let raised = vm.take_exception().unwrap_or(thrown);
                throw_here(vm, generator, raised)
            }
        };
    }
    fields(generator).state = GeneratorState::Running;
    let result = throw_into(vm, delegate, thrown);
    fields(generator).state = GeneratorState::Suspended;
    match result {
        Ok(None) => throw_here(vm, generator, thrown),
        Ok(Some(Resumed::Yielded(value))) => Ok(Resumed::Yielded(value)),
        // The delegate is done: its result is that of the `yield from`, after the instruction that sent.
        Ok(Some(Resumed::Returned(value))) => finish_delegation(vm, generator, value),
        Err(Raised) => {
            let raised = vm.take_exception().unwrap_or(thrown);
            throw_here(vm, generator, raised)
        }
    }
}

/// Goes on behind a `yield from` (or `await`) whose iterator ended with `value`. The loop is
/// `SEND; JUMP out; YIELD; JUMP back to SEND`, in which the JUMP out follows the SEND.
fn finish_delegation(vm: &mut Vm, generator: Value, value: Value) -> Outcome<Resumed> {
    match enter(vm, generator, Value::NONE, Continuation::Resume) {
        Err(None) => return Ok(Resumed::Returned(Value::NONE)),
        Err(Some(raised)) => return Err(raised),
        Ok(()) => {}
    }
    let frame = *vm.frames.last().expect("the generator's frame");
    // SAFETY: the code lives as long as the VM; targets were verified.
    unsafe {
        let code = call::code_pointer(vm, frame.code);
        let instructions = &(*code).proto.instructions;
        let mut send = frame.pc as usize;
        if instructions[send].op == Op::Jump {
            send = instructions[send].wide() as usize;
        }
        while instructions[send].op != Op::Send {
            send -= 1;
        }
        *vm.stack.add(frame.base as usize + instructions[send].a as usize) = value;
        vm.frames.last_mut().expect("the generator's frame").pc = send as u32 + 1;
    }
    let result = execute::execute(vm)?;
    Ok(outcome_of(generator, result))
}

/// Throws into any iterator; `None` if it has no `throw`.
fn throw_into(vm: &mut Vm, iterator: Value, thrown: Value) -> Outcome<Option<Resumed>> {
    if matches!(iterator.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE) {
        return throw(vm, iterator, thrown).map(Some);
    }
    if iterator.has_shape(ShapeId::COROUTINE_WRAPPER) {
        let inner = super::coroutine::awaitable(iterator).generator;
        return throw(vm, inner, thrown).map(Some);
    }
    if iterator.has_shape(ShapeId::ASYNC_GENERATOR_STEP) {
        return super::coroutine::step_throw(vm, iterator, thrown).map(Some);
    }
    let Some(method) = special::attribute(vm, iterator, "throw")? else { return Ok(None) };
    match vm.call(method, &[thrown]) {
        Ok(value) => Ok(Some(Resumed::Yielded(value))),
        Err(Raised) => super::coroutine::returned_by_stop_iteration(vm).map(|value| Some(Resumed::Returned(value))),
    }
}

/// Closes any iterator that can be.
fn close_iterator(vm: &mut Vm, iterator: Value) -> Outcome<()> {
    if matches!(iterator.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE) {
        return close(vm, iterator);
    }
    if iterator.has_shape(ShapeId::COROUTINE_WRAPPER) {
        let inner = super::coroutine::awaitable(iterator).generator;
        return close(vm, inner);
    }
    if let Some(method) = special::attribute(vm, iterator, "close")? {
        vm.call(method, &[])?;
    }
    Ok(())
}

/// `generator.close()`.
///
/// # Errors
/// It yielded instead, or raised something else than what closing raises.
pub fn close(vm: &mut Vm, generator: Value) -> Outcome<()> {
    unpark(vm);
    match fields(generator).state {
        GeneratorState::Finished => return Ok(()),
        GeneratorState::Created => {
            let object = fields(generator);
            object.state = GeneratorState::Finished;
            forget(object);
            return Ok(());
        }
        GeneratorState::Suspended | GeneratorState::Running | GeneratorState::Passing => {}
    }
    let empty = vm.tuple(&[])?;
    let exit = vm.new_exception(TypeId::GENERATOR_EXIT, empty);
    match throw(vm, generator, exit) {
        Ok(Resumed::Returned(_)) => Ok(()),
        Ok(Resumed::Yielded(_)) => {
            let what = kind_name(generator);
            Err(vm.raise(TypeId::RUNTIME_ERROR, format!("{what} ignored GeneratorExit")))
        }
        Err(Raised) => {
            if pending_is(vm, TypeId::GENERATOR_EXIT) || pending_is(vm, TypeId::STOP_ITERATION) {
                vm.take_exception();
                return Ok(());
            }
            Err(Raised)
        }
    }
}

/// The name of a generator's function, for its repr.
pub fn function_name(vm: &Vm, generator: Value) -> String {
    let object = fields(generator);
    debug_assert!(object.function == Value::NONE || object.function.has_shape(ShapeId::FUNCTION));
    let _: Option<*const Function> = call::as_function(object.function);
    vm.codes[object.code.index()].proto.qualname.clone()
}
