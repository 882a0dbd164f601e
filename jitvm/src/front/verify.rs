//! Checks that a code object is well formed, whatever emitted it.

use crate::bytecode::{CodeKind, CodeProto, Constant, ExceptionRange, Instruction, Op, Operand};

/// What is wrong with a code, if anything.
pub fn verify(code: &CodeProto) -> Result<(), String> {
    if code.positions.len() != code.instructions.len() {
        return Err(format!("{} positions for {} instructions", code.positions.len(), code.instructions.len()));
    }
    let parameters = code.parameters();
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
        Some(Instruction { op: Op::Return | Op::Raise | Op::AssertFail | Op::Jump | Op::Reraise, .. }) => {}
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
    tables(code)?;
    handlers(code)
}

/// Cells, exception ranges and inlined frames.
fn tables(code: &CodeProto) -> Result<(), String> {
    let length = code.instructions.len() as u32;
    if usize::from(code.free) > code.cells.len() {
        return Err("more free variables than cells".to_owned());
    }
    for (name, register) in &code.cells {
        registers(code, *register, 1).map_err(|error| format!("cell {name}: {error}"))?;
    }
    for frame in &code.inlined_frames {
        if frame.start >= frame.end || frame.end > length || usize::from(frame.name) >= code.names.len() {
            return Err(format!("bad inlined frame {frame:?}"));
        }
    }
    let ranges = &code.exception_ranges;
    for (index, range) in ranges.iter().enumerate() {
        if range.start >= range.end || range.end > length || range.target >= length {
            return Err(format!("bad exception range {range:?}"));
        }
        if (range.start..range.end).contains(&range.target) {
            return Err(format!("exception range {range:?} holds its own handler"));
        }
        registers(code, range.register, 1)?;
        let crossing = |outer: &&ExceptionRange| {
            let apart = outer.end <= range.start || range.end <= outer.start;
            !apart && (range.start < outer.start || outer.end < range.end)
        };
        if let Some(outer) = ranges[index + 1..].iter().find(crossing) {
            return Err(format!("exception range {range:?} is not inside the later {outer:?}"));
        }
    }
    let suspends = matches!(code.kind, CodeKind::Generator | CodeKind::Coroutine | CodeKind::AsyncGenerator);
    let generators = code.instructions.iter().filter(|instruction| instruction.op == Op::Generator).count();
    let first = code.instructions.first().is_some_and(|instruction| instruction.op == Op::Generator);
    if generators != usize::from(suspends) || first != suspends {
        return Err("GENERATOR is not the first instruction of a code that is one, and only there".to_owned());
    }
    Ok(())
}

/// `EnterHandler` and `LeaveHandler` are in pairs on every way through the code.
fn handlers(code: &CodeProto) -> Result<(), String> {
    if code.instructions.iter().all(|instruction| instruction.op != Op::EnterHandler) {
        return Ok(());
    }
    // Registers of the exceptions handled before, by instruction.
    let mut states: Vec<Option<Vec<u16>>> = vec![None; code.instructions.len()];
    let mut pending = vec![(0, Vec::new())];
    while let Some((pc, state)) = pending.pop() {
        let Some(known) = states.get_mut(pc) else { return Err(format!("execution leaves the code at {pc}")) };
        match known {
            Some(known) if *known == state => continue,
            Some(known) => return Err(format!("at {pc}: in the handlers {known:?} or {state:?}")),
            None => *known = Some(state.clone()),
        }
        let instruction = code.instructions[pc];
        if may_raise(instruction.op) {
            let place = pc as u32;
            let range = code.exception_ranges.iter().find(|range| (range.start..range.end).contains(&place));
            if let Some(range) = range {
                pending.push((range.target as usize, state.clone()));
            }
        }
        let mut after = state;
        match instruction.op {
            Op::EnterHandler => after.push(instruction.b),
            Op::LeaveHandler if after.pop() != Some(instruction.a) => {
                return Err(format!("at {pc}: leaves the handler of r{} in none or another", instruction.a));
            }
            Op::Return if !after.is_empty() => return Err(format!("at {pc}: returns in the handlers {after:?}")),
            _ => {}
        }
        match instruction.op {
            Op::Return | Op::Raise | Op::AssertFail | Op::Reraise => continue,
            Op::Jump => {}
            // The instruction after the next, too.
            Op::ForIter | Op::Send => pending.push((pc + 2, after.clone())),
            _ => pending.push((pc + 1, after.clone())),
        }
        if instruction.op == Op::ForIter || instruction.op == Op::Send {
            pending.push((pc + 1, after));
        } else if matches!(instruction.op, Op::Jump | Op::JumpIfTrue | Op::JumpIfFalse | Op::JumpIfBound) {
            pending.push((instruction.wide() as usize, after));
        }
    }
    Ok(())
}

/// Some of the instructions that never fail.
fn may_raise(op: Op) -> bool {
    !matches!(
        op,
        Op::LoadConst
            | Op::LoadInt
            | Op::Move
            | Op::Jump
            | Op::JumpIfBound
            | Op::EnterHandler
            | Op::LeaveHandler
            | Op::LoadFree
            | Op::StoreCell
    )
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
        Op::ForIter | Op::Send => match code.instructions.get(pc + 1) {
            Some(Instruction { op: Op::Jump, .. }) => Ok(()),
            _ => Err("is not followed by JUMP".to_owned()),
        },
        Op::Call => window(code, instruction, 1),
        Op::CallMethod => window(code, instruction, 2),
        Op::LoadMethod => registers(code, instruction.a, 2),
        Op::CallVariadic if instruction.b != instruction.a + 1 || instruction.c != 2 => {
            Err("has its arguments elsewhere".to_owned())
        }
        Op::LoadFree if instruction.b >= code.free => Err(format!("free variable {} of {}", instruction.b, code.free)),
        Op::UnpackStar if u16::from(instruction.x) >= instruction.b => Err("has no starred target".to_owned()),
        Op::MatchClass if instruction.c != 3 => Err("does not take three registers".to_owned()),
        Op::BuildDict if !instruction.c.is_multiple_of(2) => Err("has a key without value".to_owned()),
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
