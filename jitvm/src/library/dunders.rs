//! Special methods of the builtin types, as `int.__add__` and `super().__init__` find them: one table of what each
//! does, and one of which types have which. All work on the builtin layout of their receiver, so that instances of
//! derived classes get builtin behaviour from them.

use super::{Arguments, Arity, BuiltinFunction, BuiltinRow, Owner, functions};
use crate::runtime::compare::{self, CompareKind};
use crate::runtime::operators::{self, Binary, Unary};
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{aliases, dispatch, format_spec, hash, iterate, length_hint, numbers, repr, subscript};

/// A special method, whichever type has it.
struct Spec {
    name: &'static str,
    arity: Arity,
    function: BuiltinFunction,
}

const fn row(owner: TypeId, spec: &Spec) -> BuiltinRow {
    BuiltinRow { owner: Owner::Type(owner), name: spec.name, arity: spec.arity, function: spec.function, doc: "" }
}

/// Two values of a method with one argument.
fn pair(arguments: Arguments) -> (Value, Value) {
    let values = arguments.positional();
    (values[0], values[1])
}

fn or_not_implemented(result: Option<Outcome>) -> Outcome {
    result.unwrap_or(Ok(Value::NOT_IMPLEMENTED))
}

macro_rules! binary_methods {
    ($($plain:ident $plain_name:literal $reflected:ident $reflected_name:literal $kind:ident;)*) => {
        $(
            const $plain: Spec = Spec { name: $plain_name, arity: Arity::One, function: |vm, arguments| {
                let (a, b) = pair(arguments);
                or_not_implemented(operators::native(vm, Binary::$kind, a, b, false))
            } };
            const $reflected: Spec = Spec { name: $reflected_name, arity: Arity::One, function: |vm, arguments| {
                let (a, b) = pair(arguments);
                or_not_implemented(operators::native(vm, Binary::$kind, b, a, false))
            } };
        )*
    };
}

binary_methods! {
    ADD "__add__" RADD "__radd__" Add;
    SUB "__sub__" RSUB "__rsub__" Sub;
    MUL "__mul__" RMUL "__rmul__" Mul;
    TRUEDIV "__truediv__" RTRUEDIV "__rtruediv__" TrueDiv;
    FLOORDIV "__floordiv__" RFLOORDIV "__rfloordiv__" FloorDiv;
    MOD "__mod__" RMOD "__rmod__" Mod;
    LSHIFT "__lshift__" RLSHIFT "__rlshift__" LeftShift;
    RSHIFT "__rshift__" RRSHIFT "__rrshift__" RightShift;
    AND "__and__" RAND "__rand__" BitAnd;
    OR "__or__" ROR "__ror__" BitOr;
    XOR "__xor__" RXOR "__rxor__" BitXor;
}

macro_rules! in_place_methods {
    ($($spec:ident $name:literal $kind:ident;)*) => {
        $(const $spec: Spec = Spec { name: $name, arity: Arity::One, function: |vm, arguments| {
            let (a, b) = pair(arguments);
            or_not_implemented(operators::native(vm, Binary::$kind, a, b, true))
        } };)*
    };
}

in_place_methods! {
    IADD "__iadd__" Add;
    IMUL "__imul__" Mul;
    ISUB "__isub__" Sub;
    IAND "__iand__" BitAnd;
    IOR "__ior__" BitOr;
    IXOR "__ixor__" BitXor;
}

macro_rules! comparison_methods {
    ($($spec:ident $name:literal $kind:ident;)*) => {
        $(const $spec: Spec = Spec { name: $name, arity: Arity::One, function: |vm, arguments| {
            let (a, b) = pair(arguments);
            let mut unknown = false;
            let result = compare::native_compare(vm, CompareKind::$kind, a, b, &mut unknown)?;
            Ok(if unknown { Value::NOT_IMPLEMENTED } else { Value::from_bool(result) })
        } };)*
    };
}

comparison_methods! {
    LT "__lt__" Less;
    LE "__le__" LessEqual;
    EQ "__eq__" Equal;
    NE "__ne__" NotEqual;
    GT "__gt__" Greater;
    GE "__ge__" GreaterEqual;
}

macro_rules! methods {
    ($($spec:ident $name:literal $arity:expr, |$vm:ident, $values:ident| $body:expr;)*) => {
        $(const $spec: Spec = Spec { name: $name, arity: $arity, function: |$vm: &mut Vm, arguments: Arguments| -> Outcome {
            let $values = arguments.positional();
            $body
        } };)*
    };
}

