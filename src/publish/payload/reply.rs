//! The payload of `cmd/<verb>/reply`: what became of a command.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SCHEMA;
use super::command::{LogLevelName, StageName};
use super::health::HealthPayload;
use super::notice::{ReasonName, SensingName};
use super::number::Stamp;

/// Why a command was not carried out, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The topic names no command.
    UnknownVerb,
    /// The configuration does not allow it.
    NotAllowed,
    /// Too many came.
    TooOften,
    /// The broker had kept it.
    Retained,
    /// It had more bytes than a command may have.
    TooLarge,
    /// It had none.
    Empty,
    /// It was not as the schema says.
    NotUnderstood,
    /// It was too old, or had expired.
    TooOld,
    /// The reply may not go to where it was asked to go.
    ReplyTopic,
    /// It was tried, and did not work.
    Failed,
}

/// What became of the commands since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct CommandCounts {
    /// Carried out.
    pub done: u64,
    /// Tried, and did not work.
    pub failed: u64,
    /// Not tried, by why; what never happened is absent.
    pub refused: BTreeMap<Code, u64>,
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged)]
pub enum ResultPayload<'a> {
    /// Of `mute` and `unmute`.
    Sensing {
        /// Whether anything is sensed.
        state: SensingName,
        /// Why nothing is; absent while something is.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<ReasonName>,
        /// Since when it is so.
        since: Stamp,
        /// Whether a restart does not change that.
        remembered: bool,
    },
    /// Of `reload`.
    Packs {
        /// The packs at work, with their versions.
        packs: Vec<String>,
    },
    /// Of `calibrate`.
    Calibrate {
        /// The faces whose neutral look is learnt from now on.
        faces: Vec<u64>,
        /// For so many seconds of their being read.
        seconds: u32,
    },
    /// Of `log-level`.
    LogLevel {
        /// The least important lines that are written.
        level: LogLevelName,
        /// For so many seconds; absent when it stays so.
        #[serde(skip_serializing_if = "Option::is_none")]
        for_s: Option<u32>,
    },
    /// Of `health`.
    Health {
        /// How the device is.
        health: Box<HealthPayload<'a>>,
        /// What became of commands.
        commands: CommandCounts,
    },
    /// Of `restart-stage`.
    Stage {
        /// The stage that is started anew.
        stage: StageName,
    },
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Reply"))]
pub struct ReplyPayload<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    pub schema: u32,
    /// The id of the device.
    pub device: &'a str,
    /// The command, as its topic named it.
    pub verb: &'a str,
    /// The command's own id, when it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// When this was said, in UTC with microseconds.
    pub at: Stamp,
    /// Whether it was carried out.
    pub ok: bool,
    /// Why it was not, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Why it was not, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'a str>,
    /// What it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultPayload<'a>>,
}

impl<'a> ReplyPayload<'a> {
    /// A reply that says nothing yet but whose it is.
    pub fn new(device: &'a str, verb: &'a str, id: Option<&'a str>, at: Stamp) -> Self {
        Self { schema: SCHEMA, device, verb, id, at, ok: false, code: None, reason: None, remedy: None, result: None }
    }
}
