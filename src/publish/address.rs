//! Where the broker is: `mqtts://HOST[:PORT]` or `wss://HOST[:PORT][/PATH]`; on this machine also `mqtt://` and `ws://`.
//!
//! Estimates about people do not cross a network in the clear: an address without TLS is one only when its
//! host is the loopback.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// The schemes: what carries MQTT, whether it is encrypted, and the port where none is written.
const SCHEMES: [(&str, Carrier, bool, u16); 4] = [
    ("mqtt", Carrier::Tcp, false, 1883),
    ("mqtts", Carrier::Tcp, true, 8883),
    ("ws", Carrier::WebSocket, false, 80),
    ("wss", Carrier::WebSocket, true, 443),
];

/// The path at which most brokers take WebSockets; Mosquitto takes them at any.
const USUAL_PATH: &str = "/mqtt";

/// What carries MQTT, without the parts of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Tcp,
    WebSocket,
}

/// What carries MQTT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// WebSocket, which passes where only the web does.
    WebSocket {
        /// The path of the HTTP request that becomes the connection; begins with `/`.
        path: String,
    },
}

/// A broker's address: encrypted, or on the loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    transport: Transport,
    tls: bool,
    host: String,
    port: u16,
}

/// Why a text is not a broker's address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not of the form.
    #[error(
        "{given:?} is not a broker's address: write mqtts://HOST, mqtts://HOST:PORT, wss://HOST/PATH, or \
         mqtt://localhost"
    )]
    Form {
        /// What was given.
        given: String,
    },
    /// Name and password in the address would show in logs and process lists.
    #[error("the broker's address must not hold a name or password: give them as settings of their own")]
    Credentials,
    /// Without TLS over a network.
    #[error(
        "{host} is not this machine, so the connection must be encrypted: write {scheme}://{host} \
         (a private certificate authority can be given as a file)"
    )]
    NotEncrypted {
        /// The host that was given.
        host: String,
        /// The scheme that would do.
        scheme: &'static str,
    },
}

impl BrokerAddress {
    /// The broker on this machine at `port`, without TLS.
    pub fn loopback(port: u16) -> Self {
        Self { transport: Transport::Tcp, tls: false, host: "127.0.0.1".to_owned(), port }
    }

    /// What carries MQTT there.
    pub fn transport(&self) -> &Transport {
        &self.transport
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

    fn scheme(&self) -> &'static str {
        match (&self.transport, self.tls) {
            (Transport::Tcp, false) => "mqtt",
            (Transport::Tcp, true) => "mqtts",
            (Transport::WebSocket { .. }, false) => "ws",
            (Transport::WebSocket { .. }, true) => "wss",
        }
    }
}

impl Default for BrokerAddress {
    fn default() -> Self {
        Self { host: "localhost".to_owned(), ..Self::loopback(1883) }
    }
}

impl FromStr for BrokerAddress {
    type Err = AddressError;

    fn from_str(given: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form { given: given.to_owned() };
        let (scheme, rest) = given.split_once("://").ok_or_else(form)?;
        let known = SCHEMES.iter().find(|(name, ..)| *name == scheme);
        let &(_, carrier, tls, usual_port) = known.ok_or_else(form)?;
        if rest.contains('@') {
            return Err(AddressError::Credentials);
        }
        let (place, path) = match rest.split_once('/') {
            Some((place, path)) => (place, path),
            None => (rest, ""),
        };
        let transport = match (carrier, path) {
            (Carrier::Tcp, "") => Transport::Tcp,
            (Carrier::WebSocket, "") => Transport::WebSocket { path: USUAL_PATH.to_owned() },
            (Carrier::WebSocket, path) if is_path(path) => Transport::WebSocket { path: format!("/{path}") },
            _ => return Err(form()),
        };
        let (host, port) = split_port(place).ok_or_else(form)?;
        let port = match port {
            None => usual_port,
            Some(text) => text.parse().ok().filter(|&port| port != 0).ok_or_else(form)?,
        };
        if !tls && !is_loopback(host) {
            let scheme = if carrier == Carrier::Tcp { "mqtts" } else { "wss" };
            return Err(AddressError::NotEncrypted { host: host.to_owned(), scheme });
        }
        Ok(Self { transport, tls, host: host.to_owned(), port })
    }
}

/// Whether a text can stand behind the first `/` of a path. No question mark: what follows one is often a key, and an
/// address is shown in logs.
fn is_path(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%+=:".contains(&b))
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
        let Self { host, port, .. } = self;
        match host.contains(':') {
            true => write!(f, "{}://[{host}]:{port}", self.scheme())?,
            false => write!(f, "{}://{host}:{port}", self.scheme())?,
        }
        match &self.transport {
            Transport::Tcp => Ok(()),
            Transport::WebSocket { path } => f.write_str(path),
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
        assert_eq!(parsed("wss://broker.example"), "wss://broker.example:443/mqtt");
        assert_eq!(parsed("wss://[2001:db8::1]:8084/a/b%20c"), "wss://[2001:db8::1]:8084/a/b%20c");
        assert_eq!(parsed("ws://localhost:9001/"), "ws://localhost:9001/mqtt");
        assert_eq!(BrokerAddress::default().to_string(), "mqtt://localhost:1883");
        assert_eq!(BrokerAddress::loopback(4).to_string(), "mqtt://127.0.0.1:4");
    }

    #[test]
    fn without_tls_only_this_machine_is_an_address() {
        for here in ["mqtt://localhost", "mqtt://127.0.0.1:1884", "mqtt://127.1.2.3", "mqtt://[::1]:1883", "ws://[::1]"]
        {
            assert!(!here.parse::<BrokerAddress>().unwrap().tls(), "{here}");
        }
        for there in ["mqtt://192.0.2.4", "mqtt://broker.example:1883", "mqtt://[2001:db8::1]", "mqtt://0.0.0.0"] {
            let error = there.parse::<BrokerAddress>().unwrap_err();
            assert!(matches!(error, AddressError::NotEncrypted { .. }), "{there}");
            assert!(error.to_string().contains("mqtts://"), "{error}");
        }
        for there in ["ws://192.0.2.4", "ws://broker.example:9001/mqtt"] {
            let error = there.parse::<BrokerAddress>().unwrap_err();
            assert!(matches!(error, AddressError::NotEncrypted { .. }), "{there}");
            assert!(error.to_string().contains("wss://"), "{error}");
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
            "https://a",
            "wss://a/?key=secret",
            "wss://a/b#c",
            "wss:///mqtt",
            "wss://a/b c",
        ] {
            assert!(matches!(bad.parse::<BrokerAddress>(), Err(AddressError::Form { .. })), "{bad}");
        }
        assert_eq!("mqtts://me:pw@host".parse::<BrokerAddress>(), Err(AddressError::Credentials));
    }
}
