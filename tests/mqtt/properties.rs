//! What is said along with each message: what kind it is, and how long it is of use; and payloads as CBOR.

use affectd::face::TrackId;
use affectd::publish::payload::Encoding;
use affectd::publish::{FaceState, PublishSettings};
use serde_json::Value;

use crate::harness::*;
use crate::support::listener::{Listener, Message};
use crate::support::mosquitto::Mosquitto;
use crate::support::schema;

fn kind(message: &Message) -> Option<&str> {
    message.properties.content_type.as_deref()
}

#[tokio::test]
async fn a_message_says_what_it_is_and_how_long_it_is_of_use() {
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    let publisher = start(&settings(broker.port));
    let handle = publisher.handle();
    online(&publisher).await;
    handle.try_state(scene(1));
    handle.event(event(1));

    let status = listener.next_on(STATUS).await;
    assert_eq!((kind(&status), status.properties.payload_format_indicator), (None, Some(1)));
    let device = listener.next_on(DEVICE).await.properties;
    assert_eq!((device.content_type.as_deref(), device.message_expiry_interval), (Some("application/json"), None));
    assert_eq!(device.user_properties, [("schema".to_owned(), "1".to_owned())]);
    let (mut event, mut scene) = (None, None);
    while event.is_none() || scene.is_none() {
        let message = listener.next().await;
        let place = if message.topic == EVENTS { &mut event } else { &mut scene };
        *place = message.properties.message_expiry_interval;
    }
    // The broker counts down, whole seconds, while it has a message.
    assert!(event.is_some_and(|seconds| (86_000..=86_400).contains(&seconds)), "{event:?}");
    assert!(scene.is_some_and(|seconds| seconds <= 10), "{scene:?}");
}

#[tokio::test]
async fn cbor_says_the_same_as_json() {
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    let publisher = start(&PublishSettings { encoding: Encoding::Cbor, ..settings(broker.port) });
    let handle = publisher.handle();
    online(&publisher).await;
    handle.try_state(face(7));
    handle.try_state(scene(1));
    handle.event(event(3));
    for (topic, name) in [(DEVICE, "device"), (EVENTS, "event"), (FACE, "face-state"), (SCENE, "scene-state")] {
        let message = listener.next_on(topic).await;
        assert_eq!(kind(&message), Some("application/cbor"));
        let payload: Value = ciborium::from_reader(&*message.payload).unwrap();
        schema::fits(name, &payload, topic);
        assert_eq!(payload["device"], "kiosk-7");
    }
}

/// More topics than the broker gives numbers for (ten, unless it is told otherwise).
#[tokio::test]
async fn each_of_many_faces_keeps_its_topic() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, "affect/kiosk-7/faces/#", None).await;
    let publisher = start(&PublishSettings { state_interval: std::time::Duration::ZERO, ..settings(broker.port) });
    let handle = publisher.handle();
    online(&publisher).await;
    for round in 0..4 {
        for track in 1..=15 {
            handle.try_state(FaceState { track: TrackId(track), ..face(round) });
        }
        for _ in 1..=15 {
            let message = listener.next().await;
            let number = message.json()["face"].as_u64().unwrap();
            assert_eq!(message.topic, format!("affect/kiosk-7/faces/{number}/state"));
            assert_eq!(message.json()["frame"], round);
        }
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_broker_is_counted_and_the_connection_stays() {
    let broker = Mosquitto::with("allow_anonymous true\nmax_packet_size 400\n");
    let publisher = start(&settings(broker.port));
    let handle = publisher.handle();
    online(&publisher).await;
    handle.event(event(1));
    let counts = counted(&handle, |counts| counts.events_refused == 1).await;
    assert_eq!((counts.losses, handle.waiting_events()), (0, 0));
}
