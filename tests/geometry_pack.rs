//! The daemon with `models.face = "geometry"`: a pack that reads colours and gives valence and arousal alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde_json::Value;
use support::media::{clip, photo};
use support::program::{affectd, astronaut};

/// The corners of the portrait's mouth, in its pixels, and how far a pull at one is felt.
const CORNERS: [(f32, f32); 2] = [(200.0, 139.5), (247.0, 141.5)];
const REACH: f32 = 9.0;

fn configured(dir: &Path) -> PathBuf {
    let file = dir.join("affectd.toml");
    fs::write(&file, "[device]\nid = \"test-1\"\n[models]\nface = \"geometry\"\n").unwrap();
    file
}

fn infer(dir: &Path, source: &Path) -> Vec<Value> {
    let ran = affectd(&["infer", "--raw", "--config", configured(dir).to_str().unwrap(), source.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.lines()
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key} is missing: {line}"))
}

/// The portrait with the corners of its mouth drawn down by so many pixels, and in by half as many.
fn drawn_down(dir: &Path, name: &str, pixels: f32) -> PathBuf {
    let portrait = image::open(astronaut()).unwrap().into_rgb8();
    let (width, height) = portrait.dimensions();
    let moved = RgbImage::from_fn(width, height, |x, y| {
        let (mut from_x, mut from_y) = (x as f32, y as f32);
        for (corner, inward) in CORNERS.into_iter().zip([1.0, -1.0]) {
            let apart = (x as f32 - corner.0).hypot(y as f32 - corner.1) / REACH;
            let share = (-apart * apart / 2.0).exp();
            from_x -= inward * 0.5 * pixels * share;
            from_y -= pixels * share;
        }
        *portrait.get_pixel(from_x.round().max(0.0) as u32, from_y.round().max(0.0) as u32)
    });
    let to = dir.join(name);
    moved.save(&to).unwrap();
    to
}

#[test]
fn a_face_gets_valence_and_arousal_and_nothing_that_the_pack_does_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let [line] = &infer(dir.path(), &astronaut())[..] else { panic!("one face") };
    assert!(number(line, "valence") > 0.4, "{line}");
    assert!((-1.0..=1.0).contains(&number(line, "arousal")), "{line}");
    assert!(line.get("expression").is_none() && line.get("action_units").is_none(), "{line}");
    assert!(line["pack"].as_str().unwrap().starts_with("geometry "), "{line}");
}

#[test]
fn a_face_that_is_tilted_smaller_or_elsewhere_is_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let plain = number(&infer(dir.path(), &astronaut())[0], "valence");
    for (name, filter) in
        [("tilted.png", "rotate=0.2"), ("smaller.png", "scale=320:320"), ("padded.png", "pad=900:700:200:90")]
    {
        let line = infer(dir.path(), &photo(dir.path(), name, filter)).remove(0);
        assert!((number(&line, "valence") - plain).abs() < 0.3, "{name}: {line} for {plain}");
    }
}

#[test]
fn valence_rises_in_a_clip_when_the_mouth_begins_to_smile() {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (drawn_down(dir.path(), "before.png", 8.0), astronaut());
    let still = |path: &Path, pad: &str| format!("movie={},scale=512:512,loop=14:1,setsar=1[{pad}]", path.display());
    let source = format!("{};{};[a][b]concat", still(&before, "a"), still(&after, "b"));
    let clip = clip(dir.path(), "smile.mp4", &source, "setpts=N/15/TB,fps=15");
    let lines = infer(dir.path(), &clip);
    assert!(lines.len() >= 24, "{} lines", lines.len());
    let mean = |lines: &[Value]| lines.iter().map(|line| number(line, "valence")).sum::<f64>() / lines.len() as f64;
    let (drawn, smiling) = (mean(&lines[2..10]), mean(&lines[lines.len() - 8..]));
    assert!(smiling > drawn + 0.25, "from {drawn} to {smiling}");
}

#[test]
fn a_replayed_clip_has_events_of_presence_and_valence_and_none_of_expressions() {
    let dir = tempfile::tempdir().unwrap();
    let clip = support::media::astronaut_clip(dir.path(), "clip.mp4", 3.0, "scale=640:640");
    let (config, record) = (configured(dir.path()), dir.path().join("events.ndjson"));
    let ran = affectd(&[
        "replay",
        clip.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events = fs::read_to_string(record).unwrap();
    let kinds: Vec<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert!(kinds.iter().any(|kind| kind == "presence") && kinds.iter().any(|kind| kind == "valence"), "{kinds:?}");
    assert!(kinds.iter().all(|kind| ["presence", "valence", "arousal"].contains(&kind.as_str())), "{kinds:?}");
}
