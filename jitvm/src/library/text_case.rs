//! Methods of strs: case, padding, and questions about characters.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::iterate::{to_c_int, to_index};
use crate::runtime::number_text::is_space;
use crate::runtime::repr::is_printable;
use crate::runtime::strings::{LONGEST, as_text, length, text};
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    METHODS of Owner::Type(TypeId::STR);
    "capitalize" Arity::Zero, capitalize, "First character upper case, others lower case.";
    "casefold" Arity::Zero, casefold, "For comparisons that ignore case.";
    "center" Arity::Range(1, 2), center, "Padded on both sides.";
    "expandtabs" Arity::Free, expandtabs, "With tabs replaced by spaces.";
    "isalnum" Arity::Zero, isalnum, "True if all characters are letters or numbers.";
    "isalpha" Arity::Zero, isalpha, "True if all characters are letters.";
    "isascii" Arity::Zero, isascii, "True if all characters are ASCII.";
    "isdecimal" Arity::Zero, isdecimal, "True if all characters are decimal digits.";
    "isdigit" Arity::Zero, isdigit, "True if all characters are digits.";
    "isidentifier" Arity::Zero, isidentifier, "True if the str could be a name.";
    "islower" Arity::Zero, islower, "True if cased characters are lower case.";
    "isnumeric" Arity::Zero, isnumeric, "True if all characters are numbers.";
    "isprintable" Arity::Zero, isprintable, "True if repr() would escape nothing.";
    "isspace" Arity::Zero, isspace, "True if all characters are white space.";
    "istitle" Arity::Zero, istitle, "True if words begin with upper case.";
    "isupper" Arity::Zero, isupper, "True if cased characters are upper case.";
    "ljust" Arity::Range(1, 2), ljust, "Padded at the end.";
    "lower" Arity::Zero, lower, "In lower case.";
    "rjust" Arity::Range(1, 2), rjust, "Padded at the start.";
    "swapcase" Arity::Zero, swapcase, "With cases exchanged.";
    "title" Arity::Zero, title, "With words beginning in upper case.";
    "upper" Arity::Zero, upper, "In upper case.";
    "zfill" Arity::One, zfill, "Padded with zeros after the sign.";
}

fn own<'a>(arguments: Arguments) -> &'a str {
    text(arguments.positional()[0])
}

fn lower(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(vm.str(&own(arguments).to_lowercase()))
}

fn upper(vm: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(vm.str(&own(arguments).to_uppercase()))
}

fn casefold(vm: &mut Vm, arguments: Arguments) -> Outcome {
    // Lower case of upper case folds the pairs that lower case alone keeps apart (sharp s, final sigma).
    let folded: String = own(arguments).chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    Ok(vm.str(&folded))
}

/// The character that begins a word: title case where that differs from upper case.
fn push_title(c: char, out: &mut String) {
    match c {
        '\u{1c4}'..='\u{1c6}' => out.push('\u{1c5}'),
        '\u{1c7}'..='\u{1c9}' => out.push('\u{1c8}'),
        '\u{1ca}'..='\u{1cc}' => out.push('\u{1cb}'),
        '\u{1f1}'..='\u{1f3}' => out.push('\u{1f2}'),
        '\u{149}' => out.push_str("\u{2bc}N"),
        // One letter becomes several: only the first is upper case.
        _ => {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
    }
}

/// The lower case of the character at a byte offset: a sigma that ends a word has its own.
fn push_lower(text: &str, offset: usize, c: char, out: &mut String) {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    if c == 'Σ'
        && is_letter(text[..offset].chars().next_back())
        && !is_letter(text[offset + c.len_utf8()..].chars().next())
    {
        out.push('ς');
    } else {
        out.extend(c.to_lowercase());
    }
}

fn capitalize(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let string = own(arguments);
    let mut out = String::new();
    for (offset, c) in string.char_indices() {
        match offset {
            0 => push_title(c, &mut out),
            _ => push_lower(string, offset, c, &mut out),
        }
    }
    Ok(vm.str(&out))
}

fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase() || is_title_letter(c)
}

fn is_title_letter(c: char) -> bool {
    matches!(c, '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}')
}

fn title(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut out = String::new();
    let mut inside = false;
    let string = own(arguments);
    for (offset, c) in string.char_indices() {
        if inside {
            push_lower(string, offset, c, &mut out);
        } else {
            push_title(c, &mut out);
        }
        inside = is_cased(c);
    }
    Ok(vm.str(&out))
}

fn swapcase(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let mut out = String::new();
    let string = own(arguments);
    for (offset, c) in string.char_indices() {
        match (c.is_uppercase(), c.is_lowercase()) {
            (true, _) => push_lower(string, offset, c, &mut out),
            (_, true) => out.extend(c.to_uppercase()),
            _ => out.push(c),
        }
    }
    Ok(vm.str(&out))
}

