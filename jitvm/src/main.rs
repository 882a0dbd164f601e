//! The `jitvm` command.

use std::process::ExitCode;

/// Deep recursion of the program must end in a RecursionError, not in a fault, so the VM runs on a large stack.
const NATIVE_STACK: usize = 256 << 20;

fn main() -> ExitCode {
    jitvm::defect::report_panics();
    let options = match jitvm::cli::parse(std::env::args_os()) {
        Ok(options) => options,
        Err(status) => return ExitCode::from(status),
    };
    let thread = std::thread::Builder::new().name("jitvm".into()).stack_size(NATIVE_STACK);
    match thread.spawn(move || jitvm::session::run(options, NATIVE_STACK)) {
        Ok(handle) => ExitCode::from(handle.join().unwrap_or(2)),
        Err(error) => {
            eprintln!("jitvm: cannot start: {error}");
            ExitCode::from(2)
        }
    }
}
