//! Native call chains of samples: which functions of the VM and its libraries ran below the Python function or builtin.
//!
//! The log has addresses and where files were mapped; names come from the DWARF of those files, if they are still the
//! ones that ran. A chain begins where the interpreter or compiled code called out: above that are Python's frames.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use jitlog::symbols::Symbols;

use super::{FuncId, Part, StackId, Weight};

/// A native function, as it is called in a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativeFunction {
    /// With its path; the file of the code where nothing names it.
    pub name: String,
    pub file: Option<String>,
    pub line: u32,
}

/// Offset of an instruction in a mapped file.
type Spot = (u32, u64);

#[derive(Clone, Debug, PartialEq)]
struct Mapping {
    start: u64,
    end: u64,
    file_offset: u64,
    path: PathBuf,
}

/// What the chains of one group of samples weigh, by chain.
type Chains = BTreeMap<u32, Weight>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Native {
    mappings: Vec<Mapping>,
    /// Of the next sample, innermost first.
    pending: Vec<Spot>,
    chains: BTreeMap<Vec<Spot>, u32>,
    /// By the Python stack, the state and the builtin: the samples that have a chain, by its number.
    weights: BTreeMap<(StackId, Part, FuncId), Chains>,
    /// By the number of the chain: what runs, outermost first, as indices of `functions`.
    named: Vec<Vec<usize>>,
    pub functions: Vec<NativeFunction>,
    /// What could not be named, and why.
    pub notes: Vec<String>,
}

/// A process maps a few dozen files, and a program has some thousands of chains: more are of a damaged log.
const MOST_MAPPINGS: usize = 1 << 12;
const MOST_CHAINS: usize = 1 << 16;

impl Native {
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    pub fn mapping(&mut self, mapping: &jitlog::MappingDef<'_>) {
        let (start, end, file_offset) = (mapping.start.0, mapping.end.0, mapping.file_offset);
        let mapping = Mapping { start, end, file_offset, path: mapping.path.into() };
        if self.mappings.len() < MOST_MAPPINGS && !self.mappings.contains(&mapping) {
            self.mappings.push(mapping);
        }
    }

    /// The chain of the next sample: words, innermost first.
    pub fn stack(&mut self, addresses: &[u8]) {
        let words = addresses.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("it has 8 bytes")));
        let spots = words.enumerate().map(|(depth, address)| {
            // A caller's address is the one after its call.
            let address = if depth == 0 { address } else { address.saturating_sub(1) };
            let at = self.mappings.iter().position(|m| (m.start..m.end).contains(&address))?;
            Some((at as u32, address - self.mappings[at].start + self.mappings[at].file_offset))
        });
        // What lies in no file is machine code of traces, whose callers are Python's; the innermost may be the kernel's.
        let spots: Vec<Option<Spot>> = spots.collect();
        let skipped = usize::from(spots.len() > 1 && spots[0].is_none() && spots[1].is_some());
        self.pending = spots.into_iter().skip(skipped).map_while(|spot| spot).collect();
    }

    /// A sample came, whose chain is the pending one if it is of a state that has chains.
    pub fn sample(&mut self, of: Option<(StackId, Part, FuncId)>, ns: u64) {
        let chain = std::mem::take(&mut self.pending);
        let Some(of) = of.filter(|_| !chain.is_empty()) else { return };
        let next = self.chains.len();
        if next < MOST_CHAINS || self.chains.contains_key(&chain) {
            let number = *self.chains.entry(chain).or_insert(next as u32);
            self.weights.entry(of).or_default().entry(number).or_default().add(ns);
        }
    }

    /// The samples of a group that have named chains: functions, outermost first, as indices, and what they weigh.
    pub fn of(&self, group: (StackId, Part, FuncId)) -> impl Iterator<Item = (&[usize], Weight)> {
        let chains = self.weights.get(&group).into_iter().flatten();
        chains.filter_map(|(number, weight)| {
            Some((self.named.get(*number as usize)?.as_slice(), *weight)).filter(|(functions, _)| !functions.is_empty())
        })
    }

    /// By the function that itself ran, and the state.
    pub fn innermost(&self) -> BTreeMap<(usize, Part), Weight> {
        let mut sums: BTreeMap<(usize, Part), Weight> = BTreeMap::new();
        for group in self.weights.keys() {
            for (functions, weight) in self.of(*group) {
                let Some(&innermost) = functions.last() else { continue };
                let sum = sums.entry((innermost, group.1)).or_default();
                sum.samples += weight.samples;
                sum.ns = sum.ns.saturating_add(weight.ns);
            }
        }
        sums
    }

    /// Finds the names, once everything was read. `started_ns`: when the run began, since the epoch.
    pub fn name(&mut self, vm: &str, started_ns: i64) {
        if self.chains.is_empty() {
            return;
        }
        let mut names = Names::new(started_ns);
        let mut index: HashMap<NativeFunction, usize> = HashMap::new();
        self.named = vec![Vec::new(); self.chains.len()];
        for (chain, number) in &self.chains {
            let mut functions: Vec<NativeFunction> = Vec::new();
            'chain: for &(mapping, offset) in chain {
                for function in names.look_up(&self.mappings[mapping as usize].path, offset) {
                    if is_interpreter(vm, &function.name) {
                        break 'chain;
                    }
                    if functions.last() != Some(&function) {
                        functions.push(function);
                    }
                }
            }
            let numbers = functions.into_iter().rev().map(|function| {
                *index.entry(function).or_insert_with_key(|function| {
                    self.functions.push(function.clone());
                    self.functions.len() - 1
                })
            });
            self.named[*number as usize] = numbers.collect();
        }
        self.notes = names.notes;
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

