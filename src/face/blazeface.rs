//! BlazeFace: from the network's raw numbers to faces.
//!
//! The network looks at a picture through grids of anchors and gives 16 numbers and a logit for
//! each: the box's centre and size and six points, in input pixels; centre and points are counted from
//! the anchor's centre. Neighbouring anchors see the same face, so what overlaps is merged: a mean
//! weighted by score. (Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on
//! Mobile GPUs"; anchors as in MediaPipe's published graphs.)

#[cfg(test)]
mod tests;

use heapless::Vec as FixedVec;

use super::{Detection, FaceError, Landmarks, MAX_FACES};
use crate::affect::Confidence;
use crate::geometry::{Point, Rect, Size};
use crate::model::Layout;
use crate::picture::letterbox::Letterbox;

/// Numbers per anchor: centre x, y, width, height, then x, y of each of the six points.
const NUMBERS: usize = 16;

/// Candidates that overlap more than this are one face.
const SAME_FACE: f32 = 0.3;

/// The centre of each anchor, in input pixels, row by row.
fn anchors(layout: Layout, size: Size) -> Vec<Point> {
    let mut anchors = Vec::with_capacity(layout.anchors(size));
    for &(cell, each) in layout.grids() {
        let (columns, rows) = (size.width / cell, size.height / cell);
        let centre = |place: usize| (place as f32 + 0.5) * cell as f32;
        for place in 0..columns * rows {
            let centre = Point::new(centre(place % columns), centre(place / columns));
            anchors.extend(std::iter::repeat_n(centre, each));
        }
    }
    anchors
}

/// The faces of one picture, the largest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faces {
    /// The largest of them.
    pub largest: FixedVec<Detection, MAX_FACES>,
    /// How many more there were, all smaller.
    pub beyond: usize,
}

impl Faces {
    /// Adds a face; when there is no room, the smallest goes and is counted.
    pub(super) fn add(&mut self, detection: Detection) {
        let place = self.largest.partition_point(|kept| kept.rect.area() >= detection.rect.area());
        if self.largest.is_full() {
            self.beyond += 1;
            if place == MAX_FACES {
                return;
            }
            self.largest.pop();
        }
        // There is room: the list was not full, or its smallest has just left.
        let _ = self.largest.insert(place, detection);
    }
}

/// What one anchor, or a merged face, says: [`NUMBERS`] in input pixels.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    numbers: [f32; NUMBERS],
    score: f32,
}

impl Candidate {
    fn rect(&self) -> Rect {
        let [x, y, width, height, ..] = self.numbers;
        Rect::new(x - width / 2.0, y - height / 2.0, width, height)
    }

    fn detection(&self, letterbox: &Letterbox) -> Option<Detection> {
        let rect = self.rect();
        let corner = letterbox.to_frame(Point::new(rect.x, rect.y));
        let opposite = letterbox.to_frame(Point::new(rect.x + rect.width, rect.y + rect.height));
        let point = |i: usize| letterbox.to_frame(Point::new(self.numbers[4 + 2 * i], self.numbers[5 + 2 * i]));
        let landmarks = Landmarks {
            right_eye: point(0),
            left_eye: point(1),
            nose: point(2),
            mouth: point(3),
            right_ear: point(4),
            left_ear: point(5),
        };
        let (width, height) = (opposite.x - corner.x, opposite.y - corner.y);
        Some(Detection {
            rect: Rect::new(corner.x, corner.y, width, height),
            score: Confidence::new(self.score)?,
            landmarks,
        })
    }
}

/// Turns the network's output into faces. Its buffers are made once.
#[derive(Debug)]
pub struct Decoder {
    anchors: Vec<Point>,
    candidates: Vec<Candidate>,
}

impl Decoder {
    /// A decoder for one layout and size of the input.
    pub fn new(layout: Layout, size: Size) -> Self {
        let anchors = anchors(layout, size);
        let candidates = Vec::with_capacity(anchors.len());
        Self { anchors, candidates }
    }

    /// The faces whose score (sigmoid of the logit) is at least `threshold` (0 to 1), in frame pixels.
    ///
    /// `regressors` holds 16 numbers for each anchor, `scores` one logit. An anchor with a number that
    /// is not finite, or a box without an area, is left out.
    ///
    /// # Errors
    /// When the lengths do not fit the layout and size.
    pub fn decode(
        &mut self,
        regressors: &[f32],
        scores: &[f32],
        threshold: Confidence,
        letterbox: &Letterbox,
    ) -> Result<Faces, FaceError> {
        let expected = self.anchors.len();
        if scores.len() != expected || regressors.len() != expected * NUMBERS {
            return Err(FaceError::Outputs { anchors: expected, regressors: regressors.len(), scores: scores.len() });
        }
        self.collect(regressors, scores, threshold);
        let mut faces = Faces::default();
        merge(&mut self.candidates, |face| {
            if let Some(detection) = face.detection(letterbox) {
                faces.add(detection);
            }
        });
        Ok(faces)
    }

    fn collect(&mut self, regressors: &[f32], scores: &[f32], threshold: Confidence) {
        self.candidates.clear();
        // Most anchors see nothing: compare logits, and take the sigmoid of what is left.
        let least = (threshold.get() / (1.0 - threshold.get())).ln();
        for ((anchor, raw), &logit) in self.anchors.iter().zip(regressors.chunks_exact(NUMBERS)).zip(scores) {
            if !logit.is_finite() || logit < least || !raw.iter().all(|n| n.is_finite()) || raw[2].min(raw[3]) <= 0.0 {
                continue;
            }
            let mut numbers = [0.0; NUMBERS];
            for (i, (number, raw)) in numbers.iter_mut().zip(raw).enumerate() {
                let from = match i {
                    2 | 3 => 0.0,
                    _ if i % 2 == 0 => anchor.x,
                    _ => anchor.y,
                };
                *number = raw + from;
            }
            self.candidates.push(Candidate { numbers, score: 1.0 / (1.0 + (-logit).exp()) });
        }
    }
}

/// Weighted non-maximum suppression: the best candidate and all that overlap it become their mean,
/// weighted by score, with the best one's score; then the best of what is left, and so on.
fn merge(candidates: &mut Vec<Candidate>, mut face: impl FnMut(Candidate)) {
    // The lowest comes first, so that the best is at the end and taken off cheaply.
    candidates.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    while let Some(best) = candidates.last().copied() {
        let place = best.rect();
        let mut sum = [0.0; NUMBERS];
        let mut weight = 0.0;
        let before = candidates.len();
        candidates.retain(|candidate| {
            let same = candidate.rect().iou(&place) > SAME_FACE;
            if same {
                weight += candidate.score;
                sum.iter_mut().zip(candidate.numbers).for_each(|(s, n)| *s += n * candidate.score);
            }
            !same
        });
        if candidates.len() == before {
            // A box so large that its area is not finite overlaps not even itself.
            candidates.pop();
            continue;
        }
        face(Candidate { numbers: sum.map(|s| s / weight), score: best.score });
    }
}
