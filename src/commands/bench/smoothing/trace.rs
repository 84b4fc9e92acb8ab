//! A recording that went through a smoother: what would have been published, frame by frame.

use super::record::Sight;
use crate::affect::{Arousal, Expression, Valence};
use crate::clock::Monotonic;
use crate::smooth::{SmoothSettings, Smoother};

/// What stands for one face in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The number of the frame, from 0.
    pub frame: u64,
    /// Its time.
    pub at: Monotonic,
    /// What is said of it; absent where the face could not be read for longer than the hold.
    pub said: Option<Said>,
}

/// What is said of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// The label; absent for `unknown`.
    pub label: Option<Expression>,
    /// Valence, arousal and the probability of the label (of the likeliest for `unknown`), where the model gives
    /// them.
    pub numbers: [Option<f32>; 3],
}

/// Settings that smooth nothing, but treat faces that cannot be read, and labels that are not clear, as
/// `settings` does: the difference is the filter's alone.
pub fn off(settings: &SmoothSettings) -> SmoothSettings {
    let SmoothSettings { hold, min_confidence, unknown_below, baseline, .. } = *settings;
    SmoothSettings { hold, min_confidence, unknown_below, baseline, ..SmoothSettings::none() }
}

/// Smooths what was seen of one face.
pub fn trace(sights: &[Sight], settings: SmoothSettings) -> Vec<Moment> {
    let mut smoother = Smoother::new(settings);
    let moments = sights.iter().map(|Sight { frame, at, observation }| {
        let face = smoother.update(*at, observation);
        let estimate = &face.estimate;
        let said = estimate.expressions.top().map(|_| Said {
            label: face.expression.label(),
            numbers: [
                estimate.valence.map(Valence::get),
                estimate.arousal.map(Arousal::get),
                Some(face.expression.probability().get()),
            ],
        });
        Moment { frame: *frame, at: *at, said }
    });
    moments.collect()
}
