//! Bytecode as text, derived from the operand kinds of the opcode table.

use std::fmt::{self, Write};

use crate::bytecode::{CodeProto, Constant, ExceptionRange, Module, Op, Operand};

/// One instruction, such as `0007 ADD r3, r1, r2`: names, constants and targets resolved.
pub fn write_instruction(code: &CodeProto, pc: usize, text: &mut String) {
    // Writing to a string does not fail, here and below.
    let Some(&instruction) = code.instructions.get(pc) else {
        let _ = write!(text, "{pc:04} ?");
        return;
    };
    let _ = write!(text, "{pc:04} {}", instruction.op.name());
    if instruction.x != 0 {
        let _ = write!(text, "/{}", instruction.x);
    }
    let mut separator = " ";
    let fields = [instruction.a, instruction.b, instruction.c];
    for (index, operand) in instruction.op.operands().into_iter().enumerate() {
        let field = fields[index];
        // Keywords of a call are a constant, plus one.
        let is_keywords = index == 2 && matches!(instruction.op, Op::Call | Op::CallMethod);
        let is_there = match operand {
            Operand::None | Operand::High => false,
            Operand::Count if is_keywords => field != 0,
            _ => true,
        };
        if !is_there {
            continue;
        }
        text.push_str(separator);
        separator = ", ";
        let _ = match operand {
            Operand::None | Operand::High => Ok(()),
            Operand::Write | Operand::Read | Operand::Update => write!(text, "r{field}"),
            Operand::ReadBlock | Operand::WriteBlock => write!(text, "r{field}.."),
            Operand::Iterator | Operand::WriteIterator => write!(text, "iter r{field}"),
            Operand::Count if is_keywords => write_constant_at(code, field - 1, text),
            Operand::Count => write!(text, "{field}"),
            Operand::Constant => write_constant_at(code, field, text),
            Operand::Name => write_name(&code.names, field, text),
            Operand::Global => write_name(&code.globals, field, text),
            Operand::Loop => write!(text, "loop {field}"),
            Operand::Immediate => write!(text, "{}", instruction.wide() as i32),
            Operand::Target => write!(text, "->{:04}", instruction.wide()),
        };
    }
}

/// All codes of a module.
pub fn code_text(module: &Module) -> String {
    let mut text = String::new();
    for code in &module.codes {
        let _ = writeln!(text, "{} ({} registers)", code.qualname, code.registers);
        for pc in 0..code.instructions.len() {
            text.push_str("  ");
            write_instruction(code, pc, &mut text);
            text.push('\n');
        }
        for range in &code.exception_ranges {
            let ExceptionRange { start, end, target, register } = range;
            let _ = writeln!(text, "  {start:04}..{end:04} fails to {target:04} with r{register}");
        }
        for frame in &code.inlined_frames {
            let _ = write!(text, "  {:04}..{:04} is ", frame.start, frame.end);
            let _ = write_name(&code.names, frame.name, &mut text);
            text.push('\n');
        }
    }
    text
}

fn write_name(names: &[String], index: u16, text: &mut String) -> fmt::Result {
    match names.get(usize::from(index)) {
        Some(name) => text.write_str(name),
        None => write!(text, "?{index}"),
    }
}

fn write_constant_at(code: &CodeProto, index: u16, text: &mut String) -> fmt::Result {
    match code.constants.get(usize::from(index)) {
        Some(constant) => {
            write_constant(constant, text);
            Ok(())
        }
        None => write!(text, "?{index}"),
    }
}

fn write_constant(constant: &Constant, text: &mut String) {
    let _ = match constant {
        Constant::None => write!(text, "None"),
        Constant::True => write!(text, "True"),
        Constant::False => write!(text, "False"),
        Constant::Ellipsis => write!(text, "Ellipsis"),
        Constant::Int(value) => write!(text, "{value}"),
        Constant::BigInt(digits) => write!(text, "{digits}"),
        Constant::Float(value) => write!(text, "{value:?}"),
        Constant::Complex(real, imaginary) => write!(text, "({real:?}, {imaginary:?}j)"),
        Constant::Str(value) => write!(text, "{value:?}"),
        Constant::Surrogates(points) => write!(text, "str {points:x?}"),
        Constant::Bytes(bytes) => write!(text, "b\"{}\"", bytes.escape_ascii()),
        Constant::Code(index) => write!(text, "code {index}"),
        Constant::Tuple(items) => {
            text.push('(');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_constant(item, text);
            }
            write!(text, "{}", if items.len() == 1 { ",)" } else { ")" })
        }
        Constant::FrozenSet(items) => {
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "frozenset {" } else { ", " });
                write_constant(item, text);
            }
            write!(text, "}}")
        }
    };
}
