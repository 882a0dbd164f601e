//! `--jit-check`: walks the IR of a trace beside its running machine code and compares the two at every instruction.
//!
//! Traces are compiled with a checkpoint before each instruction (`codegen::checkpoint`): the same registers, the same
//! code, and between the instructions a call that shows all registers. The witness executes what the IR says on the
//! same heap: what computes, loads or guards it evaluates before the machine does; stores it looks up in memory after
//! the machine has made them; calls and allocations happen once, in the machine, and their results are taken from
//! there. So nothing has to be undone. It compares each operand in a register, each path taken, each stored word, and
//! at an exit every value that is written back.

use std::cell::Cell;

use super::recorder::Parent;
use super::watch;
use super::{Jit, Trace};
use crate::codegen::ExitState;
use crate::codegen::checkpoint::{self, Checkpoint};
use crate::interp::helpers::HELPERS;
use crate::ir::interpret::{Machine, Run};
use crate::ir::{Body, Effect, Field, Ins, Op, Ref, TraceId, Ty, text};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// What the machine has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    /// Start a trace.
    Start(TraceId),
    /// Come to the checkpoint of this number.
    Checkpoint(usize),
    /// Leave through the exit of the guard at this checkpoint.
    Exit(usize),
    /// One or the other: what decides about the guard may change at any time, or is not known to the witness.
    Either(usize),
    /// Return.
    Done,
}

/// A trace being run.
struct Activation {
    trace: TraceId,
    base: *mut Value,
    /// Of its native frame, once it has come to a checkpoint.
    rbp: Option<u64>,
    /// By instruction: its word, once known.
    words: Vec<Cell<u64>>,
    known: Vec<bool>,
    /// What a side trace inherits, by slot of its parent's snapshot.
    inputs: Vec<Option<u64>>,
    /// Words that the machine has to have written by the next checkpoint, and of which type those in the IR are.
    written: Vec<(usize, u64, Ty)>,
    next: Next,
}

/// Watches all running traces; the innermost one is the last.
#[derive(Default)]
pub struct Witness {
    routine: Option<usize>,
    running: Vec<Activation>,
    /// Traces entered, and instructions compared.
    pub entered: u64,
    pub compared: u64,
}

/// In what machine code and IR differ.
type Agreement = Result<(), String>;

impl Witness {
    /// Address of what checked code calls.
    pub fn routine(jit: &mut Jit) -> Option<usize> {
        let (Some(witness), Some(arena)) = (&mut jit.witness, &mut jit.arena) else { return None };
        if witness.routine.is_none() {
            witness.routine = checkpoint::install(arena, on_checkpoint).ok().flatten();
        }
        witness.routine
    }

    /// The interpreter enters a trace. The result is for [`Witness::leave`].
    pub fn enter(&mut self, trace: TraceId, base: *mut Value) -> usize {
        let depth = self.running.len();
        self.begin(trace, base, None);
        depth
    }

    fn begin(&mut self, trace: TraceId, base: *mut Value, rbp: Option<u64>) {
        self.entered += 1;
        self.running.push(Activation {
            trace,
            base,
            rbp,
            words: Vec::new(),
            known: Vec::new(),
            inputs: Vec::new(),
            written: Vec::new(),
            next: Next::Start(trace),
        });
    }

    pub fn leave(&mut self, depth: usize) {
        self.running.truncate(depth);
    }

    /// Finds the activation of a native frame: compiled code may have called some, or returned from some.
    fn find(&mut self, state: &ExitState) -> &mut Activation {
        while self.running.last().is_some_and(|inner| inner.rbp.is_some_and(|rbp| rbp < state.rbp)) {
            self.running.pop();
        }
        if self.running.last().is_none_or(|caller| caller.rbp.is_some_and(|rbp| rbp > state.rbp)) {
            self.begin(TraceId(state.trace), state.gpr[14] as *mut Value, Some(state.rbp));
        }
        let activation = self.running.last_mut().expect("there is one by now");
        activation.rbp = Some(state.rbp);
        activation
    }
}

