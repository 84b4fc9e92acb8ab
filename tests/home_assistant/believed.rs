//! What a real Home Assistant makes of the announcement and of the real payloads: nothing that it is not content with,
//! and every entity with the state that the templates should give.

use std::sync::Arc;
use std::time::Duration;

use affectd::affect::{Confidence, Estimate, Valence};
use affectd::clock::{Clock, SystemClock};
use affectd::config::{self, Environment};
use affectd::events::Kind;
use affectd::health::{Health, Level, Stage, StageHealth};
use affectd::publish::discovery::DiscoverySettings;
use affectd::publish::{Identity, PackInfo, Prefix, PublishHandle, Publisher, SceneState, Topics, VoiceState};
use affectd::voice::SoundQuality;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::harness::{ago, event, event_at, identity, online, scene, settings};
use crate::home::{self, Home};
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

const NOTICE: &str = "affect/kiosk-7/notice";

/// A device that sees everything and hears.
fn capable() -> Identity {
    let pack = |kind: &str| PackInfo { kind: kind.to_owned(), name: kind.to_owned(), ..identity().packs[0].clone() };
    let capabilities = vec![
        Kind::Presence,
        Kind::Expression,
        Kind::Compound,
        Kind::ActionUnit,
        Kind::Valence,
        Kind::Arousal,
        Kind::Voice,
    ];
    let packs = ["detector", "frame", "voice"].map(pack).to_vec();
    Identity { board: Some("Raspberry Pi 5".to_owned()), packs, capabilities, ..identity() }
}

/// As configured by default, on a board with a thermometer, where muting is allowed.
fn discovery() -> DiscoverySettings {
    let config = config::parse("test", "[device]\nid = \"kiosk-7\"", &Environment::default()).unwrap();
    DiscoverySettings { mute: true, thermometer: true, ..config.home_assistant.discovery }
}

/// The device on a broker of its own.
struct Device {
    publisher: Publisher,
    handle: PublishHandle,
    mosquitto: Mosquitto,
}

impl Device {
    /// Connected, and announced with all that it can.
    async fn announced() -> Self {
        let mosquitto = Mosquitto::start();
        let (settings, clock) = (settings(mosquitto.port), Arc::new(SystemClock));
        let publisher = Publisher::start(&settings, capable(), clock, &Handle::current()).unwrap();
        online(&publisher).await;
        let device = Self { handle: publisher.handle(), publisher, mosquitto };
        device.announce(&capable());
        device
    }

    fn announce(&self, identity: &Identity) {
        let topics = Topics::new(&Prefix::default(), &identity.device);
        self.handle.announce("home assistant", vec![discovery().announcement(identity, &topics)]);
    }

    fn port(&self) -> u16 {
        self.mosquitto.port
    }
}

fn health(camera: Level, why: &str) -> Health {
    let stage = |stage| StageHealth {
        stage,
        level: Level::Ok,
        why: String::new(),
        since: SystemClock.now(),
        rate: None,
        dropped: None,
        damaged: None,
        latency: None,
        restarts: 0,
        waiting: None,
    };
    let stages = Stage::ALL.map(|name| match name {
        Stage::Camera => {
            StageHealth { level: camera, why: why.to_owned(), rate: Some(29.97), dropped: Some(2), ..stage(name) }
        }
        Stage::Faces => {
            let latency = Some((Duration::from_micros(23_800), Duration::from_micros(47_600)));
            StageHealth { rate: Some(15.0), latency, ..stage(name) }
        }
        _ => stage(name),
    });
    let (at, stages) = (SystemClock.now(), stages.to_vec());
    Health { at, started: at, stages, temperature: Some(61.3), throttled: false }
}

fn voice() -> VoiceState {
    VoiceState {
        captured_at: SystemClock.now(),
        span: Duration::from_secs(3),
        activity: Confidence::new(0.7).unwrap(),
        quality: SoundQuality { level: -30.0, clipped: Confidence::MIN },
        estimate: Estimate::default(),
        expression: None,
        confidence: Confidence::MIN,
    }
}

