//! Microphones that come late, stall, flood and break, before the whole daemon: the faces never suffer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

#[path = "model_packs/onnx.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod onnx;
#[path = "model_packs/row_pack.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod row_pack;

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use affectd::clock::Stopwatch;
use row_pack::RowPacks;
use support::listener::Listener;
use support::media::{astronaut_clip, looped};
use support::mosquitto::Mosquitto;
use support::program;
use support::sound::{FifoMicrophone, speech};

/// The daemon before a face, with a microphone, and a broker that is listened to.
struct Scene {
    daemon: Child,
    listener: Listener,
    _packs: RowPacks,
    _mosquitto: Mosquitto,
}

impl Scene {
    async fn begin(dir: &Path, alsa: &Path) -> Self {
        let (packs, mosquitto) = (RowPacks::hearing_beside(&program::models()), Mosquitto::start());
        let listener = Listener::everything(mosquitto.port).await;
        let clip = looped(&astronaut_clip(dir, "clip.mp4", 6.0, "scale=640:640"), "long.mp4", 40);
        let config = dir.join("affectd.toml");
        let source = format!("[source]\nvideo = \"file:{}\"\naudio = \"alsa:mic\"\n", clip.display());
        let mqtt = format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n", mosquitto.port);
        fs::write(&config, format!("[device]\nid = \"mic\"\n{source}{mqtt}")).unwrap();
        let mut command = program::command();
        command.env("ALSA_CONFIG_PATH", alsa).arg("--models").arg(packs.dir());
        let daemon = command.arg("run").arg("--config").arg(&config).spawn().unwrap();
        Self { daemon, listener, _packs: packs, _mosquitto: mosquitto }
    }

    /// Waits until a voice was read so many times.
    async fn voices(&mut self, count: usize) {
        for _ in 0..count {
            while self.listener.next_on("affect/mic/voice/state").await.json()["valence"].is_null() {}
        }
    }

    /// Waits until faces were told so many times.
    async fn faces(&mut self, count: usize) {
        for _ in 0..count {
            while !self.listener.next().await.topic.contains("/faces/") {}
        }
    }

    fn signal(&self, name: &str) {
        program::signal(self.daemon.id(), name);
    }

    /// How long the thread that listens has worked, in ticks of a hundredth of a second.
    fn sound_ticks(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.daemon.id())).unwrap();
        let stats = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("stat")).unwrap());
        let stat = stats.into_iter().find(|stat| stat.contains("(sound)")).expect("the thread \"sound\" has gone");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    async fn end(mut self) {
        self.signal("-TERM");
        while self.listener.next_on("affect/mic/status").await.text() != "stopped" {}
        assert_eq!(self.daemon.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faces_go_on_while_a_microphone_stalls_and_floods_and_it_is_heard_again_between() {
    let dir = tempfile::tempdir().unwrap();
    let microphone = FifoMicrophone::giving(dir.path(), &speech(20.0));
    let mut scene = Scene::begin(dir.path(), microphone.config()).await;
    scene.voices(2).await;
    scene.faces(2).await;

    microphone.hold();
    let stall = Stopwatch::start();
    while stall.elapsed() < Duration::from_secs(3) {
        scene.faces(1).await;
    }
    microphone.play();
    scene.voices(2).await;

    microphone.flood();
    scene.faces(1).await;
    let (flood, before) = (Stopwatch::start(), scene.sound_ticks());
    while flood.elapsed() < Duration::from_secs(3) {
        scene.faces(1).await;
    }
    let worked = (scene.sound_ticks() - before) as f64 / 100.0;
    assert!(worked < 0.6 * flood.elapsed().as_secs_f64(), "the thread spins: {worked} s of {:?}", flood.elapsed());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microphone_that_comes_late_is_heard_and_so_it_is_after_the_daemon_stood_still() {
    let dir = tempfile::tempdir().unwrap();
    let microphone = FifoMicrophone::giving(dir.path(), &speech(20.0));
    let late = dir.path().join("late.conf");
    fs::write(&late, "").unwrap();
    let mut scene = Scene::begin(dir.path(), &late).await;
    scene.faces(3).await;
    fs::copy(microphone.config(), &late).unwrap();
    scene.voices(2).await;

    scene.signal("-STOP");
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.signal("-CONT");
    scene.voices(2).await;
    scene.faces(2).await;
    scene.end().await;
}

#[test]
fn a_device_of_another_encoding_is_taken_and_one_that_cannot_be_read_is_refused_with_the_remedy() {
    let (dir, packs) = (tempfile::tempdir().unwrap(), RowPacks::hearing_beside(&program::models()));
    let alsa = dir.path().join("asound.conf");
    // Before samples of 16 bits the one knows nothing but floating point, the other nothing but logarithms.
    let only = |name: &str, kind: &str| {
        format!("pcm.{name} {{ type {kind} slave {{ pcm {{ type null }} format S16_LE }} }}\n")
    };
    fs::write(&alsa, only("floats", "lfloat") + &only("logarithms", "mulaw")).unwrap();
    for (device, expected) in [
        ("floats", &["alsa:floats can be opened, 16000 Hz"][..]),
        ("logarithms", &["alsa:logarithms cannot be opened: Invalid argument", "alsa:plughw:CARD,DEVICE"]),
    ] {
        let config = dir.path().join("affectd.toml");
        let models = format!("[models]\ndir = \"{}\"\n", packs.dir().display());
        fs::write(&config, format!("[device]\nid = \"run\"\n[source]\naudio = \"alsa:{device}\"\n{models}")).unwrap();
        let mut command = program::command();
        command.env_remove("AFFECTD_MODELS").env("ALSA_CONFIG_PATH", &alsa);
        let checked = command.args(["check", "--config", config.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8(checked.stdout).unwrap();
        for part in expected {
            assert!(said.contains(part), "{said}");
        }
    }
}
