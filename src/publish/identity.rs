//! Who publishes: the device, its board, the model packs it runs.

use super::topics::DeviceId;
use crate::events::Kind;

/// A model pack that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it reads: detector, frame, voice or sequence.
    pub kind: String,
    /// The engine that runs it.
    pub engine: String,
    /// The licence of its weights.
    pub licence: String,
    /// Whether all licences involved allow commercial use.
    pub commercial_use: bool,
}

/// What stays the same in every message of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The device's id.
    pub device: DeviceId,
    /// The version of affectd.
    pub version: String,
    /// The board it runs on, when known.
    pub board: Option<String>,
    /// Every pack that is loaded.
    pub packs: Vec<PackInfo>,
    /// The kinds of event that those packs allow.
    pub capabilities: Vec<Kind>,
    /// The pack that estimates faces, as name and version: "mtanet 0.3.0".
    pub pack: String,
    /// The engine that runs that pack.
    pub engine: String,
}
