//! A log with everything exports show: several threads, samples in every state, traces that are compiled and that
//! abort, guards, collections, counters, marks, spans, hostile names.
#![allow(dead_code)]

use std::path::Path;
use std::time::Duration;

use jitlog::*;

/// A name that must not survive raw anywhere: escape sequences, quotes, markup, separators of the formats.
pub const HOSTILE: &str = "ev\u{1b}[31mil\u{7}\"';,<b>&\\ \u{202e}\u{0}\n\u{9b}x";

/// How much there is in it.
#[derive(Clone, Copy)]
pub struct Size {
    /// Each some two dozen events on four streams.
    pub rounds: u32,
    /// Rounds between two recordings, and between two looks at the counters.
    pub recording_every: u32,
}

impl Size {
    pub const SMALL: Size = Size { rounds: 40, recording_every: 1 };
}

/// Writes the log; the same bytes each time.
pub fn write(path: &Path, size: Size) {
    fill(path, size).close();
}

/// Writes all but the end of the log: as long as it is not closed no checksum vouches for its blocks.
pub fn fill(path: &Path, size: Size) -> Log {
    let log = Log::create(LogOptions::new(path).logical_clock(true)).unwrap();
    let argv = ["dir/prog.py".to_string(), "1\u{1b}0".to_string()];
    log.process(VmInfo { name: "jitvm", version: "0.1", commit: "abc", argv: &argv, config: "{}" });
    let defs = log.defs();
    let source = defs.source("dir/prog.py", b"");
    let hostile = defs.source(HOSTILE, b"");
    let functions =
        [defs.func(source, "main", 1, 20), defs.func(source, "inner", 21, 40), defs.func(hostile, HOSTILE, 1, 9)];
    let place = |n: u16| defs.loc(functions[usize::from(n % 3)], u32::from(n) * 2, 1 + u32::from(n), n);
    let places: Vec<LocId> = (0..12).map(place).collect();
    let mut stacks = vec![StackId::NONE];
    for (depth, place) in places.iter().enumerate() {
        let kind = if depth % 2 == 0 { FrameKind::Interp } else { FrameKind::Compiled };
        stacks.push(defs.stack(stacks[depth], *place, kind));
    }
    for (code, name) in [(1, "too_long"), (2, HOSTILE)] {
        defs.reason(ReasonDomain::Abort, code, name, "Why.");
    }
    defs.reason(ReasonDomain::GuardKind, 1, "int", "It must be an int.");
    defs.reason(ReasonDomain::GcCause, 1, "full", "The nursery is full.");
    defs.reason(ReasonDomain::GcPhase, 1, "mark", "Marking.");
    let passes = [defs.pass("fold"), defs.pass("dead")];
    let names = [defs.string("iteration"), defs.string(HOSTILE), defs.string("phase")];
    let mut main = log.stream("main", StreamKind::Mutator);
    let mut second = log.stream(HOSTILE, StreamKind::Mutator);
    let mut compiler = log.stream("compiler", StreamKind::Compiler);
    let mut gc = log.stream("gc", StreamKind::Gc);
    let mut guard = (GuardId::NONE, None);
    let mut trace_id = TraceId::NONE;
    let states = SampleState::ALL;
    let payload: Vec<u8> = (0..4096u32).map(|n| ((n * 37) >> 3) as u8).collect();
    for round in 0..size.rounds {
        let pick = |n: u32| places[((round + n) % places.len() as u32) as usize];
        if round % size.recording_every == 0 {
            trace_id = TraceId(trace_id.0 + 1);
            let kind = if round % 3 == 2 { TraceKind::Bridge } else { TraceKind::Loop };
            main.hot(&Hot { loc_id: pick(0), count: 50, threshold: 50, what: HotWhat::Loop });
            main.trace_start(&TraceStart { trace_id, kind, tier: 1, loc_id: pick(0), ..Default::default() });
            gc.gc_begin(&GcBegin { gc_id: GcId(trace_id.0), kind: GcKind::Minor, cause: GcCause(1) });
            gc.gc_phase(&GcPhase { gc_id: GcId(trace_id.0), phase: GcPhaseKind(1), dur_ns: 500 });
            log.advance_clock(Duration::from_micros(30));
            gc.gc_end(&GcEnd {
                gc_id: GcId(trace_id.0),
                pause_ns: 32_000,
                before_bytes: 2 << 20,
                after_bytes: 1 << 20,
                ..Default::default()
            });
            if trace_id.0 % 4 == 3 {
                let reason = AbortReason(1 + (trace_id.0 % 2) as u16);
                let detail = HOSTILE;
                main.trace_abort(&TraceAbort { trace_id, reason, loc_id: pick(1), detail, ..Default::default() });
            } else {
                main.trace_stop(&TraceStop {
                    trace_id,
                    n_bytecodes: 9,
                    n_ir: 12,
                    record_ns: 35_000,
                    ..Default::default()
                });
                compiler.compile_start(&CompileStart { trace_id, tier: 1, queue_ns: 10 });
                for (index, pass_id) in passes.into_iter().enumerate() {
                    let index = index as u16 + 1;
                    compiler.pass_end(&PassEnd {
                        trace_id,
                        pass_id,
                        index,
                        dur_ns: 700,
                        ops_in: 12,
                        ops_out: 9,
                        ..Default::default()
                    });
                    compiler.decision(&Decision {
                        trace_id,
                        about: DecisionKind::Guard,
                        reason: DecisionReason(1),
                        pass_index: index,
                        index: 3,
                        ..Default::default()
                    });
                }
                compiler.compile_end(&CompileEnd {
                    trace_id,
                    compile_ns: 2_000,
                    codegen_ns: 500,
                    code_bytes: 333,
                    n_guards: 1,
                    ..Default::default()
                });
                for pass_index in 0..2 {
                    let ops = &payload[..];
                    compiler.ir(&Ir { trace_id, pass_index, format: 1, n_ops: 256, ops, ..Default::default() });
                }
                compiler.code(&Code {
                    trace_id,
                    addr: Address(0x7000_0000),
                    arch: Arch::X86_64,
                    bytes: &payload[..333],
                });
                main.code_install(&CodeInstall { trace_id, addr: Address(0x7000_0000), bytes: 333 });
                let guard_id = defs.new_guard_id();
                let failures = log.counter(CounterKind::GuardFail, guard_id, 0);
                defs.guard(&GuardDef {
                    guard_id,
                    trace_id,
                    kind: GuardKind(1),
                    loc_id: pick(2),
                    counter_id: failures.id(),
                    expected: HOSTILE,
                    ..Default::default()
                });
                guard = (guard_id, Some(failures));
            }
            main.heap(&Heap {
                used_bytes: (1 << 20) + u64::from(round),
                committed_bytes: 4 << 20,
                ..Default::default()
            });
            main.codemem(&Codemem {
                used_bytes: 333 * u64::from(trace_id.0),
                n_traces: trace_id.0,
                ..Default::default()
            });
            if let (_, Some(failures)) = &guard {
                failures.add(3);
            }
            log.snapshot_counters();
            main.span_begin(&SpanBegin { name_str: names[2], ..Default::default() });
        }
        main.bailout(&Bailout {
            guard_id: guard.0,
            trace_id,
            loc_id: pick(3),
            stack_id: stacks[1 + (round % 6) as usize],
            weight: 3,
            cost_ns: 210,
            observed_text: HOSTILE,
            ..Default::default()
        });
        for n in 0..12u32 {
            let state = states[((round + n) % states.len() as u32) as usize].0;
            let stack_id = stacks[((round * 7 + n) % stacks.len() as u32) as usize];
            let loc_id = if n % 2 == 0 { LocId::NONE } else { pick(n) };
            let in_trace = if state == SampleState::Trace { trace_id } else { TraceId::NONE };
            let weight_ns = if n == 11 { 3_000_000 } else { 1_000_000 };
            let sample = Sample { state, trace_id: in_trace, loc_id, stack_id, weight_ns, ..Default::default() };
            if n < 9 { main.sample(&sample) } else { second.sample(&sample) }
        }
        if round % size.recording_every == 0 {
            main.span_end(&SpanEnd { name_str: names[2], value: 1.5, ..Default::default() });
            main.alloc_sample(&AllocSample {
                loc_id: pick(4),
                type_str: names[0],
                size_bytes: 48,
                ..Default::default()
            });
        }
        main.mark(&Mark { name_str: names[0], count: round.into(), ..Default::default() });
        if round % 10 == 0 {
            second.mark(&Mark { name_str: names[1], text: HOSTILE, value: 0.5, ..Default::default() });
        }
    }
    if let (_, Some(failures)) = &guard {
        // What no record places in time.
        failures.add(5);
    }
    main.trace_start(&TraceStart { trace_id: TraceId(trace_id.0 + 1), loc_id: places[0], ..Default::default() });
    main.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    drop((main, second, compiler, gc));
    log
}
