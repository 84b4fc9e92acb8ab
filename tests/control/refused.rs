//! What is not carried out, why, and that the device does not suffer from it.

use std::time::Duration;

use affectd::clock::Stopwatch;
use rumqttc::v5::mqttbytes::v5::{Publish, PublishProperties};
use serde_json::{Value, json};

use crate::asker::{Asker, BASE, told};
use crate::daemon::{ALL, Daemon, NO_CAMERA, online};
use crate::support::SOON;
use crate::support::mosquitto::Mosquitto;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_carried_out_is_replied_to_with_the_reason_and_counted() {
    let (_mosquitto, mut asker, mut daemon) = online("").await;
    let (code, _, remedy) = asker.refused("reboot", json!({})).await;
    assert!(code == "unknown_verb" && remedy.contains("mute, unmute"), "{remedy}");
    let (code, _, remedy) = asker.refused("restart-stage", json!({ "stage": "camera" })).await;
    assert!(code == "not_allowed" && remedy.contains("commands.allow"), "{remedy}");
    let (code, reason, _) = asker.refused("mute", json!({ "loud": true })).await;
    assert!(code == "not_understood" && reason.contains("`loud`"), "{reason}");
    let (code, ..) = asker.refused("unmute", json!({ "at": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(code, "too_old");
    let (code, ..) = asker.refused("unmute", json!({ "expires_at": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(code, "too_old");
    for (payload, expected) in [
        (b"{\"on\": tr".to_vec(), "not_understood"),
        (b"\xff\xfe\x00".to_vec(), "not_understood"),
        (Vec::new(), "empty"),
        (vec![b' '; 4097], "too_large"),
    ] {
        asker.send("mute", payload).await;
        assert_eq!(told(&asker.reply("mute").await).0, expected);
    }
    asker.send("k\u{e4}fig", "{}").await;
    assert_eq!(told(&asker.reply("unknown").await).0, "unknown_verb");
    let counts = asker.done("health", json!({})).await["commands"].clone();
    let refused = json!({
        "unknown_verb": 2, "not_allowed": 1, "not_understood": 3, "too_old": 2, "empty": 1, "too_large": 1
    });
    assert_eq!(counts, json!({ "done": 1, "failed": 0, "refused": refused }));
    assert!(daemon.lives());
    assert_eq!(daemon.lines_with("Command refused").len(), refused.as_object().unwrap().len(), "each reason once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_held_back_and_counted_and_silence_can_still_be_asked_for() {
    let (_mosquitto, mut asker, mut daemon) = online("[commands]\nrate_per_minute = 6\nburst = 4\n").await;
    asker.stage("camera", |camera| camera["state"] == "failed").await;
    for _ in 0..500 {
        asker.send("unmute", "{}").await;
    }
    // What comes while there is no room is dropped, also the plea; whoever makes it repeats it.
    let is_reply = |message: &Publish| message.topic.ends_with(b"/cmd/mute/reply");
    let watch = Stopwatch::start();
    loop {
        asker.send("mute", "{}").await;
        if asker.hears(Duration::from_secs(8), is_reply).await {
            break;
        }
        assert!(watch.elapsed() < SOON, "nobody heard it");
    }
    let commands = asker.done("health", json!({})).await["commands"].clone();
    let count = |of: &Value| of.as_u64().unwrap_or_default();
    let (done, late) = (count(&commands["done"]), count(&commands["refused"]["too_often"]));
    // Those of the flood that came through, and the two after it; of the rest some were dropped before they were looked
    // at.
    assert!((3..=30).contains(&done) && (1..=496).contains(&late), "{commands:#}");
    assert!(daemon.lives());
    assert!(daemon.lines_with("Command refused").len() <= 1);
    assert_eq!(daemon.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_the_broker_kept_is_not_carried_out_on_every_connection() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    asker.send_with("mute", r#"{"id": "kept"}"#, true, PublishProperties::default()).await;
    let _daemon = Daemon::start(NO_CAMERA, mosquitto.port, "");
    asker.online().await;
    let reply = asker.reply("mute").await;
    let (code, _, remedy) = told(&reply);
    assert!(reply["id"] == "kept" && code == "retained" && remedy.contains("empty retained message"), "{reply:#}");
    // Whoever clears it sends an empty message, which is no command either.
    asker.send_with("mute", "", true, PublishProperties::default()).await;
    let code = told(&asker.reply("mute").await).0;
    assert!(["empty", "retained"].contains(&code.as_str()), "{code}");
    // With the flag, to one who listens already.
    asker.send_with("mute", r#"{"id": "live"}"#, true, PublishProperties::default()).await;
    assert_eq!(told(&asker.reply("mute").await).0, "retained");
    assert_eq!(asker.done("unmute", json!({})).await["state"], "sensing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_takes_no_command_does_not_listen() {
    let (_mosquitto, mut asker, _daemon) = online("[commands]\nallow = []\n").await;
    asker.stage("camera", |camera| camera["state"] == "failed").await;
    asker.send("mute", "{}").await;
    assert!(!asker.hears(Duration::from_secs(2), |message| message.topic.ends_with(b"/reply")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_a_device_speak_for_another_or_for_itself() {
    let (_mosquitto, mut asker, mut daemon) = online(ALL).await;
    for topic in [format!("{BASE}/status"), "affect/other/cmd/unmute".to_owned(), "x".repeat(600)] {
        let properties = PublishProperties { response_topic: Some(topic.clone()), ..PublishProperties::default() };
        asker.send_with("health", "{}", false, properties).await;
        let reply = asker.reply("health").await;
        assert_eq!(told(&reply).0, "reply_topic", "{topic}");
    }
    assert!(daemon.lives());
}
