//! The published systems, as packs: each one's own numbers, and each at work on a face that it has never seen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::listener::{Listener, Message};
use support::media::{astronaut_clip, talking_clip};
use support::mosquitto::Mosquitto;
use support::program::{affectd, models};

/// A published system: its face pack, what reads that over time, and what the two tell.
struct System {
    face: &'static str,
    sequence: Option<&'static str>,
    tells: &'static [&'static str],
}

const SYSTEMS: [System; 4] = [
    System { face: "mtanet", sequence: None, tells: &["expression", "action_units", "valence", "arousal"] },
    System { face: "jin-2021-face", sequence: Some("jin-2021"), tells: &["expression", "action_units"] },
    System {
        face: "progressive-face",
        sequence: Some("progressive"),
        tells: &["expression", "action_units", "valence", "arousal", "compound"],
    },
    System {
        face: "mtanet",
        sequence: Some("spatial-temporal"),
        tells: &["expression", "action_units", "valence", "arousal"],
    },
];

/// Every pack that is made from our own recipes.
fn our_packs() -> Vec<String> {
    let folders = fs::read_dir(models()).unwrap().map(|entry| entry.unwrap());
    let named = folders.filter(|folder| folder.path().join("pack.toml").exists());
    let fetched = ["blazeface-full", "blazeface-short", "geometry"];
    named.map(|folder| folder.file_name().into_string().unwrap()).filter(|name| !fetched.contains(&&**name)).collect()
}

fn config(dir: &Path, system: &System, further: &str) -> String {
    let path = dir.join("affectd.toml");
    let sequence = system.sequence.map_or_else(String::new, |name| format!("sequence = \"{name}\"\n"));
    fs::write(&path, format!("[models]\nface = \"{}\"\n{sequence}{further}", system.face)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_pack_of_ours_gives_what_the_training_framework_gave() {
    let packs = our_packs();
    for system in &SYSTEMS {
        for name in [Some(system.face), system.sequence].into_iter().flatten() {
            assert!(packs.iter().any(|pack| pack == name), "models/{name} is missing");
        }
    }
    let names: Vec<&str> = packs.iter().map(String::as_str).collect();
    let ran = affectd(&[&["model", "verify"], &names[..]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for name in names {
        assert!(ran.stdout.contains(name), "nothing is said of {name}: {}", ran.stdout);
    }
}

#[test]
fn each_system_reads_the_face_of_a_clip() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 1.5, "scale=640:640");
    for system in &SYSTEMS {
        let config = config(dir.path(), system, "");
        let ran = affectd(&["infer", "--config", &config, clip.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}: {}", system.face, ran.stderr);
        let lines = ran.lines();
        let last = lines.last().unwrap();
        for told in ["valence", "arousal", "expression", "action_units", "compound"] {
            assert_eq!(last.get(told).is_some(), system.tells.contains(&told), "{told}: {last}");
        }
        // She smiles with her teeth shown; all four systems must see as much.
        assert_eq!(last["expression"]["label"], "happiness", "{last}");
        assert!(last["action_units"]["AU12"].as_f64() > Some(0.5), "{last}");
        let said = last["pack"].as_str().unwrap();
        assert!(said.contains(system.face) && system.sequence.is_none_or(|name| said.starts_with(name)), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audio_visual_system_sees_and_hears() {
    let dir = tempfile::tempdir().unwrap();
    let clip = talking_clip(dir.path(), 5.0);
    let config = config(dir.path(), &SYSTEMS[1], "");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let run = tokio::task::spawn_blocking(move || {
        let clip = clip.to_str().unwrap();
        affectd(&["replay", clip, "--config", &config, "--broker", &url, "--device", "av", "--quiet"])
    });
    let messages = listener.until_stopped().await;
    let of = |part: &str| -> Vec<Value> {
        messages.iter().filter(|message| message.topic.contains(part)).map(Message::json).collect()
    };
    let (faces, voices) = (of("/faces/"), of("/voice/state"));
    let ran = run.await.unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(voices.iter().any(|voice| voice["expression"].is_object()), "{voices:#?}");
    let both = |face: &&Value| face["pack"].as_str().unwrap().starts_with("jin-2021 ");
    assert!(faces.iter().filter(both).count() > 3, "{faces:#?}");
}
