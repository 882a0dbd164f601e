//! The command line of jitvm.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::announce::Wanted;
use crate::events::Level;
use crate::perf::{MAX_HZ, Rate, Source};
use crate::trace::params::Params;

/// Runs a Python 3 program with a tracing JIT.
#[derive(Parser, Debug)]
#[command(
    name = "jitvm",
    version,
    disable_help_subcommand = true,
    override_usage = "jitvm [OPTIONS] FILE.py [ARG]...\n       jitvm [OPTIONS] -m MODULE [ARG]...\n       jitvm [OPTIONS] -c CODE [ARG]...\n       jitvm [OPTIONS] - [ARG]...",
    after_help = "Example: jitvm --log run.jlog program.py 1000 && jitviz run.jlog\n\n\
                  Exit status: the program's own; 1 for an uncaught exception or a syntax error; 2 for a bad option, \
                  an unreadable file or a Python feature that is not supported yet."
)]
struct Arguments {
    /// Write the event log to FILE (%p is replaced by the process id)
    #[arg(long, value_name = "FILE", env = "JITVM_LOG", hide_env_values = true)]
    log: Option<String>,
    /// How much the log holds: full adds IR, bytecode and machine code
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "full")]
    log_level: LogLevel,
    /// Stop writing events at this size, such as 512M or 4G (counters go on)
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    log_max: Option<u64>,
    /// Samples per second of what the program is doing, in a log; 0 takes none (default: 1000, or as many as cost less
    /// than 1 % where the machine's timer interrupts are slow)
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_HZ)))]
    sample: Option<u32>,
    /// Where samples come from: a timer of the thread, or the kernel's perf events, which add native call chains
    #[arg(long, value_name = "SOURCE", value_enum, default_value = "timer")]
    sample_source: SampleSource,
    /// Name compiled code for Linux perf in /tmp/perf-PID.map
    #[arg(long)]
    perf_map: bool,
    /// Write code, lines and unwinding tables for `perf inject --jit` to DIR/jit-PID.dump (default: the current directory)
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = ".", require_equals = true)]
    jitdump: Option<PathBuf>,
    /// Show compiled code to gdb: breakpoints on Python functions and lines, backtraces through traces
    #[arg(long)]
    gdb_jit: bool,
    /// Compile hot loops, or interpret only
    #[arg(long, value_name = "on|off", value_enum, default_value = "on")]
    jit: Switch,
    /// Set a JIT parameter; `help` lists them
    #[arg(long = "jit-param", value_name = "NAME=VALUE")]
    jit_params: Vec<String>,
    /// Compare machine code with its IR at every instruction it executes (slow)
    #[arg(long)]
    jit_check: bool,
    /// Print totals on stderr at exit
    #[arg(long, value_name = "FORMAT", value_enum, num_args = 0..=1, default_missing_value = "text", require_equals = true)]
    stats: Option<StatsFormat>,
    /// Run CODE instead of a file
    #[arg(short = 'c', value_name = "CODE", hide = false)]
    code: bool,
    /// Run a module of PYTHONPATH or the current directory (of a package, its __main__) instead of a file
    #[arg(short = 'm', value_name = "MODULE", hide = false, conflicts_with = "code")]
    module: bool,
    /// The program (- for standard input) and its arguments
    #[arg(value_name = "FILE.py [ARG]", trailing_var_arg = true, required = false)]
    program: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum LogLevel {
    Full,
    Events,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum SampleSource {
    Timer,
    Perf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Format of `--stats`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum StatsFormat {
    Text,
    Json,
}

/// Where the program comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Program {
    File(PathBuf),
    Code(String),
    /// `-m`: a dotted name.
    Module(String),
    Stdin,
}

/// What the command line asks for.
#[derive(Debug)]
pub struct Options {
    pub program: Program,
    /// `sys.argv`.
    pub arguments: Vec<String>,
    pub log: Option<PathBuf>,
    pub log_level: Level,
    pub log_max: Option<u64>,
    pub sample: Rate,
    pub sample_source: Source,
    pub jit: bool,
    pub params: Params,
    pub jit_check: bool,
    /// What other programs are told of machine code.
    pub announce: Wanted,
    pub stats: Option<StatsFormat>,
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((i, _)) => text.split_at(i),
        None => (text, ""),
    };
    let factor: u64 = match unit.to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(format!("unknown unit '{unit}' (K, M or G)")),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a size such as 512M".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "too large".to_owned())
}

/// Reads the command line; on `--help`, `--version` or an error it prints and gives the exit status.
///
/// # Errors
/// The exit status, after everything has been said.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Options, u8> {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let status = u8::from(error.use_stderr()) * 2;
            // A closed output is not worth another message.
            let _ = error.print();
            return Err(status);
        }
    };
    let mut params = Params::default();
    for param in &arguments.jit_params {
        if param == "help" {
            use std::io::Write;
            // As above.
            let _ = std::io::stdout().write_all(Params::help().as_bytes());
            return Err(0);
        }
        params.set(param).map_err(|message| {
            eprintln!("jitvm: {message}");
            2u8
        })?;
    }
    let mut rest = arguments.program.into_iter().map(|a| crate::runtime::surrogates::from_system(a.as_encoded_bytes()));
    let Some(first) = rest.next() else {
        let what = match (arguments.code, arguments.module) {
            (true, _) => "-c needs CODE",
            (_, true) => "-m needs MODULE",
            _ => "no program given",
        };
        eprintln!("jitvm: {what}\nUsage: jitvm [OPTIONS] FILE.py [ARG]... (see jitvm --help)");
        return Err(2);
    };
    let (program, name) = if arguments.code {
        (Program::Code(first), "-c".to_owned())
    } else if arguments.module {
        (Program::Module(first), "-m".to_owned())
    } else if first == "-" {
        (Program::Stdin, first)
    } else {
        (Program::File(PathBuf::from(&first)), first)
    };
    let mut program_arguments = vec![name];
    program_arguments.extend(rest);
    let wanted = arguments.log.filter(|path| !path.is_empty() && arguments.log_level != LogLevel::Off);
    Ok(Options {
        program,
        arguments: program_arguments,
        log: wanted.map(|path| PathBuf::from(path.replace("%p", &std::process::id().to_string()))),
        log_level: if arguments.log_level == LogLevel::Events { Level::Events } else { Level::Full },
        log_max: arguments.log_max,
        sample_source: if arguments.sample_source == SampleSource::Perf { Source::Perf } else { Source::Timer },
        sample: arguments.sample.map_or(Rate::Cheap, Rate::Given),
        jit: arguments.jit == Switch::On,
        params,
        jit_check: arguments.jit_check,
        announce: Wanted { perf_map: arguments.perf_map, jitdump: arguments.jitdump, gdb: arguments.gdb_jit },
        stats: arguments.stats,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_program_is_its_own() {
        let options = parse(["jitvm", "--jit", "off", "x.py", "--jit", "-c"].map(OsString::from)).expect("valid");
        assert_eq!(options.arguments, ["x.py", "--jit", "-c"]);
        assert!(!options.jit);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("512"), Ok(512));
        assert_eq!(parse_size("4K"), Ok(4096));
        assert_eq!(parse_size("2MiB"), Ok(2 << 20));
        assert!(parse_size("4X").is_err());
    }
}
