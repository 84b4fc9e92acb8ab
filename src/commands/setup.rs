//! From settings to a chain that is ready to work.

mod readers;

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tracing::info;
use uuid::Uuid;

use crate::board;
use crate::capture::SoundSource;
use crate::clock::{Monotonic, SystemClock};
use crate::config::{self, Config, PackName};
use crate::events::{EventMachine, Kind};
use crate::face::detect::BlazeFace;
use crate::face::{FaceError, FacePath, Reader};
use crate::model::digest::Sha256Sum;
use crate::model::registry::candidates;
use crate::model::verify::{compare, refuse_disagreement};
use crate::model::{EngineMissing, Engines, FrameModel, ModelError, Pack, Registry, RegistryError, VoiceModel};
use crate::outlet::Recorder;
use crate::pipeline::sound::Hearing;
use crate::pipeline::{Chain, Supply};
use crate::publish::{DeviceId, Identity, PackInfo};
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

/// The recording that `--record` asks for, as `open` begins it or goes on with it.
///
/// # Errors
/// When the file cannot be written.
pub fn recorder(
    path: Option<&Path>,
    device: &DeviceId,
    open: impl Fn(&Path, DeviceId) -> io::Result<Recorder>,
) -> anyhow::Result<Option<Recorder>> {
    let opened = path.map(|path| {
        open(path, device.clone()).with_context(|| format!("{}: the recording cannot be written", path.display()))
    });
    opened.transpose()
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

/// Opens the voice pack to listen to what comes from `sources`; the device says that it can tell of voices.
///
/// # Errors
/// As [`open_voice`].
pub fn hearing(
    sources: Supply<Box<dyn SoundSource>>,
    identity: &mut Identity,
    packs: &Arc<Packs>,
) -> anyhow::Result<Hearing<VoiceModel>> {
    let open = |packs: &Packs| open_voice(&packs.registry, &packs.config, &packs.engines);
    let (path, info) = open(packs)?;
    identity.packs.push(info);
    identity.capabilities.push(Kind::Voice);
    let again = packs.clone();
    let paths = Supply::of(move || open(&again).map(|(path, _)| path)).starting_with(path);
    Ok(Hearing { sources, paths, smoother: VoiceSmoother::new(packs.config.smooth) })
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

/// Where packs come from, which are wanted, and what runs them.
#[derive(Debug, Clone)]
pub struct Packs {
    /// Where they are.
    pub registry: Registry,
    /// Which ones, and what is asked of them.
    pub config: Config,
    /// What runs them.
    pub engines: Engines,
}

/// The sums of the manifests of the packs at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// The detector's.
    pub detector: Sha256Sum,
    /// Those of what reads faces.
    pub readers: ReaderSums,
}

/// A chain, and the packs in it.
pub struct Opened {
    /// The chain.
    pub chain: Chain,
    detector: PackInfo,
    face: PackInfo,
    sequences: Vec<PackInfo>,
    capabilities: Vec<Kind>,
    /// What was opened.
    pub sums: Sums,
}

impl Opened {
    /// The device with these packs.
    pub fn identity(&self, device: &Identity) -> Identity {
        let readers = (self.face.clone(), self.sequences.clone(), self.capabilities.clone());
        device.with_detector(self.detector.clone()).with_readers(readers.0, readers.1, readers.2)
    }
}

impl Packs {
    /// Opens the models and joins the chain. What is opened while others were at work before is proven first: it may
    /// not be what was there when affectd started.
    ///
    /// # Errors
    /// When a pack is missing, damaged, refused by its engine, or does not do what it should.
    pub fn open(&self, proven: bool) -> anyhow::Result<Opened> {
        let Self { registry, config, engines } = self;
        let detector_pack = pack(registry, config, &config.models.detector)?;
        // Taken first: what is replaced while it is opened is found to be another one later.
        let sums = Sums { detector: detector_pack.sum, readers: ReaderSums::now(registry, config)? };
        let readers = Readers::find(registry, config)?;
        if proven {
            let members = readers.sequences.iter().flat_map(|sequences| &sequences.members).map(|(member, _)| member);
            [&detector_pack, &readers.face].into_iter().chain(members).try_for_each(|pack| prove(pack, engines))?;
        }
        let (detector, detector_info) = open_detector(&detector_pack, engines)?;
        let (reader, face) = open_face(&readers.face, engines)?;
        let (sequencer, sequences) = readers.open_sequences(config, engines)?.unzip();
        let path = FacePath::of(detector, reader, config.face.clone());
        let events = EventMachine::new(config.events, new_id as fn(Monotonic) -> Uuid);
        let chain = Chain::new(path, Smoother::new(config.smooth), events).with_sequences(sequencer);
        let (sequences, capabilities) = (sequences.unwrap_or_default(), readers.capabilities(config.privacy.extent)?);
        Ok(Opened { chain, detector: detector_info, face, sequences, capabilities, sums })
    }
}

/// Runs the pack on its golden vectors.
///
/// # Errors
/// When they disagree, or cannot be run.
pub fn prove(pack: &Pack, engines: &Engines) -> Result<(), ModelError> {
    let report = compare(pack, engines.preferred(pack)?, engines, &SystemClock)?;
    refuse_disagreement(pack, &report)
}

/// Opens the models and joins the chain.
///
/// # Errors
/// When a pack is missing, damaged, or refused by its engine, or the engine is not here.
pub fn chain(config: &Config, models: Option<&Path>) -> anyhow::Result<(Chain, Identity)> {
    live_chain(config, models).map(|(opened, identity, _)| (opened.chain, identity))
}

/// The same, with what it takes to open others.
///
/// # Errors
/// As [`chain`].
pub fn live_chain(config: &Config, models: Option<&Path>) -> anyhow::Result<(Opened, Identity, Arc<Packs>)> {
    // The registry first: no packs at all is the more helpful thing to say.
    let (registry, config) = (registry(config, models)?, config.clone());
    let packs = Packs { registry, engines: engines(&config)?, config };
    let opened = packs.open(false)?;
    let bare = Identity {
        device: packs.config.device.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: board::here().map(|board| board.title),
        capabilities: Vec::new(),
        pack: String::new(),
        engine: String::new(),
        packs: Vec::new(),
    };
    let identity = opened.identity(&bare);
    info!(detector = opened.detector.id(), face = identity.pack, engine = identity.engine, "Models opened.");
    Ok((opened, identity, Arc::new(packs)))
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
