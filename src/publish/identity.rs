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

impl PackInfo {
    /// Name and version: "mtanet 0.3.0".
    pub fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// What stays the same from message to message, until models are replaced.
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

impl Identity {
    /// The loaded pack of that kind.
    pub fn pack_of(&self, kind: &str) -> Option<&PackInfo> {
        self.packs.iter().find(|pack| pack.kind == kind)
    }

    /// The same device with another pack in the place of the one of its kind. A pack that comes with
    /// `capabilities` is the one that estimates faces.
    pub fn replacing(&self, pack: PackInfo, capabilities: Option<Vec<Kind>>) -> Self {
        let mut other = self.clone();
        if let Some(capabilities) = capabilities {
            (other.pack, other.engine, other.capabilities) = (pack.id(), pack.engine.clone(), capabilities);
            // What can be told of a voice does not depend on who reads faces.
            other.capabilities.extend(self.pack_of("voice").map(|_| Kind::Voice));
        }
        match other.packs.iter_mut().find(|former| former.kind == pack.kind) {
            Some(former) => *former = pack,
            None => other.packs.push(pack),
        }
        other
    }
}
