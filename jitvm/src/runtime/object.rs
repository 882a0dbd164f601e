//! Heap object header, the table of builtin shapes, and the object layouts machine code relies on.

use super::value::Value;

/// First 8 bytes of every heap object.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Header {
    pub shape: ShapeId,
    /// Collector state.
    pub gc: u8,
    /// Layout: the builtin shape whose fields the object has; of an exact builtin object its own.
    pub kind: u8,
    /// Small per-layout datum (a str: 1 = ASCII; an instance: how many slots follow).
    pub aux: u16,
}

impl Header {
    /// Of an exact builtin object.
    pub const fn new(shape: ShapeId) -> Header {
        Header { shape, gc: 0, kind: shape.0 as u8, aux: 0 }
    }
}

/// Hidden class of an object: builtin types have fixed ones, instances of program classes get theirs at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(transparent)]
pub struct ShapeId(pub u32);

impl ShapeId {
    /// Instances of program classes have shapes from here on.
    pub const FIRST_DYNAMIC: u32 = 128;

    #[inline(always)]
    pub const fn is_dynamic(self) -> bool {
        self.0 >= ShapeId::FIRST_DYNAMIC
    }
}

macro_rules! shapes {
    ($($name:ident = $id:literal, $type_name:literal;)*) => {
        impl ShapeId { $(pub const $name: ShapeId = ShapeId($id);)* }
        /// Builtin shapes with the Python name of their type.
        pub const SHAPES: &[(ShapeId, &str)] = &[$((ShapeId::$name, $type_name),)*];
    };
}

shapes! {
    FREE = 0, "<free cell>";
    FLOAT_BOX = 1, "float";
    BIG_INT = 2, "int";
    STR = 3, "str";
    LIST = 4, "list";
    TUPLE = 5, "tuple";
    RANGE = 6, "range";
    FUNCTION = 7, "function";
    BUILTIN = 8, "builtin_function_or_method";
    BOUND_METHOD = 9, "builtin_function_or_method";
    TYPE = 10, "type";
    MODULE = 11, "module";
    CELL = 12, "cell";
    EXCEPTION = 13, "exception";
    SLICE = 14, "slice";
    // Storage owned by one object: list items, big buffers. Never seen by the program.
    STORAGE = 15, "<storage>";
    RANGE_ITERATOR = 16, "range_iterator";
    LIST_ITERATOR = 17, "list_iterator";
    TUPLE_ITERATOR = 18, "tuple_iterator";
    STR_ITERATOR = 19, "str_ascii_iterator";
    CODE = 20, "code";
    ENUMERATE = 21, "enumerate";
    ZIP = 22, "zip";
    MAP = 23, "map";
    FILTER = 24, "filter";
    REVERSED = 25, "reversed";
    // `sys.stdout` and `sys.stderr`.
    STREAM = 26, "_io.TextIOWrapper";
    // Iterator over what a function returns until a sentinel comes, and other rare ones.
    CALL_ITERATOR = 27, "callable_iterator";
    // Containers and bytes.
    DICT = 40, "dict";
    SET = 41, "set";
    FROZENSET = 42, "frozenset";
    DICT_KEYS = 43, "dict_keys";
    DICT_VALUES = 44, "dict_values";
    DICT_ITEMS = 45, "dict_items";
    // Iterators over dicts, forwards and backwards, and over sets: `state` as `runtime::dict_views` says.
    DICT_KEY_ITERATOR = 46, "dict_keyiterator";
    DICT_VALUE_ITERATOR = 47, "dict_valueiterator";
    DICT_ITEM_ITERATOR = 48, "dict_itemiterator";
    DICT_REVERSE_KEY_ITERATOR = 49, "dict_reversekeyiterator";
    // Shared variables of functions; those of modules are CELL.
    CLOSURE_CELL = 50, "cell";
    GENERATOR = 51, "generator";
    COROUTINE = 52, "coroutine";
    ASYNC_GENERATOR = 53, "async_generator";
    // What `await coroutine` iterates over.
    COROUTINE_WRAPPER = 54, "coroutine_wrapper";
    // One awaitable step of an asynchronous generator.
    ASYNC_GENERATOR_STEP = 55, "async_generator_asend";
    DICT_REVERSE_VALUE_ITERATOR = 56, "dict_reversevalueiterator";
    DICT_REVERSE_ITEM_ITERATOR = 57, "dict_reverseitemiterator";
    SET_ITERATOR = 58, "set_iterator";
    BYTES = 59, "bytes";
    BYTEARRAY = 60, "bytearray";
    MEMORYVIEW = 61, "memoryview";
    COMPLEX = 62, "complex";
    BYTES_ITERATOR = 63, "bytes_iterator";
    BYTEARRAY_ITERATOR = 64, "bytearray_iterator";
    MEMORY_ITERATOR = 65, "memory_iterator";
    LONG_RANGE_ITERATOR = 66, "longrange_iterator";
    // Layout of plain instances of program classes, and shape of `object()`.
    INSTANCE = 70, "object";
    PROPERTY = 71, "property";
    STATIC_METHOD = 72, "staticmethod";
    CLASS_METHOD = 73, "classmethod";
    SUPER = 74, "super";
    // What `__slots__` makes in a class.
    MEMBER = 75, "member_descriptor";
    TRACEBACK = 76, "traceback";
    MAPPING_PROXY = 77, "mappingproxy";
    GENERIC_ALIAS = 78, "types.GenericAlias";
    UNION = 79, "types.UnionType";
    // An iterator over `__getitem__`.
    ITEM_ITERATOR = 80, "iterator";
    FRAME = 81, "frame";
    // A range with a bound that is no fixnum.
    LONG_RANGE = 82, "long_range";
    LIST_REVERSE_ITERATOR = 83, "list_reverseiterator";
    // Over a str that is not all ASCII.
    TEXT_ITERATOR = 84, "str_iterator";
}

