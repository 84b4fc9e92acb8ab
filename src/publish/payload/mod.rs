//! What is published, field by field: this is the public API of a device.
//!
//! Names stay; fields may be added. What a model pack does not give is absent, never zero. Each payload has
//! a JSON Schema in `docs/schema`, generated from these types, and a snapshot. Written as CBOR it is the same payload.

use thiserror::Error;

pub mod device;
mod encoding;
pub mod event;
pub mod face;
pub mod fused;
pub mod health;
pub mod labels;
pub mod number;
pub mod scene;
pub mod status;
pub mod voice;

#[cfg(test)]
mod tests;

pub use device::DevicePayload;
pub use encoding::{Encoding, encode};
pub use event::{EventPayload, EventTimes};
pub use face::FaceLine;
pub use health::HealthPayload;
pub use scene::ScenePayload;
pub use status::Status;
pub use voice::VoiceLine;

/// The version of all payload formats: it rises when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// A number that is not finite came out of the pipeline: the payload is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{field} is not a finite number, so the message was not published; please report this as a fault")]
pub struct NotFinite {
    /// The field that would have held it.
    pub field: &'static str,
}
