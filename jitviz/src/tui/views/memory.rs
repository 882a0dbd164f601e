//! View 8, Memory: the heap, the pauses of the collector and machine code over time, the account of memory by purpose, then
//! the lines that allocate.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::table::TableView;
use super::timeline::sign;
use crate::analyse::memory::{MemoryReport, SiteRow};
use crate::analyse::timeline::Lanes;
use crate::model::LocId;
use crate::styled::{Line, Role};
use crate::text;
use crate::text::sites::SITES;
use crate::tui::arrange::Kind;
use crate::tui::layout;
use crate::tui::lists::{Rows, Seen};
use crate::tui::paint::Brush;
use crate::units;

#[derive(Debug)]
pub struct MemoryView {
    report: Arc<MemoryReport>,
    /// The lanes of this view at the width they were made for.
    lanes: Lanes,
    width: u16,
    /// The account as `jitviz memory` prints it.
    account: Vec<Line>,
    pub table: TableView<SiteRow>,
}

const LABEL: usize = 10;
/// The column at which a part of the account is shown over time, and the most columns of that.
const OVER_TIME_AT: usize = 60;
const OVER_TIME: usize = 48;
/// Lines of the account after its parts that say what they come to: in all, resident, remainder.
const SUMS: usize = 3;

static KIND: Kind<SiteRow> = Kind {
    columns: SITES,
    first_sort: "bytes",
    same: |a, b| (&a.ty, &a.place) == (&b.ty, &b.place),
    forest: None,
    empty: "no allocation was sampled in this log",
};

/// The account by purpose as lines; none if nothing was measured.
fn account_of(seen: &Seen) -> Vec<Line> {
    let mut account = Vec::new();
    if !seen.memory.account.parts.is_empty() {
        text::memory::account(&seen.memory, &mut account);
    }
    account
}

impl MemoryView {
    pub fn new(seen: &Seen) -> MemoryView {
        MemoryView {
            account: account_of(seen),
            table: TableView::new(&KIND, seen.sites.clone()),
            report: seen.memory.clone(),
            lanes: Lanes { from_ns: 0, to_ns: 0, lanes: Vec::new() },
            width: 0,
        }
    }

    /// Shows another model. Returns what is not needed any more.
    pub fn renew(&mut self, seen: &Seen) -> (Arc<MemoryReport>, Arc<Rows<SiteRow>>) {
        self.width = 0;
        self.account = account_of(seen);
        let report = std::mem::replace(&mut self.report, seen.memory.clone());
        (report, self.table.renew(seen.sites.clone()))
    }

    /// Computes the lanes anew for a screen of another width.
    pub fn fit(&mut self, seen: &Seen, width: u16) {
        if width != self.width {
            self.width = width;
            let from = seen.model.span.map_or(0, |span| span.from_ns);
            let columns = usize::from(width).saturating_sub(LABEL + 1).max(1);
            self.lanes = seen.tracks.lanes(from, from.saturating_add(seen.model.duration_ns), columns);
        }
    }

    pub fn loc(&self) -> Option<LocId> {
        self.table.selected()?.loc.known()
    }

    pub fn detail(&self) -> Line {
        let Some(row) = self.table.selected() else { return Line::new() };
        let mut line = Line::of(Role::Title, format!("{} of {}", units::bytes(row.bytes), row.ty));
        line.push(Role::Plain, format!(" by {}", text::columns::place(&row.place)));
        line.push(
            Role::Dim,
            format!(", from {}: what was allocated, freed or not", units::plural(row.samples, "sample")),
        );
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush) {
        let parts = layout::memory(area, self.account_lines());
        for (row, line) in self.chart(parts.chart.height).iter().enumerate() {
            brush.line(buf, parts.chart, parts.chart.y + row as u16, line, 0);
        }
        for (row, line) in self.account(parts.account).iter().enumerate() {
            brush.line(buf, parts.account, parts.account.y + row as u16, line, 0);
        }
        self.table.draw(buf, parts.table, brush);
    }

