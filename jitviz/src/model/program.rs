//! The program that ran, as the log describes it: process, sources, functions, places.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::ids::{FuncId, LocId, SourceId, StackId};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    pub vm_name: String,
    pub vm_version: String,
    pub vm_commit: String,
    pub argv: Vec<String>,
    /// The VM's parameters, as the log has them.
    pub config: String,
    /// Operating system and processor.
    pub machine: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    pub path: String,
    /// Of its text; zeros if the log has none.
    pub hash: [u8; 16],
    /// The text as the VM read it, once somebody asked; `None` when the log was written without it.
    pub lines: OnceLock<Option<Vec<String>>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Func {
    pub source: SourceId,
    pub name: String,
}

/// The innermost place of a call stack, and the stack that called it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    pub parent: Option<StackId>,
    pub loc: LocId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loc {
    pub func: FuncId,
    pub line: u32,
}

/// Everything that gives an id of the program a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    pub process: Process,
    pub sources: BTreeMap<SourceId, Source>,
    pub funcs: BTreeMap<FuncId, Func>,
    pub locs: BTreeMap<LocId, Loc>,
    pub stacks: BTreeMap<StackId, Stack>,
}

/// A place in words: what a table or a line of text shows for a [`LocId`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    pub file: Option<String>,
    pub line: Option<u32>,
    pub function: Option<String>,
}

impl Place {
    /// `demo.py:12`: the file without its folders, for tables.
    pub fn short(&self) -> String {
        let file = self.file.as_deref().map(|f| f.rsplit('/').next().unwrap_or(f)).unwrap_or("?");
        match self.line {
            Some(line) => format!("{file}:{line}"),
            None => file.to_string(),
        }
    }

    pub fn is_known(&self) -> bool {
        self.file.is_some() || self.function.is_some()
    }
}

/// What Python calls the code of a file outside of its functions.
pub const MODULE: &str = "<module>";

impl Program {
    pub fn place(&self, loc: LocId) -> Place {
        let Some(at) = self.locs.get(&loc) else { return Place::default() };
        let func = self.funcs.get(&at.func);
        let source = func.and_then(|f| self.sources.get(&f.source));
        Place {
            file: source.map(|s| s.path.clone()),
            line: (at.line > 0).then_some(at.line),
            function: func.map(|f| f.name.clone()),
        }
    }

    /// The name of a function where there is room for one word: of a file's own code that of the file, since every file
    /// has some.
    pub fn title(&self, func: FuncId) -> Option<&str> {
        let of = self.funcs.get(&func)?;
        let file = self.sources.get(&of.source).map(|s| s.path.rsplit('/').next().unwrap_or(&s.path));
        if of.name == MODULE { file.or(Some(&of.name)) } else { Some(&of.name) }
    }

    /// The places of a stack, innermost first; at most `most`, since a damaged log may go round in circles.
    pub fn frames(&self, stack: StackId, most: usize) -> Vec<LocId> {
        let mut next = Some(stack);
        let mut frames = Vec::new();
        while let Some(stack) = next.and_then(|id| self.stacks.get(&id)).filter(|_| frames.len() < most) {
            frames.push(stack.loc);
            next = stack.parent;
        }
        frames
    }

    /// The source and line of a place.
    pub fn line_of(&self, loc: LocId) -> Option<(SourceId, u32)> {
        let at = self.locs.get(&loc)?;
        let func = self.funcs.get(&at.func)?;
        (at.line > 0).then_some((func.source, at.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_cannot_be_joined_is_not_invented() {
        let mut program = Program::default();
        assert_eq!(program.place(LocId(9)).short(), "?");
        program.locs.insert(LocId(9), Loc { func: FuncId(4), line: 3 });
        assert_eq!(program.place(LocId(9)).short(), "?:3");
    }
}
