//! The threads that read the log and make the lists, so that the UI never waits for them: one reads the whole, and
//! follows it while it grows; one reads the parts that are asked for; one makes the lines of the source; one reads the
//! log before and compares; two put long lists in order and search them; one takes apart what is not needed any more. Of what is asked for only the latest is made, and what is outdated is given up.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::app::Options;
use super::arrange::{Finding, Found, Job, Made};
use super::late::Waste;
use super::lists::{Seen, SourceLines};
use super::views::diff::DiffPage;
use crate::analyse::diff::ways::Comparison;
use crate::analyse::lines;
use crate::model::log::{Growing, Reading, Writer};
use crate::model::{Log, Model, Span};
use crate::styled::Charset;

/// What the threads have to tell.
pub enum News {
    Progress {
        done_bytes: u64,
        total_bytes: u64,
    },
    /// All was read; so many of the lists are made.
    Listing {
        done: u64,
    },
    /// What was read so far; all there is if not `more`.
    Whole {
        seen: Box<Seen>,
        more: bool,
    },
    /// The lists of what was read were given up.
    Stopped,
    Part(Box<Seen>),
    /// So many traces were read for the lines of the source.
    ProgressOfLines {
        done: usize,
        total: usize,
    },
    Lines(SourceLines),
    /// How far the log before is read.
    ProgressOfBefore {
        done_bytes: u64,
        total_bytes: u64,
    },
    /// The comparison with the log before, of a part of the time of both or of all; of all with the lists that have a
    /// column for it.
    Compared {
        page: Arc<DiffPage>,
        span: Option<Span>,
        seen: Option<Box<Seen>>,
    },
    /// A long list is in order.
    Arranged(Made),
    /// A long list was searched.
    Found(Found),
    /// Of a log that was followed: how its writer ended.
    Ended(Writer),
}

/// Who listens to the news; says no when nobody does any more, and the thread ends.
trait Tell: Fn(News) -> bool + Clone + Send + 'static {}
impl<T: Fn(News) -> bool + Clone + Send + 'static> Tell for T {}

/// A thread that makes what it is asked for, the latest only.
struct Desk<A> {
    asks: Sender<A>,
    latest: Arc<AtomicU64>,
}

/// Whether what is being made is still wanted.
struct Wanted<'a> {
    latest: &'a AtomicU64,
    number: u64,
}

