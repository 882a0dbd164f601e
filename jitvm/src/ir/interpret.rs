//! Executes traces.
