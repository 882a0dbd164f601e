//! Carries out a command: opens the log, asks an analysis, prints its answer. Knows the exit codes.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jitlog::ReadError;
use serde::Serialize;

use crate::analyse;
use crate::analyse::diff::diff;
use crate::analyse::findings::findings;
use crate::analyse::missing::missing;
use crate::analyse::overview::overview;
use crate::analyse::trace::{Content, TraceReport, report};
use crate::analyse::{
    aborts, allocs, charges, decisions, flame, guards, lines, memory, objects, passes, series, timeline, traces,
};
use crate::cli::{Cli, Command, Format, Input, Limit, Look, Output, Time};
use crate::describe;
use crate::environment::Environment;
use crate::model::load::{self, OpenError};
use crate::model::{Log, Model, Problem, Span, TraceId};
use crate::output;
use crate::report;
use crate::report::chart::Ground;
use crate::styled::{Line, Role};
use crate::text::columns::{ABORTS, ALLOCS, DECISIONS, GUARDS, LINES, PASSES, TRACES};
use crate::text::paint::Paint;
use crate::text::sites::SITES;
use crate::text::table::{Column, Sort};
use crate::text::{self, json, list, page, trace};
use crate::tui;

/// Why a command could not answer.
#[derive(Debug)]
pub enum Failure {
    Open(OpenError),
    /// The question makes no sense for this log.
    Question(String),
    Output(io::Error),
    Terminal(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Open(error) => error.fmt(f),
            Failure::Question(text) => f.write_str(text),
            Failure::Output(error) => write!(f, "writing failed: {error}"),
            Failure::Terminal(error) => write!(f, "the terminal failed: {error}; jitviz summary LOG needs none"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        Failure::Open(error)
    }
}

/// What a command answered, for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
}

