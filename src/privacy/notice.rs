//! What is announced of the sensing: for the display beside a camera, and for whoever must inform the people in front
//! of it.

use super::{Context, Extent, Gate, Sensing};
use crate::clock::Monotonic;
use crate::events::Kind;

/// What is sensed, or why nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whether anything is.
    pub sensing: Sensing,
    /// Since when it is so.
    pub since: Monotonic,
    /// Where the device stands, when that was declared.
    pub context: Option<Context>,
    /// Whether there is a microphone beside the camera.
    pub microphone: bool,
    /// The kinds of event that can be told.
    pub kinds: Vec<Kind>,
    /// How much of the estimates is told.
    pub extent: Extent,
}

impl Notice {
    /// The notice as the gate stands.
    pub fn of(gate: &Gate, context: Option<Context>, microphone: bool, kinds: &[Kind], extent: Extent) -> Self {
        let (sensing, since) = gate.state();
        Self { sensing, since, context, microphone, kinds: extent.kinds(kinds.to_vec()), extent }
    }

    /// Whether nothing is sensed.
    pub fn is_muted(&self) -> bool {
        self.sensing != Sensing::On
    }
}
