//! Photographs as a still camera would see them: the face does not move a muscle, and yet no two frames are
//! alike.
//!
//! Each frame is the photograph a little shifted, turned and scaled (hands, breath), a little brighter or
//! darker (light, exposure), with noise on every pixel (sensor). How much of each is chosen, not measured: what
//! a webcam indoors might do. Several photographs follow one another, each with its face in the same place and
//! of the same size, which makes steps from one expression to another. Seeded: the same photographs give the
//! same frames on every machine.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::capture::{CaptureError, Frame, Read, VideoSource};
use crate::clock::Monotonic;
use crate::geometry::{Point, Rect, Similarity};
use crate::picture::warp::Warper;
use crate::picture::{Normalise, Picture, PixelFormat, Range};

/// The size of the frames, in pixels.
const SIZE: (u32, u32) = (400, 300);
/// The width of the face in them, in pixels.
const FACE: f32 = 120.0;
/// Frames a second.
const FPS: u32 = 30;
/// How long each photograph is shown.
const SHOWN_FOR: Duration = Duration::from_secs(4);
/// Frames of each photograph.
const FRAMES: u64 = FPS as u64 * SHOWN_FOR.as_secs();

/// How far the face strays to each side, as a share of its width: standard deviation.
const SHIFT: f32 = 0.01;
/// How far it turns in the picture's plane, in radians: half a degree.
const TURN: f32 = TAU / 720.0;
/// How much nearer it comes.
const SCALE: f32 = 0.005;
/// How much brighter the light becomes.
const LIGHT: f32 = 0.02;
/// How long it takes for any of these to forget where it was, in seconds.
const MEMORY: f32 = 0.4;
/// The noise of each pixel and channel, in levels of 255.
const NOISE: f32 = 3.0;

/// A photograph, and where in it the face is that is to be shown.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The photograph.
    pub picture: Picture,
    /// The face, in its pixels.
    pub face: Rect,
}

/// A clip of photographs.
pub struct StillClip {
    shots: Vec<Shot>,
    number: u64,
    random: Random,
    /// Right, down, turn, scale, light.
    stray: [f32; 5],
    warper: Warper,
    planes: Vec<f32>,
}

impl StillClip {
    /// A clip that shows one photograph after another.
    pub fn new(shots: Vec<Shot>, seed: u64) -> Self {
        let pixels = PixelFormat::Rgb24.len(SIZE.0, SIZE.1);
        let planes = vec![0.0; pixels];
        Self { shots, number: 0, random: Random(seed), stray: [0.0; 5], warper: Warper::default(), planes }
    }

    /// When one photograph gives way to the next.
    pub fn switches(&self) -> Vec<Monotonic> {
        (1..self.shots.len() as u64).map(|shot| time(shot * FRAMES)).collect()
    }

    /// Lets everything stray on by a frame. Each value forgets itself and gains as much chance as keeps its
    /// standard deviation at 1.
    fn stray_on(&mut self) {
        let keep = (-1.0 / (FPS as f32 * MEMORY)).exp();
        for value in &mut self.stray {
            *value = keep * *value + (1.0 - keep * keep).sqrt() * self.random.normal();
        }
    }

    /// From the frame's pixels to the photograph's.
    fn to_photograph(&self, face: &Rect) -> Similarity {
        let [right, down, turn, scale, _] = self.stray;
        let scale = face.width / FACE * (1.0 + SCALE * scale);
        let (sin, cos) = (TURN * turn).sin_cos();
        let turned = Similarity { a: scale * cos, b: scale * sin, tx: 0.0, ty: 0.0 };
        let seen = Point::new(SIZE.0 as f32 / 2.0 + SHIFT * FACE * right, SIZE.1 as f32 / 2.0 + SHIFT * FACE * down);
        let (centre, at) = (face.centre(), turned.apply(seen));
        Similarity { tx: centre.x - at.x, ty: centre.y - at.y, ..turned }
    }
}

