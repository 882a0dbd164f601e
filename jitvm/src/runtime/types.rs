//! The builtin types and exception classes: one table with their names and bases.

use super::object::{BoundMethod, Exception, ShapeId, TypeObject};
use super::value::Value;
use super::vm::Vm;

/// Index of a class in `Vm::classes`; the builtin types come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct TypeId(pub u32);

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
        impl TypeId { $(pub const $id: TypeId = TypeId(Index::$id as u32);)* }
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
    PROPERTY "property" OBJECT Builtin;
    STATIC_METHOD "staticmethod" OBJECT Builtin;
    CLASS_METHOD "classmethod" OBJECT Builtin;
    SUPER "super" OBJECT Builtin;
    METHOD "method" OBJECT Internal;
    METHOD_WRAPPER "method-wrapper" OBJECT Internal;
    SLOT_WRAPPER "wrapper_descriptor" OBJECT Internal;
    GETSET "getset_descriptor" OBJECT Internal;
    MEMBER "member_descriptor" OBJECT Internal;
    TRACEBACK "traceback" OBJECT Internal;
    FRAME "frame" OBJECT Internal;
    MAPPING_PROXY "mappingproxy" OBJECT Internal;
    GENERIC_ALIAS "types.GenericAlias" OBJECT Internal;
    UNION "types.UnionType" OBJECT Internal;
    ITEM_ITERATOR "iterator" OBJECT Internal;
    RANGE_ITERATOR "range_iterator" OBJECT Internal;
    LIST_ITERATOR "list_iterator" OBJECT Internal;
    TUPLE_ITERATOR "tuple_iterator" OBJECT Internal;
    STR_ITERATOR "str_ascii_iterator" OBJECT Internal;
    CALL_ITERATOR "callable_iterator" OBJECT Internal;
    STREAM "_io.TextIOWrapper" OBJECT Internal;
    GENERATOR "generator" OBJECT Internal;
    COROUTINE "coroutine" OBJECT Internal;
    ASYNC_GENERATOR "async_generator" OBJECT Internal;
    COROUTINE_WRAPPER "coroutine_wrapper" OBJECT Internal;
    ASYNC_GENERATOR_STEP "async_generator_asend" OBJECT Internal;
    BASE_EXCEPTION "BaseException" OBJECT Builtin;
    SYSTEM_EXIT "SystemExit" BASE_EXCEPTION Builtin;
    KEYBOARD_INTERRUPT "KeyboardInterrupt" BASE_EXCEPTION Builtin;
    GENERATOR_EXIT "GeneratorExit" BASE_EXCEPTION Builtin;
    BASE_EXCEPTION_GROUP "BaseExceptionGroup" BASE_EXCEPTION Builtin;
    EXCEPTION "Exception" BASE_EXCEPTION Builtin;
    EXCEPTION_GROUP "ExceptionGroup" BASE_EXCEPTION_GROUP Builtin;
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
    PENDING_DEPRECATION_WARNING "PendingDeprecationWarning" WARNING Builtin;
    IMPORT_WARNING "ImportWarning" WARNING Builtin;
    UNICODE_WARNING "UnicodeWarning" WARNING Builtin;
    BYTES_WARNING "BytesWarning" WARNING Builtin;
    RESOURCE_WARNING "ResourceWarning" WARNING Builtin;
    ENCODING_WARNING "EncodingWarning" WARNING Builtin;
    SET "set" OBJECT Builtin;
    FROZENSET "frozenset" OBJECT Builtin;
    DICT_KEYS "dict_keys" OBJECT Internal;
    DICT_VALUES "dict_values" OBJECT Internal;
    DICT_ITEMS "dict_items" OBJECT Internal;
    DICT_KEY_ITERATOR "dict_keyiterator" OBJECT Internal;
    DICT_VALUE_ITERATOR "dict_valueiterator" OBJECT Internal;
    DICT_ITEM_ITERATOR "dict_itemiterator" OBJECT Internal;
    DICT_REVERSE_KEY_ITERATOR "dict_reversekeyiterator" OBJECT Internal;
    DICT_REVERSE_VALUE_ITERATOR "dict_reversevalueiterator" OBJECT Internal;
    DICT_REVERSE_ITEM_ITERATOR "dict_reverseitemiterator" OBJECT Internal;
    SET_ITERATOR "set_iterator" OBJECT Internal;
    BYTES "bytes" OBJECT Builtin;
    BYTEARRAY "bytearray" OBJECT Builtin;
    MEMORYVIEW "memoryview" OBJECT Builtin;
    COMPLEX "complex" OBJECT Builtin;
    BYTES_ITERATOR "bytes_iterator" OBJECT Internal;
    BYTEARRAY_ITERATOR "bytearray_iterator" OBJECT Internal;
    MEMORY_ITERATOR "memory_iterator" OBJECT Internal;
    LONG_RANGE_ITERATOR "longrange_iterator" OBJECT Internal;
    LIST_REVERSE_ITERATOR "list_reverseiterator" OBJECT Internal;
    TEXT_ITERATOR "str_iterator" OBJECT Internal;
}