/// An instance of a program class that derives from no builtin type but `object`.
#[derive(Debug)]
#[repr(C)]
pub struct Instance {
    pub header: Header,
    /// UNDEF; or the dict of all attributes, when the shape is the class's dictionary-mode shape.
    pub extra: Value,
    // `header.aux` slots follow; those that the shape does not assign are UNDEF.
}

impl Instance {
    /// Offset of the first slot.
    pub const SLOTS: usize = 16;
}

/// PROPERTY: getter, setter, deleter, doc. STATIC_METHOD, CLASS_METHOD: the function first. SUPER: start class, object
/// (or UNDEF), its class. MEMBER: name, class, slot (a fixnum). TRACEBACK: rest (or None), line, code and pc.
/// MAPPING_PROXY: class. GENERIC_ALIAS: origin, arguments. UNION: a tuple. ITEM_ITERATOR: sequence, index.
/// Fields not used are None.
#[derive(Debug)]
#[repr(C)]
pub struct Descriptor {
    pub header: Header,
    pub fields: [Value; 4],
}

/// `{items, capacity}` live apart so that growing does not move the list.
#[derive(Debug)]
#[repr(C)]
pub struct List {
    pub header: Header,
    pub length: u32,
    pub capacity: u32,
    /// Address of the first item, inside a STORAGE object (null while capacity is 0).
    pub data: *mut Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct Tuple {
    pub header: Header,
    pub length: u64,
    // Items follow.
}

impl Tuple {
    /// Offset of the first item from the header.
    pub const ITEMS: usize = 16;
}

#[derive(Debug)]
#[repr(C)]
pub struct Str {
    pub header: Header,
    /// Code points and bytes of UTF-8.
    pub length: u32,
    pub bytes: u32,
    /// Python's hash, 0 = not computed yet.
    pub hash: u64,
    // Bytes follow.
}

impl Str {
    pub const BYTES: usize = 24;
}

/// An integer outside the fixnum range; the limbs, lowest first and the top one not 0, follow.
#[derive(Debug)]
#[repr(C)]
pub struct BigInt {
    pub header: Header,
    /// Number of limbs, negated for a negative integer.
    pub size: i64,
}

impl BigInt {
    pub const LIMBS: usize = 16;
}

/// RANGE: the bounds are fixnums. LONG_RANGE: any ints; see `runtime::long_range`.
#[derive(Debug)]
#[repr(C)]
pub struct Range {
    pub header: Header,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct FloatBox {
    pub header: Header,
    pub value: f64,
}

/// A global variable of a module. Cells never move or die while their module lives.
#[derive(Debug)]
#[repr(C)]
pub struct Cell {
    pub header: Header,
    /// UNDEF while unassigned.
    pub value: Value,
    /// The builtin of the same name, or UNDEF.
    pub fallback: Value,
    /// A str.
    pub name: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct Function {
    pub header: Header,
    /// Always 0: together with what follows a word that is a fixnum, which traces load and compare.
    pub unused: u32,
    /// Index of the code object.
    pub code: crate::ir::CodeId,
    /// A tuple, or None.
    pub defaults: Value,
    /// A tuple of CLOSURE_CELLs, or None.
    pub closure: Value,
    /// A tuple of name, value, name, value, ..., or a dict, or None.
    pub annotations: Value,
    /// A dict of attributes that were set, or UNDEF.
    pub attributes: Value,
}

impl Function {
    /// The word with the code, which is an int.
    pub const fn code_word(code: crate::ir::CodeId) -> Value {
        Value((code.0 as u64) << 32)
    }
}

/// A variable that functions share.
#[derive(Debug)]
#[repr(C)]
pub struct ClosureCell {
    pub header: Header,
    /// UNDEF while unassigned.
    pub value: Value,
}

/// CODE: what `compile` makes (its number in `Vm::texts`, then None), or the code of a function (None, then its id).
#[derive(Debug)]
#[repr(C)]
pub struct CodeObject {
    pub header: Header,
    pub fields: [Value; 2],
}

/// How far a generator has come. Multiples of four, so that the word with it looks like an int.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum GeneratorState {
    Created = 0,
    Suspended = 4,
    Running = 8,
    Finished = 12,
    /// Runs, but all it does is to wait for the generator it delegates to: its registers are still in the object.
    Passing = 16,
}

/// A generator, coroutine or asynchronous generator.
#[derive(Debug)]
#[repr(C)]
pub struct Generator {
    pub header: Header,
    pub state: GeneratorState,
    /// Instruction it is suspended at: its GENERATOR or a YIELD. With the state it is one word, as compiled code has it.
    pub pc: u32,
    /// Bytes of the registers that follow; with the code one word as well.
    pub register_bytes: u32,
    pub code: crate::ir::CodeId,
    pub function: Value,
    /// The exception it was handling when it was suspended, or UNDEF.
    pub handled: Value,
    /// The iterator it delegates to while suspended or passing, or UNDEF.
    pub delegate: Value,
    /// Asynchronous generators: NONE, or TRUE while a step of it is running.
    pub busy: Value,
    // Registers follow; those that are not live are UNDEF.
}

impl Generator {
    pub const REGISTERS: usize = 56;

