//! What to tell the operator when the broker cannot be reached: what is wrong, and what to do.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::cause::Cause;
use super::dialer::LARGEST;
use crate::publish::address::BrokerAddress;

/// How long a name may take to resolve when we look whether that is the trouble.
const LOOKUP: Duration = Duration::from_secs(3);

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
            Self::Tls { .. } => "TLS",
            Self::Denied { .. } => "authentication",
            Self::NotOurs { .. }
            | Self::Refused { .. }
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
            Self::Tls { broker, reason, .. } => format!("{broker} is not to be trusted ({reason})"),
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
            Self::Tls { remedy, .. } => (*remedy).to_owned(),
            Self::NotOurs { .. } => "set the protocol to 3.1.1, or correct the port".to_owned(),
            Self::Refused { .. } => "check that this is its port, and see its log".to_owned(),
            Self::TakenOver { .. } => "give each device an id of its own".to_owned(),
            Self::HungUp { client, .. } => {
                format!("if it does so again and again, see its log, and whether another client is {client}")
            }
            Self::Lost { .. } => "it will be made again".to_owned(),
        }
    }
}

impl Trouble {
    /// Puts a cause into the operator's words. `connected`: whether the broker had let us in before.
    pub(super) async fn of(cause: Cause, broker: &BrokerAddress, client: &str, connected: bool) -> Self {
        let (broker, client) = (broker.clone(), client.to_owned());
        match cause {
            Cause::Io(error) if connected => Self::Lost { broker, reason: error.to_string() },
            Cause::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => Self::NobodyListens { broker },
            Cause::Io(_) | Cause::TimedOut if !resolves(&broker).await => {
                Self::UnknownHost { host: broker.host().to_owned() }
            }
            Cause::Io(error) => Self::Unreachable { broker, reason: error.to_string() },
            Cause::TimedOut => Self::NoAnswer { broker },
            Cause::Tls { reason, remedy } => Self::Tls { broker, reason, remedy },
            Cause::Denied => Self::Denied { broker, client },
            Cause::Refused(reason) => Self::Refused { broker, reason },
            Cause::NotOurs(reason) if connected => Self::Lost { broker, reason },
            Cause::NotOurs(reason) => Self::NotOurs { broker, reason },
            Cause::TakenOver => Self::TakenOver { broker, client },
            Cause::HungUp if connected => Self::HungUp { broker, client },
            Cause::HungUp => Self::Refused { broker, reason: "it hung up without a word".to_owned() },
            Cause::TooLarge => {
                let reason = format!("a message to {client} was larger than {} KiB, and is left out", LARGEST / 1024);
                Self::Lost { broker, reason }
            }
            Cause::Lost(reason) if connected => Self::Lost { broker, reason },
            Cause::Lost(reason) => Self::Refused { broker, reason },
        }
    }
}

/// Whether the broker's name leads to an address: asked only after a failure, because the system reports an
/// unknown name as an error without a kind.
async fn resolves(broker: &BrokerAddress) -> bool {
    if broker.host().parse::<IpAddr>().is_ok() {
        return true;
    }
    let looked_up = timeout(LOOKUP, lookup_host((broker.host(), broker.port()))).await;
    looked_up.is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cause: Cause, address: &str, connected: bool) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let broker = address.parse().unwrap();
        runtime.block_on(Trouble::of(cause, &broker, "affectd-a", connected)).to_string()
    }

    #[test]
    fn each_cause_is_told_with_the_remedy() {
        let io = |kind: io::ErrorKind| Cause::from(io::Error::from(kind));
        let broker = "mqtts://192.0.2.1";
        for (cause, connected, remedy) in [
            (io(io::ErrorKind::ConnectionRefused), false, "start the broker"),
            (io(io::ErrorKind::NetworkUnreachable), false, "see to the network"),
            (io(io::ErrorKind::TimedOut), true, "it will be made again"),
            (io(io::ErrorKind::ConnectionReset), true, "another client is affectd-a"),
            (io(io::ErrorKind::ConnectionReset), false, "check that this is its port"),
            (Cause::TimedOut, false, "firewalls"),
            (Cause::Denied, false, "check user name and password"),
            (Cause::Refused("ServerBusy".to_owned()), false, "see its log"),
            (Cause::NotOurs("InvalidProtocol".to_owned()), false, "3.1.1"),
            (Cause::TakenOver, true, "an id of its own"),
            (Cause::silent(), true, "fallen silent"),
            (Cause::unacknowledged(), true, "does not acknowledge"),
            (Cause::TooLarge, true, "to affectd-a was larger than 64 KiB"),
        ] {
            let text = told(cause, broker, connected);
            assert!(text.contains(remedy) && text.contains("192.0.2.1"), "{text}");
        }
    }

    #[test]
    fn a_name_that_does_not_resolve_is_told_as_such() {
        let error = io::Error::other("failed to lookup address information");
        let text = told(Cause::Io(error), "mqtts://no-such-broker.invalid", false);
        assert!(text.contains("no-such-broker.invalid") && text.contains("DNS"), "{text}");
    }
}
