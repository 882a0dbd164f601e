//! Synthetic logs for the tests and for looking at the UI: small runs with everything a view can show.
#![allow(dead_code, unused_imports, reason = "each test uses a part")]

pub mod hostile;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jitlog::format::payload::{
    BytecodeIns, CodeMapEntry, Ins, Snapshot, encode_bytecode, encode_code_map, encode_locs, encode_ops,
    encode_snapshots, encode_texts,
};
use jitlog::*;
use jitviz::model::Model;

pub use hostile::write as write_hostile;

pub const SOURCE: &str = "\
class Rect:
    def __init__(self, w, h):
        self.w = w
        self.h = h

    def area(self):
        return self.w * self.h

def total(shapes, n):
    i = 0
    sum = 0
    while i < n:
        sum += shapes[i % 3].area()
        i += 1
    return sum

shapes = [Rect(1, 2), Rect(3.5, 4), Rect(5, 6)]
print(total(shapes, 1000000))
print(eval('1 + 2'))
";

/// Operations of the IR: name and flags; the number is the index.
const OPS: &[(&str, u32)] = &[
    ("NOP", 0),
    ("SLOAD", ir_flags::A_IS_IMMEDIATE),
    ("G_INT", ir_flags::A_IS_REF | ir_flags::GUARD),
    ("ADDOV", ir_flags::A_IS_REF | ir_flags::B_IS_REF | ir_flags::GUARD),
    ("G_LT", ir_flags::A_IS_REF | ir_flags::B_IS_REF | ir_flags::GUARD),
    ("LOOP", 0),
    ("PHI", ir_flags::A_IS_REF | ir_flags::B_IS_REF),
    ("FLD", ir_flags::A_IS_REF | ir_flags::C_IS_IMMEDIATE),
    ("MULOV", ir_flags::A_IS_REF | ir_flags::B_IS_REF | ir_flags::GUARD),
    ("G_SHAPE", ir_flags::A_IS_REF | ir_flags::B_IS_REF | ir_flags::GUARD),
    ("MOD", ir_flags::A_IS_REF | ir_flags::B_IS_REF),
    ("ELD", ir_flags::A_IS_REF | ir_flags::B_IS_REF),
    ("CALLH", ir_flags::A_IS_REF | ir_flags::C_IS_IMMEDIATE | ir_flags::EFFECT),
];

const TYPES: &[&str] = &["nil", "int", "flt", "obj", "val"];

fn op(name: &str) -> u8 {
    OPS.iter().position(|(n, _)| *n == name).expect("an operation of the table") as u8
}

fn ins(name: &str, ty: u8, a: u16, b: u16) -> Ins {
    Ins { op: op(name), ty, a, b, ..Ins::default() }
}

/// Machine code that means something to a disassembler: a load, a type test, arithmetic, a compare, a jump back.
const CODE: &[u8] = &[
    0x49, 0x8b, 0x5e, 0x10, // mov rbx, [r14+16]
    0xf6, 0xc3, 0x01, // test bl, 1
    0x75, 0x20, // jne +0x20
    0x48, 0x03, 0x43, 0x18, // add rax, [rbx+24]
    0x70, 0x1a, // jo
    0x48, 0xff, 0xc1, // inc rcx
    0x48, 0x39, 0xd1, // cmp rcx, rdx
    0x7c, 0xee, // jl back
    0xe9, 0x0d, 0x00, 0x00, 0x00, // jmp
    0x6a, 0x07, 0xe9, 0x00, 0x10, 0x00, 0x00, // push 7; jmp trace_exit
    0x6a, 0x08, 0xe9, 0x00, 0x10, 0x00, 0x00, 0xc3,
];

/// Everything the demo log is written with.
pub struct Writer {
    pub log: Log,
    pub stream: Stream,
    pub defs: Defs,
    source: SourceId,
    area: FuncId,
    total: FuncId,
    module: FuncId,
}

