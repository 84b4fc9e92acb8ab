//! From the cause of a failure to what the operator is told.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::cause::Cause;
use super::dialer::LARGEST_TAKEN;
use super::trouble::Trouble;
use crate::publish::address::BrokerAddress;

/// How long a name may take to resolve when we look whether that is the trouble.
const LOOKUP: Duration = Duration::from_secs(3);

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
            Cause::Unidentified { reason, remedy } => Self::Unidentified { broker, reason, remedy },
            Cause::NoWebSocket(reason) if connected => Self::Lost { broker, reason },
            Cause::NoWebSocket(reason) => Self::NoWebSocket { broker, reason },
            Cause::NotAllowed(reason) => Self::NotAllowed { broker, client, reason },
            Cause::Quota(reason) => Self::Quota { broker, reason },
            Cause::TooLarge(reason) => Self::TooLarge { broker, reason },
            Cause::Denied => Self::Denied { broker, client },
            Cause::Refused(reason) => Self::Refused { broker, reason },
            Cause::NotOurs(reason) if connected => Self::Lost { broker, reason },
            Cause::NotOurs(reason) => Self::NotOurs { broker, reason },
            Cause::TakenOver => Self::TakenOver { broker, client },
            Cause::HungUp if connected => Self::HungUp { broker, client },
            Cause::HungUp => Self::Refused { broker, reason: "it hung up without a word".to_owned() },
            Cause::IncomingTooLarge => {
                let most = LARGEST_TAKEN / 1024;
                Self::Lost {
                    broker,
                    reason: format!("a message to {client} was larger than {most} KiB, and is left out"),
                }
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
            (Cause::IncomingTooLarge, true, "to affectd-a was larger than 64 KiB"),
            (Cause::NotAllowed("NotAuthorized".to_owned()), true, "access list"),
            (Cause::Quota("QuotaExceeded".to_owned()), true, "limits for this client"),
            (Cause::TooLarge("900 bytes, it takes 256".to_owned()), true, "256 KiB"),
            (Cause::NoWebSocket("HTTP says 404 Not Found".to_owned()), false, "port and path"),
            (Cause::HungUp, false, "may ask for a certificate"),
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
