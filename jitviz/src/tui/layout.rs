//! Where everything is on a screen of a given size: drawing and the mouse ask the same functions.

use ratatui::layout::Rect;

use super::views::trace::Pane;

/// Below this nothing useful fits.
pub const SMALLEST: (u16, u16) = (30, 6);

/// The parts of the screen every view has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    pub tabs: Rect,
    pub body: Rect,
    /// More about the line under the cursor; empty on low screens.
    pub detail: Rect,
    pub foot: Rect,
}

pub fn screen(size: (u16, u16)) -> Option<Screen> {
    let (width, height) = size;
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return None;
    }
    let detail = u16::from(height >= 10);
    let row = |y, height| Rect { x: 0, y, width, height };
    Some(Screen {
        tabs: row(0, 1),
        body: row(1, height - 2 - detail),
        detail: row(height - 1 - detail, detail),
        foot: row(height - 1, 1),
    })
}

/// The rows of a table below its titles.
pub fn table_rows(body: Rect) -> Rect {
    Rect { y: body.y + 1.min(body.height), height: body.height.saturating_sub(1), ..body }
}

/// The parts of the Trace view: its head and the panes there is room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceScreen {
    pub head: Rect,
    pub panes: Vec<(Pane, Rect)>,
}

/// Three panes side by side where they fit; else the source above and the stages below, side by side or the one used
/// last; on a small screen the pane with the keys alone.
pub fn trace(body: Rect, focus: Pane, lower: Pane) -> TraceScreen {
    let head_rows = if body.height >= 20 { 2 } else { u16::from(body.height >= 8) };
    let head = Rect { height: head_rows, ..body };
    let rest = Rect { y: body.y + head_rows, height: body.height - head_rows, ..body };
    let columns = |area: Rect, panes: &[(Pane, u16)]| {
        let whole: u16 = panes.iter().map(|p| p.1).sum();
        let mut x = area.x;
        let mut out = Vec::new();
        for (i, (pane, part)) in panes.iter().enumerate() {
            // A free column keeps neighbours apart; the last pane takes what rounding left.
            let share = (u32::from(area.width) * u32::from(*part) / u32::from(whole)) as u16;
            let width = if i + 1 == panes.len() { area.right() - x } else { share };
            let gap = u16::from(i + 1 < panes.len());
            out.push((*pane, Rect { x, width: width.saturating_sub(gap), ..area }));
            x += width;
        }
        out
    };
    let panes = if rest.width >= 150 && rest.height >= 8 {
        columns(rest, &[(Pane::Source, 30), (Pane::Ir, 38), (Pane::Asm, 32)])
    } else if rest.height >= 14 {
        let above = (rest.height / 3).clamp(5, 16);
        let source = (Pane::Source, Rect { height: above, ..rest });
        let below = Rect { y: rest.y + above, height: rest.height - above, ..rest };
        let mut panes = vec![source];
        match rest.width >= 110 {
            true => panes.extend(columns(below, &[(Pane::Ir, 54), (Pane::Asm, 46)])),
            false => panes.push((lower, below)),
        }
        panes
    } else {
        vec![(focus, rest)]
    };
    TraceScreen { head, panes }
}

/// The lines of a pane below its title.
pub fn pane_lines(pane: Rect) -> Rect {
    table_rows(pane)
}

/// The parts of the Timeline: times, lanes, and the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineScreen {
    pub axis: Rect,
    pub lanes: Rect,
    pub list: Rect,
}

/// What the lanes leave is for the events: a third of the height or, on screens of some height, a few lines.
pub fn timeline(body: Rect, lanes: u16) -> TimelineScreen {
    let axis = if body.height >= 10 { 2 } else { 1.min(body.height) };
    let room = body.height - axis;
    let lanes = lanes.min((room * 2 / 3).max(room.saturating_sub(5)));
    let part = |y, height| Rect { y: body.y + y, height, ..body };
    TimelineScreen {
        axis: part(0, axis),
        lanes: part(axis, lanes),
        list: part(axis + lanes, body.height - axis - lanes),
    }
}

/// The parts of the Memory view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryScreen {
    pub chart: Rect,
    pub account: Rect,
    pub table: Rect,
}

/// `account`: lines that the account has.
pub fn memory(body: Rect, account: u16) -> MemoryScreen {
    let chart = if body.height >= 12 { 6 } else { body.height / 2 };
    // The lines that allocate keep half of the rest.
    let account = if body.height >= 18 { account.min((body.height - chart) / 2) } else { 0 };
    let above = chart + account;
    MemoryScreen {
        chart: Rect { height: chart, ..body },
        account: Rect { y: body.y + chart, height: account, ..body },
        table: Rect { y: body.y + above, height: body.height - above, ..body },
    }
}

/// A box in the middle, at most as large as the screen.
pub fn popup(size: (u16, u16), width: u16, height: u16) -> Rect {
    // A few columns of the view beside the box would only confuse.
    let width = if size.0 < width.saturating_add(8) { size.0 } else { width };
    let height = height.min(size.1);
    Rect { x: (size.0 - width) / 2, y: (size.1 - height) / 2, width, height }
}

/// The box of the help.
pub fn help(size: (u16, u16)) -> Rect {
    popup(size, 78, size.1.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_lie_in_the_body_and_do_not_overlap() {
        for width in (30..260).step_by(7) {
            for height in 6..80 {
                let screen = screen((width, height)).unwrap();
                let whole = Rect { x: 0, y: 0, width, height };
                for focus in Pane::ALL {
                    let lower = if focus == Pane::Source { Pane::Ir } else { focus };
                    let parts = trace(screen.body, focus, lower);
                    let mut areas: Vec<Rect> = parts.panes.iter().map(|p| p.1).collect();
                    areas.push(parts.head);
                    areas.extend([screen.tabs, screen.foot, screen.detail]);
                    for (i, a) in areas.iter().enumerate() {
                        assert_eq!(a.intersection(whole), *a, "{width}x{height}");
                        assert!(areas[..i].iter().all(|b| !a.intersects(*b)), "{width}x{height}: {areas:?}");
                    }
                    assert!(parts.panes.iter().any(|p| p.0 == focus));
                }
            }
        }
    }
}
