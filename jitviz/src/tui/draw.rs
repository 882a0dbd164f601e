//! Draws a state: tabs, the view, the line about what is under the cursor, the footer, and what lies on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::action::ViewId;
use super::app::App;
use super::keys;
use super::layout;
use super::overlay::{Help, Overlay};
use super::paint::{Brush, Emphasis};
use crate::styled::{Line, Role};
use crate::terms::Term;
use crate::text::wrap::wrap;

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
        (ViewId::Traces, _) => app.traces.draw(buf, screen.body, &brush),
        (ViewId::Trace, Some(trace)) => trace.draw(buf, screen.body, &brush),
        (ViewId::Guards, _) => app.guards.draw(buf, screen.body, &brush),
        (ViewId::Source, _) => app.source().draw(buf, screen.body, &brush),
        _ => app.overview.draw(buf, screen.body, &brush),
    }
    let detail = match (app.view, &app.trace) {
        (ViewId::Traces, _) => app.traces.detail(),
        (ViewId::Trace, Some(trace)) => trace.detail(screen.body),
        (ViewId::Guards, _) => app.guards.detail(&app.model),
        (ViewId::Source, _) => app.source().detail(),
        _ => app.overview.detail(),
    };
    brush.line(buf, screen.detail, screen.detail.y, &detail, 0);
    footer(app, buf, screen.foot, &brush);
    match &app.overlay {
        Some(Overlay::Help(overlay)) => help(overlay, buf, size, &brush),
        Some(Overlay::Explain(term)) => explain(term, buf, size, &brush),
        None => {}
    }
}

/// The label of a view's tab.
fn tab(view: ViewId) -> String {
    format!(" {} {} ", view.key(), view.name())
}

/// The view whose tab is at a column.
pub fn tab_at(x: u16) -> Option<ViewId> {
    let mut left = 0;
    ViewId::ALL.into_iter().find(|view| {
        left += tab(*view).width();
        usize::from(x) < left
    })
}

fn tabs(app: &App, buf: &mut Buffer, area: Rect, brush: &Brush) {
    let mut x = area.x;
    for view in ViewId::ALL {
        let mut style = brush.style(if view == app.view { Role::Title } else { Role::Dim });
        if view == app.view {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let (end, _) = buf.set_stringn(x, area.y, tab(view), area.right().saturating_sub(x).into(), style);
        x = end;
    }
    // What is being looked at, and whether the log is whole, on the right.
    let room = usize::from(area.right().saturating_sub(x)).saturating_sub(2);
    let problems = app.model.problems.len() as u64;
    let mut health = String::new();
    if !app.model.health.text.is_empty() {
        health.push_str(&format!("  {}", app.model.health.word));
    }
    if problems > 0 {
        health.push_str(&format!("  {}", crate::units::plural(problems, "problem")));
    }
    let name = app.model.program.process.argv.first().unwrap_or(&app.model.name);
    let name = crate::clean::clean(name.rsplit('/').next().unwrap_or(name)).into_owned();
    let name = brush.charset.fit(&name, room.saturating_sub(health.width()));
    let mut line = Line::of(Role::Name, &name);
    line.push(Role::Bad, &health);
    let width = line.width().min(room) as u16;
    let right = Rect { x: area.right() - width, width, ..area };
    brush.line(buf, right, area.y, &line, 0);
}

fn footer(app: &App, buf: &mut Buffer, area: Rect, brush: &Brush) {
    let cursor = app.list().scroll().cursor;
    let mut line = Line::new();
    if let Some(notice) = &app.notice {
        line.push(Role::Warn, notice);
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
        for (key, short) in keys::footer(app.view) {
            // Whole hints only.
            if line.width() + key.width() + short.width() + 3 > more {
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

fn explain(term: &Term, buf: &mut Buffer, size: (u16, u16), brush: &Brush) {
    let width = size.0.min(72);
    let text = wrap(term.text, usize::from(width).saturating_sub(4));
    let area = layout::popup(size, width, text.len() as u16 + 2);
    let inside = frame(buf, area, &Line::of(Role::Title, format!(" {} ", term.title)), brush);
    for (row, line) in text.iter().enumerate() {
        brush.item(buf, inside, inside.y + row as u16, &Line::of(Role::Plain, line), 0, Emphasis::None);
    }
    buf.set_style(inside, Style::new());
}
