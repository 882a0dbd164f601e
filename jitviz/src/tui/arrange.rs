//! What takes as long as a list: which rows pass a filter, their order, where a search matches. Of short lists it is done
//! at once, of long ones off the UI's thread, and until it is there the list shows what it did.

use std::sync::Arc;

use serde::Serialize;

use super::filter::Filter;
use super::lists::Rows;
use crate::analyse::aborts::AbortRow;
use crate::analyse::flame::{self, Flame};
use crate::analyse::guards::GuardRow;
use crate::analyse::memory::SiteRow;
use crate::analyse::traces::TraceRow;
use crate::model::{Model, Part};
use crate::text::table::{Column, Sort};

/// Lists up to this long are arranged and searched at once, in a part of a frame.
pub const AT_ONCE: usize = 500;
/// Rows between two looks at whether the work is still wanted.
const WATCHED: usize = 256;

/// Says whether what is being made is still wanted.
pub type GoOn<'a> = &'a dyn Fn() -> bool;

/// What the user wants of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub filter: Filter,
    pub sort: Sort,
    /// Whether rows stand below those they belong to, where a list has such.
    pub tree: bool,
}

/// Rows as a forest: depth and index of each.
pub type Forest<R> = fn(&[&R]) -> Vec<(usize, usize)>;

/// How the rows of a list are arranged.
pub struct Kind<R: 'static> {
    pub columns: &'static [Column<R>],
    /// The column the list is sorted by at first.
    pub first_sort: &'static str,
    /// Whether two rows, of two models, are about the same.
    pub same: fn(&R, &R) -> bool,
    /// Which rows stand below which, brothers in the order given.
    pub forest: Option<Forest<R>>,
    /// Said when there is no row.
    pub empty: &'static str,
}

/// A row on screen: how deep in the tree, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub depth: usize,
    pub row: usize,
}

/// Rows as somebody wanted them.
#[derive(Debug)]
pub struct Arranged<R> {
    pub list: Arc<Rows<R>>,
    pub wish: Wish,
    pub shown: Arc<Vec<Shown>>,
}

/// The text of a row as filters and searches see it.
pub fn line_of<R>(columns: &[Column<R>], row: &R) -> String {
    let cells = columns.iter().map(|c| (c.cell)(row)).filter(|c| !c.is_empty());
    crate::clean::clean(&cells.collect::<Vec<_>>().join("  ")).into_owned()
}

/// Indices of the rows that a filter lets through; `None` if nobody wants them any more.
pub fn passing<R: Serialize>(
    rows: &[R],
    filter: &Filter,
    text: impl Fn(&R) -> String,
    go_on: GoOn<'_>,
) -> Option<Vec<usize>> {
    if filter.is_empty() {
        return Some((0..rows.len()).collect());
    }
    let mut passed = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if at % WATCHED == 0 && !go_on() {
            return None;
        }
        if filter.accepts(&text(row), row) {
            passed.push(at);
        }
    }
    Some(passed)
}

/// Filters and sorts; `None` if nobody wants it any more.
pub fn arrange<R: Serialize>(kind: &Kind<R>, list: Arc<Rows<R>>, wish: Wish, go_on: GoOn<'_>) -> Option<Arranged<R>> {
    let mut sorted = passing(&list.rows, &wish.filter, |row| line_of(kind.columns, row), go_on)?;
    wish.sort.apply_to(kind.columns, &list.rows, &mut sorted);
    if !go_on() {
        return None;
    }
    // Of a tree with holes nobody can tell what belongs to what.
    let forest = kind.forest.filter(|_| wish.tree && wish.filter.is_empty());
    let shown = match forest {
        Some(forest) => {
            let in_order: Vec<&R> = sorted.iter().map(|&i| &list.rows[i]).collect();
            forest(&in_order).into_iter().map(|(depth, at)| Shown { depth, row: sorted[at] }).collect()
        }
        None => sorted.into_iter().map(|row| Shown { depth: 0, row }).collect(),
    };
    Some(Arranged { list, wish, shown: Arc::new(shown) })
}

/// What was arranged off the UI's thread.
#[derive(Debug)]
pub enum Made {
    Traces(Arranged<TraceRow>),
    Guards(Arranged<GuardRow>),
    Aborts(Arranged<AbortRow>),
    Sites(Arranged<SiteRow>),
    Source(super::views::source::Passed),
    Flame(FlameOf),
}

/// A flame of one state of a model.
#[derive(Clone, Debug)]
pub struct FlameOf {
    pub model: Arc<Model>,
    pub only: Option<Part>,
    pub flame: Arc<Flame>,
}

impl FlameOf {
    pub fn new(model: Arc<Model>, only: Option<Part>) -> FlameOf {
        FlameOf { flame: Arc::new(flame::flame(&model, only)), only, model }
    }
}

/// Makes one of them; `None` if nobody wants it any more.
pub type Job = Box<dyn FnOnce(GoOn<'_>) -> Option<Made> + Send>;

/// The lines of a list, for a search in another thread.
pub trait Lines: Send {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn text(&self, line: usize) -> String;
    /// The time in what matches, where lines have time.
    fn time_ns(&self, _matches: &[usize]) -> Option<u64> {
        None
    }
}

/// A search that is to be made.
pub struct Finding {
    /// Which search it is: only the answer to the last is taken.
    pub number: u64,
    pub text: String,
    pub lines: Box<dyn Lines>,
}

/// Where a search matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub number: u64,
    /// Lines that match, ascending.
    pub matches: Vec<usize>,
    pub time_ns: Option<u64>,
}

impl Finding {
    /// `None` if nobody wants it any more.
    pub fn find(&self, go_on: GoOn<'_>) -> Option<Found> {
        let mut matches = Vec::new();
        for line in 0..self.lines.len() {
            if line % WATCHED == 0 && !go_on() {
                return None;
            }
            if super::search::is_match(&self.text, &self.lines.text(line)) {
                matches.push(line);
            }
        }
        let time_ns = self.lines.time_ns(&matches);
        Some(Found { number: self.number, matches, time_ns })
    }
}
