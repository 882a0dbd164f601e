//! The ids a log uses, each its own type so that a trace is never looked up as a guard.

use std::fmt;

use serde::Serialize;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($of:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub $of);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// One recording, whether it became code or not.
    TraceId(u32);
    GuardId(u32);
    CounterId(u32);
    /// A place in the program: function, bytecode offset, line.
    LocId(u32);
    FuncId(u32);
    SourceId(u32);
    /// A call stack: a frame and the stack below it.
    StackId(u32);
    PassId(u16);
    /// Position of a stage of the IR: 0 as recorded, then one per pass.
    StageIx(u16);
    /// An IR instruction: its index, which no pass changes.
    OpIx(u32);
}

impl LocId {
    /// The log's way to say "no place".
    pub fn known(self) -> Option<LocId> {
        (self.0 != 0).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_numbers() {
        assert_eq!(format!("{:>4}", TraceId(7)), "   7");
        assert_eq!(serde_json::to_string(&GuardId(3)).unwrap(), "3");
    }
}
