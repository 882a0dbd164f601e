//! Writes the synthetic logs of the tests to a folder, to look at them in the UI.

#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    support::write_demo(&folder.join("demo.jlog"));
    support::write_hostile(&folder.join("hostile.jlog"));
    support::write_quiet(&folder.join("quiet.jlog"));
}
