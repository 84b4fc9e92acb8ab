//! An exponential moving average whose pace is set in seconds, not in frames, and quickens with the distance.
//!
//! What stands moves towards what comes, in a straight line, at the pace (1 + (distance / quick)²) / τ: noise,
//! which is near, is averaged over τ, and a change, which is far, comes through at once. The weights below are
//! the exact solution over a step of time, so the frame rate does not matter.

use std::time::Duration;

use crate::affect::{Label, Probability, Scores};

/// The weight of a value that comes `dt` seconds after the last, 0 to 1: 1 − e^(−dt/τ).
///
/// Two steps of half the time weigh as much as one, so the frame rate does not matter. A time constant
/// of 0 lets the new value through; a `dt` of 0 leaves the old one.
pub fn weight(dt: f32, time_constant: f32) -> f32 {
    if time_constant > 0.0 { -(-dt.max(0.0) / time_constant).exp_m1() } else { 1.0 }
}

/// The pace of an average over probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The time constant of what hardly changes; 0 lets everything through.
    pub time: Duration,
    /// The distance, above 0, at which the pace is twice as high.
    pub quick: f32,
}

impl Pace {
    /// The weight of a value that comes `dt` after the last and lies so far, 0 to 1, from what stands; 0 to 1.
    ///
    /// Two steps of half the time weigh as much as one, as with [`weight`], which this is for a distance of 0.
    pub fn weight(&self, dt: Duration, distance: f32) -> f32 {
        let (dt, time) = (2.0 * dt.as_secs_f32(), self.time.as_secs_f32());
        // What an average of constant pace leaves of the distance, squared, and what it takes off.
        let (kept, lost) = (if time > 0.0 { (-dt / time).exp() } else { 0.0 }, weight(dt, time));
        let haste = (distance / self.quick).powi(2);
        let left = kept / (1.0 + haste * lost);
        // 1 − √left, without the difference of two numbers that are nearly equal.
        (lost * (1.0 + haste) / (1.0 + haste * lost) / (1.0 + left.sqrt())).clamp(0.0, 1.0)
    }

    /// [`blend`] of what excludes one another: all labels move at the pace of the probability that moves from
    /// label to label. What are distributions stays one.
    pub fn blend<L: Label, const N: usize>(
        &self,
        dt: Duration,
        old: &Scores<L, N>,
        new: &Scores<L, N>,
    ) -> Scores<L, N> {
        let moved = |(label, p): (L, Probability)| old.get(label).map_or(0.0, |was| (p.get() - was.get()).abs());
        let distance = new.iter().map(moved).sum::<f32>() / 2.0;
        blend(old, new, self.weight(dt, distance))
    }

    /// [`blend`] of what does not exclude one another: each label moves at its own pace.
    pub fn blend_each<L: Label, const N: usize>(
        &self,
        dt: Duration,
        old: &Scores<L, N>,
        new: &Scores<L, N>,
    ) -> Scores<L, N> {
        let mut blended = *new;
        for (label, p) in new.iter() {
            let mixed = old.get(label).and_then(|was| {
                let way = p.get() - was.get();
                Probability::new(was.get() + self.weight(dt, way.abs()) * way)
            });
            blended.set(label, mixed.unwrap_or(p));
        }
        blended
    }
}

/// `old` moved towards `new` by `weight`, label by label. What are distributions stays one.
///
/// Only labels that `new` has are in the result, and one that `old` lacks starts at its new value.
pub fn blend<L: Label, const N: usize>(old: &Scores<L, N>, new: &Scores<L, N>, weight: f32) -> Scores<L, N> {
    let mut blended = *new;
    for (label, p) in new.iter() {
        let mixed = old.get(label).and_then(|was| Probability::new(was.get() + weight * (p.get() - was.get())));
        blended.set(label, mixed.unwrap_or(p));
    }
    blended
}

