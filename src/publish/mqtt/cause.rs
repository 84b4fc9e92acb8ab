//! Why a connection failed, in one set of words for both versions of the client library.

use std::io;

use rumqttc::{self as v311, v5};
use tungstenite::http::StatusCode;

/// Why a connection failed or ended.
#[derive(Debug)]
pub(super) enum Cause {
    /// The system said so.
    Io(io::Error),
    /// TLS failed, or the broker is not to be trusted.
    Tls { reason: String, remedy: &'static str },
    /// The broker does not accept who we are by our certificate, or the lack of one.
    Unidentified { reason: String, remedy: &'static str },
    /// There is no WebSocket where we asked for one.
    NoWebSocket(String),
    /// No answer in time.
    TimedOut,
    /// The broker said no because of who we are.
    Denied,
    /// The broker let us in and hung up because of what we did.
    NotAllowed(String),
    /// The broker limits how much we may say.
    Quota(String),
    /// A message is larger than the broker takes.
    TooLarge(String),
    /// The broker said no for another reason.
    Refused(String),
    /// What came back is not the MQTT we speak.
    NotOurs(String),
    /// Another client came under our name.
    TakenOver,
    /// The broker hung up without a word.
    HungUp,
    /// A message to us was too large. While the broker keeps it for us, it will come again.
    IncomingTooLarge,
    /// The line went dead.
    Lost(String),
}

impl From<v5::ConnectionError> for Cause {
    fn from(error: v5::ConnectionError) -> Self {
        use v5::mqttbytes::v5::ConnectReturnCode as Code;
        match error {
            v5::ConnectionError::Io(error) => Self::from(error),
            v5::ConnectionError::Tls(error) => Self::from(error),
            v5::ConnectionError::Websocket(error) => Self::from(error),
            v5::ConnectionError::ResponseValidation(error) => Self::NoWebSocket(error.to_string()),
            v5::ConnectionError::Timeout(_) => Self::TimedOut,
            v5::ConnectionError::MqttState(error) => Self::from(error),
            v5::ConnectionError::ConnectionRefused(code) => match code {
                Code::BadUserNamePassword | Code::NotAuthorized | Code::Banned => Self::Denied,
                Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => Self::NotOurs(format!("{code:?}")),
                Code::QuotaExceeded | Code::ConnectionRateExceeded => Self::Quota(format!("{code:?}")),
                Code::PacketTooLarge => Self::TooLarge(format!("{code:?}")),
                code => Self::Refused(format!("{code:?}")),
            },
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<v5::StateError> for Cause {
    fn from(error: v5::StateError) -> Self {
        use v5::mqttbytes::Error;
        match error {
            v5::StateError::Io(error) | v5::StateError::Deserialization(Error::Io(error)) => Self::from(error),
            v5::StateError::Deserialization(Error::PayloadSizeLimitExceeded { .. }) => Self::IncomingTooLarge,
            v5::StateError::OutgoingPacketTooLarge { pkt_size, max }
            | v5::StateError::Deserialization(Error::OutgoingPacketTooLarge { pkt_size, max }) => {
                Self::larger(u64::from(pkt_size), u64::from(max))
            }
            v5::StateError::Deserialization(error) => Self::NotOurs(error.to_string()),
            v5::StateError::ServerDisconnect { reason_code, reason_string } => {
                Self::of_disconnect(reason_code, reason_string.as_deref())
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
            v311::ConnectionError::Websocket(error) => Self::from(error),
            v311::ConnectionError::ResponseValidation(error) => Self::NoWebSocket(error.to_string()),
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
            v311::StateError::Deserialization(Error::PayloadSizeLimitExceeded(_)) => Self::IncomingTooLarge,
            v311::StateError::Deserialization(Error::OutgoingPacketTooLarge { pkt_size, max }) => {
                Self::larger(pkt_size as u64, max as u64)
            }
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
            v311::TlsError::TLS(error) => Self::from(&error),
            error => Self::Tls { reason: error.to_string(), remedy: "check the broker's name and its certificate" },
        }
    }
}

impl From<tungstenite::Error> for Cause {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Io(error) => Self::from(error),
            tungstenite::Error::Tls(tungstenite::error::TlsError::Rustls(error)) => Self::from(&error),
            tungstenite::Error::Http(answer) => match answer.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Denied,
                status => Self::NoWebSocket(format!("HTTP says {status}")),
            },
            error => Self::NoWebSocket(error.to_string()),
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Self::from(inner),
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

    fn larger(size: u64, most: u64) -> Self {
        Self::TooLarge(format!("{size} bytes, it takes {most}"))
    }

    /// The broker took leave and said why.
    fn of_disconnect(code: v5::mqttbytes::v5::DisconnectReasonCode, said: Option<&str>) -> Self {
        use v5::mqttbytes::v5::DisconnectReasonCode as Code;
        let reason = match said {
            Some(said) => format!("{code:?}, {said}"),
            None => format!("{code:?}"),
        };
        match code {
            Code::SessionTakenOver => Self::TakenOver,
            Code::NotAuthorized => Self::NotAllowed(reason),
            Code::PacketTooLarge => Self::TooLarge(reason),
            Code::QuotaExceeded
            | Code::MessageRateTooHigh
            | Code::ConnectionRateExceeded
            | Code::ReceiveMaximumExceeded => Self::Quota(reason),
            _ => Self::Lost(format!("the broker hung up: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use v5::mqttbytes::v5::DisconnectReasonCode as Code;

    use super::*;

    #[test]
    fn why_a_broker_took_leave_is_understood() {
        let cause = |reason_code| {
            Cause::from(v5::StateError::ServerDisconnect { reason_code, reason_string: Some("so there".to_owned()) })
        };
        assert!(matches!(cause(Code::SessionTakenOver), Cause::TakenOver));
        assert!(matches!(cause(Code::NotAuthorized), Cause::NotAllowed(said) if said.contains("so there")));
        assert!(matches!(cause(Code::QuotaExceeded), Cause::Quota(_)));
        assert!(matches!(cause(Code::MessageRateTooHigh), Cause::Quota(_)));
        assert!(matches!(cause(Code::PacketTooLarge), Cause::TooLarge(_)));
        assert!(matches!(cause(Code::ServerShuttingDown), Cause::Lost(said) if said.contains("ServerShuttingDown")));
    }

    #[test]
    fn a_message_that_the_client_may_not_send_is_told_with_both_sizes() {
        let error = v5::mqttbytes::Error::OutgoingPacketTooLarge { pkt_size: 900, max: 256 };
        for cause in [
            Cause::from(v5::StateError::Deserialization(error)),
            Cause::from(v5::StateError::OutgoingPacketTooLarge { pkt_size: 900, max: 256 }),
            Cause::from(v311::StateError::Deserialization(v311::mqttbytes::Error::OutgoingPacketTooLarge {
                pkt_size: 900,
                max: 256,
            })),
        ] {
            assert!(matches!(&cause, Cause::TooLarge(sizes) if sizes == "900 bytes, it takes 256"), "{cause:?}");
        }
    }
}