impl VideoSource for StillClip {
    fn read(&mut self, frame: &mut Frame, _: Duration) -> Result<Read, CaptureError> {
        let Some(shot) = self.shots.get((self.number / FRAMES) as usize) else { return Ok(Read::Ended) };
        let to_photograph = self.to_photograph(&shot.face);
        let levels = Normalise { scale: 1.0, offset: 0.0 };
        let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
        self.warper.warp_rgb(&shot.picture, &to_photograph, width, height, levels, &mut self.planes);
        let light = 1.0 + LIGHT * self.stray[4];
        let bytes = frame.picture.reset(PixelFormat::Rgb24, Range::Full, SIZE.0, SIZE.1).map_err(|error| {
            CaptureError::Failed {
                source_name: "a clip of photographs".into(),
                reason: error.to_string(),
                remedy: "this is a bug, please report it".into(),
            }
        })?;
        let area = width * height;
        for (i, pixel) in bytes.chunks_exact_mut(3).enumerate() {
            for (channel, byte) in pixel.iter_mut().enumerate() {
                let level = light * self.planes[channel * area + i] + NOISE * self.random.normal();
                *byte = level.round().clamp(0.0, 255.0) as u8;
            }
        }
        (frame.number, frame.captured_at) = (self.number, time(self.number));
        self.number += 1;
        self.stray_on();
        Ok(Read::Filled)
    }

    fn frame_rate(&self) -> Option<f32> {
        Some(FPS as f32)
    }

    fn frames_hint(&self) -> Option<u64> {
        Some(self.shots.len() as u64 * FRAMES)
    }
}

fn time(frame: u64) -> Monotonic {
    Monotonic::new(Duration::from_nanos(frame * 1_000_000_000 / u64::from(FPS)))
}

/// Steele, Lea and Flood's SplitMix64.
struct Random(u64);

impl Random {
    /// Nearly normal, of mean 0 and standard deviation 1: four even numbers added up.
    fn normal(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let sum: u64 = (0..4).map(|part| (mixed >> (16 * part)) & 0xffff).sum();
        // The sum of four has a mean of 2 · 65535 and a variance of 65536² / 3.
        (sum as f32 - 2.0 * 65535.0) / 65536.0 * 3.0_f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp with a dark square, which stands for a face.
    fn shot(level: u8) -> Shot {
        let mut picture = Picture::default();
        let bytes = picture.reset(PixelFormat::Rgb24, Range::Full, 200, 160).unwrap();
        for (i, pixel) in bytes.chunks_exact_mut(3).enumerate() {
            pixel.fill(if (60..120).contains(&(i % 200)) && (40..100).contains(&(i / 200)) { level } else { 200 });
        }
        Shot { picture, face: Rect::new(60.0, 40.0, 60.0, 60.0) }
    }

    fn frames(clip: &mut StillClip, count: usize) -> Vec<Picture> {
        let mut frame = Frame::default();
        let mut read =
            || (clip.read(&mut frame, Duration::ZERO).unwrap() == Read::Filled).then(|| frame.picture.clone());
        (0..count).map_while(|_| read()).collect()
    }

    fn mean(picture: &Picture, x: usize, y: usize) -> f32 {
        let width = picture.width() as usize;
        let rows = (y..y + 20).flat_map(|row| &picture.data()[3 * (row * width + x)..][..60]);
        rows.map(|&byte| f32::from(byte)).sum::<f32>() / 1200.0
    }

    #[test]
    fn the_same_photograph_and_seed_give_the_same_frames_and_another_seed_others() {
        let made = |seed| frames(&mut StillClip::new(vec![shot(60)], seed), 5);
        assert_eq!(made(1), made(1));
        assert_ne!(made(1)[0], made(2)[0]);
    }

    #[test]
    fn no_two_frames_are_alike_and_the_face_stays_in_the_middle() {
        let made = frames(&mut StillClip::new(vec![shot(60)], 3), 30);
        for pair in made.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        for picture in &made {
            let (inside, outside) = (mean(picture, 190, 140), mean(picture, 20, 140));
            assert!((inside - 60.0).abs() < 8.0 && (outside - 200.0).abs() < 25.0, "{inside} {outside}");
        }
    }

    #[test]
    fn one_photograph_follows_the_other_at_the_moment_that_is_said_and_then_it_ends() {
        let mut clip = StillClip::new(vec![shot(60), shot(120)], 1);
        assert_eq!(clip.switches(), [Monotonic::new(Duration::from_secs(4))]);
        let made = frames(&mut clip, 1000);
        assert_eq!(made.len(), 240);
        let face = |frame: usize| mean(&made[frame], 190, 140);
        assert!((face(119) - 60.0).abs() < 8.0 && (face(120) - 120.0).abs() < 12.0, "{} {}", face(119), face(120));
    }

    #[test]
    fn noise_has_the_standard_deviation_of_one() {
        let mut random = Random(7);
        let values: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let spread = (values.iter().map(|value| value * value).sum::<f32>() / 20_000.0).sqrt();
        assert!(mean.abs() < 0.03 && (spread - 1.0).abs() < 0.02, "{mean} {spread}");
    }
}
