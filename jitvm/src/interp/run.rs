//! The bytecode loop: one copy executes, one tells the recorder of each instruction first, one tells the sampler.
//!
//! A Python call pushes a [`Frame`] and goes on in the same loop. Native code that calls Python nests another
//! [`super::execute::execute`], which ends when the frames it pushed are gone. What is not in line is `runtime::operators`.

use super::begin::{Begun, begin_call, begin_variadic, run_unrecorded};
use super::cache::Cache;
use super::execute::{Leave, handled_or_left};
use super::generator::{self, Resumed};
use super::operands::{
    exact_quotient, floats, generator_was_awaited, is_exact, quick_compare, quick_truth, raise_init_result,
    raise_unbound, raise_undefined, raise_unsupported,
};
use super::operations::operations;
use super::unwind::{Cause, raise_again, unwind};
use super::words::{self, Word};
use super::{call, chain, coroutine, methods, rare, slices};
use crate::bytecode::{Instruction, Op};
use crate::library;
use crate::runtime::compare::{self, CompareKind};
use crate::runtime::object::{Cell, ClosureCell, Function, List, Range, ShapeId, Tuple};
use crate::runtime::operators::{self, Binary};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Frame, Raised, Vm};
use crate::runtime::{attributes, iterate, subscript};
use crate::trace::{self, Called, policy, recorder::Step};

/// Of a loop, or of a function.
type Countdown = std::cell::Cell<u32>;

#[inline(always)]
fn shape(value: Value) -> Option<ShapeId> {
    // SAFETY: a pointer value is the address of a live heap object, which starts with a Header.
    value.is_pointer().then(|| unsafe { *(value.address() as *const ShapeId) })
}

