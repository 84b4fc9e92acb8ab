//! Brokers whose certificates are not to be trusted: nothing goes there, and everything goes to the right one.

use affectd::publish::{Protocol, PublishSettings, Trouble};

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::{Mosquitto, tls_directory, tls_lines};

pub async fn a_certificate_of_a_stranger(protocol: Protocol) -> Tally {
    wrong_then_right(protocol, "ca.pem", "elsewhere.pem", "server.pem", "UnknownIssuer").await
}

pub async fn a_certificate_that_has_expired(protocol: Protocol) -> Tally {
    wrong_then_right(protocol, "elsewhere-ca.pem", "elsewhere-expired.pem", "elsewhere.pem", "expired").await
}

/// Trusting `authority`, comes to a broker with the certificate `wrong`, then to one with `right`.
async fn wrong_then_right(protocol: Protocol, authority: &str, wrong: &str, right: &str, reason: &str) -> Tally {
    // With TLS, and without on a port for listeners.
    let [(wrong, _), (right, plain)] =
        [wrong, right].map(|certificate| Mosquitto::with_two_listeners(&tls_lines(certificate), ""));
    let gate = Gate::to(wrong.port).await;
    let publisher = start(&PublishSettings {
        broker: format!("mqtts://localhost:{}", gate.port).parse().unwrap(),
        ca_file: Some(tls_directory().join(authority)),
        protocol,
        ..PublishSettings::default()
    });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    ledger.make(&handle, 60);
    match trouble(&publisher).await {
        Trouble::Tls { reason: told, .. } => assert!(told.contains(reason), "{told}"),
        other => panic!("{other}"),
    }
    assert_eq!(handle.waiting_events(), 60);

    let mut listener = Listener::to(plain, EVENTS, None).await;
    gate.lead_to(right.port);
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}
