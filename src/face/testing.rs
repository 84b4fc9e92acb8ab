//! What tests of several parts share: a face as a detector would give it.

use super::{Detection, Landmarks};
use crate::affect::Confidence;
use crate::geometry::{Point, Rect};

pub(super) fn score(value: f32) -> Confidence {
    Confidence::new(value).unwrap()
}

/// An upright, frontal face about (x, y).
pub(super) fn face(x: f32, y: f32, side: f32, sure: f32) -> Detection {
    let at = |dx: f32, dy: f32| Point::new(x + dx * side, y + dy * side);
    let landmarks = Landmarks {
        right_eye: at(-0.2, -0.2),
        left_eye: at(0.2, -0.2),
        nose: at(0.0, 0.05),
        mouth: at(0.0, 0.25),
        right_ear: at(-0.45, -0.1),
        left_ear: at(0.45, -0.1),
    };
    Detection { rect: Rect::new(x - side / 2.0, y - side / 2.0, side, side), score: score(sure), landmarks }
}
