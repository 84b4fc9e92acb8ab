//! From settings to a chain that is ready to work.

use std::path::Path;

use tracing::info;
use uuid::Uuid;

use crate::clock::Monotonic;
use crate::config::{self, Config, PackName};
use crate::events::{EventMachine, Kind};
use crate::face::FacePath;
use crate::face::detect::BlazeFace;
use crate::model::registry::candidates;
use crate::model::{FrameModel, Pack, Registry, RegistryError};
use crate::pipeline::Chain;
use crate::publish::{Identity, PackInfo};
use crate::smooth::Smoother;

/// The configuration from a file, or the defaults.
///
/// # Errors
/// All that is wrong with it.
pub fn config(path: Option<&Path>) -> anyhow::Result<Config> {
    Ok(match path {
        Some(path) => config::load(path)?,
        None => config::without_file()?,
    })
}

/// The packs: where the command line, else the configuration, says they are, or in the usual places.
///
/// # Errors
/// When no folder of packs is found.
pub fn registry(config: &Config, models: Option<&Path>) -> Result<Registry, RegistryError> {
    let said = models.or(config.models.dir.as_deref());
    let executable = std::env::current_exe().ok();
    Registry::find(candidates(said, executable.as_deref()))
}

/// A pack, if it may be used as the configuration says it is.
///
/// # Errors
/// When there is none of that name, it is damaged, or its licence forbids this use.
pub fn pack(registry: &Registry, config: &Config, name: &PackName) -> Result<Pack, RegistryError> {
    let pack = registry.pack(name.as_str())?;
    if config.models.commercial {
        pack.refuse_unless_commercial()?;
    }
    Ok(pack)
}

/// Opens the models and joins the chain.
///
/// # Errors
/// When a pack is missing, damaged, or refused by its engine.
pub fn chain(config: &Config, models: Option<&Path>) -> anyhow::Result<(Chain, Identity)> {
    let registry = registry(config, models)?;
    let (detector_pack, face_pack) =
        (pack(&registry, config, &config.models.detector)?, pack(&registry, config, &config.models.face)?);
    let (detector, face) = (BlazeFace::open(&detector_pack)?, FrameModel::open(&face_pack)?);
    info!(detector = detector_pack.id(), face = face_pack.id(), engine = face.engine(), "Models opened.");
    let identity = Identity {
        device: config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: None,
        capabilities: capabilities(&face_pack)?,
        pack: face_pack.id(),
        engine: face.engine().to_owned(),
        packs: vec![pack_info(&detector_pack, detector.engine()), pack_info(&face_pack, face.engine())],
    };
    let path = FacePath::new(detector, face, config.face.clone());
    let events = EventMachine::new(config.events, new_id as fn(Monotonic) -> Uuid);
    Ok((Chain::new(path, Smoother::new(config.smooth), events), identity))
}

/// The kinds of event that the pack's heads allow.
fn capabilities(pack: &Pack) -> anyhow::Result<Vec<Kind>> {
    let heads = pack.frame()?;
    let mut kinds = vec![Kind::Presence];
    if heads.expression.is_some() {
        kinds.push(Kind::Expression);
    }
    if heads.valence_arousal.is_some() {
        kinds.extend([Kind::Valence, Kind::Arousal]);
    }
    if heads.action_units.is_some() {
        kinds.push(Kind::ActionUnit);
    }
    Ok(kinds)
}

fn pack_info(pack: &Pack, engine: &str) -> PackInfo {
    PackInfo {
        name: pack.name.clone(),
        version: pack.version.clone(),
        kind: pack.kind.name().to_owned(),
        engine: engine.to_owned(),
        licence: pack.licence.weights.clone(),
        commercial_use: pack.licence.commercial_use,
    }
}

/// An id that no other event has, on any device; ids sort by the time they were given.
fn new_id(_: Monotonic) -> Uuid {
    Uuid::now_v7()
}
