//! Running the built `jitvm` to its end, with a limit on the time it may take.

use std::fmt;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Far above what any test needs, so that only a hang reaches it, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(300);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Status(i32),
    Signal(i32),
    /// Killed by the test after [`LIMIT`].
    Hung,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Status(status) => write!(f, "status {status}"),
            Ended::Signal(signal) => write!(f, "signal {signal}"),
            Ended::Hung => write!(f, "still running after {} s", LIMIT.as_secs()),
        }
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match status.code() {
            Some(code) => Ended::Status(code),
            None => Ended::Signal(status.signal().unwrap_or(0)),
        }
    }
}

/// What a finished process left behind.
#[derive(Debug)]
pub struct Finished {
    pub stdout: String,
    pub stderr: String,
    pub ended: Ended,
}

/// The command, free of the caller's settings: no log, no standard input, SIGINT as a terminal's child has it.
pub fn jitvm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jitvm"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JITVM") || name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A shell starts its background jobs with SIGINT ignored, and children inherit that.
    // SAFETY: `signal` is async-signal-safe and touches no memory of the parent.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            Ok(())
        });
    }
    command
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Finished {
    finish_child(command.spawn().expect("jitvm was built and starts"))
}

/// Waits for a process whose remaining output is wanted.
pub fn finish_child(mut child: Child) -> Finished {
    let stdout = child.stdout.take().map(read_in_background);
    let stderr = child.stderr.take().map(read_in_background);
    let ended = wait(&mut child);
    let text = |reader: Option<JoinHandle<Vec<u8>>>| {
        reader.map_or_else(String::new, |reader| {
            String::from_utf8(reader.join().expect("readers do not panic")).expect("output is UTF-8")
        })
    };
    Finished { stdout: text(stdout), stderr: text(stderr), ended }
}

fn read_in_background(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

fn wait(child: &mut Child) -> Ended {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.into();
        }
        if start.elapsed() > LIMIT {
            child.kill().expect("a child can be killed");
            child.wait().expect("a killed child ends");
            return Ended::Hung;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
