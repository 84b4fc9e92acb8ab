//! From what was typed to what is meant: the combinations are checked, and each room gets its settings.

use std::path::PathBuf;
use std::time::Duration;

use tracing::Level;

use super::as_typed::{AsTyped, Events, Face, Mqtt, Smooth};
use super::broker::Broker;
use super::choices::{LogFormat, MqttVersion};
use super::environment::Environment;
use super::names::{ClientId, DeviceId, PackName, TopicPrefix};
use super::problem::Problem;
use super::section::{Origin, Setting};
use super::source::Address;
use crate::events::Kind;

/// The configuration: everything in it is allowed and goes together.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The name of this device in topics and payloads.
    pub device: DeviceId,
    /// Where pictures come from.
    pub video: Address,
    /// Which models are used.
    pub models: ModelChoice,
    pub face: FaceSettings,
    pub smooth: SmoothSettings,
    pub events: EventSettings,
    pub mqtt: MqttSettings,
    pub state_rate_hz: f32,
    /// What is logged, and how.
    pub log: LogChoice,
}

/// Which models are used.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelChoice {
    /// The folder with the packs; searched for when absent.
    pub dir: Option<PathBuf>,
    /// The pack that finds faces.
    pub detector: PackName,
    /// The pack that reads a face.
    pub face: PackName,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogChoice {
    /// The least important lines that are written.
    pub level: Level,
    /// How they are written.
    pub format: LogFormat,
}
#[derive(Debug, Clone, PartialEq)]
pub struct FaceSettings {
    pub detect_every: Duration,
    pub min_size: f32,
}
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothSettings {
    pub min_cutoff: f32,
}
#[derive(Debug, Clone, PartialEq)]
pub struct EventSettings {
    pub kinds: Vec<Kind>,
}
#[derive(Debug, Clone, PartialEq)]
pub struct MqttSettings {
    pub broker: Broker,
    pub prefix: TopicPrefix,
    pub version: MqttVersion,
    pub client_id: ClientId,
}

/// Understands what was typed, or says which settings do not go together.
pub(super) fn understand(typed: AsTyped, environment: &Environment) -> (Config, Vec<Problem>) {
    let mut problems = Vec::new();
    check_together(&typed, &mut problems);
    let AsTyped { device, source, models, face, smooth, events, mqtt, publish, log } = typed;
    let device = device.id.value.unwrap_or_else(|| DeviceId::of_host(environment.host_name()));
    let config = Config {
        video: source.video.value,
        models: ModelChoice { dir: models.dir.value, detector: models.detector.value, face: models.face.value },
        face: face_settings(&face),
        smooth: smooth_settings(&smooth),
        events: event_settings(events),
        mqtt: mqtt_settings(mqtt, &device),
        state_rate_hz: publish.state_rate_hz.value,
        log: LogChoice { level: log.level.value, format: log.format.value },
        device,
    };
    (config, problems)
}

fn check_together(typed: &AsTyped, problems: &mut Vec<Problem>) {
    let (events, face, mqtt) = (&typed.events, &typed.face, &typed.mqtt);
    problems.extend(ordered(&events.leave, &events.enter));
    problems.extend(ordered(&face.min_brightness, &face.max_brightness));
    let plain_over_a_network = !mqtt.url.value.tls && !mqtt.url.value.is_loopback();
    if plain_over_a_network {
        let meant = Broker { tls: true, port: 8883, ..mqtt.url.value.clone() };
        problems.extend(clash(
            &mqtt.url,
            "would be reached over a network without TLS",
            "mqtt:// is for a broker on this device",
            format!("write \"{meant}\", or run a broker on this device that bridges to the other"),
        ));
    }
    if mqtt.password_file.value.is_some() && mqtt.username.value.is_none() && mqtt.username.origin != Origin::Refused {
        problems.extend(clash(
            &mqtt.password_file,
            "is given without mqtt.username",
            "a password belongs to a user",
            "write mqtt.username as well, or leave mqtt.password_file out",
        ));
    }
    if mqtt.ca_file.value.is_some() && !mqtt.url.value.tls && mqtt.url.origin != Origin::Refused {
        problems.extend(clash(
            &mqtt.ca_file,
            "is given, but mqtt.url does not ask for TLS",
            format!("mqtt.url is {}", mqtt.url.value),
            "write mqtt.url with mqtts://, or leave mqtt.ca_file out",
        ));
    }
}

/// Asks that `low` is less than `high`; the one that was written is marked.
fn ordered(low: &Setting<f32>, high: &Setting<f32>) -> Option<Problem> {
    if low.value < high.value || low.origin == Origin::Refused || high.origin == Origin::Refused {
        return None;
    }
    let (at, other, relation) = match low.origin {
        Origin::File(_) => (low, high, "less"),
        _ => (high, low, "more"),
    };
    let by_default = if other.origin == Origin::Default { ", its default" } else { "" };
    clash(
        at,
        format!("must be {relation} than {}", other.key),
        format!("{} is {}{by_default}", other.key, other.value),
        format!("write {} as a number {relation} than {}, or change {}", at.key, other.value, other.key),
    )
}

/// A problem of a setting that is allowed when seen alone.
fn clash<T>(
    setting: &Setting<T>,
    why: impl std::fmt::Display,
    note: impl Into<String>,
    remedy: impl Into<String>,
) -> Option<Problem> {
    Some(Problem {
        place: setting.origin.place(None)?,
        key: Some(setting.key.clone()),
        message: format!("{} {why}", setting.key),
        note: note.into(),
        remedy: remedy.into(),
    })
}

fn face_settings(face: &Face) -> FaceSettings {
    FaceSettings { detect_every: millis(&face.detect_every_ms), min_size: face.min_size.value }
}

fn smooth_settings(smooth: &Smooth) -> SmoothSettings {
    SmoothSettings { min_cutoff: smooth.min_cutoff_hz.value }
}

fn event_settings(events: Events) -> EventSettings {
    EventSettings { kinds: events.kinds.value }
}

fn mqtt_settings(mqtt: Mqtt, device: &DeviceId) -> MqttSettings {
    MqttSettings {
        broker: mqtt.url.value,
        prefix: mqtt.prefix.value,
        version: mqtt.version.value,
        client_id: mqtt.client_id.value.unwrap_or_else(|| ClientId::of_device(device)),
    }
}

fn millis(setting: &Setting<u32>) -> Duration {
    Duration::from_millis(setting.value.into())
}
