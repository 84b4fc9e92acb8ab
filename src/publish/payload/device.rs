//! The payload of `device`: what this device is, what it runs and what it can tell.

use serde::Serialize;

use super::SCHEMA;
use super::event::KindName;
use crate::publish::identity::{Identity, PackInfo};

/// A model pack that is loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct PackPayload<'a> {
    /// The pack's name.
    name: &'a str,
    /// The pack's version.
    version: &'a str,
    /// What the pack is: it finds faces ("detector"), reads a face ("frame"), a "voice" or a "sequence" of embeddings,
    /// or averages others ("ensemble").
    kind: &'a str,
    /// The engine that runs it.
    engine: &'a str,
    /// The licence of the weights, as an SPDX expression or a name.
    licence: &'a str,
    /// Whether that licence, and the licences of the training data, allow commercial use.
    commercial_use: bool,
}

impl<'a> PackPayload<'a> {
    fn of(pack: &'a PackInfo) -> Self {
        Self {
            name: &pack.name,
            version: &pack.version,
            kind: &pack.kind,
            engine: &pack.engine,
            licence: &pack.licence,
            commercial_use: pack.commercial_use,
        }
    }
}

/// What the device is, what it runs and what it can tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Device"))]
pub struct DevicePayload<'a> {
    /// The version of the payload formats.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// The version of affectd.
    version: &'a str,
    /// The board it runs on; absent when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<&'a str>,
    /// The model packs that are loaded, with their licences.
    packs: Vec<PackPayload<'a>>,
    /// The kinds of event the device can tell of.
    capabilities: Vec<KindName>,
}

impl<'a> DevicePayload<'a> {
    /// The description of a device.
    pub fn of(identity: &'a Identity) -> Self {
        Self {
            schema: SCHEMA,
            device: identity.device.as_str(),
            version: &identity.version,
            board: identity.board.as_deref(),
            packs: identity.packs.iter().map(PackPayload::of).collect(),
            capabilities: identity.capabilities.iter().map(|&kind| kind.into()).collect(),
        }
    }
}
