//! What a pack's model takes and gives: its kind, input and outputs.

use serde::{Deserialize, Serialize};

use crate::affect::{ActionUnit, Confidence, Expression};
use crate::geometry::{Point, Size};
use crate::picture::Normalise;

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
    /// The head for expressions.
    pub expression: Option<ExpressionHead>,
    /// Which output has valence and arousal.
    pub valence_arousal: Option<usize>,
    /// The head for action units.
    pub action_units: Option<ActionUnitHead>,
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

/// Logits of the action units; the probability of each is its logistic function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUnitHead {
    /// Which output.
    pub output: usize,
    /// The order of the logits: one label or more, none twice.
    pub labels: Vec<ActionUnit>,
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