/// # Safety
/// The top frame's registers lie inside the value stack and its code is verified.
pub(super) unsafe fn run<const RECORD: bool, const SAMPLED: bool>(vm_ref: &mut Vm, floor: usize) -> Leave {
    let vm: *mut Vm = vm_ref;
    let mut code: *const Code;
    let mut pc: *const Word;
    let mut base: *mut Value;

    // SAFETY: for the whole loop: `vm` is the only reference in use at each point; registers and targets are in range by
    // the bytecode verifier; frames are inside the stack by `push_frame`.
    unsafe {
        macro_rules! load_frame {
            () => {{
                let frame = (*vm).frames.top();
                code = call::code_pointer(&*vm, (*frame).code);
                pc = (*code).words.as_ptr().add((*frame).pc as usize);
                base = (*vm).stack.add((*frame).base as usize);
            }};
        }
        // A recording goes into each generator by itself.
        macro_rules! enter_generator {
            ($generator:expr, $sent:expr, $continuation:expr) => {
                if RECORD {
                    generator::enter(&mut *vm, $generator, $sent, $continuation)
                } else {
                    generator::enter_innermost(&mut *vm, $generator, $sent, $continuation)
                }
            };
        }
        macro_rules! at {
            ($index:expr) => {
                *base.add($index as usize)
            };
        }
        // A field of the instruction being executed.
        macro_rules! ins {
            ($field:ident) => {
                (*pc).ins.$field
            };
        }
        macro_rules! index {
            () => {
                pc.offset_from((*code).words.as_ptr()) as u32
            };
        }
        // The instruction being executed, for tracebacks and for calls to return to.
        macro_rules! save_pc {
            () => {
                (*(*vm).frames.top()).pc = index!()
            };
        }

        load_frame!();
        // How the pending exception came up; set before the few instructions that raise one again.
        let mut cause = Cause::Raised;
        'dispatch: loop {
            let mut op = ins!(op);
            if SAMPLED {
                (*vm).perf.at_instruction(pc);
            }
            // The instruction of the word: recordings show nothing fused.
            let ins = if RECORD && pc != &raw const RETURN {
                (*code).proto.instructions.as_ptr().add(index!() as usize).read()
            } else {
                RETURN.ins
            };
            if RECORD {
                op = ins.op;
                save_pc!();
                match trace::record_step(&mut *vm, ins, base) {
                    Step::Interpret => {}
                    Step::Leave => return Leave::Switch,
                    Step::Pass => {
                        pc = pc.add(1);
                        continue 'dispatch;
                    }
                    Step::Entered | Step::Resume => {
                        load_frame!();
                        continue 'dispatch;
                    }
                    step @ (Step::CallOut | Step::Rest) => {
                        if let Some(leave) = run_unrecorded(&mut *vm, step, &*code, ins, base, floor) {
                            return leave;
                        }
                        load_frame!();
                        continue 'dispatch;
                    }
                }
            }
            'raise: {
                // Compiled code has come to the end of the top frame's activation: its result is returned from register 0.
                macro_rules! return_value {
                    ($value:expr) => {{
                        *base = $value;
                        pc = &raw const RETURN;
                        continue 'dispatch;
                    }};
                }
                // A frame has been pushed and loaded: counts the call, and runs the function's trace if there is one.
                macro_rules! begin_function {
                    () => {
                        if !RECORD {
                            let countdown = &(*code).function.countdown;
                            countdown.set(countdown.get() - 1);
                            if countdown.get() == 0 {
                                match trace::function_called(&mut *vm, floor) {
                                    Called::Interpret => load_frame!(),
                                    Called::Record => return Leave::Switch,
                                    Called::Returned(value) => return_value!(value),
                                    Called::Raised => break 'raise,
                                }
                            }
                        }
                    };
                }
                macro_rules! poll {
                    () => {
                        if (*vm).poll != 0 {
                            save_pc!();
                            if !RECORD && (*vm).heap.finalisers.is_collection_asked_for() {
                                return Leave::Collect;
                            }
                            if policy::poll(&mut *vm).is_err() {
                                break 'raise;
                            }
                        }
                    };
                }
                'enter: {
                    'again: loop {
                        operations!($ 'dispatch 'again 'raise 'enter vm code pc base op floor);
                        match op {
                            Op::LoadConst | Op::LoadInt => at!(ins!(a)) = Value((*pc).aux),
                            Op::Move => at!(ins!(a)) = at!(ins!(b)),
                            Op::CheckBound => {
                                if at!(ins!(a)) == Value::UNDEF {
                                    save_pc!();
                                    raise_unbound(&mut *vm, &*code, ins!(b));
                                    break 'raise;
                                }
                            }
                            Op::LoadGlobal => {
                                let cell = (*pc).aux as *const Cell;
                                let mut value = (*cell).value;
                                if value == Value::UNDEF {
                                    value = (*cell).fallback;
                                    if value == Value::UNDEF {
                                        save_pc!();
                                        raise_undefined(&mut *vm, (*cell).name);
                                        break 'raise;
                                    }
                                }
                                at!(ins!(a)) = value;
                            }
                            Op::StoreGlobal => {
                                let value = at!(ins!(a));
                                (*vm).set_cell((*pc).aux as *mut Cell, value);
                            }
                            Op::Add => arithmetic!(Add, |x, y| x.checked_add(y), |p, q| Some(p + q)),
                            Op::Sub => arithmetic!(Sub, |x, y| x.checked_sub(y), |p, q| Some(p - q)),
                            Op::Mul => arithmetic!(Mul, |x, y| (x >> 2).checked_mul(y), |p, q| Some(p * q)),
                            Op::TrueDiv => {
                                arithmetic!(TrueDiv, |x, y| exact_quotient(x >> 2, y >> 2), |p, q| if q != 0.0 {
                                    Some(p / q)
                                } else {
                                    None
                                })
                            }
                            Op::FloorDiv => {
                                arithmetic!(
                                    FloorDiv,
                                    |x, y| if y > 0 { Some(x.div_euclid(y) << 2) } else { None },
                                    |_p, _q| { None::<f64> }
                                )
                            }
                            Op::Mod => {
                                arithmetic!(
                                    Mod,
                                    |x, y| if y > 0 { Some(x.rem_euclid(y)) } else { None },
                                    |_p, _q| None::<f64>
                                )
                            }
                            Op::Pow => generic_binary!(Pow),
                            Op::LeftShift => generic_binary!(LeftShift),
                            Op::RightShift => {
                                let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                                if left.is_int() && right.is_int() && (right.0 as i64) >= 0 {
                                    let shifted = left.as_fixnum() >> right.as_fixnum().min(63);
                                    at!(ins!(a)) = Value::from_fixnum(shifted);
                                    next!();
                                }
                                begun!(methods::binary::<RECORD>(
                                    &mut *vm,
                                    Binary::RightShift,
                                    left,
                                    right,
                                    ins!(x) == 1
                                ))
                            }
                            Op::BitAnd => bitwise!(BitAnd, &),
                            Op::BitOr => bitwise!(BitOr, |),
                            Op::BitXor => bitwise!(BitXor, ^),
                            Op::Negate => {
                                let operand = at!(ins!(b));
                                if operand.is_int() {
                                    if let Some(word) = (operand.0 as i64).checked_neg() {
                                        at!(ins!(a)) = Value(word as u64);
                                        next!();
                                    }
                                } else if operand.is_float()
                                    && let Some(value) = Value::try_float(-operand.as_float())
                                {
                                    at!(ins!(a)) = value;
                                    next!();
                                }
                                out_of_line!(operators::negate(&mut *vm, operand))
                            }
                            Op::Plus => out_of_line!(operators::plus(&mut *vm, at!(ins!(b)))),
                            Op::Invert => out_of_line!(operators::invert(&mut *vm, at!(ins!(b)))),
                            Op::Not => {
                                let operand = at!(ins!(b));
                                let truth = match quick_truth(operand) {
                                    Some(truth) => truth,
                                    None => {
                                        save_pc!();
                                        match operators::truth(&mut *vm, operand) {
                                            Ok(truth) => truth,
                                            Err(Raised) => break 'raise,
                                        }
                                    }
                                };
                                at!(ins!(a)) = Value::from_bool(!truth);
                            }
                            Op::Less => comparison!(Less, <),
                            Op::LessEqual => comparison!(LessEqual, <=),
                            Op::Equal => comparison!(Equal, ==),
                            Op::NotEqual => comparison!(NotEqual, !=),
                            Op::Greater => comparison!(Greater, >),
                            Op::GreaterEqual => comparison!(GreaterEqual, >=),
                            Op::Is => at!(ins!(a)) = Value::from_bool(at!(ins!(b)) == at!(ins!(c))),
                            Op::IsNot => at!(ins!(a)) = Value::from_bool(at!(ins!(b)) != at!(ins!(c))),
                            Op::In | Op::NotIn => {
                                save_pc!();
                                match compare::contains(&mut *vm, at!(ins!(c)), at!(ins!(b))) {
                                    Ok(found) => at!(ins!(a)) = Value::from_bool(found == (op == Op::In)),
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::Jump => {
                                pc = pc.byte_offset((*pc).aux as isize);
                                continue 'dispatch;
                            }
                            Op::JumpIfTrue | Op::JumpIfFalse => {
                                let operand = at!(ins!(a));
                                let truth = match quick_truth(operand) {
                                    Some(truth) => truth,
                                    None => {
                                        save_pc!();
                                        match operators::truth(&mut *vm, operand) {
                                            Ok(truth) => truth,
                                            Err(Raised) => break 'raise,
                                        }
                                    }
                                };
                                jump_if!(0, truth == (op == Op::JumpIfTrue));
                            }
                            Op::LoopHeader => {
                                poll!();
                                let countdown = &*((*pc).aux as *const Countdown);
                                countdown.set(countdown.get() - 1);
                                if countdown.get() == 0 {
                                    save_pc!();
                                    if policy::loop_is_hot(&mut *vm, &*code, ins!(a), floor) {
                                        return Leave::Switch;
                                    }
                                }
                            }
                            Op::LoopEnter => {
                                poll!();
                                save_pc!();
                                match trace::enter_loop(&mut *vm, &*code, ins!(a), base, floor) {
                                    Ok(None) => load_frame!(),
                                    Ok(Some(value)) => return_value!(value),
                                    Err(Raised) => break 'raise,
                                }
                                if (*vm).jit.recorder.as_ref().is_some_and(|recorder| recorder.floor == floor) {
                                    return Leave::Switch;
                                }
                                continue 'dispatch;
                            }
                            Op::LoopCold => {
                                poll!();
                            }
                            Op::GetIter => {
                                out_of_line_unit!(iterate::get_iter_state(
                                    &mut *vm,
                                    at!(ins!(b)),
                                    base.add(ins!(a) as usize)
                                ))
                            }
                            Op::ForIter => {
                                let state = base.add(ins!(b) as usize);
                                let iterable = *state;
                                if iterable == Value::RANGE_STATE {
                                    let (next, stop, step) = (*state.add(1), *state.add(2), *state.add(3));
                                    let (n, s) = (next.0 as i64, stop.0 as i64);
                                    if if (step.0 as i64) > 0 { n < s } else { n > s } {
                                        at!(ins!(a)) = next;
                                        *state.add(1) = Value(next.0.wrapping_add(step.0));
                                        pc = pc.add(1);
                                    }
                                    next!();
                                }
                                if let Some(ShapeId::LIST) = shape(iterable) {
                                    let list = iterable.address() as *const List;
                                    let index = (*state.add(1)).as_fixnum() as usize;
                                    if index < (*list).length as usize {
                                        at!(ins!(a)) = *(*list).data.add(index);
                                        *state.add(1) = Value::from_fixnum(index as i64 + 1);
                                        pc = pc.add(1);
                                        next!();
                                    }
                                }
                                save_pc!();
                                if let Some(ShapeId::GENERATOR) = shape(iterable) {
                                    match enter_generator!(iterable, Value::NONE, Continuation::Next) {
                                        Ok(()) => {
                                            load_frame!();
                                            continue 'dispatch;
                                        }
                                        Err(Some(Raised)) => break 'raise,
                                        Err(None) => {
                                            *state = Value::EXHAUSTED;
                                            next!();
                                        }
                                    }
                                }
                                match iterate::for_next(&mut *vm, state) {
                                    Ok(Some(item)) => {
                                        at!(ins!(a)) = item;
                                        pc = pc.add(1);
                                    }
                                    Ok(None) => {}
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::Call => {
                                let window = base.add(ins!(a) as usize);
                                let callee = *window;
                                save_pc!();
                                if let Some(function) = call::as_function(callee) {
                                    call_function!(function, window.add(1), ins!(b) as usize);
                                }
                                if callee.has_shape(ShapeId::BUILTIN) {
                                    let arguments = window.add(1);
                                    let count = ins!(b) as usize;
                                    out_of_line!(library::call_builtin(&mut *vm, callee, arguments, count, keywords!()))
                                }
                                begun!(begin_call(&mut *vm, window, ins!(b) as usize, keywords!()))
                            }
                            Op::LoadMethod => {
                                let object = at!(ins!(b));
                                let cache = &*((*pc).aux as *const Cache);
                                if let Some((callable, receiver)) = cache.method(object) {
                                    at!(ins!(a)) = callable;
                                    at!(ins!(a) + 1) = receiver;
                                    next!();
                                }
                                save_pc!();
                                let name = *(*code).names.as_ptr().add(ins!(c) as usize);
                                match attributes::load_method(&mut *vm, object, name) {
                                    Ok((callable, receiver)) => {
                                        cache.learn_method(&mut *vm, object, name);
                                        at!(ins!(a)) = callable;
                                        at!(ins!(a) + 1) = receiver;
                                    }
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::CallMethod => {
                                let window = base.add(ins!(a) as usize);
                                let callee = *window;
                                save_pc!();
                                let receiver = *window.add(1);
                                let (arguments, count) = if receiver == Value::UNDEF {
                                    *window.add(1) = callee;
                                    (window.add(2), ins!(b) as usize)
                                } else {
                                    (window.add(1), ins!(b) as usize + 1)
                                };
                                if let Some(function) = call::as_function(callee) {
                                    call_function!(function, arguments, count);
                                }
                                if callee.has_shape(ShapeId::BUILTIN) {
                                    out_of_line!(library::call_builtin(&mut *vm, callee, arguments, count, keywords!()))
                                }
                                let mut window = arguments.sub(1);
                                if receiver == Value::UNDEF {
                                    // As a plain call has it: the result's register comes first.
                                    window = window.sub(1);
                                    std::ptr::copy(arguments, window.add(1), count);
                                }
                                begun!(begin_call(&mut *vm, window, count, keywords!()))
                            }
                            Op::CallVariadic => {
                                let window = base.add(ins!(a) as usize);
                                begun!(begin_variadic(&mut *vm, window))
                            }
                            Op::Return => leave_function!(at!(ins!(a))),
                            Op::Generator => {
                                save_pc!();
                                match generator::create(&mut *vm, base) {
                                    Ok(value) => leave_function!(value),
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::Yield => {
                                let value = at!(ins!(b));
                                let delegate = if ins!(x) == 1 { at!(ins!(c)) } else { Value::UNDEF };
                                let is_item_of_step = ins!(x) == 2;
                                let mut frame = generator::suspend(&mut *vm, base, index!(), delegate);
                                if frame.continuation == Continuation::Send
                                    && let Some(first) = chain::park(&mut *vm, floor)
                                {
                                    frame = first;
                                }
                                loop {
                                    if (*vm).frames.has_length(floor) {
                                        return Leave::Return(value);
                                    }
                                    if frame.continuation != Continuation::Send {
                                        break;
                                    }
                                    let Some(passed) = generator::pass_on(&mut *vm) else { break };
                                    frame = passed;
                                }
                                yielded!(frame.continuation, value, is_item_of_step);
                            }
                            Op::Send => {
                                let (value, iterator) = (at!(ins!(a)), at!(ins!(b)));
                                save_pc!();
                                if matches!(iterator.shape(), ShapeId::GENERATOR | ShapeId::COROUTINE) {
                                    match enter_generator!(iterator, value, Continuation::Send) {
                                        Ok(()) => {
                                            load_frame!();
                                            continue 'dispatch;
                                        }
                                        Err(Some(Raised)) => break 'raise,
                                        Err(None) => {
                                            if generator_was_awaited(&mut *vm, iterator) {
                                                break 'raise;
                                            }
                                            at!(ins!(a)) = Value::NONE;
                                            next!();
                                        }
                                    }
                                }
                                if !RECORD
                                    && iterator.has_shape(ShapeId::ASYNC_GENERATOR_STEP)
                                    && let Some((inner, sent)) = coroutine::begin_step(iterator, value)
                                {
                                    if generator::enter(&mut *vm, inner, sent, Continuation::Step).is_err() {
                                        coroutine::step_ended(iterator);
                                        break 'raise;
                                    }
                                    load_frame!();
                                    continue 'dispatch;
                                }
                                match coroutine::send(&mut *vm, iterator, value) {
                                    Ok(Resumed::Yielded(value)) => {
                                        at!(ins!(a)) = value;
                                        pc = pc.add(1);
                                    }
                                    Ok(Resumed::Returned(value)) => at!(ins!(a)) = value,
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::LoadFree => {
                                let function = (*base.sub(1)).object::<Function>();
                                let closure = (*function).closure.address() as *const Value;
                                at!(ins!(a)) = *closure.byte_add(Tuple::ITEMS).add(ins!(b) as usize);
                            }
                            Op::LoadCell => {
                                let value = (*at!(ins!(b)).object::<ClosureCell>()).value;
                                if value == Value::UNDEF {
                                    save_pc!();
                                    rare::raise_empty_cell(&mut *vm, &*code, ins!(c), ins!(x));
                                    break 'raise;
                                }
                                at!(ins!(a)) = value;
                            }
                            Op::StoreCell => (*at!(ins!(a)).object::<ClosureCell>()).value = at!(ins!(b)),
                            Op::JumpIfBound => {
                                jump_if!(0, at!(ins!(a)) != Value::UNDEF);
                            }
                            Op::MatMul => generic_binary!(MatMul),
                            Op::Reraise => {
                                save_pc!();
                                (*vm).exception = at!(ins!(a));
                                cause = Cause::Reraised;
                                break 'raise;
                            }
                            Op::EndAsyncFor => {
                                let caught = at!(ins!(a));
                                let class = (*vm).type_of(caught);
                                if !(*vm).is_subtype(class, TypeId::STOP_ASYNC_ITERATION) {
                                    save_pc!();
                                    (*vm).exception = caught;
                                    cause = Cause::Reraised;
                                    break 'raise;
                                }
                            }
                            Op::BuildList => {
                                save_pc!();
                                let items = std::slice::from_raw_parts(base.add(ins!(b) as usize), ins!(c) as usize);
                                match (*vm).list(items) {
                                    Ok(list) => at!(ins!(a)) = list,
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::BuildTuple => {
                                save_pc!();
                                let items = std::slice::from_raw_parts(base.add(ins!(b) as usize), ins!(c) as usize);
                                match (*vm).tuple(items) {
                                    Ok(tuple) => at!(ins!(a)) = tuple,
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::ListAppend => out_of_line_unit!((*vm).push(at!(ins!(a)), at!(ins!(b)))),
                            Op::GetItem => {
                                let (object, index) = (at!(ins!(b)), at!(ins!(c)));
                                if index.is_int() {
                                    let i = index.as_fixnum();
                                    match shape(object) {
                                        Some(ShapeId::LIST) => {
                                            let list = object.address() as *const List;
                                            if (i as u64) < (*list).length as u64 {
                                                at!(ins!(a)) = *(*list).data.add(i as usize);
                                                next!();
                                            }
                                        }
                                        Some(ShapeId::TUPLE) => {
                                            let tuple = object.address() as *const Tuple;
                                            if (i as u64) < (*tuple).length {
                                                let items = (tuple as usize + Tuple::ITEMS) as *const Value;
                                                at!(ins!(a)) = *items.add(i as usize);
                                                next!();
                                            }
                                        }
                                        _ => {}
                                    }
                                }
                                begun!(methods::get_item::<RECORD>(&mut *vm, object, index))
                            }
                            Op::SetItem => {
                                let (object, index, value) = (at!(ins!(a)), at!(ins!(b)), at!(ins!(c)));
                                if index.is_int() && shape(object) == Some(ShapeId::LIST) {
                                    let list = object.address() as *mut List;
                                    let i = index.as_fixnum();
                                    if (i as u64) < (*list).length as u64 {
                                        *(*list).data.add(i as usize) = value;
                                        (*vm).heap.written(list);
                                        next!();
                                    }
                                }
                                save_pc!();
                                match methods::set_item::<RECORD>(&mut *vm, object, index, value) {
                                    Ok(false) => next!(),
                                    Ok(true) => break 'enter,
                                    Err(Raised) => break 'raise,
                                }
                            }
                            Op::DeleteItem => {
                                out_of_line_unit!(subscript::delete_item(&mut *vm, at!(ins!(a)), at!(ins!(b))))
                            }
                            Op::Unpack => {
                                out_of_line_unit!(iterate::unpack(
                                    &mut *vm,
                                    at!(ins!(c)),
                                    base.add(ins!(a) as usize),
                                    ins!(b) as usize
                                ))
                            }
                            Op::GetAttr => {
                                let object = at!(ins!(b));
                                let cache = &*((*pc).aux as *const Cache);
                                if let Some(found) = cache.get(object) {
                                    at!(ins!(a)) = found;
                                    next!();
                                }
                                if !RECORD && let Some(getter) = cache.getter(object) {
                                    begun!(methods::property(&mut *vm, getter, object))
                                }
                                let name = *(*code).names.as_ptr().add(ins!(c) as usize);
                                save_pc!();
                                cache.learn_get(&mut *vm, object, name);
                                out_of_line!(attributes::get_attr(&mut *vm, object, name))
                            }
                            Op::SetAttr => {
                                let object = at!(ins!(a));
                                let cache = &*((*pc).aux as *const Cache);
                                if cache.set(&mut (*vm).heap, object, at!(ins!(b))) {
                                    next!();
                                }
                                let name = *(*code).names.as_ptr().add(ins!(c) as usize);
                                save_pc!();
                                cache.learn_set(&mut *vm, object, name, at!(ins!(b)));
                                out_of_line_unit!(attributes::set_attr(&mut *vm, object, name, at!(ins!(b))))
                            }
                            Op::LessJump => comparison_jump!(Less, <),
                            Op::LessEqualJump => comparison_jump!(LessEqual, <=),
                            Op::EqualJump => comparison_jump!(Equal, ==),
                            Op::NotEqualJump => comparison_jump!(NotEqual, !=),
                            Op::GreaterJump => comparison_jump!(Greater, >),
                            Op::GreaterEqualJump => comparison_jump!(GreaterEqual, >=),
                            Op::IsJump => identity_jump!(==),
                            Op::IsNotJump => identity_jump!(!=),
                            Op::IsConstJump => constant_identity_jump!(==),
                            Op::IsNotConstJump => constant_identity_jump!(!=),
                            Op::LessIntJump => constant_comparison_jump!(<),
                            Op::LessEqualIntJump => constant_comparison_jump!(<=),
                            Op::EqualIntJump => constant_comparison_jump!(==),
                            Op::NotEqualIntJump => constant_comparison_jump!(!=),
                            Op::GreaterIntJump => constant_comparison_jump!(>),
                            Op::GreaterEqualIntJump => constant_comparison_jump!(>=),
                            Op::AddInt => constant_arithmetic!(checked_add),
                            Op::SubInt => constant_arithmetic!(checked_sub),
                            Op::ReturnConst => leave_function!(Value((*pc).aux)),
                            Op::MoveTwo => {
                                at!(ins!(a)) = at!(ins!(b));
                                pc = pc.add(1);
                                at!(ins!(a)) = at!(ins!(b));
                            }
                            Op::GetAttrTwo => {
                                let cache = &*((*pc).aux as *const Cache);
                                let Some(found) = cache.get(at!(ins!(b))) else { leave_to!(GetAttr) };
                                at!(ins!(a)) = found;
                                pc = pc.add(1);
                                let cache = &*((*pc).aux as *const Cache);
                                let Some(found) = cache.get(at!(ins!(b))) else { leave_to!(GetAttr) };
                                at!(ins!(a)) = found;
                            }
                            Op::JumpLoop => {
                                pc = pc.byte_offset((*pc).aux as isize);
                                // It may have been patched.
                                if ins!(op) == Op::LoopHeader && (*vm).poll == 0 {
                                    let countdown = &*((*pc).aux as *const Countdown);
                                    let left = countdown.get();
                                    if left > 1 {
                                        countdown.set(left - 1);
                                        pc = pc.add(1);
                                        if ins!(op) == Op::ForIter {
                                            op = Op::ForIter;
                                            continue 'again;
                                        }
                                    }
                                }
                                continue 'dispatch;
                            }
                            Op::Raise => {
                                save_pc!();
                                match ins!(x) {
                                    0 => (*vm).raise_statement(at!(ins!(a)), None),
                                    1 => (*vm).raise_statement(at!(ins!(a)), Some(at!(ins!(b)))),
                                    _ => {
                                        cause = raise_again(&mut *vm);
                                        Raised
                                    }
                                };
                                break 'raise;
                            }
                            Op::GetAttrGetItem => get_attr_then!(GetItem),
                            Op::GetAttrSetItem => get_attr_then!(SetItem),
                            Op::GetAttrAdd => get_attr_then!(Add),
                            Op::GetAttrSub => get_attr_then!(Sub),
                            Op::GetAttrMul => get_attr_then!(Mul),
                            Op::GetAttrJumpIfFalse => get_attr_then!(JumpIfFalse),
                            Op::GetAttrReturn => get_attr_then!(Return),
                            Op::GetAttrLoadMethod => get_attr_then!(LoadMethod),
                            Op::GetAttrCallMethod => get_attr_then!(CallMethod),
                            Op::SetAttrGetAttr => {
                                let cache = &*((*pc).aux as *const Cache);
                                if !cache.set(&mut (*vm).heap, at!(ins!(a)), at!(ins!(b))) {
                                    leave_to!(SetAttr);
                                }
                                then!(GetAttr);
                            }
                            Op::LoadMethodCallMethod => load_method_then!(CallMethod),
                            Op::LoadMethodMove => {
                                load_method!();
                                pc = pc.add(1);
                                at!(ins!(a)) = at!(ins!(b));
                            }
                            Op::MoveCallMethod => {
                                at!(ins!(a)) = at!(ins!(b));
                                then!(CallMethod);
                            }
                            Op::LoadGlobalGetAttr => {
                                let value = (*((*pc).aux as *const Cell)).value;
                                if value == Value::UNDEF {
                                    leave_to!(LoadGlobal);
                                }
                                at!(ins!(a)) = value;
                                then!(GetAttr);
                            }
                            Op::AddSetAttr => arithmetic_then!(Add, SetAttr, |x, y| x.checked_add(y), |p, q| p + q),
                            Op::SubSetAttr => arithmetic_then!(Sub, SetAttr, |x, y| x.checked_sub(y), |p, q| p - q),
                            Op::MulMul => arithmetic_then!(Mul, Mul, |x, y| (x >> 2).checked_mul(y), |p, q| p * q),
                            Op::MulAdd => arithmetic_then!(Mul, Add, |x, y| (x >> 2).checked_mul(y), |p, q| p * q),
                            Op::MulSub => arithmetic_then!(Mul, Sub, |x, y| (x >> 2).checked_mul(y), |p, q| p * q),
                            Op::GetItemJumpIfFalse => {
                                let (object, index) = (at!(ins!(b)), at!(ins!(c)));
                                if !index.is_int() || shape(object) != Some(ShapeId::LIST) {
                                    leave_to!(GetItem);
                                }
                                let (list, i) = (object.address() as *const List, index.as_fixnum());
                                if (i as u64) >= (*list).length as u64 {
                                    leave_to!(GetItem);
                                }
                                at!(ins!(a)) = *(*list).data.add(i as usize);
                                then!(JumpIfFalse);
                            }
                            Op::GetSlice => get_slice!(),
                            // All by name: the jump table then needs no test of the opcode's range.
                            rare::operations!() => out_of_line_unit!(rare::execute(&mut *vm, code, (*pc).ins, base)),
                        }
                        next!();
                    }
                }
                // A frame has been pushed.
                load_frame!();
                begin_function!();
                continue 'dispatch;
            }
            if RECORD && !trace::recording_raised(&mut *vm, ins) {
                return handled_or_left(&mut *vm, floor, cause);
            }
            if !unwind(&mut *vm, floor, cause) {
                return Leave::Raised;
            }
            // An exit with the exception may have begun a recording at its handler.
            if !RECORD && (*vm).jit.recorder.as_ref().is_some_and(|recorder| recorder.floor == floor) {
                return Leave::Switch;
            }
            cause = Cause::Raised;
            load_frame!();
        }
    }
}

/// Returns register 0.
static RETURN: Word = Word { ins: Instruction::new(Op::Return, 0, 0, 0), aux: 0 };

const _: () = assert!(size_of::<Range>() == 32);
