//! The one table of JIT parameters (`--jit-param NAME=VALUE`).

/// How optimised traces are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Machine code.
    #[default]
    Machine,
    /// The IR interpreter runs the optimised trace.
    Ir,
    /// The IR interpreter runs the trace as recorded.
    IrRaw,
}

macro_rules! parameters {
    ($($(#[doc = $doc:literal])+ $field:ident $name:literal = $default:literal;)*) => {
        /// Values of all parameters.
        #[derive(Clone, Debug)]
        pub struct Params {
            $($(#[doc = $doc])+ pub $field: u64,)*
            /// `mode=machine|ir|ir-raw`.
            pub mode: Mode,
            /// `random-ra=SEED`: random choices in register allocation.
            pub random_registers: Option<u64>,
            /// `func=on|off`: traces of functions, and native calls of them.
            pub functions: bool,
            /// `pass.NAME=off`.
            pub passes_off: Vec<String>,
        }

        impl Default for Params {
            fn default() -> Params {
                Params {
                    $($field: $default,)*
                    mode: Mode::Machine, random_registers: None, functions: true, passes_off: Vec::new(),
                }
            }
        }

        /// Numeric parameters: name, default, meaning.
        pub const PARAMETERS: &[(&str, u64, &str)] = &[$(($name, $default, concat!($($doc),+)),)*];

        impl Params {
            fn number(&mut self, name: &str) -> Option<&mut u64> {
                match name { $($name => Some(&mut self.$field),)* _ => None }
            }
        }
    };
}

parameters! {
    /// Iterations of a loop before it is recorded.
    loop_threshold "loop" = 60;
    /// Calls of a function before it is recorded.
    function_threshold "function" = 120;
    /// Failures of a guard before a side trace is recorded there.
    side_threshold "side" = 8;
    /// The same where more ways than one are usual: a branch that has gone both, a place that has seen a few classes.
    eager_threshold "side-eager" = 2;
    /// Side traces of one root trace.
    side_limit "side-limit" = 256;
    /// Shapes or functions that one place of the program is specialised for: another side trace serves any.
    most_shapes "shapes" = 16;
    /// Side traces at one place of the program, each at an exit of the one before: it sees ever new classes or functions.
    chain_limit "chain-limit" = 64;
    /// Aborted recordings of one loop (or exit) before it is blacklisted.
    abort_limit "abort-limit" = 4;
    /// Traces compiled for one loop, one after the other; where entries of the last one fail, side traces are made.
    version_limit "version-limit" = 4;
    /// Entries that fail in the pre-roll before a trace is retired.
    entry_failures "entry-failures" = 16;
    /// Exits that no side trace will take before a trace is measured, and again after each doubling.
    watchdog "watchdog" = 512;
    /// What an exit costs, in IR instructions of a trace: above half of what runs inside, the loop is blacklisted.
    exit_cost "exit-cost" = 14;
    /// Longest recording, in IR instructions.
    max_ir "max-ir" = 4000;
    /// Most snapshots of a recording.
    max_snapshots "max-snapshots" = 400;
    /// Deepest inlining of calls.
    inline_depth "inline-depth" = 9;
    /// Deepest inlining of a function in its own trace.
    inline_recursion "inline-recursion" = 3;
    /// Instructions that compute something in an arm of an `if` or `x if c else y`, up to which both arms are executed
    /// and one result is chosen (0 = never).
    most_in_arm "if-convert" = 3;
    /// Failures of a guard logged one by one before only each 2^k-th is.
    bailouts_logged "bailouts" = 16;
    /// Collects garbage at every N-th allocation (0 = only when needed).
    gc_stress "gc-stress" = 0;
    /// Makes every N-th guard executed fail (0 = none): a test mode.
    guard_fail "guard-fail" = 0;
    /// Most machine code at a time, in KiB: what is used least is evicted.
    code_limit "code-limit" = 65536;
    /// Evicts a trace at every N-th chance (0 = never): a test mode.
    evict_stress "evict-stress" = 0;
}

impl Params {
    /// Applies `NAME=VALUE`.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(format!("--jit-param {text}: expected NAME=VALUE (see --jit-param help)"));
        };
        let number = |value: &str| {
            value.parse::<u64>().map_err(|_| format!("--jit-param {name}: '{value}' is not a whole number"))
        };
        if let Some(pass) = name.strip_prefix("pass.") {
            if !crate::optimise::PASSES.iter().any(|p| p.name == pass) {
                let known: Vec<&str> = crate::optimise::PASSES.iter().map(|p| p.name).collect();
                return Err(format!("--jit-param {name}: no such pass (there are {})", known.join(", ")));
            }
            match value {
                "off" => self.passes_off.push(pass.to_owned()),
                "on" => self.passes_off.retain(|p| p != pass),
                _ => return Err(format!("--jit-param {name}: expected on or off, not '{value}'")),
            }
            return Ok(());
        }
        match name {
            "mode" => {
                self.mode = match value {
                    "machine" => Mode::Machine,
                    "ir" => Mode::Ir,
                    "ir-raw" => Mode::IrRaw,
                    _ => return Err(format!("--jit-param mode: expected machine, ir or ir-raw, not '{value}'")),
                }
            }
            "func" => {
                self.functions = match value {
                    "on" => true,
                    "off" => false,
                    _ => return Err(format!("--jit-param func: expected on or off, not '{value}'")),
                }
            }
            "random-ra" => self.random_registers = Some(number(value)?),
            _ => match self.number(name) {
                Some(field) => *field = number(value)?,
                None => return Err(format!("--jit-param: no parameter '{name}' (see --jit-param help)")),
            },
        }
        Ok(())
    }

    /// The text of `--jit-param help`.
    pub fn help() -> String {
        let mut text = String::from("Parameters of the JIT (--jit-param NAME=VALUE):\n");
        for (name, default, doc) in PARAMETERS {
            text.push_str(&format!("  {name:<16}{default:>8} {doc}\n"));
        }
        text.push_str("  mode             machine  How traces run: machine, ir or ir-raw.\n");
        text.push_str("  func                  on  Traces of functions, and native calls between them.\n");
        text.push_str("  random-ra           none  Seed for random register allocation (a test mode).\n");
        for pass in crate::optimise::PASSES {
            text.push_str(&format!("  pass.{:<11}      on  {}\n", pass.name, pass.description));
        }
        text
    }
}
