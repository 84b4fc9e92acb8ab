//! A real broker that is away, unwilling or slow.

use std::time::Duration;

use affectd::publish::{Protocol, PublishSettings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::SOON;
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::scripted_broker::publish;

/// As many messages at a time as the kernel keeps for a subscriber that is slow: what waited in a broker's memory goes
/// with it when it is killed, acknowledged or not.
pub const A_FEW: usize = 90;

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
    let mut broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let publisher = start(&PublishSettings { protocol, ..settings(gate.port) });
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    for round in 1..=5 {
        gate.shut();
        let mut listener = Listener::to_the_last(broker.port, EVENTS).await;
        gate.open();
        ledger.make(&handle, A_FEW);
        // Some have arrived, some are on their way, some wait.
        ledger.hear(&mut listener, round * A_FEW - 60).await;
        broker.kill();
        ledger.hear_rest(&mut listener).await;
        trouble(&publisher).await;
        broker.restart();
    }
    gate.shut();
    let mut listener = Listener::to_the_last(broker.port, EVENTS).await;
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
    let mut slow = client(&broker).await;
    // SUBSCRIBE to "#".
    slow.write_all(b"\x82\x06\x00\x01\x00\x01#\x00").await.unwrap();
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

/// Many commands at once, and nobody who takes them: what finds no room is dropped and counted, and events go on.
pub async fn passes_on_a_flood_of_messages_to_us(protocol: Protocol) -> Tally {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let mut publisher = start(&listening(protocol, broker.port));
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    let _nobody_reads = publisher.arrivals().unwrap();
    online(&publisher).await;
    let mut flood = client(&broker).await;
    let command = publish(4, b"affect/kiosk-7/cmd/mute", b"{}");
    for _ in 0..20 {
        flood.write_all(&command.repeat(500)).await.unwrap();
        ledger.make(&handle, 30);
        none_waiting(&handle).await;
    }
    ledger.hear_all(&mut listener).await;
    counted(&handle, |counts| counts.arrivals_dropped > 0).await;
    assert_eq!(handle.counts().losses, 0);
    ledger.close(publisher).await
}

/// A command of 256 KB that the broker keeps until we have acknowledged it, which we never do.
pub async fn passes_on_a_message_of_256_kilobytes_to_us(protocol: Protocol) -> Tally {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let mut publisher = start(&listening(protocol, broker.port));
    let (handle, mut ledger) = (publisher.handle(), Ledger::default());
    let mut arrivals = publisher.arrivals().unwrap();
    online(&publisher).await;
    let mut sender = client(&broker).await;
    // QoS 1: the packet id stands behind the topic.
    let topic = b"affect/kiosk-7/cmd/mute";
    let mut large = publish(4, topic, &[&[0, 1][..], &[b' '; 256 * 1024]].concat());
    large[0] |= 2;
    sender.write_all(&large).await.unwrap();
    ledger.make(&handle, 60);
    ledger.hear(&mut listener, 60).await;
    // What has the right size still comes, on this connection or on the next.
    let small = publish(4, topic, b"{}");
    let arrived = async {
        loop {
            sender.write_all(&small).await.unwrap();
            if let Ok(Some(arrival)) = timeout(Duration::from_millis(500), arrivals.recv()).await {
                break arrival;
            }
        }
    };
    assert_eq!(timeout(SOON, arrived).await.unwrap().payload, b"{}");
    ledger.make(&handle, 60);
    ledger.hear_all(&mut listener).await;
    ledger.close(publisher).await
}

fn listening(protocol: Protocol, port: u16) -> PublishSettings {
    PublishSettings { protocol, subscriptions: vec!["affect/kiosk-7/cmd/+".to_owned()], ..settings(port) }
}

/// Another client of the broker, in MQTT 3.1.1, that reads nothing.
async fn client(broker: &Mosquitto) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", broker.port)).await.unwrap();
    stream.write_all(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05other").await.unwrap();
    stream
}
