//! A world of its own for the daemon: whatever it writes is in here, and can be looked at.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::finder::Finder;
use crate::support::program;

/// The folders that a program may take for its own.
const FOLDERS: [(&str, &str); 11] = [
    ("HOME", "home"),
    ("TMPDIR", "tmp"),
    ("XDG_CACHE_HOME", "home/cache"),
    ("XDG_CONFIG_HOME", "home/config"),
    ("XDG_DATA_HOME", "home/data"),
    ("XDG_STATE_HOME", "home/state"),
    ("XDG_RUNTIME_DIR", "run"),
    ("STATE_DIRECTORY", "state"),
    ("CACHE_DIRECTORY", "cache"),
    ("LOGS_DIRECTORY", "logs"),
    ("RUNTIME_DIRECTORY", "run"),
];

/// Its folders.
pub struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// An empty one.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        FOLDERS.iter().for_each(|(_, folder)| fs::create_dir_all(dir.path().join(folder)).unwrap());
        Self { dir }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts the program here; what it says goes into files named after it.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Child {
        let mut command: Command = program::command();
        for (variable, folder) in FOLDERS {
            command.env(variable, self.path(folder));
        }
        let says = |stream: &str| Stdio::from(File::create(self.path(&format!("{name}.{stream}"))).unwrap());
        command.current_dir(self.path("home")).args(arguments).stdin(Stdio::null());
        command.stdout(says("stdout")).stderr(says("stderr")).spawn().unwrap()
    }

    /// Every file in it, with what is in it.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut folders, mut files) = (vec![self.dir.path().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => files.push((entry.path(), fs::read(entry.path()).unwrap())),
                    _ => {}
                }
            }
        }
        files
    }

    /// What is in its files that should not be: the file, and what the finder says.
    pub fn leaks(&self, finder: &Finder) -> Vec<(PathBuf, Vec<String>)> {
        let found = self.files().into_iter().map(|(path, bytes)| (path, finder.search(&bytes)));
        found.filter(|(_, found)| !found.is_empty()).collect()
    }

    /// What is in the file of that name, as far as it is text.
    pub fn text(&self, name: &str) -> String {
        let files = self.files();
        let file = files.iter().find(|(path, _)| path.ends_with(name));
        let (_, bytes) = file.unwrap_or_else(|| panic!("there is no {name}"));
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The files elsewhere that a process, or one that it started, has open to write into.
    pub fn written_elsewhere(&self, process: u32) -> Vec<PathBuf> {
        let processes = children(process).into_iter().chain([process]);
        let open = processes.flat_map(open_to_write);
        open.filter(|path| !path.starts_with(self.dir.path()) && !path.starts_with("/dev")).collect()
    }
}

/// The processes that a process has started and that live.
pub fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

/// The files that are open to write. A pipe or a socket is none, nor is memory that has no name.
fn open_to_write(process: u32) -> Vec<PathBuf> {
    let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let writes = |number: &Path| {
        let info = fs::read_to_string(format!("/proc/{process}/fdinfo/{}", number.display())).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 3 != 0)
    };
    let files = open.filter(|entry| writes(entry.path().file_name().unwrap().as_ref()));
    let paths = files.filter_map(|entry| fs::read_link(entry.path()).ok());
    paths.filter(|path| path.is_absolute() && !path.starts_with("/memfd:")).collect()
}
