//! One sample: runs in a signal handler on the VM's thread, so it takes no lock, allocates nothing and trusts nothing.
//!
//! What it reads was published by the code it interrupts, perhaps half-way: every index is checked, and a position that
//! does not fit is left out.

use jitlog::{
    AllocSample, Defs, FrameKind, FuncId, GuardId, LocId, NativeStack, PerfCount, PerfCounter, Places, Sample,
    SampleState, SignalStream, StackDef, StackId, TraceId as LogTrace,
};
use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};

use super::code_table::{CodeEntry, Fixed, TraceEntry, TraceTable};
use super::kernel_sampler::{self, KernelSampler};
use super::stack_table::{Found, StackTable};
use super::{OPERATIONS_FROM, State, TYPES_FROM, timer};
use crate::codegen::CodeRange;
use crate::ir::{CodeId, Origin};
use crate::runtime::frame_stack::FrameStack;
use crate::runtime::object::ShapeId;
use crate::runtime::vm::{Frame, Vm};
use crate::trace::Trace;

/// Innermost Python frames of a sample; the ones below are left out.
const DEPTH: usize = 64;
/// Code objects and traces the sampler knows; the places of later ones are left out.
const CODES: usize = 1 << 16;
const TRACES: usize = 1 << 16;
/// Python frames that fit without moving; of a program that is deeper no stacks are taken from then on.
const FRAMES: usize = 1 << 20;
/// Words of the native stack that are searched for where a trace called out: its own frame comes first there.
const SEARCHED: usize = 1024;
/// Bytes above the stack pointer where the innermost compiled frame is looked for: functions of the runtime that a trace
/// calls have less on the stack, and a recursion in compiled code may have megabytes, which a handler cannot walk.
const NEAR: usize = 16 << 10;
/// After a sample none is taken for so many times as long as it took: however slow the machine and however high the
/// rate, the program gets most of the time, and it gets some, which a handler longer than the period would not let it.
const REST: u64 = 4;

/// Log ids of builtin functions by index, of types by their ids, and of operations by their numbers.
pub struct BuiltinIds {
    pub functions: Box<[FuncId]>,
    pub types: Box<[FuncId]>,
    pub operations: Box<[FuncId]>,
}

/// Makes room, so that the list never moves while a handler reads it.
pub fn reserve_frames(frames: &mut FrameStack) {
    frames.reserve(FRAMES);
}

/// Everything a sample needs. The VM's thread adds codes and traces; all else is the handler's.
pub struct Sampler {
    vm: *const Vm,
    /// None once it is closed.
    stream: Option<SignalStream>,
    builtins: BuiltinIds,
    defs: Defs,
    /// The VM's thread writes a sampled allocation: signals are let pass.
    is_busy: AtomicBool,
    codes: Fixed<CodeEntry>,
    traces: TraceTable,
    stacks: StackTable,
    next_loc: u32,
    frames_capacity: usize,
    /// Time up to the last sample in a timed state and in another, each on a clock that stands still in the other.
    last_timed_ns: u64,
    last_other_ns: u64,
    /// What was published of exits at the last sample.
    last_exit: u64,
    /// Signals before this time are let pass.
    rest_until_ns: u64,
    /// When it began, and what all samples took from the program, without the kernel's way into the handler and out.
    began_ns: u64,
    took_ns: u64,
    /// What ticks, if it is not a timer.
    kernel: Option<KernelSampler>,
    /// Bytes of sampled allocations that found no room in the log, for the next.
    unwritten: u64,
}

impl Sampler {
    /// # Safety
    /// The VM lives as long as the process.
    pub unsafe fn new(vm: *mut Vm, stream: SignalStream, defs: Defs, builtins: BuiltinIds) -> Sampler {
        Sampler {
            stream: Some(stream),
            builtins,
            defs,
            is_busy: AtomicBool::new(false),
            codes: Fixed::new(CODES),
            traces: TraceTable::new(TRACES),
            stacks: StackTable::new(SignalStream::FIRST_ID),
            next_loc: SignalStream::FIRST_ID,
            // SAFETY: by the caller.
            frames_capacity: unsafe { &*vm }.frames.capacity(),
            last_timed_ns: 0,
            last_other_ns: timer::now_ns(),
            last_exit: 0,
            rest_until_ns: 0,
            began_ns: timer::now_ns(),
            took_ns: 0,
            kernel: None,
            unwritten: 0,
            vm,
        }
    }

    /// Memory of its own tables that has been touched, as address ranges.
    pub fn ranges(&self) -> [(usize, usize); 4] {
        let [traces, grains] = self.traces.ranges();
        [self.codes.range(), traces, grains, self.stacks.range()]
    }

