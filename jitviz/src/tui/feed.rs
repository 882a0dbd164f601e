//! The threads that read the log, so that the UI never waits for it: one reads the whole, and follows it while it grows;
//! one reads the parts that are asked for, the latest first and only.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::app::Seen;
use crate::analyse::diff::ways::Comparison;
use crate::model::log::{Growing, Reading, Writer};
use crate::model::{Log, Model, Span};

/// What the threads have to tell.
pub enum News {
    Progress {
        done_bytes: u64,
        total_bytes: u64,
    },
    /// What was read so far; all there is if not `more`.
    Whole {
        seen: Box<Seen>,
        more: bool,
    },
    Part(Box<Seen>),
    /// The comparison with the other log.
    Compared(Box<Comparison>),
    /// Of a log that was followed: how its writer ended.
    Ended(Writer),
}

/// The handle of the threads.
pub struct Feed {
    asks: Sender<Span>,
    latest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

/// How often the progress is told.
const TOLD: Duration = Duration::from_millis(100);
/// What was read is shown after this time, and again whenever it has doubled.
const FIRST_SHOWN: Duration = Duration::from_millis(300);
/// Time between two looks at a log that is being written.
const LOOK: Duration = Duration::from_millis(200);

impl Feed {
    /// Starts reading. `tell` is called from the threads; when it says no, nobody listens any more and they end.
    pub fn start(log: Log, before: Option<Log>, tell: impl Fn(News) -> bool + Clone + Send + 'static) -> Feed {
        let (asks, asked) = channel();
        let latest = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (parts, tell_parts, newest) = (log.clone(), tell.clone(), latest.clone());
        thread::spawn(move || read_parts(parts, &asked, &newest, &tell_parts));
        let stopped = stop.clone();
        thread::spawn(move || match log.is_live() {
            true => compare(before, &follow(&log, &stopped, &tell), &tell),
            false => compare(before, &read(&log, &stopped, &tell), &tell),
        });
        Feed { asks, latest, stop }
    }

    /// Asks for a part; one that is being read is given up.
    pub fn ask(&self, span: Span) {
        self.latest.fetch_add(1, Ordering::SeqCst);
        // Nobody takes it only when the program ends.
        let _ = self.asks.send(span);
    }

    /// Ends the reading of the whole, or the following.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Reads the whole, tells how far it is, and shows what there is at times that double, so that showing costs a part of
/// the reading whatever its length.
fn read(log: &Log, stop: &AtomicBool, tell: &dyn Fn(News) -> bool) -> Option<Arc<Model>> {
    let start = Instant::now();
    let mut told = start;
    let mut show_after = FIRST_SHOWN;
    let mut is_heard = true;
    let mut watch = |reading: &Reading<'_>| {
        if told.elapsed() >= TOLD {
            told = Instant::now();
            let (done_bytes, total_bytes) = (reading.done_bytes, reading.total_bytes);
            is_heard = tell(News::Progress { done_bytes, total_bytes });
            if is_heard && start.elapsed() >= show_after {
                is_heard = tell(News::Whole { seen: Box::new(reading.so_far().into()), more: true });
                show_after = start.elapsed() * 2;
            }
        }
        if !is_heard || stop.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let seen: Seen = log.read(None, &mut watch).into();
    let model = seen.model.clone();
    tell(News::Whole { seen: Box::new(seen), more: false }).then_some(model)
}

/// Reads the log from before, and compares the two.
fn compare(before: Option<Log>, after: &Option<Arc<Model>>, tell: &dyn Fn(News) -> bool) {
    let (Some(before), Some(after)) = (before, after) else { return };
    let model = before.read(None, &mut |_| ControlFlow::Continue(()));
    tell(News::Compared(Box::new(Comparison::of(&model, after))));
}

/// Takes in what is written until the writer ends.
fn follow(log: &Log, stop: &AtomicBool, tell: &dyn Fn(News) -> bool) -> Option<Arc<Model>> {
    let mut growing = log.follow();
    let mut shown = Instant::now();
    let mut pause = Duration::ZERO;
    let mut fresh = 0;
    while let Some(records) = growing.take_in() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        fresh += records;
        let wait = if growing.is_behind() { FIRST_SHOWN.max(pause) } else { pause };
        if fresh > 0 && shown.elapsed() >= wait {
            let start = Instant::now();
            if !tell(News::Whole { seen: Box::new(growing.so_far().into()), more: true }) {
                return None;
            }
            // Showing takes a tenth of the time at most, however large the log is.
            pause = (start.elapsed() * 10).max(LOOK);
            (shown, fresh) = (Instant::now(), 0);
        }
        if !growing.is_behind() && growing.writer() == Writer::Writing {
            thread::sleep(LOOK);
        }
    }
    last_word(growing, tell)
}

fn last_word(mut growing: Growing, tell: &dyn Fn(News) -> bool) -> Option<Arc<Model>> {
    let writer = growing.writer();
    let seen: Seen = growing.so_far().into();
    let model = seen.model.clone();
    (tell(News::Whole { seen: Box::new(seen), more: false }) && tell(News::Ended(writer))).then_some(model)
}

fn read_parts(log: Log, asked: &Receiver<Span>, latest: &AtomicU64, tell: &dyn Fn(News) -> bool) {
    let live = log.is_live();
    let mut log = log;
    while let Ok(first) = asked.recv() {
        let wanted = latest.load(Ordering::SeqCst);
        let span = asked.try_iter().last().unwrap_or(first);
        if live {
            // What was written since it was opened is part of the past by now.
            log = log.again();
        }
        let mut watch = |_: &Reading<'_>| match latest.load(Ordering::SeqCst) == wanted {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let model = log.read(Some(span), &mut watch);
        if latest.load(Ordering::SeqCst) == wanted && !tell(News::Part(Box::new(model.into()))) {
            return;
        }
    }
}
