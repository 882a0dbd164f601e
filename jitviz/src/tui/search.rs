//! The search of a view: what is looked for, where it matches, and whether it is being typed.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub text: String,
    pub typing: bool,
    /// Lines that match, ascending.
    pub matches: Vec<usize>,
    /// Where the cursor was when typing began; Esc goes back there.
    pub origin: usize,
    /// The time in what matches, where lines have time.
    pub time_ns: Option<u64>,
    /// Which search it is, of all there were: only the answer to the last is taken.
    pub number: u64,
    /// Whether the answer is still to come, and where the cursor goes then.
    pub late: Option<Jump>,
}

/// Where the cursor goes once it is known what matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    Nowhere,
    /// To the first match from where the search began.
    Origin,
    After,
    Before,
}

/// Whether a line holds what is looked for. Small letters match capitals; a capital matches only itself.
pub fn is_match(text: &str, line: &str) -> bool {
    match text.chars().any(char::is_uppercase) {
        true => line.contains(text),
        false => line.to_lowercase().contains(text),
    }
}

impl Search {
    /// Ends the search; an answer that is still to come is not taken.
    pub fn reset(&mut self) {
        *self = Search { number: self.number + 1, ..Search::default() };
    }

    pub fn is_active(&self) -> bool {
        self.typing || !self.text.is_empty()
    }

    /// Finds the lines that match.
    pub fn find<'t>(&mut self, lines: impl Iterator<Item = std::borrow::Cow<'t, str>>) {
        self.matches.clear();
        if self.text.is_empty() {
            return;
        }
        let matches = lines.enumerate().filter(|(_, line)| self.is_match(line)).map(|(i, _)| i).collect();
        self.matches = matches;
    }

    pub fn is_match(&self, line: &str) -> bool {
        is_match(&self.text, line)
    }

    /// The first match at or after a line, else the first of all.
    pub fn at_or_after(&self, line: usize) -> Option<usize> {
        let at = self.matches.partition_point(|m| *m < line);
        self.matches.get(at).or(self.matches.first()).copied()
    }

    pub fn after(&self, line: usize) -> Option<usize> {
        self.at_or_after(line + 1)
    }

    /// The last match before a line, else the last of all.
    pub fn before(&self, line: usize) -> Option<usize> {
        let at = self.matches.partition_point(|m| *m < line);
        at.checked_sub(1).map(|i| self.matches[i]).or(self.matches.last().copied())
    }

    /// `3 of 12`, `no match`
    pub fn tally(&self, line: usize) -> String {
        if self.late.is_some() {
            return "searching…".into();
        }
        match (self.text.is_empty(), self.matches.len(), self.matches.binary_search(&line)) {
            (true, _, _) => String::new(),
            (_, 0, _) => "no match".into(),
            (_, n, Ok(i)) => format!("{} of {n}", i + 1),
            (_, 1, Err(_)) => "1 match".into(),
            (_, n, Err(_)) => format!("{n} matches"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Search {
        let mut search = Search { text: text.into(), ..Search::default() };
        search.find(["Guard int", "add", "guard float"].into_iter().map(Into::into));
        search
    }

    #[test]
    fn small_letters_match_capitals() {
        assert_eq!(found("guard").matches, [0, 2]);
        assert_eq!(found("Guard").matches, [0]);
        assert_eq!(found("").matches, [0usize; 0]);
    }

    #[test]
    fn matches_go_round() {
        let search = found("guard");
        assert_eq!((search.after(0), search.after(2), search.before(0)), (Some(2), Some(0), Some(2)));
        assert_eq!((search.tally(2), search.tally(1)), ("2 of 2".into(), "2 matches".into()));
        assert_eq!(found("zzz").tally(0), "no match");
    }
}
