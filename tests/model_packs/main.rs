//! Model packs from the outside: what is accepted, what is refused and with which words, and that engines
//! give what the training framework gave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod engines;
mod kinds;
mod libraries;
mod onnx;
mod onnx_runtime;
mod real;
mod refused;
mod row_pack;
mod tiny_pack;
mod trust;
