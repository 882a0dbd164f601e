//! Passes over traces: the table of them, and the pipeline from a recorded trace to one ready for the code generator.
//!
//! Passes never move an instruction and never renumber: they drop (NOP), replace in place, or append.

mod dce;
mod dead_stores;
mod emit;
mod fold;
mod fold_float;
mod fold_guard;
mod fold_int;
pub mod fold_rules;
mod fold_select;
mod fresh;
mod memory;
mod peel;
mod ranges;
mod reenter;
mod sink;
mod watch;

use std::fmt;
use std::time::Instant;

pub use fold_rules::{Applied, RULES};
pub use reenter::{Clobbers, Target};

use crate::interp::helpers::{HELPERS, Helper};
use crate::ir::{Body, Kept, Label, Op, Recorded, Snapshot, TraceId, check};
use crate::trace::concrete::Concrete;
use crate::trace::decision::{Decision, GuardDecision, PassDecision};

/// What the passes work on.
pub(crate) struct Unit<'h> {
    body: Body,
    /// End of the iteration, until the loop is closed.
    closing: Option<Snapshot>,
    /// Where a side trace goes in the end.
    link: Option<TraceId>,
    helpers: &'h [Helper],
    avoids_rare_path: bool,
    /// What the body of that trace's loop begins with, if one may go there.
    target: Option<Target<'h>>,
    /// The same of the loop being made.
    label: Option<Label>,
    /// Objects that are not made any more.
    sunk: usize,
    /// What the pass decided.
    decisions: Vec<PassDecision>,
    /// Which rules the pass used, and how often.
    applied: Applied,
    /// Values of the recorded instructions, where they are known.
    concrete: Option<&'h Concrete>,
    may_watch: MayWatch<'h>,
}

/// Whether compiled code may rely on the cell at this address to go on holding this word: `trace::watch::may_watch`.
pub type MayWatch<'a> = &'a dyn Fn(u64, u64) -> bool;

impl Unit<'_> {
    fn note_rules(&mut self, applied: &Applied) {
        self.applied.iter_mut().zip(applied).for_each(|(sum, times)| *sum += times);
    }
}

type Run = fn(&mut Unit<'_>) -> Result<bool, PassAbort>;

/// One pass; the functions return whether they changed anything.
pub struct Pass {
    pub name: &'static str,
    pub description: &'static str,
    pub default: bool,
    run: Run,
    /// What has to be done all the same when the pass is off.
    instead: Option<Run>,
}

/// Every pass, in the order in which they run.
pub const PASSES: &[Pass] = &[
    Pass {
        name: "fold",
        description: "fold constants, share equal values, forward stores to loads, drop guards known to pass",
        default: true,
        run: fold::fold,
        instead: None,
    },
    Pass {
        name: "reenter",
        description: "end side traces in the body of the loop they come to, if what it begins with is at hand",
        default: true,
        run: reenter::reenter,
        instead: None,
    },
    Pass {
        name: "peel",
        description: "split into pre-roll and loop, so that what does not change is done once (off: close with CLOSE)",
        default: true,
        run: peel::peel,
        instead: Some(peel::close),
    },
    Pass {
        name: "sink",
        description: "leave objects to the exits that need them",
        default: true,
        run: sink::sink,
        instead: None,
    },
    Pass {
        name: "watch",
        description: "rely on globals and classes that hardly ever change without looking at them",
        default: true,
        run: watch::watch,
        instead: None,
    },
    Pass {
        name: "dce",
        description: "drop values that nothing uses, and stores that are overwritten unseen",
        default: true,
        run: dce::dce,
        instead: None,
    },
];

/// Which passes run, and the helpers that traces may call.
#[derive(Clone, Copy, Debug)]
pub struct PassOptions {
    on: [bool; PASSES.len()],
    /// An iteration that cannot follow itself is not made a loop.
    pub avoids_rare_path: bool,
    pub helpers: &'static [Helper],
}

impl Default for PassOptions {
    fn default() -> Self {
        let mut on = [false; PASSES.len()];
        for (on, pass) in on.iter_mut().zip(PASSES) {
            *on = pass.default;
        }
        PassOptions { on, avoids_rare_path: false, helpers: HELPERS }
    }
}

impl PassOptions {
    /// Switches a pass by its name; `false` if there is none of that name.
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        let found = PASSES.iter().position(|pass| pass.name == name);
        if let Some(index) = found {
            self.on[index] = on;
        }
        found.is_some()
    }
    /// By the pass's index in [`PASSES`].
    pub const fn is_on(&self, pass: usize) -> bool {
        self.on[pass]
    }
}

/// Why a recorded trace cannot be made into a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PassAbort {
    /// The iteration leaves a value of another type in the slot than it found there.
    UnstableType { slot: u16 },
    /// The value of instruction `at` has another type in the next iteration.
    UnstableValue { at: u16 },
    /// A guard of the iteration is certain to fail in the next one, whose word for what it tests is known.
    RarePath { at: u16 },
    /// Twice the trace is more than references can name.
    TooLong { instructions: usize },
}

