//! A device that is told what to do over MQTT: what it does, what it refuses, and that it always replies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod asker;
mod daemon;
mod mute;
mod refused;
mod replies;
mod verbs;
