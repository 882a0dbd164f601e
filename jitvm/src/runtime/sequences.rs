//! Making, reading and growing lists and tuples, and the small objects made of a few values.

use super::heap::{Heap, LARGEST_CELL};
use super::object::{
    BoundMethod, ClosureCell, Function, Header, IteratorObject, List, Range, STORAGE_ITEMS, ShapeId, Slice, Tuple,
};
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::ir::CodeId;

/// So many items are copied one by one.
const FEW: usize = 16;

/// Longest list: its length is a `u32`.
pub const LONGEST: usize = u32::MAX as usize;

/// The items of a list or tuple. The collector finds the reference on the native stack; the caller does not use it
/// any more once the list may have changed.
#[inline]
pub fn items<'a>(value: Value) -> &'a [Value] {
    // SAFETY: the shape says which layout; a list's data holds `length` items.
    unsafe {
        if value.has_layout(ShapeId::LIST) {
            let list = value.object::<List>();
            return slice_of((*list).data, (*list).length as usize);
        }
        debug_assert!(value.has_layout(ShapeId::TUPLE));
        let tuple = value.object::<Tuple>();
        slice_of(tuple.byte_add(Tuple::ITEMS).cast(), (*tuple).length as usize)
    }
}

/// # Safety
/// `data` points to `length` values, or `length` is 0.
unsafe fn slice_of<'a>(data: *mut Value, length: usize) -> &'a [Value] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller vouches for the range.
    unsafe { std::slice::from_raw_parts(data, length) }
}

/// The items of a list, to store others there; nothing else reads the list meanwhile, and nothing is allocated.
pub fn items_mut<'a>(vm: &mut Vm, list: Value) -> &'a mut [Value] {
    vm.heap.written(list.object::<List>());
    items_to_move(list)
}

/// The items of a list, to bring into another order; nothing else reads the list meanwhile.
pub fn items_to_move<'a>(list: Value) -> &'a mut [Value] {
    debug_assert!(list.has_layout(ShapeId::LIST));
    let list = list.object::<List>();
    // SAFETY: the shape was checked; the data holds `length` items.
    unsafe {
        match (*list).length {
            0 => &mut [],
            length => std::slice::from_raw_parts_mut((*list).data, length as usize),
        }
    }
}

/// Items of a list or tuple, `None` for other values; instances of derived classes may iterate otherwise.
pub fn as_items<'a>(value: Value) -> Option<&'a [Value]> {
    matches!(value.shape(), ShapeId::LIST | ShapeId::TUPLE).then(|| items(value))
}

/// Shortens a list; `length` is not above its own.
pub fn truncate(list: Value, length: usize) {
    // SAFETY: the caller passes a list.
    unsafe { (*list.object::<List>()).length = length as u32 };
}

/// Start, stop and step of a range.
pub fn range_bounds(range: Value) -> (i64, i64, i64) {
    debug_assert!(range.has_layout(ShapeId::RANGE));
    // SAFETY: the shape was checked, and range bounds are fixnums.
    unsafe {
        let range = &*range.object::<Range>();
        (range.start.as_fixnum(), range.stop.as_fixnum(), range.step.as_fixnum())
    }
}

/// Number of items of a range.
pub fn range_length((start, stop, step): (i64, i64, i64)) -> u64 {
    if step > 0 && start < stop {
        (stop - start - 1) as u64 / step as u64 + 1
    } else if step < 0 && start > stop {
        (start - stop - 1) as u64 / step.unsigned_abs() + 1
    } else {
        0
    }
}

/// Copies items to other memory. Of the few that most sequences have, a call would be the dearest part.
///
/// # Safety
/// So many items are at `from`, and there is room for them at `to`, which does not overlap.
#[inline]
pub unsafe fn copy_items(from: *const Value, to: *mut Value, count: usize) {
    if count > FEW {
        // SAFETY: by the caller.
        return unsafe { std::ptr::copy_nonoverlapping(from, to, count) };
    }
    for index in 0..count {
        // SAFETY: by the caller; the empty instruction keeps the compiler from making a call of the loop. One by one, since
        // items written one by one a moment ago cannot be read together without waiting.
        unsafe {
            to.add(index).write(from.add(index).read());
            std::arch::asm!("", options(nomem, nostack, preserves_flags));
        }
    }
}