impl Writer {
    pub fn new(path: &Path, program: &str, source: &str) -> Writer {
        let log = Log::create(LogOptions::new(path).logical_clock(true)).expect("the log is created");
        let argv = [program.to_string(), "--shapes".to_string(), "3".to_string()];
        log.process(VmInfo { name: "jitvm", version: "0.1.0", commit: "", argv: &argv, config: "{}" });
        let defs = log.defs();
        let mut stream = log.stream("main", StreamKind::Mutator);
        for (i, (name, flags)) in OPS.iter().enumerate() {
            defs.opcode(OpcodeSet::Ir, i as u16, *flags, name);
        }
        for (i, name) in TYPES.iter().enumerate() {
            defs.ir_type(i as u8, name);
        }
        for (domain, code, name, text) in [
            (ReasonDomain::Abort, 1, "unsupported-op", "The recorder cannot compile this operation."),
            (ReasonDomain::Abort, 2, "too-long", "The recording grew over its limit."),
            (ReasonDomain::GuardKind, 1, "type", "The value has another type."),
            (ReasonDomain::GuardKind, 2, "shape", "The object has another shape."),
            (ReasonDomain::GuardKind, 3, "overflow", "The result needs more than 62 bits."),
            (ReasonDomain::GuardKind, 4, "branch", "The branch went the other way."),
            (ReasonDomain::LinkKind, 1, "loop", "Jumps back to its own start."),
            (ReasonDomain::LinkKind, 2, "trace", "Jumps to another trace."),
            (ReasonDomain::Invalidate, 1, "class-changed", "A class attribute was set."),
            (ReasonDomain::Decision, 1, "inlined", "The callee is recorded in line."),
            (ReasonDomain::Decision, 2, "hoisted", "The guard is tested once, before the loop."),
            (ReasonDomain::ObservedType, 1, "int", ""),
            (ReasonDomain::ObservedType, 2, "float", ""),
            (ReasonDomain::ObservedType, 3, "str", ""),
        ] {
            defs.reason(domain, code, name, text);
        }
        let source_id = defs.source(program, source.as_bytes());
        stream.source_text(&SourceText { source_id, bytes: source.as_bytes() });
        let module = defs.func(source_id, "<module>", 1, 19);
        let area = defs.func(source_id, "Rect.area", 6, 7);
        let total = defs.func(source_id, "total", 9, 15);
        Writer { log, stream, defs, source: source_id, area, total, module }
    }

    fn at(&self, func: FuncId, line: u32) -> LocId {
        self.defs.loc(func, line * 4, line, 8)
    }

    fn pass_time(&self, ms: u64) {
        self.log.advance_clock(Duration::from_millis(ms));
    }

    fn guard(
        &self,
        trace: TraceId,
        ordinal: u16,
        kind: u16,
        op: u32,
        loc: LocId,
        expected: &str,
        fails: u64,
    ) -> GuardId {
        let guard_id = self.defs.new_guard_id();
        let counter = self.log.counter(CounterKind::GuardFail, guard_id, 0);
        counter.add(fails);
        self.defs.guard(&GuardDef {
            guard_id,
            trace_id: trace,
            ordinal,
            kind: GuardKind(kind),
            ir_op_id: IrOpId(op),
            loc_id: loc,
            counter_id: counter.id(),
            expected,
            ..GuardDef::default()
        })
    }

