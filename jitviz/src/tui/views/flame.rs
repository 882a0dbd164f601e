//! View 9, Flame: time by stack of Python functions, as an icicle; Enter zooms into a function, Esc out again.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::Listing;
use crate::analyse::flame::{Flame, Frame};
use crate::model::{LocId, Model, Part};
use crate::styled::{Line, Role};
use crate::text::columns::signed;
use crate::tui::arrange::{AT_ONCE, FlameOf, GoOn, Lines};
use crate::tui::filter::Filter;
use crate::tui::paint::Brush;
use crate::tui::scroll::Scroll;
use crate::tui::search::Search;
use crate::units;

#[derive(Debug)]
pub struct FlameView {
    model: Arc<Model>,
    /// The flame of all states.
    whole: Arc<Flame>,
    flame: Arc<Flame>,
    /// The state that the flame is of, if not of all; and whether it is of this model.
    only: Option<Part>,
    is_of_model: bool,
    /// Whether the flame that is wanted was asked for.
    asked: bool,
    /// The frame that fills the width.
    root: usize,
    filter: Filter,
    /// The cursor is a frame; `top` is the depth of the first row.
    scroll: Scroll,
}

/// A frame on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    /// `None` for frames too narrow to be drawn, put together.
    frame: Option<usize>,
    others: usize,
    row: usize,
    x: u16,
    width: u16,
}

const STATES: [(Part, &str, &str); 3] =
    [(Part::Interp, "interp", "I"), (Part::Compiled, "compiled", "C"), (Part::Native, "native", "N")];

impl FlameView {
    /// `whole` is the flame of all states.
    pub fn new(model: Arc<Model>, whole: Arc<Flame>) -> FlameView {
        FlameView {
            model,
            flame: whole.clone(),
            whole,
            only: None,
            is_of_model: true,
            asked: false,
            root: 0,
            filter: Filter::default(),
            scroll: Scroll::default(),
        }
    }

    /// Shows another model, through the same filter. Returns what is not needed any more.
    pub fn renew(&mut self, model: Arc<Model>, whole: Arc<Flame>) -> [Arc<Flame>; 2] {
        let old = [self.flame.clone(), std::mem::replace(&mut self.whole, whole)];
        self.model = model;
        self.is_of_model = false;
        self.remake();
        old
    }

    /// Something else may be wanted: that of all states is there, and that of one is made at once of few stacks.
    fn remake(&mut self) {
        self.asked = false;
        match state_of(&self.filter) {
            wanted if !self.is_late() => self.only = wanted,
            None => self.show(None, self.whole.clone()),
            only if self.model.samples.by_stack.len() <= AT_ONCE => {
                let made = FlameOf::new(self.model.clone(), only);
                self.show(only, made.flame);
            }
            Some(_) => {}
        }
    }

    fn show(&mut self, only: Option<Part>, flame: Arc<Flame>) {
        let paths = [self.root, self.scroll.cursor].map(|frame| self.path(frame));
        (self.flame, self.only, self.is_of_model) = (flame, only, true);
        // Zoom and cursor, as far as the functions are still there.
        self.root = self.find(&paths[0]).unwrap_or(0);
        self.scroll.cursor = self.find(&paths[1]).unwrap_or(self.root);
    }

    /// Whether what is shown is not what is wanted.
    pub fn is_late(&self) -> bool {
        !self.is_of_model || self.only != state_of(&self.filter)
    }

    /// Whether somebody has to be asked for the flame.
    pub fn is_to_be_asked(&self) -> bool {
        !self.asked && self.is_late()
    }

    /// How to make the flame that is wanted.
    pub fn job(&mut self) -> impl FnOnce(GoOn<'_>) -> Option<FlameOf> + Send + use<> {
        self.asked = true;
        let (model, only) = (self.model.clone(), state_of(&self.filter));
        move |go_on: GoOn<'_>| go_on().then(|| FlameOf::new(model, only))
    }

    /// Takes a flame if it is the one that is wanted.
    pub fn take(&mut self, made: &FlameOf) {
        if Arc::ptr_eq(&made.model, &self.model) && made.only == state_of(&self.filter) {
            self.show(made.only, made.flame.clone());
        }
    }

    fn path(&self, frame: usize) -> Vec<String> {
        let mut path: Vec<String> = self.ancestors(frame).map(|f| f.function.clone()).collect();
        path.reverse();
        path
    }

