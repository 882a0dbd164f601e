//! The command line: every command, option and example, in one place.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::analyse::series::KINDS;
use crate::text::columns::{ABORTS, ALLOCS, CHANGE, DECISIONS, GUARDS, LINES, PASSES, TRACES};
use crate::text::table::Column;

/// Replays the log of a JIT compiler and says where time and memory went.
#[derive(Debug, Parser)]
#[command(
    name = "jitviz",
    version,
    override_usage = "jitviz [OPTIONS] LOG\n       jitviz [OPTIONS] BEFORE AFTER\n       jitviz COMMAND [OPTIONS] LOG",
    subcommand_negates_reqs = true,
    subcommand_precedence_over_arg = true,
    after_help = "Examples:\n  jitvm --log demo.jlog demo.py   write a log\n  jitviz demo.jlog                look at it\n  jitviz old.jlog new.jlog        look at what changed\n  \
                  jitviz summary demo.jlog        the run on one page\n\nExit status: 0 fine; 1 the answer is \"no\"; \
                  2 wrong usage, unreadable input or I/O error."
)]
pub struct Cli {
    /// The log to open in the terminal UI; without a terminal its summary is printed
    #[arg(required = true, value_name = "LOG")]
    pub log: Option<PathBuf>,
    /// A second log: the UI shows it, and what changed since the first; without a terminal the difference is printed
    #[arg(value_name = "AFTER")]
    pub after: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Clone, Debug, Args)]
