//! Backward view of a trace for the allocator: which instructions share a value, where each value is used, how long
//! it must be kept, and which register it would like.

use super::CompileFailure;
use super::constraints;
use super::registers::Register;
use crate::ir::{Body, Field, Op, Ref};

/// No value, no instruction.
pub(super) const NONE: u16 = 0xffff;
/// One more than the last instruction there can be.
const MOST: usize = 0x7ffe;

/// A wish for a value's register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hint {
    No,
    Register(Register),
    /// Where the loop expects this value at its start.
    LoopStart(u16),
}

/// Values are named by the instruction that computes them.
#[derive(Debug)]
pub(super) struct Analysis {
    /// By instruction: the value its result is, itself unless a guard passes an operand on.
    pub root: Vec<u16>,
    /// By value: last position it must be kept for; its own if nothing needs it, `end` if the back jump does.
    pub last: Vec<u16>,
    /// By value: first position after LOOP that needs it in a register, or NONE.
    pub first_in_loop: Vec<u16>,
    /// By value: computed before LOOP and needed after it.
    pub loop_live: Vec<bool>,
    /// By value: it is the left operand of a PHI.
    pub phi_left: Vec<bool>,
    /// By instruction: a comparison whose result is only in the flags, for the choices that follow at once.
    pub fused: Vec<bool>,
    pub hints: Vec<Hint>,
    /// Positions that need a value in a register: those of value v are `uses[use_start[v]..use_start[v + 1]]`.
    use_start: Vec<u32>,
    uses: Vec<u16>,
    /// Every PHI as left value and right operand.
    pub phis: Vec<(u16, Ref)>,
    /// Position of LOOP, or `end`.
    pub loop_at: usize,
    /// First position after LOOP (or in a trace without one) with a call, or `end`.
    pub first_call: usize,
    /// Number of instructions: the position of the back jump.
    pub end: usize,
}

impl Analysis {
    /// Positions that need a value in a register, ascending.
    pub fn uses(&self, value: u16) -> &[u16] {
        let (from, to) = (self.use_start[value as usize], self.use_start[value as usize + 1]);
        &self.uses[from as usize..to as usize]
    }
    /// The value an operand is; NONE for constants, absent ones and what is in the flags.
    pub fn value(&self, operand: Ref) -> u16 {
        let is_in_register = !operand.is_constant() && !operand.is_none() && !self.fused[operand.index()];
        if is_in_register { self.root[operand.index()] } else { NONE }
    }
}

/// Arguments of a call, last first.
pub(super) fn arguments(body: &Body, call: usize) -> impl Iterator<Item = Ref> {
    let mut next = body.ins[call].a;
    std::iter::from_fn(move || {
        if next.is_none() || next.is_constant() {
            return None;
        }
        let argument = body.ins[next.index()];
        next = argument.a;
        (argument.op == Op::CArg).then_some(argument.b)
    })
}

/// Operands that position `at` needs in registers (a call's: anywhere).
fn each_use(body: &Body, at: usize, mut visit: impl FnMut(Ref)) {
    let ins = body.ins[at];
    match ins.op {
        Op::Nop | Op::Loop | Op::Phi | Op::CArg => {}
        Op::CallH | Op::CallF | Op::Close => arguments(body, at).for_each(visit),
        _ => ins.operands().for_each(&mut visit),
    }
}

/// By instruction: the value its result is, and whether it is the left operand of a PHI.
fn roots(body: &Body) -> (Vec<u16>, Vec<bool>) {
    let count = body.ins.len();
    let loop_at = body.loop_index().unwrap_or(count);
    let mut phi_left = vec![false; count];
    for ins in body.ins.iter().filter(|ins| ins.op == Op::Phi) {
        phi_left[ins.a.index()] = true;
    }
    let mut root: Vec<u16> = (0..count as u16).collect();
    for (at, ins) in body.ins.iter().enumerate() {
        if constraints::passes_on(ins.op) && !ins.a.is_constant() {
            let of = root[ins.a.index()];
            // The left value of a PHI changes over the iterations, what it was before the loop does not.
            let changes = phi_left[at] || (phi_left[of as usize] && at < loop_at);
            if !changes {
                root[at] = of;
            }
        }
    }
    (root, phi_left)
}

