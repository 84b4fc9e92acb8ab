//! Affect events: what changed, from when, until when.
//!
//! An event lives `new` → `update`… → `end` under one id. What begins must last before it is told, and is
//! then dated from its first frame; between two thresholds nothing changes ([`crate::smooth::hysteresis`]).
//! In one face there is at most one live event each of presence, expression, compound expression, valence,
//! arousal and every action unit. Pure, of fixed size, without allocation: time is an argument, ids come
//! from a function the caller gives.

use heapless::String;
use uuid::Uuid;

use crate::affect::Confidence;
use crate::clock::Monotonic;
use crate::face::TrackId;

mod machine;
#[cfg(test)]
mod properties;
mod settings;
mod slot;
#[cfg(test)]
mod tests;
mod topic;

pub use machine::{Counts, EventMachine};
pub use settings::{EventSettings, PresenceRule, Rule};

/// The longest label, "disgustedly surprised", fits with room to spare.
pub const LABEL_LEN: usize = 32;

/// A step in an event's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It began.
    New,
    /// It goes on, and its peak rose or its time came.
    Update,
    /// It is over.
    End,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A face is there.
    Presence,
    /// An expression appears.
    Expression,
    /// A compound expression appears.
    Compound,
    /// An action unit is active.
    ActionUnit,
    /// Valence left its middle range.
    Valence,
    /// Arousal left its middle range.
    Arousal,
    /// A voice is heard.
    Voice,
}

impl Kind {
    /// Its name, in payloads and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Expression => "expression",
            Self::Compound => "compound",
            Self::ActionUnit => "action_unit",
            Self::Valence => "valence",
            Self::Arousal => "arousal",
            Self::Voice => "voice",
        }
    }
}

/// Whom an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One face.
    Face(TrackId),
    /// Everyone in view.
    Scene,
}

/// One message in the life of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The same for all messages of one event. A UUID of version 7: it sorts by time.
    pub id: Uuid,
    /// The step.
    pub stage: Stage,
    /// What it is about.
    pub kind: Kind,
    /// The expression, action unit, "present", "positive", "negative", "high" or "low".
    pub label: String<LABEL_LEN>,
    /// Whom it is about.
    pub subject: Subject,
    /// When it began: the capture time of the first frame that showed it.
    pub started_at: Monotonic,
    /// The capture time of this step.
    pub at: Monotonic,
    /// When it ended, for [`Stage::End`].
    pub ended_at: Option<Monotonic>,
    /// The strongest value so far, 0 to 1 (valence and arousal by size).
    pub peak: f32,
    /// How sure the estimate is now.
    pub confidence: Confidence,
}
