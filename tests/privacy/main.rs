//! What leaves the device, and what does not: the whole daemon, everything it publishes, logs and writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod consent;
mod context;
mod finder;
mod leaks;
mod pattern;
mod planted;
mod world;
