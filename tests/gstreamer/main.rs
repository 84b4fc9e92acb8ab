//! Sources of pictures that are GStreamer pipelines: `make gstreamer-test`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod daemon;
mod network;
mod pictures;
mod pipes;
mod time;
mod trouble;

#[path = "../support/mod.rs"]
mod support;
