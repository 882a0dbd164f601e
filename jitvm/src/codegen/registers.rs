//! The machine's registers: numbers, names, roles and sets of them.

use std::fmt;

use super::Location;
use crate::ir::Ty;

/// A register: 0..16 general, 16..32 vector, by hardware number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Register(pub u8);

macro_rules! registers {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl Register { $(#[allow(dead_code, reason = "the table is complete")] pub const $name: Register = Register($number);)* }
        const NAMES: [&str; 32] = [$($text),*];
    };
}

registers! {
    RAX = 0, "rax"; RCX = 1, "rcx"; RDX = 2, "rdx"; RBX = 3, "rbx";
    RSP = 4, "rsp"; RBP = 5, "rbp"; RSI = 6, "rsi"; RDI = 7, "rdi";
    R8 = 8, "r8"; R9 = 9, "r9"; R10 = 10, "r10"; R11 = 11, "r11";
    R12 = 12, "r12"; R13 = 13, "r13"; R14 = 14, "r14"; R15 = 15, "r15";
    XMM0 = 16, "xmm0"; XMM1 = 17, "xmm1"; XMM2 = 18, "xmm2"; XMM3 = 19, "xmm3";
    XMM4 = 20, "xmm4"; XMM5 = 21, "xmm5"; XMM6 = 22, "xmm6"; XMM7 = 23, "xmm7";
    XMM8 = 24, "xmm8"; XMM9 = 25, "xmm9"; XMM10 = 26, "xmm10"; XMM11 = 27, "xmm11";
    XMM12 = 28, "xmm12"; XMM13 = 29, "xmm13"; XMM14 = 30, "xmm14"; XMM15 = 31, "xmm15";
}

impl Register {
    /// Not a register.
    pub const NONE: Register = Register(0xff);
    /// Base of the anchor frame on the VM stack.
    pub const BASE: Register = Register::R14;
    /// The VM.
    pub const VM: Register = Register::R15;
    /// Never allocated: the assembler's own, free at any time.
    pub const SCRATCH: Register = Register::R11;
    pub const VECTOR_SCRATCH: Register = Register::XMM15;
    /// Of the C ABI, after the VM in rdi.
    pub const ARGUMENTS: [Register; 5] = [Register::RSI, Register::RDX, Register::RCX, Register::R8, Register::R9];

    /// Where a function's first parameters are when its trace is called, beside their slots: none that a call itself uses.
    pub const PARAMETERS: [Register; 4] = [Register::RCX, Register::RSI, Register::RDI, Register::R8];

    pub const fn is_none(self) -> bool {
        self.0 == Register::NONE.0
    }
    pub const fn is_vector(self) -> bool {
        self.0 >= 16 && self.0 < 32
    }
    /// Hardware number.
    pub const fn number(self) -> u8 {
        self.0 & 15
    }
    pub const fn index(self) -> usize {
        self.0 as usize
    }
    pub const fn set(self) -> RegisterSet {
        RegisterSet(1 << self.0)
    }
    pub const fn location(self) -> Location {
        if self.is_vector() { Location::Vector(self.number()) } else { Location::General(self.number()) }
    }
    /// The register a location is, if it is one.
    pub const fn of(location: Location) -> Option<Register> {
        match location {
            Location::General(number) => Some(Register(number)),
            Location::Vector(number) => Some(Register(number + 16)),
            Location::Spill(_) | Location::Constant(_) | Location::Sunk(_) => None,
        }
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(self.index()).unwrap_or(&"none"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct RegisterSet(pub u32);

impl RegisterSet {
    pub const EMPTY: RegisterSet = RegisterSet(0);
    /// What values may live in; all of it is lost over a call.
    pub const GENERAL: RegisterSet = RegisterSet(
        0xffff
            & !(Register::RSP.set().0
                | Register::RBP.set().0
                | Register::BASE.set().0
                | Register::VM.set().0
                | Register::SCRATCH.set().0),
    );
    pub const VECTOR: RegisterSet = RegisterSet(0xffff_0000 & !Register::VECTOR_SCRATCH.set().0);

    /// Registers that can hold a value of a type.
    pub const fn of(ty: Ty) -> RegisterSet {
        if matches!(ty, Ty::Flt) { RegisterSet::VECTOR } else { RegisterSet::GENERAL }
    }
    pub const fn contains(self, register: Register) -> bool {
        !register.is_none() && self.0 & register.set().0 != 0
    }
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }
    pub const fn and(self, other: RegisterSet) -> RegisterSet {
        RegisterSet(self.0 & other.0)
    }
    pub const fn or(self, other: RegisterSet) -> RegisterSet {
        RegisterSet(self.0 | other.0)
    }
    pub const fn without(self, other: RegisterSet) -> RegisterSet {
        RegisterSet(self.0 & !other.0)
    }
    pub fn add(&mut self, register: Register) {
        self.0 |= register.set().0;
    }
    pub fn remove(&mut self, register: Register) {
        self.0 &= !register.set().0;
    }
    /// The member with the lowest number, or NONE.
    pub const fn first(self) -> Register {
        if self.is_empty() { Register::NONE } else { Register(self.0.trailing_zeros() as u8) }
    }
    pub fn iter(self) -> impl Iterator<Item = Register> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let register = RegisterSet(rest).first();
            rest &= rest.wrapping_sub(1);
            (!register.is_none()).then_some(register)
        })
    }
}
