//! The configuration file as it is typed: every section and key, declared once.
//!
//! The doc comments are the manual: `docs/configuration.md` and `docs/affectd.example.toml` are made of
//! them. Write them for the person who places the device.

use std::path::PathBuf;

use tracing::Level;

use super::choices::LogFormat;
use super::names::{PackName, SoundAddress, first_camera};
use super::privacy::{ConsentChoice, Signal};
use super::reader::{Reader, SectionReader};
use super::reference::SectionReference;
use super::section::{Key, Section, Setting, document, section};
use crate::capture::Address;
use crate::capture::v4l::controls::{PowerLine, Tuned};
use crate::control::Verb;
use crate::events::Kind;
use crate::model::{EngineChoice, Provider, TrustedKey};
use crate::privacy::Context;
use crate::publish::payload::Encoding;
use crate::publish::{BrokerAddress, DeviceId, KeyFingerprint, Prefix, Protocol};
use crate::thermal;

/// Everything but compound expressions: the expression that one is made of is told already.
fn default_kinds() -> Vec<Kind> {
    vec![Kind::Presence, Kind::Expression, Kind::ActionUnit, Kind::Valence, Kind::Arousal, Kind::Voice]
}

document! {
    /// The whole file.
    AsTyped {
        device: Device,
        source: Source,
        camera: Camera,
        models: Models,
        face: Face,
        fuse: Fuse,
        smooth: Smooth,
        events: Events,
        mqtt: Mqtt,
        publish: Publish,
        outbox: Outbox,
        privacy: Privacy,
        commands: Commands,
        home_assistant: HomeAssistant,
        limits: Limits,
        log: Log,
    }
}

section! {
    /// Which device this is.
    device: Device {
        /// The device's name in every topic and payload. Must be different on every device of a broker.
        id: Option<DeviceId> = None, absent "the host name, other characters made a dash", example "kiosk-7",
            variable "AFFECTD_DEVICE_ID";
        /// The folder for what must outlast a restart: events that wait, a mute, what was announced. Each affectd needs its
        /// own. One that is not there is made.
        state_dir: Option<PathBuf> = None,
            absent "the folder that systemd gives the service (StateDirectory), else nothing outlasts a restart",
            example "/var/lib/affectd";
    }
}

section! {
    /// Where pictures and sound come from.
    source: Source {
        /// The camera, or a file for trials. A camera is given by its node or a link to it (`v4l:/dev/video0`,
        /// `v4l:/dev/v4l/by-id/…`), its name or a part of that (`v4l:name=C920`), or where it is plugged in
        /// (`v4l:usb-0000:00:14.0-1`). When it comes back under another number, it is found. Its size, rate and format
        /// can be asked for: `v4l:/dev/video0?size=1280x720&fps=30&format=mjpeg`. `gst:PIPELINE` is a GStreamer
        /// pipeline without its sink, for cameras on a ribbon cable or a network, in builds with the feature
        /// `gstreamer`.
        video: Address = first_camera();
        /// The microphone, or a file for trials. `alsa:default` is the one that the system prefers; `arecord -L` lists
        /// all. `alsa:plughw:CARD=Device,DEV=0` is found again whatever number the card gets; `alsa:hw:1,0` stays the card
        /// that it was when it first opened. Voices are read only where there is one.
        audio: Option<SoundAddress> = None, absent "no sound is listened to", example "alsa:default";
    }
}

