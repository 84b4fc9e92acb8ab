//! The path with a scripted detector in a drawn world: what is looked at, when, and what is told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::testing::{face, score};
use super::*;
use crate::affect::{Arousal, Valence};
use crate::face::Detection;
use crate::geometry::Point;
use crate::model::{Align, Channels, InputSpec};
use crate::picture::{Normalise, PixelFormat, Range};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const SIDE: f32 = 120.0;

/// What stands before the camera, and what was asked of the models.
#[derive(Default)]
struct World {
    faces: RefCell<Vec<Detection>>,
    /// What a close look thinks of a face; the faces' own score when there is none.
    close_score: Cell<Option<f32>>,
    broken: Cell<bool>,
    looks: Cell<u32>,
    close_looks: Cell<u32>,
    /// How many pixels the last close look got.
    close_side: Cell<usize>,
}

struct Scripted(Rc<World>);

impl Detect for Scripted {
    fn detect(
        &mut self,
        picture: &Picture,
        region: Rect,
        side: usize,
        threshold: Confidence,
    ) -> Result<Faces, FaceError> {
        let world = &self.0;
        let is_close = region != whole(picture);
        let count = if is_close { &world.close_looks } else { &world.looks };
        count.set(count.get() + 1);
        if is_close {
            world.close_side.set(side);
        }
        if world.broken.get() {
            return Err(FaceError::Outputs { anchors: 1, regressors: 0, scores: 0 });
        }
        let mut seen = Faces::default();
        for face in world.faces.borrow().iter() {
            let close = world.close_score.get().filter(|_| is_close).and_then(Confidence::new);
            let face = Detection { score: close.unwrap_or(face.score), ..*face };
            if face.score >= threshold && region.overlap(&face.rect) > 0.5 * face.rect.area() {
                seen.add(face);
            }
        }
        Ok(seen)
    }

    fn score_threshold(&self) -> Confidence {
        score(0.5)
    }

    fn side(&self) -> usize {
        192
    }
}

struct Fixed {
    spec: InputSpec,
    align: Align,
    input: Vec<f32>,
}

impl Fixed {
    fn new(channels: Channels, side: usize) -> Self {
        let spec =
            InputSpec { width: side, height: side, channels, norm: Normalise { scale: 1.0 / 255.0, offset: 0.0 } };
        let align = Align {
            right_eye: Point::new(0.3, 0.4),
            left_eye: Point::new(0.7, 0.4),
            nose: Point::new(0.5, 0.6),
            mouth: Point::new(0.5, 0.8),
        };
        Self { spec, align, input: vec![0.0; spec.len()] }
    }
}

impl FaceModel for Fixed {
    fn input_spec(&self) -> &InputSpec {
        &self.spec
    }

    fn align(&self) -> &Align {
        &self.align
    }

    fn input_mut(&mut self) -> &mut [f32] {
        &mut self.input
    }

    /// Valence is the mean of the crop's first plane, luma or red; arousal that of its last, luma or blue.
    fn estimate(&mut self) -> Result<Estimate, FaceError> {
        let area = self.spec.width * self.spec.height;
        let mean = |plane: &[f32]| plane.iter().sum::<f32>() / area as f32;
        let (first, last) = (mean(&self.input[..area]), mean(&self.input[self.input.len() - area..]));
        Ok(Estimate { valence: Valence::new(first), arousal: Arousal::new(last), ..Estimate::default() })
    }
}

/// Draws a face with detail about each of the `centres` on an even background.
fn draw(picture: &mut Picture, centres: &[Point]) {
    let bytes = picture.reset(PixelFormat::Grey, Range::Full, WIDTH, HEIGHT).unwrap();
    for (i, byte) in bytes.iter_mut().enumerate() {
        let (x, y) = ((i as u32 % WIDTH) as f32, (i as u32 / WIDTH) as f32);
        *byte = 110;
        if let Some(c) = centres.iter().find(|c| (x - c.x).abs().max((y - c.y).abs()) < 0.5 * SIDE) {
            let (x, y) = (x - c.x, y - c.y);
            *byte = (128.0 + 40.0 * ((x * 0.13).sin() + (y * 0.11).cos() + (0.09 * (x - y)).sin())) as u8;
        }
    }
}

