//! What a device is told to do over MQTT: which messages are commands, and which of those are carried out.
//!
//! ```text
//!  arrival ─► size, retained? ─► verb, allowed? ─► rate ─► object ─► fields, age ─► Command ─► carried out
//!                 └──────────────────┴──────────────┴──────────┴────────────┴─────► Refusal ─► counted, replied to
//! ```
//!
//! The broker's access list is the real door: whoever may publish to `cmd/…` is believed to be who they should be. What
//! is refused here is what would do harm all the same: a retained `unmute` that comes again on every connection, a
//! flood, an order of yesterday, a reply into another's mouth. Everything here is pure; `commands/session` carries out.

use std::time::Duration;

use jiff::Timestamp;
use tracing::Level;

use crate::clock::Monotonic;
use crate::face::TrackId;
use crate::publish::Prefix;
use crate::publish::payload::Encoding;
use crate::publish::payload::command::StageName;
use crate::publish::payload::reply::{Code, CommandCounts};

pub mod answer;
pub mod limit;
pub mod parse;
mod refusal;
#[cfg(test)]
mod tests;
mod verb;

use limit::{Limits, Rate};
pub use refusal::{LARGEST, Refusal};
pub use verb::Verb;

/// What commands are taken, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlSettings {
    /// Those that are carried out.
    pub allow: Vec<Verb>,
    /// How often each may come.
    pub rate: Rate,
    /// How old a command may be that says when it was given, and how far its clock may be ahead of ours.
    pub max_age: Duration,
}

/// A message on a command's topic.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The last level of its topic.
    pub verb: &'a str,
    /// What it says.
    pub payload: &'a [u8],
    /// Whether the broker had kept it.
    pub retained: bool,
    /// Where the reply should go.
    pub reply_to: Option<&'a str>,
    /// How many bytes of correlation data it has.
    pub correlation: usize,
}

/// What a device is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Sense nothing.
    Mute,
    /// Sense again.
    Unmute,
    /// Look at the model packs.
    Reload,
    /// Learn the neutral look of one face, or of everyone in view.
    Calibrate(Option<TrackId>),
    /// Write these lines to the log, or those that the configuration says.
    LogLevel {
        /// The least important of them; as configured when absent.
        level: Option<Level>,
        /// How long; for good when absent.
        lasting: Option<Duration>,
    },
    /// Tell how everything is.
    Health,
    /// Start a stage anew.
    RestartStage(StageName),
}

/// What is found of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id, for the reply.
    pub id: Option<String>,
    /// What is to be done, or why nothing is.
    pub order: Result<Command, Refusal>,
}

/// Judges messages, and counts what becomes of them.
#[derive(Debug, Clone)]
pub struct Control {
    settings: ControlSettings,
    prefix: Prefix,
    encoding: Encoding,
    limits: Limits,
    counts: CommandCounts,
}

impl Control {
    /// Takes commands as the settings say, for a device below `prefix`; what is in `encoding` is read beside JSON.
    pub fn new(settings: ControlSettings, prefix: Prefix, encoding: Encoding) -> Self {
        let limits = Limits::new(settings.rate);
        let counts = CommandCounts { done: 0, failed: 0, refused: std::collections::BTreeMap::new() };
        Self { settings, prefix, encoding, limits, counts }
    }

    /// Judges a message that comes at `now`, which is `wall` on the wall. A refusal is counted.
    pub fn judge(&mut self, message: Message<'_>, now: Monotonic, wall: Timestamp) -> Found {
        let bytes = message.payload.len() + message.correlation;
        if bytes > LARGEST {
            return Found { id: None, order: self.refuse(Refusal::TooLarge(bytes)) };
        }
        let object = parse::object(message.payload, self.encoding);
        let id = object.as_ref().ok().and_then(parse::id);
        let order = self.admit(&message, now).and_then(|verb| {
            let (command, times) = parse::command(verb, object?)?;
            // The other way to unmute is no way round.
            if command == Command::Unmute && !self.allows(Verb::Unmute) {
                return Err(Refusal::NotAllowed(Verb::Unmute));
            }
            times.check(wall, self.settings.max_age)?;
            Ok(command)
        });
        let order = match order {
            Ok(command) => Ok(command),
            Err(refusal) => self.refuse(refusal),
        };
        Found { id, order }
    }

    /// Counts a command that was carried out, or did not work.
    pub fn carried_out(&mut self, worked: bool) {
        *(if worked { &mut self.counts.done } else { &mut self.counts.failed }) += 1;
    }

    /// What became of all messages so far.
    pub fn counts(&self) -> &CommandCounts {
        &self.counts
    }

    /// How often it was refused for that reason.
    pub fn refused(&self, code: Code) -> u64 {
        self.counts.refused.get(&code).copied().unwrap_or_default()
    }

    /// What every topic begins with.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Asks of a message what does not depend on what it says.
    fn admit(&mut self, message: &Message<'_>, now: Monotonic) -> Result<Verb, Refusal> {
        if message.retained {
            return Err(Refusal::Retained);
        }
        let verb = Verb::named(message.verb).ok_or(Refusal::UnknownVerb)?;
        if !self.allows(verb) {
            return Err(Refusal::NotAllowed(verb));
        }
        self.limits.take(verb, now).map_err(|wait| Refusal::TooOften { verb, wait })?;
        message.reply_to.map_or(Ok(()), |topic| answer::asked_for(topic, &self.prefix))?;
        Ok(verb)
    }

    fn allows(&self, verb: Verb) -> bool {
        self.settings.allow.contains(&verb)
    }

    fn refuse(&mut self, refusal: Refusal) -> Result<Command, Refusal> {
        *self.counts.refused.entry(refusal.code()).or_default() += 1;
        Err(refusal)
    }
}
