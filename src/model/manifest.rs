//! `pack.toml` as typed: every key that may stand there, and nothing about what it means.
//!
//! Unknown keys are refused, so that a misspelt one is not silently ignored. What the values mean is
//! decided on the way to a [`Pack`](super::Pack).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::file::read_bounded;
use super::spec::{Channels, Layout, Predicts};

/// The name of the file.
pub const FILE: &str = "pack.toml";

/// The most that is read of it, in bytes: a hundred times what ours have.
const LARGEST: u64 = 1 << 20;

/// The schema that this program reads.
pub const SCHEMA: u32 = 1;

/// All of `pack.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The pack's name, which is its folder's.
    pub name: String,
    /// Three numbers with dots between.
    pub version: String,
    /// What the model is for.
    pub kind: KindName,
    /// One sentence.
    pub summary: String,
    /// On what terms the weights may be used.
    pub licence: Licence,
    /// Detector and frame: the picture that is the model's one input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// Frame only: where a face's points lie in the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<Align>,
    /// Detector only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detector: Option<Detector>,
    /// Voice and sequence: the rows that are the model's one input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Voice only: how a row is made from sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
    /// Sequence only: whose embeddings a row is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Reads>,
    /// Ensemble only: whose estimates are averaged.
    #[serde(default, rename = "member", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// The model's outputs.
    #[serde(default)]
    pub outputs: Outputs,
    /// The ONNX files; the first one that suits an engine is used.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// What the training framework gave for some inputs. An ensemble has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden: Option<Golden>,
    /// What it was trained on.
    #[serde(default)]
    pub data: Vec<Data>,
    /// What was measured of it.
    #[serde(default)]
    pub measured: Vec<Measured>,
}

/// The kinds of pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KindName {
    /// Finds faces.
    Detector,
    /// Reads one face.
    Frame,
    /// Reads a window of sound.
    Voice,
    /// Reads what a face, and a voice, gave over a while.
    Sequence,
    /// Averages what other packs give.
    Ensemble,
}

impl KindName {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Frame => "frame",
            Self::Voice => "voice",
            Self::Sequence => "sequence",
            Self::Ensemble => "ensemble",
        }
    }
}

/// On what terms the weights may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// An SPDX identifier, or words.
    pub weights: String,
    /// Whether commercial use is allowed.
    pub commercial_use: bool,
    /// Why.
    pub note: String,
}

/// The input: one tensor named "input", f32, NCHW, batch 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Grey or RGB.
    pub channels: Channels,
    /// value = pixel · scale + offset.
    pub scale: f32,
    /// See `scale`.
    pub offset: f32,
}

/// Where a face's points lie, as fractions `[x, y]` of the input's width and height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Align {
    /// The person's right eye: left in the picture.
    pub right_eye: [f32; 2],
    /// The person's left eye.
    pub left_eye: [f32; 2],
    /// The tip of the nose.
    pub nose: [f32; 2],
    /// The centre of the mouth.
    pub mouth: [f32; 2],
}

/// How a detector's outputs are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Which grid of anchors.
    pub layout: Layout,
    /// The least score of a face, 0 to 1.
    pub score_threshold: f32,
    /// Whether the ONNX file leaves height, width and number of anchors open.
    #[serde(default)]
    pub resizable: bool,
}

/// A window of rows: one tensor named "input", f32, 1×frames×columns, the oldest row first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// How many rows.
    pub frames: u32,
    /// How many numbers a row has.
    pub columns: u32,
    /// How long the window is: each row stands for seconds / frames.
    pub seconds: f32,
    /// By how many rows the window moves on from one estimate to the next.
    pub hop_frames: u32,
    /// The same in seconds.
    pub hop_seconds: f32,
    /// Sequence only: for which row the outputs hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicts: Option<Predicts>,
}

/// How a row of a voice is made from sound: logarithms of the power in bands of the mel scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Samples in a second.
    pub rate_hz: u32,
    /// Samples under the window function.
    pub window: u32,
    /// Samples from one row to the next.
    pub hop: u32,
    /// Samples that are transformed, the window in their middle.
    pub fft: u32,
    /// Bands.
    pub bands: u32,
    /// Where the lowest band begins.
    pub low_hz: f32,
    /// Where the highest band ends.
    pub high_hz: f32,
    /// The least power of a band, before the logarithm.
    pub floor: f32,
}

/// Whose embeddings the rows of a sequence are made of: a face's first, then a voice's, each followed by one
/// number, 1 where there is one and 0 where not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// What reads the face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<Source>,
    /// What hears the voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Source>,
}

