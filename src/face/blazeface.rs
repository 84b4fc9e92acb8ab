//! BlazeFace: from the network's raw numbers to faces.
//!
//! The network looks at a square picture through a grid of anchors and gives 16 numbers and a logit for
//! each: the box's centre and size and six points, in input pixels; centre and points are counted from
//! the anchor's centre. Neighbouring anchors see the same face, so what overlaps is merged: a mean
//! weighted by score. (Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on
//! Mobile GPUs"; anchors as in MediaPipe's published graphs.)

use heapless::Vec as FixedVec;

use super::{Detection, FaceError, Landmarks, MAX_FACES};
use crate::affect::Confidence;
use crate::geometry::{Point, Rect};
use crate::model::Layout;
use crate::picture::letterbox::Letterbox;

/// Numbers per anchor: centre x, y, width, height, then x, y of each of the six points.
const NUMBERS: usize = 16;

/// Candidates that overlap more than this are one face.
const SAME_FACE: f32 = 0.3;

/// The grids of a layout, in the order of the network's output: cells a side, anchors a cell.
const fn grids(layout: Layout) -> &'static [(usize, usize)] {
    match layout {
        Layout::ShortRange => &[(16, 2), (8, 6)],
        Layout::FullRange => &[(48, 1)],
    }
}

/// The centre of each anchor, in input pixels, row by row.
fn anchors(layout: Layout) -> Vec<Point> {
    let mut anchors = Vec::with_capacity(layout.anchors());
    for &(cells, each) in grids(layout) {
        let stride = layout.side() as f32 / cells as f32;
        for cell in 0..cells * cells {
            let (column, row) = (cell % cells, cell / cells);
            let centre = Point::new((column as f32 + 0.5) * stride, (row as f32 + 0.5) * stride);
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
    /// A decoder for one layout.
    pub fn new(layout: Layout) -> Self {
        let anchors = anchors(layout);
        let candidates = Vec::with_capacity(anchors.len());
        Self { anchors, candidates }
    }

    /// The faces whose score (sigmoid of the logit) is at least `threshold` (0 to 1), in frame pixels.
    ///
    /// `regressors` holds 16 numbers for each anchor, `scores` one logit. An anchor with a number that
    /// is not finite, or a box without an area, is left out.
    ///
    /// # Errors
    /// When the lengths do not fit the layout.
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Letterbox = Letterbox { scale: 1.0, pad_x: 0.0, pad_y: 0.0, origin: Point::new(0.0, 0.0) };

    fn half() -> Confidence {
        Confidence::new(0.5).unwrap()
    }

    /// The raw output of a network that sees nothing.
    fn nothing(layout: Layout) -> (Vec<f32>, Vec<f32>) {
        let anchors = layout.anchors();
        (vec![0.0; anchors * NUMBERS], vec![-20.0; anchors])
    }

    /// Lets anchor `i` see a square face of `side`, at its own centre plus `shift`.
    fn see(output: &mut (Vec<f32>, Vec<f32>), i: usize, side: f32, shift: f32, logit: f32) {
        output.1[i] = logit;
        let numbers = &mut output.0[i * NUMBERS..][..NUMBERS];
        numbers.fill(shift);
        numbers[2..4].fill(side);
    }

    #[test]
    fn the_layouts_have_the_anchors_of_the_published_networks() {
        let full = anchors(Layout::FullRange);
        assert_eq!((full.len(), full[0], full[2303]), (2304, Point::new(2.0, 2.0), Point::new(190.0, 190.0)));
        assert_eq!(full[49], Point::new(6.0, 6.0));
        let short = anchors(Layout::ShortRange);
        assert_eq!((short.len(), short[1], short[2]), (896, Point::new(4.0, 4.0), Point::new(12.0, 4.0)));
        assert_eq!(
            (short[511], short[512], short[518]),
            (Point::new(124.0, 124.0), Point::new(8.0, 8.0), Point::new(24.0, 8.0))
        );
    }

    #[test]
    fn box_and_points_come_back_in_frame_pixels() {
        let mut output = nothing(Layout::FullRange);
        see(&mut output, 0, 20.0, 0.0, 2.0);
        for (i, number) in output.0[4..16].iter_mut().enumerate() {
            *number = i as f32;
        }
        // A frame twice as large as the input shows it, and 10 pixels of black at the top.
        let letterbox = Letterbox { scale: 0.5, pad_x: 0.0, pad_y: 10.0, origin: Point::new(100.0, 0.0) };
        let faces = Decoder::new(Layout::FullRange).decode(&output.0, &output.1, half(), &letterbox).unwrap();
        let [face] = faces.largest.as_slice() else { panic!("{faces:?}") };
        assert_eq!(face.rect, Rect::new(84.0, -36.0, 40.0, 40.0));
        assert!((face.score.get() - 0.880_797).abs() < 1e-6);
        assert_eq!(face.landmarks.right_eye, Point::new(104.0, -14.0));
        assert_eq!(face.landmarks.left_ear, Point::new(124.0, 6.0));
    }

    #[test]
    fn neighbouring_anchors_are_merged_into_a_mean_weighted_by_score() {
        let mut output = nothing(Layout::FullRange);
        see(&mut output, 100, 40.0, 0.0, 3.0);
        see(&mut output, 101, 40.0, 0.0, 1.0);
        let faces = Decoder::new(Layout::FullRange).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
        let [face] = faces.largest.as_slice() else { panic!("{faces:?}") };
        let (heavy, light) = (0.952_574_1, 0.731_058_6);
        let left = anchors(Layout::FullRange)[100].x;
        let expected = left + 4.0 * light / (heavy + light);
        assert!((face.rect.centre().x - expected).abs() < 1e-4, "{face:?}");
        assert!((face.score.get() - heavy).abs() < 1e-6);
    }

    #[test]
    fn a_score_at_the_threshold_counts_and_one_below_does_not() {
        let mut output = nothing(Layout::ShortRange);
        see(&mut output, 0, 10.0, 0.0, 0.0);
        see(&mut output, 700, 10.0, 0.0, -0.01);
        let faces = Decoder::new(Layout::ShortRange).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
        assert_eq!((faces.largest.len(), faces.beyond), (1, 0));
    }

    #[test]
    fn numbers_that_are_not_finite_and_boxes_without_area_are_left_out() {
        let mut output = nothing(Layout::FullRange);
        for (i, (side, shift, logit)) in [
            (10.0, 0.0, f32::NAN),
            (10.0, 0.0, f32::INFINITY),
            (10.0, f32::NAN, 5.0),
            (f32::INFINITY, 0.0, 5.0),
            (f32::MAX, 0.0, 5.0),
            (-10.0, 0.0, 5.0),
            (0.0, 0.0, 5.0),
        ]
        .into_iter()
        .enumerate()
        {
            see(&mut output, i * 300, side, shift, logit);
        }
        let faces = Decoder::new(Layout::FullRange).decode(&output.0, &output.1, half(), &PLAIN).unwrap();
        assert_eq!(faces, Faces::default());
    }

    #[test]
    fn of_two_hundred_faces_the_largest_are_kept_and_the_rest_counted() {
        let mut output = nothing(Layout::FullRange);
        for n in 0..200 {
            // Every third anchor of every third row: 12 pixels apart, none overlaps another.
            let anchor = (n / 16) * 3 * 48 + (n % 16) * 3;
            see(&mut output, anchor, 4.0 + n as f32 * 0.03, 0.0, 1.0 + (n % 7) as f32);
        }
        let mut decoder = Decoder::new(Layout::FullRange);
        let room = decoder.candidates.capacity();
        let faces = decoder.decode(&output.0, &output.1, half(), &PLAIN).unwrap();
        assert_eq!((faces.largest.len(), faces.beyond), (MAX_FACES, 200 - MAX_FACES));
        let sides: Vec<f32> = faces.largest.iter().map(|face| face.rect.width).collect();
        assert!(sides.is_sorted_by(|a, b| a >= b));
        assert!(sides.iter().all(|&side| side > 4.0 + 167.0 * 0.03), "{sides:?}");
        assert_eq!(decoder.candidates.capacity(), room);
    }

    #[test]
    fn an_output_of_another_length_is_refused() {
        let (regressors, scores) = nothing(Layout::ShortRange);
        let refused = Decoder::new(Layout::FullRange).decode(&regressors, &scores, half(), &PLAIN);
        assert!(matches!(refused, Err(FaceError::Outputs { anchors: 2304, scores: 896, .. })));
    }
}