methods! {
    NEG "__neg__" Arity::Zero, |vm, v| operators::native_unary(vm, Unary::Negate, v[0]);
    POS "__pos__" Arity::Zero, |vm, v| operators::native_unary(vm, Unary::Plus, v[0]);
    INVERT "__invert__" Arity::Zero, |vm, v| operators::native_unary(vm, Unary::Invert, v[0]);
    ABS "__abs__" Arity::Zero, |vm, v| operators::native_absolute(vm, v[0]);
    BOOL "__bool__" Arity::Zero, |_vm, v| Ok(Value::from_bool(operators::native_truth(v[0])));
    POW "__pow__" Arity::Range(1, 2), |vm, v| power(vm, v);
    RPOW "__rpow__" Arity::Range(1, 2), |vm, v| or_not_implemented(operators::native(vm, Binary::Pow, v[1], v[0], false));
    DIVMOD "__divmod__" Arity::One, |vm, v| functions::native_divmod(vm, v[0], v[1]);
    RDIVMOD "__rdivmod__" Arity::One, |vm, v| functions::native_divmod(vm, v[1], v[0]);
    INT "__int__" Arity::Zero, |vm, v| to_int(vm, v[0]);
    TRUNC "__trunc__" Arity::Zero, |vm, v| to_int(vm, v[0]);
    INDEX "__index__" Arity::Zero, |vm, v| to_int(vm, v[0]);
    FLOAT "__float__" Arity::Zero, |vm, v| { let x = vm.to_f64(v[0])?; Ok(vm.float(x)) };
    ROUND "__round__" Arity::Range(0, 1), |vm, v| crate::runtime::rounding::round(vm, v[0], v.get(1).copied().filter(|&digits| digits != Value::NONE));
    HASH "__hash__" Arity::Zero, |vm, v| { let hash = hash::native_hash(vm, v[0])?; Ok(vm.integer(hash)) };
    REPR "__repr__" Arity::Zero, |vm, v| { let text = repr::native_repr_text(vm, v[0])?; Ok(vm.str(&text)) };
    STR "__str__" Arity::Zero, |vm, v| { let text = repr::native_str_text(vm, v[0])?; Ok(vm.str(&text)) };
    FORMAT "__format__" Arity::One, |vm, v| native_format(vm, v[0], v[1]);
    LEN "__len__" Arity::Zero, |vm, v| { let length = functions::native_length(vm, v[0])?; Ok(vm.integer(length)) };
    ITER "__iter__" Arity::Zero, |vm, v| iterate::native_iterator(vm, v[0]);
    NEXT "__next__" Arity::Zero, |vm, v| native_next(vm, v[0]);
    LENGTH_HINT "__length_hint__" Arity::Zero, |vm, v| length_hint::remaining(vm, v[0]);
    REVERSED "__reversed__" Arity::Zero, |vm, v| iterate::native_reversed(vm, v[0]);
    CONTAINS "__contains__" Arity::One, |vm, v| compare::native_contains(vm, v[0], v[1]).map(Value::from_bool);
    GETITEM "__getitem__" Arity::One, |vm, v| subscript::native_get_item(vm, v[0], v[1]);
    SETITEM "__setitem__" Arity::Range(2, 2), |vm, v| subscript::native_set_item(vm, v[0], v[1], v[2]).map(|()| Value::NONE);
    DELITEM "__delitem__" Arity::One, |vm, v| subscript::native_delete_item(vm, v[0], v[1]).map(|()| Value::NONE);
    // What `type` does.
    UNION "__or__" Arity::One, |vm, v| aliases::plain_union(vm, v[0], v[1]);
    REFLECTED_UNION "__ror__" Arity::One, |vm, v| aliases::plain_union(vm, v[1], v[0]);
    // What `object` does.
    IS "__eq__" Arity::One, |_vm, v| Ok(if v[0] == v[1] { Value::TRUE } else { Value::NOT_IMPLEMENTED });
    IS_NOT "__ne__" Arity::One, |vm, v| inverted_equality(vm, v[0], v[1]);
    NO_LT "__lt__" Arity::One, |_vm, _v| Ok(Value::NOT_IMPLEMENTED);
    NO_LE "__le__" Arity::One, |_vm, _v| Ok(Value::NOT_IMPLEMENTED);
    NO_GT "__gt__" Arity::One, |_vm, _v| Ok(Value::NOT_IMPLEMENTED);
    NO_GE "__ge__" Arity::One, |_vm, _v| Ok(Value::NOT_IMPLEMENTED);
    IDENTITY_HASH "__hash__" Arity::Zero, |vm, v| Ok(vm.integer(hash::identity_hash(v[0])));
    PLAIN_REPR "__repr__" Arity::Zero, |vm, v| plain_repr(vm, v[0]);
    PLAIN_STR "__str__" Arity::Zero, |vm, v| plain_str(vm, v[0]);
    PLAIN_FORMAT "__format__" Arity::One, |vm, v| plain_format(vm, v[0], v[1]);
}