section! {
    /// How the camera exposes. It is set whenever the camera is opened; what is not written stays as the camera has
    /// it. What a camera does not have is said in the log.
    camera: Camera {
        /// How long light is gathered for a frame, in units of 100 µs, or `"auto"`. Less blurs less in motion and needs
        /// more light.
        exposure: Option<Tuned> = None, absent "as the camera has it", example "auto";
        /// How much the picture is amplified, in the camera's own units, or `"auto"`.
        gain: Option<Tuned> = None, absent "as the camera has it", example "auto";
        /// What is taken for white, in kelvin, or `"auto"`.
        white_balance: Option<Tuned> = None, absent "as the camera has it", example "auto";
        /// The frequency of the mains, whose flicker in lamps is evened out.
        power_line_hz: Option<PowerLine> = None, absent "as the camera has it", example_number 50;
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
        /// The pack that reads a face over a while, a sequence or an ensemble: what it gives stands in place of what the
        /// face pack gives. It must have been trained on the pack that `face` names.
        sequence: Option<PackName> = None, absent "each picture is read on its own", example "spatial-temporal";
        /// The pack that reads a voice, where `source.audio` is set.
        voice: PackName = PackName::known("voice");
        /// Whether this device is put to commercial use: packs whose licence forbids that are then refused.
        commercial: bool = false;
        /// What runs the models: `tract`, which is part of affectd; `ort`, ONNX Runtime, which is faster and must be
        /// installed; or `auto`, ONNX Runtime where it is installed and tract elsewhere.
        engine: EngineChoice = EngineChoice::Auto, variable "AFFECTD_ENGINE";
        /// The library of ONNX Runtime.
        onnxruntime: Option<PathBuf> = None, absent "searched for where systems put libraries",
            example "/usr/local/lib/libonnxruntime.so", variable "ORT_DYLIB_PATH";
        /// What ONNX Runtime computes on, the preferred first. One that does not work here is said in the log and
        /// passed over; at last, or where `cpu` stands, the processor takes it.
        providers: Vec<Provider> = vec![Provider::Cpu];
        /// How many threads ONNX Runtime uses for each model; tract uses one.
        threads: u32 = 1, within 1..=64;
        /// The folder where `tensorrt` keeps what it compiled, which may have taken it minutes.
        cache_dir: PathBuf = PathBuf::from("/var/cache/affectd"), variable "CACHE_DIRECTORY";
        /// The public keys (minisign) whose signatures of packs are trusted. When there are any, a pack whose
        /// signature is by no one of them, or wrong, is refused.
        trusted_keys: Vec<TrustedKey> = Vec::new();
        /// Whether a pack without a signature is refused; needs `trusted_keys`.
        require_signature: bool = false;
        /// How often a running affectd looks whether its packs were replaced, in seconds. A new pack takes over
        /// between two frames once it is whole and proven to work. 0 looks only when asked to reload, by SIGHUP.
        reload_every_s: u32 = 5, within 0..=3_600;
    }
}

section! {
    /// Which faces are read, and how often they are looked for. A face that is too small, turned away, blurred,
    /// too dark or too bright is followed but not read.
    face: Face {
        /// Faces are looked for in the whole picture this often, in milliseconds; in between, those that are known
        /// are followed. 0 looks in every frame.
        detect_every_ms: u32 = 200, within 0..=5_000;
        /// The face model reads a face this often, in milliseconds; in between, what it gave stands. 0 reads every
        /// frame.
        read_every_ms: u32 = 90, within 0..=2_000;
        /// The shorter side of the smallest face that is read, in pixels of the camera.
        min_size: f32 = 32.0, within 8.0..=2000.0;
        /// The farthest turn to a side at which a face is read, in degrees; 0 looks straight into the camera.
        max_yaw: f32 = 60.0, within 5.0..=90.0;
        /// The least sharpness at which a face is read, 0 (no detail) to 1.
        min_sharpness: f32 = 0.1, within 0.0..=1.0;
        /// The least mean brightness at which a face is read, 0 (black) to 1 (white); must be less than
        /// `max_brightness`.
        min_brightness: f32 = 0.1, within 0.0..=1.0;
        /// The greatest mean brightness at which a face is read.
        max_brightness: f32 = 0.95, within 0.0..=1.0;
    }
}

section! {
    /// How a face and a voice are taken together, where `source.audio` is set. Each is published by itself as well.
    fuse: Fuse {
        /// How much what is heard counts beside what is seen, when both can be relied on alike. 0 fuses nothing.
        voice_weight: f32 = 0.5, within 0.0..=10.0;
    }
}

section! {
    /// How estimates are smoothed over time, and when a label is `unknown`.
    smooth: Smooth {
        /// The cut-off frequency of valence and arousal while a face rests, in hertz. Lower is smoother and slower.
        min_cutoff_hz: f32 = 0.5, within 0.01..=30.0;
        /// How much that frequency rises with the speed of a change. Higher follows quick changes more closely.
        beta: f32 = 1.0, within 0.0..=100.0;
        /// The time constant of all probabilities while a face rests, in milliseconds. Large changes come through
        /// sooner, in about a quarter of it. 0 does not smooth.
        probability_time_constant_ms: u32 = 200, within 0..=10_000;
        /// A label less probable than this is `unknown`; one that is known may fall 0.1 lower.
        unknown_below: f32 = 0.4, within 0.0..=1.0;
        /// The same for the label of a voice.
        voice_unknown_below: f32 = 0.25, within 0.0..=1.0;
        /// How long the last estimate stands while a face cannot be read, in milliseconds.
        hold_ms: u32 = 500, within 0..=60_000;
        /// Whether a new face's first calm seconds are taken as its neutral look. Helps with people who are seen
        /// for long; misleads when they come in smiling or frowning.
        neutral_baseline: bool = false;
    }
}

