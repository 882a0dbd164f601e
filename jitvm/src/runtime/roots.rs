//! Conservative roots: the native stack with the registers on it, and ranges of words to look for pointers in.

use std::mem::MaybeUninit;

use super::heap::Heap;

/// Stack that native code keeps in reserve when it checks for recursion.
const RESERVE_BYTES: usize = 256 << 10;

/// Lowest and highest address of the calling thread's stack.
pub fn native_stack() -> (usize, usize) {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut lowest = std::ptr::null_mut();
    let mut bytes = 0;
    // SAFETY: the attributes are initialised by `pthread_getattr_np` before they are read, and destroyed after.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            let here = current_stack_pointer();
            return (here.saturating_sub(1 << 20), here);
        }
        libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut bytes);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
    (lowest as usize, lowest as usize + bytes)
}

fn current_stack_pointer() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here) as usize
}

/// Puts the callee-saved registers on the stack and calls `function(context, stack pointer)`: from that address up
/// lies every word the callers still need.
#[unsafe(naked)]
pub extern "C" fn with_registers_on_stack(
    context: *mut libc::c_void,
    function: extern "C" fn(*mut libc::c_void, usize),
) {
    std::arch::naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov rax, rsi",
        "mov rsi, rsp",
        "call rax",
        "lea rsp, [rbp - 40]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

impl Heap {
    /// Says that the VM now runs on the calling thread.
    pub fn set_native_stack(&mut self) {
        (self.native_lowest, self.native_base) = native_stack();
    }

    /// Shows every word that callers of this function have on the native stack, the innermost first.
    pub fn native_words(&self, look: &mut dyn FnMut(usize)) {
        let lowest = current_stack_pointer().next_multiple_of(size_of::<usize>());
        for address in (lowest..self.native_base).step_by(size_of::<usize>()) {
            // SAFETY: between the stack pointer and the base it all is mapped stack of this thread.
            look(unsafe { std::ptr::read_volatile(address as *const usize) });
        }
    }

    /// Native code must not recurse deeper.
    pub fn native_stack_is_short(&self) -> bool {
        current_stack_pointer() < self.native_lowest + RESERVE_BYTES
    }

    /// Whether the address lies in memory where small objects are.
    pub(crate) fn is_among_objects(&self, address: usize) -> bool {
        self.blocks.contains(address)
    }

    /// Whether an object that the last collection knew of begins at this address.
    pub(crate) fn has_object_at(&self, address: usize) -> bool {
        self.blocks.object_at(address).or_else(|| self.large.object_at(address)) == Some(address)
    }

    /// Pushes the address of each object that a word in the range points to, or into, on the mark stack.
    ///
    /// # Safety
    /// The range is readable memory, aligned to 8.
    pub(super) unsafe fn scan_conservatively(&mut self, from: usize, to: usize) {
        let mut address = from;
        while address < to {
            // SAFETY: within the range, which the caller vouches for. Volatile: other frames' locals are read.
            let word = unsafe { std::ptr::read_volatile(address as *const usize) };
            if let Some(object) = self.blocks.object_at(word).or_else(|| self.large.object_at(word)) {
                self.mark_stack.push(object);
            }
            address += 8;
        }
    }
}