    /// The loop of `total`, with `area` inlined: four stages, machine code, and guards of which two fail.
    fn main_loop(&mut self) -> GuardId {
        let (id, head) = (TraceId(1), self.at(self.total, 12));
        let [l12, l13, l14, a7] = [head, self.at(self.total, 13), self.at(self.total, 14), self.at(self.area, 7)];
        self.stream.hot(&Hot { loc_id: head, count: 60, threshold: 60, what: HotWhat::Loop });
        self.stream.trace_start(&TraceStart {
            trace_id: id,
            kind: TraceKind::Loop,
            tier: 2,
            loc_id: head,
            ..Default::default()
        });
        let bytecode = [
            (l12, 0, "LOAD_FAST i"),
            (l12, 0, "LOAD_FAST n"),
            (l12, 0, "JUMP_IF_GE -> 40"),
            (l13, 0, "LOAD_FAST shapes"),
            (l13, 0, "BINARY_MOD i, 3"),
            (l13, 0, "CALL_METHOD area"),
            (a7, 1, "LOAD_ATTR w"),
            (a7, 1, "LOAD_ATTR h"),
            (a7, 1, "BINARY_MUL"),
            (a7, 1, "RETURN_VALUE"),
            (l13, 0, "INPLACE_ADD sum"),
            (l14, 0, "INPLACE_ADD i, 1"),
            (l14, 0, "JUMP_LOOP"),
        ];
        let words: Vec<BytecodeIns> = bytecode
            .iter()
            .zip(0x100u64..)
            .map(|((loc, depth, _), word)| BytecodeIns { word, loc_id: *loc, depth: *depth })
            .collect();
        self.stream.bytecode(&Bytecode {
            trace_id: id,
            format: 1,
            n: words.len() as u32,
            bytes: &encode_bytecode(&words),
            notes: &encode_texts(bytecode.iter().map(|b| b.2)),
        });
        self.stream.decision(&Decision {
            trace_id: id,
            about: DecisionKind::Call,
            reason: DecisionReason(1),
            index: 5,
            loc_id: l13,
            func_id: self.area,
            ..Default::default()
        });
        self.stream.trace_stop(&TraceStop {
            trace_id: id,
            n_bytecodes: 13,
            n_ir: 14,
            record_ns: 41_000,
            link_kind: LinkKind(1),
            ..Default::default()
        });
        self.stream.compile_start(&CompileStart { trace_id: id, tier: 2, queue_ns: 0 });

        let k = |i: u16| 0x8000 + i;
        let consts = ["1", "3", "<shape Rect>", "n"];
        let recorded = vec![
            (ins("SLOAD", 1, 0, 0), l12),
            (ins("G_INT", 0, 0, 0), l12),
            (ins("SLOAD", 1, 1, 0), l12),
            (ins("G_INT", 0, 2, 0), l12),
            (ins("G_LT", 0, 0, 2), l12),
            (ins("MOD", 1, 0, k(1)), l13),
            (ins("SLOAD", 3, 2, 0), l13),
            (ins("ELD", 3, 6, 5), l13),
            (ins("G_SHAPE", 0, 7, k(2)), a7),
            (Ins { c: 16, ..ins("FLD", 1, 7, 0) }, a7),
            (Ins { c: 24, ..ins("FLD", 1, 7, 0) }, a7),
            (ins("G_INT", 0, 9, 0), a7),
            (ins("MULOV", 1, 9, 10), a7),
            (ins("ADDOV", 1, 0, k(0)), l14),
        ];
        let mut folded = recorded.clone();
        folded[3].0 = Ins::default();
        let mut peeled = folded.clone();
        peeled.extend([
            (ins("LOOP", 0, 0, 0), l12),
            (ins("PHI", 1, 0, 13), l12),
            (ins("G_LT", 0, 13, 2), l12),
            (ins("MULOV", 1, 9, 10), a7),
            (ins("ADDOV", 1, 13, k(0)), l14),
        ]);
        let mut last = peeled.clone();
        last[12].0 = Ins::default();
        last[13].0 = ins("ADDOV", 1, 15, k(0));
        let pass = |name: &str| self.defs.pass(name);
        let passes = [pass("fold"), pass("loop"), pass("range"), pass("dce")];
        let snapshots = [
            Snapshot { first_ins: 0, frames: vec![l12], slots: vec![(0, 0), (1, 2)] },
            Snapshot { first_ins: 8, frames: vec![l13, a7], slots: vec![(0, 0), (1, 2), (5, 7)] },
        ];
        for (index, stage) in [(0u16, &recorded), (1, &folded), (2, &peeled), (4, &last)] {
            let (ops, locs): (Vec<Ins>, Vec<LocId>) = stage.iter().copied().unzip();
            self.stream.ir(&Ir {
                trace_id: id,
                pass_index: index,
                format: 1,
                n_ops: ops.len() as u32,
                ops: &encode_ops(&ops),
                consts: &encode_texts(consts),
                locs: &encode_locs(&locs),
                snaps: &encode_snapshots(&snapshots),
            });
        }
        for (index, (pass_id, ops_in, ops_out, changed)) in
            [(passes[0], 14, 13, 1), (passes[1], 13, 18, 1), (passes[2], 18, 18, 0), (passes[3], 18, 17, 1)]
                .into_iter()
                .enumerate()
        {
            self.stream.pass_end(&PassEnd {
                trace_id: id,
                pass_id,
                index: index as u16 + 1,
                dur_ns: 4_000 + index as u64 * 700,
                ops_in,
                ops_out,
                guards_in: 7,
                guards_out: 7 - u32::from(index > 0),
                changed,
            });
            if index == 1 {
                self.stream.decision(&Decision {
                    trace_id: id,
                    about: DecisionKind::Guard,
                    reason: DecisionReason(2),
                    pass_index: 2,
                    index: 8,
                    loc_id: a7,
                    ..Default::default()
                });
            }
        }
        self.code(
            id,
            &[(0, 0, l12), (4, 1, l12), (9, 12, a7), (15, 18, l14), (18, 16, l12), (28, 1, l12), (35, 12, a7)],
        );
        self.compiled(id, 92_000, 6);
        let shape = self.guard(id, 2, 2, 8, a7, "Rect(w int, h int)", 333_333);
        self.guard(id, 0, 1, 1, l12, "int", 0);
        self.guard(id, 1, 4, 4, l12, "i < n", 1);
        let over = self.guard(id, 3, 3, 17, a7, "fits 62 bits", 17);
        for (detail, n) in [(2, 333_000), (3, 333)] {
            self.log.counter(CounterKind::GuardObserved, shape, detail).add(n);
        }
        self.pass_time(20);
        for (guard, ty, text) in [(shape, 2, "3.5"), (shape, 3, "'five'"), (over, 1, "4611686018427387904")] {
            self.stream.bailout(&Bailout {
                guard_id: guard,
                trace_id: id,
                loc_id: a7,
                cost_ns: 110,
                weight: 1,
                observed_type: ObservedType(ty),
                observed_text: text,
                ..Default::default()
            });
            self.pass_time(3);
        }
        self.log.counter(CounterKind::TraceExec, id, 0).add(1000);
        self.log.counter(CounterKind::LoopIter, id, 0).add(666_667);
        shape
    }

