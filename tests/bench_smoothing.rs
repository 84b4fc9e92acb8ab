//! `affectd bench smoothing` on a photograph, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;

use serde_json::Value;
use support::program::{affectd, astronaut};

#[test]
fn a_photograph_is_a_still_face_whose_smoothing_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.jpg");
    fs::write(&broken, "no photograph").unwrap();
    let files = [astronaut(), broken].map(|path| path.to_str().unwrap().to_owned());
    let ran = affectd(&["bench", "smoothing", &files[0], &files[1], "--label", "happiness", "--json"]);
    // What cannot be used is named, and the rest is measured.
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("broken.jpg") && ran.stderr.contains("it is left out"), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let all = &report["all"];
    assert_eq!(all["faces"], 1);
    let [off, default] = &all["smoothers"].as_array().unwrap()[..] else { panic!("{all}") };
    assert_eq!((&off["smoothing"], &default["smoothing"]), (&"off".into(), &"default".into()));
    for smoother in [off, default] {
        // Four seconds, less the moment until the face is found.
        assert!((3.0..=4.0).contains(&smoother["seconds_at_rest"].as_f64().unwrap()), "{smoother}");
        assert!(smoother["flips"].is_u64(), "{smoother}");
        assert!(smoother["accuracy"].as_f64().unwrap() > 0.9, "{smoother}");
    }
    for jitter in ["jitter_valence", "jitter_probability"] {
        let of = |smoother: &Value| smoother[jitter].as_f64().unwrap();
        assert!(0.0 < of(default) && of(default) < of(off), "{jitter}: {all}");
    }
}

#[test]
fn an_annotation_is_for_one_clip_and_the_message_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let labels = dir.path().join("1.txt");
    fs::write(&labels, "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise\n4\n").unwrap();
    let labels = labels.to_str().unwrap();
    let ran = affectd(&["bench", "smoothing", astronaut().to_str().unwrap(), "--labels", labels]);
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert!(ran.stderr.contains("--labels is about the frames of one clip"), "{}", ran.stderr);
}

#[test]
fn an_expression_that_does_not_exist_is_refused_with_those_that_do() {
    let ran = affectd(&["bench", "smoothing", "a.mp4", "--label", "joy"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(ran.stderr.contains("neutral, anger, disgust"), "{}", ran.stderr);
}
