//! Checks that a code object is well formed, whatever emitted it.

use crate::bytecode::{CodeProto, Constant, Instruction, Op, Operand};

/// What is wrong with a code, if anything.
pub fn verify(code: &CodeProto) -> Result<(), String> {
    if code.positions.len() != code.instructions.len() {
        return Err(format!("{} positions for {} instructions", code.positions.len(), code.instructions.len()));
    }
    let parameters = usize::from(code.positional) + usize::from(code.keyword_only);
    if code.positional_only > code.positional || parameters > code.local_names.len() {
        return Err("more parameters than there are locals".to_owned());
    }
    if code.local_names.len() > usize::from(code.registers) {
        return Err("more locals than registers".to_owned());
    }
    if code.defaulted.iter().any(|&register| usize::from(register) >= parameters) {
        return Err("default of what is no parameter".to_owned());
    }
    match code.instructions.last() {
        Some(Instruction { op: Op::Return | Op::Raise | Op::AssertFail | Op::Jump, .. }) => {}
        _ => return Err("the last instruction falls off the end".to_owned()),
    }
    for (index, &header) in code.loops.iter().enumerate() {
        let found = code
            .instructions
            .get(header as usize)
            .is_some_and(|instruction| instruction.op == Op::LoopHeader && usize::from(instruction.a) == index);
        if !found {
            return Err(format!("loop {index} has no header at {header}"));
        }
    }
    for (pc, instruction) in code.instructions.iter().enumerate() {
        check(code, pc, *instruction).map_err(|error| format!("at {pc}, {}: {error}", instruction.op.name()))?;
    }
    Ok(())
}

fn check(code: &CodeProto, pc: usize, instruction: Instruction) -> Result<(), String> {
    let fields = [instruction.a, instruction.b, instruction.c];
    for (index, operand) in instruction.op.operands().into_iter().enumerate() {
        let field = fields[index];
        let next = fields.get(index + 1).copied().unwrap_or(0);
        match operand {
            Operand::None | Operand::Count | Operand::High | Operand::Immediate => {}
            Operand::Write | Operand::Read | Operand::Update => registers(code, field, 1)?,
            Operand::ReadBlock | Operand::WriteBlock => registers(code, field, u32::from(next))?,
            Operand::Iterator | Operand::WriteIterator => registers(code, field, 4)?,
            Operand::Constant => below("constant", field, code.constants.len())?,
            Operand::Name => below("name", field, code.names.len())?,
            Operand::Global => below("global", field, code.globals.len())?,
            Operand::Loop => {
                below("loop", field, code.loops.len())?;
                if code.loops[usize::from(field)] as usize != pc {
                    return Err("is not where the loop table says".to_owned());
                }
            }
            Operand::Target if instruction.wide() as usize >= code.instructions.len() => {
                return Err(format!("target {} is past the end", instruction.wide()));
            }
            Operand::Target => {}
        }
    }
    match instruction.op {
        Op::ForIter => match code.instructions.get(pc + 1) {
            Some(Instruction { op: Op::Jump, .. }) => Ok(()),
            _ => Err("is not followed by JUMP".to_owned()),
        },
        Op::Call => window(code, instruction, 1),
        Op::CallMethod => window(code, instruction, 2),
        Op::LoadMethod => registers(code, instruction.a, 2),
        Op::MakeFunction => match code.constants[usize::from(instruction.b)] {
            Constant::Code(_) => Ok(()),
            _ => Err("does not name a code".to_owned()),
        },
        _ => Ok(()),
    }
}

/// The window of a call: what is called (`head` registers), then arguments; the last are named by a constant.
fn window(code: &CodeProto, instruction: Instruction, head: u32) -> Result<(), String> {
    registers(code, instruction.a, head + u32::from(instruction.b))?;
    let Some(index) = instruction.c.checked_sub(1) else { return Ok(()) };
    match code.constants.get(usize::from(index)) {
        Some(Constant::Tuple(names)) if names.len() <= usize::from(instruction.b) => Ok(()),
        _ => Err("does not name its keywords".to_owned()),
    }
}

fn registers(code: &CodeProto, first: u16, count: u32) -> Result<(), String> {
    if u32::from(first) + count > u32::from(code.registers) {
        return Err(format!("r{first} and {count} registers in a frame of {}", code.registers));
    }
    Ok(())
}

fn below(what: &str, index: u16, length: usize) -> Result<(), String> {
    if usize::from(index) < length { Ok(()) } else { Err(format!("{what} {index} of {length}")) }
}
