//! From a manifest to a pack: what was typed becomes what is meant, or a message about the key.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::digest::Sha256Sum;
use super::error::{Problem, list};
use super::manifest::{self, FileEntry, KindName, Manifest};
use super::pack::{Golden, Measured, Pack, PackFile, Variant};
use super::spec::{ActionUnitHead, Align, DetectorSpec, ExpressionHead, FrameSpec, InputSpec, Kind, OutputSpec};
use super::trust::Signed;
use super::value::{above_zero, bad, finite, quoted, unwanted, wanted, within};
use crate::affect::{Confidence, Label};
use crate::geometry::{Point, Size};
use crate::picture::Normalise;

/// The longest side of an input: above every face model, below every overflow.
const MAX_SIDE: u32 = 2048;
/// The longest embedding.
const MAX_EMBEDDING: u32 = 65_536;
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
    let input = input(&manifest.input)?;
    let (kind, outputs) = match manifest.kind {
        KindName::Detector => detector(&manifest, &input)?,
        KindName::Frame => frame(&manifest)?,
    };
    Ok(Pack {
        name,
        version: manifest.version,
        summary: manifest.summary,
        kind,
        licence: manifest.licence,
        input,
        variants: variants(manifest.variants)?,
        golden: golden(manifest.golden, &outputs)?,
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

fn detector(manifest: &Manifest, input: &InputSpec) -> Result<(Kind, Vec<OutputSpec>), Problem> {
    const KIND: &str = "detector";
    let outputs = &manifest.outputs;
    unwanted("align", &manifest.align, KIND)?;
    unwanted("outputs.expression", &outputs.expression, KIND)?;
    unwanted("outputs.valence_arousal", &outputs.valence_arousal, KIND)?;
    unwanted("outputs.action_units", &outputs.action_units, KIND)?;
    unwanted("outputs.embedding", &outputs.embedding, KIND)?;
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
    Ok((Kind::Detector(DetectorSpec { layout, resizable: typed.resizable, score_threshold }), outputs))
}

fn frame(manifest: &Manifest) -> Result<(Kind, Vec<OutputSpec>), Problem> {
    const KIND: &str = "frame";
    let typed = &manifest.outputs;
    unwanted("detector", &manifest.detector, KIND)?;
    unwanted("outputs.boxes", &typed.boxes, KIND)?;
    unwanted("outputs.scores", &typed.scores, KIND)?;
    if typed.expression.is_none() && typed.valence_arousal.is_none() && typed.action_units.is_none() {
        let key = "outputs.expression, outputs.valence_arousal or outputs.action_units".into();
        return Err(Problem::Absent { key, kind: KIND });
    }
    let align = align(wanted("align", &manifest.align, KIND)?)?;
    let mut outputs = Vec::new();
    let mut add = |key, tensor: &str, numbers| {
        outputs.push(OutputSpec { key, tensor: tensor.to_owned(), shape: vec![1, numbers] });
        outputs.len() - 1
    };
    let expression = match &typed.expression {
        None => None,
        Some(head) => {
            let labels = labels("outputs.expression.labels", "expressions", &head.labels)?;
            if labels.len() < 2 {
                let wanted = "write two labels or more, in the order of the logits";
                return Err(bad("outputs.expression.labels", format!("{:?}", head.labels), wanted));
            }
            let temperature = temperature(head.temperature)?;
            Some(ExpressionHead { output: add("expression", &head.tensor, labels.len()), labels, temperature })
        }
    };
    let valence_arousal = typed.valence_arousal.as_ref().map(|head| add("valence_arousal", &head.tensor, 2));
    let action_units = match &typed.action_units {
        None => None,
        Some(head) => {
            let labels = labels("outputs.action_units.labels", "action units", &head.labels)?;
            Some(ActionUnitHead { output: add("action_units", &head.tensor, labels.len()), labels })
        }
    };
    let embedding = match &typed.embedding {
        None => None,
        Some(head) => {
            let size = within("outputs.embedding.size", head.size, MAX_EMBEDDING)?;
            Some(add("embedding", &head.tensor, size))
        }
    };
    Ok((Kind::Frame(FrameSpec { align, expression, valence_arousal, action_units, embedding }), outputs))
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

/// The labels of a head, in the order of its logits.
fn labels<L: Label>(key: &'static str, all: &str, typed: &[String]) -> Result<Vec<L>, Problem> {
    let mut labels = Vec::with_capacity(typed.len());
    for name in typed {
        let known = || list(&L::ALL.iter().map(|l| l.name()).collect::<Vec<_>>());
        let label = L::from_name(name).ok_or_else(|| bad(key, quoted(name), format!("the {all} are {}", known())))?;
        if labels.contains(&label) {
            return Err(bad(key, quoted(name), "it stands there twice; each label has one logit"));
        }
        labels.push(label);
    }
    if labels.is_empty() {
        return Err(bad(key, "[]", "write the labels in the order of the logits"));
    }
    Ok(labels)
}

fn temperature(typed: f32) -> Result<f32, Problem> {
    above_zero("outputs.expression.temperature", typed)
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