/// By instruction: the one whose result it passes on, or itself. Those of one root lie in one place at every exit.
pub fn shared_values(body: &Body) -> Vec<u16> {
    roots(body).0
}

pub(super) fn analyse(body: &Body) -> Result<Analysis, CompileFailure> {
    let count = body.ins.len();
    if count >= MOST {
        return Err(CompileFailure::TooBig);
    }
    check(body)?;
    let loop_at = body.loop_index().unwrap_or(count);
    let (root, phi_left) = roots(body);
    let phis = body.ins.iter().filter(|ins| ins.op == Op::Phi).map(|ins| (ins.a.0, ins.b)).collect::<Vec<_>>();
    let value = |operand: Ref| if operand.is_constant() { None } else { Some(root[operand.index()] as usize) };

    let mut last: Vec<u16> = (0..count as u16).collect();
    let mut first_in_loop = vec![NONE; count];
    let mut use_start = vec![0u32; count + 1];
    for at in 0..count {
        each_use(body, at, |operand| {
            if let Some(v) = value(operand) {
                use_start[v] += 1;
                last[v] = at as u16;
                if at > loop_at && first_in_loop[v] == NONE {
                    first_in_loop[v] = at as u16;
                }
            }
        });
    }
    let mut total = 0;
    for start in &mut use_start {
        total += *start;
        *start = total;
    }
    let mut uses = vec![0u16; total as usize];
    for at in (0..count).rev() {
        each_use(body, at, |operand| {
            if let Some(v) = value(operand) {
                use_start[v] -= 1;
                uses[use_start[v] as usize] = at as u16;
            }
        });
    }

    keep_for_exits(body, &root, &mut last)?;
    for &(_, right) in &phis {
        if let Some(v) = value(right) {
            last[v] = count as u16;
        }
    }
    let mut loop_live = vec![false; count];
    for v in 0..loop_at {
        if last[v] as usize > loop_at {
            loop_live[v] = true;
            if !phi_left[v] {
                last[v] = count as u16;
            }
        }
    }
    let first_call = (0..count)
        .find(|&at| matches!(body.ins[at].op, Op::CallH | Op::CallF) && (at > loop_at || loop_at == count))
        .unwrap_or(count);
    let fused = fused(body, &last, &phi_left);
    let hints = hints(body, &root, &last, &phis, loop_at);
    let end = count;
    Ok(Analysis {
        root,
        last,
        first_in_loop,
        loop_live,
        phi_left,
        fused,
        hints,
        use_start,
        uses,
        phis,
        loop_at,
        first_call,
        end,
    })
}

/// By instruction: a comparison that nothing needs but choices right behind it. What comes between the two, moves, leaves
/// the flags alone. Equality of floats is in two of them.
fn fused(body: &Body, last: &[u16], phi_left: &[bool]) -> Vec<bool> {
    let is_alone = |at: usize| {
        let compares = matches!(body.ins[at].op, Op::Lt | Op::Le | Op::Eq | Op::LtF | Op::LeF);
        if !compares || phi_left[at] || last[at] as usize == at {
            return false;
        }
        let me = Ref(at as u16);
        body.ins[at + 1..].iter().take(last[at] as usize - at).all(|ins| match ins.op {
            Op::Nop => true,
            Op::Sel | Op::SelF => ins.c_ref() == me && ins.a != me && ins.b != me,
            _ => false,
        })
    };
    (0..body.ins.len()).map(is_alone).collect()
}