pub struct Look {
    /// Colours: by default if the output is a terminal, NO_COLOR is not set and TERM is not dumb
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// Nothing but ASCII characters
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// Do not show the program's text
    #[arg(long, global = true)]
    pub no_source: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Svg,
    Png,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The run on one page: time, traces, guards, memory, health of the log
    #[command(
        after_help = "Examples:\n  jitviz summary demo.jlog --json | jq .guards.failures\n  jitviz summary demo.jlog --from 1.5s --to 2s"
    )]
    Summary {
        #[command(flatten)]
        input: Input,
    },
    /// What to change in the program: findings with cause, advice and evidence, most costly first
    #[command(after_help = "Example:\n  jitviz explain demo.jlog")]
    Explain {
        #[command(flatten)]
        input: Input,
        /// Also findings of little weight: under 2 % of the run, or of a very short run
        #[arg(long)]
        all: bool,
    },
    /// Every recording: where, what became of it, what it cost, how often it ran
    #[command(after_help = "Example:\n  jitviz traces demo.jlog --sort compile_ns --limit 5")]
    Traces {
        #[command(flatten)]
        input: Input,
        /// Column to sort by
        #[arg(long, value_name = "COLUMN", value_parser = keys(TRACES), default_value = "executions")]
        sort: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// One trace in full: bytecode, IR after each pass, machine code
    #[command(after_help = "Examples:\n  jitviz trace demo.jlog 3\n  jitviz trace demo.jlog 3 --stage asm")]
    Trace {
        #[command(flatten)]
        input: Input,
        /// The trace, as `traces` numbers it
        id: u32,
        /// bytecode, recorded, a pass, final, asm or all
        #[arg(long, default_value = "all")]
        stage: String,
    },
    /// Guards by failures: kind, place, what was expected and what was seen
    #[command(
        after_help = "Example:\n  jitviz guards demo.jlog --limit 10\n\nan exit is what leaving compiled code there takes, on average of those \
                            that were timed; in full counts the failures that the log holds one by one, with time and value. \
                            A time \"by\" is that of the reading of a counter, a few times a second."
    )]
    Guards {
        #[command(flatten)]
        input: Input,
        /// Column to sort by
        #[arg(long, value_name = "COLUMN", value_parser = keys(GUARDS), default_value = "failures")]
        sort: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// Aborted recordings by reason and place: how often, tried again or given up
    #[command(after_help = "Example:\n  jitviz aborts demo.jlog --json")]
    Aborts {
        #[command(flatten)]
        input: Input,
        /// Column to sort by
        #[arg(long, value_name = "COLUMN", value_parser = keys(ABORTS), default_value = "count")]
        sort: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// Allocations by line and type: bytes from samples, and what the optimiser took out of traces
    #[command(after_help = "Example:\n  jitviz allocs demo.jlog --limit 10")]
    Allocs {
        #[command(flatten)]
        input: Input,
        /// Column to sort by
        #[arg(long, value_name = "COLUMN", value_parser = keys(ALLOCS), default_value = "bytes")]
        sort: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// Decisions of the recorder and the optimiser by place: calls inlined or not, objects made or not, and why
    #[command(
        after_help = "Example:\n  jitviz decisions demo.jlog --limit 20\n\ntime is that of the whole line in compiled code and what it calls. count counts decisions: a trace \
                            may take one several times; in code counts the traces of them that became machine code."
    )]
    Decisions {
        #[command(flatten)]
        input: Input,
        /// Column to sort by; by default by time, then by how often
        #[arg(long, value_name = "COLUMN", value_parser = keys(DECISIONS))]
        sort: Option<String>,
        #[command(flatten)]
        limit: Limit,
    },
    /// The optimiser's passes over all traces: time, instructions in and out, what each took out
    #[command(after_help = "Example:\n  jitviz passes demo.jlog --sort dur_ns")]
    Passes {
        #[command(flatten)]
        input: Input,
        /// Column to sort by; by default in the order they run
        #[arg(long, value_name = "COLUMN", value_parser = keys(PASSES))]
        sort: Option<String>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Two runs compared: time, traces, guards, aborts, passes, memory, and what explains the difference
    #[command(
        override_usage = "jitviz diff [OPTIONS] BEFORE AFTER\n       jitviz diff [OPTIONS] BEFORE... -- AFTER...\n       \
                          jitviz diff [OPTIONS] BEFORE... --with AFTER...",
        after_help = "Examples:\n  jitviz diff old.jlog new.jlog\n  jitviz diff old1.jlog old2.jlog -- new1.jlog new2.jlog\n  \
                      jitviz diff old.jlog new.jlog --fail-over 5 || echo slower\n\nExit status: 1 if the run is slower by \
                      more than --fail-over allows; with several runs a side only if that is more than noise."
    )]
    Diff {
        /// The log before and the one after; with -- or --with the runs before
        #[arg(required = true, value_name = "LOG")]
        before: Vec<PathBuf>,
        /// The runs after
        #[arg(long = "with", num_args = 1.., value_name = "LOG", conflicts_with = "after")]
        with: Vec<PathBuf>,
        /// The runs after
        #[arg(last = true, value_name = "AFTER")]
        after: Vec<PathBuf>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        time: Time,
        /// Fail if the run became longer by more than so many percent
        #[arg(long, value_name = "PCT")]
        fail_over: Option<f64>,
    },
    /// One chart as an SVG or PNG file: time, traces, guards or memory over time, flame, code map, time line, two runs
    #[command(
        after_help = "Examples:\n  jitviz plot guards demo.jlog -o guards.svg\n  jitviz plot states demo.jlog -o states.png\n  jitviz plot gc demo.jlog --json\n  jitviz plot warmup run1.jlog run2.jlog run3.jlog -o warmup.svg\n  jitviz plot diff old.jlog new.jlog -o diff.svg"
    )]
    Plot {
        /// What to draw
        #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(KINDS.iter().map(|k| k.id).chain([DIFF]).collect::<Vec<_>>()))]
        kind: String,
        /// The log; diff takes two, warmup any number of runs; - is standard input, redirected from a file
        #[arg(required = true, num_args = 1.., value_name = "LOG")]
        logs: Vec<PathBuf>,
        /// Machine-readable
        #[arg(long)]
        json: bool,
        /// What to write; by default PNG into a file that is called so, else SVG
        #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "json")]
        format: Option<Format>,
        #[command(flatten)]
        time: Time,
        #[command(flatten)]
        output: Output,
    },
    /// Findings, charts and tables in one HTML file, which needs neither network nor script
    #[command(
        after_help = "Examples:\n  jitviz report demo.jlog -o demo.html\n  jitviz report demo.jlog --from 1s --to 2s -o part.html"
    )]
    Report {
        /// The log; - is standard input, redirected from a file
        log: PathBuf,
        #[command(flatten)]
        time: Time,
        #[command(flatten)]
        output: Output,
    },
    /// The terminal UI on a log that is still being written; without a terminal the summary, when the program has ended
    #[command(after_help = "Example:\n  jitvm --log demo.jlog demo.py & jitviz follow demo.jlog")]
    Follow {
        /// The log
        log: PathBuf,
    },
    /// The run along its time: what was recorded, compiled, aborted and collected when
    #[command(after_help = "Example:\n  jitviz timeline demo.jlog --json | jq .moments")]
    Timeline {
        #[command(flatten)]
        input: Input,
        /// Cells of each lane of --json
        #[arg(long, value_name = "N", default_value_t = 100)]
        columns: usize,
    },
    /// The memory account: heap, machine code, metadata, the collector, and what allocates
    #[command(after_help = "Example:\n  jitviz memory demo.jlog\n  jitviz memory demo.jlog --json | jq .account")]
    Memory {
        #[command(flatten)]
        input: Input,
    },
    /// Objects: types alive at a full collection, hidden classes, inline caches that miss
    #[command(after_help = "Example:\n  jitviz objects demo.jlog\n  jitviz objects demo.jlog --json | jq .caches")]
    Objects {
        #[command(flatten)]
        input: Input,
    },
    /// Who is to blame: the interpreter's time by what sent the program there, the builtins' by their callers
    #[command(after_help = "Example:\n  jitviz blame demo.jlog\n  jitviz blame demo.jlog --json | jq .causes")]
    Blame {
        #[command(flatten)]
        input: Input,
    },
    /// Time by stack of functions, from samples
    #[command(after_help = "Example:\n  jitviz flame demo.jlog")]
    Flame {
        #[command(flatten)]
        input: Input,
    },
    /// The program by line: time, executions of traces, failures of guards, aborted recordings
    #[command(after_help = "Example:\n  jitviz lines demo.jlog --sort failures --limit 5")]
    Lines {
        #[command(flatten)]
        input: Input,
        /// Column to sort by
        #[arg(long, value_name = "COLUMN", value_parser = keys(LINES), default_value = "file")]
        sort: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// Completions of this command for a shell
    #[command(
        after_help = "Example:\n  jitviz completions bash > /etc/bash_completion.d/jitviz\n  jitviz completions zsh > ~/.zfunc/_jitviz"
    )]
    Completions { shell: clap_complete::Shell },
    /// The man page, or one of every command into a folder
    #[command(after_help = "Example:\n  jitviz man | man -l -\n  jitviz man --to /usr/share/man/man1")]
    Man {
        /// Write a page of every command into this folder instead
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
}

