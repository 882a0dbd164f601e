//! The head of the report: what was run, by what, where and when, as the log says it.

use crate::analyse::overview::Overview;
use crate::model::Model;
use crate::units::ns;

/// Names and texts, without what is not in the log.
pub fn facts(model: &Model, overview: &Overview) -> Vec<(&'static str, String)> {
    let process = &model.program.process;
    let mut out = vec![("Duration", overview.summary.duration_ns.map_or("not in the log".into(), ns))];
    let mut add = |name, text: String| {
        if !text.trim().is_empty() {
            out.push((name, text));
        }
    };
    add("Started", model.started_real_ns.map(utc).unwrap_or_default());
    add("VM", [overview.vm.as_str(), &process.vm_commit].join(" ").trim().to_string());
    add("VM's settings", process.config.clone());
    add("Machine", process.machine.clone());
    let sources = model.program.sources.values().filter(|s| s.hash != [0; 16]);
    let hashes = sources.take(1).map(|s| s.hash.iter().map(|b| format!("{b:02x}")).collect::<String>());
    add("Hash of the program", hashes.collect());
    add("Format of the log", model.format.clone());
    if let Some(exit) = &overview.summary.exit {
        add("Exit status", format!("{} ({})", exit.status, exit.how));
    }
    out
}

/// `2026-03-01 12:00:05 UTC`
fn utc(real_ns: u64) -> String {
    let seconds = real_ns / 1_000_000_000;
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hours, minutes) = (of_day / 3_600, of_day / 60 % 60);
    format!("{year}-{month:02}-{:02} {hours:02}:{minutes:02}:{:02} UTC", days + 1, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds: u64| utc(seconds * 1_000_000_000);
        assert_eq!(at(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(at(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(at(1_735_689_599), "2024-12-31 23:59:59 UTC");
        assert_eq!(at(1_772_366_405), "2026-03-01 12:00:05 UTC");
    }
}
