//! Everything a user can do, and everything the loop does for the state: the vocabulary of `update`.

use crate::model::Span;

/// The views, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewId {
    Overview,
    Timeline,
    Traces,
    Trace,
    Guards,
    Aborts,
    Source,
    Memory,
    Flame,
    /// Only of two logs.
    Diff,
}

impl ViewId {
    pub const ALL: [ViewId; 10] = [
        ViewId::Overview,
        ViewId::Timeline,
        ViewId::Traces,
        ViewId::Trace,
        ViewId::Guards,
        ViewId::Aborts,
        ViewId::Source,
        ViewId::Memory,
        ViewId::Flame,
        ViewId::Diff,
    ];

    pub fn key(self) -> char {
        match self {
            ViewId::Overview => '1',
            ViewId::Timeline => '2',
            ViewId::Traces => '3',
            ViewId::Trace => '4',
            ViewId::Guards => '5',
            ViewId::Aborts => '6',
            ViewId::Source => '7',
            ViewId::Memory => '8',
            ViewId::Flame => '9',
            ViewId::Diff => '0',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            ViewId::Overview => "Overview",
            ViewId::Timeline => "Timeline",
            ViewId::Traces => "Traces",
            ViewId::Trace => "Trace",
            ViewId::Guards => "Guards",
            ViewId::Aborts => "Aborts",
            ViewId::Source => "Source",
            ViewId::Memory => "Memory",
            ViewId::Flame => "Flame",
            ViewId::Diff => "Diff",
        }
    }
}

impl ViewId {
    /// For screens without room for the name.
    pub fn short(self) -> &'static str {
        match self {
            ViewId::Overview => "Over",
            ViewId::Timeline => "Time",
            ViewId::Guards => "Guard",
            ViewId::Aborts => "Abort",
            ViewId::Source => "Src",
            ViewId::Memory => "Mem",
            ViewId::Traces | ViewId::Trace | ViewId::Flame | ViewId::Diff => self.name(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Quit,
    Back,
    Help,
    View(ViewId),
    /// The next pane in the Trace view, the next view elsewhere.
    Next,
    Previous,
    /// Lines down, or up if negative.
    Move(isize),
    /// Pages down, or up if negative, in halves.
    HalfPages(isize),
    Top,
    Bottom,
    /// Columns to the right.
    Shift(isize),
    Open,
    /// The line of source of what is under the cursor.
    Line,
    /// The row of what is under the cursor in the list of guards or traces.
    Row,
    Search,
    Filter,
    NextMatch,
    PreviousMatch,
    SortNext,
    SortReverse,
    Tree,
    StageNext,
    StagePrevious,
    /// The stage in which the instruction under the cursor first appears.
    Origin,
    /// One event forward or back; or to one that makes or ends a trace.
    Step {
        forward: bool,
        of_traces: bool,
    },
    Play,
    /// Twice as fast, or half if negative.
    Speed(i8),
    /// A passing of time while it plays.
    Tick,
    RangeStart,
    RangeEnd,
    WholeRun,
    Zoom(bool),
    /// What is chosen fills the width; else everything does.
    Fit,
    Explain,
    Copy,
    Reset,
    ToggleMouse,
    Suspend,
    Resize(u16, u16),
    Click(u16, u16),
    Wheel(u16, u16, isize),
    /// Text typed into a search or a filter.
    Type(char),
    Erase,
    /// The text is complete.
    Enter,
}

/// What the loop must do outside the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Copy(String),
    Suspend,
    Mouse(bool),
    /// Read a part of the log.
    Read(Span),
    /// Make the lines of the source of the model that is shown.
    Lines,
    /// Compare the model that is shown with the same time of the log before.
    Compare,
    /// Put the lists in order that are not as they are wanted.
    Arrange,
    /// Search a long list.
    Find,
    /// Stop reading the whole.
    Stop,
    /// Stop comparing.
    StopComparing,
}
