//! The device ends and starts again; what was not said is on its disk.

use std::time::Duration;

use affectd::publish::{Farewell, OutboxSettings, Protocol, PublishSettings};

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

/// How long a device that is to stop waits for its broker.
const SHORT: Duration = Duration::from_millis(300);

/// Twice, with the broker away; that it is killed instead, the tests of the whole daemon look after.
pub async fn the_device_restarts_while_the_broker_is_away(protocol: Protocol) -> Tally {
    let dir = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    gate.shut();
    let outbox = OutboxSettings { dir: Some(dir.path().to_owned()), ..OutboxSettings::default() };
    let settings = PublishSettings { protocol, outbox, ..settings(gate.port) };
    let mut ledger = Ledger::default();
    for _ in 0..2 {
        let publisher = start(&settings);
        ledger.make(&publisher.handle(), 150);
        assert_eq!(publisher.stop(SHORT).await, Farewell { clean: false, lost_events: 0 });
    }
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    gate.open();
    let publisher = start(&settings);
    ledger.make(&publisher.handle(), 60);
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}
