//! Tables: columns described once, with their key, order and cell, and laid out for any width.

use std::cmp::Ordering;

use crate::styled::{Charset, Line, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    /// Left, and cut at its start first: a path whose end matters.
    Place,
}

/// One column of a table over rows of type `R`.
pub struct Column<R: 'static> {
    /// The key in the JSON, and what `--sort` takes.
    pub key: &'static str,
    pub title: &'static str,
    pub align: Align,
    pub role: Role,
    /// What explains the column (see `terms.rs`).
    pub term: &'static str,
    /// How soon the column goes when there is no room; 0 stays to the last.
    pub rank: u8,
    /// Sorting by this column starts with the greatest.
    pub descending: bool,
    pub cell: fn(&R) -> String,
    pub order: fn(&R, &R) -> Ordering,
}

/// Which rows come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

impl Sort {
    /// By the column with this key, in its natural direction.
    pub fn by<R>(columns: &[Column<R>], key: &str) -> Option<Sort> {
        let column = columns.iter().position(|c| c.key == key)?;
        Some(Sort { column, descending: columns[column].descending })
    }

    pub fn reversed(self) -> Sort {
        Sort { descending: !self.descending, ..self }
    }

    /// Sorts; rows that are equal keep the order they had.
    pub fn apply<R>(self, columns: &[Column<R>], rows: &mut [R]) {
        let order = columns[self.column].order;
        rows.sort_by(|a, b| if self.descending { order(b, a) } else { order(a, b) });
    }

    /// The same for rows that stay where they are: sorts their indices.
    pub fn apply_to<R>(self, columns: &[Column<R>], rows: &[R], indices: &mut [usize]) {
        let order = columns[self.column].order;
        indices.sort_by(|&a, &b| match self.descending {
            true => order(&rows[b], &rows[a]),
            false => order(&rows[a], &rows[b]),
        });
    }
}

/// The width of every column's widest cell.
pub fn widths<R>(columns: &[Column<R>], rows: &[R], charset: Charset) -> Vec<usize> {
    let width = |cell: String| charset.width(&crate::clean::clean(&cell));
    columns.iter().map(|c| rows.iter().map(|r| width((c.cell)(r))).max().unwrap_or(0)).collect()
}

const GAP: usize = 2;

impl Align {
    /// A cell that may be cut keeps at least this much.
    fn least(self) -> usize {
        match self {
            Align::Left => 14,
            Align::Place => 22,
            Align::Right => usize::MAX,
        }
    }
}

/// Columns that are shown and their widths, for a table `room` wide: wide text columns shrink first, then the columns
/// of the highest rank go. A column without a single value takes no room, unless the rows are sorted by it.
pub fn layout<R>(columns: &[Column<R>], widths: &[usize], sort: Option<Sort>, room: usize) -> Vec<(usize, usize)> {
    let sorted = sort.map(|s| s.column);
    let wide = |(i, w): (usize, usize)| {
        // The sign of the order stands behind the title.
        let title = columns[i].title.len() + usize::from(sorted == Some(i));
        (w > 0 || sorted == Some(i)).then_some((i, w.max(title)))
    };
    let mut shown: Vec<(usize, usize)> = widths.iter().copied().enumerate().filter_map(wide).collect();
    let total = |shown: &[(usize, usize)]| shown.iter().map(|(_, w)| w + GAP).sum::<usize>().saturating_sub(GAP);
    loop {
        let mut over = total(&shown).saturating_sub(room);
        if over == 0 {
            return shown;
        }
        let can_shrink = |&(i, w): &(usize, usize)| w.saturating_sub(columns[i].align.least());
        if shown.iter().map(can_shrink).sum::<usize>() >= over {
            // The widest gives first, so that no column is cut while another has room to spare.
            while over > 0 {
                let Some(widest) = shown.iter_mut().filter(|c| can_shrink(c) > 0).max_by_key(|c| c.1) else { break };
                widest.1 -= 1;
                over -= 1;
            }
            return shown;
        }
        match (0..shown.len()).max_by_key(|&i| (columns[shown[i].0].rank, i)) {
            Some(last) if shown.len() > 1 => shown.remove(last),
            _ => {
                if let Some(only) = shown.first_mut() {
                    only.1 = only.1.min(room);
                }
                return shown;
            }
        };
    }
}

