//! What happened to each recording: start, abort or stop, passes, code, and what became of the code.

use jitlog::{CompileOutcome, DecisionKind, TraceKind};

use super::ids::{FuncId, GuardId, LocId, PassId, StageIx, TraceId};

#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub id: TraceId,
    pub kind: TraceKind,
    pub loc: LocId,
    pub parent: Option<TraceId>,
    pub parent_guard: Option<GuardId>,
    pub started_ns: u64,
    pub abort: Option<Abort>,
    pub stop: Option<Stop>,
    pub compile: Option<Compile>,
    pub passes: Vec<Pass>,
    /// In the order of the log.
    pub decisions: Vec<Decision>,
    pub installed_ns: Option<u64>,
    /// Where its machine code is.
    pub address: Option<u64>,
    /// Reasons, in the order of the events.
    pub invalidated: Vec<u16>,
    /// The first time.
    pub invalidated_ns: Option<u64>,
    pub freed_ns: Option<u64>,
}

impl Trace {
    pub fn new(id: TraceId) -> Trace {
        Trace {
            id,
            kind: TraceKind::Loop,
            loc: LocId(0),
            parent: None,
            parent_guard: None,
            started_ns: 0,
            abort: None,
            stop: None,
            compile: None,
            passes: Vec::new(),
            decisions: Vec::new(),
            installed_ns: None,
            address: None,
            invalidated: Vec::new(),
            invalidated_ns: None,
            freed_ns: None,
        }
    }

    /// True once code existed that could run.
    pub fn became_code(&self) -> bool {
        self.installed_ns.is_some() || self.compile.as_ref().is_some_and(Compile::succeeded)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Abort {
    pub at_ns: u64,
    pub reason: u16,
    pub loc: LocId,
    pub bytecodes: u32,
    pub ops: u32,
    pub record_ns: u64,
    /// The recorder will try this place again.
    pub retry: bool,
    /// The recorder gave this place up.
    pub blacklisted: bool,
    pub detail: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stop {
    pub bytecodes: u32,
    pub ops: u32,
    pub record_ns: u64,
    pub link_kind: u8,
    pub link: Option<TraceId>,
    /// The same for the same recording of the same source in any run; 0 if the log has none.
    pub fingerprint: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compile {
    pub outcome: CompileOutcome,
    pub reason: u16,
    pub compile_ns: u64,
    pub code_bytes: u32,
    pub data_bytes: u32,
}

impl Compile {
    pub fn succeeded(&self) -> bool {
        self.outcome == CompileOutcome::Installed
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pass {
    pub id: PassId,
    pub stage: StageIx,
    pub dur_ns: u64,
    pub ops_in: u32,
    pub ops_out: u32,
    pub guards_in: u32,
    pub guards_out: u32,
    pub changed: bool,
    /// By the code of a rule: how often it rewrote something.
    pub rules: Vec<(u16, u32)>,
}

/// What the recorder or a pass decided about an instruction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub about: DecisionKind,
    pub reason: u16,
    /// 0: decided while recording.
    pub stage: StageIx,
    /// Among the recorded bytecodes, or in the IR of the pass.
    pub index: u32,
    pub loc: LocId,
    /// What is called, if that is a function of the program.
    pub callee: FuncId,
    /// Where an object is needed as one.
    pub because: LocId,
}
