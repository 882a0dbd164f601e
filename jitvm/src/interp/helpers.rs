//! The one table of functions that traces call (`CALLH`), with their effects.
//!
//! A helper has the C ABI, takes the VM and up to five words, and returns a tagged value, or `EXC` with
//! `Vm::exception` set. It may collect garbage; it may run Python code only where its effects say that it writes.

use super::{apart, call, consume, generator, slices};
use crate::bytecode::Instruction;
use crate::ir::CodeId;
use crate::library::{self, Arguments};
use crate::runtime::compare::{self, CompareKind};
use crate::runtime::object::ShapeId;
use crate::runtime::operators::{self as ops, Binary};
use crate::runtime::types::type_id;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Vm};
use crate::runtime::{
    attributes, bytes, dict, dict_views, format_spec, iterate, operators_sequence, sequences, set, set_operations,
    strings, subscript,
};
use crate::trace::record_compare::strs_are_equal;
use crate::trace::record_onward::leave_state;

/// What a helper may do besides returning a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects {
    /// Same operands, same result, nothing else changes: calls may be shared, and dropped if nothing uses them.
    pub pure: bool,
    /// The result is a new object, or what may be another the next time: calls may be dropped if nothing uses them, never
    /// shared.
    pub fresh: bool,
    /// May write lists, cells or fields that the trace has read.
    pub writes: bool,
    /// May return `EXC`.
    pub raises: bool,
    /// May write lists, and nothing else that the trace has read.
    pub lists: bool,
    /// The result is always an object of this shape.
    pub gives: Option<ShapeId>,
}

/// Address of a helper, by number of arguments after the VM.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    A0(extern "C" fn(*mut Vm) -> u64),
    A1(extern "C" fn(*mut Vm, u64) -> u64),
    A2(extern "C" fn(*mut Vm, u64, u64) -> u64),
    A3(extern "C" fn(*mut Vm, u64, u64, u64) -> u64),
    A4(extern "C" fn(*mut Vm, u64, u64, u64, u64) -> u64),
    A5(extern "C" fn(*mut Vm, u64, u64, u64, u64, u64) -> u64),
}

impl Entry {
    pub const fn arguments(self) -> usize {
        match self {
            Entry::A0(_) => 0,
            Entry::A1(_) => 1,
            Entry::A2(_) => 2,
            Entry::A3(_) => 3,
            Entry::A4(_) => 4,
            Entry::A5(_) => 5,
        }
    }
    pub fn address(self) -> usize {
        match self {
            Entry::A0(f) => f as usize,
            Entry::A1(f) => f as usize,
            Entry::A2(f) => f as usize,
            Entry::A3(f) => f as usize,
            Entry::A4(f) => f as usize,
            Entry::A5(f) => f as usize,
        }
    }
    /// Calls the helper; `arguments` has as many words as the entry takes.
    pub fn call(self, vm: *mut Vm, w: &[u64]) -> u64 {
        match self {
            Entry::A0(f) => f(vm),
            Entry::A1(f) => f(vm, w[0]),
            Entry::A2(f) => f(vm, w[0], w[1]),
            Entry::A3(f) => f(vm, w[0], w[1], w[2]),
            Entry::A4(f) => f(vm, w[0], w[1], w[2], w[3]),
            Entry::A5(f) => f(vm, w[0], w[1], w[2], w[3], w[4]),
        }
    }
}

/// Index into [`HELPERS`]; the `c` operand of `CALLH`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HelperId(pub u16);

#[derive(Clone, Copy, Debug)]
pub struct Helper {
    pub name: &'static str,
    pub entry: Entry,
    pub effects: Effects,
}

fn word(result: Outcome) -> u64 {
    match result {
        Ok(value) => value.0,
        Err(_) => Value::EXC.0,
    }
}

/// A list that fits any heap: where memory for it is out, so is the process.
fn few(list: Outcome) -> u64 {
    list.expect("a list of few items is not refused").0
}

impl Effects {
    /// Code of the program may run, and look at the frames.
    pub const fn may_show_frames(self) -> bool {
        self.writes && self.raises
    }
}

