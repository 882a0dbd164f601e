//! The builtin types and exception classes: one table with their names and bases.

use super::object::{Exception, ShapeId, TypeObject};
use super::value::Value;

/// Index of a builtin type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct TypeId(pub u8);

/// What a program may do with a type by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// A builtin name, found without an import.
    Builtin,
    /// Only reached through `type(...)`.
    Internal,
}

pub struct TypeRow {
    pub name: &'static str,
    pub base: TypeId,
    pub visibility: Visibility,
}

macro_rules! types {
    ($($id:ident $name:literal $base:ident $visibility:ident;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "indices for the constants below")]
        enum Index { $($id,)* }
        impl TypeId { $(pub const $id: TypeId = TypeId(Index::$id as u8);)* }
        /// Every builtin type by its id.
        pub const TYPES: &[TypeRow] =
            &[$(TypeRow { name: $name, base: TypeId::$base, visibility: Visibility::$visibility },)*];
    };
}

types! {
    OBJECT "object" OBJECT Builtin;
    TYPE "type" OBJECT Builtin;
    INT "int" OBJECT Builtin;
    BOOL "bool" INT Builtin;
    FLOAT "float" OBJECT Builtin;
    STR "str" OBJECT Builtin;
    LIST "list" OBJECT Builtin;
    TUPLE "tuple" OBJECT Builtin;
    RANGE "range" OBJECT Builtin;
    SLICE "slice" OBJECT Builtin;
    ENUMERATE "enumerate" OBJECT Builtin;
    ZIP "zip" OBJECT Builtin;
    MAP "map" OBJECT Builtin;
    FILTER "filter" OBJECT Builtin;
    REVERSED "reversed" OBJECT Builtin;
    NONE_TYPE "NoneType" OBJECT Internal;
    ELLIPSIS "ellipsis" OBJECT Internal;
    NOT_IMPLEMENTED "NotImplementedType" OBJECT Internal;
    FUNCTION "function" OBJECT Internal;
    BUILTIN "builtin_function_or_method" OBJECT Internal;
    METHOD_DESCRIPTOR "method_descriptor" OBJECT Internal;
    MODULE "module" OBJECT Internal;
    CELL "cell" OBJECT Internal;
    CODE "code" OBJECT Internal;
    RANGE_ITERATOR "range_iterator" OBJECT Internal;
    LIST_ITERATOR "list_iterator" OBJECT Internal;
    TUPLE_ITERATOR "tuple_iterator" OBJECT Internal;
    STR_ITERATOR "str_ascii_iterator" OBJECT Internal;
    CALL_ITERATOR "callable_iterator" OBJECT Internal;
    STREAM "_io.TextIOWrapper" OBJECT Internal;
    BASE_EXCEPTION "BaseException" OBJECT Builtin;
    SYSTEM_EXIT "SystemExit" BASE_EXCEPTION Builtin;
    KEYBOARD_INTERRUPT "KeyboardInterrupt" BASE_EXCEPTION Builtin;
    GENERATOR_EXIT "GeneratorExit" BASE_EXCEPTION Builtin;
    EXCEPTION "Exception" BASE_EXCEPTION Builtin;
    STOP_ITERATION "StopIteration" EXCEPTION Builtin;
    STOP_ASYNC_ITERATION "StopAsyncIteration" EXCEPTION Builtin;
    ARITHMETIC_ERROR "ArithmeticError" EXCEPTION Builtin;
    FLOATING_POINT_ERROR "FloatingPointError" ARITHMETIC_ERROR Builtin;
    OVERFLOW_ERROR "OverflowError" ARITHMETIC_ERROR Builtin;
    ZERO_DIVISION_ERROR "ZeroDivisionError" ARITHMETIC_ERROR Builtin;
    ASSERTION_ERROR "AssertionError" EXCEPTION Builtin;
    ATTRIBUTE_ERROR "AttributeError" EXCEPTION Builtin;
    BUFFER_ERROR "BufferError" EXCEPTION Builtin;
    EOF_ERROR "EOFError" EXCEPTION Builtin;
    IMPORT_ERROR "ImportError" EXCEPTION Builtin;
    MODULE_NOT_FOUND_ERROR "ModuleNotFoundError" IMPORT_ERROR Builtin;
    LOOKUP_ERROR "LookupError" EXCEPTION Builtin;
    INDEX_ERROR "IndexError" LOOKUP_ERROR Builtin;
    KEY_ERROR "KeyError" LOOKUP_ERROR Builtin;
    MEMORY_ERROR "MemoryError" EXCEPTION Builtin;
    NAME_ERROR "NameError" EXCEPTION Builtin;
    UNBOUND_LOCAL_ERROR "UnboundLocalError" NAME_ERROR Builtin;
    OS_ERROR "OSError" EXCEPTION Builtin;
    BLOCKING_IO_ERROR "BlockingIOError" OS_ERROR Builtin;
    CHILD_PROCESS_ERROR "ChildProcessError" OS_ERROR Builtin;
    CONNECTION_ERROR "ConnectionError" OS_ERROR Builtin;
    BROKEN_PIPE_ERROR "BrokenPipeError" CONNECTION_ERROR Builtin;
    CONNECTION_ABORTED_ERROR "ConnectionAbortedError" CONNECTION_ERROR Builtin;
    CONNECTION_REFUSED_ERROR "ConnectionRefusedError" CONNECTION_ERROR Builtin;
    CONNECTION_RESET_ERROR "ConnectionResetError" CONNECTION_ERROR Builtin;
    FILE_EXISTS_ERROR "FileExistsError" OS_ERROR Builtin;
    FILE_NOT_FOUND_ERROR "FileNotFoundError" OS_ERROR Builtin;
    INTERRUPTED_ERROR "InterruptedError" OS_ERROR Builtin;
    IS_A_DIRECTORY_ERROR "IsADirectoryError" OS_ERROR Builtin;
    NOT_A_DIRECTORY_ERROR "NotADirectoryError" OS_ERROR Builtin;
    PERMISSION_ERROR "PermissionError" OS_ERROR Builtin;
    PROCESS_LOOKUP_ERROR "ProcessLookupError" OS_ERROR Builtin;
    TIMEOUT_ERROR "TimeoutError" OS_ERROR Builtin;
    REFERENCE_ERROR "ReferenceError" EXCEPTION Builtin;
    RUNTIME_ERROR "RuntimeError" EXCEPTION Builtin;
    NOT_IMPLEMENTED_ERROR "NotImplementedError" RUNTIME_ERROR Builtin;
    RECURSION_ERROR "RecursionError" RUNTIME_ERROR Builtin;
    SYNTAX_ERROR "SyntaxError" EXCEPTION Builtin;
    INDENTATION_ERROR "IndentationError" SYNTAX_ERROR Builtin;
    TAB_ERROR "TabError" INDENTATION_ERROR Builtin;
    SYSTEM_ERROR "SystemError" EXCEPTION Builtin;
    TYPE_ERROR "TypeError" EXCEPTION Builtin;
    VALUE_ERROR "ValueError" EXCEPTION Builtin;
    UNICODE_ERROR "UnicodeError" VALUE_ERROR Builtin;
    UNICODE_DECODE_ERROR "UnicodeDecodeError" UNICODE_ERROR Builtin;
    UNICODE_ENCODE_ERROR "UnicodeEncodeError" UNICODE_ERROR Builtin;
    UNICODE_TRANSLATE_ERROR "UnicodeTranslateError" UNICODE_ERROR Builtin;
    WARNING "Warning" EXCEPTION Builtin;
    DEPRECATION_WARNING "DeprecationWarning" WARNING Builtin;
    RUNTIME_WARNING "RuntimeWarning" WARNING Builtin;
    SYNTAX_WARNING "SyntaxWarning" WARNING Builtin;
    USER_WARNING "UserWarning" WARNING Builtin;
    FUTURE_WARNING "FutureWarning" WARNING Builtin;
    DICT "dict" OBJECT Builtin;
}

