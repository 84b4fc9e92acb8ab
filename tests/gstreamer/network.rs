//! Cameras on the network: a real RTSP server on the loopback that dies, returns, and asks for a password.

use std::sync::Arc;
use std::time::Duration;

use affectd::capture::reopen::Reopening;
use affectd::capture::{self, Frame, Read, VideoSource};
use affectd::clock::{Clock, SystemClock};

use crate::pipes::{PATIENCE, address, complaint, next, open};
use crate::support::SOON;
use crate::support::rtsp::RtspServer;

const CAMERA: &str = "( videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 ! \
                      openh264enc gop-size=5 ! rtph264pay name=pay0 config-interval=1 )";
const DECODE: &str = "protocols=tcp latency=0 ! rtph264depay ! avdec_h264";

fn line(port: u16, login: &str) -> String {
    format!("rtspsrc location=rtsp://{login}127.0.0.1:{port}/live {DECODE}")
}

#[test]
fn a_network_camera_that_dies_and_returns_is_seen_again() {
    let mut server = RtspServer::start(CAMERA);
    let address = address(&line(server.port, ""));
    let mut opened = 0;
    let mut source = Reopening::<_, dyn VideoSource>::new(|| {
        opened += 1;
        capture::open_video(&address, Arc::new(SystemClock))
    });
    let picture = next(&mut source).picture;
    assert_eq!((picture.width(), picture.height()), (320, 240));
    server.kill();
    // What was on its way still comes; then nothing does.
    let (mut frame, mut since, deadline) = (Frame::default(), SystemClock.now(), SystemClock.now() + SOON);
    while SystemClock.now().since(since) < Duration::from_secs(2) {
        if source.read(&mut frame, PATIENCE).unwrap() == Read::Filled {
            since = SystemClock.now();
        }
        assert!(since < deadline, "it still gives pictures");
    }
    server.restart();
    let back = next(&mut source);
    assert!(SystemClock.now().since(back.captured_at) < Duration::from_secs(5), "an old picture");
    drop(source);
    assert!(opened >= 2, "it was never opened again");
}

#[test]
fn a_camera_with_a_password_shows_its_pictures_to_who_knows_it_and_no_one_reads_it_in_an_error() {
    let server = RtspServer::with_password(CAMERA, "watcher", "Pa55-word");
    let right = next(&mut *open(&line(server.port, "watcher:Pa55-word@")));
    assert_eq!(right.picture.width(), 320);
    next(&mut *open(&format!(
        "rtspsrc location=rtsp://127.0.0.1:{}/live user-id=watcher user-pw=Pa55-word {DECODE}",
        server.port
    )));
    for wrong in [line(server.port, "watcher:Wr0ng-one@"), line(1, "watcher:Wr0ng-one@")] {
        let message = complaint(&wrong);
        assert!(message.contains("rtspsrc") && message.contains("rtsp://***@127.0.0.1"), "{message}");
        assert!(!message.contains("Wr0ng") && !message.contains("watcher"), "{message}");
    }
    let refused = complaint(&line(server.port, ""));
    assert!(refused.contains("check the user and the password in the pipeline"), "{refused}");
}
