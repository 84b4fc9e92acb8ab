//! Why a command is not carried out: a word for programs, a reason for people, and what to do about it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::Verb;
use super::answer::BadReplyTopic;
use crate::publish::payload::reply::Code;

/// The most bytes of a message, payload and correlation data together.
pub const LARGEST: usize = 4096;

/// A command that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The topic names no command.
    #[error("there is no such command")]
    UnknownVerb,
    /// The configuration does not allow it.
    #[error("this device does not take the command {0}")]
    NotAllowed(Verb),
    /// Too many came.
    #[error("{verb} came too often")]
    TooOften {
        /// Which.
        verb: Verb,
        /// How long until the next one passes.
        wait: Duration,
    },
    /// The broker had kept it.
    #[error("the command was retained, so it would come again on every connection")]
    Retained,
    /// It has more bytes than [`LARGEST`].
    #[error("the command has {0} bytes, {LARGEST} are the most")]
    TooLarge(usize),
    /// It has none.
    #[error("the message is empty, as one is that clears a retained message")]
    Empty,
    /// It is not as the schema says.
    #[error("the command is not understood: {0}")]
    NotUnderstood(String),
    /// It was given too long ago.
    #[error("the command was given at {at}, {seconds} s ago by the clock of this device", seconds = age.as_secs())]
    TooOld {
        /// When.
        at: Timestamp,
        /// How long ago.
        age: SignedDuration,
    },
    /// It was given in the future.
    #[error("the command was given at {0}, which has not come yet by the clock of this device")]
    NotYet(Timestamp),
    /// It is not to be carried out any more.
    #[error("the command expired at {0}")]
    Expired(Timestamp),
    /// The reply may not go where it should.
    #[error(transparent)]
    ReplyTopic(#[from] BadReplyTopic),
}

impl Refusal {
    /// The word for it.
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownVerb => Code::UnknownVerb,
            Self::NotAllowed(_) => Code::NotAllowed,
            Self::TooOften { .. } => Code::TooOften,
            Self::Retained => Code::Retained,
            Self::TooLarge(_) => Code::TooLarge,
            Self::Empty => Code::Empty,
            Self::NotUnderstood(_) => Code::NotUnderstood,
            Self::TooOld { .. } | Self::NotYet(_) | Self::Expired(_) => Code::TooOld,
            Self::ReplyTopic(_) => Code::ReplyTopic,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        let words = match self {
            Self::UnknownVerb => {
                let verbs = Verb::ALL.map(Verb::name).join(", ");
                return format!("publish to cmd/ and one of {verbs}");
            }
            Self::NotAllowed(verb) => {
                return format!("add \"{verb}\" to commands.allow in the device's configuration, and restart affectd");
            }
            Self::TooOften { wait, .. } => {
                return format!("wait {:.1} s, or raise commands.rate_per_minute", wait.as_secs_f64().max(0.1));
            }
            Self::Retained => "publish it without the retain flag, and clear the topic with an empty retained message",
            Self::TooLarge(_) => "send the fields of docs/schema/command.schema.json and nothing else",
            Self::Empty => "send {} for a command without fields",
            Self::NotUnderstood(_) => "send one JSON object as docs/schema/command.schema.json says",
            Self::TooOld { .. } | Self::NotYet(_) => {
                "send it again; if it stays so, one of the two clocks is wrong (commands.max_age_s is what they may differ)"
            }
            Self::Expired(_) => "send it again with a later expires_at",
            Self::ReplyTopic(_) => "leave the response topic out, or choose one outside of the device's own topics",
        };
        words.to_owned()
    }
}
