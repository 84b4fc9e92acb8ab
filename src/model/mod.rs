//! Model packs, the engines that run them, and the golden vectors that prove they agree.
//!
//! A pack is a folder: `pack.toml`, ONNX files, golden vectors and a card. `docs/model-packs.md` tells
//! model makers how to write one. On the way from the folder to a number, each step can refuse:
//!
//! ```text
//! folder ─► Trust ─► Manifest ─► Pack ─► Model ─► FrameModel ─► Estimate
//!           signed   as typed    as meant  opened   finite, temperature applied
//!                                   └────► verify: the engine against the training framework
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | [`trust`] | who signed `pack.toml`; `file` reads no more than is expected |
//! | [`manifest`] | `pack.toml` as typed |
//! | [`pack`], [`spec`] | the same as meant; `parse` is the way from one to the other |
//! | [`digest`] | SHA-256 of files |
//! | [`engine`], [`tract`], [`ort`] | what runs ONNX, behind one trait; `guard` turns an engine's panic into an error |
//! | [`engines`] | which engines are here, and which runs a pack |
//! | [`loaded`] | an opened model: buffers in, buffers out |
//! | [`frame`] | a face crop to an [`Estimate`](crate::affect::Estimate) |
//! | `heads` | what outputs mean, for faces, voices and sequences alike |
//! | [`verify`] | golden vectors |
//! | [`registry`] | where packs are; `related` checks packs that build on others |

pub mod digest;
pub mod engine;
pub mod engines;
mod error;
mod file;
pub mod frame;
mod guard;
mod heads;
pub mod loaded;
pub mod manifest;
mod onnx;
pub mod ort;
pub mod pack;
mod parse;
pub mod registry;
mod related;
pub mod spec;
pub mod tract;
pub mod trust;
mod value;
pub mod verify;

pub use engines::{EngineChoice, EngineMissing, EngineSettings, Engines};
pub use error::{ModelError, Problem};
pub use frame::FrameModel;
pub use loaded::{Model, ModelFile};
pub use manifest::Features;
pub use ort::Provider;
pub use pack::Pack;
pub use registry::{Registry, RegistryError};
pub use spec::{
    Align, Channels, DetectorSpec, EnsembleSpec, FrameSpec, Heads, Input, InputSpec, Kind, Layout, OutputSpec,
    Predicts, SequenceSpec, Source, VoiceSpec, Window,
};
pub use trust::{Signed, Trust, TrustedKey};
