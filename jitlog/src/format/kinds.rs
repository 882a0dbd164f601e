//! Closed vocabularies of the format: block kinds, stream kinds, trace kinds, counter kinds and the like.
//!
//! Each is an open enumeration: a number with names. A newer writer's number survives reading and prints as a number.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($repr:ty) { $($code:literal $variant:ident $text:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(pub $repr);

            #[allow(non_upper_case_globals)]
            impl $name {
                $(
                    #[doc = concat!("`", $text, "`")]
                    pub const $variant: $name = $name($code);
                )*
                /// Every known value with its name.
                pub const ALL: &'static [($name, &'static str)] = &[$(($name::$variant, $text),)*];

                /// The name, if this version knows one.
                pub fn name(self) -> Option<&'static str> {
                    match self {
                        $($name::$variant => Some($text),)*
                        _ => None,
                    }
                }
            }
            impl std::fmt::Display for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    match self.name() {
                        Some(name) => out.pad(name),
                        None => self.0.fmt(out),
                    }
                }
            }
            impl std::fmt::Debug for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    match self.name() {
                        Some(name) => write!(out, "{}({name})", stringify!($name)),
                        None => write!(out, "{}({})", stringify!($name), self.0),
                    }
                }
            }
            impl crate::format::field::Scalar for $name {
                type Repr = $repr;
                const SEMANTIC: &'static str = stringify!($name);
                fn to_repr(self) -> $repr {
                    self.0
                }
                fn from_repr(raw: $repr) -> $name {
                    $name(raw)
                }
                fn value(self) -> crate::format::field::Value<'static> {
                    crate::format::field::Value::Name(self.name(), u64::from(self.0))
                }
            }
        )*

        /// One vocabulary, for the schema: type name and its (code, name) pairs.
        pub type Vocabulary = (&'static str, Vec<(u64, &'static str)>);

        /// Every vocabulary, for the schema.
        pub fn vocabularies() -> Vec<Vocabulary> {
            vec![$((
                stringify!($name),
                $name::ALL.iter().map(|(value, text)| (u64::from(value.0), *text)).collect(),
            ),)*]
        }
    };
}

