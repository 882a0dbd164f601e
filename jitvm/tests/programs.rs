//! Every program of `fixtures/programs` in every mode of `fixtures/modes`: output, traceback and exit status are
//! CPython's (`scripts/expected` writes them), and the JIT does what the program's header says.
//!
//! `PROGRAMS=sieve,fib cargo test -p jitvm --test programs` runs only these.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use jitlog::{Health, Reader};
use serde_json::{Map, Value};
use support::{Ended, finish, jitvm};

/// One file of `fixtures/programs` with its header and what CPython 3.11 makes of it.
struct Program {
    name: String,
    args: Vec<String>,
    gc_stress: String,
    /// What it does depends on time (`# varies: time`), so runs need not count alike.
    varies: bool,
    jit: Vec<Expectation>,
    stdout: String,
    stderr: String,
    status: i32,
}

/// One item of a `# jit:` line, such as `loops>=1`.
struct Expectation {
    text: String,
    key: String,
    comparison: fn(&u64, &u64) -> bool,
    number: u64,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .canonicalize()
        .expect("the fixtures are in the repository")
}

fn programs() -> Vec<Program> {
    let folder = fixtures().join("programs");
    let only = std::env::var("PROGRAMS").ok();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    paths.sort();
    let mut programs: Vec<Program> = paths.iter().map(|path| Program::read(path)).collect();
    if let Some(only) = only {
        programs.retain(|program| only.split(',').any(|name| name == program.name));
    }
    assert!(!programs.is_empty(), "no programs to run");
    programs
}

impl Program {
    fn read(path: &Path) -> Program {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("programs are readable");
        let header = |key: &str| {
            let prefix = format!("# {key}: ");
            text.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(&prefix))
        };
        let expected = |suffix: &str| fs::read_to_string(path.with_extension(suffix)).ok();
        Program {
            varies: header("varies").is_some(),
            args: header("args").unwrap_or("").split_whitespace().map(str::to_owned).collect(),
            gc_stress: header("gc-stress").unwrap_or("50").to_owned(),
            jit: header("jit").unwrap_or("").split_whitespace().map(|item| Expectation::parse(&name, item)).collect(),
            stdout: expected("out").unwrap_or_else(|| panic!("{name}.out is missing: run scripts/expected {name}")),
            stderr: expected("err").unwrap_or_default(),
            status: expected("status").map_or(0, |status| status.trim().parse().expect("a number")),
            name,
        }
    }

    /// Runs it with some options and says in what it differs from CPython. The statistics' line is taken out of stderr.
    fn run(&self, options: &[String]) -> (Vec<String>, Option<Value>) {
        let folder = fixtures().join("programs");
        let file = format!("{}.py", self.name);
        let mut finished = finish(jitvm().current_dir(&folder).args(options).arg(file).args(&self.args));
        let statistics = finished.stderr.lines().last().and_then(|line| serde_json::from_str(line).ok());
        if statistics.is_some() {
            finished.stderr.truncate(finished.stderr.trim_end().rfind('\n').map_or(0, |at| at + 1));
        }
        // CPython names the file in full; so may jitvm.
        let stderr = finished.stderr.replace(&format!("File \"{}/", folder.display()), "File \"");
        let mut problems = Vec::new();
        if finished.ended != Ended::Status(self.status) {
            let last = stderr.lines().last().unwrap_or_default();
            problems.push(format!(
                "ended with {}, expected status {}; last on stderr: {last}",
                finished.ended, self.status
            ));
        }
        problems.extend(difference("stdout", &self.stdout, &finished.stdout));
        problems.extend(difference("stderr", &self.stderr, &stderr));
        (problems, statistics)
    }
}

impl Expectation {
    fn parse(program: &str, text: &str) -> Expectation {
        let at = text.find(['<', '>', '=']).unwrap_or_else(|| panic!("{program}: '{text}' in # jit: has no operator"));
        let (key, rest) = text.split_at(at);
        let comparison: fn(&u64, &u64) -> bool = match rest.trim_end_matches(|c: char| c.is_ascii_digit()) {
            ">=" => u64::ge,
            "<=" => u64::le,
            "=" => u64::eq,
            other => panic!("{program}: '{other}' in # jit: is none of >= <= ="),
        };
        let number = rest.trim_start_matches(['<', '>', '=']).parse();
        Expectation {
            text: text.to_owned(),
            // A header says `aborts` as a person would; the other keys are those of --stats=json.
            key: if key == "aborts" { "aborted" } else { key }.to_owned(),
            comparison,
            number: number.unwrap_or_else(|_| panic!("{program}: '{text}' in # jit: has no number")),
        }
    }
}

/// The first line in which two texts differ.
fn difference(what: &str, expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut wanted = expected.split_inclusive('\n');
    let mut got = found.split_inclusive('\n');
    for line in 1.. {
        let (wanted, got) = (wanted.next(), got.next());
        if wanted != got {
            let show = |text: Option<&str>| text.map_or("(end)".to_owned(), |text| format!("{text:?}"));
            return Some(format!("{what} line {line}\n      expected {}\n      found    {}", show(wanted), show(got)));
        }
    }
    None
}

