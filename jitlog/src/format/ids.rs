//! Identifiers: one newtype per kind of thing, 0 meaning "none".

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($repr:ty) $kind:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(pub $repr);

            impl $name {
                /// No such thing.
                pub const NONE: $name = $name(0);
                pub fn is_none(self) -> bool {
                    self.0 == 0
                }
            }
            impl From<$repr> for $name {
                fn from(raw: $repr) -> $name {
                    $name(raw)
                }
            }
            impl From<$name> for u64 {
                fn from(id: $name) -> u64 {
                    u64::from(id.0)
                }
            }
            impl std::fmt::Display for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(out)
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
                    crate::format::field::Value::Id(IdKind::$kind, u64::from(self.0))
                }
            }
        )*
    };
}

/// What an identifier refers to, for those who print or resolve values without knowing the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdKind {
    String,
    Stream,
    Source,
    Function,
    Location,
    Stack,
    Counter,
    Pass,
    Guard,
    Trace,
    IrOp,
    Collection,
    Shape,
    Opcode,
    Abort,
    GuardKind,
    GcCause,
    GcPhase,
    Link,
    Exit,
    Invalidate,
    CodeFree,
    ObservedType,
    Decision,
}

impl IdKind {
    /// The `reason` domain that names these codes, if they are reason codes.
    pub fn reason_domain(self) -> Option<crate::ReasonDomain> {
        use crate::ReasonDomain as Domain;
        Some(match self {
            IdKind::Abort => Domain::Abort,
            IdKind::GuardKind => Domain::GuardKind,
            IdKind::GcCause => Domain::GcCause,
            IdKind::GcPhase => Domain::GcPhase,
            IdKind::Link => Domain::LinkKind,
            IdKind::Exit => Domain::Exit,
            IdKind::Invalidate => Domain::Invalidate,
            IdKind::CodeFree => Domain::CodeFree,
            IdKind::ObservedType => Domain::ObservedType,
            IdKind::Decision => Domain::Decision,
            _ => return None,
        })
    }
}

ids! {
    /// An interned string.
    StringId(u32) String;
    /// A stream: one thread's sequence of records.
    StreamId(u32) Stream;
    /// A source file.
    SourceId(u32) Source;
    /// A function or other code object.
    FuncId(u32) Function;
    /// A place in the program: function, bytecode offset, line, column.
    LocId(u32) Location;
    /// A call stack, as a linked list of locations.
    StackId(u32) Stack;
    /// A mapped counter.
    CounterId(u32) Counter;
    /// An optimiser pass.
    PassId(u16) Pass;
    /// A guard, process-unique.
    GuardId(u32) Guard;
    /// A trace, process-unique, from the moment its recording starts.
    TraceId(u32) Trace;
    /// An IR instruction: its index in its trace, never renumbered.
    IrOpId(u32) IrOp;
    /// A garbage collection.
    GcId(u32) Collection;
    /// A hidden class of the VM.
    ShapeId(u32) Shape;
    /// An abort reason of the VM (`reason` domain abort).
    AbortReason(u16) Abort;
    /// A kind of guard (`reason` domain guard kind).
    GuardKind(u16) GuardKind;
    /// Why a collection started (`reason` domain gc cause).
    GcCause(u16) GcCause;
    /// A phase of a collection (`reason` domain gc phase).
    GcPhaseKind(u16) GcPhase;
    /// What a trace ends in (`reason` domain link kind).
    LinkKind(u8) Link;
    /// Why a trace was left or a place blacklisted (`reason` domain exit).
    ExitReason(u16) Exit;
    /// Why code became invalid (`reason` domain invalidate).
    InvalidateReason(u16) Invalidate;
    /// Why code memory was freed (`reason` domain code free).
    CodeFreeReason(u16) CodeFree;
    /// A type as guards see it (`reason` domain observed type).
    ObservedType(u32) ObservedType;
    /// What was decided, and why (`reason` domain decision).
    DecisionReason(u16) Decision;
}
