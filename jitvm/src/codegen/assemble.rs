//! Writes a trace as machine code: prologue, instructions, back jump; then stubs and slow paths; then constants.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::barrier::Remember;
use super::checkpoint::Checkpoint;
use super::constraints;
use super::emit::{Condition, Emitter, Source, emit};
use super::regalloc::Allocation;
use super::registers::{Register, RegisterSet};
use super::{Arena, Artifact, CompileFailure, Inherited, Location, Options, Target, Targets};
use crate::interp::activation::CallSite;
use crate::ir::{Body, FUNCTION_SLOT, Ins, NewObject, Op, Ref, SnapFrame, TraceId, Ty};
use crate::runtime::vm::Vm;
use crate::trace::watch::WatchPoint;
use std::mem::offset_of;
use std::rc::Rc;

pub(super) const SCRATCH: u8 = Register::SCRATCH.number();
pub(super) const VECTOR_SCRATCH: u8 = Register::VECTOR_SCRATCH.number();

/// What a stub does before it exits: takes an addition or subtraction back.
#[derive(Clone, Copy)]
pub(super) struct Undo {
    pub operation: super::emit::Alu,
    pub register: u8,
    pub source: Source,
}

/// Out-of-line end of a guard.
struct Stub {
    label: DynamicLabel,
    /// Jumps to it, and where the displacement of the last one is.
    jumps: u32,
    displacement: u32,
    undo: Option<Undo>,
    /// Where a guard that is made to fail leaves before it has done anything.
    forced: Option<DynamicLabel>,
    /// Cell of a watch, and where its five bytes are.
    watch: Option<(u64, u32)>,
}

/// Out-of-line call that makes an object.
pub(super) struct SlowPath {
    pub label: DynamicLabel,
    pub back: DynamicLabel,
    /// Register that gets the value, and what to preserve.
    pub to: u8,
    pub live: RegisterSet,
    pub call: SlowCall,
    /// The instruction that it belongs to.
    pub at: u16,
}

/// What a slow path makes.
#[derive(Clone, Copy)]
pub(super) enum SlowCall {
    /// The box of the float in this register.
    Box { from: u8 },
    /// An object that its size class has no room for.
    New(NewObject),
    /// The result of a call that a check of depth or room keeps from being native.
    Function(*const CallSite),
}

pub(super) struct Assembler<'a> {
    pub emitter: Emitter,
    pub body: &'a Body,
    pub allocation: &'a Allocation,
    pub targets: &'a Targets,
    pub arena: &'a Arena,
    pub options: &'a Options,
    pub checkpoints: Vec<Checkpoint>,
    inherited: Option<&'a Inherited<'a>>,
    inner_entry: u32,
    /// The instruction whose code is being made.
    pub at: u16,
    pub slow_paths: Vec<SlowPath>,
    slow_map: Vec<(u32, u16)>,
    pub remembers: Vec<Remember>,
    /// Objects and items whose barrier was passed since the last instruction that can collect.
    pub barriers: Vec<Ref>,
    pub sites: Vec<Rc<CallSite>>,
    watches: Vec<WatchPoint>,
    /// Inlined frames that the last call pushed, and which are still there above the stack of frames.
    pub pushed: Vec<SnapFrame>,
    stubs: Vec<Stub>,
}

