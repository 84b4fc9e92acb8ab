//! From settings to a chain that is ready to work.

use std::path::Path;

use anyhow::Context;
use tracing::info;
use uuid::Uuid;

use crate::config::{self, Config};
use crate::events::{EventMachine, Kind};
use crate::face::FacePath;
use crate::model::{FrameModel, Model, Pack, Registry};
use crate::pipeline::Chain;
use crate::publish::{DeviceId, Identity, PackInfo};
use crate::smooth::{SmoothSettings, Smoother};

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

/// The packs where the command line, else the configuration, says they are.
///
/// # Errors
/// When no folder of packs is found.
pub fn registry(config: &Config, models: Option<&Path>) -> anyhow::Result<Registry> {
    Ok(match models.or(config.models.dir.as_deref()) {
        Some(dir) => Registry::at(dir)?,
        None => Registry::find()?,
    })
}

/// Opens the models and joins the chain. `device` stands in every payload.
///
/// # Errors
/// When a pack is missing, damaged, or refused by its engine.
pub fn chain(config: &Config, smooth: SmoothSettings, models: Option<&Path>, device: DeviceId) -> anyhow::Result<(Chain, Identity)> {
    let registry = registry(config, models)?;
    let detector_pack = registry.pack(config.models.detector.as_str())?;
    let face_pack = registry.pack(config.models.face.as_str())?;
    let detector_spec = detector_pack.detector()?.clone();
    let detector = Model::open(&detector_pack)?;
    let face = FrameModel::open(&face_pack)?;
    info!(detector = detector_pack.id(), face = face_pack.id(), engine = face.engine(), "Models opened.");

    let identity = Identity {
        device,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        board: None,
        capabilities: Kind::ALL.to_vec(),
        pack: face_pack.id(),
        engine: face.engine().to_owned(),
        packs: vec![pack_info(&detector_pack, detector.engine()), pack_info(&face_pack, face.engine())],
    };
    let path = FacePath::new(detector, detector_spec, face, config.face.clone()).context("face path")?;
    let events = EventMachine::new(config.events.clone(), new_id as fn(_) -> Uuid);
    Ok((Chain::new(path, Smoother::new(smooth), events), identity))
}
