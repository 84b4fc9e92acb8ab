//! What the smoother promises, seen from outside.

use std::time::Duration;

use proptest::prelude::*;

use super::testing::{any_estimate, estimate, mostly, ms, observed, p};
use super::*;
use crate::affect::{ActionUnit, Arousal, Compound, Label, Valence};

fn smoother() -> Smoother {
    Smoother::new(SmoothSettings::default())
}

/// How long after the last frame of the old state a change shows: `shown` tells when it does.
fn time_to(shown: impl Fn(&Smoothed) -> bool, from: Estimate, to: Estimate, fps: u64) -> Duration {
    let mut smoother = smoother();
    let frame = |n: u64| Monotonic::new(Duration::from_secs(n) / fps as u32);
    for n in 0..fps {
        smoother.update(frame(n), &observed(1, Some(from)));
    }
    let start = frame(fps - 1);
    let mut frames = (fps..fps * 60).map(frame);
    let at = frames.find(|&at| shown(&smoother.update(at, &observed(1, Some(to))))).expect("it never shows");
    at.since(start)
}

#[test]
fn a_change_of_valence_shows_to_90_percent_within_half_a_second_and_a_frame_at_every_rate() {
    let (from, to) = (estimate(Expression::Neutral, 0.8, 0.0, 0.0), estimate(Expression::Neutral, 0.8, 0.6, 0.6));
    for fps in [5, 15, 30, 60] {
        let shown = |face: &Smoothed| face.estimate.valence.unwrap().get() >= 0.9 * 0.6;
        let took = time_to(shown, from, to, fps);
        assert!(took <= Duration::from_millis(500 + 1000 / fps), "{took:?} at {fps} frames a second");
    }
}

#[test]
fn a_change_of_expression_and_action_units_shows_to_90_percent_within_600_ms_and_a_frame_at_every_rate() {
    let from = estimate(Expression::Neutral, 1.0, 0.0, 0.0);
    let mut to = estimate(Expression::Happiness, 1.0, 0.0, 0.0);
    to.action_units.set(ActionUnit::Au12, Probability::MAX);
    for fps in [5, 15, 30, 60] {
        let bound = Duration::from_millis(600 + 1000 / fps);
        let expression =
            time_to(|face| face.estimate.expressions.get(Expression::Happiness) >= Some(p(0.9)), from, to, fps);
        let unit = time_to(|face| face.estimate.action_units.get(ActionUnit::Au12) >= Some(p(0.91)), from, to, fps);
        assert!(expression <= bound && unit <= bound, "{expression:?}, {unit:?} at {fps} frames a second");
    }
}

#[test]
fn a_face_without_an_estimate_keeps_the_last_one_for_the_hold_time_and_then_has_none() {
    let mut smoother = smoother();
    let known = smoother.update(ms(0), &observed(1, Some(estimate(Expression::Fear, 0.9, -0.5, 0.5))));
    let held = smoother.update(ms(500), &observed(1, None));
    assert_eq!((held.estimate, held.expression), (known.estimate, known.expression));
    let gone = smoother.update(ms(501), &observed(1, None));
    assert_eq!((gone.estimate, gone.expression), (Estimate::default(), Judged::Unknown(Probability::MIN)));
    let back = estimate(Expression::Anger, 0.9, 0.3, 0.0);
    assert_eq!(smoother.update(ms(600), &observed(1, Some(back))).estimate, back, "it starts anew");
}

#[test]
fn an_estimate_of_low_confidence_is_passed_over() {
    let mut smoother = smoother();
    let mut doubtful = observed(1, Some(estimate(Expression::Anger, 1.0, -1.0, 1.0)));
    doubtful.confidence = Confidence::new(0.1).unwrap();
    assert_eq!(smoother.update(ms(0), &doubtful).estimate, Estimate::default());
    let sure = estimate(Expression::Neutral, 0.9, 0.0, 0.0);
    smoother.update(ms(100), &observed(1, Some(sure)));
    assert_eq!(smoother.update(ms(200), &doubtful).estimate, sure);
}

#[test]
fn an_even_spread_is_unknown() {
    let even = Estimate { expressions: mostly(Expression::Fear, 0.125), ..Estimate::default() };
    let judged = smoother().update(ms(0), &observed(1, Some(even))).expression;
    assert_eq!(judged, Judged::Unknown(p(0.125)));
}

