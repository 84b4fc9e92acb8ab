//! Several brokers in order of preference: where we go, what we say of it, and that nothing is lost on the way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use affectd::publish::{BrokerAddress, Connection, PublishSettings, Trouble};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::harness::*;
use crate::support::SOON;
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

/// Short, so that a test need not wait: a device looks every five minutes.
const RETURN_AFTER: Duration = Duration::from_millis(200);

fn several(ports: &[u16]) -> PublishSettings {
    let mut addresses = ports.iter().map(|port| BrokerAddress::loopback(*port));
    let broker = addresses.next().unwrap();
    PublishSettings { broker, spares: addresses.collect(), return_after: RETURN_AFTER, ..PublishSettings::default() }
}

fn on_spare(port: u16) -> impl FnMut(&Connection) -> bool {
    move |connection| matches!(connection, Connection::OnSpare { broker, .. } if broker.port() == port)
}

#[tokio::test]
async fn when_the_preferred_broker_is_away_the_next_that_lets_us_in_has_everything() {
    let (mut first, mut second, third) = (Mosquitto::start(), Mosquitto::start(), Mosquitto::start());
    first.kill();
    second.kill();
    let mut listener = Listener::to(third.port, EVENTS, None).await;
    let publisher = start(&several(&[first.port, second.port, third.port]));
    let handle = publisher.handle();
    handle.event(event(1));
    assert_eq!(number(&listener.next().await), 1);
    match until(&publisher, on_spare(third.port)).await {
        Connection::OnSpare { trouble: Trouble::NobodyListens { broker }, .. } => assert_eq!(broker.port(), first.port),
        other => panic!("{other:?}"),
    }
    assert_eq!(handle.counts().failures, 2);
}

#[tokio::test]
async fn a_device_goes_back_to_the_preferred_broker_and_no_event_is_lost_on_either_way() {
    let (mut preferred, spare) = (Mosquitto::start(), Mosquitto::start());
    let gate = Gate::to(preferred.port).await;
    let publisher = start(&several(&[gate.port, spare.port]));
    let handle = publisher.handle();
    online(&publisher).await;
    let mut at_spare = Listener::everything(spare.port).await;
    let mut events = 0..;
    let mut tell = |how_many: usize| events.by_ref().take(how_many).for_each(|number| handle.event(event(number)));

    tell(20);
    none_waiting(&handle).await;
    // These are on their way when the preferred broker dies, and arrive at the spare one.
    gate.freeze();
    tell(20);
    preferred.kill();
    gate.shut();
    until(&publisher, on_spare(spare.port)).await;
    tell(20);
    none_waiting(&handle).await;
    let mut arrived = BTreeSet::new();
    assert_eq!(at_spare.next_on(STATUS).await.text(), "online");
    while arrived.len() < 40 {
        arrived.insert(number(&at_spare.next_on(EVENTS).await));
    }
    assert_eq!(arrived, (20..60).collect());

    // These happen while it goes back: each arrives at one of the two, or at both.
    preferred.restart();
    let mut at_preferred = Listener::everything(preferred.port).await;
    gate.open();
    while *publisher.connection().borrow() != Connection::Online {
        tell(1);
        sleep(Duration::from_millis(2)).await;
    }
    tell(20);
    none_waiting(&handle).await;
    let told = handle.counts().events_published;
    let all: BTreeSet<_> = (60..u128::from(told)).collect();
    arrived.clear();
    assert_eq!(at_preferred.next_on(STATUS).await.text(), "online");
    loop {
        let message = at_spare.next().await;
        if message.topic == EVENTS {
            arrived.insert(number(&message));
        }
        if message.topic == STATUS {
            // Nobody is told by the spare broker that the device is there when it is not.
            assert_eq!(message.text(), "offline");
            break;
        }
    }
    while !arrived.is_superset(&all) {
        arrived.insert(number(&at_preferred.next_on(EVENTS).await));
    }
    assert_eq!((handle.counts().events_dropped, handle.counts().events_refused), (0, 0));
}

#[tokio::test]
async fn a_device_stays_with_the_spare_broker_while_the_preferred_one_does_not_let_it_in() {
    let spare = Mosquitto::start();
    // Accepts connections and says nothing of MQTT.
    let preferred = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = preferred.local_addr().unwrap().port();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = visits.clone();
    let task = tokio::spawn(async move {
        while preferred.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let publisher = start(&several(&[port, spare.port]));
    until(&publisher, on_spare(spare.port)).await;
    let before = visits.load(Ordering::Relaxed);
    let looked = async {
        while visits.load(Ordering::Relaxed) < before + 5 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, looked).await.expect("the preferred broker is not looked for");
    let counts = publisher.handle().counts();
    assert_eq!((counts.connects, counts.losses), (1, 0));
    assert!(!spare.log().contains("-scout"), "{}", spare.log());
    task.abort();
}

#[tokio::test]
async fn when_all_are_away_the_trouble_is_that_of_the_preferred_one() {
    let gate = Gate::to(1).await;
    gate.shut();
    let publisher = start(&several(&[gate.port, 1]));
    counted(&publisher.handle(), |counts| counts.failures >= 4).await;
    let trouble = trouble(&publisher).await;
    assert!(
        matches!(trouble, Trouble::Refused { .. }) && trouble.to_string().contains(&gate.port.to_string()),
        "{trouble}"
    );
}

#[tokio::test]
async fn the_preferred_broker_is_told_by_a_scout_under_another_name() {
    let (mut preferred, spare) = (Mosquitto::start(), Mosquitto::start());
    preferred.kill();
    let publisher = start(&several(&[preferred.port, spare.port]));
    until(&publisher, on_spare(spare.port)).await;
    preferred.restart();
    online(&publisher).await;
    let log = preferred.log();
    let scout = log.find("affectd-kiosk-7-scout").unwrap_or_else(|| panic!("no scout came:\n{log}"));
    let device = log.find("as affectd-kiosk-7 ").unwrap_or_else(|| panic!("the device did not come:\n{log}"));
    assert!(scout < device, "{log}");
}
