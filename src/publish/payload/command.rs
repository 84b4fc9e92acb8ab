//! The payloads of `cmd/<verb>`: what a device is told to do. The only ones that come in.
//!
//! Each is one object; fields that are not known are refused, so that a misspelt one is not taken for the default.
//! They are read by [`control`](crate::control).

use jiff::Timestamp;
use serde::Deserialize;
use tracing::Level;

/// The longest id, in characters.
pub const LONGEST_ID: usize = 128;

/// Declares a command: its own fields, and those that every command may have.
macro_rules! command {
    ($(#[doc = $doc:literal])+ $Name:ident, $title:literal { $($(#[$attribute:meta])+ $field:ident: $Type:ty,)* }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline, title = $title))]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        pub struct $Name {
            $($(#[$attribute])+ pub $field: $Type,)*
            /// Whatever tells this command from others; the reply has it, too.
            pub id: Option<CommandId>,
            /// When the command was given. One that is too old is not carried out.
            pub at: Option<Moment>,
            /// From when on it is not to be carried out any more.
            pub expires_at: Option<Moment>,
        }
    };
}

command! {
    /// `unmute`, `reload`, `health`: nothing more to say.
    PlainCommand, "unmute, reload, health" {}
}

command! {
    /// `mute`.
    MuteCommand, "mute" {
        /// `false` is the same as `unmute`, for senders that have one topic for both.
        on: Option<bool>,
    }
}

command! {
    /// `calibrate`.
    CalibrateCommand, "calibrate" {
        /// The face whose present look is neutral, as its states number it; absent: every face in view.
        #[cfg_attr(test, schemars(range(min = 1)))]
        face: Option<u64>,
    }
}

command! {
    /// `log-level`.
    LogLevelCommand, "log-level" {
        /// The least important lines that are written; absent: as configured.
        level: Option<LogLevelName>,
        /// After so many seconds it is as configured again; absent: it stays so until the program ends.
        for_s: Option<LogSeconds>,
    }
}

command! {
    /// `restart-stage`.
    RestartStageCommand, "restart-stage" {
        /// Which one.
        #[cfg_attr(test, schemars(with = "StageName"))]
        stage: StageName,
    }
}

/// Every command, for the schema.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(title = "Command", untagged)]
#[allow(dead_code, reason = "only described")]
pub enum AnyCommand {
    /// `unmute`, `reload`, `health`
    Plain(PlainCommand),
    /// `mute`
    Mute(MuteCommand),
    /// `calibrate`
    Calibrate(CalibrateCommand),
    /// `log-level`
    LogLevel(LogLevelCommand),
    /// `restart-stage`
    RestartStage(RestartStageCommand),
}

/// The least important lines that are written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum LogLevelName {
    /// Something was lost.
    Error,
    /// Something needs a look.
    Warn,
    /// What a healthy device says.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl From<LogLevelName> for Level {
    fn from(name: LogLevelName) -> Self {
        match name {
            LogLevelName::Error => Self::ERROR,
            LogLevelName::Warn => Self::WARN,
            LogLevelName::Info => Self::INFO,
            LogLevelName::Debug => Self::DEBUG,
            LogLevelName::Trace => Self::TRACE,
        }
    }
}

impl From<Level> for LogLevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Trace,
        }
    }
}

/// A stage that can be started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// Takes frames from the camera.
    Camera,
    /// Takes sound from the microphone; one thread with `voice`.
    Microphone,
    /// Reads frames.
    Faces,
    /// Reads sound.
    Voice,
    /// Replaces packs.
    Packs,
}

/// 1 to 128 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CommandId(String);

impl CommandId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CommandId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=LONGEST_ID).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err("an id has 1 to 128 characters, none of them a control character") }
    }
}

/// A moment, as RFC 3339 writes it, with its offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("{text:?} is no time such as 2026-11-22T00:10:01Z"))
    }
}

/// 1 second to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct LogSeconds(u32);

impl LogSeconds {
    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for LogSeconds {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        match seconds {
            1..=86_400 => Ok(Self(seconds)),
            _ => Err(format!("{seconds} is not from 1 to 86400 seconds")),
        }
    }
}

/// Says what a schema has to say of a type that is checked by hand.
#[cfg(test)]
macro_rules! described {
    ($Type:ident, $($schema:tt)+) => {
        impl schemars::JsonSchema for $Type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($($schema)+)
            }
        }
    };
}

#[cfg(test)]
described!(CommandId, { "type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$" });
#[cfg(test)]
described!(Moment, { "type": "string", "format": "date-time" });
#[cfg(test)]
described!(LogSeconds, { "type": "integer", "minimum": 1, "maximum": 86_400 });
