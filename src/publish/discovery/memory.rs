//! What was announced, beyond the life of the process: a file with one topic a line.
//!
//! An announcement is retained: the broker keeps it when Home Assistant is no longer wanted, or another prefix is
//! configured, and so a device would stay there for ever that nobody announces. The broker could be asked, but a
//! client that need not read anything had then to be allowed to.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The file's name.
const NAME: &str = "home-assistant";

/// More than these were never announced by hand: a longer file is not ours.
const MOST: usize = 16;

/// What stands for the file while it is written.
const UNFINISHED: &str = "home-assistant.new";

/// Why it cannot be remembered what was announced.
#[derive(Debug, Error)]
#[error(
    "{path} cannot be {what}: {source}; name a folder that affectd may write as device.state_dir, or take the \
     device out of Home Assistant by hand once it is not wanted there (docs/home-assistant.md)"
)]
pub struct MemoryError {
    /// The file.
    path: String,
    /// Read or written.
    what: &'static str,
    source: io::Error,
}

/// The topics that announcements may lie on.
#[derive(Debug, Clone)]
pub struct Memory {
    dir: PathBuf,
}

impl Memory {
    /// The memory in that folder, which need not be there yet.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// What was announced; nothing without a file. A line that is no topic of an announcement is passed over: nothing
    /// else is ever removed from a broker.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn recall(&self) -> Result<Vec<String>, MemoryError> {
        let text = match fs::read_to_string(self.file()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.fail("read", error)),
        };
        Ok(text.lines().filter(|line| is_ours(line)).take(MOST).map(str::to_owned).collect())
    }

    /// Takes the place of what was remembered; writes only what is new, and whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&self, topics: &[String]) -> Result<(), MemoryError> {
        if self.recall().is_ok_and(|known| known == topics) {
            return Ok(());
        }
        let write = || {
            if topics.is_empty() {
                return fs::remove_file(self.file());
            }
            fs::create_dir_all(&self.dir)?;
            let unfinished = self.dir.join(UNFINISHED);
            let mut file = fs::File::create(&unfinished)?;
            topics.iter().try_for_each(|topic| writeln!(file, "{topic}"))?;
            file.sync_all()?;
            fs::rename(&unfinished, self.file())
        };
        write().map_err(|error| self.fail("written", error))
    }

    fn file(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    fn fail(&self, what: &'static str, source: io::Error) -> MemoryError {
        MemoryError { path: self.file().display().to_string(), what, source }
    }
}

/// Whether it is a topic that a device of ours is announced on: `PREFIX/device/affectd-…/config`.
fn is_ours(topic: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    topic.chars().all(allowed) && topic.contains("/device/affectd-") && topic.ends_with("/config")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "homeassistant/device/affectd-kiosk-7/config";

    #[test]
    fn what_was_announced_is_known_to_the_next_process_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(&dir.path().join("made/when/needed"));
        assert!(memory.recall().unwrap().is_empty());
        memory.remember(&[]).unwrap();
        memory.remember(&[TOPIC.to_owned()]).unwrap();
        assert_eq!(Memory::at(&dir.path().join("made/when/needed")).recall().unwrap(), [TOPIC]);
        memory.remember(&[]).unwrap();
        assert!(memory.recall().unwrap().is_empty());
    }

    #[test]
    fn nothing_but_our_own_announcements_is_ever_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let others = "homeassistant/device/zigbee/config\nhomeassistant/status\n#\n\nx/device/affectd-+/config\n";
        fs::write(dir.path().join(NAME), format!("{others}{TOPIC}\n")).unwrap();
        assert_eq!(Memory::at(dir.path()).recall().unwrap(), [TOPIC]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a-file");
        fs::write(&file, "").unwrap();
        let error = Memory::at(&file.join("below")).remember(&[TOPIC.to_owned()]).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("a-file/below") && said.contains("device.state_dir"), "{said}");
    }
}
