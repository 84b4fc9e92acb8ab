//! The surroundings that a configuration names: models, camera, files, broker.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::count;
use crate::board::{self, Signs};
use crate::capture::address::{CameraAddress, CameraPlace};
use crate::capture::launch_line::LaunchLine;
use crate::capture::{self, Address, v4l};
use crate::clock::SystemClock;
use crate::commands::finding::Finding;
use crate::commands::setup;
use crate::config::{Config, PackName};
use crate::model::ort::{Ort, RuntimeError};
use crate::model::registry::RegistryError;
use crate::model::{EngineChoice, Kind, Pack};
use crate::privacy::{ConsentSource, Extent};

/// How long the broker may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most that is read of a file of certificates, in bytes: several times what a whole system trusts.
const LARGEST_CA_FILE: u64 = 1 << 20;

/// Every look, in the order in which they are told.
pub const ALL: [fn(&Config) -> Finding; 9] =
    [board, models, engine, source, sound, privacy, password, certificates, broker];

fn board(_: &Config) -> Finding {
    let says = match board::here() {
        Some(board) => board.title,
        None => format!("{}: none that affectd knows", Signs::read(Path::new("/"))),
    };
    Finding::good("board", says)
}

pub(in crate::commands) fn models(config: &Config) -> Finding {
    let between = match &config.models.sequence {
        None => " and models.face",
        Some(_) => ", models.face and models.sequence",
    };
    let wrong = |error: RegistryError| Finding {
        // The other errors say themselves what to do.
        remedy: matches!(error, RegistryError::NoPack { .. })
            .then(|| format!("set models.detector{between} to packs that are there")),
        ..Finding::wrong("models", error.to_string(), "")
    };
    let registry = match setup::registry(config, None) {
        Ok(registry) => registry,
        Err(error) => return wrong(error),
    };
    let pack = |name: &PackName| setup::pack(&registry, config, name);
    let sequences = |face: &Pack| {
        let sequences = setup::sequences(&registry, config, face)?;
        Ok(sequences.map_or_else(String::new, |sequences| format!(", with {} over time", sequences.pack.id())))
    };
    let (detector, face) = match (pack(&config.models.detector), pack(&config.models.face)) {
        (Ok(detector), Ok(face)) => (detector, face),
        (Err(error), _) | (_, Err(error)) => return wrong(error),
    };
    let misplaced = |pack: &Pack, key: &str, wanted: &str| {
        let says = format!("{} is a pack of kind {}", pack.name, pack.kind.name());
        Finding::wrong("models", says, format!("name a pack of kind {wanted} as models.{key}"))
    };
    match (&detector.kind, &face.kind) {
        (Kind::Frame(_) | Kind::Voice(_) | Kind::Sequence(_) | Kind::Ensemble(_), _) => {
            misplaced(&detector, "detector", "detector")
        }
        (_, Kind::Detector(_) | Kind::Voice(_) | Kind::Sequence(_) | Kind::Ensemble(_)) => {
            misplaced(&face, "face", "frame")
        }
        (Kind::Detector(_), Kind::Frame(_)) => match sequences(&face) {
            Ok(with) => {
                let (detector, face, dir) = (detector.id(), face.id(), registry.dir().display());
                Finding::good("models", format!("{detector} and {face}{with} in {dir}"))
            }
            Err(error) => wrong(error),
        },
    }
}

/// The engine that runs the models. In `auto` there is always one, so what is wrong with ONNX Runtime is at
/// most a warning.
pub(in crate::commands) fn engine(config: &Config) -> Finding {
    let choice = config.models.engines.choice;
    if choice == EngineChoice::Tract {
        return Finding::good("engine", "tract");
    }
    let engines = setup::engines_present(config);
    match (engines.onnx_runtime(), engines.missing()) {
        (Some(ort), _) => providers(ort),
        (None, Some(missing)) if choice == EngineChoice::Ort => {
            Finding::wrong("engine", missing.reason(), missing.remedy())
        }
        (None, None | Some(RuntimeError::NotFound { .. })) => Finding::good("engine", "tract; no ONNX Runtime is here"),
        (None, Some(missing)) => {
            Finding::warning("engine", format!("tract, because {}", missing.reason()), missing.remedy())
        }
    }
}

fn providers(ort: &Ort) -> Finding {
    let lacking: Vec<_> = ort.lacking().iter().map(|provider| provider.name()).collect();
    if lacking.is_empty() {
        return Finding::good("engine", ort.runtime().to_string());
    }
    Finding::warning(
        "engine",
        format!("{}, which was built without {}", ort.runtime(), lacking.join(" and ")),
        "install one that has it, or take it out of models.providers",
    )
}

fn source(config: &Config) -> Finding {
    let (path, is_camera) = match &config.video {
        Address::V4l(CameraAddress { place: CameraPlace::Node(node), .. }) => (node, true),
        Address::V4l(camera) => {
            return match v4l::node_of(&camera.place) {
                Ok(node) => Finding::good("source", format!("{} is {}", camera.place, node.display())),
                Err(error) => Finding::wrong("source", error.to_string(), "set source.video to a camera that is there"),
            };
        }
        Address::File(path) => (path, false),
        Address::Alsa(_) => return Finding::wrong("source", "it is a microphone", "set source.video to a camera"),
        Address::Gst(line) => return pipeline(line),
    };
    let name = path.display();
    let wrong = |says: String, remedy: &str| Finding::wrong("source", says, remedy);
    let kind = match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) => metadata.file_type(),
        Err(error) => {
            let remedy = match error.kind() {
                ErrorKind::NotFound if is_camera => {
                    "plug the camera in, or set source.video to one that `ls /dev/video*` shows"
                }
                ErrorKind::PermissionDenied if is_camera => {
                    "let the user that affectd runs as belong to the group video"
                }
                _ => "set source.video to a camera or file that can be read",
            };
            return wrong(format!("{name} cannot be opened: {error}"), remedy);
        }
    };
    match is_camera {
        true if !kind.is_char_device() => wrong(format!("{name} is not a device"), "write file: before a file's path"),
        false if kind.is_dir() => wrong(format!("{name} is a folder"), "set source.video to a file"),
        _ => Finding::good("source", format!("{name} can be opened")),
    }
}

