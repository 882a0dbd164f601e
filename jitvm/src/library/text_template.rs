//! `str.format`: templates with replacement fields.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{attributes, format_spec, repr, subscript};

builtins! {
    METHODS of Owner::Type(TypeId::STR);
    "format" Arity::Free, format, "The template with its fields replaced.";
    "format_map" Arity::One, format_map, "The template with its fields looked up in a mapping.";
}

/// How fields without a name are numbered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Unknown,
    /// `{}`: the next number.
    Automatic(usize),
    Manual,
}

struct Template<'a> {
    arguments: Arguments<'a>,
    /// Of `format_map`.
    mapping: Option<Value>,
    numbering: Numbering,
}

fn format(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(&template) = arguments.positional().first() else {
        return Err(vm.type_error("unbound method str.format() needs an argument"));
    };
    let mut state = Template { arguments, mapping: None, numbering: Numbering::Unknown };
    let result = state.expand(vm, text(template), 2)?;
    Ok(vm.str(&result))
}

fn format_map(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [template, mapping] = [0, 1].map(|index| arguments.positional()[index]);
    let none = Arguments::positional_only(&[]);
    let mut state = Template { arguments: none, mapping: Some(mapping), numbering: Numbering::Unknown };
    let result = state.expand(vm, text(template), 2)?;
    Ok(vm.str(&result))
}

impl Template<'_> {
    /// Replaces the fields of a template; format specs inside fields are templates one level down.
    fn expand(&mut self, vm: &mut Vm, source: &str, depth: usize) -> Outcome<String> {
        if depth == 0 {
            return Err(vm.value_error("Max string recursion exceeded"));
        }
        let mut out = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                out.push_str(brace);
                rest = &rest[1..];
                continue;
            }
            if brace == "}" || rest.is_empty() {
                return Err(vm.value_error(format!("Single '{brace}' encountered in format string")));
            }
            let Some(end) = field_end(rest) else {
                return Err(vm.value_error("expected '}' before end of string"));
            };
            let field = &rest[..end];
            rest = &rest[end + 1..];
            self.replace(vm, field, depth, &mut out)?;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn replace(&mut self, vm: &mut Vm, field: &str, depth: usize, out: &mut String) -> Outcome<()> {
        let name_end = name_end(field);
        let (name, tail) = field.split_at(name_end);
        let (conversion, spec) = match tail.strip_prefix('!') {
            None => (None, tail.strip_prefix(':').unwrap_or("")),
            Some(tail) => {
                let mut characters = tail.chars();
                let Some(conversion) = characters.next() else {
                    return Err(vm.value_error("end of string while looking for conversion specifier"));
                };
                let after = characters.as_str();
                match (after.is_empty(), after.strip_prefix(':')) {
                    (true, _) => (Some(conversion), ""),
                    (_, Some(spec)) => (Some(conversion), spec),
                    _ => return Err(vm.value_error("expected ':' after conversion specifier")),
                }
            }
        };
        let value = self.value(vm, name)?;
        let value = match conversion {
            None => value,
            Some('s') => repr::to_str(vm, value)?,
            Some('r') => repr::to_repr(vm, value)?,
            Some('a') => repr::to_ascii(vm, value)?,
            Some(other) => return Err(vm.value_error(format!("Unknown conversion specifier {other}"))),
        };
        let spec = if spec.contains(['{', '}']) { self.expand(vm, spec, depth - 1)? } else { spec.to_owned() };
        out.push_str(&format_spec::format_text(vm, value, &spec)?);
        Ok(())
    }

    /// The argument a field names, with the attributes and items that follow.
    fn value(&mut self, vm: &mut Vm, name: &str) -> Outcome {
        let first_end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut rest) = name.split_at(first_end);
        let mut value = self.argument(vm, first)?;
        while !rest.is_empty() {
            if let Some(attribute) = rest.strip_prefix('.') {
                let end = attribute.find(['.', '[']).unwrap_or(attribute.len());
                if end == 0 {
                    return Err(vm.value_error("Empty attribute in format string"));
                }
                let key = vm.intern(&attribute[..end]);
                value = attributes::get_attr(vm, value, key)?;
                rest = &attribute[end..];
            } else if let Some(item) = rest.strip_prefix('[') {
                let Some(end) = item.find(']') else {
                    return Err(vm.value_error("Missing ']' in format string"));
                };
                if end == 0 {
                    return Err(vm.value_error("Empty attribute in format string"));
                }
                let key = match item[..end].parse::<u32>() {
                    Ok(index) => Value::from_fixnum(i64::from(index)),
                    Err(_) => vm.str(&item[..end]),
                };
                value = subscript::get_item(vm, value, key)?;
                rest = &item[end + 1..];
            } else {
                return Err(vm.value_error("Only '.' or '[' may follow ']' in format field specifier"));
            }
        }
        Ok(value)
    }

    fn argument(&mut self, vm: &mut Vm, name: &str) -> Outcome {
        let index = if name.is_empty() {
            let next = match self.numbering {
                Numbering::Unknown => 0,
                Numbering::Automatic(next) => next,
                Numbering::Manual => {
                    let message = "cannot switch from manual field specification to automatic field numbering";
                    return Err(vm.value_error(message));
                }
            };
            self.numbering = Numbering::Automatic(next + 1);
            next
        } else if name.bytes().all(|c| c.is_ascii_digit()) {
            if matches!(self.numbering, Numbering::Automatic(_)) {
                let message = "cannot switch from automatic field numbering to manual field specification";
                return Err(vm.value_error(message));
            }
            self.numbering = Numbering::Manual;
            match name.parse::<u32>() {
                Ok(index) => index as usize,
                Err(_) => return Err(vm.value_error("Too many decimal digits in format string")),
            }
        } else if let Some(mapping) = self.mapping {
            let key = vm.str(name);
            return subscript::get_item(vm, mapping, key);
        } else {
            let found = self.arguments.keywords().find(|&(known, _)| known == name);
            return match found {
                Some((_, value)) => Ok(value),
                None => {
                    let key = vm.str(name);
                    Err(vm.raise_with(TypeId::KEY_ERROR, &[key]))
                }
            };
        };
        if self.mapping.is_some() {
            return Err(vm.value_error("Format string contains positional fields"));
        }
        match self.arguments.get(index + 1) {
            Some(value) => Ok(value),
            None => {
                let message = format!("Replacement index {index} out of range for positional args tuple");
                Err(vm.index_error(message))
            }
        }
    }
}

/// Where the field that begins here ends: at its own closing brace.
fn field_end(source: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in source.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where the name of a field ends: at `!` or `:` outside of brackets.
fn name_end(field: &str) -> usize {
    let mut bracket = false;
    for (at, c) in field.char_indices() {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            '!' | ':' if !bracket => return at,
            _ => {}
        }
    }
    field.len()
}
