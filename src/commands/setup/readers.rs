//! The packs that read faces: one that reads each picture and, if configured, what reads them over a while.

use std::time::Duration;

use super::{admit, pack, pack_info};
use crate::config::Config;
use crate::events::Kind;
use crate::model::digest::Sha256Sum;
use crate::model::{Engines, Heads, ModelError, Pack, Registry, RegistryError, SequenceModel, SequenceSpec, Sequences};
use crate::privacy::Extent;
use crate::publish::PackInfo;
use crate::sequence::{Sequencer, Tolerance};

/// How long a window of sound stands for what is heard, when nothing is known of the voice's pack.
const VOICE_STANDS: Duration = Duration::from_secs(2);

/// The packs, whole, admitted, and fit for one another.
pub struct Readers {
    /// What reads a picture of a face.
    pub face: Pack,
    /// What reads a face over a while.
    pub sequences: Option<Sequences>,
}

/// The sums of their manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderSums {
    /// The face pack's.
    pub face: Sha256Sum,
    /// Those of the sequences.
    pub sequences: Option<Sha256Sum>,
}

impl ReaderSums {
    /// What the manifests that are there come to now.
    ///
    /// # Errors
    /// When one is missing or wrong.
    pub fn now(registry: &Registry, config: &Config) -> Result<Self, RegistryError> {
        let face = registry.describe(config.models.face.as_str())?.sum;
        let sequence = config.models.sequence.as_ref();
        Ok(Self { face, sequences: sequence.map(|name| registry.sequences_sum(name.as_str())).transpose()? })
    }

    /// One sum of all.
    pub fn whole(&self) -> Sha256Sum {
        match self.sequences {
            None => self.face,
            Some(sequences) => Sha256Sum::of(format!("{} {sequences}", self.face).as_bytes()),
        }
    }
}

impl Readers {
    /// Loads the packs that are configured.
    ///
    /// # Errors
    /// When one is missing, damaged or of another kind, its signature or licence forbids this use, or they do not go
    /// together.
    pub fn find(registry: &Registry, config: &Config) -> Result<Self, RegistryError> {
        let face = pack(registry, config, &config.models.face)?;
        face.frame()?;
        let sequences = sequences(registry, config, &face)?;
        Ok(Self { face, sequences })
    }

    /// The kinds of event that the packs' heads allow, as far as they may be told.
    ///
    /// # Errors
    /// When one is of another kind.
    pub fn capabilities(&self, extent: Extent) -> Result<Vec<Kind>, ModelError> {
        let mut all = vec![&self.face.frame()?.heads];
        for (member, _) in self.sequences.iter().flat_map(|sequences| &sequences.members) {
            all.push(&member.sequence()?.heads);
        }
        let any = |has: fn(&Heads) -> bool| all.iter().any(|heads| has(heads));
        let kinds = [
            (Kind::Presence, true),
            (Kind::Expression, any(|heads| heads.expression.is_some())),
            (Kind::Valence, any(|heads| heads.valence_arousal.is_some())),
            (Kind::Arousal, any(|heads| heads.valence_arousal.is_some())),
            (Kind::ActionUnit, any(|heads| heads.action_units.is_some())),
            (Kind::Compound, any(|heads| heads.compound.is_some())),
        ];
        Ok(extent.kinds(kinds.into_iter().filter(|(_, can)| *can).map(|(kind, _)| kind).collect()))
    }

    /// Opens what reads faces over a while; the first of the infos is that of the pack that was named.
    ///
    /// # Errors
    /// When an engine refuses a member.
    pub fn open_sequences(
        &self,
        config: &Config,
        engines: &Engines,
    ) -> Result<Option<(Sequencer, Vec<PackInfo>)>, ModelError> {
        let Some(Sequences { pack, members, face_weight, voice_hop }) = &self.sequences else { return Ok(None) };
        let (mut models, mut infos) = (Vec::new(), Vec::new());
        for (member, weight) in members {
            let mut model = SequenceModel::open(member, engines)?;
            // The first run of an engine takes longer than later ones; not on the frames' thread.
            model.estimate()?;
            infos.push(pack_info(member, model.engine()));
            models.push((model, *weight));
        }
        if pack.ensemble().is_ok() {
            let mut engines: Vec<&str> = infos.iter().map(|info| &*info.engine).collect();
            engines.dedup();
            infos.insert(0, pack_info(pack, &engines.join(" and ")));
        }
        // A face that is read as often as it is to be is there all the time, however small the steps.
        let steps = |spec: &SequenceSpec| spec.window.step;
        let step = models.iter().map(|(model, _)| steps(model.spec())).max().unwrap_or_default();
        let tolerance =
            Tolerance { face: step.max(config.face.read_every), voice: voice_hop.map_or(VOICE_STANDS, |hop| hop * 2) };
        Ok(Some((Sequencer::new(models, *face_weight, tolerance), infos)))
    }
}

/// Loads what is configured to read over a while the faces that `face` reads. A voice that it reads as well must be
/// that of the configured voice pack, where that is there; without one it reads faces alone.
///
/// # Errors
/// When a pack is missing, damaged or of another kind, its signature or licence forbids this use, or they do not go
/// together.
pub fn sequences(registry: &Registry, config: &Config, face: &Pack) -> Result<Option<Sequences>, RegistryError> {
    let Some(name) = &config.models.sequence else { return Ok(None) };
    let voice = registry.describe(config.models.voice.as_str()).ok();
    let sequences = registry.sequences(name.as_str(), face, voice.as_ref())?;
    for pack in sequences.packs() {
        admit(pack, config)?;
    }
    Ok(Some(sequences))
}
