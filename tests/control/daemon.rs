//! The program as a service that may be told what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};

use affectd::clock::Stopwatch;
use tempfile::TempDir;

use crate::asker::Asker;
use crate::support::media::{astronaut_clip, looped};
use crate::support::mosquitto::Mosquitto;
use crate::support::{SOON, program};

/// A camera that is not there: enough for what needs none.
pub const NO_CAMERA: &str = "v4l:/dev/video-that-is-not-there";

/// All commands.
pub const ALL: &str = "[commands]\nallow = [\"mute\", \"unmute\", \"reload\", \"calibrate\", \"log-level\", \"health\", \
                       \"restart-stage\"]\n";

/// A broker, somebody with commands, and a device without a camera, with further sections in its configuration: all of
/// them ready.
pub async fn online(more: &str) -> (Mosquitto, Asker, Daemon) {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    let daemon = Daemon::start(NO_CAMERA, mosquitto.port, more);
    asker.online().await;
    (mosquitto, asker, daemon)
}

/// A running device.
pub struct Daemon {
    pub dir: TempDir,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// Starts it with that camera, and further sections.
    pub fn start(video: &str, port: u16, more: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), video, port, more)
    }

    /// The same, with a face in view at all times.
    pub fn with_face(port: u16, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clip = looped(&astronaut_clip(dir.path(), "clip.mp4", 2.0, "scale=320:320"), "long.mp4", 600);
        Self::start_in(dir, &format!("file:{}", clip.display()), port, more)
    }

    /// The same without a camera, with the model packs that the configuration names.
    pub fn start_with_models(dir: TempDir, port: u16, more: &str) -> Self {
        Self::run(dir, NO_CAMERA, port, more, true)
    }

    /// The same in a folder that is there; its state is kept in a folder below it.
    pub fn start_in(dir: TempDir, video: &str, port: u16, more: &str) -> Self {
        Self::run(dir, video, port, more, false)
    }

    fn run(dir: TempDir, video: &str, port: u16, more: &str, own_models: bool) -> Self {
        let config = dir.path().join("affectd.toml");
        let url = format!("mqtt://127.0.0.1:{port}");
        let text = format!(
            "[device]\nid = \"control-1\"\n[source]\nvideo = \"{video}\"\n[events]\ngone_after_ms = 10000\n{more}"
        );
        fs::write(&config, text).unwrap();
        let mut command = program::command();
        command.arg("run").arg("--config").arg(config).env("AFFECTD_MQTT_URL", url);
        command.env("STATE_DIRECTORY", state_of(dir.path()));
        if own_models {
            command.env_remove("AFFECTD_MODELS");
        }
        let (child, said) = program::started(command);
        Self { dir, child, said }
    }

    /// Where it keeps what outlasts it.
    pub fn state(&self) -> PathBuf {
        state_of(self.dir.path())
    }

    /// The lines of the log that hold this.
    pub fn lines_with(&self, words: &str) -> Vec<String> {
        self.said.lock().unwrap().iter().filter(|line| line.contains(words)).cloned().collect()
    }

    /// Waits until the log has such a line.
    pub async fn says(&self, words: &str) {
        let watch = Stopwatch::start();
        while self.lines_with(words).is_empty() {
            assert!(watch.elapsed() < SOON, "{words:?} is not in {:#?}", self.said.lock().unwrap());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Whether it still runs.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Cuts its power. What it kept is there for another.
    pub fn power_cut(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    /// Stops it in an orderly way.
    pub fn stop(&mut self) -> Option<i32> {
        program::signal(self.child.id(), "-TERM");
        self.child.wait().unwrap().code()
    }
}

fn state_of(dir: &Path) -> PathBuf {
    dir.join("state")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Only a test that failed, or one that is done with it, finds it still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
