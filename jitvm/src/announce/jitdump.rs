//! `jit-PID.dump`: code, lines and unwinding tables with times, which `perf inject --jit` turns into ELF files.

use std::ffi::c_void;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use super::{Unit, frames};

const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER_SIZE: u32 = 40;
const X86_64: u32 = 62;
const PAGE: usize = 4096;

/// The kinds of records that are written.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Record {
    Load = 0,
    DebugInfo = 2,
    UnwindingInfo = 4,
}

#[derive(Debug)]
pub(super) struct Dump {
    file: File,
    /// Executable mapping of the file's first page: perf finds the dump by the record the kernel writes of it.
    marker: *mut c_void,
    next_index: u64,
}

/// Time in the clock that `perf record -k mono` takes, in ns.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux and the structure is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl Dump {
    pub(super) fn create(directory: &Path) -> io::Result<Dump> {
        let path = directory.join(format!("jit-{}.dump", std::process::id()));
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        fs::create_dir_all(directory).map_err(named)?;
        // As for the map: what lies there is not ours.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(error)),
            _ => {}
        }
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(named)?;
        let mut header = Vec::with_capacity(HEADER_SIZE as usize);
        for word in [MAGIC, VERSION, HEADER_SIZE, X86_64, 0, std::process::id()] {
            header.extend(word.to_le_bytes());
        }
        header.extend(now().to_le_bytes());
        header.extend(0u64.to_le_bytes());
        file.write_all(&header).map_err(named)?;
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: a fresh private mapping of our own file, anywhere; nobody reads through it.
        let marker =
            unsafe { libc::mmap(std::ptr::null_mut(), PAGE, protection, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
        if marker == libc::MAP_FAILED {
            return Err(named(io::Error::last_os_error()));
        }
        Ok(Dump { file, marker, next_index: 0 })
    }

    /// Lines, table and code in one write, in this order: the first two belong to the code that follows them.
    pub(super) fn add(&mut self, unit: &Unit, code: &[u8]) -> io::Result<()> {
        let time = now();
        let mut out = Vec::with_capacity(code.len() + unit.rows.len() * 64 + 512);
        if !unit.rows.is_empty() {
            record(&mut out, Record::DebugInfo, time, |out| lines(out, unit));
        }
        let tables = frames::for_dump(unit).map_err(io::Error::other)?;
        record(&mut out, Record::UnwindingInfo, time, |out| {
            let size = (tables.eh_frame.len() + tables.header.len()) as u64;
            for word in [size, tables.header.len() as u64, size] {
                out.extend(word.to_le_bytes());
            }
            out.extend(&tables.eh_frame);
            out.extend(&tables.header);
            out.resize(out.len().next_multiple_of(8), 0);
        });
        // SAFETY: no argument, no failure.
        let thread = unsafe { libc::gettid() } as u32;
        record(&mut out, Record::Load, time, |out| {
            out.extend(std::process::id().to_le_bytes());
            out.extend(thread.to_le_bytes());
            let start = unit.range.start as u64;
            for word in [start, start, unit.range.size as u64, self.next_index] {
                out.extend(word.to_le_bytes());
            }
            text(out, &unit.name);
            out.extend(code);
        });
        self.next_index += 1;
        self.file.write_all(&out)
    }
}

/// A row per change of line, and one at the end of the code: without it the last line's part would be empty.
fn lines(out: &mut Vec<u8>, unit: &Unit) {
    out.extend((unit.range.start as u64).to_le_bytes());
    out.extend((unit.rows.len() as u64 + 1).to_le_bytes());
    let end = unit.rows.last().map(|row| (unit.range.size as u32, row));
    for (offset, row) in unit.rows.iter().map(|row| (row.offset, row)).chain(end) {
        out.extend((unit.range.start as u64 + u64::from(offset)).to_le_bytes());
        out.extend(row.line.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        text(out, &row.file);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().map(|byte| if byte < b' ' { b'?' } else { byte }));
    out.push(0);
}

fn record(out: &mut Vec<u8>, kind: Record, time: u64, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend((kind as u32).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(time.to_le_bytes());
    body(out);
    let size = (out.len() - start) as u32;
    out[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
}

impl Drop for Dump {
    fn drop(&mut self) {
        // SAFETY: the mapping is this dump's own and as long.
        unsafe { libc::munmap(self.marker, PAGE) };
    }
}
