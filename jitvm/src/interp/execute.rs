//! One execution: what runs the bytecode loop until the frames pushed in it are gone, and switches between its copies.

use super::run::run;
use super::unwind::{Cause, unwind};
use super::{activation, call};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Outcome, Raised, Vm};
use crate::trace::{self, Called};

/// Why the loop was left.
pub(super) enum Leave {
    /// The frames of this execution are gone; the last one returned this.
    Return(Value),
    /// They are gone, and an exception is pending.
    Raised,
    /// Recording began or ended: go on in the other copy of the loop.
    Switch,
    /// The program has asked for a collection: the loop's native frame, which may hold old references, is gone.
    Collect,
}

/// Runs the top frame to its end.
///
/// # Errors
/// The exception is pending.
pub fn execute(vm: &mut Vm) -> Outcome {
    if let Some(result) = activation::run_compiled(vm) {
        return result;
    }
    let outer = vm.perf.enter_interpreter();
    let result = execute_frames(vm);
    vm.perf.leave(outer);
    result
}

fn execute_frames(vm: &mut Vm) -> Outcome {
    let floor = vm.frames.len() - 1;
    let frame = vm.frames[floor];
    if frame.pc == 0 && frame.continuation == Continuation::Call {
        // SAFETY: code objects live as long as the VM.
        let countdown = unsafe { &(*call::code_pointer(vm, frame.code)).function.countdown };
        countdown.set(countdown.get() - 1);
        if countdown.get() == 0 {
            match trace::function_called(vm, floor) {
                Called::Interpret | Called::Record => {}
                Called::Returned(value) => {
                    vm.frames.pop();
                    return Ok(value);
                }
                Called::Raised => return raise_above(vm, floor),
            }
        }
    }
    execute_above(vm, floor)
}

/// Goes on with what compiled code has left of the frames above `floor`: in the innermost, at its instruction or with
/// the pending exception.
///
/// # Errors
/// The exception is pending.
pub fn execute_rest(vm: &mut Vm, floor: usize, raising: bool) -> Outcome {
    let outer = vm.perf.enter_interpreter();
    let result = if raising { raise_above(vm, floor) } else { execute_above(vm, floor) };
    vm.perf.leave(outer);
    result
}

fn raise_above(vm: &mut Vm, floor: usize) -> Outcome {
    if unwind(vm, floor, Cause::Raised) { execute_above(vm, floor) } else { Err(Raised) }
}

/// As [`execute`], beginning with the pending exception at the top frame's instruction.
///
/// # Errors
/// The exception is pending.
pub fn execute_raising(vm: &mut Vm) -> Outcome {
    let floor = vm.frames.len() - 1;
    raise_above(vm, floor)
}

/// The native stack has no room for another execution.
pub fn native_stack_is_short(vm: &Vm) -> bool {
    let here = 0_u8;
    &raw const here as usize <= vm.native_limit
}

fn execute_above(vm: &mut Vm, floor: usize) -> Outcome {
    loop {
        // A recording belongs to one execution; natively nested ones run unrecorded.
        let recording = vm.jit.recorder.as_ref().is_some_and(|r| r.floor == floor);
        // SAFETY: the top frame was pushed by `push_frame`, which checked its registers against the stack.
        let leave = unsafe {
            match (recording, vm.perf.is_on()) {
                (true, _) => run::<true, true>(vm, floor),
                (false, true) => run::<false, true>(vm, floor),
                (false, false) => run::<false, false>(vm, floor),
            }
        };
        if !matches!(leave, Leave::Switch | Leave::Collect)
            && vm.jit.recorder.as_ref().is_some_and(|r| r.floor == floor)
        {
            // Left by a way the recorder was not shown, such as a coroutine's first yield: another execution at this
            // depth would go on with it.
            trace::abort_recording(vm, trace::AbortReason::LeftFunction, "the execution ended");
        }
        match leave {
            Leave::Return(value) => return Ok(value),
            Leave::Raised => return Err(Raised),
            Leave::Switch => {}
            Leave::Collect => vm.collect_as_asked(),
        }
    }
}

/// After an exception ended a recording: the other copy of the loop goes on at the handler, if there is one.
#[cold]
pub(super) fn handled_or_left(vm: &mut Vm, floor: usize, cause: Cause) -> Leave {
    if unwind(vm, floor, cause) { Leave::Switch } else { Leave::Raised }
}
