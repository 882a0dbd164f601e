//! One-line texts of values for listings and the log: bounded, and never running code of the program.

use crate::library;
use crate::runtime::object::{BigInt, FloatBox, Function, ShapeId};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::runtime::{modules, repr, sequences, strings, types};

/// Longest text of a str or a number.
const LIMIT: usize = 60;

/// A short text for a value.
pub fn describe(vm: &mut Vm, value: Value) -> String {
    if let Some(name) = value.special_name() {
        return name.to_owned();
    }
    if !value.is_pointer() {
        return repr::repr_text(vm, value).unwrap_or_default();
    }
    match value.shape() {
        ShapeId::STR => {
            let text: String = strings::text(value).chars().take(LIMIT).collect();
            let mut out = String::new();
            repr::write_str_repr(&text, false, &mut out);
            out
        }
        ShapeId::FLOAT_BOX => {
            // SAFETY: the shape says what the object is.
            let x = unsafe { (*value.object::<FloatBox>()).value };
            format!("{x:?}")
        }
        ShapeId::FUNCTION => {
            // SAFETY: as above.
            let id = unsafe { (*value.object::<Function>()).code };
            format!("function {}", vm.codes[id.index()].proto.qualname)
        }
        ShapeId::BIG_INT => {
            // SAFETY: as above.
            let limbs = unsafe { (*value.object::<BigInt>()).size.unsigned_abs() };
            if limbs <= 3 { repr::repr_text(vm, value).unwrap_or_default() } else { format!("int of {limbs} words") }
        }
        ShapeId::LIST => format!("list of {}", sequences::items(value).len()),
        ShapeId::TUPLE => format!("tuple of {}", sequences::items(value).len()),
        ShapeId::BUILTIN => format!("builtin {}", library::row_of(vm, value).full_name()),
        ShapeId::TYPE => format!("type {}", vm.class_name(types::type_id(value))),
        ShapeId::MODULE => format!("module {}", modules::module_name(value)),
        _ => vm.type_name(value).to_string(),
    }
}

/// The full name of a builtin function, method or type: `len`, `list.append`, `math.sqrt`, `int`.
pub fn builtin_name(vm: &Vm, callee: Value) -> Option<String> {
    if !callee.is_pointer() {
        return None;
    }
    match callee.shape() {
        ShapeId::BUILTIN => Some(library::row_of(vm, callee).full_name()),
        ShapeId::TYPE => Some(vm.class_name(types::type_id(callee)).to_owned()),
        _ => None,
    }
}