    fn find(&self, path: &[String]) -> Option<usize> {
        let mut at = 0;
        for name in path.iter().skip(1) {
            at = *self.flame.frames[at].children.iter().find(|&&c| self.flame.frames[c].function == *name)?;
        }
        Some(at)
    }

    /// The frame and all above it.
    fn ancestors(&self, frame: usize) -> impl Iterator<Item = &Frame> {
        std::iter::successors(self.flame.frames.get(frame), |f| self.flame.frames.get(f.parent?))
    }

    pub fn selected(&self) -> Option<&Frame> {
        self.flame.frames.get(self.scroll.cursor)
    }

    /// A place in the function under the cursor.
    pub fn loc(&self) -> Option<LocId> {
        self.selected()?.loc.known()
    }

    pub fn is_zoomed(&self) -> bool {
        self.root != 0
    }

    pub fn zoom(&mut self) {
        self.root = self.scroll.cursor;
    }

    /// Out by one function.
    pub fn unzoom(&mut self) {
        self.scroll.cursor = self.root;
        self.root = self.flame.frames.get(self.root).and_then(|f| f.parent).unwrap_or(0);
    }

    /// To the caller if negative, else to the callee with most time.
    pub fn descend(&mut self, by: isize) {
        for _ in 0..by.unsigned_abs() {
            let Some(frame) = self.selected() else { return };
            let next = if by < 0 { frame.parent } else { frame.children.first().copied() };
            let Some(next) = next else { return };
            self.scroll.cursor = next;
        }
        // Above the frame that fills the width there is only that one's caller.
        if !self.ancestors(self.scroll.cursor).any(|f| f.id == self.root) {
            self.root = self.scroll.cursor;
        }
    }

    /// To the next function on the same row, whoever called it.
    pub fn across(&mut self, by: isize, width: u16) {
        let blocks = self.blocks(width);
        let Some(own) = blocks.iter().find(|b| b.frame == Some(self.scroll.cursor)) else { return };
        let mut row: Vec<&Block> = blocks.iter().filter(|b| b.row == own.row && b.frame.is_some()).collect();
        row.sort_by_key(|b| b.x);
        let Some(at) = row.iter().position(|b| b.frame == own.frame) else { return };
        let next = at.saturating_add_signed(by.signum()).min(row.len() - 1);
        self.scroll.cursor = row[next].frame.unwrap_or(self.scroll.cursor);
    }

    /// The frame at a place of the view.
    pub fn at(&self, x: u16, row: u16, width: u16) -> Option<usize> {
        let row = self.scroll.top + usize::from(row);
        self.blocks(width).into_iter().find(|b| b.row == row && b.x <= x && x < b.x + b.width)?.frame
    }

    pub fn select(&mut self, frame: usize) {
        self.scroll.cursor = frame;
    }

    /// Keeps the row of the cursor on screen.
    pub fn follow(&mut self, height: u16) {
        let frames = &self.flame.frames;
        self.scroll.cursor = self.scroll.cursor.min(frames.len().saturating_sub(1));
        let row = frames[self.scroll.cursor].depth;
        let height = usize::from(height).max(1);
        let deepest = self.flame.deepest;
        self.scroll.top = self.scroll.top.min(row).max((row + 1).saturating_sub(height));
        self.scroll.top = self.scroll.top.min((deepest + 1).saturating_sub(height));
    }

    /// Every frame that is at least a column wide; siblings too narrow for that are put together.
    fn blocks(&self, width: u16) -> Vec<Block> {
        let frames = &self.flame.frames;
        let whole = u128::from(frames[self.root].total_ns.max(1));
        // Edges are rounded once each, so neighbours touch and a row never grows beyond its parent.
        let edge = |ns: u64| (u128::from(ns) * u128::from(width) / whole) as u16;
        let mut blocks: Vec<Block> = (self.ancestors(self.root))
            .map(|f| Block { frame: Some(f.id), others: 0, row: f.depth, x: 0, width })
            .collect();
        let mut open = vec![(self.root, 0_u64)];
        while let Some((parent, start)) = open.pop() {
            let mut at = start;
            let children = &frames[parent].children;
            for (n, &child) in children.iter().enumerate() {
                let (x, end) = (edge(at), edge(at.saturating_add(frames[child].total_ns)));
                let row = frames[child].depth;
                if end > x {
                    blocks.push(Block { frame: Some(child), others: 0, row, x, width: end - x });
                    open.push((child, at));
                } else {
                    // Children come in the order of their time: those after a narrow one are narrow too, and however many
                    // they are, they fill what is left of their caller's time without its own.
                    let called = frames[parent].total_ns.saturating_sub(frames[parent].own_ns);
                    let width = edge(start.saturating_add(called)).saturating_sub(x);
                    let others = Block { frame: None, others: children.len() - n, row, x, width };
                    blocks.extend((width > 0).then_some(others));
                    break;
                }
                at = at.saturating_add(frames[child].total_ns);
            }
        }
        blocks
    }

