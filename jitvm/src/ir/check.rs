//! Checks that a trace is well-formed; run after each pass in debug builds.
//!
//! What it demands is what the code generator, the IR interpreter and the exits rely on: operands precede their uses
//! and have the types that the operation needs; every guard has a snapshot; snapshots name values computed before
//! them; PHIs stand at the end and agree in type; addresses inside objects are not kept across a helper call; a new
//! object is filled at once; a sunk one is named by snapshots alone, which list its words.

use std::fmt;

use super::{Body, Const, Effect, Field, Ins, Op, Ref, Snapshot, Ty};
use crate::interp::helpers::Helper;
use crate::runtime::value::{FIXNUM_MAX, FIXNUM_MIN};

/// Something that is wrong, and at which instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub at: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}: {}", self.at, self.what)
    }
}

/// What an operation needs of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Demand {
    Int,
    Flt,
    /// Any tagged word.
    Tagged,
    Bool,
    /// A pointer whose shape a guard has checked, or a constant value.
    Object,
    /// Address of items.
    Raw,
    /// A constant address.
    Cell,
    /// CARG or NONE.
    Chain,
    /// Tagged word or constant address.
    Argument,
    /// Anything with a value.
    Value,
}

const fn demands(op: Op) -> [Demand; 3] {
    use Demand::*;
    match op {
        Op::G_Lt | Op::G_Le | Op::G_Ult => [Int, Int, Value],
        Op::AddOv | Op::SubOv | Op::MulOv | Op::Add | Op::Sub | Op::Div | Op::Mod => [Int, Int, Value],
        Op::And | Op::Or | Op::Xor | Op::ShlOv | Op::Shr | Op::Min | Op::Max => [Int, Int, Value],
        Op::Lt | Op::Le => [Int, Int, Value],
        Op::LtF | Op::LeF | Op::EqF => [Flt, Flt, Value],
        Op::Eq => [Tagged, Tagged, Value],
        Op::Sel => [Tagged, Tagged, Bool],
        Op::SelF => [Flt, Flt, Bool],
        Op::IntToFlt | Op::IntToFltExact => [Int, Value, Value],
        Op::G_FltLt | Op::G_FltNlt | Op::G_FltLe | Op::G_FltNle | Op::G_FltEq | Op::G_FltNe => [Flt, Flt, Value],
        Op::AddF | Op::SubF | Op::MulF | Op::DivF => [Flt, Flt, Value],
        Op::NegF | Op::AbsF | Op::SqrtF | Op::FltToInt | Op::BoxF => [Flt, Value, Value],
        Op::G_Int | Op::G_Flt | Op::G_Shape | Op::G_NoExc => [Tagged, Value, Value],
        Op::ListLen | Op::ListData | Op::TupleLen | Op::TupleData | Op::StrLen => [Object, Value, Value],
        Op::ElemLoad | Op::ItemLoad => [Raw, Int, Value],
        Op::ElemStore => [Raw, Int, Tagged],
        Op::FieldLoad => [Object, Value, Value],
        Op::FieldStore => [Object, Argument, Value],
        Op::FloatLoad | Op::ShapeStore => [Object, Value, Value],
        Op::FloatStore => [Object, Flt, Value],
        Op::New => [Int, Int, Value],
        Op::CellLoad => [Cell, Value, Value],
        Op::CellStore | Op::G_Watch => [Cell, Tagged, Value],
        Op::CArg => [Chain, Value, Value],
        Op::CallH => [Chain, Value, Value],
        Op::CallF => [Chain, Cell, Value],
        Op::Ret => [Tagged, Value, Value],
        Op::G_Eq | Op::G_Ne | Op::Phi => [Value, Value, Value],
        Op::Close => [Chain, Value, Value],
        Op::Nop | Op::Sload | Op::Parent | Op::G_Poll | Op::Leave | Op::Loop => [Value, Value, Value],
    }
}

/// All problems of a trace; `closing` is given while it is not closed yet.
pub fn check(body: &Body, closing: Option<&Snapshot>, helpers: &[Helper]) -> Vec<Problem> {
    let mut checker = Checker { body, helpers, problems: Vec::new() };
    checker.constants();
    checker.structure(closing.is_some());
    for (index, ins) in body.ins.iter().enumerate() {
        checker.instruction(index, *ins);
    }
    checker.addresses();
    checker.new_objects();
    checker.snapshots(closing);
    checker.problems
}

