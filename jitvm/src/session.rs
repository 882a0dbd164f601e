//! One run of a program: compile, run, report how it ended, close the log.

use std::io::Read;

use crate::announce::Announcer;
use crate::cli::{Options, Program, StatsFormat};
use crate::events::{Events, ProgramEnd, observed_name};
use crate::front;
use crate::interp::{call, import, signal};
use crate::perf;
use crate::runtime::exceptions::{class_of, exception as fields};
use crate::runtime::sequences::items;
use crate::runtime::surrogates::escaped;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{attributes, large, numbers, repr, traceback};
use crate::trace::policy;

/// Native stack kept for what does not nest: the collector, formatting, error reports.
const NATIVE_RESERVE: usize = 2 << 20;

/// Runs the program and gives the exit status. `native_stack` is the size of the calling thread's stack in bytes.
pub fn run(mut options: Options, native_stack: usize) -> u8 {
    let search_path = search_path(&options.program);
    let mut package = None;
    let read = match &options.program {
        Program::Module(name) => match import::find_main(&search_path, name) {
            Ok(found) => {
                options.arguments[0].clone_from(&found.path);
                package = Some(found.package);
                decode(found.path, found.source)
            }
            Err(message) => {
                eprintln!("jitvm: {message}");
                return 1;
            }
        },
        program => read_program(program),
    };
    let (path, text) = match read {
        Ok(source) => source,
        Err((message, status)) => {
            eprintln!("{message}");
            return status;
        }
    };
    let module = match front::compile(&path, &text) {
        Ok(module) => module,
        Err(error) => {
            eprintln!("{error}");
            return if error.kind == front::ErrorKind::Unsupported { 2 } else { 1 };
        }
    };
    large::keep_freed_memory();
    let vm = Vm::new(options.arguments.clone());
    // The VM is reached by signal handlers and machine code until the process ends.
    let vm: &'static mut Vm = Box::leak(vm);
    let here = &raw const native_stack as usize;
    vm.native_limit = here.saturating_sub(native_stack) + NATIVE_RESERVE;
    vm.call_hook = call::call_hook;
    vm.jit.enabled = options.jit;
    vm.jit.params = options.params.clone();
    vm.frames.set_inlined(options.params.inline_depth as usize);
    if options.jit_check {
        vm.jit.witness = Some(Box::default());
    }
    if options.announce.anything() {
        vm.jit.announcer = Some(Box::new(Announcer::new(&options.announce)));
    }
    vm.guard_countdown = options.params.guard_fail.min(i32::MAX as u64) as u32;
    vm.heap.stress = options.params.gc_stress.min(u64::from(u32::MAX)) as u32;
    if let Some(log) = &options.log {
        let config = config_json(&options);
        match Events::create(
            log,
            options.log_max,
            options.log_level,
            options.params.bailouts_logged,
            &options.arguments,
            &config,
        ) {
            Ok(events) => {
                vm.jit.events = Some(Box::new(events));
                vm.gc_hook = Some(|vm, record| {
                    if let Some(mut events) = vm.jit.events.take() {
                        events.collected(vm, record);
                        vm.jit.events = Some(events);
                    }
                });
                vm.mark_hook = Some(|vm, name, count| {
                    if let Some(events) = &mut vm.jit.events {
                        events.mark(name, count);
                    }
                });
            }
            // Neither writing a log nor sampling fails the program being run.
            Err(error) => eprintln!("jitvm: {}: {error}; running without a log", log.display()),
        }
    }
    // SAFETY: the VM is never freed.
    unsafe { signal::install(vm) };
    let rate = if vm.jit.events.is_some() { options.sample.choose() } else { perf::Chosen::default() };
    let mut source = options.sample_source;
    let mut note = String::new();
    while rate.hz > 0
        // SAFETY: the VM is never freed.
        && let Err(error) = unsafe { perf::start(vm, rate, source, &note) }
    {
        if source == perf::Source::Timer {
            eprintln!("jitvm: sampling: {error}; running without samples");
            break;
        }
        note = format!("perf events: {error} (see /proc/sys/kernel/perf_event_paranoid); the timer samples");
        eprintln!("jitvm: --sample-source perf: {note}");
        source = perf::Source::Timer;
    }
    let first_code = vm.codes.len();
    let body = vm.link_module(&module, "__main__");
    for index in first_code..vm.codes.len() {
        policy::code_linked(vm, crate::ir::CodeId(index as u32));
    }
    vm.search_path = search_path;
    let result = import::warn_of(vm, &module)
        .and_then(|()| begin_package(vm, package.as_deref()))
        .and_then(|()| call::run_module(vm, body));
    let (status, end) = match result {
        Ok(_) => (0, ProgramEnd::Normal),
        Err(_) => uncaught(vm),
    };
    run_exit_functions(vm);
    vm.run_last_finalisers();
    let status = flush(vm, status);
    perf::finish(vm);
    let lost = vm.jit.events.take().and_then(|events| events.close(vm, i32::from(status), end));
    if let Some(message) = lost {
        eprintln!("jitvm: {message}");
    }
    if let Some(format) = options.stats {
        print_statistics(vm, format);
    }
    if end == ProgramEnd::Signal {
        signal::die_of_interrupt();
    }
    status
}

