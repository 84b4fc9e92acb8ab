//! A whole sound in one line: its windows, each counted by how much voice it has.

use std::time::Duration;

use crate::affect::{Arousal, Confidence, Estimate, Expression, Label, Probability, Valence};
use crate::clock::Monotonic;
use crate::publish::{Answer, VoiceState};
use crate::voice::{SoundQuality, VoiceReading};

/// A sum that becomes a mean.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f32,
    weight: f32,
}

impl Mean {
    fn add(&mut self, value: Option<f32>, weight: f32) {
        if let Some(value) = value {
            self.sum += value * weight;
            self.weight += weight;
        }
    }

    fn get(self) -> Option<f32> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// What the windows of one sound say together.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    end: Monotonic,
    windows: u32,
    activity: Mean,
    level: Mean,
    clipped: Mean,
    confidence: Mean,
    valence: Mean,
    arousal: Mean,
    expressions: [Mean; Expression::ALL.len()],
}

impl Summary {
    /// Adds a window.
    pub fn add(&mut self, reading: &VoiceReading) {
        let voice = reading.activity.get() * reading.span.as_secs_f32();
        self.end = self.end.max(reading.captured_at);
        self.windows += 1;
        self.activity.add(Some(reading.activity.get()), reading.span.as_secs_f32());
        // Without any voice the level is that of what else was heard.
        self.level.add(Some(reading.quality.level), voice + 1e-6);
        self.clipped.add(Some(reading.quality.clipped.get()), voice);
        let Some(estimate) = &reading.estimate else { return };
        self.confidence.add(Some(reading.confidence.get()), voice);
        self.valence.add(estimate.valence.map(Valence::get), voice);
        self.arousal.add(estimate.arousal.map(Arousal::get), voice);
        for (label, mean) in Expression::ALL.iter().zip(&mut self.expressions) {
            mean.add(estimate.expressions.get(*label).map(Probability::get), voice);
        }
    }

    /// The sound as one state; `None` when there was no window. Without voice the expression is unknown, and nothing
    /// else is estimated.
    pub fn state(&self, unknown_below: f32) -> Option<VoiceState> {
        let bounded = |mean: Mean| mean.get().and_then(Confidence::new).unwrap_or(Confidence::MIN);
        let mut estimate = Estimate {
            valence: self.valence.get().and_then(Valence::new),
            arousal: self.arousal.get().and_then(Arousal::new),
            ..Estimate::default()
        };
        for (label, mean) in Expression::ALL.iter().zip(self.expressions) {
            if let Some(probability) = mean.get().and_then(Probability::new) {
                estimate.expressions.set(*label, probability);
            }
        }
        let top = estimate.expressions.top();
        let sure = top.filter(|(_, probability)| probability.get() >= unknown_below);
        (self.windows > 0).then(|| VoiceState {
            captured_at: self.end,
            span: self.end.since(Monotonic::new(Duration::ZERO)),
            activity: bounded(self.activity),
            quality: SoundQuality { level: self.level.get().unwrap_or(-120.0), clipped: bounded(self.clipped) },
            estimate,
            expression: Some(Answer {
                label: sure.map(|(label, _)| label),
                confidence: top.map_or(Probability::MIN, |(_, probability)| probability),
            }),
            confidence: bounded(self.confidence),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smooth::testing::{estimate, ms};

    fn window(end: u64, activity: f32, estimate: Option<Estimate>) -> VoiceReading {
        VoiceReading {
            captured_at: ms(end),
            span: Duration::from_secs(3),
            activity: Confidence::new(activity).unwrap(),
            quality: SoundQuality { level: -30.0, clipped: Confidence::MIN },
            confidence: Confidence::new(0.8).unwrap(),
            estimate,
            embedding: None,
        }
    }

    #[test]
    fn windows_count_by_their_voice() {
        let mut summary = Summary::default();
        summary.add(&window(3000, 0.6, Some(estimate(Expression::Anger, 0.9, -0.8, 0.8))));
        summary.add(&window(4000, 0.2, Some(estimate(Expression::Neutral, 0.9, 0.0, 0.0))));
        summary.add(&window(5000, 0.0, None));
        let state = summary.state(0.4).unwrap();
        assert!((state.estimate.arousal.unwrap().get() - 0.6).abs() < 1e-6);
        assert_eq!(state.expression.unwrap().label, Some(Expression::Anger));
        assert_eq!(state.span, Duration::from_secs(5));
        assert!((state.activity.get() - 0.8 / 3.0).abs() < 1e-6);
        assert_eq!(summary.state(0.95).unwrap().expression.unwrap().label, None);
    }

    #[test]
    fn a_sound_without_voice_is_unknown_and_nothing_else() {
        let mut summary = Summary::default();
        assert_eq!(summary.state(0.4), None);
        summary.add(&window(3000, 0.0, None));
        let state = summary.state(0.4).unwrap();
        assert_eq!(state.estimate, Estimate::default());
        assert_eq!(state.expression, Some(Answer { label: None, confidence: Probability::MIN }));
        assert_eq!((state.confidence, state.quality.level), (Confidence::MIN, -30.0));
    }
}