impl Vm {
    /// An empty list with room for `capacity` items.
    pub fn list_with_capacity(&mut self, capacity: usize) -> Outcome {
        let list = self.allocate(size_of::<List>(), ShapeId::LIST).cast::<List>();
        // SAFETY: the allocation has room for a `List`.
        unsafe {
            (*list).length = 0;
            (*list).capacity = 0;
            (*list).data = std::ptr::null_mut();
        }
        let value = Value::of(list);
        let bytes = STORAGE_ITEMS + capacity.min(LARGEST_CELL) * 8;
        if capacity > 0 && bytes <= LARGEST_CELL {
            let storage = self.allocate(bytes, ShapeId::STORAGE);
            // SAFETY: as above; a collection has kept the list, and may have made it an old one.
            unsafe {
                (*list).data = storage.byte_add(STORAGE_ITEMS).cast::<Value>();
                (*list).capacity = ((Heap::usable_bytes(bytes) - STORAGE_ITEMS) / 8) as u32;
                self.heap.written(list);
            }
        } else if capacity > 0 {
            self.set_capacity(value, capacity)?;
        }
        Ok(value)
    }

    /// A list of values that are reachable from elsewhere: the VM stack, an object, an array on the native stack.
    pub fn list(&mut self, values: &[Value]) -> Outcome {
        let list = self.list_with_capacity(values.len())?;
        // SAFETY: the list is new, with room for all values.
        unsafe {
            let object = list.object::<List>();
            if !values.is_empty() {
                copy_items(values.as_ptr(), (*object).data, values.len());
                self.heap.written(object);
            }
            (*object).length = values.len() as u32;
        }
        Ok(list)
    }

    /// Moves the items to storage for at least `capacity`, which is not below the length.
    pub fn set_capacity(&mut self, list: Value, capacity: usize) -> Outcome<()> {
        if capacity > LONGEST {
            return Err(self.raise_memory_error());
        }
        let bytes = STORAGE_ITEMS + capacity * 8;
        let storage = self.try_allocate(bytes, ShapeId::STORAGE)?;
        let object = list.object::<List>();
        // SAFETY: the caller passes a list; its items fit the new storage, which is a different object.
        unsafe {
            let data = storage.byte_add(STORAGE_ITEMS).cast::<Value>();
            if !(*object).data.is_null() {
                std::ptr::copy_nonoverlapping((*object).data, data, (*object).length as usize);
            }
            (*object).data = data;
            self.heap.written(object);
            (*object).capacity = ((Heap::usable_bytes(bytes) - STORAGE_ITEMS) / 8).min(LONGEST) as u32;
        }
        Ok(())
    }

    /// Makes room for `extra` more items.
    pub fn reserve(&mut self, list: Value, extra: usize) -> Outcome<()> {
        // SAFETY: the caller passes a list.
        let (length, capacity) = unsafe {
            let object = &*list.object::<List>();
            (object.length as usize, object.capacity as usize)
        };
        let needed = length + extra;
        if needed <= capacity {
            return Ok(());
        }
        let grown = if length < 1 << 16 { length * 2 } else { length + length / 2 };
        self.set_capacity(list, needed.max(grown.min(LONGEST)).max(3))
    }

    /// `list.append(value)`.
    #[inline]
    pub fn push(&mut self, list: Value, value: Value) -> Outcome<()> {
        let object = list.object::<List>();
        // SAFETY: the caller passes a list; after `reserve` there is room for one more.
        unsafe {
            if (*object).length == (*object).capacity {
                self.reserve(list, 1)?;
            }
            (*object).data.add((*object).length as usize).write(value);
            (*object).length += 1;
            self.heap.written(object);
        }
        Ok(())
    }

    /// A tuple of values that are reachable from elsewhere.
    pub fn tuple(&mut self, values: &[Value]) -> Outcome {
        if values.is_empty() && self.empty_tuple.is_pointer() {
            return Ok(self.empty_tuple);
        }
        if values.len() > LONGEST {
            return Err(self.raise_memory_error());
        }
        let tuple = self.try_allocate(Tuple::ITEMS + values.len() * 8, ShapeId::TUPLE)?.cast::<Tuple>();
        // SAFETY: the allocation has room for all items.
        unsafe {
            (*tuple).length = values.len() as u64;
            copy_items(values.as_ptr(), tuple.byte_add(Tuple::ITEMS).cast(), values.len());
        }
        Ok(Value::of(tuple))
    }

    /// A tuple whose items `fill` writes, all of them, without allocating.
    pub fn tuple_with(&mut self, length: usize, fill: impl FnOnce(&mut [Value])) -> Outcome {
        if length > LONGEST {
            return Err(self.raise_memory_error());
        }
        let tuple = self.try_allocate(Tuple::ITEMS + length * 8, ShapeId::TUPLE)?.cast::<Tuple>();
        // SAFETY: the allocation has room for all items. They are initialised first, so that `fill` gets valid words.
        unsafe {
            (*tuple).length = length as u64;
            let first = tuple.byte_add(Tuple::ITEMS).cast::<Value>();
            for index in 0..length {
                first.add(index).write(Value::NONE);
            }
            fill(std::slice::from_raw_parts_mut(first, length));
        }
        Ok(Value::of(tuple))
    }

