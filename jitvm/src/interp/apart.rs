//! Instructions that compiled code has executed for it: with their operands in a window of their own.
//!
//! What an instruction reads comes as words, what it writes goes back as its result or, where it writes more than one
//! register, by way of the cells that iteration uses too (`trace::record_onward`).

use super::operands::load_global;
use super::{begin, call, rare};
use crate::bytecode::{Instruction, Op, Operand};
use crate::runtime::iterate;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Vm};
use crate::trace::record_onward::leave_words;

/// Most registers that such an instruction reads.
pub const MOST_OPERANDS: usize = 3;

/// How an instruction gives its results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Results {
    /// It writes none, or this register.
    One(Option<u16>),
    /// The second register's value is left in the first cell.
    Two(u16, u16),
    /// So many registers from here on: their values are left in the first cell, as a tuple.
    Block(u16, u16),
}

/// What an instruction writes.
pub fn results(ins: Instruction) -> Results {
    let fields = [ins.a, ins.b, ins.c];
    let mut written = Vec::new();
    for (i, operand) in ins.op.operands().into_iter().enumerate() {
        match operand {
            Operand::WriteBlock => return Results::Block(fields[i], fields[i + 1]),
            Operand::Write | Operand::Update => written.push(fields[i]),
            _ => {}
        }
    }
    match *written.as_slice() {
        [] => Results::One(None),
        [one, other] => Results::Two(one, other),
        [one, ..] => Results::One(Some(one)),
    }
}

/// Executes an instruction of `code` whose operands are the first of `operands`, in the order of its fields.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// Both addresses are of objects that live as long as the VM; the instruction is verified, and one that reads no more
/// than [`MOST_OPERANDS`] registers.
pub unsafe fn execute(
    vm: &mut Vm,
    code: *const Code,
    ins: *const Instruction,
    operands: [Value; MOST_OPERANDS],
) -> Outcome {
    // SAFETY: by the caller.
    let ins = unsafe { *ins };
    let (moved, count) = moved(ins);
    let window = call::stack_top(vm);
    // SAFETY: only the address is computed.
    let end = unsafe { window.add(count as usize) };
    if end >= vm.stack_end {
        return Err(vm.raise_recursion_error());
    }
    // SAFETY: inside the value stack, above everything in use.
    let at = |register: u16| unsafe { &mut *window.add(register as usize) };
    (0..count).for_each(|register| *at(register) = Value::UNDEF);
    let mut next = 0;
    crate::trace::liveness::reads(moved, |register| {
        *at(register) = operands[next];
        next += 1;
    });
    let saved = vm.stack_high;
    // SAFETY: both point into the stack.
    vm.stack_high = unsafe { end.offset_from(vm.stack) } as u32;
    // SAFETY: the window has all registers that the moved instruction names.
    let done = unsafe { execute_moved(vm, code, moved, window) };
    vm.stack_high = saved;
    done
}

/// # Safety
/// As of [`execute`]; `window` holds the registers, and is seen by the collector.
unsafe fn execute_moved(vm: &mut Vm, code: *const Code, ins: Instruction, window: *mut Value) -> Outcome {
    // SAFETY: by the caller.
    let at = |register: u16| unsafe { *window.add(register as usize) };
    // SAFETY: by the caller.
    unsafe {
        match ins.op {
            Op::LoadGlobal => *window.add(ins.a as usize) = load_global(vm, (&(*code).globals)[ins.b as usize])?,
            Op::Unpack => iterate::unpack(vm, at(ins.c), window.add(ins.a as usize), ins.b as usize)?,
            _ => rare::execute(vm, code, ins, window)?,
        }
    }
    Ok(match results(ins) {
        Results::One(None) => Value::NONE,
        Results::One(Some(register)) => at(register),
        Results::Two(one, other) => {
            leave_words(vm, &[at(other)]);
            at(one)
        }
        Results::Block(first, count) => {
            // SAFETY: by the caller.
            let items = unsafe { std::slice::from_raw_parts(window.add(first as usize), count as usize) };
            let tuple = vm.tuple(items)?;
            leave_words(vm, &[tuple]);
            Value::NONE
        }
    })
}

/// The instruction with the registers it names counted from 0, and how many there are.
fn moved(ins: Instruction) -> (Instruction, u16) {
    let mut fields = [ins.a, ins.b, ins.c];
    let mut count = 0;
    for (i, operand) in ins.op.operands().into_iter().enumerate() {
        let taken = match operand {
            Operand::Read | Operand::Write | Operand::Update => 1,
            Operand::ReadBlock | Operand::WriteBlock => fields[i + 1],
            _ => continue,
        };
        fields[i] = count;
        count += taken;
    }
    let [a, b, c] = fields;
    (Instruction { a, b, c, ..ins }, count)
}

/// Calls with the items of a tuple and the keywords of a dict, or None.
///
/// # Errors
/// The callee raised.
pub fn call_variadic(vm: &mut Vm, callee: Value, arguments: Value, dict: Value) -> Outcome {
    let window = call::stack_top(vm);
    // SAFETY: only the address is computed.
    let end = unsafe { window.add(3) };
    if end >= vm.stack_end {
        return Err(vm.raise_recursion_error());
    }
    // SAFETY: inside the value stack, above everything in use.
    unsafe {
        *window = callee;
        *window.add(1) = arguments;
        *window.add(2) = dict;
        begin::call_variadic_window(vm, window)
    }
}