/// Whether both have probabilities for the same labels.
pub fn same_labels<L: Label, const N: usize>(a: &Scores<L, N>, b: &Scores<L, N>) -> bool {
    L::ALL.iter().all(|&label| a.get(label).is_some() == b.get(label).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::affect::{ActionUnit, ActionUnitScores, Expression, ExpressionScores};

    fn one_hot(label: Expression) -> ExpressionScores {
        let mut scores = ExpressionScores::default();
        for &other in &Expression::ALL[..8] {
            scores.set(other, if other == label { Probability::MAX } else { Probability::MIN });
        }
        scores
    }

    const PACE: Pace = Pace { time: Duration::from_millis(400), quick: 0.5 };

    /// From neutral to fear, until fear has come through to 90 %.
    fn step_time(pace: Pace, fps: u32) -> Duration {
        let dt = Duration::from_secs(1) / fps;
        let (mut scores, mut took) = (one_hot(Expression::Neutral), Duration::ZERO);
        while scores.get(Expression::Fear).unwrap().get() < 0.9 {
            scores = pace.blend(dt, &scores, &one_hot(Expression::Fear));
            took += dt;
        }
        took
    }

    #[test]
    fn without_haste_a_step_has_come_through_to_90_percent_after_2_3_time_constants_at_every_frame_rate() {
        for fps in [5, 15, 30, 60] {
            let took = step_time(Pace { quick: f32::INFINITY, ..PACE }, fps);
            let exact = PACE.time.mul_f32(10.0_f32.ln());
            assert!(took >= exact && took < exact + Duration::from_secs(1) / fps, "{took:?} at {fps} frames a second");
        }
    }

    #[test]
    fn with_haste_a_step_comes_through_when_its_differential_equation_says_at_every_frame_rate() {
        // From a distance of 1 to one of 0.1 at 1 + 4d²: u = d² / (1 + 4d²) falls from 0.2 to 0.01 / 1.04 as
        // e^(−2t/τ) does.
        let exact = PACE.time.mul_f32((0.2_f32 / (0.01 / 1.04)).ln() / 2.0);
        for fps in [5, 15, 30, 60] {
            let took = step_time(PACE, fps);
            assert!(took >= exact && took < exact + Duration::from_secs(1) / fps, "{took:?} at {fps} frames a second");
        }
    }

    #[test]
    fn at_the_quick_distance_the_pace_is_twice_that_at_rest() {
        let dt = Duration::from_micros(100);
        let ratio = PACE.weight(dt, PACE.quick) / PACE.weight(dt, 0.0);
        assert!((ratio - 2.0).abs() < 1e-2, "{ratio}");
    }

    #[test]
    fn labels_that_do_not_exclude_one_another_move_each_at_its_own_pace() {
        let (mut old, mut new) = (ActionUnitScores::default(), ActionUnitScores::default());
        for (unit, was, is) in [(ActionUnit::Au1, 0.0, 1.0), (ActionUnit::Au2, 0.5, 0.6)] {
            old.set(unit, Probability::new(was).unwrap());
            new.set(unit, Probability::new(is).unwrap());
        }
        let dt = Duration::from_millis(100);
        let blended = PACE.blend_each(dt, &old, &new);
        let at = |unit| blended.get(unit).unwrap().get();
        assert!((at(ActionUnit::Au1) - PACE.weight(dt, 1.0)).abs() < 1e-6);
        assert!((at(ActionUnit::Au2) - (0.5 + 0.1 * PACE.weight(dt, 0.1))).abs() < 1e-6);
    }

    #[test]
    fn a_label_the_new_scores_lack_is_absent_and_one_they_add_starts_at_its_value() {
        let half = Probability::new(0.5).unwrap();
        let (mut old, mut new) = (ActionUnitScores::default(), ActionUnitScores::default());
        old.set(ActionUnit::Au1, half);
        new.set(ActionUnit::Au12, half);
        assert!(!same_labels(&old, &new));
        assert_eq!(blend(&old, &new, 0.1), new);
    }

    proptest! {
        #[test]
        fn the_weight_is_a_share_for_any_finite_time(dt in any::<f32>(), tau in any::<f32>()) {
            prop_assert!((0.0..=1.0).contains(&weight(dt, tau)));
        }

        #[test]
        fn half_the_time_twice_weighs_as_much_as_all_of_it(dt in 0.0_f32..2.0, tau in 0.05_f32..5.0) {
            let half = weight(dt / 2.0, tau);
            prop_assert!((weight(dt, tau) - (half + (1.0 - half) * half)).abs() < 1e-5);
        }

        #[test]
        fn haste_weighs_a_share_never_less_than_none_and_the_same_in_halves(
            micros in 0_u64..10_000_000, distance in 0.0_f32..=1.0, quick in 0.01_f32..100.0,
        ) {
            let pace = Pace { quick, ..PACE };
            let (dt, half) = (Duration::from_micros(2 * micros), Duration::from_micros(micros));
            let whole = pace.weight(dt, distance);
            prop_assert!((0.0..=1.0).contains(&whole));
            prop_assert!(whole >= weight(dt.as_secs_f32(), pace.time.as_secs_f32()) - 1e-6);
            let first = pace.weight(half, distance);
            let second = pace.weight(half, (1.0 - first) * distance);
            prop_assert!((whole - (first + (1.0 - first) * second)).abs() < 1e-5);
        }

        #[test]
        fn distributions_stay_a_distribution(labels in prop::collection::vec(0_usize..8, 1..200), millis in 0_u64..2000) {
            let mut scores = one_hot(Expression::Neutral);
            for label in labels {
                scores = PACE.blend(Duration::from_millis(millis), &scores, &one_hot(Expression::ALL[label]));
                let sum: f32 = scores.iter().map(|(_, p)| p.get()).sum();
                prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
            }
        }
    }
}