const PURE: Effects = Effects { pure: true, fresh: false, writes: false, raises: false, lists: false, gives: None };
/// Looks at what may change.
const READS: Effects = Effects { pure: false, fresh: false, writes: false, raises: false, lists: false, gives: None };
/// Allocates a new object each time.
const FRESH: Effects = Effects { pure: false, fresh: true, writes: false, raises: false, lists: false, gives: None };
const NEW_LIST: Effects = Effects { gives: Some(ShapeId::LIST), ..FRESH };
/// Completes an object that the trace has just made and not read.
const COMPLETES: Effects =
    Effects { pure: false, fresh: false, writes: false, raises: false, lists: false, gives: None };
const RAISES: Effects = Effects { pure: false, fresh: false, writes: false, raises: true, lists: false, gives: None };
/// Looks at what may change, for a result that need not be used.
const LOOKS: Effects = FRESH;
/// Changes lists, by code of the VM alone.
const LISTS: Effects = Effects { pure: false, fresh: false, writes: false, raises: true, lists: true, gives: None };
/// Raises, and whoever calls it knows.
const THROWS: Effects = Effects { pure: false, fresh: false, writes: true, raises: false, lists: false, gives: None };
const ANY: Effects = Effects { pure: false, fresh: false, writes: true, raises: true, lists: false, gives: None };

/// `CONSTANT "name" variant effects |vm, arguments| body;` – the constant is the helper's id.
macro_rules! helpers {
    ($($name:ident $text:literal $variant:ident $effects:ident |$vm:ident $(, $argument:ident)*| $body:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "counts the rows")]
        #[repr(u16)]
        enum Row { $($name,)* }

        $(pub const $name: HelperId = HelperId(Row::$name as u16);)*

        /// Every helper.
        pub const HELPERS: &[Helper] = &[$({
            extern "C" fn entry(vm: *mut Vm $(, $argument: u64)*) -> u64 {
                // SAFETY: traces pass the VM they run in, and hold no other reference to it.
                let $vm = unsafe { &mut *vm };
                $(let $argument = Value($argument);)*
                $body
            }
            Helper { name: $text, entry: Entry::$variant(entry), effects: $effects }
        },)*];
    };
}

