//! Output files: whole or not at all, and never over an existing one unless told to.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file beside its place and moves it there when it is whole; `-` is standard output.
pub fn write(path: &Path, content: &[u8], force: bool) -> io::Result<()> {
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        return out.write_all(content).and_then(|()| out.flush());
    }
    if !force && fs::symlink_metadata(path).is_ok() {
        return Err(exists());
    }
    let beside = beside(path)?;
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        if force {
            return fs::rename(&beside, path);
        }
        // A link fails if the name is taken meanwhile; a rename would replace it.
        match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
            Err(_) => fs::rename(&beside, path),
            Ok(()) => Ok(()),
        }
    })();
    // Gone already after a rename.
    let _ = fs::remove_file(&beside);
    written
}

fn exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "the file exists; --force replaces it")
}

/// A name in the same folder that no other run of ours uses.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_kept_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.svg");
        write(&path, b"one", false).unwrap();
        assert!(write(&path, b"two", false).unwrap_err().to_string().contains("--force"));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(write(&dir.path().join("no/folder.svg"), b"x", false).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
