//! `affectd infer` on photos, clips, folders and crops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;

use support::media::{astronaut_clip, photo};
use support::program::{affectd, astronaut};

#[test]
fn a_photo_gives_a_line_with_the_face_where_it_is() {
    let ran = affectd(&["infer", astronaut().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let [line] = &ran.lines()[..] else { panic!("{}", ran.stdout) };
    let [x, y, width, height] = [0, 1, 2, 3].map(|i| line["box"][i].as_f64().unwrap());
    // The face of the portrait, as one sees it.
    assert!((x + width / 2.0 - 225.0).abs() < 15.0 && (y + height / 2.0 - 120.0).abs() < 20.0, "{line}");
    assert_eq!(line["expression"]["label"], "happiness");
    assert!(line["valence"].as_f64().unwrap() > 0.3, "{line}");
    let sum: f64 = line["expression"]["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 0.01, "{line}");
}

#[test]
fn a_mirrored_or_smaller_photo_gives_the_same_answer() {
    let dir = tempfile::tempdir().unwrap();
    let plain = affectd(&["infer", astronaut().to_str().unwrap()]).lines().remove(0);
    for (name, filter) in
        [("mirrored.png", "hflip"), ("smaller.png", "scale=300:300"), ("padded.png", "pad=900:700:200:90")]
    {
        let path = photo(dir.path(), name, filter);
        let line = affectd(&["infer", path.to_str().unwrap()]).lines().remove(0);
        assert_eq!(line["expression"]["label"], plain["expression"]["label"], "{name}");
        let valence = |line: &serde_json::Value| line["valence"].as_f64().unwrap();
        assert!((valence(&line) - valence(&plain)).abs() < 0.25, "{name}: {line}");
    }
}

#[test]
fn a_clip_gives_a_line_for_each_frame_with_its_time_and_one_face() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 1.0, "scale=640:640");
    let lines = affectd(&["infer", clip.to_str().unwrap()]).lines();
    assert!(lines.len() >= 12, "{} lines of 15 frames", lines.len());
    assert!(lines.iter().all(|line| line["face"] == lines[0]["face"]));
    for pair in lines.windows(2) {
        let time = |line: &serde_json::Value| line["time"].as_f64().unwrap();
        assert!((time(&pair[1]) - time(&pair[0]) - 1.0 / 15.0).abs() < 0.002);
        assert_eq!(pair[1]["frame"].as_u64().unwrap(), pair[0]["frame"].as_u64().unwrap() + 1);
    }
}

#[test]
fn crops_are_read_without_detection_and_have_no_box() {
    let dir = tempfile::tempdir().unwrap();
    photo(dir.path(), "crop.png", "crop=110:110:170:68,scale=48:48,format=gray");
    let ran = affectd(&["infer", "--crops", dir.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let [line] = &ran.lines()[..] else { panic!("{}", ran.stdout) };
    assert!(line.get("box").is_none() && line.get("face").is_none());
    assert_eq!(line["expression"]["label"], "happiness");
}

#[test]
fn a_table_has_a_header_and_a_row_for_each_line() {
    let dir = tempfile::tempdir().unwrap();
    // A name that would break a careless table.
    fs::copy(astronaut(), dir.path().join("a, \"b\".jpg")).unwrap();
    fs::copy(astronaut(), dir.path().join("c.jpg")).unwrap();
    let ran = affectd(&["infer", "--format", "csv", dir.path().to_str().unwrap()]);
    let rows: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(rows.len(), 3, "{}", ran.stdout);
    assert!(rows[0].starts_with("source,time,frame,face,x,y,"));
    assert!(rows[1].contains("a, \"\"b\"\".jpg\","));
    assert_eq!(rows[0].matches(',').count(), rows[2].matches(',').count());
}

#[test]
fn a_folder_without_pictures_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let ran = affectd(&["infer", dir.path().to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains(dir.path().to_str().unwrap()), "{}", ran.stderr);
}
