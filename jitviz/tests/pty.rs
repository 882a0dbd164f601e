//! The UI in a real terminal: it starts, ends in every way there is, and gives the terminal back each time.
//!
//! Opening a pseudo-terminal needs unsafe code, which this crate forbids; Python's standard library has it.

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jitlog::{TraceId, TraceStart};
use support::{Fixture, Writer, write_demo, write_hostile};

#[test]
fn the_terminal_is_given_back() {
    let (fixture, hostile) = (Fixture::new(write_demo), Fixture::new(write_hostile));
    let live = fixture.dir.path().join("live.jlog");
    let writer = Writer::new(&live, "/home/me/live.py", "pass\n");
    let done = AtomicBool::new(false);
    let output = thread::scope(|scope| {
        scope.spawn(|| record_when_told(writer, &live.with_extension("jlog.go"), &done));
        let output = Command::new("python3")
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pty.py"), env!("CARGO_BIN_EXE_jitviz")])
            .args([&fixture.path, &hostile.path, &live])
            .output();
        done.store(true, Ordering::SeqCst);
        output.expect("python3 runs")
    });
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// The program whose log is followed: once a file says so it records a trace now and then.
fn record_when_told(mut writer: Writer, go: &Path, done: &AtomicBool) {
    let mut trace_id = TraceId(7000);
    while !done.load(Ordering::SeqCst) {
        if go.exists() {
            writer.stream.trace_start(&TraceStart { trace_id, ..TraceStart::default() });
            writer.log.advance_clock(Duration::from_millis(20));
            trace_id = TraceId(trace_id.0 + 1);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
