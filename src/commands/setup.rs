//! From settings to a chain that is ready to work.

mod readers;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tracing::info;
use uuid::Uuid;

use crate::board;
use crate::capture::SoundSource;
use crate::clock::{Clock, Monotonic};
use crate::config::{self, Config, PackName};
use crate::events::{EventMachine, Kind};
use crate::face::detect::BlazeFace;
use crate::face::{FaceError, FacePath, Reader};
use crate::fuse::Fusion;
use crate::model::digest::Sha256Sum;
use crate::model::registry::candidates;
use crate::model::{EngineMissing, Engines, FrameModel, ModelError, Pack, Registry, RegistryError, VoiceModel};
use crate::pipeline::Chain;
use crate::pipeline::sound::Hearing;
use crate::publish::{Identity, PackInfo};
use crate::smooth::{Smoother, VoiceSmoother};
use crate::voice::VoicePath;

pub use readers::{ReaderSums, Readers, sequences};

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

/// Opens what reads a voice.
///
/// # Errors
/// When the pack is missing, of another kind, or its engine refuses it.
pub fn open_voice(
    registry: &Registry,
    config: &Config,
    engines: &Engines,
) -> anyhow::Result<(VoicePath<VoiceModel>, PackInfo)> {
    let pack = pack(registry, config, &config.models.voice)?;
    let model = VoiceModel::open(&pack, engines)?;
    let info = pack_info(&pack, model.engine());
    info!(voice = info.id(), engine = info.engine, "Voice model opened.");
    Ok((VoicePath::new(model), info))
}

/// Opens the voice pack and starts to listen to `source`: what is heard comes to the chain, and the device says that
/// it can tell of voices.
///
/// # Errors
/// As [`open_voice`], and when the system refuses a thread.
pub fn hear(
    source: Box<dyn SoundSource>,
    chain: &mut Chain,
    identity: &mut Identity,
    packs: &Packs,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Hearing> {
    let (path, info) = open_voice(&packs.registry, &packs.config, &packs.engines)?;
    let smoother = VoiceSmoother::new(packs.config.smooth);
    let (hearing, ears) = Hearing::start(source, path, smoother, clock).context("the sound's thread cannot start")?;
    chain.listen_to(ears, Fusion::new(packs.config.fuse));
    identity.packs.push(info);
    identity.capabilities.push(Kind::Voice);
    Ok(hearing)
}

/// The device, when it reads voices alone.
pub fn voice_identity(config: &Config, voice: &PackInfo) -> Identity {
    Identity {
        device: config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: board::here().map(|board| board.title),
        capabilities: vec![Kind::Voice],
        pack: voice.id(),
        engine: voice.engine.clone(),
        packs: vec![voice.clone()],
    }
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
    /// The sums of the manifests of what reads faces.
    pub readers: ReaderSums,
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
    let detector_pack = pack(&registry, config, &config.models.detector)?;
    // Taken first: what is replaced while it is opened is found to be another one later.
    let sums = ReaderSums::now(&registry, config)?;
    let readers = Readers::find(&registry, config)?;
    let engines = engines(config)?;
    let (detector, detector_info) = open_detector(&detector_pack, &engines)?;
    let (reader, face_info) = open_face(&readers.face, &engines)?;
    let (sequencer, sequences) = readers.open_sequences(config, &engines)?.unzip();
    let bare = Identity {
        device: config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: board::here().map(|board| board.title),
        capabilities: Vec::new(),
        pack: String::new(),
        engine: String::new(),
        packs: vec![detector_info],
    };
    let identity = bare.with_readers(face_info, sequences.unwrap_or_default(), readers.capabilities()?);
    info!(detector = detector_pack.id(), face = identity.pack, engine = identity.engine, "Models opened.");
    let path = FacePath::of(detector, reader, config.face.clone());
    let events = EventMachine::new(config.events, new_id as fn(Monotonic) -> Uuid);
    let chain = Chain::new(path, Smoother::new(config.smooth), events).with_sequences(sequencer);
    let packs = Packs { registry, config: config.clone(), engines, detector: detector_pack.sum, readers: sums };
    Ok((chain, identity, packs))
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