helpers! {
    ADD "add" A2 ANY |vm, a, b| word(ops::add(vm, a, b, false));
    SUBTRACT "subtract" A2 ANY |vm, a, b| word(ops::sub(vm, a, b, false));
    MULTIPLY "multiply" A2 ANY |vm, a, b| word(ops::mul(vm, a, b, false));
    TRUE_DIVIDE "true_divide" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::TrueDiv, a, b, false));
    FLOOR_DIVIDE "floor_divide" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::FloorDiv, a, b, false));
    MODULO "modulo" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::Mod, a, b, false));
    POWER "power" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::Pow, a, b, false));
    MATRIX_MULTIPLY "matrix_multiply" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::MatMul, a, b, false));
    LEFT_SHIFT "left_shift" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::LeftShift, a, b, false));
    RIGHT_SHIFT "right_shift" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::RightShift, a, b, false));
    AND "and" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitAnd, a, b, false));
    OR "or" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitOr, a, b, false));
    XOR "xor" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitXor, a, b, false));
    // Of operands that are exactly str, tuple, list, int or float: no code of the program runs.
    BUILTIN_ADD "builtin_add" A2 RAISES |vm, a, b| word(ops::add(vm, a, b, false));
    BUILTIN_SUBTRACT "builtin_subtract" A2 RAISES |vm, a, b| word(ops::sub(vm, a, b, false));
    BUILTIN_MULTIPLY "builtin_multiply" A2 RAISES |vm, a, b| word(ops::mul(vm, a, b, false));
    BUILTIN_TRUE_DIVIDE "builtin_true_divide" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::TrueDiv, a, b, false));
    BUILTIN_FLOOR_DIVIDE "builtin_floor_divide" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::FloorDiv, a, b, false));
    BUILTIN_MODULO "builtin_modulo" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::Mod, a, b, false));
    BUILTIN_POWER "builtin_power" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::Pow, a, b, false));
    BUILTIN_MATRIX_MULTIPLY "builtin_matrix_multiply" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::MatMul, a, b, false));
    BUILTIN_LEFT_SHIFT "builtin_left_shift" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::LeftShift, a, b, false));
    BUILTIN_RIGHT_SHIFT "builtin_right_shift" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::RightShift, a, b, false));
    BUILTIN_AND "builtin_and" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::BitAnd, a, b, false));
    BUILTIN_OR "builtin_or" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::BitOr, a, b, false));
    BUILTIN_XOR "builtin_xor" A2 RAISES |vm, a, b| word(ops::binary(vm, Binary::BitXor, a, b, false));
    // Augmented assignment changes some operands in place.
    ADD_IN_PLACE "add_in_place" A2 ANY |vm, a, b| word(ops::add(vm, a, b, true));
    SUBTRACT_IN_PLACE "subtract_in_place" A2 ANY |vm, a, b| word(ops::sub(vm, a, b, true));
    MULTIPLY_IN_PLACE "multiply_in_place" A2 ANY |vm, a, b| word(ops::mul(vm, a, b, true));
    TRUE_DIVIDE_IN_PLACE "true_divide_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::TrueDiv, a, b, true));
    FLOOR_DIVIDE_IN_PLACE "floor_divide_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::FloorDiv, a, b, true));
    MODULO_IN_PLACE "modulo_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::Mod, a, b, true));
    POWER_IN_PLACE "power_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::Pow, a, b, true));
    MATRIX_MULTIPLY_IN_PLACE "matrix_multiply_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::MatMul, a, b, true));
    LEFT_SHIFT_IN_PLACE "left_shift_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::LeftShift, a, b, true));
    RIGHT_SHIFT_IN_PLACE "right_shift_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::RightShift, a, b, true));
    AND_IN_PLACE "and_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitAnd, a, b, true));
    OR_IN_PLACE "or_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitOr, a, b, true));
    XOR_IN_PLACE "xor_in_place" A2 ANY |vm, a, b| word(ops::binary(vm, Binary::BitXor, a, b, true));
    LESS "less" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::Less, a, b));
    LESS_EQUAL "less_equal" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::LessEqual, a, b));
    EQUAL "equal" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::Equal, a, b));
    NOT_EQUAL "not_equal" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::NotEqual, a, b));
    GREATER "greater" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::Greater, a, b));
    GREATER_EQUAL "greater_equal" A2 ANY |vm, a, b| word(compare::compare(vm, CompareKind::GreaterEqual, a, b));
    // As above, of str, int or float.
    BUILTIN_LESS "builtin_less" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::Less, a, b));
    BUILTIN_LESS_EQUAL "builtin_less_equal" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::LessEqual, a, b));
    BUILTIN_EQUAL "builtin_equal" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::Equal, a, b));
    BUILTIN_NOT_EQUAL "builtin_not_equal" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::NotEqual, a, b));
    BUILTIN_GREATER "builtin_greater" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::Greater, a, b));
    BUILTIN_GREATER_EQUAL "builtin_greater_equal" A2 RAISES |vm, a, b| word(compare::compare(vm, CompareKind::GreaterEqual, a, b));
    GET_ITER "get_iter" A1 ANY |vm, a| word(iterate::iteration_state(vm, a).map(|state| leave_state(vm, state)));
    NEXT "next" A1 ANY |vm, a| word(iterate::next_of_object(vm, a).map(|item| item.unwrap_or(Value::EXHAUSTED)));
    // The state's first word does not change but at the end; the others are left in cells.
    NEXT_OF_STATE "next_of_state" A4 ANY |vm, a, b, c, d| word(next_of_state(vm, [a, b, c, d]));
    STR_EQUAL "str_equal" A2 PURE |_vm, a, b| Value::from_bool(strs_are_equal(a, b)).0;
    STR_UNEQUAL "str_unequal" A2 PURE |_vm, a, b| Value::from_bool(!strs_are_equal(a, b)).0;
    CONTAINS "contains" A2 ANY |vm, a, b| word(compare::contains(vm, a, b).map(Value::from_bool));
    NOT_CONTAINS "not_contains" A2 ANY |vm, a, b| word(compare::contains(vm, a, b).map(|found| Value::from_bool(!found)));
    NEGATE "negate" A1 ANY |vm, a| word(ops::negate(vm, a));
    PLUS "plus" A1 ANY |vm, a| word(ops::plus(vm, a));
    INVERT "invert" A1 ANY |vm, a| word(ops::invert(vm, a));
    TRUTH "truth" A1 ANY |vm, a| word(ops::truth(vm, a).map(Value::from_bool));
    NOT "not" A1 ANY |vm, a| word(ops::truth(vm, a).map(|truth| Value::from_bool(!truth)));
    // Of exactly builtin objects.
    BUILTIN_TRUTH "builtin_truth" A1 READS |_vm, a| Value::from_bool(ops::native_truth(a)).0;
    GET_ITEM "get_item" A2 ANY |vm, a, b| word(subscript::get_item(vm, a, b));
    SET_ITEM "set_item" A3 ANY |vm, a, b, c| word(subscript::set_item(vm, a, b, c).map(|()| Value::NONE));
    // `[item] * count`.
    REPEAT_ITEM "repeat_item" A2 RAISES |vm, item, count| word(operators_sequence::repeat_item(vm, item, count));
    // Of exact lists.
    REPEAT_LIST "repeat_list" A2 RAISES |vm, list, count| word(operators_sequence::repeat_list(vm, list, count));
    JOIN_LISTS "join_lists" A2 RAISES |vm, a, b| word(operators_sequence::join_lists(vm, a, b));
    // Of an exact list, with bounds that are ints or None, and a step that is not 0.
    SLICE_LIST "slice_list" A4 RAISES |vm, list, a, b, c| word(slices::get(vm, list, [a, b, c]));
    SET_SLICE "set_slice" A4 LISTS |vm, list, a, b, new| word(slices::set(vm, list, [a, b], new).map(|()| Value::NONE));
    // Of a dict, a set or a frozenset.
    TABLE_LENGTH "table_length" A1 LOOKS |_vm, a| Value::from_fixnum(dict_views::length(a) as i64).0;
    // Of an iteration over a set or dict: where it goes on behind the next element, -1 at the end, -2 if its size is
    // another than that given; and what lies before such a position.
    TABLE_NEXT "table_next" A3 LOOKS |_vm, table, position, size| Value::from_fixnum(dict_views::following(table, position, size)).0;
    SET_ELEMENT "set_element" A2 LOOKS |_vm, set, position| set::element_before(set, position.as_fixnum() as usize).0;
    DICT_KEY "dict_key" A2 LOOKS |_vm, dict, position| dict::stored_before(dict, position.as_fixnum() as usize).0.0;
    DICT_VALUE "dict_value" A2 LOOKS |_vm, dict, position| dict::stored_before(dict, position.as_fixnum() as usize).1.0;
    // Of two floats.
    FLOAT_POWER "float_power" A2 RAISES |vm, a, b| float_power(vm, a, b);
    // With an index in range.
    LIST_POP "list_pop" A2 LISTS |_vm, list, index| subscript::remove(list, index.as_fixnum() as usize).0;
    // Item of a bytes or bytearray, -1 if the index is none from 0 on.
    BYTE_AT "byte_at" A2 LOOKS |_vm, data, index| Value::from_fixnum(byte_at(data, index.as_fixnum())).0;
    DELETE_ITEM "delete_item" A2 ANY |vm, a, b| word(subscript::delete_item(vm, a, b).map(|()| Value::NONE));
    STR_IS_ASCII "str_is_ascii" A1 PURE |_vm, a| Value::from_bool(strings::is_ascii(a)).0;
    STR_ITEM "str_item" A2 PURE |vm, a, b| word(subscript::get_item(vm, a, b));
    SET_ATTR "set_attr" A3 ANY |vm, object, name, value| word(attributes::set_attr(vm, object, name, value).map(|()| Value::NONE));
    DELETE_ATTR "delete_attr" A2 ANY |vm, object, name| word(attributes::delete_attr(vm, object, name).map(|()| Value::NONE));
    // Calls of functions whose code is known to begin with GENERATOR. What nobody begins leaves no trace.
    GENERATOR_0 "generator_0" A1 FRESH |vm, f| generator::called(vm, f, &[]).0;
    GENERATOR_1 "generator_1" A2 FRESH |vm, f, a| generator::called(vm, f, &[a]).0;
    GENERATOR_2 "generator_2" A3 FRESH |vm, f, a, b| generator::called(vm, f, &[a, b]).0;
    GENERATOR_3 "generator_3" A4 FRESH |vm, f, a, b, c| generator::called(vm, f, &[a, b, c]).0;
    GENERATOR_4 "generator_4" A5 FRESH |vm, f, a, b, c, d| generator::called(vm, f, &[a, b, c, d]).0;
    // The same of coroutines: the program is told of one that nobody begins.
    COROUTINE_0 "coroutine_0" A1 READS |vm, f| generator::called(vm, f, &[]).0;
    COROUTINE_1 "coroutine_1" A2 READS |vm, f, a| generator::called(vm, f, &[a]).0;
    COROUTINE_2 "coroutine_2" A3 READS |vm, f, a, b| generator::called(vm, f, &[a, b]).0;
    COROUTINE_3 "coroutine_3" A4 READS |vm, f, a, b, c| generator::called(vm, f, &[a, b, c]).0;
    COROUTINE_4 "coroutine_4" A5 READS |vm, f, a, b, c, d| generator::called(vm, f, &[a, b, c, d]).0;
    // The second operand is the instruction that awaits it.
    AWAIT "await" A2 ANY |vm, coroutine, pc| word(generator::awaited(vm, coroutine, pc.as_fixnum() as u32));
    NEW_DICT "new_dict" A0 FRESH |vm| vm.new_dict().0;
    DICT_SET "dict_set" A3 ANY |vm, dict, key, value| word(dict::set(vm, dict, key, value).map(|()| Value::NONE));
    DICT_UPDATE "dict_update" A2 ANY |vm, dict, mapping| word(super::rare::dict_update(vm, dict, mapping).map(|()| Value::NONE));
    NEW_SET "new_set" A0 FRESH |vm| vm.new_set().0;
    SET_ADD "set_add" A2 ANY |vm, set, item| word(set::add(vm, set, item).map(|_| Value::NONE));
    SET_UPDATE "set_update" A2 ANY |vm, set, items| word(set_operations::update(vm, set, items).map(|()| Value::NONE));
    // Of exact sets and frozensets.
    SET_UNION "set_union" A2 ANY |vm, a, b| word(set_operations::union(vm, a, &[b]));
    SET_INTERSECTION "set_intersection" A2 ANY |vm, a, b| word(set_operations::intersection(vm, a, b));
    SET_DIFFERENCE "set_difference" A2 ANY |vm, a, b| word(set_operations::difference(vm, a, b));
    SET_SYMMETRIC_DIFFERENCE "set_symmetric_difference" A2 ANY |vm, a, b| word(set_operations::symmetric_difference(vm, a, b));
    SET_IS_SUBSET "set_is_subset" A2 ANY |vm, a, b| word(set_operations::is_subset(vm, a, b).map(Value::from_bool));
    LIST_EXTEND "list_extend" A2 ANY |vm, list, items| word(super::rare::list_extend(vm, list, items, None).map(|()| Value::NONE));
    TUPLE_OF_LIST "tuple_of_list" A1 RAISES |vm, list| word(vm.tuple(sequences::items(list)));
    // The method that the class of a plain instance has, UNDEF if it is not so simple.
    PLAIN_METHOD "plain_method" A2 READS |vm, object, name| attributes::plain_method(vm, object, name).unwrap_or(Value::UNDEF).0;
    GET_ATTR "get_attr" A2 ANY |vm, a, b| word(attributes::get_attr(vm, a, b));
    LIST_APPEND "list_append" A2 LISTS |vm, a, b| word(vm.push(a, b).map(|()| Value::NONE));
    LIST_OF_TUPLE "list_of_tuple" A1 RAISES |vm, a| word(vm.list(sequences::items(a)));
    LIST_1 "list_1" A1 NEW_LIST |vm, a| few(vm.list(&[a]));
    LIST_2 "list_2" A2 NEW_LIST |vm, a, b| few(vm.list(&[a, b]));
    LIST_3 "list_3" A3 NEW_LIST |vm, a, b, c| few(vm.list(&[a, b, c]));
    LIST_4 "list_4" A4 NEW_LIST |vm, a, b, c, d| few(vm.list(&[a, b, c, d]));
    TUPLE_1 "tuple_1" A1 RAISES |vm, a| word(vm.tuple(&[a]));
    TUPLE_2 "tuple_2" A2 RAISES |vm, a, b| word(vm.tuple(&[a, b]));
    TUPLE_3 "tuple_3" A3 RAISES |vm, a, b, c| word(vm.tuple(&[a, b, c]));
    TUPLE_4 "tuple_4" A4 RAISES |vm, a, b, c, d| word(vm.tuple(&[a, b, c, d]));
    TUPLE_5 "tuple_5" A5 RAISES |vm, a, b, c, d, e| word(vm.tuple(&[a, b, c, d, e]));
    JOIN_TWO "join_two" A2 RAISES |vm, a, b| word(super::operands::join_pieces(vm, &[a, b]));
    FORMAT_VALUE "format_value" A3 ANY |vm, a, conversion, format| word(format_spec::format_value(vm, a, conversion.as_fixnum() as u8, format));
    CALL_0 "call_0" A1 ANY |vm, f| word(call::call_value(vm, f, &[]));
    CALL_1 "call_1" A2 ANY |vm, f, a| word(call::call_value(vm, f, &[a]));
    CALL_2 "call_2" A3 ANY |vm, f, a, b| word(call::call_value(vm, f, &[a, b]));
    CALL_3 "call_3" A4 ANY |vm, f, a, b, c| word(call::call_value(vm, f, &[a, b, c]));
    CALL_4 "call_4" A5 ANY |vm, f, a, b, c, d| word(call::call_value(vm, f, &[a, b, c, d]));
    // Of builtin functions, methods and types, where arguments and receiver are known to fit.
    NATIVE_0 "native_0" A1 ANY |vm, f| native(vm, f, &[]);
    NATIVE_1 "native_1" A2 ANY |vm, f, a| native(vm, f, &[a]);
    NATIVE_2 "native_2" A3 ANY |vm, f, a, b| native(vm, f, &[a, b]);
    NATIVE_3 "native_3" A4 ANY |vm, f, a, b, c| native(vm, f, &[a, b, c]);
    NATIVE_4 "native_4" A5 ANY |vm, f, a, b, c, d| native(vm, f, &[a, b, c, d]);
    // `list`, `tuple` or `set` of a generator.
    GATHER "gather" A2 ANY |vm, class, generator| word(consume::gather(vm, type_id(class), generator));
    // As above, of those and of operands that run no code of the program and change nothing.
    SCALAR_1 "scalar_1" A2 RAISES |vm, f, a| native(vm, f, &[a]);
    SCALAR_2 "scalar_2" A3 RAISES |vm, f, a, b| native(vm, f, &[a, b]);
    SCALAR_3 "scalar_3" A4 RAISES |vm, f, a, b, c| native(vm, f, &[a, b, c]);
    SCALAR_4 "scalar_4" A5 RAISES |vm, f, a, b, c, d| native(vm, f, &[a, b, c, d]);
    // Of exact dicts and sets and plain keys: no code of the program runs. UNDEF means that nothing was done, and that the
    // interpreter has to do it. What they change no trace has read.
    DICT_ITEM "dict_item" A2 READS |vm, dict, key| dict::get_plain(vm, dict, key).ok().flatten().unwrap_or(Value::UNDEF).0;
    DICT_GET "dict_get" A3 READS |vm, dict, key, other| dict::get_plain(vm, dict, key).map_or(Value::UNDEF, |found| found.unwrap_or(other)).0;
    DICT_HAS "dict_has" A2 READS |vm, dict, key| dict::get_plain(vm, dict, key).map_or(Value::UNDEF, |found| Value::from_bool(found.is_some())).0;
    DICT_PUT "dict_put" A3 READS |vm, dict, key, value| dict::set_plain(vm, dict, key, value).map_or(Value::UNDEF, |()| Value::NONE).0;
    SET_HAS "set_has" A2 READS |vm, set, key| set::contains_plain(vm, set, key).map_or(Value::UNDEF, Value::from_bool).0;
    SET_PUT "set_put" A2 READS |vm, set, key| set::add_plain(vm, set, key).map_or(Value::UNDEF, |()| Value::NONE).0;
    // Of exact builtin objects that have a length.
    BUILTIN_LEN "builtin_len" A1 READS |vm, a| word(library::functions::native_length(vm, a).map(Value::from_fixnum));
    CALL_VARIADIC "call_variadic" A3 ANY |vm, f, arguments, dict| word(apart::call_variadic(vm, f, arguments, dict));
    // Addresses of the code and of the instruction, and the registers that it reads.
    EXECUTE "execute" A5 ANY |vm, code, ins, a, b, c| word(execute_apart(vm, code, ins, [a, b, c]));
    // They leave an exception pending, for CATCH, which comes at once. The second is for what runs no code of the program.
    RAISE "raise" A3 THROWS |vm, value, cause, pc| raise_at(vm, value, cause, pc.as_fixnum() as u32);
    RAISE_BUILTIN "raise_builtin" A2 COMPLETES |vm, value, cause| raise(vm, value, cause);
    RERAISE "reraise" A1 COMPLETES |vm, value| { vm.exception = value; Value::EXC.0 };
    // Address of the places that the pending exception passes on the way to its handler: gives it to that.
    CATCH "catch" A1 COMPLETES |vm, places| catch(vm, places).0;
    CALL_TUPLE "call_tuple" A3 ANY |vm, f, arguments, names| word(call::call_tuple(vm, f, arguments, names));
}

