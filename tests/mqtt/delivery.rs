//! What a subscriber gets: topics, payloads, retained or not, at which rate.

use std::time::Duration;

use affectd::publish::{Farewell, Protocol, PublishSettings};

use crate::harness::*;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::{SOON, schema};

/// Listens at one port of a broker, speaks to another, and checks everything that comes. Gives back with which
/// QoS face, scene and event came.
async fn everything_arrives(listen: u16, speak: PublishSettings) -> [u8; 3] {
    let mut listener = Listener::everything(listen).await;
    let publisher = start(&speak);
    let handle = publisher.handle();
    let first = listener.next().await;
    assert_eq!((first.topic.as_str(), first.text(), first.qos), (STATUS, "online", 1));
    assert_eq!(listener.next().await.topic, DEVICE);

    online(&publisher).await;
    handle.try_state(face(1));
    handle.try_state(scene(1));
    handle.event(event(1));
    let mut came = vec![first];
    for _ in 0..3 {
        came.push(listener.next().await);
    }
    came.iter().for_each(schema::check);
    let find = |topic: &str| came.iter().find(|message| message.topic == topic).unwrap();
    assert_eq!(find(FACE).json()["frame"], 1);
    assert_eq!(find(SCENE).json()["faces"], 1);
    assert_eq!((number(find(EVENTS)), &find(EVENTS).json()["historical"]), (1, &false.into()));
    let qos = [FACE, SCENE, EVENTS].map(|topic| find(topic).qos);

    assert_eq!(publisher.stop(SOON).await, Farewell { clean: true, lost_events: 0 });
    let last = listener.next().await;
    assert_eq!((last.topic.as_str(), last.text()), (STATUS, "stopped"));

    // Whoever comes later finds what the device is and that it stopped, and no stale state.
    let mut late = Listener::everything(listen).await;
    let mut kept = [late.next().await, late.next().await];
    kept.iter().for_each(schema::check);
    kept.sort_by(|a, b| a.topic.cmp(&b.topic));
    assert!(kept.iter().all(|message| message.retained));
    assert_eq!((kept[0].topic.as_str(), kept[1].topic.as_str(), kept[1].text()), (DEVICE, STATUS, "stopped"));
    assert_eq!(late.within(Duration::from_millis(200)).await, None);
    let counts = handle.counts();
    assert_eq!((counts.states_published, counts.events_published, counts.connects, counts.losses), (2, 1, 1, 0));
    qos
}

#[tokio::test]
async fn everything_arrives_over_mqtt_5() {
    let broker = Mosquitto::start();
    assert_eq!(everything_arrives(broker.port, settings(broker.port)).await, [0, 0, 1]);
}

#[tokio::test]
async fn everything_arrives_over_mqtt_3_1_1() {
    let broker = Mosquitto::start();
    let speak = PublishSettings { protocol: Protocol::V311, ..settings(broker.port) };
    assert_eq!(everything_arrives(broker.port, speak).await, [0, 0, 1]);
}

#[cfg(feature = "embedded-broker")]
#[tokio::test]
async fn the_embedded_broker_serves_both_versions() {
    use affectd::publish::broker::EmbeddedBroker;
    for protocol in [Protocol::V5, Protocol::V311] {
        let broker = EmbeddedBroker::start().unwrap();
        let address = if protocol == Protocol::V5 { broker.address() } else { broker.address_v311() };
        let speak = PublishSettings { broker: address, protocol, ..PublishSettings::default() };
        // It delivers with the QoS of the subscription, whatever the message was published with.
        assert_eq!(everything_arrives(broker.address().port(), speak).await, [1, 1, 1]);
    }
}

#[tokio::test]
async fn a_prefix_and_a_device_id_stand_in_every_topic() {
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    let settings = PublishSettings { prefix: "site-3/affect".parse().unwrap(), ..settings(broker.port) };
    let publisher = start(&settings);
    assert_eq!(listener.next().await.topic, "site-3/affect/kiosk-7/status");
    online(&publisher).await;
    publisher.handle().event(event(1));
    assert_eq!(listener.next_on("site-3/affect/kiosk-7/events").await.json()["device"], "kiosk-7");
}

#[tokio::test]
async fn a_face_is_told_at_a_limited_rate_and_the_newest_comes_last() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, FACE, None).await;
    let publisher = start(&settings(broker.port));
    let handle = publisher.handle();
    online(&publisher).await;
    handle.try_state(face(0));
    assert_eq!(listener.next().await.json()["frame"], 0);
    (1..=100).for_each(|frame| handle.try_state(face(frame)));
    // Test and publisher share a thread, so the hundred were all there when the next turn came.
    assert_eq!(listener.next().await.json()["frame"], 100);
    let counts = counted(&handle, |counts| counts.states_published == 2).await;
    assert_eq!((counts.states_replaced, counts.states_dropped), (99, 0));
}

#[tokio::test]
async fn a_stop_before_the_first_connection_still_delivers_what_happened() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let publisher = start(&settings(broker.port));
    publisher.handle().event(event(1));
    assert_eq!(publisher.stop(SOON).await, Farewell { clean: true, lost_events: 0 });
    assert_eq!(number(&listener.next().await), 1);
}