    /// The function under the cursor in full.
    pub fn detail(&self, search: &Search) -> Line {
        let Some(frame) = self.selected().filter(|_| self.flame.total_ns() > 0) else { return Line::new() };
        let mut line = Line::of(Role::Title, &frame.function);
        if let (Some(file), Some(line_number)) = (&frame.file, frame.line) {
            line.push(Role::Name, format!("  {}:{line_number}", file.rsplit('/').next().unwrap_or(file)));
        }
        let whole = self.flame.total_ns();
        let share = |ns| units::share(ns, whole).unwrap_or_default();
        if let Some(matched) = search.time_ns.filter(|_| !search.text.is_empty()) {
            line.push(Role::Warn, format!("  matched {}", share(matched)));
        }
        line.push(Role::Plain, format!("  {} {}", units::ns(frame.total_ns), share(frame.total_ns)));
        line.push(Role::Dim, format!(", own {}", share(frame.own_ns)));
        if let Some(change) = self.change(frame) {
            line.push(Role::Warn, format!(" {change}"));
        }
        for (part, name, _) in STATES {
            let ns = match part {
                Part::Compiled => frame.compiled_ns,
                Part::Native => frame.native_ns,
                _ => frame.interp_ns,
            };
            if ns > 0 {
                line.push(Role::Plain, format!(" · {name} {}", units::share(ns, frame.total_ns).unwrap_or_default()));
            }
        }
        line.push(Role::Dim, format!("  {}", units::plural(frame.samples, "sample")));
        line
    }

    pub fn draw(&self, buf: &mut Buffer, area: Rect, brush: &Brush, search: &Search) {
        if self.flame.total_ns() == 0 {
            let why = match self.filter.is_empty() {
                true => "nobody sampled this run: jitvm --sample 1000 --log FILE.jlog PROGRAM.py does",
                false => "no sample passes the filter; Esc ends it",
            };
            return brush.line(buf, area, area.y, &Line::of(Role::Dim, why), 0);
        }
        for block in self.blocks(area.width) {
            let Some(row) = block.row.checked_sub(self.scroll.top).filter(|r| *r < usize::from(area.height)) else {
                continue;
            };
            let y = area.y + row as u16;
            let place = Rect { x: area.x + block.x, y, width: block.width, height: 1 }.intersection(buf.area);
            let frame = block.frame.map(|id| &self.flame.frames[id]);
            let is_cursor = block.frame == Some(self.scroll.cursor);
            let text = match frame {
                Some(frame) => self.label(frame, block.width, is_cursor, brush),
                None => brush.charset.fit(&format!("│{} others", block.others), block.width.into()),
            };
            let role = frame.map_or(Role::Dim, |f| role_of(f.state()));
            let shade = match frame {
                Some(frame) => !search.text.is_empty() && !search.is_match(&frame.function),
                None => true,
            };
            let role = if is_cursor {
                Role::Title
            } else if shade {
                Role::Dim
            } else {
                role
            };
            brush.line(buf, place, y, &Line::of(role, &text), 0);
            // Colour fills the block; without colour only the cursor is filled.
            let style = brush.style(role);
            let filled = is_cursor || (brush.color && !shade);
            let style = if filled { style.add_modifier(Modifier::REVERSED) } else { style };
            buf.set_style(place, style);
        }
    }

    /// How much more time than in the other log, of two; only the flame of all states is compared.
    fn change(&self, frame: &Frame) -> Option<String> {
        let changes = self.model.changes.get().filter(|_| self.only.is_none() && self.is_of_model)?;
        let text = signed(*changes.frames.get(&frame.id)?, units::ns);
        Some(text).filter(|text| !text.is_empty())
    }

