//! Calls that the bytecode loop does not make itself: what is called decides between a frame and a native call.

use super::execute::{Leave, execute_rest, handled_or_left};
use super::generator::Resumed;
use super::unwind::Cause;
use super::{call, coroutine};
use crate::bytecode::{Instruction, Op};
use crate::library;
use crate::runtime::instantiate::{InstantiatePlan, instantiate_plan};
use crate::runtime::object::ShapeId;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Outcome, Raised, Vm};
use crate::runtime::{attributes, dict, iterate, sequences};
use crate::trace::{self, recorder::Step};

/// How a call began.
pub enum Begun {
    /// A frame was pushed.
    Frame,
    /// It is over, with this result.
    Done(Value),
}

/// Calls `window[0]`, no plain function, with the values after it: bound methods of Python functions, classes with a
/// Python `__init__` and instances with a Python `__call__` get a frame, everything else runs to its end.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// `window` is a call's window of the top frame.
pub unsafe fn begin_call(vm: &mut Vm, window: *mut Value, count: usize, keywords: Option<Value>) -> Outcome<Begun> {
    // SAFETY: by the caller; a window has room above for the callee's registers, checked when its frame is pushed.
    unsafe {
        let mut count = count;
        let mut callee = *window;
        if call::is_python_method(callee) {
            call::insert_receiver(window, count);
            count += 1;
            callee = *window;
        }
        if callee.has_shape(ShapeId::TYPE)
            && let Some(maker) = vm.maker_of(callee)
        {
            (callee, *window) = (maker, maker);
        }
        if let Some(function) = call::as_function(callee) {
            let id = (*function).code;
            let proto = &(*call::code_pointer(vm, id)).proto;
            if keywords.is_some() || count != proto.positional as usize || !proto.is_plain() {
                call::bind_in_place(vm, function, window.add(1), count, keywords)?;
            }
            call::push_frame(vm, id, window.add(1))?;
            return Ok(Begun::Frame);
        }
        if keywords.is_none()
            && callee.has_shape(ShapeId::TYPE)
            && let Some(value) = usual_value(vm, type_id(callee), std::slice::from_raw_parts(window.add(1), count))
        {
            return Ok(Begun::Done(value));
        }
        if callee.has_layout(ShapeId::TYPE)
            && let InstantiatePlan::Plain { shape, capacity, init, watched } = instantiate_plan(vm, type_id(callee))
            && let Some(function) = call::as_function(init)
        {
            // The object stays in the call's register; `__init__` and its arguments come behind it.
            let made = vm.new_instance_of(shape, capacity);
            if watched {
                vm.heap.finalisers.watch(made);
            }
            std::ptr::copy(window.add(1), window.add(3), count);
            *window = made;
            *window.add(1) = init;
            *window.add(2) = made;
            let id = (*function).code;
            let proto = &(*call::code_pointer(vm, id)).proto;
            if keywords.is_some() || count + 1 != proto.positional as usize || !proto.is_plain() {
                call::bind_in_place(vm, function, window.add(2), count + 1, keywords)?;
            }
            call::push_continuation(vm, id, window.add(2), Continuation::Init, Value::UNDEF)?;
            return Ok(Begun::Frame);
        }
        if callee.is_instance()
            && callee.has_layout(ShapeId::INSTANCE)
            && let Some(method) = vm.special(callee, vm.names.call)
            && let Some(function) = call::as_function(method)
        {
            std::ptr::copy(window.add(1), window.add(2), count);
            *window.add(1) = callee;
            *window = method;
            let id = (*function).code;
            if keywords.is_some() || count + 1 != (*call::code_pointer(vm, id)).layout.plain_arguments as usize {
                call::bind_in_place(vm, function, window.add(1), count + 1, keywords)?;
            }
            call::push_frame(vm, id, window.add(1))?;
            return Ok(Begun::Frame);
        }
        library::call_builtin(vm, callee, window.add(1), count, keywords).map(Begun::Done)
    }
}

