//! A file read line by line or byte by byte, with the place of each line, in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A longer line is cut: no VM writes one, but a damaged file may be one.
const LONGEST_LINE: u64 = 64 << 20;

/// One line, without its end.
pub struct Line<'a> {
    pub text: &'a str,
    /// From 1.
    pub number: u64,
    /// Where it starts in the file.
    pub byte: u64,
    /// The file ends before the line does, or the line is longer than any.
    pub cut: bool,
}

pub struct Input {
    name: String,
    reader: BufReader<File>,
    raw: Vec<u8>,
    text: String,
    lines: u64,
    bytes: u64,
    read: Arc<AtomicU64>,
}

impl Input {
    pub fn open(path: &Path, read: Arc<AtomicU64>) -> io::Result<Input> {
        Ok(Input::of(path, File::open(path)?, read))
    }

    /// A pipe that gives what is asked about the file of that name.
    pub fn of(path: &Path, file: File, read: Arc<AtomicU64>) -> Input {
        Input {
            name: path.display().to_string(),
            reader: BufReader::with_capacity(1 << 18, file),
            raw: Vec::new(),
            text: String::new(),
            lines: 0,
            bytes: 0,
            read,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn lines(&self) -> u64 {
        self.lines
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line; bytes that are no UTF-8 become replacement characters.
    pub fn line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.raw.clear();
        let read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut self.raw)?;
        if read == 0 {
            return Ok(None);
        }
        let byte = self.bytes;
        self.count(read);
        self.lines += 1;
        let cut = self.raw.last() != Some(&b'\n');
        if !cut {
            self.raw.pop();
            if self.raw.last() == Some(&b'\r') {
                self.raw.pop();
            }
        }
        let text = match std::str::from_utf8(&self.raw) {
            Ok(text) => text,
            Err(_) => {
                self.text = String::from_utf8_lossy(&self.raw).into_owned();
                &self.text
            }
        };
        Ok(Some(Line { text, number: self.lines, byte, cut }))
    }

    /// Fills the buffer; false if the file ends before.
    pub fn exactly(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.count(filled);
        Ok(filled == buffer.len())
    }

    /// The whole rest, for documents that are one value.
    pub fn rest(&mut self) -> io::Result<String> {
        let mut raw = Vec::new();
        let read = self.reader.read_to_end(&mut raw)?;
        self.count(read);
        self.lines += raw.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
        Ok(String::from_utf8(raw).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
