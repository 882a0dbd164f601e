//! The command line: flags, exit codes, and the way output is written.
//!
//! Exit codes: 0 fine, 1 the log is damaged (`check`), 2 wrong usage, unreadable input or an I/O error. A reader that
//! closes the pipe ends the program silently with 0.

mod cat;
mod check;
mod describe;
mod export;
mod follow;
mod import;
mod info;
mod output;
mod pack;
mod progress;
mod record;
mod repair;
pub(crate) mod show;
mod time;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jitlog::read::parse_ns;
use jitlog::{Health, ReadError, Reader};

pub(crate) use info::header as log_header;

/// Inspects logs of JIT compilers (.jlog).
#[derive(Parser)]
#[command(name = "jitlog", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Example:\n  jitlog info run.jlog\n\nExit status: 0 fine; 1 `check` found damage; 2 wrong usage, unreadable input or I/O error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show a log's header, health, counts by event and size by kind.
    #[command(after_help = "Example:\n  jitlog info run.jlog\n  jitlog info run.jlog --json | jq .health")]
    Info(InfoArgs),
    /// Print a log's records in time order, one per line.
    #[command(
        after_help = "Example:\n  jitlog cat run.jlog --resolve --type trace_start,trace_abort --from 1.5s --to 2s\n  jitlog cat run.jlog --json | jq 'select(.ev == \"bailout\")'\n\nDamaged parts are left out and named on standard error; the exit status is then 2."
    )]
    Cat(CatArgs),
    /// Verify every block; say what is damaged and what is still readable.
    #[command(
        after_help = "Example:\n  jitlog check run.jlog && echo whole\n\nExit status: 0 whole, 1 damaged, 2 not readable at all."
    )]
    Check(CheckArgs),
    /// Print a log's records as they are written, until the writer ends.
    #[command(
        after_help = "Example:\n  jitlog follow run.jlog --resolve --type trace_abort,bailout\n  jitlog follow run.jlog --json | jq .ev\n\nRecords of one stream come in their order; one that its thread committed late may come after later ones of other\nstreams. The command ends with the writer, which is said on standard error if it ended without closing the log."
    )]
    Follow(RecordsArgs),
    /// Write all that can be read of a log as a clean log.
    #[command(
        after_help = "Example:\n  jitlog repair run.jlog -o whole.jlog && jitlog check whole.jlog\n\nBlocks whose checksum fails are left out; blocks that were cut or never sealed are kept as far as their records go;\nblocks whose directory entry is lost are found by their prologue. No checksum vouches for those: the new log says so,\nand --verified leaves them out. OUT is written whole or not at all."
    )]
    Repair(RepairArgs),
    /// Write a log as a compressed archive that every command reads like the log itself.
    #[command(
        after_help = "Example:\n  jitlog pack run.jlog -o run.jlogz && jitlog info run.jlogz\n\nOf a damaged log it takes what can be read, says what was wrong, and exits with 2. OUT is written whole or not at all."
    )]
    Pack(PackArgs),
    /// Write a log in the format of another tool.
    #[command(
        after_help = "Example:\n  jitlog export jsonl run.jlog -o run.jsonl\n  jitlog export folded run.jlog -o - | inferno-flamegraph > run.svg\n  jitlog export firefox run.jlog -o run.json      load it at profiler.firefox.com\n  jitlog export parquet run.jlog -o tables && duckdb -c \"select state, sum(weight_ns) from 'tables/sample.parquet' group by 1\"\n\nDamaged parts are left out and named on standard error; the exit status is then 2."
    )]
    Export(ExportArgs),
    /// Make a log from one of another VM: PyPy, LuaJIT, V8, HotSpot, or from times of iterations.
    #[command(
        after_help = "Example:\n  jitlog import pypylog run.pypylog -o run.jlog && jitviz summary run.jlog\n  jitlog import auto v8.log -o v8.jlog          the content tells what it is\n  jitlog import perf PERF.txt RUN.jlog -o joined.jlog   perf record -k mono, perf script; with the log of that run\n\nWhat that VM's log does not hold is said, with the switch that would supply it. Lines that were not understood, and\nwhere the file is damaged or cut, are named on standard error; the exit status is then 2. OUT is written whole or not\nat all."
    )]
    Import(ImportArgs),
    /// Print a shell's completions for this command.
    #[command(
        after_help = "Example:\n  jitlog completions bash > /etc/bash_completion.d/jitlog\n  jitlog completions zsh > ~/.zfunc/_jitlog"
    )]
    Completions(CompletionsArgs),
    /// Print the man page, or write one per command into a folder.
    #[command(after_help = "Example:\n  jitlog man | man -l -\n  jitlog man --to /usr/share/man/man1")]
    Man(ManArgs),
}

