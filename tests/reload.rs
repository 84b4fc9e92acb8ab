//! Packs that are replaced while the daemon runs: what takes over, what does not, and what is seen of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

#[path = "model_packs/onnx.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod onnx;
#[path = "model_packs/row_pack.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod row_pack;
mod support;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use affectd::clock::{Clock, SystemClock};
use minisign::KeyPair;
use serde_json::Value;
use support::listener::{Listener, Message};
use support::media::{astronaut_clip, looped};
use support::mosquitto::Mosquitto;
use support::{SOON, program, schema};
use tempfile::TempDir;

const FACE: &str = "mtanet";
const DETECTOR: &str = "blazeface-full";
const MODEL: &str = "mtanet.int8w.onnx";
const DEVICE: &str = "affect/reload-1/device";

/// Gaps are measured here, so the daemons of these tests do not run at once.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A daemon that watches a clip of one face, with packs of its own and everything it says.
struct Daemon {
    dir: TempDir,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    listener: Listener,
    mosquitto: Mosquitto,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

/// The packs that a daemon is to have, in a folder of their own.
fn packs() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in [FACE, DETECTOR] {
        copy(&program::models().join(name), &dir.path().join("models").join(name));
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The checkout's manifest of a pack, as another version.
fn manifest(name: &str, version: &str) -> String {
    let text = fs::read_to_string(program::models().join(name).join("pack.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("version = ")).unwrap();
    text.replace(line, &format!("version = \"{version}\""))
}

/// The same without a head for action units.
fn without_action_units(text: &str) -> String {
    let mut manifest: toml::Table = text.parse().unwrap();
    assert!(manifest["outputs"].as_table_mut().unwrap().remove("action_units").is_some());
    manifest["golden"]["outputs"].as_table_mut().unwrap().remove("action_units").unwrap();
    toml::to_string(&manifest).unwrap()
}

/// What stands in the retained description of a device.
fn described(message: &Message) -> Vec<String> {
    let packs = message.json()["packs"].as_array().unwrap().clone();
    packs.iter().map(|pack| format!("{} {}", text(pack, "name"), text(pack, "version"))).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

impl Daemon {
    /// Starts it; `models` are further lines of the section [models].
    async fn start(dir: TempDir, models: &str) -> Self {
        let alone = ALONE.lock().await;
        let clip = looped(&astronaut_clip(dir.path(), "clip.mp4", 2.0, "scale=640:640"), "long.mp4", 150);
        let mosquitto = Mosquitto::start();
        let listener = Listener::everything(mosquitto.port).await;
        let config = dir.path().join("affectd.toml");
        // A busy machine may give no frame for a while; that is not what is asked here.
        let settings = format!(
            "[device]\nid = \"reload-1\"\n[source]\nvideo = \"file:{}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n\
             [publish]\nstate_rate_hz = 60\n[events]\ngone_after_ms = 10000\n[models]\ndir = \"{}/models\"\n{models}\n",
            clip.display(),
            mosquitto.port,
            dir.path().display(),
        );
        fs::write(&config, settings).unwrap();
        let mut command = program::command();
        command.env_remove("AFFECTD_MODELS").arg("run").arg("--config").arg(config);
        let (child, said) = program::started(command);
        Self { dir, child, said, listener, mosquitto, _alone: alone }
    }

    fn pack(&self, name: &str) -> PathBuf {
        self.dir.path().join("models").join(name)
    }

    fn put(&self, name: &str, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.pack(name).join(file), content).unwrap();
    }

    /// The next state of any face.
    async fn state(&mut self) -> Message {
        loop {
            let message = self.listener.next().await;
            if message.topic.contains("/faces/") {
                return message;
            }
        }
    }

    /// Waits for states that this pack gave.
    async fn states_of(&mut self, pack: &str) -> Message {
        loop {
            let message = self.state().await;
            if text(&message.json(), "pack") == pack {
                return message;
            }
        }
    }

    /// The lines of the log that hold all of this.
    fn lines_with(&self, parts: &[&str]) -> usize {
        let said = self.said.lock().unwrap();
        said.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }

    /// Waits until the log has so many lines that hold all of this, while states of `pack` keep coming.
    async fn says(&mut self, times: usize, parts: &[&str], pack: &str) {
        let deadline = SystemClock.now() + SOON;
        while self.lines_with(parts) < times {
            let state = self.state().await;
            assert_eq!(text(&state.json(), "pack"), pack);
            assert!(SystemClock.now() < deadline, "{parts:?} is not in {:#?}", self.said.lock().unwrap());
        }
    }

    /// Sees so many states, all of this pack: fifteen a second at most.
    async fn goes_on_with(&mut self, pack: &str, states: usize) {
        for _ in 0..states {
            let state = self.state().await;
            assert_eq!(text(&state.json(), "pack"), pack);
        }
    }

    fn signal(&self, name: &str) {
        program::signal(self.child.id(), name);
    }

    async fn stop(mut self) {
        self.signal("-TERM");
        while self.listener.next_on("affect/reload-1/status").await.text() != "stopped" {}
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Only a test that failed finds it still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The longest time between two frames that were told of, one after the other.
fn longest_gap(states: &[Message]) -> Duration {
    let times: Vec<jiff::Timestamp> =
        states.iter().map(|state| text(&state.json(), "captured_at").parse().unwrap()).collect();
    let gap = |pair: &[jiff::Timestamp]| Duration::try_from(pair[1].duration_since(pair[0])).unwrap();
    times.windows(2).map(gap).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_packs_take_over_between_two_frames_and_everyone_keeps_their_number() {
    let mut daemon = Daemon::start(packs(), "reload_every_s = 1").await;
    let first = daemon.states_of("mtanet 0.1.0").await;
    let mut states = vec![first.clone()];
    let mut devices = Vec::new();
    for _ in 0..5 {
        states.push(daemon.state().await);
    }
    assert!(states.last().unwrap().json()["action_units"].is_object());

    daemon.put(FACE, "pack.toml", without_action_units(&manifest(FACE, "0.2.0")));
    daemon.put(DETECTOR, "pack.toml", manifest(DETECTOR, "7.0.0"));
    let mut after = 0;
    while after < 30 {
        let message = daemon.listener.next().await;
        if message.topic == DEVICE {
            schema::check(&message);
            devices.push(message);
        } else if message.topic.contains("/faces/") {
            let both = devices.last().map(described);
            after += usize::from(both.is_some_and(|packs| packs == ["blazeface-full 7.0.0", "mtanet 0.2.0"]));
            states.push(message);
        } else if message.topic.ends_with("/events") {
            let event = message.json();
            assert!(event["kind"] != "presence" || event["type"] != "end", "{event}");
        }
    }
    // A machine that is busy otherwise has gaps of its own: those after both packs are in place.
    let (gap, usual) = (longest_gap(&states), longest_gap(&states[states.len() - 25..]));
    eprintln!("longest gap between two states: {gap:?}, of {}; afterwards {usual:?}", states.len());
    assert!(gap < Duration::from_secs(1).max(3 * usual), "{gap:?}, and {usual:?} afterwards");
    assert!(states.iter().all(|state| state.topic == first.topic), "another number");
    for state in &states {
        schema::check(state);
        let state = state.json();
        let of_new = text(&state, "pack") == "mtanet 0.2.0";
        assert!(!of_new || state.get("action_units").is_none(), "{state}");
    }
    let last = states.last().unwrap().json();
    assert!(text(&last, "pack") == "mtanet 0.2.0" && last["expression"].is_object(), "{last}");
    let capabilities = &devices.last().unwrap().json()["capabilities"];
    assert_eq!(capabilities, &Value::from(vec!["presence", "expression", "valence", "arousal"]));
    // Whoever comes later finds what runs now.
    let mut late = Listener::everything(daemon.mosquitto.port).await;
    assert_eq!(described(&late.next_on(DEVICE).await), ["blazeface-full 7.0.0", "mtanet 0.2.0"]);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_is_not_whole_or_not_right_leaves_the_old_one_at_work_is_said_once_and_taken_when_mended() {
    let mut daemon = Daemon::start(packs(), "reload_every_s = 1").await;
    daemon.states_of("mtanet 0.1.0").await;
    let onnx = fs::read(daemon.pack(FACE).join(MODEL)).unwrap();

    // Half of a model.
    daemon.put(FACE, MODEL, &onnx[..onnx.len() / 2]);
    daemon.put(FACE, "pack.toml", manifest(FACE, "0.2.0"));
    let half = ["New pack refused", "mtanet 0.2.0", MODEL, "SHA-256"];
    daemon.says(1, &half, "mtanet 0.1.0").await;
    // Several further looks.
    daemon.goes_on_with("mtanet 0.1.0", 50).await;
    assert_eq!(daemon.lines_with(&["New pack refused"]), 1);
    daemon.put(FACE, MODEL, &onnx);
    daemon.states_of("mtanet 0.2.0").await;

    // Half of a manifest.
    let whole = manifest(FACE, "0.3.0");
    daemon.put(FACE, "pack.toml", &whole[..whole.len() / 3]);
    daemon.says(1, &["New pack refused", "pack.toml"], "mtanet 0.2.0").await;
    daemon.put(FACE, "pack.toml", whole);
    daemon.states_of("mtanet 0.3.0").await;

    // Whole, and not what it was trained to be: golden vectors that belong to other heads.
    let swapped = manifest(FACE, "0.4.0").replace("golden/valence_arousal.f32", "golden/other.f32");
    let golden = fs::read(daemon.pack(FACE).join("golden/valence_arousal.f32")).unwrap();
    let other: Vec<u8> = golden.chunks_exact(8).flat_map(|pair| [&pair[4..], &pair[..4]].concat()).collect();
    let sums = [&golden, &other].map(|bytes| affectd::model::digest::Sha256Sum::of(bytes).to_string());
    daemon.put(FACE, "golden/other.f32", &other);
    daemon.put(FACE, "pack.toml", swapped.replace(&sums[0], &sums[1]));
    let disagrees = ["New pack refused", "mtanet 0.4.0", "valence_arousal differs from its golden vector"];
    daemon.says(1, &disagrees, "mtanet 0.3.0").await;

    // Of another kind.
    let detector = manifest(DETECTOR, "0.5.0").replace("name = \"blazeface-full\"", "name = \"mtanet\"");
    let files = daemon.pack(DETECTOR);
    copy(&files.join("golden"), &daemon.pack(FACE).join("golden"));
    fs::copy(files.join("blazeface-full.onnx"), daemon.pack(FACE).join("blazeface-full.onnx")).unwrap();
    daemon.put(FACE, "pack.toml", detector);
    daemon.says(1, &["New pack refused", "of kind \"detector\""], "mtanet 0.3.0").await;

    daemon.goes_on_with("mtanet 0.3.0", 40).await;
    assert_eq!(daemon.lines_with(&disagrees), 1);
    copy(&program::models().join(FACE), &daemon.pack(FACE));
    daemon.states_of("mtanet 0.1.0").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_makes_it_look_at_once_and_never_ends_it() {
    let mut daemon = Daemon::start(packs(), "reload_every_s = 0").await;
    daemon.states_of("mtanet 0.1.0").await;
    daemon.signal("-HUP");
    daemon.says(1, &["Pack is the one at work", "mtanet 0.1.0"], "mtanet 0.1.0").await;

    daemon.put(FACE, "pack.toml", manifest(FACE, "0.2.0"));
    daemon.goes_on_with("mtanet 0.1.0", 30).await;
    daemon.signal("-HUP");
    daemon.states_of("mtanet 0.2.0").await;

    daemon.put(FACE, "pack.toml", "schema = 1\n");
    for times in 1..=2 {
        daemon.signal("-HUP");
        daemon.says(times, &["New pack refused", "pack.toml"], "mtanet 0.2.0").await;
    }
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pack_takes_over_only_under_a_trusted_signature() {
    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let dir = packs();
    let sign = |dir: &Path, name: &str| {
        let pack = dir.join("models").join(name);
        let manifest = Cursor::new(fs::read(pack.join("pack.toml")).unwrap());
        let signed = minisign::sign(None, &keys.sk, manifest, None, None).unwrap();
        fs::write(pack.join("pack.toml.minisig"), signed.into_string()).unwrap();
    };
    [FACE, DETECTOR].iter().for_each(|name| sign(dir.path(), name));
    let trust = format!("trusted_keys = [\"{}\"]\nrequire_signature = true", keys.pk.to_base64());
    let mut daemon = Daemon::start(dir, &format!("reload_every_s = 1\n{trust}")).await;
    daemon.states_of("mtanet 0.1.0").await;

    daemon.put(FACE, "pack.toml", manifest(FACE, "0.2.0"));
    daemon.says(1, &["New pack refused", "no signature by it of this pack.toml"], "mtanet 0.1.0").await;
    fs::remove_file(daemon.pack(FACE).join("pack.toml.minisig")).unwrap();
    daemon.says(1, &["New pack refused", "pack.toml.minisig is missing"], "mtanet 0.1.0").await;
    sign(daemon.dir.path(), FACE);
    daemon.states_of("mtanet 0.2.0").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_pack_waits_for_the_sequence_that_was_trained_on_it_and_both_take_over_together() {
    let dir = packs();
    let trained_on = |version: &str| row_pack::sequence("gru", (FACE, version, 128), 9);
    row_pack::put(&dir.path().join("models"), &trained_on("0.1.0"));
    let mut daemon = Daemon::start(dir, "reload_every_s = 1\nsequence = \"gru\"").await;
    let models = daemon.dir.path().join("models");
    let both = "gru 0.1.0 on mtanet 0.1.0";
    assert!(daemon.states_of(both).await.json()["compound"].is_object());

    // The sequence alone.
    let mut newer = trained_on("0.1.0");
    newer.version = "0.2.0".to_owned();
    newer.outputs.compound = None;
    row_pack::put(&models, &newer);
    let state = daemon.states_of("gru 0.2.0 on mtanet 0.1.0").await.json();
    assert!(state.get("compound").is_none(), "{state}");
    let mut late = Listener::everything(daemon.mosquitto.port).await;
    assert_eq!(described(&late.next_on(DEVICE).await), ["blazeface-full 0.1.0", "mtanet 0.1.0", "gru 0.2.0"]);

    // The face pack alone: the sequence at work does not read it.
    daemon.put(FACE, "pack.toml", manifest(FACE, "0.5.0"));
    let refused = ["New pack refused", "embeddings of the face by mtanet 0.1.0", "mtanet 0.5.0 reads it here"];
    daemon.says(1, &refused, "gru 0.2.0 on mtanet 0.1.0").await;
    daemon.goes_on_with("gru 0.2.0 on mtanet 0.1.0", 30).await;
    assert_eq!(daemon.lines_with(&["New pack refused"]), 1);

    // And the sequence for it.
    newer.reads = trained_on("0.5.0").reads;
    newer.version = "0.3.0".to_owned();
    row_pack::put(&models, &newer);
    daemon.states_of("gru 0.3.0 on mtanet 0.5.0").await;
    daemon.stop().await;
}