/// What a builtin type gives that is called in a usual way: ranges of fixnums, the type of a value, numbers and strs as
/// they are.
fn usual_value(vm: &mut Vm, id: TypeId, values: &[Value]) -> Option<Value> {
    match (id, values) {
        (TypeId::RANGE, _) => usual_range(vm, values),
        (TypeId::TYPE, &[value]) => Some(vm.type_object(vm.type_of(value))),
        (TypeId::INT, &[value]) if value.is_int() => Some(value),
        (TypeId::FLOAT, &[value]) if value.is_float() => Some(value),
        (TypeId::FLOAT, &[value]) if value.is_int() => Some(vm.float(value.as_fixnum() as f64)),
        (TypeId::STR, &[value]) if value.has_shape(ShapeId::STR) => Some(value),
        _ => None,
    }
}

/// The range of bounds that are fixnums, with a step of 1.
fn usual_range(vm: &mut Vm, bounds: &[Value]) -> Option<Value> {
    let (start, stop) = match *bounds {
        [stop] => (Value::from_fixnum(0), stop),
        [start, stop] => (start, stop),
        _ => return None,
    };
    (start.is_int() && stop.is_int()).then(|| vm.range(start.as_fixnum(), stop.as_fixnum(), 1))
}

/// The keys of a dict of keywords, as a tuple.
fn names_of(vm: &mut Vm, dict: Value) -> Outcome {
    let list = vm.list(&[])?;
    let mut position = 0;
    while let Some((name, _)) = dict::entry_at(dict, &mut position) {
        vm.push(list, name)?;
    }
    vm.tuple(sequences::items(list))
}

/// Calls `window[0]` with the tuple `window[1]` and the keywords of the dict `window[2]`, if that is not None.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// `window` is a variadic call's window of the top frame, which is its end.
pub unsafe fn begin_variadic(vm: &mut Vm, window: *mut Value) -> Outcome<Begun> {
    // SAFETY: by the caller; the end of the stack is checked before anything is written.
    unsafe {
        let (arguments, dict) = (*window.add(1), *window.add(2));
        let positional = sequences::items(arguments);
        let names = if !dict.is_pointer() || dict::length(dict) == 0 { None } else { Some(names_of(vm, dict)?) };
        let keywords = names.map_or(0, |names| sequences::items(names).len());
        let count = positional.len() + keywords;
        if window.add(count + 2) >= vm.stack_end {
            return Err(vm.raise_recursion_error());
        }
        for (i, &value) in positional.iter().enumerate() {
            *window.add(1 + i) = value;
        }
        if names.is_some() {
            let mut position = 0;
            let mut at = window.add(1 + positional.len());
            while let Some((_, value)) = dict::entry_at(dict, &mut position) {
                *at = value;
                at = at.add(1);
            }
        }
        if call::as_function(*window).is_some() || call::is_python_method(*window) {
            return begin_call(vm, window, count, names);
        }
        // More values than the frame has registers: they stay visible to the collector, and calls back stay above.
        let above = window.add(1 + count).offset_from(vm.stack) as u32;
        let saved = vm.stack_high;
        vm.stack_high = above.max(saved);
        let result = library::call_builtin(vm, *window, window.add(1), count, names);
        vm.stack_high = saved;
        result.map(Begun::Done)
    }
}

/// As [`begin_variadic`], natively nested, in a window that may be above the frames.
///
/// # Errors
/// The callee raised.
///
/// # Safety
/// `window` is a variadic call's window of the top frame, or at or above the top of the stack.
pub(super) unsafe fn call_variadic_window(vm: &mut Vm, window: *mut Value) -> Outcome {
    let saved = vm.stack_high;
    // SAFETY: by the caller; three registers are a window's least.
    vm.stack_high = saved.max(unsafe { window.add(3).offset_from(vm.stack) } as u32);
    // SAFETY: by the caller.
    let begun = unsafe { begin_variadic(vm, window) };
    vm.stack_high = saved;
    match begun? {
        Begun::Done(value) => Ok(value),
        // Functions and methods alone get one, so that its result is the call's.
        Begun::Frame => super::execute::execute(vm),
    }
}

