//! Loops: values carried round, invariants, calls inside, closing stores.

use jitvm::codegen::{CompileFailure, Options, Targets, compile};
use jitvm::interp::helpers::{Entry, Helper};
use jitvm::ir::{Body, Op, Ref, TraceId};
use jitvm::runtime::vm::Vm;

use crate::evaluate;
use crate::support::{Builder, HELPERS, Machine, TARGETS, fixnum};

/// `while i < n: s = s + i + (i + 1); i = i + 1`
pub fn add_loop() -> Body {
    let mut b = Builder::default();
    let one = b.int(1);
    b.snap(&[]);
    let i = b.int_slot(0);
    let n = b.int_slot(1);
    let s = b.int_slot(2);
    b.snap(&[i, n, s]);
    b.two(Op::G_Lt, i, n);
    let j = b.two(Op::AddOv, i, one);
    let t = b.two(Op::AddOv, i, j);
    let s1 = b.two(Op::AddOv, s, t);
    b.snap(&[j, n, s1]);
    b.none(Op::Loop);
    b.none(Op::G_Poll);
    b.two(Op::G_Lt, j, n);
    let k = b.two(Op::AddOv, j, one);
    let u = b.two(Op::AddOv, j, k);
    let s2 = b.two(Op::AddOv, s1, u);
    b.two(Op::Phi, j, k);
    b.two(Op::Phi, s1, s2);
    b.body
}

/// Runs a trace in all modes and compares with its evaluation.
pub fn compare(machine: &mut Machine, body: &Body, stack: &[u64]) {
    let expected = evaluate::trace(body, stack, usize::MAX);
    let seeds = (0..12).map(|seed| Options { random_ra: Some(seed), ..Options::default() });
    for options in std::iter::once(Options::default()).chain(seeds) {
        let artifact = machine.compile(body, &options);
        let outcome = machine.run(&artifact, &body.constants, &mut stack.to_vec(), false);
        assert_eq!(outcome, expected, "{options:?}\n{body}");
    }
}

#[test]
fn a_counting_loop_leaves_with_its_sums() {
    let body = add_loop();
    let mut machine = Machine::new();
    compare(&mut machine, &body, &[fixnum(0), fixnum(1000), fixnum(0)]);
    compare(&mut machine, &body, &[fixnum(5), fixnum(5), fixnum(0)]);
    // The sum leaves the range of fixnums on the way.
    compare(&mut machine, &body, &[fixnum(0), fixnum(1 << 40), fixnum((1 << 61) - 500_000)]);
}

#[test]
fn carried_values_may_swap_rotate_and_become_constants() {
    let mut machine = Machine::new();
    for (pattern, size) in [([1, 0, 2, 3], 4), ([1, 2, 3, 0], 4), ([1, 0, 3, 2], 4), ([1, 1, 0, 9], 4)] {
        let mut b = Builder::default();
        let (one, nine) = (b.int(1), b.int(9));
        b.snap(&[]);
        let i = b.int_slot(0);
        let n = b.int_slot(1);
        let values: Vec<Ref> = (0..size).map(|k| b.int_slot(2 + k)).collect();
        b.snap(&[i, n, values[0], values[1], values[2], values[3]]);
        b.none(Op::Loop);
        b.two(Op::G_Lt, i, n);
        let k = b.two(Op::AddOv, i, one);
        b.two(Op::Phi, i, k);
        for (at, &from) in pattern.iter().enumerate() {
            if from != at {
                b.two(Op::Phi, values[at], if from == 9 { nine } else { values[from] });
            }
        }
        for iterations in 0..6 {
            let stack = [0, iterations, 100, 200, 300, 400].map(fixnum);
            compare(&mut machine, &b.body, &stack);
        }
    }
}

#[test]
fn values_live_across_calls_and_in_spill_slots() {
    let mut machine = Machine::new();
    for width in [2, 8, 14, 20] {
        let mut b = Builder::default();
        let one = b.int(1);
        b.snap(&[]);
        let i = b.int_slot(0);
        let n = b.int_slot(1);
        let values: Vec<Ref> = (0..width).map(|k| b.int_slot(2 + k)).collect();
        let floats: Vec<Ref> = values.iter().map(|&v| b.one(Op::IntToFlt, v)).collect();
        let mut state = vec![i, n];
        state.extend(&values);
        state.extend(&floats);
        b.snap(&state);
        b.none(Op::Loop);
        b.two(Op::G_Lt, i, n);
        let k = b.two(Op::Add, i, one);
        let called = b.call(1, &[i, values[0]]);
        let called = b.one(Op::G_Int, called);
        let mut next = Vec::new();
        for &v in &values {
            let x = b.two(Op::Xor, v, called);
            let called = b.call(4, &[x, v, called, i, n]);
            next.push(b.one(Op::G_Int, called));
        }
        let mut next_floats = Vec::new();
        for pair in floats.windows(2) {
            next_floats.push(b.two(Op::SubF, pair[0], pair[1]));
        }
        b.two(Op::Phi, i, k);
        for (&v, &x) in values.iter().zip(&next) {
            b.two(Op::Phi, v, x);
        }
        for (&v, &x) in floats.iter().zip(&next_floats) {
            b.two(Op::Phi, v, x);
        }
        let stack: Vec<u64> = [0, 5].into_iter().chain(17..17 + i64::from(width)).map(fixnum).collect();
        compare(&mut machine, &b.body, &stack);
    }
}

