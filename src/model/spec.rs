//! What a pack's model takes and gives: its kind, input and outputs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::manifest;
use crate::affect::{ActionUnit, Confidence, Expression};
use crate::geometry::{Point, Size};
use crate::picture::Normalise;

/// What a pack is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Finds faces in a picture.
    Detector(DetectorSpec),
    /// Reads one aligned face.
    Frame(FrameSpec),
    /// Reads a window of sound.
    Voice(VoiceSpec),
    /// Reads the embeddings of a while.
    Sequence(SequenceSpec),
    /// Averages what other packs give; has no network of its own.
    Ensemble(EnsembleSpec),
}

impl Kind {
    /// The name in `pack.toml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Detector(_) => "detector",
            Self::Frame(_) => "frame",
            Self::Voice(_) => "voice",
            Self::Sequence(_) => "sequence",
            Self::Ensemble(_) => "ensemble",
        }
    }
}

/// The one input of a pack's network, f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input {
    /// A picture.
    Picture(InputSpec),
    /// Rows of numbers, the oldest first: 1×rows×columns.
    Rows(Window),
    /// There is no network.
    Nothing,
}

impl Input {
    /// The tensor's shape.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Picture(picture) => picture.shape().to_vec(),
            Self::Rows(window) => window.shape().to_vec(),
            Self::Nothing => vec![0],
        }
    }

    /// How many numbers the tensor has.
    pub fn numbers(&self) -> usize {
        self.shape().iter().product()
    }
}

/// A picture as input: 1×channels×height×width, f32.
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

    /// The same input with more or fewer pixels.
    pub fn sized(&self, size: Size) -> Self {
        Self { width: size.width, height: size.height, ..*self }
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
    /// The grids of anchors.
    pub layout: Layout,
    /// Whether the network takes inputs of other sizes than its own, too: any multiple of
    /// [`Layout::multiple`].
    pub resizable: bool,
    /// The least score of a face, above 0 and below 1.
    pub score_threshold: Confidence,
}

impl DetectorSpec {
    /// What `outputs`, those of an input of another size, are for an input of `size`.
    pub fn outputs_for(&self, size: Size, outputs: &[OutputSpec]) -> Vec<OutputSpec> {
        let mut outputs = outputs.to_vec();
        for output in &mut outputs {
            output.shape[1] = self.layout.anchors(size);
        }
        outputs
    }
}

/// BlazeFace's grids of anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Full range, dense: one anchor in each cell of 4×4 pixels.
    FullRange,
    /// Short range: two anchors in each cell of 8×8 pixels, then six in each of 16×16.
    ShortRange,
}

impl Layout {
    /// The side of the square input that the network was trained with, in pixels.
    pub const fn side(self) -> usize {
        match self {
            Self::FullRange => 192,
            Self::ShortRange => 128,
        }
    }

    /// What the sides of an input must be multiples of: the network halves them again and again.
    pub const fn multiple(self) -> usize {
        match self {
            Self::FullRange => 32,
            Self::ShortRange => 16,
        }
    }

    /// The grids, in the order of the network's output: pixels a cell has on a side, anchors in it.
    pub const fn grids(self) -> &'static [(usize, usize)] {
        match self {
            Self::FullRange => &[(4, 1)],
            Self::ShortRange => &[(8, 2), (16, 6)],
        }
    }

    /// How many anchors an input of that size has.
    pub fn anchors(self, size: Size) -> usize {
        self.grids().iter().map(|(cell, each)| (size.width / cell) * (size.height / cell) * each).sum()
    }
}

/// How a frame model is fed and read.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameSpec {
    /// Where the face's points lie in the input.
    pub align: Align,
    /// What it gives.
    pub heads: Heads,
}

/// What a model of a face, a voice or a sequence gives: one head or more.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heads {
    /// The head for expressions.
    pub expression: Option<ExpressionHead>,
    /// Which output has valence and arousal.
    pub valence_arousal: Option<usize>,
    /// The head for action units.
    pub action_units: Option<ActionUnitHead>,
    /// Which output has the embedding.
    pub embedding: Option<usize>,
    /// The head for compound expressions.
    pub compound: Option<CompoundHead>,
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

/// Logits of the action units; the probability of each is its logistic function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUnitHead {
    /// Which output.
    pub output: usize,
    /// The order of the logits: one label or more, none twice.
    pub labels: Vec<ActionUnit>,
}

/// Logits of six expressions, each on its own, that compound expressions are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompoundHead {
    /// Which output.
    pub output: usize,
    /// The order of the logits: each of anger, disgust, fear, happiness, sadness and surprise, once.
    pub labels: [Expression; 6],
}

/// A window of rows, and how it moves on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// How many rows, 1 to 4096.
    pub rows: usize,
    /// How many numbers a row has, 1 to 8192.
    pub columns: usize,
    /// What one row stands for.
    pub step: Duration,
    /// From one estimate to the next.
    pub hop: Duration,
}

impl Window {
    /// The tensor's shape.
    pub fn shape(&self) -> [usize; 3] {
        [1, self.rows, self.columns]
    }

    /// How long the window is.
    pub fn span(&self) -> Duration {
        self.step * self.rows as u32
    }
}

/// How a voice model is fed and read.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceSpec {
    /// Its rows: the bands of [`Features::COMPUTED`](manifest::Features::COMPUTED), then 1 where there is voice and 0 where not.
    pub window: Window,
    /// What it gives.
    pub heads: Heads,
}

impl manifest::Features {
    /// What affectd computes of sound.
    pub const COMPUTED: Self = Self {
        rate_hz: 16_000,
        window: 400,
        hop: 160,
        fft: 512,
        bands: 64,
        low_hz: 60.0,
        high_hz: 7_600.0,
        floor: 1e-8,
    };
}

/// How a sequence model is fed and read.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceSpec {
    /// Its rows: the face's embedding and 1 where there is one, then the voice's and 1 where there is one, as far as
    /// it reads them; all 0 where there is none.
    pub window: Window,
    /// For which row its outputs hold.
    pub predicts: Predicts,
    /// Whose embeddings of faces it reads.
    pub face: Option<Source>,
    /// Whose embeddings of voices it reads.
    pub voice: Option<Source>,
    /// What it gives.
    pub heads: Heads,
}

impl SequenceSpec {
    /// How far behind the newest row the row lies for which the outputs hold.
    pub fn behind(&self) -> Duration {
        let rows = self.window.rows;
        self.window.step * (rows - 1 - self.predicts.row(rows)) as u32
    }
}

/// For which moment of its window a sequence model estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Predicts {
    /// The last row's.
    Newest,
    /// That of the row in the middle, the later one of two: so it knows what came after.
    Middle,
}

impl Predicts {
    /// Which of `rows` rows, from 0, the oldest first.
    pub fn row(self, rows: usize) -> usize {
        match self {
            Self::Newest => rows - 1,
            Self::Middle => rows / 2,
        }
    }
}

/// The pack that gives embeddings to a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// How many numbers its embedding has.
    pub size: usize,
}

/// Whose estimates an ensemble averages.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleSpec {
    /// The members: two or more, none twice.
    pub members: Vec<Member>,
}

/// A member of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The pack's name.
    pub pack: String,
    /// Its version.
    pub version: String,
    /// How much it counts: finite, above 0. They need not sum to 1.
    pub weight: f32,
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
