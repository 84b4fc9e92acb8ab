//! Where in a sound somebody speaks, whatever its level.
//!
//! The network of `earshot` says of each 16 ms how likely a voice is. By itself it depends on the level: of the same
//! sentences it misses 99 in 100 frames when they are recorded 40 decibels lower, and takes loud noise for a voice.
//! So the sound is brought to one level first, by what was heard up to now: the level rises at once, is held through
//! the pauses of speech, and falls quickly when nothing as loud comes any more, as after a door that was banged.
//!
//! A steady tone near 300 Hz is a voice to the network at some levels. Nobody's mouth makes a single frequency, so
//! [`is_tone`] tells those from the features.

use earshot::Detector;

use super::level::{decibels, power};
use super::mel::{BANDS, FFT, Frame, HOP, RATE};

/// Samples of which the network says how likely a voice is: 16 ms.
pub const STEP: usize = 256;

/// Seconds in a step.
const SECONDS: f32 = STEP as f32 / RATE as f32;

/// The level that the network is given, in decibels of the full range.
const TARGET: f32 = -20.0;

/// What is quieter than this is not brought up any further: it is the noise of the converter.
const QUIETEST: f32 = -75.0;

/// How much of the way to a higher level is gone in one step, so that a click alone is no level.
const ATTACK: f32 = 0.5;

/// A step no more than this much quieter than the level confirms it.
const NEAR: f32 = 12.0;

/// How long the level is held without being confirmed, in seconds …
const HOLD: f32 = 1.0;

/// … sinking by so many decibels a second, and after it by so many.
const SINKING: f32 = 1.0;
const FALLING: f32 = 20.0;

/// From this likelihood on it is a voice.
const SURE: f32 = 0.5;

/// So many frames of features before a voice, and after it, belong to it: words begin and end more softly than the
/// network believes in them, and voice packs are trained with as much around each stretch of voice.
pub const BEFORE: usize = 3;
/// See [`BEFORE`].
pub const AFTER: usize = 12;

/// The power of a tone lies in the band of its frequency and so many beside it on each side …
const BESIDE: usize = 2;

/// … all but a hundredth. Of loud frames of speech 1 in 1700 is as pure.
const PURE: f32 = 0.99;

/// Steps whose answers are kept for the frames of features, which end a little later.
const KEPT: usize = 8;

/// Whether there is a voice in a step, and how likely it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Answer {
    /// Whether there is a voice.
    pub voiced: bool,
    /// How likely it is, 0 to 1.
    pub score: f32,
}

/// Tells voice from everything else, step by step.
pub struct Activity {
    detector: Detector,
    gathered: [f32; STEP],
    filled: usize,
    level: f32,
    /// Seconds since the level was confirmed.
    unconfirmed: f32,
    answers: [Answer; KEPT],
    /// Steps answered since the start.
    steps: u64,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            detector: Detector::default(),
            gathered: [0.0; STEP],
            filled: 0,
            level: QUIETEST,
            unconfirmed: 0.0,
            answers: [Answer::default(); KEPT],
            steps: 0,
        }
    }
}

impl Activity {
    /// Takes samples of 16 kHz, from −1 to 1.
    pub fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(STEP - self.filled));
            self.gathered[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            samples = later;
            if self.filled == STEP {
                self.filled = 0;
                self.answer();
            }
        }
    }

    /// The answer of the step that holds the middle of feature frame `frame`, counted from the start. To be asked
    /// when the frame is complete, in order, with no more than a hop pushed in between.
    pub fn of_frame(&self, frame: u64) -> Answer {
        let step = (frame * HOP as u64 + FFT as u64 / 2) / STEP as u64;
        let latest = self.steps.saturating_sub(1);
        self.answers[(step.min(latest) % KEPT as u64) as usize]
    }

    /// Forgets everything: another sound begins.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn answer(&mut self) {
        self.follow(decibels(power(&self.gathered)));
        let gain = 10f32.powf((TARGET - self.level) / 20.0);
        for sample in &mut self.gathered {
            *sample = (*sample * gain).clamp(-1.0, 1.0);
        }
        let score = self.detector.predict_f32(&self.gathered);
        // Should the network fail, nobody was heard.
        let score = if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
        self.answers[(self.steps % KEPT as u64) as usize] = Answer { voiced: score >= SURE, score };
        self.steps += 1;
    }

    fn follow(&mut self, heard: f32) {
        self.unconfirmed = if heard > self.level - NEAR { 0.0 } else { self.unconfirmed + SECONDS };
        if heard > self.level {
            self.level += ATTACK * (heard - self.level);
        } else {
            self.level -= SECONDS * if self.unconfirmed > HOLD { FALLING } else { SINKING };
        }
        self.level = self.level.max(QUIETEST);
    }
}

