//! What to tell the operator when the broker cannot be reached: what is wrong, and what to do.

use std::fmt;

use crate::publish::address::{BrokerAddress, Transport};

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The name does not resolve.
    UnknownHost {
        /// The name.
        host: String,
    },
    /// The port is closed.
    NobodyListens {
        /// The broker's address.
        broker: BrokerAddress,
    },
    /// The network does not lead there.
    Unreachable {
        /// The broker's address.
        broker: BrokerAddress,
        /// What the system said.
        reason: String,
    },
    /// Packets go out and nothing comes back.
    NoAnswer {
        /// The broker's address.
        broker: BrokerAddress,
    },
    /// Name or password are wrong, or this client is not allowed in.
    Denied {
        /// The broker's address.
        broker: BrokerAddress,
        /// The client id under which we came.
        client: String,
    },
    /// The broker's certificate is not to be trusted, or TLS failed otherwise.
    Tls {
        /// The broker's address.
        broker: BrokerAddress,
        /// What the TLS library said.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The broker does not accept who we are by certificate.
    Unidentified {
        /// The broker's address.
        broker: BrokerAddress,
        /// What the broker said.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Something answers, and there is no WebSocket.
    NoWebSocket {
        /// The broker's address.
        broker: BrokerAddress,
        /// What came back.
        reason: String,
    },
    /// It let us in, and then hung up because of something that we may not do.
    NotAllowed {
        /// The broker's address.
        broker: BrokerAddress,
        /// The client id.
        client: String,
        /// What it said.
        reason: String,
    },
    /// It limits how much we may say, or how often we may come.
    Quota {
        /// The broker's address.
        broker: BrokerAddress,
        /// What it said.
        reason: String,
    },
    /// A message is larger than it takes.
    TooLarge {
        /// The broker's address.
        broker: BrokerAddress,
        /// What it said, or the two sizes.
        reason: String,
    },
    /// It answers, but not in the MQTT we speak.
    NotOurs {
        /// The broker's address.
        broker: BrokerAddress,
        /// What came back.
        reason: String,
    },
    /// It answers, and says no.
    Refused {
        /// The broker's address.
        broker: BrokerAddress,
        /// What it said.
        reason: String,
    },
    /// Two devices share an id.
    TakenOver {
        /// The broker's address.
        broker: BrokerAddress,
        /// The client id.
        client: String,
    },
    /// It hung up on us, and did not say why. Many brokers do not say that another client took over.
    HungUp {
        /// The broker's address.
        broker: BrokerAddress,
        /// The client id.
        client: String,
    },
    /// It was there and is gone.
    Lost {
        /// The broker's address.
        broker: BrokerAddress,
        /// What happened.
        reason: String,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason(), self.remedy())
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// How far the connection came, in a word: the stage that failed.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::UnknownHost { .. } => "DNS",
            Self::NobodyListens { .. } | Self::Unreachable { .. } | Self::NoAnswer { .. } => "TCP",
            Self::Tls { .. } | Self::Unidentified { .. } => "TLS",
            Self::NoWebSocket { .. } => "WebSocket",
            Self::NotAllowed { .. } => "authorisation",
            Self::Denied { .. } => "authentication",
            Self::NotOurs { .. }
            | Self::Refused { .. }
            | Self::Quota { .. }
            | Self::TooLarge { .. }
            | Self::TakenOver { .. }
            | Self::HungUp { .. }
            | Self::Lost { .. } => "MQTT",
        }
    }

    /// What is wrong.
    pub fn reason(&self) -> String {
        match self {
            Self::UnknownHost { host } => format!("the broker's name {host} is not known here"),
            Self::NobodyListens { broker } => format!("nobody listens at {broker}"),
            Self::Unreachable { broker, reason } => format!("{broker} cannot be reached ({reason})"),
            Self::NoAnswer { broker } => format!("{broker} does not answer"),
            Self::Denied { broker, client } => format!("{broker} does not let {client} in"),
            Self::Tls { broker, reason, .. } => format!("there is no TLS with {broker} ({reason})"),
            Self::Unidentified { broker, reason, .. } => format!("{broker} does not know us ({reason})"),
            Self::NoWebSocket { broker, reason } => format!("there is no WebSocket at {broker} ({reason})"),
            Self::NotAllowed { broker, client, reason } => {
                format!("{broker} lets {client} in, but not do all that it does ({reason})")
            }
            Self::Quota { broker, reason } => format!("{broker} takes no more from us ({reason})"),
            Self::TooLarge { broker, reason } => format!("a message is too large for {broker} ({reason})"),
            Self::NotOurs { broker, reason } => format!("{broker} does not speak this version of MQTT ({reason})"),
            Self::Refused { broker, reason } => format!("{broker} refuses the connection ({reason})"),
            Self::TakenOver { broker, client } => format!("another client connected to {broker} as {client}"),
            Self::HungUp { broker, .. } => format!("{broker} hung up"),
            Self::Lost { broker, reason } => format!("the connection to {broker} was lost ({reason})"),
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::UnknownHost { .. } => "correct the name, or see to this machine's DNS".to_owned(),
            Self::NobodyListens { .. } => "start the broker, or correct its address".to_owned(),
            Self::Unreachable { .. } => "see to the network between here and there".to_owned(),
            Self::NoAnswer { .. } => "see to the network, to firewalls, and to the broker".to_owned(),
            Self::Denied { .. } => "check user name and password, and the broker's access list".to_owned(),
            Self::Tls { remedy, .. } | Self::Unidentified { remedy, .. } => (*remedy).to_owned(),
            Self::NoWebSocket { .. } => {
                "correct port and path of its address, or let the broker take WebSockets there".to_owned()
            }
            Self::NotAllowed { .. } => {
                "let this client write below its prefix, and listen to what it listens to, in the broker's access list"
                    .to_owned()
            }
            Self::Quota { .. } => "raise the broker's limits for this client, or publish less often".to_owned(),
            Self::TooLarge { .. } => "let the broker take messages of 256 KiB".to_owned(),
            Self::NotOurs { broker, .. } if *broker.transport() == Transport::Tcp => {
                "set the protocol to 3.1.1, or correct the port".to_owned()
            }
            Self::NotOurs { .. } => "set the protocol to 3.1.1, or correct port and path".to_owned(),
            Self::Refused { broker, .. } if broker.tls() => {
                "check that this is its port, and see its log: it may ask for a certificate".to_owned()
            }
            Self::Refused { .. } => "check that this is its port, and see its log".to_owned(),
            Self::TakenOver { .. } => "give each device an id of its own".to_owned(),
            Self::HungUp { client, .. } => {
                format!(
                    "if it does so again and again, see its log, whether another client is {client}, and whether this one \
                     may write below its prefix"
                )
            }
            Self::Lost { .. } => "it will be made again".to_owned(),
        }
    }
}