/// Called before each instruction of a checked trace.
#[allow(clippy::not_unsafe_ptr_arg_deref, reason = "machine code passes the VM it runs in; the type is the ABI's")]
extern "C" fn on_checkpoint(vm: *mut Vm, state: *mut ExitState) -> u64 {
    // SAFETY: the checkpoint passes the VM and a state on the native stack; nothing else refers to either.
    let (vm, state) = unsafe { (&mut *vm, &*state) };
    watch(vm, state, |activation, vm, state| activation.arrive(vm, state, state.exit as usize));
    0
}

/// Compares the values that an exit writes back.
pub fn exits(vm: &mut Vm, state: &ExitState) {
    if vm.jit.witness.is_some() {
        watch(vm, state, |activation, vm, state| activation.leave(vm, state, state.exit as usize));
    }
}

fn watch(vm: &mut Vm, state: &ExitState, look: impl FnOnce(&mut Activation, &mut Vm, &ExitState) -> Agreement) {
    let Some(mut witness) = vm.jit.witness.take() else { return };
    witness.compared += 1;
    let activation = witness.find(state);
    if let Err(difference) = look(activation, vm, state) {
        eprintln!("{}", activation.report(vm, state, &difference));
        std::process::abort();
    }
    vm.jit.witness = Some(witness);
}

/// A trace, which outlives what the caller does with the VM.
fn trace_of<'t>(vm: &Vm, id: TraceId) -> &'t Trace {
    let trace: *const Trace = vm.jit.trace(id);
    // SAFETY: traces are boxed, and not dropped while they run; what changes of them are counters.
    unsafe { &*trace }
}

fn checkpoints(trace: &Trace) -> &[Checkpoint] {
    trace.artifact.as_ref().map_or(&[], |artifact| &artifact.checkpoints)
}

impl Activation {
    /// The machine has come to an instruction.
    fn arrive(&mut self, vm: &mut Vm, state: &ExitState, at: usize) -> Agreement {
        self.look_at_memory()?;
        let id = TraceId(state.trace);
        let number = match self.next {
            Next::Start(expected) if expected == id => self.begin(vm, id, Vec::new()),
            Next::Checkpoint(number) | Next::Either(number) if id == self.trace => match self.next {
                Next::Either(_) => self.following(vm, number)?,
                _ => number,
            },
            Next::Exit(number) | Next::Either(number) if id != self.trace => {
                let parent = trace_of(vm, self.trace);
                let guard = checkpoints(parent)[number].at;
                let exit = parent.guards.iter().position(|&index| index == guard).expect("a guard has an exit");
                if parent.exits[exit].side != Some(id) {
                    return Err(format!("trace {} follows, which is no side trace of this exit", id.0));
                }
                let snapshot = parent.body.snapshot_of(guard as usize).expect("a guard has a snapshot");
                let kept = parent.body.kept_at(guard as usize).iter().map(|kept| kept.here);
                let values = parent.body.snapshots[snapshot].values().chain(kept);
                let inputs = values.map(|value| self.word(&parent.body, value)).collect();
                self.begin(vm, id, inputs)
            }
            expected => return Err(format!("the IR goes on with {expected:?}")),
        };
        let trace = trace_of(vm, id);
        let Some(checkpoint) = checkpoints(trace).get(number).filter(|checkpoint| checkpoint.at as usize == at) else {
            return Err(format!("the IR goes on elsewhere, at checkpoint {number}"));
        };
        self.compare_operands(&trace.body, checkpoint, state)?;
        self.next = self.execute(vm, &trace.body, at, number)?;
        Ok(())
    }

    /// A trace starts; gives the number of its first checkpoint.
    fn begin(&mut self, vm: &Vm, id: TraceId, inputs: Vec<Option<u64>>) -> usize {
        let count = trace_of(vm, id).body.ins.len();
        self.trace = id;
        self.words = vec![Cell::new(0); count];
        self.known = vec![false; count];
        self.inputs = inputs;
        0
    }

