//! The command line of jitvm: what it accepts, where programs come from, how they end, and what a log is like then.

mod support;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jitlog::{Health, Reader};
use support::{Ended, Finished, finish, finish_child, jitvm};

/// Runs `jitvm` with these arguments.
fn run(arguments: &[&str]) -> Finished {
    finish(jitvm().args(arguments))
}

/// Runs `jitvm -c CODE`.
fn run_code(code: &str) -> Finished {
    run(&["-c", code])
}

#[track_caller]
fn assert_ended(finished: &Finished, status: i32) {
    assert_eq!(finished.ended, Ended::Status(status), "\nstdout: {}\nstderr: {}", finished.stdout, finished.stderr);
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "expected {part:?} in:\n{text}");
    }
}

/// Writes a program into a new folder, which lives as long as the result.
fn program(text: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("program.py");
    fs::write(&path, text).expect("the folder is writable");
    let path = path.to_str().expect("a plain name").to_owned();
    (folder, path)
}

// Where programs come from.

#[test]
fn arguments_after_the_file_are_the_programs_own() {
    let (_folder, path) = program("import sys\nprint(sys.argv)\n");
    let finished = run(&["--jit", "on", &path, "one", "--jit", "-c", "", "two words"]);
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout, format!("['{path}', 'one', '--jit', '-c', '', 'two words']\n"));
}

#[test]
fn code_comes_from_the_command_line() {
    let finished = run(&["-c", "import sys\nprint(sys.argv)", "a", "--log", "-"]);
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout, "['-c', 'a', '--log', '-']\n");
}

#[test]
fn code_comes_from_standard_input() {
    let (_folder, path) = program("import sys\nprint(sys.argv)\n1 // (len(sys.argv) - 2)\n");
    let finished = finish(jitvm().args(["-", "x"]).stdin(File::open(path).expect("just written")));
    assert_ended(&finished, 1);
    assert_eq!(finished.stdout, "['-', 'x']\n");
    assert_eq!(
        finished.stderr,
        "Traceback (most recent call last):\n  File \"<stdin>\", line 3, in <module>\n\
         ZeroDivisionError: integer division or modulo by zero\n"
    );
}

#[test]
fn an_empty_program_does_nothing() {
    let (_folder, path) = program("");
    let finished = run(&[&path]);
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout + &finished.stderr, "");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let (_folder, path) = program("\u{feff}x = 1\r\nif x:\r\n    print('é', x)\r\n");
    let finished = finish(jitvm().arg(&path).env("LC_ALL", "C"));
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout, "é 1\n");
}

// Bad input.

#[test]
fn a_missing_file_is_named() {
    let finished = run(&["no/such/file.py"]);
    assert_ended(&finished, 2);
    assert_says(&finished.stderr, &["jitvm", "no/such/file.py", "No such file or directory"]);
    assert_eq!(finished.stdout, "");
}

#[test]
fn a_folder_is_no_program() {
    let (folder, _) = program("");
    let finished = run(&[folder.path().to_str().expect("a plain name")]);
    assert_ended(&finished, 2);
}

#[test]
fn a_program_that_is_not_utf_8_is_refused_with_its_line() {
    let (_folder, path) = program(b"x = 1\ny = '\xff'\n");
    let finished = run(&[&path]);
    assert!(matches!(finished.ended, Ended::Status(1 | 2)), "{}", finished.ended);
    assert_says(&finished.stderr, &["program.py", "UTF-8", "2"]);
}

#[test]
fn a_syntax_error_is_shown_before_anything_runs() {
    let (_folder, path) = program("print('ran')\ndef f(:\n    pass\n");
    let finished = run(&[&path]);
    assert_ended(&finished, 1);
    assert_eq!(finished.stdout, "");
    assert_says(&finished.stderr, &[&format!("File \"{path}\", line 2"), "    def f(:\n", "^", "SyntaxError:"]);
}

#[test]
fn an_unsupported_feature_is_named_before_anything_runs() {
    let (_folder, path) = program(format!("print('ran')\nx = {}1\n", "-".repeat(4000)));
    let finished = run(&[&path]);
    assert_ended(&finished, 2);
    assert_eq!(finished.stdout, "");
    assert_says(&finished.stderr, &["program.py:2:", "x = --", "^", "nesting"]);
    // It must not be taken for an error of the program's own.
    assert!(!finished.stderr.contains("Traceback"), "{}", finished.stderr);
}

#[test]
fn a_module_that_is_missing_is_an_exception_when_it_is_imported() {
    let finished = run_code("print('first')\nimport no_such_module");
    assert_ended(&finished, 1);
    assert_eq!(finished.stdout, "first\n");
    assert_says(&finished.stderr, &["Traceback", "ModuleNotFoundError: No module named 'no_such_module'"]);
}

