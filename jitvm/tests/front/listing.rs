//! Comparison of a source text's bytecode with a listing.

use jitvm::front::{compile, disassemble};

/// Compiles a source text, and compares the listing of its functions (and of its body, if `body`) with the text.
#[track_caller]
pub fn check(source: &str, body: bool, expected: &str) {
    let module = compile("test.py", source).expect("the source compiles");
    let listing = disassemble::code_text(&module);
    let mut codes = listing.split_inclusive('\n').collect::<Vec<_>>();
    if !body {
        let first = codes.iter().skip(1).position(|line| !line.starts_with(' ')).unwrap_or(0) + 1;
        codes.drain(..first);
    }
    let found = codes.concat();
    assert!(found == expected.trim_start_matches('\n'), "found:\n{found}\nexpected:{expected}");
}
