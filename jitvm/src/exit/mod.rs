//! Native side of traces: leaving one and putting the interpreter state back.
