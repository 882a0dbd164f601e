//! The stack of Python frames, with a layout that machine code can push to.
//!
//! A `Vec` in all but its layout, which is part of the code generator's contract: a call from compiled code to compiled
//! code writes the frames itself and moves `top`. `room` says how far it may go without asking.

use std::alloc::{Layout, handle_alloc_error, realloc};
use std::ops::{Deref, DerefMut};

use super::vm::Frame;

/// Innermost frame last.
#[derive(Debug)]
#[repr(C)]
pub struct FrameStack {
    first: *mut Frame,
    /// Behind the innermost frame.
    pub(crate) top: *mut Frame,
    /// Machine code whose frames would end here or below may push the frames of a call: those it has inlined, and the
    /// callee's. Null if no call may.
    pub(crate) room_for_call: *mut Frame,
    /// The interpreter pushes no frame here without asking: where the capacity ends, or the recursion limit less the
    /// frames that a trace may have inlined, which do not count while it runs.
    room: *mut Frame,
    capacity: usize,
    limit: usize,
    inlined: usize,
}

/// The stack of values begins at a page's start, and this one so far behind a page's start.
///
/// A processor takes a load for one of what an earlier store has not written yet if their addresses agree in the last
/// twelve bits, and lets it wait. A call stores arguments and reads the caller's registers at the end of the one stack,
/// stores frames and reads the caller's at the end of the other; so the ends had better be far from each other, seen modulo
/// 4096. How far an activation moves them differs: a large function that calls itself takes 100 to 200 bytes of values for 24
/// of frames, a small one that is inlined into itself three times less than 100 bytes of values for 96. Either may be
/// ahead, hence half a page: small activations come near each other after some forty levels, large ones after some twelve,
/// and leave each other again two levels later.
///
/// Measured: fib, which is inlined into itself, takes 14.4 ms at 3584 and 7.4 to 7.6 at 0, 256, 512, 1024, 2048, 3072 and 3840.
/// Recursions whose frames have 3 to 17 registers, 16 and 200 levels deep: the same from 0 to 3584. Where the native stack lies
/// is the system's choice, and may still be unlucky.
const OFFSET: usize = PAGE / 2;
const PAGE: usize = 4096;

/// Memory for so many frames, behind the offset.
fn layout(capacity: usize) -> Layout {
    let bytes = capacity.checked_mul(size_of::<Frame>()).and_then(|bytes| bytes.checked_add(OFFSET));
    bytes.and_then(|bytes| Layout::from_size_align(bytes, PAGE).ok()).expect("frames fit in memory")
}

impl FrameStack {
    /// The innermost frame is at this instruction. The IR interpreter's tests have a VM of zeros, without frames.
    pub fn stand_at(&mut self, pc: u32) {
        if !self.is_empty()
            && let Some(frame) = self.last_mut()
        {
            frame.pc = pc;
        }
    }

    /// An empty stack for a recursion limit.
    pub fn new(limit: usize) -> FrameStack {
        let first = std::ptr::NonNull::dangling().as_ptr();
        FrameStack {
            first,
            top: first,
            room_for_call: std::ptr::null_mut(),
            room: first,
            capacity: 0,
            limit,
            inlined: 0,
        }
    }