    /// What the machine was to write is there.
    fn look_at_memory(&mut self) -> Agreement {
        for (address, word, ty) in self.written.drain(..) {
            // SAFETY: the trace has just stored a word there, or to the VM's stack.
            let found = unsafe { (address as *const u64).read() };
            if !same_word(ty, found, word) {
                return Err(format!("stored at {address:#x}: the IR {word:#x}, the machine {found:#x}"));
            }
        }
        Ok(())
    }

    fn word(&self, body: &Body, r: Ref) -> Option<u64> {
        if r.is_constant() {
            return Some(body.constants[r.constant_index()].word());
        }
        self.known[r.index()].then(|| self.words[r.index()].get())
    }

    /// The machine has this word for a value; what the witness does not know it takes over.
    fn compare(&mut self, body: &Body, r: Ref, found: u64, what: &str) -> Agreement {
        match self.word(body, r) {
            Some(word) if same_word(body.ty(r), word, found) => Ok(()),
            Some(word) => {
                let (ty, operand) = (body.ty(r), text::operand(body, r));
                let (word, found) = (shown(ty, word), shown(ty, found));
                Err(format!("{what} {operand} is {word} by the IR, {found} in the machine"))
            }
            None => {
                self.know(r.index(), Some(found));
                Ok(())
            }
        }
    }

    fn know(&mut self, index: usize, word: Option<u64>) {
        self.known[index] = word.is_some();
        self.words[index].set(word.unwrap_or(0));
    }

    fn compare_operands(&mut self, body: &Body, checkpoint: &Checkpoint, state: &ExitState) -> Agreement {
        let ins = body.ins[checkpoint.at as usize];
        let operands = operands(body, ins);
        for (operand, location) in operands.into_iter().zip(&checkpoint.operands) {
            if let (Some(operand), Some(location)) = (operand, location) {
                self.compare(body, operand, state.read(*location, &body.constants), "the operand")?;
            }
        }
        Ok(())
    }

    /// Does an instruction as the IR says, short of its effects.
    fn execute(&mut self, vm: &mut Vm, body: &Body, at: usize, number: usize) -> Result<Next, String> {
        let ins = body.ins[at];
        let all_known = operands(body, ins).into_iter().flatten().all(|r| self.word(body, r).is_some());
        let forced = self.is_forced(vm, body, at);
        let is_fired = ins.op == Op::G_Watch && watch::has_changed(body.constants[ins.a.constant_index()].word());
        let may_fail = ins.op == Op::G_Poll || is_fired;
        let words = std::mem::take(&mut self.words);
        let run = Run { machine: machine(vm, self.base, &words), body, first_phi: 0 };
        let mut fails = false;
        let result = match ins.op {
            Op::Parent => self.inputs.get(ins.c as usize).copied().flatten(),
            Op::BoxF => {
                let float = all_known.then(|| f64::from_bits(run.word(ins.a)));
                float.and_then(Value::try_float).map(|value| value.0)
            }
            _ => match ins.op.effect() {
                Effect::Guard | Effect::Pure | Effect::Load if all_known && !may_fail => {
                    let done = run.step(ins).ok();
                    fails = done.is_none();
                    done
                }
                Effect::Store if all_known && ins.op != Op::ShapeStore => {
                    let (address, word) = run.store_target(ins);
                    let ty = if ins.op == Op::FloatStore { Ty::Flt } else { Ty::Val };
                    self.written.push((address, word, ty));
                    None
                }
                _ => None,
            },
        };
        self.words = words;
        self.know(at, result);
        if ins.op == Op::Close {
            return self.close(vm, body, ins);
        }
        if ins.op == Op::Ret {
            return Ok(Next::Done);
        }
        if forced || fails {
            return Ok(Next::Exit(number));
        }
        if ins.op.is_guard() && (!all_known || may_fail) {
            return Ok(Next::Either(number));
        }
        self.following(vm, number).map(Next::Checkpoint)
    }

    /// Whether the mode that makes guards fail is about to do so here.
    fn is_forced(&self, vm: &Vm, body: &Body, at: usize) -> bool {
        body.ins[at].op.is_guard() && vm.jit.params.guard_fail != 0 && vm.guard_countdown == 1 && body.may_be_forced(at)
    }

