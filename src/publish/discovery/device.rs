//! The device itself, and who says so.

use std::fmt;

use serde::Serialize;

use crate::model::digest::Sha256Sum;
use crate::publish::{DeviceId, Identity};

/// What we call ourselves.
const PROGRAM: &str = "affectd";

/// The name under which Home Assistant knows a device, for ever: what its topic, its identifier and the ids of its
/// entities are made of.
///
/// Home Assistant takes `A–Z a–z 0–9 _ -` there, and a device id may hold a dot besides. In its place stands `_`, and
/// behind the name a part of the id's sum, so that `hall.1` and `hall_1` stay two devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectId(String);

impl ObjectId {
    pub fn of(device: &DeviceId) -> Self {
        let id = device.as_str();
        Self(match id.contains('.') {
            false => format!("{PROGRAM}-{id}"),
            true => {
                let sum = Sha256Sum::of(id.as_bytes()).to_string();
                format!("{PROGRAM}-{}-{}", id.replace('.', "_"), &sum[..8])
            }
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Home Assistant's `device`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct DeviceBlock<'a> {
    #[serde(rename = "ids")]
    identifiers: [&'a str; 1],
    name: &'a str,
    #[serde(rename = "mf")]
    manufacturer: &'static str,
    /// The board, where it is known.
    #[serde(rename = "mdl", skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(rename = "sw")]
    software: &'a str,
}

impl<'a> DeviceBlock<'a> {
    pub fn of(identity: &'a Identity, object: &'a ObjectId) -> Self {
        Self {
            identifiers: [object.as_str()],
            name: identity.device.as_str(),
            manufacturer: PROGRAM,
            model: identity.board.as_deref(),
            software: &identity.version,
        }
    }
}

/// Home Assistant's `origin`: which program announces the device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Origin<'a> {
    name: &'static str,
    #[serde(rename = "sw")]
    software: &'a str,
}

impl<'a> Origin<'a> {
    pub fn of(identity: &'a Identity) -> Self {
        Self { name: PROGRAM, software: &identity.version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(device: &str) -> String {
        ObjectId::of(&device.parse().unwrap()).to_string()
    }

    #[test]
    fn a_device_keeps_its_name_and_no_two_share_one() {
        assert_eq!(object("kiosk-7"), "affectd-kiosk-7");
        let names = ["hall.1", "hall_1", "hall-1", "hall.1.", "hall..1"].map(object);
        for (index, name) in names.iter().enumerate() {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            assert!(name.chars().all(allowed), "{name}");
            assert!(!names[..index].contains(name), "{name} stands for two devices");
        }
        assert_eq!(object("hall.1"), names[0]);
    }
}
