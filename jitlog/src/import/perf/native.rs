//! What perf's native frames are called: by DWARF with lines and inlined functions where there is any, else by perf.

use std::path::Path;

use super::text::Frame;

/// A function that runs in a native frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its source file; where no source is known, the file of the code.
    pub file: String,
    pub name: String,
    /// 0 where no source is known.
    pub line: u32,
}

impl Function {
    fn by_perf(frame: &Frame) -> Function {
        Function { file: frame.dso.clone(), name: frame.symbol.clone(), line: 0 }
    }
}

/// Whether two names are of one function: as far as compilers, linkers and demanglers leave them alone.
#[cfg(any(feature = "symbols", test))]
fn agree(by_perf: &str, by_dwarf: &str) -> bool {
    fn own(name: &str) -> &str {
        let last = name.rsplit("::").next().unwrap_or(name);
        last.split(['<', '@', '.', ' ', '(']).next().unwrap_or(last).trim_start_matches('_')
    }
    by_perf.is_empty() || by_perf == "[unknown]" || own(by_perf) == own(by_dwarf)
}

#[cfg(feature = "symbols")]
pub use by_dwarf::Native;
#[cfg(not(feature = "symbols"))]
pub use by_perf::Native;

#[cfg(feature = "symbols")]
mod by_dwarf {
    use std::collections::{BTreeMap, HashMap};
    use std::path::PathBuf;
    use std::time::SystemTime;

    use super::*;
    use crate::symbols::Symbols;

    /// Frames that are kept, by file and address.
    const MOST_FRAMES: usize = 1 << 16;

    pub struct Native {
        symbols: Symbols,
        recorded: Option<SystemTime>,
        /// Sizes of files that were asked for; what is in none of them, such as the kernel, has none.
        sizes: BTreeMap<String, Option<u64>>,
        /// Files that are newer than the recording.
        newer: Vec<String>,
        known: HashMap<(String, u64), Vec<Function>>,
    }

    impl Native {
        pub fn new(recording: &Path) -> Native {
            let recorded = std::fs::metadata(recording).and_then(|found| found.modified()).ok();
            let (symbols, sizes, newer, known) = Default::default();
            Native { symbols, recorded, sizes, newer, known }
        }

        /// The functions of a frame, the innermost first: at least one. `addr` is an address of the call or instruction
        /// itself; perf gives it from the start of the file.
        pub fn functions(&mut self, frame: &Frame, addr: u64) -> Vec<Function> {
            let key = (frame.dso.clone(), addr);
            if let Some(known) = self.known.get(&key) {
                return known.clone();
            }
            if self.known.len() >= MOST_FRAMES {
                self.known.clear();
            }
            let found = self.look_up(frame, addr);
            self.known.insert(key, found.clone());
            found
        }

        fn look_up(&mut self, frame: &Frame, addr: u64) -> Vec<Function> {
            let by_perf = vec![Function::by_perf(frame)];
            // An address beyond the file is not one from its start: other versions of perf give others.
            if self.size(&frame.dso).is_none_or(|size| addr >= size) {
                return by_perf;
            }
            let Ok(frames) = self.symbols.frames(&PathBuf::from(&frame.dso), addr) else { return by_perf };
            // A file of that name may be another one than the recorded.
            if !frames.last().is_some_and(|outermost| agree(&frame.symbol, &outermost.function)) {
                return by_perf;
            }
            let functions = frames.iter().map(|found| Function {
                file: found.file.clone().unwrap_or_else(|| frame.dso.clone()),
                name: found.function.clone(),
                line: found.line,
            });
            functions.collect()
        }

        fn size(&mut self, dso: &str) -> Option<u64> {
            if let Some(known) = self.sizes.get(dso) {
                return *known;
            }
            let found = Path::new(dso).is_absolute().then(|| std::fs::metadata(dso).ok()).flatten();
            let found = found.filter(|found| found.is_file());
            let changed = found.as_ref().and_then(|found| found.modified().ok());
            let is_newer = self.recorded.zip(changed).is_some_and(|(recorded, changed)| changed > recorded);
            if is_newer {
                self.newer.push(dso.to_string());
            }
            // Lines of another program would be wrong ones.
            let size = found.filter(|_| !is_newer).map(|found| found.len());
            self.sizes.insert(dso.to_string(), size);
            size
        }

        /// What could not be named, and why.
        pub fn notes(&self) -> Vec<String> {
            let missing = self.symbols.missing().into_iter();
            let missing =
                missing.map(|(path, why)| format!("{} {why}: its functions are perf's, without lines", path.display()));
            let newer = self.newer.iter();
            let newer =
                newer.map(|dso| format!("{dso} is newer than the recording: its functions are perf's, without lines"));
            missing.chain(newer).collect()
        }
    }
}

#[cfg(not(feature = "symbols"))]
mod by_perf {
    use super::*;

    pub struct Native;

    impl Native {
        pub fn new(_: &Path) -> Native {
            Native
        }

        pub fn functions(&mut self, frame: &Frame, _: u64) -> Vec<Function> {
            vec![Function::by_perf(frame)]
        }

        pub fn notes(&self) -> Vec<String> {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn names_of_one_function_agree() {
        assert!(agree("core::str::pattern::TwoWaySearcher::next", "core::str::pattern::TwoWaySearcher::next<bool>"));
        assert!(agree("fopen@@GLIBC_2.2.5", "_fopen"));
        assert!(agree("do_work.isra.0", "do_work"));
        assert!(agree("<alloc::vec::Vec<T> as Drop>::drop", "alloc::vec::drop"));
        assert!(agree("[unknown]", "anything"));
        assert!(!agree("malloc", "free"));
    }
}
