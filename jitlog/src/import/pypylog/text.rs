//! The words of a PYPYLOG: stamps of sections, places of merge points, operations.

/// `[1a2b] {name` or `[1a2b] name}`.
pub struct Stamp<'a> {
    pub ticks: u64,
    pub name: &'a str,
    pub begins: bool,
}

pub fn stamp(line: &str) -> Option<Stamp<'_>> {
    let (ticks, name) = line.strip_prefix('[')?.split_once("] ")?;
    let ticks = u64::from_str_radix(ticks, 16).ok()?;
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let (name, begins) = match name.strip_prefix('{') {
        Some(name) => (name, true),
        None => (name.strip_suffix('}')?, false),
    };
    is_name(name).then_some(Stamp { ticks, name, begins })
}

/// What makes a file a PYPYLOG: the begin of a section of the JIT or the collector, or any begin of one.
pub fn is_section(line: &str) -> bool {
    stamp(line).is_some()
}

/// Where a merge point is.
pub enum Place<'a> {
    Python {
        name: &'a str,
        file: &'a str,
        first: u32,
        line: u32,
        bc_off: u32,
    },
    /// Places of drivers other than the bytecode's, in their own words.
    Other(&'a str),
}

/// `name;file:first-line~#offset OPCODE`.
pub fn place(text: &str) -> Place<'_> {
    let python = || {
        let (at, operation) = text.rsplit_once("~#")?;
        let bc_off = operation.split(' ').next()?.parse().ok()?;
        let (at, line) = at.rsplit_once('-')?;
        let (at, first) = at.rsplit_once(':')?;
        let (name, file) = at.split_once(';')?;
        Some(Place::Python { name, file, first: first.parse().ok()?, line: line.parse().ok()?, bc_off })
    };
    python().unwrap_or(Place::Other(text))
}

/// The number after a label.
pub fn after(line: &str, label: &str) -> Option<u64> {
    line.strip_prefix(label)?.split_whitespace().next()?.parse().ok()
}

/// `0x1a2b`.
pub fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// One operation of IR.
pub struct Op<'a> {
    /// Offset in the machine code.
    pub code_off: Option<u32>,
    pub result: Option<&'a str>,
    pub name: &'a str,
    pub args: Vec<&'a str>,
    pub descr: Option<&'a str>,
    /// Values alive if the guard fails.
    pub live: usize,
}

/// `+12: i3 = int_add(i1, i2)`; `None` if it is no operation.
pub fn op(line: &str) -> Option<Op<'_>> {
    let (code_off, rest) = offset(line);
    let open = rest.find('(')?;
    let (result, name) = match rest[..open].split_once(" = ") {
        Some((result, name)) => (Some(result), name),
        None => (None, &rest[..open]),
    };
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_word(name) || result.is_some_and(|result| !is_word(result)) {
        return None;
    }
    let close = closing(rest, open)?;
    let mut args = split(&rest[open + 1..close]);
    let descr = args.last().and_then(|last| last.strip_prefix("descr="));
    if descr.is_some() {
        args.pop();
    }
    let live = rest[close + 1..].trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let live = live.map_or(0, |live| if live.is_empty() { 0 } else { live.split(", ").count() });
    Some(Op { code_off, result, name, args, descr, live })
}

/// `+12: rest`.
pub fn offset(line: &str) -> (Option<u32>, &str) {
    let split = line.strip_prefix('+').and_then(|rest| rest.split_once(": "));
    match split.and_then(|(offset, rest)| Some((offset.parse().ok()?, rest))) {
        Some((offset, rest)) => (Some(offset), rest),
        None => (None, line),
    }
}

/// The bracket that closes the one at `open`, quotes and other brackets passed over.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'\'' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    // A name with a quote in it leaves one open: the last bracket is the one.
    text.rfind(')').filter(|at| *at > open)
}

/// Arguments at commas outside brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'(' | b'<' | b'[' if !quoted => depth += 1,
            b')' | b'>' | b']' if !quoted => depth -= 1,
            b',' if !quoted && depth <= 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_taken_apart() {
        let line = "+555: guard_true(i30, descr=<Guard0x7f339b3dea40>) [p0, p2]";
        let parsed = op(line).unwrap();
        assert_eq!((parsed.name, parsed.code_off, parsed.live), ("guard_true", Some(555), 2));
        assert_eq!((parsed.args, parsed.descr), (vec!["i30"], Some("<Guard0x7f339b3dea40>")));
        let parsed = op("p39 = call_r(ConstClass(f), 64, descr=<Callr 8 i EF=1 OS=5>)").unwrap();
        assert_eq!((parsed.result, parsed.args), (Some("p39"), vec!["ConstClass(f)", "64"]));
        let parsed = op("debug_merge_point(0, 0, 'f, (g;/a b.py:1-2~#3 LOAD')").unwrap();
        assert_eq!(parsed.args[2], "'f, (g;/a b.py:1-2~#3 LOAD'");
        assert!(op("no operation").is_none());
    }

    #[test]
    fn places_are_taken_apart() {
        let Place::Python { name, file, first, line, bc_off } = place("poly;/a-b:c/x.py:7-9~#12 FOR_ITER") else {
            panic!("no place")
        };
        assert_eq!((name, file, first, line, bc_off), ("poly", "/a-b:c/x.py", 7, 9, 12));
        assert!(matches!(place("unicode.join [x]"), Place::Other("unicode.join [x]")));
    }
}
