//! One connection to the broker, whichever MQTT it speaks.
//!
//! Both versions of the client library are used in the same narrow way: a fresh client for every connection, which
//! remembers nothing of the last. What of ours must survive a lost connection is kept in our outbox, not in the client:
//! there it has a cap, an order and a count. What of others' must, commands to us, the broker keeps in our session.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnAckProperties;
use rumqttc::{self as v311, v5};

use super::cause::Cause;
use super::message::Message;
use super::refusal::Refusal;

/// Requests between us and the client.
pub(super) const REQUESTS: usize = 8;

/// What the broker allows on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Terms {
    /// How many topics may have a number.
    pub aliases: u16,
    /// The size of the largest packet that it takes, in bytes.
    pub largest: Option<u32>,
}

/// What the connection told us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The broker let us in.
    Connected(Terms),
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
    /// Whether the broker had kept it from before we listened or, with MQTT 5, was asked to keep it.
    pub retained: bool,
    /// Where an answer is expected (MQTT 5).
    pub reply_to: Option<String>,
    /// What is to be sent along with the answer (MQTT 5).
    pub correlation: Option<Vec<u8>>,
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
    /// Hands a message to the client, its topic perhaps shortened to a number. The caller leaves no more than
    /// [`REQUESTS`] unsent.
    pub(super) fn send(&self, message: Message, topic: String, alias: Option<u16>) -> Result<(), Cause> {
        let lost = |error: &dyn std::fmt::Display| Cause::Lost(error.to_string());
        match self {
            Self::V5(client) => {
                use v5::mqttbytes::QoS::{AtLeastOnce, AtMostOnce};
                let qos = if message.acknowledged { AtLeastOnce } else { AtMostOnce };
                let properties = message.properties(alias);
                client
                    .try_publish_with_properties(topic, qos, message.retain, message.payload, properties)
                    .map_err(|error| lost(&error))
            }
            Self::V311(client) => {
                use v311::QoS::{AtLeastOnce, AtMostOnce};
                let qos = if message.acknowledged { AtLeastOnce } else { AtMostOnce };
                client.try_publish(topic, qos, message.retain, message.payload).map_err(|error| lost(&error))
            }
        }
    }

    /// Asks for the messages of all topics that the filter matches.
    pub(super) fn listen(&self, filter: &str) -> Result<(), Cause> {
        let lost = |error: &dyn std::fmt::Display| Cause::Lost(error.to_string());
        match self {
            Self::V5(client) => {
                use v5::mqttbytes::{QoS::AtLeastOnce, v5::Filter};
                // The flag as it was published, or what is retained while we listen would look like any other message.
                let filter = Filter { preserve_retain: true, ..Filter::new(filter, AtLeastOnce) };
                client.try_subscribe_many([filter]).map_err(|error| lost(&error))
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
            Self::V5(line) => {
                let ours = line.options.keep_alive();
                let event = line.poll().await?;
                // A broker that wants no signs of life gets them all the same; the client would send nothing else.
                if line.options.keep_alive().is_zero() {
                    line.options.set_keep_alive(ours);
                }
                seen_v5(event)
            }
            Self::V311(line) => Ok(seen_v311(line.poll().await?)),
        }
    }

    /// How long may pass without a sign of life: as long as we asked for, until the broker says otherwise.
    pub(super) fn keep_alive(&self) -> Duration {
        match self {
            Self::V5(line) => line.options.keep_alive(),
            Self::V311(line) => line.mqtt_options.keep_alive(),
        }
    }
}

/// What the broker allows, and what MQTT forbids it to say: with no room for a single message it would never hear one.
fn terms(told: &ConnAckProperties) -> Result<Terms, Cause> {
    let forbidden = |what: &str| Err(Cause::NotOurs(format!("it says that its {what} is 0")));
    match told {
        ConnAckProperties { receive_max: Some(0), .. } => forbidden("Receive Maximum"),
        ConnAckProperties { max_packet_size: Some(0), .. } => forbidden("Maximum Packet Size"),
        told => Ok(Terms { aliases: told.topic_alias_max.unwrap_or(0), largest: told.max_packet_size }),
    }
}

fn seen_v5(event: v5::Event) -> Result<Seen, Cause> {
    use v5::mqttbytes::v5::Packet;
    Ok(match event {
        v5::Event::Incoming(Packet::ConnAck(answer)) => {
            Seen::Connected(answer.properties.as_ref().map(terms).transpose()?.unwrap_or_default())
        }
        v5::Event::Incoming(Packet::PubAck(ack)) => {
            Seen::Acknowledged { packet: ack.pkid, refusal: Refusal::of(ack.reason) }
        }
        v5::Event::Incoming(Packet::SubAck(_)) => Seen::Listening,
        v5::Event::Incoming(Packet::Publish(message)) => {
            let told = message.properties.unwrap_or_default();
            Seen::Arrived(Arrival {
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload.to_vec(),
                retained: message.retain,
                reply_to: told.response_topic,
                correlation: told.correlation_data.map(|data| data.to_vec()),
            })
        }
        v5::Event::Outgoing(outgoing) => sent(&outgoing),
        v5::Event::Incoming(_) => Seen::Other,
    })
}

fn seen_v311(event: v311::Event) -> Seen {
    match event {
        v311::Event::Incoming(v311::Packet::ConnAck(_)) => Seen::Connected(Terms::default()),
        v311::Event::Incoming(v311::Packet::PubAck(ack)) => Seen::Acknowledged { packet: ack.pkid, refusal: None },
        v311::Event::Incoming(v311::Packet::SubAck(_)) => Seen::Listening,
        v311::Event::Incoming(v311::Packet::Publish(message)) => Seen::Arrived(Arrival {
            topic: message.topic,
            payload: message.payload.to_vec(),
            retained: message.retain,
            reply_to: None,
            correlation: None,
        }),
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
