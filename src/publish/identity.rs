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
    /// What it reads: detector, frame, voice, sequence or ensemble.
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
    /// The pack that estimates faces, as name and version: "mtanet 0.3.0"; with a sequence behind it, "gru 0.1.0 on
    /// mtanet 0.3.0".
    pub pack: String,
    /// The engine that runs that pack; when two run the two, as "tract on ort".
    pub engine: String,
}

impl Identity {
    /// The loaded pack of that kind.
    pub fn pack_of(&self, kind: &str) -> Option<&PackInfo> {
        self.packs.iter().find(|pack| pack.kind == kind)
    }

    /// The same device with another detector.
    pub fn with_detector(&self, pack: PackInfo) -> Self {
        let others = self.packs.iter().filter(|former| former.kind != pack.kind).cloned();
        Self { packs: std::iter::once(pack.clone()).chain(others).collect(), ..self.clone() }
    }

    /// The same device where faces are read by the pack `face`, and over a while by `sequences`, of which the first is
    /// the one that was named.
    pub fn with_readers(&self, face: PackInfo, sequences: Vec<PackInfo>, capabilities: Vec<Kind>) -> Self {
        let (pack, engine) = match sequences.first() {
            None => (face.id(), face.engine.clone()),
            Some(sequence) if sequence.engine == face.engine => {
                (format!("{} on {}", sequence.id(), face.id()), face.engine.clone())
            }
            Some(sequence) => {
                (format!("{} on {}", sequence.id(), face.id()), format!("{} on {}", sequence.engine, face.engine))
            }
        };
        let others = self.packs.iter().filter(|former| !READERS.contains(&&*former.kind)).cloned();
        let packs = others.chain([face]).chain(sequences).collect();
        // What can be told of a voice does not depend on who reads faces.
        let capabilities = capabilities.into_iter().chain(self.pack_of("voice").map(|_| Kind::Voice)).collect();
        Self { packs, capabilities, pack, engine, ..self.clone() }
    }

    /// What reads faces over a while, the pack that was named first.
    pub fn sequences(&self) -> Vec<PackInfo> {
        self.packs.iter().filter(|pack| pack.kind != "frame" && READERS.contains(&&*pack.kind)).cloned().collect()
    }
}

/// The kinds of the packs that read faces.
const READERS: [&str; 3] = ["frame", "sequence", "ensemble"];
