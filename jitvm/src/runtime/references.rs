//! The one place that knows which words of each shape refer to other objects.

use super::object::{Dict, Exception, Header, IteratorObject, List, Module, STORAGE_ITEMS, ShapeId, Tuple};
use super::value::Value;

/// Offset of the first word and number of words that are values, for shapes of fixed layout.
const fn value_fields(shape: ShapeId) -> (usize, usize) {
    match shape {
        ShapeId::RANGE | ShapeId::SLICE | ShapeId::CELL => (8, 3),
        ShapeId::FUNCTION => (16, 1),
        ShapeId::BOUND_METHOD => (8, 2),
        ShapeId::MODULE => (std::mem::offset_of!(Module, dict), 2),
        ShapeId::EXCEPTION => (8, (size_of::<Exception>() - 8) / 8),
        ShapeId::RANGE_ITERATOR
        | ShapeId::LIST_ITERATOR
        | ShapeId::TUPLE_ITERATOR
        | ShapeId::STR_ITERATOR
        | ShapeId::ENUMERATE
        | ShapeId::ZIP
        | ShapeId::MAP
        | ShapeId::FILTER
        | ShapeId::REVERSED
        | ShapeId::CALL_ITERATOR => (8, (size_of::<IteratorObject>() - 8) / 8),
        _ => (0, 0),
    }
}

/// Calls `visit` with every value an object holds (immediate ones too), and with its storage. Storage itself counts
/// as a leaf: its owner knows how much of it is in use.
///
/// # Safety
/// `header` is an object of the heap, all its fields filled.
#[inline(always)]
pub unsafe fn for_each_reference(header: *mut Header, visit: &mut impl FnMut(Value)) {
    // SAFETY: the caller passes an object, and the layout of each shape is the one declared in `object`.
    unsafe {
        let (first, count) = match (*header).shape {
            ShapeId::LIST => {
                let list = header.cast::<List>();
                if !(*list).data.is_null() {
                    visit(Value::from_address((*list).data as usize - STORAGE_ITEMS));
                }
                ((*list).data, (*list).length as usize)
            }
            ShapeId::TUPLE => {
                let tuple = header.cast::<Tuple>();
                (tuple.byte_add(Tuple::ITEMS).cast::<Value>(), (*tuple).length as usize)
            }
            ShapeId::DICT => {
                let dict = header.cast::<Dict>();
                if !(*dict).entries.is_null() {
                    visit(Value::from_address((*dict).entries as usize - STORAGE_ITEMS));
                }
                for entry in 0..(*dict).filled as usize {
                    let entry = (*dict).entries.add(entry);
                    visit((*entry).key);
                    visit((*entry).value);
                }
                return;
            }
            shape => {
                let (offset, count) = value_fields(shape);
                (header.byte_add(offset).cast::<Value>(), count)
            }
        };
        for index in 0..count {
            visit(*first.add(index));
        }
    }
}
