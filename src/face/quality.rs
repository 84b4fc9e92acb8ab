//! How well a face can be read: size, sharpness, turn and light.
//!
//! Sharpness and light are measured on an aligned crop of luma: what the model sees, if that is grey.

use super::settings::FaceSettings;
use super::{Landmarks, Quality};
use crate::affect::Confidence;
use crate::geometry::{Point, Rect};
use crate::model::{Align, Channels, InputSpec};
use crate::picture::Normalise;

/// The crop to judge by when the model's own has colours. How fine the detail is depends on how many
/// pixels a face has, and what is fine enough was found with crops like this.
pub const INPUT: InputSpec =
    InputSpec { width: 64, height: 64, channels: Channels::Grey, norm: Normalise { scale: 1.0, offset: 0.0 } };

/// Where a face's points lie in it: where they lie in FER2013's crops, as `models/lab` measured it.
pub const POINTS: Align = Align {
    right_eye: Point::new(0.3179, 0.3929),
    left_eye: Point::new(0.6821, 0.3929),
    nose: Point::new(0.5, 0.5913),
    mouth: Point::new(0.5, 0.7732),
};

/// The share of half the distance between the ears by which the nose moves aside, to the tangent of the
/// turn. Fitted on 2655 faces (LFW photographs and seven clips) to the pose that MediaPipe's face landmarker gives:
/// the mean absolute difference is 3.1°, and 95 of 100 differ by less than 8°.
const TURN: f32 = 0.567;

/// A face of this size, in frame pixels, or larger is trusted fully.
const AMPLE_SIZE: f32 = 64.0;
/// A face of this sharpness or more is trusted fully.
const AMPLE_SHARPNESS: f32 = 0.4;

/// An aligned face as a model sees it.
#[derive(Debug, Clone, Copy)]
pub struct Crop<'a> {
    /// The values, row by row.
    pub values: &'a [f32],
    /// The values in a row.
    pub width: usize,
    /// What became of the pixels.
    pub norm: Normalise,
}

/// Judges a face by its box and points, in frame pixels, and its crop. What comes out not finite is
/// given as 0, and the face is not usable.
pub fn judge(rect: &Rect, landmarks: &Landmarks, crop: Crop<'_>, settings: &FaceSettings) -> Quality {
    let (size, yaw) = (rect.width.min(rect.height), yaw(landmarks));
    let (brightness, sharpness) = (brightness(crop), sharpness(crop));
    let usable = size >= settings.min_size
        && yaw.abs() <= settings.max_yaw
        && sharpness >= settings.min_sharpness
        && settings.brightness.contains(&brightness);
    let [size, sharpness, yaw, brightness] =
        [size, sharpness, yaw, brightness].map(|v| if v.is_finite() { v } else { 0.0 });
    Quality { size, sharpness, yaw, brightness, usable }
}

/// How far an estimate of this face can be trusted: the detector's score, times its size as a share of
/// 64 pixels, times its sharpness as a share of 0.4 (each at most 1), times the cosine of its turn.
pub fn confidence(score: Confidence, quality: &Quality) -> Confidence {
    let size = (quality.size / AMPLE_SIZE).min(1.0);
    let sharpness = (quality.sharpness / AMPLE_SHARPNESS).min(1.0);
    let frontal = quality.yaw.to_radians().cos();
    Confidence::new(score.get() * size * sharpness * frontal).unwrap_or(Confidence::MIN)
}

/// The head's turn about the vertical, in degrees within ±90; positive to the person's left.
///
/// The ears lie on the axis of the turn and the nose before it, so the nose moves aside by the sine and
/// the ears together by the cosine: the ratio is the tangent. A head on one side is put upright first.
fn yaw(landmarks: &Landmarks) -> f32 {
    let (right_eye, left_eye) = (landmarks.right_eye, landmarks.left_eye);
    let (across, down) = (left_eye.x - right_eye.x, left_eye.y - right_eye.y);
    let along = |p: Point| p.x * across + p.y * down;
    let [right, nose, left] = [landmarks.right_ear, landmarks.nose, landmarks.left_ear].map(along);
    let aside = 2.0 * nose - right - left;
    (TURN * aside).atan2(left - right).to_degrees().clamp(-90.0, 90.0)
}

/// The mean luma, 0 to 1.
pub fn brightness(crop: Crop<'_>) -> f32 {
    let mean = crop.values.iter().sum::<f32>() / crop.values.len() as f32;
    ((mean - crop.norm.offset) / crop.norm.scale / 255.0).clamp(0.0, 1.0)
}