/// Calls what `LoadMethod` left in a window, natively nested.
///
/// # Safety
/// `window` is a method call's window of the top frame.
unsafe fn call_method_window(vm: &mut Vm, window: *mut Value, count: usize, keywords: Option<Value>) -> Outcome {
    // SAFETY: by the caller; the window of a method call has room for its receiver.
    unsafe {
        let receiver = *window.add(1);
        if receiver == Value::UNDEF {
            // Slides the callee next to its arguments, as a plain call has it.
            *window.add(1) = *window;
            call::call_window(vm, window.add(1), count, keywords)
        } else {
            call::call_window(vm, window, count + 1, keywords)
        }
    }
}

/// What a recording does not record, since its trace calls it: an instruction that calls out, or the rest of an inlined
/// function. `None`: the program goes on in the top frame, and so does the recording.
///
/// # Safety
/// As for [`call_out`].
pub unsafe fn run_unrecorded(
    vm: &mut Vm,
    step: Step,
    code: &Code,
    ins: Instruction,
    base: *mut Value,
    floor: usize,
) -> Option<Leave> {
    let (ins, ran) = if step == Step::Rest {
        let depth = vm.frames.len();
        let caller = vm.frames[depth - 2];
        // SAFETY: code objects live as long as the VM.
        let ins = unsafe { (&(*call::code_pointer(vm, caller.code)).proto.instructions)[caller.pc as usize] };
        let ran = execute_rest(vm, depth - 1, false).map(|value| {
            // SAFETY: a register of the caller, whose frame is on top now.
            unsafe { *vm.stack.add(caller.base as usize + ins.a as usize) = value };
            1
        });
        (ins, ran)
    } else {
        // SAFETY: by the caller.
        (ins, unsafe { call_out(vm, code, ins, base) })
    };
    match ran {
        Ok(distance) => {
            // SAFETY: the frame of the instruction is on top again.
            unsafe { (*vm.frames.top()).pc += distance as u32 };
            None
        }
        Err(Raised) => {
            let goes_on = trace::recording_raised(vm, ins);
            Some(handled_or_left(vm, floor, Cause::Raised)).filter(|leave| !matches!(leave, Leave::Switch if goes_on))
        }
    }
}

/// Executes an instruction of a recording that its trace calls out for: what is called runs to its end, unrecorded.
/// Tells how far the next instruction is.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// The frame of `code` is on top, at `base`, and its bytecode is verified.
unsafe fn call_out(vm: &mut Vm, code: &Code, ins: Instruction, base: *mut Value) -> Outcome<usize> {
    // SAFETY: by the caller.
    unsafe {
        let window = base.add(ins.a as usize);
        let keywords = |index: u16| (index != 0).then(|| code.constants[index as usize - 1]);
        *window = match ins.op {
            Op::LoadMethod => {
                let found = attributes::get_attr(vm, *base.add(ins.b as usize), code.names[ins.c as usize])?;
                *window.add(1) = Value::UNDEF;
                found
            }
            Op::ForIter => match iterate::for_next(vm, base.add(ins.b as usize))? {
                Some(item) => {
                    *window = item;
                    return Ok(2);
                }
                None => return Ok(1),
            },
            Op::Send => match coroutine::send(vm, *base.add(ins.b as usize), *window)? {
                Resumed::Yielded(item) => {
                    *window = item;
                    return Ok(2);
                }
                Resumed::Returned(result) => result,
            },
            Op::CallVariadic => call_variadic_window(vm, window)?,
            _ => {
                let outer = vm.perf.enter_call(*window);
                let result = match ins.op {
                    Op::CallMethod => call_method_window(vm, window, ins.b as usize, keywords(ins.c)),
                    _ => call::call_window(vm, window, ins.b as usize, keywords(ins.c)),
                };
                vm.perf.leave_call(outer);
                result?
            }
        };
        Ok(1)
    }
}