/// Other names of the same types.
pub const ALIASES: &[(&str, TypeId)] = &[("IOError", TypeId::OS_ERROR), ("EnvironmentError", TypeId::OS_ERROR)];

impl TypeId {
    /// The first class of the program.
    pub const FIRST_DYNAMIC: u32 = TYPES.len() as u32;

    /// True for classes of the program.
    pub const fn is_dynamic(self) -> bool {
        self.0 >= TypeId::FIRST_DYNAMIC
    }
    /// The table row of a builtin type.
    pub fn row(self) -> &'static TypeRow {
        &TYPES[self.0 as usize]
    }
    /// The name of a builtin type.
    pub fn name(self) -> &'static str {
        self.row().name
    }
    /// The builtin types.
    pub fn builtin() -> impl Iterator<Item = TypeId> {
        (0..TYPES.len()).map(|index| TypeId(index as u32))
    }
}

/// The type of a value whose shape is not dynamic and that is no exception, bound method or builtin function.
fn type_of_shape(shape: ShapeId) -> TypeId {
    match shape {
        ShapeId::FLOAT_BOX => TypeId::FLOAT,
        ShapeId::BIG_INT => TypeId::INT,
        ShapeId::STR => TypeId::STR,
        ShapeId::LIST => TypeId::LIST,
        ShapeId::TUPLE => TypeId::TUPLE,
        ShapeId::RANGE | ShapeId::LONG_RANGE => TypeId::RANGE,
        ShapeId::FUNCTION => TypeId::FUNCTION,
        ShapeId::BUILTIN => TypeId::BUILTIN,
        ShapeId::TYPE => TypeId::TYPE,
        ShapeId::MODULE => TypeId::MODULE,
        ShapeId::CELL => TypeId::CELL,
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
        ShapeId::CLOSURE_CELL => TypeId::CELL,
        ShapeId::GENERATOR => TypeId::GENERATOR,
        ShapeId::COROUTINE => TypeId::COROUTINE,
        ShapeId::ASYNC_GENERATOR => TypeId::ASYNC_GENERATOR,
        ShapeId::COROUTINE_WRAPPER => TypeId::COROUTINE_WRAPPER,
        ShapeId::ASYNC_GENERATOR_STEP => TypeId::ASYNC_GENERATOR_STEP,
        ShapeId::DICT => TypeId::DICT,
        ShapeId::PROPERTY => TypeId::PROPERTY,
        ShapeId::STATIC_METHOD => TypeId::STATIC_METHOD,
        ShapeId::CLASS_METHOD => TypeId::CLASS_METHOD,
        ShapeId::SUPER => TypeId::SUPER,
        ShapeId::MEMBER => TypeId::MEMBER,
        ShapeId::TRACEBACK => TypeId::TRACEBACK,
        ShapeId::FRAME => TypeId::FRAME,
        ShapeId::MAPPING_PROXY => TypeId::MAPPING_PROXY,
        ShapeId::GENERIC_ALIAS => TypeId::GENERIC_ALIAS,
        ShapeId::UNION => TypeId::UNION,
        ShapeId::ITEM_ITERATOR => TypeId::ITEM_ITERATOR,
        ShapeId::SET => TypeId::SET,
        ShapeId::FROZENSET => TypeId::FROZENSET,
        ShapeId::DICT_KEYS => TypeId::DICT_KEYS,
        ShapeId::DICT_VALUES => TypeId::DICT_VALUES,
        ShapeId::DICT_ITEMS => TypeId::DICT_ITEMS,
        ShapeId::DICT_KEY_ITERATOR => TypeId::DICT_KEY_ITERATOR,
        ShapeId::DICT_VALUE_ITERATOR => TypeId::DICT_VALUE_ITERATOR,
        ShapeId::DICT_ITEM_ITERATOR => TypeId::DICT_ITEM_ITERATOR,
        ShapeId::DICT_REVERSE_KEY_ITERATOR => TypeId::DICT_REVERSE_KEY_ITERATOR,
        ShapeId::DICT_REVERSE_VALUE_ITERATOR => TypeId::DICT_REVERSE_VALUE_ITERATOR,
        ShapeId::DICT_REVERSE_ITEM_ITERATOR => TypeId::DICT_REVERSE_ITEM_ITERATOR,
        ShapeId::SET_ITERATOR => TypeId::SET_ITERATOR,
        ShapeId::BYTES => TypeId::BYTES,
        ShapeId::BYTEARRAY => TypeId::BYTEARRAY,
        ShapeId::MEMORYVIEW => TypeId::MEMORYVIEW,
        ShapeId::COMPLEX => TypeId::COMPLEX,
        ShapeId::BYTES_ITERATOR => TypeId::BYTES_ITERATOR,
        ShapeId::BYTEARRAY_ITERATOR => TypeId::BYTEARRAY_ITERATOR,
        ShapeId::MEMORY_ITERATOR => TypeId::MEMORY_ITERATOR,
        ShapeId::LONG_RANGE_ITERATOR => TypeId::LONG_RANGE_ITERATOR,
        ShapeId::LIST_REVERSE_ITERATOR => TypeId::LIST_REVERSE_ITERATOR,
        ShapeId::TEXT_ITERATOR => TypeId::TEXT_ITERATOR,
        _ => TypeId::OBJECT,
    }
}