section! {
    /// What is worth an event, and from when on. Between the two thresholds of a kind nothing changes.
    events: Events {
        /// The kinds of events that are told. An empty list tells none.
        kinds: Vec<Kind> = default_kinds();
        /// An expression or compound expression begins when it is at least this probable.
        enter: f32 = 0.5, within 0.01..=1.0;
        /// An expression ends when it is less probable than this; must be less than `enter`.
        leave: f32 = 0.35, within 0.01..=1.0;
        /// An action unit begins when it is at least this probable.
        action_unit_enter: f32 = 0.6, within 0.01..=1.0;
        /// An action unit ends when it is less probable than this; must be less than `action_unit_enter`.
        action_unit_leave: f32 = 0.4, within 0.01..=1.0;
        /// Valence counts as positive or negative when it is at least this far from 0.
        valence_enter: f32 = 0.3, within 0.01..=1.0;
        /// Valence counts as neither when it is nearer to 0 than this; must be less than `valence_enter`.
        valence_leave: f32 = 0.2, within 0.01..=1.0;
        /// Arousal counts as high or low when it is at least this far from 0.
        arousal_enter: f32 = 0.3, within 0.01..=1.0;
        /// Arousal counts as neither when it is nearer to 0 than this; must be less than `arousal_enter`.
        arousal_leave: f32 = 0.2, within 0.01..=1.0;
        /// How long a beginning or an end must last before it is told, in milliseconds.
        min_dwell_ms: u32 = 300, within 0..=60_000;
        /// How long a face must be in view before its presence is told, in milliseconds.
        presence_after_ms: u32 = 300, within 0..=60_000;
        /// How long a face must be out of view before everything about it ends, and how long there must be no voice
        /// before it has ended, in milliseconds.
        gone_after_ms: u32 = 1_000, within 100..=600_000;
        /// How often an event that goes on is told again, in milliseconds. A higher peak is told sooner.
        update_every_ms: u32 = 10_000, within 1_000..=3_600_000;
    }
}

section! {
    /// The broker that everything is published to.
    mqtt: Mqtt {
        /// The broker. One that is not on this device must be reached with TLS: `mqtts://`, or `wss://` where only the
        /// web passes.
        url: BrokerAddress = BrokerAddress::loopback(1883), variable "AFFECTD_MQTT_URL";
        /// Brokers to go to, in this order, while `url` cannot be reached. User, password and certificates are the same
        /// for all.
        spare_urls: Vec<BrokerAddress> = Vec::new();
        /// How long affectd stays with a spare broker before it looks whether one that stands before it is back, in
        /// seconds. It goes there when that one has let it in.
        return_after_s: u32 = 300, within 5..=86_400;
        /// What every topic begins with: `PREFIX/DEVICE/…`.
        prefix: Prefix = Prefix::default();
        /// The version of MQTT.
        version: Protocol = Protocol::V5;
        /// The user that the broker knows this device as.
        username: Option<String> = None, absent "nobody in particular", example "kiosk-7";
        /// A file whose first line is the password. Readable by the user that affectd runs as, and no one else.
        password_file: Option<PathBuf> = None, absent "the credential `mqtt-password` that systemd passes, else no password", example "/etc/affectd/mqtt-password";
        /// The certificates (PEM) that the broker's certificate is checked against, for `mqtts://`.
        ca_file: Option<PathBuf> = None, absent "those that the system trusts", example "/etc/affectd/ca.pem";
        /// The SHA-256 sums of public keys, of which the broker's must be one, or that of an authority that its
        /// certificate leads to. `docs/broker.md` says how to get them. The certificate is checked all the same.
        pinned_keys: Vec<KeyFingerprint> = Vec::new();
        /// This device's certificate (PEM), for brokers that ask for one.
        client_cert_file: Option<PathBuf> = None, absent "the credential `mqtt-client-cert` that systemd passes, else none is shown", example "/etc/affectd/mqtt-client-cert";
        /// The private key of that certificate (PEM, not encrypted). Readable by the user that affectd runs as, and no one
        /// else.
        client_key_file: Option<PathBuf> = None, absent "the credential `mqtt-client-key` that systemd passes", example "/etc/affectd/mqtt-client-key";
        /// How long the broker keeps commands to this device while it is away, in seconds. 0 keeps none. In MQTT 3.1.1
        /// it keeps them until it forgets the device.
        session_expiry_s: u32 = 300, within 0..=604_800;
        /// How often the broker is shown that this device is alive, in seconds. A cable that was pulled shows
        /// after one and a half to two times as long.
        keep_alive_s: u32 = 20, within 5..=3_600;
    }
}

section! {
    /// How much is published.
    publish: Publish {
        /// The most states that are published for each face in a second.
        state_rate_hz: f32 = 5.0, within 0.1..=60.0;
        /// How payloads are written: `json`, or `cbor`, which is smaller and says the same.
        encoding: Encoding = Encoding::Json;
        /// How long the broker keeps an event for subscribers that are away, in hours; needs MQTT 5. 0 keeps it for ever.
        event_expiry_h: u32 = 24, within 0..=8_760;
    }
}

