//! Facts about this process and machine, for the `process` definition.

use std::path::Path;

/// What the VM says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct VmInfo<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub commit: &'a str,
    /// The program's arguments, program first.
    pub argv: &'a [String],
    /// Parameters in force, a JSON object.
    pub config: &'a str,
}

/// What the system says.
pub(crate) struct Machine {
    pub cwd: String,
    pub exe: String,
    pub host: String,
    pub os: String,
    pub arch: &'static str,
    pub cpu_model: String,
    pub ncpu: u16,
    pub page_bytes: u32,
}

impl Machine {
    pub fn here() -> Machine {
        let line = |path: &str| std::fs::read_to_string(path).map(|text| text.trim().to_string()).unwrap_or_default();
        let shown = |path: std::io::Result<std::path::PathBuf>| {
            path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
        };
        Machine {
            cwd: shown(std::env::current_dir()),
            exe: shown(std::env::current_exe()),
            host: line("/proc/sys/kernel/hostname"),
            os: format!("{} {}", line("/proc/sys/kernel/ostype"), line("/proc/sys/kernel/osrelease"))
                .trim()
                .to_string(),
            arch: std::env::consts::ARCH,
            cpu_model: cpu_model(),
            ncpu: std::thread::available_parallelism().map_or(0, |n| n.get() as u16),
            page_bytes: page_bytes(),
        }
    }

    /// A machine that is the same everywhere.
    pub fn logical() -> Machine {
        let text = |name: &str| name.to_string();
        Machine {
            cwd: text("/work"),
            exe: text("/bin/vm"),
            host: text("host"),
            os: text("os"),
            arch: "x86_64",
            cpu_model: text("logical"),
            ncpu: 1,
            page_bytes: 4096,
        }
    }
}

/// The boot id, which tells a crash of the machine from a crash of the process.
pub(crate) fn boot_id() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    uuid::Uuid::parse_str(text.trim()).map(|id| id.into_bytes()).unwrap_or_default()
}

pub(crate) fn page_bytes() -> u32 {
    // SAFETY: sysconf has no preconditions.
    u32::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

fn cpu_model() -> String {
    use std::io::Read;
    // The first processor's lines are enough; the whole file takes long on large machines.
    let mut head = Vec::new();
    if let Ok(file) = std::fs::File::open(Path::new("/proc/cpuinfo")) {
        // A short read gives an empty model, which is what an unreadable file gives too.
        let _ = file.take(2048).read_to_end(&mut head);
    }
    let text = String::from_utf8_lossy(&head);
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    model.map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_string()).unwrap_or_default()
}
