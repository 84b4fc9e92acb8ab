//! From a manifest to a pack: what was typed becomes what is meant, or a message about the key.

mod heads;
mod windowed;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::digest::Sha256Sum;
use super::error::Problem;
use super::manifest::{self, FileEntry, KindName, Manifest};
use super::pack::{Golden, Measured, Pack, PackFile, Variant};
use super::spec::{Align, DetectorSpec, FrameSpec, Input, InputSpec, Kind, OutputSpec};
use super::trust::Signed;
use super::value::{above_zero, bad, finite, quoted, unwanted, wanted, within};
use crate::affect::Confidence;
use crate::geometry::{Point, Size};
use crate::picture::Normalise;

/// The longest side of an input: above every face model, below every overflow.
const MAX_SIDE: u32 = 2048;
/// The most golden samples: all of them are in memory at once.
const MAX_SAMPLES: u32 = 1024;
/// What BlazeFace gives for each anchor: a box and six points.
const BOX_NUMBERS: usize = 16;

/// What the manifest of the folder `dir`, signed so and of that sum, means.
pub(super) fn parse(manifest: Manifest, signed: Signed, sum: Sha256Sum, dir: &Path) -> Result<Pack, Problem> {
    let typed = manifest.clone();
    let name = manifest.name.clone();
    if name.is_empty() || !name.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        return Err(bad("name", quoted(&name), "write lower-case letters, digits and hyphens"));
    }
    let numbers = manifest.version.split('.').map(|n| n.parse::<u32>().is_ok());
    if !numbers.eq([true; 3]) {
        return Err(bad("version", quoted(&manifest.version), "write three numbers with dots between, like 0.1.0"));
    }
    refuse_strangers(&manifest)?;
    let (kind, input, outputs) = match manifest.kind {
        KindName::Detector => detector(&manifest)?,
        KindName::Frame => frame(&manifest)?,
        KindName::Voice => windowed::voice(&manifest)?,
        KindName::Sequence => windowed::sequence(&manifest)?,
        KindName::Ensemble => (windowed::ensemble(&manifest)?, Input::Nothing, Vec::new()),
    };
    let (variants, golden) = match manifest.kind {
        KindName::Ensemble => (Vec::new(), None),
        kind => {
            let typed =
                manifest.golden.ok_or_else(|| Problem::Absent { key: "golden".to_owned(), kind: kind.name() })?;
            (variants(manifest.variants)?, Some(golden(typed, &outputs)?))
        }
    };
    Ok(Pack {
        name,
        version: manifest.version,
        summary: manifest.summary,
        kind,
        licence: manifest.licence,
        input,
        variants,
        golden,
        outputs,
        data: manifest.data,
        measured: manifest.measured.into_iter().enumerate().map(measured).collect::<Result<_, _>>()?,
        signed,
        sum,
        manifest: typed,
        dir: dir.to_owned(),
    })
}

fn input(typed: &manifest::Input) -> Result<InputSpec, Problem> {
    let side = |key, side| within(key, side, MAX_SIDE);
    let norm = Normalise { scale: finite("input.scale", typed.scale)?, offset: finite("input.offset", typed.offset)? };
    if norm.scale == 0.0 {
        return Err(bad("input.scale", norm.scale, "every pixel would be the same; write what the training used"));
    }
    Ok(InputSpec {
        width: side("input.width", typed.width)?,
        height: side("input.height", typed.height)?,
        channels: typed.channels,
        norm,
    })
}

/// Refuses what belongs to packs of other kinds.
fn refuse_strangers(manifest: &Manifest) -> Result<(), Problem> {
    use KindName::{Detector, Ensemble, Frame, Sequence, Voice};
    let kind = manifest.kind;
    let of = |kinds: &[KindName], key: &str, set: bool| match set && !kinds.contains(&kind) {
        true => unwanted(key, &Some(()), kind.name()),
        false => Ok(()),
    };
    let outputs = &manifest.outputs;
    let readers = &[Frame, Voice, Sequence];
    of(&[Detector, Frame], "input", manifest.input.is_some())?;
    of(&[Frame], "align", manifest.align.is_some())?;
    of(&[Detector], "detector", manifest.detector.is_some())?;
    of(&[Voice, Sequence], "window", manifest.window.is_some())?;
    of(&[Voice], "features", manifest.features.is_some())?;
    of(&[Sequence], "reads", manifest.reads.is_some())?;
    of(&[Ensemble], "member", !manifest.members.is_empty())?;
    of(readers, "outputs.expression", outputs.expression.is_some())?;
    of(readers, "outputs.valence_arousal", outputs.valence_arousal.is_some())?;
    of(readers, "outputs.action_units", outputs.action_units.is_some())?;
    of(readers, "outputs.embedding", outputs.embedding.is_some())?;
    of(&[Frame, Sequence], "outputs.compound", outputs.compound.is_some())?;
    of(&[Detector], "outputs.boxes", outputs.boxes.is_some())?;
    of(&[Detector], "outputs.scores", outputs.scores.is_some())?;
    let networks = &[Detector, Frame, Voice, Sequence];
    of(networks, "variant", !manifest.variants.is_empty())?;
    of(networks, "golden", manifest.golden.is_some())
}

/// What a manifest means for its kind, the network's input and its outputs.
type Parsed = (Kind, Input, Vec<OutputSpec>);

