//! Where the reply to a command goes.
//!
//! With MQTT 5 whoever asks may name a topic. The device writes there with its own rights, so what it would never say of
//! itself must not be put into its mouth: a reply goes nowhere among the devices' own topics but to a `reply`.

use thiserror::Error;

use crate::publish::{Prefix, Topics};

/// The longest response topic, in bytes.
const LONGEST: usize = 512;

/// What an unknown verb is called in the topic of its reply when it cannot be a topic's level itself.
const NAMELESS: &str = "unknown";

/// The longest verb that is repeated, in bytes.
const LONGEST_VERB: usize = 32;

/// A response topic that is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadReplyTopic {
    /// No message can be published there.
    #[error("the response topic is none: it is empty, too long, or holds a + # $ or control character")]
    Impossible,
    /// It is one of the devices' own.
    #[error("the response topic is among the topics of devices, where only a reply may go")]
    Ours,
}

/// The topic that was asked for.
///
/// # Errors
/// When no reply is sent there.
pub fn asked_for(topic: &str, prefix: &Prefix) -> Result<(), BadReplyTopic> {
    let wild = |c: char| matches!(c, '+' | '#') || c.is_control();
    if topic.is_empty() || topic.len() > LONGEST || topic.starts_with('$') || topic.contains(wild) {
        return Err(BadReplyTopic::Impossible);
    }
    let below = topic.strip_prefix(&prefix.to_string()).and_then(|rest| rest.strip_prefix('/'));
    match below {
        // The first level below is a device's name, and may be that word.
        Some(rest) if !rest.split('/').skip(1).any(|level| level == "reply") => Err(BadReplyTopic::Ours),
        _ => Ok(()),
    }
}

/// A verb as it is repeated: as it came, when it can be a level of a topic.
pub fn repeated(verb: &str) -> &str {
    let fits =
        verb.len() <= LONGEST_VERB && verb.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if fits && !verb.is_empty() { verb } else { NAMELESS }
}

/// The topic of a reply when none was asked for: the verb's own.
pub fn usual(topics: &Topics, verb: &str) -> String {
    topics.reply(repeated(verb))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::control::Verb;

    #[test]
    fn a_reply_goes_where_it_was_asked_to() {
        for topic in
            ["dashboard/7/answers", "reply", "affectation/x", "affect/kiosk-7/cmd/mute/reply", "affect/a/reply/b"]
        {
            assert_eq!(asked_for(topic, &Prefix::default()), Ok(()), "{topic}");
        }
    }

    #[test]
    fn nobody_makes_a_device_speak_where_devices_speak_or_take_commands() {
        for topic in [
            "affect/kiosk-7/status",
            "affect/kiosk-8/cmd/unmute",
            "affect/",
            "affect/kiosk-7/replying",
            "affect/reply/cmd/mute",
        ] {
            assert_eq!(asked_for(topic, &Prefix::default()), Err(BadReplyTopic::Ours), "{topic}");
        }
        let prefix = "site-3/affect".parse().unwrap();
        assert_eq!(asked_for("site-3/affect/a/events", &prefix), Err(BadReplyTopic::Ours));
    }

    #[test]
    fn a_topic_that_would_break_the_connection_is_not_used() {
        let long = "x".repeat(LONGEST + 1);
        for topic in ["", "a/+/b", "a/#", "$SYS/broker", "a\0b", "a\nb", &long] {
            assert_eq!(asked_for(topic, &Prefix::default()), Err(BadReplyTopic::Impossible), "{topic:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_level_is_not_repeated() {
        let topics = Topics::new(&Prefix::default(), &"kiosk-7".parse().unwrap());
        for verb in Verb::ALL {
            assert_eq!(usual(&topics, verb.name()), format!("affect/kiosk-7/cmd/{verb}/reply"));
        }
        assert_eq!(usual(&topics, "reboot"), "affect/kiosk-7/cmd/reboot/reply");
        for verb in ["", "käfig", "a b", "$x", &"x".repeat(LONGEST_VERB + 1)] {
            assert_eq!(usual(&topics, verb), "affect/kiosk-7/cmd/unknown/reply", "{verb:?}");
        }
    }

    proptest! {
        /// Whatever is asked for: a topic that is used is one that a client library takes.
        #[test]
        fn a_topic_that_is_used_can_be_published_to(topic in any::<String>()) {
            if asked_for(&topic, &Prefix::default()).is_ok() {
                prop_assert!(!topic.contains(['+', '#', '\0']) && !topic.is_empty());
            }
        }
    }
}
