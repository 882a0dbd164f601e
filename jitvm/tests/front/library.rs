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
