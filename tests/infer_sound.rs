//! `affectd infer` on sounds, with a tiny voice pack: what is heard, and what broken files say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

#[path = "model_packs/onnx.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod onnx;
#[path = "model_packs/row_pack.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod row_pack;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use row_pack::RowPacks;
use serde_json::Value;
use support::program::{Ran, affectd};
use support::schema;
use support::sound::{speech, wav};

struct Case {
    packs: RowPacks,
    dir: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let packs = RowPacks::new();
        packs.put(&row_pack::voice("voice"));
        Self { packs, dir: tempfile::tempdir().unwrap() }
    }

    fn wav(&self, name: &str, rate: u32, channels: u16, samples: &[f32]) -> PathBuf {
        wav(self.dir.path(), name, rate, channels, samples)
    }

    fn infer(&self, more: &[&str], paths: &[&Path]) -> Ran {
        let models = self.packs.dir().to_str().unwrap();
        let paths = paths.iter().map(|path| path.to_str().unwrap());
        affectd(&["infer", "--models", models].into_iter().chain(more.iter().copied()).chain(paths).collect::<Vec<_>>())
    }
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key} in {line}"))
}

#[test]
fn each_second_of_a_voice_gives_a_line_with_its_time_and_the_file_one_summary() {
    let case = Case::new();
    let talk = case.wav("talk.wav", 16_000, 1, &speech(5.5));
    let ran = case.infer(&[], &[&talk]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.lines();
    let times: Vec<_> = lines.iter().map(|line| number(line, "time")).collect();
    assert_eq!(times, [3.022, 4.022, 5.022, 5.492], "{}", ran.stdout);
    for line in &lines {
        schema::fits("voice-state", line, "a line");
        assert!(number(line, "voice_activity") > 0.8 && number(line, "confidence") > 0.6, "{line}");
        assert_eq!((&line["pack"], &line["engine"]), (&"voice 0.1.0".into(), &"tract".into()));
        assert!(line.get("face").is_none() && line.get("box").is_none() && line["valence"].is_number(), "{line}");
    }
    let [summary] = &case.infer(&["--summary"], &[&talk]).lines()[..] else { panic!("not one line") };
    schema::fits("voice-state", summary, "the summary");
    assert!(summary.get("time").is_none() && number(summary, "seconds") > 5.4, "{summary}");
    assert!(summary["expression"]["probabilities"]["calm"].is_number(), "{summary}");
}

#[test]
fn silence_and_noise_are_told_as_such_and_nothing_is_invented() {
    let case = Case::new();
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..64_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.1 * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        })
        .collect();
    for (name, samples) in [("silence.wav", vec![0.0; 64_000]), ("noise.wav", noise)] {
        let path = case.wav(name, 16_000, 1, &samples);
        let ran = case.infer(&[], &[&path]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for line in ran.lines() {
            assert!(number(&line, "voice_activity") < 0.15, "{line}");
            assert!(line.get("valence").is_none() && line.get("expression").is_none(), "{line}");
        }
        let summary = &case.infer(&["--summary"], &[&path]).lines()[0];
        assert_eq!(summary["expression"]["label"], "unknown");
        assert!(summary.get("valence").is_none() && summary["expression"].get("probabilities").is_none(), "{summary}");
    }
}

#[test]
fn a_sound_shorter_than_a_window_gives_its_one_window() {
    let case = Case::new();
    let ran = case.infer(&[], &[&case.wav("word.wav", 16_000, 1, &speech(1.2))]);
    let [line] = &ran.lines()[..] else { panic!("{}", ran.stdout) };
    assert!(line["valence"].is_number() && number(line, "seconds") < 1.2, "{line}");
}

