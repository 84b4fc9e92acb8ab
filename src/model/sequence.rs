//! A sequence model: a window of embeddings in, an [`Estimate`] out.

use super::engines::Engines;
use super::error::ModelError;
use super::loaded::Model;
use super::pack::Pack;
use super::spec::SequenceSpec;
use crate::affect::Estimate;

/// A pack of kind sequence, opened.
pub struct SequenceModel {
    model: Model,
    spec: SequenceSpec,
}

impl SequenceModel {
    /// Opens a pack of kind sequence.
    ///
    /// # Errors
    /// When it is of another kind, and as [`Model::open`].
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, ModelError> {
        let spec = pack.sequence()?.clone();
        Ok(Self { model: Model::open(pack, engines)?, spec })
    }

    /// What its window is made of, and which row it estimates.
    pub fn spec(&self) -> &SequenceSpec {
        &self.spec
    }

    /// The input to fill: 1×rows×columns, the oldest row first.
    pub fn input_mut(&mut self) -> &mut [f32] {
        self.model.input_mut()
    }

    /// Runs the model on the input and reads its heads. What it has no head for is absent.
    ///
    /// # Errors
    /// When the engine fails or an output is not finite.
    pub fn estimate(&mut self) -> Result<Estimate, ModelError> {
        self.model.run()?;
        Ok(self.spec.heads.estimate(&self.model))
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &'static str {
        self.model.engine()
    }
}
