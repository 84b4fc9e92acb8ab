//! What a voice appears like: the payload of `voice/state`, and a line of `affectd infer` on sound.

use jiff::Timestamp;
use serde::Serialize;

use super::labels::Judgement;
use super::number::{Decibels, Seconds, Signed, Stamp, Unit};
use super::{NotFinite, SCHEMA};
use crate::affect::Expression;
use crate::publish::identity::{Identity, PackInfo};
use crate::publish::state::VoiceState;
use crate::voice::SoundQuality;

/// How well the sound can be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct SoundQualityPayload {
    /// The level of the voice, or without voice of everything, in decibels of the full range.
    level: Decibels,
    /// How much of the voice is cut off because it was recorded too loud, 0 to 1.
    clipped: Unit,
}

impl SoundQualityPayload {
    fn of(quality: &SoundQuality) -> Option<Self> {
        Some(Self { level: Decibels::new(quality.level)?, clipped: quality.clipped.into() })
    }
}

/// How the voice that is heard appears: an estimate, not a statement about what the person feels.
///
/// What the model pack does not give, or too little voice does not allow, is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Voice state"))]
#[cfg_attr(test, schemars(extend("anyOf" = [{ "required": ["captured_at"] }, { "required": ["source"] }])))]
pub struct VoiceLine<'a> {
    /// The file the voice was heard in, as it was given. Only in lines of `affectd infer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    /// The seconds from the start of the file to the end of the window. Only in lines of `affectd infer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Seconds>,
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// When the window of sound that was read ended, in UTC with microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<Stamp>,
    /// How much sound was read, in seconds.
    seconds: Seconds,
    /// The share of it that is voice, 0 to 1.
    voice_activity: Unit,
    /// How well it can be read.
    quality: SoundQualityPayload,
    /// How pleasant the voice appears: -1 (negative) to 1 (positive).
    #[serde(skip_serializing_if = "Option::is_none")]
    valence: Option<Signed>,
    /// How activated the voice appears: -1 (calm) to 1 (excited).
    #[serde(skip_serializing_if = "Option::is_none")]
    arousal: Option<Signed>,
    /// The expression that appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<Judgement<Expression, 10>>,
    /// How far the estimate can be trusted, 0 to 1.
    confidence: Unit,
    /// The model pack and its version.
    pack: String,
    /// The engine that ran it.
    engine: &'a str,
}

impl<'a> VoiceLine<'a> {
    /// A voice in a window of sound, read by `pack`. `captured_at` is the wall time of the window's end; a file has
    /// none.
    ///
    /// # Errors
    /// When a number is not finite.
    pub fn of(
        state: &VoiceState,
        captured_at: Option<Timestamp>,
        identity: &'a Identity,
        pack: &'a PackInfo,
    ) -> Result<Self, NotFinite> {
        Ok(Self {
            source: None,
            time: None,
            schema: SCHEMA,
            device: identity.device.as_str(),
            captured_at: captured_at.map(Stamp::from),
            seconds: Seconds::new(state.span.as_secs_f32()).ok_or(NotFinite { field: "seconds" })?,
            voice_activity: state.activity.into(),
            quality: SoundQualityPayload::of(&state.quality).ok_or(NotFinite { field: "quality" })?,
            valence: state.estimate.valence.map(Signed::from),
            arousal: state.estimate.arousal.map(Signed::from),
            expression: state.expression.map(|answer| Judgement::of(answer, state.estimate.expressions)),
            confidence: state.confidence.into(),
            pack: pack.id(),
            engine: &pack.engine,
        })
    }

    /// The same line, led by the file it was read from and, for one of its windows, the seconds until its end.
    ///
    /// # Errors
    /// When the time is not finite.
    pub fn from_source(self, source: &'a str, time: Option<f32>) -> Result<Self, NotFinite> {
        let seconds = |time| Seconds::new(time).ok_or(NotFinite { field: "time" });
        Ok(Self { source: Some(source), time: time.map(seconds).transpose()?, ..self })
    }
}