kinds! {
    /// What a block holds.
    BlockKind(u8) {
        0 Free "free",
        1 Super "super",
        2 Defs "defs",
        3 Events "events",
        4 Bulk "bulk",
        5 Counters "counters",
        6 Schema "schema",
        7 Continuation "cont",
        8 Index "index",
        255 Pad "pad",
    }
    /// How far a block is. A reader relies on the entry's checksum, not on this byte.
    BlockState(u8) {
        1 Open "open",
        2 Full "full",
        3 Sealed "sealed",
    }
    /// Where ticks come from.
    ClockSource(u8) {
        1 Tsc "tsc",
        2 Monotonic "monotonic",
        3 Logical "logical",
    }
    /// Why events stopped before the program did.
    StopReason(u32) {
        0 None "none",
        1 MaxBytes "max_bytes",
        2 NoSpace "no_space",
        3 IoError "io_error",
        4 Truncated "truncated",
    }
    /// Whose records a stream holds.
    StreamKind(u8) {
        0 Mutator "mutator",
        1 Compiler "compiler",
        2 Gc "gc",
        3 Sampler "sampler",
        4 Helper "helper",
        5 Definitions "definitions",
    }
    /// What became hot.
    HotWhat(u8) {
        0 Loop "loop",
        1 Func "func",
        2 Guard "guard",
    }
    /// What a trace starts from.
    TraceKind(u8) {
        0 Loop "loop",
        1 Func "func",
        2 Bridge "bridge",
        3 Entry "entry",
    }
    /// How a compilation ended.
    CompileOutcome(u8) {
        0 Installed "installed",
        1 Aborted "aborted",
        2 Discarded "discarded",
    }
    /// What the VM decided about a guard that fails often.
    GuardAction(u8) {
        0 Bridge "bridge",
        1 Blacklist "blacklist",
        2 Ignore "ignore",
    }
    /// What the sampled thread was doing.
    SampleState(u8) {
        0 Interp "interp",
        1 Trace "trace",
        2 Native "native",
        3 Gc "gc",
        4 Record "record",
        5 Opt "opt",
        6 Codegen "codegen",
        7 Deopt "deopt",
        8 Idle "idle",
    }
    /// How a frame of a stack runs.
    FrameKind(u8) {
        0 Interp "interp",
        1 Compiled "compiled",
        2 Inlined "inlined",
        3 Native "native",
    }
    /// How much a collection looks at.
    GcKind(u8) {
        0 Minor "minor",
        1 Major "major",
        2 Full "full",
    }
    /// Instruction set of machine code.
    Arch(u8) {
        1 X86_64 "x86_64",
        2 Aarch64 "aarch64",
    }
    /// Which set of operations an opcode belongs to.
    OpcodeSet(u8) {
        0 Bytecode "bytecode",
        1 Ir "ir",
    }
    /// What a `reason` code is about.
    ReasonDomain(u8) {
        0 Abort "abort",
        1 GuardKind "guard_kind",
        2 GcCause "gc_cause",
        3 GcPhase "gc_phase",
        4 LinkKind "link_kind",
        5 Exit "exit",
        6 Invalidate "invalidate",
        7 CodeFree "code_free",
        8 ObservedType "observed_type",
        9 Rule "rule",
        10 Decision "decision",
    }
    /// What a counter counts.
    CounterKind(u16) {
        1 GuardFail "guard_fail",
        2 GuardObserved "guard_observed",
        3 TraceExec "trace_exec",
        4 LoopIter "loop_iter",
        5 BridgeEnter "bridge_enter",
        6 DeoptExit "deopt_exit",
        7 LocHotness "loc_hotness",
        8 CallCount "call_count",
        9 BytecodeExec "bytecode_exec",
        10 AllocSiteObjs "alloc_site_objs",
        11 AllocSiteBytes "alloc_site_bytes",
        12 IcMiss "ic_miss",
    }
    /// The unit of a counter.
    CounterUnit(u8) {
        0 Count "count",
        1 Bytes "bytes",
        2 Nanoseconds "ns",
    }
    /// What an inline cache is of.
    CacheKind(u8) {
        0 Get "get",
        1 Set "set",
        2 Method "method",
    }
    /// What a decision is about.
    DecisionKind(u8) {
        1 Call "call",
        2 Allocation "allocation",
        3 Branch "branch",
        4 Guard "guard",
        5 Attribute "attribute",
    }
    /// What the kernel counts, and the sampler of itself.
    PerfCounter(u8) {
        1 TaskClock "task clock ns",
        2 PageFaults "page faults",
        3 ContextSwitches "context switches",
        4 Cycles "cycles",
        5 Instructions "instructions",
        6 BranchMisses "branch misses",
        7 CacheMisses "cache misses",
        8 RunQueue "waiting for a processor ns",
        9 TakingSamples "taking samples ns",
    }
    /// What memory is for.
    MemoryPurpose(u8) {
        1 HeapBlocks "heap blocks",
        2 LargeObjects "large objects",
        3 MachineCode "machine code",
        4 Traces "traces",
        5 CodeObjects "code objects",
        6 InlineCaches "inline caches",
        7 Log "log",
        8 Program "program and libraries",
        9 Stacks "stacks",
        10 Runtime "runtime tables",
        11 Sampler "sampler",
        12 Kept "freed, kept by the allocator",
        13 Collector "collector",
    }
    /// What lets the sampler tick.
    SampleSource(u8) {
        1 Timer "timer",
        2 Perf "perf events",
    }
    /// A kind of fact that not every VM's log holds.
    Fact(u8) {
        1 Times "times",
        2 Samples "samples",
        3 GuardFailures "guard failures",
        4 ObservedTypes "observed types",
        5 Collections "collections",
        6 Heap "heap",
        7 CodeSize "code size",
        8 Aborts "aborts",
        9 AbortReasons "abort reasons",
        10 CompileTimes "compile times",
        11 Executions "executions",
        12 Ir "ir",
        13 MachineCode "machine code",
        14 Iterations "iterations",
        15 Bytecode "bytecode",
        16 SourceText "source text",
        17 Guards "guards",
        18 Traces "traces",
        19 Invalidations "invalidations",
        20 GcPauses "gc pauses",
    }
    /// Why an importer could not read something.
    UnreadKind(u8) {
        0 Unknown "not understood",
        1 Damaged "damaged",
        2 Cut "cut off",
    }
    /// How the program ended.
    ExitHow(u8) {
        0 Normal "normal",
        1 Exception "exception",
        2 Signal "signal",
    }
}

impl CounterKind {
    /// The unit that follows from the kind.
    pub fn unit(self) -> CounterUnit {
        match self {
            CounterKind::AllocSiteBytes => CounterUnit::Bytes,
            _ => CounterUnit::Count,
        }
    }

    /// What the entity of such a counter is.
    pub fn entity(self) -> Option<super::IdKind> {
        use super::IdKind;
        Some(match self {
            CounterKind::GuardFail | CounterKind::GuardObserved | CounterKind::DeoptExit => IdKind::Guard,
            CounterKind::TraceExec | CounterKind::LoopIter | CounterKind::BridgeEnter => IdKind::Trace,
            CounterKind::LocHotness
            | CounterKind::AllocSiteObjs
            | CounterKind::AllocSiteBytes
            | CounterKind::IcMiss => IdKind::Location,
            CounterKind::CallCount => IdKind::Function,
            CounterKind::BytecodeExec => IdKind::Opcode,
            _ => return None,
        })
    }
}

/// Bits of the flags of an IR opcode definition.
pub mod ir_flags {
    /// Operand a is a reference.
    pub const A_IS_REF: u32 = 1;
    /// Operand b is a reference.
    pub const B_IS_REF: u32 = 2;
    /// Operand c is shown as an immediate.
    pub const C_IS_IMMEDIATE: u32 = 4;
    /// The operation is a guard.
    pub const GUARD: u32 = 8;
    /// The operation has an effect.
    pub const EFFECT: u32 = 16;
    /// Operand a is shown as an immediate.
    pub const A_IS_IMMEDIATE: u32 = 32;
    /// Operand b is shown as an immediate.
    pub const B_IS_IMMEDIATE: u32 = 64;
    /// Operand c is a reference.
    pub const C_IS_REF: u32 = 128;
}
