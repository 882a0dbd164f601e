//! Native call chains of samples: which functions of the VM and its libraries ran below the Python function or builtin.
//!
//! The log has addresses and where files were mapped; names come from the DWARF of those files, if they are still the
//! ones that ran. A chain begins where the interpreter or compiled code called out: above that are Python's frames.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use crate::MappingDef;
use crate::symbols::Symbols;

/// A native function, as it is called in a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativeFunction {
    /// With its path; the file of the code where nothing names it.
    pub name: String,
    pub file: Option<String>,
    pub line: u32,
}

/// An instruction: the number of the mapping it is in, and its offset in the mapped file.
pub type Spot = (u32, u64);

#[derive(Clone, Debug, PartialEq)]
struct Mapping {
    start: u64,
    end: u64,
    file_offset: u64,
    path: PathBuf,
}

/// Where files were mapped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mappings(Vec<Mapping>);

/// A process maps a few dozen files: more are of a damaged log.
const MOST_MAPPINGS: usize = 1 << 12;

impl Mappings {
    pub fn add(&mut self, mapping: &MappingDef<'_>) {
        let (start, end, file_offset) = (mapping.start.0, mapping.end.0, mapping.file_offset);
        let mapping = Mapping { start, end, file_offset, path: mapping.path.into() };
        if self.0.len() < MOST_MAPPINGS && !self.0.contains(&mapping) {
            self.0.push(mapping);
        }
    }

    /// The chain of a record `native_stack`: its addresses are words, innermost first, and so are the spots.
    pub fn chain(&self, addresses: &[u8]) -> Vec<Spot> {
        let words = addresses.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("it has 8 bytes")));
        let spots = words.enumerate().map(|(depth, address)| {
            // A caller's address is the one after its call.
            let address = if depth == 0 { address } else { address.saturating_sub(1) };
            let at = self.0.iter().position(|m| (m.start..m.end).contains(&address))?;
            // Damaged offsets may be anything.
            Some((at as u32, (address - self.0[at].start).wrapping_add(self.0[at].file_offset)))
        });
        // What lies in no file is machine code of traces, whose callers are Python's; the innermost may be the kernel's.
        let spots: Vec<Option<Spot>> = spots.collect();
        let skipped = usize::from(spots.len() > 1 && spots[0].is_none() && spots[1].is_some());
        spots.into_iter().skip(skipped).map_while(|spot| spot).collect()
    }
}

/// The loop that runs Python's frames, and what enters traces.
fn is_interpreter(vm: &str, function: &str) -> bool {
    let own = function.strip_prefix(vm).and_then(|rest| rest.strip_prefix("::"));
    own.is_some_and(|own| {
        ["interp::run::", "interp::execute::", "interp::begin::", "codegen::entry::", "trace::enter"]
            .iter()
            .any(|start| own.starts_with(start))
    })
}

/// Names that were found, by file and offset: a log that grows is named again and again.
static KNOWN: Mutex<BTreeMap<(PathBuf, u64), Vec<NativeFunction>>> = Mutex::new(BTreeMap::new());

/// Names native functions, once they were all met.
pub struct Names {
    vm: String,
    symbols: Symbols,
    started_ns: i64,
    /// Whether a file may be asked.
    files: HashMap<PathBuf, bool>,
    /// What could not be named, and why.
    pub notes: Vec<String>,
}

impl Names {
    /// `vm`: what the VM is called; `started_ns`: when the run began, since the epoch.
    pub fn new(vm: &str, started_ns: i64) -> Names {
        let (symbols, files) = (Symbols::default(), HashMap::new());
        Names { vm: vm.to_string(), symbols, started_ns, files, notes: Vec::new() }
    }

