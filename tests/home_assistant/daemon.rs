//! The real program, looking at a clip of one face that speaks, with folders of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::support::media::{looped, talking_clip};
use crate::support::program;

/// Where it is announced.
pub const CONFIG: &str = "homeassistant/device/affectd-home-1/config";

/// A folder with a clip, and whatever the program leaves there.
pub struct Place {
    dir: TempDir,
    clip: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clip = looped(&talking_clip(dir.path(), 6.0), "long.mkv", 40);
        Self { dir, clip }
    }

    /// What it remembers of Home Assistant.
    pub fn memory(&self) -> Option<String> {
        fs::read_to_string(self.dir.path().join("state/home-assistant")).ok()
    }

    /// Where its own packs are, when they are there; otherwise it has the checkout's.
    pub fn models(&self) -> PathBuf {
        self.dir.path().join("models")
    }

    /// Starts the program; `section` are the keys of `[home_assistant]`, and perhaps further sections.
    pub fn start(&self, port: u16, section: &str) -> Daemon {
        let (clip, dir) = (self.clip.display(), self.dir.path().display());
        let config = self.dir.path().join("affectd.toml");
        let settings = format!(
            "[device]\nid = \"home-1\"\nstate_dir = \"{dir}/state\"\n[source]\nvideo = \"file:{clip}\"\naudio = \"file:{clip}\"\n\
             [mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
             [home_assistant]\n{section}\n"
        );
        fs::write(&config, settings).unwrap();
        let mut command = program::command();
        command.arg("run").arg("--config").arg(config);
        if self.models().exists() {
            command.env("AFFECTD_MODELS", self.models());
        }
        let (child, said) = program::started(command);
        Daemon { child, said }
    }
}

pub struct Daemon {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// Its log so far.
    pub fn log(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Asks it to look at its packs.
    pub fn reload(&self) {
        self.signal("-HUP");
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        self.log()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, name: &str) {
        program::signal(self.child.id(), name);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
