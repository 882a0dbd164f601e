//! What a log says, joined and indexed: the one thing analyses read.
//!
//! Loading never fails once the file is known to be a log. What cannot be read or joined becomes a [`Problem`], and both
//! are shown. Bodies of traces (bytecode, IR, machine code) are the bulk of a log, so they stay in the file until a
//! trace is looked at.

pub mod allocs;
pub mod body;
pub mod changes;
mod foreign;
pub mod guard;
pub mod ids;
pub mod load;
pub mod log;
pub mod moment;
pub mod native;
pub mod objects;
pub mod problem;
pub mod program;
pub mod samples;
pub mod trace;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use jitlog::{Fact, ReasonDomain as Domain, SampleState, TraceKind};

pub use allocs::Allocs;
pub use body::{Body, BytecodeOp, Code, CodeMark, Ins, IrStage, OpDef, OpFlags, Operand, Ref, Snap};
pub use changes::Changes;
pub use guard::{Bailouts, Costs, Guard};
pub use ids::{CounterId, FuncId, GuardId, LocId, OpIx, PassId, SourceId, StackId, StageIx, TraceId};
pub use log::{Log, Span};

pub use moment::{Moment, What};
pub use native::{Native, NativeFunction};
pub use objects::Objects;
pub use problem::{Problem, ProblemKind, Problems};
pub use program::{Func, Loc, MODULE, Place, Process, Program, Source, Stack};
pub use samples::{Cell, KernelCount, Part, PlaceTime, Samples, Sampling, Timeline, TraceTime, Weight};
pub use trace::{Abort, Compile, Decision, Pass, Stop, Trace};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    pub name: String,
    pub text: String,
}

/// The instruction sets, types and reasons the log's VM defined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    pub ir_ops: BTreeMap<u16, OpDef>,
    pub ir_types: BTreeMap<u8, String>,
    pub passes: BTreeMap<PassId, String>,
    pub reasons: BTreeMap<(Domain, u16), Reason>,
    /// Types of sampled allocations and of objects, by the number of their name.
    pub types: BTreeMap<u32, String>,
}

impl Words {
    /// The short name of a reason; a code nobody defined is shown as its number.
    pub fn reason(&self, domain: Domain, code: impl Into<u32>) -> String {
        let code = code.into();
        match u16::try_from(code).ok().and_then(|code| self.reasons.get(&(domain, code))) {
            Some(r) if !r.name.is_empty() => r.name.clone(),
            Some(r) if !r.text.is_empty() => r.text.clone(),
            _ => format!("#{code}"),
        }
    }

    /// The explanation of a reason, if the log has one.
    pub fn reason_text(&self, domain: Domain, code: u16) -> Option<&str> {
        self.reasons.get(&(domain, code)).map(|r| r.text.as_str()).filter(|t| !t.is_empty())
    }

    pub fn pass(&self, id: PassId) -> String {
        self.passes.get(&id).cloned().unwrap_or_else(|| format!("pass {id}"))
    }

    /// The name of a type of sampled allocations.
    pub fn type_name(&self, id: u32) -> String {
        self.types.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    /// When it ended.
    pub at_ns: u64,
    pub pause_ns: u64,
    pub before_bytes: u64,
    pub after_bytes: u64,
    pub freed_objects: u64,
    /// What made it start; `None` if the log does not say.
    pub cause: Option<u16>,
    /// Its phases in their order, and how long each took.
    pub phases: Vec<(u16, u64)>,
}

/// The process's memory at a moment, by purpose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resident {
    pub at_ns: u64,
    /// What the kernel says is resident, and was at most until then.
    pub bytes: u64,
    pub peak_bytes: u64,
    pub parts: Vec<(jitlog::MemoryPurpose, u64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heap {
    pub at_ns: u64,
    pub used: u64,
    /// Taken from the system for it, in use or not.
    pub committed: u64,
    pub allocated_total: u64,
    pub live_objects: u64,
}

/// How the program ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exit {
    pub how: String,
    pub status: i32,
}

/// How the log ended and what it lost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// `clean`, `killed`, `truncated`, …: the log library's own word.
    pub word: String,
    /// A sentence for people, empty when clean.
    pub text: String,
    pub events: u64,
    pub dropped: u64,
    pub file_bytes: u64,
}

