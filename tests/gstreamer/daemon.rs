//! The daemon itself, with a pipeline as its camera.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::listener::Listener;
use crate::support::media::astronaut_clip;
use crate::support::mosquitto::Mosquitto;
use crate::support::rtsp::RtspServer;
use crate::support::{program, schema};

fn config(dir: &Path, video: &str, port: u16) -> std::path::PathBuf {
    let config = dir.join("affectd.toml");
    let text =
        format!("[device]\nid = \"gst-1\"\n[source]\nvideo = '{video}'\n[mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\n");
    fs::write(&config, text).unwrap();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_before_a_network_camera_is_told_and_the_cameras_password_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "face.mp4", 60.0, "scale=640:640");
    let camera = format!("( filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0 )", clip.display());
    let server = RtspServer::with_password(&camera, "watcher", "Pa55-word");
    let location = format!("rtsp://watcher:Pa55-word@127.0.0.1:{}/live", server.port);
    let video = format!("gst:rtspsrc location={location} protocols=tcp latency=0 ! rtph264depay ! avdec_h264");

    let mosquitto = Mosquitto::start();
    let mut listener = Listener::everything(mosquitto.port).await;
    let log = dir.path().join("log");
    let mut child = program::command()
        .args(["-vv", "run", "--config"])
        .arg(config(dir.path(), &video, mosquitto.port))
        .stderr(Stdio::from(fs::File::create(&log).unwrap()))
        .spawn()
        .unwrap();
    let event = listener.next_on("affect/gst-1/events").await;
    schema::check(&event);
    assert_eq!(event.json()["kind"], "presence");
    drop(server);
    program::signal(child.id(), "-TERM");
    while listener.next_on("affect/gst-1/status").await.text() != "stopped" {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("gst:rtspsrc location=rtsp://***@127.0.0.1"), "{log}");
    assert!(!log.contains("Pa55-word") && !log.contains("watcher"), "{log}");
}

#[test]
fn a_check_names_the_package_of_a_missing_element_and_starts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (video, said) in [
        ("gst:videotestsrc num-buffers=1", "gst:videotestsrc num-buffers=1 can be built"),
        ("gst:nvarguscamerasrc ! nvvidconv", "no element \"nvarguscamerasrc\"; install it: apt-get install nvidia-l4t"),
    ] {
        let checked = program::affectd(&["check", "--config", config(dir.path(), video, 1).to_str().unwrap()]);
        let all = format!("{}{}", checked.stdout, checked.stderr);
        assert!(all.replace('\n', " ").contains(said), "{all}");
    }
}