fn path(world: &Rc<World>, settings: FaceSettings) -> FacePath<Scripted, Fixed> {
    FacePath::new(Scripted(world.clone()), Fixed::new(Channels::Grey, 64), settings)
}

/// A path whose face model reads red, green and blue, `side` pixels of each in a row.
fn colour_path(world: &Rc<World>, side: usize) -> FacePath<Scripted, Fixed> {
    FacePath::new(Scripted(world.clone()), Fixed::new(Channels::Rgb, side), FaceSettings::default())
}

fn moment(frame: u32, fps: u32) -> Monotonic {
    Monotonic::new(Duration::from_secs(1) * frame / fps)
}

/// A world with one face of `sure` score in the middle, its picture and a path that sees it.
fn one_face(sure: f32) -> (Rc<World>, Picture, FacePath<Scripted, Fixed>) {
    let (world, mut picture) = (Rc::new(World::default()), Picture::default());
    world.faces.borrow_mut().push(face(320.0, 240.0, SIDE, sure));
    draw(&mut picture, &[Point::new(320.0, 240.0)]);
    let path = path(&world, FaceSettings::default());
    (world, picture, path)
}

#[test]
fn a_face_is_followed_exactly_while_the_detector_rests() {
    let (world, mut picture, mut path) = one_face(0.9);
    for frame in 0..30 {
        let x = 320.0 + 3.0 * frame as f32;
        draw(&mut picture, &[Point::new(x, 240.0)]);
        world.faces.borrow_mut()[0] = face(x, 240.0, SIDE, 0.9);
        let [seen] = path.observe(&picture, moment(frame, 30)).unwrap() else { panic!("one face") };
        assert_eq!(seen.track, TrackId(1));
        assert!((seen.rect.centre().x - x).abs() < 1.0, "{} at {x}", seen.rect.centre().x);
        // At 30 frames a second, 90 ms are three frames.
        assert_eq!(seen.estimate.is_some(), frame % 3 == 0, "frame {frame}");
    }
    assert_eq!(world.looks.get(), 5);
    assert_eq!(path.counts(), Counts { frames: 30, looks: 5, close_looks: 0, estimates: 10, beyond: 0 });
}

#[test]
fn whoever_comes_is_told_of_within_a_quarter_of_a_second() {
    for fps in [10, 15, 25, 30, 60, 120] {
        let (world, picture, mut path) = one_face(0.6);
        let came = world.faces.take();
        for frame in 0..fps {
            assert!(path.observe(&picture, moment(frame, fps)).unwrap().is_empty());
        }
        *world.faces.borrow_mut() = came;
        let told = (fps..).find(|&frame| !path.observe(&picture, moment(frame, fps)).unwrap().is_empty());
        assert!(told.is_some_and(|frame| frame - fps <= fps / 4), "{told:?} at {fps}");
    }
}

#[test]
fn a_face_that_is_suddenly_covered_is_looked_for_at_once_and_expected_for_a_while() {
    let (world, picture, mut path) = one_face(0.9);
    for frame in 0..8 {
        path.observe(&picture, moment(frame, 30)).unwrap();
    }
    let looks = world.looks.get();
    world.faces.borrow_mut().clear();
    let mut covered = Picture::default();
    draw(&mut covered, &[]);
    let seen = path.observe(&covered, moment(8, 30)).unwrap()[0];
    assert_eq!(world.looks.get(), looks + 1);
    assert_eq!((seen.track, seen.quality.usable, seen.estimate), (TrackId(1), false, None));
    assert_eq!(seen.confidence, Confidence::MIN);
    let gone = (9..90).find(|&frame| path.observe(&covered, moment(frame, 30)).unwrap().is_empty());
    assert!(gone.is_some_and(|frame| (8 + 15..8 + 30).contains(&frame)), "{gone:?}");
}

