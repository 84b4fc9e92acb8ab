//! The only door out: what may be sensed, and what of it may be told.
//!
//! ```text
//!  camera, microphone ─►│gate│─► models ─► states, events ─►│door│─► publisher, recording
//!                         ▲                                    ▲
//!          commands, consent, configuration            extent: everything, or action units only
//! ```
//!
//! | part | what it decides |
//! |---|---|
//! | [`context`] | where the device may stand at all |
//! | [`gate`] | whether the camera and the microphone are read |
//! | [`consent`] | what counts as consent, and its withdrawal |
//! | [`extent`] | how much of what was estimated is told |
//! | [`door`] | that nothing else leaves the pipeline |
//! | [`notice`] | what is announced of all this |
//!
//! Frames, sound and embeddings have no way out by their types: there is no text and no serialised form of any of them.

use std::path::PathBuf;

pub mod consent;
pub mod context;
pub mod door;
pub mod extent;
pub mod gate;
pub mod notice;
#[cfg(test)]
mod types;

pub use context::Context;
pub use door::Door;
pub use extent::Extent;
pub use gate::{Consent, Gate, Reason, Sensing, StillMuted};
pub use notice::Notice;

use crate::clock::Monotonic;

/// What may be sensed and told, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivacySettings {
    /// Where the device stands, when that was declared.
    pub context: Option<Context>,
    /// How much is told.
    pub extent: Extent,
    /// Whether to start muted.
    pub start_muted: bool,
    /// Who is asked for consent.
    pub consent: ConsentSource,
}

/// Where consent comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConsentSource {
    /// Nobody is asked.
    #[default]
    NotAsked,
    /// Whoever unmutes agrees.
    Unmute,
    /// A file says so.
    File(PathBuf),
    /// A topic of the broker says so.
    Topic(String),
}

impl PrivacySettings {
    /// A gate as it stands at the start.
    pub fn gate(&self, now: Monotonic) -> Gate {
        let consent = match &self.consent {
            ConsentSource::NotAsked => Consent::NotAsked,
            ConsentSource::Unmute => Consent::ByUnmute,
            ConsentSource::File(_) | ConsentSource::Topic(_) => Consent::BySignal,
        };
        Gate::starting(consent, self.start_muted, now)
    }
}
