//! The one table of reasons why a recording was given up, and of why loops are blacklisted or traces retired.

macro_rules! reasons {
    ($(#[doc = $type_doc:literal])+ $type:ident { $($name:ident $id:literal $text:literal;)* }) => {
        $(#[doc = $type_doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum $type { $($name,)* }

        impl $type {
            /// Every reason: itself, its short id, one sentence.
            pub const ALL: &[($type, &'static str, &'static str)] = &[$(($type::$name, $id, $text),)*];
            pub const fn id(self) -> &'static str {
                $type::ALL[self as usize].1
            }
            pub const fn text(self) -> &'static str {
                $type::ALL[self as usize].2
            }
        }
    };
}

pub(super) use reasons;

reasons! {
    /// Why a recording was aborted.
    AbortReason {
        LeftLoop "left-loop" "the loop ended while it was being recorded";
        LeftFunction "left-function" "the function returned out of the loop while it was being recorded";
        InnerLoop "inner-loop" "the recording came to another loop, which gets a trace of its own first";
        Exception "exception" "the program raised an exception while the loop was being recorded";
        NothingToRecord "nothing-to-record" "the interpreter alone executes what comes next, such as a yield or a raise";
        YieldsSoon "yields-soon" "a loop in a generator that is not inlined yields after a few instructions";
        TraceTooLong "trace-too-long" "the recording grew past max-ir instructions";
        TooManySnapshots "too-many-snapshots" "the recording grew past max-snapshots";
        TooManySlots "too-many-slots" "the inlined frames need more slots than a trace can have";
        UnstableType "unstable-type" "a variable has another type at the end of the loop than at its start";
        RarePath "rare-path" "the iteration took a way that the next one cannot take";
        CodeMemoryFull "code-memory-full" "the machine code area is full";
        NotEncodable "not-encodable" "the code generator could not encode the trace";
        ClassChanged "class-changed" "a class changed while the loop was being recorded";
        Interrupted "interrupted" "a signal came while the loop was being recorded";
    }
}

reasons! {
    /// Why a loop is not recorded any more.
    BlacklistReason {
        Aborts "aborts" "recordings of the loop were aborted too often";
        ExitCost "exit-cost" "leaving its trace cost more than half of what running in it took";
    }
}

reasons! {
    /// Why a trace is not entered any more.
    RetireReason {
        EntryFails "entry-fails" "the trace was left in its first iteration again and again: types or paths have changed";
        ExitCost "exit-cost" "leaving the trace cost more than half of what running in it took, and no side trace will help";
        Evicted "evicted" "code memory was full, and this was used least or jumped to what was";
        ShapesOpened "shapes-opened" "an attribute of a class has held nothing but floats, and does no longer: new instances have other shapes";
    }
}

reasons! {
    /// How a trace ends.
    LinkKind {
        Loop "loop" "jumps back to its own loop";
        Root "root" "jumps to the start of a loop's trace";
        Return "return" "returns to its caller";
        Interpreter "interpreter" "goes on in the interpreter, which alone executes what comes next";
    }
}

reasons! {
    /// What only the interpreter executes, so that a trace ends with LEAVE before it.
    LeaveReason {
        Yield "yield" "a generator hands a value to what is no loop: next(), a builtin function, an event loop";
        YieldLoop "yield-loop" "a generator that is not inlined hands a value to a `for` loop";
        YieldOther "yield-other" "a generator hands a value to another one, or handles an exception";
        Await "await" "a value is sent to what is awaited or delegated to";
        Generator "generator" "a generator is made out of its function's frame";
        Raise "raise" "the program raises";
        Raised "raised" "an instruction raised this time";
        NotInlined "not-inlined" "a generator resumes one that is not inlined: its own code, or too long";
        Exhausted "exhausted" "a generator that next() or send() has resumed ends: StopIteration is raised";
        Loop "loop" "a loop begins that has no trace, or cannot have one";
        Frame "frame" "a builtin looks at the frame of its caller";
    }
}

impl LeaveReason {
    /// A generator is suspended, and its consumer is not in the trace.
    pub const fn is_of_yield(self) -> bool {
        matches!(self, LeaveReason::Yield | LeaveReason::YieldLoop | LeaveReason::YieldOther)
    }
}
