//! What a microphone adds to a voice and must go, or be told: an offset from zero, and clipping.

use std::f32::consts::TAU;

/// Below this many hertz sound is taken for offset: far below any voice, whose lowest band begins at 60 Hz, where
/// it takes half a percent of the power.
const OFFSET_HZ: f32 = 4.0;

/// A sample this far from zero has reached the end of the range; a little below it, for a sound that was
/// resampled after it was clipped swings about the end.
const FULL: f32 = 0.98;

/// So many samples in a row make the flat top of a clipped wave; a loud voice touches the end for one or two.
const FLAT: u32 = 3;

/// Takes a constant offset off, by following the mean slowly.
#[derive(Debug, Clone)]
pub struct Centre {
    weight: f32,
    mean: Option<f32>,
}

impl Centre {
    /// For sound of `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        Self { weight: 1.0 - (-TAU * OFFSET_HZ / rate.max(1) as f32).exp(), mean: None }
    }

    /// Takes the offset off `samples`. The very first ones tell what it is, so that the beginning of a sound with
    /// an offset is no step.
    pub fn apply(&mut self, samples: &mut [f32]) {
        let first = || samples.iter().sum::<f32>() / samples.len().max(1) as f32;
        let mut mean = self.mean.unwrap_or_else(first);
        for sample in samples {
            mean += self.weight * (*sample - mean);
            *sample -= mean;
        }
        self.mean = Some(mean);
    }

    /// Forgets the offset.
    pub fn reset(&mut self) {
        self.mean = None;
    }
}

/// Finds the flat tops of clipped waves.
#[derive(Debug, Clone, Default)]
pub struct Clipping {
    run: u32,
}

impl Clipping {
    /// Whether a wave is flat at the end of the range within `samples`, or has been so until their first.
    pub fn is_in(&mut self, samples: &[f32]) -> bool {
        let mut clipped = false;
        for sample in samples {
            self.run = if sample.abs() >= FULL { self.run.saturating_add(1) } else { 0 };
            clipped |= self.run >= FLAT;
        }
        clipped
    }
}

/// The mean square of samples.
pub fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32
}

/// A mean square in decibels, 0 at the full range; −120 for silence.
pub fn decibels(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, amplitude: f32, offset: f32) -> Vec<f32> {
        (0..16_000).map(|i| offset + amplitude * (TAU * hertz * i as f32 / 16_000.0).sin()).collect()
    }

    #[test]
    fn an_offset_goes_and_the_sound_stays() {
        let (mut sound, clean) = (tone(200.0, 0.2, 0.5), tone(200.0, 0.2, 0.0));
        let mut centre = Centre::new(16_000);
        for piece in sound.chunks_mut(160) {
            centre.apply(piece);
        }
        for (i, (made, wanted)) in sound.iter().zip(&clean).enumerate() {
            assert!((made - wanted).abs() < 0.01, "{i}: {made} for {wanted}");
        }
        let lowest = decibels(power(&tone(60.0, 0.2, 0.0)));
        let mut low = tone(60.0, 0.2, 0.0);
        centre.reset();
        centre.apply(&mut low);
        assert!((decibels(power(&low)) - lowest).abs() < 0.05);
    }

    #[test]
    fn a_wave_that_is_cut_off_is_clipped_and_one_that_is_loud_is_not() {
        let cut: Vec<f32> = tone(200.0, 2.0, 0.0).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
        assert!(Clipping::default().is_in(&cut));
        assert!(!Clipping::default().is_in(&tone(2000.0, 0.99, 0.0)));
        assert!(!Clipping::default().is_in(&tone(200.0, 0.9, 0.0)));
    }

    #[test]
    fn a_flat_top_is_seen_across_pieces() {
        let mut clipping = Clipping::default();
        assert!(!clipping.is_in(&[0.0, 1.0, 1.0]));
        assert!(clipping.is_in(&[1.0, 0.2]));
        assert!(!clipping.is_in(&[-1.0, -1.0, 0.0]));
    }

    #[test]
    fn decibels_are_of_the_full_range_and_silence_has_a_number() {
        assert_eq!(decibels(1.0), 0.0);
        assert!((decibels(power(&tone(100.0, 0.1, 0.0))) + 23.01).abs() < 0.01);
        assert_eq!(decibels(power(&[])), -120.0);
    }
}