/// Whether a frame of features holds one frequency and next to nothing else.
pub fn is_tone(frame: &Frame) -> bool {
    let mut powers = [0.0; BANDS];
    let (mut loudest, mut sum) = (0, 0.0);
    for (band, logarithm) in frame.iter().enumerate() {
        powers[band] = logarithm.exp();
        sum += powers[band];
        if powers[band] > powers[loudest] {
            loudest = band;
        }
    }
    let around = loudest.saturating_sub(BESIDE)..BANDS.min(loudest + BESIDE + 1);
    powers[around].iter().sum::<f32>() > PURE * sum
}

#[cfg(test)]
mod tests {
    use super::super::mel::Mel;
    use super::super::testing::{noise, speech, tone};
    use super::*;

    /// The share of steps with a voice, after the first half second.
    fn voiced(sound: &[f32]) -> f32 {
        let (mut activity, mut steps, mut voiced) = (Activity::default(), 0, 0);
        for (i, piece) in sound.chunks_exact(STEP).enumerate() {
            activity.push(piece);
            if i > 31 {
                steps += 1;
                voiced += u32::from(activity.answers[(activity.steps - 1) as usize % KEPT].voiced);
            }
        }
        voiced as f32 / steps as f32
    }

    fn louder(sound: &[f32], decibels: f32) -> Vec<f32> {
        let gain = 10f32.powf(decibels / 20.0);
        sound.iter().map(|x| (x * gain).clamp(-1.0, 1.0)).collect()
    }

    #[test]
    fn speech_is_heard_at_every_level() {
        let sound = speech(4.0);
        let own = voiced(&sound);
        assert!(own > 0.5, "{own}");
        for decibels in [-50.0, -30.0, -15.0] {
            let other = voiced(&louder(&sound, decibels));
            assert!((other - own).abs() < 0.15, "{decibels} dB: {other} for {own}");
        }
    }

    #[test]
    fn noise_hum_and_silence_are_no_voice_at_any_level() {
        let hum: Vec<f32> = tone(50.0, 0.1, 4.0).iter().zip(tone(150.0, 0.05, 4.0)).map(|(a, b)| a + b).collect();
        for (what, sound) in [("noise", noise(0.1, 4.0)), ("hum", hum), ("silence", vec![0.0; 64_000])] {
            for decibels in [0.0, 15.0, -40.0] {
                let share = voiced(&louder(&sound, decibels));
                assert!(share < 0.06, "{what} at {decibels} dB: {share}");
            }
        }
    }

    #[test]
    fn tones_are_told_from_the_features_and_speech_is_none() {
        let tones = |sound: &[f32]| {
            let (mut frames, mut tones) = (0, 0);
            Mel::default().push(sound, |frame| {
                frames += 1;
                tones += u32::from(is_tone(frame));
            });
            tones as f32 / frames as f32
        };
        for hertz in [100.0, 300.0, 440.0, 1000.0, 5000.0] {
            assert_eq!(tones(&tone(hertz, 0.01, 1.0)), 1.0, "{hertz}");
        }
        assert!(tones(&speech(4.0)) < 0.02);
        assert_eq!(tones(&noise(0.1, 1.0)), 0.0);
    }

    #[test]
    fn quiet_speech_is_heard_soon_after_a_bang() {
        let mut sound = noise(0.9, 0.05);
        sound.extend(louder(&speech(4.0), -35.0));
        let share = voiced(&sound[..32_000]);
        let later = voiced(&sound[16_000..]);
        assert!(share < later && later > 0.4, "{share} {later}");
    }

    #[test]
    fn a_frame_has_the_answer_of_the_step_at_its_middle() {
        let (mut activity, mut frame) = (Activity::default(), 0);
        let mut sound = vec![0.0; 8_000];
        sound.extend(speech(1.0));
        let mut flags = Vec::new();
        for (i, piece) in sound.chunks_exact(HOP).enumerate() {
            activity.push(piece);
            if (i + 1) * HOP >= frame as usize * HOP + FFT {
                flags.push(activity.of_frame(frame).voiced);
                frame += 1;
            }
        }
        // The voice begins with frame 50; the network needs a moment to believe it.
        assert!(flags[..47].iter().all(|&voiced| !voiced), "{flags:?}");
        assert!(flags[47..70].iter().any(|&voiced| voiced), "{flags:?}");
    }
}
