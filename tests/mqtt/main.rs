//! What reaches a broker, and what happens when it is away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod conversation;
mod delivery;
mod harness;
mod log;
mod outage;
mod properties;
mod trust;
