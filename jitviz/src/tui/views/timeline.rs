//! View 2, Timeline: lanes over the time of the run, and the events in words; the cursor is "now" for every view.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Listing;
use crate::analyse::timeline::{self, Lane, LaneUnit, Lanes, Tracks};
use crate::model::{Model, TraceId};
use crate::styled::{Line, Role};
use crate::text::columns;
use crate::tui::arrange::Lines;
use crate::tui::layout;
use crate::tui::paint::{Brush, Emphasis};
use crate::tui::scroll::Scroll;
use crate::tui::time::Clock;
use crate::units;

#[derive(Debug)]
pub struct TimelineView {
    /// The whole run, whatever part of it the other views show.
    model: Arc<Model>,
    tracks: Arc<Tracks>,
    /// What is on screen.
    pub from_ns: u64,
    pub to_ns: u64,
    lanes: Lanes,
    width: u16,
    /// Over the events.
    scroll: Scroll,
}

/// The column of the labels.
const LABEL: u16 = 12;
/// The column of the sums, on screens that have room.
const TOTAL: u16 = 11;
const TOTALS_FROM: u16 = 70;
/// Nothing is closer in time than this.
const SHORTEST_NS: u64 = 1_000;

impl TimelineView {
    pub fn new(model: Arc<Model>, tracks: Arc<Tracks>) -> TimelineView {
        let to_ns = model.duration_ns.max(1);
        let last = model.moments.len().saturating_sub(1);
        TimelineView {
            lanes: tracks.lanes(0, to_ns, 1),
            model,
            tracks,
            from_ns: 0,
            to_ns,
            width: 0,
            scroll: Scroll { cursor: last, ..Scroll::default() },
        }
    }

    /// The same place in a model that knows more of the run. Returns what is not needed any more.
    pub fn renew(&mut self, model: Arc<Model>, tracks: Arc<Tracks>) -> (Arc<Model>, Arc<Tracks>) {
        let showed_all = self.from_ns == 0 && self.to_ns >= self.model.duration_ns.max(1);
        let at_end = self.scroll.cursor + 1 >= self.model.moments.len();
        let old = (std::mem::replace(&mut self.model, model), std::mem::replace(&mut self.tracks, tracks));
        if showed_all || self.to_ns > self.end() {
            self.to_ns = self.end();
            self.from_ns = self.from_ns.min(self.to_ns.saturating_sub(1));
        }
        if at_end {
            self.scroll.cursor = self.model.moments.len().saturating_sub(1);
        }
        let width = std::mem::take(&mut self.width);
        self.fit(width);
        old
    }

    pub fn end(&self) -> u64 {
        self.model.duration_ns.max(1)
    }

    /// Computes the lanes anew for a screen of another width.
    pub fn fit(&mut self, width: u16) {
        if width != self.width {
            self.width = width;
            self.lanes = self.tracks.lanes(self.from_ns, self.to_ns, usize::from(cells(width)));
        }
    }

    fn look_at(&mut self, from_ns: u64, to_ns: u64) {
        (self.from_ns, self.to_ns) = (from_ns, to_ns);
        let width = std::mem::take(&mut self.width);
        self.fit(width);
    }

    /// Half as much time around a moment, or twice as much.
    pub fn zoom(&mut self, closer: bool, around_ns: u64) {
        let whole = self.end();
        let length = self.to_ns - self.from_ns;
        let wanted = if closer { length / 2 } else { length.saturating_mul(2) };
        let wanted = wanted.clamp(SHORTEST_NS.min(whole), whole);
        // The moment stays where it is on screen.
        let before = u128::from(around_ns.clamp(self.from_ns, self.to_ns) - self.from_ns);
        let before = (before * u128::from(wanted) / u128::from(length.max(1))) as u64;
        let from = around_ns.min(whole).saturating_sub(before).min(whole - wanted);
        self.look_at(from, from + wanted);
    }

    pub fn is_zoomed(&self) -> bool {
        self.from_ns > 0 || self.to_ns < self.end()
    }

    pub fn show_all(&mut self) {
        let end = self.end();
        self.look_at(0, end);
    }

    /// Exactly a range.
    pub fn show(&mut self, (from_ns, to_ns): (u64, u64)) {
        let length = (to_ns - from_ns).max(SHORTEST_NS.min(self.end()));
        let from = from_ns.min(self.end() - length);
        self.look_at(from, from + length);
    }

    /// Brings a moment on screen.
    pub fn reveal(&mut self, at_ns: u64) {
        let length = self.to_ns - self.from_ns;
        if at_ns < self.from_ns || at_ns >= self.to_ns {
            let from = at_ns.saturating_sub(length / 2).min(self.end().saturating_sub(length));
            self.look_at(from, from + length);
        }
    }

