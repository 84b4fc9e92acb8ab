//! Two estimates become one: a linear pool, weighted by reliability, and how far the two disagree.
//!
//! A linear pool of distributions is a distribution, keeps what only one side is sure of in sight, and does not let a
//! side that is sure of a wrong thing veto the other, as a product would.

use super::FusionSettings;
use crate::affect::{Arousal, Confidence, Estimate, Expression, ExpressionScores, Label, Probability, Valence};
use crate::smooth::Judged;

/// One side: what it gave, and how far it can be relied on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Side<'a> {
    /// The smoothed estimate.
    pub estimate: &'a Estimate,
    /// 0 (not at all) to 1: for a face its detection and quality, for a voice its activity and level.
    pub reliability: Confidence,
}

/// What a face and a voice give together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// Valence, when either side has it.
    pub valence: Option<Valence>,
    /// Arousal, when either side has it.
    pub arousal: Option<Arousal>,
    /// Probabilities of the expressions: as many as both sides know between them.
    pub expressions: ExpressionScores,
    /// The likeliest of them; unknown with probability 0 when there are none.
    pub expression: Judged<Expression>,
    /// The voice's part in what both sides have, 0 to 1; the face has the rest.
    pub voice_share: Confidence,
    /// How far the two disagree, 0 (the same) to 1 (nothing in common): the Jensen–Shannon divergence of their
    /// expressions, in bits; where a side has none, half the distance of their valences.
    pub conflict: Option<Probability>,
}

/// Fuses a face with a voice.
///
/// Nothing comes of it when a side has no estimate or cannot be relied on at all.
pub fn fuse(face: Side<'_>, voice: Side<'_>, settings: &FusionSettings) -> Option<Fused> {
    let (face_weight, voice_weight) = (face.reliability.get(), voice.reliability.get() * settings.voice_weight);
    let both_say_something = says_something(face.estimate) && says_something(voice.estimate);
    if !both_say_something || face_weight <= 0.0 || voice_weight <= 0.0 {
        return None;
    }
    let voice_share = Confidence::new(voice_weight / (face_weight + voice_weight))?;
    let mix = |face: Option<f32>, voice: Option<f32>| match (face, voice) {
        (Some(face), Some(voice)) => Some(face + voice_share.get() * (voice - face)),
        (one, other) => one.or(other),
    };
    let heard = as_seen(&voice.estimate.expressions);
    let expressions = pool(&face.estimate.expressions, &heard, voice_share.get());
    Some(Fused {
        valence: mix(face.estimate.valence.map(Valence::get), voice.estimate.valence.map(Valence::get))
            .and_then(Valence::new),
        arousal: mix(face.estimate.arousal.map(Arousal::get), voice.estimate.arousal.map(Arousal::get))
            .and_then(Arousal::new),
        expressions,
        expression: Judged::likeliest(&expressions, settings.unknown_below),
        voice_share,
        conflict: conflict(face.estimate, voice.estimate),
    })
}

fn says_something(estimate: &Estimate) -> bool {
    estimate.valence.is_some() || estimate.arousal.is_some() || !estimate.expressions.is_empty()
}

/// A voice's expressions in a face's words: no face is calm beside being neutral.
fn as_seen(heard: &ExpressionScores) -> ExpressionScores {
    let mut seen = ExpressionScores::default();
    for (label, p) in heard.iter() {
        let label = if label == Expression::Calm { Expression::Neutral } else { label };
        let so_far = seen.get(label).map_or(0.0, Probability::get);
        if let Some(sum) = Probability::new(so_far + p.get()) {
            seen.set(label, sum);
        }
    }
    seen
}

