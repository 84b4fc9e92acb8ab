//! `affectd model list`, `show` and `verify`.

use std::fs;

use affectd::commands::model::{Verdict, list, show, verify};
use affectd::model::{Engines, Registry};
use serde_json::Value;

use crate::tiny_pack::{MODEL, NAME, PIXELS, SAMPLES, TinyPack};

fn written(pack: &TinyPack, command: impl FnOnce(&Registry, &mut Vec<u8>)) -> String {
    pack.write_manifest();
    let mut out = Vec::new();
    command(&Registry::at(pack.registry()).unwrap(), &mut out);
    String::from_utf8(out).unwrap()
}

fn listed(pack: &TinyPack) -> String {
    written(pack, |registry, out| list(registry, &Engines::embedded(), false, out).unwrap())
}

fn verified(pack: &TinyPack) -> (Verdict, String) {
    let mut verdict = None;
    let text =
        written(pack, |registry, out| verdict = Some(verify(registry, &[], &Engines::embedded(), false, out).unwrap()));
    (verdict.unwrap(), text)
}

/// The cells of the line that starts with that word.
fn cells<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.trim_start().starts_with(first)).unwrap_or_else(|| panic!("{text}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn list_shows_each_pack_with_its_terms_variants_size_and_files() {
    let mut pack = TinyPack::new();
    let size = fs::metadata(pack.dir().join(MODEL)).unwrap().len();
    let mut other = pack.manifest.variants[0].clone();
    other.engine = "abacus".to_owned();
    pack.manifest.variants.push(other);
    let text = listed(&pack);
    let size = format!("{:.1} kB", size as f64 / 1000.0);
    assert_eq!(
        cells(&text, NAME),
        [NAME, "0.1.0", "frame", "CC0-1.0", "yes", "unsigned", "tract f32, abacus f32", "tract", &size, "present"]
    );
}

#[test]
fn list_goes_on_after_a_pack_that_is_missing_files_or_makes_no_sense() {
    let pack = TinyPack::new();
    fs::remove_file(pack.dir().join(MODEL)).unwrap();
    let nonsense = pack.registry().join("nonsense");
    fs::create_dir(&nonsense).unwrap();
    fs::write(nonsense.join("pack.toml"), "schema = \"one\"").unwrap();
    let text = listed(&pack);
    assert_eq!(cells(&text, "nonsense"), ["nonsense", "-", "-", "-", "-", "-", "-", "-", "damaged"]);
    assert_eq!(cells(&text, NAME).last(), Some(&"missing"));
    assert!(text.contains("tiny.onnx is missing; run `make models`") && text.contains("pack.toml, line 1"), "{text}");
}

#[test]
fn list_as_json_says_the_same_and_null_for_what_is_not_known() {
    let pack = TinyPack::new();
    fs::remove_file(pack.dir().join(MODEL)).unwrap();
    let text = written(&pack, |registry, out| list(registry, &Engines::embedded(), true, out).unwrap());
    let rows: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(rows[0]["name"], NAME);
    assert_eq!(rows[0]["commercial_use"], true);
    assert_eq!((&rows[0]["files"], &rows[0]["bytes"]), (&Value::from("missing"), &Value::Null));
    assert_eq!(rows[0]["variants"][0]["runs_here"], true);
}

#[test]
fn show_tells_what_the_manifest_says() {
    let pack = TinyPack::new();
    let text = written(&pack, |registry, out| show(registry, NAME, &Engines::embedded(), false, out).unwrap());
    assert!(text.starts_with("tiny 0.1.0: A model for tests.\n"), "{text}");
    assert_eq!(cells(&text, "input"), ["input", "4×4 grey"]);
    assert_eq!(cells(&text, "expressions")[1].split(", ").count(), 8);
    assert_eq!(cells(&text, "tract").last(), Some(&"yes"));

    let text = written(&pack, |registry, out| show(registry, NAME, &Engines::embedded(), true, out).unwrap());
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["manifest"]["outputs"]["embedding"]["size"], PIXELS);
    assert_eq!(shown["files"], "present");
}

#[test]
fn show_of_a_pack_that_is_not_there_names_those_that_are() {
    let pack = TinyPack::new();
    pack.write_manifest();
    let registry = Registry::at(pack.registry()).unwrap();
    let message = show(&registry, "huge", &Engines::embedded(), false, &mut Vec::new()).unwrap_err().to_string();
    assert!(message.contains("\"huge\"") && message.contains("there are tiny"), "{message}");
}

#[test]
fn verify_prints_each_outputs_worst_difference_and_the_time() {
    let (verdict, text) = verified(&TinyPack::new());
    assert_eq!(verdict, Verdict::Accepted, "{text}");
    assert!(text.starts_with("tiny 0.1.0, tract, f32, tiny.onnx: agrees\n"), "{text}");
    for output in ["expression", "valence_arousal", "embedding"] {
        let worst: f32 = cells(&text, output)[1].parse().unwrap();
        assert!((0.0..1e-5).contains(&worst), "{text}");
    }
    assert!(text.contains("fastest run"), "{text}");
}

#[test]
fn verify_refuses_what_disagrees_and_says_which_output() {
    let mut pack = TinyPack::new();
    pack.put_golden("embedding", &[0.5; PIXELS * SAMPLES]);
    let (verdict, text) = verified(&pack);
    assert_eq!(verdict, Verdict::Refused);
    assert!(text.contains("tiny.onnx: REFUSED") && text.contains("output embedding differs"), "{text}");
}

#[test]
fn verify_refuses_a_damaged_pack_and_one_that_no_engine_here_runs() {
    let pack = TinyPack::new();
    fs::write(pack.dir().join(MODEL), b"not ONNX").unwrap();
    let (verdict, text) = verified(&pack);
    assert_eq!(verdict, Verdict::Refused);
    assert!(text.contains("REFUSED") && text.contains("SHA-256"), "{text}");

    let mut pack = TinyPack::new();
    pack.manifest.variants[0].engine = "abacus".to_owned();
    let (verdict, text) = verified(&pack);
    assert_eq!(verdict, Verdict::Refused);
    assert!(text.contains("this affectd runs tract"), "{text}");
}

#[test]
fn verify_runs_what_it_can_and_says_what_it_cannot() {
    let mut pack = TinyPack::new();
    let mut other = pack.manifest.variants[0].clone();
    other.engine = "abacus".to_owned();
    pack.manifest.variants.push(other);
    let (verdict, text) = verified(&pack);
    assert_eq!(verdict, Verdict::Accepted);
    assert!(text.contains("abacus, f32, tiny.onnx: not run"), "{text}");
}

#[test]
fn verify_of_a_name_that_is_not_there_is_refused_and_as_json_too() {
    let pack = TinyPack::new();
    let names = ["tiny".to_owned(), "huge".to_owned()];
    let text = written(&pack, |registry, out| {
        assert_eq!(verify(registry, &names, &Engines::embedded(), true, out).unwrap(), Verdict::Refused);
    });
    let outcomes: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&outcomes[0]["verdict"], &outcomes[1]["verdict"]), (&"agrees".into(), &"refused".into()));
    assert!(outcomes[0]["run_ms"].as_f64().unwrap() > 0.0 && outcomes[1]["run_ms"].is_null());
}