impl fmt::Display for PassAbort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PassAbort::UnstableType { slot } => write!(f, "slot {slot} changes its type from iteration to iteration"),
            PassAbort::UnstableValue { at } => write!(f, "value {at:04} changes its type from iteration to iteration"),
            PassAbort::RarePath { at } => write!(f, "guard {at:04} fails in the iteration that follows"),
            PassAbort::TooLong { instructions } => write!(f, "{instructions} instructions are too many for a loop"),
        }
    }
}

/// What a pass did, told after it ran. A pass that is off but has to be replaced (peel) is told too.
pub struct PassReport<'a> {
    pub pass: &'static Pass,
    /// Index in [`PASSES`].
    pub index: usize,
    pub ns: u64,
    /// Instructions other than NOP before and after, and how many of them guards.
    pub ops_in: usize,
    pub ops_out: usize,
    pub guards_in: usize,
    pub guards_out: usize,
    pub changed: bool,
    /// Objects that are left to exits, or nobody needs.
    pub sunk: usize,
    /// What it decided, with the reasons.
    pub decisions: &'a [PassDecision],
    /// How often it used each of [`RULES`].
    pub applied: Applied,
    pub body: &'a Body,
    /// End of the iteration, while the loop is not closed yet.
    pub closing: Option<&'a Snapshot>,
}

/// Runs the passes that are on. In debug builds the trace is checked before the first and after each.
pub fn run(
    recorded: Recorded,
    options: &PassOptions,
    observer: &mut dyn FnMut(PassReport<'_>),
) -> Result<Body, PassAbort> {
    run_on(recorded, None, None, &|_, _| true, options, observer).map(|optimised| optimised.0)
}

/// The same with the values that the instructions had while recording, which debug builds hold each fold against, and
/// with the way into the loop that the trace comes to. Returns the way into its own as well.
pub fn run_on(
    recorded: Recorded,
    concrete: Option<&Concrete>,
    target: Option<Target<'_>>,
    may_watch: MayWatch<'_>,
    options: &PassOptions,
    observer: &mut dyn FnMut(PassReport<'_>),
) -> Result<(Body, Option<Label>), PassAbort> {
    let Recorded { body, closing, link } = recorded;
    // One that has its end already has nowhere to go back to.
    let is_ended = body.ins.last().is_some_and(|ins| matches!(ins.op, Op::Ret | Op::Leave));
    let closing = (!is_ended).then_some(closing);
    let helpers = options.helpers;
    let applied = [0; RULES.len()];
    let avoids_rare_path = options.avoids_rare_path;
    let mut unit = Unit {
        body,
        closing,
        link,
        helpers,
        avoids_rare_path,
        target,
        label: None,
        sunk: 0,
        decisions: Vec::new(),
        applied,
        concrete,
        may_watch,
    };
    verify(&unit, "the recorder");
    let (mut ops, mut guards) = count(&unit.body);
    for (index, pass) in PASSES.iter().enumerate() {
        // A side trace has nothing to peel: it ends at another trace.
        let replaced = pass.instead.is_some() && unit.link.is_some();
        let Some(run) = (if options.is_on(index) && !replaced { Some(pass.run) } else { pass.instead }) else {
            continue;
        };
        let started = Instant::now();
        (unit.sunk, unit.applied) = (0, [0; RULES.len()]);
        unit.decisions.clear();
        let changed = run(&mut unit)?;
        let ns = started.elapsed().as_nanos() as u64;
        verify(&unit, pass.name);
        let (ops_in, guards_in) = (ops, guards);
        (ops, guards) = count(&unit.body);
        observer(PassReport {
            pass,
            index,
            ns,
            ops_in,
            ops_out: ops,
            guards_in,
            guards_out: guards,
            changed,
            sunk: unit.sunk,
            decisions: &unit.decisions,
            applied: unit.applied,
            body: &unit.body,
            closing: unit.closing.as_ref(),
        });
    }
    let label = unit.label.take().and_then(|mut label| label.finish(&unit.body).then_some(label));
    if let Some(label) = &label {
        unit.body.kept = label.invariants.iter().map(|&value| Kept { of_loop: value, here: value }).collect();
    }
    Ok((unit.body, label))
}

fn count(body: &Body) -> (usize, usize) {
    let ops = body.ins.iter().filter(|ins| ins.op != Op::Nop).count();
    (ops, body.ins.iter().filter(|ins| ins.op.is_guard()).count())
}

/// An ill-formed trace is a defect of whoever made it, so this is the place to stop.
fn verify(unit: &Unit<'_>, maker: &str) {
    if cfg!(debug_assertions) {
        let problems = check::check(&unit.body, unit.closing.as_ref(), unit.helpers);
        if !problems.is_empty() {
            let text = crate::ir::text::print(&unit.body, unit.closing.as_ref(), unit.helpers);
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{maker} made an ill-formed trace:\n{}\n{text}", problems.join("\n"));
        }
    }
}
