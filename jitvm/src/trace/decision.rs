//! The tables of what is decided about instructions of the program, with the reasons: the log tells each decision.
//!
//! The recorder decides about calls and branches, passes decide about objects and guards. What is decided of guards that
//! fail, loops and traces as a whole has events of its own (`abort.rs` has their reasons).

use super::abort::reasons;
use super::recorder::Recorder;
use crate::ir::{CodeId, Origin, Ref};

reasons! {
    /// Whether a call is inlined.
    CallDecision {
        Inlined "inlined" "the callee is recorded in line";
        InlinedToLoop "inlined-to-loop" "the callee is recorded in line up to its loop, whose trace is called for the rest";
        Resumed "resumed-in-line" "the generator's body is recorded in line";
        OwnForm "own-form" "instructions of the trace do what the builtin or class does";
        Builtin "builtin" "the native code of the builtin is called: it has no form of its own for such operands";
        General "general" "what is called is neither a function, a builtin nor a class that is plainly instantiated";
        MakesGenerator "makes-generator" "a call of a generator function only makes the generator";
        Recursion "recursion" "the callee is in line here as often as a recursion may be (parameter inline-recursion)";
        TooDeep "too-deep" "as many calls are in line here as may be (parameter inline-depth)";
        HasLoop "has-loop" "the callee has a loop, whose traces belong to it and know its ways";
        ComesToLoop "comes-to-loop" "the callee, in line as an attempt, came to its loop";
        TooLong "too-long" "the callee has too many instructions";
        GrowsTooLong "grows-too-long" "a recording became too long by the callee before";
        ConsumesGenerators "consumes-generators" "the callee makes generators, which builtins consume: that nests natively";
        ManyFunctions "many-functions" "the place comes to ever more functions (parameter shapes): whichever it is, it is called";
        NotResumable "not-resumable" "the generator is running, has ended, handles an exception or is not on top of the stack";
    }
}

reasons! {
    /// Whether an object is made, or left to exits; and through what it escapes if it is made.
    AllocationDecision {
        Sunk "sunk" "the object is not made: exits make it where they need it";
        Unused "unused" "nothing needs the object, not even an exit";
        Passed "passed" "the object is handed to a call";
        Element "element" "the object is stored in a list, dict or other container";
        Attribute "attribute" "the object is stored in an object that is made or was there before";
        Variable "variable" "the object is stored in a global or captured variable";
        Returned "returned" "the trace returns the object";
        Operand "operand" "an instruction needs the object itself";
        EndOfTrace "end-of-trace" "the trace ends at another one, which finds the object in a variable";
        NextTurn "next-turn" "the next turn of the loop may get another object than one that this trace makes";
        Differs "differs" "the object that the next turn gets differs in what this trace knows of it";
        HalfMade "half-made" "the trace may be left before all of the object's words are known";
    }
}

reasons! {
    /// Whether both arms of an `if` that could be chosen from are done, and a choice takes the place of the branch.
    BranchDecision {
        BothWays "both-ways" "both arms are done, and the condition chooses between their values";
        OneWay "one-way" "the last seven times it went the same way";
        RareForFloats "rare-for-floats" "one way is too rare for a choice between floats, which takes longer than one between ints";
        ArmTooLong "arm-too-long" "an arm has too many instructions (parameter if-convert)";
        ArmDoesMore "arm-does-more" "an arm does more than to compute a few numbers";
        ArmFails "arm-fails" "an arm would raise, or gives no number, with the values of now";
        KindsDiffer "kinds-differ" "a variable is of one type after one arm and of another after the other";
    }
}

reasons! {
    /// What becomes of a guard of a loop.
    GuardDecision {
        Hoisted "hoisted" "what the guard tests is the same in each turn: it is tested once, before the loop";
        Eager "eager" "the interpreter has been seen to go both ways here, or to meet several shapes: the guard's exit gets a side trace after few failures (parameter side-eager)";
    }
}

