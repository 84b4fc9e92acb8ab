//! What a device is told to do over MQTT.

use std::time::Duration;

use affectd::clock::Monotonic;
use affectd::control::limit::Rate;
use affectd::control::{Control, ControlSettings, LARGEST, Message, Refusal, Verb, parse};
use affectd::publish::Prefix;
use affectd::publish::payload::Encoding;

use super::harmless;

/// The first byte says which verb, whether CBOR is read beside JSON, and whether the first line of the rest is a
/// response topic. A message is refused with a reason and a remedy, or is a command; what is printed of its object is
/// the same command. No reply goes where a device takes commands.
pub fn commands(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let verb = Verb::ALL[usize::from(choice & 0x3f) % Verb::ALL.len()];
    let encoding = if choice & 0x80 == 0 { Encoding::Json } else { Encoding::Cbor };
    let (reply_to, payload) = if choice & 0x40 == 0 { (None, rest) } else { with_topic(rest) };

    let settings = ControlSettings {
        allow: Verb::ALL.to_vec(),
        rate: Rate { per_minute: 60, burst: 1 },
        max_age: Duration::from_secs(60),
    };
    let mut control = Control::new(settings, Prefix::default(), encoding);
    let message = Message { verb: verb.name(), payload, retained: false, reply_to, correlation: 0 };
    let found = control.judge(message, Monotonic::default(), "2026-11-22T00:10:00Z".parse().unwrap());
    if let Some(id) = &found.id {
        harmless(id);
    }
    match found.order {
        Err(refusal) => {
            told(&refusal);
            assert_eq!(control.refused(refusal.code()), 1);
        }
        Ok(command) => {
            assert!(payload.len() <= LARGEST && !reply_to.is_some_and(takes_commands), "a reply to {reply_to:?}");
            let object = parse::object(payload, encoding).unwrap();
            let printed = serde_json::to_vec(&object).unwrap();
            let alone = parse::command(verb, object).unwrap();
            assert_eq!(alone.0, command);
            let again = parse::object(&printed, Encoding::Json).and_then(|object| parse::command(verb, object));
            assert_eq!(again, Ok(alone));
        }
    }
}

/// The first line, when it is text, and what follows it.
fn with_topic(bytes: &[u8]) -> (Option<&str>, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    (std::str::from_utf8(&bytes[..end]).ok(), bytes.get(end + 1..).unwrap_or_default())
}

/// Whether some device, whatever its name, is told something by this topic.
fn takes_commands(topic: &str) -> bool {
    let levels: Vec<_> = topic.split('/').collect();
    matches!(levels[..], ["affect", _, "cmd", verb] if Verb::named(verb).is_some())
}

/// A refusal says why, and what to do.
fn told(refusal: &Refusal) {
    for text in [refusal.to_string(), refusal.remedy()] {
        assert!(!text.is_empty());
        harmless(&text);
    }
}
