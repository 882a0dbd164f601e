//! What a place, a trace or a guard is called in every run of a program, so that two runs can be matched.
//!
//! Ids are new in each run and lines move when somebody edits the file, so a place is its function and the text of its
//! line (with a number where a text comes more than once), or the number of the line where the log has no text.

use crate::model::{Domain, Guard, LocId, Model, Trace};

/// `demo.py:work:while i < n:` - the same in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub String);

/// The file without its folders, which differ between machines. That of the program itself is the same in both runs
/// whatever its name: who compares two versions of one has two files.
pub fn file(model: &Model, loc: LocId) -> String {
    fn name(path: &str) -> &str {
        path.rsplit('/').next().unwrap_or_default()
    }
    let path = model.program.place(loc).file.unwrap_or_default();
    let program = model.program.process.argv.first().map(|path| name(path)).unwrap_or_default();
    if !program.is_empty() && name(&path) == program { PROGRAM.to_string() } else { name(&path).to_string() }
}

/// No file has this name.
const PROGRAM: &str = "/";

pub fn function(model: &Model, loc: LocId) -> Key {
    let place = model.program.place(loc);
    Key(format!("{} {}", file(model, loc), place.function.unwrap_or_default()))
}

pub fn place(model: &Model, loc: LocId) -> Key {
    let Key(function) = function(model, loc);
    let line = model.program.locs.get(&loc).map_or(0, |l| l.line);
    let text = model.source_line(loc).map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Key(format!("{function} :{line}"));
    }
    let source = model.program.line_of(loc).and_then(|(source, _)| model.source(source)).unwrap_or_default();
    let before = source.iter().take((line as usize).saturating_sub(1)).filter(|l| l.trim() == text).count();
    Key(format!("{function} #{before} {text}"))
}

/// Loops and functions by where they start, bridges by the guard they leave.
pub fn trace(model: &Model, trace: &Trace) -> Key {
    let Key(at) = place(model, trace.loc);
    let parent = trace.parent_guard.and_then(|id| model.guards.get(&id));
    let guard = parent.map(|g| guard(model, g).0).unwrap_or_default();
    Key(format!("{} {at} {guard}", trace.kind))
}

/// By its place, kind and what it expects; operands have other numbers in another recording.
pub fn guard(model: &Model, guard: &Guard) -> Key {
    let Key(at) = place(model, guard.loc);
    let kind = model.words.reason(Domain::GuardKind, guard.kind);
    let is_operand = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let expected: Vec<&str> = guard.expected.split(' ').map(|w| if is_operand(w) { "%" } else { w }).collect();
    Key(format!("{kind} {} {at}", expected.join(" ")))
}

/// Recordings given up for one reason at one place.
pub fn abort(model: &Model, reason: &str, loc: LocId) -> Key {
    Key(format!("{reason} {}", place(model, loc).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, FuncId, Loc, Source, SourceId};

    fn program(text: &str, line: u32) -> Model {
        let mut model = Model::default();
        let source = Source { path: "/some/where/a.py".into(), ..Source::default() };
        source.lines.set(Some(text.lines().map(str::to_string).collect())).expect("empty");
        model.program.sources.insert(SourceId(1), source);
        model.program.funcs.insert(FuncId(1), Func { source: SourceId(1), name: "f".into() });
        model.program.locs.insert(LocId(1), Loc { func: FuncId(1), line });
        model
    }

    #[test]
    fn the_program_is_the_same_in_another_file() {
        let version = |name: &str, program: &str| {
            let mut model = program_in(name);
            model.program.process.argv = vec![format!("some/where/{program}"), "3".into()];
            place(&model, LocId(1))
        };
        assert_eq!(version("wrap.py", "wrap.py"), version("wrap_deque.py", "wrap_deque.py"));
        assert_ne!(version("wrap.py", "main.py"), version("wrap_deque.py", "main.py"), "modules are told apart");
        assert_ne!(version("wrap.py", "wrap.py"), version("wrap.py", "main.py"));
    }

    fn program_in(name: &str) -> Model {
        let mut model = program("i += 1", 1);
        model.program.sources.values_mut().for_each(|s| s.path = format!("/some/where/{name}"));
        model
    }

    #[test]
    fn a_line_that_moved_is_the_same_place() {
        let key = |text, line| place(&program(text, line), LocId(1));
        let before = key("def f():\n  while x:\n    y()\n  while x:\n    z()", 4);
        assert_eq!(before, key("# new\ndef f():\n  while x:\n    y()\n  while x:\n    z()", 5));
        assert_ne!(before, key("def f():\n  while x:\n    y()\n  while x:\n    z()", 2), "the other loop");
        assert_eq!(key("", 3), Key("a.py f :3".into()));
    }
}
