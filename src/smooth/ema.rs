//! An exponential moving average whose pace is set in seconds, not in frames.

use std::time::Duration;

use crate::affect::{Label, Probability, Scores};

/// The weight of a value that comes `dt` seconds after the last, 0 to 1: 1 − e^(−dt/τ).
///
/// Two steps of half the time weigh as much as one, so the frame rate does not matter. A time constant
/// of 0 lets the new value through; a `dt` of 0 leaves the old one.
pub fn weight(dt: f32, time_constant: f32) -> f32 {
    if time_constant > 0.0 { -(-dt.max(0.0) / time_constant).exp_m1() } else { 1.0 }
}

/// [`weight`] for durations.
pub fn weight_of(dt: Duration, time_constant: Duration) -> f32 {
    weight(dt.as_secs_f32(), time_constant.as_secs_f32())
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

    #[test]
    fn a_step_has_come_through_to_90_percent_after_2_3_time_constants_at_every_frame_rate() {
        let tau = Duration::from_millis(250);
        for fps in [5, 15, 30, 60] {
            let dt = Duration::from_secs(1) / fps;
            let (mut scores, mut took) = (one_hot(Expression::Neutral), Duration::ZERO);
            while scores.get(Expression::Fear).unwrap().get() < 0.9 {
                scores = blend(&scores, &one_hot(Expression::Fear), weight_of(dt, tau));
                took += dt;
            }
            let exact = tau.mul_f32(10.0_f32.ln());
            assert!(took >= exact && took < exact + dt, "{took:?} at {fps} frames a second");
        }
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
        fn distributions_stay_a_distribution(labels in prop::collection::vec(0_usize..8, 1..200), w in 0.0_f32..=1.0) {
            let mut scores = one_hot(Expression::Neutral);
            for label in labels {
                scores = blend(&scores, &one_hot(Expression::ALL[label]), w);
                let sum: f32 = scores.iter().map(|(_, p)| p.get()).sum();
                prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
            }
        }
    }
}