    fn code(&mut self, id: TraceId, map: &[(u32, u32, LocId)]) {
        let addr = Address(0x7f12_3400_0000 + u64::from(id.0) * 0x1000);
        self.stream.code(&Code { trace_id: id, addr, arch: Arch::X86_64, bytes: CODE });
        let map: Vec<CodeMapEntry> =
            map.iter().map(|&(code_off, op, loc_id)| CodeMapEntry { code_off, ir_op_id: IrOpId(op), loc_id }).collect();
        self.stream.code_map(&CodeMap { trace_id: id, n: map.len() as u32, entries: &encode_code_map(&map) });
    }

    fn compiled(&mut self, id: TraceId, compile_ns: u64, n_guards: u32) {
        let addr = Address(0x7f12_3400_0000 + u64::from(id.0) * 0x1000);
        self.stream.compile_end(&CompileEnd {
            trace_id: id,
            compile_ns,
            codegen_ns: compile_ns / 3,
            addr,
            code_bytes: CODE.len() as u32,
            data_bytes: 320,
            n_guards,
            ..Default::default()
        });
        self.stream.code_install(&CodeInstall { trace_id: id, addr, bytes: CODE.len() as u32 });
    }

    /// A trace whose inside was not logged.
    fn small(&mut self, start: TraceStart, executions: u64) {
        let id = start.trace_id;
        self.stream.trace_start(&start);
        self.stream.trace_stop(&TraceStop {
            trace_id: id,
            n_bytecodes: 20,
            n_ir: 31,
            record_ns: 22_000,
            link_kind: LinkKind(2),
            link_trace: TraceId(1),
            ..Default::default()
        });
        self.compiled(id, 61_000, 4);
        self.log.counter(CounterKind::TraceExec, id, 0).add(executions);
    }

    fn abort(&mut self, id: u32, line: u32, reason: u16, retry: bool, detail: &str) {
        let (trace_id, loc_id) = (TraceId(id), self.at(self.module, line));
        self.stream.trace_start(&TraceStart { trace_id, kind: TraceKind::Func, loc_id, ..Default::default() });
        self.stream.trace_abort(&TraceAbort {
            trace_id,
            reason: AbortReason(reason),
            loc_id,
            n_bytecodes: 9,
            n_ir: 12,
            record_ns: 8_000,
            retry: retry.into(),
            blacklisted: (!retry).into(),
            detail,
        });
    }

