//! Draws a state: tabs, the view, the line about what is under the cursor, the footer, and what lies on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::action::ViewId;
use super::app::{App, Reading};
use super::keys;
use super::layout;
use super::lists::LISTS;
use super::overlay::{Help, Overlay};
use super::paint::{Brush, Emphasis};
use super::views::{aborts, guards, traces};
use crate::styled::{Line, Role};
use crate::terms::Term;
use crate::text::wrap::wrap;
use crate::units;

/// Draws the whole screen into a buffer of any size.
pub fn draw(app: &App, buf: &mut Buffer) {
    let brush = Brush { color: app.options.color, charset: app.options.charset };
    let size = (buf.area.width, buf.area.height);
    let Some(screen) = layout::screen(size) else {
        let (width, height) = layout::SMALLEST;
        let text = format!("too small: {width}x{height} needed");
        return brush.line(buf, buf.area, buf.area.y, &Line::of(Role::Plain, text), 0);
    };
    tabs(app, buf, screen.tabs, &brush);
    match (app.view, &app.trace) {
        (ViewId::Timeline, _) => app.timeline.draw(buf, screen.body, &brush, &app.clock),
        (ViewId::Traces, _) => app.traces.draw(buf, screen.body, &brush),
        (ViewId::Trace, Some(trace)) => trace.draw(buf, screen.body, &brush),
        (ViewId::Guards, _) => app.guards.draw(buf, screen.body, &brush),
        (ViewId::Aborts, _) => app.aborts.draw(buf, screen.body, &brush),
        (ViewId::Source, _) => app.source().draw(buf, screen.body, &brush),
        (ViewId::Memory, _) => app.memory.draw(buf, screen.body, &brush),
        (ViewId::Flame, _) => app.flame.draw(buf, screen.body, &brush, &app.search),
        (ViewId::Diff, _) => app.diff.draw(buf, screen.body, &brush),
        (ViewId::Overview | ViewId::Trace, _) => app.overview.draw(buf, screen.body, &brush),
    }
    let detail = match (app.view, &app.trace) {
        _ if app.reading.can_be_stopped() => progress(app, screen.detail.width),
        (ViewId::Source, _) if app.lines_late().is_some() => lines_progress(app),
        (ViewId::Timeline, _) => app.timeline.detail(&app.clock),
        (ViewId::Traces, _) => traces::detail(&app.traces),
        (ViewId::Trace, Some(trace)) => trace.detail(screen.body),
        (ViewId::Guards, _) => guards::detail(&app.guards, &app.model),
        (ViewId::Aborts, _) => aborts::detail(&app.aborts),
        (ViewId::Source, _) => app.source().detail(),
        (ViewId::Memory, _) => app.memory.detail(),
        (ViewId::Flame, _) => app.flame.detail(&app.search),
        (ViewId::Diff, _) => app.diff.detail(screen.body.width),
        (ViewId::Overview | ViewId::Trace, _) => app.overview.detail(),
    };
    brush.line(buf, screen.detail, screen.detail.y, &detail, 0);
    footer(app, buf, screen.foot, &brush);
    match &app.overlay {
        Some(Overlay::Help(overlay)) => help(overlay, buf, size, &brush),
        Some(Overlay::Explain(term, said)) => explain(term, said.as_deref(), buf, size, &brush),
        None => {}
    }
}

/// How far the reading is; what is on screen is of what was read.
fn progress(app: &App, width: u16) -> Line {
    let (done, total, what) = match app.reading {
        Reading::Under { done, total } => {
            (done, total, format!("reading {} of {} ", units::bytes(done), units::bytes(total)))
        }
        Reading::Listing { done } => (done, LISTS, "all is read, making the lists ".into()),
        _ => return Line::new(),
    };
    let share = units::share(done, total.max(1)).unwrap_or_default();
    let mut line = Line::of(Role::Title, what);
    let room = usize::from(width).saturating_sub(line.width() + share.len() + 16);
    let full = (room as u128 * u128::from(done) / u128::from(total.max(1))) as usize;
    line.push(Role::Good, "█".repeat(full.min(room)));
    line.push(Role::Dim, "·".repeat(room - full.min(room)));
    line.push(Role::Title, format!(" {share}"));
    line.push(Role::Dim, "  Esc stops");
    line
}

