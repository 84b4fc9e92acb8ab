//! What a device announces, what it hears, and what it answers.

use affectd::publish::{Announcement, Arrival, PublishSettings, Publisher, Reply};
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::harness::*;
use crate::support::SOON;
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

const COMMAND: &str = "affect/kiosk-7/cmd/mute";
const NOTICE: &str = "affect/kiosk-7/notice";

fn listening(port: u16) -> PublishSettings {
    PublishSettings { subscriptions: vec!["affect/kiosk-7/cmd/+".to_owned()], ..settings(port) }
}

async fn next(arrivals: &mut mpsc::Receiver<Arrival>) -> Arrival {
    timeout(SOON, arrivals.recv()).await.expect("nothing arrived").expect("the publisher has ended")
}

fn announce(publisher: &Publisher, announcements: &[(&str, &str)]) {
    let announcement = |&(topic, payload): &(&str, &str)| Announcement {
        topic: format!("affect/kiosk-7/{topic}"),
        payload: payload.into(),
    };
    publisher.handle().announce("test", announcements.iter().map(announcement).collect());
}

#[tokio::test]
async fn an_announcement_is_kept_changed_and_removed() {
    let mut broker = Mosquitto::start();
    let publisher = start(&settings(broker.port));
    announce(&publisher, &[("notice", "{}"), ("more", "1")]);
    online(&publisher).await;
    let mut listener = Listener::everything(broker.port).await;
    assert_eq!(listener.next_on(NOTICE).await.text(), "{}");
    announce(&publisher, &[("notice", "{\"muted\":true}")]);
    while !listener.next_on("affect/kiosk-7/more").await.text().is_empty() {}
    assert_eq!(listener.next_on(NOTICE).await.text(), "{\"muted\":true}");

    // A broker that has forgotten everything is told again.
    broker.kill();
    broker.restart();
    let mut late = Listener::everything(broker.port).await;
    assert_eq!(late.next_on(NOTICE).await.text(), "{\"muted\":true}");
}

#[tokio::test]
async fn a_command_arrives_and_is_answered_where_and_as_its_sender_asked() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, "answers/#", None).await;
    let mut publisher = start(&listening(broker.port));
    let mut arrivals = publisher.arrivals().unwrap();
    assert!(publisher.arrivals().is_none());
    online(&publisher).await;
    let properties = PublishProperties {
        response_topic: Some("answers/7".to_owned()),
        correlation_data: Some("n-42".into()),
        ..PublishProperties::default()
    };
    listener.say(COMMAND, "{}", false, properties).await;
    let arrival = next(&mut arrivals).await;
    let expected = Arrival {
        topic: COMMAND.to_owned(),
        payload: b"{}".to_vec(),
        retained: false,
        reply_to: Some("answers/7".to_owned()),
        correlation: Some(b"n-42".to_vec()),
    };
    assert_eq!(arrival, expected);
    let topic = arrival.reply_to.unwrap();
    publisher.handle().reply(Reply { topic, payload: b"{\"ok\":true}".to_vec(), correlation: arrival.correlation });
    let answer = listener.next().await;
    assert_eq!((answer.topic.as_str(), answer.text(), answer.retained), ("answers/7", "{\"ok\":true}", false));
    assert_eq!(answer.properties.correlation_data.as_deref(), Some(&b"n-42"[..]));
}

#[tokio::test]
async fn a_command_that_was_given_while_the_device_was_away_arrives_when_it_is_back() {
    let broker = Mosquitto::start();
    let first = start(&listening(broker.port));
    online(&first).await;
    let mut listener = Listener::to(broker.port, STATUS, None).await;
    // Dropped, not stopped: as a crash would.
    drop(first);
    while listener.next().await.text() != "offline" {}
    listener.say(COMMAND, "{\"while\":\"away\"}", false, PublishProperties::default()).await;

    let mut again = start(&listening(broker.port));
    let mut arrivals = again.arrivals().unwrap();
    assert_eq!(next(&mut arrivals).await.payload, b"{\"while\":\"away\"}");
}

#[tokio::test]
async fn a_flood_of_commands_is_cut_off_and_counted_and_events_go_on() {
    let broker = Mosquitto::start();
    let mut listener = Listener::to(broker.port, EVENTS, None).await;
    let mut publisher = start(&listening(broker.port));
    let handle = publisher.handle();
    // Nobody looks at what arrives.
    let _arrivals = publisher.arrivals().unwrap();
    online(&publisher).await;
    for _ in 0..200 {
        listener.say(COMMAND, "{}", false, PublishProperties::default()).await;
    }
    counted(&handle, |counts| counts.arrivals_dropped == 200 - 64).await;
    handle.event(event(1));
    assert_eq!(number(&listener.next().await), 1);
}

#[tokio::test]
async fn an_answer_without_a_connection_is_counted_and_not_sent_later() {
    let publisher = start(&settings(1));
    let handle = publisher.handle();
    handle.reply(Reply { topic: "answers".to_owned(), payload: Vec::new(), correlation: None });
    assert_eq!(handle.counts().replies_dropped, 1);
}
