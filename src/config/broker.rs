//! The broker's address: mqtt://HOST[:PORT], or mqtts:// with TLS.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::value::{Invalid, Text};

/// Where the broker is, and whether the way to it is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// A host name or an IP address (of version 6 without brackets).
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl Broker {
    /// The usual port without TLS.
    const PORT: u16 = 1883;
    /// The usual port with TLS.
    const TLS_PORT: u16 = 8883;

    /// The broker on this machine, without TLS.
    pub(super) fn local() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: Self::PORT, tls: false }
    }

    /// Whether the broker is on this machine, so that nothing crosses a network.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "{scheme}://[{address}]:{}", self.port),
            Err(_) => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl Text for Broker {
    fn allowed() -> Cow<'static, str> {
        "mqtt://HOST[:PORT], or mqtts://HOST[:PORT] for TLS".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let (tls, rest) = match text.split_once("://") {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            Some(("ssl" | "tls", rest)) => return Err(unknown_scheme("mqtts", rest)),
            Some(("tcp", rest)) => return Err(unknown_scheme("mqtt", rest)),
            Some((scheme, _)) => return Err(Invalid::because(format!("begins with {scheme:?}"))),
            None => return Err(unknown_scheme("mqtt", text)),
        };
        if rest.contains('@') {
            let remedy = "write the user as mqtt.username and the password into the file that mqtt.password_file names";
            return Err(Invalid::because("holds a user or password").so(remedy));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest)?;
        let port = match port {
            None if tls => Self::TLS_PORT,
            None => Self::PORT,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| Invalid::because("has no port from 1 to 65535"))?,
        };
        Ok(Self { host: host.to_owned(), port, tls })
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// Splits HOST[:PORT] or [IPV6][:PORT] and checks the host.
fn split_port(rest: &str) -> Result<(&str, Option<&str>), Invalid> {
    if let Some(bracketed) = rest.strip_prefix('[') {
        let Some((host, after)) = bracketed.split_once(']').filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok()) else {
            return Err(Invalid::because("has no IPv6 address between its brackets"));
        };
        return match (after, after.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(port)) => Ok((host, Some(port))),
            _ => Err(Invalid::because(format!("goes on with {after:?} after the host"))),
        };
    }
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| port.contains(':')) {
        return Err(Invalid::because("has more than one colon").so("put an IPv6 address between [ and ]"));
    }
    match host.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_".contains(*c))) {
        _ if host.is_empty() => Err(Invalid::because("has no host")),
        Some(bad) => Err(Invalid::because(format!("has {bad:?} in its host"))),
        None => Ok((host, port)),
    }
}

fn unknown_scheme(scheme: &str, rest: &str) -> Invalid {
    let refused = Invalid::because("does not begin with mqtt:// or mqtts://");
    match Broker::parse(&format!("{scheme}://{rest}")) {
        Ok(meant) => refused.so(format!("did you mean \"{meant}\"?")),
        Err(_) => refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Broker, String> {
        Broker::parse(text).map_err(|invalid| invalid.why)
    }

    #[test]
    fn the_port_follows_the_scheme_unless_it_is_written() {
        assert_eq!(parse("mqtt://broker.example").unwrap().port, 1883);
        assert_eq!(parse("mqtts://broker.example/").unwrap().port, 8883);
        assert_eq!(parse("mqtts://broker.example:8884").unwrap().port, 8884);
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for text in ["mqtt://127.0.0.1:1883", "mqtts://[fe80::1]:8883", "mqtt://my_broker.local:1"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, loopback) in [
            ("mqtt://localhost", true),
            ("mqtt://127.8.0.1", true),
            ("mqtt://[::1]:1883", true),
            ("mqtt://192.168.1.2", false),
            ("mqtt://localhost.example.org", false),
        ] {
            assert_eq!(parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "mqtt://",
            "mqtt://:1883",
            "broker",
            "http://broker",
            "mqtt://broker:0",
            "mqtt://broker:65536",
            "mqtt://broker:x",
            "mqtt://fe80::1",
            "mqtt://[fe80::1",
            "mqtt://[broker]",
            "mqtt://[::1]x",
            "mqtt://broker/topic",
            "mqtt://bro ker",
            "mqtt://user:secret@broker",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
