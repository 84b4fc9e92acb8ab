//! How loud a source of sound is: for a person who looks whether a microphone hears anything.

use std::time::{Duration, Instant};

use super::{CaptureError, Read, Sound, SoundSource};
use crate::voice::level::decibels;

/// How long a single read may wait.
const PATIENCE: Duration = Duration::from_millis(200);

/// How loud a sound was, in decibels below the full range: 0 is as loud as can be, −120 digital silence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The mean power, a constant offset taken off.
    pub rms: f32,
    /// The sample that is farthest from zero.
    pub peak: f32,
    /// How much sound that was.
    pub heard: Duration,
}

impl Level {
    /// Whether it was nothing but digital zeros, as a microphone gives that is switched off.
    pub fn is_digital_silence(&self) -> bool {
        self.peak <= -120.0
    }
}

/// Listens for that long and tells how loud it was; `None` when no sound came in it. Takes up to twice as long where
/// the source is late.
///
/// # Errors
/// When the source failed.
pub fn level(source: &mut dyn SoundSource, over: Duration) -> Result<Option<Level>, CaptureError> {
    let deadline = Instant::now() + over * 2 + PATIENCE;
    let (mut sound, mut measure, mut heard) = (Sound::default(), Measure::default(), Duration::ZERO);
    while heard < over && Instant::now() < deadline {
        match source.read(&mut sound, PATIENCE)? {
            Read::Filled => {
                measure.take(&sound.samples);
                heard += Duration::from_secs_f64(sound.samples.len() as f64 / f64::from(source.sample_rate().max(1)));
            }
            Read::TimedOut => {}
            Read::Ended => break,
        }
    }
    Ok(measure.level(heard))
}

#[derive(Default)]
struct Measure {
    count: u64,
    sum: f64,
    squares: f64,
    peak: f32,
}

impl Measure {
    fn take(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.count += 1;
            self.sum += f64::from(sample);
            self.squares += f64::from(sample) * f64::from(sample);
            self.peak = self.peak.max(sample.abs());
        }
    }

    fn level(&self, heard: Duration) -> Option<Level> {
        let count = self.count as f64;
        let mean = self.sum / count;
        let power = (self.squares / count - mean * mean) as f32;
        (self.count > 0).then(|| Level { rms: decibels(power), peak: decibels(self.peak * self.peak), heard })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::FakeMicrophone;
    use super::*;

    fn measured(mut microphone: FakeMicrophone) -> Option<Level> {
        level(&mut microphone, Duration::from_millis(200)).unwrap()
    }

    #[test]
    fn a_tone_is_as_loud_as_it_is() {
        let level = measured(FakeMicrophone::tone(400.0, 0.5)).unwrap();
        assert!((level.rms + 9.03).abs() < 0.01 && (level.peak + 6.02).abs() < 0.01, "{level:?}");
        assert_eq!(level.heard, Duration::from_millis(200));
        assert!(!level.is_digital_silence());
    }

    #[test]
    fn silence_is_told_from_no_sound_at_all() {
        let silence = measured(FakeMicrophone::silence()).unwrap();
        assert_eq!((silence.rms, silence.peak), (-120.0, -120.0));
        assert!(silence.is_digital_silence());
        assert_eq!(measured(FakeMicrophone::silence().ending_after(0)), None);
    }

    #[test]
    fn an_offset_is_no_sound() {
        let mut measure = Measure::default();
        measure.take(&[0.5; 1000]);
        let level = measure.level(Duration::from_secs(1)).unwrap();
        assert!(level.rms < -100.0 && (level.peak + 6.02).abs() < 0.01, "{level:?}");
    }

    #[test]
    fn a_source_that_fails_says_so() {
        let failed = level(&mut FakeMicrophone::silence().failing_after(2), Duration::from_secs(1));
        assert!(failed.unwrap_err().to_string().contains("failed"));
    }
}
