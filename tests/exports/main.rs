//! What `infer` and `replay` write in the formats of others, read by the rules of those.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on, fails")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod emotionml;
mod openface;
mod replay;
mod rules;
