//! The face path: detect, track, judge quality, align, estimate.
//!
//! ```text
//!           ┌─ detect (in its turn) ─┐
//! picture ─►│                        ├─► track ─► align ─► quality ─► face model ─► Observation
//!           └─ follow (every frame) ─┘
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | [`blazeface`] | from the network's raw numbers to faces |
//! | [`detect`] | a detector pack at work: whole pictures, close looks, photos |
//! | [`follow`] | faces between detections, by their luma |
//! | [`track`] | who is who: numbers that stay; pure |
//! | [`align`], [`quality`] | a face as the model sees it, and how well it can be read |
//! | `read` | one face: aligned, judged, estimated |
//! | `path` | all of it, frame by frame |

use std::time::Duration;

use thiserror::Error;

use crate::affect::{Confidence, Estimate};
use crate::geometry::{Point, Rect};
use crate::model::ModelError;
use crate::picture::Picture;

pub mod align;
pub mod blazeface;
pub mod detect;
pub mod follow;
mod path;
pub mod quality;
mod read;
mod settings;
#[cfg(test)]
mod testing;
pub mod timings;
pub mod track;

pub use path::{Counts, FacePath};
pub use read::{FaceModel, Reader, Witness};
pub use settings::FaceSettings;

/// The most faces that are followed at once; the largest come first.
pub const MAX_FACES: usize = 32;

/// A track's number: given once per run, never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

/// The six points that BlazeFace finds, in frame pixels. Right and left are the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Landmarks {
    /// The centre of the right eye.
    pub right_eye: Point,
    /// The centre of the left eye.
    pub left_eye: Point,
    /// The tip of the nose.
    pub nose: Point,
    /// The centre of the mouth.
    pub mouth: Point,
    /// The right ear's tragion.
    pub right_ear: Point,
    /// The left ear's tragion.
    pub left_ear: Point,
}

impl Landmarks {
    /// The points, in the order of the fields.
    pub fn points(&self) -> [Point; 6] {
        [self.right_eye, self.left_eye, self.nose, self.mouth, self.right_ear, self.left_ear]
    }

    /// Each point changed by `change`.
    pub fn map(&self, change: impl Fn(Point) -> Point) -> Self {
        self.zip(self, |point, _| change(point))
    }

    /// Each point joined with its fellow in `other`.
    pub fn zip(&self, other: &Self, join: impl Fn(Point, Point) -> Point) -> Self {
        Self {
            right_eye: join(self.right_eye, other.right_eye),
            left_eye: join(self.left_eye, other.left_eye),
            nose: join(self.nose, other.nose),
            mouth: join(self.mouth, other.mouth),
            right_ear: join(self.right_ear, other.right_ear),
            left_ear: join(self.left_ear, other.left_ear),
        }
    }

    /// Whether every coordinate is finite.
    pub fn is_finite(&self) -> bool {
        self.points().iter().all(|point| point.is_finite())
    }
}

/// A face that a detector found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where, in frame pixels; may reach beyond the frame.
    pub rect: Rect,
    /// The detector's score.
    pub score: Confidence,
    /// The face's points.
    pub landmarks: Landmarks,
}

/// How well a face can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// The shorter side of the face, in frame pixels.
    pub size: f32,
    /// 0 (no detail) to 1 (sharp).
    pub sharpness: f32,
    /// The head's turn about the vertical, in degrees, 0 frontal, positive to the person's left.
    pub yaw: f32,
    /// The mean luma of the face, 0 (black) to 1 (white).
    pub brightness: f32,
    /// Whether all of them are good enough for an estimate.
    pub usable: bool,
}

/// What one frame gave for one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Whose face, as long as it stays in view.
    pub track: TrackId,
    /// Where, in frame pixels.
    pub rect: Rect,
    /// How well it can be read.
    pub quality: Quality,
    /// How far the estimate can be trusted, from the picture's side: detection score and quality.
    pub confidence: Confidence,
    /// What the model gave; absent when the quality did not suffice, or it was not the face's turn.
    pub estimate: Option<Estimate>,
    /// How long before the frame the moment lies that the estimate is of: a sequence model may have to see what came
    /// after. Zero otherwise.
    pub behind: Duration,
}

impl Observation {
    /// A picture that is one face: nothing in it was searched for or doubted.
    pub fn of_crop(crop: &Picture, estimate: Estimate) -> Self {
        let (width, height) = (crop.width() as f32, crop.height() as f32);
        let quality = Quality { size: width.min(height), sharpness: 1.0, yaw: 0.0, brightness: 0.5, usable: true };
        let rect = Rect::new(0.0, 0.0, width, height);
        Self {
            track: TrackId(0),
            rect,
            quality,
            confidence: Confidence::MAX,
            estimate: Some(estimate),
            behind: Duration::ZERO,
        }
    }
}

/// Why a picture could not be searched for faces or a face not be read.
#[derive(Debug, Error)]
pub enum FaceError {
    /// A model cannot be used or failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model reads other channels than its kind is given.
    #[error("a {kind} pack is given {wanted} pictures: its pack.toml must say channels = {wanted:?}")]
    Channels {
        /// The pack's kind.
        kind: &'static str,
        /// What it is given.
        wanted: &'static str,
    },
    /// The detector's numbers do not fit its layout.
    #[error(
        "the detector gave {regressors} numbers and {scores} scores where its layout has {anchors} anchors of 16: \
         the pack's [detector] layout does not belong to its network"
    )]
    Outputs {
        /// The anchors of the layout.
        anchors: usize,
        /// The numbers that came.
        regressors: usize,
        /// The scores that came.
        scores: usize,
    },
}
