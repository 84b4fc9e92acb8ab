//! The face path with the real packs: who is told of, where, and under which number.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use affectd::affect::Expression;
use affectd::clock::Monotonic;
use affectd::face::detect::BlazeFace;
use affectd::face::{FacePath, FaceSettings, Observation, TrackId};
use affectd::geometry::Point;
use affectd::model::{Engines, FrameModel};
use support::portrait::{face_at, pack, photograph, scene, scene_of};

const FPS: u32 = 25;
fn path() -> FacePath {
    let (detector, model) = (pack("blazeface-full"), pack("mtanet"));
    let detector = BlazeFace::open(&detector, &Engines::embedded()).unwrap();
    let every_frame = FaceSettings { read_every: Duration::ZERO, ..FaceSettings::default() };
    FacePath::new(detector, FrameModel::open(&model, &Engines::embedded()).unwrap(), every_frame)
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
fn a_face_is_found_where_it_is_in_frames_of_every_shape() {
    let (photograph, mut path, place) = (photograph(), path(), (20.0, 30.0, 1.2));
    for size in [(640, 360), (640, 480), (400, 400), (300, 400), (360, 640), (1200, 300)] {
        let picture = scene_of(size, &photograph, &[place]);
        let [seen] = path.observe_photo(&picture, Monotonic::default(), &mut ()).unwrap() else {
            panic!("one face in {size:?}")
        };
        assert!(seen.rect.iou(&face_at(place)) > 0.75, "{:?} instead of {:?} in {size:?}", seen.rect, face_at(place));
        let faces = path.detect_only(&picture).unwrap();
        assert_eq!(faces.largest.len(), 1, "{size:?}");
    }
}

#[test]
fn the_smile_on_the_photograph_reads_as_happiness() {
    let mut path = path();
    let picture = scene(&photograph(), &[(100.0, 60.0, 2.0)]);
    let [seen] = path.observe_photo(&picture, Monotonic::default(), &mut ()).unwrap() else { panic!("one face") };
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
fn whoever_comes_is_told_of_within_a_quarter_of_a_second_and_who_goes_within_one() {
    let (photograph, mut path) = (photograph(), path());
    let (empty, there) = (scene(&photograph, &[]), scene(&photograph, &[(150.0, 80.0, 2.0)]));
    for frame in 0..10 {
        assert!(path.observe(&empty, moment(frame)).unwrap().is_empty());
    }
    let came = (10..).find(|&frame| !path.observe(&there, moment(frame)).unwrap().is_empty());
    assert!(came.is_some_and(|frame| frame - 10 <= FPS / 4), "{came:?}");
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