/// The text of a pipeline and that its elements are installed; it is not started.
#[cfg(feature = "gstreamer")]
fn pipeline(line: &LaunchLine) -> Finding {
    match capture::gst::check(line) {
        Ok(()) => Finding::good("source", format!("gst:{line} can be built")),
        Err(error) => Finding::wrong("source", error.to_string(), "try it with gst-launch-1.0, fakesink at its end"),
    }
}

#[cfg(not(feature = "gstreamer"))]
fn pipeline(_: &LaunchLine) -> Finding {
    Finding::wrong("source", "it is a pipeline, and this affectd has no GStreamer", "set source.video to a camera")
}

/// The microphone and what reads a voice. A microphone that is away is a warning: affectd starts without it and listens
/// when it comes.
fn sound(config: &Config) -> Finding {
    let Some(address) = &config.audio else {
        return Finding::good("sound", "none is listened to");
    };
    let opened =
        setup::registry(config, None).and_then(|registry| setup::pack(&registry, config, &config.models.voice));
    let pack = match opened {
        Ok(pack) if matches!(pack.kind, Kind::Voice(_)) => pack,
        Ok(pack) => {
            let says = format!("{} is a pack of kind {}", pack.name, pack.kind.name());
            return Finding::wrong("sound", says, "name a pack of kind voice as models.voice");
        }
        Err(error) => {
            let remedy = "set models.voice to a pack that is there, or leave source.audio out";
            return Finding::wrong("sound", error.to_string(), remedy);
        }
    };
    match capture::open_sound(address, Arc::new(SystemClock)) {
        Ok(sound) => {
            Finding::good("sound", format!("{address} can be opened, {} Hz; {}", sound.sample_rate(), pack.id()))
        }
        Err(error) => Finding::warning(
            "sound",
            error.to_string(),
            "plug the microphone in, or set source.audio to one that `arecord -L` shows",
        ),
    }
}

/// Where the device stands, and who is asked. A file of consent that is not there is none: it may come.
fn privacy(config: &Config) -> Finding {
    let privacy = &config.privacy;
    let Some(context) = privacy.context else {
        let says = "where this device stands is not declared";
        return Finding::warning("privacy", says, "write context below [privacy]: see docs/privacy.md");
    };
    let consent = match &privacy.consent {
        ConsentSource::NotAsked if privacy.start_muted => "starts muted".to_owned(),
        ConsentSource::NotAsked => "nobody is asked".to_owned(),
        ConsentSource::Unmute => "nothing is sensed until somebody unmutes".to_owned(),
        ConsentSource::File(path) => format!("senses while {} says 1", path.display()),
        ConsentSource::Topic(topic) => format!("senses while {topic} says on"),
    };
    let extent = if privacy.extent == Extent::ActionUnitsOnly { "action units only, " } else { "" };
    Finding::good("privacy", format!("{}, {extent}{consent}", context.name()))
}

pub(in crate::commands) fn password(config: &Config) -> Finding {
    let Some(login) = &config.login else {
        return Finding::good("password", "none is asked for");
    };
    let Some(path) = login.file() else {
        return Finding::good("password", "none is given for the user");
    };
    if let Err(error) = login.credentials() {
        let remedy = "write the password as its first line and let the user that affectd runs as read it";
        return Finding::wrong("password", error.to_string(), remedy);
    }
    match others_may_read(path) {
        true => Finding::warning(
            "password",
            format!("everyone on this device may read {}", path.display()),
            format!("chmod o= {}", path.display()),
        ),
        false => Finding::good("password", format!("read from {}", path.display())),
    }
}

fn others_may_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

pub(in crate::commands) fn certificates(config: &Config) -> Finding {
    let Some(path) = &config.publish.ca_file else {
        return Finding::good("ca file", "none is asked for");
    };
    let remedy = "set mqtt.ca_file to the certificate (PEM) of who signed the broker's, readable for affectd";
    let name = path.display();
    let mut pem = Vec::new();
    if let Err(error) = File::open(path).and_then(|file| file.take(LARGEST_CA_FILE).read_to_end(&mut pem)) {
        return Finding::wrong("ca file", format!("{name} cannot be read: {error}"), remedy);
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Err(error) => Finding::wrong("ca file", format!("{name} is not right: {error:?}"), remedy),
        Ok(none) if none.is_empty() => Finding::wrong("ca file", format!("{name} holds no certificate"), remedy),
        Ok(certificates) => Finding::good("ca file", format!("{} in {name}", count(certificates.len(), "certificate"))),
    }
}

/// A broker that is away is a warning: affectd starts without it and publishes when it comes.
fn broker(config: &Config) -> Finding {
    let broker = &config.publish.broker;
    let addresses = match (broker.host(), broker.port()).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            let says = format!("the host {} is not found: {error}", broker.host());
            return Finding::warning("broker", says, "check the name in mqtt.url, and the network");
        }
    };
    let mut failure = "the host has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Finding::good("broker", format!("{broker} accepts connections")),
            Err(error) => failure = error.to_string(),
        }
    }
    let remedy = "start the broker, check host and port in mqtt.url, and that no firewall stands between";
    Finding::warning("broker", format!("{broker} does not answer: {failure}"), remedy)
}