/// How fine the detail is: the energy of the second differences over that of the first, at most 1.
///
/// Both grow alike with contrast, so light and skin do not matter. In a crop of 64×64 pixels it is near
/// 1 for a face in focus, 0.4 when blurred by a Gaussian of one crop pixel and 0.15 by one of two.
/// An even crop has no detail: 0.
pub fn sharpness(crop: Crop<'_>) -> f32 {
    let (mut first, mut second) = (0.0, 0.0);
    let rows = crop.values.chunks_exact(crop.width.max(1));
    for ((above, row), below) in rows.clone().zip(rows.clone().skip(1)).zip(rows.skip(2)) {
        for ((three, up), down) in row.windows(3).zip(&above[1..]).zip(&below[1..]) {
            let (left, here, right) = (three[0], three[1], three[2]);
            first += (right - here).powi(2) + (down - here).powi(2);
            second += (left + right + up + down - 4.0 * here).powi(2);
        }
    }
    if first > 0.0 { (second / first).min(1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 64;
    const NORM: Normalise = Normalise { scale: 2.0 / 255.0, offset: -1.0 };

    /// A head of half-width 75 turned by `yaw` and tilted by `roll` degrees, seen from afar.
    fn head(yaw: f32, roll: f32) -> Landmarks {
        let ((sin, cos), (tilt, upright)) = (yaw.to_radians().sin_cos(), roll.to_radians().sin_cos());
        let seen = |x: f32, y: f32, depth: f32| {
            let x = x * cos + depth * sin;
            Point::new(300.0 + x * upright - y * tilt, 200.0 + x * tilt + y * upright)
        };
        Landmarks {
            right_eye: seen(-32.0, 0.0, 90.0),
            left_eye: seen(32.0, 0.0, 90.0),
            nose: seen(0.0, 40.0, 75.0 / TURN),
            mouth: seen(0.0, 75.0, 100.0),
            right_ear: seen(-75.0, 20.0, 0.0),
            left_ear: seen(75.0, 20.0, 0.0),
        }
    }

    fn crop(value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        let pixel = |i: usize| value((i % SIDE) as f32, (i / SIDE) as f32) * NORM.scale + NORM.offset;
        (0..SIDE * SIDE).map(pixel).collect()
    }

    fn seen(values: &[f32]) -> Crop<'_> {
        Crop { values, width: SIDE, norm: NORM }
    }

    fn judged(rect: Rect, landmarks: &Landmarks, values: &[f32]) -> Quality {
        judge(&rect, landmarks, seen(values), &FaceSettings::default())
    }

    const FACE: Rect = Rect::new(0.0, 0.0, 120.0, 120.0);

    /// Fine stripes of `contrast` about `mean`.
    fn stripes(mean: f32, contrast: f32) -> Vec<f32> {
        crop(|x, y| mean + contrast * (x * 1.3).sin() * (y * 1.1).cos())
    }

    #[test]
    fn a_turned_head_is_measured_however_it_is_tilted() {
        for (turn, roll) in [(0.0, 0.0), (25.0, 0.0), (-40.0, 20.0), (70.0, -35.0)] {
            let found = yaw(&head(turn, roll));
            assert!((found - turn).abs() < 0.1, "{found} for {turn}");
        }
    }

    #[test]
    fn a_head_turned_to_its_left_shows_the_nose_further_right_and_counts_positive() {
        let left = head(30.0, 0.0);
        assert!(left.nose.x > (left.right_ear.x + left.left_ear.x) / 2.0);
        assert!(yaw(&left) > 0.0);
    }

    #[test]
    fn contrast_does_not_change_sharpness_and_blur_does() {
        let fine = sharpness(seen(&stripes(128.0, 90.0)));
        assert!((fine - sharpness(seen(&stripes(60.0, 10.0)))).abs() < 1e-3);
        let coarse = crop(|x, y| 128.0 + 90.0 * (x * 0.3).sin() * (y * 0.25).cos());
        assert!(fine > 0.9 && sharpness(seen(&coarse)) < 0.2, "{fine}");
        assert_eq!(sharpness(seen(&crop(|_, _| 50.0))), 0.0);
    }

    #[test]
    fn a_good_face_is_usable_and_each_flaw_alone_makes_it_unusable() {
        let (front, good) = (head(5.0, 0.0), stripes(120.0, 60.0));
        assert!(judged(FACE, &front, &good).usable);
        assert!(!judged(Rect { width: 20.0, ..FACE }, &front, &good).usable, "small");
        assert!(!judged(FACE, &head(70.0, 0.0), &good).usable, "turned away");
        assert!(!judged(FACE, &front, &crop(|x, _| x * 2.0)).usable, "without detail");
        assert!(!judged(FACE, &front, &stripes(10.0, 8.0)).usable, "dark");
        assert!(!judged(FACE, &front, &stripes(250.0, 4.0)).usable, "too bright");
    }

    #[test]
    fn brightness_is_the_pixels_share_of_white() {
        assert!((judged(FACE, &head(0.0, 0.0), &crop(|_, _| 51.0)).brightness - 0.2).abs() < 1e-3);
    }

    #[test]
    fn confidence_is_the_score_of_a_perfect_face_and_falls_with_each_flaw() {
        let score = Confidence::new(0.9).unwrap();
        let best = Quality { size: 200.0, sharpness: 1.0, yaw: 0.0, brightness: 0.5, usable: true };
        assert_eq!(confidence(score, &best), score);
        for worse in
            [Quality { size: 32.0, ..best }, Quality { sharpness: 0.2, ..best }, Quality { yaw: -60.0, ..best }]
        {
            assert!((confidence(score, &worse).get() - 0.45).abs() < 1e-3, "{worse:?}");
        }
    }

    #[test]
    fn what_is_not_finite_is_zero_and_not_usable() {
        let broken = Landmarks { nose: Point::new(f32::NAN, 0.0), ..head(0.0, 0.0) };
        let found = judged(FACE, &broken, &stripes(120.0, 60.0));
        assert_eq!((found.yaw, found.usable), (0.0, false));
        let found = judged(FACE, &head(0.0, 0.0), &crop(|_, _| f32::NAN));
        assert_eq!((found.brightness, found.sharpness, found.usable), (0.0, 0.0, false));
        let found = judged(Rect { width: f32::INFINITY, height: f32::INFINITY, ..FACE }, &head(0.0, 0.0), &[]);
        assert_eq!((found.size, found.usable), (0.0, false));
    }
}
