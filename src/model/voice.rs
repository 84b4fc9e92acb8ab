//! A voice model: a window of sound's features in, an [`Estimate`] out.

use super::engines::Engines;
use super::error::ModelError;
use super::loaded::Model;
use super::pack::Pack;
use super::spec::{VoiceSpec, Window};
use crate::affect::Estimate;

/// A pack of kind voice, opened.
pub struct VoiceModel {
    model: Model,
    spec: VoiceSpec,
    pack: String,
}

impl VoiceModel {
    /// Opens a pack of kind voice.
    ///
    /// # Errors
    /// When it is of another kind, and as [`Model::open`].
    pub fn open(pack: &Pack, engines: &Engines) -> Result<Self, ModelError> {
        let spec = pack.voice()?.clone();
        Ok(Self { model: Model::open(pack, engines)?, spec, pack: pack.id() })
    }

    /// The input to fill, rows × columns: the oldest row first.
    pub fn input_mut(&mut self) -> &mut [f32] {
        self.model.input_mut()
    }

    /// The rows of the input, and how they move on.
    pub fn window(&self) -> &Window {
        &self.spec.window
    }

    /// The engine's name, as in `pack.toml`.
    pub fn engine(&self) -> &'static str {
        self.model.engine()
    }

    /// Name and version of the pack: "voice 0.1.0".
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

#[cfg(test)]
mod tests {
    use crate::model::Features;
    use crate::voice::mel;

    #[test]
    fn what_packs_are_held_against_is_what_is_computed() {
        let computed = Features {
            rate_hz: mel::RATE,
            window: mel::WINDOW as u32,
            hop: mel::HOP as u32,
            fft: mel::FFT as u32,
            bands: mel::BANDS as u32,
            low_hz: mel::LOW_HZ,
            high_hz: mel::HIGH_HZ,
            floor: mel::FLOOR,
        };
        assert_eq!(Features::COMPUTED, computed);
    }
}
