//! A whole sound in one line: its windows, each counted by how much voice it has.

use std::time::Duration;

use crate::affect::Confidence;
use crate::affect::mean::{Mean, Sum};
use crate::clock::Monotonic;
use crate::outlet::answer;
use crate::publish::VoiceState;
use crate::smooth::Judged;
use crate::voice::{SoundQuality, VoiceReading};

/// What the windows of one sound say together.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    end: Monotonic,
    windows: u32,
    activity: Sum,
    level: Sum,
    clipped: Sum,
    confidence: Sum,
    estimate: Mean,
}

impl Summary {
    /// Adds a window.
    pub fn add(&mut self, reading: &VoiceReading) {
        let voice = reading.activity.get() * reading.span.as_secs_f32();
        self.end = self.end.max(reading.captured_at);
        self.windows += 1;
        self.activity.add(reading.activity.get(), reading.span.as_secs_f32());
        // Without any voice the level is that of what else was heard.
        self.level.add(reading.quality.level, voice + 1e-6);
        self.clipped.add(reading.quality.clipped.get(), voice);
        let Some(estimate) = &reading.estimate else { return };
        self.confidence.add(reading.confidence.get(), voice);
        self.estimate.add(estimate, voice);
    }

    /// The sound as one state; `None` when there was no window. Without voice the expression is unknown, and nothing
    /// else is estimated.
    pub fn state(&self, unknown_below: f32) -> Option<VoiceState> {
        let bounded = |sum: Sum| sum.mean().and_then(Confidence::new).unwrap_or(Confidence::MIN);
        let estimate = self.estimate.estimate();
        (self.windows > 0).then(|| VoiceState {
            captured_at: self.end,
            span: self.end.since(Monotonic::new(Duration::ZERO)),
            activity: bounded(self.activity),
            quality: SoundQuality { level: self.level.mean().unwrap_or(-120.0), clipped: bounded(self.clipped) },
            estimate,
            expression: Some(answer(Judged::likeliest(&estimate.expressions, unknown_below))),
            confidence: bounded(self.confidence),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Estimate, Expression, Probability};
    use crate::publish::Answer;
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
