//! Random traces, machine code against evaluation.