/// Tells `__main__` its package, and imports the package of a module that `-m` runs.
fn begin_package(vm: &mut Vm, package: Option<&str>) -> Outcome<()> {
    let main = vm.find_module("__main__").expect("it was linked");
    let name = package.map_or(Value::NONE, |package| vm.str(package));
    vm.set_global(main, "__package__", name);
    match package {
        None | Some("") => Ok(()),
        Some(package) => import::import_module(vm, package).map(drop),
    }
}

/// Directories of `sys.path`: the program's own, those of PYTHONPATH, and the packages of a virtual environment.
fn search_path(program: &Program) -> Vec<String> {
    let own = match program {
        Program::File(path) => {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            path.parent().map_or_else(String::new, |directory| directory.display().to_string())
        }
        Program::Module(_) => std::env::current_dir().map_or_else(|_| String::new(), |path| path.display().to_string()),
        Program::Code(_) | Program::Stdin => String::new(),
    };
    let mut directories = vec![own];
    if let Ok(paths) = std::env::var("PYTHONPATH") {
        directories.extend(paths.split(':').filter(|path| !path.is_empty()).map(str::to_owned));
    }
    if let Ok(environment) = std::env::var("VIRTUAL_ENV") {
        directories.push(format!("{environment}/lib/python3.11/site-packages"));
    }
    directories
}

/// The error is a message and an exit status.
fn read_program(program: &Program) -> Result<(String, String), (String, u8)> {
    let (name, bytes) = match program {
        Program::Code(code) => return Ok(("<string>".into(), code.clone())),
        Program::Module(name) => return Err((format!("jitvm: No module named {name}"), 2)),
        Program::Stdin => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|e| (format!("jitvm: <stdin>: {e}"), 2))?;
            ("<stdin>".to_owned(), bytes)
        }
        Program::File(path) => {
            let given = path.display();
            let bytes = std::fs::read(path).map_err(|e| (format!("jitvm: can't open file '{given}': {e}"), 2))?;
            // As CPython does: tracebacks and `__file__` have the absolute path, `sys.argv` the one that was given.
            let name = std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string();
            (name, bytes)
        }
    };
    decode(name, bytes)
}

/// The name and the text of a source file.
fn decode(name: String, bytes: Vec<u8>) -> Result<(String, String), (String, u8)> {
    if bytes.len() > u32::MAX as usize / 2 {
        return Err((format!("jitvm: {name}: the file is too large"), 2));
    }
    match front::decode(&name, &bytes, true) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err((error.to_string(), 1)),
    }
}

/// Reports an uncaught exception as Python does. Gives the exit status and how the program ended.
fn uncaught(vm: &mut Vm) -> (u8, ProgramEnd) {
    let exception = std::mem::replace(&mut vm.exception, Value::UNDEF);
    if vm.is_subtype(class_of(exception), TypeId::SYSTEM_EXIT) {
        return (exit_status(vm, exception), ProgramEnd::Normal);
    }
    eprint!("{}", escaped(&traceback::format_exception(vm, exception)));
    let interrupted = vm.is_subtype(class_of(exception), TypeId::KEYBOARD_INTERRUPT);
    if interrupted { (130, ProgramEnd::Signal) } else { (1, ProgramEnd::Exception) }
}

/// Calls what `atexit` was told to call, if anything has imported it.
fn run_exit_functions(vm: &mut Vm) {
    let Some(module) = vm.find_module("atexit") else { return };
    let name = vm.intern("_run_exitfuncs");
    let called = attributes::get_attr(vm, module, name).and_then(|function| vm.call(function, &[]));
    if called.is_err() {
        vm.exception = Value::UNDEF;
    }
}