    /// The checkpoint after one; past the last the loop starts again.
    fn following(&mut self, vm: &Vm, number: usize) -> Result<usize, String> {
        let trace = trace_of(vm, self.trace);
        let checkpoints = checkpoints(trace);
        if number + 1 < checkpoints.len() {
            return Ok(number + 1);
        }
        let start = trace.body.loop_index().ok_or("the trace has no end")?;
        let phis: Vec<Ins> = trace.body.ins[start..].iter().copied().filter(|ins| ins.op == Op::Phi).collect();
        let carried: Vec<Option<u64>> = phis.iter().map(|phi| self.word(&trace.body, phi.b)).collect();
        for (phi, word) in phis.iter().zip(carried) {
            self.know(phi.a.index(), word);
        }
        self.loop_start(trace)
    }

    /// CLOSE writes the slots of its snapshot, and may hand on what the loop it goes to begins with.
    fn close(&mut self, vm: &Vm, body: &Body, close: Ins) -> Result<Next, String> {
        let slots = body.snapshots.last().map_or(&[][..], |snapshot| &snapshot.slots);
        for slot in slots {
            let word = self.word(body, slot.value);
            let tagged = if body.ty(slot.value) == Ty::Flt {
                word.and_then(|bits| Value::try_float(f64::from_bits(bits))).map(|value| value.0)
            } else {
                word
            };
            if let Some(word) = tagged {
                self.written.push((self.base.wrapping_add(slot.slot as usize) as usize, word, Ty::Val));
            }
        }
        if !close.a.is_none() {
            let root = trace_of(vm, TraceId(close.c));
            let words: Vec<Option<u64>> = body.arguments(close.a).into_iter().map(|r| self.word(body, r)).collect();
            self.begin(vm, root.id, Vec::new());
            let label = root.label.as_ref().ok_or("the trace that follows has no label")?;
            label.values.iter().zip(words).for_each(|(value, word)| self.know(value.index(), word));
            return self.loop_start(root).map(Next::Checkpoint);
        }
        Ok(Next::Start(if close.c == 0 { self.trace } else { TraceId(close.c) }))
    }

    /// Number of the first checkpoint after LOOP.
    fn loop_start(&self, trace: &Trace) -> Result<usize, String> {
        let start = trace.body.loop_index().ok_or("the trace has no end")?;
        let first = checkpoints(trace).iter().position(|checkpoint| checkpoint.at as usize > start);
        first.ok_or_else(|| "the loop is empty".to_owned())
    }

    /// The machine leaves through an exit.
    fn leave(&mut self, vm: &mut Vm, state: &ExitState, exit: usize) -> Agreement {
        self.look_at_memory()?;
        let id = TraceId(state.trace);
        if id != self.trace {
            return Err(format!("the machine leaves trace {}", id.0));
        }
        let trace = trace_of(vm, id);
        let guard = trace.guards[exit];
        match self.next {
            Next::Exit(number) | Next::Either(number) if checkpoints(trace)[number].at == guard => {}
            expected => return Err(format!("the machine leaves at {guard:04}, the IR goes on with {expected:?}")),
        }
        let artifact = trace.artifact.as_ref().expect("machine code exits");
        let leaves = &artifact.exits[exit];
        let values = trace.body.snapshots[leaves.snapshot as usize].values();
        for (value, &location) in values.zip(&leaves.locations).filter(|(value, _)| !trace.body.is_sunk(*value)) {
            let found = state.read(location, &trace.body.constants);
            self.compare(&trace.body, value, found, &format!("at the exit of {guard:04},"))?;
        }
        Ok(())
    }

