//! Methods and the constructor of complex numbers.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::complex::{self, Parts, is_complex, parts, parts_of};
use crate::runtime::numbers::as_float;
use crate::runtime::strings::as_text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    METHODS of Owner::Type(TypeId::COMPLEX);
    "conjugate" Arity::Zero, conjugate, "The complex conjugate.";
    "__complex__" Arity::Zero, itself, "The number itself.";
}

fn conjugate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Parts { real, imaginary } = parts_of(arguments.positional()[0]);
    Ok(vm.complex(parts(real, -imaginary)))
}

fn itself(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    if value.is_instance() { Ok(vm.complex(parts_of(value))) } else { Ok(value) }
}

/// What a program's object is as a number: its `__complex__`, `__float__` or `__index__`.
pub fn number(vm: &mut Vm, value: Value) -> Outcome<Option<Parts>> {
    if let Some(number) = complex::as_complex(vm, value)? {
        return Ok(Some(number));
    }
    if !value.is_instance() {
        return Ok(None);
    }
    if let Some(method) = vm.special(value, vm.names.complex) {
        let result = vm.call_special(method, value, &[])?;
        if is_complex(result) {
            return Ok(Some(parts_of(result)));
        }
        let name = vm.type_name(result);
        return Err(vm.type_error(format!("__complex__ returned non-complex (type {name})")));
    }
    for name in [vm.names.float, vm.names.index] {
        if let Some(method) = vm.special(value, name) {
            let result = vm.call_special(method, value, &[])?;
            if let Some(number) = complex::as_complex(vm, result)? {
                return Ok(Some(number));
            }
        }
    }
    Ok(None)
}

/// `complex(...)`.
pub fn construct(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [real, imaginary] = arguments.bind(vm, "complex", ["real", "imag"])?;
    let Some(first) = real.or(imaginary.map(|_| Value::from_fixnum(0))) else {
        return Ok(vm.complex(parts(0.0, 0.0)));
    };
    if let Some(text) = as_text(first) {
        if imaginary.is_some() {
            return Err(vm.type_error("complex() can't take second arg if first is a string"));
        }
        let number = complex::parse(vm, text)?;
        return Ok(vm.complex(number));
    }
    if let Some(second) = imaginary
        && second.is_str()
    {
        return Err(vm.type_error("complex() second arg can't be a string"));
    }
    if imaginary.is_none() && is_complex(first) && !first.is_instance() {
        return Ok(first);
    }
    let Some(base) = number(vm, first)? else {
        let name = vm.type_name(first);
        return Err(vm.type_error(format!("complex() first argument must be a string or a number, not '{name}'")));
    };
    let Some(second) = imaginary else { return Ok(vm.complex(base)) };
    let Some(other) = number(vm, second)? else {
        let name = vm.type_name(second);
        return Err(vm.type_error(format!("complex() second argument must be a number, not '{name}'")));
    };
    // real + imag * 1j, but without terms that are not there: they would change the signs of zeros.
    let mut result = parts(base.real, other.real);
    if is_complex(second) {
        result.real -= other.imaginary;
    }
    if is_complex(first) {
        result.imaginary += base.imaginary;
    }
    debug_assert!(as_float(first).is_none() || base.imaginary == 0.0);
    Ok(vm.complex(result))
}