/// Numbers counted over the whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub trace_exec: BTreeMap<TraceId, u64>,
    pub loop_iter: BTreeMap<TraceId, u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The file as the user named it.
    pub name: String,
    /// The part of the time it is confined to; `None` is the whole log.
    pub span: Option<Span>,
    pub program: Program,
    /// To another log, once both were compared.
    pub changes: OnceLock<Changes>,
    pub words: Words,
    /// In the order of the events.
    pub moments: Vec<Moment>,
    pub traces: BTreeMap<TraceId, Trace>,
    pub guards: BTreeMap<GuardId, Guard>,
    /// Places given up, in the order of the events.
    pub blacklisted: Vec<LocId>,
    pub collections: Vec<Collection>,
    pub heap: Vec<Heap>,
    /// Accounts of the process's memory, in the order of time.
    pub resident: Vec<Resident>,
    /// The last word on machine-code memory in use.
    pub code_mem_used: Option<u64>,
    /// Machine-code memory in use over time.
    pub code_mem: Vec<(u64, u64)>,
    /// Memory taken for machine code over time, used or not.
    pub code_committed: Vec<(u64, u64)>,
    pub counts: Counts,
    pub samples: Samples,
    pub allocs: Allocs,
    pub objects: Objects,
    /// Ends of numbered iterations of the program: when each mark was set.
    pub iterations: Vec<u64>,
    /// Work done between two readings of the counters of turns and calls: when it was read, and how much.
    pub work: Vec<(u64, u64)>,
    /// `None` if the program was killed or still runs.
    pub exit: Option<Exit>,
    /// `jitlog 1.0`.
    pub format: String,
    /// When the log was created, since 1970; `None` if it does not say.
    pub started_real_ns: Option<u64>,
    /// From the creation of the log, which is the zero of all times in it, to the end of the program or, if the log does
    /// not have that, to the last event; of a part of the time its length.
    pub duration_ns: u64,
    pub health: Health,
    pub problems: Vec<Problem>,
    /// Kinds of facts that a log made from another VM's does not hold, with the switch that would have supplied them.
    pub absent: BTreeMap<Fact, String>,
    pub bodies: Bodies,
}

/// Where the insides of traces come from.
#[derive(Clone, Default)]
pub enum Bodies {
    /// A model made by hand has none.
    #[default]
    None,
    Log(jitlog::Reader),
}

impl std::fmt::Debug for Bodies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Bodies::None => "None",
            Bodies::Log(_) => "Log",
        })
    }
}

impl Model {
    /// True if the log was made from another VM's.
    pub fn is_imported(&self) -> bool {
        !self.absent.is_empty()
    }

    /// The value, unless the log cannot know it: what nobody wrote down is unknown, not zero.
    pub fn known<T>(&self, fact: Fact, value: T) -> Option<T> {
        (!self.absent.contains_key(&fact)).then_some(value)
    }

    /// The inside of a trace and what was wrong with it.
    pub fn body(&self, id: TraceId) -> (Body, Vec<Problem>) {
        match &self.bodies {
            Bodies::None => Default::default(),
            Bodies::Log(reader) => body::read(reader, id),
        }
    }

    /// The text of a source, line by line. Like bodies it stays in the file until somebody looks.
    pub fn source(&self, id: SourceId) -> Option<&[String]> {
        let source = self.program.sources.get(&id)?;
        let lines = source.lines.get_or_init(|| match &self.bodies {
            Bodies::None => None,
            Bodies::Log(reader) => {
                let text = reader.source_text(jitlog::SourceId(id.0))?;
                Some(String::from_utf8_lossy(&text).lines().map(str::to_string).collect())
            }
        });
        lines.as_deref()
    }

    /// The text at a place.
    pub fn source_line(&self, loc: LocId) -> Option<&str> {
        let (source, line) = self.program.line_of(loc)?;
        self.source(source)?.get((line as usize).checked_sub(1)?).map(String::as_str)
    }

    /// The guards of a trace in the order of its IR.
    pub fn guards_of(&self, id: TraceId) -> Vec<&Guard> {
        let mut guards: Vec<&Guard> = self.guards.values().filter(|g| g.trace == id).collect();
        guards.sort_by_key(|g| (g.op, g.ordinal));
        guards
    }
}
