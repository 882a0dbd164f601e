//! Instruction forms that dynasm leaves open: operands from registers, immediates or memory, short displacements.

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler};

use super::Location;
use super::registers::Register;
use crate::ir::Const;

/// `dynasm!` for x86-64.
macro_rules! emit {
    ($ops:expr ; $($code:tt)*) => { dynasmrt::dynasm!($ops ; .arch x64 ; $($code)*) };
}
pub(super) use emit;

/// A second operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Register(u8),
    Immediate(i32),
    /// Constant in memory.
    Pool(DynamicLabel),
}

/// Two-operand operations on general registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alu {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Cmp,
}

/// Two-operand operations on scalar doubles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sse {
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    Compare,
}

/// Condition codes by hardware number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Condition {
    Overflow = 0,
    Below = 2,
    NotBelow = 3,
    Equal = 4,
    NotEqual = 5,
    NotAbove = 6,
    Above = 7,
    Parity = 10,
    Less = 12,
    NotLess = 13,
    NotGreater = 14,
    Greater = 15,
}

/// Instructions that do nothing, by their length less one.
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];
/// Of a jump to anywhere near.
const JUMP_BYTES: usize = 5;

pub(super) struct Emitter {
    pub ops: VecAssembler<X64Relocation>,
    /// Constants in memory after the code.
    pool: Vec<(u64, DynamicLabel)>,
    pairs: Vec<([u64; 2], DynamicLabel)>,
}

impl Emitter {
    pub fn new(address: usize, instructions: usize) -> Emitter {
        let guesses = (instructions * 24 + 256, 16, instructions + 16, 16, instructions * 2 + 16);
        let (bytes, locals, labels, statics, relocations) = guesses;
        let ops = VecAssembler::new_with_capacity(address, bytes, locals, 0, labels, statics, relocations);
        Emitter { ops, pool: Vec::new(), pairs: Vec::new() }
    }
    pub fn offset(&self) -> u32 {
        self.ops.offset().0 as u32
    }
    pub fn label(&mut self) -> DynamicLabel {
        self.ops.new_dynamic_label()
    }
    pub fn bind(&mut self, label: DynamicLabel) {
        emit!(self.ops ; =>label);
    }

    /// Address of a word in memory.
    pub fn pool(&mut self, word: u64) -> DynamicLabel {
        if let Some(found) = self.pool.iter().find(|entry| entry.0 == word) {
            return found.1;
        }
        let label = self.ops.new_dynamic_label();
        self.pool.push((word, label));
        label
    }
    /// Address of two words in memory.
    pub fn pool_of_two(&mut self, words: [u64; 2]) -> DynamicLabel {
        if let Some(found) = self.pairs.iter().find(|entry| entry.0 == words) {
            return found.1;
        }
        let label = self.ops.new_dynamic_label();
        self.pairs.push((words, label));
        label
    }
    /// Writes the constants.
    pub fn finish_pool(&mut self) {
        self.ops.align(8, 0xcc);
        for (words, label) in std::mem::take(&mut self.pairs) {
            emit!(self.ops ; =>label ; .u64 words[0] ; .u64 words[1]);
        }
        for (word, label) in std::mem::take(&mut self.pool) {
            emit!(self.ops ; =>label ; .u64 word);
        }
    }
    /// An instruction that does nothing, as long as a jump.
    pub fn room_for_jump(&mut self) {
        self.ops.extend(NOPS[JUMP_BYTES - 1]);
    }
    /// Fills up to a multiple of 16 with as few instructions as possible.
    pub fn align_loop(&mut self) {
        let mut gap = (16 - self.ops.offset().0 % 16) % 16;
        while gap > 0 {
            let size = gap.min(NOPS.len());
            self.ops.extend(NOPS[size - 1]);
            gap -= size;
        }
    }

    /// A word as an operand: an immediate if it fits one.
    pub fn word(&mut self, word: u64) -> Source {
        match i32::try_from(word as i64) {
            Ok(immediate) => Source::Immediate(immediate),
            Err(_) => Source::Pool(self.pool(word)),
        }
    }

    /// `to = word`; leaves the flags alone.
    pub fn set(&mut self, to: u8, word: u64) {
        if let Ok(small) = u32::try_from(word) {
            emit!(self.ops ; mov Rd(to), DWORD small as i32);
        } else if let Ok(signed) = i32::try_from(word as i64) {
            emit!(self.ops ; mov Rq(to), DWORD signed);
        } else {
            emit!(self.ops ; mov Rq(to), QWORD word as i64);
        }
    }
    pub fn copy(&mut self, to: u8, from: u8) {
        if to != from {
            emit!(self.ops ; mov Rq(to), Rq(from));
        }
    }
    pub fn copy_vector(&mut self, to: u8, from: u8) {
        if to != from {
            emit!(self.ops ; movaps Rx(to), Rx(from));
        }
    }
    /// `to = source`; leaves the flags alone.
    pub fn load_source(&mut self, to: u8, source: Source) {
        match source {
            Source::Register(from) => self.copy(to, from),
            Source::Immediate(immediate) => self.set(to, i64::from(immediate) as u64),
            Source::Pool(label) => emit!(self.ops ; mov Rq(to), [=>label]),
        }
    }

