//! The one place that knows which words of each shape refer to other objects.

use super::instances::attributes_word;
use super::object::{
    Awaitable, ByteArray, Descriptor, Dict, Exception, Generator, Header, IteratorObject, List, Module, STORAGE_ITEMS,
    Set, ShapeId, Tuple,
};
use super::shapes::FloatSlots;
use super::value::Value;

/// Offset of the first word and number of words that are values, for shapes of fixed layout.
const fn value_fields(shape: ShapeId) -> (usize, usize) {
    match shape {
        ShapeId::RANGE | ShapeId::LONG_RANGE | ShapeId::SLICE | ShapeId::CELL => (8, 3),
        ShapeId::FUNCTION => (16, 4),
        ShapeId::CLOSURE_CELL => (8, 1),
        ShapeId::CODE => (8, 2),
        ShapeId::COROUTINE_WRAPPER | ShapeId::ASYNC_GENERATOR_STEP => (8, (size_of::<Awaitable>() - 8) / 8),
        ShapeId::BOUND_METHOD => (8, 2),
        ShapeId::PROPERTY
        | ShapeId::STATIC_METHOD
        | ShapeId::CLASS_METHOD
        | ShapeId::SUPER
        | ShapeId::MEMBER
        | ShapeId::TRACEBACK
        | ShapeId::FRAME
        | ShapeId::MAPPING_PROXY
        | ShapeId::GENERIC_ALIAS
        | ShapeId::ITEM_ITERATOR
        | ShapeId::UNION => (8, (size_of::<Descriptor>() - 8) / 8),
        ShapeId::MODULE => (std::mem::offset_of!(Module, dict), 2),
        ShapeId::EXCEPTION => (8, (size_of::<Exception>() - 8) / 8),
        ShapeId::RANGE_ITERATOR
        | ShapeId::LIST_ITERATOR
        | ShapeId::TUPLE_ITERATOR
        | ShapeId::STR_ITERATOR
        | ShapeId::TEXT_ITERATOR
        | ShapeId::LIST_REVERSE_ITERATOR
        | ShapeId::ENUMERATE
        | ShapeId::ZIP
        | ShapeId::MAP
        | ShapeId::FILTER
        | ShapeId::REVERSED
        | ShapeId::CALL_ITERATOR
        | ShapeId::DICT_KEY_ITERATOR
        | ShapeId::DICT_VALUE_ITERATOR
        | ShapeId::DICT_ITEM_ITERATOR
        | ShapeId::DICT_REVERSE_KEY_ITERATOR
        | ShapeId::DICT_REVERSE_VALUE_ITERATOR
        | ShapeId::DICT_REVERSE_ITEM_ITERATOR
        | ShapeId::SET_ITERATOR
        | ShapeId::BYTES_ITERATOR
        | ShapeId::BYTEARRAY_ITERATOR
        | ShapeId::MEMORY_ITERATOR
        | ShapeId::LONG_RANGE_ITERATOR => (8, (size_of::<IteratorObject>() - 8) / 8),
        ShapeId::DICT_KEYS | ShapeId::DICT_VALUES | ShapeId::DICT_ITEMS | ShapeId::MEMORYVIEW => (8, 1),
        _ => (0, 0),
    }
}

/// Calls `visit` with every value an object holds (immediate ones too), and with its storage. Storage itself counts
/// as a leaf: its owner knows how much of it is in use. `float_slots` says which slots of instances hold doubles.
///
/// # Safety
/// `header` is an object of the heap, all its fields filled.
#[inline(always)]
pub unsafe fn for_each_reference(header: *mut Header, float_slots: &FloatSlots, visit: &mut impl FnMut(Value)) {
    // SAFETY: the caller passes an object, and the layout of each shape is the one declared in `object`.
    unsafe {
        let layout = ShapeId((*header).kind as u32);
        let has_word = (*header).shape.is_dynamic() && layout != ShapeId::INSTANCE || layout == ShapeId::EXCEPTION;
        if has_word {
            visit(*attributes_word(header));
        }
        let (first, count) = match layout {
            // The word before the slots counts as one.
            ShapeId::INSTANCE => {
                let floats = float_slots.of((*header).shape);
                if floats != 0 {
                    for_each_beside_floats(header, floats, visit);
                    return;
                }
                (header.byte_add(8).cast::<Value>(), 1 + (*header).aux as usize)
            }
            ShapeId::LIST => {
                let list = header.cast::<List>();
                if !(*list).data.is_null() {
                    visit(Value::from_address((*list).data as usize - STORAGE_ITEMS));
                }
                ((*list).data, (*list).length as usize)
            }
            ShapeId::STR => {
                if let Some(buffer) = super::strings::buffer(header.cast()) {
                    visit(buffer);
                }
                return;
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
            ShapeId::BYTEARRAY => {
                let array = header.cast::<ByteArray>();
                if !(*array).data.is_null() {
                    visit(Value::from_address((*array).data as usize - STORAGE_ITEMS));
                }
                return;
            }
            ShapeId::SET | ShapeId::FROZENSET => {
                for_each_of_set(header.cast(), visit);
                return;
            }
            ShapeId::GENERATOR | ShapeId::COROUTINE | ShapeId::ASYNC_GENERATOR => {
                let generator = header.cast::<Generator>();
                let fields = std::mem::offset_of!(Generator, function);
                (header.byte_add(fields).cast::<Value>(), 4 + (*generator).count())
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

/// As [`for_each_reference`] of an instance with these slots that hold doubles; out of line, as sets are.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn for_each_beside_floats(instance: *mut Header, floats: u64, visit: &mut impl FnMut(Value)) {
    // SAFETY: by the caller.
    unsafe {
        let words = instance.byte_add(8).cast::<Value>();
        visit(*words);
        for slot in (0..(*instance).aux).filter(|slot| floats >> slot & 1 == 0) {
            visit(*words.add(1 + usize::from(slot)));
        }
    }
}

/// As [`for_each_reference`] of a set: out of line, since those who walk over objects meet few sets.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn for_each_of_set(set: *mut Set, visit: &mut impl FnMut(Value)) {
    // SAFETY: by the caller.
    unsafe {
        if (*set).table.is_null() {
            return;
        }
        visit(Value::from_address((*set).table as usize - STORAGE_ITEMS));
        let mut slot = 0;
        while let Some(found) = (*set).occupied_from(slot) {
            visit((*(*set).table.add(found)).key);
            slot = found + 1;
        }
    }
}
