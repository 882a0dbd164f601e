//! The UI in a real terminal: it starts, ends in every way there is, and gives the terminal back each time.
//!
//! Opening a pseudo-terminal needs unsafe code, which this crate forbids; Python's standard library has it.

mod support;

use std::process::Command;

use support::{Fixture, write_demo};

#[test]
fn the_terminal_is_given_back() {
    let fixture = Fixture::new(write_demo);
    let output = Command::new("python3")
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pty.py"), env!("CARGO_BIN_EXE_jitviz")])
        .arg(&fixture.path)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