    pub fn alu(&mut self, operation: Alu, to: u8, source: Source) {
        macro_rules! forms {
            ($($name:ident $mnemonic:ident)*) => {
                match (operation, source) {
                    $((Alu::$name, Source::Register(from)) => emit!(self.ops ; $mnemonic Rq(to), Rq(from)),
                    (Alu::$name, Source::Immediate(immediate)) => match i8::try_from(immediate) {
                        Ok(short) => emit!(self.ops ; $mnemonic Rq(to), BYTE short),
                        Err(_) => emit!(self.ops ; $mnemonic Rq(to), DWORD immediate),
                    },
                    (Alu::$name, Source::Pool(label)) => emit!(self.ops ; $mnemonic Rq(to), [=>label]),)*
                    (Alu::Cmp, Source::Register(from)) => emit!(self.ops ; cmp Rq(to), Rq(from)),
                    (Alu::Cmp, Source::Immediate(immediate)) => emit!(self.ops ; cmp Rq(to), DWORD immediate),
                    (Alu::Cmp, Source::Pool(label)) => emit!(self.ops ; cmp Rq(to), [=>label]),
                }
            };
        }
        if let (Alu::Cmp, Source::Immediate(immediate)) = (operation, source)
            && let Ok(short) = i8::try_from(immediate)
        {
            // dynasm knows no short form of cmp.
            return self.ops.extend([0x48 | to >> 3, 0x83, 0xf8 | to & 7, short as u8]);
        }
        forms!(Add add Sub sub And and Or or Xor xor);
    }

    pub fn sse(&mut self, operation: Sse, to: u8, source: Source) {
        macro_rules! forms {
            ($($name:ident $mnemonic:ident)*) => {
                match (operation, source) {
                    $((Sse::$name, Source::Register(from)) => emit!(self.ops ; $mnemonic Rx(to), Rx(from)),
                    (Sse::$name, Source::Pool(label)) => emit!(self.ops ; $mnemonic Rx(to), [=>label]),)*
                    (_, Source::Immediate(_)) => unreachable!("float constants are in memory"),
                }
            };
        }
        forms!(Add addsd Sub subsd Mul mulsd Div divsd Sqrt sqrtsd Compare ucomisd);
    }

    /// A conditional jump with a 4-byte displacement, which ends the instruction.
    pub fn jump_if(&mut self, condition: Condition, to: DynamicLabel) {
        match condition {
            Condition::Overflow => emit!(self.ops ; jo =>to),
            Condition::Below => emit!(self.ops ; jb =>to),
            Condition::NotBelow => emit!(self.ops ; jae =>to),
            Condition::Equal => emit!(self.ops ; je =>to),
            Condition::NotEqual => emit!(self.ops ; jne =>to),
            Condition::NotAbove => emit!(self.ops ; jbe =>to),
            Condition::Above => emit!(self.ops ; ja =>to),
            Condition::Parity => emit!(self.ops ; jp =>to),
            Condition::Less => emit!(self.ops ; jl =>to),
            Condition::NotLess => emit!(self.ops ; jge =>to),
            Condition::NotGreater => emit!(self.ops ; jle =>to),
            Condition::Greater => emit!(self.ops ; jg =>to),
        }
    }

    /// `to = from` if the condition holds; leaves the flags alone.
    pub fn move_if(&mut self, condition: Condition, to: u8, from: u8) {
        self.conditional_move(condition as u8, to, from);
    }
    /// `to = from` if it does not: of two opposite conditions the codes differ in the lowest bit.
    pub fn move_unless(&mut self, condition: Condition, to: u8, from: u8) {
        self.conditional_move(condition as u8 ^ 1, to, from);
    }
    fn conditional_move(&mut self, code: u8, to: u8, from: u8) {
        let rex = 0x48 | (to & 8) >> 1 | from >> 3;
        self.ops.extend([rex, 0x0f, 0x40 | code, 0xc0 | (to & 7) << 3 | from & 7]);
    }

    /// An instruction with a register (or opcode extension) and memory; dynasm's are longer for registers chosen at
    /// run time.
    fn memory(&mut self, prefix: &[u8], wide: bool, opcode: &[u8], register: u8, base: u8, displacement: i32) {
        self.ops.extend(prefix);
        let rex = 0x40 | u8::from(wide) << 3 | (register & 8) >> 1 | base >> 3;
        if rex != 0x40 {
            self.ops.push(rex);
        }
        self.ops.extend(opcode);
        let short = i8::try_from(displacement);
        let mode = match short {
            Ok(0) if base & 7 != 5 => 0,
            Ok(_) => 0x40,
            Err(_) => 0x80,
        };
        self.ops.push(mode | (register & 7) << 3 | base & 7);
        if base & 7 == 4 {
            self.ops.push(0x24);
        }
        match short {
            Ok(_) if mode == 0 => {}
            Ok(short) => self.ops.push_i8(short),
            Err(_) => self.ops.push_i32(displacement),
        }
    }

