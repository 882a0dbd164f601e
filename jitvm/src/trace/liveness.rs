//! Which registers are live before each instruction: a backward dataflow over one code object's bytecode.
//!
//! Snapshots keep live registers only, so that temporaries do not stay alive in traces. Variables are all live in a code
//! that may show them by name, as with `locals()`.

use crate::bytecode::{CodeProto, Instruction, Op, Operand};

/// Live-in sets of one code object.
#[derive(Debug)]
pub struct Liveness {
    words: usize,
    /// `words` words per instruction.
    live: Box<[u64]>,
}

/// Registers an iterator state takes.
pub const ITERATOR_REGISTERS: u16 = 4;

/// Calls `f` for each register the instruction reads.
pub fn reads(ins: Instruction, mut f: impl FnMut(u16)) {
    match ins.op {
        Op::Call => (ins.a..=ins.a + ins.b).for_each(f),
        Op::CallMethod => (ins.a..=ins.a + 1 + ins.b).for_each(f),
        _ => {
            let fields = [ins.a, ins.b, ins.c];
            for (i, operand) in ins.op.operands().into_iter().enumerate() {
                match operand {
                    Operand::Read | Operand::Update => f(fields[i]),
                    Operand::ReadBlock => (fields[i]..fields[i] + fields[i + 1]).for_each(&mut f),
                    Operand::Iterator => (fields[i]..fields[i] + ITERATOR_REGISTERS).for_each(&mut f),
                    _ => {}
                }
            }
        }
    }
}

/// Whether `super()` may read the register, which no instruction names.
pub fn reads_implicitly(proto: &CodeProto, register: u16) -> bool {
    let is_cell = |name: &str| proto.cells.iter().any(|cell| cell.0 == name && cell.1 == register);
    proto.cells.iter().any(|cell| cell.0 == "__class__")
        && (register == 0 || is_cell("__class__") || proto.local_names.first().is_some_and(|name| is_cell(name)))
}

/// Calls `f` for each register the instruction certainly writes.
pub fn writes(ins: Instruction, mut f: impl FnMut(u16)) {
    if ins.op == Op::LoadMethod {
        f(ins.a + 1);
    }
    let fields = [ins.a, ins.b, ins.c];
    for (i, operand) in ins.op.operands().into_iter().enumerate() {
        match operand {
            Operand::Write | Operand::Update => f(fields[i]),
            Operand::WriteBlock => (fields[i]..fields[i] + fields[i + 1]).for_each(&mut f),
            Operand::WriteIterator => (fields[i]..fields[i] + ITERATOR_REGISTERS).for_each(&mut f),
            _ => {}
        }
    }
}

/// Calls `f` with the index of each instruction that may run next.
fn successors(code: &CodeProto, pc: usize, mut f: impl FnMut(usize)) {
    let ins = code.instructions[pc];
    match ins.op {
        Op::Jump => f(ins.wide() as usize),
        Op::JumpIfTrue | Op::JumpIfFalse | Op::JumpIfBound => {
            f(ins.wide() as usize);
            f(pc + 1);
        }
        Op::ForIter | Op::Send => {
            f(pc + 1);
            f(pc + 2);
        }
        Op::Return | Op::Raise | Op::Reraise | Op::AssertFail => {}
        _ => f(pc + 1),
    }
}

impl Liveness {
    /// Of one code, or with `shows_variables` as if it named what shows them.
    pub fn compute(code: &CodeProto, shows_variables: bool) -> Liveness {
        let words = (code.registers as usize).div_ceil(64).max(1);
        let count = code.instructions.len();
        let mut live = vec![0u64; words * count].into_boxed_slice();
        let mut set = vec![0u64; words];
        let mut kept = vec![0u64; words];
        if shows_variables || code.shows_variables() {
            let variables = (0..code.local_names.len() as u16).chain(code.cells.iter().map(|cell| cell.1));
            variables.for_each(|r| kept[r as usize / 64] |= 1 << (r % 64));
        }
        loop {
            let mut changed = false;
            for pc in (0..count).rev() {
                set.fill(0);
                successors(code, pc, |next| {
                    if next < count {
                        for w in 0..words {
                            set[w] |= live[next * words + w];
                        }
                    }
                });
                let ins = code.instructions[pc];
                // FOR_ITER writes its destination on one of its two ways only, where nothing reads the old value;
                // it may be treated as a write all the same unless the other way reads it.
                if ins.op != Op::ForIter {
                    writes(ins, |r| set[r as usize / 64] &= !(1 << (r % 64)));
                } else {
                    let after_jump = code.instructions[pc + 1];
                    let out = if after_jump.op == Op::Jump { after_jump.wide() as usize } else { pc + 1 };
                    let r = ins.a as usize;
                    let read_outside = out < count && live[out * words + r / 64] >> (r % 64) & 1 == 1;
                    if !read_outside {
                        set[r / 64] &= !(1 << (r % 64));
                    }
                }
                reads(ins, |r| set[r as usize / 64] |= 1 << (r % 64));
                // An exception may come before anything is written.
                if let Some(range) = code.exception_ranges.iter().find(|r| (r.start..r.end).contains(&(pc as u32))) {
                    let target = range.target as usize;
                    for w in 0..words {
                        let mut handler = live[target * words + w];
                        if range.register as usize / 64 == w {
                            handler &= !(1 << (range.register % 64));
                        }
                        set[w] |= handler;
                    }
                }
                for w in 0..words {
                    set[w] |= kept[w];
                }
                let row = &mut live[pc * words..(pc + 1) * words];
                if row != set.as_slice() {
                    row.copy_from_slice(&set);
                    changed = true;
                }
            }
            if !changed {
                return Liveness { words, live };
            }
        }
    }

    /// Whether the handler of an exception at instruction `pc` may read a register.
    pub fn is_live_in_handler(&self, code: &CodeProto, pc: u32, register: u16) -> bool {
        let range = code.exception_ranges.iter().find(|range| (range.start..range.end).contains(&pc));
        range.is_some_and(|range| range.register != register && self.is_live(range.target, register))
    }

    /// Whether a register may be read before it is written, from before instruction `pc` on.
    pub fn is_live(&self, pc: u32, register: u16) -> bool {
        let index = pc as usize * self.words + register as usize / 64;
        self.live.get(index).is_some_and(|word| word >> (register % 64) & 1 == 1)
    }
}
