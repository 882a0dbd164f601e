//! What several test files need: a directory, a synthetic log, and all that can be read of a log.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jitlog::format::payload::{self, BytecodeIns, CodeMapEntry, Ins, Snapshot};
use jitlog::*;

/// A temporary directory and a log's path in it.
pub fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.jlog");
    (directory, path)
}

/// A deterministic generator of test inputs (xorshift64*).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A small log with every kind of block: two streams, definitions, counters, bulk records of all kinds.
pub fn synthetic(path: &Path) {
    let log = Log::create(LogOptions::new(path).logical_clock(true)).unwrap();
    let argv = ["prog.py".to_string(), "10".to_string()];
    log.process(VmInfo { name: "jitvm", version: "0.1", commit: "abc", argv: &argv, config: "{}" });
    let defs = log.defs();
    let source = defs.source("prog.py", b"for i in range(10): pass\n");
    let function = defs.func(source, "main", 1, 20);
    let places: Vec<LocId> = (0..5u16).map(|n| defs.loc(function, u32::from(n) * 2, 1 + u32::from(n), n)).collect();
    let stack = defs.stack(StackId::NONE, places[0], FrameKind::Interp);
    let stack = defs.stack(stack, places[1], FrameKind::Compiled);
    defs.opcode(OpcodeSet::Ir, 7, format::kinds::ir_flags::GUARD, "G_INT");
    defs.ir_type(1, "Int");
    defs.reason(ReasonDomain::GuardKind, 3, "int", "The value must be an int.");
    defs.reason(ReasonDomain::Abort, 2, "too_long", "The trace got too long.");
    let pass = defs.pass("fold");
    let name = defs.string("iteration");
    let mut main = log.stream("main", StreamKind::Mutator);
    let mut gc = log.stream("gc", StreamKind::Gc);
    main.source_text(&SourceText { source_id: source, bytes: b"for i in range(10): pass\n" });
    for n in 1..=6u32 {
        let trace_id = TraceId(n);
        let loc_id = places[n as usize % places.len()];
        main.trace_start(&TraceStart { trace_id, kind: TraceKind::Loop, tier: 1, loc_id, ..Default::default() });
        if n == 3 {
            let detail = "CALL_NATIVE";
            main.trace_abort(&TraceAbort { trace_id, reason: AbortReason(2), loc_id, detail, ..Default::default() });
            continue;
        }
        let instructions = [BytecodeIns { word: 0x1234, loc_id, depth: 0 }, BytecodeIns { word: 1, loc_id, depth: 1 }];
        main.bytecode(&Bytecode {
            trace_id,
            format: payload::FORMAT_1,
            n: 2,
            bytes: &payload::encode_bytecode(&instructions),
            notes: &payload::encode_texts(["LOAD r0", "ADD r0 r1"]),
        });
        let ops = [
            Ins { op: 7, ty: 1, flags: 8, ..Default::default() },
            Ins { op: 2, a: 0, b: 0x8000, ..Default::default() },
        ];
        for pass_index in 0..2 {
            main.ir(&Ir {
                trace_id,
                pass_index,
                format: payload::FORMAT_1,
                n_ops: 2,
                ops: &payload::encode_ops(&ops),
                consts: &payload::encode_texts(["42"]),
                locs: &payload::encode_locs(&[loc_id, loc_id]),
                snaps: &payload::encode_snapshots(&[Snapshot {
                    first_ins: 0,
                    frames: vec![loc_id],
                    slots: vec![(0, 1)],
                }]),
            });
        }
        main.pass_end(&PassEnd { trace_id, pass_id: pass, index: 1, ops_in: 9, ops_out: 7, ..Default::default() });
        let entries = payload::encode_code_map(&[CodeMapEntry { code_off: 0, ir_op_id: IrOpId(0), loc_id }]);
        main.code(&Code { trace_id, addr: Address(0x7000_0000), arch: Arch::X86_64, bytes: &[0x90; 33] });
        main.code_map(&CodeMap { trace_id, n: 1, entries: &entries });
        main.compile_end(&CompileEnd {
            trace_id,
            compile_ns: 5_000,
            code_bytes: 33,
            n_guards: 1,
            ..Default::default()
        });
        let guard_id = defs.new_guard_id();
        let failures = log.counter(CounterKind::GuardFail, guard_id, 0);
        defs.guard(&GuardDef {
            guard_id,
            trace_id,
            kind: GuardKind(3),
            loc_id,
            resume_stack_id: stack,
            counter_id: failures.id(),
            expected: "int",
            ..Default::default()
        });
        failures.add(u64::from(n) * 10);
        main.bailout(&Bailout { guard_id, trace_id, loc_id, weight: n, observed_text: "'abc'", ..Default::default() });
        gc.gc_begin(&GcBegin { gc_id: GcId(n), ..Default::default() });
        log.advance_clock(Duration::from_millis(3));
        gc.gc_end(&GcEnd { gc_id: GcId(n), pause_ns: 3_000_000, ..Default::default() });
        main.mark(&Mark { name_str: name, count: i64::from(n), value: 0.5, text: "x" });
        log.snapshot_counters();
    }
    main.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    drop(main);
    log.close();
}

/// Everything a log gives: each record as JSON with its time, by stream and class, and what was wrong.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Everything {
    pub records: BTreeMap<(u32, &'static str), Vec<String>>,
    pub counters: Vec<u64>,
    pub problems: Vec<ProblemKind>,
}

pub fn read_everything(path: &Path) -> Result<Everything, ReadError> {
    Ok(everything(&Reader::open(path)?))
}

pub fn everything(reader: &Reader) -> Everything {
    let mut records: BTreeMap<(u32, &'static str), Vec<String>> = BTreeMap::new();
    let mut last = 0;
    let mut errors = Vec::new();
    for item in reader.events().types(Types::all()) {
        match item {
            Ok(entry) => {
                assert!(entry.t_ns >= last, "time runs backwards");
                last = entry.t_ns;
                let event = entry.event();
                let class = event.spec().map_or("unknown", |spec| spec.class.name());
                let text = format!("{} {}", entry.t_ns, serde_json::to_string(&event).unwrap());
                records.entry((entry.stream.0, class)).or_default().push(text);
            }
            Err(problem) => errors.push(problem),
        }
    }
    let counters = reader.counters().iter().map(|total| total.value).collect();
    // Whatever was said on the way is remembered.
    let problems: Vec<ProblemKind> = reader.problems().iter().map(|problem| problem.kind).collect();
    assert!(
        errors.iter().all(|error| problems
            .iter()
            .any(|kind| std::mem::discriminant(kind) == std::mem::discriminant(&error.kind)))
    );
    Everything { records, counters, problems }
}
