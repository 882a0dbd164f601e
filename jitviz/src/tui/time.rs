//! Time in the UI: the cursor that is "now" for every view, the chosen range, stepping and playing.

use super::action::{Effect, ViewId};
use super::app::App;
use super::lists::Seen;
use crate::analyse::timeline;
use crate::model::Span;
use crate::units;

/// The moment or the range that every view shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// `None` is the end of the run.
    pub now: Option<u64>,
    /// Where a range begins that has no end yet.
    pub from: Option<u64>,
    /// Outranks the cursor.
    pub range: Option<(u64, u64)>,
    pub playing: bool,
    /// Each step doubles the speed; at 0 what is on screen passes in ten seconds.
    pub speed: i8,
}

/// The clock's steps in a second while it plays.
pub const TICKS: u32 = 10;
/// Steps in which the time on screen passes at speed 0.
const STEPS: u64 = 100;
const SPEEDS: i8 = 6;

impl Clock {
    /// The part of the log the views are to show; `None` is all of it.
    pub fn span(&self) -> Option<Span> {
        let range = self.range.map(|(from_ns, to_ns)| Span { from_ns, to_ns });
        range.or(self.now.map(Span::until))
    }

    /// For the first line of the screen.
    pub fn text(&self) -> Option<String> {
        let text = match (self.range, self.now) {
            (Some((from, to)), _) => format!("{}..{}", units::ns(from), units::ns(to)),
            (None, Some(now)) => format!("as of {}", units::ns(now)),
            (None, None) => return None,
        };
        Some(text)
    }
}

impl App {
    fn end(&self) -> u64 {
        self.whole.duration_ns.max(1)
    }

    /// Moves the cursor of time; the end of the run is the whole of it.
    pub(super) fn set_now(&mut self, now_ns: u64) {
        self.clock.now = (now_ns < self.end()).then_some(now_ns);
        self.clock.range = None;
        self.timeline.select(now_ns);
        self.timeline.reveal(now_ns.min(self.end() - 1));
        self.retime();
    }

    /// Asks for what the views are to show, if they do not show it.
    pub(super) fn retime(&mut self) {
        let wanted = self.clock.span();
        if wanted.is_none() {
            self.pending = None;
            if self.model.span.is_some() {
                self.adopt(self.whole_seen.clone());
            }
        } else if self.pending != wanted && self.model.span != wanted {
            self.pending = wanted;
            self.effects.extend(wanted.map(Effect::Read));
        } else if self.model.span == wanted {
            self.pending = None;
        }
    }

    /// To the next event or the one before, or to those that make and end traces.
    pub(super) fn step(&mut self, forward: bool, of_traces: bool) {
        self.clock.playing = false;
        let now = self.clock.now.unwrap_or(self.end());
        let found = match forward {
            true => timeline::next(&self.whole, now, of_traces),
            false => timeline::previous(&self.whole, now, of_traces),
        };
        match found {
            Some(at) => {
                self.set_now(at);
                let text = self.timeline.moment().and(self.event_text());
                self.notice = text;
            }
            None if forward => self.whole_run(),
            None => self.notice = Some("nothing happened before".into()),
        }
    }

    /// The event at the cursor of time.
    fn event_text(&self) -> Option<String> {
        use super::views::Listing;
        Some(self.timeline.text(self.timeline.scroll().cursor).into_owned())
    }

    pub(super) fn whole_run(&mut self) {
        self.clock = Clock { speed: self.clock.speed, ..Clock::default() };
        self.timeline.select(u64::MAX);
        self.notice = Some("every view shows the whole run".into());
        self.retime();
    }

    /// A range begins or ends at the cursor.
    pub(super) fn mark(&mut self, is_start: bool) {
        let now = self.clock.now.unwrap_or(self.end());
        if is_start {
            self.clock.range = None;
            self.clock.from = Some(now);
            self.notice = Some(format!("a range begins at {}; ] ends it at the cursor", units::ns(now)));
            return self.retime();
        }
        let from = self.clock.from.take().unwrap_or(0);
        let (from, to) = (from.min(now), from.max(now));
        if from == to {
            self.notice = Some("a range needs two moments: move, then ]".into());
            return;
        }
        self.clock.range = Some((from, to));
        self.notice = Some(format!("every view is of {} to {}; w shows the whole run", units::ns(from), units::ns(to)));
        self.retime();
    }

    pub(super) fn play(&mut self) {
        self.clock.playing = !self.clock.playing;
        if self.clock.playing {
            self.clock.range = None;
            // At its end a run is played again from the start of what is on screen.
            if self.clock.now.is_none() {
                let from = self.timeline.from_ns;
                self.set_now(from);
            }
            if self.view != ViewId::Timeline {
                self.notice = Some("playing; Space stops, { and } change the speed, 2 shows the timeline".into());
            }
        }
    }

    pub(super) fn speed(&mut self, by: i8) {
        self.clock.speed = (self.clock.speed + by).clamp(-SPEEDS, SPEEDS);
        let times = 2_f64.powi(self.clock.speed.into());
        self.notice = Some(format!("speed ×{times}"));
    }

    /// Time passes while it plays.
    pub(super) fn tick(&mut self) {
        if !self.clock.playing {
            return;
        }
        let step = (self.timeline.to_ns - self.timeline.from_ns) as f64 / STEPS as f64;
        let step = (step * 2_f64.powi(self.clock.speed.into())).max(1.0) as u64;
        let now = self.clock.now.unwrap_or(self.end()).saturating_add(step);
        self.set_now(now);
        if self.clock.now.is_none() {
            self.clock.playing = false;
            self.notice = Some("the end of the run".into());
        }
    }

    /// A part of the log was read.
    pub fn arrived(&mut self, seen: Seen) {
        if seen.model.span == self.clock.span() {
            self.pending = None;
            self.adopt(seen);
            self.follow();
        } else {
            self.discard(seen);
        }
    }

    /// More of the log, or all of it, was read.
    pub fn grown(&mut self, seen: Seen) {
        let whole = std::mem::replace(&mut self.whole, seen.model.clone());
        let whole_seen = std::mem::replace(&mut self.whole_seen, seen.clone());
        let timeline = self.timeline.renew(seen.model.clone(), seen.tracks.clone());
        self.discard((whole, whole_seen, timeline));
        match self.clock.span() {
            None => self.adopt(seen),
            // A range that lies behind does not change; what was not read then is read again.
            Some(_) => {
                self.timeline.select(self.clock.now.unwrap_or(u64::MAX));
                self.retime();
            }
        }
        self.follow();
    }
}
