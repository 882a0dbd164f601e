//! Regular expressions as Python's `re` understands them: parser, program, and a backtracking matcher over text or bytes.

pub mod ahead;
pub mod class;
pub mod matching;
pub mod parse;
pub mod program;

/// Flags, with the numbers that `re` gives them.
pub const IGNORECASE: u32 = 2;
pub const LOCALE: u32 = 4;
pub const MULTILINE: u32 = 8;
pub const DOTALL: u32 = 16;
pub const UNICODE: u32 = 32;
pub const VERBOSE: u32 = 64;
pub const DEBUG: u32 = 128;
pub const ASCII: u32 = 256;

/// What is wrong with a pattern, and at which of its characters.
#[derive(Debug)]
pub struct PatternError {
    pub message: String,
    pub position: Option<usize>,
}
