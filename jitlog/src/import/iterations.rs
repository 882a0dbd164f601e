//! Times of iterations, from whatever measured them: CSV, pyperf, hyperfine or JMH JSON. Each becomes a mark at its end.

use std::io;

use serde_json::Value;

use crate::import::input::{Input, Line};
use crate::import::sink::{MAIN, Sink};
use crate::*;

pub fn is_one(text: &str) -> bool {
    let start = text.trim_start();
    if start.starts_with('{') {
        return (text.contains("\"benchmarks\"") && text.contains("\"runs\"")) || text.contains("\"results\"");
    }
    if let Some(rest) = start.strip_prefix('[') {
        return text.contains("\"primaryMetric\"") || rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next();
    let (first, second) = (header.and_then(last_number), lines.next().and_then(last_number));
    header.is_some()
        && (first.is_some() && text.lines().take(2).all(|line| line.trim().is_empty() || last_number(line).is_some())
            || second.is_some())
}

/// The number in the last column.
fn last_number(line: &str) -> Option<f64> {
    line.rsplit([',', ';', '\t'])
        .next()?
        .trim()
        .trim_matches('"')
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

pub fn read(input: &mut Input, out: &mut Sink) -> io::Result<()> {
    let text = input.rest()?;
    out.here(&Line { text: "", number: 1, byte: 0, cut: false });
    let mut marks = Marks::new(out);
    if text.trim_start().starts_with(['{', '[']) {
        document(&text, &mut marks);
    } else {
        csv(&text, &mut marks);
    }
    let found = marks.number > 0;
    if !found {
        out.unread(UnreadKind::Unknown, "no times of iterations");
    }
    out.process("", "", &[], "");
    for code in 1..=20 {
        let fact = Fact(code);
        if !matches!(fact, Fact::Times | Fact::Iterations) || !found {
            out.absent(fact, "");
        }
    }
    Ok(())
}

/// Writes iterations one behind the other.
struct Marks<'a> {
    out: &'a mut Sink,
    iteration: StringId,
    series: String,
    at_ns: u64,
    number: i64,
}

impl<'a> Marks<'a> {
    fn new(out: &'a mut Sink) -> Marks<'a> {
        let iteration = out.string("iteration");
        let at_ns = out.last_ns();
        Marks { out, iteration, series: String::new(), at_ns, number: 0 }
    }

    fn add(&mut self, seconds: f64) {
        if !(0.0..1e9).contains(&seconds) {
            self.out.unread(UnreadKind::Damaged, &format!("{seconds} s"));
            return;
        }
        if self.number == 0 {
            // A mark is at the start of its iteration.
            self.mark();
        }
        self.at_ns = self.at_ns.saturating_add((seconds * 1e9) as u64);
        self.number += 1;
        self.mark();
    }

    fn mark(&mut self) {
        let mark = Mark { name_str: self.iteration, value: 0.0, count: self.number, text: &self.series };
        self.out.emit(MAIN, self.at_ns, &mark);
    }
}

/// A column of times in seconds; a header with `ms`, `us` or `ns` in it says otherwise.
fn csv(text: &str, marks: &mut Marks<'_>) {
    let mut unit = 1.0;
    let mut columns = None;
    let mut byte = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end_matches(['\n', '\r']);
        marks.out.here(&Line { text: line, number: index as u64 + 1, byte, cut: false });
        byte += whole.len() as u64;
        if line.trim().is_empty() {
            continue;
        }
        let wanted = *columns.get_or_insert(count_columns(line));
        if count_columns(line) < wanted {
            // Its last column is not that of the times.
            let kind = if whole.ends_with('\n') { UnreadKind::Damaged } else { UnreadKind::Cut };
            marks.out.unread(kind, line);
            continue;
        }
        if !whole.ends_with('\n') && last_number(line).is_some() {
            let note = "the file ends without the end of its last line: if it was cut, the last time is too short";
            marks.out.note(note.into());
        }
        match last_number(line) {
            Some(time) => marks.add(time * unit),
            None if marks.number == 0 => {
                let header = line.rsplit([',', ';', '\t']).next().unwrap_or_default().to_ascii_lowercase();
                unit = match () {
                    () if header.contains("ns") || header.contains("nano") => 1e-9,
                    () if header.contains("us") || header.contains("µs") || header.contains("micro") => 1e-6,
                    () if header.contains("ms") || header.contains("milli") => 1e-3,
                    () => 1.0,
                };
            }
            None => marks.out.unread(UnreadKind::Unknown, line),
        }
    }
}

fn count_columns(line: &str) -> usize {
    line.split([',', ';', '\t']).count()
}

/// A document of JSON; of one that is cut off or damaged, what precedes that place.
fn document(text: &str, marks: &mut Marks<'_>) {
    let error = match serde_json::from_str::<Value>(text) {
        Ok(value) => return json(&value, marks),
        Err(error) => error,
    };
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = text.floor_char_boundary((before + error.column()).min(text.len()));
    let kind = if error.is_eof() { UnreadKind::Cut } else { UnreadKind::Damaged };
    marks.out.here(&Line { text: "", number: error.line() as u64, byte: at as u64, cut: false });
    marks.out.unread(kind, &format!("column {}: {error}", error.column()));
    // What the error is at may be the last byte of a value that was whole so far.
    let readable = if error.is_eof() { text } else { &text[..text.floor_char_boundary(at.saturating_sub(1))] };
    if let Ok(value) = serde_json::from_str::<Value>(&closed(readable)) {
        json(&value, marks);
    }
}

/// The values that are whole in the beginning of a document, with the brackets closed that are open behind them.
fn closed(text: &str) -> String {
    let (mut open, mut quoted, mut escaped) = (Vec::new(), false, false);
    let (mut end, mut closers) = (0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => open.push(if c == '{' { '}' } else { ']' }),
            '}' | ']' if open.pop() != Some(c) => break,
            _ => {}
        }
        if !quoted && matches!(c, '{' | '[' | '}' | ']' | ',') {
            // Before a comma, behind a bracket: there a value has just ended or none has begun.
            end = if c == ',' { at } else { at + 1 };
            closers.clone_from(&open);
        }
    }
    text[..end].chars().chain(closers.into_iter().rev()).collect()
}