pub(super) fn assemble(
    body: &Body,
    trace: TraceId,
    inherited: Option<&Inherited<'_>>,
    mut allocation: Allocation,
    options: &Options,
    targets: &Targets,
    arena: &mut Arena,
) -> Result<Artifact, CompileFailure> {
    let mut assembler = Assembler {
        emitter: Emitter::new(arena.next(), body.ins.len()),
        body,
        allocation: &allocation,
        targets,
        arena,
        options,
        checkpoints: Vec::new(),
        inherited,
        inner_entry: 0,
        at: 0,
        slow_paths: Vec::new(),
        slow_map: Vec::new(),
        remembers: Vec::new(),
        barriers: Vec::new(),
        sites: Vec::new(),
        watches: Vec::new(),
        pushed: Vec::new(),
        stubs: Vec::with_capacity(allocation.exits.len()),
    };
    let (map, loop_start) = assembler.instructions(trace)?;
    let inner_entry = assembler.inner_entry;
    let stubs = assembler.emitter.offset();
    let patches = assembler.out_of_line(trace);
    let Assembler { mut emitter, checkpoints, sites, slow_map, watches, .. } = assembler;
    for (exit, patch) in allocation.exits.iter_mut().zip(patches) {
        exit.patch = patch;
    }
    let bytes = emitter.ops.take().map_err(|_| CompileFailure::TooBig)?;
    let full = CompileFailure::NoCodeMemory(bytes.len());
    let code = arena.install(&bytes).map_err(|_| full)?.ok_or(full)?;
    Ok(Artifact {
        code,
        entry: code.start as *const u8,
        inner_entry: code.start + inner_entry as usize,
        exits: allocation.exits,
        map,
        slow_map,
        spills: allocation.spills,
        loop_start,
        label: allocation.label,
        stubs,
        checkpoints,
        sites,
        watches,
    })
}

