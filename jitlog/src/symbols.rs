//! Functions and lines of native code, inlined ones included, from the DWARF of the file the code is in.
//!
//! Files are opened once and as they are asked for. Of a file without debugging information the distribution's separate
//! one is taken, found by build id; a file that has neither says so, once, in a sentence of its own.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use addr2line::Loader;
use object::{Object, ObjectSegment, ReadCache};

/// Where distributions put what they stripped.
const SEPARATE: &str = "/usr/lib/debug/.build-id";
/// Addresses of a file whose frames are kept.
const MOST_ADDRESSES: usize = 1 << 16;

/// A function that runs at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeFrame {
    /// As it is written in the program, with its path.
    pub function: String,
    /// Where its source is, as the compiler was told it, and the line in it; 0 if that is not known.
    pub file: Option<String>,
    pub line: u32,
    /// The compiler put it into the next one.
    pub is_inlined: bool,
}

/// Why a file names no functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    NotThere(String),
    Unreadable(String),
    /// It has no debugging information, and there is none beside it.
    Stripped,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NotThere(error) => write!(out, "cannot be read ({error})"),
            Missing::Unreadable(error) => write!(out, "is not understood ({error})"),
            Missing::Stripped => out.write_str("is stripped: it has no debugging information"),
        }
    }
}

/// Code of a file and where it is loaded to: offset in the file, size, address.
struct Segment {
    offset: u64,
    size: u64,
    address: u64,
}

struct Opened {
    loader: Loader,
    segments: Vec<Segment>,
    known: HashMap<u64, Vec<NativeFrame>>,
}

/// All files that were asked for.
#[derive(Default)]
pub struct Symbols {
    files: HashMap<PathBuf, Result<Opened, Missing>>,
}

impl Symbols {
    /// The functions at an offset of a file, the innermost first; none where the file has code that nothing describes.
    ///
    /// # Errors
    /// Why the file names nothing; the same for each of its offsets.
    pub fn frames(&mut self, path: &Path, offset: u64) -> Result<&[NativeFrame], &Missing> {
        if !self.files.contains_key(path) {
            self.files.insert(path.to_path_buf(), Opened::open(path));
        }
        match self.files.get_mut(path).expect("it was just put there") {
            Ok(opened) => Ok(opened.frames(offset)),
            Err(missing) => Err(missing),
        }
    }

    /// The files that name nothing, and why.
    pub fn missing(&self) -> Vec<(&Path, &Missing)> {
        let failed = self.files.iter().filter_map(|(path, opened)| Some((path.as_path(), opened.as_ref().err()?)));
        let mut failed: Vec<_> = failed.collect();
        failed.sort_by_key(|(path, _)| *path);
        failed
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Opened, Missing> {
        let file = File::open(path).map_err(|error| Missing::NotThere(error.to_string()))?;
        let cache = ReadCache::new(file);
        let unreadable = |error: &dyn fmt::Display| Missing::Unreadable(error.to_string());
        let object = object::File::parse(&cache).map_err(|error| unreadable(&error))?;
        let segments = object.segments().map(|segment| {
            let (offset, size) = segment.file_range();
            Segment { offset, size, address: segment.address() }
        });
        let segments = segments.collect();
        let described = match has_lines(&object) {
            true => path.to_path_buf(),
            false => {
                let id = object.build_id().ok().flatten().ok_or(Missing::Stripped)?;
                let separate = separate_file(id).filter(|path| path.is_file());
                separate.ok_or(Missing::Stripped)?
            }
        };
        let loader = Loader::new(&described).map_err(|error| unreadable(&error))?;
        Ok(Opened { loader, segments, known: HashMap::new() })
    }

    fn frames(&mut self, offset: u64) -> &[NativeFrame] {
        if self.known.len() >= MOST_ADDRESSES && !self.known.contains_key(&offset) {
            self.known.clear();
        }
        let Opened { loader, segments, known } = self;
        known.entry(offset).or_insert_with(|| {
            let holds = |segment: &&Segment| offset.checked_sub(segment.offset).is_some_and(|at| at < segment.size);
            let address = segments.iter().find(holds).map(|segment| offset - segment.offset + segment.address);
            address.map(|address| described(loader, address)).unwrap_or_default()
        })
    }
}

fn has_lines<'data>(object: &impl Object<'data>) -> bool {
    // A symbol table alone names functions, but perf reads that as well.
    object.section_by_name(".debug_line").is_some() || object.section_by_name(".zdebug_line").is_some()
}

