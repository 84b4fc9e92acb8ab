//! `affectd eval`: predictions and packs against annotations, on folders made for the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]

#[path = "../support/mod.rs"]
mod support;

mod files;
mod made;
mod pack;
