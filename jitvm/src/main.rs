//! The `jitvm` command.
fn main() {}