    fn memory(&mut self) {
        for (gc, pause) in [(1, 400_000), (2, 1_900_000)] {
            let gc_id = GcId(gc);
            self.stream.gc_begin(&GcBegin { gc_id, kind: GcKind::Major, ..Default::default() });
            self.stream.gc_end(&GcEnd {
                gc_id,
                pause_ns: pause,
                before_bytes: 4 << 20,
                after_bytes: 1 << 20,
                ..Default::default()
            });
            self.stream.heap(&Heap {
                used_bytes: 1 << 20,
                allocated_total_bytes: u64::from(gc) * (4 << 20),
                ..Default::default()
            });
            self.pass_time(50);
        }
    }
}

/// The demo: a hot loop, a bridge, a bridge of the bridge, a function, aborts, an invalidation, collections.
pub fn write_demo(path: &Path) {
    let mut w = Writer::new(path, "/home/me/shapes.py", SOURCE);
    w.pass_time(2);
    let shape = w.main_loop();
    let a7 = w.at(w.area, 7);
    let bridge = TraceStart {
        trace_id: TraceId(2),
        kind: TraceKind::Bridge,
        tier: 2,
        loc_id: a7,
        parent_trace: TraceId(1),
        parent_guard: shape,
    };
    w.small(bridge, 333_331);
    w.stream.bridge_attach(&BridgeAttach { guard_id: shape, bridge_trace: TraceId(2), ..Default::default() });
    let flow = w.guard(TraceId(2), 0, 3, 5, a7, "fits 62 bits", 4_096);
    let next = TraceStart { trace_id: TraceId(3), parent_trace: TraceId(2), parent_guard: flow, ..bridge };
    w.small(next, 4_090);
    w.memory();
    for (id, retry) in [(4, true), (5, true), (6, false)] {
        w.abort(id, 19, 1, retry, "call of eval()");
    }
    w.abort(7, 17, 2, true, "");
    let function = w.at(w.area, 6);
    let start =
        TraceStart { trace_id: TraceId(8), kind: TraceKind::Func, tier: 2, loc_id: function, ..Default::default() };
    w.small(start, 77);
    w.stream.invalidate(&Invalidate { trace_id: TraceId(8), reason: InvalidateReason(1), loc_id: function });
    w.pass_time(700);
    w.log.snapshot_counters();
    w.stream.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    finish(w);
}

