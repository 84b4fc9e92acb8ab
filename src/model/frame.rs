//! A frame model: one aligned face in, an [`Estimate`] out.

use super::engines::Engines;
use super::error::ModelError;
use super::loaded::Model;
use super::pack::Pack;
use super::spec::{Align, FrameSpec, InputSpec};
use crate::affect::Estimate;

/// A pack of kind frame, opened.
pub struct FrameModel {
    model: Model,
    input: InputSpec,
    spec: FrameSpec,
    pack: String,
}

impl FrameModel {
    /// Opens a pack of kind frame.
    ///
    /// # Errors
    /// When it is of another kind, and as [`Model::open`].
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, ModelError> {
        let spec = pack.frame()?.clone();
        Ok(Self { model: Model::open(pack, engines)?, input: pack.picture()?, spec, pack: pack.id() })
    }

    /// The input to fill with an aligned face.
    pub fn input_mut(&mut self) -> &mut [f32] {
        self.model.input_mut()
    }

    /// The input's size, channels and normalisation.
    pub fn input_spec(&self) -> &InputSpec {
        &self.input
    }

    /// Where the face's points must lie in the input, as fractions.
    pub fn align(&self) -> &Align {
        &self.spec.align
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &'static str {
        self.model.engine()
    }

    /// Name and version of the pack: "mtanet 0.1.0".
    pub fn pack(&self) -> &str {
        &self.pack
    }

    /// Runs the model on the input and reads its heads. What it has no head for is absent.
    ///
    /// # Errors
    /// When the engine fails or an output is not finite.
    pub fn estimate(&mut self) -> Result<Estimate, ModelError> {
        self.model.run()?;
        Ok(self.spec.heads.estimate(&self.model))
    }

    /// The embedding of the last estimate, when the pack has that output.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.spec.heads.embedding(&self.model)
    }
}
