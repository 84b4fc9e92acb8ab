//! The doctor on a board with a real camera and a real sound card.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::support::mosquitto::Mosquitto;
use super::support::program::affectd;
use super::support::schema;
use super::vm::{Module, Running, wait_until};

/// What the doctor finds, each finding as "what grade says; remedy".
fn asked(dir: &std::path::Path, source: &str) -> Vec<String> {
    let broker = Mosquitto::start();
    let config = dir.join("doctor.toml");
    let text =
        format!("[device]\nid = \"guest\"\n[source]\n{source}\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n", broker.port);
    fs::write(&config, text).unwrap();
    // Models are tried outside the guest, where they take seconds.
    let packs = dir.join("packs");
    fs::create_dir_all(&packs).unwrap();
    let ran = affectd(&["--models", packs.to_str().unwrap(), "doctor", "--json", "--config", config.to_str().unwrap()]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    schema::fits("doctor", &report, "affectd doctor --json");
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let told = |finding: &Value| ["what", "grade", "says", "remedy"].map(|key| word(finding, key)).join(" ");
    report["findings"].as_array().unwrap().iter().map(told).collect()
}

#[track_caller]
fn expect(found: &[String], begins: &str, part: &str) {
    let fits = |finding: &&String| finding.starts_with(begins) && finding.contains(part);
    assert!(found.iter().any(|finding| fits(&finding)), "no {begins:?} with {part:?} in {found:#?}");
}

#[test]
fn a_camera_is_listed_with_what_it_offers_and_its_frames_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let _camera = Module::vivid(640, 360, "YUYV");
    let found = asked(dir.path(), "video = \"v4l:/dev/video0?size=640x360&format=yuyv\"");
    expect(&found, "camera ok /dev/video0 (vivid", "yuyv");
    // Whether they are many or few depends on the emulation.
    expect(&found, "picture ", " of 640x360");
    expect(&found, "picture ok brightness 0.", "sharpness");
    expect(&found, "rights ok this user may open", "");
    expect(&found, "broker ok ", "takes what it publishes");
}

#[test]
fn a_camera_that_another_program_streams_from_is_no_broken_one() {
    let dir = tempfile::tempdir().unwrap();
    let _camera = Module::vivid(640, 360, "YUYV");
    let frames = dir.path().join("frames");
    let stream = format!("--stream-to={}", frames.display());
    let _other = Running::start(Command::new("v4l2-ctl").args(["-d", "/dev/video0", "--stream-mmap", &stream]));
    wait_until("another program streams", || fs::metadata(&frames).is_ok_and(|file| file.len() > 0));
    let found = asked(dir.path(), "video = \"v4l:/dev/video0?size=640x360&format=yuyv\"");
    expect(&found, "picture failed v4l:/dev/video0", "uses it");
}

#[test]
fn a_sound_card_that_hears_nothing_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let _card = Module::load("snd-aloop", &[]);
    let found = asked(dir.path(), "video = \"v4l:/dev/video0\"\naudio = \"alsa:plughw:CARD=Loopback,DEV=1\"");
    expect(&found, "microphone ok alsa:plughw:CARD=Loopback,DEV=", "channels");
    expect(&found, "microphone failed alsa:plughw:CARD=Loopback,DEV=1", "digital silence");
    expect(&found, "camera failed there is no camera", "");
    expect(&found, "picture failed v4l:/dev/video0 cannot be opened", "");
}
