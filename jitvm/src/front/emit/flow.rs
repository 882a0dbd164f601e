//! Jump targets, and which locals are surely assigned on every way to them.

/// Set of locals, by register. Locals past the end are not in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LocalSet {
    words: Vec<u64>,
}

impl LocalSet {
    /// The locals below `count`.
    pub fn below(count: u16) -> LocalSet {
        let mut set = LocalSet::default();
        (0..count).for_each(|register| set.insert(register));
        set
    }

    pub fn contains(&self, register: u16) -> bool {
        self.words.get(usize::from(register / 64)).is_some_and(|word| word >> (register % 64) & 1 != 0)
    }

    pub fn insert(&mut self, register: u16) {
        let index = usize::from(register / 64);
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        self.words[index] |= 1 << (register % 64);
    }

    pub fn remove(&mut self, register: u16) {
        if let Some(word) = self.words.get_mut(usize::from(register / 64)) {
            *word &= !(1 << (register % 64));
        }
    }

    fn intersect(&mut self, other: &LocalSet) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }
}

/// Locals surely assigned at a point of the code; none where the point is never reached.
pub type State = Option<LocalSet>;

/// Adds a way to a point: what is assigned there is what is assigned on all ways.
pub fn join(state: &mut State, other: &State) {
    match (state.as_mut(), other) {
        (_, None) => {}
        (None, Some(other)) => *state = Some(other.clone()),
        (Some(state), Some(other)) => state.intersect(other),
    }
}

/// A place to jump to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub usize);

/// What is known of a label.
#[derive(Default, Debug)]
pub struct LabelInfo {
    /// Instruction index, once bound.
    pub target: Option<u32>,
    /// Joined over the forward jumps to it so far.
    pub state: State,
}
