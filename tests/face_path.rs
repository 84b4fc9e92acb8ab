//! The face path with the real packs: who is told of, where, and under which number.
//!
//! The face is the one in the detector's golden vectors: a photograph by NASA, in the public domain.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use affectd::affect::Expression;
use affectd::clock::Monotonic;
use affectd::face::detect::BlazeFace;
use affectd::face::{FacePath, FaceSettings, Observation, TrackId};
use affectd::geometry::{Point, Rect};
use affectd::model::{FrameModel, Pack, Registry};
use affectd::picture::{Picture, PixelFormat, Range};

const FPS: u32 = 25;
const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// The side of the photograph, in pixels, and where its face is.
const SIDE: usize = 192;
const FACE: Rect = Rect::new(71.5, 33.2, 52.4, 52.4);

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn pack(name: &str) -> Pack {
    let pack = Registry::at(&models()).and_then(|registry| registry.pack(name));
    pack.unwrap_or_else(|e| panic!("{e}\nThis test needs the real packs: run `make models` first."))
}

fn path() -> FacePath {
    let (detector, model) = (pack("blazeface-full"), pack("mtanet"));
    let detector = BlazeFace::open(&detector).unwrap();
    let every_frame = FaceSettings { read_every: Duration::ZERO, ..FaceSettings::default() };
    FacePath::new(detector, FrameModel::open(&model).unwrap(), every_frame).unwrap()
}

/// The photograph, red, green and blue for each pixel.
fn photograph() -> Vec<[u8; 3]> {
    let golden = pack("blazeface-full").golden.input.path;
    let bytes = fs::read(models().join("blazeface-full").join(golden)).unwrap();
    let number = |i: usize| f32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[4 * i + byte]));
    let pixel = |i: usize| [0, 1, 2].map(|channel| ((number(channel * SIDE * SIDE + i) + 1.0) * 127.5).round() as u8);
    (0..SIDE * SIDE).map(pixel).collect()
}

/// A frame with the photograph in some places, each given by its top left corner and its scale.
fn scene(photograph: &[[u8; 3]], places: &[(f32, f32, f32)]) -> Picture {
    let mut picture = Picture::default();
    let bytes = picture.reset(PixelFormat::Rgb24, Range::Full, WIDTH, HEIGHT).unwrap();
    bytes.fill(96);
    for &(left, top, scale) in places {
        let reach = SIDE as f32 * scale;
        for y in top.max(0.0) as u32..((top + reach).max(0.0) as u32).min(HEIGHT) {
            for x in left.max(0.0) as u32..((left + reach).max(0.0) as u32).min(WIDTH) {
                let at = |v: u32, from: f32| ((v as f32 + 0.5 - from) / scale - 0.5).clamp(0.0, SIDE as f32 - 1.001);
                let (px, py) = (at(x, left), at(y, top));
                let (column, row, right, down) = (px as usize, py as usize, px.fract(), py.fract());
                for channel in 0..3 {
                    let pixel = |dx: usize, dy: usize| f32::from(photograph[(row + dy) * SIDE + column + dx][channel]);
                    let above = pixel(0, 0) + right * (pixel(1, 0) - pixel(0, 0));
                    let below = pixel(0, 1) + right * (pixel(1, 1) - pixel(0, 1));
                    let mixed = (above + down * (below - above)).round() as u8;
                    bytes[3 * (y * WIDTH + x) as usize + channel] = mixed;
                }
            }
        }
    }
    picture
}

/// Where a photograph in that place has its face.
fn face_at((left, top, scale): (f32, f32, f32)) -> Rect {
    Rect::new(left + FACE.x * scale, top + FACE.y * scale, FACE.width * scale, FACE.height * scale)
}

fn moment(frame: u32) -> Monotonic {
    Monotonic::new(Duration::from_secs(100) + Duration::from_secs(1) * frame / FPS)
}

fn nearest(seen: &[Observation], to: Point) -> Observation {
    let apart = |o: &Observation| o.rect.centre().distance(to);
    *seen.iter().min_by(|a, b| apart(a).total_cmp(&apart(b))).expect("somebody is seen")
}

