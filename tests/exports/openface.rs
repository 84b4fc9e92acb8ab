//! `--format openface`: read as notebooks read OpenFace's tables, by the names of the columns.

use std::collections::HashMap;
use std::fs;

use serde_json::Value;

use crate::support::media::astronaut_clip;
use crate::support::program::{affectd, astronaut};
use crate::support::sound::{speech, wav};

/// The columns of a table by name, each cell a number; an empty cell is NaN, as in a data frame.
pub fn columns(text: &str) -> HashMap<String, Vec<f64>> {
    let mut rows = text.lines().map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
    let names = rows.next().unwrap();
    let mut columns: HashMap<String, Vec<f64>> = names.iter().map(|name| (name.clone(), Vec::new())).collect();
    assert_eq!(columns.len(), names.len(), "a column stands twice: {names:?}");
    for row in rows {
        assert_eq!(row.len(), names.len(), "{row:?}");
        for (name, cell) in names.iter().zip(&row).filter(|(name, _)| *name != "source") {
            let number = if cell.is_empty() { f64::NAN } else { cell.parse().unwrap() };
            columns.get_mut(name).unwrap().push(number);
        }
    }
    columns
}

#[test]
fn a_clip_is_a_table_with_a_row_for_each_frame() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 0.6, "scale=640:640");
    let clip = clip.to_str().unwrap();
    let lines: Vec<Value> = affectd(&["infer", clip]).lines();
    let ran = affectd(&["infer", "--format", "openface", clip]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let table = columns(&ran.stdout);
    let frames: Vec<f64> = lines.iter().map(|line| line["frame"].as_f64().unwrap() + 1.0).collect();
    assert_eq!(table["frame"], frames);
    assert!(table["success"].iter().all(|&success| success == 1.0));
    for (i, line) in lines.iter().enumerate() {
        assert!((table["timestamp"][i] - line["time"].as_f64().unwrap()).abs() < 0.001);
        assert_eq!(table["face_id"][i], line["face"].as_f64().unwrap());
        for (unit, probability) in line["action_units"].as_object().unwrap() {
            let name = format!("AU{:02}", unit[2..].parse::<u8>().unwrap());
            let probability = probability.as_f64().unwrap();
            assert!((table[&format!("{name}_r")][i] - 5.0 * probability).abs() < 0.01, "{unit}: {line}");
            // At the threshold itself the line, which is rounded, says nothing.
            if (probability - 0.6).abs() > 0.001 {
                assert_eq!(table[&format!("{name}_c")][i], f64::from(probability > 0.6), "{unit}: {line}");
            }
        }
    }
    assert!(table["AU12_c"].contains(&1.0), "nobody smiles: {}", ran.stdout);
}

#[test]
fn the_threshold_is_that_of_the_events() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("strict.toml");
    fs::write(&config, "[events]\naction_unit_enter = 1.0\n").unwrap();
    let arguments = ["infer", "--format", "openface", "--config", config.to_str().unwrap()];
    let ran = affectd(&[&arguments[..], &[astronaut().to_str().unwrap()]].concat());
    assert_eq!(columns(&ran.stdout)["AU12_c"], [0.0], "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_sound_has_no_row_and_is_told_the_format_that_has_one() {
    let dir = tempfile::tempdir().unwrap();
    wav(dir.path(), "talk.wav", 16_000, 1, &speech(1.0));
    fs::copy(astronaut(), dir.path().join("face.jpg")).unwrap();
    let ran = affectd(&["infer", "--format", "openface", dir.path().to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("talk.wav") && ran.stderr.contains("--format csv"), "{}", ran.stderr);
    assert_eq!(columns(&ran.stdout)["frame"], [1.0], "the photograph is read all the same");
}
