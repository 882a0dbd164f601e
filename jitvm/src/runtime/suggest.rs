//! "Did you mean": the known name most like a misspelt one, by CPython's measure.

use super::attributes::attribute_names;
use super::exceptions::{class_of, exception};
use super::strings::text;
use super::types::TypeId;
use super::value::Value;
use super::vm::Vm;
use crate::ir::CodeId;

/// More names than this are not searched.
const MOST_NAMES: usize = 750;
/// Longer differing parts are not compared.
const LONGEST_PART: usize = 40;
/// Cost of inserting, deleting or replacing a character.
const EDIT_COST: usize = 2;
/// Cost of a change of case.
const CASE_COST: usize = 1;

/// What the program may have meant, for a NameError or AttributeError. `innermost` is the code it was raised in.
pub fn suggestion(vm: &Vm, value: Value, innermost: Option<CodeId>) -> Option<String> {
    let (class, fields) = (class_of(value), exception(value));
    if !fields.name.is_str() {
        return None;
    }
    let name = text(fields.name);
    if vm.is_subtype(class, TypeId::ATTRIBUTE_ERROR) {
        let mut names = attribute_names(vm, fields.object);
        names.sort_unstable();
        return closest(name, &names);
    }
    if class != TypeId::NAME_ERROR {
        return None;
    }
    let code = &vm.codes[innermost?.index()];
    let locals: Vec<&str> = code.proto.local_names.iter().map(|name| &**name).collect();
    if let Some(found) = closest(name, &locals) {
        return Some(found);
    }
    // The globals of the module that the code belongs to: all its codes name cells of one table.
    let globals: Vec<&str> = vm.globals_of_code(code.id).into_iter().map(text).collect();
    if let Some(found) = closest(name, &globals) {
        return Some(found);
    }
    let mut builtins: Vec<&str> = vm.builtins.keys().map(|&name| text(name)).collect();
    builtins.sort_unstable();
    closest(name, &builtins)
}

fn closest(name: &str, candidates: &[&str]) -> Option<String> {
    if candidates.len() >= MOST_NAMES {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.iter().filter(|&&candidate| candidate != name) {
        // At most a third of the characters may differ, and less than in what was found before.
        let mut limit = (name.len() + candidate.len() + 3) * EDIT_COST / 6;
        if let Some((distance, _)) = best {
            limit = limit.min(distance.saturating_sub(1));
        }
        let distance = distance(name.as_bytes(), candidate.as_bytes(), limit);
        if distance <= limit && best.is_none_or(|(other, _)| distance < other) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_owned())
}

fn replacement_cost(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE_COST
    } else {
        EDIT_COST
    }
}

/// Levenshtein distance with these costs; above `limit` it is only known to be above.
fn distance(a: &[u8], b: &[u8], limit: usize) -> usize {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * EDIT_COST;
    }
    if a.len() > LONGEST_PART || b.len() > LONGEST_PART {
        return limit + 1;
    }
    let mut row: Vec<usize> = (1..=a.len()).map(|index| index * EDIT_COST).collect();
    let mut result = 0;
    for (b_index, &code) in b.iter().enumerate() {
        let mut diagonal = b_index * EDIT_COST;
        result = diagonal + EDIT_COST;
        // The cell to the left of the row's first one.
        for (cell, &other) in row.iter_mut().zip(a) {
            let replaced = diagonal + replacement_cost(code, other);
            diagonal = *cell;
            result = replaced.min(result.min(diagonal) + EDIT_COST);
            *cell = result;
        }
        if row.iter().all(|&cost| cost > limit) {
            return limit + 1;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_found_and_far_ones_are_not() {
        let names = ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove"];
        assert_eq!(closest("appendd", &names).as_deref(), Some("append"));
        assert_eq!(closest("Append", &names).as_deref(), Some("append"));
        assert_eq!(closest("push", &names), None);
        assert_eq!(closest("append", &names[..1]), None);
    }
}
