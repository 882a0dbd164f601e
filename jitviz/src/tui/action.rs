//! Everything a user can do, and everything the loop does for the state: the vocabulary of `update`.

/// The views, by the number they keep when further ones are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewId {
    Overview,
    Traces,
    Trace,
    Guards,
    Source,
}

impl ViewId {
    pub const ALL: [ViewId; 5] = [ViewId::Overview, ViewId::Traces, ViewId::Trace, ViewId::Guards, ViewId::Source];

    pub fn key(self) -> char {
        match self {
            ViewId::Overview => '1',
            ViewId::Traces => '3',
            ViewId::Trace => '4',
            ViewId::Guards => '5',
            ViewId::Source => '7',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            ViewId::Overview => "Overview",
            ViewId::Traces => "Traces",
            ViewId::Trace => "Trace",
            ViewId::Guards => "Guards",
            ViewId::Source => "Source",
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
    Search,
    NextMatch,
    PreviousMatch,
    SortNext,
    SortReverse,
    Tree,
    StageNext,
    StagePrevious,
    Explain,
    Copy,
    Reset,
    ToggleMouse,
    Suspend,
    Resize(u16, u16),
    Click(u16, u16),
    Wheel(u16, u16, isize),
    /// Text typed into a search.
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
}