/// Width and fill character of the padding methods.
fn field(vm: &mut Vm, arguments: Arguments) -> Outcome<(usize, char)> {
    let width = to_index(vm, arguments.positional()[1])?;
    let fill = match arguments.get(2) {
        None => ' ',
        Some(value) => {
            let Some(fill) = as_text(value) else {
                let name = vm.type_name(value);
                let message = format!("The fill character must be a unicode character, not {name}");
                return Err(vm.type_error(message));
            };
            let mut characters = fill.chars();
            match (characters.next(), characters.next()) {
                (Some(c), None) => c,
                _ => return Err(vm.type_error("The fill character must be exactly one character long")),
            }
        }
    };
    Ok((width.max(0) as usize, fill))
}

fn padded(vm: &mut Vm, arguments: Arguments, split: fn(usize, usize) -> usize) -> Outcome {
    let (width, fill) = field(vm, arguments)?;
    let string = arguments.positional()[0];
    let missing = width.saturating_sub(length(string));
    if missing == 0 {
        return Ok(string);
    }
    if missing > LONGEST / 4 {
        return Err(vm.raise_memory_error());
    }
    let left = split(missing, width);
    let fill = |count| std::iter::repeat_n(fill, count);
    let result: String = fill(left).chain(text(string).chars()).chain(fill(missing - left)).collect();
    Ok(vm.str(&result))
}

fn ljust(vm: &mut Vm, arguments: Arguments) -> Outcome {
    padded(vm, arguments, |_, _| 0)
}

fn rjust(vm: &mut Vm, arguments: Arguments) -> Outcome {
    padded(vm, arguments, |missing, _| missing)
}

fn center(vm: &mut Vm, arguments: Arguments) -> Outcome {
    padded(vm, arguments, |missing, width| missing / 2 + (missing & width & 1))
}

fn zfill(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let string = arguments.positional()[0];
    let width = to_index(vm, arguments.positional()[1])?.max(0) as usize;
    let missing = width.saturating_sub(length(string));
    if missing == 0 {
        return Ok(string);
    }
    if missing > LONGEST / 4 {
        return Err(vm.raise_memory_error());
    }
    let source = text(string);
    let sign = usize::from(source.starts_with(['+', '-']));
    let result = format!("{}{}{}", &source[..sign], "0".repeat(missing), &source[sign..]);
    Ok(vm.str(&result))
}

fn expandtabs(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [size] = arguments.rest().bind(vm, "expandtabs", ["tabsize"])?;
    let size = match size {
        Some(size) => to_c_int(vm, size)?.max(0) as usize,
        None => 8,
    };
    let mut out = String::new();
    let mut column = 0;
    for c in own(arguments).chars() {
        match c {
            '\t' if size > 0 => {
                let spaces = size - column % size;
                if spaces > LONGEST / 4 {
                    return Err(vm.raise_memory_error());
                }
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            '\t' => {}
            _ => {
                out.push(c);
                column = if matches!(c, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(vm.str(&out))
}

/// True if there are characters and all are of a kind.
fn all(arguments: Arguments, kind: impl Fn(char) -> bool) -> Outcome {
    let string = own(arguments);
    Ok(Value::from_bool(!string.is_empty() && string.chars().all(kind)))
}

fn isalpha(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, |c| c.is_alphabetic() && !c.is_numeric())
}

fn isalnum(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, char::is_alphanumeric)
}

fn isascii(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(own(arguments).is_ascii()))
}

fn is_superscript(c: char) -> bool {
    matches!(c, '²' | '³' | '¹' | '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}')
}

/// Decimal digits: a block of ten after each script's zero; others of the category are numbers but no digits.
fn is_decimal(c: char) -> bool {
    c.is_ascii_digit() || (c.is_numeric() && crate::runtime::number_text::decimal_digit(c).is_some())
}

fn isdecimal(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, is_decimal)
}

fn isdigit(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, |c| is_decimal(c) || is_superscript(c) || ('\u{2460}'..='\u{2468}').contains(&c))
}

fn isnumeric(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, char::is_numeric)
}

fn isspace(_: &mut Vm, arguments: Arguments) -> Outcome {
    all(arguments, is_space)
}

fn isprintable(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(Value::from_bool(own(arguments).chars().all(is_printable)))
}

fn isidentifier(_: &mut Vm, arguments: Arguments) -> Outcome {
    let mut characters = own(arguments).chars();
    let start = characters.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    Ok(Value::from_bool(
        start && characters.all(|c| c == '_' || c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)),
    ))
}

fn islower(_: &mut Vm, arguments: Arguments) -> Outcome {
    let string = own(arguments);
    let answer =
        string.chars().any(char::is_lowercase) && !string.chars().any(|c| c.is_uppercase() || is_title_letter(c));
    Ok(Value::from_bool(answer))
}

fn isupper(_: &mut Vm, arguments: Arguments) -> Outcome {
    let string = own(arguments);
    let answer =
        string.chars().any(char::is_uppercase) && !string.chars().any(|c| c.is_lowercase() || is_title_letter(c));
    Ok(Value::from_bool(answer))
}

fn istitle(_: &mut Vm, arguments: Arguments) -> Outcome {
    let (mut inside, mut any) = (false, false);
    for c in own(arguments).chars() {
        if c.is_uppercase() || is_title_letter(c) {
            if inside {
                return Ok(Value::FALSE);
            }
            any = true;
        } else if c.is_lowercase() && !inside {
            return Ok(Value::FALSE);
        }
        inside = is_cased(c);
    }
    Ok(Value::from_bool(any))
}