/// Somebody who may publish anything, for what other parts of a device say.
struct Anybody(AsyncClient);

impl Anybody {
    fn at(port: u16) -> Self {
        let (client, mut line) = AsyncClient::new(MqttOptions::new("anybody", "127.0.0.1", port), 16);
        tokio::spawn(async move { while line.poll().await.is_ok() {} });
        Self(client)
    }

    async fn retain(&self, topic: &str, payload: &Value) {
        self.0.publish(topic, QoS::AtLeastOnce, true, payload.to_string()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn home_assistant_shows_what_a_device_tells() {
    let Some(python) = home::python() else { return };
    let device = Device::announced().await;
    let (handle, anybody) = (&device.handle, Anybody::at(device.port()));
    handle.health(health(Level::Ok, ""));
    anybody.retain(NOTICE, &json!({"schema": 1, "device": "kiosk-7", "state": "sensing"})).await;
    let mut home = Home::start(&python, device.port()).await;

    // What is retained is there without a further word.
    let retained = [
        ("sensor.kiosk_7_camera", "ok"),
        ("sensor.kiosk_7_voice_models", "ok"),
        ("sensor.kiosk_7_board", "ok"),
        ("sensor.kiosk_7_temperature", "61.3"),
        ("sensor.kiosk_7_frame_rate", "30.0"),
        ("sensor.kiosk_7_frames_read", "15.0"),
        ("sensor.kiosk_7_latency", "23.8"),
        ("sensor.kiosk_7_latency_99", "47.6"),
        ("binary_sensor.kiosk_7_problem", "off"),
        ("binary_sensor.kiosk_7_throttled", "off"),
        ("switch.kiosk_7_mute", "off"),
    ];
    home.shows_all(&retained, || ()).await;

    // States are said until Home Assistant listens.
    let seen = || handle.try_state(SceneState { valence: Valence::new(-0.04), ..scene(3) });
    let of_three = [
        ("sensor.kiosk_7_faces", "3"),
        ("binary_sensor.kiosk_7_presence", "on"),
        ("sensor.kiosk_7_expression", "happiness"),
        ("sensor.kiosk_7_valence", "0.0"),
        ("sensor.kiosk_7_arousal", "unknown"),
    ];
    home.shows_all(&of_three, seen).await;
    let nobody = || handle.try_state(SceneState { valence: None, expression: None, ..scene(0) });
    let of_nobody = [
        ("sensor.kiosk_7_faces", "0"),
        ("binary_sensor.kiosk_7_presence", "off"),
        ("sensor.kiosk_7_expression", "unknown"),
        ("sensor.kiosk_7_valence", "unknown"),
    ];
    home.shows_all(&of_nobody, nobody).await;
    home.shows("binary_sensor.kiosk_7_voice", "on", || handle.try_state(voice())).await;

    // What is wrong is told with its reason.
    handle.health(health(Level::Failed, "it is gone; plug it in"));
    home.shows_all(&[("binary_sensor.kiosk_7_problem", "on"), ("sensor.kiosk_7_camera", "failed")], || ()).await;
    assert_eq!(home.attribute("sensor.kiosk_7_camera", "why"), "it is gone; plug it in");
    assert_eq!(home.attribute("binary_sensor.kiosk_7_problem", "camera"), "it is gone; plug it in");

    let registries = home.registries().await;
    assert_eq!(
        registries["devices"],
        json!([{"name": "kiosk-7", "manufacturer": "affectd", "model": "Raspberry Pi 5", "sw_version": "0.1.0"}])
    );
    for entity in registries["entities"].as_array().unwrap() {
        assert!(entity["unique_id"].as_str().unwrap().starts_with("affectd-kiosk-7-"), "{entity}");
    }
    let gone = device.publisher.stop(Duration::from_secs(5)).await;
    assert!(gone.clean);
    home.loses_the_device().await;
    assert_eq!(home.complaints, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_when_it_happens_and_not_when_it_is_past() {
    let Some(python) = home::python() else { return };
    let device = Device::announced().await;
    let mut home = Home::start(&python, device.port()).await;
    let told = "event.kiosk_7_affect_event";
    home.until(
        "an event should be told",
        || device.handle.event(event(1)),
        |home| home.attribute(told, "event_type") == "expression_new",
    )
    .await;
    assert_eq!((home.attribute(told, "label"), home.attribute(told, "face")), (json!("happiness"), json!(12)));
    // They arrive in order: had the one that is past been told, it would have been before the last.
    device.handle.event(event_at(2, ago(Duration::from_secs(60))));
    let mut ids = Vec::new();
    device.handle.event(event(3));
    while ids.last() != Some(&id(3)) {
        let is_next = |home: &Home| ![Some(&id(1)), ids.last()].contains(&Some(&home.attribute(told, "id")));
        home.comes_to("tell the next event", is_next).await;
        ids.push(home.attribute(told, "id"));
    }
    assert_eq!(ids, [id(3)]);
    assert_eq!(home.complaints, [""; 0]);
}

fn id(number: u128) -> Value {
    json!(uuid::Uuid::from_u128(number).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_automation_of_the_documentation_does_what_it_says() {
    let Some(python) = home::python() else { return };
    let text = include_str!("../../docs/home-assistant.md");
    let yaml = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let device = Device::announced().await;
    let mut home = Home::start(&python, device.port()).await;
    home.automate(yaml).await;
    home.until("the light should be on", || device.handle.event(event(1)), |home| !home.turned_on.is_empty()).await;
    assert_eq!(home.turned_on[0], json!(["light.kiosk"]));
    assert_eq!(home.complaints, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_mutes_the_device_and_shows_what_it_says_of_itself() {
    let Some(python) = home::python() else { return };
    let device = Device::announced().await;
    let anybody = Anybody::at(device.port());
    anybody.retain(NOTICE, &json!({"schema": 1, "device": "kiosk-7", "state": "sensing"})).await;
    let mut listener = Listener::to(device.port(), "affect/kiosk-7/cmd/+", None).await;
    let mut home = Home::start(&python, device.port()).await;
    let switch = "switch.kiosk_7_mute";
    home.shows(switch, "off", || ()).await;
    for (service, on, state, shown) in
        [("switch.turn_on", true, "muted", "on"), ("switch.turn_off", false, "sensing", "off")]
    {
        home.call(service, switch);
        let command = listener.next().await;
        assert_eq!((&*command.topic, command.json()), ("affect/kiosk-7/cmd/mute", json!({"on": on})));
        assert!(!command.retained);
        anybody.retain(NOTICE, &json!({"schema": 1, "device": "kiosk-7", "state": state})).await;
        home.shows(switch, shown, || ()).await;
    }
    assert_eq!(home.complaints, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_packs_cannot_tell_any_more_goes_and_in_the_end_the_whole_device() {
    let Some(python) = home::python() else { return };
    let device = Device::announced().await;
    let mut home = Home::start(&python, device.port()).await;
    home.comes_to("have all", |home| home.state("sensor.kiosk_7_arousal").is_some()).await;
    // Home Assistant answers when it has done all that it was told: what comes for an entity that it is just making it puts off.
    home.registries().await;
    let capabilities = vec![Kind::Presence, Kind::Expression];
    device.announce(&Identity { capabilities, ..capable() });
    home.comes_to("lose valence and arousal", |home| home.gone.len() == 2).await;
    home.gone.sort();
    assert_eq!(home.gone, ["sensor.kiosk_7_arousal", "sensor.kiosk_7_valence"]);
    device.announce(&capable());
    home.comes_to("have arousal again", |home| home.state("sensor.kiosk_7_arousal").is_some()).await;
    home.registries().await;
    device.handle.announce("home assistant", Vec::new());
    home.comes_to("lose all", |home| home.states().count() == 0).await;
    assert_eq!(home.registries().await, json!({"devices": [], "entities": []}));
    assert_eq!(home.complaints, [""; 0]);
}
