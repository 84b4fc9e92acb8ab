//! The device in Home Assistant: what is announced to it, and what a real one makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod announced;
mod believed;
mod daemon;
mod home;
mod lived;

use support::harness;