    /// An object whose fields after the header are these values.
    pub fn object_of<const N: usize>(&mut self, shape: ShapeId, fields: [Value; N]) -> Value {
        let header = self.allocate(size_of::<Header>() + N * 8, shape);
        // SAFETY: the allocation has room for the header and the fields.
        unsafe { header.byte_add(size_of::<Header>()).cast::<[Value; N]>().write(fields) };
        Value::of(header)
    }

    /// Bounds are fixnums.
    pub fn range(&mut self, start: i64, stop: i64, step: i64) -> Value {
        let fields = [start, stop, step].map(Value::from_fixnum);
        const { assert!(size_of::<Range>() == 32) };
        self.object_of(ShapeId::RANGE, fields)
    }

    pub fn slice(&mut self, start: Value, stop: Value, step: Value) -> Value {
        const { assert!(size_of::<Slice>() == 32) };
        self.object_of(ShapeId::SLICE, [start, stop, step])
    }

    pub fn bound_method(&mut self, function: Value, receiver: Value) -> Value {
        const { assert!(size_of::<BoundMethod>() == 24) };
        self.object_of(ShapeId::BOUND_METHOD, [function, receiver])
    }

    /// An iterator object over `state`, as `GetIter` makes it.
    pub fn iterator(&mut self, shape: ShapeId, state: [Value; 4], extra: Value) -> Value {
        const { assert!(size_of::<IteratorObject>() == 48) };
        let [a, b, c, d] = state;
        self.object_of(shape, [a, b, c, d, extra])
    }

    /// A function of a code object, with a tuple of defaults or None.
    pub fn function(&mut self, code: CodeId, defaults: Value) -> Value {
        let function = self.allocate(size_of::<Function>(), ShapeId::FUNCTION).cast::<Function>();
        // SAFETY: the allocation has room for a `Function`.
        unsafe {
            (*function).code = code;
            (*function).unused = 0;
            (*function).defaults = defaults;
            (*function).closure = Value::NONE;
            (*function).annotations = Value::NONE;
            (*function).attributes = Value::UNDEF;
        }
        Value::of(function)
    }

    /// A cell for a variable that functions share; UNDEF while it is unassigned.
    pub fn closure_cell(&mut self, value: Value) -> Value {
        let cell = self.allocate(size_of::<ClosureCell>(), ShapeId::CLOSURE_CELL).cast::<ClosureCell>();
        // SAFETY: the allocation has room for it.
        unsafe { (*cell).value = value };
        Value::of(cell)
    }
}

impl Vm {
    /// Writes the items of a new list that has room for them.
    #[inline]
    pub fn fill_new_list(&mut self, list: Value, values: impl ExactSizeIterator<Item = Value>) {
        let object = list.object::<List>();
        let count = values.len();
        // SAFETY: the caller passes a list with this capacity, which nobody has seen.
        unsafe {
            assert!(count <= (*object).capacity as usize, "the list has room for the items");
            let mut next = (*object).data;
            let end = next.wrapping_add(count);
            for value in values {
                if next == end {
                    break;
                }
                next.write(value);
                next = next.add(1);
            }
            (*object).length = count as u32;
            self.heap.written(object);
        }
    }

    /// Writes the items of a new list, two pieces that lie elsewhere, for which it has room.
    pub fn fill_new_list_from(&mut self, list: Value, [first, second]: [&[Value]; 2]) {
        let object = list.object::<List>();
        let length = first.len() + second.len();
        // SAFETY: the caller passes a list with this capacity, which nobody has seen.
        unsafe {
            assert!(length <= (*object).capacity as usize, "the list has room for the items");
            copy_items(first.as_ptr(), (*object).data, first.len());
            copy_items(second.as_ptr(), (*object).data.wrapping_add(first.len()), second.len());
            (*object).length = length as u32;
            self.heap.written(object);
        }
    }

    /// Writes the items of a new list that has room for `length`; `fill` sets them all without allocating.
    pub fn fill_list(&mut self, list: Value, length: usize, fill: impl FnOnce(&mut [Value])) {
        self.fill_list_with(list, length, Value::NONE);
        fill(items_mut(self, list));
    }

    /// As [`Vm::fill_list`], with one item many times.
    pub fn fill_list_with(&mut self, list: Value, length: usize, item: Value) {
        let object = list.object::<List>();
        // SAFETY: the caller passes a list with this capacity.
        unsafe {
            assert!(length <= (*object).capacity as usize, "the list has room for the items");
            // Read once: a store of an item might change it, as far as the compiler knows.
            let data = (*object).data;
            for index in 0..length {
                data.add(index).write(item);
            }
            (*object).length = length as u32;
            self.heap.written(object);
        }
    }
}
