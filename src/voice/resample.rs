//! Any rate to the 16 kHz that everything behind reckons in, as it comes.
//!
//! What comes out belongs to the same moments as what went in: output sample `n` is the sound `n / 16000` seconds
//! after the first input sample. The resampler's own delay is taken off at the start and given back by
//! [`Resample::finish`].

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, ResamplerConstructionError};
use thiserror::Error;

use super::mel::RATE;

/// The parts of a second that a block of input lasts, so far as the rates allow: 25 ms. A rate that has no large
/// divisor in common with 16 kHz needs blocks of up to a second, and the sound is late by half of that.
const BLOCKS_A_SECOND: u32 = 40;

/// The rates that are taken, in hertz: those that sound devices have.
pub const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// A rate that cannot be used.
#[derive(Debug, Error)]
pub enum RateError {
    /// It is not one that voices are recorded at.
    #[error("sound of {rate} Hz cannot be read: give a source of 8000 to 192000 Hz")]
    OutOfRange {
        /// The rate.
        rate: u32,
    },
    /// The resampler refuses it.
    #[error("sound of {rate} Hz cannot be read: {reason}; give a source of 16000 Hz")]
    Refused {
        /// The rate.
        rate: u32,
        /// Why.
        reason: ResamplerConstructionError,
    },
}

/// Brings one channel of sound to 16 kHz. All buffers are made at the start.
pub struct Resample {
    /// None where the sound is of 16 kHz already.
    blocks: Option<Blocks>,
}

struct Blocks {
    fft: Fft<f32>,
    input: Box<[f32]>,
    filled: usize,
    output: Box<[f32]>,
    /// Samples that are still to be left out: the resampler's delay.
    skip: usize,
    /// Samples that came in since the start, and that came out.
    taken: u64,
    given: u64,
    rate: u32,
}

impl Resample {
    /// From `rate` samples a second.
    ///
    /// # Errors
    /// When there is no such sound.
    pub fn new(rate: u32) -> Result<Self, RateError> {
        if !RATES.contains(&rate) {
            return Err(RateError::OutOfRange { rate });
        }
        let blocks = if rate == RATE { None } else { Some(Blocks::new(rate)?) };
        Ok(Self { blocks })
    }

    /// Takes samples and gives what they become to `take`, in pieces of any length.
    pub fn push(&mut self, samples: &[f32], mut take: impl FnMut(&[f32])) {
        match &mut self.blocks {
            None => take(samples),
            Some(blocks) => blocks.push(samples, &mut take),
        }
    }

    /// Gives what is still held back; the next sample is the first of another sound.
    pub fn finish(&mut self, mut take: impl FnMut(&[f32])) {
        if let Some(blocks) = &mut self.blocks {
            blocks.finish(&mut take);
        }
    }

    /// Forgets what is held back.
    pub fn reset(&mut self) {
        if let Some(blocks) = &mut self.blocks {
            blocks.reset();
        }
    }
}

impl Blocks {
    fn new(rate: u32) -> Result<Self, RateError> {
        let refused = |reason| RateError::Refused { rate, reason };
        let block = (rate / BLOCKS_A_SECOND) as usize;
        let fft = Fft::new(rate as usize, RATE as usize, block, 1, FixedSync::Both).map_err(refused)?;
        let (input, output) = (vec![0.0; fft.input_frames_max()].into(), vec![0.0; fft.output_frames_max()].into());
        let skip = fft.output_delay();
        Ok(Self { fft, input, filled: 0, output, skip, taken: 0, given: 0, rate })
    }

