//! The columns of the table of lines that allocate.

use super::columns::signed;
use super::table::{Align, Column};
use crate::analyse::memory::SiteRow;
use crate::styled::Role;
use crate::units;

const fn column(key: &'static str, title: &'static str, rank: u8, cell: fn(&SiteRow) -> String) -> Column<SiteRow> {
    Column {
        key,
        title,
        align: Align::Right,
        role: Role::Plain,
        term: "allocations",
        rank,
        descending: true,
        cell,
        order: |a, b| a.bytes.cmp(&b.bytes),
    }
}

pub const SITES: &[Column<SiteRow>] = &[
    column("bytes", "allocated", 0, |r| units::bytes(r.bytes)),
    Column {
        role: Role::Warn,
        term: "change",
        order: |a, b| a.change.map(i64::unsigned_abs).cmp(&b.change.map(i64::unsigned_abs)),
        ..column("change", "change", 1, |r| r.change.map(|n| signed(n, units::bytes)).unwrap_or_default())
    },
    column("permille", "share", 3, |r| units::share(r.permille, 1_000).unwrap_or_default()),
    Column {
        align: Align::Left,
        descending: false,
        order: |a, b| a.ty.cmp(&b.ty),
        ..column("type", "type", 1, |r| r.ty.clone())
    },
    Column {
        align: Align::Place,
        role: Role::Name,
        term: "place",
        descending: false,
        order: |a, b| a.place.cmp(&b.place),
        ..column("file", "where", 1, |r| super::columns::place(&r.place))
    },
    Column { order: |a, b| a.samples.cmp(&b.samples), ..column("samples", "samples", 4, |r| units::count(r.samples)) },
];
