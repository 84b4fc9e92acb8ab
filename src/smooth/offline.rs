//! Smoothing that may look into the future: for recordings, never live.
//!
//! Each frame becomes the mean of its neighbours, weighted by a Gaussian of the time between them. Faces are not
//! mixed: where another track begins, the mean ends. Beside [`super::Smoother`] it shows what waiting would gain.

use std::ops::Range;
use std::time::Duration;

use crate::affect::Estimate;
use crate::affect::mean::Mean;
use crate::clock::Monotonic;
use crate::face::TrackId;

/// Beyond so many standard deviations nothing counts: a weight of 1/90 at most.
const REACH: f32 = 3.0;

/// What one frame gave: when, and of whom, if there was a face that could be read.
pub type Reading = (Monotonic, Option<(TrackId, Estimate)>);

/// Smooths readings that are sorted by time, with a standard deviation in time. A frame that gave nothing takes from the
/// track before it, else from the one after it, if that was read no further than `hold` (and three standard
/// deviations) away; else it stays without an estimate.
pub fn smooth(readings: &[Reading], deviation: Duration, hold: Duration) -> Vec<Option<Estimate>> {
    let reach = deviation.mul_f32(REACH);
    let (mut first, mut end) = (0, 0);
    let smoothed = (0..readings.len()).map(|i| {
        let at = readings[i].0;
        while readings[first].0 + reach < at {
            first += 1;
        }
        while end < readings.len() && readings[end].0 <= at + reach {
            end += 1;
        }
        let track = whose(readings, i, first..end, hold)?;
        let mut mean = Mean::default();
        for (then, reading) in &readings[first..end] {
            if let Some((_, estimate)) = reading.as_ref().filter(|(of, _)| *of == track) {
                mean.add(estimate, weight(between(*then, at), deviation));
            }
        }
        Some(mean.estimate())
    });
    smoothed.collect()
}

/// The track of a frame: its own, else that of the nearest reading before, else after.
fn whose(readings: &[Reading], i: usize, within: Range<usize>, hold: Duration) -> Option<TrackId> {
    let apart = |j: usize| between(readings[i].0, readings[j].0);
    let track = |j: usize| readings[j].1.filter(|_| apart(j) <= hold).map(|(track, _)| track);
    (within.start..=i).rev().find_map(track).or_else(|| (i..within.end).find_map(track))
}

fn between(one: Monotonic, other: Monotonic) -> Duration {
    one.since(other) + other.since(one)
}

fn weight(apart: Duration, deviation: Duration) -> f32 {
    if apart.is_zero() {
        return 1.0;
    }
    let deviations = apart.as_secs_f32() / deviation.as_secs_f32();
    (-0.5 * deviations * deviations).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::affect::{Expression, Probability, Valence};

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: f32) -> Monotonic {
        Monotonic::new(Duration::from_secs_f32(seconds))
    }

    fn reading(seconds: f32, track: u64, valence: f32) -> Reading {
        let mut estimate = Estimate { valence: Valence::new(valence), ..Estimate::default() };
        estimate.expressions.set(Expression::Fear, Probability::new(valence.abs()).unwrap());
        (at(seconds), Some((TrackId(track), estimate)))
    }

    fn valences(readings: &[Reading], deviation: Duration) -> Vec<Option<f32>> {
        let smoothed = smooth(readings, deviation, 2 * SECOND);
        smoothed.iter().map(|estimate| estimate.and_then(|e| e.valence).map(Valence::get)).collect()
    }

    #[test]
    fn a_neighbour_a_deviation_away_weighs_as_a_gaussian_says() {
        let found = valences(&[reading(0.0, 1, 0.0), reading(1.0, 1, 1.0)], SECOND)[0].unwrap();
        let weight = (-0.5_f32).exp();
        assert!((found - weight / (1.0 + weight)).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_step_is_met_half_way_at_its_middle_without_lag() {
        let step: Vec<_> = (0..=100).map(|i| reading(i as f32 / 10.0, 1, if i < 50 { 0.0 } else { 1.0 })).collect();
        let found = valences(&step, SECOND);
        let (before, after) = (found[49].unwrap(), found[50].unwrap());
        assert!((before + after - 1.0).abs() < 1e-3 && before < 0.5 && after > 0.5, "{before} {after}");
    }

    #[test]
    fn faces_are_not_mixed() {
        let readings = [reading(0.0, 1, 1.0), reading(0.1, 1, 1.0), reading(0.2, 2, -1.0), reading(0.3, 2, -1.0)];
        assert_eq!(valences(&readings, SECOND), [Some(1.0), Some(1.0), Some(-1.0), Some(-1.0)]);
    }

    #[test]
    fn a_gap_is_bridged_for_as_long_as_an_answer_holds() {
        let nothing = |seconds| (at(seconds), None);
        let readings = [nothing(2.5), nothing(3.0), reading(5.0, 1, 0.5), nothing(7.0), nothing(7.5)];
        assert_eq!(valences(&readings, SECOND), [None, Some(0.5), Some(0.5), Some(0.5), None]);
        // Between two faces it belongs to the former.
        let between = [reading(0.0, 1, 1.0), nothing(0.9), reading(1.0, 2, -1.0)];
        assert_eq!(valences(&between, SECOND)[1], Some(1.0));
    }

    proptest! {
        #[test]
        fn what_is_smoothed_lies_between_what_was_read(
            frames in prop::collection::vec((0_u16..500, 0_u64..3, prop::option::of(-1.0_f32..=1.0)), 0..60),
            deviation in 1_u64..2000,
        ) {
            let mut time = 0.0;
            let readings: Vec<Reading> = frames.iter().map(|&(step, track, valence)| {
                time += f32::from(step) / 1000.0;
                valence.map_or((at(time), None), |valence| reading(time, track, valence))
            }).collect();
            let read = frames.iter().filter_map(|(_, _, valence)| *valence);
            let (low, high) = read.fold((1.0_f32, -1.0_f32), |(low, high), v| (low.min(v), high.max(v)));
            let found = valences(&readings, Duration::from_millis(deviation));
            prop_assert_eq!(found.len(), frames.len());
            for (found, (_, reading)) in found.iter().zip(&readings) {
                prop_assert!(found.is_some() || reading.is_none());
                if let Some(found) = found {
                    prop_assert!((low - 1e-5..=high + 1e-5).contains(found), "{}", found);
                }
            }
        }
    }
}
