//! The values of literals that were read without being compiled (`ast.literal_eval`).

use crate::front::Literal;
use crate::runtime::operators::{self, Binary, Unary};
use crate::runtime::sequences::items;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{dict, set};

/// The value of a literal.
///
/// # Errors
/// Keys that cannot be hashed; MemoryError.
pub fn value(vm: &mut Vm, literal: &Literal) -> Outcome {
    match literal {
        Literal::Constant(constant) => Ok(vm.constant_value(constant)),
        Literal::Signed(negative, operand) => {
            let operand = value(vm, operand)?;
            operators::unary(vm, if *negative { Unary::Negate } else { Unary::Plus }, operand)
        }
        Literal::Sum(minus, parts) => {
            let (left, right) = (value(vm, &parts[0])?, value(vm, &parts[1])?);
            operators::binary(vm, if *minus { Binary::Sub } else { Binary::Add }, left, right, false)
        }
        Literal::List(literals) => list(vm, literals),
        Literal::Tuple(literals) => {
            let list = list(vm, literals)?;
            vm.tuple(items(list))
        }
        Literal::Set(literals) => {
            let result = vm.new_set();
            for literal in literals {
                let element = value(vm, literal)?;
                set::add(vm, result, element)?;
            }
            Ok(result)
        }
        Literal::Dict(entries) => {
            let result = vm.new_dict();
            for (key, content) in entries {
                let key = value(vm, key)?;
                let content = value(vm, content)?;
                dict::set(vm, result, key, content)?;
            }
            Ok(result)
        }
    }
}

fn list(vm: &mut Vm, literals: &[Literal]) -> Outcome {
    let list = vm.list(&[])?;
    for literal in literals {
        let item = value(vm, literal)?;
        vm.push(list, item)?;
    }
    Ok(list)
}