/// The line of column titles; the sorted one carries a sign.
pub fn head<R>(columns: &[Column<R>], shown: &[(usize, usize)], sort: Option<Sort>, charset: Charset) -> Line {
    cells(
        shown,
        |i| {
            let sign = match sort {
                Some(s) if s.column == i => charset.show(if s.descending { "▼" } else { "▲" }).into_owned(),
                _ => String::new(),
            };
            (Role::Title, columns[i].align, format!("{}{sign}", columns[i].title))
        },
        charset,
    )
}

/// One row.
pub fn row<R>(columns: &[Column<R>], shown: &[(usize, usize)], row: &R, charset: Charset) -> Line {
    row_with(columns, shown, row, charset, |_, cell| cell)
}

/// One row, whose cells `edit` may add to.
pub fn row_with<R>(
    columns: &[Column<R>],
    shown: &[(usize, usize)],
    row: &R,
    charset: Charset,
    edit: impl Fn(&Column<R>, String) -> String,
) -> Line {
    let cell = |i: usize| (columns[i].role, columns[i].align, edit(&columns[i], (columns[i].cell)(row)));
    cells(shown, cell, charset)
}

fn cells(shown: &[(usize, usize)], cell: impl Fn(usize) -> (Role, Align, String), charset: Charset) -> Line {
    let mut line = Line::new();
    for (n, &(i, width)) in shown.iter().enumerate() {
        let (role, align, text) = cell(i);
        let text = crate::clean::clean(&text);
        let text = if align == Align::Place { charset.fit_end(&text, width) } else { charset.fit(&text, width) };
        let blank = width.saturating_sub(charset.width(&text));
        let before = if align == Align::Right { blank } else { 0 };
        let gap = if n == 0 { 0 } else { GAP };
        line.push(Role::Plain, " ".repeat(gap + before));
        line.push(role, &text);
        if n + 1 < shown.len() {
            line.push(Role::Plain, " ".repeat(blank - before));
        }
    }
    line
}

/// Shorthand for cells of values that may be missing.
pub fn maybe<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map(show).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<(u64, &str)>] = &[
        Column {
            key: "n",
            title: "n",
            align: Align::Right,
            role: Role::Plain,
            term: "",
            rank: 0,
            descending: true,
            cell: |r| r.0.to_string(),
            order: |a, b| a.0.cmp(&b.0),
        },
        Column {
            key: "name",
            title: "name",
            align: Align::Left,
            role: Role::Name,
            term: "",
            rank: 1,
            descending: false,
            cell: |r| r.1.to_string(),
            order: |a, b| a.1.cmp(b.1),
        },
    ];

    #[test]
    fn no_line_is_wider_than_its_room() {
        let rows = [(1, "a rather long name of a function"), (1_000_000, "größe")];
        for charset in [Charset::UNICODE, Charset::ASCII] {
            let widths = widths(COLUMNS, &rows, charset);
            for room in 0..60 {
                let shown = layout(COLUMNS, &widths, None, room);
                for r in &rows {
                    let line = row(COLUMNS, &shown, r, charset);
                    assert!(line.width() <= room, "{room}: {:?}", line.plain());
                }
            }
        }
    }

    #[test]
    fn missing_values_come_last_when_the_greatest_come_first() {
        let mut rows = vec![(1, "b"), (3, "a"), (2, "c")];
        Sort::by(COLUMNS, "n").unwrap().apply(COLUMNS, &mut rows);
        assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [3, 2, 1]);
        assert!(Some(0) > None);
    }
}
