//! All Python files of a directory compile: run by hand over CPython's own library.

use std::path::{Path, PathBuf};

use jitvm::front::compile;
use jitvm::front::verify::verify;

fn python_files(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            python_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
}

/// `JITVM_CHECKED=directory cargo test -p jitvm --test front library -- --ignored --nocapture` prints each file that is
/// refused, with the error.
#[test]
#[ignore = "reads the directory that JITVM_CHECKED names"]
fn every_file_of_a_directory_compiles() {
    let directory = std::env::var("JITVM_CHECKED").expect("JITVM_CHECKED names a directory");
    let mut files = Vec::new();
    python_files(Path::new(&directory), &mut files);
    files.sort();
    let mut refused = 0;
    for path in &files {
        let shown = path.display();
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("not UTF-8: {shown}");
            continue;
        };
        match compile(&shown.to_string(), &text) {
            Ok(module) => {
                for code in &module.codes {
                    verify(code).unwrap_or_else(|error| panic!("{shown}: {}: {error}", code.qualname));
                }
            }
            Err(error) => {
                refused += 1;
                println!("{shown}:{}: {:?}: {}", error.line, error.kind, error.message);
            }
        }
    }
    println!("{} files, {refused} refused", files.len());
}

/// `JITVM_SNIPPETS=file.json`: a list of source texts; beside it, `file.json.out` becomes the list of their errors, each
/// null or exception, message, line, column and end column.
#[test]
#[ignore = "reads the file that JITVM_SNIPPETS names"]
fn errors_of_snippets() {
    let path = std::env::var("JITVM_SNIPPETS").expect("JITVM_SNIPPETS names a file");
    let snippets: Vec<String> = serde_json::from_str(&std::fs::read_to_string(&path).expect("readable")).expect("JSON");
    let outcome = |source: &String| match compile("x.py", source) {
        Ok(module) => {
            module.codes.iter().for_each(|code| verify(code).unwrap_or_else(|error| panic!("{error}: {source}")));
            serde_json::Value::Null
        }
        Err(error) => serde_json::json!([
            error.exception().unwrap_or("Unsupported"),
            error.message,
            error.line,
            error.column + 1,
            error.end_column + 1
        ]),
    };
    let outcomes: Vec<serde_json::Value> = snippets.iter().map(outcome).collect();
    std::fs::write(format!("{path}.out"), serde_json::to_string(&outcomes).expect("JSON")).expect("writable");
}

/// `JITVM_LISTED=file.py` prints the file's bytecode.
#[test]
#[ignore = "reads the file that JITVM_LISTED names"]
fn listing_of_a_file() {
    let path = std::env::var("JITVM_LISTED").expect("JITVM_LISTED names a file");
    let module = compile(&path, &std::fs::read_to_string(&path).expect("readable")).expect("compiles");
    println!("{}", jitvm::front::disassemble::code_text(&module));
}
