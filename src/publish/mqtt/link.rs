//! One connection to the broker, whichever MQTT it speaks.
//!
//! Both versions of the client library are used in the same narrow way: a fresh client for every connection,
//! always with a clean session. What must survive a lost connection is kept in our outbox, not in the client:
//! there it has a cap, an order and a count.

use rumqttc::{self as v311, v5};

use super::cause::Cause;
use super::refusal::Refusal;

/// Requests between us and the client.
pub(super) const REQUESTS: usize = 8;

/// One message on its way to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for those who come later.
    pub retain: bool,
    /// Whether the broker must acknowledge it (QoS 1).
    pub acknowledged: bool,
}

/// What the connection told us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The broker let us in.
    Connected,
    /// The next message in line went out; its packet id, or 0 when it will not be acknowledged.
    Sent(u16),
    /// The broker acknowledged a message, or said why it will not take it.
    Acknowledged { packet: u16, refusal: Option<Refusal> },
    /// Our farewell went out.
    Goodbye,
    /// The broker knows what we listen to.
    Listening,
    /// A message on a topic we listen to.
    Arrived(Arrival),
    /// A sign of life.
    Other,
}

/// A message that the broker delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it was published.
    pub topic: String,
    /// What was published.
    pub payload: Vec<u8>,
}

/// The end that sends.
pub(super) enum Sender {
    V5(v5::AsyncClient),
    V311(v311::AsyncClient),
}

/// The end that does the work; it must be polled.
pub(super) enum Line {
    V5(Box<v5::EventLoop>),
    V311(Box<v311::EventLoop>),
}

impl Sender {
    /// Hands a message to the client. The caller leaves no more than [`REQUESTS`] unsent.
    pub(super) fn send(&self, message: Message) -> Result<(), Cause> {
        let Message { topic, payload, retain, acknowledged } = message;
        match self {
            Self::V5(client) => {
                use v5::mqttbytes::QoS::{AtLeastOnce, AtMostOnce};
                let qos = if acknowledged { AtLeastOnce } else { AtMostOnce };
                client.try_publish(topic, qos, retain, payload).map_err(|error| Cause::Lost(error.to_string()))
            }
            Self::V311(client) => {
                use v311::QoS::{AtLeastOnce, AtMostOnce};
                let qos = if acknowledged { AtLeastOnce } else { AtMostOnce };
                client.try_publish(topic, qos, retain, payload).map_err(|error| Cause::Lost(error.to_string()))
            }
        }
    }

    /// Asks for the messages of all topics that the filter matches.
    pub(super) fn listen(&self, filter: &str) -> Result<(), Cause> {
        let lost = |error: &dyn std::fmt::Display| Cause::Lost(error.to_string());
        match self {
            Self::V5(client) => {
                client.try_subscribe(filter, v5::mqttbytes::QoS::AtLeastOnce).map_err(|error| lost(&error))
            }
            Self::V311(client) => client.try_subscribe(filter, v311::QoS::AtLeastOnce).map_err(|error| lost(&error)),
        }
    }

    /// Takes leave, so that the broker forgets the will.
    pub(super) fn say_goodbye(&self) -> Result<(), Cause> {
        match self {
            Self::V5(client) => client.try_disconnect().map_err(|error| Cause::Lost(error.to_string())),
            Self::V311(client) => client.try_disconnect().map_err(|error| Cause::Lost(error.to_string())),
        }
    }
}

impl Line {
    /// Works on the connection until something is seen. Not to be dropped half-way while the line is in use: a
    /// message might be lost in the middle.
    pub(super) async fn poll(&mut self) -> Result<Seen, Cause> {
        match self {
            Self::V5(line) => Ok(seen_v5(line.poll().await?)),
            Self::V311(line) => Ok(seen_v311(line.poll().await?)),
        }
    }
}

fn seen_v5(event: v5::Event) -> Seen {
    use v5::mqttbytes::v5::Packet;
    match event {
        v5::Event::Incoming(Packet::ConnAck(_)) => Seen::Connected,
        v5::Event::Incoming(Packet::PubAck(ack)) => {
            Seen::Acknowledged { packet: ack.pkid, refusal: Refusal::of(ack.reason) }
        }
        v5::Event::Incoming(Packet::SubAck(_)) => Seen::Listening,
        v5::Event::Incoming(Packet::Publish(message)) => Seen::Arrived(Arrival {
            topic: String::from_utf8_lossy(&message.topic).into_owned(),
            payload: message.payload.to_vec(),
        }),
        v5::Event::Outgoing(outgoing) => sent(&outgoing),
        v5::Event::Incoming(_) => Seen::Other,
    }
}

fn seen_v311(event: v311::Event) -> Seen {
    match event {
        v311::Event::Incoming(v311::Packet::ConnAck(_)) => Seen::Connected,
        v311::Event::Incoming(v311::Packet::PubAck(ack)) => Seen::Acknowledged { packet: ack.pkid, refusal: None },
        v311::Event::Incoming(v311::Packet::SubAck(_)) => Seen::Listening,
        v311::Event::Incoming(v311::Packet::Publish(message)) => {
            Seen::Arrived(Arrival { topic: message.topic, payload: message.payload.to_vec() })
        }
        v311::Event::Outgoing(outgoing) => sent(&outgoing),
        v311::Event::Incoming(_) => Seen::Other,
    }
}

fn sent(outgoing: &v311::Outgoing) -> Seen {
    match outgoing {
        v311::Outgoing::Publish(packet) => Seen::Sent(*packet),
        v311::Outgoing::Disconnect => Seen::Goodbye,
        _ => Seen::Other,
    }
}
