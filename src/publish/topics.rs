//! Where each payload goes: `<prefix>/<device>/…`.
//!
//! Prefix and device id come from the configuration. Both are checked when they are read, so a topic made
//! of them is always one that a broker takes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::face::TrackId;

/// The longest device id, in characters.
const DEVICE_LEN: usize = 64;
/// The longest prefix, in characters.
const PREFIX_LEN: usize = 128;

/// The name of a device: 1 to 64 of `A–Z a–z 0–9 _ - .`, so that it is one level of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

/// The levels before the device id: one or more of the same characters, with `/` between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix(String);

/// Why a name cannot stand in a topic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TopicError {
    /// The device id is empty, too long, or has other characters.
    #[error("{given:?} is not a device id: write 1 to {DEVICE_LEN} of A-Z a-z 0-9 _ - . (for example kiosk-7)")]
    Device {
        /// What was given.
        given: String,
    },
    /// The prefix is empty, too long, has an empty level or other characters.
    #[error(
        "{given:?} is not a topic prefix: write levels of A-Z a-z 0-9 _ - . with / between them, \
         {PREFIX_LEN} characters at most (for example affect, or site-3/affect)"
    )]
    Prefix {
        /// What was given.
        given: String,
    },
}

/// Whether `text` can be one level of a topic.
fn is_level(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

impl FromStr for DeviceId {
    type Err = TopicError;

    fn from_str(given: &str) -> Result<Self, TopicError> {
        if given.len() <= DEVICE_LEN && is_level(given) {
            Ok(Self(given.to_owned()))
        } else {
            Err(TopicError::Device { given: given.to_owned() })
        }
    }
}

impl DeviceId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = TopicError;

    fn from_str(given: &str) -> Result<Self, TopicError> {
        if given.len() <= PREFIX_LEN && given.split('/').all(is_level) {
            Ok(Self(given.to_owned()))
        } else {
            Err(TopicError::Prefix { given: given.to_owned() })
        }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("affect".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The topics of one device.
#[derive(Debug, Clone)]
pub struct Topics {
    base: String,
}

impl Topics {
    /// The topics of `device` under `prefix`.
    pub fn new(prefix: &Prefix, device: &DeviceId) -> Self {
        Self { base: format!("{prefix}/{device}") }
    }

    /// The filter that matches everything of the device.
    pub fn everything(&self) -> String {
        self.under("#")
    }

    /// Whether the daemon is there; retained.
    pub fn status(&self) -> String {
        self.under("status")
    }

    /// Where `affectd doctor` tries whether it may publish; an empty message that is not retained.
    pub fn doctor(&self) -> String {
        self.under("doctor")
    }

    /// What the device is and can; retained.
    pub fn device(&self) -> String {
        self.under("device")
    }

    /// How each stage is; retained.
    pub fn health(&self) -> String {
        self.under("health")
    }

    /// What is sensed, or why nothing is; retained.
    pub fn notice(&self) -> String {
        self.under("notice")
    }

    /// The filter that matches every command.
    pub fn commands(&self) -> String {
        self.under("cmd/+")
    }

    /// Where a command is answered unless the asker names another place.
    pub fn reply(&self, verb: &str) -> String {
        format!("{}/cmd/{verb}/reply", self.base)
    }

    /// The state of one face.
    pub fn face(&self, track: TrackId) -> String {
        format!("{}/faces/{}/state", self.base, track.0)
    }

    /// The state of everyone in view.
    pub fn scene(&self) -> String {
        self.under("scene/state")
    }

    /// The state of the voice that is heard.
    pub fn voice(&self) -> String {
        self.under("voice/state")
    }

    /// The events.
    pub fn events(&self) -> String {
        self.under("events")
    }

    fn under(&self, rest: &str) -> String {
        format!("{}/{rest}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topics_are_those_of_the_documentation() {
        let topics = Topics::new(&Prefix::default(), &"kiosk-7".parse().unwrap());
        assert_eq!(topics.status(), "affect/kiosk-7/status");
        assert_eq!(topics.device(), "affect/kiosk-7/device");
        assert_eq!(topics.health(), "affect/kiosk-7/health");
        assert_eq!(topics.face(TrackId(12)), "affect/kiosk-7/faces/12/state");
        assert_eq!(topics.scene(), "affect/kiosk-7/scene/state");
        assert_eq!(topics.voice(), "affect/kiosk-7/voice/state");
        assert_eq!(topics.events(), "affect/kiosk-7/events");
        assert_eq!(topics.notice(), "affect/kiosk-7/notice");
        assert_eq!(topics.commands(), "affect/kiosk-7/cmd/+");
        assert_eq!(topics.reply("mute"), "affect/kiosk-7/cmd/mute/reply");
    }

    #[test]
    fn a_prefix_may_have_several_levels() {
        let prefix: Prefix = "site-3/hall.b".parse().unwrap();
        assert_eq!(Topics::new(&prefix, &"a".parse().unwrap()).events(), "site-3/hall.b/a/events");
    }

    #[test]
    fn what_would_break_a_topic_is_refused_with_the_remedy() {
        let long = "x".repeat(DEVICE_LEN + 1);
        for bad in ["", "a/b", "a+", "#", "käfig", "a b", "$SYS", "a\0", &long] {
            let error = bad.parse::<DeviceId>().unwrap_err();
            assert!(error.to_string().contains("kiosk-7"), "{error}");
        }
        let long = "x".repeat(PREFIX_LEN + 1);
        for bad in ["", "/", "a//b", "/a", "a/", "a/+", "a/#", "$SYS/a", &long] {
            let error = bad.parse::<Prefix>().unwrap_err();
            assert!(error.to_string().contains("affect"), "{error}");
        }
        assert!("x".repeat(DEVICE_LEN).parse::<DeviceId>().is_ok());
    }
}
