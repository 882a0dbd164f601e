//! The `jitlog` command.
fn main() {}
