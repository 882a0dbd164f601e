//! The terminal UI: a loop that turns input into actions, actions into state, and state into a screen.
//!
//! Input and signals arrive in one channel, so the loop sleeps until something happens and draws only after a change.

pub mod action;
pub mod app;
pub mod draw;
pub mod input;
pub mod keys;
pub mod layout;
pub mod overlay;
pub mod paint;
pub mod scroll;
pub mod search;
pub mod terminal;
pub mod views;

use std::io::{self, BufWriter, Stdout};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crossterm::event::Event;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGSTOP, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::model::Model;
use action::{Action, Effect};
use app::{App, Options, update};

/// What wakes the loop.
enum Wake {
    Input(Event),
    Signal(i32),
    /// The terminal is gone or cannot be read.
    Lost(io::Error),
}

/// Never dropped: ratatui's terminal shows the cursor when it goes, and panics if neither the terminal nor standard
/// error is there any more. [`terminal::leave`] shows the cursor.
type Screen = ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>;

/// Runs the UI until the user or a signal ends it. A signal that asks for the end is raised again after the terminal
/// is given back, so that whoever started us sees how we ended.
pub fn run(model: Model, options: Options) -> io::Result<()> {
    terminal::restore_on_panic();
    let (wake, woken) = channel();
    listen_for_signals(wake.clone())?;
    terminal::enter(options.mouse)?;
    let ended = (|| {
        let mut screen = new_screen()?;
        let size = screen.size()?;
        let mut app = App::new(Rc::new(model), options, (size.width, size.height));
        listen_for_input(wake);
        show(&mut screen, &app)?;
        // Only tests set this: there is no other way to see that a panic gives the terminal back.
        if cfg!(debug_assertions) && std::env::var_os("JITVIZ_TEST_PANIC").is_some() {
            panic!("JITVIZ_TEST_PANIC is set");
        }
        while !app.quit {
            let Ok(first) = woken.recv() else { break };
            // What came in the meantime is taken together, so a held key does not draw frames nobody sees.
            let mut changed = false;
            for event in std::iter::once(first).chain(woken.try_iter().take(64)) {
                match event {
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
        }
        Ok(None)
    })();
    terminal::leave();
    match ended? {
        Some(signal) => low_level::emulate_default_handler(signal),
        None => Ok(()),
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