    /// Everything about a difference: where it is, what the witness knows, and the registers.
    fn report(&self, vm: &Vm, state: &ExitState, difference: &str) -> String {
        use std::fmt::Write;
        let trace = trace_of(vm, self.trace);
        let body = &trace.body;
        let at = match self.next {
            Next::Checkpoint(number) | Next::Exit(number) | Next::Either(number) => {
                checkpoints(trace).get(number).map_or(0, |checkpoint| checkpoint.at as usize)
            }
            Next::Start(_) | Next::Done => 0,
        };
        let mut report = String::from("jitvm: internal error: machine code does not do what its trace says\n");
        let parent = trace
            .parent
            .map_or(String::new(), |Parent { trace, exit }| format!(" (from exit {exit} of trace {})", trace.0));
        // Writing to a string does not fail.
        let _ = writeln!(report, "  trace {}{parent}, at {at:04}: {}", trace.id.0, place(vm, body, at));
        let _ = writeln!(report, "  {difference}\n  by the IR:");
        for (index, ins) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op != Op::Nop) {
            let known = self.known.get(index).copied().unwrap_or(false);
            let word = if known { shown(ins.ty, self.words[index].get()) } else { String::new() };
            let mark = if index == at { ">" } else { " " };
            let _ = writeln!(report, "  {mark} {index:04} {:<40} {word}", text::instruction(body, *ins, HELPERS));
        }
        let _ = writeln!(report, "  in the machine:");
        for (number, word) in state.gpr.iter().enumerate() {
            let float = state.xmm[number];
            let _ = writeln!(
                report,
                "    r{number:<2} {word:#018x} {:<24} xmm{number:<2} {float:?}",
                shown(Ty::Val, *word)
            );
        }
        report
    }
}

/// References an instruction uses, in the order of its checkpoint.
fn operands(body: &Body, ins: Ins) -> Vec<Option<Ref>> {
    if matches!(ins.op, Op::CallH | Op::CallF) {
        return body.arguments(ins.a).into_iter().map(Some).collect();
    }
    let [a, b, c] = ins.op.fields();
    let pick = |field: Field, r: Ref| (field == Field::Ref && !r.is_none()).then_some(r);
    vec![pick(a, ins.a), pick(b, ins.b), pick(c, ins.c_ref())]
}

pub(super) fn machine<'s>(vm: &mut Vm, base: *mut Value, words: &'s [Cell<u64>]) -> Machine<'s> {
    extern "C" fn no_box(_: *mut Vm, x: f64) -> u64 {
        unreachable!("the witness does not box {x}")
    }
    extern "C" fn no_object(_: *mut Vm, bytes: u64, _: u64) -> u64 {
        unreachable!("the witness does not allocate {bytes} bytes")
    }
    Machine {
        vm,
        base,
        scratch: words,
        helpers: HELPERS,
        box_float: no_box,
        allocate: no_object,
        inputs: &[],
        back_edges: 1,
        guard_fail: 0,
        label: None,
        measure: None,
    }
}

/// Any NaN is as good as any other: which one an operation gives depends on the order of its operands.
fn same_word(ty: Ty, one: u64, other: u64) -> bool {
    match ty {
        Ty::Flt => one == other || f64::from_bits(one).is_nan() && f64::from_bits(other).is_nan(),
        _ => one == other || ty.is_tagged() && same_value(one, other),
    }
}

/// The same for tagged words.
fn same_value(one: u64, other: u64) -> bool {
    let float = |word: u64| Value(word).is_float().then(|| Value(word).as_float());
    one == other || matches!((float(one), float(other)), (Some(a), Some(b)) if a.is_nan() && b.is_nan())
}

fn shown(ty: Ty, word: u64) -> String {
    match ty {
        Ty::Flt => format!("{:?}", f64::from_bits(word)),
        Ty::Raw | Ty::Nil => format!("{word:#x}"),
        _ if Value(word).is_int() => Value(word).as_fixnum().to_string(),
        _ if Value(word).is_float() => format!("{:?}", Value(word).as_float()),
        _ => format!("{word:#x}"),
    }
}

fn place(vm: &Vm, body: &Body, at: usize) -> String {
    let Some(origin) = body.origins.get(at) else { return "no instruction".to_owned() };
    let code = &vm.codes[origin.code.index()];
    let line = code.proto.positions.get(origin.pc as usize).map_or(0, |p| code.source.line_column(p.span.start).0);
    format!("{}:{line} in {}: {}", code.source.path, code.proto.qualname, code.source.line_text(line).trim())
}