#[derive(Args)]
struct InfoArgs {
    /// The log
    log: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CatArgs {
    #[command(flatten)]
    records: RecordsArgs,
    /// Only before this time
    #[arg(long, value_name = "T", value_parser = parse_ns)]
    to: Option<u64>,
}

#[derive(Args)]
struct CheckArgs {
    /// The log
    log: PathBuf,
}

/// Which records are printed, and how.
#[derive(Args)]
struct RecordsArgs {
    /// The log
    log: PathBuf,
    /// Print JSON Lines: a header object, then one object per record
    #[arg(long)]
    json: bool,
    /// Print what ids stand for beside them
    #[arg(long)]
    resolve: bool,
    /// Only these events
    #[arg(long = "type", value_name = "T,...", value_delimiter = ',')]
    types: Vec<String>,
    /// Only from this time after the start, e.g. 1.5s, 200ms, 10us
    #[arg(long, value_name = "T", value_parser = parse_ns)]
    from: Option<u64>,
}

#[derive(Args)]
struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

#[derive(Args)]
struct ManArgs {
    /// The folder; without it the page of the command as a whole goes to standard output
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

#[derive(Args)]
struct ExportArgs {
    /// What to write
    format: crate::export::Format,
    /// The log
    log: PathBuf,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Args)]
struct ImportArgs {
    /// What the files are; auto: their content tells
    #[arg(value_parser = ["auto", "pypylog", "pypy-jitlog", "luajit", "v8", "hotspot", "iterations", "perf"])]
    format: String,
    /// The files of one run
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Ticks per second of the time stamps of a PYPYLOG that does not tell
    #[arg(long, value_name = "HZ")]
    tsc_hz: Option<f64>,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Args)]
struct PackArgs {
    /// The log
    log: PathBuf,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Args)]
struct RepairArgs {
    /// The log
    log: PathBuf,
    #[command(flatten)]
    to: ToArgs,
    /// Leave out records that no checksum of the writer vouches for
    #[arg(long)]
    verified: bool,
}

/// Where a command that makes a file puts it.
#[derive(Args)]
struct ToArgs {
    /// The file to write, `-` for standard output
    #[arg(short, long = "output", value_name = "OUT")]
    output: PathBuf,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
}

/// Why a command ended early.
enum Failure {
    Read(ReadError),
    Output(io::Error),
    Usage(String),
    File(PathBuf, io::Error),
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        Failure::Read(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Standard output, buffered.
type Output<'a> = BufWriter<io::StdoutLock<'a>>;

pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let result = match &cli.command {
        Command::Info(args) => info::run(args, &mut out),
        Command::Cat(args) => cat::run(args, &mut out),
        Command::Check(args) => check::run(args, &mut out),
        Command::Follow(args) => follow::run(args, &mut out),
        Command::Repair(args) => repair::run(args),
        Command::Export(args) => export::run(args, &mut out),
        Command::Import(args) => import::run(args),
        Command::Pack(args) => pack::run(&args.log, &args.to),
        Command::Completions(args) => describe::completions(args, &mut out),
        Command::Man(args) => describe::man(args, &mut out),
    };
    match result.and_then(|status| Ok(out.flush().map(|()| status)?)) {
        Ok(status) => ExitCode::from(status),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let text = match failure {
                Failure::Read(error) => error.to_string(),
                Failure::Output(error) => format!("standard output: {error}"),
                Failure::Usage(text) => text,
                Failure::File(path, error) => format!("{}: {error}", path.display()),
            };
            complain(&text);
            ExitCode::from(2)
        }
    }
}

/// Help and version go to standard output with status 0, mistakes to standard error with 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(failed) if failed.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(2),
        _ if error.use_stderr() => ExitCode::from(2),
        _ => ExitCode::SUCCESS,
    }
}

fn open(log: &PathBuf) -> Result<Reader, Failure> {
    Ok(Reader::open(log)?)
}

/// Names what was left out and what nobody vouches for; the exit status.
fn say_what_is_wrong(reader: &Reader) -> u8 {
    let problems = reader.problems();
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    let unverified = reader.unverified_blocks();
    if unverified > 0 && reader.health() != Health::Open {
        complain(&format!("no checksum vouches for what is in {unverified} blocks"));
    }
    if problems.is_empty() { 0 } else { 2 }
}

/// A line on standard error; if even that fails there is nobody to tell.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "jitlog: {}", show::plain(text));
}