/// By `Binary`.
pub const BINARY: [HelperId; 13] = [
    ADD,
    SUBTRACT,
    MULTIPLY,
    TRUE_DIVIDE,
    FLOOR_DIVIDE,
    MODULO,
    POWER,
    MATRIX_MULTIPLY,
    LEFT_SHIFT,
    RIGHT_SHIFT,
    AND,
    OR,
    XOR,
];
/// By `Binary`, of exactly builtin operands.
pub const BUILTIN_BINARY: [HelperId; 13] = [
    BUILTIN_ADD,
    BUILTIN_SUBTRACT,
    BUILTIN_MULTIPLY,
    BUILTIN_TRUE_DIVIDE,
    BUILTIN_FLOOR_DIVIDE,
    BUILTIN_MODULO,
    BUILTIN_POWER,
    BUILTIN_MATRIX_MULTIPLY,
    BUILTIN_LEFT_SHIFT,
    BUILTIN_RIGHT_SHIFT,
    BUILTIN_AND,
    BUILTIN_OR,
    BUILTIN_XOR,
];
/// By `Binary`, for augmented assignment.
pub const IN_PLACE: [HelperId; 13] = [
    ADD_IN_PLACE,
    SUBTRACT_IN_PLACE,
    MULTIPLY_IN_PLACE,
    TRUE_DIVIDE_IN_PLACE,
    FLOOR_DIVIDE_IN_PLACE,
    MODULO_IN_PLACE,
    POWER_IN_PLACE,
    MATRIX_MULTIPLY_IN_PLACE,
    LEFT_SHIFT_IN_PLACE,
    RIGHT_SHIFT_IN_PLACE,
    AND_IN_PLACE,
    OR_IN_PLACE,
    XOR_IN_PLACE,
];
fn byte_at(data: Value, index: i64) -> i64 {
    usize::try_from(index).ok().and_then(|index| bytes::data(data).get(index)).map_or(-1, |&byte| byte.into())
}