struct Names {
    symbols: Symbols,
    started_ns: i64,
    /// Whether a file may be asked.
    files: HashMap<PathBuf, bool>,
    notes: Vec<String>,
}

impl Names {
    fn new(started_ns: i64) -> Names {
        Names { symbols: Symbols::default(), started_ns, files: HashMap::new(), notes: Vec::new() }
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

    fn stack(native: &mut Native, addresses: &[u64], ns: u64) {
        let bytes: Vec<u8> = addresses.iter().flat_map(|address| address.to_le_bytes()).collect();
        native.stack(&bytes);
        native.sample(Some((StackId(1), Part::Native, FuncId(2))), ns);
    }

    fn mapped() -> Native {
        let mut native = Native::default();
        for (start, path) in [(0x1000_u64, "/nowhere/vm"), (0x5000, "/nowhere/libm.so")] {
            let (start, end) = (start.into(), (start + 0x1000).into());
            native.mapping(&jitlog::MappingDef { start, end, file_offset: 0x200, path });
        }
        native
    }

    #[test]
    fn chains_end_at_machine_code_and_weigh_what_their_samples_do() {
        let mut native = mapped();
        // In a library, called by the VM, called by a trace, which the VM had entered.
        stack(&mut native, &[0x5010, 0x1020, 0x9000, 0x1040], 10);
        stack(&mut native, &[0x5010, 0x1020, 0x9000, 0x1080], 20);
        // In machine code itself.
        stack(&mut native, &[0x9000], 40);
        // A sample without a chain of its own must not get the last one's.
        native.sample(Some((StackId(1), Part::Native, FuncId(2))), 80);
        native.name("vm", 1);
        let found: Vec<_> = native.of((StackId(1), Part::Native, FuncId(2))).collect();
        assert_eq!(found, [(&[0, 1][..], Weight { samples: 2, ns: 30 })]);
        let names: Vec<_> = native.functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["[vm]", "[libm.so]"], "outermost first");
        assert_eq!(native.innermost(), BTreeMap::from([((1, Part::Native), Weight { samples: 2, ns: 30 })]));
        assert_eq!(native.notes.len(), 2, "{:?}", native.notes);
    }

    #[test]
    fn the_interpreter_is_where_pythons_frames_begin() {
        assert!(is_interpreter("jitvm", "jitvm::interp::run::run"));
        assert!(!is_interpreter("jitvm", "jitvm::runtime::dict::find"));
        assert!(!is_interpreter("", "jitvm::interp::run::run"));
    }
}
