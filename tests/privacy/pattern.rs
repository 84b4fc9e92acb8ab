//! A clip with a face and a voice, and beside them noise that is nowhere else: in a corner of the picture, and between
//! the words. It is compressed without loss, so what the daemon holds in memory is known byte by byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::finder::Finder;
use crate::support::program::astronaut;
use crate::support::sound::{speech, wav};

/// The sides of the picture, in pixels.
pub const SIDE: usize = 640;

/// The sides of the noise in its lower left corner, far from the face.
const CORNER: usize = 160;

/// Frames a second.
const RATE: usize = 15;

/// Samples a second.
const SAMPLES: u32 = 16_000;

/// A clip, and what nobody may ever find of it.
pub struct Clip {
    pub path: PathBuf,
    pub frame: Vec<u8>,
    pub sound: Vec<f32>,
}

impl Clip {
    /// Of so many seconds.
    pub fn make(dir: &Path, seconds: usize) -> Self {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let frame = frame(dir, &mut noise);
        let sound = sound(seconds, &mut noise);
        let raw = dir.join("frame.yuv");
        fs::write(&raw, &frame).unwrap();
        let (wav, path) = (wav(dir, "sound.wav", SAMPLES, 1, &sound), dir.join("secret.mkv"));
        let (size, rate, again) = (format!("{SIDE}x{SIDE}"), RATE.to_string(), (seconds * RATE - 1).to_string());
        let still = ["-stream_loop", &again, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-framerate", &rate];
        let inputs = ["-i", raw.to_str().unwrap(), "-i", wav.to_str().unwrap()];
        ffmpeg(&[&still[..], &inputs, &["-c:v", "ffv1", "-c:a", "pcm_s16le"]].concat(), &path);
        Self { path, frame, sound }
    }

    /// Looks for anything of it.
    pub fn finder(&self) -> Finder {
        let whole = self.sound.iter().flat_map(|sample| ((sample * 32_768.0) as i16).to_le_bytes()).collect();
        let float = self.sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        Finder::of(&[self.frame.clone(), whole, float])
    }

    /// A row of the noise in the picture.
    pub fn row(&self) -> &[u8] {
        &self.frame[(SIDE - CORNER / 2) * SIDE..][..CORNER]
    }

    /// Some of the noise in the sound.
    pub fn samples(&self) -> &[f32] {
        &self.sound[NOISE_FROM..][..400]
    }
}

/// Where in the sound the first noise begins, in samples.
const NOISE_FROM: usize = 3 * SAMPLES as usize;

/// Numbers that look random, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// The astronaut with noise in a corner: Y, then U and V of half the sides.
fn frame(dir: &Path, noise: &mut Noise) -> Vec<u8> {
    let raw = dir.join("astronaut.yuv");
    let scale = format!("scale={SIDE}:{SIDE}");
    let output = ["-vf", &scale, "-pix_fmt", "yuv420p", "-f", "rawvideo"];
    ffmpeg(&[&["-i", astronaut().to_str().unwrap()], &output[..]].concat(), &raw);
    let mut frame = fs::read(raw).unwrap();
    assert_eq!(frame.len(), SIDE * SIDE * 3 / 2);
    for row in frame.chunks_exact_mut(SIDE).take(SIDE).skip(SIDE - CORNER) {
        row[..CORNER].iter_mut().for_each(|luma| *luma = 16 + (noise.next() >> 32) as u8 % 220);
    }
    frame
}

/// Speech with a second of noise after each three: whole numbers of 16 bits, so that they are the same as floats.
fn sound(seconds: usize, noise: &mut Noise) -> Vec<f32> {
    let words = speech(3.0);
    let round = |sample: f32| (sample * 32_767.0).trunc() / 32_768.0;
    let second = SAMPLES as usize;
    let rounds = std::iter::repeat_with(|| {
        let hiss = (0..second).map(|_| f32::from((noise.next() >> 32) as i16 / 4) / 32_768.0);
        words.iter().copied().map(round).chain(hiss).collect::<Vec<_>>()
    });
    let mut sound: Vec<_> = rounds.take(seconds.div_ceil(4)).flatten().collect();
    sound.truncate(seconds * second);
    sound
}

fn ffmpeg(arguments: &[&str], to: &Path) {
    let made = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(to).output();
    let made = made.expect("ffmpeg is missing: apt-get install ffmpeg");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
