//! One message on its way to the broker, and what MQTT 5 says along with it.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::PublishProperties;

use crate::publish::payload::{Encoding, SCHEMA};

/// How long a state is worth anything to a subscriber that was away.
const STATE_EXPIRES: Duration = Duration::from_secs(10);

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::publish) struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for those who come later.
    pub retain: bool,
    /// Whether the broker must acknowledge it (QoS 1).
    pub acknowledged: bool,
    /// How the payload is written; `None` for a bare word.
    pub encoding: Option<Encoding>,
    /// How long the broker keeps it for subscribers that are away; for ever without.
    pub expires: Option<Duration>,
    /// What the asker sent along to know the answer by.
    pub correlation: Option<Vec<u8>>,
    /// Whether many go to the same topic, so that a number may stand for it.
    pub frequent: bool,
}

impl Message {
    /// A bare word that the broker keeps.
    pub fn word(topic: String, word: &str) -> Self {
        let payload = word.into();
        Self { topic, payload, retain: true, ..Self::plain() }
    }

    /// A payload that the broker keeps.
    pub fn kept(topic: String, payload: Vec<u8>, encoding: Encoding) -> Self {
        Self { topic, payload, retain: true, encoding: Some(encoding), ..Self::plain() }
    }

    /// A state: not acknowledged, and soon of no more use.
    pub fn state(topic: String, payload: Vec<u8>, encoding: Encoding) -> Self {
        let expires = Some(STATE_EXPIRES);
        Self { topic, payload, acknowledged: false, encoding: Some(encoding), expires, frequent: true, ..Self::plain() }
    }

    /// An event.
    pub fn event(topic: String, payload: Vec<u8>, encoding: Encoding, expires: Option<Duration>) -> Self {
        Self { topic, payload, encoding: Some(encoding), expires, frequent: true, ..Self::plain() }
    }

    /// An answer.
    pub fn reply(topic: String, payload: Vec<u8>, encoding: Encoding, correlation: Option<Vec<u8>>) -> Self {
        Self { topic, payload, encoding: Some(encoding), correlation, ..Self::plain() }
    }

    /// An empty message that nobody keeps.
    pub fn nothing(topic: String) -> Self {
        Self { topic, ..Self::plain() }
    }

    fn plain() -> Self {
        Self {
            topic: String::new(),
            payload: Vec::new(),
            retain: false,
            acknowledged: true,
            encoding: None,
            expires: None,
            correlation: None,
            frequent: false,
        }
    }

    /// An upper bound of the bytes that it takes on the line, its properties included.
    pub fn size(&self) -> usize {
        let (fixed, told) = (5 + 2 + 2 + 4, 96);
        self.topic.len()
            + self.payload.len()
            + self.correlation.as_ref().map_or(0, |data| data.len() + 3)
            + fixed
            + told
    }

    /// What MQTT 5 says along with it.
    pub fn properties(&self, topic_alias: Option<u16>) -> PublishProperties {
        // An empty payload is of no kind. A version is told where somebody may come upon a message unprepared; states
        // come by the dozen, and their payloads hold it.
        let encoding = self.encoding.filter(|_| !self.payload.is_empty());
        let told = encoding.filter(|_| self.acknowledged);
        PublishProperties {
            payload_format_indicator: (encoding != Some(Encoding::Cbor)).then_some(1),
            message_expiry_interval: self.expires.map(whole_seconds),
            topic_alias,
            correlation_data: self.correlation.clone().map(Into::into),
            user_properties: told.iter().map(|_| ("schema".to_owned(), SCHEMA.to_string())).collect(),
            content_type: encoding.map(|encoding| encoding.media_type().to_owned()),
            ..PublishProperties::default()
        }
    }
}

/// At least one: zero would be over before it arrived.
fn whole_seconds(duration: Duration) -> u32 {
    duration.as_secs().max(1).try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_expires_soon_and_an_event_when_it_was_said_to() {
        let state = Message::state("s".to_owned(), b"{}".to_vec(), Encoding::Json).properties(Some(3));
        assert_eq!((state.message_expiry_interval, state.topic_alias), (Some(10), Some(3)));
        let event = |expires| Message::event("e".to_owned(), b"{}".to_vec(), Encoding::Json, expires).properties(None);
        assert_eq!(event(None).message_expiry_interval, None);
        assert_eq!(event(Some(Duration::from_millis(1))).message_expiry_interval, Some(1));
        assert_eq!(event(Some(Duration::MAX)).message_expiry_interval, Some(u32::MAX));
    }

    #[test]
    fn the_kind_of_a_payload_is_told() {
        let kept = |encoding| Message::kept("k".to_owned(), b"x".to_vec(), encoding).properties(None);
        assert_eq!(kept(Encoding::Json).content_type.as_deref(), Some("application/json"));
        assert_eq!(kept(Encoding::Json).payload_format_indicator, Some(1));
        assert_eq!(kept(Encoding::Cbor).content_type.as_deref(), Some("application/cbor"));
        assert_eq!(kept(Encoding::Cbor).payload_format_indicator, None);
        assert_eq!(kept(Encoding::Cbor).user_properties, [("schema".to_owned(), "1".to_owned())]);
        let word = Message::word("w".to_owned(), "online").properties(None);
        assert_eq!((word.content_type, word.payload_format_indicator), (None, Some(1)));
    }
}
