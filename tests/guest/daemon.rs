//! The daemon with a real camera and a real broker: what a person sees who pulls cables.

use super::support::listener::Listener;
use super::support::media::astronaut_clip;
use super::support::mosquitto::Mosquitto;
use super::support::schema;
use super::vm::{Module, Running, daemon};

#[tokio::test(flavor = "multi_thread")]
async fn a_face_before_the_camera_becomes_events_and_a_signal_ends_it_with_a_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let _camera = Module::loopback(10, "looped");
    let clip = astronaut_clip(dir.path(), "clip.avi", 4.0, "scale=640:640");
    let _feeder = Running::feeder(&clip, 10, false);
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut daemon = daemon(dir.path(), "v4l:/dev/video10", mosquitto.port, "");
    let event = listener.next_on("affect/guest/events").await;
    schema::check(&event);
    assert_eq!(event.json()["kind"], "presence", "{}", event.text());
    daemon.signal("TERM");
    while listener.next_on("affect/guest/status").await.text() != "stopped" {}
    assert_eq!(daemon.wait(), Some(0));
}
