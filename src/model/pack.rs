//! A pack as meant: only values that work, in the types that the rest of the program speaks.
//!
//! [`Pack::describe`] reads the manifest alone; [`Pack::load`] also checks every file's SHA-256 and the
//! golden vectors' lengths. What only the ONNX file can tell, its shapes, is checked when a
//! [`Model`](super::Model) is opened.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::digest::Sha256Sum;
use super::error::{ModelError, Problem};
use super::manifest::Manifest;
pub use super::manifest::{Data, Licence};
use crate::affect::{Confidence, Expression};
use crate::geometry::Point;
use crate::picture::Normalise;

/// A model pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Its version: three numbers with dots between.
    pub version: String,
    /// What it is, in one sentence.
    pub summary: String,
    /// What it is for, with what only that kind has.
    pub kind: Kind,
    /// On what terms the weights may be used.
    pub licence: Licence,
    /// The input.
    pub input: InputSpec,
    /// The outputs that are used, in the order of [`Model::output`](super::Model::output). Detector: boxes,
    /// scores. Frame: expression, valence_arousal, embedding, as far as there are.
    pub outputs: Vec<OutputSpec>,
    /// The ONNX files, in the order of preference.
    pub variants: Vec<Variant>,
    /// What the training framework gave.
    pub golden: Golden,
    /// What it was trained on.
    pub data: Vec<Data>,
    /// What was measured of it.
    pub measured: Vec<Measured>,
    /// The folder.
    pub(super) dir: PathBuf,
}

/// What a pack is for. Voice and sequence models will be kinds of their own.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Finds faces in a picture.
    Detector(DetectorSpec),
    /// Reads one aligned face.
    Frame(FrameSpec),
}

impl Kind {
    /// The name in `pack.toml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Detector(_) => "detector",
            Self::Frame(_) => "frame",
        }
    }
}

/// The input: 1×channels×height×width, f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputSpec {
    /// Pixels across, 1 to 2048.
    pub width: usize,
    /// Pixels down, 1 to 2048.
    pub height: usize,
    /// Grey or RGB.
    pub channels: Channels,
    /// What becomes of a pixel.
    pub norm: Normalise,
}

impl InputSpec {
    /// The tensor's shape.
    pub fn shape(&self) -> [usize; 4] {
        [1, self.channels.count(), self.height, self.width]
    }

    /// How many numbers the tensor has.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether the tensor is empty, which it never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the input's channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// One: luma.
    Grey,
    /// Three planes: red, green, blue.
    Rgb,
}

impl Channels {
    /// How many.
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// How a detector's outputs are read: 0 the boxes, 1×anchors×16; 1 the scores' logits, 1×anchors×1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectorSpec {
    /// The grid of anchors.
    pub layout: Layout,
    /// The least score of a face, above 0 and below 1.
    pub score_threshold: Confidence,
}

/// BlazeFace's grids of anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Full range, dense: one anchor in each cell of 48×48.
    FullRange,
    /// Short range: two anchors in each cell of 16×16, then six in each of 8×8.
    ShortRange,
}

impl Layout {
    /// The side of the square input, in pixels.
    pub fn side(self) -> usize {
        match self {
            Self::FullRange => 192,
            Self::ShortRange => 128,
        }
    }

    /// How many anchors.
    pub fn anchors(self) -> usize {
        match self {
            Self::FullRange => 48 * 48,
            Self::ShortRange => 2 * 16 * 16 + 6 * 8 * 8,
        }
    }
}

/// How a frame model is fed and read.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameSpec {
    /// Where the face's points lie in the input.
    pub align: Align,
    /// The head for expressions.
    pub expression: Option<ExpressionHead>,
    /// Which output has valence and arousal.
    pub valence_arousal: Option<usize>,
    /// Which output has the embedding.
    pub embedding: Option<usize>,
}

/// Where a face's points lie, as fractions of the input's width and height, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Align {
    /// The person's right eye: left in the picture.
    pub right_eye: Point,
    /// The person's left eye.
    pub left_eye: Point,
    /// The tip of the nose.
    pub nose: Point,
    /// The centre of the mouth.
    pub mouth: Point,
}

impl Align {
    /// The same points in the input's pixels.
    pub fn in_pixels(&self, input: &InputSpec) -> Self {
        let to_pixels = |p: Point| Point::new(p.x * input.width as f32, p.y * input.height as f32);
        Self {
            right_eye: to_pixels(self.right_eye),
            left_eye: to_pixels(self.left_eye),
            nose: to_pixels(self.nose),
            mouth: to_pixels(self.mouth),
        }
    }
}

/// Logits of the expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpressionHead {
    /// Which output.
    pub output: usize,
    /// The order of the logits: two labels or more, none twice.
    pub labels: Vec<Expression>,
    /// probabilities = softmax(logits / temperature); finite, above 0.
    pub temperature: f32,
}

/// An output that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSpec {
    /// Its key in `[outputs]`.
    pub key: &'static str,
    /// Its name in the ONNX file.
    pub tensor: String,
    /// Its shape, f32.
    pub shape: Vec<usize>,
}

