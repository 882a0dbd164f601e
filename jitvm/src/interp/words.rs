//! The form of a code that the bytecode loop executes: its instructions, each with a word of what it needs beside it,
//! and common sequences of instructions as one.
//!
//! Each instruction has the word of the same index, so places, jumps and frames mean the same in both. A word whose
//! operation is a fused one does what its instruction and the next one or two do, if that is quickly done, and goes on
//! behind them; else it does what its own instruction does. The others of the sequence are still there for that and for
//! whoever jumps to them. Everything else (recorder, liveness, tracebacks, logs) looks at the instructions.

use super::cache::Caches;
use crate::bytecode::{CodeProto, Instruction, Op};
use crate::ir::CodeId;
use crate::runtime::object::Cell;
use crate::runtime::value::Value;
use crate::trace::policy::LoopState;

/// An instruction as it is executed.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Word {
    /// With the fused operation, if there is one.
    pub ins: Instruction,
    /// LOAD_CONST and LOAD_INT: the value. LOAD_GLOBAL and STORE_GLOBAL: address of the cell. Jumps: bytes from this
    /// word to the target's. Loop headers: address of the countdown. Attribute instructions: address of the cache. Calls:
    /// see [`note_callee`].
    pub aux: u64,
}

/// A call finds a Python function: the aux of its word has a bit for each code that it has called, or several share one.
///
/// # Safety
/// The call is a word of a code that is executed.
#[inline(always)]
pub unsafe fn note_callee(call: *const Word, code: CodeId) {
    // SAFETY: by the caller; nothing refers to words but for the time of an access.
    unsafe { (*call.cast_mut()).aux |= 1 << (code.0 % u64::BITS) };
}

/// How many codes a call has come to, or more.
pub const fn callees(call: Word) -> u32 {
    call.aux.count_ones()
}

/// The x of a conditional jump's word that has not been executed: the highest bit set is no way.
const NO_WAYS: u8 = 1;
const MOST_WAYS: u8 = 1 << 7;

/// A conditional jump is taken, or not: the x of its word has the last seven of its ways, the latest in the lowest bit,
/// below a bit that is set.
///
/// # Safety
/// The jump is a word of a code that is executed.
#[inline(always)]
pub unsafe fn note_way(jump: *const Word, taken: bool) {
    // SAFETY: by the caller; nothing refers to words but for the time of an access.
    unsafe {
        let ways = &raw mut (*jump.cast_mut()).ins.x;
        *ways = *ways << 1 | *ways & MOST_WAYS | u8::from(taken);
    }
}

/// How often of the last seven times a conditional jump has gone the way that it goes less often.
pub const fn rarer_way(jump: Word) -> u32 {
    let ways = jump.ins.x;
    let (taken, known) = (ways.count_ones().saturating_sub(1), ways.checked_ilog2());
    match known {
        Some(known) if taken > known / 2 => known - taken,
        Some(_) => taken,
        None => 0,
    }
}

/// The words of a code. What they point to lives as long as the code and does not move.
pub fn words(
    proto: &CodeProto,
    constants: &[Value],
    globals: &[*mut Cell],
    caches: &Caches,
    loops: &[LoopState],
) -> Box<[Word]> {
    let instructions = &proto.instructions;
    let aux = |(pc, ins): (usize, &Instruction)| match ins.op {
        Op::LoadConst => constants[ins.b as usize].0,
        Op::LoadInt => Value::from_fixnum(i64::from(ins.wide() as i32)).0,
        Op::LoadGlobal | Op::StoreGlobal => globals[ins.b as usize] as u64,
        Op::Jump | Op::JumpIfTrue | Op::JumpIfFalse | Op::JumpIfBound => {
            ((i64::from(ins.wide()) - pc as i64) * size_of::<Word>() as i64) as u64
        }
        Op::LoopHeader | Op::LoopEnter | Op::LoopCold => &raw const loops[ins.a as usize].countdown as u64,
        // SAFETY: the caches are those of these instructions.
        Op::GetAttr | Op::SetAttr | Op::LoadMethod => unsafe { &raw const *caches.at(pc) as u64 },
        _ => 0,
    };
    let mut words: Box<[Word]> = instructions.iter().enumerate().map(|at| Word { ins: *at.1, aux: aux(at) }).collect();
    for pc in 0..words.len() {
        if matches!(words[pc].ins.op, Op::JumpIfTrue | Op::JumpIfFalse | Op::JumpIfBound) {
            words[pc].ins.x = NO_WAYS;
        }
        if let Some((op, x)) = fused(&words[pc..]) {
            (words[pc].ins.op, words[pc].ins.x) = (op, x);
        } else if instructions[pc].op == Op::Jump {
            let target = instructions.get(instructions[pc].wide() as usize);
            // One that has been compiled since is an operation of its own.
            if target.is_some_and(|target| target.op == Op::LoopHeader) {
                words[pc].ins.op = Op::JumpLoop;
            }
        }
    }
    words
}