/// How far the lines of the source are; those on screen are of before.
fn lines_progress(app: &App) -> Line {
    let text = match app.lines_late() {
        Some((done, total)) if total > 0 => {
            format!("reading the inside of traces: {} of {}", units::count(done as u64), units::count(total as u64))
        }
        _ => "reading the inside of traces".into(),
    };
    Line::of(Role::Title, text)
}

/// How much of the tabs there is room for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Full,
    Tight,
    /// The numbers, and the name of the view that is shown.
    Numbers,
}

/// The label of a view's tab.
fn tab(view: ViewId, tabs: Tabs, shown: ViewId) -> String {
    match tabs {
        Tabs::Full => format!(" {} {} ", view.key(), view.name()),
        Tabs::Tight | Tabs::Numbers if view == shown => format!("{} {} ", view.key(), view.name()),
        Tabs::Tight => format!("{} {} ", view.key(), view.short()),
        Tabs::Numbers => format!("{} ", view.key()),
    }
}

/// The widest tabs that leave room for what stands on the right.
fn tabs_of(app: &App) -> Tabs {
    let (status, _) = status(app);
    let room = usize::from(app.size.0).saturating_sub(status.width());
    let fits = |tabs: &Tabs| app.views().map(|v| tab(v, *tabs, app.view).width()).sum::<usize>() <= room;
    [Tabs::Full, Tabs::Tight].into_iter().find(fits).unwrap_or(Tabs::Numbers)
}

/// The view whose tab is at a column.
pub fn tab_at(app: &App, x: u16) -> Option<ViewId> {
    let tabs = tabs_of(app);
    let mut left = 0;
    app.views().find(|view| {
        left += tab(*view, tabs, app.view).width();
        usize::from(x) < left
    })
}

/// What must be seen: the time the views are of, and whether the log is whole; and what may go: the program's name.
fn status(app: &App) -> (Line, String) {
    let mut line = Line::new();
    if let Some(time) = app.clock.text() {
        let is_late = app.pending.is_some() || app.lines_late().is_some();
        let sign = if is_late { "… " } else { "" };
        let sign = if app.clock.playing { "▸ " } else { sign };
        line.push(Role::Warn, format!("  {sign}{time}"));
    }
    match app.reading {
        Reading::Live => line.push(Role::Good, "  live"),
        Reading::Stopped => line.push(Role::Bad, "  partly read"),
        _ if !app.model.health.text.is_empty() => line.push(Role::Bad, format!("  {}", app.model.health.word)),
        _ => {}
    }
    let problems = app.model.problems.len() as u64;
    if problems > 0 {
        line.push(Role::Bad, format!("  {}", units::plural(problems, "problem")));
    }
    let name = app.model.program.process.argv.first().unwrap_or(&app.model.name);
    (line, crate::clean::clean(name.rsplit('/').next().unwrap_or(name)).into_owned())
}