/// The one chart of two logs.
pub const DIFF: &str = "diff";

#[derive(Clone, Debug, Args)]
pub struct Input {
    /// The log; - is standard input, redirected from a file
    pub log: PathBuf,
    /// Machine-readable
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub time: Time,
}

/// A part of the time of a log.
#[derive(Clone, Copy, Debug, Args)]
pub struct Time {
    /// Only what happened from this time after the start on: 1.5s, 200ms, 10us, 5ns; a plain number is seconds
    #[arg(long, value_name = "T", value_parser = jitlog::read::parse_ns)]
    pub from: Option<u64>,
    /// Only what happened before this time; traces and guards are shown as they were then
    #[arg(long, value_name = "T", value_parser = jitlog::read::parse_ns)]
    pub to: Option<u64>,
}

#[derive(Clone, Debug, Args)]
pub struct Output {
    /// The file to write; - is standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Limit {
    /// At most this many rows
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

fn keys<R>(columns: &[Column<R>]) -> PossibleValuesParser {
    PossibleValuesParser::new(columns.iter().map(|c| c.key).filter(|key| *key != CHANGE).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        let mut command = Cli::command();
        command.build();
        for sub in std::iter::once(&command).chain(command.get_subcommands()).filter(|c| c.get_name() != "help") {
            let help = sub.get_after_help().map(|h| h.to_string()).unwrap_or_default();
            assert!(help.contains("Example"), "{}", sub.get_name());
        }
    }

    #[test]
    fn global_options_stand_anywhere() {
        for args in [&["jitviz", "--ascii", "summary", "x"][..], &["jitviz", "summary", "--ascii", "x"]] {
            assert!(Cli::try_parse_from(args).unwrap().look.ascii, "{args:?}");
        }
        assert!(Cli::try_parse_from(["jitviz", "--ascii", "x.jlog"]).unwrap().log.is_some());
        assert!(Cli::try_parse_from(["jitviz"]).is_err());
    }
}