#[test]
fn many_channels_of_a_high_rate_and_an_offset_are_the_same_voice() {
    let case = Case::new();
    let sound = speech(4.0);
    let plain = case.infer(&["--summary"], &[&case.wav("plain.wav", 16_000, 1, &sound)]).lines().remove(0);
    let eight: Vec<f32> = sound.iter().flat_map(|&sample| [sample * 0.5; 12 * 8]).collect();
    let shifted: Vec<f32> = sound.iter().map(|sample| sample * 0.5 + 0.4).collect();
    for path in [case.wav("eight.wav", 192_000, 8, &eight), case.wav("shifted.wav", 16_000, 1, &shifted)] {
        let ran = case.infer(&["--summary"], &[&path]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let line = &ran.lines()[0];
        let activity = number(line, "voice_activity") - number(&plain, "voice_activity");
        assert!(activity.abs() < 0.1 && number(line, "seconds") > 3.9, "{line}");
    }
}

#[test]
fn sound_is_read_from_flac_mp3_and_clips_when_asked() {
    let case = Case::new();
    let talk = case.wav("talk.wav", 16_000, 1, &speech(3.5));
    let made = |name: &str, more: &[&str]| {
        let to = case.dir.path().join(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&talk).args(more).arg(&to);
        assert!(ffmpeg.status().unwrap().success(), "{name}");
        to
    };
    let clip = made("clip.mkv", &["-f", "lavfi", "-i", "color=s=64x64:d=3.5", "-map", "0:a", "-map", "1:v"]);
    let files = [made("talk.flac", &[]), made("talk.mp3", &[]), clip];
    let ran = case.infer(&["--voice", "--summary"], &files.each_ref().map(PathBuf::as_path));
    assert_eq!((ran.code, ran.lines().len()), (0, 3), "{}", ran.stderr);
    for line in ran.lines() {
        assert!(number(&line, "voice_activity") > 0.7, "{line}");
    }
}

#[test]
fn what_is_wrong_with_a_sound_is_said_and_the_rest_goes_on() {
    let case = Case::new();
    let mut broken = speech(4.0);
    broken[20_000..20_100].fill(f32::NAN);
    broken[30_000] = f32::INFINITY;
    let loud: Vec<f32> = speech(4.0).iter().map(|sample| (sample * 20.0).clamp(-1.0, 1.0)).collect();
    let whole = fs::read(case.wav("whole.wav", 16_000, 1, &speech(4.0))).unwrap();
    let (empty, cut, none) =
        (case.dir.path().join("empty.wav"), case.dir.path().join("cut.wav"), case.dir.path().join("none.wav"));
    fs::write(&empty, b"").unwrap();
    fs::write(&cut, &whole[..whole.len() / 2 + 3]).unwrap();
    let files = [
        empty,
        none,
        case.wav("headless.wav", 16_000, 1, &[]),
        case.wav("short.wav", 16_000, 1, &speech(0.02)),
        case.wav("broken.wav", 16_000, 1, &broken),
        case.wav("loud.wav", 16_000, 1, &loud),
        cut,
    ];
    let ran = case.infer(&["--summary"], &files.each_ref().map(PathBuf::as_path));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for said in [
        "empty.wav cannot be opened: it is empty",
        "none.wav: No such file",
        "headless.wav cannot be opened: its sound is empty",
        "short.wav: its sound is shorter than 32 ms",
        "The sound holds samples that are no numbers",
        "loud.wav: ",
        "% of the voice is clipped",
    ] {
        assert!(ran.stderr.contains(said), "{said:?} is not in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let names: Vec<_> = ran.lines().iter().map(|line| line["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for line in ran.lines() {
        assert!(number(&line, "voice_activity") > 0.5, "{line}");
    }
}

#[test]
fn a_table_has_voices_in_it() {
    let case = Case::new();
    let ran = case.infer(&["--format", "csv", "--summary"], &[&case.wav("talk.wav", 16_000, 1, &speech(3.5))]);
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 2, "{}", ran.stdout);
    assert_eq!(rows[0].len(), rows[1].len());
    let cell = |name: &str| rows[1][rows[0].iter().position(|&column| column == name).unwrap()];
    assert!(cell("voice_activity").parse::<f32>().unwrap() > 0.8);
    assert!(cell("valence").parse::<f32>().is_ok() && cell("face").is_empty() && cell("x").is_empty());
    assert_eq!((cell("pack"), cell("engine")), ("voice 0.1.0", "tract"));
}

#[test]
fn without_a_voice_pack_sounds_cannot_be_read_and_it_is_said() {
    let case = Case::new();
    fs::remove_dir_all(case.packs.dir().join("voice")).unwrap();
    case.packs.put(&row_pack::voice("another"));
    let ran = case.infer(&[], &[&case.wav("talk.wav", 16_000, 1, &speech(1.0))]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("\"voice\"") || ran.stderr.contains("no pack voice"), "{}", ran.stderr);
}

#[test]
fn bench_tells_what_a_second_of_sound_costs() {
    let case = Case::new();
    let (talk, models) = (case.wav("talk.wav", 16_000, 1, &speech(6.0)), case.packs.dir().to_str().unwrap());
    let ran = affectd(&["bench", talk.to_str().unwrap(), "--json", "--models", models]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!((&report["windows"], &report["estimates"]), (&3.into(), &3.into()), "{report:#}");
    assert!(
        number(&report, "cpu_ms_per_second") > 0.0 && (number(&report, "seconds") - 6.0).abs() < 0.01,
        "{report:#}"
    );
}