/// `a ** b` of floats.
fn float_power(vm: &mut Vm, a: Value, b: Value) -> u64 {
    if a.is_float() && b.is_float() && a.as_float() > 0.0 {
        let power = a.as_float().powf(b.as_float());
        if let Some(power) = Value::try_float(power).filter(|_| power.is_finite()) {
            return power.0;
        }
    }
    word(ops::binary(vm, Binary::Pow, a, b, false))
}

/// The next item of an iteration state, or EXHAUSTED.
fn next_of_state(vm: &mut Vm, mut state: [Value; 4]) -> Outcome {
    let item = iterate::next_of(vm, &mut state)?;
    leave_state(vm, state);
    Ok(item.unwrap_or(Value::EXHAUSTED))
}

/// As [`raise`], of a class of the program: what makes its instance may look at the line.
fn raise_at(vm: &mut Vm, value: Value, cause: Value, pc: u32) -> u64 {
    vm.frames.stand_at(pc);
    raise(vm, value, cause)
}

/// `raise value from cause`; no cause is UNDEF.
fn raise(vm: &mut Vm, value: Value, cause: Value) -> u64 {
    vm.raise_statement(value, (cause != Value::UNDEF).then_some(cause));
    Value::EXC.0
}

/// Where an exception passes on its way to a handler, innermost frame first.
pub type Places = Box<[(CodeId, u32)]>;

