//! Activations: how compiled code calls compiled code, and what happens when one of the two is left.
//!
//! A function that is called often gets a FUNC trace: recorded from its entry to its `return`, where RET gives the
//! result to whoever called. Paths not seen while recording become side traces that end in RET as well, or at the trace
//! of one of the function's loops, so that a function is a small tree. Calls that are not inlined (recursion, callees
//! with loops or too long, too deep) are `CALLF`.
//!
//! * **Canonical state.** The caller writes the arguments to the VM stack where the interpreter would have them, with the
//!   function before them, and pushes the frames: those of functions inlined around the call, and the callee's. So
//!   everything that looks at frames (tracebacks, recursion limit, `sys._getframe`, samples, the collector) sees what
//!   it would see in the interpreter, without knowing of native calls. The caller drops the frames it has pushed.
//! * **Entry.** The call goes through `Code::entry`: the machine code of the FUNC trace, or a stub that runs this one
//!   activation in the interpreter. It is a word to be replaced at any time; no caller has to be patched.
//! * **Leaving.** An exit never crosses a native frame. If the interpreter has entered the activation (the native return
//!   address says so), an exit restores frames and registers and goes back to it. If compiled code has, [`finish`] runs
//!   the rest of the activation in the interpreter, nested, and gives its result, or EXC, to the caller, which goes on
//!   in compiled code; its next guard checks the type. A loop's trace that a FUNC trace has come to is part of the
//!   function's activation, so its exits do the same.
//! * **Limits.** Before it pushes, a call checks the recursion limit, the native stack and the end of the VM stack. If one
//!   of them is near, [`call_slowly`] makes the call as the interpreter does, which raises RecursionError where it is
//!   due.

use super::{call, chain, execute};
use crate::codegen::{self, entry::interpret_activation};
use crate::ir::{Body, Const, Op, Resume, SnapFrame};
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Frame, Outcome, Raised, Vm};
use crate::trace::policy;

/// What a CALLF is about.
#[derive(Clone, PartialEq, Debug)]
pub struct CallSite {
    /// The instruction of the anchor's frame that waits.
    pub anchor_pc: u32,
    /// Frames to push: inlined ones, and last the callee's; bases are relative to the anchor's.
    pub frames: Vec<SnapFrame>,
    /// Slot of the callee's register 0.
    pub slot: u16,
    /// How many it has.
    pub registers: u16,
    /// Address of the word that says where its code begins.
    pub entry: usize,
    /// The callee has been inlined up to a loop, and goes on there.
    pub is_rest: bool,
}

impl CallSite {
    /// Of the CALLF at `index`; `None` if it is not one.
    pub fn of(body: &Body, index: usize) -> Option<CallSite> {
        let ins = *body.ins.get(index)?;
        let address = match body.constants.get(ins.b.constant_index())? {
            Const::Raw(address, _) if ins.op == Op::CallF && ins.b.is_constant() => *address as usize,
            _ => return None,
        };
        // SAFETY: the recorder puts addresses of code objects there, which live as long as the VM.
        let code = unsafe { &*(address as *const Code) };
        let waiting = &body.snapshots[body.snapshot_of(index + 1)?].frames;
        let slot = ins.c as u16;
        let from_loop = ((ins.c >> 16) as usize).checked_sub(1);
        let (pc, entry) = match from_loop {
            Some(index) => (*code.proto.loops.get(index)?, code.loops.get(index)?.entry.as_ptr()),
            None => (0, code.entry.as_ptr()),
        };
        let mut frames = waiting[1..].to_vec();
        frames.push(SnapFrame { code: code.id, pc, base: slot, continuation: Continuation::Call });
        Some(CallSite {
            anchor_pc: waiting[0].pc,
            frames,
            slot,
            registers: code.proto.registers,
            entry: entry as usize,
            is_rest: from_loop.is_some(),
        })
    }

    /// Pushes the frames that wait; returns how many frames there were.
    fn push_waiting(&self, vm: &mut Vm) -> usize {
        let depth = vm.frames.len();
        let anchor = vm.frames.last_mut().expect("a trace runs in its anchor's frame");
        anchor.pc = self.anchor_pc;
        let base = anchor.base;
        for frame in &self.frames[..self.frames.len() - 1] {
            vm.frames.push(Frame {
                code: frame.code,
                pc: frame.pc,
                base: base + u32::from(frame.base),
                continuation: frame.continuation,
                value: Value::UNDEF,
            });
        }
        depth
    }

    /// Calls with its arguments at `base`, as the interpreter does.
    ///
    /// # Safety
    /// `base` points into the VM stack, and the function is in the slot before it.
    unsafe fn call(&self, vm: &mut Vm, base: *mut Value) -> u64 {
        let depth = self.push_waiting(vm);
        let SnapFrame { code, pc, continuation, .. } = self.frames[self.frames.len() - 1];
        let result = if execute::native_stack_is_short(vm) {
            Err(vm.raise_recursion_error())
        } else if self.is_rest {
            // Whoever entered the trace has seen that there is room for the frames that are inlined in it.
            // SAFETY: by the caller.
            let base = unsafe { base.offset_from(vm.stack) } as u32;
            vm.frames.push(Frame { code, pc, base, continuation, value: Value::UNDEF });
            let floor = vm.frames.len() - 1;
            execute::execute_rest(vm, floor, false)
        } else {
            // SAFETY: by the caller.
            unsafe { call::push_frame(vm, code, base) }.and_then(|()| execute::execute(vm))
        };
        vm.frames.truncate(depth);
        word(result)
    }