impl Assembler<'_> {
    /// The inline part. Returns the map and the offset of the loop.
    fn instructions(&mut self, trace: TraceId) -> Result<(Vec<(u32, u16)>, u32), CompileFailure> {
        let frame = frame_bytes(self.allocation.spills);
        if self.inherited.is_none() || self.options.own_frame {
            emit!(self.emitter.ops ; push rbp ; mov rbp, rsp);
        }
        // Of the parent's frame, whose size is often this one's.
        let there = self.inherited.filter(|_| !self.options.own_frame).map_or(0, |parent| frame_bytes(parent.spills));
        if there != frame {
            emit!(self.emitter.ops ; lea rsp, [rbp - frame]);
        }
        self.inner_entry = self.emitter.offset();
        if let Some(counter) = self.inherited.and_then(|parent| parent.counter) {
            emit!(self.emitter.ops ; mov Rq(SCRATCH), QWORD counter as i64 ; inc QWORD [Rq(SCRATCH)]);
        }
        let mut loop_start = self.emitter.offset();
        let mut map = Vec::with_capacity(self.body.ins.len());
        let mut moves = self.allocation.moves.iter().peekable();
        let mut closed = false;
        for at in 0..self.body.ins.len() {
            let ins = self.body.ins[at];
            if matches!(ins.op, Op::Nop | Op::CArg | Op::Phi) || ins.is_sunk() {
                continue;
            }
            self.at = at as u16;
            map.push((self.emitter.offset(), self.at));
            while let Some((_, m)) = moves.next_if(|(before, _)| *before as usize == at) {
                self.emitter.transfer(m.to, m.from, &self.body.constants);
            }
            if closed {
                return Err(CompileFailure::Malformed("code after CLOSE"));
            }
            self.checkpoint(at, trace)?;
            match ins.op {
                Op::Loop => {
                    self.emitter.align_loop();
                    self.barriers.clear();
                    self.pushed.clear();
                    loop_start = self.emitter.offset();
                    closed = false;
                }
                Op::Close => {
                    self.close()?;
                    match self.inherited.and_then(|inherited| inherited.link) {
                        Some(target) if !ins.a.is_none() => self.jump_to_loop(target, frame)?,
                        Some(target) if ins.c != 0 => {
                            self.resize_frame(frame, target);
                            self.jump_to(target.artifact.inner_entry)?;
                        }
                        _ => self.jump_back(loop_start),
                    }
                    closed = true;
                }
                Op::Ret => {
                    self.return_value(ins, self.allocation.registers[at]);
                    closed = true;
                }
                Op::Leave => {
                    self.instruction(at, ins)?;
                    closed = true;
                }
                _ => self.instruction(at, ins)?,
            }
            if self.allocation.stored[at] {
                let from = self.allocation.registers[at][3].location();
                self.emitter.transfer(Location::Spill(ins.spill), from, &self.body.constants);
            }
        }
        if !closed {
            if self.body.loop_index().is_none() {
                return Err(CompileFailure::Malformed("the trace has no end"));
            }
            map.push((self.emitter.offset(), (self.body.ins.len() - 1) as u16));
            for m in &self.allocation.back {
                self.emitter.transfer(m.to, m.from, &self.body.constants);
            }
            self.jump_back(loop_start);
        }
        Ok((map, loop_start))
    }

    /// Goes to the loop of installed code, which has a native frame of its own size.
    fn jump_to_loop(&mut self, target: Target<'_>, frame: i32) -> Result<(), CompileFailure> {
        let its_frame = frame_bytes(target.artifact.spills);
        // Nothing below rsp is safe from signal handlers, so it is moved down before, or up after.
        if its_frame > frame {
            emit!(self.emitter.ops ; lea rsp, [rbp - its_frame]);
        }
        for m in &self.allocation.back {
            self.emitter.transfer(m.to, m.from, &self.body.constants);
        }
        if its_frame < frame {
            emit!(self.emitter.ops ; lea rsp, [rbp - its_frame]);
        }
        self.jump_to(target.artifact.code.start + target.artifact.loop_start as usize)
    }

    /// Makes the native frame as large as that of the code which control goes on in.
    fn resize_frame(&mut self, frame: i32, target: Target<'_>) {
        let its_frame = frame_bytes(target.artifact.spills);
        if its_frame != frame {
            emit!(self.emitter.ops ; lea rsp, [rbp - its_frame]);
        }
    }

    fn jump_back(&mut self, target: u32) {
        let distance = i64::from(target) - i64::from(self.emitter.offset());
        match i8::try_from(distance - 2) {
            Ok(short) => self.emitter.ops.extend([0xeb, short as u8]),
            Err(_) => {
                self.emitter.ops.push(0xe9);
                self.emitter.ops.push_i32((distance - 5) as i32);
            }
        }
    }

    /// Goes to installed code.
    fn jump_to(&mut self, target: usize) -> Result<(), CompileFailure> {
        let from = self.arena.next() + self.emitter.offset() as usize + 5;
        let distance = i32::try_from(target.wrapping_sub(from) as isize).map_err(|_| CompileFailure::TooBig)?;
        self.emitter.ops.push(0xe9);
        self.emitter.ops.push_i32(distance);
        Ok(())
    }

    fn instruction(&mut self, at: usize, ins: Ins) -> Result<(), CompileFailure> {
        let registers = self.allocation.registers[at];
        if matches!(ins.op, Op::New | Op::BoxF | Op::CallH | Op::CallF) {
            self.barriers.clear();
        }
        if ins.op == Op::CallH {
            // Python code that it runs has frames there.
            self.pushed.clear();
        }
        if ins.op.is_guard() {
            let label = self.emitter.label();
            let forced = self.count_guard(at);
            self.stubs.push(Stub { label, jumps: 0, displacement: 0, undo: None, forced, watch: None });
        }
        match ins.op {
            Op::Sload if self.allocation.arrived[at] => {}
            Op::Sload => {
                let place = if ins.c == FUNCTION_SLOT { -8 } else { slot_offset(ins.c)? };
                self.emitter.load(registers[3].number(), Register::BASE.number(), place);
            }
            Op::G_Int | Op::G_Flt | Op::G_Shape | Op::G_Eq | Op::G_Ne | Op::G_Lt | Op::G_Le | Op::G_Ult => {
                self.guard(ins, registers);
            }
            Op::G_NoExc | Op::G_Poll => self.guard(ins, registers),
            Op::G_Watch => self.watch(ins),
            Op::Leave => self.exit_always(),
            Op::G_FltLt | Op::G_FltNlt | Op::G_FltLe | Op::G_FltNle | Op::G_FltEq | Op::G_FltNe => {
                self.float_guard(ins, registers);
            }
            Op::AddOv | Op::SubOv | Op::MulOv | Op::Add | Op::Sub | Op::Div | Op::Mod | Op::And | Op::Or | Op::Xor => {
                self.integer(ins, registers);
            }
            Op::ShlOv | Op::Shr | Op::Min | Op::Max => self.integer(ins, registers),
            Op::AddF | Op::SubF | Op::MulF | Op::DivF | Op::NegF | Op::AbsF | Op::SqrtF => self.float(ins, registers),
            Op::Lt | Op::Le | Op::Eq | Op::LtF | Op::LeF | Op::EqF => self.comparison(ins, registers),
            Op::Sel => self.choose(ins, registers),
            Op::SelF => self.choose_float(ins, registers),
            Op::IntToFlt | Op::IntToFltExact | Op::FltToInt => self.convert(ins, registers),
            Op::BoxF => self.box_float(at, ins, registers),
            Op::ListLen | Op::ListData | Op::TupleLen | Op::TupleData | Op::StrLen => self.memory(ins, registers)?,
            Op::ElemLoad | Op::ElemStore | Op::ItemLoad | Op::FieldLoad | Op::FieldStore | Op::ShapeStore => {
                self.memory(ins, registers)?;
            }
            Op::FloatLoad | Op::FloatStore => self.memory(ins, registers)?,
            Op::CellLoad | Op::CellStore => self.memory(ins, registers)?,
            Op::New => self.new_object(at, ins, registers)?,
            Op::CallH => self.call(at, ins)?,
            Op::CallF => self.call_function(at)?,
            // It is where the parent left it.
            Op::Parent => {}
            Op::Nop | Op::CArg | Op::Phi | Op::Loop | Op::Close | Op::Ret => unreachable!("has no code of its own"),
        }
        Ok(())
    }

    /// In the test mode that makes guards fail: counts the guard, and leaves if it is its turn. One that leaves after
    /// its bytecode has happened must not fail for no reason.
    fn count_guard(&mut self, at: usize) -> Option<DynamicLabel> {
        const COUNTDOWN: i32 = offset_of!(Vm, guard_countdown) as i32;
        if self.options.guard_fail == 0 || !self.body.may_be_forced(at) {
            return None;
        }
        let label = self.emitter.label();
        emit!(self.emitter.ops ; dec DWORD [r15 + COUNTDOWN] ; jz =>label);
        Some(label)
    }

    /// Leaves through the current guard's exit if the condition holds.
    pub fn exit_if(&mut self, condition: Condition) {
        let stub = self.stubs.last_mut().expect("inside a guard");
        self.emitter.jump_if(condition, stub.label);
        stub.jumps += 1;
        stub.displacement = self.emitter.offset() - 4;
    }
    /// Leaves through the current guard's exit.
    pub fn exit_always(&mut self) {
        let stub = self.stubs.last_mut().expect("inside a guard");
        let label = stub.label;
        emit!(self.emitter.ops ; jmp =>label);
        stub.jumps += 1;
        stub.displacement = self.emitter.offset() - 4;
    }
    /// Room for a jump to the guard's exit.
    fn watch(&mut self, ins: Ins) {
        let at = self.emitter.offset();
        self.emitter.room_for_jump();
        let cell = self.constant(ins.a);
        self.stubs.last_mut().expect("inside a guard").watch = Some((cell, at));
    }
    pub fn undo(&mut self, undo: Undo) {
        self.stubs.last_mut().expect("inside a guard").undo = Some(undo);
    }

    /// An operand as a second operand: its register, or the constant.
    pub fn source(&mut self, operand: Ref, register: Register) -> Source {
        if operand.is_constant() {
            let word = self.constant(operand);
            self.emitter.word(word)
        } else {
            Source::Register(register.number())
        }
    }
    pub fn constant(&self, operand: Ref) -> u64 {
        self.body.constants[operand.constant_index()].word()
    }
    /// An operand in a register: the given scratch register for a constant.
    pub fn general(&mut self, operand: Ref, register: Register, scratch: u8) -> u8 {
        if operand.is_constant() {
            let word = self.constant(operand);
            self.emitter.set(scratch, word);
            scratch
        } else {
            register.number()
        }
    }
    /// A float operand: its register or the constant in memory.
    pub fn float_source(&mut self, operand: Ref, register: Register) -> Source {
        if operand.is_constant() {
            let bits = self.constant(operand);
            Source::Pool(self.emitter.pool(bits))
        } else {
            Source::Register(register.number())
        }
    }
    /// A float operand in a register: the given scratch register for a constant.
    pub fn vector(&mut self, operand: Ref, register: Register, scratch: u8) -> u8 {
        if operand.is_constant() {
            let bits = self.constant(operand);
            self.emitter.float(scratch, bits);
            scratch
        } else {
            register.number()
        }
    }
    pub fn ty(&self, operand: Ref) -> Ty {
        self.body.ty(operand)
    }
    /// What the out-of-line call of an instruction must preserve.
    pub fn live(&self, at: usize) -> RegisterSet {
        let live = self.allocation.live.iter().find(|entry| entry.0 as usize == at);
        live.expect("noted for each BOXF and NEW").1
    }
    pub fn power_of_two(&self, operand: Ref) -> Option<u32> {
        constraints::power_of_two(self.body, operand)
    }

    /// Inside a stub: the way in of a guard made to fail, which is counted anew.
    fn forced_stub(&mut self, label: DynamicLabel) {
        const COUNTDOWN: i32 = offset_of!(Vm, guard_countdown) as i32;
        let number = self.options.guard_fail as i32;
        let go_on = self.emitter.label();
        emit!(self.emitter.ops ; jmp =>go_on ; =>label ; mov DWORD [r15 + COUNTDOWN], number ; =>go_on);
    }

    /// Stubs and slow paths. Returns the patchable displacement of each exit.
    fn out_of_line(&mut self, trace: TraceId) -> Vec<u32> {
        let leave = self.emitter.label();
        let mut patches = Vec::with_capacity(self.stubs.len());
        for (number, stub) in std::mem::take(&mut self.stubs).into_iter().enumerate() {
            self.emitter.bind(stub.label);
            if let Some((cell, at)) = stub.watch {
                self.watches.push(WatchPoint { cell, at, stub: self.emitter.offset() });
            }
            if let Some(undo) = stub.undo {
                self.emitter.alu(undo.operation, undo.register, undo.source);
            }
            if let Some(label) = stub.forced {
                self.forced_stub(label);
            }
            emit!(self.emitter.ops ; mov Rd(SCRATCH), DWORD number as i32 ; jmp =>leave);
            let direct = stub.jumps == 1 && stub.undo.is_none() && stub.forced.is_none();
            patches.push(if direct { stub.displacement } else { self.emitter.offset() - 4 });
        }
        self.emitter.bind(leave);
        emit!(self.emitter.ops ; push Rq(SCRATCH) ; push DWORD trace.0 as i32);
        self.emitter.ops.push(0xe9);
        let from = self.arena.next() + self.emitter.offset() as usize + 4;
        self.emitter.ops.push_i32(self.arena.exit_path().wrapping_sub(from) as isize as i32);
        for slow in std::mem::take(&mut self.slow_paths) {
            self.slow_map.push((self.emitter.offset(), slow.at));
            self.slow_path(slow);
        }
        self.slow_map.push((self.emitter.offset(), u16::MAX));
        for barrier in std::mem::take(&mut self.remembers) {
            self.remember(&barrier);
        }
        self.emitter.finish_pool();
        patches
    }
}

/// Size of a native frame with so many slots.
fn frame_bytes(spills: u16) -> i32 {
    (i32::from(spills) * 8 + 15) & !15
}

/// Displacement of a slot of the VM stack from its base register.
pub(super) fn slot_offset(slot: u32) -> Result<i32, CompileFailure> {
    i32::try_from(u64::from(slot) * 8).map_err(|_| CompileFailure::TooBig)
}