/// The fused operation for the beginning of a sequence, and its x.
fn fused(words: &[Word]) -> Option<(Op, u8)> {
    let first = words[0].ins;
    let next = words.get(1)?.ins;
    match (first.op, next.op) {
        (Op::LoadConst, Op::Return) if next.a == first.a => Some((Op::ReturnConst, 0)),
        (Op::LoadConst | Op::LoadInt, _) if next.c == first.a => {
            let constant = Value(words[0].aux);
            let of_int = match next.op {
                Op::Add => Some(Op::AddInt),
                Op::Sub => Some(Op::SubInt),
                _ => None,
            };
            // The other operand may be the register that gets the constant.
            if constant.is_int() && next.b != first.a && of_int.is_some() {
                return of_int.map(|op| (op, 0));
            }
            let jump = sense(next, words.get(2)?.ins)?;
            let op = match next.op {
                Op::Is => Op::IsConstJump,
                Op::IsNot => Op::IsNotConstJump,
                _ if !constant.is_int() => return None,
                Op::Less => Op::LessIntJump,
                Op::LessEqual => Op::LessEqualIntJump,
                Op::Equal => Op::EqualIntJump,
                Op::NotEqual => Op::NotEqualIntJump,
                Op::Greater => Op::GreaterIntJump,
                Op::GreaterEqual => Op::GreaterEqualIntJump,
                _ => return None,
            };
            (next.b != first.a).then_some((op, jump))
        }
        (Op::BuildSlice, Op::GetItem) => {
            let is_only = next.c == first.a && next.b != first.a && !assigns_slice(&words[2..], first.a);
            is_only.then_some((Op::GetSlice, first.x))
        }
        _ => {
            if let Some(op) = pair(first.op, next.op) {
                return Some((op, first.x));
            }
            let op = match first.op {
                Op::Less => Op::LessJump,
                Op::LessEqual => Op::LessEqualJump,
                Op::Equal => Op::EqualJump,
                Op::NotEqual => Op::NotEqualJump,
                Op::Greater => Op::GreaterJump,
                Op::GreaterEqual => Op::GreaterEqualJump,
                Op::Is => Op::IsJump,
                Op::IsNot => Op::IsNotJump,
                _ => return None,
            };
            sense(first, next).map(|jump| (op, jump))
        }
    }
}

/// Whether the slice in a register is also where something is assigned later on, as in `x[i:j] += y`: by an instruction
/// before the next that makes a slice there.
fn assigns_slice(words: &[Word], register: u16) -> bool {
    let mut relevant = words.iter().map(|word| word.ins).filter(|ins| match ins.op {
        Op::BuildSlice => ins.a == register,
        Op::SetItem | Op::GetAttrSetItem => ins.b == register,
        _ => false,
    });
    relevant.next().is_some_and(|ins| ins.op != Op::BuildSlice)
}

/// Two instructions of which the first is done in line and the second is gone on with.
fn pair(first: Op, second: Op) -> Option<Op> {
    Some(match (first, second) {
        (Op::Move, Op::Move) => Op::MoveTwo,
        (Op::Move, Op::CallMethod) => Op::MoveCallMethod,
        (Op::GetAttr, Op::GetAttr) => Op::GetAttrTwo,
        (Op::GetAttr, Op::GetItem) => Op::GetAttrGetItem,
        (Op::GetAttr, Op::SetItem) => Op::GetAttrSetItem,
        (Op::GetAttr, Op::Add) => Op::GetAttrAdd,
        (Op::GetAttr, Op::Sub) => Op::GetAttrSub,
        (Op::GetAttr, Op::Mul) => Op::GetAttrMul,
        (Op::GetAttr, Op::JumpIfFalse) => Op::GetAttrJumpIfFalse,
        (Op::GetAttr, Op::Return) => Op::GetAttrReturn,
        (Op::GetAttr, Op::LoadMethod) => Op::GetAttrLoadMethod,
        (Op::GetAttr, Op::CallMethod) => Op::GetAttrCallMethod,
        (Op::SetAttr, Op::GetAttr) => Op::SetAttrGetAttr,
        (Op::LoadMethod, Op::CallMethod) => Op::LoadMethodCallMethod,
        (Op::LoadMethod, Op::Move) => Op::LoadMethodMove,
        (Op::LoadGlobal, Op::GetAttr) => Op::LoadGlobalGetAttr,
        (Op::Add, Op::SetAttr) => Op::AddSetAttr,
        (Op::Sub, Op::SetAttr) => Op::SubSetAttr,
        (Op::Mul, Op::Mul) => Op::MulMul,
        (Op::Mul, Op::Add) => Op::MulAdd,
        (Op::Mul, Op::Sub) => Op::MulSub,
        (Op::GetItem, Op::JumpIfFalse) => Op::GetItemJumpIfFalse,
        _ => return None,
    })
}

/// Of a jump on the result of a comparison: whether it is taken if that is true.
fn sense(comparison: Instruction, jump: Instruction) -> Option<u8> {
    match jump.op {
        Op::JumpIfTrue if jump.a == comparison.a => Some(1),
        Op::JumpIfFalse if jump.a == comparison.a => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seven_ways_of_a_jump_are_known() {
        let ins = Instruction { x: NO_WAYS, ..Instruction::new(Op::JumpIfTrue, 0, 0, 0) };
        let mut jump = Word { ins, aux: 0 };
        let mut rarer_after = |ways: &[bool]| {
            // SAFETY: a word of its own.
            ways.iter().for_each(|&taken| unsafe { note_way(&raw mut jump, taken) });
            rarer_way(jump)
        };
        assert_eq!(rarer_after(&[]), 0);
        assert_eq!(rarer_after(&[true, true]), 0, "what has not happened is no way");
        assert_eq!(rarer_after(&[false]), 1);
        assert_eq!(rarer_after(&[false, true, false]), 3);
        assert_eq!(rarer_after(&[true, true]), 3);
        assert_eq!(rarer_after(&[true, true, true, true]), 1, "the latest seven");
        assert_eq!(rarer_after(&[true]), 0);
    }
}
