//! What is fuzzed: each function is given any bytes and panics when something that must hold does not.
//!
//! The fuzzer calls them from `targets/`, and `cargo test` calls them with every file that was kept in `corpus/` and
//! `findings/`. They use what anyone can use of affectd, by the same doors as the daemon: files are written to a
//! folder and read from there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a property that does not hold, panics")]

mod addresses;
mod annotations;
mod commands;
mod config;
mod frames;
mod manifest;
mod outbox;

pub use addresses::addresses;
pub use annotations::annotations;
pub use commands::commands;
pub use config::config;
pub use frames::{mjpeg, raw_frames};
pub use manifest::manifest;
pub use outbox::outbox;

/// What takes the bytes.
pub type Entry = fn(&[u8]);

/// Every target by its name, which is that of its folders too.
pub const ALL: [(&str, Entry); 8] = [
    ("addresses", addresses),
    ("annotations", annotations),
    ("commands", commands),
    ("config", config),
    ("manifest", manifest),
    ("mjpeg", mjpeg),
    ("outbox", outbox),
    ("raw_frames", raw_frames),
];

/// Checks that a message for people holds nothing that steers their terminal.
fn harmless(message: &str) {
    let steers = |c: char| c.is_control() && c != '\n';
    assert!(!message.contains(steers), "a message with control characters: {message:?}");
}
