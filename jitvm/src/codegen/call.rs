//! Calls of helpers by the C ABI; the allocator has put the VM and the arguments in place.

use super::CompileFailure;
use super::assemble::Assembler;
use super::emit::emit;
use crate::ir::Ins;
use dynasmrt::DynasmApi;

impl Assembler<'_> {
    pub fn call(&mut self, at: usize, ins: Ins) -> Result<(), CompileFailure> {
        let helper = self.targets.helpers.get(ins.c as usize).ok_or(CompileFailure::Malformed("no such helper"))?;
        if self.options.in_frame
            && helper.effects.may_show_frames()
            && let Some(pc) = self.body.pc_of_call(at)
        {
            self.tell_place(pc);
        }
        self.call_address(helper.entry.address());
        Ok(())
    }

    /// A direct call if the function is in reach, through rax otherwise.
    pub fn call_address(&mut self, address: usize) {
        if self.arena.reaches(address) {
            self.emitter.ops.push(0xe8);
            let from = self.arena.next() + self.emitter.offset() as usize + 4;
            self.emitter.ops.push_i32(address.wrapping_sub(from) as isize as i32);
        } else {
            emit!(self.emitter.ops ; mov rax, QWORD address as i64 ; call rax);
        }
    }
}
