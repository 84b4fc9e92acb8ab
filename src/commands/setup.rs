//! From settings to a chain that is ready to work.

use std::path::Path;

use tracing::info;
use uuid::Uuid;

use crate::clock::Monotonic;
use crate::config::{self, Config, PackName};
use crate::events::{EventMachine, Kind};
use crate::face::detect::BlazeFace;
use crate::face::{FaceError, FacePath, Reader};
use crate::model::digest::Sha256Sum;
use crate::model::registry::candidates;
use crate::model::{EngineMissing, Engines, FrameModel, ModelError, Pack, Registry, RegistryError};
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
    Ok(Registry::find(candidates(said, executable.as_deref()))?.trusting(config.models.trust.clone()))
}

/// A pack, if it may be used as the configuration says it is.
///
/// # Errors
/// When there is none of that name, it is damaged, or its signature or licence forbids this use.
pub fn pack(registry: &Registry, config: &Config, name: &PackName) -> Result<Pack, RegistryError> {
    let pack = registry.pack(name.as_str())?;
    admit(&pack, config)?;
    Ok(pack)
}

/// Lets a pack pass that may be used as the configuration says it is.
///
/// # Errors
/// When its licence forbids this use.
pub fn admit(pack: &Pack, config: &Config) -> Result<(), ModelError> {
    if config.models.commercial { pack.refuse_unless_commercial() } else { Ok(()) }
}

/// The engines, as the configuration asks for them.
///
/// # Errors
/// When ONNX Runtime is asked for by name and is not here.
pub fn engines(config: &Config) -> Result<Engines, EngineMissing> {
    Engines::start(&config.models.engines, std::env::current_exe().ok().as_deref())
}

/// Whatever engines are here, whether the configuration asks for them or not.
pub fn engines_present(config: &Config) -> Engines {
    Engines::present(&config.models.engines, std::env::current_exe().ok().as_deref())
}

/// Opens what finds faces.
///
/// # Errors
/// When the pack is of another kind, or its engine refuses it.
pub fn open_detector(pack: &Pack, engines: &Engines) -> Result<(BlazeFace, PackInfo), FaceError> {
    let detector = BlazeFace::open(pack, engines)?;
    let info = pack_info(pack, detector.engine());
    Ok((detector, info))
}

/// Opens what reads a face.
///
/// # Errors
/// When the pack is of another kind, or its engine refuses it.
pub fn open_face(pack: &Pack, engines: &Engines) -> Result<(Reader<FrameModel>, PackInfo), FaceError> {
    let model = FrameModel::open(pack, engines)?;
    let info = pack_info(pack, model.engine());
    Ok((Reader::new(model), info))
}

/// Which packs are at work, and where others may come from.
pub struct Packs {
    /// Where they are.
    pub registry: Registry,
    /// Which ones, and what is asked of them.
    pub config: Config,
    /// What runs them.
    pub engines: Engines,
    /// The sum of the detector's manifest.
    pub detector: Sha256Sum,
    /// The sum of the face pack's manifest.
    pub face: Sha256Sum,
}

/// Opens the models and joins the chain.
///
/// # Errors
/// When a pack is missing, damaged, or refused by its engine, or the engine is not here.
pub fn chain(config: &Config, models: Option<&Path>) -> anyhow::Result<(Chain, Identity)> {
    live_chain(config, models).map(|(chain, identity, _)| (chain, identity))
}

/// The same, with what it takes to replace its packs.
///
/// # Errors
/// As [`chain`].
pub fn live_chain(config: &Config, models: Option<&Path>) -> anyhow::Result<(Chain, Identity, Packs)> {
    let registry = registry(config, models)?;
    let (detector_pack, face_pack) =
        (pack(&registry, config, &config.models.detector)?, pack(&registry, config, &config.models.face)?);
    let engines = engines(config)?;
    let (detector, detector_info) = open_detector(&detector_pack, &engines)?;
    let (reader, face_info) = open_face(&face_pack, &engines)?;
    info!(detector = detector_info.id(), face = face_info.id(), engine = face_info.engine, "Models opened.");
    let identity = Identity {
        device: config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: None,
        capabilities: capabilities(&face_pack)?,
        pack: face_info.id(),
        engine: face_info.engine.clone(),
        packs: vec![detector_info, face_info],
    };
    let path = FacePath::of(detector, reader, config.face.clone());
    let events = EventMachine::new(config.events, new_id as fn(Monotonic) -> Uuid);
    let chain = Chain::new(path, Smoother::new(config.smooth), events);
    let packs = Packs { registry, config: config.clone(), engines, detector: detector_pack.sum, face: face_pack.sum };
    Ok((chain, identity, packs))
}

/// The kinds of event that the pack's heads allow.
///
/// # Errors
/// When it is of another kind.
pub fn capabilities(pack: &Pack) -> Result<Vec<Kind>, ModelError> {
    let heads = &pack.frame()?.heads;
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
    if heads.compound.is_some() {
        kinds.push(Kind::Compound);
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
