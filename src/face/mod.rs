//! The face path: detect, track, judge quality, align, estimate.

use crate::affect::{Confidence, Estimate};
use crate::geometry::{Point, Rect};

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
    /// What the model gave; absent when the quality did not suffice.
    pub estimate: Option<Estimate>,
}
