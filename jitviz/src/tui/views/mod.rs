//! The views, one file each: what they hold, what keys do to it, how it is drawn.

pub mod guards;
pub mod order;
pub mod overview;
pub mod source;
pub mod trace;
pub mod traces;

use std::borrow::Cow;

use super::scroll::Scroll;

/// A list with a cursor: what moving, searching, copying and explaining work on in every view.
pub trait Listing {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The line as text, for searching and copying.
    fn text(&self, line: usize) -> Cow<'_, str>;
    fn scroll(&self) -> &Scroll;
    fn scroll_mut(&mut self) -> &mut Scroll;
    /// The id of the term that explains what is under the cursor.
    fn term(&self) -> &'static str;
}
