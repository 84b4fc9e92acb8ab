//! Tests with real kernel cameras and sound cards. They load and unload drivers, so they run in a virtual machine:
//! `make guest-test`, or `tests/guest/test.sh FILTER`. See README.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

mod camera;
mod daemon;
mod doctor;
mod microphone;
#[path = "../support/mod.rs"]
mod support;
mod vm;