impl OutputSpec {
    /// How many numbers it has.
    pub fn numbers(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One ONNX file and the engine it is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The engine's name; this program need not have it.
    pub engine: String,
    /// The ONNX file.
    pub file: PackFile,
    /// How the weights are stored, in words: "f32", "int8-weight-only".
    pub precision: String,
}

/// Golden vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// How many samples, at least 1.
    pub samples: usize,
    /// The greatest absolute difference that is tolerated; finite, above 0.
    pub tolerance: f32,
    /// The inputs.
    pub input: PackFile,
    /// What the training framework gave, in the order of [`Pack::outputs`].
    pub outputs: Vec<PackFile>,
}

/// A number that was measured, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What.
    pub what: String,
    /// The number, finite.
    pub value: f64,
    /// On which data.
    pub on: String,
    /// The command that measures it again.
    pub command: String,
    /// When.
    pub date: jiff::civil::Date,
}

/// A file of the pack. Its path has no way out of the folder, other than a link someone put there; and
/// whatever it leads to must have the sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    /// The path within the pack.
    pub path: PathBuf,
    /// What the file must hold.
    pub sha256: Sha256Sum,
}

impl PackFile {
    /// Checks the sum, reading piece by piece; gives the length in bytes.
    fn check(&self, dir: &Path) -> Result<u64, Problem> {
        let (found, length) = Sha256Sum::of_file(&dir.join(&self.path)).map_err(|e| self.unread(e))?;
        self.expect(found).map(|()| length)
    }

    /// Reads the whole file; what comes back has the sum.
    pub(super) fn read(&self, dir: &Path) -> Result<Vec<u8>, Problem> {
        let bytes = fs::read(dir.join(&self.path)).map_err(|e| self.unread(e))?;
        self.expect(Sha256Sum::of(&bytes)).map(|()| bytes)
    }

    fn expect(&self, found: Sha256Sum) -> Result<(), Problem> {
        if found == self.sha256 {
            return Ok(());
        }
        Err(Problem::Hash { file: self.path.clone(), expected: self.sha256, found })
    }

    fn unread(&self, reason: io::Error) -> Problem {
        let file = self.path.clone();
        match reason.kind() {
            ErrorKind::NotFound => Problem::FileMissing { file },
            _ => Problem::Unreadable { file, reason },
        }
    }
}

impl Pack {
    /// Reads the manifest of a folder and takes it to mean something; opens no other file.
    ///
    /// # Errors
    /// When the folder or its manifest is not there, or the manifest is wrong.
    pub fn describe(dir: &Path) -> Result<Self, ModelError> {
        Manifest::read(dir)
            .and_then(|manifest| super::parse::parse(manifest, dir))
            .map_err(|problem| ModelError::new(dir.display().to_string(), problem))
    }

    /// Reads a pack and checks all of its files.
    ///
    /// # Errors
    /// As [`Pack::describe`], and when a file is missing, has another SHA-256 or the wrong length.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let pack = Self::describe(dir)?;
        pack.check_files()?;
        Ok(pack)
    }

    /// Checks the SHA-256 of every file, and that the golden vectors have the lengths that follow from
    /// the shapes.
    ///
    /// # Errors
    /// When a file is missing, has another SHA-256 or the wrong length.
    pub fn check_files(&self) -> Result<(), ModelError> {
        self.files_problem().map_err(|problem| self.error(problem))
    }

    fn files_problem(&self) -> Result<(), Problem> {
        let mut checked: Vec<&PackFile> = Vec::new();
        for Variant { file, .. } in &self.variants {
            // Engines may share a file.
            if !checked.contains(&file) {
                file.check(&self.dir)?;
                checked.push(file);
            }
        }
        let lengths = self.outputs.iter().map(|o| (o.key, o.numbers()));
        let golden = std::iter::once(&self.golden.input).chain(&self.golden.outputs);
        for (file, (key, numbers)) in golden.zip(std::iter::once(("input", self.input.len())).chain(lengths)) {
            let (found, samples) = (file.check(&self.dir)?, self.golden.samples);
            let expected = (samples * numbers * size_of::<f32>()) as u64;
            if found != expected {
                let meaning = format!("{samples} samples of {numbers} numbers of {key}, four bytes each");
                return Err(Problem::Length { file: file.path.clone(), expected, found, meaning });
            }
        }
        Ok(())
    }

    /// Name and version: "mtanet 0.1.0".
    pub fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How a detector's outputs are read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn detector(&self) -> Result<DetectorSpec, ModelError> {
        match &self.kind {
            Kind::Detector(spec) => Ok(*spec),
            other => Err(self.error(Problem::Kind { found: other.name(), wanted: "detector" })),
        }
    }

    /// How a frame model is fed and read.
    ///
    /// # Errors
    /// When the pack is of another kind.
    pub fn frame(&self) -> Result<&FrameSpec, ModelError> {
        match &self.kind {
            Kind::Frame(spec) => Ok(spec),
            other => Err(self.error(Problem::Kind { found: other.name(), wanted: "frame" })),
        }
    }

    /// What messages call it: its name, version and folder.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", self.id(), self.dir.display())
    }

    /// A problem of this pack.
    pub(super) fn error(&self, problem: Problem) -> ModelError {
        ModelError::new(self.label(), problem)
    }
}