/// Which type a type object is.
pub fn type_id(value: Value) -> TypeId {
    debug_assert!(value.has_layout(ShapeId::TYPE));
    // SAFETY: the caller has checked the layout.
    TypeId(unsafe { (*value.object::<TypeObject>()).id } as u32)
}

impl Vm {
    /// The type of any value.
    #[inline]
    pub fn type_of(&self, value: Value) -> TypeId {
        if value.is_int() {
            return TypeId::INT;
        }
        let shape = value.shape();
        if shape.is_dynamic() { self.shapes.class(shape) } else { self.builtin_type_of(value) }
    }

    /// The type of a value that is no instance of a program class, nor a fixnum.
    fn builtin_type_of(&self, value: Value) -> TypeId {
        if value.is_float() {
            return TypeId::FLOAT;
        }
        let shape = value.shape();
        match shape {
            ShapeId::FREE => match value {
                Value::NONE => TypeId::NONE_TYPE,
                Value::TRUE | Value::FALSE => TypeId::BOOL,
                Value::ELLIPSIS => TypeId::ELLIPSIS,
                Value::NOT_IMPLEMENTED => TypeId::NOT_IMPLEMENTED,
                _ => TypeId::OBJECT,
            },
            ShapeId::EXCEPTION => {
                // SAFETY: the shape says that this is an exception.
                type_id(unsafe { (*value.object::<Exception>()).class })
            }
            ShapeId::BOUND_METHOD => {
                // SAFETY: the shape was checked.
                let function = unsafe { (*value.object::<BoundMethod>()).function };
                if !function.has_shape(ShapeId::BUILTIN) {
                    return TypeId::METHOD;
                }
                let row = crate::library::row_of(self, function);
                if row.type_id() == TypeId::SLOT_WRAPPER { TypeId::METHOD_WRAPPER } else { TypeId::BUILTIN }
            }
            ShapeId::BUILTIN => crate::library::row_of(self, value).type_id(),
            ShapeId::GENERATOR => {
                let code = crate::interp::generator::fields(value).code;
                self.codes[code.index()].iterator_class.get()
            }
            _ => type_of_shape(shape),
        }
    }