fn detector(manifest: &Manifest) -> Result<Parsed, Problem> {
    const KIND: &str = "detector";
    let input = input(wanted("input", &manifest.input, KIND)?)?;
    let outputs = &manifest.outputs;
    let typed = wanted("detector", &manifest.detector, KIND)?;
    let layout = typed.layout;
    for (key, side) in [("input.width", input.width), ("input.height", input.height)] {
        if side != layout.side() {
            return Err(bad(key, side, format!("detector.layout needs an input of {0}×{0} pixels", layout.side())));
        }
    }
    let threshold = typed.score_threshold;
    let score_threshold = Confidence::new(threshold)
        .filter(|_| threshold > 0.0 && threshold < 1.0)
        .ok_or_else(|| bad("detector.score_threshold", threshold, "write a number above 0 and below 1"))?;
    let shape = |numbers| vec![1, layout.anchors(Size::square(layout.side())), numbers];
    let boxes = wanted("outputs.boxes", &outputs.boxes, KIND)?.tensor.clone();
    let scores = wanted("outputs.scores", &outputs.scores, KIND)?.tensor.clone();
    let outputs = vec![
        OutputSpec { key: "boxes", tensor: boxes, shape: shape(BOX_NUMBERS) },
        OutputSpec { key: "scores", tensor: scores, shape: shape(1) },
    ];
    let spec = DetectorSpec { layout, resizable: typed.resizable, score_threshold };
    Ok((Kind::Detector(spec), Input::Picture(input), outputs))
}

fn frame(manifest: &Manifest) -> Result<Parsed, Problem> {
    const KIND: &str = "frame";
    let input = input(wanted("input", &manifest.input, KIND)?)?;
    let (heads, outputs) = heads::heads(&manifest.outputs, KIND)?;
    let align = align(wanted("align", &manifest.align, KIND)?)?;
    Ok((Kind::Frame(FrameSpec { align, heads }), Input::Picture(input), outputs))
}

fn align(typed: &manifest::Align) -> Result<Align, Problem> {
    let point = |key: &str, [x, y]: [f32; 2]| {
        let inside = |v: f32| (0.0..=1.0).contains(&v);
        let wanted = "write fractions of the input's width and height, 0 to 1";
        let point = Point::new(x, y);
        if inside(x) && inside(y) { Ok(point) } else { Err(bad(format!("align.{key}"), format!("[{x}, {y}]"), wanted)) }
    };
    let align = Align {
        right_eye: point("right_eye", typed.right_eye)?,
        left_eye: point("left_eye", typed.left_eye)?,
        nose: point("nose", typed.nose)?,
        mouth: point("mouth", typed.mouth)?,
    };
    if align.right_eye.x >= align.left_eye.x {
        let wanted = "it must lie to the left of left_eye: right and left are the person's own";
        return Err(bad("align.right_eye", format!("{:?}", typed.right_eye), wanted));
    }
    Ok(align)
}

fn variants(typed: Vec<manifest::Variant>) -> Result<Vec<Variant>, Problem> {
    if typed.is_empty() {
        return Err(bad("variant", "[]", "write one [[variant]] or more"));
    }
    let variant = |(i, v): (usize, manifest::Variant)| {
        let file = file(&format!("variant {}", i + 1), FileEntry { file: v.file, sha256: v.sha256 })?;
        let tolerance = v.tolerance.map(|t| above_zero(&format!("variant {}.tolerance", i + 1), t)).transpose()?;
        Ok(Variant { engine: v.engine, file, precision: v.precision, tolerance })
    };
    typed.into_iter().enumerate().map(variant).collect()
}

fn golden(typed: manifest::Golden, outputs: &[OutputSpec]) -> Result<Golden, Problem> {
    let mut files: BTreeMap<String, FileEntry> = typed.outputs;
    let mut output = |key: &str| {
        let place = format!("golden.outputs.{key}");
        let entry = files.remove(key).ok_or_else(|| {
            let wanted = format!("{place} is missing: every output has golden vectors");
            bad("golden.outputs", "incomplete", wanted)
        })?;
        file(&place, entry)
    };
    let golden = Golden {
        samples: within("golden.samples", typed.samples, MAX_SAMPLES)?,
        tolerance: above_zero("golden.tolerance", typed.tolerance)?,
        outputs: outputs.iter().map(|o| output(o.key)).collect::<Result<_, _>>()?,
        input: file("golden.input", typed.input)?,
    };
    match files.into_keys().next() {
        None => Ok(golden),
        Some(extra) => {
            Err(bad("golden.outputs", quoted(&extra), "the pack has no such output; the keys are those of [outputs]"))
        }
    }
}

fn measured((i, typed): (usize, manifest::Measured)) -> Result<Measured, Problem> {
    let key = |name| format!("measured {}: {name}", i + 1);
    if !typed.value.is_finite() {
        return Err(bad(key("value"), typed.value, "write what was measured, or leave the entry out"));
    }
    let date = typed.date.parse().map_err(|_| bad(key("date"), quoted(&typed.date), "write YYYY-MM-DD"))?;
    Ok(Measured { what: typed.what, value: typed.value, on: typed.on, command: typed.command, date })
}

fn file(key: &str, typed: FileEntry) -> Result<PackFile, Problem> {
    let path = typed.file;
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    if path == PathBuf::new() || !inside {
        let wanted = "write a path within the pack's folder: not absolute, and without . or ..";
        return Err(bad(format!("{key}: file"), quoted(path.display()), wanted));
    }
    let sha256 = Sha256Sum::parse(&typed.sha256).ok_or_else(|| {
        bad(
            format!("{key}: sha256"),
            quoted(&typed.sha256),
            "write 64 lower-case hexadecimal digits, as sha256sum does",
        )
    })?;
    Ok(PackFile { path, sha256 })
}
