//! The views, one file each: what they hold, what keys do to it, how it is drawn.

pub mod aborts;
pub mod diff;
pub mod flame;
pub mod guards;
pub mod memory;
pub mod order;
pub mod overview;
pub mod page;
pub mod source;
pub mod table;
pub mod timeline;
pub mod trace;
pub mod traces;

use std::borrow::Cow;

use super::arrange::Lines;
use super::filter::Filter;
use super::scroll::Scroll;
use order::Change;

/// A list with a cursor: what moving, searching, copying and explaining work on in every view.
pub trait Listing {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The line as text, for searching and copying.
    fn text(&self, line: usize) -> Cow<'_, str>;
    /// The lines, for a search in another thread; `None` of a list that is never long.
    fn lines(&self) -> Option<Box<dyn Lines>> {
        None
    }
    fn scroll(&self) -> &Scroll;
    fn scroll_mut(&mut self) -> &mut Scroll;
    /// The id of the term that explains what is under the cursor.
    fn term(&self) -> &'static str;
    /// What is told of the line under the cursor below the view, where that may have no room.
    fn said(&self) -> Option<String> {
        None
    }
    /// What the list leaves out; `None` if it cannot leave out anything.
    fn filter(&self) -> Option<&Filter> {
        None
    }
    fn set_filter(&mut self, _text: &str) {}
    /// Lines before the filter.
    fn total(&self) -> usize {
        self.len()
    }
    /// A key in the filter that no line has.
    fn unknown_key(&self) -> Option<String> {
        None
    }
    /// Changes the order; false if the list has only one.
    fn sort(&mut self, _change: Change, _width: u16) -> bool {
        false
    }
}
