//! The whole of it: the real program before a real face, and a real Home Assistant.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::daemon::{CONFIG, Place};
use crate::home::{self, Home};
use crate::support::listener::Listener;
use crate::support::mosquitto::Mosquitto;

#[tokio::test(flavor = "multi_thread")]
async fn a_face_that_speaks_is_seen_and_heard_in_home_assistant() {
    let Some(python) = home::python() else { return };
    let (place, mosquitto) = (Place::new(), Mosquitto::start());
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut home = Home::start(&python, mosquitto.port).await;
    let daemon = place.start(mosquitto.port, "enabled = true");
    let mut spoken_on = BTreeSet::new();
    let announced = loop {
        let message = listener.next().await;
        spoken_on.insert(message.topic.clone());
        if message.topic == CONFIG {
            break message.json();
        }
    };
    let wanted = [
        ("sensor.home_1_faces", "1"),
        ("binary_sensor.home_1_presence", "on"),
        ("sensor.home_1_expression", "happiness"),
        ("binary_sensor.home_1_voice", "on"),
        ("sensor.home_1_model_packs", "ok"),
        ("sensor.home_1_microphone", "ok"),
    ];
    home.shows_all(&wanted, || ()).await;
    for number in
        ["sensor.home_1_valence", "sensor.home_1_arousal", "sensor.home_1_latency_99", "sensor.home_1_frame_rate"]
    {
        let is_number = |home: &Home| home.state(number).is_some_and(|state| state.parse::<f32>().is_ok());
        home.comes_to(&format!("show {number}"), is_number).await;
    }
    let is_told = |home: &Home| home.attribute("event.home_1_affect_event", "event_type") != Value::Null;
    home.comes_to("tell an event", is_told).await;

    // Every topic that is read is one that the device speaks on.
    let topics = topics_of(&announced);
    while !topics.is_subset(&spoken_on) {
        spoken_on.insert(listener.next().await.topic);
    }
    assert_eq!(home.complaints, [""; 0]);
    let log = daemon.stop();
    home.loses_the_device().await;
    assert!(!log.contains("ERROR"), "{log}");
}

/// The topics that an announcement has Home Assistant listen to.
fn topics_of(announced: &Value) -> BTreeSet<String> {
    let components = announced["cmps"].as_object().unwrap().values();
    let named = components.flat_map(|component| [&component["stat_t"], &component["json_attr_t"]]);
    named.chain([&announced["avty_t"]]).filter_map(Value::as_str).map(str::to_owned).collect()
}
