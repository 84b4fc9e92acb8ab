//! The state of one face: the payload of `faces/<id>/state`, and a line of `affectd infer`.

use jiff::Timestamp;
use serde::Serialize;

use super::labels::{ByLabel, Judgement};
use super::number::{Degrees, Seconds, Signed, Stamp, Unit, pixels};
use super::{NotFinite, SCHEMA};
use crate::affect::{ActionUnit, Compound, Estimate, Expression};
use crate::face::Quality;
use crate::geometry::Rect;
use crate::publish::identity::Identity;
use crate::publish::state::{Answer, FaceState};

/// How well the face can be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct QualityPayload {
    /// The shorter side of the face, in pixels of the camera's picture.
    #[cfg_attr(test, schemars(range(min = 0)))]
    size: i32,
    /// 0 (no detail) to 1 (sharp).
    sharpness: Unit,
    /// The head's turn about the vertical, in degrees: 0 frontal, positive to the person's left.
    yaw: Degrees,
    /// The mean brightness of the face: 0 (black) to 1 (white).
    brightness: Unit,
    /// Whether all of them are good enough for an estimate.
    usable: bool,
}

impl QualityPayload {
    fn of(quality: &Quality) -> Option<Self> {
        Some(Self {
            size: pixels(quality.size)?.max(0),
            sharpness: Unit::new(quality.sharpness)?,
            yaw: Degrees::new(quality.yaw)?,
            brightness: Unit::new(quality.brightness)?,
            usable: quality.usable,
        })
    }
}

/// How one face appears: an estimate, not a statement about what the person feels.
///
/// What the model pack does not give, or the picture does not allow, is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Face state"))]
#[cfg_attr(test, schemars(extend("anyOf" = [
    { "required": ["face", "frame", "captured_at", "box", "quality", "confidence"] },
    { "required": ["source"] },
])))]
pub struct FaceLine<'a> {
    /// The file the face was read from, as it was given. Only in lines of `affectd infer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    /// Seconds since the start of the clip. Only in lines of `affectd infer` on clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Seconds>,
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// The number of the face, for as long as it stays in view; never given twice in one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<u64>,
    /// The number of the frame, counted by the source from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<u64>,
    /// When the frame was captured, in UTC with microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<Stamp>,
    /// Left edge, top edge, width and height in pixels of the camera's picture. May reach beyond it.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    rect: Option<[i32; 4]>,
    /// How well the face can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<QualityPayload>,
    /// How pleasant the face appears: -1 (negative) to 1 (positive).
    #[serde(skip_serializing_if = "Option::is_none")]
    valence: Option<Signed>,
    /// How activated the face appears: -1 (calm) to 1 (excited).
    #[serde(skip_serializing_if = "Option::is_none")]
    arousal: Option<Signed>,
    /// The expression that appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<Judgement<Expression, 10>>,
    /// The probability that each action unit is active; they do not sum to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    action_units: Option<ByLabel<ActionUnit, 12>>,
    /// The compound expression that appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    compound: Option<Judgement<Compound, 7>>,
    /// How far the estimate can be trusted, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<Unit>,
    /// The model pack and its version.
    pack: &'a str,
    /// The engine that ran it.
    engine: &'a str,
}

impl<'a> FaceLine<'a> {
    /// A face in a frame. `captured_at` is the wall time of the frame; a photograph has none.
    ///
    /// # Errors
    /// When a number of the box or the quality is not finite.
    pub fn of(state: &FaceState, captured_at: Option<Timestamp>, identity: &'a Identity) -> Result<Self, NotFinite> {
        let line = Self::of_estimate(&state.estimate, state.expression, state.compound, identity);
        Ok(Self {
            face: Some(state.track.0),
            frame: Some(state.frame),
            captured_at: captured_at.map(Stamp::from),
            rect: Some(whole_pixels(&state.rect).ok_or(NotFinite { field: "box" })?),
            quality: Some(QualityPayload::of(&state.quality).ok_or(NotFinite { field: "quality" })?),
            confidence: Some(state.confidence.into()),
            ..line
        })
    }

    /// An estimate without a picture around it: a ready-made face crop.
    pub fn of_estimate(
        estimate: &Estimate,
        expression: Option<Answer<Expression>>,
        compound: Option<Answer<Compound>>,
        identity: &'a Identity,
    ) -> Self {
        Self {
            source: None,
            time: None,
            schema: SCHEMA,
            device: identity.device.as_str(),
            face: None,
            frame: None,
            captured_at: None,
            rect: None,
            quality: None,
            valence: estimate.valence.map(Signed::from),
            arousal: estimate.arousal.map(Signed::from),
            expression: expression.map(|answer| Judgement::of(answer, estimate.expressions)),
            action_units: ByLabel::of(estimate.action_units),
            compound: compound.map(|answer| Judgement::of(answer, estimate.compounds)),
            confidence: None,
            pack: &identity.pack,
            engine: &identity.engine,
        }
    }

    /// The same line, led by the file it was read from and, for a clip, the seconds since its start.
    ///
    /// # Errors
    /// When the time is not finite.
    pub fn from_source(self, source: &'a str, time: Option<f32>) -> Result<Self, NotFinite> {
        let seconds = |time| Seconds::new(time).ok_or(NotFinite { field: "time" });
        Ok(Self { source: Some(source), time: time.map(seconds).transpose()?, ..self })
    }
}

fn whole_pixels(rect: &Rect) -> Option<[i32; 4]> {
    Some([pixels(rect.x)?, pixels(rect.y)?, pixels(rect.width)?, pixels(rect.height)?])
}
