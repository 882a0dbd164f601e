//! `jitlog follow`: records as they are written.

use std::io::Write;
use std::time::{Duration, Instant};

use jitlog::read::Writer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::tool::cat::chosen_types;
use crate::tool::record::{Line, text_line};
use crate::tool::show::json_line;
use crate::tool::{Failure, Output, RecordsArgs, complain, info, open};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(10);

pub fn run(args: &RecordsArgs, out: &mut Output<'_>) -> Result<u8, Failure> {
    let types = chosen_types(&args.types)?;
    let reader = open(&args.log)?;
    if args.json {
        json_line(out, &info::header(&reader))?;
        out.flush()?;
    }
    let mut follow = reader.follow().types(types).from(args.from.unwrap_or(0));
    let problems = reader.problems();
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    let mut status = if problems.is_empty() { 0 } else { 2 };
    while let Some(batch) = follow.poll() {
        for item in batch {
            let definitions = args.resolve.then(|| follow.defs());
            match item {
                Ok(entry) if args.json => {
                    json_line(out, &Line { entry: &entry, definitions, says_unverified: false })?;
                }
                Ok(entry) => text_line(out, &entry, definitions)?,
                Err(problem) => {
                    complain(&problem.to_string());
                    status = 2;
                }
            }
        }
        out.flush()?;
        if follow.writer() == Writer::Writing && !follow.is_behind() && !wait_with_an_audience() {
            return Ok(status);
        }
    }
    if follow.writer() == Writer::Dead {
        complain("the writer ended without closing the log");
    }
    Ok(status)
}

/// Pauses; false if whoever read standard output has gone, which writing would tell only at the next record.
fn wait_with_an_audience() -> bool {
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let start = Instant::now();
    let pause = Timespec { tv_sec: 0, tv_nsec: PAUSE.as_nanos() as i64 };
    if poll(&mut watched, Some(&pause)).is_err() {
        // A signal or a system without poll: the pause is what matters.
        std::thread::sleep(PAUSE.saturating_sub(start.elapsed()));
    }
    let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    !watched[0].revents().intersects(gone)
}
