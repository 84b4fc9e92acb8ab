//! From what was typed to what is meant: the combinations are checked, and each room gets its settings.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use tracing::Level;

use super::as_typed::{self, AsTyped, Camera, Events, Face, Fuse, Models, Mqtt, Publish, Smooth};
use super::choices::LogFormat;
use super::clashes::{clash, clashes};
use super::environment::Environment;
use super::login::{self, Login, PasswordError};
use super::names::{PackName, device_of_host};
use super::problem::Problem;
use super::section::Setting;
use crate::capture::Address;
use crate::capture::v4l::controls::Controls;
use crate::events::{EventSettings, Kind, PresenceRule, Rule};
use crate::face::FaceSettings;
use crate::fuse::FusionSettings;
use crate::model::{EngineSettings, Trust};
use crate::publish::{DeviceId, PublishSettings};
use crate::smooth::{BaselineSettings, OneEuroSettings, SmoothSettings};

/// The configuration: everything in it is allowed and goes together.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The name of this device in topics and payloads.
    pub device: DeviceId,
    /// Where pictures come from.
    pub video: Address,
    /// How the camera exposes.
    pub camera: Controls,
    /// Where sound comes from, when it is listened to.
    pub audio: Option<Address>,
    /// Which models are used.
    pub models: ModelChoice,
    /// Which faces are read.
    pub face: FaceSettings,
    /// How a face and a voice are taken together.
    pub fuse: FusionSettings,
    /// How estimates are smoothed.
    pub smooth: SmoothSettings,
    /// What is worth an event.
    pub events: EventSettings,
    /// Where and how often is published; without the credentials, see [`Config::publish_settings`].
    pub publish: PublishSettings,
    /// Who we are to the broker, when it asks.
    pub login: Option<Login>,
    /// How far the board is spared.
    pub limits: Limits,
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
    /// The pack that reads a face over a while, if any.
    pub sequence: Option<PackName>,
    /// The pack that reads a voice.
    pub voice: PackName,
    /// Whether packs that forbid commercial use are refused.
    pub commercial: bool,
    /// What runs them.
    pub engines: EngineSettings,
    /// Whose signatures packs must have.
    pub trust: Trust,
    /// How often is looked whether they were replaced; never, other than on request, when absent.
    pub reload_every: Option<Duration>,
}

/// How far the board is spared.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The temperature from which on fewer frames are read, in degrees Celsius; the board's own when absent.
    pub temperature: Option<f32>,
    /// The fewest frames that are read in a second.
    pub frame_rate: f32,
    /// Where the system tells temperatures.
    pub thermal: PathBuf,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogChoice {
    /// The least important lines that are written.
    pub level: Level,
    /// How they are written.
    pub format: LogFormat,
}

impl Config {
    /// The settings of [`publish`](crate::publish) with the password, which is read from its file now.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub fn publish_settings(&self) -> Result<PublishSettings, PasswordError> {
        let credentials = self.login.as_ref().map(Login::credentials).transpose()?;
        Ok(PublishSettings { credentials, ..self.publish.clone() })
    }
}

/// Understands what was typed; `None` only with problems.
pub(super) fn understand(typed: &AsTyped, environment: &Environment) -> (Option<Config>, Vec<Problem>) {
    let mut problems = clashes(typed);
    let device = typed.device.id.value.clone().or_else(|| device_of_host(environment.host_name()));
    if device.is_none() {
        problems.extend(clash(
            &typed.device.id,
            "is not written, and the host name cannot stand for it",
            "",
            "write a name for this device: id = \"kiosk-7\" below [device], or AFFECTD_DEVICE_ID=kiosk-7",
        ));
    }
    let config = device.map(|device| Config {
        device,
        video: typed.source.video.value.clone(),
        camera: controls(&typed.camera),
        audio: typed.source.audio.value.as_ref().map(|address| address.0.clone()),
        models: model_choice(&typed.models),
        face: face_settings(&typed.face),
        fuse: fusion_settings(&typed.fuse, &typed.smooth),
        smooth: smooth_settings(&typed.smooth),
        events: event_settings(&typed.events),
        publish: publish_settings(&typed.mqtt, &typed.publish),
        login: login(&typed.mqtt, environment),
        limits: limits(&typed.limits),
        log: LogChoice { level: typed.log.level.value, format: typed.log.format.value },
    });
    (config, problems)
}

fn controls(camera: &Camera) -> Controls {
    Controls {
        exposure: camera.exposure.value,
        gain: camera.gain.value,
        white_balance: camera.white_balance.value,
        power_line: camera.power_line_hz.value,
    }
}

fn model_choice(models: &Models) -> ModelChoice {
    let seconds = models.reload_every_s.value;
    ModelChoice {
        dir: models.dir.value.clone(),
        detector: models.detector.value.clone(),
        face: models.face.value.clone(),
        sequence: models.sequence.value.clone(),
        voice: models.voice.value.clone(),
        commercial: models.commercial.value,
        engines: engine_settings(models),
        trust: Trust { keys: models.trusted_keys.value.clone(), required: models.require_signature.value },
        reload_every: (seconds > 0).then(|| Duration::from_secs(seconds.into())),
    }
}

