//! The payload of `events`: one step in the life of an event.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::number::{Stamp, Unit};
use super::{NotFinite, SCHEMA};
use crate::clock::Monotonic;
use crate::events::{Event, Kind, Stage, Subject};
use crate::publish::topics::DeviceId;
use jiff::{SignedDuration, Timestamp};

/// The name of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum StageName {
    New,
    Update,
    End,
}

/// The name of what an event, or an ability of the device, is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub(super) enum KindName {
    Presence,
    Expression,
    Compound,
    ActionUnit,
    Valence,
    Arousal,
    Voice,
}

impl From<Stage> for StageName {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::New => Self::New,
            Stage::Update => Self::Update,
            Stage::End => Self::End,
        }
    }
}

impl From<Kind> for KindName {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Presence => Self::Presence,
            Kind::Expression => Self::Expression,
            Kind::Compound => Self::Compound,
            Kind::ActionUnit => Self::ActionUnit,
            Kind::Valence => Self::Valence,
            Kind::Arousal => Self::Arousal,
            Kind::Voice => Self::Voice,
        }
    }
}

/// The wall times of an event's moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTimes {
    /// When it began.
    pub started_at: Stamp,
    /// When this step was captured.
    pub at: Stamp,
    /// When it ended.
    pub ended_at: Option<Stamp>,
}

impl EventTimes {
    /// The times of an event by a map from moments to the wall.
    ///
    /// The wall is asked once: were it set between two questions, the event would end before it began.
    pub fn of(event: &Event, wall: impl FnOnce(Monotonic) -> Timestamp) -> Self {
        let at = wall(event.at);
        let between = |one: Monotonic, next: Monotonic| SignedDuration::try_from(next.since(one)).unwrap_or_default();
        // One of the two is zero.
        let since = |moment| between(event.at, moment) - between(moment, event.at);
        let stamp = |moment| Stamp::from(at.checked_add(since(moment)).unwrap_or(at));
        Self { started_at: stamp(event.started_at), at: Stamp::from(at), ended_at: event.ended_at.map(stamp) }
    }
}

/// One step in the life of an event: `new`, then any number of `update`, then `end`, all under one id.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Event"))]
pub struct EventPayload<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The same in all messages of one event, and in a message that is sent again: a UUID of version 7.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "uuid")))]
    #[serde(serialize_with = "as_text")]
    id: Uuid,
    /// The step.
    #[serde(rename = "type")]
    stage: StageName,
    /// What the event is about.
    kind: KindName,
    /// The expression, compound expression or action unit; "present" for presence; "positive" or
    /// "negative" for valence; "high" or "low" for arousal; "speaking" for a voice.
    label: &'a str,
    /// The number of the face; absent when the event is about everyone in view.
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<u64>,
    /// The id of the device.
    device: &'a str,
    /// When the event began: the capture time of the first frame that showed it.
    started_at: Stamp,
    /// The capture time of the frame that this step comes from.
    at: Stamp,
    /// When the event ended; null while it lasts.
    ended_at: Option<Stamp>,
    /// The strongest value so far (valence and arousal by size).
    peak: Unit,
    /// How sure the estimate is now.
    confidence: Unit,
    /// Whether the message had to wait for the broker, so that it tells of the past.
    historical: bool,
}

/// As text in every encoding: by itself an id would be bytes in CBOR.
fn as_text<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

impl<'a> EventPayload<'a> {
    /// An event with the wall times of its moments.
    ///
    /// # Errors
    /// When the peak is not finite.
    pub fn of(event: &'a Event, times: EventTimes, historical: bool, device: &'a DeviceId) -> Result<Self, NotFinite> {
        Ok(Self {
            schema: SCHEMA,
            id: event.id,
            stage: event.stage.into(),
            kind: event.kind.into(),
            label: event.label.as_str(),
            face: match event.subject {
                Subject::Face(track) => Some(track.0),
                Subject::Scene => None,
            },
            device: device.as_str(),
            started_at: times.started_at,
            at: times.at,
            ended_at: times.ended_at,
            peak: Unit::new(event.peak).ok_or(NotFinite { field: "peak" })?,
            confidence: event.confidence.into(),
            historical,
        })
    }
}
