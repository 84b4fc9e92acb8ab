//! One connection to the broker, whichever MQTT it speaks.
//!
//! Both versions of the client library are used in the same narrow way: a fresh client for every connection,
//! always with a clean session. What must survive a lost connection is kept in our outbox, not in the client:
//! there it has a cap, an order and a count.

use rumqttc::{self as v311, v5};

use super::cause::Cause;
use super::tls;
use crate::publish::payload::Status;
use crate::publish::settings::{Protocol, PublishSettings};
use crate::publish::{PublishError, Topics};

/// Messages that the broker may leave unacknowledged at a time: room for the session's window.
const IN_FLIGHT: u16 = 32;
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
    Acknowledged { packet: u16, refusal: Option<String> },
    /// Our farewell went out.
    Goodbye,
    /// A sign of life.
    Other,
}

/// Everything it takes to connect, again and again.
#[expect(clippy::large_enum_variant, reason = "there is one of it, for ever")]
pub(super) enum Dialer {
    V5(v5::MqttOptions),
    V311(v311::MqttOptions),
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

impl Dialer {
    /// Prepares connections under `client` with the will that says `offline`.
    pub(super) fn new(settings: &PublishSettings, client: &str, topics: &Topics) -> Result<Self, PublishError> {
        let address = &settings.broker;
        let tls = match address.tls() {
            true => Some(tls::client_config(settings.ca_file.as_deref())?),
            false => None,
        };
        let will = Status::Offline.word();
        Ok(match settings.protocol {
            Protocol::V5 => {
                let mut options = v5::MqttOptions::new(client, address.host(), address.port());
                let at_least_once = v5::mqttbytes::QoS::AtLeastOnce;
                let will = v5::mqttbytes::v5::LastWill::new(topics.status(), will, at_least_once, true, None);
                let mut network = v311::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                options.set_clean_start(true).set_keep_alive(settings.keep_alive).set_last_will(will);
                options.set_outgoing_inflight_upper_limit(IN_FLIGHT).set_network_options(network);
                if let Some(login) = &settings.credentials {
                    options.set_credentials(&login.user, login.password.reveal());
                }
                if let Some(tls) = tls {
                    options.set_transport(v311::Transport::tls_with_config(v311::TlsConfiguration::Rustls(tls)));
                }
                Self::V5(options)
            }
            Protocol::V311 => {
                let mut options = v311::MqttOptions::new(client, address.host(), address.port());
                let will = v311::LastWill::new(topics.status(), will, v311::QoS::AtLeastOnce, true);
                options.set_clean_session(true).set_keep_alive(settings.keep_alive).set_last_will(will);
                options.set_inflight(IN_FLIGHT);
                if let Some(login) = &settings.credentials {
                    options.set_credentials(&login.user, login.password.reveal());
                }
                if let Some(tls) = tls {
                    options.set_transport(v311::Transport::tls_with_config(v311::TlsConfiguration::Rustls(tls)));
                }
                Self::V311(options)
            }
        })
    }

    /// Begins one connection; it is made when the line is polled.
    pub(super) fn dial(&self) -> (Sender, Line) {
        match self {
            Self::V5(options) => {
                let (sender, line) = v5::AsyncClient::new(options.clone(), REQUESTS);
                (Sender::V5(sender), Line::V5(Box::new(line)))
            }
            Self::V311(options) => {
                let (sender, mut line) = v311::AsyncClient::new(options.clone(), REQUESTS);
                let mut network = v311::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                line.set_network_options(network);
                (Sender::V311(sender), Line::V311(Box::new(line)))
            }
        }
    }
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
    use v5::mqttbytes::v5::{Packet, PubAckReason};
    match event {
        v5::Event::Incoming(Packet::ConnAck(_)) => Seen::Connected,
        v5::Event::Incoming(Packet::PubAck(ack)) => {
            let taken = matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
            Seen::Acknowledged { packet: ack.pkid, refusal: (!taken).then(|| format!("{:?}", ack.reason)) }
        }
        v5::Event::Outgoing(outgoing) => sent(&outgoing),
        v5::Event::Incoming(_) => Seen::Other,
    }
}

fn seen_v311(event: v311::Event) -> Seen {
    match event {
        v311::Event::Incoming(v311::Packet::ConnAck(_)) => Seen::Connected,
        v311::Event::Incoming(v311::Packet::PubAck(ack)) => Seen::Acknowledged { packet: ack.pkid, refusal: None },
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