#[test]
fn wrong_usage_is_status_2() {
    let cases: &[(&[&str], &str)] = &[
        (&["--no-such-option", "x.py"], "--no-such-option"),
        (&["--jit", "sometimes", "x.py"], "sometimes"),
        (&["--jit-param", "no-such=1", "x.py"], "no-such"),
        (&["--jit-param", "loop=abc", "x.py"], "abc"),
        (&["--jit-param", "loop", "x.py"], "loop"),
        (&["--jit-param", "mode=fast", "x.py"], "mode"),
        (&["--stats=xml", "x.py"], "xml"),
        (&["-c"], "-c"),
        (&[], "sage"),
    ];
    for (arguments, named) in cases {
        let finished = run(arguments);
        assert_eq!(finished.ended, Ended::Status(2), "{arguments:?}: {}", finished.stderr);
        assert_says(&finished.stderr, &[named]);
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
}

#[test]
fn help_has_every_option_of_the_contract_and_an_example() {
    let finished = run(&["--help"]);
    assert_ended(&finished, 0);
    assert_says(&finished.stdout, &["--log", "--log-level", "--log-max", "--jit", "--jit-param", "--stats", "Example"]);
    assert_eq!(finished.stderr, "");
}

#[test]
fn the_parameters_are_listed() {
    let finished = run(&["--jit-param", "help"]);
    assert_ended(&finished, 0);
    assert_says(&finished.stdout, &["loop", "mode", "gc-stress"]);
}

// How programs end.

#[test]
fn sys_exit_gives_the_status() {
    let cases = [
        ("import sys\nsys.exit()", 0, ""),
        ("import sys\nsys.exit(None)", 0, ""),
        ("import sys\nsys.exit(0)", 0, ""),
        ("import sys\nsys.exit(3)", 3, ""),
        ("import sys\nsys.exit(True)", 1, ""),
        ("import sys\nsys.exit(256)", 0, ""),
        ("import sys\nsys.exit(-1)", 255, ""),
        ("import sys\nsys.exit('the end')", 1, "the end\n"),
        ("import sys\nsys.exit(2.5)", 1, "2.5\n"),
    ];
    for (code, status, stderr) in cases {
        let finished = run_code(code);
        assert_ended(&finished, status);
        assert_eq!(finished.stderr, stderr, "{code}");
    }
}

#[test]
fn an_exception_in_code_from_the_command_line_has_no_source_lines() {
    let finished = run_code("def f(x):\n    return 1 // x\nprint('before')\nf(0)");
    assert_ended(&finished, 1);
    assert_eq!(finished.stdout, "before\n");
    assert_eq!(
        finished.stderr,
        "Traceback (most recent call last):\n  File \"<string>\", line 4, in <module>\n  \
         File \"<string>\", line 2, in f\nZeroDivisionError: integer division or modulo by zero\n"
    );
}

#[test]
fn a_reader_that_goes_away_is_a_broken_pipe_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let finished = finish(jitvm().args(["-c", "for i in range(1_000_000):\n    print(i)"]).stdout(writer));
    assert_ended(&finished, 1);
    assert_says(&finished.stderr, &["Traceback", "line 2, in <module>", "BrokenPipeError: [Errno 32] Broken pipe"]);
}

#[test]
fn output_that_cannot_be_written_at_the_end_is_status_120() {
    // Little enough that nothing is written before the program ends, well or badly.
    for code in ["print(1)", "print(1)\n1 // (1 - 1)"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let finished = finish(jitvm().args(["-c", code]).stdout(writer));
        assert_ended(&finished, 120);
        assert_says(&finished.stderr, &["Exception ignored in", "BrokenPipeError: [Errno 32] Broken pipe"]);
    }
    let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
    let finished = finish(jitvm().args(["-c", "print(1)"]).stdout(full));
    assert_ended(&finished, 120);
    assert_says(&finished.stderr, &["OSError: [Errno 28] No space left on device"]);
}

#[test]
fn totals_are_printed_on_stderr_as_text_or_json() {
    let code = "x = 0\nfor i in range(1000):\n    x += i\nprint(x)";
    let finished = run(&["--stats", "-c", code]);
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout, "499500\n");
    assert_says(&finished.stderr, &["compiled"]);

    let finished = run(&["--stats=json", "-c", code]);
    assert_ended(&finished, 0);
    let statistics: serde_json::Value = serde_json::from_str(&finished.stderr).expect("one JSON value");
    for key in ["loops", "aborted", "blacklisted"] {
        assert!(statistics["traces"][key].is_u64(), "no traces.{key} in {statistics}");
    }
}