fn json(value: &Value, marks: &mut Marks<'_>) {
    if let Some(benchmarks) = value.get("benchmarks").and_then(Value::as_array) {
        benchmarks.iter().for_each(|benchmark| pyperf(benchmark, marks));
    } else if let Some(results) = value.get("results").and_then(Value::as_array) {
        for result in results {
            marks.series = result.get("command").and_then(Value::as_str).unwrap_or_default().to_string();
            numbers(result.get("times"), 1.0, marks);
        }
    } else if let Some(list) = value.as_array() {
        if list.first().is_some_and(Value::is_number) {
            return numbers(Some(value), 1.0, marks);
        }
        list.iter().for_each(|benchmark| jmh(benchmark, marks));
    }
}

fn numbers(list: Option<&Value>, unit: f64, marks: &mut Marks<'_>) {
    for value in list.and_then(Value::as_array).into_iter().flatten() {
        match value.as_f64() {
            Some(time) => marks.add(time * unit),
            None => marks.out.unread(UnreadKind::Unknown, &value.to_string()),
        }
    }
}

/// Runs with warm-ups, which are pairs of loops and time, and values.
fn pyperf(benchmark: &Value, marks: &mut Marks<'_>) {
    let name = benchmark.pointer("/metadata/name").and_then(Value::as_str);
    marks.series = name.unwrap_or_default().to_string();
    for run in benchmark.get("runs").and_then(Value::as_array).into_iter().flatten() {
        let warmups = run.get("warmups").and_then(Value::as_array);
        for warmup in warmups.into_iter().flatten() {
            if let Some(time) = warmup.get(1).and_then(Value::as_f64) {
                marks.add(time);
            }
        }
        numbers(run.get("values"), 1.0, marks);
    }
}

fn jmh(benchmark: &Value, marks: &mut Marks<'_>) {
    marks.series = benchmark.get("benchmark").and_then(Value::as_str).unwrap_or_default().to_string();
    let Some(metric) = benchmark.get("primaryMetric") else { return };
    if metric.get("rawData").is_some() && metric.get("scoreUnit").is_none() {
        return marks.out.unread(UnreadKind::Unknown, "times without a unit");
    }
    let metric = Some(metric);
    let unit = metric.and_then(|metric| metric.get("scoreUnit")).and_then(Value::as_str).unwrap_or_default();
    let (time, per_second) = match unit.split_once('/') {
        Some(("ops", time)) => (time, true),
        Some((time, _)) => (time, false),
        None => (unit, false),
    };
    let second = match time {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "min" => 60.0,
        _ => 1.0,
    };
    let forks = metric.and_then(|metric| metric.get("rawData")).and_then(Value::as_array);
    for value in forks.into_iter().flatten().filter_map(Value::as_array).flatten() {
        match value.as_f64() {
            // Throughput: what one operation took.
            Some(rate) if per_second && rate > 0.0 => marks.add(second / rate),
            Some(time) if !per_second => marks.add(time * second),
            _ => marks.out.unread(UnreadKind::Unknown, &value.to_string()),
        }
    }
}
