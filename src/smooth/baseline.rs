//! A person's neutral face: what a model says of it is an offset that belongs to the person.
//!
//! Faces differ at rest: low brows read as anger, a downturned mouth as sadness. The mean estimate over a
//! few seconds of a face at rest is learned and taken off afterwards. What is taken off is bounded and full
//! values keep their place, so that even a baseline learned from a smile cannot hide a smile.

use std::time::Duration;

use super::{BaselineSettings, ema};
use crate::affect::{Arousal, Estimate, Expression, ExpressionScores, Probability, Valence};

/// A baseline does not hold before this many frames, however far apart they are.
const LEAST_FRAMES: u16 = 8;
/// From this probability on an expression is plain, and the frame says nothing about the face at rest.
const PLAIN: f32 = 0.6;

/// The baseline of one person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Baseline {
    learning: Option<Learning>,
    neutral: Option<Estimate>,
}

#[derive(Debug, Clone, Copy)]
struct Learning {
    /// Whether the person was asked to rest their face, so that every frame counts.
    asked: bool,
    frames: u16,
    lasted: Duration,
    mean: Estimate,
}

impl Baseline {
    /// Begins to learn from now on; `asked` tells whether the person was asked to look neutral. An
    /// earlier baseline stays in force meanwhile.
    pub fn learn(&mut self, asked: bool) {
        let (frames, lasted, mean) = (0, Duration::ZERO, Estimate::default());
        self.learning = Some(Learning { asked, frames, lasted, mean });
    }

    /// Takes in a confident estimate that comes `dt` after the one before and gives it without the offset.
    pub fn apply(&mut self, dt: Duration, estimate: &Estimate, settings: &BaselineSettings) -> Estimate {
        if let Some(learning) = &mut self.learning {
            learning.take(dt, estimate);
            if learning.frames >= LEAST_FRAMES && learning.lasted >= settings.learn_for {
                self.neutral = Some(learning.mean);
                self.learning = None;
            }
        }
        self.neutral.map_or(*estimate, |neutral| without(estimate, &neutral, settings.limit))
    }
}

impl Learning {
    fn take(&mut self, dt: Duration, estimate: &Estimate) {
        let plain = |(label, p): (Expression, Probability)| label != Expression::Neutral && p.get() >= PLAIN;
        if !self.asked && estimate.expressions.iter().any(plain) {
            return;
        }
        if self.frames == 0 {
            self.mean = *estimate;
        } else {
            self.lasted = self.lasted.saturating_add(dt);
        }
        self.frames = self.frames.saturating_add(1);
        let weight = 1.0 / f32::from(self.frames);
        let mean = &mut self.mean;
        let mix = |old: f32, new: f32| old + weight * (new - old);
        mean.valence =
            mean.valence.zip(estimate.valence).and_then(|(old, new)| Valence::new(mix(old.get(), new.get())));
        mean.arousal =
            mean.arousal.zip(estimate.arousal).and_then(|(old, new)| Arousal::new(mix(old.get(), new.get())));
        mean.expressions = ema::blend(&mean.expressions, &estimate.expressions, weight);
        mean.action_units = ema::blend(&mean.action_units, &estimate.action_units, weight);
    }
}

/// The estimate without the person's offset. Compound expressions, which nobody shows at rest, stay.
fn without(estimate: &Estimate, neutral: &Estimate, limit: f32) -> Estimate {
    let shift = |value: f32, offset: Option<f32>| recentre(value, offset.unwrap_or(0.0).clamp(-limit, limit));
    let mut left = *estimate;
    left.valence = estimate.valence.and_then(|v| Valence::new(shift(v.get(), neutral.valence.map(Valence::get))));
    left.arousal = estimate.arousal.and_then(|a| Arousal::new(shift(a.get(), neutral.arousal.map(Arousal::get))));
    for (unit, p) in estimate.action_units.iter() {
        left.action_units.set(unit, reduced(p, neutral.action_units.get(unit), limit));
    }
    if let Some(p) = estimate.expressions.get(Expression::Neutral) {
        left.expressions = towards_neutral(&estimate.expressions, p, &neutral.expressions, limit);
    }
    left
}

/// Moves `offset` to 0 and leaves −1 and 1 where they are.
fn recentre(value: f32, offset: f32) -> f32 {
    let room = if value >= offset { 1.0 - offset } else { 1.0 + offset };
    (value - offset) / room
}

/// Moves the offset, at most `limit`, to 0 and leaves 1 where it is.
fn reduced(p: Probability, offset: Option<Probability>, limit: f32) -> Probability {
    let offset = offset.map_or(0.0, |offset| offset.get().min(limit));
    Probability::new(recentre(p.get(), offset)).unwrap_or(p)
}