struct Checker<'a> {
    body: &'a Body,
    helpers: &'a [Helper],
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn problem(&mut self, at: usize, what: impl Into<String>) {
        self.problems.push(Problem { at, what: what.into() });
    }

    fn constants(&mut self) {
        for (index, constant) in self.body.constants.iter().enumerate() {
            if let Const::Int(i) = constant
                && !(FIXNUM_MIN..=FIXNUM_MAX).contains(i)
            {
                self.problem(0, format!("constant {index} is {i}, which is no fixnum"));
            }
        }
    }

    fn structure(&mut self, is_open: bool) {
        let body = self.body;
        let count = body.ins.len();
        if body.origins.len() != count {
            self.problem(0, format!("{} origins for {count} instructions", body.origins.len()));
        }
        if count > Ref::NONE.index() {
            self.problem(0, format!("{count} instructions are more than references can name"));
        }
        let number_of = |op: Op| body.ins.iter().filter(|ins| ins.op == op).count();
        match (number_of(Op::Loop), number_of(Op::Close) + number_of(Op::Ret) + number_of(Op::Leave), is_open) {
            (0, 0, true) | (1, 0, false) => {}
            (0, 1, false) if number_of(Op::Close) == 0 => {
                let last = body.ins.iter().rfind(|ins| ins.op != Op::Nop).map(|ins| ins.op);
                if !matches!(last, Some(Op::Ret | Op::Leave)) {
                    self.problem(count, "RET or LEAVE is not the last instruction");
                }
            }
            (0, 1, false) => {
                let last = body.ins.iter().rposition(|ins| ins.op != Op::Nop);
                let close = body.ins.iter().position(|ins| ins.op == Op::Close);
                if last != close {
                    self.problem(count, "CLOSE is not the last instruction");
                }
                if body.snapshots.last().map(|snapshot| snapshot.at as usize) != close {
                    self.problem(count, "the last snapshot is not CLOSE's");
                }
            }
            (loops, closes, _) => {
                let state = if is_open { "an open" } else { "a closed" };
                self.problem(count, format!("{state} trace has {loops} LOOP and {closes} CLOSE"));
            }
        }
        let loop_index = body.loop_index();
        let (mut phis, mut started) = (false, false);
        let mut carried = vec![false; count];
        for (index, ins) in body.ins.iter().enumerate() {
            match ins.op {
                Op::Phi => {
                    phis = true;
                    let first = ins.a;
                    if loop_index.is_none_or(|start| first.is_constant() || first.index() >= start) {
                        self.problem(index, "a PHI starts with a value from before LOOP");
                    } else if std::mem::replace(&mut carried[first.index()], true) {
                        self.problem(index, "the value is carried by another PHI already");
                    }
                }
                Op::Nop => {}
                Op::Parent if started => self.problem(index, "PARENT does not stand at the start"),
                _ if phis => self.problem(index, "stands behind a PHI"),
                _ => {}
            }
            started |= !matches!(ins.op, Op::Nop | Op::Parent);
        }
    }

    fn instruction(&mut self, index: usize, ins: Ins) {
        let expected = ins.op.result();
        let may_narrow = (expected == Ty::Val && !matches!(ins.op, Op::Sload | Op::BoxF) && ins.ty.is_tagged())
            || (ins.op == Op::Parent && matches!(ins.ty, Ty::Flt | Ty::Raw));
        if ins.op != Op::Phi && ins.ty != expected && !may_narrow {
            self.problem(index, format!("{} yields {}, not {}", ins.op.name(), expected.name(), ins.ty.name()));
        }
        if (ins.op.is_guard() || ins.op == Op::Close) && self.body.snapshot_of(index).is_none() {
            self.problem(index, "no snapshot to leave through");
        }
        let operands = [ins.a, ins.b, ins.c_ref()];
        for ((field, demand), r) in ins.op.fields().into_iter().zip(demands(ins.op)).zip(operands) {
            if field == Field::Ref {
                self.operand(index, ins, demand, r);
            }
        }
        match ins.op {
            Op::CArg => self.argument(index, ins),
            Op::CallH => self.call(index, ins),
            Op::CallF => self.function_call(index, ins),
            Op::G_Watch if !ins.b.is_constant() => self.problem(index, "watches for no constant"),
            Op::New if self.body.new_object(ins).is_none() => self.problem(index, "NEW of no object"),
            Op::G_Eq | Op::G_Ne => {
                let (a, b) = (self.ty_of(ins.a), self.ty_of(ins.b));
                let comparable = |a: Option<Ty>, b: Option<Ty>| match (a, b) {
                    (Some(a), Some(b)) => (a.is_tagged() && b.is_tagged()) || (a == Ty::Raw && b == Ty::Raw),
                    _ => true,
                };
                if !comparable(a, b) {
                    self.problem(index, "compares a tagged word with something else");
                }
            }
            Op::Sel
                if ins.ty != Ty::Val
                    && [ins.a, ins.b].into_iter().any(|arm| self.ty_of(arm).is_some_and(|ty| ty != ins.ty)) =>
            {
                self.problem(index, "SEL chooses from values of another type");
            }
            Op::Phi => {
                let (first, next) = (self.ty_of(ins.a), self.ty_of(ins.b));
                let agree = match (first, next) {
                    (Some(first), Some(next)) => first == next || (first == Ty::Val && next.is_tagged()),
                    _ => true,
                };
                if !agree || first.is_some_and(|ty| ty != ins.ty) {
                    self.problem(index, "the values of a PHI differ in type");
                }
            }
            Op::Sload | Op::Parent if u16::try_from(ins.c).is_err() => self.problem(index, "no such slot"),
            _ => {}
        }
    }

    /// `None` if the reference leads nowhere (which is told elsewhere).
    fn ty_of(&self, r: Ref) -> Option<Ty> {
        if r.is_constant() {
            self.body.constants.get(r.constant_index()).map(Const::ty)
        } else {
            self.body.ins.get(r.index()).map(|ins| ins.ty)
        }
    }

    fn operand(&mut self, index: usize, ins: Ins, demand: Demand, r: Ref) {
        if r.is_none() {
            if demand != Demand::Chain {
                self.problem(index, "an operand is missing");
            }
            return;
        }
        let Some(ty) = self.ty_of(r) else {
            self.problem(index, format!("operand {r:?} does not exist"));
            return;
        };
        if !r.is_constant() && self.body.ins[r.index()].op == Op::Phi {
            self.problem(index, "refers to a PHI, not to the value that it carries");
        }
        if self.body.is_sunk(r) {
            self.problem(index, format!("uses {:04}, which is not executed", r.0));
        }
        if !r.is_constant() && r.index() >= index {
            self.problem(index, format!("operand {:04} does not precede its use", r.0));
            return;
        }
        let holds = match demand {
            Demand::Int => ty == Ty::Int,
            Demand::Flt => ty == Ty::Flt,
            Demand::Tagged => ty.is_tagged(),
            Demand::Bool => ty == Ty::Bool,
            Demand::Object => ty == Ty::Obj || (r.is_constant() && ty == Ty::Val),
            Demand::Raw => ty == Ty::Raw,
            Demand::Cell => ty == Ty::Raw && r.is_constant(),
            Demand::Chain => !r.is_constant() && self.body.ins[r.index()].op == Op::CArg,
            Demand::Argument => ty.is_tagged() || (ty == Ty::Raw && r.is_constant()),
            Demand::Value => ty != Ty::Nil,
        };
        if !holds {
            self.problem(index, format!("{} takes {demand:?}, not {}", ins.op.name(), ty.name()));
        }
    }

    /// Calls take tagged words or constant addresses; what CLOSE hands on may be anything.
    fn argument(&mut self, index: usize, ins: Ins) {
        let user = self.body.ins[index..].iter().find(|user| matches!(user.op, Op::CallH | Op::CallF | Op::Close));
        let is_word = |ty: Ty| ty.is_tagged() || (ty == Ty::Raw && ins.b.is_constant());
        if user.is_none_or(|user| user.op != Op::Close) && !ins.b.is_none() && !self.ty_of(ins.b).is_none_or(is_word) {
            self.problem(index, "CARG takes a tagged word or a constant address");
        }
    }

    fn call(&mut self, index: usize, ins: Ins) {
        let mut next = ins.a;
        let mut count = 0;
        // Ends, since a CARG's chain precedes it; a chain that does not is told by its own operand check.
        while !next.is_none() && !next.is_constant() && next.index() < index && count <= self.body.ins.len() {
            let argument = self.body.ins[next.index()];
            if argument.op != Op::CArg {
                break;
            }
            count += 1;
            next = argument.a;
        }
        match self.helpers.get(ins.c as usize) {
            None => self.problem(index, format!("no helper {}", ins.c)),
            Some(helper) if helper.entry.arguments() != count => {
                let due = helper.entry.arguments();
                self.problem(index, format!("{} takes {due} arguments, not {count}", helper.name));
            }
            Some(_) => {}
        }
    }

    fn function_call(&mut self, index: usize, ins: Ins) {
        if ins.a.is_none() || ins.c == 0 {
            self.problem(index, "CALLF has no function, or no slot for it");
        }
        let checked = self.body.ins.get(index + 1);
        if !checked.is_some_and(|next| next.op == Op::G_NoExc && next.a == Ref(index as u16)) {
            self.problem(index, "no G_NOEXC follows the call");
        }
    }

    /// Addresses inside objects must not be in use when a helper that may collect returns.
    fn addresses(&mut self) {
        let body = self.body;
        let calls: Vec<usize> = (0..body.ins.len()).filter(|at| body.ins[*at].op.effect() == Effect::Call).collect();
        let has_call = |from: usize, to: usize| calls.iter().any(|call| (from..to).contains(call));
        for (user, ins) in body.ins.iter().enumerate() {
            for r in ins.operands().filter(|r| !r.is_constant()) {
                if self.ty_of(r) != Some(Ty::Raw) {
                    continue;
                }
                let made = r.index();
                let crosses_loop = body.loop_index().is_some_and(|start| made < start && user > start);
                if has_call(made, user) || (crosses_loop && has_call(made, body.ins.len())) {
                    self.problem(user, format!("address {made:04} is kept across a helper call"));
                }
            }
        }
    }

    /// The collector may not see an object before each of its words is written.
    fn new_objects(&mut self) {
        let body = self.body;
        for (index, ins) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::New && !ins.is_sunk()) {
            let Some(new) = body.new_object(*ins) else { continue };
            let mut filled = vec![false; new.words()];
            let mut rest = body.ins[index + 1..].iter().filter(|ins| ins.op != Op::Nop);
            while filled.contains(&false) {
                let word = match rest.next() {
                    Some(store) if store.op == Op::FieldStore && store.a == Ref(index as u16) => {
                        (store.c as usize / 8).wrapping_sub(1)
                    }
                    _ => usize::MAX,
                };
                match filled.get_mut(word) {
                    Some(filled) => *filled = true,
                    None => {
                        self.problem(index, "something comes before the object is filled");
                        break;
                    }
                }
            }
        }
    }

    fn snapshots(&mut self, closing: Option<&Snapshot>) {
        if !self.body.snapshots.is_sorted_by_key(|snapshot| snapshot.at) {
            self.problem(0, "snapshots do not ascend");
        }
        for snapshot in self.body.snapshots.iter().chain(closing) {
            let at = snapshot.at as usize;
            match snapshot.frames.first() {
                None => self.problem(at, "a snapshot has no frame"),
                Some(frame) if frame.base != 0 => self.problem(at, "a snapshot's first frame is not the anchor's"),
                Some(_) => {}
            }
            if !snapshot.frames.is_sorted_by(|one, other| one.base < other.base) {
                self.problem(at, "a snapshot's frames do not ascend");
            }
            if !snapshot.slots.is_sorted_by(|one, other| one.slot < other.slot) {
                self.problem(at, "a snapshot's slots do not ascend");
            }
            for entry in &snapshot.slots {
                let r = entry.value;
                let known = r.is_constant() || (!r.is_none() && r.index() < at);
                let ty = if r.is_none() { None } else { self.ty_of(r) };
                if !known || !ty.is_some_and(|ty| ty.is_tagged() || ty == Ty::Flt) {
                    self.problem(at, format!("slot {} has no value", entry.slot));
                }
            }
            self.snapshot_objects(snapshot);
        }
        let close = self.body.ins.iter().position(|ins| ins.op == Op::Close);
        let at_close = close.and_then(|close| self.body.snapshot_of(close)).map(|index| &self.body.snapshots[index]);
        for snapshot in at_close.into_iter().chain(closing).filter(|snapshot| !snapshot.objects.is_empty()) {
            self.problem(snapshot.at as usize, "only an exit can make objects");
        }
        if let Some(closing) = closing {
            let at = closing.at as usize;
            if at != self.body.ins.len() || closing.frames.len() != 1 {
                self.problem(at, "the closing state is not the anchor's frame at the end");
            }
        }
    }

    fn snapshot_objects(&mut self, snapshot: &Snapshot) {
        let at = snapshot.at as usize;
        for r in snapshot.values() {
            if self.ty_of(r).is_some() && self.body.is_sunk(r) && snapshot.object(r).is_none() {
                self.problem(at, format!("does not say what the words of {:04} are", r.0));
            }
        }
        for (index, object) in snapshot.objects.iter().enumerate() {
            let new = object.object;
            let known = !new.is_constant() && new.index() < at.min(self.body.ins.len()) && self.body.is_sunk(new);
            if !known || snapshot.object(new) != Some(index) {
                self.problem(at, format!("{new:?} is no sunk object, or listed twice"));
                continue;
            }
            if self.body.new_object(self.body.ins[new.index()]).is_none_or(|new| new.words() != object.words.len()) {
                self.problem(at, format!("{:04} has another number of words", new.0));
            }
            for word in &object.words {
                let known = word.is_constant() || (!word.is_none() && word.index() < at);
                let ty = if word.is_none() { None } else { self.ty_of(*word) };
                let is_value = |ty: Ty| ty.is_tagged() || ty == Ty::Flt || (ty == Ty::Raw && word.is_constant());
                if !known || !ty.is_some_and(is_value) {
                    self.problem(at, format!("a word of {:04} has no value", new.0));
                }
            }
        }
    }
}
