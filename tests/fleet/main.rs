//! Many devices: the made-up ones of `affectd simulate`, and a site's broker that passes events on to a central one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod bridge;
mod brokers;
mod simulate;
mod store;