    /// Time of one column.
    pub fn step(&self) -> u64 {
        ((self.to_ns - self.from_ns) / u64::from(cells(self.width).max(1))).max(1)
    }

    /// The moment at a column of the screen.
    pub fn at(&self, x: u16) -> Option<u64> {
        let column = x.checked_sub(LABEL)?;
        let columns = cells(self.width);
        let length = u128::from(self.to_ns - self.from_ns);
        (column < columns).then(|| self.from_ns + (length * u128::from(column) / u128::from(columns)) as u64)
    }

    fn column(&self, at_ns: u64) -> Option<u16> {
        let columns = u128::from(cells(self.width));
        let after = u128::from(at_ns.checked_sub(self.from_ns)?);
        let column = after * columns / u128::from((self.to_ns - self.from_ns).max(1));
        // The end of the run is the last column's.
        let column = if at_ns == self.to_ns { column.min(columns.saturating_sub(1)) } else { column };
        (column < columns).then_some(LABEL + column as u16)
    }

    /// Puts the cursor on the last event up to a moment.
    pub fn select(&mut self, now_ns: u64) {
        self.scroll.cursor = self.model.moments.partition_point(|m| m.at_ns <= now_ns).saturating_sub(1);
    }

    /// The moment of the event under the cursor.
    pub fn moment(&self) -> Option<u64> {
        self.model.moments.get(self.scroll.cursor).map(|m| m.at_ns)
    }

    /// The trace the event under the cursor is about.
    pub fn target(&self) -> Option<TraceId> {
        self.model.moments.get(self.scroll.cursor)?.what.trace()
    }

    /// Lanes that have room, those without anything to show left out.
    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.lanes.iter().filter(|lane| lane.cells.iter().any(Option::is_some))
    }

    pub fn lanes_shown(&self) -> u16 {
        self.lanes().count() as u16
    }

    /// What is under the cursor of time.
    pub fn detail(&self, clock: &Clock) -> Line {
        if let Some((from, to)) = clock.range {
            let mut line = Line::of(Role::Title, format!("{} to {}", units::ns(from), units::ns(to)));
            line.push(
                Role::Plain,
                format!(", {} long: every view is of this range; w shows the whole run", units::ns(to - from)),
            );
            return line;
        }
        let now = clock.now.unwrap_or(self.end());
        let mut line = Line::of(Role::Title, format!("at {}", units::ns(now)));
        if let Some(column) = self.column(now.min(self.to_ns - 1)).map(|x| usize::from(x - LABEL)) {
            let cell = self.to_ns.saturating_sub(self.from_ns) / u64::from(cells(self.width).max(1));
            // The values are of all its time, which is as long as the screen lets it be.
            line = Line::of(Role::Title, format!("column of {}", units::ns(now)));
            for lane in self.lanes() {
                let Some(value) = lane.cells.get(column).copied().flatten() else { continue };
                let text = match lane.unit {
                    LaneUnit::Nanoseconds => units::share(value.min(cell), cell.max(1)).unwrap_or_default(),
                    LaneUnit::Bytes => units::bytes(value),
                    LaneUnit::Count => units::count(value),
                };
                line.push(Role::Dim, format!("  {} ", lane.id));
                line.push(Role::Plain, text);
            }
        }
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush, clock: &Clock) {
        let parts = layout::timeline(area, self.lanes_shown());
        self.draw_axis(buf, parts.axis, brush, clock);
        for (row, lane) in self.lanes().take(parts.lanes.height.into()).enumerate() {
            let y = parts.lanes.y + row as u16;
            let line = self.lane_line(lane, area.width);
            brush.line(buf, parts.lanes, y, &line, 0);
        }
        if let Some(x) = self.column(clock.now.unwrap_or(self.end()).min(self.end())) {
            for y in parts.axis.top()..parts.lanes.bottom() {
                let cell = Rect { x, y, width: 1, height: 1 }.intersection(buf.area);
                buf.set_style(cell, Style::new().remove_modifier(Modifier::DIM).add_modifier(Modifier::REVERSED));
            }
        }
        for row in 0..usize::from(parts.list.height) {
            let at = self.scroll.top + row;
            let Some(moment) = self.model.moments.get(at) else { break };
            let found = timeline::row(&self.model, moment);
            let mut line = Line::of(Role::Dim, format!("{:>9}  ", units::ns(found.at_ns)));
            line.push(role_of(found.what), format!("{:13} ", found.what));
            line.push(Role::Plain, &found.text);
            let emphasis = if at == self.scroll.cursor { Emphasis::Cursor } else { Emphasis::None };
            brush.item(buf, parts.list, parts.list.y + row as u16, &line, self.scroll.left, emphasis);
        }
        if self.model.moments.is_empty() {
            brush.item(buf, parts.list, parts.list.y, &Line::of(Role::Dim, "no events in this log"), 0, Emphasis::None);
        }
    }

    /// Times along the top, the cursor and the chosen range below them.
    fn draw_axis(&self, buf: &mut Buffer, area: Rect, brush: &Brush, clock: &Clock) {
        let columns = cells(area.width);
        let mut x = LABEL;
        while x < LABEL + columns {
            let Some(at) = self.at(x) else { break };
            let text = brush.charset.show(&units::ns(at)).into_owned();
            let width = text.chars().count() as u16;
            if x + width + 1 < LABEL + columns {
                let cell = Rect { x, width, ..area };
                brush.line(buf, cell, area.y, &Line::of(Role::Dim, &text), 0);
            }
            x = x.saturating_add((width + 6).max(columns / 6));
        }
        if area.height < 2 {
            return;
        }
        let y = area.y + 1;
        let rule = Line::of(Role::Dim, "─".repeat(columns.into()));
        brush.line(buf, Rect { x: LABEL.min(area.width), width: columns.min(area.width), ..area }, y, &rule, 0);
        let mut sign = |at: u64, text: &str| {
            if let Some(x) = self.column(at) {
                brush.line(buf, Rect { x, width: 1, ..area }, y, &Line::of(Role::Title, text), 0);
            }
        };
        if let Some(from) = clock.from {
            sign(from, "[");
        }
        if let Some((from, to)) = clock.range {
            let step = self.step();
            let (first, last) = (from.max(self.from_ns), to.min(self.to_ns));
            for at in (0..columns.into()).map(|i: u64| self.from_ns.saturating_add(i * step)) {
                if at > first && at < last {
                    sign(at, "█");
                }
            }
            sign(from, "[");
            sign(to, "]");
        }
        sign(clock.now.unwrap_or(self.end()), "▼");
    }

    fn lane_line(&self, lane: &Lane, width: u16) -> Line {
        let role = role_of(lane.id);
        let mut line = Line::of(role, lane.id);
        line.pad_to(LABEL.into());
        let highest = match lane.unit {
            LaneUnit::Nanoseconds => self.step(),
            _ => lane.cells.iter().flatten().copied().max().unwrap_or(1),
        };
        // A run of like signs is one span.
        let steps = lane.cells.iter().map(|cell| sign(*cell, highest));
        line.push(role, steps.collect::<String>());
        if width >= TOTALS_FROM {
            let total = match lane.unit {
                LaneUnit::Nanoseconds => units::ns(lane.total),
                LaneUnit::Bytes => units::bytes(lane.total),
                LaneUnit::Count => units::count(lane.total),
            };
            line.push(Role::Dim, format!(" {total:>10}"));
        }
        line
    }
}

