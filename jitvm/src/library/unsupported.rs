//! What CPython's library has and jitvm's lacks, so that errors can say so. The table is `unsupported.txt`, written by
//! `scripts/unsupported`.

/// A line for each module: its name, a colon, names. Those after `modules:` are modules.
const TABLE: &str = include_str!("unsupported.txt");

fn listed(module: &str, name: &str) -> bool {
    TABLE
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(owner, _)| *owner == module)
        .is_some_and(|(_, names)| names.split(' ').any(|known| known == name))
}

/// What to add to the message that a module lacks an attribute.
pub fn attribute_note(module: &str, name: &str) -> &'static str {
    if listed(module, name) { NOTE } else { "" }
}

/// What to add to the message that there is no such module.
pub fn module_note(name: &str) -> &'static str {
    let top = name.split('.').next().unwrap_or(name);
    if listed("modules", name) || listed("modules", top) { NOTE } else { "" }
}

const NOTE: &str = " (jitvm does not support it)";
