//! A voice without a person: syllables made by the source and filter of a simple speech synthesiser.
//!
//! Pulses, as of vocal cords, pass through resonances, as of a mouth that goes from vowel to vowel; a hiss precedes
//! each vowel. It says nothing, but is built as speech is, so what tells voices from other sound can be tried on it.

use std::f32::consts::{PI, TAU};

/// Samples a second.
const RATE: f32 = 16_000.0;

/// How long a syllable takes, in seconds, and how much of it is hiss.
const SYLLABLE: f32 = 0.24;
const HISS: f32 = 0.06;

/// The first three resonances of a, i, u, e and o, in hertz.
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
];

/// How wide the resonances are, in hertz.
const WIDTHS: [f32; 3] = [70.0, 90.0, 130.0];

/// A voice of that pitch.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    /// Beats of the cords a second, about.
    pitch: f32,
    /// Samples made so far.
    made: u64,
    /// How far the cords are within a beat, 0 to 1.
    phase: f32,
    /// What the pulse was before, to round it off.
    pulse: [f32; 2],
    /// The last two values of each resonance.
    mouth: [[f32; 2]; 3],
    /// The state of the hiss.
    noise: u32,
    hiss: f32,
}

impl Voice {
    /// A voice whose pitch is about `pitch` hertz.
    pub fn new(pitch: f32) -> Self {
        Self { pitch, made: 0, phase: 0.0, pulse: [0.0; 2], mouth: [[0.0; 2]; 3], noise: 1, hiss: 0.0 }
    }

    /// The next sample, from −1 to 1.
    pub fn next(&mut self) -> f32 {
        let t = self.made as f32 / RATE;
        self.made += 1;
        let (syllable, within) = ((t / SYLLABLE) as usize, t % SYLLABLE);
        // The mouth glides from the vowel before to this one.
        let glide = ((within - HISS) / 0.05).clamp(0.0, 1.0);
        let (before, now) = (VOWELS[(syllable * 3 + 2) % 5], VOWELS[(syllable * 3) % 5]);
        let open = if within < HISS { 0.0 } else { (PI * (within - HISS) / (SYLLABLE - HISS)).sin().sqrt() };

        let pitch = self.pitch * (1.0 + 0.12 * (TAU * 0.6 * t).sin() + 0.01 * (TAU * 5.0 * t).sin());
        self.phase += pitch / RATE;
        let beat = if self.phase >= 1.0 { 1.0 } else { 0.0 };
        self.phase %= 1.0;
        self.pulse[0] += 0.25 * (beat - self.pulse[0]);
        self.pulse[1] += 0.25 * (self.pulse[0] - self.pulse[1]);

        let mut sound = 0.0;
        for (i, state) in self.mouth.iter_mut().enumerate() {
            let hertz = before[i] + glide * (now[i] - before[i]);
            let radius = (-PI * WIDTHS[i] / RATE).exp();
            let gain = (1.0 - radius) * 2.0;
            let value = gain * open * self.pulse[1] + 2.0 * radius * (TAU * hertz / RATE).cos() * state[0]
                - radius * radius * state[1];
            *state = [value, state[0]];
            sound += value * [1.0, 0.6, 0.3][i];
        }
        // What rises with the frequency, for the lips let high tones out better; a fricative before the vowel.
        let hiss = if within < HISS { 0.02 * (PI * within / HISS).sin() } else { 0.0005 };
        let white = self.white();
        let high = white - self.hiss;
        self.hiss = white;
        (3.5 * sound + hiss * high).clamp(-1.0, 1.0)
    }

    /// Noise from −1 to 1.
    fn white(&mut self) -> f32 {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.noise >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}