    /// The functions of a chain, outermost first, as far as what called them is no interpreter and no trace.
    pub fn of(&mut self, mappings: &Mappings, chain: &[Spot]) -> Vec<NativeFunction> {
        let mut functions: Vec<NativeFunction> = Vec::new();
        for &(mapping, offset) in chain {
            let Some(mapping) = mappings.0.get(mapping as usize) else { break };
            let found = self.look_up(&mapping.path, offset);
            // What was inlined into the interpreter is a part of it; its names have no paths.
            if found.last().is_some_and(|outermost| is_interpreter(&self.vm, &outermost.name)) {
                break;
            }
            for function in found {
                if functions.last() != Some(&function) {
                    functions.push(function);
                }
            }
        }
        functions.reverse();
        functions
    }

    /// The functions at an offset, the innermost first; the file itself where nothing names them.
    fn look_up(&mut self, path: &Path, offset: u64) -> Vec<NativeFunction> {
        if !self.may_be_asked(path) {
            return vec![unnamed(path)];
        }
        let key = (path.to_path_buf(), offset);
        if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let found: Vec<NativeFunction> = match self.symbols.frames(path, offset) {
            Ok(frames) => {
                frames.iter().map(|f| NativeFunction { name: f.function.clone(), file: f.file.clone(), line: f.line })
            }
            Err(why) => {
                self.notes.push(format!("{} {why}: its functions have no names", path.display()));
                self.files.insert(path.to_path_buf(), false);
                return vec![unnamed(path)];
            }
        }
        .map(|function| NativeFunction { line: 0, ..function })
        .collect();
        let found = if found.is_empty() { vec![unnamed(path)] } else { found };
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }

    /// A log may name anything: only files that are no newer than the run are read.
    fn may_be_asked(&mut self, path: &Path) -> bool {
        if let Some(known) = self.files.get(path) {
            return *known;
        }
        let found = std::fs::metadata(path).ok().filter(|found| path.is_absolute() && found.is_file());
        let began = UNIX_EPOCH.checked_add(Duration::from_nanos(self.started_ns.max(0) as u64));
        let changed = found.and_then(|found| found.modified().ok());
        let why = match (changed, began) {
            (None, _) => Some("is not there any more"),
            (Some(changed), Some(began)) if changed > began && self.started_ns > 0 => Some("is newer than the run"),
            _ => None,
        };
        self.notes.extend(why.map(|why| format!("{} {why}: its functions have no names", path.display())));
        self.files.insert(path.to_path_buf(), why.is_none());
        why.is_none()
    }
}

fn unnamed(path: &Path) -> NativeFunction {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    NativeFunction { name: format!("[{name}]"), ..NativeFunction::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(addresses: &[u64]) -> Vec<u8> {
        addresses.iter().flat_map(|address| address.to_le_bytes()).collect()
    }

    #[test]
    fn chains_end_at_machine_code_and_are_named_outermost_first() {
        let mut mappings = Mappings::default();
        for (start, path) in [(0x1000_u64, "/nowhere/vm"), (0x5000, "/nowhere/libm.so")] {
            mappings.add(&MappingDef { start: start.into(), end: (start + 0x1000).into(), file_offset: 0x200, path });
        }
        // In a library, called by the VM, called by a trace, which the VM had entered.
        let chain = mappings.chain(&words(&[0x5010, 0x1020, 0x9000, 0x1040]));
        assert_eq!(chain, [(1, 0x210), (0, 0x21f)]);
        assert_eq!(mappings.chain(&words(&[0x9000])), [], "machine code itself");
        assert_eq!(mappings.chain(&words(&[u64::MAX, 0x1020])), [(0, 0x21f)], "in the kernel");
        let mut names = Names::new("vm", 1);
        let functions = names.of(&mappings, &chain);
        assert_eq!(functions.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["[vm]", "[libm.so]"]);
        assert_eq!(names.notes.len(), 2, "each file says why it names nothing: {:?}", names.notes);
    }

    #[test]
    fn the_interpreter_is_where_pythons_frames_begin() {
        assert!(is_interpreter("jitvm", "jitvm::interp::run::run"));
        assert!(!is_interpreter("jitvm", "jitvm::runtime::dict::find"));
        assert!(!is_interpreter("", "jitvm::interp::run::run"));
    }
}
