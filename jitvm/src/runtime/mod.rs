//! Values, objects, the heap, and what Python operators do.

pub mod attributes;
pub mod bigint;
pub mod blocks;
pub mod collect;
pub mod compare;
pub mod dict;
pub mod exceptions;
pub mod float_text;
pub mod format_spec;
pub mod hash;
pub mod heap;
pub mod iterate;
pub mod large;
pub mod link;
pub mod modules;
pub mod number_text;
pub mod numbers;
pub mod object;
pub mod operators;
pub mod operators_number;
pub mod operators_sequence;
pub mod output;
pub mod percent_format;
pub mod references;
pub mod repr;
pub mod roots;
pub mod rounding;
pub mod sequences;
pub mod strings;
pub mod subscript;
pub mod suggest;
#[cfg(test)]
mod testing;
pub mod traceback;
pub mod types;
pub mod value;
pub mod vm;
