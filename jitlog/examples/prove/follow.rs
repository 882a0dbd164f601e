//! How soon `jitlog follow` shows an event, and that it notices a dead writer.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use jitlog::*;

use crate::Setting;
use crate::logs::{Seeded, monotonic_ns, tool};
use crate::report::Report;

/// The writer: marks that carry the time, until it is killed.
pub fn chatter(path: &Path) -> ExitCode {
    let log = Log::create(LogOptions::new(path)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    println!("up");
    std::io::stdout().flush().unwrap();
    let mut seeded = Seeded(11);
    loop {
        stream.mark(&Mark { count: monotonic_ns() as i64, ..Default::default() });
        std::thread::sleep(Duration::from_micros(500 + seeded.below(4_000)));
    }
}

pub fn run(setting: &Setting, report: &mut Report) {
    let path = setting.folder.join("follow.jlog");
    let mut writer = Command::new(std::env::current_exe().unwrap());
    let mut writer = writer.arg("chatter").arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    writer.stdout.take().unwrap().read_exact(&mut [0; 3]).unwrap();
    let mut follower = Command::new(tool());
    follower.args(["follow", "--json", "--type", "mark"]).arg(&path);
    let mut follower = follower.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("jlog"), "the header line");
    let wanted = if setting.quick { 100 } else { 4_000 };
    let mut late = Vec::new();
    for line in lines.by_ref() {
        let now = monotonic_ns();
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        late.push((now - record["count"].as_u64().unwrap()) as f64 / 1e6);
        if late.len() == wanted {
            break;
        }
    }
    writer.kill().unwrap();
    let killed = monotonic_ns();
    lines.for_each(drop);
    let status = follower.wait().unwrap();
    let noticed = (monotonic_ns() - killed) as f64 / 1e6;
    writer.wait().unwrap();
    let mut said = String::new();
    follower.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    // What was there before the follower came is no measure of it.
    let mut late = late.split_off(late.len() / 10);
    late.sort_by(f64::total_cmp);
    let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize];
    report.note("`jitlog follow` shows an event after, median", format!("{:.1} ms", at(0.5)));
    report.at_most("the same, 99.9 % of all", at(0.999), 50.0, "ms");
    report.note("the same, worst", format!("{:.1} ms", at(1.0)));
    report.fact("events it showed", format!("{wanted}"), "all", at(0.0) >= 0.0);
    report.at_most("a killed writer is noticed after", noticed, 1000.0, "ms");
    let holds = status.success() && said.contains("without closing");
    report.fact("and said", said.trim().to_string().replace("jitlog: ", ""), "", holds);
}
