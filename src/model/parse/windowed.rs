//! The kinds that look back: voice and sequence, which read windows of rows, and ensemble, which has members.

use std::time::Duration;

use super::heads::{MAX_EMBEDDING, heads};
use super::{Parsed, Problem};
use crate::model::manifest::{self, Features, Manifest};
use crate::model::spec::{EnsembleSpec, Input, Kind, Member, SequenceSpec, Source, VoiceSpec, Window};
use crate::model::value::{above_zero, bad, quoted, unwanted, wanted, within};

/// The most rows of a window.
const MAX_ROWS: u32 = 4096;
/// The most numbers of a row.
const MAX_COLUMNS: u32 = 8192;
/// The most numbers of a window: 16 MiB.
const MAX_NUMBERS: usize = 4 << 20;
/// The longest window.
const MAX_SECONDS: f32 = 600.0;
/// How far two ways to say the same length of time may be apart, as a share of it.
const SAME: f32 = 0.001;

pub(super) fn voice(manifest: &Manifest) -> Result<Parsed, Problem> {
    const KIND: &str = "voice";
    let typed = wanted("window", &manifest.window, KIND)?;
    unwanted("window.predicts", &typed.predicts, KIND)?;
    let features = *wanted("features", &manifest.features, KIND)?;
    computed(&features)?;
    let step = Features::COMPUTED.hop as f32 / Features::COMPUTED.rate_hz as f32;
    same("window.seconds", typed.seconds, typed.frames as f32 * step, "frames × features.hop / features.rate_hz")?;
    let window = window(typed)?;
    let columns = Features::COMPUTED.bands as usize + 1;
    if window.columns != columns {
        let wanted = format!("write {columns}: features.bands, and one that tells voice from none");
        return Err(bad("window.columns", window.columns, wanted));
    }
    let (heads, outputs) = heads(&manifest.outputs, KIND)?;
    Ok((Kind::Voice(VoiceSpec { window, heads }), Input::Rows(window), outputs))
}

/// Refuses features that affectd does not compute.
fn computed(typed: &Features) -> Result<(), Problem> {
    let ours = Features::COMPUTED;
    let numbers = |of: &Features| {
        [
            ("rate_hz", of.rate_hz as f32),
            ("window", of.window as f32),
            ("hop", of.hop as f32),
            ("fft", of.fft as f32),
            ("bands", of.bands as f32),
            ("low_hz", of.low_hz),
            ("high_hz", of.high_hz),
            ("floor", of.floor),
        ]
    };
    match numbers(typed).into_iter().zip(numbers(&ours)).find(|((_, found), (_, ours))| found != ours) {
        None => Ok(()),
        Some(((key, found), (_, ours))) => {
            let wanted = format!("this affectd computes {ours}; train the model on that, or use a matching affectd");
            Err(bad(format!("features.{key}"), found, wanted))
        }
    }
}

pub(super) fn sequence(manifest: &Manifest) -> Result<Parsed, Problem> {
    const KIND: &str = "sequence";
    let typed = wanted("window", &manifest.window, KIND)?;
    let predicts = *wanted("window.predicts", &typed.predicts, KIND)?;
    let window = window(typed)?;
    let reads = wanted("reads", &manifest.reads, KIND)?;
    let face = reads.face.as_ref().map(|typed| source("reads.face", typed)).transpose()?;
    let voice = reads.voice.as_ref().map(|typed| source("reads.voice", typed)).transpose()?;
    let read: Vec<usize> = face.iter().chain(&voice).map(|source| source.size + 1).collect();
    let columns: usize = read.iter().sum();
    if read.is_empty() {
        return Err(Problem::Absent { key: "reads.face or reads.voice".to_owned(), kind: KIND });
    }
    if window.columns != columns {
        let wanted =
            format!("write {columns}: the embedding of each of [reads], and one that tells whether it is there");
        return Err(bad("window.columns", window.columns, wanted));
    }
    let (heads, outputs) = heads(&manifest.outputs, KIND)?;
    Ok((Kind::Sequence(SequenceSpec { window, predicts, face, voice, heads }), Input::Rows(window), outputs))
}

fn source(key: &str, typed: &manifest::Source) -> Result<Source, Problem> {
    let size = within(&format!("{key}.embedding"), typed.embedding, MAX_EMBEDDING)?;
    Ok(Source { pack: typed.pack.clone(), version: typed.version.clone(), size })
}

fn window(typed: &manifest::Window) -> Result<Window, Problem> {
    let rows = within("window.frames", typed.frames, MAX_ROWS)?;
    let columns = within("window.columns", typed.columns, MAX_COLUMNS)?;
    if rows * columns > MAX_NUMBERS {
        let wanted = format!("frames × columns is {}, and {MAX_NUMBERS} is the most", rows * columns);
        return Err(bad("window.columns", columns, wanted));
    }
    let seconds = typed.seconds;
    if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
        return Err(bad("window.seconds", seconds, format!("write a number above 0, up to {MAX_SECONDS}")));
    }
    within("window.hop_frames", typed.hop_frames, typed.frames)?;
    let hop = typed.hop_frames as f32 * seconds / typed.frames as f32;
    same("window.hop_seconds", typed.hop_seconds, hop, "hop_frames × seconds / frames")?;
    // What is typed is a decimal number, and f32 only comes near it: 0.9 s is nine steps of 100 ms.
    let step = Duration::from_micros((f64::from(seconds) * 1e6 / f64::from(typed.frames)).round() as u64);
    if step < Duration::from_millis(1) {
        return Err(bad("window.seconds", seconds, "a row must stand for a millisecond or more"));
    }
    Ok(Window { rows, columns, step, hop: step * typed.hop_frames })
}

/// Refuses a length of time that is another one than the rest of the window says.
fn same(key: &str, found: f32, meant: f32, how: &str) -> Result<(), Problem> {
    if (found - meant).abs() <= SAME * meant {
        return Ok(());
    }
    Err(bad(key, found, format!("write {meant}, which is {how}, or correct those")))
}

pub(super) fn ensemble(manifest: &Manifest) -> Result<Kind, Problem> {
    let mut members: Vec<Member> = Vec::new();
    for (i, typed) in manifest.members.iter().enumerate() {
        let key = |name: &str| format!("member {}.{name}", i + 1);
        if members.iter().any(|known| known.pack == typed.pack) {
            return Err(bad(key("pack"), quoted(&typed.pack), "it stands there twice; a member has one weight"));
        }
        let weight = above_zero(&key("weight"), typed.weight)?;
        members.push(Member { pack: typed.pack.clone(), version: typed.version.clone(), weight });
    }
    if members.len() < 2 {
        return Err(bad("member", format!("({})", members.len()), "write two [[member]] or more"));
    }
    Ok(Kind::Ensemble(EnsembleSpec { members }))
}
