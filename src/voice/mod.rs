//! The voice path: sound of any rate in, what a voice appears like out. Silence and noise say nothing.
//!
//! | file | what it is for |
//! |---|---|
//! | [`level`] | what must go, or be told: an offset, clipping |
//! | [`resample`] | any rate to 16 kHz |
//! | [`activity`] | where somebody speaks |
//! | [`mel`] | the features that a voice pack was trained on |
//! | [`window`] | the latest of them, as the model reads them |
//! | `path` | all of it, sound by sound |
//!
//! Everything here is pure but for the model: samples in, readings out, time as it is stamped on the sound.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::affect::{Confidence, Estimate};
use crate::clock::Monotonic;
use crate::model::{ModelError, VoiceModel};

pub mod activity;
pub mod level;
pub mod mel;
mod path;
pub mod resample;
#[cfg(test)]
pub(crate) mod testing;
pub mod window;

pub use path::VoicePath;
pub use resample::RateError;

/// The most numbers in an embedding that is handed on; a model's longer one is not.
pub const MAX_EMBEDDING: usize = 256;

/// What a voice model gives for sequence models. It is what comes closest to a trace of a person, so it has no text and
/// no serialised form, and is forgotten with the window that it is of.
#[derive(Clone, PartialEq)]
pub struct Embedding(heapless::Vec<f32, MAX_EMBEDDING>);

impl Embedding {
    /// A copy of the numbers; `None` when there are more than [`MAX_EMBEDDING`].
    pub fn of(numbers: &[f32]) -> Option<Self> {
        heapless::Vec::from_slice(numbers).ok().map(Self)
    }

    /// The numbers, for a sequence model.
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} numbers)", self.0.len())
    }
}

/// How well sound can be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoundQuality {
    /// The level of the voice, or without voice of everything, in decibels of the full range: −120 to 0.
    pub level: f32,
    /// How much of the voice is cut off at the end of the range, 0 to 1.
    pub clipped: Confidence,
}

/// What one window of sound gave.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceReading {
    /// When the window ended.
    pub captured_at: Monotonic,
    /// How much sound was in it: less than a window, when the sound was shorter.
    pub span: Duration,
    /// The share of it that is voice, 0 to 1.
    pub activity: Confidence,
    /// How well it can be read.
    pub quality: SoundQuality,
    /// How far the estimate can be trusted, from the sound's side.
    pub confidence: Confidence,
    /// What the model gave; absent without enough voice.
    pub estimate: Option<Estimate>,
    /// What sequence models read; absent with the estimate, and when the pack has none.
    pub embedding: Option<Embedding>,
}

/// A model that reads a window of sound.
pub trait VoiceRead {
    /// How many rows its input has, each of [`window::COLUMNS`] numbers.
    fn rows(&self) -> usize;

    /// After how many rows it is asked again.
    fn hop(&self) -> usize;

    /// The input to fill, rows × [`window::COLUMNS`], the oldest row first.
    fn input_mut(&mut self) -> &mut [f32];

    /// Reads the input.
    ///
    /// # Errors
    /// When the model failed; it may be asked again.
    fn estimate(&mut self) -> Result<Estimate, VoiceError>;

    /// The embedding of the last estimate, when the model has one.
    fn embedding(&self) -> Option<&[f32]>;
}

impl VoiceRead for VoiceModel {
    fn rows(&self) -> usize {
        self.window().rows
    }

    fn hop(&self) -> usize {
        let window = self.window();
        (window.hop.as_nanos() / window.step.as_nanos().max(1)) as usize
    }

    fn input_mut(&mut self) -> &mut [f32] {
        self.input_mut()
    }

    fn estimate(&mut self) -> Result<Estimate, VoiceError> {
        Ok(self.estimate()?)
    }

    fn embedding(&self) -> Option<&[f32]> {
        self.embedding()
    }
}

/// Why sound could not be read.
#[derive(Debug, Error)]
pub enum VoiceError {
    /// The model cannot be used or failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The rate is none that can be read.
    #[error(transparent)]
    Rate(#[from] RateError),
}