#[test]
fn a_model_with_other_labels_or_parts_starts_anew() {
    let other = estimate(Expression::Happiness, 1.0, 0.8, 0.8);
    let mut more_expressions = other;
    more_expressions.expressions.set(Expression::Other, Probability::MIN);
    let mut compounds = other;
    compounds.compounds.set(Compound::SadlyAngry, Probability::MAX);
    let fewer_units = Estimate { action_units: Default::default(), ..other };
    let (no_valence, no_arousal) = (Estimate { valence: None, ..other }, Estimate { arousal: None, ..other });
    for other in [more_expressions, compounds, fewer_units, no_valence, no_arousal] {
        let mut smoother = smoother();
        smoother.update(ms(0), &observed(1, Some(estimate(Expression::Fear, 1.0, -0.8, 0.8))));
        assert_eq!(smoother.update(ms(33), &observed(1, Some(other))).estimate, other);
    }
}

#[test]
fn a_forgotten_face_starts_anew_and_the_others_do_not() {
    let first = estimate(Expression::Fear, 1.0, -0.8, 0.8);
    let then = estimate(Expression::Happiness, 1.0, 0.8, 0.8);
    let mut smoother = smoother();
    for track in [1, 2] {
        smoother.update(ms(0), &observed(track, Some(first)));
    }
    smoother.forget(TrackId(1));
    assert_eq!(smoother.update(ms(33), &observed(1, Some(then))).estimate, then);
    assert_ne!(smoother.update(ms(33), &observed(2, Some(then))).estimate, then);
}

#[test]
fn time_that_stands_still_changes_nothing_and_time_that_runs_backwards_is_reckoned_anew() {
    let (first, then) = (estimate(Expression::Fear, 1.0, -0.8, 0.8), estimate(Expression::Happiness, 1.0, 0.8, 0.8));
    let mut smoother = smoother();
    let before = smoother.update(ms(10_000), &observed(1, Some(first)));
    for at in [10_000, 10_000, 2_000] {
        assert_eq!(smoother.update(ms(at), &observed(1, Some(then))).estimate, before.estimate);
    }
    let after = smoother.update(ms(2_200), &observed(1, Some(then)));
    assert!(after.estimate.valence > before.estimate.valence);
}

#[test]
fn after_time_ran_backwards_the_hold_runs_out_all_the_same() {
    let mut smoother = smoother();
    smoother.update(ms(100_000), &observed(1, Some(estimate(Expression::Fear, 1.0, -0.8, 0.8))));
    assert!(smoother.update(ms(2_000), &observed(1, None)).estimate.valence.is_some());
    assert_eq!(smoother.update(ms(2_600), &observed(1, None)).estimate, Estimate::default());
}

#[test]
fn time_out_of_view_does_not_count_as_calibration() {
    let at_rest = estimate(Expression::Sadness, 0.6, -0.2, 0.0);
    let mut smoother = smoother();
    smoother.update(ms(0), &observed(1, Some(at_rest)));
    smoother.calibrate(ms(0), None);
    for start in [0, 10_000, 20_000] {
        for n in 0..30 {
            let face = smoother.update(ms(start + n * 33), &observed(1, Some(at_rest)));
            assert_eq!(face.estimate.valence, at_rest.valence);
        }
    }
}

#[test]
fn calibration_takes_off_what_the_face_reads_at_rest() {
    let at_rest = estimate(Expression::Sadness, 0.6, -0.2, 0.0);
    let mut smoother = smoother();
    let mut feed = |from: u64, calibrate: bool| {
        let counted = if calibrate { smoother.calibrate(ms(from), None).len() } else { 0 };
        let frames = (0..150).map(|n| smoother.update(ms(from + n * 33), &observed(1, Some(at_rest)))).last();
        (counted, frames.unwrap().expression.label())
    };
    assert_eq!(feed(0, false), (0, Some(Expression::Sadness)));
    assert_eq!(feed(5_000, true), (1, Some(Expression::Neutral)));
    assert_eq!(feed(10_000, false), (0, Some(Expression::Neutral)));
    assert!(smoother.calibrate(ms(100_000), None).is_empty(), "nobody is here any more");
}

#[test]
fn one_face_is_calibrated_and_the_others_are_left_alone() {
    let at_rest = estimate(Expression::Sadness, 0.6, -0.2, 0.0);
    let mut smoother = smoother();
    let mut labels = [None; 2];
    for n in 0..150 {
        for (label, id) in labels.iter_mut().zip(1..) {
            *label = smoother.update(ms(n * 33), &observed(id, Some(at_rest))).expression.label();
        }
        if n == 10 {
            assert_eq!(smoother.calibrate(ms(330), Some(TrackId(2)))[..], [TrackId(2)]);
            assert!(smoother.calibrate(ms(330), Some(TrackId(3))).is_empty(), "nobody has that number");
        }
    }
    assert_eq!(labels, [Some(Expression::Sadness), Some(Expression::Neutral)]);
}

