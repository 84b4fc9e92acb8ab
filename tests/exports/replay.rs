//! `replay --write`: every face of every frame, with the times that events have.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use roxmltree::Document;
use serde_json::Value;

use crate::openface::columns;
use crate::rules::faults;
use crate::support::media::astronaut_clip;
use crate::support::{program, schema};

/// What a clip of a face of a second and a half gave.
struct Replayed {
    written: String,
    events: Vec<Value>,
    /// How many frames the pipeline had time for.
    frames: usize,
}

fn replayed(dir: &Path, format: &str) -> Replayed {
    let clip = astronaut_clip(dir, "clip.mp4", 1.5, "scale=640:640");
    let (file, record) = (dir.join("faces"), dir.join("events"));
    let arguments = ["replay", clip.to_str().unwrap(), "--quiet", "--format", format, "--write"];
    let record_to = ["--record", record.to_str().unwrap()];
    let ran = program::affectd(&[&arguments[..], &[file.to_str().unwrap()], &record_to].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told = ran.stdout.split_once(" processed").and_then(|(before, _)| before.split(' ').next_back());
    let frames = told.unwrap_or_else(|| panic!("no frames in {}", ran.stdout)).parse().unwrap();
    let events = fs::read_to_string(record).unwrap();
    let events = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Replayed { written: fs::read_to_string(file).unwrap(), events, frames }
}

#[test]
fn lines_are_the_published_states_and_none_is_left_out_for_their_rate() {
    let dir = tempfile::tempdir().unwrap();
    let Replayed { written, frames, .. } = replayed(dir.path(), "ndjson");
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let faces: Vec<_> = lines.iter().filter(|line| line.get("face").is_some()).collect();
    // Of what was processed nothing is missing; how much that is depends on how busy the machine is.
    assert!(!faces.is_empty() && faces.len() == frames, "{} faces in {frames} frames", faces.len());
    for face in faces {
        schema::fits("face-state", face, "a line of replay");
        assert!(face.get("source").is_none() && face.get("captured_at").is_some(), "{face}");
    }
}

#[test]
fn a_document_is_whole_and_its_times_are_those_of_the_events() {
    let dir = tempfile::tempdir().unwrap();
    let Replayed { written: text, events, .. } = replayed(dir.path(), "emotionml");
    assert_eq!(faults(&text), Vec::<String>::new(), "{text}");
    let document = Document::parse(&text).unwrap();
    let starts: Vec<i64> = document.descendants().filter_map(|node| node.attribute("start")?.parse().ok()).collect();
    let came = events.iter().find(|event| event["kind"] == "presence").unwrap();
    let came: Timestamp = came["started_at"].as_str().unwrap().parse().unwrap();
    assert!(starts.contains(&came.as_millisecond()), "{came} is not among {starts:?}");
}

#[test]
fn a_table_has_every_face_and_its_time_in_the_clip() {
    let dir = tempfile::tempdir().unwrap();
    let table = columns(&replayed(dir.path(), "openface").written);
    let (frames, times) = (&table["frame"], &table["timestamp"]);
    assert!(!frames.is_empty());
    for (frame, time) in frames.iter().zip(times) {
        // Frames come at their pace: a fifteenth of a second each; when the first one comes is up to the decoder.
        assert!(*time >= (frame - 1.0) / 15.0 - 0.07, "frame {frame} at {time} s");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 0.5, "null");
    let ran = program::affectd(&["replay", clip.to_str().unwrap(), "--write", "/nowhere/faces.csv"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("/nowhere/faces.csv"), "{}", ran.stderr);
}