/// The rules of the IR that allocation relies on.
fn check(body: &Body) -> Result<(), CompileFailure> {
    let malformed = |what| Err(CompileFailure::Malformed(what));
    let loop_at = body.loop_index();
    let mut left = vec![false; if loop_at.is_some() { body.ins.len() } else { 0 }];
    for (at, ins) in body.ins.iter().enumerate() {
        let fields = ins.op.fields();
        for (operand, field) in [ins.a, ins.b, ins.c_ref()].into_iter().zip(fields) {
            if field != Field::Ref || operand.is_none() {
                continue;
            }
            if operand.is_constant() {
                if operand.constant_index() >= body.constants.len() {
                    return malformed("constant out of range");
                }
            } else if operand.index() >= at {
                return malformed("operand does not precede its use");
            }
        }
        if matches!(ins.op, Op::Close | Op::Ret | Op::Leave) && (loop_at.is_some() || at + 1 != body.ins.len()) {
            return malformed("CLOSE or RET is not the end of the trace");
        }
        if ins.op == Op::Phi {
            let Some(loop_at) = loop_at.filter(|&l| l < at) else {
                return malformed("PHI outside a loop");
            };
            if ins.a.is_constant() || ins.a.is_none() || ins.a.index() >= loop_at {
                return malformed("PHI's left operand is not computed before the loop");
            }
            if std::mem::replace(&mut left[ins.a.index()], true) {
                return malformed("two PHIs with one left operand");
            }
        }
    }
    Ok(())
}

/// Values that exits restore live on to the last guard that leaves through a snapshot with them.
fn keep_for_exits(body: &Body, root: &[u16], last: &mut [u16]) -> Result<(), CompileFailure> {
    let mut at = body.ins.len();
    for snapshot in body.snapshots.iter().rev() {
        let from = snapshot.at as usize;
        let guard = (from..at).rev().find(|&i| constraints::leaves(body.ins[i].op));
        at = from.min(at);
        let Some(guard) = guard else { continue };
        for value in snapshot.values() {
            if value.is_constant() || body.is_sunk(value) {
                continue;
            }
            if value.is_none() || value.index() >= from {
                return Err(CompileFailure::Malformed("snapshot refers to what comes after it"));
            }
            let v = root[value.index()] as usize;
            last[v] = last[v].max(guard as u16);
        }
    }
    if let Some(guard) = body.ins.iter().rposition(|ins| ins.op.is_guard()) {
        for kept in body.kept.iter().filter(|kept| !kept.here.is_constant()) {
            let v = root[kept.here.index()] as usize;
            last[v] = last[v].max(guard as u16);
        }
    }
    match (0..at).any(|i| constraints::leaves(body.ins[i].op)) {
        true => Err(CompileFailure::Malformed("guard without a snapshot")),
        false => Ok(()),
    }
}

/// Wishes: of call arguments, of what PHIs carry round, of fixed operands; passed on to the operand a result replaces.
fn hints(body: &Body, root: &[u16], last: &[u16], phis: &[(u16, Ref)], loop_at: usize) -> Vec<Hint> {
    let mut hints = vec![Hint::No; body.ins.len()];
    for &(left, right) in phis {
        if !right.is_constant() && right.index() > loop_at {
            hints[root[right.index()] as usize] = Hint::LoopStart(left);
        }
    }
    for at in (0..body.ins.len()).rev() {
        let ins = body.ins[at];
        let mut wish = |operand: Ref, hint: Hint| {
            if !operand.is_constant() && !operand.is_none() {
                let v = root[operand.index()] as usize;
                if hints[v] == Hint::No && last[v] as usize == at {
                    hints[v] = hint;
                }
            }
        };
        if ins.op == Op::CallH {
            let count = arguments(body, at).count();
            for (i, argument) in arguments(body, at).enumerate() {
                if let Some(&register) = count.checked_sub(i + 1).and_then(|n| Register::ARGUMENTS.get(n)) {
                    wish(argument, Hint::Register(register));
                }
            }
        } else if matches!(ins.op, Op::Div | Op::Mod) && !constraints::result(body, ins).is_none() {
            wish(ins.a, Hint::Register(Register::RAX));
        } else if constraints::two_operand(ins.op) && root[at] as usize == at {
            let hint = hints[at];
            let v = if ins.a.is_constant() { NONE } else { root[ins.a.index()] };
            if v != NONE && hints[v as usize] == Hint::No && last[v as usize] as usize == at {
                hints[v as usize] = hint;
            }
        }
    }
    hints
}