    /// The builtin type that a value's layout is of: its own, or the nearest one its class derives from.
    pub fn native_type(&self, value: Value) -> TypeId {
        self.class(self.type_of(value)).native
    }

    /// The name of a value's type, as error messages give it.
    pub fn type_name(&self, value: Value) -> &'static str {
        let id = self.type_of(value);
        self.native_name(id).unwrap_or_else(|| self.class_name(id))
    }

    /// The name in errors of a class that is native in CPython and Python here: with its module.
    fn native_name(&self, id: TypeId) -> Option<&'static str> {
        if !id.is_dynamic() {
            return None;
        }
        let name = self.class_name(id);
        let row = NATIVE_IN_CPYTHON.iter().find(|full| full.rsplit_once('.').is_some_and(|(_, last)| last == name))?;
        let module = self.class(id).attributes.get(self.names.module).and_then(super::strings::as_text)?;
        (row.strip_suffix(name)?.strip_suffix('.')? == module).then_some(*row)
    }

    /// As [`Vm::type_name`], in the wording of checked arguments, where None is its own type.
    pub fn argument_type_name(&self, value: Value) -> &'static str {
        if value == Value::NONE { "None" } else { self.type_name(value) }
    }
}

/// Classes of the library in Python whose names CPython's errors give with their modules.
const NATIVE_IN_CPYTHON: &[&str] = &[
    "_io.BufferedReader",
    "_io.BufferedWriter",
    "_io.BytesIO",
    "_io.FileIO",
    "_io.StringIO",
    "_io.TextIOWrapper",
    "array.array",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Context",
    "decimal.Decimal",
    "functools.partial",
    "itertools.accumulate",
    "itertools.chain",
    "itertools.combinations",
    "itertools.combinations_with_replacement",
    "itertools.compress",
    "itertools.count",
    "itertools.cycle",
    "itertools.dropwhile",
    "itertools.filterfalse",
    "itertools.groupby",
    "itertools.islice",
    "itertools.pairwise",
    "itertools.permutations",
    "itertools.product",
    "itertools.repeat",
    "itertools.starmap",
    "itertools.takewhile",
    "itertools.zip_longest",
    "operator.attrgetter",
    "operator.itemgetter",
    "operator.methodcaller",
    "re.Match",
    "re.Pattern",
    "time.struct_time",
    "types.SimpleNamespace",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_lead_to_object() {
        let vm = Vm::new(Vec::new());
        for id in TypeId::builtin() {
            assert!(vm.is_subtype(id, TypeId::OBJECT), "{}", id.name());
        }
        assert!(vm.is_subtype(TypeId::BROKEN_PIPE_ERROR, TypeId::OS_ERROR));
        assert!(!vm.is_subtype(TypeId::SYSTEM_EXIT, TypeId::EXCEPTION));
        assert!(vm.is_subtype(TypeId::BOOL, TypeId::INT) && !vm.is_subtype(TypeId::INT, TypeId::BOOL));
    }
}
