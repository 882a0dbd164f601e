//! Positioned reads of a log file; no mapping, so a file that changes or shrinks is an error value, never a signal.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An open log file.
pub struct LogFile {
    pub path: Arc<Path>,
    file: File,
    bytes_read: AtomicU64,
    #[cfg(feature = "pack")]
    packed: Option<crate::read::packed::Packed>,
}

impl LogFile {
    pub fn open(path: &Path) -> io::Result<LogFile> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok(LogFile {
            path: path.into(),
            bytes_read: AtomicU64::new(0),
            #[cfg(feature = "pack")]
            packed: {
                let read = |offset, bytes| read_at(&file, offset, bytes);
                crate::read::packed::Packed::open(file.metadata()?.len(), &read)?
            },
            file,
        })
    }

    /// Bytes of the log; of a packed one, unpacked.
    pub fn len(&self) -> io::Result<u64> {
        #[cfg(feature = "pack")]
        if let Some(packed) = &self.packed {
            return Ok(packed.len());
        }
        Ok(self.file.metadata()?.len())
    }

    /// Of a packed log whose index is lost: where its last whole frame ends.
    pub fn lost_index(&self) -> Option<u64> {
        #[cfg(feature = "pack")]
        return self.packed.as_ref()?.lost_index();
        #[cfg(not(feature = "pack"))]
        None
    }

    /// Whether a block's bytes are there, as far as that is known without reading them.
    pub fn has(&self, block: u32) -> bool {
        #[cfg(feature = "pack")]
        if let Some(packed) = &self.packed {
            return packed.has(block);
        }
        let _ = block;
        true
    }

    /// Whether a writer holds the file's lock.
    pub fn is_being_written(&self) -> bool {
        match self.file.try_lock_shared() {
            Ok(()) => {
                // Nothing depends on the lock: if it stays, it goes with the descriptor.
                let _ = self.file.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }

    /// Up to `bytes` from an offset of the log; shorter only at its end.
    pub fn read(&self, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        self.read_into(offset, bytes, &mut data).map(|()| data)
    }

    /// The same into memory that served before.
    pub fn read_into(&self, offset: u64, bytes: usize, data: &mut Vec<u8>) -> io::Result<()> {
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
        #[cfg(feature = "pack")]
        if let Some(packed) = &self.packed {
            *data = packed.read(offset, bytes, &|offset, bytes| read_at(&self.file, offset, bytes))?;
            return Ok(());
        }
        read_at_into(&self.file, offset, bytes, data)
    }

    /// Bytes asked for so far, for whoever shows how far a long command is.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

/// Up to `bytes` from an offset of a file; shorter only at its end.
#[cfg(feature = "pack")]
fn read_at(file: &File, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    read_at_into(file, offset, bytes, &mut data).map(|()| data)
}

fn read_at_into(file: &File, offset: u64, bytes: usize, data: &mut Vec<u8>) -> io::Result<()> {
    if data.capacity() < bytes {
        // Fresh zeros cost nothing until they are touched, and a damaged entry may ask for far more than there is.
        *data = vec![0; bytes];
    } else {
        data.resize(bytes, 0);
    }
    let mut filled = 0;
    while filled < bytes {
        match file.read_at(&mut data[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    data.truncate(filled);
    Ok(())
}
