//! A small data set in the layout of Aff-Wild2, made up.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{Ran, affectd};

pub const EXPR: &str = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other";
pub const AU: &str = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26";
pub const VA: &str = "valence,arousal";

/// Writes `DIR/FOLDER/VIDEO.txt`.
pub fn put(dir: &Path, file: &str, header: &str, lines: &[String]) -> PathBuf {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
    path
}

/// Lines of a class that goes round.
pub fn classes(frames: usize, from: usize) -> Vec<String> {
    (from..from + frames).map(|k| (k % 8).to_string()).collect()
}

/// Lines of valence and arousal that swing.
pub fn affects(frames: usize, from: usize) -> Vec<String> {
    let swing = |k: usize, of: f64| (k as f64 / of).sin();
    (from..from + frames).map(|k| format!("{:.4},{:.4}", swing(k, 3.0), swing(k, 5.0))).collect()
}

/// Lines of twelve units, each active in some frames.
pub fn units(frames: usize, from: usize) -> Vec<String> {
    let cell = |k: usize, unit: usize| if (k + unit).is_multiple_of(2 + unit % 3) { "1" } else { "0" };
    (from..from + frames).map(|k| (0..12).map(|unit| cell(k, unit)).collect::<Vec<_>>().join(",")).collect()
}

/// Three videos of three tasks, all frames annotated.
pub fn truth(dir: &Path) -> PathBuf {
    let truth = dir.join("truth");
    for (from, video) in ["1-30-1280x720", "107_left", "video5"].into_iter().enumerate() {
        put(&truth, &format!("VA_Set/{video}.txt"), VA, &affects(40, from));
        put(&truth, &format!("EXPR_Set/{video}.txt"), EXPR, &classes(40, from));
        put(&truth, &format!("AU_Set/{video}.txt"), AU, &units(40, from));
    }
    truth
}

/// A copy of a folder with everything in it.
pub fn copied(from: &Path, name: &str) -> PathBuf {
    let to = from.with_file_name(name);
    copy(from, &to);
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, target).map(drop).unwrap() }
    }
}

/// Scores, and expects that it went well.
pub fn scored(truth: &Path, more: &[&str]) -> Value {
    let ran = evaluated(truth, &[more, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Runs the command.
pub fn evaluated(truth: &Path, more: &[&str]) -> Ran {
    affectd(&[&["eval", "--truth", truth.to_str().unwrap()], more].concat())
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A figure by its name, as "va.mean_ccc".
#[track_caller]
pub fn figure(report: &Value, name: &str) -> f64 {
    let found = name.split('.').fold(report, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("{name} is {found} in {report:#}"))
}

#[track_caller]
pub fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
}
