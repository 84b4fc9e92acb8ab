//! Who has a device open, so that the message about a busy one can name the program to stop.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process;

use super::devices::entries;

/// A program that has a device open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The number of the process.
    pub pid: u32,
    /// Its name, as `ffmpeg`.
    pub name: String,
}

/// The other programs that have a device open, as far as `/proc` lets this user see: of other users' programs, only
/// with the rights of root.
pub fn holders(node: &Path) -> Vec<Holder> {
    let Ok(device) = fs::metadata(node).map(|about| (about.rdev(), about.ino(), about.dev())) else {
        return Vec::new();
    };
    let is_it = |fd: &Path| fs::metadata(fd).is_ok_and(|about| (about.rdev(), about.ino(), about.dev()) == device);
    let mut holders: Vec<Holder> = entries("/proc".as_ref())
        .filter_map(|process| Some((process.file_name()?.to_str()?.parse().ok()?, process)))
        .filter(|(pid, process)| *pid != process::id() && entries(&process.join("fd")).any(|fd| is_it(&fd)))
        .map(|(pid, process)| {
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            Holder { pid, name: name.trim().to_owned() }
        })
        .collect();
    holders.sort_unstable();
    holders
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_that_has_a_file_open_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(holders(file.path()), []);
        let mut sleep = Command::new("sleep").arg("60").stdin(Stdio::from(file.reopen().unwrap())).spawn().unwrap();
        let found = holders(file.path());
        sleep.kill().unwrap();
        sleep.wait().unwrap();
        assert_eq!(found, [Holder { pid: sleep.id(), name: "sleep".into() }]);
    }
}