/// The weighted mean of two distributions. A label that one of them does not know has no share of it.
fn pool(seen: &ExpressionScores, heard: &ExpressionScores, voice_share: f32) -> ExpressionScores {
    if seen.is_empty() || heard.is_empty() {
        return if seen.is_empty() { *heard } else { *seen };
    }
    let mut pooled = ExpressionScores::default();
    for (label, (face, voice)) in either(seen, heard) {
        if let Some(p) = Probability::new(face + voice_share * (voice - face)) {
            pooled.set(label, p);
        }
    }
    pooled
}

fn conflict(face: &Estimate, voice: &Estimate) -> Option<Probability> {
    let heard = as_seen(&voice.expressions);
    if face.expressions.is_empty() || heard.is_empty() {
        let (face, voice) = (face.valence?.get(), voice.valence?.get());
        return Probability::new((face - voice).abs() / 2.0);
    }
    let divergence = either(&face.expressions, &heard).map(|(_, (face, voice))| {
        let mean = (face + voice) / 2.0;
        (information(face, mean) + information(voice, mean)) / 2.0
    });
    Probability::new(divergence.sum())
}

/// The labels that either distribution knows, each with its two probabilities.
fn either(a: &ExpressionScores, b: &ExpressionScores) -> impl Iterator<Item = (Expression, (f32, f32))> {
    Expression::ALL.iter().filter_map(|&label| {
        let both = (a.get(label), b.get(label));
        let known = both.0.is_some() || both.1.is_some();
        let value = |p: Option<Probability>| p.map_or(0.0, Probability::get);
        known.then_some((label, (value(both.0), value(both.1))))
    })
}