    /// Adapts to another recursion limit.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.measure();
    }

    /// Says how many frames a trace may have inlined.
    pub fn set_inlined(&mut self, most: usize) {
        self.inlined = most;
        self.measure();
    }

    fn measure(&mut self) {
        let room = self.capacity.min(self.limit.saturating_sub(self.inlined));
        self.room = self.first.wrapping_add(room);
        self.room_for_call = match room.checked_sub(self.inlined + 1) {
            Some(room) => self.first.wrapping_add(room),
            None => std::ptr::null_mut(),
        };
    }

    /// Whether a trace may run on the top frame: near the recursion limit the interpreter counts each frame.
    #[inline]
    pub fn has_room_for_trace(&self) -> bool {
        self.len() + self.inlined <= self.limit
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.top as usize - self.first as usize) / size_of::<Frame>()
    }
    pub fn is_empty(&self) -> bool {
        self.top == self.first
    }
    /// Whether its length is this.
    #[inline(always)]
    pub fn has_length(&self, length: usize) -> bool {
        self.top == self.first.wrapping_add(length)
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline(always)]
    pub fn push(&mut self, frame: Frame) {
        if self.has_length(self.capacity) {
            self.grow(1);
        }
        // SAFETY: there is room for one more.
        unsafe { self.write_on_top(frame) };
    }

    /// Pushes several, innermost last.
    pub fn push_all(&mut self, frames: &[Frame]) {
        self.reserve(frames.len());
        // SAFETY: there is room for them, in memory of its own.
        unsafe { std::ptr::copy_nonoverlapping(frames.as_ptr(), self.top, frames.len()) };
        self.top = self.top.wrapping_add(frames.len());
    }

    /// The top frame, of a stack that has one.
    #[inline(always)]
    pub fn top(&self) -> *mut Frame {
        debug_assert!(!self.is_empty());
        self.top.wrapping_sub(1)
    }

    /// Whether [`FrameStack::push_in_room`] may push.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        self.top < self.room
    }

    /// Pushes where there is room.
    ///
    /// # Safety
    /// [`FrameStack::has_room`].
    #[inline(always)]
    pub unsafe fn push_in_room(&mut self, frame: Frame) {
        debug_assert!(self.len() < self.capacity);
        // SAFETY: by the caller.
        unsafe { self.write_on_top(frame) };
    }

    /// # Safety
    /// There is room.
    #[inline(always)]
    unsafe fn write_on_top(&mut self, frame: Frame) {
        // SAFETY: by the caller.
        unsafe { self.top.write(frame) };
        self.top = self.top.wrapping_add(1);
    }

    /// As [`FrameStack::pop`], of a stack that has a frame.
    ///
    /// # Safety
    /// It has one.
    #[inline(always)]
    pub unsafe fn pop_top(&mut self) -> Frame {
        debug_assert!(!self.is_empty());
        self.top = self.top.wrapping_sub(1);
        // SAFETY: the frame was pushed; frames are plain data.
        unsafe { self.top.read() }
    }

    #[inline(always)]
    pub fn pop(&mut self) -> Option<Frame> {
        // SAFETY: there is a frame.
        (!self.is_empty()).then(|| unsafe { self.pop_top() })
    }

    /// Makes room for so many more frames.
    pub fn reserve(&mut self, more: usize) {
        if self.capacity - self.len() < more {
            self.grow(more);
        }
    }

    /// Keeps the first `length` frames.
    pub fn truncate(&mut self, length: usize) {
        self.top = self.top.min(self.first.wrapping_add(length));
    }

    /// Drops the frames from index `length` on, or brings back the ones dropped last.
    ///
    /// # Safety
    /// Frames were pushed up to `length` before, and none of them overwritten since with another activation's.
    pub unsafe fn set_length(&mut self, length: usize) {
        debug_assert!(length <= self.capacity);
        self.top = self.first.wrapping_add(length);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let length = self.len();
        let capacity = (length + more).max(2 * self.capacity).max(1024);
        let new = layout(capacity);
        // SAFETY: the old memory, if there is any, came from here with its layout; the size is not zero.
        let memory = unsafe {
            match self.capacity {
                0 => std::alloc::alloc(new),
                old => realloc(self.first.byte_sub(OFFSET).cast(), layout(old), new.size()),
            }
        };
        if memory.is_null() {
            handle_alloc_error(new);
        }
        // SAFETY: the layout has room for it.
        self.first = unsafe { memory.add(OFFSET).cast() };
        self.top = self.first.wrapping_add(length);
        self.capacity = capacity;
        self.measure();
    }
}

impl Drop for FrameStack {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: as in `grow`.
            unsafe { std::alloc::dealloc(self.first.byte_sub(OFFSET).cast(), layout(self.capacity)) };
        }
    }
}

impl Deref for FrameStack {
    type Target = [Frame];
    #[inline(always)]
    fn deref(&self) -> &[Frame] {
        // SAFETY: so many frames have been written; the pointer is aligned even while there are none.
        unsafe { std::slice::from_raw_parts(self.first, self.len()) }
    }
}

impl DerefMut for FrameStack {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Frame] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::CodeId;
    use crate::runtime::value::Value;
    use crate::runtime::vm::{Continuation, Vm};

    /// Distance of the stack of frames from that of values, modulo a page.
    fn distance(vm: &Vm) -> usize {
        (vm.frames.first as usize).wrapping_sub(vm.stack as usize) % PAGE
    }

    #[test]
    fn frames_and_values_lie_half_a_page_apart_however_far_the_stack_has_grown() {
        let mut vm = Vm::new(Vec::new());
        for depth in 0..100_000u32 {
            let frame =
                Frame { code: CodeId(0), pc: depth, base: depth, continuation: Continuation::Call, value: Value::NONE };
            vm.frames.push(frame);
            assert_eq!(distance(&vm), OFFSET, "with {depth} frames");
        }
        assert!(vm.frames.capacity() >= 100_000);
        assert!(vm.frames.iter().enumerate().all(|(depth, frame)| frame.pc as usize == depth));
    }
}
