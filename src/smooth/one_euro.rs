//! The One-Euro filter: a low-pass whose cut-off rises with the speed of the signal, so that rest is
//! smooth and a quick change is followed quickly.
//!
//! After Casiez, Roussel and Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
//! Interactive Systems", CHI 2012. One departure: the weight of a sample is 1 − e^(−2π·fc·dt) where the
//! paper has 1 / (1 + 1/(2π·fc·dt)). Both agree at high rates, but only the first gives the same answer
//! at 5 frames a second as at 60.

use std::f32::consts::TAU;
use std::time::Duration;

use super::OneEuroSettings;
use super::ema::weight;

/// The filter of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneEuro {
    raw: f32,
    speed: f32,
    value: f32,
}

impl OneEuro {
    /// A filter at rest on its first value, which must be finite.
    pub fn new(first: f32) -> Self {
        Self { raw: first, speed: 0.0, value: first }
    }

    /// Takes in a finite value that comes `dt` after the last and gives the smoothed one, which lies between
    /// the smallest and the largest so far. A `dt` of zero changes nothing.
    pub fn update(&mut self, dt: Duration, raw: f32, settings: &OneEuroSettings) -> f32 {
        let dt = dt.as_secs_f32();
        if dt > 0.0 {
            self.speed += share(dt, settings.speed_cutoff) * ((raw - self.raw) / dt - self.speed);
            let cutoff = settings.min_cutoff + settings.speed_weight * self.speed.abs();
            self.value += share(dt, cutoff) * (raw - self.value);
            self.raw = raw;
        }
        self.value
    }
}

/// The weight of a sample of length `dt` in a low-pass with that cut-off in hertz.
fn share(dt: f32, cutoff: f32) -> f32 {
    weight(dt, 1.0 / (TAU * cutoff))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: OneEuroSettings = OneEuroSettings { min_cutoff: 0.5, speed_weight: 0.5, speed_cutoff: 1.0 };

    /// How long a step takes to come through to 90 %.
    fn step_time(step: f32, fps: u32) -> Duration {
        let dt = Duration::from_secs(1) / fps;
        let (mut filter, mut took) = (OneEuro::new(0.0), Duration::ZERO);
        while filter.value < 0.9 * step {
            filter.update(dt, step, &SETTINGS);
            took += dt;
        }
        took
    }

    #[test]
    fn a_large_step_comes_through_sooner_than_a_small_one() {
        assert!(step_time(1.0, 30) * 2 < step_time(0.05, 30));
    }

    #[test]
    fn a_step_takes_equally_long_at_every_frame_rate_to_within_a_frame() {
        for step in [0.1, 0.5, 1.0, 2.0] {
            let reference = step_time(step, 1000);
            for fps in [5, 15, 30, 60] {
                let off = step_time(step, fps).abs_diff(reference);
                assert!(off <= Duration::from_secs(1) / fps, "{off:?} off at {fps} frames a second, step {step}");
            }
        }
    }

    #[test]
    fn noise_about_rest_is_cut_to_less_than_a_third() {
        let (mut filter, mut random) = (OneEuro::new(0.0), 1_u32);
        let (mut raw, mut smooth) = (0.0, 0.0);
        for _ in 0..3000 {
            // Numerical Recipes' generator; its upper bits are even enough here.
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = 0.3 * ((random >> 8) as f32 / (1 << 24) as f32 - 0.5);
            raw += noise * noise;
            smooth += filter.update(Duration::from_millis(33), noise, &SETTINGS).powi(2);
        }
        assert!((smooth / raw).sqrt() < 1.0 / 3.0, "{}", (smooth / raw).sqrt());
    }

    #[test]
    fn no_time_no_change() {
        let mut filter = OneEuro::new(0.2);
        let before = filter;
        filter.update(Duration::ZERO, 1.0, &SETTINGS);
        assert_eq!(filter, before);
    }

    proptest! {
        #[test]
        fn the_state_stays_finite_and_the_value_between_the_inputs(
            samples in prop::collection::vec((any::<u64>(), -1.0_f32..=1.0), 1..100),
            nanoseconds in any::<bool>(),
        ) {
            let mut filter = OneEuro::new(0.0);
            for (time, raw) in samples {
                let dt = if nanoseconds { Duration::from_nanos(time % 1000) } else { Duration::from_millis(time) };
                let value = filter.update(dt, raw, &SETTINGS);
                prop_assert!((-1.0..=1.0).contains(&value), "{}", value);
                prop_assert!(filter.speed.is_finite());
            }
        }
    }
}