// Logs, whatever happens.

fn health(log: &Path) -> Health {
    Reader::open(log).expect("the log is readable").health()
}

#[test]
fn a_log_is_whole_however_the_program_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases =
        [("normal", "print(1)", 0), ("raised", "print(1 // (1 - 1))", 1), ("left", "import sys\nsys.exit(5)", 5)];
    for (name, code, status) in cases {
        let log = folder.path().join(name).with_extension("jlog");
        let finished = run(&["--log", log.to_str().expect("a plain name"), "-c", code]);
        assert_ended(&finished, status);
        assert_eq!(health(&log), Health::Clean, "{name}");
    }
}

#[test]
fn the_environment_asks_for_a_log_with_the_process_id() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let child = jitvm().args(["-c", "print(1)"]).env("JITVM_LOG", folder.path().join("run-%p.jlog")).spawn();
    let child = child.expect("jitvm starts");
    let log = folder.path().join(format!("run-{}.jlog", child.id()));
    assert_ended(&finish_child(child), 0);
    assert_eq!(health(&log), Health::Clean);
}

#[test]
fn a_log_that_cannot_be_written_does_not_stop_the_program() {
    let finished = run(&["--log", "/no/such/folder/run.jlog", "-c", "print('ran')"]);
    assert_ended(&finished, 0);
    assert_eq!(finished.stdout, "ran\n");
    assert_says(&finished.stderr, &["/no/such/folder/run.jlog"]);
}

// Signals. Each program says that it is ready by a line of output, after its loop has been compiled.

const SPIN: &str = "
def spin(n):
    i = 0
    while i != n:
        i += 1


spin(100_000)
print('ready', flush=True)
spin(-1)
";

/// Starts a program and waits for its first line.
fn start_and_await_ready(command: &mut Command) -> Child {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("jitvm starts");
    let stdout = child.stdout.as_mut().expect("stdout is a pipe");
    let mut line = String::new();
    // Nothing but this line comes before the signal, so the buffer cannot swallow more.
    BufReader::new(stdout).read_line(&mut line).expect("a pipe can be read");
    if line != "ready\n" {
        let finished = finish_child(child);
        panic!("expected 'ready', got {line:?}; {}\n{}", finished.ended, finished.stderr);
    }
    // Not for correctness: this lets the program get into its loop, where the signal is to find it.
    std::thread::sleep(Duration::from_millis(50));
    child
}

fn send(child: &Child, signal: i32) {
    // SAFETY: the child has not been waited for, so its id is still its own.
    let result = unsafe { libc::kill(child.id() as libc::pid_t, signal) };
    assert_eq!(result, 0, "the child is there");
}

fn assert_interrupted(finished: &Finished) {
    // Python ends itself by the signal, which a shell shows as 130; a plain 130 serves as well.
    assert!(
        matches!(finished.ended, Ended::Signal(libc::SIGINT) | Ended::Status(130)),
        "{}\n{}",
        finished.ended,
        finished.stderr
    );
    assert_says(&finished.stderr, &["Traceback (most recent call last):\n", ", in spin\n", "KeyboardInterrupt\n"]);
}

#[test]
fn an_interrupt_ends_a_compiled_loop_and_closes_the_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("run.jlog");
    let child = start_and_await_ready(jitvm().arg("--log").arg(&log).args(["--stats=json", "-c", SPIN]));
    send(&child, libc::SIGINT);
    let finished = finish_child(child);
    assert_interrupted(&finished);
    assert_eq!(health(&log), Health::Clean);
    let statistics = finished.stderr.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let statistics: serde_json::Value = statistics.expect("statistics on the last line");
    assert!(statistics["traces"]["loops"].as_u64() >= Some(1), "the loop was not compiled: {statistics}");
}

#[test]
fn an_interrupt_ends_an_interpreted_loop() {
    let child = start_and_await_ready(jitvm().args(["--jit", "off", "-c", SPIN]));
    send(&child, libc::SIGINT);
    assert_interrupted(&finish_child(child));
}

#[test]
fn a_killed_run_leaves_a_readable_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("run.jlog");
    let child = start_and_await_ready(jitvm().arg("--log").arg(&log).args(["-c", SPIN]));
    send(&child, libc::SIGKILL);
    assert_eq!(finish_child(child).ended, Ended::Signal(libc::SIGKILL));
    let reader = Reader::open(&log).expect("the log is readable");
    assert!(matches!(reader.health(), Health::Killed { .. }), "the log is {}", reader.health().name());
}