    /// Lines that the account has, with an empty one.
    pub fn account_lines(&self) -> u16 {
        if self.account.is_empty() { 0 } else { self.account.len() as u16 + 1 }
    }

    /// As many lines of the account as there is room for: the smallest parts are left out first. Beside each part it is
    /// shown over time.
    fn account(&self, room: Rect) -> Vec<Line> {
        let parts = &self.report.account.parts;
        let (start, end) = (self.lanes.from_ns, self.lanes.to_ns.max(self.lanes.from_ns + 1));
        let columns = usize::from(room.width).saturating_sub(OVER_TIME_AT).min(OVER_TIME);
        let highest = parts.iter().flat_map(|part| &part.over_time).map(|point| point.1).max().unwrap_or(1);
        let mut lines = self.account.clone();
        for (line, part) in lines.iter_mut().skip(1).zip(parts) {
            if columns > 0 && !part.over_time.is_empty() {
                let held = |column: usize| {
                    let moment = start + ((end - start) as u128 * (column as u128 + 1) / columns as u128) as u64;
                    let after = part.over_time.partition_point(|point| point.0 <= moment);
                    after.checked_sub(1).map(|last| part.over_time[last].1)
                };
                line.pad_to(OVER_TIME_AT);
                line.push(Role::Name, (0..columns).map(|column| sign(held(column), highest)).collect::<String>());
            }
        }
        let left_out = lines.len().saturating_sub(usize::from(room.height));
        let last_part = (1 + parts.len()).min(lines.len());
        let sums = if usize::from(room.height) > SUMS + 1 { SUMS } else { 0 };
        // What follows the sums goes first, then the smallest parts.
        let kept_sums = (last_part + sums).min(lines.len());
        let behind = lines.len() - kept_sums;
        lines.truncate(lines.len() - behind.min(left_out));
        let parts_out = left_out.saturating_sub(behind).min(parts.len());
        lines.drain(last_part - parts_out..last_part);
        lines.truncate(room.height.into());
        lines
    }

    /// As many lines as there is room for, the most telling first.
    fn chart(&self, height: u16) -> Vec<Line> {
        let lane = |id: &str| self.lanes.lanes.iter().find(|l| l.id == id);
        let fact = |name: &str, text: String| {
            let mut line = Line::of(Role::Title, name);
            line.pad_to(LABEL);
            line.with(Role::Plain, text)
        };
        let spark = |name: &str, id: &str, role: Role| {
            let mut line = Line::of(role, name);
            line.pad_to(LABEL);
            let cells = lane(id).map(|l| l.cells.as_slice()).unwrap_or_default();
            let highest = cells.iter().flatten().copied().max().unwrap_or(1);
            line.push(role, cells.iter().map(|cell| sign(*cell, highest)).collect::<String>());
            line
        };
        let r = &self.report;
        let known = |bytes: Option<u64>| bytes.map_or("not measured".into(), units::bytes);
        let heap = format!("peak {} · allocated {}", known(r.memory.heap_peak), known(r.memory.heap_allocated));
        let gc = match r.gc.collections {
            None => "collections not logged".to_string(),
            Some(0) => "no collections".to_string(),
            Some(n) => format!(
                "{} · {} · longest {}",
                units::plural(n, "collection"),
                units::ns(r.gc.pause_ns.unwrap_or(0)),
                units::ns(r.gc.pause_max_ns.unwrap_or(0))
            ),
        };
        let code = format!(
            "{} · metadata {} · log {}",
            known(r.memory.code),
            known(r.memory.metadata),
            units::bytes(r.memory.log)
        );
        let lines = [
            (1, fact("heap", heap)),
            (0, spark("", "heap", Role::Name)),
            (2, fact("gc", gc)),
            (4, spark("", "gc", Role::Warn)),
            (3, fact("code", code)),
            (5, spark("", "code", Role::Good)),
        ];
        let mut ranks: Vec<u16> = (0..lines.len() as u16).collect();
        ranks.truncate(height.into());
        lines.into_iter().filter(|(rank, _)| ranks.contains(rank)).map(|(_, line)| line).collect()
    }
}
