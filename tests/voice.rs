//! The voice beside the faces, through the whole daemon: a clip that speaks, a microphone that is not there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

#[path = "model_packs/onnx.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod onnx;
#[path = "model_packs/row_pack.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod row_pack;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use row_pack::RowPacks;
use serde_json::Value;
use support::listener::Listener;
use support::media::{astronaut_clip, talking_clip};
use support::mosquitto::Mosquitto;
use support::{program, schema};

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_that_speaks_is_heard_beside_its_face() {
    let (dir, packs) = (tempfile::tempdir().unwrap(), RowPacks::hearing_beside(&program::models()));
    let clip = talking_clip(dir.path(), 5.0);
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let (url, models) = (format!("mqtt://127.0.0.1:{}", mosquitto.port), packs.dir().to_owned());
    let run = tokio::task::spawn_blocking(move || {
        let (clip, models) = (clip.to_str().unwrap(), models.to_str().unwrap());
        program::affectd(&["replay", clip, "--models", models, "--broker", &url, "--device", "talk", "--quiet"])
    });
    let (mut voices, mut events, mut faces, mut scenes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    loop {
        let message = listener.next().await;
        schema::check(&message);
        match message.topic.strip_prefix("affect/talk/").unwrap() {
            "voice/state" => voices.push(message.json()),
            "events" => events.push(message.json()),
            "device" => {
                let device = message.json();
                assert!(device["capabilities"].as_array().unwrap().contains(&"voice".into()), "{device}");
                assert!(device["packs"].as_array().unwrap().iter().any(|pack| pack["kind"] == "voice"), "{device}");
            }
            "status" if message.text() == "stopped" => break,
            "scene/state" => scenes.push(message.json()),
            topic if topic.starts_with("faces/") => faces.push(message.json()),
            _ => {}
        }
    }
    let ran = run.await.unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(faces.len() > 3, "{faces:#?}");
    // A portrait's mouth does not move: whoever speaks is not in view, and the voice is fused with the scene.
    assert!(faces.iter().all(|face| face["speaking"] == false && face.get("fused").is_none()), "{faces:#?}");
    let fused: Vec<&Value> = scenes.iter().filter_map(|scene| scene.get("fused")).collect();
    assert!(!fused.is_empty() && scenes.iter().all(|scene| scene.get("speaker").is_none()), "{scenes:#?}");
    assert!(fused.iter().all(|fused| fused["valence"].is_number() && fused["voice_share"].as_f64() > Some(0.0)));
    // Before the first window, and long after the last, there is nothing to fuse.
    assert!(scenes[0].get("fused").is_none(), "{scenes:#?}");
    // The first window is full after three seconds.
    assert!(voices.len() >= 2 && voices[0]["valence"].is_number(), "{voices:#?}");
    assert!(voices.iter().all(|voice| voice["pack"] == "voice 0.1.0" && voice.get("face").is_none()));
    let spoken: Vec<&Value> = events.iter().filter(|event| event["kind"] == "voice").collect();
    let stages: Vec<_> = spoken.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((stages.first(), stages.last()), (Some(&"new"), Some(&"end")), "{spoken:#?}");
    assert!(spoken.iter().all(|event| event["label"] == "speaking" && event.get("face").is_none()));
    let when = |key: &str| spoken.last().unwrap()[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lasted = when("ended_at").duration_since(when("started_at")).as_secs_f64();
    assert!((4.3..5.7).contains(&lasted), "the voice lasted {lasted} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microphone_that_is_not_there_is_waited_for_and_the_faces_go_on() {
    let (dir, packs) = (tempfile::tempdir().unwrap(), RowPacks::hearing_beside(&program::models()));
    let clip = astronaut_clip(dir.path(), "clip.mp4", 60.0, "scale=640:640");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let config = dir.path().join("affectd.toml");
    let source = format!("[source]\nvideo = \"file:{}\"\naudio = \"alsa:no_such_microphone\"\n", clip.display());
    let mqtt = format!("[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n", mosquitto.port);
    fs::write(&config, format!("[device]\nid = \"run-2\"\n{source}{mqtt}")).unwrap();
    let mut command = program::command();
    command.arg("--models").arg(packs.dir()).arg("run").arg("--config").arg(&config).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Microphone lost") && line.contains("no_such_microphone")));
    for _ in 0..3 {
        while !listener.next().await.topic.contains("/faces/") {}
    }
    program::signal(child.id(), "-TERM");
    while listener.next_on("affect/run-2/status").await.text() != "stopped" {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_microphone_without_a_pack_that_reads_it_stops_the_start_and_check_says_so() {
    let (dir, packs) = (tempfile::tempdir().unwrap(), RowPacks::hearing_beside(&program::models()));
    fs::remove_dir_all(packs.dir().join("voice")).unwrap();
    let config = dir.path().join("affectd.toml");
    let models = format!("[models]\ndir = \"{}\"\n", packs.dir().display());
    fs::write(&config, format!("[device]\nid = \"run-3\"\n[source]\naudio = \"alsa:default\"\n{models}")).unwrap();
    let config = config.to_str().unwrap();
    let ran = program::affectd(&["run", "--models", packs.dir().to_str().unwrap(), "--config", config]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("source.audio is set") && ran.stderr.contains("voice"), "{}", ran.stderr);
    let checked = program::command().env_remove("AFFECTD_MODELS").args(["check", "--config", config]).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    let line = said.lines().find(|line| line.starts_with("sound")).unwrap();
    assert!(line.contains("wrong") && said.contains("set models.voice to a pack that is there"), "{said}");
}
