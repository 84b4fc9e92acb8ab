//! A pack on clips and crops.

use std::fs;
use std::path::Path;

use crate::made::*;
use crate::support::media::{astronaut_clip, clip, photo};
use crate::support::program::affectd;

/// The astronaut smiles: happiness is the fifth class.
const HAPPY: &str = "4";

fn happy(frames: usize) -> Vec<String> {
    vec![HAPPY.to_owned(); frames]
}

/// A clip of one person for as many frames as there are lines, beside its annotations.
fn astronaut(dir: &Path, video: &str, filter: &str, frames: usize) {
    fs::create_dir_all(dir.join("clips")).unwrap();
    astronaut_clip(&dir.join("clips"), &format!("{video}.mp4"), frames as f32 / 15.0, filter);
    put(&dir.join("truth"), &format!("EXPR_Set/{video}.txt"), EXPR, &happy(frames));
}

#[test]
fn a_clip_goes_through_the_pack_in_three_ways_and_what_is_written_scores_the_same() {
    let dir = tempfile::tempdir().unwrap();
    astronaut(dir.path(), "one", "scale=480:480", 15);
    let truth = dir.path().join("truth");
    put(&truth, "VA_Set/one.txt", VA, &affects(15, 0));
    put(&truth, "AU_Set/one.txt", AU, &units(15, 0));
    let (clips, written) = (dir.path().join("clips"), dir.path().join("written"));
    let report = scored(&truth, &["--videos", text(&clips), "--write", text(&written)]);
    assert!(report["pack"].as_str().unwrap().starts_with("mtanet"), "{report}");
    assert_eq!((&report["row"], &report["engine"]), (&"causal".into(), &"tract".into()));
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["row"].as_str().unwrap()).collect();
    assert_eq!(names, ["raw", "causal", "offline"]);
    for row in rows {
        // The face is found in the first frame or soon after.
        assert!(figure(row, "expr.accuracy") > 0.7, "{row}");
        let again = written.join(row["row"].as_str().unwrap());
        let again = scored(&truth, &["--predictions", text(&again)]);
        for key in ["va.ccc_valence", "va.ccc_arousal", "expr.macro_f1", "au.mean_f1", "au.accuracy", "mtl.p"] {
            assert_near(figure(&again, key), figure(row, key));
        }
    }
    assert!(figure(&rows[2], "expr.accuracy") >= figure(&rows[0], "expr.accuracy"));
    let submission = fs::read_to_string(written.join("raw/EXPR_Set/one.txt")).unwrap();
    assert_eq!((submission.lines().count(), submission.lines().next()), (16, Some(EXPR)));
}

#[test]
fn a_clip_without_a_face_has_no_answers_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("clips")).unwrap();
    clip(&dir.path().join("clips"), "empty.mp4", "color=gray:size=320x240:rate=15:duration=1", "null");
    let (truth, written) = (dir.path().join("truth"), dir.path().join("written"));
    put(&truth, "EXPR_Set/empty.txt", EXPR, &happy(15));
    put(&truth, "EXPR_Set/absent.txt", EXPR, &happy(15));
    let report = scored(&truth, &["--videos", text(&dir.path().join("clips")), "--write", text(&written)]);
    assert_near(figure(&report, "expr.accuracy"), 0.0);
    assert_eq!(report["counts"]["expr"]["unanswered"], 15);
    assert!(report["notes"].to_string().contains("empty: no face could be read in any of its 15 frames"));
    assert!(report["skipped"].to_string().contains("has no clip of that name"), "{}", report["skipped"]);
    let submission = fs::read_to_string(written.join("causal/EXPR_Set/empty.txt")).unwrap();
    assert!(submission.lines().skip(1).all(|line| line == "-1"), "{submission}");
}