#[test]
fn a_doubtful_face_is_told_of_in_the_frame_of_its_close_look_and_a_poster_never() {
    let (world, picture, mut path) = one_face(0.3);
    world.close_score.set(Some(0.9));
    assert_eq!(path.observe(&picture, moment(0, 30)).unwrap().len(), 1);
    assert_eq!((world.looks.get(), world.close_looks.get(), world.close_side.get()), (1, 1, 192));

    let (world, picture, mut path) = one_face(0.6);
    world.close_score.set(Some(0.3));
    for frame in 0..60 {
        assert!(path.observe(&picture, moment(frame, 30)).unwrap().is_empty());
    }
    assert_eq!(world.close_looks.get(), 2);
}

#[test]
fn a_face_that_cannot_be_read_is_told_of_without_an_estimate() {
    let (world, picture, mut path) = one_face(0.9);
    world.faces.borrow_mut()[0] = face(320.0, 240.0, 24.0, 0.9);
    let seen = path.observe(&picture, moment(0, 30)).unwrap()[0];
    assert_eq!((seen.quality.usable, seen.estimate), (false, None));
    assert!(seen.confidence > Confidence::MIN);
    assert_eq!(path.counts().estimates, 0);
}

#[test]
fn a_face_half_outside_of_the_picture_is_not_read() {
    let (world, picture, mut path) = one_face(0.9);
    world.faces.borrow_mut()[0] = face(15.0, 240.0, SIDE, 0.9);
    assert!(!path.observe(&picture, moment(0, 30)).unwrap()[0].quality.usable);
}

#[test]
fn another_picture_size_is_another_scene() {
    let (_, picture, mut path) = one_face(0.9);
    assert_eq!(path.observe(&picture, moment(0, 30)).unwrap()[0].track, TrackId(1));
    let mut larger = Picture::default();
    larger.reset(PixelFormat::Grey, Range::Full, WIDTH * 2, HEIGHT * 2).unwrap();
    assert_eq!(path.observe(&larger, moment(1, 30)).unwrap()[0].track, TrackId(2));
}

#[test]
fn a_clock_that_jumps_back_does_not_stop_the_detector() {
    let (world, picture, mut path) = one_face(0.9);
    path.observe(&picture, moment(3000, 30)).unwrap();
    path.observe(&picture, moment(0, 30)).unwrap();
    assert_eq!(world.looks.get(), 2);
}

#[test]
fn a_detector_that_fails_once_is_asked_again() {
    let (world, picture, mut path) = one_face(0.9);
    world.broken.set(true);
    assert!(path.observe(&picture, moment(0, 10)).is_err());
    world.broken.set(false);
    let told = (1..4).find(|&frame| !path.observe(&picture, moment(frame, 10)).unwrap().is_empty());
    assert_eq!(told, Some(2));
}

#[test]
fn faces_beyond_the_most_are_counted() {
    let (world, picture, mut path) = one_face(0.9);
    let crowd = (0..40).map(|i| face(30.0 + 60.0 * (i % 10) as f32, 40.0 + 60.0 * (i / 10) as f32, 50.0, 0.9));
    *world.faces.borrow_mut() = crowd.collect();
    assert_eq!(path.observe(&picture, moment(0, 30)).unwrap().len(), MAX_FACES);
    assert_eq!(path.counts().beyond, 8);
}

#[test]
fn a_photo_is_searched_thoroughly_and_keeps_nothing_for_the_next() {
    let (world, picture, mut path) = one_face(0.3);
    world.close_score.set(Some(0.7));
    world.faces.borrow_mut().push(face(100.0, 100.0, 60.0, 0.1));
    for _ in 0..2 {
        let [seen] = path.observe_photo(&picture, Monotonic::default(), &mut ()).unwrap() else { panic!("one face") };
        assert_eq!((seen.track, seen.estimate.is_some()), (TrackId(1), true));
    }
    world.close_score.set(Some(0.4));
    assert!(path.observe_photo(&picture, Monotonic::default(), &mut ()).unwrap().is_empty());
}

