//! Sequence packs at work on the real faces of a clip: what they give is told, what they do not give stays the face
//! pack's, and packs that do not go together are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

#[path = "model_packs/onnx.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod onnx;
#[path = "model_packs/row_pack.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod row_pack;
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use affectd::model::Predicts;
use affectd::model::manifest::Manifest;
use row_pack::{ensemble, put, put_constant, sequence};
use serde_json::Value;
use support::listener::{Listener, Message};
use support::media::{astronaut_clip, photo};
use support::mosquitto::Mosquitto;
use support::program::{self, Ran, astronaut};
use tempfile::TempDir;

const FACE: (&str, &str, u32) = ("mtanet", "0.1.0", 128);

/// The real packs, those that a test makes, and a configuration that names one of them.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        for name in ["blazeface-full", "mtanet"] {
            symlink(program::models().join(name), dir.path().join("models").join(name)).unwrap();
        }
        Self { dir }
    }

    fn models(&self) -> PathBuf {
        self.dir.path().join("models")
    }

    /// A configuration with that sequence, and further lines.
    fn config(&self, name: &str, further: &str) -> String {
        let path = self.dir.path().join("affectd.toml");
        let models = self.models().display().to_string();
        let text = format!("[models]\ndir = \"{models}\"\nsequence = \"{name}\"\n{further}");
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `affectd infer` with that sequence.
    fn infer(&self, name: &str, further: &str, arguments: &[&str]) -> Ran {
        let config = self.config(name, further);
        run(&[&["infer", "--config", &config], arguments].concat())
    }
}

