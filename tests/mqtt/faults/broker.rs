//! A real broker that is away, unwilling or slow.

use affectd::publish::{Protocol, PublishSettings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

/// Passes on everything at once: by itself it keeps some in memory until a subscriber has acknowledged others, and
/// that goes with it when it is killed.
const PASSES_ON: &str = "allow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n";

pub async fn is_down_at_the_start(protocol: Protocol) -> Tally {
    let mut broker = Mosquitto::start();
    broker.kill();
    let gate = Gate::to(broker.port).await;
    let publisher = start(&PublishSettings { protocol, ..settings(gate.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    ledger.make(&handle, 60);
    trouble(&publisher).await;
    gate.shut();
    broker.restart();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    gate.open();
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}

pub async fn is_killed_in_the_middle(protocol: Protocol) -> Tally {
    let mut broker = Mosquitto::with(PASSES_ON);
    let gate = Gate::to(broker.port).await;
    let publisher = start(&PublishSettings { protocol, ..settings(gate.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    for round in 1..=3 {
        gate.shut();
        let mut listener = Listener::to(broker.port, EVENTS, None).await;
        gate.open();
        ledger.make(&handle, 300);
        // Some have arrived, some are on their way, some wait.
        ledger.hear(&mut listener, round * 300 - 270).await;
        broker.kill();
        ledger.hear_rest(&mut listener).await;
        trouble(&publisher).await;
        broker.restart();
    }
    gate.shut();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    gate.open();
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}

pub async fn denies_to_publish(protocol: Protocol) -> Tally {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("acl");
    std::fs::write(&list, "topic readwrite affect/kiosk-7/status\ntopic readwrite affect/kiosk-7/device\n").unwrap();
    let broker = Mosquitto::with(&format!("allow_anonymous true\nacl_file {}\n", list.display()));
    let publisher = start(&PublishSettings { protocol, ..settings(broker.port) });
    let mut ledger = Ledger::default();
    ledger.make(&publisher.handle(), 60);
    let tally = ledger.close(publisher).await;
    assert_eq!((tally.refused, tally.delivered), (60, 0));
    tally
}

pub async fn has_a_consumer_that_reads_nothing(protocol: Protocol) -> Tally {
    let broker = Mosquitto::start();
    // CONNECT as "slow" and SUBSCRIBE to "#" in MQTT 3.1.1.
    let mut slow = TcpStream::connect(("127.0.0.1", broker.port)).await.unwrap();
    slow.write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04slow\x82\x06\x00\x01\x00\x01#\x00").await.unwrap();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let publisher = start(&PublishSettings { protocol, ..settings(broker.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    for _ in 0..30 {
        ledger.make(&handle, 300);
        none_waiting(&handle).await;
    }
    ledger.hear_all(&mut listener).await;
    drop(slow);
    ledger.close(publisher).await
}
