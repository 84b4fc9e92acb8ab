//! The daemon with a real camera and a real broker: what a person sees who pulls cables.
//!
//! In emulation a look for faces takes a second: faces are given time to go unseen, and the lighter detector is used.

use serde_json::Value;

use super::support::listener::Listener;
use super::support::media::astronaut_clip;
use super::support::mosquitto::Mosquitto;
use super::support::schema;
use super::vm::{Module, Running, daemon, plug_vivid, unplug_vivid};

const PATIENT: &str = "\
    [models]\ndetector = \"blazeface-short\"\n\
    [face]\ndetect_every_ms = 0\n\
    [events]\nkinds = [\"presence\"]\npresence_after_ms = 0\ngone_after_ms = 600000\n";

/// Waits until the camera is in one of these states; gives what health says of it.
async fn camera_is(listener: &mut Listener, states: &[&str]) -> Value {
    loop {
        let message = listener.next_on("affect/guest/health").await;
        schema::check(&message);
        let camera = message.json()["stages"]["camera"].clone();
        if states.iter().any(|state| camera["state"] == *state) {
            return camera;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_before_the_camera_becomes_an_event_and_a_signal_ends_it_with_a_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let _camera = Module::loopback(10, "looped");
    let clip = astronaut_clip(dir.path(), "clip.avi", 4.0, "scale=320:320");
    let _feeder = Running::feeder(&clip, 10, false);
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut daemon = daemon(dir.path(), "v4l:/dev/video10", mosquitto.port, PATIENT);
    let event = listener.next_on("affect/guest/events").await;
    schema::check(&event);
    assert_eq!(event.json()["kind"], "presence", "{}", event.text());
    daemon.signal("TERM");
    while listener.next_on("affect/guest/status").await.text() != "stopped" {}
    assert_eq!(daemon.wait(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_that_comes_loose_is_told_and_what_comes_back_is_found_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let _camera = Module::vivid(320, 180, "YUYV");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut running = daemon(dir.path(), "v4l:/dev/video0", mosquitto.port, PATIENT);
    camera_is(&mut listener, &["ok"]).await;
    unplug_vivid();
    let lost = camera_is(&mut listener, &["degraded", "failed"]).await;
    assert!(lost["why"].as_str().is_some_and(|why| why.contains("/dev/video0")), "{lost}");
    plug_vivid();
    camera_is(&mut listener, &["ok"]).await;
    // Killed, it comes back as a service manager would bring it back, and the broker tells that it was away.
    running.signal("KILL");
    assert_eq!(running.wait(), None);
    while listener.next_on("affect/guest/status").await.text() != "offline" {}
    let mut again = daemon(dir.path(), "v4l:/dev/video0", mosquitto.port, PATIENT);
    camera_is(&mut listener, &["ok"]).await;
    again.signal("TERM");
    while listener.next_on("affect/guest/status").await.text() != "stopped" {}
    assert_eq!(again.wait(), Some(0));
}
