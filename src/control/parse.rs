//! From the bytes of a message to a command.
//!
//! In two steps, so that a reply to a command that is not understood still has its id: first the object, then its fields.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Level;

use super::{Command, Refusal, Verb};
use crate::face::TrackId;
use crate::publish::payload::Encoding;
use crate::publish::payload::command::{
    CalibrateCommand, CommandId, LogLevelCommand, Moment, MuteCommand, PlainCommand, RestartStageCommand,
};

/// The longest account of what is wrong, in characters: it repeats what somebody sent.
const LONGEST_ACCOUNT: usize = 240;

/// The first bytes of a map in CBOR; no JSON begins with one of them.
const CBOR_MAPS: std::ops::RangeInclusive<u8> = 0xa0..=0xbf;

/// The object in a message.
///
/// JSON is always read, CBOR where the device writes it.
///
/// # Errors
/// When there is nothing in it, or no object.
pub fn object(payload: &[u8], encoding: Encoding) -> Result<Value, Refusal> {
    let cbor = encoding == Encoding::Cbor && payload.first().is_some_and(|first| CBOR_MAPS.contains(first));
    let read = match payload.trim_ascii() {
        [] => return Err(Refusal::Empty),
        _ if cbor => ciborium::from_reader(payload).map_err(|error| not_understood(&error)),
        _ => serde_json::from_slice(payload).map_err(|error| not_understood(&error)),
    };
    read.and_then(|value: Value| match value.is_object() {
        true => Ok(value),
        false => Err(not_understood(&"it is no object")),
    })
}

/// The id in an object, if it is one.
pub fn id(object: &Value) -> Option<String> {
    let id = CommandId::try_from(object.get("id")?.as_str()?.to_owned()).ok()?;
    Some(id.as_str().to_owned())
}

/// When a command was given, and when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

impl Times {
    /// Whether a command may still be carried out at `now`, when clocks may differ, and commands be old, by `max_age`.
    ///
    /// # Errors
    /// When it is too old, has expired, or is of the future.
    pub fn check(self, now: Timestamp, max_age: Duration) -> Result<(), Refusal> {
        let most = SignedDuration::try_from(max_age).unwrap_or(SignedDuration::MAX);
        if let Some(at) = self.at {
            let age = now.duration_since(at);
            if age > most {
                return Err(Refusal::TooOld { at, age });
            }
            if age < -most {
                return Err(Refusal::NotYet(at));
            }
        }
        match self.expires_at {
            Some(expired) if expired <= now => Err(Refusal::Expired(expired)),
            _ => Ok(()),
        }
    }
}

/// The command in an object.
///
/// # Errors
/// When its fields are not those of the verb.
pub fn command(verb: Verb, object: Value) -> Result<(Command, Times), Refusal> {
    Ok(match verb {
        Verb::Mute => {
            let MuteCommand { on, id: _, at, expires_at } = fields(object)?;
            (if on == Some(false) { Command::Unmute } else { Command::Mute }, times(at, expires_at))
        }
        Verb::Unmute => plain(Command::Unmute, object)?,
        Verb::Reload => plain(Command::Reload, object)?,
        Verb::Health => plain(Command::Health, object)?,
        Verb::Calibrate => {
            let CalibrateCommand { face, id: _, at, expires_at } = fields(object)?;
            (Command::Calibrate(face.map(TrackId)), times(at, expires_at))
        }
        Verb::LogLevel => {
            let LogLevelCommand { level, for_s, id: _, at, expires_at } = fields(object)?;
            let lasting = for_s.map(|seconds| Duration::from_secs(seconds.get().into()));
            (Command::LogLevel { level: level.map(Level::from), lasting }, times(at, expires_at))
        }
        Verb::RestartStage => {
            let RestartStageCommand { stage, id: _, at, expires_at } = fields(object)?;
            (Command::RestartStage(stage), times(at, expires_at))
        }
    })
}

fn plain(command: Command, object: Value) -> Result<(Command, Times), Refusal> {
    let PlainCommand { id: _, at, expires_at } = fields(object)?;
    Ok((command, times(at, expires_at)))
}

fn times(at: Option<Moment>, expires_at: Option<Moment>) -> Times {
    Times { at: at.map(|moment| moment.0), expires_at: expires_at.map(|moment| moment.0) }
}

fn fields<T: DeserializeOwned>(object: Value) -> Result<T, Refusal> {
    serde_json::from_value(object).map_err(|error| not_understood(&error))
}

/// What is wrong, on one line of a bounded length: part of it is what somebody sent.
fn not_understood(error: &dyn std::fmt::Display) -> Refusal {
    let account = error.to_string();
    let line = account.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_ACCOUNT);
    Refusal::NotUnderstood(line.collect())
}
