//! A clip through the whole daemon and a real broker: what was produced is what arrives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::listener::{Listener, Message};
use support::media::astronaut_clip;
use support::mosquitto::Mosquitto;
use support::program;

/// A face for three seconds, then a second of nobody.
const COMES_AND_GOES: &str = "scale=640:640,tpad=stop_duration=2:color=gray";

fn replay(clip: &Path, arguments: &[&str]) -> program::Ran {
    let ran = program::affectd(&[&["replay", clip.to_str().unwrap()][..], arguments].concat());
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

fn json_lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_was_recorded_arrives_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 3.0, COMES_AND_GOES);
    let record = dir.path().join("events.ndjson");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;

    let (url, path) = (format!("mqtt://127.0.0.1:{}", mosquitto.port), record.clone());
    let run = tokio::task::spawn_blocking(move || {
        replay(&clip, &["--broker", &url, "--device", "test-1", "--record", path.to_str().unwrap()])
    });
    let messages = listener.until_stopped().await;
    let ran = run.await.unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let arrived: Vec<Value> =
        messages.iter().filter(|m| m.topic == "affect/test-1/events").map(Message::json).collect();
    let key = |event: &Value| (event["id"].clone(), event["type"].clone(), event["label"].clone());
    let recorded = json_lines(&record);
    assert_eq!(arrived.iter().map(key).collect::<Vec<_>>(), recorded.iter().map(key).collect::<Vec<_>>());

    let kinds = |stage: &str| -> Vec<&str> {
        recorded.iter().filter(|e| e["type"] == stage).map(|e| e["kind"].as_str().unwrap()).collect()
    };
    assert!(kinds("new").contains(&"presence") && kinds("new").contains(&"expression"), "{recorded:#?}");
    let sorted = |mut kinds: Vec<&'static str>| {
        kinds.sort_unstable();
        kinds
    };
    let owned = |stage| kinds(stage).iter().map(|kind| &*kind.to_string().leak()).collect::<Vec<&'static str>>();
    assert_eq!(sorted(owned("new")), sorted(owned("end")), "every event has an end");
    let has = |part: &str| messages.iter().any(|m| m.topic.contains(part));
    assert!(has("/faces/") && has("/scene/state") && has("/device"));
}

#[test]
fn without_a_broker_one_runs_inside_and_the_summary_tells_what_arrived() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 2.0, COMES_AND_GOES);
    let ran = replay(&clip, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in ["inside this process", "a face is there", "Summary", "0 events lost"] {
        assert!(ran.stdout.contains(words), "{words:?} is missing:\n{}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_termination_ends_every_event_and_says_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 60.0, "scale=640:640");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut child = program::command()
        .args(["replay", clip.to_str().unwrap(), "--device", "test-2", "--broker"])
        .arg(format!("mqtt://127.0.0.1:{}", mosquitto.port))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let first = listener.next_on("affect/test-2/events").await;
    assert_eq!(first.json()["type"], "new");
    program::signal(child.id(), "-TERM");
    let messages = listener.until_stopped().await;
    let ends = messages.iter().filter(|m| m.topic.ends_with("/events") && m.json()["type"] == "end");
    assert!(ends.filter(|m| m.json()["id"] == first.json()["id"]).count() == 1);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_recording_that_cannot_be_written_is_named_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 0.5, "null");
    let ran = replay(&clip, &["--record", "/nowhere/events.ndjson"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("/nowhere/events.ndjson"), "{}", ran.stderr);
}

#[test]
fn a_broker_that_would_need_tls_is_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 0.5, "null");
    let ran = replay(&clip, &["--broker", "mqtt://broker.example"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("mqtts://"), "{}", ran.stderr);
}
