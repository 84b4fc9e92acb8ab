//! What happens when the broker, or the way to it, is gone.

use std::time::Duration;

use affectd::clock::{Clock, SystemClock};
use affectd::face::TrackId;
use affectd::publish::{FaceState, Farewell, Protocol, PublishSettings, Trouble};
use tokio::time::{Instant, sleep};

use crate::harness::*;
use crate::support::gate::Gate;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;
use crate::support::schema;

#[tokio::test]
async fn the_broker_says_offline_when_the_connection_breaks_off() {
    for protocol in [Protocol::V5, Protocol::V311] {
        let broker = Mosquitto::start();
        let mut listener = Listener::to(broker.port, STATUS, None).await;
        let publisher = start(&PublishSettings { protocol, ..settings(broker.port) });
        assert_eq!(listener.next().await.text(), "online");
        drop(publisher);
        let will = listener.next().await;
        assert_eq!(will.text(), "offline");
        schema::check(&will);
        let mut late = Listener::to(broker.port, STATUS, None).await;
        let kept = late.next().await;
        assert_eq!((kept.text(), kept.retained), ("offline", true));
    }
}

#[tokio::test]
async fn status_and_device_are_said_again_on_every_connect() {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let mut listener = Listener::everything(broker.port).await;
    let publisher = start(&settings(gate.port));
    let mut said = Vec::new();
    for connect in 0..2 {
        for _ in 0..2 {
            let message = listener.next().await;
            said.push((message.topic.clone(), message.topic == STATUS && message.text() == "online"));
        }
        if connect == 0 {
            gate.shut();
            assert_eq!(listener.next_on(STATUS).await.text(), "offline");
            gate.open();
        }
    }
    let introduction = [(STATUS.to_owned(), true), (DEVICE.to_owned(), false)];
    assert_eq!(said, [introduction.clone(), introduction].concat());
    let counts = publisher.handle().counts();
    assert_eq!((counts.connects, counts.losses), (2, 1));
}

#[tokio::test]
async fn events_survive_a_killed_broker_in_order_and_under_their_ids() {
    for protocol in [Protocol::V5, Protocol::V311] {
        let mut broker = Mosquitto::start();
        let gate = Gate::to(broker.port).await;
        let mut listener = Listener::to(broker.port, EVENTS, None).await;
        let publisher = start(&PublishSettings { protocol, ..settings(gate.port) });
        let handle = publisher.handle();
        online(&publisher).await;

        (0..50).for_each(|number| handle.event(event(number)));
        for expected in 0..50 {
            let message = listener.next().await;
            assert_eq!((number(&message), message.qos), (expected, 1));
        }
        none_waiting(&handle).await;

        // These are sent and reach nobody: the broker dies before it sees them.
        gate.freeze();
        (50..60).for_each(|number| handle.event(event(number)));
        broker.kill();
        gate.shut();
        trouble(&publisher).await;
        // These happen while there is no broker; the first of them an hour ago.
        handle.event(event_at(60, ago(Duration::from_secs(3600))));
        (61..100).for_each(|number| handle.event(event(number)));
        assert_eq!(handle.waiting_events(), 50);

        broker.restart();
        let mut listener = Listener::to(broker.port, EVENTS, None).await;
        gate.open();
        for expected in 50..100 {
            let message = listener.next().await;
            schema::check(&message);
            assert_eq!(number(&message), expected);
            if expected == 60 {
                assert_eq!(message.json()["historical"], true);
            }
        }
        none_waiting(&handle).await;
        assert_eq!((handle.counts().events_published, handle.counts().events_dropped), (100, 0));
    }
}