#[test]
fn other_models_find_the_same_person_who_is_read_anew_in_the_next_frame() {
    let (world, picture, mut path) = one_face(0.9);
    let step = |path: &mut FacePath<Scripted, Fixed>, frame| path.observe(&picture, moment(frame, 100)).unwrap()[0];
    let first = step(&mut path, 0);
    assert!(first.estimate.is_some() && step(&mut path, 1).estimate.is_none());
    path.replace_reader(Reader::new(Fixed::new(Channels::Grey, 64)));
    path.replace_detector(Scripted(world.clone()));
    let after = step(&mut path, 2);
    assert!(after.estimate.is_some() && step(&mut path, 3).estimate.is_none());
    assert_eq!(after.track, first.track);
}

#[test]
fn a_crop_is_read_as_it_is() {
    let (_, _, mut path) = one_face(0.9);
    let mut crop = Picture::default();
    crop.reset(PixelFormat::Grey, Range::Full, 48, 48).unwrap().fill(51);
    let read = path.estimate_crop(&crop).unwrap().valence.unwrap().get();
    assert!((read - 0.2).abs() < 1e-4, "{read}");
}

#[test]
fn a_face_model_for_colour_is_given_red_first_and_blue_last() {
    let (world, grey, _) = one_face(0.9);
    let mut picture = Picture::default();
    let bytes = picture.reset(PixelFormat::Rgb24, Range::Full, WIDTH, HEIGHT).unwrap();
    for (pixel, &luma) in bytes.chunks_exact_mut(3).zip(grey.data()) {
        pixel.copy_from_slice(&[luma, luma / 2, luma / 4]);
    }
    let mut path = colour_path(&world, 96);
    let estimate = path.observe(&picture, moment(0, 30)).unwrap()[0].estimate.unwrap();
    let (red, blue) = (estimate.valence.unwrap().get(), estimate.arousal.unwrap().get());
    assert!(red > 0.3 && (blue - red / 4.0).abs() < 0.01, "{red} {blue}");

    let read = path.estimate_crop(&picture).unwrap();
    assert!(read.valence.unwrap().get() > 3.0 * read.arousal.unwrap().get(), "{read:?}");
}

#[test]
fn a_face_is_judged_alike_whatever_the_input_of_a_colour_model_measures() {
    let (world, picture, _) = one_face(0.9);
    let [small, large] = [64, 256].map(|side| {
        let seen = colour_path(&world, side).observe(&picture, moment(0, 30)).unwrap()[0];
        assert!(seen.quality.usable && seen.quality.sharpness > 0.0, "{seen:?}");
        seen.quality
    });
    assert_eq!(small, large);
}

#[test]
fn frames_allocate_nothing_once_everybody_has_been_seen() {
    for colour in [false, true] {
        let (world, mut picture, mut path) = one_face(0.6);
        if colour {
            path = colour_path(&world, 192);
        }
        world.faces.borrow_mut().push(face(120.0, 120.0, 60.0, 0.4));
        let mut observe = |frames: std::ops::Range<u32>| {
            for frame in frames {
                let x = 320.0 + 30.0 * (frame as f32 * 0.1).sin();
                draw(&mut picture, &[Point::new(x, 240.0), Point::new(120.0, 120.0)]);
                world.faces.borrow_mut()[0] = face(x, 240.0, SIDE, 0.6);
                assert_eq!(path.observe(&picture, moment(frame, 30)).unwrap().len(), frame.min(1) as usize + 1);
            }
        };
        world.close_score.set(Some(0.8));
        observe(0..60);
        assert_eq!(allocation_counter::measure(|| observe(60..120)).count_total, 0, "colour: {colour}");
        assert!(world.close_looks.get() > 4);
        assert_eq!(world.close_side.get(), detect::REFINING_SIDE);
    }
}