#[test]
fn an_open_trace_writes_its_slots_and_starts_again() {
    let mut b = Builder::default();
    let one = b.int(1);
    let half = b.flt(0.5);
    b.snap(&[]);
    let i = b.int_slot(0);
    let n = b.int_slot(1);
    let x = b.flt_slot(2);
    b.snap(&[i, n]);
    b.two(Op::G_Lt, i, n);
    let k = b.two(Op::AddOv, i, one);
    let y = b.two(Op::AddF, x, half);
    let big = b.flt(1e100);
    let small = b.flt(2.5);
    let z = b.two(Op::MulF, y, big);
    b.snap(&[k, n, y, z, big, small, one, z, y]);
    b.none(Op::Close);
    let mut machine = Machine::new();
    for seed in [None, Some(1), Some(2), Some(3)] {
        let artifact = machine.compile(&b.body, &Options { random_ra: seed, ..Options::default() });
        let mut stack = [fixnum(0), fixnum(7), crate::support::float(1.0), 0, 0, 0, 0, 0, 0];
        let outcome = machine.run(&artifact, &b.body.constants, &mut stack, false);
        assert_eq!(outcome.values, [fixnum(7), fixnum(7)]);
        let floats = [2, 3, 4, 5, 7, 8].map(|slot| f64::from_bits(crate::support::unboxed(stack[slot])));
        assert_eq!(floats, [4.5, 4.5e100, 1e100, 2.5, 4.5e100, 4.5]);
        assert_eq!((stack[0], stack[6]), (fixnum(7), fixnum(1)));
    }
}

#[test]
fn the_same_trace_gives_the_same_code_and_a_patched_exit_goes_elsewhere() {
    let body = add_loop();
    let mut machine = Machine::new();
    let artifact = machine.compile(&body, &Options::default());
    assert!(machine.arena.contains(artifact.code.start) && artifact.stubs < artifact.code.size as u32);
    assert!(machine.arena.used() <= machine.arena.committed() && machine.arena.committed() <= machine.arena.limit());
    assert!(artifact.map.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert!(machine.arena.reaches(TARGETS.box_float as usize));

    // Every exit of the loop's first guard goes to a copy of the trace, which starts with the same stack.
    let other = machine.compile(&add_loop(), &Options::default());
    let exit = artifact.exits.iter().find(|exit| body.ins[exit.guard as usize].op == Op::G_Poll).expect("polls");
    let stub_of_other = other.exits.iter().find(|e| body.ins[e.guard as usize].op == Op::G_Lt).expect("compares");
    let target = other.code.start + stub_target(&other, stub_of_other.patch);
    machine.arena.patch_rel32(artifact.code.start + exit.patch as usize, target).expect("patched");
    let outcome = machine.run(&artifact, &body.constants, &mut [fixnum(0), fixnum(3), fixnum(0)], true);
    assert_eq!(outcome.guard, stub_of_other.guard as usize);
}

/// `mov rax, rsi; ret` somewhere no direct call reaches.
fn far_function() -> Entry {
    let code: [u8; 4] = [0x48, 0x89, 0xf0, 0xc3];
    let writable = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let hint = 0x1000_0000_0000usize as *mut libc::c_void;
    // SAFETY: a fresh page, written before it becomes executable, never unmapped, that holds a function of this type.
    unsafe {
        let page = libc::mmap(hint, 4096, writable, flags, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        std::ptr::copy_nonoverlapping(code.as_ptr(), page.cast::<u8>(), code.len());
        assert_eq!(libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC), 0);
        Entry::A1(std::mem::transmute::<*mut libc::c_void, extern "C" fn(*mut Vm, u64) -> u64>(page))
    }
}

#[test]
fn functions_out_of_reach_are_called_too() {
    let mut machine = Machine::new();
    let entry = far_function();
    assert!(!machine.arena.reaches(entry.address()));
    let far = Helper { name: "far", entry, ..HELPERS[0] };
    let targets = Targets { helpers: Box::leak(Box::new([far])), ..TARGETS };
    let mut b = Builder::default();
    b.snap(&[]);
    let x = b.sload(0);
    let called = b.call(0, &[x]);
    let mut body = b.show(&[called, x]);
    let options = Options::default();
    let artifact = compile(&mut body, TraceId(7), None, &options, &targets, &mut machine.arena).expect("compiled");
    let outcome = machine.run(&artifact, &body.constants, &mut [fixnum(42)], true);
    assert_eq!(outcome.values, [fixnum(42); 2]);
}

/// Where the jump with its displacement at `patch` goes, from the start of the code.
fn stub_target(artifact: &jitvm::codegen::Artifact, patch: u32) -> usize {
    let address = artifact.code.start + patch as usize;
    // SAFETY: installed code is readable.
    let displacement = unsafe { (address as *const i32).read_unaligned() };
    (patch as i64 + 4 + i64::from(displacement)) as usize
}

#[test]
fn code_memory_ends_and_is_never_writable_and_executable() {
    let mut machine = Machine::new();
    let body = add_loop();
    let artifact = machine.compile(&body, &Options::default());
    let filler = vec![0xcc; machine.arena.limit() - machine.arena.used() - 100];
    let installed = machine.arena.install(&filler).expect("system calls work");
    assert!(installed.is_some_and(|range| machine.arena.contains(range.start) && range.size == filler.len()));
    let mut again = body.clone();
    let refused = compile(&mut again, TraceId(8), None, &Options::default(), &TARGETS, &mut machine.arena);
    assert!(matches!(refused, Err(CompileFailure::NoCodeMemory(bytes)) if bytes > 100), "{refused:?}");
    let outcome = machine.run(&artifact, &body.constants, &mut [fixnum(0), fixnum(3), fixnum(0)], false);
    assert_eq!(outcome.values, [fixnum(3), fixnum(3), fixnum(9)]);
    let mappings = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    assert!(!mappings.contains("rwx"), "{mappings}");
}
