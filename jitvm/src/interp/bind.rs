//! Binding a call's arguments to a code's parameters, with CPython's errors.

use crate::bytecode::CodeProto;
use crate::runtime::strings::text;
use crate::runtime::value::Value;
use crate::runtime::vm::Code;

/// Where a parameter's value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// The n-th value of the call, keywords counted after the positional ones.
    Argument(u16),
    /// The n-th entry of the function's defaults.
    Default(u16),
    /// The tuple of the positional values from the n-th on.
    ExtraPositional(u16),
    /// The dict of [`Bound::extra_keywords`].
    ExtraKeywords,
}

/// What each parameter is bound to, in register order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bound {
    pub bindings: Vec<Binding>,
    /// Keywords that no parameter has: index among the keyword names and among the values.
    pub extra_keywords: Vec<(u16, u16)>,
}

/// The shape of a call: how many values it passes and the names of the last ones.
#[derive(Clone, Copy, Debug)]
pub struct CallShape<'a> {
    pub count: usize,
    pub keywords: &'a [Value],
}

/// Two strs are the same name.
pub(super) fn same_name(left: Value, right: Value) -> bool {
    left == right || text(left) == text(right)
}

/// Decides what each parameter is bound to.
///
/// # Errors
/// The message of CPython's TypeError.
pub fn bind(code: &Code, call: CallShape<'_>) -> Result<Bound, String> {
    let proto = &code.proto;
    let positional = proto.positional as usize;
    let named = positional + proto.keyword_only as usize;
    let given = call.count - call.keywords.len();
    let name = &proto.qualname;
    let mut extra_keywords = Vec::new();
    let mut bound: Vec<Option<Binding>> = vec![None; named];
    for (i, slot) in bound.iter_mut().enumerate().take(given.min(positional)) {
        *slot = Some(Binding::Argument(i as u16));
    }
    let mut positional_only_given = Vec::new();
    for (k, &keyword) in call.keywords.iter().enumerate() {
        let found = code.parameters[..named].iter().position(|&parameter| same_name(parameter, keyword));
        let index = (given + k) as u16;
        match found {
            Some(p) if p < proto.positional_only as usize => {
                if proto.star_keywords {
                    extra_keywords.push((k as u16, index));
                } else {
                    positional_only_given.push(text(keyword));
                }
            }
            Some(p) if bound[p].is_some() => {
                return Err(format!("{name}() got multiple values for argument '{}'", text(keyword)));
            }
            Some(p) => bound[p] = Some(Binding::Argument(index)),
            None if proto.star_keywords => extra_keywords.push((k as u16, index)),
            None => return Err(format!("{name}() got an unexpected keyword argument '{}'", text(keyword))),
        }
    }
    if !positional_only_given.is_empty() {
        let list = positional_only_given.join(", ");
        return Err(format!("{name}() got some positional-only arguments passed as keyword arguments: '{list}'"));
    }
    if given > positional && !proto.star_arguments {
        return Err(too_many(proto, given, &bound));
    }
    for (index, &parameter) in proto.defaulted.iter().enumerate() {
        bound[parameter as usize].get_or_insert(Binding::Default(index as u16));
    }
    for (range, kind) in [(0..positional, "positional"), (positional..named, "keyword-only")] {
        let missing: Vec<&str> = range.filter(|&p| bound[p].is_none()).map(|p| proto.local_names[p].as_str()).collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "" } else { "s" };
            let count = missing.len();
            return Err(format!("{name}() missing {count} required {kind} argument{plural}: {}", quoted(&missing)));
        }
    }
    let mut bindings: Vec<Binding> = bound.into_iter().flatten().collect();
    if proto.star_arguments {
        bindings.push(Binding::ExtraPositional(positional as u16));
    }
    if proto.star_keywords {
        bindings.push(Binding::ExtraKeywords);
    }
    Ok(Bound { bindings, extra_keywords })
}

/// `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`.
fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
    }
}

fn too_many(code: &CodeProto, given: usize, bound: &[Option<Binding>]) -> String {
    let positional = code.positional as usize;
    let defaults = code.defaulted.iter().filter(|&&parameter| (parameter as usize) < positional).count();
    let takes = if defaults > 0 {
        format!("from {} to {positional} positional arguments", positional - defaults)
    } else {
        format!("{positional} positional argument{}", if positional == 1 { "" } else { "s" })
    };
    let keyword_only_given = bound[positional..].iter().flatten().count();
    let were = if keyword_only_given > 0 {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        format!(
            "{given} positional argument{} (and {keyword_only_given} keyword-only argument{}) were given",
            plural(given),
            plural(keyword_only_given)
        )
    } else {
        format!("{given} {} given", if given == 1 { "was" } else { "were" })
    };
    format!("{}() takes {takes} but {were}", code.qualname)
}