/// A run that was sampled: a loop that is interpreted, then compiled, with iterations that get faster, time in a builtin,
/// exits through a guard, a collection and a pause.
pub fn write_sampled(path: &Path) {
    let mut w = Writer::new(path, "/home/me/shapes.py", SOURCE);
    let [head, body, area] = [w.at(w.total, 12), w.at(w.total, 13), w.at(w.area, 7)];
    let [call, wait] = [w.at(w.module, 18), w.at(w.module, 19)];
    let sum = w.defs.func(SourceId::NONE, "sum", 0, 0);
    let module = w.defs.stack(StackId::NONE, call, FrameKind::Interp);
    let interpreted = w.defs.stack(module, body, FrameKind::Interp);
    let compiled = w.defs.stack(module, body, FrameKind::Compiled);
    let inlined = w.defs.stack(compiled, area, FrameKind::Inlined);
    let iteration = w.defs.string("iteration");
    let ms = 1_000_000;
    let slow =
        Sample { state: SampleState::Interp, loc_id: body, stack_id: interpreted, weight_ns: ms, ..Default::default() };
    let fast = Sample {
        state: SampleState::Trace,
        trace_id: TraceId(1),
        code_off: 9,
        stack_id: inlined,
        loc_id: area,
        ..slow
    };
    let native = Sample { state: SampleState::Native, builtin: sum, ..fast };
    let mut guard = GuardId::NONE;
    for number in 0..60 {
        w.stream.mark(&Mark { name_str: iteration, count: number, ..Default::default() });
        if number == 12 {
            w.stream.trace_start(&TraceStart { trace_id: TraceId(1), tier: 2, loc_id: head, ..Default::default() });
            w.stream.trace_stop(&TraceStop {
                trace_id: TraceId(1),
                n_bytecodes: 13,
                n_ir: 14,
                record_ns: 900_000,
                ..Default::default()
            });
            w.pass_time(1);
            w.compiled(TraceId(1), 500_000, 1);
            for (state, dur_ns) in [(SampleState::Record, 400_000), (SampleState::Opt, 500_000)] {
                w.stream.state_time(&StateTime { state, dur_ns });
            }
            guard = w.guard(TraceId(1), 0, 2, 8, area, "Rect(w int, h int)", 40_000);
        }
        let samples: &[Sample] = match number {
            0..=12 => &[slow, slow, slow, slow, slow, slow, slow, slow],
            n if n % 4 == 0 => &[fast, fast, Sample { guard_id: guard, ..slow }],
            n if n % 4 == 1 => &[fast, native, fast],
            _ => &[fast, fast, fast],
        };
        for sample in samples {
            w.pass_time(1);
            w.stream.sample(sample);
        }
        if number == 40 {
            w.pass_time(2);
            w.stream.gc_begin(&GcBegin { gc_id: GcId(1), ..Default::default() });
            w.stream.gc_end(&GcEnd {
                gc_id: GcId(1),
                pause_ns: 2 * ms,
                before_bytes: 4 << 20,
                after_bytes: 1 << 20,
                ..Default::default()
            });
        }
    }
    w.stream.mark(&Mark { name_str: iteration, count: 60, ..Default::default() });
    w.pass_time(50);
    w.stream.sample(&Sample { state: SampleState::Idle, loc_id: wait, weight_ns: ms, ..Default::default() });
    w.stream.state_time(&StateTime { state: SampleState::Idle, dur_ns: 50 * ms });
    w.stream.samples_lost(&SamplesLost { n: 3 });
    w.log.counter(CounterKind::TraceExec, TraceId(1), 0).add(40_000);
    w.log.snapshot_counters();
    w.stream.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    finish(w);
}

/// What a program allocated, by line and type, with the heap and collections.
pub fn write_allocating(path: &Path) {
    let mut w = Writer::new(path, "/home/me/shapes.py", SOURCE);
    for (line, ty, samples, bytes) in [(13, "float", 40, 65_536), (7, "int", 9, 65_536), (17, "Rect", 3, 1 << 20)] {
        let (loc_id, type_str) = (w.at(w.total, line), w.defs.string(ty));
        for _ in 0..samples {
            let sample =
                AllocSample { loc_id, type_str, size_bytes: 24, weight_bytes: bytes, ..AllocSample::default() };
            w.stream.alloc_sample(&sample);
            w.pass_time(1);
        }
    }
    w.memory();
    w.small(TraceStart { trace_id: TraceId(1), tier: 2, loc_id: w.at(w.total, 12), ..Default::default() }, 5_000);
    w.stream.exit_status(&ExitStatus { status: 0, how: ExitHow::Normal });
    finish(w);
}

/// A log in which nothing happened.
pub fn write_quiet(path: &Path) {
    finish(Writer::new(path, "quiet.py", ""));
}

fn finish(w: Writer) {
    let Writer { log, stream, .. } = w;
    drop(stream);
    log.close();
}

/// A log in a folder of its own, and the model read from it.
pub struct Fixture {
    pub dir: tempfile::TempDir,
    pub path: PathBuf,
}

impl Fixture {
    pub fn new(write: fn(&Path)) -> Fixture {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let path = dir.path().join("demo.jlog");
        write(&path);
        Fixture { dir, path }
    }

    pub fn model(&self) -> Model {
        jitviz::model::load::open(&self.path).expect("the log opens")
    }
}

/// Compares with a file in `tests/expected`; `JITVIZ_UPDATE=1` writes the file instead.
#[track_caller]
pub fn expect(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("JITVIZ_UPDATE").is_some() {
        std::fs::write(&path, found).expect("the expected file is written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != found {
        let lines = expected.lines().zip(found.lines()).position(|(a, b)| a != b);
        let at = lines.unwrap_or(expected.lines().count().min(found.lines().count())) + 1;
        panic!("{name} differs from line {at} on (JITVIZ_UPDATE=1 accepts); found:\n{found}");
    }
}
