//! Heap object header, the table of builtin shapes, and the object layouts machine code relies on.

use super::value::Value;

/// First 8 bytes of every heap object.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Header {
    pub shape: ShapeId,
    /// Collector state.
    pub gc: u8,
    pub kind: u8,
    /// Small per-shape datum (for a str: 1 = ASCII).
    pub aux: u16,
}

/// Hidden class of an object: builtin types have fixed ones, instances of program classes get theirs at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(transparent)]
pub struct ShapeId(pub u32);

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

/// `range` with fixnum bounds (big ones are not supported and say so).
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
    /// Index of the code object.
    pub code: crate::ir::CodeId,
    pub unused: u32,
    /// A tuple, or None.
    pub defaults: Value,
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
    /// A BUILTIN.
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

/// First item of a STORAGE object.
pub const STORAGE_ITEMS: usize = 8;

impl Value {
    /// The shape of a heap object; FREE for immediate values.
    #[inline(always)]
    pub fn shape(self) -> ShapeId {
        // SAFETY: a pointer value refers to an object of the heap, which begins with its header.
        if self.is_pointer() { unsafe { (*(self.address() as *const Header)).shape } } else { ShapeId::FREE }
    }
    #[inline(always)]
    pub fn has_shape(self, shape: ShapeId) -> bool {
        self.shape() == shape
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
    /// A `str`, of program text or of the VM.
    #[inline(always)]
    pub fn is_str(self) -> bool {
        self.has_shape(ShapeId::STR)
    }
    /// An `int` that is no `bool`, of any size.
    #[inline(always)]
    pub fn is_integer(self) -> bool {
        self.is_int() || self.has_shape(ShapeId::BIG_INT)
    }
}

// What machine code and the listings rely on.
const _: () = assert!(size_of::<Header>() == 8 && size_of::<Tuple>() == Tuple::ITEMS);
const _: () = assert!(size_of::<Str>() == Str::BYTES && size_of::<BigInt>() == BigInt::LIMBS);
