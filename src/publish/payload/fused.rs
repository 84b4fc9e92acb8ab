//! What a face and a voice give together, as it stands in the states of a face and of the scene.

use serde::Serialize;

use super::labels::Judgement;
use super::number::{Signed, Unit};
use crate::affect::Expression;
use crate::publish::state::FusedState;

/// What the face, or everyone in view, and the voice give together, weighted by how far each can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct FusedPayload {
    /// How pleasant both together appear: -1 (negative) to 1 (positive).
    #[serde(skip_serializing_if = "Option::is_none")]
    valence: Option<Signed>,
    /// How activated both together appear: -1 (calm) to 1 (excited).
    #[serde(skip_serializing_if = "Option::is_none")]
    arousal: Option<Signed>,
    /// The expression that appears in both together. A calm voice counts as a neutral one.
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<Judgement<Expression, 10>>,
    /// The voice's part in it, 0 to 1; the rest is what is seen.
    voice_share: Unit,
    /// How far what is seen and what is heard disagree: 0 (the same) to 1 (nothing in common).
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<Unit>,
}

impl FusedPayload {
    pub(super) fn of(state: &FusedState) -> Self {
        Self {
            valence: state.valence.map(Signed::from),
            arousal: state.arousal.map(Signed::from),
            expression: state.expression.map(|answer| Judgement::of(answer, state.expressions)),
            voice_share: state.voice_share.into(),
            conflict: state.conflict.map(Unit::from),
        }
    }
}
