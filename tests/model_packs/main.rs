//! Model packs from the outside: what is accepted, what is refused and with which words, and that engines
//! give what the training framework gave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod engines;
mod onnx;
mod real;
mod refused;
mod tiny_pack;
mod trust;