    fn push(&mut self, mut samples: &[f32], take: &mut impl FnMut(&[f32])) {
        self.taken += samples.len() as u64;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.input.len() - self.filled));
            self.input[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            samples = later;
            if self.filled == self.input.len() {
                self.work(u64::MAX, take);
            }
        }
    }

    fn finish(&mut self, take: &mut impl FnMut(&[f32])) {
        let whole = self.taken * u64::from(RATE) / u64::from(self.rate);
        while self.given < whole {
            self.input[self.filled..].fill(0.0);
            self.work(whole, take);
        }
        self.reset();
    }

    /// Turns the gathered block; what comes after `whole` samples in all is left out.
    fn work(&mut self, whole: u64, take: &mut impl FnMut(&[f32])) {
        let (frames_in, frames_out) = (self.input.len(), self.output.len());
        let made = match (
            InterleavedSlice::new(&self.input, 1, frames_in),
            InterleavedSlice::new_mut(&mut self.output, 1, frames_out),
        ) {
            (Ok(input), Ok(mut output)) => self.fft.process_into_buffer(&input, &mut output, None).is_ok(),
            _ => false,
        };
        self.filled = 0;
        if !made {
            // It fails for buffers of other lengths only, and these are its own. Time goes on all the same.
            self.output.fill(0.0);
        }
        let skipped = self.skip.min(frames_out);
        self.skip -= skipped;
        let left = usize::try_from(whole.saturating_sub(self.given)).unwrap_or(usize::MAX);
        let given = &self.output[skipped..][..left.min(frames_out - skipped)];
        self.given += given.len() as u64;
        take(given);
    }

    fn reset(&mut self) {
        self.fft.reset();
        (self.filled, self.taken, self.given) = (0, 0, 0);
        self.skip = self.fft.output_delay();
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(hertz: f32, rate: u32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize)
            .map(|i| 0.5 * (TAU * hertz * (i as f64 / f64::from(rate)) as f32).sin())
            .collect()
    }

    /// All that comes out, the input given in pieces of 20 ms.
    fn resampled(rate: u32, samples: &[f32]) -> Vec<f32> {
        let (mut resample, mut out) = (Resample::new(rate).unwrap(), Vec::new());
        for piece in samples.chunks(rate as usize / 50) {
            resample.push(piece, |made| out.extend_from_slice(made));
        }
        resample.finish(|made| out.extend_from_slice(made));
        out
    }

    /// The amplitude of a tone in sound, by how many seconds it is late, and how large the rest is. The very ends ring,
    /// for there it begins and stops at once: they are left out.
    fn compared(sound: &[f32], hertz: f32) -> (f32, f32, f32) {
        let inner = 800..sound.len() - 800;
        let angle = |i: usize| std::f64::consts::TAU * f64::from(hertz) * i as f64 / f64::from(RATE);
        let part = |of: fn(f64) -> f64| {
            inner.clone().map(|i| f64::from(sound[i]) * of(angle(i))).sum::<f64>() * 2.0 / inner.len() as f64
        };
        let (sine, cosine) = (part(f64::sin), part(f64::cos));
        let rest = inner.clone().map(|i| f64::from(sound[i]) - sine * angle(i).sin() - cosine * angle(i).cos());
        let late = -cosine.atan2(sine) / (std::f64::consts::TAU * f64::from(hertz));
        (sine.hypot(cosine) as f32, late as f32, rest.fold(0.0, |most, x| x.abs().max(most)) as f32)
    }

    #[test]
    fn a_tone_of_any_rate_stays_that_tone_at_the_same_moments() {
        for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
            let out = resampled(rate, &tone(1000.0, rate, 1.0));
            assert_eq!(out.len(), 16_000, "{rate}");
            let (amplitude, late, rest) = compared(&out, 1000.0);
            assert!((amplitude - 0.5).abs() < 1e-3 && rest < 2e-3, "{rate}: {amplitude}, {rest}");
            // Where the filter has no sample in its middle, it cannot do better than within one.
            assert!(late.abs() < 1.0 / rate as f32, "{rate}: {late} s");
        }
    }

    #[test]
    fn what_16_khz_cannot_hold_does_not_come_back_as_another_tone() {
        let out = resampled(48_000, &tone(11_000.0, 48_000, 1.0));
        let loudest = out[800..15_200].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(loudest < 2e-3, "{loudest}");
    }

    #[test]
    fn an_odd_rate_is_late_and_not_wrong() {
        let out = resampled(22_051, &tone(500.0, 22_051, 2.0));
        assert_eq!(out.len(), 32_000);
        let (amplitude, late, rest) = compared(&out, 500.0);
        assert!((amplitude - 0.5).abs() < 1e-3 && rest < 2e-3, "{amplitude}, {rest}");
        assert!(late.abs() < 1.0 / 22_051.0, "{late} s");
    }

    #[test]
    fn after_the_end_another_sound_begins_afresh() {
        let mut resample = Resample::new(48_000).unwrap();
        let sound = tone(300.0, 48_000, 0.5);
        let mut runs = [Vec::new(), Vec::new()];
        for run in &mut runs {
            resample.push(&sound, |made| run.extend_from_slice(made));
            resample.finish(|made| run.extend_from_slice(made));
        }
        assert_eq!(runs[0], runs[1]);
    }

    #[test]
    fn a_rate_that_no_voice_has_is_refused_with_the_remedy() {
        for rate in [0, 7_999, 192_001] {
            let said = Resample::new(rate).err().unwrap().to_string();
            assert!(said.contains(&rate.to_string()) && said.contains("8000 to 192000"), "{said}");
        }
    }
}
