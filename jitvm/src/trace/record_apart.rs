//! Recording of bytecodes without an IR form of their own: calls of a helper that executes them.

use super::liveness;
use super::record_onward::iteration_cells;
use super::recorder::{Recorder, Recording};
use crate::bytecode::Instruction;
use crate::interp::apart::{self, MOST_OPERANDS, Results};
use crate::interp::helpers;
use crate::ir::{Ins, Op, Ref, Ty};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

impl Recorder {
    /// Calls out for an instruction that runs no frame of its own: `interp::apart` executes it.
    pub(super) fn execute_apart(&mut self, vm: &mut Vm, ins: Instruction) -> Recording {
        let mut words = Vec::with_capacity(MOST_OPERANDS);
        liveness::reads(ins, |register| words.push(register));
        assert!(
            words.len() <= MOST_OPERANDS,
            "{}: what reads more registers than that has a form of its own",
            ins.op.name()
        );
        let mut words: Vec<Ref> = words.into_iter().map(|register| self.get(register)).collect();
        words.resize(MOST_OPERANDS, self.constant(vm, Value::NONE));
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM, their instructions as well.
        let (instruction, name) = unsafe {
            let proto = &(*frame.code).proto;
            (&raw const proto.instructions[frame.pc as usize], &proto.qualname)
        };
        let code = self.constant_raw(frame.code as u64, format!("code {name}"));
        let instruction = self.constant_raw(instruction as u64, ins.op.name().to_owned());
        let result = self.call(helpers::EXECUTE, &[code, instruction, words[0], words[1], words[2]]);
        match apart::results(ins) {
            Results::One(None) => {}
            Results::One(Some(register)) => self.set(register, result),
            Results::Two(one, other) => {
                let second = self.first_cell(vm, Ty::Val);
                self.set(one, result);
                self.set(other, second);
            }
            Results::Block(first, count) => {
                // It is always a new tuple of so many items.
                let tuple = self.first_cell(vm, Ty::Obj);
                let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
                for i in 0..count {
                    let index = self.constant_int(i.into());
                    let item = self.emit(Op::ItemLoad, data, index, 0);
                    self.set(first + i, item);
                }
            }
        }
        Ok(())
    }

    /// What the helper just called has left in the first of the cells, which is of this type.
    fn first_cell(&mut self, vm: &mut Vm, ty: Ty) -> Ref {
        let [cell, ..] = iteration_cells(vm);
        let cell = self.constant_raw(cell.address() as u64, "further result".to_owned());
        self.push(Ins::new(Op::CellLoad, ty, cell, Ref::NONE, 0))
    }

    /// CALL_VARIADIC: a call with a tuple, and a dict of keywords or None.
    pub(super) fn call_variadic(&mut self, ins: Instruction) {
        let words = [ins.a, ins.b, ins.b + 1].map(|register| self.get(register));
        let result = self.call(helpers::CALL_VARIADIC, &words);
        self.set(ins.a, result);
    }
}