fn tabs(app: &App, buf: &mut Buffer, area: Rect, brush: &Brush) {
    let mut x = area.x;
    let tabs = tabs_of(app);
    for view in app.views() {
        let mut style = brush.style(if view == app.view { Role::Title } else { Role::Dim });
        if view == app.view {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let text = tab(view, tabs, app.view);
        let (end, _) = buf.set_stringn(x, area.y, text, area.right().saturating_sub(x).into(), style);
        x = end;
    }
    let room = usize::from(area.right().saturating_sub(x));
    let (status, name) = status(app);
    let name = brush.charset.fit(&name, room.saturating_sub(status.width() + 2));
    let line = Line::of(Role::Name, &name).join(status);
    let width = line.width().min(room) as u16;
    let right = Rect { x: area.right() - width, width, ..area };
    brush.line(buf, right, area.y, &line, 0);
}

fn footer(app: &App, buf: &mut Buffer, area: Rect, brush: &Brush) {
    let cursor = app.list().scroll().cursor;
    let mut line = Line::new();
    if let Some(notice) = &app.notice {
        line.push(Role::Warn, notice);
    } else if app.filtering || app.list().filter().is_some_and(|f| !f.text.is_empty()) && !app.search.is_active() {
        let list = app.list();
        let text = list.filter().map(|f| f.text.as_str()).unwrap_or_default();
        line.push(Role::Title, format!("filter: {text}{}", if app.filtering { "_" } else { "" }));
        if app.view != ViewId::Flame {
            line.push(
                Role::Plain,
                format!("  {} of {}", units::count(list.len() as u64), units::count(list.total() as u64)),
            );
        }
        if let Some(key) = list.unknown_key() {
            line.push(Role::Warn, format!("  no row has {key}"));
        }
        line.push(Role::Dim, if app.filtering { "  Enter keeps, Esc ends" } else { "  f changes, Esc ends" });
    } else if app.search.is_active() {
        line.push(Role::Title, format!("/{}", app.search.text));
        if app.search.typing {
            line.push(Role::Title, "_");
        }
        line.push(Role::Plain, format!("  {}", app.search.tally(cursor)));
        line.push(
            Role::Dim,
            if app.search.typing { "  Enter keeps, Esc ends" } else { "  n next  N before  Esc ends" },
        );
    } else {
        let more = usize::from(area.width);
        let hints: Vec<(String, &str)> = keys::footer(app.view).collect();
        let width = |(key, short): &(String, &str)| key.width() + short.width() + 3;
        // Who sees no hint that helps looks for the help.
        let help = hints.iter().find(|hint| hint.1 == "help").map_or(0, width);
        for (key, short) in hints {
            let kept = if short == "help" { 0 } else { help };
            // Whole hints only.
            if line.width() + width(&(key.clone(), short)) + kept > more {
                continue;
            }
            if !line.spans.is_empty() {
                line.push(Role::Plain, "  ");
            }
            line.push(Role::Title, key);
            line.push(Role::Dim, format!(" {short}"));
        }
    }
    brush.line(buf, area, area.y, &line, 0);
}

/// An empty box with a title; returns the room inside.
fn frame(buf: &mut Buffer, area: Rect, title: &Line, brush: &Brush) -> Rect {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    let across = "─".repeat(usize::from(area.width).saturating_sub(2));
    let edge = |left: &str, right: &str| Line::of(Role::Dim, format!("{left}{across}{right}"));
    for y in area.top()..area.bottom() {
        let side = Line::of(Role::Dim, "│");
        brush.line(buf, area, y, &side, 0);
        let right = Rect { x: area.right().saturating_sub(1), width: 1.min(area.width), ..area };
        brush.line(buf, right, y, &side, 0);
    }
    brush.line(buf, area, area.y, &edge("╭", "╮"), 0);
    brush.line(buf, area, area.bottom().saturating_sub(1), &edge("╰", "╯"), 0);
    let name = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(4), ..area };
    brush.line(buf, name, area.y, title, 0);
    Rect {
        x: area.x + 1.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

fn help(help: &Help, buf: &mut Buffer, size: (u16, u16), brush: &Brush) {
    let mut title = Line::of(Role::Title, " Keys ");
    if help.typing || !help.filter.is_empty() {
        title.push(Role::Title, format!(" /{}{} ", help.filter, if help.typing { "_" } else { "" }));
    } else {
        title.push(Role::Dim, " / searches, Esc closes ");
    }
    let inside = frame(buf, layout::help(size), &title, brush);
    for (row, line) in help.lines().iter().skip(help.top).take(inside.height.into()).enumerate() {
        brush.line(buf, inside, inside.y + row as u16, line, 0);
    }
}

fn explain(term: &Term, said: Option<&str>, buf: &mut Buffer, size: (u16, u16), brush: &Brush) {
    let width = size.0.min(72);
    let wrapped = |text: &str| wrap(text, usize::from(width).saturating_sub(4));
    let mut text = said.map(wrapped).unwrap_or_default();
    text.extend((!text.is_empty()).then(String::new));
    text.extend(wrapped(term.text));
    let area = layout::popup(size, width, text.len() as u16 + 2);
    let inside = frame(buf, area, &Line::of(Role::Title, format!(" {} ", term.title)), brush);
    for (row, line) in text.iter().enumerate() {
        brush.item(buf, inside, inside.y + row as u16, &Line::of(Role::Plain, line), 0, Emphasis::None);
    }
    buf.set_style(inside, Style::new());
}
