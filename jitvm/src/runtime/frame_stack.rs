//! The stack of Python frames, with a layout that machine code can push to.
//!
//! A `Vec` in all but its layout, which is part of the code generator's contract: a call from compiled code to compiled
//! code writes the frames itself and adds to `length`. `room` says how far it may go without asking.

use std::alloc::{Layout, handle_alloc_error, realloc};
use std::ops::{Deref, DerefMut};

use super::vm::Frame;

/// Innermost frame last.
#[derive(Debug)]
#[repr(C)]
pub struct FrameStack {
    pub(crate) first: *mut Frame,
    pub(crate) length: usize,
    /// Machine code pushes no frame past so many: the smaller of the capacity and of the recursion limit less the frames
    /// that a trace may have inlined, which do not count while it runs.
    pub(crate) room: usize,
    capacity: usize,
    limit: usize,
    inlined: usize,
}

impl FrameStack {
    /// An empty stack for a recursion limit.
    pub fn new(limit: usize) -> FrameStack {
        FrameStack { first: std::ptr::NonNull::dangling().as_ptr(), length: 0, room: 0, capacity: 0, limit, inlined: 0 }
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
        self.room = self.capacity.min(self.limit.saturating_sub(self.inlined));
    }

    /// Whether a trace may run on the top frame: near the recursion limit the interpreter counts each frame.
    #[inline]
    pub fn has_room_for_trace(&self) -> bool {
        self.length + self.inlined <= self.limit
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length
    }
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline(always)]
    pub fn push(&mut self, frame: Frame) {
        if self.length == self.capacity {
            self.grow(1);
        }
        // SAFETY: there is room for one more.
        unsafe { self.first.add(self.length).write(frame) };
        self.length += 1;
    }

    /// Pushes several, innermost last.
    pub fn push_all(&mut self, frames: &[Frame]) {
        self.reserve(frames.len());
        // SAFETY: there is room for them, in memory of its own.
        unsafe { std::ptr::copy_nonoverlapping(frames.as_ptr(), self.first.add(self.length), frames.len()) };
        self.length += frames.len();
    }

    /// The top frame, of a stack that has one.
    #[inline(always)]
    pub fn top(&self) -> *mut Frame {
        debug_assert!(self.length > 0);
        self.first.wrapping_add(self.length).wrapping_sub(1)
    }

    /// Whether [`FrameStack::push_in_room`] may push.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        self.length < self.room
    }

    /// Pushes where there is room.
    ///
    /// # Safety
    /// [`FrameStack::has_room`].
    #[inline(always)]
    pub unsafe fn push_in_room(&mut self, frame: Frame) {
        debug_assert!(self.length < self.capacity);
        // SAFETY: by the caller.
        unsafe { self.first.add(self.length).write(frame) };
        self.length += 1;
    }

    /// As [`FrameStack::pop`], of a stack that has a frame.
    ///
    /// # Safety
    /// It has one.
    #[inline(always)]
    pub unsafe fn pop_top(&mut self) -> Frame {
        debug_assert!(self.length > 0);
        self.length -= 1;
        // SAFETY: the frame was pushed; frames are plain data.
        unsafe { self.first.add(self.length).read() }
    }

    #[inline(always)]
    pub fn pop(&mut self) -> Option<Frame> {
        self.length = self.length.checked_sub(1)?;
        // SAFETY: the frame was pushed; frames are plain data.
        Some(unsafe { self.first.add(self.length).read() })
    }

    /// Makes room for so many more frames.
    pub fn reserve(&mut self, more: usize) {
        if self.capacity - self.length < more {
            self.grow(more);
        }
    }

    /// Keeps the first `length` frames.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Drops the frames from index `length` on, or brings back the ones dropped last.
    ///
    /// # Safety
    /// Frames were pushed up to `length` before, and none of them overwritten since with another activation's.
    pub unsafe fn set_length(&mut self, length: usize) {
        debug_assert!(length <= self.capacity);
        self.length = length;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let capacity = (self.length + more).max(2 * self.capacity).max(1024);
        let new = Layout::array::<Frame>(capacity).expect("frames fit in memory");
        // SAFETY: the old memory, if there is any, came from here with its layout; the size is not zero.
        let memory = unsafe {
            match Layout::array::<Frame>(self.capacity) {
                Ok(old) if self.capacity > 0 => realloc(self.first.cast(), old, new.size()),
                _ => std::alloc::alloc(new),
            }
        };
        if memory.is_null() {
            handle_alloc_error(new);
        }
        self.first = memory.cast();
        self.capacity = capacity;
        self.measure();
    }
}

impl Drop for FrameStack {
    fn drop(&mut self) {
        if let (true, Ok(layout)) = (self.capacity > 0, Layout::array::<Frame>(self.capacity)) {
            // SAFETY: as in `grow`.
            unsafe { std::alloc::dealloc(self.first.cast(), layout) };
        }
    }
}

impl Deref for FrameStack {
    type Target = [Frame];
    #[inline(always)]
    fn deref(&self) -> &[Frame] {
        // SAFETY: so many frames have been written; the pointer is aligned even while there are none.
        unsafe { std::slice::from_raw_parts(self.first, self.length) }
    }
}

impl DerefMut for FrameStack {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Frame] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.length) }
    }
}
