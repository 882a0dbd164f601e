//! `sys.stdout`: a buffer over a file descriptor, flushed by lines if that is a terminal.

use std::borrow::Cow;
use std::io;

use super::surrogates;

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 64 << 10;

#[derive(Debug)]
enum Target {
    Descriptor {
        number: i32,
        by_line: bool,
    },
    /// Kept for the embedder.
    Memory,
}

#[derive(Debug)]
pub struct Output {
    buffer: Vec<u8>,
    target: Target,
    escapes: bool,
}

/// Whether the environment names no language or a plain one, with which CPython writes surrogates as bytes.
fn plain_locale() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    locale.is_none_or(|name| ["C", "POSIX", "C.UTF-8", "C.utf8", "UTF-8"].iter().any(|plain| name == *plain))
}

impl Output {
    pub fn stdout() -> Output {
        // SAFETY: isatty only looks at the descriptor.
        let by_line = unsafe { libc::isatty(libc::STDOUT_FILENO) } == 1;
        Output {
            buffer: Vec::new(),
            target: Target::Descriptor { number: libc::STDOUT_FILENO, by_line },
            escapes: plain_locale(),
        }
    }

    /// Keeps everything for [`Output::take`].
    pub fn memory() -> Output {
        Output { buffer: Vec::new(), target: Target::Memory, escapes: false }
    }

    /// What was written to an [`Output::memory`] since the last time.
    pub fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// The error handler: surrogates are written as bytes where nothing says that this is text of UTF-8 for sure.
    pub fn errors(&self) -> &'static str {
        if self.escapes { "surrogateescape" } else { "strict" }
    }

    /// False, and nothing is written, if the text has lone surrogates that [`Output::errors`] does not take.
    pub fn write(&mut self, text: &str) -> io::Result<bool> {
        match surrogates::to_system(text) {
            Some(bytes) if self.escapes || matches!(bytes, Cow::Borrowed(_)) => self.buffer.extend_from_slice(&bytes),
            _ => return Ok(false),
        }
        match self.target {
            Target::Descriptor { by_line, .. }
                if self.buffer.len() >= BUFFER_BYTES || by_line && text.contains('\n') =>
            {
                self.flush().map(|()| true)
            }
            _ => Ok(true),
        }
    }

    /// Writes the buffer out. After an error the rest is dropped, so that the flush at exit does not fail again.
    pub fn flush(&mut self) -> io::Result<()> {
        let Target::Descriptor { number, .. } = self.target else { return Ok(()) };
        let result = write_all(number, &self.buffer);
        self.buffer.clear();
        result
    }
}

/// Writes all bytes to a descriptor, without a buffer.
pub fn write_all(descriptor: i32, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and length are those of a slice.
        let written = unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
        if written < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        bytes = &bytes[written as usize..];
    }
    Ok(())
}