    /// What the IR interpreter does for a CALLF: its values are where the callee's registers would be, so those are
    /// above.
    pub(crate) fn call_interpreted(&self, vm: *mut Vm, arguments: &[Value]) -> u64 {
        // SAFETY: the VM is alive, and the IR interpreter holds no reference to it.
        let vm = unsafe { &mut *vm };
        let top = call::stack_top(vm);
        // SAFETY: only addresses are computed.
        if unsafe { top.add(arguments.len() + 1) } >= vm.stack_end {
            vm.raise_recursion_error();
            return Value::EXC.0;
        }
        for (i, &argument) in arguments.iter().enumerate() {
            // SAFETY: below the end of the stack, above everything in use.
            unsafe { *top.add(i) = argument };
        }
        // SAFETY: as above; the function comes first.
        unsafe { self.call(vm, top.add(1)) }
    }
}

fn word(result: Outcome) -> u64 {
    result.map_or(Value::EXC.0, |value| value.0)
}

/// What machine code calls when one of its checks says that a call may not be native. `base` is the caller's register 0.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "machine code passes what it was compiled with")]
pub extern "C" fn call_slowly(vm: *mut Vm, base: *mut Value, site: *const CallSite) -> u64 {
    // SAFETY: traces pass the VM they run in, and hold no other reference to it; sites live as long as the code that calls. The arguments
    // have been written where the callee's registers are.
    unsafe { (*site).call(&mut *vm, base.add((*site).slot as usize)) }
}

/// Runs the activation on top, whose frame compiled code has pushed, in the interpreter.
pub(crate) extern "C" fn interpret(vm: *mut Vm) -> u64 {
    // SAFETY: traces pass the VM they run in, and hold no other reference to it.
    let vm = unsafe { &mut *vm };
    let depth = vm.frames.len();
    let frame = vm.frames[depth - 1];
    // SAFETY: code objects live as long as the VM.
    let proto = unsafe { &(*call::code_pointer(vm, frame.code)).proto };
    for i in proto.parameters()..proto.local_names.len() {
        // SAFETY: the caller has checked that the callee's registers lie inside the stack.
        unsafe { *vm.stack.add(frame.base as usize + i) = Value::UNDEF };
    }
    returning(vm, depth, execute::execute)
}

/// As [`interpret`], for an activation that goes on at its frame's instruction.
pub(crate) extern "C" fn interpret_rest(vm: *mut Vm) -> u64 {
    // SAFETY: traces pass the VM they run in, and hold no other reference to it.
    let vm = unsafe { &mut *vm };
    let depth = vm.frames.len();
    returning(vm, depth, |vm| execute::execute_rest(vm, depth - 1, false))
}

/// Runs the activation whose frame is number `depth`, and gives its result to the compiled code that has pushed the frame.
#[inline(always)]
fn returning(vm: &mut Vm, depth: usize, run: impl FnOnce(&mut Vm) -> Outcome) -> u64 {
    let result = run(vm);
    // SAFETY: its frame, which the caller is going to drop, was there before; nothing has been pushed since it went.
    unsafe { vm.frames.set_length(depth) };
    word(result)
}

/// Native code calls a function, whose frame is on top and has just been pushed: runs its trace as compiled code does, if it
/// has one.
#[inline(always)]
pub(super) fn run_compiled(vm: &mut Vm) -> Option<Outcome> {
    let depth = vm.frames.len();
    let frame = *vm.frames.last()?;
    let code = call::code_pointer(vm, frame.code);
    // SAFETY: code objects live as long as the VM.
    let entry = unsafe { (*code).entry.get() };
    if entry == interpret_activation as *const u8
        || frame.pc != 0
        || frame.continuation != Continuation::Call
        // Samples are to tell that a trace was entered, and from where.
        || vm.perf.is_on()
        || vm.jit.witness.is_some()
        || !vm.frames.has_room_for_trace()
    {
        return None;
    }
    // Compiled code compares what generators say they are doing.
    chain::unpark(vm);
    // SAFETY: the frame's registers lie inside the stack, its parameters are bound; the trace is that of its code.
    let word = unsafe { codegen::call(vm, vm.stack.add(frame.base as usize), entry) };
    vm.frames.truncate(depth - 1);
    Some(if Value(word) == Value::EXC { Err(Raised) } else { Ok(Value(word)) })
}

/// Compiled code that compiled code has called was left, and what the interpreter needs is restored: runs the rest of
/// the activation, whose frame is number `depth`. The result is for the caller.
pub fn finish(vm: &mut Vm, depth: usize, resume: Resume) -> u64 {
    let floor = depth - 1;
    if let Some((parent, snapshot)) = vm.jit.hot_exit.take() {
        policy::exit_is_hot(vm, parent, snapshot, floor);
    }
    returning(vm, depth, |vm| {
        let result = execute::execute_rest(vm, floor, resume == Resume::Raise);
        vm.perf.compiled_again();
        result
    })
}