    /// `to = [base + displacement]`
    pub fn load(&mut self, to: u8, base: u8, displacement: i32) {
        self.memory(&[], true, &[0x8b], to, base, displacement);
    }
    /// 32 bits, zero-extended.
    pub fn load_half(&mut self, to: u8, base: u8, displacement: i32) {
        self.memory(&[], false, &[0x8b], to, base, displacement);
    }
    /// `compare register, [base + displacement]`
    pub fn compare_memory(&mut self, register: u8, base: u8, displacement: i32) {
        self.memory(&[], true, &[0x3b], register, base, displacement);
    }
    /// 32 bits of a constant.
    pub fn store_half(&mut self, base: u8, displacement: i32, word: u32) {
        self.memory(&[], false, &[0xc7], 0, base, displacement);
        self.ops.push_u32(word);
    }
    /// `to = base + displacement`
    pub fn address(&mut self, to: u8, base: u8, displacement: i32) {
        self.memory(&[], true, &[0x8d], to, base, displacement);
    }
    /// `[base + displacement] = from`
    pub fn store(&mut self, base: u8, displacement: i32, from: u8) {
        self.memory(&[], true, &[0x89], from, base, displacement);
    }
    /// Stores a constant without a register.
    pub fn store_word(&mut self, base: u8, displacement: i32, word: u64) {
        if let Ok(immediate) = i32::try_from(word as i64) {
            self.memory(&[], true, &[0xc7], 0, base, displacement);
            self.ops.push_i32(immediate);
        } else {
            for (half, place) in [(word as i32, displacement), ((word >> 32) as i32, displacement + 4)] {
                self.memory(&[], false, &[0xc7], 0, base, place);
                self.ops.push_i32(half);
            }
        }
    }
    pub fn load_vector(&mut self, to: u8, base: u8, displacement: i32) {
        self.memory(&[0xf2], false, &[0x0f, 0x10], to, base, displacement);
    }
    pub fn store_vector(&mut self, base: u8, displacement: i32, from: u8) {
        self.memory(&[0xf2], false, &[0x0f, 0x11], from, base, displacement);
    }
    /// `compare DWORD [base + displacement], immediate`
    pub fn compare_half(&mut self, base: u8, displacement: i32, immediate: u32) {
        match i8::try_from(immediate as i32) {
            Ok(short) => {
                self.memory(&[], false, &[0x83], 7, base, displacement);
                self.ops.push_i8(short);
            }
            Err(_) => {
                self.memory(&[], false, &[0x81], 7, base, displacement);
                self.ops.push_u32(immediate);
            }
        }
    }
    /// Sets the zero flag if none of the mask's bits is set in the register's low byte.
    pub fn test_byte(&mut self, register: u8, mask: u8) {
        if register >= 4 {
            // Without a prefix, 4..8 are ah, ch, dh and bh.
            self.ops.push(0x40 | register >> 3);
        }
        self.ops.extend([0xf6, 0xc0 | register & 7, mask]);
    }

    /// One move of the register allocator; uses the general scratch register between memory.
    pub fn transfer(&mut self, to: Location, from: Location, constants: &[Const]) {
        const RBP: u8 = Register::RBP.0;
        const SCRATCH: u8 = Register::SCRATCH.0;
        let slot = |slot: u16| -8 * (i32::from(slot) + 1);
        match (to, from) {
            (Location::General(to), Location::General(from)) => self.copy(to, from),
            (Location::General(to), Location::Vector(from)) => emit!(self.ops ; movq Rq(to), Rx(from)),
            (Location::Vector(to), Location::General(from)) => emit!(self.ops ; movq Rx(to), Rq(from)),
            (Location::Vector(to), Location::Vector(from)) => self.copy_vector(to, from),
            (Location::General(to), Location::Spill(from)) => self.load(to, RBP, slot(from)),
            (Location::Vector(to), Location::Spill(from)) => self.load_vector(to, RBP, slot(from)),
            (Location::Spill(to), Location::General(from)) => self.store(RBP, slot(to), from),
            (Location::Spill(to), Location::Vector(from)) => self.store_vector(RBP, slot(to), from),
            (Location::General(to), Location::Constant(from)) => {
                self.set(to, constants[from.constant_index()].word());
            }
            (Location::Vector(to), Location::Constant(from)) => {
                self.float(to, constants[from.constant_index()].word());
            }
            (Location::Spill(to), Location::Spill(from)) => {
                self.load(SCRATCH, RBP, slot(from));
                self.store(RBP, slot(to), SCRATCH);
            }
            (Location::Spill(to), Location::Constant(from)) => {
                self.store_word(RBP, slot(to), constants[from.constant_index()].word());
            }
            (Location::Constant(_), _) => unreachable!("constants are not written"),
            (Location::Sunk(_), _) | (_, Location::Sunk(_)) => unreachable!("sunk objects are nowhere"),
        }
    }
    /// `to` = the float of these bits.
    pub fn float(&mut self, to: u8, bits: u64) {
        if bits == 0 {
            emit!(self.ops ; xorps Rx(to), Rx(to));
        } else {
            let label = self.pool(bits);
            emit!(self.ops ; movsd Rx(to), [=>label]);
        }
    }
}