#[test]
fn a_clip_of_another_length_or_that_is_none_is_skipped_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    astronaut(dir.path(), "good", "scale=480:480", 8);
    astronaut(dir.path(), "long", "scale=480:480", 15);
    put(&dir.path().join("truth"), "EXPR_Set/long.txt", EXPR, &happy(40));
    put(&dir.path().join("truth"), "EXPR_Set/broken.txt", EXPR, &happy(8));
    fs::write(dir.path().join("clips/broken.mp4"), b"no clip").unwrap();
    let ran = evaluated(&dir.path().join("truth"), &["--videos", text(&dir.path().join("clips")), "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["counts"]["expr"]["videos"], 1);
    assert!(ran.stderr.contains("EXPR_Set/long is skipped: the recording has 15 frames and the annotation 40"));
    assert!(ran.stderr.contains("broken is skipped: ") && ran.stderr.contains("broken.mp4"), "{}", ran.stderr);
}

#[test]
fn of_two_people_each_is_read_where_they_sit() {
    let dir = tempfile::tempdir().unwrap();
    // Only the left half shows a face.
    astronaut(dir.path(), "two", "scale=480:480,pad=960:480:0:0", 8);
    let truth = dir.path().join("truth");
    fs::remove_file(truth.join("EXPR_Set/two.txt")).unwrap();
    put(&truth, "EXPR_Set/two_left.txt", EXPR, &happy(8));
    put(&truth, "EXPR_Set/two_right.txt", EXPR, &happy(8));
    let written = dir.path().join("written");
    let clips = dir.path().join("clips");
    let report = scored(&truth, &["--videos", text(&clips), "--write", text(&written), "--without-face", "hold"]);
    assert_eq!(report["counts"]["expr"]["videos"], 2);
    let said = |video: &str| fs::read_to_string(written.join(format!("offline/EXPR_Set/{video}.txt"))).unwrap();
    assert!(said("two_left").lines().skip(1).any(|line| line == HAPPY), "{}", said("two_left"));
    assert!(said("two_right").lines().skip(1).all(|line| line == "-1"), "{}", said("two_right"));
}

#[test]
fn crops_are_read_by_their_numbers_beside_the_one_list() {
    let dir = tempfile::tempdir().unwrap();
    let crops = dir.path().join("cropped_aligned");
    for video in ["341", "7_left"] {
        fs::create_dir_all(crops.join(video)).unwrap();
        for number in [1, 2, 4, 5] {
            photo(&crops.join(video), &format!("{number:05}.jpg"), "crop=110:110:170:68,scale=112:112");
        }
    }
    fs::write(crops.join("7_left/00005.jpg"), b"no picture").unwrap();
    let line = |video: &str, k: usize| format!("{video}/{k:05}.jpg,{},{HAPPY},{}", affects(1, k)[0], units(1, k)[0]);
    let lines: Vec<_> = ["341", "7_left"].iter().flat_map(|video| [1, 3, 5].map(|k| line(video, k))).collect();
    let truth = put(dir.path(), "validation_set_annotations.txt", "image,valence,arousal,expression,aus", &lines);
    let written = dir.path().join("written");
    let report = scored(&truth, &["--crops", text(&crops), "--write", text(&written)]);
    let raw = &report["rows"][0];
    // Of six annotated frames two have no image, and one is damaged.
    assert_near(figure(raw, "expr.accuracy"), 0.5);
    assert!(report["notes"].to_string().contains("7_left: images that count as frames without a face: 1"));
    assert!(report["notes"].to_string().contains("3 files of submissions"), "{}", report["notes"]);
    assert_near(figure(&report, "expr.accuracy"), 1.0);
    let again = scored(&truth, &["--predictions", text(&written.join("raw/predictions.txt"))]);
    for key in ["va.mean_ccc", "expr.macro_f1", "au.mean_f1", "mtl.p"] {
        assert_near(figure(&again, key), figure(raw, key));
    }
}

#[test]
fn a_submission_needs_no_annotations() {
    let dir = tempfile::tempdir().unwrap();
    astronaut(dir.path(), "test", "scale=480:480", 6);
    let written = dir.path().join("written");
    let ran = affectd(&["eval", "--videos", text(&dir.path().join("clips")), "--write", text(&written)]);
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{}", ran.stderr);
    for (folder, header) in [("VA_Set", VA), ("EXPR_Set", EXPR), ("AU_Set", AU)] {
        let file = fs::read_to_string(written.join(format!("causal/{folder}/test.txt"))).unwrap();
        assert_eq!((file.lines().next(), file.lines().count()), (Some(header), 7), "{folder}");
    }
    let nothing = affectd(&["eval", "--videos", text(&written), "--write", text(&written)]);
    assert!(nothing.code == 1 && nothing.stderr.contains("has no clip in it"), "{}", nothing.stderr);
    assert_eq!(affectd(&["eval", "--videos", text(&written)]).code, 64);
}