/// The pack that gives embeddings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// How many numbers its embedding has.
    pub embedding: u32,
}

/// A member of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The pack's name.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// How much it counts, beside the others.
    pub weight: f32,
}

/// The outputs; which of them may stand depends on the kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outputs {
    /// Frame, voice and sequence: logits of the expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<Expression>,
    /// Frame, voice and sequence: valence, then arousal, each −1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valence_arousal: Option<Plain>,
    /// Frame, voice and sequence: logits of the action units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_units: Option<ActionUnits>,
    /// Frame, voice and sequence: a vector for sequence models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// Frame and sequence: logits of the expressions that compound ones are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compound: Option<Compound>,
    /// Detector: regressors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Plain>,
    /// Detector: logits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Plain>,
}

/// An output whose shape follows from the kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plain {
    /// The ONNX output's name.
    pub tensor: String,
}

/// Logits of the expressions, 1×(number of labels).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// The ONNX output's name.
    pub tensor: String,
    /// Their order.
    pub labels: Vec<String>,
    /// probabilities = softmax(logits / temperature).
    pub temperature: f32,
}

/// Logits of the action units, 1×(number of labels); probability = 1 / (1 + exp(−logit)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionUnits {
    /// The ONNX output's name.
    pub tensor: String,
    /// Their order.
    pub labels: Vec<String>,
}

/// Logits of six expressions, each on its own, 1×6; a compound expression is as probable as the geometric mean of
/// its two parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compound {
    /// The ONNX output's name.
    pub tensor: String,
    /// Their order.
    pub labels: Vec<String>,
}

/// A vector, 1×size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// The ONNX output's name.
    pub tensor: String,
    /// How many numbers.
    pub size: u32,
}

/// One ONNX file and the engine it is made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The engine's name.
    pub engine: String,
    /// The file, within the pack.
    pub file: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// How the weights are stored.
    pub precision: String,
    /// In place of `golden.tolerance`, for a file that computes otherwise than the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f32>,
}

/// Golden vectors: raw little-endian f32, samples one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// How many samples.
    pub samples: u32,
    /// The greatest absolute difference that is tolerated.
    pub tolerance: f32,
    /// The inputs.
    pub input: FileEntry,
    /// The outputs, keyed as in `[outputs]`.
    pub outputs: BTreeMap<String, FileEntry>,
}

/// A file and its sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The file, within the pack.
    pub file: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
}

/// A data set it was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// Its terms.
    pub licence: String,
}

/// A number that was measured, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What.
    pub what: String,
    /// The number.
    pub value: f64,
    /// On which data.
    pub on: String,
    /// The command that measures it again.
    pub command: String,
    /// When, YYYY-MM-DD.
    pub date: String,
}

/// The one key that is read before the others.
#[derive(Deserialize)]
struct Schema {
    schema: i64,
}

impl Manifest {
    /// Understands the bytes of a `pack.toml`.
    ///
    /// # Errors
    /// When they are not UTF-8, and as [`Manifest::from_toml`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| Problem::Unreadable {
            file: FILE.into(),
            reason: std::io::Error::new(ErrorKind::InvalidData, error),
        })?;
        Self::from_toml(text)
    }

    /// Understands the text of a `pack.toml`.
    ///
    /// # Errors
    /// When it is not TOML, its schema is another one, or a key is unknown, missing or of the wrong type.
    pub fn from_toml(text: &str) -> Result<Self, Problem> {
        let syntax = |error| syntax(text, &error);
        // A newer schema has keys that are unknown here: the schema itself must be the complaint.
        let Schema { schema } = toml::from_str(text).map_err(syntax)?;
        if schema != i64::from(SCHEMA) {
            return Err(Problem::Schema { found: schema, known: SCHEMA });
        }
        toml::from_str(text).map_err(syntax)
    }
}

/// Reads the `pack.toml` of a folder, once: what is verified and what is parsed are these bytes.
///
/// # Errors
/// When there is no such folder or file, or it cannot be read or is far too large.
pub(super) fn read(dir: &Path) -> Result<Vec<u8>, Problem> {
    if !dir.is_dir() {
        return Err(Problem::NoFolder);
    }
    read_bounded(&dir.join(FILE), LARGEST).map_err(|reason| match reason.kind() {
        ErrorKind::NotFound => Problem::NoManifest,
        _ => Problem::Unreadable { file: FILE.into(), reason },
    })
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let shown = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default();
    Problem::Syntax { line, text: shown.to_owned(), message: error.message().replace('\n', " ") }
}
