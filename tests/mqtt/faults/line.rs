//! Lines that die, with and without a word.

use affectd::publish::{Protocol, PublishSettings, Trouble};

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::options::{KEEP_ALIVE, against};
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::scripted_broker::{Script, Then};

/// Half-open: the other side is gone, and nobody says so.
pub async fn goes_dead(protocol: Protocol) -> Tally {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let publisher = start(&PublishSettings { protocol, keep_alive: KEEP_ALIVE, ..settings(gate.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    ledger.make(&handle, 60);
    ledger.hear(&mut listener, 60).await;
    gate.freeze();
    ledger.make(&handle, 60);
    let found = trouble(&publisher).await;
    assert!(matches!(found, Trouble::Lost { .. }), "{found}");
    gate.open();
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}

pub async fn breaks_in_the_middle_of_messages(protocol: Protocol) -> Tally {
    let scripts = [1, 7, 20].map(|events| Script::then(events, Then::HangUp));
    against(protocol, scripts).await.0
}

pub async fn breaks_in_the_middle_of_a_packet(protocol: Protocol) -> Tally {
    let scripts = [&b"\x40"[..], b"\x40\x02\x00"].map(|half| Script::then(9, Then::SendAndHangUp(half.to_vec())));
    against(protocol, scripts).await.0
}

/// The broker takes bytes and says nothing more, not even that it lives.
pub async fn is_silent_from_some_event_on(protocol: Protocol) -> Tally {
    against(protocol, [Script::then(9, Then::Silence)]).await.0
}