fn catch(vm: &mut Vm, places: Value) -> Value {
    // SAFETY: the recorder passes the address of what the trace keeps.
    for &(code, pc) in unsafe { &*(places.0 as *const Places) } {
        vm.add_traceback_entry(code, pc);
    }
    vm.take_exception().unwrap_or(Value::NONE)
}

/// Calls a builtin whose arguments are known to fit. They are on the native stack, where the collector finds them.
#[inline(always)]
fn native(vm: &mut Vm, callee: Value, arguments: &[Value]) -> u64 {
    // SAFETY: the recorder has seen that it is a BUILTIN or the type object of a builtin type that it can call so.
    let result = unsafe { library::call_fitting(vm, callee, Arguments::positional_only(arguments)) };
    std::hint::black_box(arguments);
    word(result)
}

fn execute_apart(vm: &mut Vm, code: Value, ins: Value, operands: [Value; apart::MOST_OPERANDS]) -> Outcome {
    // SAFETY: the recorder passes addresses in code objects, which live as long as the VM, and an instruction that reads
    // so many registers at most.
    unsafe { apart::execute(vm, code.0 as *const Code, ins.0 as *const Instruction, operands) }
}

/// By `Compare`, of exactly builtin operands.
pub const BUILTIN_COMPARE: [HelperId; 6] =
    [BUILTIN_LESS, BUILTIN_LESS_EQUAL, BUILTIN_EQUAL, BUILTIN_NOT_EQUAL, BUILTIN_GREATER, BUILTIN_GREATER_EQUAL];
/// By `Compare`.
pub const COMPARE: [HelperId; 6] = [LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL];
/// By number of items less one.
pub const BUILD_LIST: [HelperId; 4] = [LIST_1, LIST_2, LIST_3, LIST_4];
/// By number of items less one.
pub const BUILD_TUPLE: [HelperId; 5] = [TUPLE_1, TUPLE_2, TUPLE_3, TUPLE_4, TUPLE_5];
/// By number of arguments.
pub const NATIVE: [HelperId; 5] = [NATIVE_0, NATIVE_1, NATIVE_2, NATIVE_3, NATIVE_4];
/// By number of arguments less one.
pub const SCALAR: [HelperId; 4] = [SCALAR_1, SCALAR_2, SCALAR_3, SCALAR_4];
/// By number of parameters.
pub const GENERATOR: [HelperId; 5] = [GENERATOR_0, GENERATOR_1, GENERATOR_2, GENERATOR_3, GENERATOR_4];
pub const COROUTINE: [HelperId; 5] = [COROUTINE_0, COROUTINE_1, COROUTINE_2, COROUTINE_3, COROUTINE_4];
/// By number of arguments.
pub const CALL: [HelperId; 5] = [CALL_0, CALL_1, CALL_2, CALL_3, CALL_4];
