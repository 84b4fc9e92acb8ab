//! The payload of `notice`: what is being sensed, or why nothing is. Retained.

use serde::Serialize;

use super::SCHEMA;
use super::event::KindName;
use super::number::Stamp;
use crate::privacy::{Extent, Notice, Reason, Sensing};
use crate::publish::topics::DeviceId;

/// Whether anything is sensed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum SensingName {
    /// Pictures, and sound where there is a microphone, are read.
    Sensing,
    /// Neither is.
    Muted,
}

/// Why nothing is sensed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum ReasonName {
    /// Somebody asked for it.
    Command,
    /// Nobody has agreed, or the consent was withdrawn.
    Consent,
    /// The device is configured to start so.
    Configured,
}

impl From<Reason> for ReasonName {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Command => Self::Command,
            Reason::Consent => Self::Consent,
            Reason::Configured => Self::Configured,
        }
    }
}

/// What senses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum SensorName {
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
}

/// What is being sensed, or why nothing is. It holds while `status` is `online`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Notice"))]
pub struct NoticePayload<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// Whether anything is sensed.
    state: SensingName,
    /// Why nothing is; absent while something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<ReasonName>,
    /// Since when it is so, in UTC with microseconds.
    since: Stamp,
    /// Where the device stands, as its configuration declares; absent when that was not declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'static str>,
    /// What senses, or would if it were not muted.
    sensors: Vec<SensorName>,
    /// The kinds of event that are, or would be, told of.
    kinds: Vec<KindName>,
    /// Whether only visible movements of the face are told, and nothing that interprets them.
    action_units_only: bool,
}

impl<'a> NoticePayload<'a> {
    /// A notice, with the wall time since when it is so.
    pub fn of(notice: &Notice, since: Stamp, device: &'a DeviceId) -> Self {
        let (state, why) = match notice.sensing {
            Sensing::On => (SensingName::Sensing, None),
            Sensing::Muted(reason) => (SensingName::Muted, Some(reason.into())),
        };
        let microphone = notice.microphone.then_some(SensorName::Microphone);
        Self {
            schema: SCHEMA,
            device: device.as_str(),
            state,
            why,
            since,
            context: notice.context.map(|context| context.name()),
            sensors: [SensorName::Camera].into_iter().chain(microphone).collect(),
            kinds: notice.kinds.iter().map(|&kind| kind.into()).collect(),
            action_units_only: notice.extent == Extent::ActionUnitsOnly,
        }
    }
}
