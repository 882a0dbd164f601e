//! Plain evaluation of operations and whole traces, as the table of operations says.

use jitvm::ir::{Body, Op, Ref};
use jitvm::runtime::value::{FIXNUM_MAX, FIXNUM_MIN, Value};

use crate::support::{HELPERS, Outcome, mixed};

/// What an operation does with its operands' raw bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Effect {
    Result(u64),
    Exit,
}

fn tag(i: i128) -> Effect {
    if i >= i128::from(FIXNUM_MIN) && i <= i128::from(FIXNUM_MAX) {
        Effect::Result(((i as i64) << 2) as u64)
    } else {
        Effect::Exit
    }
}

fn check(holds: bool) -> Effect {
    if holds { Effect::Result(0) } else { Effect::Exit }
}

/// Operations without memory or control.
pub fn operation(op: Op, a: u64, b: u64) -> Effect {
    let (i, j) = (i128::from(a as i64 >> 2), i128::from(b as i64 >> 2));
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    let flt = |x: f64| Effect::Result(x.to_bits());
    let truth = |holds: bool| Effect::Result(Value::from_bool(holds).0);
    match op {
        Op::G_Int => {
            if a & 3 == 0 {
                Effect::Result(a)
            } else {
                Effect::Exit
            }
        }
        Op::G_Flt => {
            if Value(a).is_float() {
                flt(Value(a).as_float())
            } else {
                Effect::Exit
            }
        }
        Op::G_Eq => check(a == b),
        Op::G_Ne => check(a != b),
        Op::G_Lt => check((a as i64) < b as i64),
        Op::G_Le => check(a as i64 <= b as i64),
        Op::G_Ult => check(a < b),
        Op::G_FltLt => check(x < y),
        Op::G_FltNlt => check(x >= y || x.is_nan() || y.is_nan()),
        Op::G_FltLe => check(x <= y),
        Op::G_FltNle => check(x > y || x.is_nan() || y.is_nan()),
        Op::G_FltEq => check(x == y),
        Op::G_FltNe => check(x != y),
        Op::G_NoExc => check(a != Value::EXC.0),
        Op::AddOv | Op::Add => tag(i + j),
        Op::SubOv | Op::Sub => tag(i - j),
        Op::MulOv => tag(i * j),
        Op::Div => tag(i.div_euclid(j) - i128::from(j < 0 && i.rem_euclid(j) != 0)),
        Op::Mod => tag(((i % j) + j) % j),
        Op::And => Effect::Result(a & b),
        Op::Or => Effect::Result(a | b),
        Op::Xor => Effect::Result(a ^ b),
        Op::ShlOv => {
            if (0..=60).contains(&j) {
                tag(i << j)
            } else {
                Effect::Exit
            }
        }
        Op::Shr => tag(i >> j.min(63)),
        Op::Min => tag(i.min(j)),
        Op::Max => tag(i.max(j)),
        Op::Lt => truth((a as i64) < b as i64),
        Op::Le => truth(a as i64 <= b as i64),
        Op::Eq => truth(a == b),
        Op::LtF => truth(x < y),
        Op::LeF => truth(x <= y),
        Op::EqF => truth(x == y),
        Op::AddF => flt(x + y),
        Op::SubF => flt(x - y),
        Op::MulF => flt(x * y),
        Op::DivF => flt(x / y),
        Op::NegF => flt(-x),
        Op::AbsF => flt(x.abs()),
        Op::SqrtF => flt(x.sqrt()),
        Op::IntToFlt => flt(i as f64),
        Op::IntToFltExact => {
            if i.unsigned_abs() <= 1 << 53 {
                flt(i as f64)
            } else {
                Effect::Exit
            }
        }
        Op::FltToInt if x.is_nan() => Effect::Exit,
        Op::FltToInt => tag(x.trunc() as i128),
        _ => panic!("{op:?} is not evaluated here"),
    }
}

/// Runs a trace of such operations, SLOADs and calls; the poll guard leaves when `polls` have passed before.
pub fn trace(body: &Body, stack: &[u64], polls: usize) -> Outcome {
    let mut words = vec![0u64; body.ins.len()];
    let mut polled = 0;
    let mut at = 0;
    let constant = |r: Ref| body.constants[r.constant_index()].word();
    loop {
        if at == body.ins.len() {
            let phis: Vec<_> = body.ins.iter().filter(|ins| ins.op == Op::Phi).collect();
            let word = |words: &[u64], r: Ref| if r.is_constant() { constant(r) } else { words[r.index()] };
            let next: Vec<u64> = phis.iter().map(|phi| word(&words, phi.b)).collect();
            for (phi, word) in phis.iter().zip(next) {
                words[phi.a.index()] = word;
            }
            at = body.loop_index().expect("the trace ends in a loop");
        }
        let ins = body.ins[at];
        let word = |r: Ref| {
            if r.is_none() {
                0
            } else if r.is_constant() {
                constant(r)
            } else {
                words[r.index()]
            }
        };
        let effect = match ins.op {
            Op::Nop | Op::Loop | Op::Phi | Op::CArg => Effect::Result(0),
            Op::Sload => Effect::Result(stack[ins.c as usize]),
            Op::G_Poll => {
                polled += 1;
                check(polled <= polls)
            }
            Op::CallH => {
                let mut arguments = Vec::new();
                let mut chain = ins.a;
                while !chain.is_none() {
                    arguments.insert(0, word(body.ins[chain.index()].b));
                    chain = body.ins[chain.index()].a;
                }
                assert_eq!(HELPERS[ins.c as usize].entry.arguments(), arguments.len());
                Effect::Result(mixed(&arguments))
            }
            Op::Sel | Op::SelF => {
                let first = word(ins.c_ref()) == Value::TRUE.0;
                Effect::Result(word(if first { ins.a } else { ins.b }))
            }
            op => operation(op, word(ins.a), word(ins.b)),
        };
        match effect {
            Effect::Result(result) => words[at] = result,
            Effect::Exit => {
                let snapshot = &body.snapshots[body.snapshot_of(at).expect("guards have snapshots")];
                let values = snapshot.slots.iter().map(|slot| word(slot.value)).collect();
                return Outcome { guard: at, values, observed: ins.observed().map(&word) };
            }
        }
        at += 1;
    }
}