#[test]
fn thousands_of_short_lived_faces_need_no_memory_and_leave_the_steady_one_alone() {
    let passing = observed(0, Some(estimate(Expression::Anger, 0.9, -0.5, 0.0)));
    let (mut crowded, mut alone) = (smoother(), smoother());
    let spent = allocation_counter::measure(|| {
        for n in 0..5_000 {
            let label = Expression::ALL[n as usize % 8];
            let steady = observed(0, Some(estimate(label, 0.9, (n as f32 / 10.0).sin(), 0.0)));
            assert_eq!(crowded.update(ms(n * 33), &steady), alone.update(ms(n * 33), &steady));
            crowded.update(ms(n * 33), &Observation { track: TrackId(n + 1), ..passing });
        }
    });
    assert_eq!(spent.count_total, 0);
    assert_eq!(crowded.tracks.len(), MAX_FACES);
}

fn number(value: Option<f32>) -> f32 {
    value.unwrap_or(0.0)
}

/// Moments near one another, and now and then one at any distance, in any order.
fn any_moment() -> impl Strategy<Value = Monotonic> {
    prop_oneof![4 => 0_u64..2000, 1 => any::<u64>()].prop_map(ms)
}

/// When, who, how sure, and what.
fn any_observation() -> impl Strategy<Value = (Monotonic, Observation)> {
    (any_moment(), 0_u64..40, 0.0_f32..=1.0, prop::option::of(any_estimate())).prop_map(
        |(at, track, sure, estimate)| {
            (at, Observation { confidence: Confidence::new(sure).unwrap(), ..observed(track, estimate) })
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_in_what_comes_out_is_in_range_and_a_distribution(
        frames in prop::collection::vec(any_observation(), 1..60), automatic in any::<bool>(),
    ) {
        let mut settings = SmoothSettings::default();
        settings.baseline.automatic = automatic;
        let mut smoother = Smoother::new(settings);
        for (at, observation) in frames {
            let face = smoother.update(at, &observation);
            prop_assert!((-1.0..=1.0).contains(&number(face.estimate.valence.map(Valence::get))));
            prop_assert!((-1.0..=1.0).contains(&number(face.estimate.arousal.map(Arousal::get))));
            let sum: f32 = face.estimate.expressions.iter().map(|(_, p)| p.get()).sum();
            prop_assert!(face.estimate.expressions.is_empty() || (sum - 1.0).abs() < 1e-4, "{}", sum);
            if let Judged::Known(label, p) = face.expression {
                prop_assert!(p.get() >= settings.unknown_below - settings.unknown_slack);
                prop_assert_eq!(face.estimate.expressions.get(label), Some(p));
            }
        }
        prop_assert!(smoother.tracks.len() <= MAX_FACES);
    }

    #[test]
    fn the_order_of_the_faces_in_a_frame_does_not_matter(
        frames in prop::collection::vec(prop::collection::vec(any_estimate(), 4), 1..20),
    ) {
        let (mut forwards, mut backwards) = (smoother(), smoother());
        for (n, estimates) in (0..).zip(frames) {
            let faces: std::vec::Vec<_> = (0..).zip(estimates).map(|(track, e)| observed(track, Some(e))).collect();
            let at = ms(n * 40);
            let one: std::vec::Vec<_> = faces.iter().map(|face| forwards.update(at, face)).collect();
            let mut other: std::vec::Vec<_> = faces.iter().rev().map(|face| backwards.update(at, face)).collect();
            other.reverse();
            prop_assert_eq!(one, other);
        }
    }

    /// A signal that changes every second gives the same at 15 and at 60 frames a second.
    #[test]
    fn the_frame_rate_does_not_matter(seconds in prop::collection::vec(any_estimate(), 2..5)) {
        let run = |fps: u64| {
            let mut smoother = smoother();
            let mut ends = std::vec::Vec::new();
            for n in 0..seconds.len() as u64 * fps {
                let at = Monotonic::new(Duration::from_secs(n + 1) / fps as u32);
                let face = smoother.update(at, &observed(1, Some(seconds[(n / fps) as usize])));
                if (n + 1) % fps == 0 {
                    ends.push(face.estimate);
                }
            }
            ends
        };
        for (slow, fast) in run(15).iter().zip(run(60)) {
            let off = number(slow.valence.map(Valence::get)) - number(fast.valence.map(Valence::get));
            prop_assert!(off.abs() < 0.02, "{}", off);
            for &label in &Expression::ALL[..8] {
                let of = |estimate: &Estimate| number(estimate.expressions.get(label).map(Probability::get));
                prop_assert!((of(slow) - of(&fast)).abs() < 1e-4, "{}: {} {}", label, of(slow), of(&fast));
            }
        }
    }
}
