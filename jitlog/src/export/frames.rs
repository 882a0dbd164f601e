//! Where a sample stands: its frames, and the words for each.

use jitlog::{Definitions, LocId, Sample, SampleState, StackId};

use crate::export::native::Chain;

/// What samples that read the same share.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Standing {
    pub stack: StackId,
    pub place: LocId,
    pub state: SampleState,
    /// What ran below the last of the frames.
    pub chain: Chain,
}

impl Standing {
    pub fn of(sample: &Sample, chain: Chain) -> Standing {
        Standing { stack: sample.stack_id, place: sample.loc_id, state: sample.state, chain }
    }

    /// In a state, nobody knows where.
    pub fn nowhere(state: SampleState) -> Standing {
        Standing { stack: StackId::NONE, place: LocId::NONE, state, chain: Chain::NONE }
    }

    /// Places of the frames, outermost first.
    pub fn places(&self, definitions: &Definitions) -> Vec<LocId> {
        let mut places: Vec<LocId> = definitions.frames(self.stack).map(|frame| frame.loc_id).collect();
        places.reverse();
        // The innermost frame of the stack is where its thread was called; the sample's own place is nearer.
        if !self.place.is_none() {
            places.pop();
            places.push(self.place);
        }
        places
    }
}

/// A place in words, as far as the log defines it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place<'d> {
    pub function: Option<&'d str>,
    pub file: Option<&'d str>,
    /// 0 if unknown.
    pub line: u32,
    pub column: u16,
    /// Where the function starts, 0 if unknown.
    pub first_line: u32,
}

impl<'d> Place<'d> {
    pub fn of(definitions: &'d Definitions, loc: LocId) -> Place<'d> {
        let loc = definitions.loc(loc);
        let function = loc.and_then(|loc| definitions.func(loc.func_id));
        let source = function.and_then(|function| definitions.source(function.source_id));
        Place {
            function: function.map(|function| function.name),
            file: source.map(|source| source.path),
            line: loc.map_or(0, |loc| loc.line),
            column: loc.map_or(0, |loc| loc.col),
            first_line: function.map_or(0, |function| function.line_first),
        }
    }

    /// The function, for those who show file and line beside it.
    pub fn name(&self) -> &'d str {
        self.function.unwrap_or("?")
    }

    /// `file:line` with the file's last component; None if the log does not say.
    pub fn short(&self) -> Option<String> {
        let file = self.file?;
        let name = file.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(file);
        Some(if self.line == 0 { name.to_string() } else { format!("{name}:{}", self.line) })
    }
}
