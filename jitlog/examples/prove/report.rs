//! The table of proofs: what, figure, target, verdict.

use std::process::ExitStatus;

/// Rows of one part.
pub struct Report {
    quick: bool,
    failures: u32,
}

pub fn head(quick: bool) {
    if quick {
        println!("quick: small numbers, times are shown and not judged");
    }
    println!("{:<58} {:>26}   {:<22} holds", "what", "figure", "target");
}

fn row(what: &str, figure: &str, target: &str, verdict: &str) {
    println!("{what:<58} {figure:>26}   {target:<22} {verdict}");
}

/// A part that did not live to report.
pub fn crashed(part: &str, status: ExitStatus) {
    row(part, &status.to_string(), "no crash", "NO");
}

impl Report {
    pub fn new(quick: bool) -> Report {
        Report { quick, failures: 0 }
    }

    pub fn failed(&self) -> bool {
        self.failures > 0
    }

    /// A figure without a target.
    pub fn note(&mut self, what: &str, figure: String) {
        row(what, &figure, "", "");
    }

    /// A count or a size: judged always.
    pub fn fact(&mut self, what: &str, figure: String, target: &str, holds: bool) {
        self.failures += u32::from(!holds);
        row(what, &figure, target, if holds { "yes" } else { "NO" });
    }

    /// A time or a speed: judged in full runs only.
    pub fn time(&mut self, what: &str, figure: String, target: &str, holds: bool) {
        if self.quick {
            row(what, &figure, target, "-");
        } else {
            self.fact(what, figure, target, holds);
        }
    }

    /// At most so much of a unit.
    pub fn at_most(&mut self, what: &str, value: f64, limit: f64, unit: &str) {
        self.time(what, format!("{value:.2} {unit}"), &format!("<= {limit} {unit}"), value <= limit);
    }

    /// At least so much of a unit.
    pub fn at_least(&mut self, what: &str, value: f64, limit: f64, unit: &str) {
        self.time(what, format!("{value:.2} {unit}"), &format!(">= {limit} {unit}"), value >= limit);
    }
}
