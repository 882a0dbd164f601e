//! `/tmp/perf-PID.map`: a line of start, size and name per piece of code, which perf reads when it reports.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};

use super::Unit;

#[derive(Debug)]
pub(super) struct Map {
    file: File,
}

impl Map {
    pub(super) fn create() -> io::Result<Map> {
        let path = format!("/tmp/perf-{}.map", std::process::id());
        // What lies there is of an earlier process of this number, or a trap: it is never written through.
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(io::Error::new(error.kind(), format!("{path}: {error}")));
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        Ok(Map { file })
    }

    /// One write, so that a killed process leaves whole lines.
    pub(super) fn add(&mut self, unit: &Unit) -> io::Result<()> {
        self.file.write_all(line(unit).as_bytes())
    }
}

fn line(unit: &Unit) -> String {
    let name = unit.name.replace(char::is_control, "?");
    format!("{:x} {:x} {name}\n", unit.range.start, unit.range.size)
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Unit};
    use super::line;
    use crate::codegen::CodeRange;

    #[test]
    fn a_line_is_start_size_and_name() {
        let unit = Unit {
            function: "py::f".into(),
            name: "py::f:/a b.py [trace 1\nline 2]".into(),
            range: CodeRange { start: 0x40_0000, size: 0x1f },
            frame: Frame::Made,
            rows: vec![],
        };
        assert_eq!(line(&unit), "400000 1f py::f:/a b.py [trace 1?line 2]\n");
    }
}
