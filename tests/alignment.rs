//! The daemon lays a face out as the recipe that trains its models does, number for number.
//!
//! `tests/fixtures/aligned` is written by the recipe (`python -m affectlab crops`), whose own tests read it as well.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, fails")]

use std::fs;
use std::path::{Path, PathBuf};

use affectd::face::{Landmarks, align};
use affectd::geometry::Point;
use affectd::model::Align;
use affectd::picture::warp::Warper;
use affectd::picture::{Normalise, Picture, PixelFormat, Range, photo};
use serde::Deserialize;

const SIDE: usize = 64;
const TOLERANCE: f32 = 1e-3;

/// A picture, where four points of its face lie and shall lie, and what the recipe makes of it.
#[derive(Deserialize)]
struct Case {
    name: String,
    picture: PathBuf,
    crop: PathBuf,
    /// Right eye, left eye, nose, mouth, in pixels.
    points: [[f32; 2]; 4],
    /// The same, as fractions of the input.
    template: [[f32; 2]; 4],
}

impl Case {
    fn all() -> Vec<Self> {
        serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap()
    }

    fn picture(&self) -> Picture {
        let mut picture = Picture::default();
        photo::load(&folder().join(&self.picture), &mut picture).unwrap();
        picture
    }

    fn expected(&self) -> Vec<f32> {
        let bytes = fs::read(folder().join(&self.crop)).unwrap();
        bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
    }

    /// The input that the daemon makes of a picture in which every point is moved by `shift` pixels.
    fn input(&self, picture: &Picture, shift: f32) -> Vec<f32> {
        let [right_eye, left_eye, nose, mouth] = self.points.map(|[x, y]| Point::new(x + shift, y));
        let landmarks = Landmarks { right_eye, left_eye, nose, mouth, right_ear: right_eye, left_ear: left_eye };
        let to_input = |[x, y]: [f32; 2]| Point::new(x * SIDE as f32, y * SIDE as f32);
        let [right_eye, left_eye, nose, mouth] = self.template.map(to_input);
        let to_frame = align::to_frame(&landmarks, &Align { right_eye, left_eye, nose, mouth }).unwrap();
        let mut out = vec![f32::NAN; SIDE * SIDE];
        let norm = Normalise { scale: 2.0 / 255.0, offset: -1.0 };
        Warper::default().warp_grey(picture, &to_frame, SIDE, SIDE, norm, &mut out);
        out
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/aligned")
}

fn worst(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, f32::max)
}

/// The picture with red and blue in each other's place.
fn swapped(picture: &Picture) -> Picture {
    let mut other = Picture::default();
    let bytes = other.reset(PixelFormat::Rgb24, Range::Full, picture.width(), picture.height()).unwrap();
    bytes.copy_from_slice(picture.data());
    bytes.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
    other
}

#[test]
fn an_aligned_face_is_the_recipes_own() {
    for case in Case::all() {
        let off = worst(&case.input(&case.picture(), 0.0), &case.expected());
        assert!(off <= TOLERANCE, "{}: off by {off}", case.name);
    }
}

#[test]
fn red_and_blue_in_each_others_place_would_show() {
    for case in Case::all() {
        let off = worst(&case.input(&swapped(&case.picture()), 0.0), &case.expected());
        assert!(off > 10.0 * TOLERANCE, "{}: off by {off} only", case.name);
    }
}

#[test]
fn an_alignment_half_a_pixel_off_would_show() {
    for case in Case::all() {
        let off = worst(&case.input(&case.picture(), 0.5), &case.expected());
        assert!(off > 10.0 * TOLERANCE, "{}: off by {off} only", case.name);
    }
}