/// Other names of the same types.
pub const ALIASES: &[(&str, TypeId)] = &[("IOError", TypeId::OS_ERROR), ("EnvironmentError", TypeId::OS_ERROR)];

impl TypeId {
    pub fn row(self) -> &'static TypeRow {
        &TYPES[self.0 as usize]
    }
    pub fn name(self) -> &'static str {
        self.row().name
    }
    /// The type itself or one of its bases is `other`.
    pub fn is_subtype(self, other: TypeId) -> bool {
        let mut at = self;
        loop {
            if at == other {
                return true;
            }
            let base = at.row().base;
            if base == at {
                return false;
            }
            at = base;
        }
    }
    pub fn is_exception(self) -> bool {
        self.is_subtype(TypeId::BASE_EXCEPTION)
    }
    /// The type and its bases, nearest first.
    pub fn with_bases(self) -> impl Iterator<Item = TypeId> {
        let next = |at: &TypeId| (at.row().base != *at).then_some(at.row().base);
        std::iter::successors(Some(self), next)
    }
    pub fn all() -> impl Iterator<Item = TypeId> {
        (0..TYPES.len()).map(|index| TypeId(index as u8))
    }
}

/// The type of any value.
pub fn type_of(value: Value) -> TypeId {
    if value.is_int() {
        return TypeId::INT;
    }
    if value.is_float() {
        return TypeId::FLOAT;
    }
    match value.shape() {
        ShapeId::FREE => match value {
            Value::NONE => TypeId::NONE_TYPE,
            Value::TRUE | Value::FALSE => TypeId::BOOL,
            Value::ELLIPSIS => TypeId::ELLIPSIS,
            Value::NOT_IMPLEMENTED => TypeId::NOT_IMPLEMENTED,
            _ => TypeId::OBJECT,
        },
        ShapeId::FLOAT_BOX => TypeId::FLOAT,
        ShapeId::BIG_INT => TypeId::INT,
        ShapeId::STR => TypeId::STR,
        ShapeId::LIST => TypeId::LIST,
        ShapeId::TUPLE => TypeId::TUPLE,
        ShapeId::RANGE => TypeId::RANGE,
        ShapeId::FUNCTION => TypeId::FUNCTION,
        ShapeId::BUILTIN | ShapeId::BOUND_METHOD => TypeId::BUILTIN,
        ShapeId::TYPE => TypeId::TYPE,
        ShapeId::MODULE => TypeId::MODULE,
        ShapeId::CELL => TypeId::CELL,
        ShapeId::EXCEPTION => {
            // SAFETY: the shape says that this is an exception.
            type_id(unsafe { (*value.object::<Exception>()).class })
        }
        ShapeId::SLICE => TypeId::SLICE,
        ShapeId::RANGE_ITERATOR => TypeId::RANGE_ITERATOR,
        ShapeId::LIST_ITERATOR => TypeId::LIST_ITERATOR,
        ShapeId::TUPLE_ITERATOR => TypeId::TUPLE_ITERATOR,
        ShapeId::STR_ITERATOR => TypeId::STR_ITERATOR,
        ShapeId::CODE => TypeId::CODE,
        ShapeId::ENUMERATE => TypeId::ENUMERATE,
        ShapeId::ZIP => TypeId::ZIP,
        ShapeId::MAP => TypeId::MAP,
        ShapeId::FILTER => TypeId::FILTER,
        ShapeId::REVERSED => TypeId::REVERSED,
        ShapeId::STREAM => TypeId::STREAM,
        ShapeId::CALL_ITERATOR => TypeId::CALL_ITERATOR,
        ShapeId::DICT => TypeId::DICT,
        _ => TypeId::OBJECT,
    }
}

/// Which type a type object is.
pub fn type_id(value: Value) -> TypeId {
    debug_assert!(value.has_shape(ShapeId::TYPE));
    // SAFETY: the caller has checked the shape.
    TypeId(unsafe { (*value.object::<TypeObject>()).id } as u8)
}

/// The name of a value's type, as error messages give it.
pub fn type_name(value: Value) -> &'static str {
    type_of(value).name()
}

/// As [`type_name`], in the wording of checked arguments, where None is its own type.
pub fn argument_type_name(value: Value) -> &'static str {
    if value == Value::NONE { "None" } else { type_name(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_lead_to_object() {
        for id in TypeId::all() {
            assert!(id.is_subtype(TypeId::OBJECT), "{}", id.name());
        }
        assert!(TypeId::BROKEN_PIPE_ERROR.is_subtype(TypeId::OS_ERROR));
        assert!(!TypeId::SYSTEM_EXIT.is_subtype(TypeId::EXCEPTION));
        assert!(TypeId::BOOL.is_subtype(TypeId::INT) && !TypeId::INT.is_subtype(TypeId::BOOL));
    }
}
