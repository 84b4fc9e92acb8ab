//! The payload of `health`: how each stage is, and why. Retained.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::SCHEMA;
use super::number::{Celsius, Millis, PerSecond, Stamp};
use crate::clock::Monotonic;
use crate::health::{Health, Level, StageHealth};
use crate::publish::Place;
use crate::publish::topics::DeviceId;

/// How well something works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum LevelName {
    /// As it should.
    Ok,
    /// Less well than it should.
    Degraded,
    /// Not at all. It is tried again all the same.
    Failed,
}

impl From<Level> for LevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Ok,
            Level::Degraded => Self::Degraded,
            Level::Failed => Self::Failed,
        }
    }
}

/// Where events wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum PlaceName {
    /// In memory only.
    Memory,
    /// On the disk.
    Disk,
}

impl From<Place> for PlaceName {
    fn from(place: Place) -> Self {
        match place {
            Place::Memory => Self::Memory,
            Place::Disk => Self::Disk,
        }
    }
}

/// How long it takes from the capture of a frame to its being handed to the publisher.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct LatencyPayload {
    /// Of half of the frames no longer than this, in milliseconds.
    p50: Millis,
    /// Of 99 in 100 no longer than this.
    p99: Millis,
}

/// How one stage is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct StagePayload<'a> {
    /// How well it works.
    state: LevelName,
    /// Why it does not as it should; absent when it does.
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    /// Since when it is so.
    since: Stamp,
    /// Frames a second that come (camera) or are read (faces).
    #[serde(skip_serializing_if = "Option::is_none")]
    fps: Option<PerSecond>,
    /// Latency over the last ten seconds or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<LatencyPayload>,
    /// What was left out since the start because there was no time for it (camera, voice), or lost because too much
    /// waited, for too long (outbox).
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    /// Frames that came damaged and were left out since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<u64>,
    /// How often it died, and was started again, since the start.
    restarts: u64,
    /// Events that wait for the broker (outbox).
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    /// Where they wait: `disk`, or `memory`, which a power cut empties.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_in: Option<PlaceName>,
}

/// How a device is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "Health"))]
pub struct HealthPayload<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(range(min = 1, max = 1)))]
    schema: u32,
    /// The id of the device.
    device: &'a str,
    /// When this was found, in UTC with microseconds.
    at: Stamp,
    /// The worst of the stages.
    state: LevelName,
    /// When affectd was started.
    started_at: Stamp,
    /// For how many seconds it has run, by a clock that never jumps.
    uptime_s: u64,
    /// The temperature of the board's hottest part, in degrees Celsius; absent where the board does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<Celsius>,
    /// Whether the board runs slower than it could, to cool down.
    throttled: bool,
    /// The stages that take part, by name: camera, microphone, faces, voice, packs, mqtt, outbox,
    /// machine.
    stages: BTreeMap<&'static str, StagePayload<'a>>,
}

impl<'a> HealthPayload<'a> {
    /// What was found; `stamp` gives the wall time of a moment.
    pub fn of(health: &'a Health, device: &'a DeviceId, stamp: impl Fn(Monotonic) -> Stamp) -> Self {
        let stage = |stage: &'a StageHealth| StagePayload {
            state: stage.level.into(),
            why: &stage.why,
            since: stamp(stage.since),
            fps: stage.rate.and_then(PerSecond::new),
            latency_ms: stage
                .latency
                .and_then(|(p50, p99)| Some(LatencyPayload { p50: millis(p50)?, p99: millis(p99)? })),
            dropped: stage.dropped,
            damaged: stage.damaged,
            restarts: stage.restarts,
            waiting: stage.waiting.map(|(waiting, _)| waiting),
            kept_in: stage.waiting.map(|(_, place)| place.into()),
        };
        Self {
            schema: SCHEMA,
            device: device.as_str(),
            at: stamp(health.at),
            state: health.level().into(),
            started_at: stamp(health.started),
            uptime_s: health.at.since(health.started).as_secs(),
            temperature: health.temperature.and_then(Celsius::new),
            throttled: health.throttled,
            stages: health.stages.iter().map(|health| (health.stage.name(), stage(health))).collect(),
        }
    }
}

fn millis(duration: Duration) -> Option<Millis> {
    Millis::new(duration.as_secs_f32() * 1e3)
}
