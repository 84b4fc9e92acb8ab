//! The payload of `scene/state`: everyone in view at once.

use serde::Serialize;

use super::SCHEMA;
use super::labels::Judgement;
use super::number::{Signed, Stamp};
use crate::affect::{Expression, ExpressionScores};
use crate::publish::state::SceneState;
use crate::publish::topics::DeviceId;

/// How everyone in view appears together.
///
/// What the model pack does not give is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Scene state"))]
pub struct ScenePayload<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// When the frame was captured, in UTC with microseconds.
    captured_at: Stamp,
    /// How many faces are followed.
    #[cfg_attr(test, schemars(range(min = 0)))]
    faces: usize,
    /// The mean valence: -1 (negative) to 1 (positive).
    #[serde(skip_serializing_if = "Option::is_none")]
    valence: Option<Signed>,
    /// The mean arousal: -1 (calm) to 1 (excited).
    #[serde(skip_serializing_if = "Option::is_none")]
    arousal: Option<Signed>,
    /// The dominant expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<Judgement<Expression, 10>>,
}

impl<'a> ScenePayload<'a> {
    /// A scene with the wall time of its frame.
    pub fn of(state: &SceneState, captured_at: Stamp, device: &'a DeviceId) -> Self {
        Self {
            schema: SCHEMA,
            device: device.as_str(),
            captured_at,
            faces: state.faces,
            valence: state.valence.map(Signed::from),
            arousal: state.arousal.map(Signed::from),
            expression: state.expression.map(|answer| Judgement::of(answer, ExpressionScores::default())),
        }
    }
}
