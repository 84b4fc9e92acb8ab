//! Where replies go, and what they carry.

use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::{Value, json};

use crate::asker::{Asker, BASE};
use crate::daemon::online;

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_goes_where_it_was_asked_to_with_what_it_is_known_by() {
    let (_mosquitto, mut asker, _daemon) = online("").await;
    for (verb, ok) in [("mute", true), ("unmute", true), ("reload", false), ("reboot", false)] {
        let correlation = vec![0, 159, 146, 150, verb.len() as u8];
        let properties = PublishProperties {
            response_topic: Some("dashboard/3/replies".to_owned()),
            correlation_data: Some(correlation.clone().into()),
            ..PublishProperties::default()
        };
        asker.send_with(verb, r#"{"id": "7"}"#, false, properties).await;
        let message = asker.on("dashboard/3/replies").await;
        let told = message.properties.unwrap();
        assert_eq!(told.correlation_data.as_deref(), Some(&correlation[..]), "{verb}");
        assert_eq!(told.content_type.as_deref(), Some("application/json"));
        let reply: Value = serde_json::from_slice(&message.payload).unwrap();
        crate::support::schema::fits("reply", &reply, verb);
        assert_eq!((&reply["ok"], &reply["id"], &reply["verb"]), (&json!(ok), &json!("7"), &json!(verb)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_speaks_mqtt_3_is_told_what_to_do_and_replies_on_its_own_topic() {
    let (_mosquitto, mut asker, _daemon) = online("[mqtt]\nversion = 3\n").await;
    // What it cannot hear of does no harm.
    let properties =
        PublishProperties { response_topic: Some("dashboard/3".to_owned()), ..PublishProperties::default() };
    asker.send_with("mute", r#"{"id": "seven"}"#, false, properties).await;
    let reply = asker.reply("mute").await;
    assert_eq!((&reply["ok"], &reply["id"]), (&json!(true), &json!("seven")));
    assert_eq!(asker.done("unmute", json!({})).await["state"], "sensing");
    assert_eq!(asker.refused("reboot", json!({})).await.0, "unknown_verb");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_writes_cbor_reads_it_and_json() {
    let (_mosquitto, mut asker, _daemon) = online("[publish]\nencoding = \"cbor\"\n").await;
    let mut cbor = Vec::new();
    ciborium::into_writer(&json!({ "id": "c" }), &mut cbor).unwrap();
    for (payload, id) in [(cbor, "c"), (br#"{"id": "j"}"#.to_vec(), "j")] {
        asker.send("mute", payload).await;
        let message = asker.on(&format!("{BASE}/cmd/mute/reply")).await;
        let reply: Value = ciborium::from_reader(&message.payload[..]).unwrap();
        crate::support::schema::fits("reply", &reply, "a reply in CBOR");
        assert_eq!((&reply["ok"], &reply["id"]), (&json!(true), &json!(id)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_taken_again_after_the_broker_was_away() {
    let (mut mosquitto, mut asker, _daemon) = online("").await;
    asker.done("mute", json!({})).await;
    mosquitto.kill();
    mosquitto.restart();
    let mut asker = Asker::at(mosquitto.port).await;
    asker.online().await;
    assert_eq!(asker.done("unmute", json!({})).await["state"], "sensing");
}
