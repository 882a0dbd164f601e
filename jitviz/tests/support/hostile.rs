//! Logs whose every name tries to steer the terminal, to hide, to overflow, or is not even text.

use std::os::unix::fs::FileExt;
use std::path::Path;

use jitlog::format::payload::{BytecodeIns, Ins, encode_bytecode, encode_locs, encode_ops, encode_texts};
use jitlog::*;

use super::{Writer, finish, ins};

/// Escapes of a terminal, controls of both kinds, an order turned round, a character without width, ends of lines.
pub const EVIL: &str = "x\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}gnp.exe\u{200b}\r\n\t<b>";
/// What every view must show of it, and not obey.
pub const SHOWN: &str = "\\x1b[2J";
/// Bytes that are no text; of their number so many letters stand for them while the log is written.
const NOT_TEXT: [u8; 8] = [0xff, 0xfe, 0xc3, 0x28, 0x80, 0xed, 0xa0, 0x80];
const STANDS_FOR_IT: &str = "QZQZQZQZ";

/// Longer than any screen, of characters of every width.
fn long() -> String {
    format!("{}{}{}", "long_name_".repeat(100), "名前".repeat(100), "e\u{301}".repeat(100))
}

fn names() -> [String; 4] {
    // Letters that are written from right to left are no attack, but must not move what stands beside them.
    [EVIL.into(), long(), "שלום_مرحبا_عالم".into(), format!("not {STANDS_FOR_IT} text")]
}

/// Every name there is in a log is hostile, and every view has something to show.
pub fn write(path: &Path) {
    let text = format!("a = '{EVIL}'\n{}\nb = '{STANDS_FOR_IT}'\n", long()).repeat(4);
    let mut w = Writer::new(path, EVIL, &text);
    w.defs.ir_type(1, EVIL);
    let pass = w.defs.pass(EVIL);
    for domain in [ReasonDomain::Abort, ReasonDomain::GuardKind, ReasonDomain::Invalidate, ReasonDomain::ObservedType] {
        w.defs.reason(domain, 9, EVIL, EVIL);
    }
    let ms = 1_000_000;
    for (n, name) in (0..).zip(names()) {
        let source = if n % 2 == 0 { w.source } else { w.defs.source(&name, name.as_bytes()) };
        let func = w.defs.func(source, &name, 1, 3);
        let builtin = w.defs.func(SourceId::NONE, &format!("builtin {name}"), 0, 0);
        let loc_id = w.defs.loc(func, n * 8, n + 1, 0);
        let trace_id = TraceId(n * 2 + 1);
        w.stream.trace_start(&TraceStart { trace_id, tier: 2, loc_id, ..Default::default() });
        inside(&mut w, trace_id, loc_id, &name);
        w.pass_time(1);
        w.stream.trace_stop(&TraceStop { trace_id, n_bytecodes: 2, n_ir: 2, record_ns: ms, ..Default::default() });
        let changed =
            PassEnd { trace_id, pass_id: pass, index: 1, ops_in: 2, ops_out: 2, changed: 1, ..Default::default() };
        w.stream.pass_end(&changed);
        w.code(trace_id, &[(0, 0, loc_id)]);
        w.compiled(trace_id, 70_000, 1);
        let guard_id = w.guard(trace_id, 0, 9, 0, loc_id, &name, 5_000 + u64::from(n));
        w.stream.bailout(&Bailout {
            guard_id,
            trace_id,
            loc_id,
            weight: 1,
            observed_type: ObservedType(9),
            observed_text: &name,
            ..Default::default()
        });
        let aborted = TraceId(n * 2 + 2);
        w.stream.trace_start(&TraceStart { trace_id: aborted, loc_id, ..Default::default() });
        w.pass_time(1);
        w.stream.trace_abort(&TraceAbort {
            trace_id: aborted,
            reason: AbortReason(9),
            loc_id,
            record_ns: ms,
            blacklisted: 1,
            detail: &name,
            ..Default::default()
        });
        let stack_id = w.defs.stack(StackId::NONE, loc_id, FrameKind::Interp);
        for state in [SampleState::Interp, SampleState::Trace, SampleState::Native] {
            let builtin = if state == SampleState::Native { builtin } else { FuncId::NONE };
            for _ in 0..20 {
                w.pass_time(1);
                w.stream.sample(&Sample { state, loc_id, stack_id, builtin, weight_ns: ms, ..Default::default() });
            }
        }
        let type_str = w.defs.string(&name);
        w.stream.alloc_sample(&AllocSample {
            loc_id,
            type_str,
            size_bytes: 64,
            weight_bytes: u64::from(n + 1) << 20,
            ..Default::default()
        });
        w.log.counter(CounterKind::TraceExec, trace_id, 0).add(7_000);
        w.stream.invalidate(&Invalidate { trace_id: aborted, reason: InvalidateReason(9), loc_id });
    }
    w.stream.mark(&Mark { name_str: w.defs.string(EVIL), text: EVIL, ..Default::default() });
    w.memory();
    w.log.snapshot_counters();
    garble(path);
    finish(w);
}

/// Replaces letters by what is no text, before the log is closed and its checksums are made.
fn garble(path: &Path) {
    let log = std::fs::OpenOptions::new().write(true).open(path).expect("the log was created");
    let bytes = std::fs::read(path).expect("the log was created");
    let places = bytes.windows(NOT_TEXT.len()).enumerate().filter(|(_, w)| *w == STANDS_FOR_IT.as_bytes());
    let mut found = 0;
    for (at, _) in places {
        log.write_all_at(&NOT_TEXT, at as u64).expect("the log is written to");
        found += 1;
    }
    assert!(found > 5, "{found} names are no text");
}

fn inside(w: &mut Writer, trace_id: TraceId, loc_id: LocId, name: &str) {
    let words = [BytecodeIns { word: 1, loc_id, depth: u32::MAX }];
    w.stream.bytecode(&Bytecode {
        trace_id,
        format: 1,
        n: 1,
        bytes: &encode_bytecode(&words),
        notes: &encode_texts([name]),
    });
    let ops = [Ins { a: 0x8000, ..ins("G_INT", 1, 0, 0) }, Ins { op: 250, ..Ins::default() }];
    for pass_index in [0, 1] {
        w.stream.ir(&Ir {
            trace_id,
            pass_index,
            format: 1,
            n_ops: 2,
            ops: &encode_ops(&ops),
            consts: &encode_texts([name]),
            locs: &encode_locs(&[loc_id, loc_id]),
            ..Default::default()
        });
    }
}
