//! The configuration file as it is typed: every section and key, declared once.
//!
//! The doc comments are the manual: `docs/configuration.md` and `docs/affectd.example.toml` are made of
//! them. Write them for the person who places the device.

use std::path::PathBuf;

use super::broker::Broker;
use super::choices::{LogFormat, MqttVersion};
use super::names::{ClientId, DeviceId, PackName, TopicPrefix};
use super::reader::{Reader, SectionReader};
use super::reference::SectionReference;
use super::section::{Key, Section, Setting, document, section};
use super::source::Address;
use crate::events::Kind;
use tracing::Level;

document! {
    /// The whole file.
    AsTyped {
        device: Device,
        source: Source,
        models: Models,
        face: Face,
        smooth: Smooth,
        events: Events,
        mqtt: Mqtt,
        publish: Publish,
        log: Log,
    }
}

section! {
    /// Which device this is.
    device: Device {
        /// The device's name in every topic and payload. Must be different on every device of a broker.
        id: Option<DeviceId> = None, absent "the host name, other characters made a dash", example "kiosk-7",
            variable "AFFECTD_DEVICE_ID";
    }
}

section! {
    /// Where pictures come from.
    source: Source {
        /// The camera, or a file for trials. A camera's size, rate and format can be asked for:
        /// `v4l:/dev/video0?size=1280x720&fps=30&format=mjpeg`.
        video: Address = Address::first_camera();
    }
}

section! {
    /// Which models look at the pictures.
    models: Models {
        /// The folder that holds the model packs, one folder each.
        dir: Option<PathBuf> = None, absent "searched for where packages put it", example "/usr/share/affectd/models",
            variable "AFFECTD_MODELS";
        /// The pack that finds faces: `blazeface-full` finds those farther away, `blazeface-short` is faster.
        detector: PackName = PackName::known("blazeface-full");
        /// The pack that reads a face.
        face: PackName = PackName::known("mtanet");
    }
}

section! {
    /// Which faces are read, and how often they are looked for. A face that is too small, turned away, blurred,
    /// too dark or too bright is followed but not read.
    face: Face {
        /// Faces are looked for this often, in milliseconds; in between, those that are known are followed.
        /// 0 looks in every frame.
        detect_every_ms: u32 = 200, within 0..=5_000;
        /// The shorter side of the smallest face that is read, in pixels of the camera.
        min_size: f32 = 40.0, within 8.0..=2000.0;
        /// The farthest turn to the side at which a face is read, in degrees; 0 looks into the camera.
        max_yaw: f32 = 40.0, within 5.0..=90.0;
        /// The least sharpness at which a face is read, 0 (no detail) to 1.
        min_sharpness: f32 = 0.2, within 0.0..=1.0;
        /// The least mean brightness at which a face is read, 0 (black) to 1 (white).
        min_brightness: f32 = 0.1, within 0.0..=1.0;
        /// The greatest mean brightness at which a face is read.
        max_brightness: f32 = 0.95, within 0.0..=1.0;
    }
}

section! {
    /// How estimates are smoothed over time, and when a label is `unknown`.
    smooth: Smooth {
        /// The cut-off frequency of valence and arousal while a face rests, in hertz. Lower is smoother and slower.
        min_cutoff_hz: f32 = 0.5, within 0.01..=30.0;
        /// How much that frequency rises with the speed of a change. Higher follows quick changes more closely.
        beta: f32 = 0.5, within 0.0..=100.0;
        /// The time constant of all probabilities, in milliseconds: after it, 63 % of a lasting change has come
        /// through. 0 does not smooth.
        probability_time_constant_ms: u32 = 250, within 0..=10_000;
        /// A label less probable than this is `unknown`.
        unknown_below: f32 = 0.4, within 0.0..=1.0;
        /// How long the last estimate stands while a face cannot be read, in milliseconds.
        hold_ms: u32 = 500, within 0..=60_000;
        /// Whether a new face's first calm seconds are taken as its neutral look. Helps with people who are seen
        /// for long; misleads when they come in smiling or frowning.
        neutral_baseline: bool = false;
    }
}

section! {
    /// When something is worth an event.
    events: Events {
        /// What events are made of. An empty list makes none.
        kinds: Vec<Kind> = vec![Kind::Presence, Kind::Expression];
        /// A label begins when it is at least this probable.
        enter: f32 = 0.6, within 0.0..=1.0;
        /// A label ends when it is less probable than this; must be less than `enter`.
        leave: f32 = 0.4, within 0.0..=1.0;
        /// How long a label must last before it is an event, in milliseconds.
        min_dwell_ms: u32 = 500, within 0..=60_000;
        /// How long a face must be in view before its presence is an event, in milliseconds.
        presence_after_ms: u32 = 500, within 0..=60_000;
        /// How long a face must be out of view before its presence ends, in milliseconds.
        gone_after_ms: u32 = 2_000, within 0..=600_000;
        /// How often an event that goes on is told again, in milliseconds.
        update_every_ms: u32 = 5_000, within 100..=3_600_000;
    }
}

section! {
    /// The broker that everything is published to.
    mqtt: Mqtt {
        /// The broker. One that is not on this device must be reached with TLS: `mqtts://`.
        url: Broker = Broker::local(), variable "AFFECTD_MQTT_URL";
        /// What every topic begins with: `PREFIX/DEVICE/…`.
        prefix: TopicPrefix = TopicPrefix::affect();
        /// The version of MQTT.
        version: MqttVersion = MqttVersion::V5;
        /// The user that the broker knows this device as.
        username: Option<String> = None, absent "nobody in particular", example "kiosk-7";
        /// A file whose first line is the password. Readable by the user that affectd runs as, and no one else.
        password_file: Option<PathBuf> = None, absent "no password", example "/etc/affectd/mqtt-password";
        /// The certificates (PEM) that the broker's certificate is checked against, for `mqtts://`.
        ca_file: Option<PathBuf> = None, absent "those that the system trusts", example "/etc/affectd/ca.pem";
        /// The client id at the broker. Two clients of the same id throw each other out.
        client_id: Option<ClientId> = None, absent "affectd- and the device's id", example "affectd-kiosk-7";
        /// How often the broker is shown that this device is alive, in seconds. The broker calls the device offline
        /// after one and a half times as long.
        keep_alive_s: u32 = 20, within 5..=300;
    }
}

section! {
    /// How much is published.
    publish: Publish {
        /// The most states that are published for each face in a second.
        state_rate_hz: f32 = 5.0, within 0.1..=60.0;
    }
}

section! {
    /// What affectd says about its work.
    log: Log {
        /// The least important lines that are still written.
        level: Level = Level::INFO, variable "AFFECTD_LOG";
        /// How they are written: for people, or one JSON object a line.
        format: LogFormat = LogFormat::Text;
    }
}
