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
