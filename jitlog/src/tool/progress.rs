//! How far a long command is: a line on standard error that rewrites itself, if that is a terminal, after a second.
//!
//! One thread that looks at a count the reader keeps anyway; a progress library would bring six crates for this.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jitlog::Reader;

/// Commands that end before this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

/// A progress bar; it goes with its owner.
pub struct Progress {
    shown: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Progress {
    /// Follows what is read of a log, which in all is about `passes` times the file.
    pub fn of(reader: &Reader, passes: u64) -> Progress {
        let reader = reader.clone();
        let total = reader.file_len().saturating_mul(passes);
        Progress::start(move || (reader.bytes_read(), total))
    }

    /// Follows a count of bytes up to a total.
    pub fn counting(read: impl Fn() -> u64 + Send + 'static, total: u64) -> Progress {
        Progress::start(move || (read(), total))
    }

    fn start(look: impl Fn() -> (u64, u64) + Send + 'static) -> Progress {
        if !io::stderr().is_terminal() {
            return Progress { shown: None };
        }
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            let mut drawn = false;
            while !told.load(Ordering::Acquire) {
                if start.elapsed() >= PATIENCE {
                    let (done, total) = look();
                    drawn = true;
                    draw(&bar(done, total));
                }
                std::thread::park_timeout(PAUSE);
            }
            if drawn {
                draw("");
            }
        });
        Progress { shown: Some((over, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((over, thread)) = self.shown.take() {
            over.store(true, Ordering::Release);
            thread.thread().unpark();
            // It only draws; if it died, there is nothing to clear.
            let _ = thread.join();
        }
    }
}

/// Replaces the line; who has no standard error any more needs no progress.
fn draw(text: &str) {
    let _ = write!(io::stderr(), "\r\u{1b}[K{text}");
}

fn bar(done: u64, total: u64) -> String {
    let done = done.min(total);
    let full = (done.saturating_mul(WIDTH)).checked_div(total).unwrap_or(WIDTH) as usize;
    let percent = (done.saturating_mul(100)).checked_div(total).unwrap_or(100);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH as usize - full));
    format!("[{bar}] {percent:>3} %  {} of {} MB", megabytes(done), megabytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stays_within_its_bounds() {
        assert_eq!(bar(0, 0), "[##############################] 100 %  0 of 0 MB");
        assert_eq!(bar(50_000_000, 100_000_000), "[###############...............]  50 %  50 of 100 MB");
        assert_eq!(bar(u64::MAX, 1_000_000), "[##############################] 100 %  1 of 1 MB");
    }
}
