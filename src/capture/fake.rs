//! A camera and a microphone without hardware, for tests and benches: what they do is fixed beforehand.
//!
//! They never wait, unless they are told to stall: time is reckoned from the frame's number. Wrap the
//! camera in [`super::paced::Paced`] for one that takes its time.

use std::time::Duration;

use super::utter::Voice;
use super::{CaptureError, Frame, Read, Sound, SoundSource, VideoSource};
use crate::clock::Monotonic;
use crate::picture::{PixelFormat, Range};

/// Stripes that move, in I420.
#[derive(Debug, Clone)]
pub struct FakeCamera {
    size: (u32, u32),
    fps: u32,
    number: u64,
    end: Option<u64>,
    failure: Option<u64>,
    stall: Option<u64>,
    losses: Vec<(u64, u64)>,
}

impl FakeCamera {
    /// A camera of that size and, above zero, that many frames a second.
    pub fn new(width: u32, height: u32, fps: u32) -> Self {
        let size = (width, height);
        Self { size, fps: fps.max(1), number: 0, end: None, failure: None, stall: None, losses: Vec::new() }
    }

    /// Ends before frame `number`.
    #[must_use]
    pub fn ending_at(self, number: u64) -> Self {
        Self { end: Some(number), ..self }
    }

    /// Fails at frame `number` and ever after.
    #[must_use]
    pub fn failing_at(self, number: u64) -> Self {
        Self { failure: Some(number), ..self }
    }

    /// Gives nothing from frame `number` on.
    #[must_use]
    pub fn stalling_at(self, number: u64) -> Self {
        Self { stall: Some(number), ..self }
    }

    /// Loses `count` frames from frame `number` on.
    #[must_use]
    pub fn losing(mut self, number: u64, count: u64) -> Self {
        self.losses.push((number, count));
        self
    }

    fn failed(&self, reason: impl ToString) -> CaptureError {
        CaptureError::Failed {
            source_name: "the fake camera".into(),
            reason: reason.to_string(),
            remedy: "change the test if this is not meant".into(),
        }
    }
}

impl VideoSource for FakeCamera {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        if let Some((_, count)) = self.losses.iter().find(|(number, _)| *number == self.number) {
            self.number += count;
        }
        let reached = |number: Option<u64>| number.is_some_and(|number| self.number >= number);
        if reached(self.failure) {
            return Err(self.failed("it was told to fail"));
        }
        if reached(self.end) {
            return Ok(Read::Ended);
        }
        if reached(self.stall) {
            std::thread::sleep(timeout);
            return Ok(Read::TimedOut);
        }
        let (width, height) = self.size;
        let bytes = frame
            .picture
            .reset(PixelFormat::I420, Range::Limited, width, height)
            .map_err(|error| self.failed(error))?;
        let (luma, chroma) = bytes.split_at_mut(PixelFormat::Grey.len(width, height));
        for (y, row) in luma.chunks_exact_mut(width as usize).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                // Stripes of 192 levels within the limited range, two pixels on with each frame.
                *pixel = 16 + ((x + y + 2 * (self.number % 96) as usize) % 192) as u8;
            }
        }
        chroma.fill(128);
        frame.number = self.number;
        let period = Duration::from_secs(1) / self.fps;
        frame.captured_at = Monotonic::new(period.saturating_mul(u32::try_from(self.number).unwrap_or(u32::MAX)));
        self.number += 1;
        Ok(Read::Filled)
    }

    fn frame_rate(&self) -> Option<f32> {
        Some(self.fps as f32)
    }

    fn frames_hint(&self) -> Option<u64> {
        self.end
    }
}

/// A tone, silence, or something like a voice.
#[derive(Debug, Clone)]
pub struct FakeMicrophone {
    heard: Heard,
    given: u64,
    end: Option<u64>,
    failure: Option<u64>,
}

#[derive(Debug, Clone)]
enum Heard {
    Tone { hertz: f32, amplitude: f32 },
    Voice(Voice),
}

impl FakeMicrophone {
    /// Samples a second.
    pub const SAMPLE_RATE: u32 = 16_000;

    /// Samples in a period: 20 ms.
    pub const PERIOD: usize = 320;

    /// A sine of that frequency and amplitude (0 to 1).
    pub fn tone(hertz: f32, amplitude: f32) -> Self {
        Self { heard: Heard::Tone { hertz, amplitude }, given: 0, end: None, failure: None }
    }

    /// Nothing to hear.
    pub fn silence() -> Self {
        Self::tone(0.0, 0.0)
    }