#[tokio::test]
async fn events_from_before_the_first_connection_arrive_and_keep_their_time() {
    let mut broker = Mosquitto::start();
    broker.kill();
    let publisher = start(&settings(broker.port));
    let handle = publisher.handle();
    assert!(matches!(trouble(&publisher).await, Trouble::NobodyListens { .. }));
    let at = ago(Duration::from_secs(60));
    handle.event(event_at(7, at));

    broker.restart();
    let mut listener = Listener::to(broker.port, "affect/kiosk-7/+", None).await;
    let message = listener.next_on(EVENTS).await;
    assert_eq!((number(&message), &message.json()["historical"]), (7, &serde_json::json!(true)));
    let said = message.json()["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(said.duration_since(SystemClock.wall(at)).abs() < jiff::SignedDuration::from_millis(50), "{said}");
}

#[tokio::test]
async fn when_too_many_events_wait_the_oldest_go_and_are_counted() {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    gate.shut();
    let publisher = start(&PublishSettings { waiting_events: 5, ..settings(gate.port) });
    let handle = publisher.handle();
    (0..20).for_each(|number| handle.event(event(number)));
    assert_eq!((handle.waiting_events(), handle.counts().events_dropped), (5, 15));
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    gate.open();
    for expected in 15..20 {
        assert_eq!(number(&listener.next().await), expected);
    }
}

#[tokio::test]
async fn states_are_dropped_and_counted_while_the_broker_is_away() {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let mut listener = Listener::everything(broker.port).await;
    let publisher = start(&settings(gate.port));
    let handle = publisher.handle();
    online(&publisher).await;
    gate.shut();
    trouble(&publisher).await;
    (0..10).for_each(|frame| handle.try_state(face(frame)));
    assert_eq!(handle.counts().states_dropped, 10);

    gate.open();
    online(&publisher).await;
    handle.try_state(face(99));
    assert_eq!(listener.next_on(FACE).await.json()["frame"], 99);
    assert_eq!(handle.counts().states_published, 1);
}

#[tokio::test]
async fn a_line_that_is_open_at_one_end_only_is_noticed_by_the_second_ping() {
    for protocol in [Protocol::V5, Protocol::V311] {
        let broker = Mosquitto::start();
        let gate = Gate::to(broker.port).await;
        let keep_alive = Duration::from_secs(5);
        let publisher = start(&PublishSettings { protocol, keep_alive, ..settings(gate.port) });
        online(&publisher).await;
        // The introduction is through when the event behind it is.
        publisher.handle().event(event(1));
        none_waiting(&publisher.handle()).await;
        gate.turn_deaf();
        let trouble = trouble(&publisher).await;
        assert!(matches!(trouble, Trouble::Lost { .. }) && trouble.to_string().contains("silent"), "{trouble}");
        // One goes unanswered; when the next is due, that is seen.
        assert_eq!(gate.pings(), 1);
    }
}

#[tokio::test]
async fn a_line_that_takes_no_more_bytes_is_noticed_too() {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let keep_alive = Duration::from_secs(5);
    let publisher = start(&PublishSettings { keep_alive, state_interval: Duration::ZERO, ..settings(gate.port) });
    let handle = publisher.handle();
    online(&publisher).await;
    gate.freeze();
    // The kernel's buffers fill within a second or two; from then on the client is stuck while it writes, and
    // does not even ask whether the broker is there.
    let flood = tokio::spawn(async move {
        loop {
            (0..16).for_each(|n| handle.try_state(FaceState { track: TrackId(n), ..face(0) }));
            sleep(Duration::from_millis(1)).await;
        }
    });
    let trouble = trouble(&publisher).await;
    flood.abort();
    assert!(matches!(trouble, Trouble::Lost { .. }), "{trouble}");
}

#[tokio::test]
async fn a_stop_waits_for_the_events_but_not_for_ever() {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    let publisher = start(&settings(gate.port));
    online(&publisher).await;
    gate.freeze();
    publisher.handle().event(event(1));
    let asked = Instant::now();
    let farewell = publisher.stop(Duration::from_millis(300)).await;
    assert_eq!(farewell, Farewell { clean: false, lost_events: 1 });
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}