    /// `│work C 45.1 %`, and how much more than before, as much of it as fits.
    fn label(&self, frame: &Frame, width: u16, is_cursor: bool, brush: &Brush) -> String {
        let width = usize::from(width);
        let sign = if is_cursor { "▸" } else { "│" };
        let letter = STATES.iter().find(|s| s.0 == frame.state()).map_or("", |s| s.2);
        let share = units::share(frame.total_ns, self.flame.total_ns()).unwrap_or_default();
        let name = crate::clean::clean(&frame.function);
        let all = format!("{sign}{name} {letter} {share}");
        let more = self.change(frame).map(|change| format!("{all} {change}"));
        let fits = |text: &String| brush.charset.width(text) <= width;
        let text = more.into_iter().chain([all]).find(fits).unwrap_or_else(|| format!("{sign}{name}"));
        let text = brush.charset.fit(&text, width);
        format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
    }
}

/// The state a filter asks for.
fn state_of(filter: &Filter) -> Option<Part> {
    STATES.iter().find(|s| filter.text.split_whitespace().any(|w| w == format!("state:{}", s.1))).map(|s| s.0)
}

fn role_of(part: Part) -> Role {
    match part {
        Part::Compiled => Role::Good,
        Part::Native => Role::Name,
        _ => Role::Warn,
    }
}

/// The functions of a flame, as lines.
struct FlameLines(Arc<Flame>);

impl Lines for FlameLines {
    fn len(&self) -> usize {
        self.0.frames.len()
    }
    fn text(&self, line: usize) -> String {
        self.0.frames.get(line).map(|f| crate::clean::clean(&f.function).into_owned()).unwrap_or_default()
    }
    fn time_ns(&self, matches: &[usize]) -> Option<u64> {
        Some(self.0.matched_ns(|frame| matches.binary_search(&frame.id).is_ok()))
    }
}

impl Listing for FlameView {
    fn len(&self) -> usize {
        self.flame.frames.len()
    }
    fn text(&self, line: usize) -> Cow<'_, str> {
        let Some(frame) = self.flame.frames.get(line) else { return Cow::Borrowed("") };
        crate::clean::clean(&frame.function).into_owned().into()
    }
    fn lines(&self) -> Option<Box<dyn Lines>> {
        Some(Box::new(FlameLines(self.flame.clone())))
    }
    fn scroll(&self) -> &Scroll {
        &self.scroll
    }
    fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scroll
    }
    fn term(&self) -> &'static str {
        "flame"
    }
    fn filter(&self) -> Option<&Filter> {
        Some(&self.filter)
    }
    /// The states are told apart when the samples are added up.
    fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.remake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree with very uneven children.
    fn view(times: &[&[u64]]) -> FlameView {
        let mut frames = vec![Frame { function: "all".into(), ..Frame::default() }];
        for (first, children) in times.iter().enumerate() {
            let parent = frames.len();
            let total: u64 = children.iter().sum();
            frames.push(Frame {
                id: parent,
                parent: Some(0),
                depth: 1,
                function: format!("f{first}"),
                total_ns: total,
                ..Frame::default()
            });
            frames[0].children.push(parent);
            frames[0].total_ns += total;
            let mut sorted = children.to_vec();
            sorted.sort_by(|a, b| b.cmp(a));
            for ns in sorted {
                let id = frames.len();
                frames.push(Frame {
                    id,
                    parent: Some(parent),
                    depth: 2,
                    function: "g".into(),
                    total_ns: ns,
                    ..Frame::default()
                });
                frames[parent].children.push(id);
            }
        }
        FlameView::new(Arc::default(), Arc::new(Flame { frames, ..Flame::default() }))
    }

    #[test]
    fn blocks_neither_overlap_nor_leave_their_parent() {
        let many: Vec<u64> = (1..200).collect();
        let view = view(&[&many, &[5, 1, 1, 1], &[1]]);
        for width in 1..230 {
            let blocks = view.blocks(width);
            for row in 0..3 {
                let mut on_row: Vec<&Block> = blocks.iter().filter(|b| b.row == row).collect();
                on_row.sort_by_key(|b| b.x);
                assert!(on_row.windows(2).all(|p| p[0].x + p[0].width <= p[1].x), "{width}: {on_row:?}");
                assert!(on_row.iter().all(|b| b.width > 0 && b.x + b.width <= width));
            }
        }
    }
}
