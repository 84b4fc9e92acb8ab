//! Consent and its withdrawal, and what is sensed between the two: nothing.

use std::fs;

use jiff::Timestamp;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};

use crate::support::listener::{Listener, Message};
use crate::support::media::astronaut_clip;
use crate::support::mosquitto::Mosquitto;
use crate::support::program;
use crate::support::schema;
use crate::world::{World, children};

/// A daemon with a clip for a camera, on which it starts anew when it opens it again.
struct Place {
    world: World,
    mosquitto: Mosquitto,
    clip: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { world: World::new(), mosquitto: Mosquitto::start(), clip: tempfile::tempdir().unwrap() }
    }

    fn start(&self, privacy: &str) -> std::process::Child {
        let clip = astronaut_clip(self.clip.path(), "clip.mp4", 120.0, "scale=640:640");
        let config = self.world.path("affectd.toml");
        let text = format!(
            "[device]\nid = \"ask-1\"\n[source]\nvideo = \"file:{}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n\
             [privacy]\ncontext = \"exhibition\"\n{privacy}\n",
            clip.display(),
            self.mosquitto.port,
        );
        fs::write(&config, text).unwrap();
        self.world.start("run", &["run", "--config", config.to_str().unwrap()])
    }

    /// What somebody else says on a topic of theirs, retained.
    async fn says(&self, word: &str) {
        let options = MqttOptions::new("the-switch-at-the-entrance", "127.0.0.1", self.mosquitto.port);
        let (client, mut line) = AsyncClient::new(options, 4);
        client.publish("site/consent", QoS::AtLeastOnce, true, word.to_owned()).await.unwrap();
        while !matches!(line.poll().await.unwrap(), Event::Incoming(Packet::PubAck(_))) {}
    }
}

/// Everything up to the notice that says so, and the notice.
async fn until_notice(listener: &mut Listener, state: &str) -> (Vec<Message>, Value) {
    let mut before = Vec::new();
    loop {
        let message = listener.next().await;
        if !message.topic.starts_with("affect/") {
            continue;
        }
        schema::check(&message);
        if message.topic == "affect/ask-1/notice" && message.json()["state"] == state {
            return (before, message.json());
        }
        before.push(message);
    }
}

fn stop(daemon: &mut std::process::Child) {
    program::signal(daemon.id(), "-TERM");
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
}

fn is_of_people(message: &&Message) -> bool {
    message.topic.ends_with("/state") || message.topic.ends_with("/events")
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sensed_before_consent_and_nothing_after_it_is_withdrawn() {
    let place = Place::new();
    let consent = place.world.path("consent");
    let mut listener = Listener::everything(place.mosquitto.port).await;
    let mut daemon = place.start(&format!("consent = \"ask\"\nconsent_signal = \"file:{}\"", consent.display()));
    let (before, notice) = until_notice(&mut listener, "muted").await;
    assert_eq!((&notice["why"], &notice["context"]), (&json!("consent"), &json!("exhibition")));
    assert_eq!(before.iter().filter(is_of_people).count(), 0);
    assert_eq!(children(daemon.id()), [0; 0], "nothing decodes what nobody may see");

    fs::write(&consent, "1\n").unwrap();
    let (before, given) = until_notice(&mut listener, "sensing").await;
    assert_eq!(before.iter().filter(is_of_people).count(), 0);
    assert!(given.get("why").is_none());
    let begun = loop {
        let event = listener.next_on("affect/ask-1/events").await.json();
        if event["kind"] == "presence" && event["type"] == "new" {
            break event;
        }
    };

    fs::write(&consent, "0\n").unwrap();
    let (going, withdrawn) = until_notice(&mut listener, "muted").await;
    assert_eq!(withdrawn["why"], "consent");
    while children(daemon.id()) != [0; 0] {
        tokio::task::yield_now().await;
    }
    fs::write(&consent, "on").unwrap();
    let (between, again) = until_notice(&mut listener, "sensing").await;
    // The end of an event and the notice do not wait for each other.
    let ended = going.iter().chain(&between).filter(|message| message.topic.ends_with("/events")).map(Message::json);
    let ended: Vec<_> = ended.filter(|event| event["type"] == "end").map(|event| event["id"].clone()).collect();
    assert!(ended.contains(&begun["id"]), "{ended:?} without {begun}");
    for message in between.iter().filter(is_of_people).map(Message::json) {
        let (is_end, since) = (message["type"] == "end", time(&withdrawn["since"]));
        let at = message.get("captured_at").or(message.get("at")).map(time);
        assert!(is_end || at <= Some(since), "after {since}: {message}");
    }

    // Whoever is there now is somebody new, and nothing is from between.
    let face = loop {
        let message = listener.next().await;
        if message.topic.contains("/faces/") {
            break message.json();
        }
    };
    assert!(time(&face["captured_at"]) >= time(&again["since"]), "{face} before {again}");
    assert!(face["face"].as_u64() > begun["face"].as_u64(), "{face} after {begun}");
    stop(&mut daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_starts_muted_is_there_and_well_and_senses_nothing() {
    let place = Place::new();
    let mut listener = Listener::everything(place.mosquitto.port).await;
    let mut daemon = place.start("start_muted = true");
    let (mut messages, notice) = until_notice(&mut listener, "muted").await;
    assert_eq!(notice["why"], "configured");
    let health = loop {
        let message = listener.next().await;
        if message.topic.ends_with("/health") && message.json()["uptime_s"].as_u64() > Some(4) {
            break message.json();
        }
        messages.push(message);
    };
    assert_eq!(health["stages"]["camera"]["state"], "ok", "{health}");
    assert_eq!(health["stages"]["faces"]["state"], "ok", "{health}");
    assert_eq!(children(daemon.id()), [0; 0]);
    stop(&mut daemon);
    while !messages.last().is_some_and(|last| last.topic.ends_with("/status") && last.text() == "stopped") {
        messages.push(listener.next().await);
    }
    assert_eq!(messages.iter().filter(is_of_people).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_the_broker_gives_consent_and_takes_it() {
    let mut place = Place::new();
    let mut listener = Listener::everything(place.mosquitto.port).await;
    let mut daemon = place.start("consent = \"ask\"\nconsent_signal = \"mqtt:site/consent\"");
    until_notice(&mut listener, "muted").await;
    place.says("on").await;
    let (before, _) = until_notice(&mut listener, "sensing").await;
    assert_eq!(before.iter().filter(is_of_people).count(), 0);
    while !listener.next().await.topic.contains("/faces/") {}
    place.says("off").await;
    until_notice(&mut listener, "muted").await;
    place.says("on").await;
    until_notice(&mut listener, "sensing").await;
    // While the broker is away nobody could withdraw. It keeps nothing when it dies, so it does not say yes again.
    place.mosquitto.kill();
    while children(daemon.id()) != [0; 0] {
        tokio::task::yield_now().await;
    }
    place.mosquitto.restart();
    let mut listener = Listener::everything(place.mosquitto.port).await;
    let (_, notice) = until_notice(&mut listener, "muted").await;
    assert_eq!(notice["why"], "consent");
    stop(&mut daemon);
}
