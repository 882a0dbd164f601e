//! Bytecode as text, derived from the operand kinds of the opcode table.

use std::fmt::Write;

use crate::bytecode::{CodeProto, Constant, ExceptionRange, Module, Op, Operand};

/// One instruction, such as `0007 ADD r3, r1, r2`: names, constants and targets resolved.
pub fn instruction_text(code: &CodeProto, pc: usize) -> String {
    let Some(&instruction) = code.instructions.get(pc) else { return format!("{pc:04} ?") };
    let mut operands = Vec::new();
    let fields = [instruction.a, instruction.b, instruction.c];
    for (index, operand) in instruction.op.operands().into_iter().enumerate() {
        let field = fields[index];
        let text = match operand {
            Operand::None | Operand::High => continue,
            Operand::Write | Operand::Read | Operand::Update => format!("r{field}"),
            Operand::ReadBlock | Operand::WriteBlock => format!("r{field}.."),
            Operand::Iterator | Operand::WriteIterator => format!("iter r{field}"),
            // Keywords of a call are a constant, plus one.
            Operand::Count if index == 2 && matches!(instruction.op, Op::Call | Op::CallMethod) => {
                match field.checked_sub(1) {
                    Some(index) => constant_at(code, index),
                    None => continue,
                }
            }
            Operand::Count => field.to_string(),
            Operand::Constant => constant_at(code, field),
            Operand::Name => name_at(&code.names, field),
            Operand::Global => name_at(&code.globals, field),
            Operand::Loop => format!("loop {field}"),
            Operand::Immediate => (instruction.wide() as i32).to_string(),
            Operand::Target => format!("->{:04}", instruction.wide()),
        };
        operands.push(text);
    }
    let mut text = format!("{pc:04} {}", instruction.op.name());
    if instruction.x != 0 {
        // Writing to a string does not fail.
        let _ = write!(text, "/{}", instruction.x);
    }
    if !operands.is_empty() {
        let _ = write!(text, " {}", operands.join(", "));
    }
    text
}

/// All codes of a module.
pub fn code_text(module: &Module) -> String {
    let mut text = String::new();
    for code in &module.codes {
        let _ = writeln!(text, "{} ({} registers)", code.qualname, code.registers);
        for pc in 0..code.instructions.len() {
            let _ = writeln!(text, "  {}", instruction_text(code, pc));
        }
        for range in &code.exception_ranges {
            let ExceptionRange { start, end, target, register } = range;
            let _ = writeln!(text, "  {start:04}..{end:04} fails to {target:04} with r{register}");
        }
        for frame in &code.inlined_frames {
            let _ = writeln!(text, "  {:04}..{:04} is {}", frame.start, frame.end, name_at(&code.names, frame.name));
        }
    }
    text
}

fn name_at(names: &[String], index: u16) -> String {
    names.get(usize::from(index)).cloned().unwrap_or_else(|| format!("?{index}"))
}

fn constant_at(code: &CodeProto, index: u16) -> String {
    let mut text = String::new();
    match code.constants.get(usize::from(index)) {
        Some(constant) => write_constant(constant, &mut text),
        None => text = format!("?{index}"),
    }
    text
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