fn power(vm: &mut Vm, values: &[Value]) -> Outcome {
    match values.get(2).filter(|&&modulus| modulus != Value::NONE) {
        Some(&modulus) => functions::power_modulo(vm, values[0], values[1], modulus),
        None => or_not_implemented(operators::native(vm, Binary::Pow, values[0], values[1], false)),
    }
}

fn to_int(vm: &mut Vm, value: Value) -> Outcome {
    if let Some(integer) = numbers::as_integer(value) {
        return vm.exact_integer(integer);
    }
    match numbers::as_float(value) {
        Some(x) => crate::runtime::percent_format::float_to_integer(vm, x),
        None => Ok(value),
    }
}

fn native_format(vm: &mut Vm, value: Value, spec: Value) -> Outcome {
    if !spec.is_str() {
        let given = vm.argument_type_name(spec);
        return Err(vm.type_error(format!("__format__() argument must be str, not {given}")));
    }
    format_spec::native_format(vm, value, text(spec))
}

fn native_next(vm: &mut Vm, iterator: Value) -> Outcome {
    match iterate::native_next(vm, iterator)? {
        Some(item) => Ok(item),
        None => Err(vm.raise_with(TypeId::STOP_ITERATION, &[])),
    }
}

/// `object.__ne__`: the opposite of what the class's `__eq__` says.
fn inverted_equality(vm: &mut Vm, a: Value, b: Value) -> Outcome {
    let name = vm.names.eq;
    match vm.try_special(a, name, &[b])? {
        Some(result) if result != Value::NOT_IMPLEMENTED => operators::not(vm, result),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn plain_repr(vm: &mut Vm, value: Value) -> Outcome {
    // Builtin types that have no row of their own show themselves as ever.
    let (id, name) = (vm.type_of(value), vm.names.repr);
    let inherits = vm.lookup(id, name) == vm.lookup(TypeId::OBJECT, name);
    let text = match vm.class(id).native {
        TypeId::OBJECT => repr::default_repr(vm, value),
        _ if !inherits => repr::default_repr(vm, value),
        _ => repr::native_repr_text(vm, value)?,
    };
    Ok(vm.str(&text))
}

/// `object.__str__` is the class's `__repr__`.
fn plain_str(vm: &mut Vm, value: Value) -> Outcome {
    let text = repr::repr_text(vm, value)?;
    Ok(vm.str(&text))
}

fn plain_format(vm: &mut Vm, value: Value, spec: Value) -> Outcome {
    if !spec.is_str() {
        let given = vm.argument_type_name(spec);
        return Err(vm.type_error(format!("__format__() argument must be str, not {given}")));
    }
    if text(spec).is_empty() {
        return repr::to_str(vm, value);
    }
    let name = vm.type_name(value);
    Err(vm.type_error(format!("unsupported format string passed to {name}.__format__")))
}

/// `dispatch` leaves it to these rows what builtin types do.
const _: fn(&mut Vm, Value) -> Outcome<bool> = dispatch::truth;

macro_rules! tables {
    ($($type:ident: $($spec:ident)*;)*) => {
        /// The special methods of each builtin type.
        pub const TABLES: &[&[BuiltinRow]] = &[$(&[$(row(TypeId::$type, &$spec)),*]),*];
    };
}

tables! {
    OBJECT: IS IS_NOT NO_LT NO_LE NO_GT NO_GE IDENTITY_HASH PLAIN_REPR PLAIN_STR PLAIN_FORMAT;
    INT: ADD RADD SUB RSUB MUL RMUL TRUEDIV RTRUEDIV FLOORDIV RFLOORDIV MOD RMOD DIVMOD RDIVMOD POW RPOW
        LSHIFT RLSHIFT RSHIFT RRSHIFT AND RAND OR ROR XOR RXOR NEG POS INVERT ABS BOOL INT TRUNC INDEX FLOAT ROUND
        LT LE EQ NE GT GE HASH REPR FORMAT;
    BOOL: AND RAND OR ROR XOR RXOR REPR;
    FLOAT: ADD RADD SUB RSUB MUL RMUL TRUEDIV RTRUEDIV FLOORDIV RFLOORDIV MOD RMOD DIVMOD RDIVMOD POW RPOW
        NEG POS ABS BOOL INT TRUNC FLOAT ROUND LT LE EQ NE GT GE HASH REPR FORMAT;
    STR: ADD MUL RMUL MOD RMOD LEN ITER CONTAINS GETITEM LT LE EQ NE GT GE HASH REPR STR FORMAT;
    LIST: ADD IADD MUL RMUL IMUL LEN ITER REVERSED CONTAINS GETITEM SETITEM DELITEM LT LE EQ NE GT GE REPR;
    TUPLE: ADD MUL RMUL LEN ITER CONTAINS GETITEM LT LE EQ NE GT GE HASH REPR;
    RANGE: LEN ITER REVERSED CONTAINS GETITEM BOOL LT LE EQ NE GT GE HASH REPR;
    SLICE: LT LE EQ NE GT GE REPR;
    DICT: LEN ITER REVERSED CONTAINS GETITEM SETITEM DELITEM OR ROR IOR LT LE EQ NE GT GE REPR;
    SET: LEN ITER CONTAINS SUB RSUB ISUB AND RAND IAND OR ROR IOR XOR RXOR IXOR LT LE EQ NE GT GE REPR;
    FROZENSET: LEN ITER CONTAINS SUB RSUB AND RAND OR ROR XOR RXOR LT LE EQ NE GT GE HASH REPR;
    BYTES: ADD MUL RMUL MOD RMOD LEN ITER CONTAINS GETITEM LT LE EQ NE GT GE HASH REPR;
    BYTEARRAY: ADD IADD MUL RMUL IMUL MOD RMOD LEN ITER CONTAINS GETITEM SETITEM DELITEM LT LE EQ NE GT GE REPR;
    MEMORYVIEW: LEN ITER GETITEM SETITEM DELITEM EQ NE HASH;
    COMPLEX: ADD RADD SUB RSUB MUL RMUL TRUEDIV RTRUEDIV POW RPOW NEG POS ABS BOOL LT LE EQ NE GT GE HASH REPR FORMAT;
    DICT_KEYS: LEN ITER REVERSED CONTAINS SUB RSUB AND RAND OR ROR XOR RXOR LT LE EQ NE GT GE REPR;
    DICT_ITEMS: LEN ITER REVERSED CONTAINS SUB RSUB AND RAND OR ROR XOR RXOR LT LE EQ NE GT GE REPR;
    DICT_VALUES: LEN ITER REVERSED REPR;
    NONE_TYPE: BOOL REPR HASH;
    ELLIPSIS: REPR HASH;
    ENUMERATE: ITER NEXT;
    ZIP: ITER NEXT;
    MAP: ITER NEXT;
    FILTER: ITER NEXT;
    REVERSED: ITER NEXT LENGTH_HINT;
    RANGE_ITERATOR: ITER NEXT LENGTH_HINT;
    LONG_RANGE_ITERATOR: ITER NEXT;
    LIST_REVERSE_ITERATOR: ITER NEXT LENGTH_HINT;
    TEXT_ITERATOR: ITER NEXT LENGTH_HINT;
    LIST_ITERATOR: ITER NEXT LENGTH_HINT;
    TUPLE_ITERATOR: ITER NEXT LENGTH_HINT;
    STR_ITERATOR: ITER NEXT LENGTH_HINT;
    CALL_ITERATOR: ITER NEXT;
    ITEM_ITERATOR: ITER NEXT;
    DICT_KEY_ITERATOR: ITER NEXT LENGTH_HINT;
    DICT_VALUE_ITERATOR: ITER NEXT LENGTH_HINT;
    DICT_ITEM_ITERATOR: ITER NEXT LENGTH_HINT;
    DICT_REVERSE_KEY_ITERATOR: ITER NEXT;
    DICT_REVERSE_VALUE_ITERATOR: ITER NEXT;
    DICT_REVERSE_ITEM_ITERATOR: ITER NEXT;
    SET_ITERATOR: ITER NEXT LENGTH_HINT;
    BYTES_ITERATOR: ITER NEXT LENGTH_HINT;
    BYTEARRAY_ITERATOR: ITER NEXT LENGTH_HINT;
    MEMORY_ITERATOR: ITER NEXT;
    BASE_EXCEPTION: REPR STR;
    TYPE: UNION REFLECTED_UNION REPR;
    CELL: LT LE EQ NE GT GE REPR;
    GENERIC_ALIAS: UNION REFLECTED_UNION ITER EQ NE HASH REPR;
    UNION: UNION REFLECTED_UNION EQ NE HASH REPR;
    FUNCTION: REPR;
    METHOD: EQ NE HASH REPR;
    MAPPING_PROXY: REPR;
}

/// Types whose instances have no hash.
pub const UNHASHABLE: &[TypeId] = &[
    TypeId::LIST,
    TypeId::DICT,
    TypeId::SET,
    TypeId::SLICE,
    TypeId::BYTEARRAY,
    TypeId::DICT_KEYS,
    TypeId::DICT_ITEMS,
    TypeId::CELL,
];
