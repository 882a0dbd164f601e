//! The terminal UI: a loop that turns input into actions, actions into state, and state into a screen.
//!
//! Input and signals arrive in one channel, so the loop sleeps until something happens and draws only after a change.

pub mod action;
pub mod app;
pub mod arrange;
pub mod draw;
pub mod feed;
pub mod filter;
pub mod input;
pub mod keys;
pub mod late;
pub mod layout;
pub mod links;
pub mod lists;
pub mod overlay;
pub mod paint;
pub mod scroll;
pub mod search;
pub mod terminal;
pub mod time;
pub mod views;

use std::io::{self, BufWriter, Stdout};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGSTOP, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::model::Log;
use crate::model::log::Writer;
use action::{Action, Effect};
use app::{App, Options, Reading, update};
use feed::{Feed, News};

/// What wakes the loop.
enum Wake {
    Input(Event),
    Signal(i32),
    News(News),
    Nothing,
    /// The terminal is gone or cannot be read.
    Lost(io::Error),
}

/// Never dropped: ratatui's terminal shows the cursor when it goes, and panics if neither the terminal nor standard
/// error is there any more. [`terminal::leave`] shows the cursor.
type Screen = ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>;

/// The clock's steps while it plays.
const TICK: Duration = Duration::from_millis(1_000 / time::TICKS as u64);
/// The first frame waits this long for a log that is read by then.
const AT_ONCE: Duration = Duration::from_millis(50);