    /// Syllables without meaning, of about that pitch (100 to 250 Hz).
    pub fn voice(pitch: f32) -> Self {
        Self { heard: Heard::Voice(Voice::new(pitch)), given: 0, end: None, failure: None }
    }

    /// Ends after that many periods.
    #[must_use]
    pub fn ending_after(self, periods: u64) -> Self {
        Self { end: Some(periods * Self::PERIOD as u64), ..self }
    }

    /// Fails after that many periods, and ever after.
    #[must_use]
    pub fn failing_after(self, periods: u64) -> Self {
        Self { failure: Some(periods * Self::PERIOD as u64), ..self }
    }
}

impl SoundSource for FakeMicrophone {
    fn sample_rate(&self) -> u32 {
        Self::SAMPLE_RATE
    }

    fn read(&mut self, sound: &mut Sound, _timeout: Duration) -> Result<Read, CaptureError> {
        if self.failure.is_some_and(|failure| self.given >= failure) {
            return Err(CaptureError::Failed {
                source_name: "the fake microphone".into(),
                reason: "the fake microphone failed, as it was told to".into(),
                remedy: "do not tell it to".into(),
            });
        }
        if self.end.is_some_and(|end| self.given >= end) {
            return Ok(Read::Ended);
        }
        let seconds = |sample: u64| sample as f64 / f64::from(Self::SAMPLE_RATE);
        sound.captured_at = Monotonic::new(Duration::from_secs_f64(seconds(self.given)));
        sound.samples.clear();
        match &mut self.heard {
            &mut Heard::Tone { hertz, amplitude } => {
                sound.samples.extend((self.given..).take(Self::PERIOD).map(|sample| {
                    let turns = f64::from(hertz) * seconds(sample);
                    amplitude * (turns.fract() * std::f64::consts::TAU).sin() as f32
                }));
            }
            Heard::Voice(voice) => sound.samples.extend((0..Self::PERIOD).map(|_| voice.next())),
        }
        self.given += Self::PERIOD as u64;
        Ok(Read::Filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[test]
    fn frames_move_and_carry_their_number_and_time() {
        let mut camera = FakeCamera::new(40, 30, 25).losing(1, 3).ending_at(5);
        let (mut first, mut second) = (Frame::default(), Frame::default());
        assert_eq!(camera.read(&mut first, SOON).unwrap(), Read::Filled);
        assert_eq!(camera.read(&mut second, SOON).unwrap(), Read::Filled);
        assert_eq!((first.number, second.number), (0, 4));
        assert_eq!(second.captured_at.since(first.captured_at), Duration::from_millis(160));
        assert_ne!(first.picture, second.picture);
        assert_eq!(camera.read(&mut first, SOON).unwrap(), Read::Ended);
    }

    #[test]
    fn it_stalls_and_fails_when_told() {
        let mut frame = Frame::default();
        assert_eq!(FakeCamera::new(4, 4, 30).stalling_at(0).read(&mut frame, SOON).unwrap(), Read::TimedOut);
        let error = FakeCamera::new(4, 4, 30).failing_at(0).read(&mut frame, SOON).unwrap_err();
        assert!(error.to_string().contains("the fake camera failed"));
        assert!(FakeCamera::new(0, 4, 30).read(&mut frame, SOON).is_err());
    }

    #[test]
    fn a_tone_has_its_frequency_and_amplitude() {
        let mut microphone = FakeMicrophone::tone(400.0, 0.5).ending_after(2);
        let (mut samples, mut sound) = (Vec::new(), Sound::default());
        while microphone.read(&mut sound, SOON).unwrap() == Read::Filled {
            samples.extend_from_slice(&sound.samples);
        }
        assert_eq!(sound.captured_at.since_zero(), Duration::from_millis(20));
        // 40 ms of 400 Hz.
        let rises = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((15..=16).contains(&rises), "{rises}");
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((peak - 0.5).abs() < 1e-3);
    }

    #[test]
    fn a_voice_is_loud_enough_and_never_clipped() {
        let (mut microphone, mut sound) = (FakeMicrophone::voice(120.0), Sound::default());
        let (mut peak, mut squares) = (0.0_f32, 0.0);
        for _ in 0..100 {
            microphone.read(&mut sound, SOON).unwrap();
            peak = sound.samples.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
            squares += sound.samples.iter().map(|sample| sample * sample).sum::<f32>();
        }
        let mean = squares / (100 * FakeMicrophone::PERIOD) as f32;
        assert!(peak < 0.95 && mean.sqrt() > 0.05, "{peak}, {}", mean.sqrt());
    }
}
