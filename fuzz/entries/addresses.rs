//! Addresses of sources and brokers, and pipelines with secrets in them.

use affectd::capture::Address;
use affectd::capture::launch_line::LaunchLine;
use affectd::publish::BrokerAddress;

/// What no pipeline may show.
const SECRET: &str = "sw0rdf1sh-Zq7";

/// An address is refused, or printed as one that means the same. A password in a pipeline is never shown, whatever
/// stands around it.
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = text.parse::<Address>() {
        let again = address.to_string().parse::<Address>();
        assert_eq!(again.as_ref().ok(), Some(&address), "{again:?}");
    }
    if let Ok(broker) = text.parse::<BrokerAddress>() {
        assert_eq!(broker.to_string().parse().as_ref(), Ok(&broker));
    }
    // What was written for everyone to see may be shown.
    if text.contains(SECRET) {
        return;
    }
    let (before, after) = text.split_once('\n').unwrap_or((text, ""));
    let line = LaunchLine::new(format!("{before} user-pw={SECRET} {after}"));
    for shown in [line.to_string(), format!("{line:?}"), line.scrub(&format!("could not log in with {SECRET}"))] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}