fn engine_settings(models: &Models) -> EngineSettings {
    EngineSettings {
        choice: models.engine.value,
        library: models.onnxruntime.value.clone(),
        providers: models.providers.value.clone(),
        threads: NonZeroUsize::new(models.threads.value as usize).unwrap_or(NonZeroUsize::MIN),
        cache: models.cache_dir.value.clone(),
    }
}

fn face_settings(face: &Face) -> FaceSettings {
    FaceSettings {
        detect_every: millis(&face.detect_every_ms),
        read_every: millis(&face.read_every_ms),
        min_size: face.min_size.value,
        max_yaw: face.max_yaw.value,
        min_sharpness: face.min_sharpness.value,
        brightness: face.min_brightness.value..=face.max_brightness.value,
        ..FaceSettings::default()
    }
}

fn fusion_settings(fuse: &Fuse, smooth: &Smooth) -> FusionSettings {
    FusionSettings {
        voice_weight: fuse.voice_weight.value,
        unknown_below: smooth.unknown_below.value,
        ..FusionSettings::default()
    }
}

fn smooth_settings(smooth: &Smooth) -> SmoothSettings {
    let room = SmoothSettings::default();
    SmoothSettings {
        one_euro: OneEuroSettings {
            min_cutoff: smooth.min_cutoff_hz.value,
            speed_weight: smooth.beta.value,
            ..room.one_euro
        },
        expression_time: millis(&smooth.probability_time_constant_ms),
        action_unit_time: millis(&smooth.probability_time_constant_ms),
        hold: millis(&smooth.hold_ms),
        unknown_below: smooth.unknown_below.value,
        voice_unknown_below: smooth.voice_unknown_below.value,
        baseline: BaselineSettings { automatic: smooth.neutral_baseline.value, ..room.baseline },
        ..room
    }
}

fn event_settings(events: &Events) -> EventSettings {
    let enabled = |kind| events.kinds.value.contains(&kind);
    let rule = |kind, enter: &Setting<f32>, leave: &Setting<f32>| Rule {
        enabled: enabled(kind),
        enter: enter.value,
        leave: leave.value,
        dwell: millis(&events.min_dwell_ms),
    };
    let default = EventSettings::default();
    EventSettings {
        presence: PresenceRule {
            enabled: enabled(Kind::Presence),
            seen_for: millis(&events.presence_after_ms),
            unseen_for: millis(&events.gone_after_ms),
        },
        expression: rule(Kind::Expression, &events.enter, &events.leave),
        compound: rule(Kind::Compound, &events.enter, &events.leave),
        action_unit: rule(Kind::ActionUnit, &events.action_unit_enter, &events.action_unit_leave),
        valence: rule(Kind::Valence, &events.valence_enter, &events.valence_leave),
        arousal: rule(Kind::Arousal, &events.arousal_enter, &events.arousal_leave),
        // A voice is there or not; how sure that must be is no matter of taste.
        voice: Rule { enabled: enabled(Kind::Voice), dwell: millis(&events.min_dwell_ms), ..default.voice },
        update_every: millis(&events.update_every_ms),
        ..default
    }
}

fn publish_settings(mqtt: &Mqtt, publish: &Publish) -> PublishSettings {
    PublishSettings {
        broker: mqtt.url.value.clone(),
        protocol: mqtt.version.value,
        ca_file: mqtt.ca_file.value.clone(),
        prefix: mqtt.prefix.value.clone(),
        keep_alive: Duration::from_secs(mqtt.keep_alive_s.value.into()),
        session_expiry: Duration::from_secs(mqtt.session_expiry_s.value.into()),
        encoding: publish.encoding.value,
        event_expiry: hours(&publish.event_expiry_h),
        state_interval: Duration::from_secs_f64(1.0 / f64::from(publish.state_rate_hz.value)),
        ..PublishSettings::default()
    }
}

fn limits(limits: &as_typed::Limits) -> Limits {
    Limits {
        temperature: Some(limits.max_temperature_c.value).filter(|celsius| *celsius > 0.0),
        frame_rate: limits.min_frame_rate.value,
        thermal: limits.thermal_dir.value.clone(),
    }
}

fn login(mqtt: &Mqtt, environment: &Environment) -> Option<Login> {
    let user = mqtt.username.value.clone()?;
    let credential = environment.credential(login::CREDENTIAL);
    Some(Login { user, password_file: mqtt.password_file.value.clone(), credential })
}

/// Zero is for ever.
fn hours(setting: &Setting<u32>) -> Option<Duration> {
    (setting.value > 0).then(|| Duration::from_secs(u64::from(setting.value) * 3600))
}

fn millis(setting: &Setting<u32>) -> Duration {
    Duration::from_millis(setting.value.into())
}