/// The options of a mode, with `{gc}` and `{log}` filled in.
fn options_of(mode: &str, program: &Program, log: &Path) -> Vec<String> {
    let line = mode_lines().into_iter().find(|words| words[0] == mode);
    let line = line.unwrap_or_else(|| panic!("fixtures/modes has no mode '{mode}'"));
    let fill = |word: &String| word.replace("{gc}", &program.gc_stress).replace("{log}", &log.to_string_lossy());
    line[1..].iter().map(fill).collect()
}

fn mode_lines() -> Vec<Vec<String>> {
    let text = fs::read_to_string(fixtures().join("modes")).expect("fixtures/modes is readable");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// Runs `check` on every program and fails once, with all that was found.
fn for_each_program(mode: &str, mut check: impl FnMut(&Program) -> Vec<String>) {
    let mut report = String::new();
    let (mut good, mut bad) = (0, 0);
    for program in programs() {
        let problems = check(&program);
        println!("{mode}: {} {}", program.name, if problems.is_empty() { "ok" } else { "FAILED" });
        if problems.is_empty() {
            good += 1;
            continue;
        }
        bad += 1;
        report += &format!("  {} {}\n", program.name, program.args.join(" "));
        for problem in problems {
            report += &format!("    {problem}\n");
        }
    }
    assert!(bad == 0, "mode {mode}: {bad} programs differ, {good} are right\n{report}");
}

fn check_mode(mode: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for_each_program(mode, |program| {
        let log = folder.path().join(format!("{}.jlog", program.name));
        let options = options_of(mode, program, &log);
        let (mut problems, _) = program.run(&options);
        if options.iter().any(|option| option == "--log") {
            problems.extend(damage(&log));
        }
        problems
    });
}

/// What is wrong with a log that should be whole.
fn damage(log: &Path) -> Option<String> {
    match Reader::open(log) {
        Ok(reader) if reader.health() == Health::Clean => None,
        Ok(reader) => Some(format!("the log is {}", reader.health().name())),
        Err(error) => Some(format!("the log cannot be read: {error}")),
    }
}

/// The counts of a run that must be the same every time: all but times.
fn counts(statistics: &Value) -> Map<String, Value> {
    let mut counts = statistics["traces"].as_object().cloned().unwrap_or_default();
    counts.retain(|key, _| !key.ends_with("_ns"));
    counts
}

macro_rules! modes {
    ($($test:ident = $mode:literal;)*) => {
        const TESTED: &[&str] = &[$($mode),*];
        $(#[test] fn $test() { check_mode($mode); })*
    };
}

modes! {
    interpreter_agrees_with_cpython = "interpreter";
    jit_agrees_with_cpython = "default";
    early_jit_agrees_with_cpython = "early";
    ir_interpreter_agrees_with_cpython = "ir";
    unoptimised_ir_agrees_with_cpython = "ir-raw";
    gc_stress_changes_nothing = "gc-stress";
    gc_stress_under_an_early_jit_changes_nothing = "early-stress";
    log_changes_nothing_and_is_whole = "log";
    guards_made_to_fail_change_nothing = "guard-fail";
    guards_made_to_fail_in_the_ir_interpreter_change_nothing = "ir-guard-fail";
    machine_code_does_what_its_ir_says = "check";
    random_registers_change_nothing = "random-ra";
    evicting_traces_changes_nothing = "evict";
    little_code_memory_changes_nothing = "small-code";
    serving_any_shape_at_once_changes_nothing = "generic";
    folding_can_be_switched_off = "no-fold";
    peeling_can_be_switched_off = "no-peel";
    sinking_can_be_switched_off = "no-sink";
    dropping_unused_values_can_be_switched_off = "no-dce";
    watching_can_be_switched_off = "no-watch";
}

#[test]
fn every_mode_has_its_test() {
    let modes = mode_lines();
    let names: Vec<&str> = modes.iter().map(|words| words[0].as_str()).collect();
    assert_eq!(names, TESTED);
}

#[test]
fn every_expected_file_has_its_program() {
    for entry in fs::read_dir(fixtures().join("programs")).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert!(path.with_extension("py").exists(), "{} has no program", path.display());
    }
}

#[test]
fn jit_does_what_the_header_says() {
    for_each_program("statistics", |program| {
        let (mut problems, first) = program.run(&["--stats=json".into()]);
        let (_, second) = program.run(&["--stats=json".into()]);
        let (Some(first), Some(second)) = (first, second) else {
            problems.push("--stats=json printed no statistics".into());
            return problems;
        };
        let (first, second) = (counts(&first), counts(&second));
        for Expectation { text, key, comparison, number } in &program.jit {
            match first.get(key).and_then(Value::as_u64) {
                Some(found) if comparison(&found, number) => {}
                Some(found) => problems.push(format!("expected {text}, found {key} = {found}")),
                None => problems.push(format!("--stats=json has no count traces.{key}")),
            }
        }
        if first != second && !program.varies {
            let (first, second) = (Value::Object(first), Value::Object(second));
            problems.push(format!("two runs count differently\n      {first}\n      {second}"));
        }
        problems
    });
}

#[test]
fn interpreter_alone_compiles_nothing() {
    for_each_program("interpreter statistics", |program| {
        let (mut problems, statistics) = program.run(&["--jit".into(), "off".into(), "--stats=json".into()]);
        let recorded = statistics.map(|statistics| statistics["traces"]["recorded"].clone());
        if recorded != Some(Value::from(0)) {
            problems.push(format!("traces recorded with --jit off: {recorded:?}"));
        }
        problems
    });
}
