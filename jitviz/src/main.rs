//! The `jitviz` command.
fn main() {}
