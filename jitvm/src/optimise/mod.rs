//! Passes over traces.
