//! What reaches a broker, and what happens when it is away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod brokers;
mod conversation;
mod delivery;
mod log;
mod outage;
mod outbox;
mod properties;
mod trust;
mod websocket;

use support::harness;