    /// The code object to add next, if there is room: they come in the order of their ids.
    pub fn next_code(&self) -> Option<CodeId> {
        let count = self.codes.complete().len();
        (count < CODES).then_some(CodeId(count as u32))
    }

    pub fn add_code(&mut self, vm: &Vm, id: CodeId, func: FuncId, places: Places) {
        // SAFETY: code objects are boxed and live as long as the VM, which lives as long as the process.
        self.codes.push(unsafe { CodeEntry::new(&raw const *vm.codes[id.index()], func, places) });
    }

    pub fn add_trace(&mut self, trace: &Trace, region: CodeRange, loc: &mut dyn FnMut(Origin) -> LocId) {
        if let Some(entry) = TraceEntry::new(trace, loc) {
            self.traces.add(entry, region);
        }
    }

    pub fn remove_trace(&mut self, range: CodeRange) {
        self.traces.remove(range);
    }

    /// Lets the kernel's perf events tick.
    pub fn set_kernel(&mut self, kernel: KernelSampler) {
        self.kernel = Some(kernel);
    }

    pub fn kernel(&mut self) -> Option<&mut KernelSampler> {
        self.kernel.as_mut()
    }

    /// Gives the stream back to the log.
    pub fn close(&mut self) {
        self.kernel = None;
        self.stream = None;
    }

    /// Takes a sample of the interrupted code, unless the last one took so long that the program must have its turn.
    /// The next sample has the weight of those left out.
    pub fn tick(&mut self, context: &libc::ucontext_t) {
        if self.is_busy.load(Ordering::Relaxed) {
            return;
        }
        let began = timer::now_ns();
        if began >= self.rest_until_ns {
            self.take(context, began);
            let ended = timer::now_ns();
            let took = ended.saturating_sub(began);
            self.took_ns += took;
            self.rest_until_ns = ended + REST * took;
        }
    }

    /// What taking samples has cost so far.
    pub fn cost(&self) -> PerfCount {
        let since = timer::now_ns().saturating_sub(self.began_ns);
        PerfCount { counter: PerfCounter::TakingSamples, value: self.took_ns, enabled_ns: since, running_ns: since }
    }