/// `/usr/lib/debug/.build-id/ab/cdef….debug`.
fn separate_file(build_id: &[u8]) -> Option<PathBuf> {
    let (first, rest) = build_id.split_first()?;
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Path::new(SEPARATE).join(format!("{first:02x}")).join(format!("{rest}.debug")))
}

fn described(loader: &Loader, address: u64) -> Vec<NativeFrame> {
    let Ok(mut iterator) = loader.find_frames(address) else { return Vec::new() };
    let mut frames = Vec::new();
    // What is damaged ends the list: the rest is as good as not there.
    while let Ok(Some(frame)) = iterator.next() {
        let Some(function) = &frame.function else { continue };
        let Ok(name) = function.demangle() else { continue };
        let (file, line) = match &frame.location {
            Some(location) => (location.file.map(str::to_string), location.line.unwrap_or(0)),
            None => (None, 0),
        };
        frames.push(NativeFrame { function: name.into_owned(), file, line, is_inlined: true });
    }
    if frames.is_empty()
        && let Some(symbol) = loader.find_symbol(address)
    {
        // Of what was compiled without debugging information the table of symbols has the name.
        frames.push(NativeFrame { function: symbol.to_string(), file: None, line: 0, is_inlined: false });
    }
    if let Some(outermost) = frames.last_mut() {
        outermost.is_inlined = false;
        // Tables of lines alone have names without their paths; the symbol has the whole.
        if let Some(symbol) = loader.find_symbol(address) {
            outermost.function = addr2line::demangle_auto(symbol.into(), None).into_owned();
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    /// `outer` has `inner` in it; `main` calls `outer`.
    const SOURCE: &str = "\
static inline __attribute__((always_inline)) int inner(int x) {
    __asm__ volatile(\".globl marked\\nmarked: nop\");
    return x * 3;
}
__attribute__((noinline)) int outer(int x) {
    return inner(x) + 1;
}
int main(int n, char **v) { (void)v; return outer(n); }
";

    fn compiled(folder: &Path, options: &[&str]) -> PathBuf {
        let (source, out) = (folder.join("native.c"), folder.join("native"));
        std::fs::write(&source, SOURCE).unwrap();
        let done = Command::new("cc").args(options).arg("-o").arg(&out).arg(&source).status().unwrap();
        assert!(done.success());
        out
    }

    /// Offset in the file of a symbol.
    fn offset_of(path: &Path, name: &str) -> u64 {
        use object::ObjectSymbol;
        let bytes = std::fs::read(path).unwrap();
        let object = object::File::parse(&*bytes).unwrap();
        let address = object.symbols().find(|symbol| symbol.name() == Ok(name)).unwrap().address();
        let around = |s: &object::Segment<'_, '_>| (s.address()..s.address() + s.size()).contains(&address);
        let segment = object.segments().find(around).unwrap();
        address - segment.address() + segment.file_range().0
    }

    #[test]
    fn inlined_functions_come_before_the_one_they_are_in() {
        let folder = tempfile::tempdir().unwrap();
        let program = compiled(folder.path(), &["-g", "-O1"]);
        let mut symbols = Symbols::default();
        let frames = symbols.frames(&program, offset_of(&program, "marked")).unwrap();
        let shown: Vec<_> = frames.iter().map(|f| (f.function.as_str(), f.is_inlined)).collect();
        assert_eq!(shown, [("inner", true), ("outer", false)]);
        assert!(frames[0].file.as_ref().unwrap().ends_with("native.c"));
        assert_eq!(frames[1].line, 6, "where the call stands that was inlined");
        assert_eq!(symbols.frames(&program, u64::MAX).unwrap(), [], "beyond the file");
        assert_eq!(symbols.missing(), []);
    }

    #[test]
    fn files_without_names_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let program = compiled(folder.path(), &["-s"]);
        let text = folder.path().join("native.c");
        let mut symbols = Symbols::default();
        assert_eq!(symbols.frames(&program, 0x1000), Err(&Missing::Stripped));
        assert!(matches!(symbols.frames(&text, 0), Err(Missing::Unreadable(_))));
        assert!(matches!(symbols.frames(Path::new("/nowhere"), 0), Err(Missing::NotThere(_))));
        assert_eq!(symbols.missing().len(), 3);
        assert!(symbols.missing().iter().any(|(_, why)| why.to_string().contains("stripped")));
    }
}
