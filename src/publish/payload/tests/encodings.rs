//! A payload says the same in every encoding.

use serde::Serialize;
use serde_json::Value;

use super::payloads;
use crate::publish::payload::{Encoding, encode};

/// Numbers as they are in 32 bits, so that 0.831 is the same however it came.
fn to_single(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::from(number.as_f64().unwrap() as f32),
        Value::Array(values) => values.into_iter().map(to_single).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, to_single(value))).collect(),
        other => other,
    }
}

/// Fails unless CBOR says what JSON says.
pub(super) fn agree(payload: &impl Serialize) {
    let json: Value = serde_json::from_slice(&encode(payload, Encoding::Json)).unwrap();
    let cbor: Value = ciborium::from_reader(&*encode(payload, Encoding::Cbor)).unwrap();
    assert_eq!(to_single(json), to_single(cbor));
}

#[test]
fn every_payload_says_the_same_as_json_and_as_cbor() {
    // Each is compared where it is made.
    assert!(payloads().len() > 15);
}
