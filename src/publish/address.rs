//! Where the broker is: `mqtts://HOST[:PORT]`, or `mqtt://HOST[:PORT]` on this machine.
//!
//! Estimates about people do not cross a network in the clear: an address without TLS is one only when its
//! host is the loopback.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// The port of MQTT without TLS.
const PLAIN_PORT: u16 = 1883;
/// The port of MQTT with TLS.
const TLS_PORT: u16 = 8883;

/// A broker's address: encrypted, or on the loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    tls: bool,
    host: String,
    port: u16,
}

/// Why a text is not a broker's address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not of the form.
    #[error("{given:?} is not a broker's address: write mqtts://HOST, mqtts://HOST:PORT, or mqtt://localhost")]
    Form {
        /// What was given.
        given: String,
    },
    /// Name and password in the address would show in logs and process lists.
    #[error("the broker's address must not hold a name or password: give them as settings of their own")]
    Credentials,
    /// Without TLS over a network.
    #[error(
        "{host} is not this machine, so the connection must be encrypted: write mqtts://{host} \
         (a private certificate authority can be given as a file)"
    )]
    NotEncrypted {
        /// The host that was given.
        host: String,
    },
}

impl BrokerAddress {
    /// The broker on this machine at `port`, without TLS.
    pub fn loopback(port: u16) -> Self {
        Self { tls: false, host: "127.0.0.1".to_owned(), port }
    }

    /// Whether the connection is encrypted.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The host's name or address; an IPv6 address stands without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Default for BrokerAddress {
    fn default() -> Self {
        Self { tls: false, host: "localhost".to_owned(), port: PLAIN_PORT }
    }
}

impl FromStr for BrokerAddress {
    type Err = AddressError;

    fn from_str(given: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form { given: given.to_owned() };
        let (scheme, rest) = given.split_once("://").ok_or_else(form)?;
        let tls = match scheme {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(form()),
        };
        if rest.contains('@') {
            return Err(AddressError::Credentials);
        }
        let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest)).ok_or_else(form)?;
        let port = match port {
            None if tls => TLS_PORT,
            None => PLAIN_PORT,
            Some(text) => text.parse().ok().filter(|&port| port != 0).ok_or_else(form)?,
        };
        if !tls && !is_loopback(host) {
            return Err(AddressError::NotEncrypted { host: host.to_owned() });
        }
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

/// Splits `host[:port]` and `[v6][:port]`; `None` when the host could not be one.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return if rest.is_empty() { Some((host, None)) } else { Some((host, Some(rest.strip_prefix(':')?))) };
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let named = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    (!host.is_empty() && named).then_some((host, port))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<BrokerAddress>().unwrap().to_string()
    }

    #[test]
    fn an_address_is_read_and_its_port_is_filled_in() {
        assert_eq!(parsed("mqtts://broker.example"), "mqtts://broker.example:8883");
        assert_eq!(parsed("mqtts://192.0.2.4:1234/"), "mqtts://192.0.2.4:1234");
        assert_eq!(parsed("mqtts://[2001:db8::1]"), "mqtts://[2001:db8::1]:8883");
        assert_eq!(BrokerAddress::default().to_string(), "mqtt://localhost:1883");
        assert_eq!(BrokerAddress::loopback(4).to_string(), "mqtt://127.0.0.1:4");
    }

    #[test]
    fn without_tls_only_this_machine_is_an_address() {
        for here in ["mqtt://localhost", "mqtt://127.0.0.1:1884", "mqtt://127.1.2.3", "mqtt://[::1]:1883"] {
            assert!(!here.parse::<BrokerAddress>().unwrap().tls(), "{here}");
        }
        for there in ["mqtt://192.0.2.4", "mqtt://broker.example:1883", "mqtt://[2001:db8::1]", "mqtt://0.0.0.0"] {
            let error = there.parse::<BrokerAddress>().unwrap_err();
            assert!(matches!(error, AddressError::NotEncrypted { .. }), "{there}");
            assert!(error.to_string().contains("mqtts://"), "{error}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in [
            "",
            "localhost",
            "tcp://localhost",
            "mqtt://",
            "mqtts://:1",
            "mqtt://localhost:0",
            "mqtt://localhost:x",
            "mqtt://localhost:70000",
            "mqtts://a/b",
            "mqtts://[::1",
            "mqtts://[::1]1",
            "mqtts://::1",
            "mqtts://a b",
        ] {
            assert!(matches!(bad.parse::<BrokerAddress>(), Err(AddressError::Form { .. })), "{bad}");
        }
        assert_eq!("mqtts://me:pw@host".parse::<BrokerAddress>(), Err(AddressError::Credentials));
    }
}
