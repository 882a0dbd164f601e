//! The order and the columns of a table on screen: which are shown, sorting by the next, clicking a title.

use crate::text::table::{self, Column, Sort};

/// What a key or a click does to the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// By the next column on screen.
    Next,
    Reverse,
    /// By the column whose title is there.
    Click(u16),
    /// As it was at first.
    First,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub sort: Sort,
    pub widths: Vec<usize>,
}

impl Order {
    pub fn new<R>(columns: &[Column<R>], widths: &[usize], key: &str) -> Order {
        let sort = Sort::by(columns, key).expect("the table of columns has the key it starts with");
        Order { sort, widths: widths.to_vec() }
    }

    /// Columns on a screen this wide; one column of the screen is for the sign of the cursor.
    pub fn shown<R>(&self, columns: &[Column<R>], width: u16) -> Vec<(usize, usize)> {
        table::layout(columns, &self.widths, Some(self.sort), usize::from(width).saturating_sub(1))
    }

    /// Takes the next column among those on screen.
    pub fn next<R>(&mut self, columns: &[Column<R>], width: u16) {
        let shown = self.shown(columns, width);
        let at = shown.iter().position(|(i, _)| *i == self.sort.column).map_or(0, |at| (at + 1) % shown.len().max(1));
        if let Some(&(column, _)) = shown.get(at) {
            self.sort = Sort { column, descending: columns[column].descending };
        }
    }

    /// Takes the column whose title is at `x`; a second time turns the order round.
    pub fn click<R>(&mut self, columns: &[Column<R>], x: u16, width: u16) {
        let mut left = 1;
        for (column, columns_wide) in self.shown(columns, width) {
            if usize::from(x) >= left && usize::from(x) < left + columns_wide {
                self.sort = match self.sort.column == column {
                    true => self.sort.reversed(),
                    false => Sort { column, descending: columns[column].descending },
                };
                return;
            }
            left += columns_wide + 2;
        }
    }
}
