//! What several tests share: a real face, a real broker, a listener that collects what is published, a gate in between.
//!
//! Nothing here sleeps for a fixed time: everything waits for a condition, with a deadline that is far off.

#![allow(dead_code, missing_docs, reason = "each test uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

pub mod gate;
pub mod harness;
pub mod listener;
pub mod media;
pub mod mosquitto;
pub mod onnxruntime;
pub mod portrait;
pub mod program;
pub mod rtsp;
pub mod schema;
pub mod scripted_broker;
pub mod sound;

use std::net::TcpListener;
use std::time::Duration;

/// How long anything may take on a busy machine, which may be an emulated one.
pub const SOON: Duration = Duration::from_secs(120);

/// A port of the loopback that was free a moment ago: nobody listens there.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
