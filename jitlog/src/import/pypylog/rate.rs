//! How long a tick of a PYPYLOG is: from the log's own sums in seconds, else told, else as on this machine.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::text::stamp;

/// Sums shorter than this say too little: the summary has microseconds.
const SHORTEST_SECONDS: f64 = 0.0005;

/// How far the sums of a log from this machine may be off.
const NEAR: f64 = 0.1;

#[derive(Clone, Debug)]
pub struct Rate {
    ticks_per_second: f64,
    how: How,
}

#[derive(Clone, Debug, PartialEq)]
enum How {
    Told,
    Summed,
    Agreed,
    Assumed,
}

impl Rate {
    /// Looks through the whole file: the sums are at its end.
    pub fn find(path: &Path, told: Option<f64>) -> io::Result<Rate> {
        if let Some(hz) = told.filter(|hz| hz.is_finite() && *hz > 0.0) {
            return Ok(Rate { ticks_per_second: hz, how: How::Told });
        }
        let mut reader = BufReader::with_capacity(1 << 18, File::open(path)?);
        let mut sums = Sums::default();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.first() == Some(&b'[') || sums.in_summary {
                sums.line(String::from_utf8_lossy(&line).trim_end());
            }
            line.clear();
        }
        let here = crate::write::ticks_per_second_here();
        Ok(match (sums.rate(), here) {
            // Short sums are off by some percent. If this machine's clock agrees, the log was written here.
            (Some(hz), Some(here)) if (here / hz - 1.0).abs() < NEAR => {
                Rate { ticks_per_second: here, how: How::Agreed }
            }
            (Some(hz), _) => Rate { ticks_per_second: hz, how: How::Summed },
            (None, here) => Rate { ticks_per_second: here.unwrap_or(1e9), how: How::Assumed },
        })
    }

    pub fn ns(&self, ticks: u64) -> u64 {
        // A damaged stamp may be any number.
        (ticks as f64 / self.ticks_per_second * 1e9).min(1e18) as u64
    }

    /// Ticks of a second.
    pub fn second(&self) -> u64 {
        self.ticks_per_second as u64
    }

    pub fn note(&self) -> Option<String> {
        let hz = self.ticks_per_second / 1e9;
        match self.how {
            How::Told => None,
            How::Summed => Some(format!("times: {hz:.4} GHz, from the log's own sums")),
            How::Agreed => Some(format!("times: {hz:.4} GHz as on this machine, which agrees with the log's own sums")),
            How::Assumed => Some(format!(
                "times: the log has no jit-summary to tell how long a tick is; {hz:.4} GHz as on this machine (--tsc-hz sets it)"
            )),
        }
    }
}

#[derive(Default)]
struct Sums {
    backend_begin: Option<u64>,
    backend_ticks: u64,
    in_summary: bool,
    backend_seconds: Option<f64>,
}

impl Sums {
    fn line(&mut self, line: &str) {
        match stamp(line) {
            Some(stamp) => match (stamp.name, stamp.begins) {
                ("jit-backend", true) => self.backend_begin = Some(stamp.ticks),
                ("jit-backend", false) => {
                    if let Some(begin) = self.backend_begin.take() {
                        self.backend_ticks = self.backend_ticks.saturating_add(stamp.ticks.saturating_sub(begin));
                    }
                }
                ("jit-summary", begins) => self.in_summary = begins,
                _ => {}
            },
            None => {
                if let Some(rest) = line.strip_prefix("Backend:") {
                    self.backend_seconds = rest.split_whitespace().nth(1).and_then(|text| text.parse().ok());
                }
            }
        }
    }

    fn rate(&self) -> Option<f64> {
        let seconds = self.backend_seconds.filter(|seconds| *seconds >= SHORTEST_SECONDS)?;
        (self.backend_ticks > 0).then(|| self.backend_ticks as f64 / seconds)
    }
}
