//! For tests: evaluates Python expressions with the runtime alone, and compares with what CPython said.

use ruff_python_ast as ast;

use super::compare::{CompareKind, compare, contains};
use super::object::ShapeId;
use super::operators::{self, Binary};
use super::value::Value;
use super::vm::{Outcome, Vm};
use super::{attributes, format_spec, repr, subscript};
use crate::library;

/// `repr` of an expression's value, or `Class: message`.
pub fn evaluate(vm: &mut Vm, source: &str) -> String {
    let parsed = ruff_python_parser::parse_expression(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let result = expression(vm, parsed.expr()).and_then(|value| repr::repr_text(vm, value));
    match result {
        Ok(text) => text,
        Err(_) => {
            let value = vm.take_exception().expect("an exception is pending");
            let class = super::exceptions::class_of(value);
            let message = repr::str_text(vm, value).expect("the message of an exception");
            format!("{}: {message}", vm.class_name(class))
        }
    }
}

/// Checks every line `expression => result` of a table.
pub fn check_table(table: &str, stress: u32) {
    let mut vm = Vm::new(vec!["test.py".to_owned()]);
    vm.call_hook = crate::interp::call::call_hook;
    vm.heap.stress = stress;
    let mut failures = String::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (source, expected) = line.rsplit_once(" => ").expect("a line with an arrow");
        let actual = evaluate(&mut vm, source);
        if actual != expected {
            failures.push_str(&format!("{source}\n    CPython {expected}\n    here    {actual}\n"));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A list to keep temporary values alive and in order.
fn evaluate_all<'a>(vm: &mut Vm, list: impl IntoIterator<Item = &'a ast::Expr>) -> Outcome {
    let values = vm.list(&[])?;
    for item in list {
        let value = expression(vm, item)?;
        vm.push(values, value)?;
    }
    Ok(values)
}

fn expression(vm: &mut Vm, source: &ast::Expr) -> Outcome {
    match source {
        ast::Expr::NumberLiteral(literal) => match &literal.value {
            ast::Number::Int(int) => vm.integer_big(&int.to_string().parse().expect("digits")),
            ast::Number::Float(x) => Ok(vm.float(*x)),
            ast::Number::Complex { real, imag } => Ok(vm.complex(super::complex::parts(*real, *imag))),
        },
        ast::Expr::StringLiteral(literal) => Ok(vm.str(literal.value.to_str())),
        ast::Expr::BytesLiteral(literal) => {
            let data: Vec<u8> = literal.value.bytes().collect();
            vm.bytes(&data)
        }
        ast::Expr::BooleanLiteral(literal) => Ok(Value::from_bool(literal.value)),
        ast::Expr::NoneLiteral(_) => Ok(Value::NONE),
        ast::Expr::EllipsisLiteral(_) => Ok(Value::ELLIPSIS),
        ast::Expr::List(list) => evaluate_all(vm, &list.elts),
        ast::Expr::Tuple(tuple) => {
            let values = evaluate_all(vm, &tuple.elts)?;
            vm.tuple(super::sequences::items(values))
        }
        ast::Expr::Set(set) => {
            let values = evaluate_all(vm, &set.elts)?;
            let result = vm.new_set();
            for &value in super::sequences::items(values) {
                super::set::add(vm, result, value)?;
            }
            Ok(result)
        }
        ast::Expr::Dict(dict) => {
            let result = vm.new_dict();
            for item in &dict.items {
                let value = expression(vm, &item.value)?;
                match &item.key {
                    Some(key) => {
                        let key = expression(vm, key)?;
                        super::dict::set(vm, result, key, value)?;
                    }
                    None => super::dict_views::update(vm, result, value)?,
                }
            }
            Ok(result)
        }
        ast::Expr::Name(name) => {
            let key = vm.intern(&name.id);
            if let Some(&value) = vm.builtins.get(&key) {
                return Ok(value);
            }
            crate::interp::import::import_module(vm, &name.id)
        }
        ast::Expr::UnaryOp(unary) => {
            let operand = expression(vm, &unary.operand)?;
            match unary.op {
                ast::UnaryOp::USub => operators::negate(vm, operand),
                ast::UnaryOp::UAdd => operators::plus(vm, operand),
                ast::UnaryOp::Invert => operators::invert(vm, operand),
                ast::UnaryOp::Not => operators::not(vm, operand),
            }
        }
        ast::Expr::BinOp(binary) => {
            let left = expression(vm, &binary.left)?;
            let right = expression(vm, &binary.right)?;
            let op = match binary.op {
                ast::Operator::Add => return operators::add(vm, left, right, false),
                ast::Operator::Sub => return operators::sub(vm, left, right, false),
                ast::Operator::Mult => return operators::mul(vm, left, right, false),
                ast::Operator::Div => Binary::TrueDiv,
                ast::Operator::FloorDiv => Binary::FloorDiv,
                ast::Operator::Mod => Binary::Mod,
                ast::Operator::Pow => Binary::Pow,
                ast::Operator::LShift => Binary::LeftShift,
                ast::Operator::RShift => Binary::RightShift,
                ast::Operator::BitAnd => Binary::BitAnd,
                ast::Operator::BitOr => Binary::BitOr,
                ast::Operator::BitXor => Binary::BitXor,
                ast::Operator::MatMult => panic!("@ is not supported"),
            };
            operators::binary(vm, op, left, right, false)
        }
        ast::Expr::Compare(comparison) => {
            let left = expression(vm, &comparison.left)?;
            let right = expression(vm, &comparison.comparators[0])?;
            let kind = match comparison.ops[0] {
                ast::CmpOp::Lt => CompareKind::Less,
                ast::CmpOp::LtE => CompareKind::LessEqual,
                ast::CmpOp::Eq => CompareKind::Equal,
                ast::CmpOp::NotEq => CompareKind::NotEqual,
                ast::CmpOp::Gt => CompareKind::Greater,
                ast::CmpOp::GtE => CompareKind::GreaterEqual,
                ast::CmpOp::In => return contains(vm, right, left).map(Value::from_bool),
                ast::CmpOp::NotIn => return contains(vm, right, left).map(|found| Value::from_bool(!found)),
                ast::CmpOp::Is => return Ok(Value::from_bool(operators::is_same(left, right))),
                ast::CmpOp::IsNot => return Ok(Value::from_bool(!operators::is_same(left, right))),
            };
            compare(vm, kind, left, right)
        }
        ast::Expr::Subscript(subscript) => {
            let container = expression(vm, &subscript.value)?;
            let key = expression(vm, &subscript.slice)?;
            subscript::get_item(vm, container, key)
        }
        ast::Expr::Slice(slice) => {
            let mut parts = [Value::NONE; 3];
            for (part, source) in parts.iter_mut().zip([&slice.lower, &slice.upper, &slice.step]) {
                if let Some(source) = source {
                    *part = expression(vm, source)?;
                }
            }
            let [start, stop, step] = parts;
            Ok(vm.slice(start, stop, step))
        }
        ast::Expr::Attribute(attribute) => {
            let value = expression(vm, &attribute.value)?;
            let name = vm.intern(&attribute.attr);
            attributes::get_attr(vm, value, name)
        }
        ast::Expr::Call(call) => {
            let callee = expression(vm, &call.func)?;
            let sources = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|k| &k.value));
            let values = evaluate_all(vm, sources)?;
            let names = vm.list(&[])?;
            for keyword in &call.arguments.keywords {
                let name = vm.intern(keyword.arg.as_ref().expect("no ** in tests"));
                vm.push(names, name)?;
            }
            let names = vm.tuple(super::sequences::items(names))?;
            let values = super::sequences::items(values);
            // SAFETY: the list's storage stays where it is during the call, since only this test refers to it.
            unsafe { library::call_builtin(vm, callee, values.as_ptr().cast_mut(), values.len(), Some(names)) }
        }
        ast::Expr::FString(string) => {
            let mut out = vm.str("");
            for element in string.value.elements() {
                let piece = match element {
                    ast::InterpolatedStringElement::Literal(literal) => vm.str(&literal.value),
                    ast::InterpolatedStringElement::Interpolation(part) => {
                        let value = expression(vm, &part.expression)?;
                        let conversion = match part.conversion {
                            ast::ConversionFlag::None => 0,
                            ast::ConversionFlag::Str => 1,
                            ast::ConversionFlag::Repr => 2,
                            ast::ConversionFlag::Ascii => 3,
                        };
                        let spec = part.format_spec.as_ref().map_or_else(String::new, |spec| {
                            spec.elements.literals().map(|literal| &*literal.value).collect()
                        });
                        let spec = vm.str(&spec);
                        format_spec::format_value(vm, value, conversion, spec)?
                    }
                };
                out = vm.concatenate(out, piece)?;
            }
            debug_assert!(out.has_shape(ShapeId::STR));
            Ok(out)
        }
        other => panic!("not an expression for tests: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_give_what_cpython_gives() {
        check_table(include_str!("expressions.txt"), 0);
        check_table(include_str!("expressions_containers.txt"), 0);
    }

    /// For fuzzing by hand: a table made by `expressions.py`, named in the environment.
    #[test]
    #[ignore = "needs JITVM_EXPRESSIONS"]
    fn expressions_of_a_file() {
        let path = std::env::var("JITVM_EXPRESSIONS").expect("JITVM_EXPRESSIONS names a file");
        check_table(&std::fs::read_to_string(path).expect("a readable file"), 50);
    }

    #[test]
    fn expressions_under_collection_stress() {
        check_table(include_str!("expressions.txt"), 1);
        check_table(include_str!("expressions_containers.txt"), 1);
    }
}
