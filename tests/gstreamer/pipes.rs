//! What the tests do with pipelines.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use affectd::capture::{self, Address, CaptureError, Frame, Read, VideoSource};
use affectd::clock::{Clock, SystemClock};
use affectd::picture::Picture;

use crate::support::SOON;

/// How long one read waits.
pub const PATIENCE: Duration = Duration::from_millis(200);

pub fn address(line: &str) -> Address {
    format!("gst:{line}").parse().unwrap()
}

pub fn try_open(line: &str) -> Result<Box<dyn VideoSource>, CaptureError> {
    capture::open_video(&address(line), Arc::new(SystemClock))
}

pub fn open(line: &str) -> Box<dyn VideoSource> {
    try_open(line).unwrap()
}

/// The next frame, which must come.
pub fn next(source: &mut dyn VideoSource) -> Frame {
    let mut frame = Frame::default();
    assert_eq!(settled(source, &mut frame).unwrap(), Read::Filled);
    frame
}

/// Reads until something else than a time-out comes.
pub fn settled(source: &mut dyn VideoSource, frame: &mut Frame) -> Result<Read, CaptureError> {
    let deadline = SystemClock.now() + SOON;
    loop {
        match source.read(frame, PATIENCE) {
            Ok(Read::TimedOut) => assert!(SystemClock.now() < deadline, "nothing came"),
            other => return other,
        }
    }
}

/// The first picture of a pipeline.
pub fn first(line: &str) -> Picture {
    next(&mut *open(line)).picture
}

/// Why a pipeline cannot be opened, or gives nothing.
pub fn complaint(line: &str) -> String {
    match try_open(line) {
        Err(error) => error.to_string(),
        Ok(mut source) => settled(&mut *source, &mut Frame::default()).unwrap_err().to_string(),
    }
}

/// A camera whose every frame the test sends: grey, 32x24, a datagram each.
pub struct Sender {
    socket: UdpSocket,
    pub port: u16,
}

impl Sender {
    pub const FRAME: usize = 32 * 24;

    pub fn new() -> Self {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { socket: UdpSocket::bind("127.0.0.1:0").unwrap(), port }
    }

    /// The pipeline that receives.
    pub fn line(&self) -> String {
        let caps = "video/x-raw,format=GRAY8,width=32,height=24,framerate=10/1";
        format!("udpsrc address=127.0.0.1 port={} caps=\"{caps}\"", self.port)
    }

    pub fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, ("127.0.0.1", self.port)).unwrap();
    }
}
