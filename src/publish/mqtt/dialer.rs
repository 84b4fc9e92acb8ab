//! How a connection is begun: where to, as whom, in which MQTT, over what, with or without TLS.

use std::sync::Arc;

use rumqttc::{self as v311, v5};
use rustls::ClientConfig;

use super::link::{Line, REQUESTS, Sender};
use super::tls;
use crate::publish::address::{BrokerAddress, Transport};
use crate::publish::payload::Status;
use crate::publish::settings::{Protocol, PublishSettings};
use crate::publish::{PublishError, Topics};

/// Messages that the broker may leave unacknowledged at a time: room for the session's window.
const IN_FLIGHT: u16 = 32;

/// Room for what is asked of the client beside messages: what to listen to, and the goodbye.
const OTHERS: usize = 8;

/// The largest packet that we take, in bytes: beyond every command. A broker that speaks MQTT 5 is told so and keeps
/// larger ones to itself.
pub(super) const LARGEST_TAKEN: u32 = 64 * 1024;

/// The largest packet that goes out, in bytes: the client for MQTT 3.1.1 gives the connection up over one above its
/// limit, which is 10 KiB by itself, and an announcement may have more. That for MQTT 5 knows the broker's limit.
const LARGEST_GIVEN: usize = 256 * 1024;

/// Everything it takes to connect, again and again.
#[expect(clippy::large_enum_variant, reason = "there are few of it, for ever")]
pub(super) enum Dialer {
    V5(v5::MqttOptions),
    V311(v311::MqttOptions),
}

/// What the connections to all brokers have in common.
pub(super) struct Dialers<'a> {
    settings: &'a PublishSettings,
    tls: Option<Arc<ClientConfig>>,
}

impl<'a> Dialers<'a> {
    /// Reads what TLS needs, if any broker is reached by it.
    pub(super) fn new(settings: &'a PublishSettings) -> Result<Self, PublishError> {
        let tls = match settings.brokers().any(BrokerAddress::tls) {
            true => Some(tls::client_config(settings)?),
            false => None,
        };
        Ok(Self { settings, tls })
    }

    /// Prepares connections to `broker` under `client`; with the topics of a device, its will says `offline`, and the
    /// broker keeps its session.
    pub(super) fn to(&self, broker: &BrokerAddress, client: &str, device: Option<&Topics>) -> Dialer {
        let settings = self.settings;
        let (address, transport) = (address(broker), transport(broker, self.tls.as_ref()));
        let (will, session) = (Status::Offline.word(), settings.session_expiry);
        match settings.protocol {
            Protocol::V5 => {
                let mut options = v5::MqttOptions::new(client, address, broker.port());
                let at_least_once = v5::mqttbytes::QoS::AtLeastOnce;
                let mut network = v311::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                options.set_transport(transport);
                options.set_clean_start(true).set_keep_alive(settings.keep_alive);
                if let Some(topics) = device {
                    options.set_clean_start(session.is_zero());
                    options.set_session_expiry_interval(u32::try_from(session.as_secs()).ok());
                    let will = v5::mqttbytes::v5::LastWill::new(topics.status(), will, at_least_once, true, None);
                    options.set_last_will(will);
                }
                options.set_outgoing_inflight_upper_limit(IN_FLIGHT).set_network_options(network);
                options.set_max_packet_size(Some(LARGEST_TAKEN));
                if let Some(login) = &settings.credentials {
                    options.set_credentials(&login.user, login.password.reveal());
                }
                Dialer::V5(options)
            }
            Protocol::V311 => {
                let mut options = v311::MqttOptions::new(client, address, broker.port());
                options.set_transport(transport);
                options.set_clean_session(device.is_none() || session.is_zero()).set_keep_alive(settings.keep_alive);
                if let Some(topics) = device {
                    let will = v311::LastWill::new(topics.status(), will, v311::QoS::AtLeastOnce, true);
                    options.set_last_will(will);
                }
                options.set_inflight(IN_FLIGHT).set_max_packet_size(LARGEST_TAKEN as usize, LARGEST_GIVEN);
                if let Some(login) = &settings.credentials {
                    options.set_credentials(&login.user, login.password.reveal());
                }
                Dialer::V311(options)
            }
        }
    }
}

impl Dialer {
    /// Prepares connections to the preferred broker alone.
    pub(super) fn new(settings: &PublishSettings, client: &str, device: Option<&Topics>) -> Result<Self, PublishError> {
        Ok(Dialers::new(settings)?.to(&settings.broker, client, device))
    }

    /// Begins one connection; it is made when the line is polled.
    pub(super) fn dial(&self) -> (Sender, Line) {
        self.begin(false)
    }

    /// The same; `afresh`: the broker forgets what it has kept for us.
    pub(super) fn begin(&self, afresh: bool) -> (Sender, Line) {
        match self {
            Self::V5(options) => {
                let mut options = options.clone();
                options.set_clean_start(afresh || options.clean_start());
                let (sender, line) = v5::AsyncClient::new(options, REQUESTS + OTHERS);
                (Sender::V5(sender), Line::V5(Box::new(line)))
            }
            Self::V311(options) => {
                let mut options = options.clone();
                options.set_clean_session(afresh || options.clean_session());
                let (sender, mut line) = v311::AsyncClient::new(options, REQUESTS + OTHERS);
                let mut network = v311::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                line.set_network_options(network);
                (Sender::V311(sender), Line::V311(Box::new(line)))
            }
        }
    }
}

/// The client library wants a whole URL for a WebSocket, and a host for anything else.
fn address(broker: &BrokerAddress) -> String {
    match broker.transport() {
        Transport::Tcp => broker.host().to_owned(),
        Transport::WebSocket { .. } => broker.to_string(),
    }
}

/// `tls` is there when the broker is reached by it; see [`Dialers::new`].
fn transport(broker: &BrokerAddress, tls: Option<&Arc<ClientConfig>>) -> v311::Transport {
    let tls = tls.filter(|_| broker.tls()).map(|config| v311::TlsConfiguration::Rustls(config.clone()));
    match (broker.transport(), tls) {
        (Transport::Tcp, None) => v311::Transport::tcp(),
        (Transport::Tcp, Some(tls)) => v311::Transport::tls_with_config(tls),
        (Transport::WebSocket { .. }, None) => v311::Transport::ws(),
        (Transport::WebSocket { .. }, Some(tls)) => v311::Transport::wss_with_config(tls),
    }
}