#[test]
fn a_face_that_crosses_the_picture_keeps_its_number_and_its_box_goes_with_it() {
    let (photograph, mut path) = (photograph(), path());
    for frame in 0..40 {
        // Three face widths a second.
        let place = (-60.0 + frame as f32 * 9.0, 60.0 + 20.0 * (frame as f32 * 0.3).sin(), 2.0);
        let picture = scene(&photograph, &[place]);
        let [seen] = path.observe(&picture, moment(frame)).unwrap() else { panic!("one face in frame {frame}") };
        assert_eq!(seen.track, TrackId(1));
        assert!(seen.rect.iou(&face_at(place)) > 0.7, "{:?} at {:?} in frame {frame}", seen.rect, face_at(place));
        assert!(seen.quality.usable && seen.estimate.is_some(), "{seen:?}");
        assert!(seen.quality.yaw.abs() < 15.0, "{seen:?}");
    }
    let counts = path.counts();
    assert!(counts.looks <= 12, "the detector rests between looks: {counts:?}");
}

#[test]
fn the_smile_on_the_photograph_reads_as_happiness() {
    let mut path = path();
    let picture = scene(&photograph(), &[(100.0, 60.0, 2.0)]);
    let [seen] = path.observe_photo(&picture).unwrap() else { panic!("one face") };
    let (label, probability) = seen.estimate.unwrap().expressions.top().unwrap();
    assert_eq!(label, Expression::Happiness, "{probability:?}");
}

#[test]
fn whoever_steps_behind_something_for_a_moment_keeps_his_number() {
    let (photograph, mut path) = (photograph(), path());
    let (stays, hides) = ((0.0, 40.0, 1.6), (320.0, 120.0, 1.6));
    let (both, one) = (scene(&photograph, &[stays, hides]), scene(&photograph, &[stays]));
    for frame in 0..12 {
        path.observe(&both, moment(frame)).unwrap();
    }
    let told = path.observe(&both, moment(12)).unwrap();
    let (first, second) = (nearest(told, face_at(stays).centre()).track, nearest(told, face_at(hides).centre()).track);
    assert!(told.len() == 2 && first != second, "{told:?}");
    for frame in 13..25 {
        let told = path.observe(&one, moment(frame)).unwrap();
        let expected = told.iter().find(|seen| seen.track == second).expect("expected for half a second");
        assert!(!expected.quality.usable && expected.estimate.is_none());
    }
    for frame in 25..32 {
        path.observe(&both, moment(frame)).unwrap();
    }
    let told = path.observe(&both, moment(32)).unwrap();
    assert_eq!(nearest(told, face_at(stays).centre()).track, first);
    assert_eq!(nearest(told, face_at(hides).centre()).track, second);
}

#[test]
fn whoever_comes_is_told_of_within_a_fifth_of_a_second_and_who_goes_within_one() {
    let (photograph, mut path) = (photograph(), path());
    let (empty, there) = (scene(&photograph, &[]), scene(&photograph, &[(150.0, 80.0, 2.0)]));
    for frame in 0..10 {
        assert!(path.observe(&empty, moment(frame)).unwrap().is_empty());
    }
    let came = (10..).find(|&frame| !path.observe(&there, moment(frame)).unwrap().is_empty());
    assert!(came.is_some_and(|frame| frame - 10 <= FPS / 5), "{came:?}");
    let went = (20..).find(|&frame| path.observe(&empty, moment(frame)).unwrap().is_empty());
    assert!(went.is_some_and(|frame| frame - 20 <= FPS), "{went:?}");
}

#[test]
fn small_faces_in_a_large_picture_are_placed_as_exactly_as_large_ones() {
    let (photograph, mut path) = (photograph(), path());
    // 36 and 44 pixels wide: 11 and 13 of the detector's.
    let places = [(40.0, 100.0, 0.9), (330.0, 180.0, 1.1)];
    let picture = scene(&photograph, &places);
    for frame in 0..6 {
        path.observe(&picture, moment(frame)).unwrap();
    }
    let told = path.observe(&picture, moment(6)).unwrap();
    assert_eq!(told.len(), 2);
    for place in places {
        let face = face_at(place);
        let seen = nearest(told, face.centre());
        assert!(seen.rect.iou(&face) > 0.8, "{:?} at {face:?}", seen.rect);
    }
}
