//! What stands of a voice: its readings smoothed, silence left silent.

use std::time::Duration;

use super::track::Track;
use super::{BaselineSettings, Judged, SmoothSettings};
use crate::affect::{Confidence, Estimate, Expression, Probability};
use crate::clock::Monotonic;
use crate::face::TrackId;
use crate::voice::{SoundQuality, VoiceReading};

/// What was learned of a voice is of no use when it was not heard for so long: it may be another one's.
const FORGET_AFTER: Duration = Duration::from_secs(5);

/// What stands of the voice that is heard at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothedVoice {
    /// When the window that was read ended.
    pub captured_at: Monotonic,
    /// How much sound was in it.
    pub span: Duration,
    /// The share of it that is voice.
    pub activity: Confidence,
    /// How well it can be read.
    pub quality: SoundQuality,
    /// How far its estimate can be trusted.
    pub confidence: Confidence,
    /// The smoothed estimate; nothing in it without enough voice.
    pub estimate: Estimate,
    /// The expression that appears; unknown with probability 0 when `estimate` has no expressions.
    pub expression: Judged<Expression>,
}

/// Smooths the readings of one microphone with the filters of a face. The last estimate never stands in for a
/// voice that fell silent.
#[derive(Debug, Clone)]
pub struct VoiceSmoother {
    settings: SmoothSettings,
    track: Track,
}

impl VoiceSmoother {
    /// A smoother that has heard nothing yet.
    pub fn new(settings: SmoothSettings) -> Self {
        // Nobody knows how someone's voice is at rest.
        let baseline = BaselineSettings { automatic: false, ..settings.baseline };
        let unknown_below = settings.voice_unknown_below;
        let settings = SmoothSettings { hold: FORGET_AFTER, baseline, unknown_below, ..settings };
        Self { settings, track: Track::new(TrackId(0), Monotonic::default(), &settings) }
    }

    /// Takes in a reading and tells what stands.
    pub fn update(&mut self, reading: &VoiceReading) -> SmoothedVoice {
        let sure = reading.confidence.get() >= self.settings.min_confidence;
        let estimate = reading.estimate.as_ref().filter(|_| sure);
        let standing = self
            .track
            .update(reading.captured_at, Duration::ZERO, estimate, &self.settings)
            .filter(|_| estimate.is_some());
        SmoothedVoice {
            captured_at: reading.captured_at,
            span: reading.span,
            activity: reading.activity,
            quality: reading.quality,
            confidence: reading.confidence,
            estimate: standing.map_or_else(Estimate::default, |filters| filters.estimate),
            expression: standing.map_or(Judged::Unknown(Probability::MIN), |filters| filters.expression),
        }
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smooth::testing::{estimate, ms};

    fn reading(at: u64, confidence: f32, estimate: Option<Estimate>) -> VoiceReading {
        VoiceReading {
            captured_at: ms(at),
            span: Duration::from_secs(3),
            activity: Confidence::MAX,
            quality: SoundQuality { level: -30.0, clipped: Confidence::MIN },
            confidence: Confidence::new(confidence).unwrap(),
            estimate,
            embedding: None,
        }
    }

    #[test]
    fn a_voice_is_smoothed_from_window_to_window() {
        let mut smoother = VoiceSmoother::new(SmoothSettings::default());
        let angry = estimate(Expression::Anger, 0.9, -0.8, 0.8);
        let calm = estimate(Expression::Neutral, 0.9, 0.0, -0.6);
        assert_eq!(smoother.update(&reading(3000, 0.9, Some(angry))).estimate.arousal, angry.arousal);
        let after = smoother.update(&reading(4000, 0.9, Some(calm)));
        let arousal = after.estimate.arousal.unwrap().get();
        assert!(arousal > -0.6 && arousal < 0.4, "{arousal}");
        assert_eq!(after.expression.label(), Some(Expression::Neutral));
    }

    #[test]
    fn silence_and_doubt_say_nothing_however_sure_the_last_word_was() {
        let mut smoother = VoiceSmoother::new(SmoothSettings::default());
        let angry = Some(estimate(Expression::Anger, 0.9, -0.8, 0.8));
        assert!(smoother.update(&reading(3000, 0.9, angry)).expression.label().is_some());
        for said in [reading(4000, 0.9, None), reading(5000, 0.1, angry)] {
            let after = smoother.update(&said);
            assert_eq!(after.estimate, Estimate::default());
            assert_eq!(after.expression, Judged::Unknown(Probability::MIN));
        }
    }
}
