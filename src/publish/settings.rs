//! How to publish: the broker, the topics, the rates.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::BrokerAddress;
use super::payload::Encoding;
use super::topics::Prefix;

/// The MQTT version to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// MQTT 5.
    #[default]
    V5,
    /// MQTT 3.1.1, for brokers that know no better.
    V311,
}

/// A password, which is shown to nobody but the broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// The password, for the broker.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Who we are to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Secret,
}

/// How to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishSettings {
    /// Where the broker is.
    pub broker: BrokerAddress,
    /// Which MQTT to speak.
    pub protocol: Protocol,
    /// Name and password, when the broker asks for them.
    pub credentials: Option<Credentials>,
    /// A PEM file with the certificate authorities to trust, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The first levels of every topic.
    pub prefix: Prefix,
    /// How long the line may be silent before we ask whether the broker is there; 5 s to 18 h. A cable that
    /// was pulled shows after two of these.
    pub keep_alive: Duration,
    /// How long the broker keeps what was sent to us while we are away; zero: not at all. In MQTT 3.1.1 it keeps it until
    /// it forgets us.
    pub session_expiry: Duration,
    /// What we listen to, as filters of topics; what comes is handed to [`Publisher::arrivals`].
    ///
    /// [`Publisher::arrivals`]: super::Publisher::arrivals
    pub subscriptions: Vec<String>,
    /// How payloads are written.
    pub encoding: Encoding,
    /// How long the broker keeps an event for subscribers that are away (MQTT 5); for ever without.
    pub event_expiry: Option<Duration>,
    /// The shortest time between two states of one face.
    pub state_interval: Duration,
    /// How many events may wait for the broker, in memory: ten thousand take up to 4 MiB.
    pub waiting_events: usize,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self {
            broker: BrokerAddress::default(),
            protocol: Protocol::default(),
            credentials: None,
            ca_file: None,
            prefix: Prefix::default(),
            keep_alive: Duration::from_secs(20),
            session_expiry: Duration::from_secs(300),
            subscriptions: Vec::new(),
            encoding: Encoding::default(),
            event_expiry: Some(Duration::from_secs(24 * 3600)),
            state_interval: Duration::from_millis(200),
            waiting_events: 10_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let credentials = Credentials { user: "kiosk".to_owned(), password: Secret::new("swordfish") };
        assert_eq!(format!("{credentials:?}"), r#"Credentials { user: "kiosk", password: (secret) }"#);
    }
}
