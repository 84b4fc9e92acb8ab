//! Sounds that tests are made of: 16 kHz, from −1 to 1.

use std::f32::consts::TAU;
use std::time::Duration;

use super::mel::RATE;
use crate::capture::fake::FakeMicrophone;
use crate::capture::{Read, Sound, SoundSource};

fn samples(seconds: f32) -> usize {
    (seconds * RATE as f32) as usize
}

/// Something like speech.
pub(crate) fn speech(seconds: f32) -> Vec<f32> {
    let (mut microphone, mut sound, mut all) = (FakeMicrophone::voice(120.0), Sound::default(), Vec::new());
    while all.len() < samples(seconds) {
        assert_eq!(microphone.read(&mut sound, Duration::ZERO).unwrap(), Read::Filled);
        all.extend_from_slice(&sound.samples);
    }
    all.truncate(samples(seconds));
    all
}

/// A sine.
pub(crate) fn tone(hertz: f32, amplitude: f32, seconds: f32) -> Vec<f32> {
    (0..samples(seconds)).map(|i| amplitude * (TAU * hertz * i as f32 / RATE as f32).sin()).collect()
}

/// White noise.
pub(crate) fn noise(amplitude: f32, seconds: f32) -> Vec<f32> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        amplitude * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    (0..samples(seconds)).map(next).collect()
}