/// What the other expressions lose goes to neutral, so that a distribution stays one.
fn towards_neutral(
    scores: &ExpressionScores,
    mut rest: Probability,
    offsets: &ExpressionScores,
    limit: f32,
) -> ExpressionScores {
    let mut left = ExpressionScores::default();
    for (label, p) in scores.iter().filter(|&(label, _)| label != Expression::Neutral) {
        let less = reduced(p, offsets.get(label), limit);
        rest = Probability::new(rest.get() + p.get() - less.get()).unwrap_or(rest);
        left.set(label, less);
    }
    left.set(Expression::Neutral, rest);
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::affect::ActionUnit;

    const SETTINGS: BaselineSettings =
        BaselineSettings { automatic: false, learn_for: Duration::from_secs(3), limit: 0.3 };
    const FRAME: Duration = Duration::from_millis(100);

    fn p(value: f32) -> Probability {
        Probability::new(value).unwrap()
    }

    /// An estimate of a face that shows `label` with that probability and is neutral otherwise.
    fn showing(label: Expression, probability: f32, valence: f32) -> Estimate {
        let mut estimate = Estimate { valence: Valence::new(valence), ..Estimate::default() };
        estimate.expressions.set(Expression::Neutral, p(1.0 - probability));
        estimate.expressions.set(label, p(probability));
        estimate.action_units.set(ActionUnit::Au4, p(probability));
        estimate
    }

    /// A baseline that was learned from `seconds` of one estimate, after the person was asked.
    fn learned_from(estimate: &Estimate) -> Baseline {
        let mut baseline = Baseline::default();
        baseline.learn(true);
        for _ in 0..=30 {
            baseline.apply(FRAME, estimate, &SETTINGS);
        }
        assert!(baseline.learning.is_none() && baseline.neutral.is_some());
        baseline
    }

    fn probability(estimate: &Estimate, label: Expression) -> f32 {
        estimate.expressions.get(label).unwrap().get()
    }

    #[test]
    fn a_face_that_reads_as_sad_at_rest_reads_as_neutral_after_calibration() {
        let at_rest = showing(Expression::Sadness, 0.5, -0.25);
        let read = learned_from(&at_rest).apply(FRAME, &at_rest, &SETTINGS);
        assert!(probability(&read, Expression::Sadness) < 0.3);
        assert_eq!(read.expressions.top().unwrap().0, Expression::Neutral);
        assert!(read.valence.unwrap().get().abs() < 1e-3);
    }

    #[test]
    fn a_smile_stays_a_smile_even_when_the_baseline_was_learned_from_it() {
        let smile = showing(Expression::Happiness, 0.9, 0.8);
        let read = learned_from(&smile).apply(FRAME, &smile, &SETTINGS);
        assert!(probability(&read, Expression::Happiness) > 0.8);
        assert!(read.valence.unwrap().get() > 0.7);
    }

    #[test]
    fn unasked_a_plain_expression_is_never_learned() {
        let smile = showing(Expression::Happiness, 0.9, 0.8);
        let mut baseline = Baseline::default();
        baseline.learn(false);
        for _ in 0..10_000 {
            assert_eq!(baseline.apply(FRAME, &smile, &SETTINGS), smile);
        }
    }

    #[test]
    fn nothing_changes_before_enough_time_and_enough_frames() {
        let frown = showing(Expression::Anger, 0.4, -0.2);
        let mut baseline = Baseline::default();
        baseline.learn(true);
        for _ in 0..LEAST_FRAMES - 1 {
            assert_eq!(baseline.apply(Duration::from_secs(100), &frown, &SETTINGS), frown);
        }
        assert_ne!(baseline.apply(FRAME, &frown, &SETTINGS), frown);
    }

    #[test]
    fn full_values_and_absent_ones_keep_their_place() {
        let baseline = &mut learned_from(&showing(Expression::Anger, 0.5, 0.3));
        for end in [-1.0, 1.0] {
            let read = baseline.apply(FRAME, &showing(Expression::Anger, 1.0, end), &SETTINGS);
            assert_eq!(read.valence.unwrap().get(), end);
            assert_eq!(read.action_units.get(ActionUnit::Au4), Some(Probability::MAX));
            assert_eq!((read.arousal, read.expressions.get(Expression::Fear)), (None, None));
        }
    }

    proptest! {
        #[test]
        fn the_result_is_in_range_moves_by_no_more_than_the_limit_allows_and_stays_a_distribution(
            rest in (0.0_f32..=1.0, -1.0_f32..=1.0), now in (0.0_f32..=1.0, -1.0_f32..=1.0),
        ) {
            let mut baseline = learned_from(&showing(Expression::Disgust, rest.0, rest.1));
            let read = baseline.apply(FRAME, &showing(Expression::Disgust, now.0, now.1), &SETTINGS);
            let sum: f32 = read.expressions.iter().map(|(_, p)| p.get()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
            let lost = now.0 - probability(&read, Expression::Disgust);
            prop_assert!((-1e-6..=SETTINGS.limit + 1e-6).contains(&lost), "{}", lost);
            prop_assert!((now.1 - read.valence.unwrap().get()).abs() <= SETTINGS.limit + 1e-6);
        }
    }
}
