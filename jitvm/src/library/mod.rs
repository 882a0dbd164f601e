//! Builtin functions, methods and modules.