section! {
    /// How events are kept while the broker is away. They go out in order when it is back, each with the time at which it
    /// happened. States are not kept.
    outbox: Outbox {
        /// The folder in which they are kept, so that they outlast a power cut.
        dir: Option<PathBuf> = None, absent "`device.state_dir`; without that, they are in memory only",
            example "/var/lib/affectd";
        /// The most that is kept there, in bytes: about 150 for each event. Beyond that the oldest go. The file is about
        /// as large.
        max_bytes: u32 = 16_777_216, within 65_536..=67_108_864;
        /// How old an event may become while it waits, in hours; older ones are dropped. 0 keeps them for ever.
        max_age_h: u32 = 168, within 0..=87_600;
        /// How long an event may be in memory only, in milliseconds, before it is written, together with all others: what
        /// a power cut may lose. What the broker has acknowledged by then is never written. Shorter wears the disk more.
        commit_every_ms: u32 = 1_000, within 0..=60_000;
    }
}

section! {
    /// Where the device stands, and what it may sense and tell there. `docs/privacy.md` says what the law asks of whoever
    /// places it.
    privacy: Privacy {
        /// Where the device stands, or what it is for. It is announced in `notice`. In a `workplace` and in `education` the
        /// law forbids to infer emotions, and affectd starts there with `action_units_only` alone.
        context: Option<Context> = None, absent "not declared, which the log says at each start", example "kiosk";
        /// Whether only visible movements of the face are told, and who is there and speaks: no expression, valence or
        /// arousal of a face or a voice, in states, events and recordings.
        action_units_only: bool = false;
        /// Whether to start muted, until the command `unmute`.
        start_muted: bool = false;
        /// Whether people are asked: with `ask` nothing is sensed until there is consent, and at once nothing any more when
        /// it is withdrawn. Consent comes from `consent_signal`; without one, from the command `unmute`.
        consent: ConsentChoice = ConsentChoice::None;
        /// Where somebody else says whether there is consent: `1`, `on` or `true` is a yes, and anything else is none.
        /// `file:PATH` is read five times a second; the value of a GPIO line serves as well as what a program writes, and a
        /// file that is not there is no consent. `mqtt:TOPIC` is a topic of the broker, published retained; while the broker
        /// is away there is no consent.
        consent_signal: Option<Signal> = None, absent "the command `unmute` gives consent",
            example "file:/run/consent/given";
    }
}

section! {
    /// What this device can be told to do over MQTT, below `PREFIX/DEVICE/cmd/`. The broker's access list decides who
    /// may tell it: give the right to publish there to nobody else.
    commands: Commands {
        /// The commands that are carried out; all others are refused and counted. An empty list listens to none. A mute is
        /// remembered in `device.state_dir`.
        allow: Vec<Verb> = Verb::SAFE.to_vec();
        /// How often each of them may come, in a minute.
        rate_per_minute: u32 = 60, within 1..=6_000;
        /// How many of each may come at once.
        burst: u32 = 10, within 1..=1_000;
        /// A command that says when it was given is not carried out when that was longer ago than this, in seconds; the
        /// clocks of sender and device may differ by as much.
        max_age_s: u32 = 60, within 1..=86_400;
    }
}

section! {
    /// Whether Home Assistant finds this device by itself, through its MQTT integration.
    home_assistant: HomeAssistant {
        /// Whether the device is announced to Home Assistant. When it is no longer, what was announced is taken back, if
        /// there is a `device.state_dir` to remember it in.
        enabled: bool = false;
        /// The discovery prefix that is set in Home Assistant's MQTT integration.
        discovery_prefix: Prefix = Prefix::known("homeassistant");
        /// Where Home Assistant says that it has started, its birth message: the device is then announced again.
        birth_topic: Prefix = Prefix::known("homeassistant/status");
    }
}

section! {
    /// How far affectd goes to spare the board. When it is too hot, or the models cannot keep up with the camera, fewer
    /// frames are read, and `health` says so.
    limits: Limits {
        /// The temperature from which on fewer frames are read, in degrees Celsius. 0 takes what the board itself says:
        /// where it begins to throttle, or else 85.
        max_temperature_c: f32 = 0.0, within 0.0..=120.0;
        /// No fewer frames than this are read in a second, however hot it is.
        min_frame_rate: f32 = 5.0, within 0.5..=60.0;
        /// The folder in which the system tells its temperatures.
        thermal_dir: PathBuf = PathBuf::from(thermal::FOLDER);
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
