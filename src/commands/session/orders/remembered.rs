//! A mute that outlasts the process: whoever muted a device is not to find it looking again after a power cut.
//!
//! One small file in the state directory: there when somebody said to be mute, gone when somebody took that back. That
//! it is there is all that counts, so that a torn one errs on the side of silence.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// The file's name.
const NAME: &str = "muted";

/// Where it is remembered, if anywhere.
#[derive(Debug, Clone)]
pub struct Remembered(Option<PathBuf>);

impl Remembered {
    /// In this folder; `None` remembers nothing.
    pub fn within(folder: Option<&Path>) -> Self {
        Self(folder.map(|folder| folder.join(NAME)))
    }

    /// The file that says that it was told to be mute, when nobody has taken that back. One that cannot be looked at
    /// counts.
    pub fn muted(&self) -> Option<&Path> {
        self.0.as_deref().filter(|file| fs::exists(file).unwrap_or(true))
    }

    /// Remembers that it is to be mute, since `at`. Whether it will be remembered: never without a folder.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn mute(&self, at: Timestamp) -> io::Result<bool> {
        let Some(path) = &self.0 else { return Ok(false) };
        // The folder may be one that nobody has made yet.
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = File::create(path)?;
        writeln!(file, "Muted by a command at {at}. While this file is there, affectd starts muted.")?;
        file.sync_all()?;
        // The name itself must be on the disk, too.
        File::open(folder)?.sync_all()?;
        Ok(true)
    }

    /// Forgets it. Whether that will last: never without a folder.
    ///
    /// # Errors
    /// When the file stays: the next start is a muted one.
    pub fn unmute(&self) -> io::Result<bool> {
        let Some(path) = &self.0 else { return Ok(false) };
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            removed => removed?,
        }
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_is_there_for_the_next_process_until_it_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        let (first, next) = (Remembered::within(Some(&folder)), Remembered::within(Some(&folder)));
        assert!(next.muted().is_none());
        assert!(first.mute(Timestamp::UNIX_EPOCH).unwrap());
        assert!(next.muted().is_some() && first.mute(Timestamp::UNIX_EPOCH).unwrap());
        assert!(next.unmute().unwrap() && next.unmute().unwrap());
        assert!(first.muted().is_none());
    }

    #[test]
    fn a_torn_file_is_a_mute() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "").unwrap();
        assert!(Remembered::within(Some(dir.path())).muted().is_some());
    }

    #[test]
    fn without_a_folder_nothing_is_remembered_and_a_disk_that_refuses_says_so() {
        let nowhere = Remembered::within(None);
        assert!(
            !nowhere.mute(Timestamp::UNIX_EPOCH).unwrap() && nowhere.muted().is_none() && !nowhere.unmute().unwrap()
        );
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Remembered::within(Some(&file)).mute(Timestamp::UNIX_EPOCH).is_err());
    }
}