fn run(arguments: &[&str]) -> Ran {
    let output = program::command().env_remove("AFFECTD_MODELS").args(arguments).output().unwrap();
    Ran {
        code: output.status.code().expect("ended by a signal"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A sequence that says "surprise" and "happily surprised", and nothing of valence.
fn surprised(name: &str, predicts: Predicts) -> Manifest {
    let mut manifest = sequence(name, FACE, 9);
    manifest.window.as_mut().unwrap().predicts = Some(predicts);
    manifest.outputs.valence_arousal = None;
    manifest
}

/// Logits: anger, disgust, fear, happiness, sadness, surprise; before them neutral, behind them contempt.
fn says(key: &str) -> Vec<f32> {
    match key {
        "expression" => vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0],
        _ => vec![-4.0, -4.0, -4.0, 4.0, -4.0, 4.0],
    }
}

fn put_surprised(place: &Place, predicts: Predicts) {
    put_constant(&place.models(), &surprised("surprised", predicts), says);
}

fn valence(line: &Value) -> f64 {
    line["valence"].as_f64().unwrap()
}

#[test]
fn in_a_clip_the_sequence_speaks_and_the_face_pack_for_what_it_does_not_give() {
    let place = Place::new();
    put_surprised(&place, Predicts::Middle);
    let clip = astronaut_clip(place.dir.path(), "clip.mp4", 1.5, "scale=640:640");
    let clip = clip.to_str().unwrap();
    let ran = place.infer("surprised", "", &["--raw", clip]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.lines();
    assert!(lines.len() >= 20, "{} lines", lines.len());
    let plain = program::affectd(&["infer", "--raw", clip]).lines();
    assert_eq!(lines.len(), plain.len());
    for (line, plain) in lines.iter().zip(&plain) {
        assert_eq!(line["expression"]["label"], "surprise", "{line}");
        assert_eq!(plain["expression"]["label"], "happiness");
        assert_eq!((line["compound"]["label"].as_str(), plain.get("compound")), (Some("happily surprised"), None));
        assert_eq!(line["compound"]["confidence"], 0.982);
        assert_eq!(line["compound"]["probabilities"]["sadly surprised"], 0.133);
        assert_eq!(line["pack"], "surprised 0.1.0 on mtanet 0.1.0");
        assert!(line["action_units"].is_object() && (valence(line) - valence(plain)).abs() < 0.3, "{line} {plain}");
    }
    // It estimates the row in the middle: 0.4 s before the newest, and never before the face was first read.
    let seconds = |line: &Value, key: &str| line[key].as_f64().unwrap();
    let last = lines.last().unwrap();
    let behind = seconds(last, "time") - seconds(last, "estimate_time");
    assert!((0.39..0.55).contains(&behind), "{last}");
    assert!(lines[0].get("estimate_time").is_none());
}

#[test]
fn a_recurrent_pack_reads_a_clip_and_a_table_has_columns_for_all_of_it() {
    let place = Place::new();
    put(&place.models(), &sequence("gru", FACE, 9));
    let clip = astronaut_clip(place.dir.path(), "clip.mp4", 1.0, "scale=640:640");
    let ran = place.infer("gru", "", &["--raw", "--format", "csv", clip.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split(',').collect()).collect();
    let cell = |row: &[&str], name: &str| -> String {
        row[rows[0].iter().position(|head| *head == name).unwrap_or_else(|| panic!("no {name}"))].to_owned()
    };
    assert!(rows.len() > 12 && rows.iter().all(|row| row.len() == rows[0].len()));
    for row in &rows[1..] {
        let labels = ["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt"];
        let sum: f32 = labels.iter().map(|label| cell(row, label).parse::<f32>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 0.01, "{row:?}");
        assert!(!cell(row, "compound").is_empty() && !cell(row, "happily surprised").is_empty());
        assert_eq!(cell(row, "calm"), "");
        // It estimates the newest row, which stands until the next is due, a tenth of a second later.
        let seconds = |name: &str| cell(row, name).parse::<f32>().ok();
        let behind = seconds("estimate_time").map_or(0.0, |moment| seconds("time").unwrap() - moment);
        assert!((0.0..0.1).contains(&behind), "{row:?}");
        assert_eq!(cell(row, "pack"), "gru 0.1.0 on mtanet 0.1.0");
    }
}

#[test]
fn a_photo_and_a_crop_are_a_face_that_looked_so_all_the_time() {
    let place = Place::new();
    put(&place.models(), &sequence("gru", FACE, 9));
    put_surprised(&place, Predicts::Middle);
    let ran = place.infer("surprised", "", &[astronaut().to_str().unwrap()]);
    let [line] = &ran.lines()[..] else { panic!("{}{}", ran.stdout, ran.stderr) };
    assert_eq!((line["expression"]["label"].as_str(), line.get("estimate_time")), (Some("surprise"), None));
    let crop = photo(place.dir.path(), "crop.png", "crop=110:110:170:68,scale=48:48,format=gray");
    let crop = crop.to_str().unwrap();
    let ran = place.infer("surprised", "", &["--crops", crop]);
    let [line] = &ran.lines()[..] else { panic!("{}{}", ran.stdout, ran.stderr) };
    assert_eq!(line["compound"]["label"], "happily surprised");
    // Of two pictures one after the other neither knows of the other.
    let numbers = |ran: &Ran| -> Vec<f64> { ran.lines().iter().map(valence).collect() };
    let alone = numbers(&place.infer("gru", "", &["--crops", crop]));
    let other = photo(place.dir.path(), "other.png", "crop=110:110:170:68,scale=48:48,format=gray,negate");
    let both = numbers(&place.infer("gru", "", &["--crops", other.to_str().unwrap(), crop]));
    assert_eq!(both.len(), 2);
    assert!(both[1] == alone[0] && both[0] != both[1], "{alone:?} {both:?}");
}

#[test]
fn an_ensemble_is_the_mean_of_its_members_by_weight() {
    let place = Place::new();
    put_surprised(&place, Predicts::Newest);
    put(&place.models(), &ensemble("both", &[("mtanet", 3.0), ("surprised", 1.0)]));
    let photo = astronaut();
    let happiness = |ran: &Ran| -> f64 {
        let [line] = &ran.lines()[..] else { panic!("{}{}", ran.stdout, ran.stderr) };
        line["expression"]["probabilities"]["happiness"].as_f64().unwrap()
    };
    let photo = photo.to_str().unwrap();
    let (one, other) =
        (happiness(&program::affectd(&["infer", photo])), happiness(&place.infer("surprised", "", &[photo])));
    let ran = place.infer("both", "", &[photo]);
    assert!((happiness(&ran) - (3.0 * one + other) / 4.0).abs() < 0.002, "{} of {one} and {other}", happiness(&ran));
    assert_eq!(ran.lines()[0]["pack"], "both 0.1.0 on mtanet 0.1.0");
}

#[test]
fn a_sequence_that_does_not_go_with_the_face_pack_or_with_the_use_is_refused_by_name() {
    let place = Place::new();
    put(&place.models(), &sequence("gru", ("mtanet", "9.0.0", 128), 9));
    put(&place.models(), &sequence("small", ("mtanet", "0.1.0", 64), 9));
    let mut guarded = sequence("guarded", FACE, 9);
    guarded.licence.commercial_use = false;
    put(&place.models(), &guarded);
    let photo = astronaut();
    for (name, further, parts) in [
        ("gru", "", &["gru 0.1.0", "mtanet 9.0.0", "mtanet 0.1.0 reads it here"][..]),
        ("small", "", &["small 0.1.0", "64 numbers", "has 128 numbers"]),
        ("mtanet", "", &["of kind \"frame\"", "sequence or ensemble"]),
        ("nobody", "", &["\"nobody\"", "gru, guarded"]),
        ("guarded", "commercial = true\n", &["forbids commercial use"]),
    ] {
        let ran = place.infer(name, further, &[photo.to_str().unwrap()]);
        assert_eq!((ran.code, &*ran.stdout), (1, ""), "{name}");
        assert!(parts.iter().all(|part| ran.stderr.contains(part)), "{name}: {}", ran.stderr);
    }
    // `check` finds it before the start.
    let ran = run(&["check", "--config", &place.config("gru", "")]);
    assert!(ran.code != 0 && ran.stdout.contains("mtanet 0.1.0 reads it here"), "{}", ran.stdout);
    put(&place.models(), &sequence("gru", FACE, 9));
    let ran = run(&["check", "--config", &place.config("gru", "")]);
    assert!(ran.stdout.contains("with gru 0.1.0 over time"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compound_expression_is_published_as_a_state_and_as_an_event() {
    let place = Place::new();
    put_surprised(&place, Predicts::Middle);
    let clip = astronaut_clip(place.dir.path(), "clip.mp4", 3.0, "scale=640:640");
    let config = place.config("surprised", "[events]\nkinds = [\"compound\"]\n");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let arguments = ["replay", clip.to_str().unwrap(), "--device", "test-1", "--broker", &url, "--config", &config];
    let arguments = arguments.map(str::to_owned);
    let replay = tokio::task::spawn_blocking(move || run(&arguments.each_ref().map(String::as_str)));
    let messages = listener.until_stopped().await;
    let ran = replay.await.unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let of = |part: &str| messages.iter().filter(|m| m.topic.contains(part)).map(Message::json).collect::<Vec<_>>();
    let events = of("/events");
    let steps: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((steps.first(), steps.last()), (Some(&"new"), Some(&"end")), "{events:#?}");
    assert!(events.iter().all(|event| event["kind"] == "compound" && event["label"] == "happily surprised"));
    assert_eq!(events[0]["peak"], 0.982);
    let states = of("/faces/");
    let read: Vec<_> = states.iter().filter(|state| state.get("compound").is_some()).collect();
    assert!(!read.is_empty() && read.iter().all(|state| state["compound"]["label"] == "happily surprised"));
    let moment = |value: &Value| -> jiff::Timestamp { value.as_str().unwrap().parse().unwrap() };
    let last = read.last().unwrap();
    let behind = moment(&last["captured_at"]).duration_since(moment(&last["estimated_at"])).as_secs_f64();
    assert!((0.3..0.7).contains(&behind), "{last}");
    let device = of("/device").pop().unwrap();
    assert!(device["capabilities"].as_array().unwrap().contains(&Value::from("compound")), "{device}");
    let kinds: Vec<_> = device["packs"].as_array().unwrap().iter().map(|pack| pack["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["detector", "frame", "sequence"]);
}