/// Runs the command line: 0 fine, 1 the answer is "no", 2 if there is no answer. A reader that closed the pipe has seen enough.
pub fn main(cli: Cli) -> ExitCode {
    let environment = Environment::read();
    match run(&cli, &environment) {
        Ok(Verdict::Yes) => ExitCode::SUCCESS,
        Ok(Verdict::No) => ExitCode::from(1),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // File names are text from outside too; nobody is left to tell if standard error is gone.
            let text = crate::clean::clean(&failure.to_string()).into_owned();
            let _ = writeln!(io::stderr(), "jitviz: {text}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli, environment: &Environment) -> Result<Verdict, Failure> {
    if let (Some(_), Some(log)) = (&cli.command, &cli.log) {
        let text =
            format!("{}: a log stands before the command; write it after, as in: jitviz summary LOG", log.display());
        return Err(Failure::Question(text));
    }
    // Of two logs the one after is what the views show.
    let (before, log) = match (&cli.command, &cli.log, &cli.after) {
        (None, Some(before), Some(after)) => (Some(before), Some(after)),
        (None, Some(log), None) | (Some(Command::Follow { log }), ..) => (None, Some(log)),
        _ => (None, None),
    };
    if let Some(log) = log
        && environment.is_interactive()
    {
        let before = before.map(|path| Log::open(path)).transpose()?;
        let log = if matches!(cli.command, Some(Command::Follow { .. })) { open_soon(log)? } else { Log::open(log)? };
        let options = environment.options(&cli.look);
        // crossterm looks at NO_COLOR itself; an explicit option outranks it.
        crossterm::style::force_color_output(options.color);
        return tui::run(log, before, options).map(|()| Verdict::Yes).map_err(Failure::Terminal);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let verdict = match &cli.command {
        Some(Command::Diff { before, with, after, json, time, fail_over }) => {
            let paint = environment.paint(&cli.look);
            compare(&Sides::of(before, with, after, span_of(time)?)?, *json, *fail_over, &paint, &mut out)?
        }
        None if let (Some(before), Some(after)) = (&cli.log, &cli.after) => {
            let sides = Sides { before: vec![load::open(before)?], after: vec![load::open(after)?] };
            compare(&sides, false, None, &environment.paint(&cli.look), &mut out)?
        }
        _ => answer(cli, environment, &mut out).map(|()| Verdict::Yes)?,
    };
    out.flush()?;
    Ok(verdict)
}

/// How long a program that was just started may take until its log is there.
const STARTING: Duration = Duration::from_secs(2);

/// A log that is followed: whoever starts the program and this at once is faster than the program.
fn open_soon(path: &Path) -> Result<Log, OpenError> {
    let start = Instant::now();
    loop {
        match Log::open(path) {
            // It may be there in part.
            Err(OpenError::Empty(_) | OpenError::Read(ReadError::Damaged(_))) if start.elapsed() < STARTING => {}
            Err(OpenError::Read(ReadError::Io { source, .. }))
                if source.kind() == io::ErrorKind::NotFound && start.elapsed() < STARTING => {}
            opened => return opened,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The logs to compare.
struct Sides {
    before: Vec<Model>,
    after: Vec<Model>,
}

impl Sides {
    /// Two logs, or those before and those after; of a part of the time of each, or of all.
    fn of(before: &[PathBuf], with: &[PathBuf], after: &[PathBuf], span: Option<Span>) -> Result<Sides, Failure> {
        let open = |paths: &[PathBuf]| paths.iter().map(|path| read(path, span)).collect::<Result<Vec<_>, Failure>>();
        let (before, after) = match (before, [with, after].concat().as_slice()) {
            ([a, b], []) => (open(std::slice::from_ref(a))?, open(std::slice::from_ref(b))?),
            (_, []) => {
                let text = "diff takes two logs, or several before and several after: BEFORE... -- AFTER...";
                return Err(Failure::Question(text.into()));
            }
            (before, after) => (open(before)?, open(after)?),
        };
        Ok(Sides { before, after })
    }
}

fn compare(
    sides: &Sides,
    as_json: bool,
    fail_over: Option<f64>,
    paint: &Paint,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let found = diff(&sides.before, &sides.after);
    let verdict = fail_over.map(|limit| found.verdict(limit));
    if as_json {
        let mut answer = serde_json::to_value(&found).map_err(io::Error::from)?;
        answer["verdict"] = serde_json::to_value(&verdict).map_err(io::Error::from)?;
        json::write(out, &answer)?;
    } else {
        paint.lines(out, &text::diff::lines(&found))?;
        if let Some(verdict) = &verdict {
            let role = if verdict.over { Role::Bad } else { Role::Good };
            paint.line(out, &Line::new())?;
            paint.line(out, &Line::of(role, verdict.sentence()))?;
        }
        print_problems(&found.problems, paint, out)?;
    }
    Ok(if verdict.is_some_and(|v| v.over) { Verdict::No } else { Verdict::Yes })
}

/// Prints the answer to a command.
fn answer(cli: &Cli, environment: &Environment, out: &mut dyn Write) -> Result<(), Failure> {
    let paint = environment.paint(&cli.look);
    match (&cli.command, &cli.log) {
        (Some(Command::Summary { input }), _) => summary(&open(input)?, input.json, &paint, out),
        (Some(Command::Traces { input, sort, limit }), _) => {
            let model = open(input)?;
            let table = Table { name: "traces", columns: TRACES, sort, limit: *limit, part: model.span.is_some() };
            table.print(traces::rows(&model), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Guards { input, sort, limit }), _) => {
            let model = open(input)?;
            let table = Table { name: "guards", columns: GUARDS, sort, limit: *limit, part: model.span.is_some() };
            table.print(guards::rows(&model), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Aborts { input, sort, limit }), _) => {
            let model = open(input)?;
            let table = Table { name: "aborts", columns: ABORTS, sort, limit: *limit, part: model.span.is_some() };
            table.print(aborts::rows(&model), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Lines { input, sort, limit }), _) => {
            let model = open(input)?;
            let table = Table { name: "lines", columns: LINES, sort, limit: *limit, part: model.span.is_some() };
            table.print(lines::rows(&model, !cli.look.no_source), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Allocs { input, sort, limit }), _) => {
            let model = open(input)?;
            let table = Table { name: "allocs", columns: ALLOCS, sort, limit: *limit, part: model.span.is_some() };
            table.print(allocs::rows(&model), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Decisions { input, sort, limit }), _) => {
            let model = open(input)?;
            let sort = sort.as_deref().unwrap_or_default();
            let table =
                Table { name: "decisions", columns: DECISIONS, sort, limit: *limit, part: model.span.is_some() };
            let mut rows = decisions::rows(&model);
            table.print(rows.clone(), &model.problems, input.json, &paint, out)?;
            if let Some(sort) = Sort::by(DECISIONS, sort) {
                sort.apply(DECISIONS, &mut rows);
            }
            rows.truncate(limit.limit.unwrap_or(usize::MAX));
            let reasons = if input.json { Vec::new() } else { text::columns::reasons(&rows) };
            for (reason, text) in reasons {
                let line = Line::of(Role::Title, reason).with(Role::Dim, format!(": {text}"));
                paint.line(out, &line)?;
            }
            Ok(())
        }
        (Some(Command::Passes { input, sort, limit }), _) => {
            let model = open(input)?;
            let sort = sort.as_deref().unwrap_or_default();
            let table = Table { name: "passes", columns: PASSES, sort, limit: *limit, part: model.span.is_some() };
            table.print(passes::rows(&model), &model.problems, input.json, &paint, out)
        }
        (Some(Command::Explain { input, all }), _) => explain(&open(input)?, *all, input.json, &paint, out),
        (Some(Command::Plot { kind, logs, json, format, time, output }), _) => {
            let chart = chart(kind, logs, time)?;
            plot(kind, &chart, logs, *json, *format, output, out)
        }
        (Some(Command::Report { log, time, output }), _) => {
            let model = open_part(log, time)?;
            let page = report::report(&model, !cli.look.no_source).map_err(Failure::Question)?;
            write_file(output, page.as_bytes())
        }
        (Some(Command::Trace { input, id, stage }), _) => {
            let model = open(input)?;
            one_trace(&model, TraceId(*id), stage, input.json, &cli.look, &paint, out)
        }
        (Some(Command::Diff { .. }), _) => Ok(()),
        (Some(Command::Follow { log }), _) => summary(&open_soon(log)?.at_its_end(), false, &paint, out),
        (Some(Command::Timeline { input, columns }), _) => timeline(input, *columns, &paint, out),
        (Some(Command::Memory { input }), _) => memory(&open(input)?, input.json, &paint, out),
        (Some(Command::Objects { input }), _) => objects(&open(input)?, input.json, &paint, out),
        (Some(Command::Blame { input }), _) => blame(&open(input)?, input.json, &paint, out),
        (Some(Command::Completions { shell }), _) => Ok(describe::completions(*shell, out)?),
        (Some(Command::Man { to }), _) => Ok(describe::man(to.as_deref(), out)?),
        (Some(Command::Flame { input }), _) => flame(&open(input)?, input.json, &paint, out),
        (None, Some(log)) => summary(&load::open(log)?, false, &paint, out),
        (None, None) => Err(Failure::Question("no log was given".into())),
    }
}

fn summary(model: &Model, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let overview = overview(model);
    if as_json {
        let mut answer = serde_json::to_value(&overview.summary).map_err(io::Error::from)?;
        if model.is_imported() {
            answer["not_in_log"] = not_in_log(model, &overview.findings.looked_for)?;
        }
        return Ok(json::write(out, &answer)?);
    }
    for line in page::lines(&overview, paint.width) {
        paint.line(out, &line.line)?;
    }
    print_missing(model, &overview.findings.looked_for, paint, out)
}

fn not_in_log(model: &Model, looked_for: &[&'static str]) -> Result<serde_json::Value, Failure> {
    Ok(serde_json::to_value(missing(model, looked_for)).map_err(io::Error::from)?)
}

/// What a log of another VM does not hold.
fn print_missing(
    model: &Model,
    looked_for: &[&'static str],
    paint: &Paint,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let list = missing(model, looked_for);
    if !list.is_empty() {
        paint.line(out, &Line::new())?;
        paint.line(out, &Line::of(Role::Title, "Not in this log, and what would supply it"))?;
    }
    for missing in &list {
        paint.line(out, &Line::of(Role::Dim, format!("  {}", analyse::missing::line(missing))))?;
    }
    Ok(())
}

/// The run, or the part of its time that is asked for.
fn open(input: &Input) -> Result<Model, Failure> {
    read(&input.log, span_of(&input.time)?)
}

fn open_part(log: &Path, time: &Time) -> Result<Model, Failure> {
    read(log, span_of(time)?)
}

fn read(log: &Path, span: Option<Span>) -> Result<Model, Failure> {
    Ok(Log::open(log)?.read(span, &mut |_| ControlFlow::Continue(())))
}

/// As in the UI the end of a range is not part of it.
fn span_of(time: &Time) -> Result<Option<Span>, Failure> {
    let span = Span { from_ns: time.from.unwrap_or(0), to_ns: time.to.unwrap_or(u64::MAX) };
    if span.from_ns >= span.to_ns {
        let (from, to) = (crate::units::ns(span.from_ns), crate::units::ns(span.to_ns));
        return Err(Failure::Question(format!("--from {from} is not before --to {to}; a range needs two moments")));
    }
    Ok((span != Span::WHOLE).then_some(span))
}

/// As in the UI: of the whole run, of which a range shows a part.
fn timeline(input: &Input, columns: usize, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let model = &load::open(&input.log)?;
    let span = span_of(&input.time)?.unwrap_or(Span::WHOLE);
    let within = model.moments.iter().filter(|m| (span.from_ns..span.to_ns).contains(&m.at_ns));
    let moments: Vec<_> = within.map(|m| timeline::row(model, m)).collect();
    if input.json {
        let to_ns = span.to_ns.min(model.duration_ns);
        let lanes = timeline::lanes(model, span.from_ns.min(to_ns), to_ns, columns);
        let answer = serde_json::json!({ "lanes": lanes, "moments": moments, "problems": model.problems });
        return Ok(json::write(out, &answer)?);
    }
    for row in &moments {
        let line = Line::of(Role::Dim, format!("{:>9}  ", crate::units::ns(row.at_ns)));
        paint.line(out, &line.with(Role::Plain, format!("{:13} {}", row.what, row.text)))?;
    }
    print_problems(&model.problems, paint, out)
}

fn memory(model: &Model, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let report = memory::memory(model);
    if as_json {
        return Ok(json::write(out, &report)?);
    }
    paint.lines(out, &text::memory::lines(&report))?;
    paint.line(out, &Line::new())?;
    let table = Table {
        name: "sites",
        columns: SITES,
        sort: "bytes",
        limit: Limit { limit: None },
        part: model.span.is_some(),
    };
    table.print(report.sites, &model.problems, false, paint, out)
}

fn objects(model: &Model, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let report = objects::objects(model);
    if as_json {
        return Ok(json::write(out, &report)?);
    }
    paint.lines(out, &text::objects::lines(&report))?;
    print_problems(&model.problems, paint, out)
}

fn blame(model: &Model, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let charges = charges::charges(model);
    if as_json {
        return Ok(json::write(out, &charges)?);
    }
    if model.samples.is_empty() {
        paint.line(out, &Line::of(Role::Dim, "no samples in this log: time in the interpreter is not known"))?;
    } else {
        paint.lines(out, &text::charges::lines(&charges))?;
    }
    print_problems(&model.problems, paint, out)
}

fn flame(model: &Model, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let flame = flame::flame(model, None);
    if as_json {
        return Ok(json::write(out, &flame)?);
    }
    // Most time first, callees below their callers.
    let mut open = vec![0];
    while let Some(id) = open.pop() {
        let frame = &flame.frames[id];
        open.extend(frame.children.iter().rev());
        let share = crate::units::share(frame.total_ns, flame.total_ns()).unwrap_or_default();
        let line = Line::of(Role::Plain, format!("{:>9} {share:>7}  ", crate::units::ns(frame.total_ns)));
        paint.line(out, &line.with(Role::Name, format!("{}{}", "  ".repeat(frame.depth), frame.function)))?;
    }
    print_problems(&model.problems, paint, out)
}

fn chart(kind: &str, logs: &[PathBuf], time: &Time) -> Result<series::Chart, Failure> {
    match (series::KINDS.iter().find(|k| k.id == kind), logs) {
        (Some(kind), [log]) => Ok(series::chart(&open_part(log, time)?, kind)),
        (None, [before, after]) => Ok(series::diff(&diff(&[open_part(before, time)?], &[open_part(after, time)?]))),
        (Some(kind), logs) if kind.id == "warmup" => {
            let models = logs.iter().map(|log| open_part(log, time)).collect::<Result<Vec<_>, _>>()?;
            let why = "the speed of these runs is not known in the same way; jitvm.iteration(n) marks iterations";
            series::warm_ups(&models).ok_or_else(|| Failure::Question(why.into()))
        }
        (Some(_), _) => Err(Failure::Question(format!("the chart {kind} is of one log"))),
        (None, _) => Err(Failure::Question(format!("the chart {kind} takes two logs"))),
    }
}

fn plot(
    kind: &str,
    chart: &series::Chart,
    logs: &[PathBuf],
    as_json: bool,
    format: Option<Format>,
    output: &Output,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match (as_json, &output.file) {
        (true, None) => return Ok(json::write(out, chart)?),
        (true, Some(_)) => {
            return Err(Failure::Question("--json prints the numbers instead of drawing; leave -o out".into()));
        }
        (false, _) => {}
    }
    if chart.series.is_empty() {
        let name = logs.first().map(|log| log.display().to_string()).unwrap_or_default();
        return Err(Failure::Question(format!("{name}: nothing to draw, the log has nothing for the chart {kind}")));
    }
    let is_png = output.file.as_ref().and_then(|f| f.extension()).is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let content = match format.unwrap_or(if is_png { Format::Png } else { Format::Svg }) {
        Format::Svg => report::chart::svg(chart, Ground::White).map(String::into_bytes),
        Format::Png => report::chart::png(chart),
    };
    write_file(output, &content.map_err(Failure::Question)?)
}

fn write_file(output: &Output, content: &[u8]) -> Result<(), Failure> {
    let Some(path) = &output.file else { return Err(Failure::Question("no file was named; -o FILE".into())) };
    output::write(path, content, output.force).map_err(|error| match error.kind() {
        // Whoever reads standard output may have seen enough.
        io::ErrorKind::BrokenPipe => Failure::Output(error),
        _ => Failure::Question(format!("{}: {error}", path.display())),
    })
}

fn explain(model: &Model, all: bool, as_json: bool, paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    let found = findings(model, all);
    if as_json {
        let mut answer = serde_json::to_value(&found).map_err(io::Error::from)?;
        answer["problems"] = serde_json::to_value(&model.problems).map_err(io::Error::from)?;
        if model.is_imported() {
            answer["not_in_log"] = not_in_log(model, &found.looked_for)?;
        }
        return Ok(json::write(out, &answer)?);
    }
    paint.lines(out, &text::findings::lines(&found, paint.width))?;
    print_missing(model, &found.looked_for, paint, out)?;
    print_problems(&model.problems, paint, out)
}

/// One of the lists.
struct Table<'a, R: 'static> {
    name: &'static str,
    columns: &'static [Column<R>],
    sort: &'a str,
    limit: Limit,
    /// Of a part of the time.
    part: bool,
}

impl<R: Serialize> Table<'_, R> {
    fn print(
        &self,
        mut rows: Vec<R>,
        problems: &[Problem],
        as_json: bool,
        paint: &Paint,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let sort = Sort::by(self.columns, self.sort);
        if let Some(sort) = sort {
            sort.apply(self.columns, &mut rows);
        }
        let total = rows.len();
        rows.truncate(self.limit.limit.unwrap_or(usize::MAX));
        if as_json {
            let rows = serde_json::to_value(rows).map_err(io::Error::from)?;
            let answer = serde_json::json!({ self.name: rows, "total": total, "problems": problems });
            return Ok(json::write(out, &answer)?);
        }
        if total == 0 {
            paint.line(
                out,
                &Line::of(
                    Role::Dim,
                    format!("no {} in this {}", self.name, if self.part { "part of the run" } else { "log" }),
                ),
            )?;
        } else {
            paint.lines(out, &list::lines(self.columns, &rows, sort, total, paint))?;
        }
        print_problems(problems, paint, out)
    }
}

fn print_problems(problems: &[Problem], paint: &Paint, out: &mut dyn Write) -> Result<(), Failure> {
    for problem in problems {
        paint.line(out, &Line::of(Role::Warn, format!("problem: {problem}")))?;
    }
    Ok(())
}

fn one_trace(
    model: &Model,
    id: TraceId,
    stage: &str,
    as_json: bool,
    look: &Look,
    paint: &Paint,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut report = report(model, id).ok_or_else(|| Failure::Question(no_such_trace(model, id)))?;
    let last_ir = report.last_ir().map(|i| report.stages[i].clone());
    let wanted: Vec<_> = match stage {
        // A trace without stages still has a head worth showing.
        "all" => report.stages.clone(),
        _ => report.select(stage).map_err(Failure::Question)?.into_iter().cloned().collect(),
    };
    if as_json {
        report.stages = wanted;
        return Ok(json::write(out, &report)?);
    }
    if stage == "all" {
        paint.lines(out, &trace::head(&report))?;
        if !report.passes.is_empty() {
            paint.line(out, &Line::new())?;
            paint.lines(out, &trace::passes(&report.passes))?;
        }
    }
    let ir = last_ir.as_ref().and_then(|s| match &s.content {
        Content::Ir(listing) => Some(listing),
        _ => None,
    });
    let cx = trace::Context { model, with_source: !look.no_source };
    for (i, stage) in wanted.iter().enumerate() {
        if i > 0 || wanted.len() > 1 {
            paint.line(out, &Line::new())?;
        }
        paint.line(out, &Line::of(Role::Title, trace::title(stage)))?;
        for line in trace::lines(cx, stage, ir) {
            paint.line(out, &line.line)?;
        }
    }
    print_problems(&problems_of(&report, model), paint, out)
}

/// What was wrong with the trace and with the log.
fn problems_of(report: &TraceReport, model: &Model) -> Vec<Problem> {
    report.problems.iter().chain(&model.problems).cloned().collect()
}

fn no_such_trace(model: &Model, id: TraceId) -> String {
    match (model.traces.first_key_value(), model.traces.last_key_value()) {
        (Some((first, _)), Some((last, _))) => {
            format!("{}: no trace {id}; its traces are numbered {first} to {last} (see jitviz traces)", model.name)
        }
        _ => format!("{}: no trace {id}, nor any other", model.name),
    }
}
