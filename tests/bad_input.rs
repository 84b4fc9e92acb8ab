//! What users and broken disks hand over: each gets a clear error that names the thing and the remedy, or a
//! plain answer; never a panic, never a number that is not finite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::media::{clip, photo};
use support::program::{Ran, affectd, astronaut, models};

/// Runs `affectd infer` on files that spoil nothing for a good photo beside them.
fn infer(files: &[&Path]) -> Ran {
    let mut arguments = vec!["infer"];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let ran = affectd(&arguments);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// The file is named with a reason, the good photo beside it is still read, and the exit code says so.
fn assert_named_and_passed_over(bad: &Path, reason: &str) {
    let ran = infer(&[bad, &astronaut()]);
    let name = bad.file_name().unwrap().to_str().unwrap();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(name) && ran.stderr.contains(reason), "{}", ran.stderr);
    assert_eq!(ran.lines().len(), 1, "{}", ran.stdout);
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_missing_clip_is_named_and_the_rest_goes_on() {
    assert_named_and_passed_over(Path::new("/nowhere/clip.mp4"), "No such file");
}

#[test]
fn a_corrupt_clip_is_named_and_the_rest_goes_on() {
    let dir = folder();
    let bad = dir.path().join("corrupt.mp4");
    fs::write(&bad, (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>()).unwrap();
    assert_named_and_passed_over(&bad, "Invalid data");
}

#[test]
fn a_photo_of_zero_bytes_is_named_and_the_rest_goes_on() {
    let dir = folder();
    let bad = dir.path().join("empty.jpg");
    fs::write(&bad, b"").unwrap();
    assert_named_and_passed_over(&bad, "empty");
}

#[test]
fn an_8k_photo_with_a_face_is_read() {
    let dir = folder();
    let big = photo(dir.path(), "big.jpg", "scale=4320:4320,pad=7680:4320:1000:0");
    let ran = infer(&[&big]);
    assert_eq!((ran.code, ran.lines().len()), (0, 1), "{}", ran.stderr);
}

#[test]
fn a_photo_of_one_pixel_has_no_face() {
    let dir = folder();
    let small = photo(dir.path(), "small.png", "scale=1:1");
    let ran = infer(&[&small]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn an_all_black_clip_has_no_face() {
    let dir = folder();
    let black = clip(dir.path(), "black.mp4", "color=black:size=640x360:rate=10:duration=2", "null");
    let ran = infer(&[&black]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
}

#[test]
fn two_hundred_faces_give_the_largest_that_fit_and_finite_numbers() {
    let dir = folder();
    // One face tiled 20 by 10.
    let crowd = photo(dir.path(), "crowd.jpg", "crop=200:200:130:0,scale=192:192,loop=199:1,tile=20x10");
    let ran = infer(&[&crowd]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.lines().len() <= 32, "{} lines", ran.lines().len());
    for line in ran.lines() {
        assert!(line["box"].as_array().unwrap().iter().all(|v| v.is_i64()), "{line}");
    }
}

/// A copy of the model packs, to be damaged.
fn damaged(damage: impl FnOnce(&Path)) -> (tempfile::TempDir, Ran) {
    let dir = folder();
    for pack in ["blazeface-full", "mtanet"] {
        let (from, to) = (models().join(pack), dir.path().join(pack));
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(&from).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        let golden = to.join("golden");
        fs::create_dir(&golden).unwrap();
        for entry in fs::read_dir(from.join("golden")).unwrap().flatten() {
            fs::copy(entry.path(), golden.join(entry.file_name())).unwrap();
        }
    }
    damage(&dir.path().join("mtanet"));
    let ran = affectd(&["--models", dir.path().to_str().unwrap(), "infer", astronaut().to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(!ran.stderr.contains("panicked") && ran.stderr.contains("mtanet"), "{}", ran.stderr);
    (dir, ran)
}

fn onnx(pack: &Path) -> PathBuf {
    let files = fs::read_dir(pack).unwrap().flatten().map(|entry| entry.path());
    files.into_iter().find(|path| path.extension().is_some_and(|e| e == "onnx")).unwrap()
}

#[test]
fn a_truncated_onnx_file_is_refused_by_its_hash() {
    let (_dir, ran) = damaged(|pack| {
        let file = onnx(pack);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert!(ran.stderr.contains("SHA-256"), "{}", ran.stderr);
}

#[test]
fn a_pack_with_too_few_labels_is_refused() {
    let (_dir, ran) = damaged(|pack| {
        let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
        let shorter = manifest.replace("\"contempt\"", "");
        assert_ne!(manifest, shorter);
        fs::write(pack.join("pack.toml"), shorter).unwrap();
    });
    assert!(ran.stderr.contains("label"), "{}", ran.stderr);
}

#[test]
fn a_configuration_with_an_unknown_key_or_a_bad_number_ends_with_78() {
    let dir = folder();
    let file = dir.path().join("affectd.toml");
    for (text, word) in
        [("[mqtt]\nulr = \"mqtt://localhost\"\n", "url"), ("[publish]\nstate_rate_hz = -1\n", "state_rate_hz")]
    {
        fs::write(&file, text).unwrap();
        for command in ["run", "check"] {
            let ran = affectd(&[command, "--config", file.to_str().unwrap()]);
            assert_eq!(ran.code, 78, "{command}: {}{}", ran.stdout, ran.stderr);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.contains(word) && said.contains("affectd.toml:2"), "{said}");
        }
    }
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for arguments in [&["infer"][..], &["dance"], &["replay", "x.mp4", "--speed", "0"], &[]] {
        assert_eq!(affectd(arguments).code, 64, "{arguments:?}");
    }
    assert_eq!(affectd(&["--help"]).code, 0);
}