/// Runs the UI on a log, compared with one from before if there is one, until the user or a signal ends it. A signal that asks for the end is raised again after the terminal
/// is given back, so that whoever started us sees how we ended.
pub fn run(log: Log, before: Option<Log>, options: Options) -> io::Result<()> {
    terminal::restore_on_panic();
    let (wake, woken) = channel();
    listen_for_signals(wake.clone())?;
    terminal::enter(options.mouse)?;
    let ended = (|| {
        let mut screen = new_screen()?;
        let size = screen.size()?;
        let mut app = App::new(Arc::new(log.unread()), options, (size.width, size.height));
        if let Some(before) = &before {
            app.diff.wait_for(before.name());
        }
        app.reading = match log.is_live() {
            true => Reading::Live,
            false => Reading::Under { done: 0, total: log.bytes() },
        };
        let news = wake.clone();
        let feed = Feed::start(log, before, options, move |told| news.send(Wake::News(told)).is_ok());
        listen_for_input(wake);
        // A small log is read before anybody could see that it was not.
        let first = woken.recv_timeout(AT_ONCE);
        let mut waiting: Vec<Wake> = first.into_iter().collect();
        let mut next_tick = Instant::now();
        if waiting.is_empty() {
            show(&mut screen, &app)?;
        }
        // Only tests set this: there is no other way to see that a panic gives the terminal back.
        if cfg!(debug_assertions) && std::env::var_os("JITVIZ_TEST_PANIC").is_some() {
            panic!("JITVIZ_TEST_PANIC is set");
        }
        while !app.quit {
            // Time that passes while it plays counts also when other things wake the loop.
            let due = next_tick.saturating_duration_since(Instant::now());
            if waiting.is_empty() {
                let next = match app.clock.playing {
                    true => woken.recv_timeout(due),
                    false => woken.recv().map_err(|_| RecvTimeoutError::Disconnected),
                };
                match next {
                    Ok(event) => waiting.push(event),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            // What came in the meantime is taken together, so a held key does not draw frames nobody sees.
            waiting.extend(woken.try_iter().take(64));
            let mut changed = false;
            if app.clock.playing && Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK;
                app = update(app, Action::Tick);
                changed = true;
            }
            let mut events = std::mem::take(&mut waiting);
            // Effects of what time or news did are carried out with the rest.
            events.extend((!app.effects.is_empty()).then_some(Wake::Nothing));
            for event in events {
                match event {
                    Wake::Nothing => {}
                    Wake::News(news) => {
                        hear(&mut app, news);
                        changed = true;
                    }
                    Wake::Input(event) => {
                        for action in input::actions(&app, &event) {
                            app = update(app, action);
                            changed = true;
                        }
                    }
                    Wake::Signal(SIGTSTP) => app.effects.push(Effect::Suspend),
                    Wake::Signal(SIGCONT) => {
                        screen = resume(&app)?;
                        changed = true;
                    }
                    Wake::Signal(signal) => return Ok(Some(signal)),
                    Wake::Lost(error) => return Err(error),
                }
                for effect in std::mem::take(&mut app.effects) {
                    changed = true;
                    match effect {
                        Effect::Copy(text) => terminal::copy(&text)?,
                        Effect::Mouse(on) => terminal::capture_mouse(on)?,
                        Effect::Read(span) => feed.ask(span),
                        Effect::Lines => feed.ask_lines(app.model.clone()),
                        Effect::Compare => feed.ask_comparison(app.model.clone()),
                        Effect::Arrange => feed.ask_arranging(app.arranging()),
                        Effect::Find => {
                            if let Some(finding) = app.finding() {
                                feed.ask_finding(finding);
                            }
                        }
                        Effect::Stop => feed.stop(),
                        Effect::StopComparing => feed.stop_comparing(),
                        Effect::Suspend => {
                            terminal::leave();
                            low_level::raise(SIGSTOP)?;
                            screen = resume(&app)?;
                            let size = screen.size()?;
                            app = update(app, Action::Resize(size.width, size.height));
                        }
                    }
                }
            }
            if changed {
                show(&mut screen, &app)?;
            }
            if !app.waste.is_empty() {
                feed.discard(std::mem::take(&mut app.waste));
            }
        }
        Ok(None)
    })();
    terminal::leave();
    match ended? {
        Some(signal) => low_level::emulate_default_handler(signal),
        None => Ok(()),
    }
}

/// What the threads that read have to say.
fn hear(app: &mut App, news: News) {
    match news {
        News::Progress { done_bytes, total_bytes } => {
            if app.reading.can_be_stopped() {
                app.reading = Reading::Under { done: done_bytes, total: total_bytes };
            }
        }
        News::Listing { done } => {
            if app.reading.can_be_stopped() {
                app.reading = Reading::Listing { done };
            }
        }
        News::Stopped => {
            app.reading = Reading::Stopped;
            app.follow();
        }
        News::ProgressOfLines { done, total } => app.lines_under_way(done, total),
        News::Lines(lines) => app.lines_arrived(lines),
        News::Whole { seen, more } => {
            if !more {
                app.reading = Reading::Done;
            }
            app.grown(*seen);
        }
        News::Part(seen) => app.arrived(*seen),
        News::ProgressOfBefore { done_bytes, total_bytes } => app.diff.progress(done_bytes, total_bytes),
        News::Compared { page, span, seen } => app.compared(page, span, seen.map(|seen| *seen)),
        News::Arranged(made) => app.arranged(made),
        News::Found(found) => app.found(found),
        News::Ended(writer) => {
            let text = match writer {
                Writer::Writing => "following was stopped",
                Writer::Finished => "the program has ended; this is the whole run",
                Writer::Dead => "the program was killed; this is what it had written",
            };
            app.notice = Some(text.into());
        }
    }
}

/// A terminal whose first frame is drawn in full. `Terminal::clear` would do, but it asks the terminal where the cursor
/// is, and the answer would go to the thread that reads the input.
fn new_screen() -> io::Result<Screen> {
    Terminal::new(CrosstermBackend::new(BufWriter::new(io::stdout()))).map(ManuallyDrop::new)
}

/// Takes the terminal again after a stop.
fn resume(app: &App) -> io::Result<Screen> {
    // Whoever stopped us may have changed the modes meanwhile: take them as they are now.
    terminal::leave();
    terminal::enter(app.options.mouse)?;
    new_screen()
}

fn show(screen: &mut Screen, app: &App) -> io::Result<()> {
    screen.draw(|frame| draw::draw(app, frame.buffer_mut())).map(|_| ())
}

fn listen_for_input(wake: Sender<Wake>) {
    thread::spawn(move || {
        loop {
            let event = match crossterm::event::read() {
                Ok(event) => Wake::Input(event),
                Err(error) => Wake::Lost(error),
            };
            let lost = matches!(event, Wake::Lost(_));
            if wake.send(event).is_err() || lost {
                return;
            }
        }
    });
}

fn listen_for_signals(wake: Sender<Wake>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if wake.send(Wake::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}
