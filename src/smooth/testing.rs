//! What tests of the heart share: estimates, observations and moments in one line each.

use std::time::Duration;

use proptest::prelude::*;

use super::{Judged, Smoothed};
use crate::affect::{
    ActionUnit, Arousal, Confidence, Estimate, Expression, ExpressionScores, Label, Probability, Valence,
};
use crate::clock::Monotonic;
use crate::face::{Observation, Quality, TrackId};
use crate::geometry::Rect;

/// So many milliseconds after the zero of the clock.
pub(crate) fn ms(millis: u64) -> Monotonic {
    Monotonic::new(Duration::from_millis(millis))
}

/// A probability.
pub(crate) fn p(value: f32) -> Probability {
    Probability::new(value).unwrap()
}

/// Eight expressions, of which one has that probability and the others share the rest.
pub(crate) fn mostly(label: Expression, probability: f32) -> ExpressionScores {
    let mut scores = ExpressionScores::default();
    for &other in &Expression::ALL[..8] {
        scores.set(other, p(if other == label { probability } else { (1.0 - probability) / 7.0 }));
    }
    scores
}

/// What a model might say of a face that shows `label`.
pub(crate) fn estimate(label: Expression, probability: f32, valence: f32, arousal: f32) -> Estimate {
    let mut estimate = Estimate {
        valence: Valence::new(valence),
        arousal: Arousal::new(arousal),
        expressions: mostly(label, probability),
        ..Estimate::default()
    };
    for &unit in ActionUnit::ALL {
        estimate.action_units.set(unit, p(0.1));
    }
    estimate
}

/// A well visible face with that estimate.
pub(crate) fn observed(track: u64, estimate: Option<Estimate>) -> Observation {
    Observation {
        track: TrackId(track),
        rect: Rect::new(10.0, 10.0, 100.0, 120.0),
        quality: Quality { size: 100.0, sharpness: 0.8, yaw: 0.0, brightness: 0.5, usable: estimate.is_some() },
        confidence: Confidence::new(0.9).unwrap(),
        estimate,
        behind: Duration::ZERO,
    }
}

/// A face whose smoothed estimate is that one.
pub(crate) fn smoothed(track: u64, estimate: Estimate) -> Smoothed {
    let Observation { track, rect, quality, confidence, .. } = observed(track, Some(estimate));
    let judged = estimate
        .expressions
        .top()
        .map(|(label, p)| if p.get() < 0.4 { Judged::Unknown(p) } else { Judged::Known(label, p) });
    let expression = judged.unwrap_or(Judged::Unknown(Probability::MIN));
    Smoothed { track, rect, quality, confidence, estimate, expression, compound: None, behind: Duration::ZERO }
}

/// Any estimate a model may give, of a pack with all heads but compounds.
pub(crate) fn any_estimate() -> impl Strategy<Value = Estimate> {
    let units = prop::collection::vec(0.0_f32..=1.0, ActionUnit::ALL.len());
    (0_usize..8, 0.0_f32..=1.0, -1.0_f32..=1.0, -1.0_f32..=1.0, units).prop_map(
        |(label, share, valence, arousal, units)| {
            let mut any = estimate(Expression::ALL[label], share, valence, arousal);
            for (&unit, value) in ActionUnit::ALL.iter().zip(units) {
                any.action_units.set(unit, p(value));
            }
            any
        },
    )
}
