//! The announcement on a real broker: kept there, said again, taken back.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use affectd::clock::SystemClock;
use affectd::config::{self, Environment};
use affectd::publish::{BrokerAddress, Identity, Protocol, PublishSettings, Publisher, Topics};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::daemon::{CONFIG, Place};
use crate::harness::identity;
use crate::support::listener::{Listener, Message};
use crate::support::mosquitto::Mosquitto;
use crate::support::{SOON, program};

const STATUS: &str = "affect/home-1/status";
const ENABLED: &str = "enabled = true";

/// What the broker keeps on the topic, for one who comes now.
async fn kept(port: u16, topic: &str) -> Option<Message> {
    let mut listener = Listener::to(port, topic, None).await;
    listener.within(Duration::from_millis(500)).await.filter(|message| message.retained)
}

async fn say(port: u16, topic: &str, payload: &str) {
    let (client, mut line) = AsyncClient::new(MqttOptions::new("home", "127.0.0.1", port), 4);
    client.publish(topic, QoS::AtLeastOnce, false, payload.to_owned()).await.unwrap();
    tokio::spawn(async move { while line.poll().await.is_ok() {} });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_kept_and_said_again_when_home_assistant_has_started() {
    let (place, mosquitto) = (Place::new(), Mosquitto::start());
    let mut listener = Listener::everything(mosquitto.port).await;
    let daemon = place.start(mosquitto.port, ENABLED);
    let announced = listener.next_on(CONFIG).await;
    assert_eq!((announced.qos, announced.json()["dev"]["ids"].clone()), (1, json!(["affectd-home-1"])));
    assert_eq!(kept(mosquitto.port, CONFIG).await.unwrap().payload, announced.payload);
    // What Home Assistant says when it stops is no reason.
    say(mosquitto.port, "homeassistant/status", "offline").await;
    say(mosquitto.port, "homeassistant/status", "online").await;
    let again = listener.next_on(CONFIG).await;
    assert_eq!(again.payload, announced.payload);
    // It is not taken back with a goodbye: the device is there, and off.
    let log = daemon.stop();
    assert_eq!(kept(mosquitto.port, CONFIG).await.unwrap().payload, announced.payload, "{log}");
    let mut later = Vec::new();
    while let Some(message) = listener.within(Duration::from_millis(200)).await {
        later.push(message);
    }
    assert!(!later.iter().any(|message| message.topic == CONFIG), "it was said more often than it had to be");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_wanted_any_more_is_taken_back_by_the_next_process() {
    let (place, mosquitto) = (Place::new(), Mosquitto::start());
    let daemon = place.start(mosquitto.port, "enabled = true\ndiscovery_prefix = \"home\"");
    let mut listener = Listener::everything(mosquitto.port).await;
    listener.next_on("home/device/affectd-home-1/config").await;
    daemon.kill();
    // Another prefix: the former announcement goes, the new one comes.
    let daemon = place.start(mosquitto.port, ENABLED);
    while !listener.next_on("home/device/affectd-home-1/config").await.payload.is_empty() {}
    assert!(!listener.next_on(CONFIG).await.payload.is_empty());
    daemon.kill();
    // Off: it goes, too, and in the end nothing is remembered that could be taken back.
    let daemon = place.start(mosquitto.port, "");
    while !listener.next_on(CONFIG).await.payload.is_empty() {}
    let deadline = Instant::now() + SOON;
    while place.memory().is_some() {
        assert!(Instant::now() < deadline, "{}", daemon.log());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(daemon.stop().contains("Taken back from Home Assistant"));
    for topic in [CONFIG, "home/device/affectd-home-1/config"] {
        assert_eq!(kept(mosquitto.port, topic).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_announced_unless_it_is_asked_for() {
    let (place, mosquitto) = (Place::new(), Mosquitto::start());
    let mut listener = Listener::everything(mosquitto.port).await;
    let daemon = place.start(mosquitto.port, "");
    while listener.next_on(STATUS).await.text() != "online" {}
    let log = daemon.stop();
    let mut topics = Vec::new();
    while let Some(message) = listener.within(Duration::from_millis(200)).await {
        topics.push(message.topic);
    }
    assert!(!topics.iter().any(|topic| topic.starts_with("homeassistant")), "{topics:?}\n{log}");
    assert_eq!(place.memory(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_packs_are_announced_anew() {
    let (place, mosquitto) = (Place::new(), Mosquitto::start());
    let models = place.models();
    for name in ["mtanet", "blazeface-full", "voice"] {
        copy(&program::models().join(name), &models.join(name));
    }
    let mut listener = Listener::everything(mosquitto.port).await;
    let daemon = place.start(mosquitto.port, ENABLED);
    let announced = listener.next_on(CONFIG).await;
    assert!(types(&announced).contains(&json!("action_unit_new")));
    let manifest = models.join("mtanet/pack.toml");
    let fewer = without_action_units(&fs::read_to_string(&manifest).unwrap());
    fs::write(&manifest, fewer).unwrap();
    daemon.reload();
    let anew = listener.next_on(CONFIG).await;
    assert!(!types(&anew).contains(&json!("action_unit_new")) && types(&anew).contains(&json!("expression_new")));
    daemon.stop();
}

fn types(announced: &Message) -> Vec<serde_json::Value> {
    announced.json()["cmps"]["event"]["evt_typ"].as_array().unwrap().clone()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The manifest of the same pack without a head for action units.
fn without_action_units(text: &str) -> String {
    let mut manifest: toml::Table = text.parse().unwrap();
    assert!(manifest["outputs"].as_table_mut().unwrap().remove("action_units").is_some());
    manifest["golden"]["outputs"].as_table_mut().unwrap().remove("action_units").unwrap();
    toml::to_string(&manifest).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_names_are_announced_whichever_mqtt_is_spoken() {
    let mosquitto = Mosquitto::start();
    let (device, prefix) = ("d".repeat(64), "p".repeat(128));
    for (version, protocol) in [("3", Protocol::V311), ("5", Protocol::V5)] {
        let text = format!("[device]\nid = \"{device}\"\n[mqtt]\nprefix = \"{prefix}\"\nversion = {version}");
        let config = config::parse("test", &text, &Environment::default()).unwrap();
        let identity = Identity { device: config.device, ..identity() };
        let broker = BrokerAddress::loopback(mosquitto.port);
        let settings = PublishSettings { broker, ..config.publish };
        assert_eq!(settings.protocol, protocol);
        let publisher =
            Publisher::start(&settings, identity.clone(), Arc::new(SystemClock), &Handle::current()).unwrap();
        let topics = Topics::new(&settings.prefix, &identity.device);
        let announcement = config.home_assistant.discovery.announcement(&identity, &topics);
        assert!(announcement.payload.len() > 10 * 1024, "{} bytes prove nothing", announcement.payload.len());
        let mut listener = Listener::everything(mosquitto.port).await;
        publisher.handle().announce("home assistant", vec![announcement.clone()]);
        // What the broker had kept of the last is not what comes now.
        let mut came = listener.next_on(&announcement.topic).await;
        while came.retained {
            came = listener.next_on(&announcement.topic).await;
        }
        assert_eq!(came.payload, announcement.payload);
        assert!(publisher.stop(SOON).await.clean);
    }
}