    /// Number of registers.
    #[inline(always)]
    pub const fn count(&self) -> usize {
        self.register_bytes as usize / size_of::<Value>()
    }
    /// The word with state and instruction, which is an int.
    pub const fn position(state: GeneratorState, pc: u32) -> Value {
        Value((pc as u64) << 32 | state as u64)
    }
    /// The word with the code, which is an int.
    pub const fn code_word(&self) -> Value {
        Generator::code_word_of(self.code, self.register_bytes as usize / size_of::<Value>())
    }
    /// The same of a code with so many registers.
    pub const fn code_word_of(code: crate::ir::CodeId, registers: usize) -> Value {
        Value((code.0 as u64) << 32 | (registers * size_of::<Value>()) as u64)
    }
}

/// COROUTINE_WRAPPER and ASYNC_GENERATOR_STEP.
#[derive(Debug)]
#[repr(C)]
pub struct Awaitable {
    pub header: Header,
    pub generator: Value,
    /// What is sent or thrown first; UNDEF once it was.
    pub first: Value,
    /// 0 send, 1 throw, 2 close (as a fixnum); NONE when it has ended.
    pub mode: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct Slice {
    pub header: Header,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

/// A builtin function or a method of a builtin type, without its receiver.
#[derive(Debug)]
#[repr(C)]
pub struct Builtin {
    pub header: Header,
    /// Index into `Vm::builtin_table`.
    pub index: u64,
}

#[derive(Debug)]
#[repr(C)]
pub struct BoundMethod {
    pub header: Header,
    /// Anything callable.
    pub function: Value,
    pub receiver: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct TypeObject {
    pub header: Header,
    pub id: u64,
}

#[derive(Debug)]
#[repr(C)]
pub struct Module {
    pub header: Header,
    /// Its globals: a dict of cells.
    pub dict: Value,
    /// A str.
    pub name: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct Exception {
    pub header: Header,
    /// A TYPE.
    pub class: Value,
    /// A tuple.
    pub args: Value,
    /// A list of fixnums `code << 32 | pc`, innermost frame first, or None.
    pub traceback: Value,
    /// Exceptions, or None.
    pub cause: Value,
    pub context: Value,
    /// A bool: `raise ... from ...` hides the context.
    pub suppress_context: Value,
    /// The missing name of a NameError, AttributeError or ImportError, and the object of the second; or None.
    pub name: Value,
    pub object: Value,
}

/// Every iterator object. `state` is what `GetIter` puts in registers; what `extra` holds depends on the shape.
#[derive(Debug)]
#[repr(C)]
pub struct IteratorObject {
    pub header: Header,
    pub state: [Value; 4],
    /// ENUMERATE: next index. ZIP, MAP: tuple of iterators. MAP, FILTER, CALL_ITERATOR: `state[3]` is the function.
    pub extra: Value,
}

#[derive(Debug)]
#[repr(C)]
pub struct Stream {
    pub header: Header,
    /// File descriptor.
    pub descriptor: u64,
}

/// A compact ordered hash table; see `runtime::dict`.
#[derive(Debug)]
#[repr(C)]
pub struct Dict {
    pub header: Header,
    /// Keys in the dict.
    pub used: u32,
    /// Entries written, holes included.
    pub filled: u32,
    /// Entries that can still be written.
    pub usable: u32,
    /// Slots of the index, less one; a power of two less one.
    pub mask: u32,
    /// Both inside one STORAGE object, the index behind the room for entries (null while there is none).
    pub entries: *mut DictEntry,
    pub index: *mut u8,
}

/// An entry of a dict; the key of a hole is UNDEF.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DictEntry {
    pub hash: i64,
    pub key: Value,
    pub value: Value,
}

impl DictEntry {
    pub const HOLE: DictEntry = DictEntry { hash: 0, key: Value::UNDEF, value: Value::UNDEF };
}

/// A set or frozenset; see `runtime::set`.
#[derive(Debug)]
#[repr(C)]
pub struct Set {
    pub header: Header,
    /// Elements in the set.
    pub used: u32,
    /// Slots that are not unused: elements and marks of deleted ones.
    pub fill: u32,
    /// Slots of the table, less one; a power of two less one.
    pub mask: u32,
    /// Where `pop` goes on.
    pub finger: u32,
    /// Of a frozenset, 0 = not computed yet.
    pub hash: i64,
    /// Inside a STORAGE object (null before the first element).
    pub table: *mut SetEntry,
    /// Which of up to 64 slots hold an element.
    pub bits: u64,
    /// The bits that the lowest six bits of the elements' hashes stand for; also of elements that were there before.
    pub signature: u64,
}

/// A slot of a set's table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SetEntry {
    /// UNDEF in unused slots.
    pub key: Value,
    pub hash: i64,
}

impl SetEntry {
    pub const UNUSED: SetEntry = SetEntry { key: Value::UNDEF, hash: 0 };
    /// The key of a slot whose element was deleted.
    pub const DELETED: Value = Value::EXHAUSTED;

    #[inline]
    pub fn is_element(&self) -> bool {
        self.key != Value::UNDEF && self.key != SetEntry::DELETED
    }
}

/// `bytes`; the data follows.
#[derive(Debug)]
#[repr(C)]
pub struct Bytes {
    pub header: Header,
    pub length: u64,
    /// Python's hash, 0 = not computed yet.
    pub hash: u64,
    // Data follows.
}

impl Bytes {
    pub const DATA: usize = 24;
}

/// `bytearray`.
#[derive(Debug)]
#[repr(C)]
pub struct ByteArray {
    pub header: Header,
    pub length: u64,
    pub capacity: u64,
    /// Inside a STORAGE object (null while capacity is 0).
    pub data: *mut u8,
}

/// `memoryview` of one dimension.
#[derive(Debug)]
#[repr(C)]
pub struct MemoryView {
    pub header: Header,
    /// The BYTES or BYTEARRAY, or None once released.
    pub source: Value,
    /// Byte of the source where the first item is.
    pub start: i64,
    /// Items.
    pub length: i64,
    /// Bytes from one item to the next.
    pub stride: i64,
    /// A character of the `struct` module.
    pub format: u8,
    pub item_size: u8,
    pub readonly: bool,
    pub unused: [u8; 5],
}

#[derive(Debug)]
#[repr(C)]
pub struct Complex {
    pub header: Header,
    pub real: f64,
    pub imaginary: f64,
}

/// What `dict.keys()`, `values()` and `items()` return.
#[derive(Debug)]
#[repr(C)]
pub struct DictView {
    pub header: Header,
    pub dict: Value,
}

/// First item of a STORAGE object.
pub const STORAGE_ITEMS: usize = 8;

impl Value {
    /// The shape of a heap object; FREE for immediate values.
    #[inline(always)]
    pub fn shape(self) -> ShapeId {
        // SAFETY: a pointer value refers to an object of the heap, which begins with its header.
        if self.is_pointer() { unsafe { (*(self.address() as *const Header)).shape } } else { ShapeId::FREE }
    }
    /// The object is *exactly* of this builtin shape.
    #[inline(always)]
    pub fn has_shape(self, shape: ShapeId) -> bool {
        self.shape() == shape
    }
    /// The builtin shape whose fields the object has: its own, or that of the builtin type its class derives from. FREE
    /// for immediate values.
    #[inline(always)]
    pub fn layout(self) -> ShapeId {
        if self.is_pointer() {
            // SAFETY: a pointer value refers to an object of the heap, which begins with its header.
            ShapeId(u32::from(unsafe { (*(self.address() as *const Header)).kind }))
        } else {
            ShapeId::FREE
        }
    }
    /// The object is of this builtin type or of a class derived from it.
    #[inline(always)]
    pub fn has_layout(self, layout: ShapeId) -> bool {
        self.layout() == layout
    }
    /// An instance of a program class.
    #[inline(always)]
    pub fn is_instance(self) -> bool {
        self.shape().is_dynamic()
    }
    /// The object as a layout; the caller has checked the shape.
    #[inline(always)]
    pub fn object<T>(self) -> *mut T {
        self.address() as *mut T
    }
    /// The value of a freshly allocated or otherwise known object.
    #[inline(always)]
    pub fn of<T>(object: *mut T) -> Value {
        Value::from_address(object as usize)
    }
    /// A `str`, or an instance of a class derived from it.
    #[inline(always)]
    pub fn is_str(self) -> bool {
        self.has_layout(ShapeId::STR)
    }
    /// An `int` that is no `bool`, of any size, or an instance of a class derived from it.
    #[inline(always)]
    pub fn is_integer(self) -> bool {
        self.is_int() || self.has_layout(ShapeId::BIG_INT)
    }
}

// What machine code and the listings rely on.
const _: () = assert!(size_of::<Generator>() == Generator::REGISTERS);
const _: () = assert!(size_of::<Instance>() == Instance::SLOTS);
const _: () = assert!(size_of::<Header>() == 8 && size_of::<Tuple>() == Tuple::ITEMS);
const _: () = assert!(size_of::<Str>() == Str::BYTES && size_of::<BigInt>() == BigInt::LIMBS);
const _: () = assert!(size_of::<Bytes>() == Bytes::DATA);