    /// Writes an allocation that was sampled, which the VM's thread has just made: where it was, what of, and the bytes it
    /// stands for.
    pub fn allocation(&mut self, vm: &Vm, shape: ShapeId, bytes: usize, weight: u64) {
        self.is_busy.store(true, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        let name = vm.type_name_of_shape(shape);
        let perf = &vm.perf;
        let in_trace = perf.trace.load(Ordering::Relaxed) != 0;
        let here = &raw const name as usize;
        let code = match in_trace {
            true => machine_code(0, here, &self.traces, perf.trace_stack.load(Ordering::Relaxed)),
            false => None,
        };
        let code = code.map(|found| (found.trace, found.offset));
        let mut place = Sample::default();
        self.python_stack(code, in_trace, perf.pc.load(Ordering::Relaxed) as usize, &mut place);
        let sample = AllocSample {
            loc_id: place.loc_id,
            stack_id: place.stack_id,
            type_str: self.defs.string(name),
            size_bytes: bytes.min(u32::MAX as usize) as u32,
            weight_bytes: weight + self.unwritten,
        };
        let written = self.stream.as_mut().is_some_and(|stream| stream.allocation(&sample));
        self.unwritten = if written { 0 } else { sample.weight_bytes };
        compiler_fence(Ordering::SeqCst);
        self.is_busy.store(false, Ordering::Relaxed);
    }

    fn take(&mut self, context: &libc::ucontext_t, now: u64) {
        // SAFETY: the VM lives as long as the process, and its cells are atomic.
        let perf = unsafe { &(*self.vm).perf };
        let word = perf.state.load(Ordering::Acquire);
        let mut state = SampleState(word as u8);
        if state.0 == State::Compiled as u8
            && self.traces.leaves_at(context.uc_mcontext.gregs[libc::REG_RIP as usize] as usize)
        {
            // The VM says so a little later.
            state = SampleState(State::Deopt as u8);
        }
        let timed_ns = perf.timed_until(now);
        let is_timed = State::TIMED.iter().any(|&timed| timed as u8 == state.0);
        let (clock, last) = match is_timed {
            true => (timed_ns, &mut self.last_timed_ns),
            false => (now.saturating_sub(timed_ns), &mut self.last_other_ns),
        };
        let weight_ns = clock.saturating_sub(*last);
        *last = clock.max(*last);

        let exit = perf.left_through.load(Ordering::Relaxed);
        let blamed = exit != self.last_exit && (state.0 == State::Interp as u8 || state.0 == State::Deopt as u8);
        self.last_exit = exit;
        let trace = perf.trace.load(Ordering::Relaxed);
        let mut sample = Sample {
            state,
            trace_id: LogTrace(trace),
            weight_ns,
            builtin: if state.0 == State::Native as u8 { self.builtin((word >> 32) as u32) } else { FuncId::NONE },
            guard_id: if blamed { GuardId(exit as u32) } else { GuardId::NONE },
            ..Sample::default()
        };
        let in_trace = trace != 0 && state.0 != State::Deopt as u8;
        let found = if in_trace {
            let registers = &context.uc_mcontext.gregs;
            let (at, stack) = (registers[libc::REG_RIP as usize], registers[libc::REG_RSP as usize]);
            let entered = perf.trace_stack.load(Ordering::Relaxed);
            machine_code(at as usize, stack as usize, &self.traces, entered)
        } else {
            None
        };
        let code = found.map(|found| (found.trace, found.offset));
        if let Some(MachineCode { trace, offset, called_out }) = found {
            let entry = self.traces.entry(trace);
            (sample.trace_id, sample.code_off) = (LogTrace(entry.id), offset);
            if called_out
                && state.0 == State::Compiled as u8
                && let Some(builtin) = entry.builtin(offset)
            {
                sample.state = SampleState(State::Native as u8);
                sample.builtin = self.builtin(builtin);
            }
        }
        self.python_stack(code, in_trace, perf.pc.load(Ordering::Relaxed) as usize, &mut sample);
        if let Some(stream) = &mut self.stream {
            if let Some(kernel) = &mut self.kernel {
                let mut buffer = [0; kernel_sampler::DEPTH * 8];
                let addresses = kernel.latest(&mut buffer);
                if !addresses.is_empty() {
                    stream.native_stack(&NativeStack { n: (addresses.len() / 8) as u32, addresses });
                }
            }
            stream.sample(&sample);
        }
    }

    fn builtin(&self, number: u32) -> FuncId {
        let known = match (number.checked_sub(OPERATIONS_FROM), number.checked_sub(TYPES_FROM)) {
            (Some(operation), _) => self.builtins.operations.get(operation as usize),
            (None, Some(id)) => self.builtins.types.get(id as usize),
            (None, None) => self.builtins.functions.get(number as usize),
        };
        known.copied().unwrap_or_default()
    }

    /// Names the Python frames and the place of the innermost.
    fn python_stack(&mut self, code: Option<(usize, u32)>, in_trace: bool, pc: usize, sample: &mut Sample) {
        // SAFETY: the VM lives as long as the process. The list does not move (its capacity is what it was, and a push
        // that would grow it is told by its length), so the frames can be read; that a frame is just being pushed or
        // dropped is harmless, since what it holds is checked.
        let frames: &[Frame] = unsafe {
            let frames: &FrameStack = &(*self.vm).frames;
            match frames.capacity() == self.frames_capacity && frames.len() < self.frames_capacity {
                true => std::slice::from_raw_parts(frames.as_ptr(), frames.len()),
                false => return,
            }
        };
        let Some((&top, below)) = frames.split_last() else { return };
        let mut stack = StackId::NONE;
        for frame in &below[below.len().saturating_sub(DEPTH)..] {
            let loc = self.loc(frame.code, frame.pc);
            stack = self.push(stack, loc, FrameKind::Interp);
        }
        let inlined = code.map_or(0, |(trace, offset)| self.traces.entry(trace).frames(offset).len());
        if inlined == 0 {
            let at = self.codes.complete().get(top.code.index()).and_then(|code| code.pc_of(pc));
            // In a trace the frame stands at the loop's head.
            let at = if in_trace { top.pc } else { at.unwrap_or(top.pc) };
            sample.loc_id = self.loc(top.code, at);
            stack = self.push(stack, sample.loc_id, if in_trace { FrameKind::Compiled } else { FrameKind::Interp });
        }
        for depth in 0..inlined {
            let Some((trace, offset)) = code else { break };
            sample.loc_id = self.traces.entry(trace).frames(offset)[depth];
            let kind = if depth == 0 { FrameKind::Compiled } else { FrameKind::Inlined };
            stack = self.push(stack, sample.loc_id, kind);
        }
        sample.stack_id = stack;
    }

    /// Id of the place of an instruction, defined when it is met first.
    fn loc(&mut self, code: CodeId, pc: u32) -> LocId {
        let Some(entry) = self.codes.complete().get(code.index()) else { return LocId::NONE };
        let Some(slot) = entry.locs.get(pc as usize) else { return LocId::NONE };
        if slot.get().is_none() {
            let id = LocId(self.next_loc);
            let Some(stream) = &mut self.stream else { return LocId::NONE };
            if !stream.loc(&entry.definition(id, pc)) {
                return LocId::NONE;
            }
            slot.set(id);
            self.next_loc += 1;
        }
        slot.get()
    }

    /// Id of a frame on top of a stack, defined when it is met first.
    fn push(&mut self, parent_stack: StackId, loc_id: LocId, frame_kind: FrameKind) -> StackId {
        match self.stacks.find(parent_stack, loc_id, frame_kind) {
            Found::Known(id) => id,
            Found::New(stack_id) => {
                if let Some(stream) = &mut self.stream {
                    stream.stack(&StackDef { stack_id, parent_stack, loc_id, frame_kind });
                }
                stack_id
            }
            Found::No => parent_stack,
        }
    }
}

/// Where in the code of traces the thread is.
#[derive(Clone, Copy)]
struct MachineCode {
    /// Index of the trace.
    trace: usize,
    offset: u32,
    /// It is in a function that was called there.
    called_out: bool,
}

/// The trace that runs, and where in its code: at the interrupted instruction, or where it called out.
fn machine_code(
    interrupted: usize,
    stack_pointer: usize,
    traces: &TraceTable,
    trace_stack: usize,
) -> Option<MachineCode> {
    if let Some((trace, offset)) = traces.at(interrupted) {
        return Some(MachineCode { trace, offset, called_out: false });
    }
    // The highest address of a call in a trace: stale words lie below what is live, and the trace's own slots hold no
    // code addresses.
    let stack_pointer = stack_pointer.next_multiple_of(8);
    let below = |address: usize| call_between(traces, stack_pointer.max(address.saturating_sub(SEARCHED * 8)), address);
    let outermost = trace_stack & !7;
    // Deep in a recursion of compiled code the search begins between its frames, whose words are all live.
    let near = stack_pointer.saturating_add(NEAR);
    let mut found = if near < outermost { below(near).or_else(|| below(outermost))? } else { below(outermost)? };
    // A native call of a function: the place where that called out is below, its own slots being between the two.
    for _ in 0..SEARCHED {
        let (address, (trace, offset)) = found;
        if !traces.entry(trace).is_native_call(offset) {
            break;
        }
        let Some(inner) = below(address) else { break };
        found = inner;
    }
    let (_, (trace, offset)) = found;
    Some(MachineCode { trace, offset, called_out: true })
}

/// The highest return address into a trace between two addresses of the stack: where it is, and the place of the call.
fn call_between(traces: &TraceTable, lowest: usize, highest: usize) -> Option<(usize, (usize, u32))> {
    (lowest..highest).step_by(8).rev().find_map(|address| {
        // SAFETY: between the stack pointer and a frame above it all is mapped stack of this thread.
        let word = unsafe { std::ptr::read_volatile(address as *const usize) };
        // The place of the call, not the one after it, which may be another line's.
        let place = traces.at(word.wrapping_sub(1))?;
        let length = (word - traces.entry(place.0).start).min(LONGEST_CALL);
        // SAFETY: these are bytes of the trace's code.
        let before = unsafe { std::slice::from_raw_parts((word - length) as *const u8, length) };
        ends_in_call(before).then_some((address, place))
    })
}

/// Bytes of the longest call instruction that traces have.
const LONGEST_CALL: usize = 5;

/// Whether code ends in a call. Addresses of code that are no return addresses lie on the stack as well, such as where a
/// trace begins, which may be where another one ends.
fn ends_in_call(code: &[u8]) -> bool {
    let is_call = |mode: u8| mode & 0x38 == 0x10;
    match *code {
        [.., 0xff, mode] if is_call(mode) => true,
        [.., 0xff, mode, _] if is_call(mode) => true,
        [.., 0xe8, _, _, _, _] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::ends_in_call;

    #[test]
    fn a_return_address_follows_a_call() {
        // call rax; call [rcx]; call [r12]; call of a relative address.
        for code in [&[0x90, 0xff, 0xd0][..], &[0xff, 0x11], &[0x41, 0xff, 0x14, 0x24], &[0xe8, 1, 2, 3, 4]] {
            assert!(ends_in_call(code), "{code:x?}");
        }
        // ret; jmp rax; a constant; nothing.
        for code in [&[0x90, 0xc3][..], &[0xff, 0xe0], &[0, 0, 0, 0, 0], &[]] {
            assert!(!ends_in_call(code), "{code:x?}");
        }
    }
}
