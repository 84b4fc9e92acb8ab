//! What the pipeline hands over to be published: plain values in the words of [`crate::affect`], without
//! names, topics or text. They are `Copy` and own no heap, so handing one over allocates nothing.

use std::time::Duration;

use crate::affect::{Arousal, Compound, Confidence, Estimate, Expression, ExpressionScores, Probability, Valence};
use crate::clock::Monotonic;
use crate::face::{Quality, TrackId};
use crate::geometry::Rect;
use crate::voice::SoundQuality;

/// Which label appears, as judged over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer<L> {
    /// The label; `None` when the estimate is too unsure to name one.
    pub label: Option<L>,
    /// The probability of the label, or of the strongest candidate when none is named.
    pub confidence: Probability,
}

/// One face in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceState {
    /// Whose face.
    pub track: TrackId,
    /// The number of the frame.
    pub frame: u64,
    /// When the frame was captured.
    pub captured_at: Monotonic,
    /// Where, in frame pixels.
    pub rect: Rect,
    /// How well it can be read.
    pub quality: Quality,
    /// The smoothed estimate; what the pack does not give is absent.
    pub estimate: Estimate,
    /// The expression that appears; `None` when the pack has no such head or the face could not be read.
    pub expression: Option<Answer<Expression>>,
    /// The compound expression that appears; `None` as for the expression.
    pub compound: Option<Answer<Compound>>,
    /// How far the estimate can be trusted.
    pub confidence: Confidence,
    /// How long before the frame the moment lies that the estimate is of.
    pub behind: Duration,
    /// Whether the voice that is heard is this face's; `None` where nobody listens.
    pub speaking: Option<bool>,
    /// What it gives together with the voice, when it speaks.
    pub fused: Option<FusedState>,
}

/// Everyone in view in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SceneState {
    /// When the frame was captured.
    pub captured_at: Monotonic,
    /// How many faces are followed.
    pub faces: usize,
    /// The mean valence of the faces that have one.
    pub valence: Option<Valence>,
    /// The mean arousal of the faces that have one.
    pub arousal: Option<Arousal>,
    /// The dominant expression; `None` when no face has one.
    pub expression: Option<Answer<Expression>>,
    /// The face that speaks, if one does.
    pub speaker: Option<TrackId>,
    /// What the speaker, or else everyone in view, gives together with the voice.
    pub fused: Option<FusedState>,
}

/// What is seen and what is heard, together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FusedState {
    /// Valence.
    pub valence: Option<Valence>,
    /// Arousal.
    pub arousal: Option<Arousal>,
    /// Probabilities of the expressions.
    pub expressions: ExpressionScores,
    /// The expression that appears; `None` when there are no probabilities.
    pub expression: Option<Answer<Expression>>,
    /// The voice's part in it.
    pub voice_share: Confidence,
    /// How far the two disagree.
    pub conflict: Option<Probability>,
}

/// The voice that is heard, in one window of sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceState {
    /// When the window ended.
    pub captured_at: Monotonic,
    /// How much sound was in it.
    pub span: Duration,
    /// The share of it that is voice.
    pub activity: Confidence,
    /// How well it can be read.
    pub quality: SoundQuality,
    /// The smoothed estimate; empty without enough voice.
    pub estimate: Estimate,
    /// The expression that appears; `None` when the pack has no such head or there was not enough voice.
    pub expression: Option<Answer<Expression>>,
    /// How far the estimate can be trusted.
    pub confidence: Confidence,
}

/// A state: of interest only until a newer one replaces it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// One face.
    Face(FaceState),
    /// Everyone in view.
    Scene(SceneState),
    /// The voice that is heard.
    Voice(VoiceState),
}

impl From<FaceState> for State {
    fn from(state: FaceState) -> Self {
        Self::Face(state)
    }
}

impl From<SceneState> for State {
    fn from(state: SceneState) -> Self {
        Self::Scene(state)
    }
}

impl From<VoiceState> for State {
    fn from(state: VoiceState) -> Self {
        Self::Voice(state)
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! States of which nothing is known but whose they are.

    use super::*;

    /// That face, which was not read.
    pub fn face(track: u64) -> FaceState {
        FaceState {
            track: TrackId(track),
            frame: 0,
            captured_at: Monotonic::default(),
            rect: Rect::default(),
            quality: Quality { size: 0.0, sharpness: 0.0, yaw: 0.0, brightness: 0.0, usable: false },
            estimate: Estimate::default(),
            expression: None,
            compound: None,
            confidence: Confidence::MIN,
            behind: Duration::ZERO,
            speaking: None,
            fused: None,
        }
    }

    /// So many faces, none of which was read.
    pub fn scene(faces: usize) -> SceneState {
        SceneState {
            captured_at: Monotonic::default(),
            faces,
            valence: None,
            arousal: None,
            expression: None,
            speaker: None,
            fused: None,
        }
    }
}