/// A bar as high as the value; what is there at all shows.
pub fn sign(value: Option<u64>, highest: u64) -> &'static str {
    match value {
        None | Some(0) => " ",
        Some(value) => {
            let eighths = (u128::from(value) * 8).div_ceil(u128::from(highest.max(1))).clamp(1, 8);
            columns::heat(eighths as u64)
        }
    }
}

fn cells(width: u16) -> u16 {
    let totals = if width >= TOTALS_FROM { TOTAL } else { 0 };
    width.saturating_sub(LABEL + totals).max(1)
}

/// The colour of a lane and of the events that belong to it.
fn role_of(id: &str) -> Role {
    match id {
        "interp" | "invalidated" | "first failure" => Role::Warn,
        "compiled" | "installed" | "attached" | "bridges" => Role::Good,
        "native" => Role::Name,
        "jit" | "recordings" | "recording" | "recorded" => Role::Source,
        "aborted" | "given up" | "failures" | "flushed" => Role::Bad,
        _ => Role::Plain,
    }
}

/// The events of a model, as lines.
struct EventLines(Arc<Model>);

impl Lines for EventLines {
    fn len(&self) -> usize {
        self.0.moments.len()
    }
    fn text(&self, line: usize) -> String {
        event_text(&self.0, line)
    }
}

fn event_text(model: &Model, line: usize) -> String {
    let Some(moment) = model.moments.get(line) else { return String::new() };
    let row = timeline::row(model, moment);
    crate::clean::clean(&format!("{}  {}  {}", units::ns(row.at_ns), row.what, row.text)).into_owned()
}

impl Listing for TimelineView {
    fn len(&self) -> usize {
        self.model.moments.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        event_text(&self.model, line).into()
    }
    fn lines(&self) -> Option<Box<dyn Lines>> {
        Some(Box::new(EventLines(self.model.clone())))
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        "timeline"
    }
}
