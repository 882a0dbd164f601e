//! The statement cases of `fixtures/language`: each is a program of its own, and its output, traceback and exit status
//! are CPython's (`scripts/statements --write` writes them).
//!
//! `LANGUAGE=calls cargo test -p jitvm --test language` runs only the cases of one file.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Ended, finish, jitvm};

/// The parts of a file, each begun by a line `#### name`.
fn cases(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("#### "), found.last_mut()) {
            (Some(name), _) => found.push((name.trim(), String::new())),
            (None, Some((_, case))) => case.push_str(line),
            (None, None) => {}
        }
    }
    found
}

/// What `scripts/statements` writes of a run.
fn outcome(folder: &Path, text: &str) -> String {
    fs::write(folder.join("case.py"), text).expect("a temporary folder is writable");
    let finished = finish(jitvm().current_dir(folder).arg("case.py"));
    let status = match finished.ended {
        Ended::Status(status) => status.to_string(),
        Ended::Signal(signal) => format!("-{signal}"),
        Ended::Hung => Ended::Hung.to_string(),
    };
    let folder = format!("{}/", folder.display());
    let (out, err) = (finished.stdout.replace(&folder, ""), finished.stderr.replace(&folder, ""));
    format!("status {status}\n{out}---- stderr\n{err}")
}

fn differences(path: &Path, report: &mut String) {
    let text = fs::read_to_string(path).expect("the cases are readable");
    let expected = fs::read_to_string(path.with_extension("txt")).expect("scripts/statements --write was run");
    let expected = cases(&expected);
    let cases = cases(&text);
    assert_eq!(cases.len(), expected.len(), "{}: run scripts/statements --write", path.display());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().canonicalize().expect("it exists");
    for ((name, program), (_, wanted)) in cases.iter().zip(&expected) {
        let found = outcome(&folder, program);
        if found == *wanted {
            continue;
        }
        let at = wanted.lines().zip(found.lines()).position(|(wanted, found)| wanted != found);
        let at = at.unwrap_or_else(|| wanted.lines().count().min(found.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("(end)").to_owned();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        *report += &format!("  {stem}: {name}\n    expected {}\n    found    {}\n", line(wanted), line(&found));
    }
}

#[test]
fn statements_do_what_cpython_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/language");
    let only = std::env::var("LANGUAGE").ok();
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "py")).collect();
    paths.retain(|path| only.as_ref().is_none_or(|only| path.file_stem().is_some_and(|stem| stem == only.as_str())));
    paths.sort();
    assert!(!paths.is_empty(), "no cases to run");
    let mut report = String::new();
    for path in paths {
        differences(&path, &mut report);
    }
    assert!(report.is_empty(), "these differ from CPython:\n{report}");
}

/// A package with `__main__`, relative imports and a module that fails.
fn package() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    };
    write("tool/__init__.py", "print('package', __name__)\nfrom .parts import value\n");
    write("tool/parts.py", "from . import inner\nfrom .inner.deep import depth\nvalue = depth + 1\n");
    write("tool/inner/__init__.py", "");
    write("tool/inner/deep.py", "from .. import __name__ as top\ndepth = len(top)\n");
    write("tool/__main__.py", "import sys\nfrom . import value\nprint(__name__, __package__, value, sys.argv[1:])\n");
    write("tool/other.py", "from . import value\nprint(__name__, __package__, value)\nraise SystemExit(7)\n");
    write("bare/__init__.py", "");
    folder
}

#[test]
fn modules_run_by_name() {
    let folder = package();
    let run = |arguments: &[&str]| finish(jitvm().current_dir(folder.path()).args(arguments));
    let whole = run(&["-m", "tool", "a", "-b"]);
    assert_eq!(whole.stdout, "package tool\n__main__ tool 5 ['a', '-b']\n", "{}", whole.stderr);
    let other = run(&["-m", "tool.other"]);
    assert_eq!(other.stdout, "package tool\n__main__ tool 5\n", "{}", other.stderr);
    assert!(other.ended == Ended::Status(7), "{}", other.ended);
    for (name, message) in [
        ("nothing", "jitvm: No module named nothing\n"),
        ("tool.nothing", "jitvm: No module named tool.nothing\n"),
        ("bare", "jitvm: No module named bare.__main__; 'bare' is a package and cannot be directly executed\n"),
    ] {
        let missing = run(&["-m", name]);
        assert_eq!(missing.stderr, message);
        assert!(missing.ended == Ended::Status(1), "{}", missing.ended);
    }
}

#[test]
fn modules_are_found_on_the_python_path() {
    let folder = package();
    let mut command = jitvm();
    let finished = finish(command.env("PYTHONPATH", folder.path()).args(["-c", "import tool.other"]));
    assert_eq!(finished.stdout, "package tool\ntool.other tool 5\n", "{}", finished.stderr);
    assert!(finished.ended == Ended::Status(7), "{}", finished.ended);
}