reasons! {
    /// How an attribute is reached that is no plain matter of the object's shape.
    AttributeDecision {
        ManyShapes "many-shapes" "the place comes to ever more shapes (parameter shapes): the attribute is looked up in whatever object comes";
    }
}

/// One of all the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    Call(CallDecision),
    Allocation(AllocationDecision),
    Branch(BranchDecision),
    Guard(GuardDecision),
    Attribute(AttributeDecision),
}

impl Decision {
    /// Its number among those of all tables, of which it tells the table by the high byte: 1 for the first.
    pub const fn code(self) -> u16 {
        let (table, row) = match self {
            Decision::Call(reason) => (1, reason as u16),
            Decision::Allocation(reason) => (2, reason as u16),
            Decision::Branch(reason) => (3, reason as u16),
            Decision::Guard(reason) => (4, reason as u16),
            Decision::Attribute(reason) => (5, reason as u16),
        };
        table << 8 | row
    }

    /// Which table it is of, from 1.
    pub const fn table(self) -> u8 {
        (self.code() >> 8) as u8
    }

    /// All of them: code, id, text.
    pub fn all() -> impl Iterator<Item = (u16, &'static str, &'static str)> {
        let calls = CallDecision::ALL.iter().map(|row| (Decision::Call(row.0).code(), row.1, row.2));
        let allocations = AllocationDecision::ALL.iter().map(|row| (Decision::Allocation(row.0).code(), row.1, row.2));
        let branches = BranchDecision::ALL.iter().map(|row| (Decision::Branch(row.0).code(), row.1, row.2));
        let guards = GuardDecision::ALL.iter().map(|row| (Decision::Guard(row.0).code(), row.1, row.2));
        let attributes = AttributeDecision::ALL.iter().map(|row| (Decision::Attribute(row.0).code(), row.1, row.2));
        calls.chain(allocations).chain(branches).chain(guards).chain(attributes)
    }
}

/// What the recorder decided.
#[derive(Clone, Copy, Debug)]
pub struct RecorderDecision {
    /// Of the bytecode among the recorded ones.
    pub index: u32,
    pub origin: Origin,
    pub decision: Decision,
    /// The function of the program that is called.
    pub callee: Option<CodeId>,
}

/// What a pass decided about an instruction.
#[derive(Clone, Copy, Debug)]
pub struct PassDecision {
    pub at: Ref,
    pub decision: Decision,
    /// The instruction that needs the object.
    pub because: Option<Ref>,
}

impl Recorder {
    /// The recorded bytecode's call is or is not inlined. What was decided about it first counts.
    pub(super) fn decide_call(&mut self, decision: CallDecision, callee: Option<CodeId>) {
        self.decide(Decision::Call(decision), self.origin(), callee);
    }

    pub(super) fn decide_attribute(&mut self, decision: AttributeDecision) {
        self.decide(Decision::Attribute(decision), self.origin(), None);
    }

    /// About the conditional jump at `pc` of the innermost frame, the recorded bytecode or the one behind it.
    pub(super) fn decide_branch(&mut self, pc: u32, decision: BranchDecision) {
        self.decide(Decision::Branch(decision), Origin { pc, ..self.origin() }, None);
    }

    /// The conditional jumps whose ways are both done.
    pub(super) fn chosen_branches(&self) -> Vec<Origin> {
        let chosen = Decision::Branch(BranchDecision::BothWays);
        self.decisions.iter().filter(|made| made.decision == chosen).map(|made| made.origin).collect()
    }

    fn decide(&mut self, decision: Decision, origin: Origin, callee: Option<CodeId>) {
        let here = self.origin();
        let ahead = if origin.code == here.code { origin.pc.saturating_sub(here.pc) } else { 0 };
        let index = self.bytecodes.len().saturating_sub(1) as u32 + ahead;
        let is_known = |known: &RecorderDecision| known.index == index && known.decision.table() == decision.table();
        if !self.decisions.last().is_some_and(is_known) {
            self.decisions.push(RecorderDecision { index, origin, decision, callee });
        }
    }
}
