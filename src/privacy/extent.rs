//! How much of what was estimated is told.
//!
//! Action units are movements that anyone can see; expressions, valence and arousal interpret them. Where only the
//! former may be told, the latter are taken out of every state, and no event is made known that rests on them. Whether
//! somebody speaks is told in either case: it is heard, not interpreted.

use crate::affect::Estimate;
use crate::events::Kind;
use crate::publish::{FaceState, SceneState, VoiceState};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// All that the models give.
    #[default]
    Everything,
    /// Who is there, who speaks, and which action units are active.
    ActionUnitsOnly,
}

impl Extent {
    /// Whether events of that kind are told.
    pub const fn has(self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Everything, _) | (_, Kind::Presence | Kind::ActionUnit | Kind::Voice) => true,
            (_, Kind::Expression | Kind::Compound | Kind::Valence | Kind::Arousal) => false,
        }
    }

    /// Those of the kinds that are told.
    pub fn kinds(self, mut kinds: Vec<Kind>) -> Vec<Kind> {
        kinds.retain(|kind| self.has(*kind));
        kinds
    }

    /// What is told of an estimate.
    pub fn estimate(self, estimate: Estimate) -> Estimate {
        match self {
            Self::Everything => estimate,
            // Named from nothing, so that a head that comes later stays out until somebody lets it in.
            Self::ActionUnitsOnly => Estimate { action_units: estimate.action_units, ..Estimate::default() },
        }
    }

    /// What is told of a face.
    pub fn face(self, face: FaceState) -> FaceState {
        match self {
            Self::Everything => face,
            Self::ActionUnitsOnly => {
                let estimate = self.estimate(face.estimate);
                FaceState { estimate, expression: None, compound: None, fused: None, ..face }
            }
        }
    }

    /// What is told of everyone in view.
    pub fn scene(self, scene: SceneState) -> SceneState {
        match self {
            Self::Everything => scene,
            Self::ActionUnitsOnly => {
                SceneState { valence: None, arousal: None, expression: None, fused: None, ..scene }
            }
        }
    }

    /// What is told of a voice.
    pub fn voice(self, voice: VoiceState) -> VoiceState {
        match self {
            Self::Everything => voice,
            Self::ActionUnitsOnly => VoiceState { estimate: self.estimate(voice.estimate), expression: None, ..voice },
        }
    }
}