/// The status that `SystemExit` asks for; anything but a number or None is a message on stderr and status 1.
fn exit_status(vm: &mut Vm, exception: Value) -> u8 {
    let code = match items(fields(exception).args) {
        [] => Value::NONE,
        [code] => *code,
        _ => fields(exception).args,
    };
    if code == Value::NONE {
        return 0;
    }
    if let Some(status) = numbers::as_i64(code) {
        return status as u8;
    }
    let message = repr::str_text(vm, code).unwrap_or_default();
    eprintln!("{}", escaped(&message));
    1
}

/// Writes out what the program printed. Like Python, says so and ends with 120 if that fails at the very end.
fn flush(vm: &mut Vm, status: u8) -> u8 {
    match vm.out.flush() {
        Ok(()) => status,
        Err(error) => {
            let name = if error.kind() == std::io::ErrorKind::BrokenPipe { "BrokenPipeError" } else { "OSError" };
            let errno = error.raw_os_error().unwrap_or(0);
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or("");
            eprintln!("Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'>");
            eprintln!("{name}: [Errno {errno}] {text}");
            120
        }
    }
}

fn config_json(options: &Options) -> String {
    let params = &options.params;
    serde_json::json!({
        "jit": options.jit,
        "loop": params.loop_threshold,
        "mode": format!("{:?}", params.mode).to_lowercase(),
        "passes_off": params.passes_off,
    })
    .to_string()
}

/// In the IR modes: by trace and exit with a side trace, how often each type failed the guard.
fn observed_types(vm: &Vm) -> Vec<serde_json::Value> {
    let with_sides = |t: &crate::trace::Trace| {
        let exits = t.exits.iter().enumerate().filter(|(_, exit)| exit.side.is_some() && !exit.seen.is_empty());
        let rows = exits.map(|(number, exit)| {
            let types: serde_json::Map<String, serde_json::Value> =
                exit.seen.iter().map(|&(code, count)| (observed_name(code), count.into())).collect();
            serde_json::json!({ "trace": t.id.0, "exit": number, "types": types })
        });
        rows.collect::<Vec<_>>()
    };
    vm.jit.traces.iter().flat_map(|t| with_sides(t)).collect()
}

fn print_statistics(vm: &Vm, format: StatsFormat) {
    let totals = &vm.jit.totals;
    let heap = vm.heap.statistics();
    let code = vm.jit.arena.as_ref().map_or(0, |arena| arena.used());
    match format {
        StatsFormat::Json => {
            let json = serde_json::json!({
                "observed": observed_types(vm),
                "traces": {
                    "recorded": totals.recorded,
                    "loops": totals.loops,
                    "bridges": totals.bridges,
                    "functions": totals.functions,
                    "aborted": totals.aborted,
                    "retired": totals.retired,
                    "blacklisted": totals.blacklisted,
                    "evicted": vm.jit.eviction.evicted,
                    "freed": vm.jit.eviction.freed,
                    "sunk": totals.sunk,
                    "entries": totals.entries,
                    "exits": totals.exits,
                    "record_ns": totals.record_ns,
                    "compile_ns": totals.compile_ns,
                },
                "gc": { "collections": heap.collections, "pause_ns": heap.pause_ns },
                "memory": { "allocated": heap.allocated_bytes, "live": heap.live_bytes, "code": code },
            });
            eprintln!("{json}");
        }
        StatsFormat::Text => {
            eprintln!(
                "jitvm: {} recordings: {} loops, {} functions and {} bridges compiled, {} aborted; {} retired, {} loops blacklisted",
                totals.recorded,
                totals.loops,
                totals.functions,
                totals.bridges,
                totals.aborted,
                totals.retired,
                totals.blacklisted
            );
            eprintln!(
                "jitvm: {} entries, {} exits; {:.2} ms recording, {:.2} ms compiling; {} bytes of machine code",
                totals.entries,
                totals.exits,
                totals.record_ns as f64 / 1e6,
                totals.compile_ns as f64 / 1e6,
                code
            );
            if vm.jit.eviction.evicted > 0 {
                let eviction = &vm.jit.eviction;
                eprintln!("jitvm: {} traces evicted, the memory of {} used again", eviction.evicted, eviction.freed);
            }
            if let Some(witness) = &vm.jit.witness {
                eprintln!(
                    "jitvm: checked {} traces entered, {} instructions and exits compared",
                    witness.entered, witness.compared
                );
            }
            eprintln!(
                "jitvm: {} collections, {:.2} ms; {} bytes allocated",
                heap.collections,
                heap.pause_ns as f64 / 1e6,
                heap.allocated_bytes
            );
        }
    }
}
