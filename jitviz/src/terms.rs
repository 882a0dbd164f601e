//! The words jitviz uses, each explained in two sentences: what `e` shows for the thing under the cursor.

pub struct Term {
    /// What columns, labels and operations refer to.
    pub id: &'static str,
    pub title: &'static str,
    pub text: &'static str,
}

const fn term_of(id: &'static str, title: &'static str, text: &'static str) -> Term {
    Term { id, title, text }
}

pub const TERMS: &[Term] = &[
    term_of(
        "change",
        "change",
        "How much more than in the log before: executions of traces, failures of guards, aborted recordings, time of lines. Of several that are alike in both logs the one with most has the difference of all; what is only in the log after has all of it.",
    ),
    term_of(
        "timeline",
        "Timeline",
        "What the VM did when. The cursor is now: every other view shows the run as of that moment, or, with [ and ], what happened in a range; w shows the whole run again.",
    ),
    term_of(
        "flame",
        "Flame",
        "Time by stack of Python functions: a function is as wide as the time in it and in what it called, and stands below its caller. From left to right is from much to little, not from early to late; the letter is the state most of the time was in: I interpreter, C compiled, N builtin.",
    ),
    term_of(
        "diff",
        "Diff",
        "What changed from the first log to the second: things are matched by function and by the text of their line, so an edited file still matches. + is only in the second, - only in the first, ~ in both but different; with one run a side changes under 5 % are taken for noise.",
    ),
    term_of(
        "allocations",
        "Allocations",
        "Bytes the program asked for on a line, from samples, whether they were freed since or not. A line that allocates much gives the collector work even if little of it stays.",
    ),
    term_of(
        "trace",
        "Trace",
        "One path through the program that the VM recorded while running it and compiled to machine code. A loop trace starts at a loop, a function trace at a call, a bridge where another trace is left.",
    ),
    term_of(
        "bridge",
        "Bridge",
        "A trace that starts at a guard which fails often, so that leaving the first trace no longer means going back to the interpreter. Many bridges under one loop mean that the program takes many paths there.",
    ),
    term_of(
        "guard",
        "Guard",
        "A test in machine code that what was true during recording is still true, such as the type of a value. If it fails, the trace is left and the interpreter, or a bridge, goes on from there.",
    ),
    term_of(
        "guard-kind",
        "Kind of a guard",
        "What the guard tests: a type, a class, a value, a range, an overflow, the direction of a branch. The names are those of the VM that wrote the log.",
    ),
    term_of(
        "failures",
        "Failures of a guard",
        "How often the guard sent the program out of the trace, counted exactly, entries into an attached bridge included. A guard that fails often and has no bridge costs most.",
    ),
    term_of(
        "failed-at",
        "First and last failure",
        "When the guard failed first and last. Bailouts that are in the log have their own time, others only that of the reading that counts them, a few times a second: \"by 253 ms\".",
    ),
    term_of(
        "observed",
        "Seen instead",
        "Types that the guard met where it expected another, with the first value seen and how often. Counts with a tilde are estimated from the bailouts kept in full; others are exact.",
    ),
    term_of(
        "bailout",
        "Bailout",
        "One failure of a guard written down in full, with the value that was seen. The first few of each guard are kept and then one in N, so there are fewer of them than failures.",
    ),
    term_of(
        "exits",
        "Exits",
        "How often the trace was left through one of its guards. Exits through a bridge are cheap; each other one restores the interpreter's frames.",
    ),
    term_of(
        "executions",
        "Ran",
        "How often the trace was entered from its start. The turns of a loop inside the trace are not counted here.",
    ),
    term_of(
        "iterations",
        "Turns",
        "How often the body of a loop trace went round. Empty when the VM did not count them.",
    ),
    term_of(
        "time",
        "Time",
        "Time spent in the machine code of the trace, from samples. Empty when the run was not sampled.",
    ),
    term_of(
        "line-time",
        "Time of a line",
        "Time spent on the line, from samples: in the interpreter, in compiled code, and in builtins called from it. Collections, the JIT itself and waiting are not in it.",
    ),
    term_of(
        "interp",
        "Interpreter",
        "Runs the program's bytecode instruction by instruction. It is where a program starts, and where it goes whenever compiled code is left.",
    ),
    term_of(
        "compiled",
        "Compiled code",
        "Machine code of traces, with the functions of the VM that it calls. The program's own calls of builtins are counted as native.",
    ),
    term_of(
        "native",
        "Builtins",
        "Functions that are part of the VM, such as sum or list.append. A JIT cannot see into them, so time in them falls only if they are called less.",
    ),
    term_of(
        "warmup",
        "Warm-up",
        "How the speed changes over the run: flat, warm-up (slow at first, then steady), slow-down (fast at first), or no steady state. From iterations the program marks, else from counted work, else from samples.",
    ),
    term_of(
        "state",
        "State of a trace",
        "What became of the recording by the end of the log: aborted, installed as code, invalidated because something it relied on changed, or freed. A recording can also be cut off by the end of the log.",
    ),
    term_of(
        "place",
        "Where",
        "The line and function where the recording started, the guard stands, or the recording was aborted. Inlined functions keep their own lines.",
    ),
    term_of(
        "ir",
        "IR",
        "The compiler's own instructions, between bytecode and machine code. 'In' counts them as recorded, 'out' after the last pass: the difference is the work the optimiser removed.",
    ),
    term_of(
        "bytecode",
        "Bytecode",
        "The interpreter's instructions, as they were executed during recording. Indentation shows the calls that were inlined.",
    ),
    term_of(
        "code",
        "Machine code",
        "The bytes the processor runs for this trace, exit stubs included. It is held until the trace is freed.",
    ),
    term_of(
        "metadata",
        "Metadata",
        "What the VM keeps beside the code to leave it safely: maps from registers to variables, snapshots, constants. It is held as long as the code is.",
    ),
    term_of(
        "recording",
        "Recording",
        "The interpreter runs on and notes every operation until the loop closes or the recording is aborted. It is slower than plain interpretation, and lost when aborted.",
    ),
    term_of(
        "compile",
        "Compiling",
        "Optimising the recorded IR and turning it into machine code. It pays when the code runs often enough afterwards.",
    ),
    term_of(
        "break-even",
        "Pays after",
        "How long after it was installed the code of a trace had saved, at the latest, what recording and compiling it took. \
         Maybe: the samples do not tell; no: not as long as it was there.",
    ),
    term_of(
        "started",
        "Started",
        "When the recording began, counted from the first event of the log. Early traces shape the ones that follow.",
    ),
    term_of(
        "abort",
        "Aborted recording",
        "The recorder met something it cannot compile, or a limit, and threw the recording away. The place keeps running in the interpreter until another attempt succeeds.",
    ),
    term_of(
        "retry",
        "Retry",
        "After an abort the recorder waits longer and tries the place again. Repeated aborts end in giving the place up.",
    ),
    term_of(
        "blacklist",
        "Given up",
        "After too many aborts the VM stops recording at this place. It then always runs in the interpreter, unless another trace passes through it.",
    ),
    term_of(
        "invalidated",
        "Invalidated",
        "Code was thrown away because something it relied on changed, such as a class attribute or a global. A program that keeps changing such things keeps compiling.",
    ),
    term_of(
        "pass",
        "Pass",
        "One step of the optimiser over the whole trace. Lines marked - were removed by it, + added, ~ changed.",
    ),
    term_of(
        "exit-time",
        "Time of an exit",
        "What leaving compiled code at this guard takes, on average of the exits that were timed: restoring the frames, variables and objects that the interpreter goes on with. That the interpreter is slower after it is not in this.",
    ),
    term_of(
        "decision",
        "Decision",
        "What the recorder or a pass of the optimiser decided about this instruction, and why: whether a call is recorded in line, an object really made, both arms of a branch done, a guard tested before the loop, an attribute looked up for any shape. The reasons are those of the VM that wrote the log; an object that is made escapes at the place that is named.",
    ),
    term_of(
        "decision-count",
        "How often it was decided",
        "How often this was decided at this place, over all recordings. One recording may come by a place several times.",
    ),
    term_of(
        "decision-compiled",
        "Decisions in machine code",
        "How many of these decisions are in traces that became machine code. The others were made for recordings that were given up.",
    ),
    term_of(
        "decision-time",
        "Time of a decision's line",
        "Samples in compiled code on the whole line of the decision, and in what it called from there. Every decision about a line has the same time; it is not what the decision costs.",
    ),
    term_of(
        "snapshot",
        "Snapshot",
        "The list of variables and where their values are at a guard. From it the interpreter's frames are rebuilt when the guard fails.",
    ),
    term_of(
        "loop-head",
        "Loop head",
        "What stands above runs once on entry, what stands below is the body that repeats. Work above this line was hoisted out of the loop.",
    ),
    term_of(
        "phi",
        "PHI",
        "Joins two values of a variable: the one on entry to the loop and the one from the turn before. It becomes a register that is carried round the loop.",
    ),
    term_of(
        "sload",
        "SLOAD",
        "Loads a variable of the interpreter's frame into the trace. Once loaded it stays in a register and is written back only on exit.",
    ),
    term_of(
        "alloc",
        "Allocation",
        "Makes an object. The optimiser removes it if the object never leaves the trace, and rebuilds it at an exit that needs it.",
    ),
    term_of(
        "call",
        "Call",
        "A call from the trace to a function of the VM or to other compiled code. The optimiser cannot see into it, so it may not move loads and stores across it.",
    ),
    term_of(
        "load",
        "Load",
        "Reads memory: a field, an element, a global. Loads of what was stored or loaded before in the trace are removed.",
    ),
    term_of(
        "store",
        "Store",
        "Writes memory, which the rest of the program can see. Stores to objects that stay inside the trace are removed with them.",
    ),
    term_of(
        "overflow",
        "Overflow check",
        "Integer arithmetic with a guard that the result still fits a machine word. It is removed where the operands' ranges prove that it does.",
    ),
    term_of(
        "states",
        "Time by state",
        "The VM's thread is always in one of six states: interpreting, in compiled code, in a builtin, collecting garbage, in the JIT itself, or waiting. gc and jit are timed; the split of the rest needs samples.",
    ),
    term_of(
        "heap",
        "Heap",
        "Memory of the program's own objects. Peak is the most in use at once; allocated counts every byte ever handed out.",
    ),
    term_of(
        "gc",
        "Garbage collection",
        "Finds objects that nothing refers to and frees their memory. The program stands still during a pause.",
    ),
    term_of(
        "log",
        "The log",
        "The record all of this is read from. Clean means it was closed properly; a killed run loses nothing that was written, and dropped events are counted.",
    ),
    term_of(
        "problem",
        "Problem",
        "Something in the log that could not be read or joined. The numbers it may distort are still shown, so look here before trusting them.",
    ),
    term_of(
        "duration",
        "Duration",
        "Time from the creation of the log to its last event, on the clock that all other times count from. Starting the process before that is not in it.",
    ),
    term_of(
        "finding",
        "Finding",
        "Something the program does that costs time under this JIT, found by rules in the log. jitviz explain gives cause, advice and evidence of each, and how its cost was estimated.",
    ),
    term_of(
        "unstable-types",
        "unstable-types",
        "A guard on a type fails because a value has now this type and now that. Each failure that has no bridge goes back to the interpreter.",
    ),
    term_of(
        "trace-abort",
        "trace-abort",
        "A hot loop or function was recorded and the recording thrown away, because it met something that traces cannot contain. After several attempts the VM gives the place up and interprets it for good.",
    ),
    term_of(
        "guard-storm",
        "guard-storm",
        "The program leaves a trace again and again through exits that have no bridge. Each exit restores the interpreter's frames and interprets up to where compiled code begins again.",
    ),
    term_of(
        "interpreter-only",
        "interpreter-only",
        "A trace ends, turn after turn, before something that the interpreter alone executes: a yield, a raise, a loop that has no trace. No guard was wrong; the trace goes no further on purpose.",
    ),
    term_of(
        "never-hot",
        "never-hot",
        "No loop or function ran often enough to be recorded, so all of the program was interpreted. Thresholds decide how often is enough.",
    ),
    term_of(
        "bigint-in-loop",
        "Large ints in a loop",
        "Ints of more than 62 bits do not fit a machine word, so every operation on them makes an object. Smaller numbers, or floats, run many times faster.",
    ),
    term_of(
        "deep-recursion",
        "Deep recursion",
        "A function that calls itself. This VM compiles loops, so calls within calls stay in the interpreter; a loop with a list as its stack is compiled.",
    ),
    term_of(
        "escaping-allocation",
        "Escaping allocation",
        "An object made in a hot loop that is stored where others can see it, so the optimiser has to make it in every turn. Objects that stay inside the loop cost nothing.",
    ),
    term_of(
        "exception-in-loop",
        "Exception in a loop",
        "A hot loop that raises where its trace cannot follow the exception to the handler. The recording is given up, so such a loop stays in the interpreter; a test before the operation avoids it.",
    ),
    term_of(
        "gc-pressure",
        "Time in the collector",
        "Objects are made so fast, or so many are alive, that finding the dead ones takes a good part of the run. Fewer or longer-lived objects cost less.",
    ),
    term_of(
        "invalidation-loop",
        "A constant that changes",
        "Traces take globals and class attributes for constants. Each time one is set anew the code that relied on it fails, so changing them in a loop undoes the work of the compiler.",
    ),
    term_of(
        "list-kind-change",
        "Mixed list",
        "A list whose items have several types. What is read from it must be tested each time, and every type needs a bridge of its own.",
    ),
    term_of(
        "megamorphic-call",
        "Call of many targets",
        "A line that calls many functions, or methods of many classes. Each target gets a bridge, and finding the right one takes a chain of tests.",
    ),
    term_of(
        "memory-overhead",
        "Code that did not pay",
        "Many traces that ran for less time than it took to make them, and whose code and metadata stay in memory. Fewer kinds of values in one loop need fewer of them.",
    ),
    term_of(
        "native-wall",
        "Time in a builtin",
        "A builtin function takes the time, such as sort or split. The compiler cannot see into it, so only calling it less helps.",
    ),
    term_of(
        "polymorphic-shape",
        "Instances of many layouts",
        "Instances of one class whose attributes were set in different orders, or only on some. Each layout looks like another class to the compiler.",
    ),
    term_of(
        "short-run",
        "Short run",
        "The program ends before the time spent on compiling has been won back. What is compiled once pays off only if it runs long enough.",
    ),
    term_of(
        "trace-explosion",
        "Too many bridges",
        "A loop with a bridge for nearly every combination of its branches. Making them and finding the way through them costs more than the loop itself.",
    ),
    term_of(
        "heat",
        "Heat",
        "Executions of the traces that start on a line and failures of its guards, by orders of magnitude. It tells where compiled code is entered and left, and is not time.",
    ),
    term_of(
        "allocs",
        "Allocations of a line",
        "Bytes that the program allocated on this line over the whole run, whether they are still in use or not. From samples, so small lines may be missing.",
    ),
    term_of(
        "allocs-removed",
        "Allocations in traces",
        "How many instructions that make an object were recorded on this line, and how many are left in the machine code after the optimiser. The others are made only when a trace is left, or never.",
    ),
    term_of(
        "source",
        "Source",
        "The program's text as the VM read it, carried by the log. Marked lines have instructions in this trace.",
    ),
];

