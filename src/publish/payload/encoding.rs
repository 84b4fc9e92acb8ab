//! How a payload is written: as JSON, or smaller as CBOR, with the same names and the same data model.

use serde::Serialize;

/// The encoding of payloads (all but the status, which is a bare word).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON in UTF-8 (RFC 8259).
    #[default]
    Json,
    /// CBOR (RFC 8949). Numbers have no decimal places there: 0.831 is the nearest number of 32 bits.
    Cbor,
}

impl Encoding {
    /// The media type, as MQTT 5 carries it with each message.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
        }
    }
}

/// Writes a payload.
pub fn encode(payload: &impl Serialize, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    // The payloads have string keys only and write to memory, so there is nothing that could fail.
    match encoding {
        Encoding::Json => drop(serde_json::to_writer(&mut bytes, payload)),
        Encoding::Cbor => drop(ciborium::into_writer(payload, &mut bytes)),
    }
    bytes
}
