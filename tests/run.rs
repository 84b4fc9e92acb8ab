//! The daemon itself: started with a configuration, stopped by a signal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use affectd::clock::{Clock, SystemClock};
use support::listener::Listener;
use support::media::astronaut_clip;
use support::mosquitto::Mosquitto;
use support::{program, schema};

fn start(dir: &Path, video: &str, port: u16) -> Child {
    let config = dir.join("affectd.toml");
    let text =
        format!("[device]\nid = \"run-1\"\n[source]\nvideo = \"{video}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n");
    fs::write(&config, text).unwrap();
    program::command().arg("run").arg("--config").arg(config).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_dated_now_and_a_signal_ends_it_with_a_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 60.0, "scale=640:640");
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut child = start(dir.path(), &format!("file:{}", clip.display()), mosquitto.port);
    let event = listener.next_on("affect/run-1/events").await;
    schema::check(&event);
    let at: jiff::Timestamp = event.json()["at"].as_str().unwrap().parse().unwrap();
    let age = SystemClock.wall(SystemClock.now()).duration_since(at);
    assert!(age.as_secs().abs() < 60, "the event is dated {at}");
    program::signal(child.id(), "-TERM");
    while listener.next_on("affect/run-1/status").await.text() != "stopped" {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_not_there_is_waited_for_while_the_device_is_online() {
    let dir = tempfile::tempdir().unwrap();
    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let mut child = start(dir.path(), "v4l:/dev/video-that-is-not-there", mosquitto.port);
    assert_eq!(listener.next_on("affect/run-1/status").await.text(), "online");
    // Being online does not wait for the camera, so the log may be a moment behind. The reader stays open: who
    // writes into a closed pipe fails.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Camera lost") && line.contains("video-that-is-not-there")));
    program::signal(child.id(), "-TERM");
    while listener.next_on("affect/run-1/status").await.text() != "stopped" {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