pub fn term(id: &str) -> Option<&'static Term> {
    TERMS.iter().find(|t| t.id == id)
}

/// Beginnings of operation names and the terms that explain them; the first that fits counts.
const OPERATIONS: &[(&str, &str)] = &[
    ("loop", "loop-head"),
    ("phi", "phi"),
    ("sload", "sload"),
    ("g_", "guard"),
    ("guard", "guard"),
    ("call", "call"),
    ("carg", "call"),
    ("new", "alloc"),
    ("box", "alloc"),
    ("fld", "load"),
    ("eld", "load"),
    ("gld", "load"),
    ("dlookup", "load"),
    ("len", "load"),
    ("fst", "store"),
    ("est", "store"),
    ("gst", "store"),
    ("storedata", "store"),
    ("addov", "overflow"),
    ("subov", "overflow"),
    ("mulov", "overflow"),
];

/// The term for an operation of the IR; for one without a word of its own, the IR itself.
pub fn of_operation(op: &str, is_guard: bool) -> &'static str {
    let op = op.to_ascii_lowercase();
    let known = OPERATIONS.iter().find(|(start, _)| op.starts_with(start)).map(|(_, term)| *term);
    known.unwrap_or(if is_guard { "guard" } else { "ir" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_texts_have_two_sentences() {
        for (i, t) in TERMS.iter().enumerate() {
            assert!(TERMS[..i].iter().all(|other| other.id != t.id), "{} twice", t.id);
            let sentences = t.text.matches(". ").count() + 1;
            assert_eq!(sentences, 2, "{}: {}", t.id, t.text);
        }
    }

    #[test]
    fn every_operation_leads_to_a_term() {
        for (_, id) in OPERATIONS {
            assert!(term(id).is_some(), "{id}");
        }
        assert_eq!(of_operation("XYZ", false), "ir");
        assert_eq!(of_operation("G_INT", true), "guard");
    }
}