/// p · log₂(p / q), which is 0 where p is.
fn information(p: f32, q: f32) -> f32 {
    if p > 0.0 { p * (p / q).log2() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smooth::testing::{any_estimate, estimate, p};

    fn side(estimate: &Estimate, reliability: f32) -> Side<'_> {
        Side { estimate, reliability: Confidence::new(reliability).unwrap() }
    }

    /// Settings under which a voice counts so much.
    fn counting(voice_weight: f32) -> FusionSettings {
        FusionSettings { voice_weight, ..FusionSettings::default() }
    }

    #[test]
    fn sides_of_equal_weight_meet_in_the_middle() {
        let face = estimate(Expression::Happiness, 0.9, 0.8, 0.2);
        let voice = estimate(Expression::Anger, 0.9, -0.6, 0.8);
        let fused = fuse(side(&face, 0.8), side(&voice, 0.8), &counting(1.0)).unwrap();
        assert!((fused.valence.unwrap().get() - 0.1).abs() < 1e-6);
        assert!((fused.arousal.unwrap().get() - 0.5).abs() < 1e-6);
        let [happy, angry] =
            [Expression::Happiness, Expression::Anger].map(|label| fused.expressions.get(label).unwrap().get());
        assert!((happy - angry).abs() < 1e-6 && happy > 0.4, "{happy} {angry}");
        assert_eq!(fused.expression.label(), fused.expressions.top().map(|(label, _)| label));
        assert_eq!(fused.voice_share.get(), 0.5);
    }

    #[test]
    fn the_side_that_is_less_reliable_weighs_less() {
        let face = estimate(Expression::Happiness, 0.9, 1.0, 0.0);
        let voice = estimate(Expression::Sadness, 0.9, -1.0, 0.0);
        let fused = fuse(side(&face, 0.9), side(&voice, 0.3), &counting(1.0)).unwrap();
        assert!((fused.valence.unwrap().get() - 0.5).abs() < 1e-6);
        assert_eq!(fused.expressions.top().unwrap().0, Expression::Happiness);
        let trusted = fuse(side(&face, 0.9), side(&voice, 0.3), &counting(30.0)).unwrap();
        assert_eq!(trusted.expressions.top().unwrap().0, Expression::Sadness);
    }

    #[test]
    fn with_one_side_missing_there_is_nothing_to_fuse() {
        let (face, nothing) = (estimate(Expression::Fear, 0.9, -0.5, 0.5), Estimate::default());
        assert_eq!(fuse(side(&face, 0.9), side(&nothing, 0.9), &counting(1.0)), None);
        assert_eq!(fuse(side(&nothing, 0.9), side(&face, 0.9), &counting(1.0)), None);
        assert_eq!(fuse(side(&face, 0.0), side(&face, 0.9), &counting(1.0)), None);
        assert_eq!(fuse(side(&face, 0.9), side(&face, 0.9), &counting(0.0)), None);
    }

    #[test]
    fn what_one_side_does_not_estimate_is_the_others() {
        let face = estimate(Expression::Surprise, 0.7, 0.1, 0.4);
        let voice = Estimate { arousal: Arousal::new(-0.4), ..Estimate::default() };
        let fused = fuse(side(&face, 0.5), side(&voice, 0.5), &counting(1.0)).unwrap();
        assert_eq!((fused.valence, fused.expressions), (face.valence, face.expressions));
        assert!(fused.arousal.unwrap().get().abs() < 1e-6);
        assert_eq!(fused.conflict, None);
    }

    #[test]
    fn a_calm_voice_agrees_with_a_neutral_face() {
        let mut face = Estimate::default();
        face.expressions.set(Expression::Neutral, p(1.0));
        let mut voice = Estimate::default();
        voice.expressions.set(Expression::Calm, p(0.75));
        voice.expressions.set(Expression::Neutral, p(0.25));
        let fused = fuse(side(&face, 0.9), side(&voice, 0.9), &counting(1.0)).unwrap();
        assert_eq!(fused.expressions.get(Expression::Neutral), Some(Probability::MAX));
        assert_eq!((fused.expressions.get(Expression::Calm), fused.conflict), (None, Some(Probability::MIN)));
    }

    #[test]
    fn conflict_goes_from_nothing_to_everything() {
        let only = |label| {
            let mut estimate = Estimate::default();
            estimate.expressions.set(label, Probability::MAX);
            estimate
        };
        let (happy, angry) = (only(Expression::Happiness), only(Expression::Anger));
        assert_eq!(conflict(&happy, &happy), Some(Probability::MIN));
        assert_eq!(conflict(&happy, &angry), Some(Probability::MAX));
        let mild =
            conflict(&estimate(Expression::Happiness, 0.6, 0.5, 0.0), &estimate(Expression::Happiness, 0.5, 0.5, 0.0));
        assert!(mild.unwrap().get() < 0.02, "{mild:?}");
    }

    #[test]
    fn without_expressions_valences_tell_of_a_conflict() {
        let of = |valence| Estimate { valence: Valence::new(valence), ..Estimate::default() };
        assert_eq!(conflict(&of(-1.0), &of(1.0)), Some(Probability::MAX));
        assert_eq!(conflict(&of(0.5), &estimate(Expression::Fear, 0.9, 0.5, 0.0)), Some(Probability::MIN));
    }

    proptest! {
        #[test]
        fn what_is_fused_is_a_distribution_between_its_sides(
            face in any_estimate(), voice in any_estimate(),
            seen in 0.01_f32..=1.0, heard in 0.01_f32..=1.0, weight in 0.01_f32..=4.0,
        ) {
            let fused = fuse(side(&face, seen), side(&voice, heard), &counting(weight)).unwrap();
            let sum: f32 = fused.expressions.iter().map(|(_, p)| p.get()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            let (a, b) = (face.valence.unwrap().get(), voice.valence.unwrap().get());
            let valence = fused.valence.unwrap().get();
            prop_assert!(a.min(b) - 1e-6 <= valence && valence <= a.max(b) + 1e-6);
            prop_assert!(fused.conflict.is_some());
        }

        #[test]
        fn the_two_sides_may_be_exchanged(a in any_estimate(), b in any_estimate()) {
            let (one, other) = (conflict(&a, &b).unwrap().get(), conflict(&b, &a).unwrap().get());
            prop_assert!((one - other).abs() < 1e-5);
        }
    }
}
