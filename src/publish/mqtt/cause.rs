//! Why a connection failed, in one set of words for both versions of the client library.

use std::io;

use rumqttc::{self as v311, v5};

/// Why a connection failed or ended.
#[derive(Debug)]
pub(super) enum Cause {
    /// The system said so.
    Io(io::Error),
    /// TLS failed.
    Tls { reason: String, remedy: &'static str },
    /// No answer in time.
    TimedOut,
    /// The broker said no because of who we are.
    Denied,
    /// The broker said no for another reason.
    Refused(String),
    /// What came back is not the MQTT we speak.
    NotOurs(String),
    /// Another client came under our name.
    TakenOver,
    /// The broker hung up without a word.
    HungUp,
    /// A message to us was too large. While the broker keeps it for us, it will come again.
    TooLarge,
    /// The line went dead.
    Lost(String),
}

impl From<v5::ConnectionError> for Cause {
    fn from(error: v5::ConnectionError) -> Self {
        use v5::mqttbytes::v5::ConnectReturnCode as Code;
        match error {
            v5::ConnectionError::Io(error) => Self::from(error),
            v5::ConnectionError::Tls(error) => Self::from(error),
            v5::ConnectionError::Timeout(_) => Self::TimedOut,
            v5::ConnectionError::MqttState(error) => Self::from(error),
            v5::ConnectionError::ConnectionRefused(code) => match code {
                Code::BadUserNamePassword | Code::NotAuthorized | Code::Banned => Self::Denied,
                Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => Self::NotOurs(format!("{code:?}")),
                code => Self::Refused(format!("{code:?}")),
            },
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<v5::StateError> for Cause {
    fn from(error: v5::StateError) -> Self {
        use v5::mqttbytes::Error;
        use v5::mqttbytes::v5::DisconnectReasonCode as Code;
        match error {
            v5::StateError::Io(error) | v5::StateError::Deserialization(Error::Io(error)) => Self::from(error),
            v5::StateError::Deserialization(Error::PayloadSizeLimitExceeded { .. }) => Self::TooLarge,
            v5::StateError::Deserialization(error) => Self::NotOurs(error.to_string()),
            v5::StateError::ServerDisconnect { reason_code: Code::SessionTakenOver, .. } => Self::TakenOver,
            v5::StateError::ServerDisconnect { reason_code, reason_string: Some(said) } => {
                Self::Lost(format!("the broker hung up: {reason_code:?}, {said}"))
            }
            v5::StateError::ServerDisconnect { reason_code, reason_string: None } => {
                Self::Lost(format!("the broker hung up: {reason_code:?}"))
            }
            v5::StateError::ConnectionAborted => Self::HungUp,
            v5::StateError::AwaitPingResp => Self::silent(),
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<v311::ConnectionError> for Cause {
    fn from(error: v311::ConnectionError) -> Self {
        use v311::ConnectReturnCode as Code;
        match error {
            v311::ConnectionError::Io(error) => Self::from(error),
            v311::ConnectionError::Tls(error) => Self::from(error),
            v311::ConnectionError::NetworkTimeout => Self::TimedOut,
            v311::ConnectionError::FlushTimeout => Self::silent(),
            v311::ConnectionError::MqttState(error) => Self::from(error),
            v311::ConnectionError::ConnectionRefused(code) => match code {
                Code::BadUserNamePassword | Code::NotAuthorized => Self::Denied,
                Code::RefusedProtocolVersion => Self::NotOurs(format!("{code:?}")),
                code => Self::Refused(format!("{code:?}")),
            },
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<v311::StateError> for Cause {
    fn from(error: v311::StateError) -> Self {
        use v311::mqttbytes::Error;
        match error {
            v311::StateError::Io(error) | v311::StateError::Deserialization(Error::Io(error)) => Self::from(error),
            v311::StateError::Deserialization(Error::PayloadSizeLimitExceeded(_)) => Self::TooLarge,
            v311::StateError::Deserialization(error) => Self::NotOurs(error.to_string()),
            v311::StateError::ConnectionAborted => Self::HungUp,
            v311::StateError::AwaitPingResp => Self::silent(),
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<v311::TlsError> for Cause {
    fn from(error: v311::TlsError) -> Self {
        match error {
            v311::TlsError::Io(error) => Self::from(error),
            v311::TlsError::TLS(error) => Self::of_rustls(&error),
            error => Self::Tls { reason: error.to_string(), remedy: "check the broker's name and its certificate" },
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Self::of_rustls(inner),
            None => match error.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Self::HungUp,
                _ => Self::Io(error),
            },
        }
    }
}

impl Cause {
    /// The line is open and nothing comes.
    pub(super) fn silent() -> Self {
        Self::Lost("the broker has fallen silent".to_owned())
    }

    /// The broker lives and does not say that it has what it was sent.
    pub(super) fn unacknowledged() -> Self {
        Self::Lost("the broker does not acknowledge what it is sent".to_owned())
    }

    fn of_rustls(error: &rustls::Error) -> Self {
        use rustls::CertificateError as Certificate;
        use rustls::Error;
        let remedy = match error {
            Error::InvalidCertificate(Certificate::UnknownIssuer) => {
                "give the certificate authority that signed the broker's certificate as a file"
            }
            Error::InvalidCertificate(Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }) => {
                "address the broker by a name that stands in its certificate"
            }
            Error::InvalidCertificate(
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. },
            ) => "check this machine's clock, or renew the broker's certificate",
            Error::InvalidMessage(_) => "check that this is the broker's port for TLS",
            _ => "check the broker's certificate and its TLS settings",
        };
        Self::Tls { reason: error.to_string(), remedy }
    }
}
