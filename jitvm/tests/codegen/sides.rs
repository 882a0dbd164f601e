//! Side traces: they start with their parent's values where its exit left them and go on to a root trace.

use jitvm::codegen::{Inherited, Options, Target, compile};
use jitvm::ir::{Body, Ins, Op, Ref, TraceId, Ty};

use crate::support::{Builder, Machine, TARGETS, fixnum, float};

/// `if f < 100: i += 1; f += 1; if i < n: again` over slots i, f, n; its last exit but the poll is for the side trace.
fn root() -> Body {
    let mut b = Builder::default();
    b.snap(&[]);
    let i = b.int_slot(0);
    let f = b.flt_slot(1);
    let n = b.int_slot(2);
    let hundred = b.flt(100.0);
    b.two(Op::G_FltLt, f, hundred);
    let one = b.int(1);
    let next = b.two(Op::AddOv, i, one);
    let unit = b.flt(1.0);
    let sum = b.two(Op::AddF, f, unit);
    b.snap(&[next, sum]);
    b.two(Op::G_Lt, next, n);
    b.snap(&[next, sum]);
    b.none(Op::Close);
    b.body
}

/// `i -= 5; f *= 2`, over many values so that some are spilled, then on to the root trace.
fn side() -> Body {
    let mut b = Builder::default();
    b.snap(&[]);
    let i = b.ins(Op::Parent, Ref::NONE, Ref::NONE, 0);
    b.body.ins[i.index()].ty = Ty::Int;
    let f = b.ins(Op::Parent, Ref::NONE, Ref::NONE, 1);
    b.body.ins[f.index()].ty = Ty::Flt;
    let shifted: Vec<Ref> = (1..20)
        .map(|k| {
            let k = b.int(k);
            b.two(Op::AddOv, i, k)
        })
        .collect();
    let mut total = i;
    for &value in &shifted {
        total = b.two(Op::SubOv, total, value);
    }
    for &value in shifted.iter().rev() {
        total = b.two(Op::AddOv, total, value);
    }
    let five = b.int(5);
    let back = b.two(Op::SubOv, total, five);
    let two = b.flt(2.0);
    let doubled = b.two(Op::MulF, f, two);
    b.snap(&[back, doubled]);
    b.body.ins.push(Ins::new(Op::Close, Ty::Nil, Ref::NONE, Ref::NONE, 7));
    let origin = b.body.origins[0];
    b.body.origins.push(origin);
    b.body
}

#[test]
fn a_side_trace_goes_on_where_its_parent_left() {
    // What the two traces compute together.
    let (mut i, mut f) = (0i64, 0.0f64);
    let mut entries = 0u64;
    while f < 100.0 {
        (i, f) = (i + 1, f + 1.0);
        if i >= 3 {
            (i, f) = (i - 5, f * 2.0);
            entries += 1;
        }
    }
    for seed in [None].into_iter().chain((0..30).map(Some)) {
        let options = Options { random_ra: seed, ..Options::default() };
        let mut machine = Machine::new();
        let parent_body = root();
        let parent = machine.compile(&parent_body, &options);
        let exit = parent.exits.last().expect("the root has exits").clone();
        let mut side_body = side();
        let mut counter = 0u64;
        let inherited = Inherited {
            locations: &exit.locations,
            spills: parent.spills,
            link: Some(Target { artifact: &parent, values: &[] }),
            counter: Some(&raw mut counter),
        };
        let side = compile(&mut side_body, TraceId(7), Some(&inherited), &options, &TARGETS, &mut machine.arena)
            .unwrap_or_else(|failure| panic!("{failure}\n{side_body}"));
        let patch = parent.code.start + exit.patch as usize;
        machine.arena.patch_rel32(patch, side.entry as usize).expect("system calls work");
        let mut stack = [fixnum(0), float(0.0), fixnum(3)];
        let outcome = machine.run(&parent, &parent_body.constants, &mut stack, false);
        assert_eq!(parent_body.ins[outcome.guard].op, Op::G_FltLt, "seed {seed:?}");
        assert_eq!(stack, [fixnum(i), float(f), fixnum(3)], "seed {seed:?}");
        assert_eq!(counter, entries, "seed {seed:?}");
    }
}
