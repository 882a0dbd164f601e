//! A folder of output files: there whole or not at all, and over another only if that was asked for.

use std::io;
use std::path::{Path, PathBuf};

/// A folder being made. It has a name of its own until it is finished, and is gone if it never is.
pub struct OutputFolder {
    temporary: PathBuf,
    target: PathBuf,
}

/// Why a folder cannot be made.
pub enum Refused {
    /// There is one, and it was not said that it may be replaced.
    Exists,
    /// What is there is not such a folder: replacing it would lose what somebody else wrote.
    Foreign,
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused::Io(error)
    }
}

impl OutputFolder {
    /// Replaces an existing folder only if all its files are among those named.
    pub fn create(target: &Path, force: bool, ours: &dyn Fn(&str) -> bool) -> Result<OutputFolder, Refused> {
        if target.symlink_metadata().is_ok() {
            if !force {
                return Err(Refused::Exists);
            }
            if !target.is_dir() {
                return Err(Refused::Foreign);
            }
            for file in std::fs::read_dir(target)? {
                let file = file?;
                if !file.file_type()?.is_file() || !file.file_name().to_str().is_some_and(ours) {
                    return Err(Refused::Foreign);
                }
            }
        }
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = parent.join(format!(".jitlog-{}.part", std::process::id()));
        std::fs::create_dir(&temporary)?;
        Ok(OutputFolder { temporary, target: target.to_path_buf() })
    }

    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Gives the folder its name.
    pub fn finish(self) -> io::Result<()> {
        let old = self.temporary.with_extension("old");
        let replaced = self.target.symlink_metadata().is_ok();
        if replaced {
            std::fs::rename(&self.target, &old)?;
        }
        let named = std::fs::rename(&self.temporary, &self.target);
        if named.is_err() && replaced {
            // Back as it was; if that fails too, the first error is the one to tell.
            let _ = std::fs::rename(&old, &self.target);
        } else if replaced {
            std::fs::remove_dir_all(&old)?;
        }
        named
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and a leftover of a failed run harms nobody.
        let _ = std::fs::remove_dir_all(&self.temporary);
    }
}