impl<A: Send + 'static> Desk<A> {
    /// `make` answers one ask; it looks now and then whether that is still wanted, and says no when nobody listens.
    fn open(mut make: impl FnMut(A, &Wanted<'_>) -> bool + Send + 'static) -> Desk<A> {
        let (asks, asked): (Sender<A>, Receiver<A>) = channel();
        let latest = Arc::new(AtomicU64::new(0));
        let newest = latest.clone();
        thread::spawn(move || {
            while let Ok(first) = asked.recv() {
                let ask = asked.try_iter().last().unwrap_or(first);
                // After the ask was taken: one that is counted later is still to be taken. The other way round it
                // might be taken here, found outdated, and answered by nobody.
                let wanted = Wanted { number: newest.load(Ordering::SeqCst), latest: &newest };
                if !make(ask, &wanted) {
                    return;
                }
            }
        });
        Desk { asks, latest }
    }

    /// Asks for something; what is being made is given up.
    fn ask(&self, ask: A) {
        self.give_up();
        // Nobody takes it only when the program ends.
        let _ = self.asks.send(ask);
    }

    fn give_up(&self) {
        self.latest.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wanted<'_> {
    fn is(&self) -> bool {
        self.latest.load(Ordering::SeqCst) == self.number
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.is() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// The handle of the threads.
pub struct Feed {
    parts: Desk<Span>,
    lines: Desk<Arc<Model>>,
    before: Option<Desk<Arc<Model>>>,
    lists: Desk<Vec<Job>>,
    searches: Desk<Finding>,
    waste: Sender<Waste>,
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
    pub fn start(
        log: Log,
        before: Option<Log>,
        options: Options,
        tell: impl Fn(News) -> bool + Clone + Send + 'static,
    ) -> Feed {
        let stop = Arc::new(AtomicBool::new(false));
        let parts = open_parts(log.clone(), options.charset, tell.clone());
        let lines = open_lines(options.source, tell.clone());
        let before = before.map(|before| open_comparison(before, options.charset, tell.clone()));
        let lists = open_lists(tell.clone());
        let searches = open_searches(tell.clone());
        let (waste, wasted) = channel::<Waste>();
        // What is sent is taken apart by being dropped there.
        thread::spawn(move || wasted.into_iter().for_each(drop));
        let stopped = stop.clone();
        thread::spawn(move || {
            let whole = Whole { log: &log, charset: options.charset, stop: &stopped, tell: &tell };
            if log.is_live() { whole.follow() } else { whole.read() }
        });
        Feed { parts, lines, before, lists, searches, waste, stop }
    }

    /// Asks for a part; one that is being read is given up.
    pub fn ask(&self, span: Span) {
        self.parts.ask(span);
    }

    /// Asks for the lines of the source of a model.
    pub fn ask_lines(&self, model: Arc<Model>) {
        self.lines.ask(model);
    }

    /// Asks for the comparison of a model with the same time of the log before.
    pub fn ask_comparison(&self, model: Arc<Model>) {
        if let Some(before) = &self.before {
            before.ask(model);
        }
    }

    /// Has long lists put in order.
    pub fn ask_arranging(&self, jobs: Vec<Job>) {
        self.lists.ask(jobs);
    }

    /// Has a long list searched.
    pub fn ask_finding(&self, finding: Finding) {
        self.searches.ask(finding);
    }

    /// Has what is not needed any more taken apart.
    pub fn discard(&self, waste: Waste) {
        // Nobody takes it only when the program ends.
        let _ = self.waste.send(waste);
    }

    /// Ends the comparing.
    pub fn stop_comparing(&self) {
        if let Some(before) = &self.before {
            before.give_up();
        }
    }

    /// Ends the reading of the whole, or the following.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// The reading of the whole log.
struct Whole<'a> {
    log: &'a Log,
    charset: Charset,
    stop: &'a AtomicBool,
    tell: &'a dyn Fn(News) -> bool,
}

impl Whole<'_> {
    fn show(&self, model: Model, more: bool) -> bool {
        (self.tell)(News::Whole { seen: Box::new(Seen::new(model, self.charset)), more })
    }

    /// Reads the whole, tells how far it is, and shows what there is at times that double, so that showing costs a part
    /// of the reading whatever its length.
    fn read(&self) {
        let start = Instant::now();
        let mut told = start;
        let mut show_after = FIRST_SHOWN;
        let mut is_heard = true;
        let mut watch = |reading: &Reading<'_>| {
            if told.elapsed() >= TOLD {
                told = Instant::now();
                let (done_bytes, total_bytes) = (reading.done_bytes, reading.total_bytes);
                is_heard = (self.tell)(News::Progress { done_bytes, total_bytes });
                if is_heard && start.elapsed() >= show_after {
                    is_heard = self.show(reading.so_far(), true);
                    show_after = start.elapsed() * 2;
                }
            }
            if !is_heard || self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let model = Arc::new(self.log.read(None, &mut watch));
        // A stop that ended the reading is done; one from now on gives up the lists.
        self.stop.store(false, Ordering::SeqCst);
        let made = Seen::watched(model, self.charset, &mut |done| {
            let is_heard = (self.tell)(News::Listing { done });
            if !is_heard || self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (self.tell)(match made {
            Some(seen) => News::Whole { seen: Box::new(seen), more: false },
            None => News::Stopped,
        });
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Takes in what is written until the writer ends.
    fn follow(&self) {
        let mut growing = self.log.follow();
        let mut shown = Instant::now();
        let mut pause = Duration::ZERO;
        let mut fresh = 0;
        while let Some(records) = growing.take_in() {
            if self.is_stopped() {
                break;
            }
            fresh += records;
            let wait = if growing.is_behind() { FIRST_SHOWN.max(pause) } else { pause };
            if fresh > 0 && shown.elapsed() >= wait {
                let start = Instant::now();
                if !self.show(growing.so_far(), true) {
                    return;
                }
                // Showing takes a tenth of the time at most, however large the log is.
                pause = (start.elapsed() * 10).max(LOOK);
                (shown, fresh) = (Instant::now(), 0);
            }
            if !growing.is_behind() && growing.writer() == Writer::Writing {
                thread::sleep(LOOK);
            }
        }
        self.last_word(growing);
    }

    fn last_word(&self, mut growing: Growing) {
        let writer = growing.writer();
        if self.show(growing.so_far(), false) {
            (self.tell)(News::Ended(writer));
        }
    }
}

/// Reads parts of the log.
fn open_parts(log: Log, charset: Charset, tell: impl Tell) -> Desk<Span> {
    let live = log.is_live();
    let mut log = log;
    Desk::open(move |span, wanted| {
        if live {
            // What was written since it was opened is part of the past by now.
            log = log.again();
        }
        let model = log.read(Some(span), &mut |_| wanted.flow());
        if !wanted.is() {
            return true;
        }
        match Seen::watched(Arc::new(model), charset, &mut |_| wanted.flow()) {
            Some(seen) if wanted.is() => tell(News::Part(Box::new(seen))),
            _ => true,
        }
    })
}

/// Makes the lines of the source.
fn open_lines(with_source: bool, tell: impl Tell) -> Desk<Arc<Model>> {
    Desk::open(move |model: Arc<Model>, wanted| {
        let mut told = Instant::now();
        let mut is_heard = true;
        let total = model.traces.len();
        let rows = lines::rows_watched(&model, with_source, &mut |done| {
            if told.elapsed() >= TOLD {
                told = Instant::now();
                is_heard = tell(News::ProgressOfLines { done, total });
            }
            if is_heard { wanted.flow() } else { ControlFlow::Break(()) }
        });
        match rows {
            Some(rows) => tell(News::Lines(SourceLines { rows: Arc::new(rows), model })),
            None => is_heard,
        }
    })
}

/// Puts long lists in order.
fn open_lists(tell: impl Tell) -> Desk<Vec<Job>> {
    Desk::open(move |jobs: Vec<Job>, wanted| {
        for job in jobs {
            let made = job(&|| wanted.is());
            let is_heard = made.is_none_or(|made| tell(News::Arranged(made)));
            if !is_heard || !wanted.is() {
                return is_heard;
            }
        }
        true
    })
}

/// Searches long lists.
fn open_searches(tell: impl Tell) -> Desk<Finding> {
    Desk::open(move |finding: Finding, wanted| {
        finding.find(&|| wanted.is()).is_none_or(|found| tell(News::Found(found)))
    })
}

/// The lists of a model that was compared with another.
pub fn with_changes(after: &Arc<Model>, found: &Comparison, charset: Charset) -> Box<Seen> {
    // Of several comparisons of one model all find the same.
    let _ = after.changes.set(found.changes.clone());
    Box::new(Seen::new(after.clone(), charset))
}

/// Reads the log before, and compares.
fn open_comparison(before: Log, charset: Charset, tell: impl Tell) -> Desk<Arc<Model>> {
    // Read once for the whole run, again for each part of it.
    let mut whole: Option<Arc<Model>> = None;
    Desk::open(move |after: Arc<Model>, wanted| {
        let span = after.span;
        let mut told = Instant::now();
        let mut is_heard = true;
        let mut read = || {
            before.read(span, &mut |reading| {
                if told.elapsed() >= TOLD {
                    told = Instant::now();
                    let (done_bytes, total_bytes) = (reading.done_bytes, reading.total_bytes);
                    is_heard = tell(News::ProgressOfBefore { done_bytes, total_bytes });
                }
                if is_heard { wanted.flow() } else { ControlFlow::Break(()) }
            })
        };
        let model = whole.clone().filter(|_| span.is_none()).unwrap_or_else(|| Arc::new(read()));
        if !is_heard || !wanted.is() {
            return is_heard;
        }
        if span.is_none() {
            whole = Some(model.clone());
        }
        let found = Comparison::of(&model, &after);
        let seen = (span.is_none()).then(|| with_changes(&after, &found, charset));
        let page = Arc::new(DiffPage::new(found));
        !wanted.is() || tell(News::Compared { page, span, seen })
    })
}
