//! Output files: written whole or not at all, and never over an existing one unless that was asked for.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::tool::{Failure, ToArgs};

/// A file being made. It has a name of its own until it is finished, and is gone if it never is.
pub struct OutputFile {
    file: File,
    temporary: PathBuf,
    target: Target,
    force: bool,
}

enum Target {
    Path(PathBuf),
    /// A device or a pipe: it takes the bytes, and keeps its place.
    Special(PathBuf),
    Standard,
}

impl OutputFile {
    pub fn create(to: &ToArgs) -> Result<OutputFile, Failure> {
        let path = &to.output;
        let target = match path.metadata() {
            _ if path.as_os_str() == "-" => Target::Standard,
            Ok(metadata) if metadata.is_dir() => {
                return Err(Failure::File(path.clone(), io::Error::from(io::ErrorKind::IsADirectory)));
            }
            Ok(metadata) if !metadata.is_file() => Target::Special(path.clone()),
            Ok(_) if !to.force => return Err(exists(path)),
            _ => Target::Path(path.clone()),
        };
        let folder = match &target {
            Target::Path(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()),
            _ => None,
        };
        let folder = match (folder, &target) {
            (Some(folder), _) => folder.to_path_buf(),
            (None, Target::Path(_)) => PathBuf::from("."),
            (None, _) => std::env::temp_dir(),
        };
        let temporary = folder.join(format!(".jitlog-{}.part", std::process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&temporary);
        let file = file.map_err(|error| Failure::File(path.clone(), error))?;
        Ok(OutputFile { file, temporary, target, force: to.force })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the bytes go until it is finished, for a writer that needs a name. Whatever is there then is the output.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// What went wrong while writing, with the name the user gave.
    pub fn failed(&self, error: io::Error) -> Failure {
        match &self.target {
            Target::Path(path) | Target::Special(path) => Failure::File(path.clone(), error),
            Target::Standard => Failure::Output(error),
        }
    }

    /// What was written: a writer that took the name may have made a file of its own.
    fn bytes(&self) -> io::Result<File> {
        File::open(&self.temporary)
    }

    /// Gives the file its name, or its bytes to where they go.
    pub fn finish(self) -> Result<(), Failure> {
        let done = match &self.target {
            Target::Path(path) if self.force => std::fs::rename(&self.temporary, path),
            Target::Path(path) => name_new(&self.temporary, path),
            Target::Special(path) => {
                let path = path.clone();
                self.bytes().and_then(|mut bytes| {
                    let mut special = OpenOptions::new().write(true).open(path)?;
                    io::copy(&mut bytes, &mut special).map(drop)
                })
            }
            Target::Standard => {
                self.bytes().and_then(|mut bytes| io::copy(&mut bytes, &mut io::stdout().lock()).map(drop))
            }
        };
        match (done, &self.target) {
            (Err(error), Target::Path(path)) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
            (done, _) => done.map_err(|error| self.failed(error)),
        }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and a leftover of a failed run harms nobody.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// Names a file without ever replacing another.
fn name_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(temporary, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links: looked again, then renamed.
        Err(_) if path.exists() => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        Err(_) => std::fs::rename(temporary, path),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::Usage(format!("{}: the file exists; --force replaces it", path.display()))
}
