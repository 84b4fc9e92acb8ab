//! A device that is told to be mute is, and stays so.

use serde_json::json;

use crate::asker::{Asker, BASE};
use crate::daemon::{Daemon, NO_CAMERA, online};
use crate::support::mosquitto::Mosquitto;

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_outlasts_a_power_cut_until_somebody_takes_it_back() {
    let (mosquitto, mut asker, daemon) = online("").await;
    let muted = asker.done("mute", json!({})).await;
    assert_eq!((&muted["state"], &muted["why"]), (&json!("muted"), &json!("command")));
    assert_eq!(muted["remembered"], true);
    assert!(daemon.state().join("muted").exists());

    let dir = daemon.power_cut();
    let mut daemon = Daemon::start_in(dir, NO_CAMERA, mosquitto.port, "");
    daemon.says("Muted by a command before this start").await;
    asker.online().await;
    // It is asked again: nothing changes.
    assert_eq!(asker.done("mute", json!({})).await["state"], "muted");
    let free = asker.done("unmute", json!({})).await;
    assert_eq!((&free["state"], free.get("why"), &free["remembered"]), (&json!("sensing"), None, &json!(true)));
    assert!(!daemon.state().join("muted").exists());
    assert_eq!(daemon.stop(), Some(0));

    let dir = daemon.power_cut();
    let daemon = Daemon::start_in(dir, NO_CAMERA, mosquitto.port, "");
    asker.online().await;
    assert_eq!(asker.done("unmute", json!({})).await["state"], "sensing");
    assert!(daemon.lines_with("Muted by a command").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_holds_at_once_though_nothing_can_remember_it() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    let dir = tempfile::tempdir().unwrap();
    // Where the folder should be is a file.
    std::fs::write(dir.path().join("state"), "").unwrap();
    let daemon = Daemon::start_in(dir, NO_CAMERA, mosquitto.port, "");
    asker.online().await;
    let muted = asker.done("mute", json!({})).await;
    assert_eq!((&muted["state"], &muted["remembered"]), (&json!("muted"), &json!(false)));
    daemon.says("A restart will not remember").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_topic_mutes_and_unmutes_where_a_sender_has_but_one() {
    let (_mosquitto, mut asker, _daemon) = online("").await;
    assert_eq!(asker.done("mute", json!({ "on": true })).await["state"], "muted");
    assert_eq!(asker.done("mute", json!({ "on": false })).await["state"], "sensing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_anyone_while_it_is_mute() {
    let mosquitto = Mosquitto::start();
    let mut asker = Asker::at(mosquitto.port).await;
    let _daemon = Daemon::with_face(mosquitto.port, "");
    asker.face().await;
    asker.done("mute", json!({})).await;
    // What goes on ends; after that there is nothing for a while in which twenty states would have come.
    let of_someone = |topic: &[u8]| {
        let topic = String::from_utf8_lossy(topic).into_owned();
        topic.contains("/faces/") || topic.ends_with("/events") || topic.ends_with("/scene/state")
    };
    let quiet = std::time::Duration::from_secs(4);
    while asker.hears(std::time::Duration::from_millis(1500), |message| of_someone(&message.topic)).await {}
    assert!(!asker.hears(quiet, |message| of_someone(&message.topic)).await);
    assert_eq!(asker.done("unmute", json!({})).await["state"], "sensing");
    asker.on(&format!("{BASE}/events")).await;
    asker.face().await;
}
