//! Names and addresses: types that are written as text, most of them other rooms' own.

use std::borrow::Cow;

use super::value::{Invalid, Text, quoted};
use crate::capture::address::{CameraAddress, CameraPlace};
use crate::capture::{Address, CaptureError};
use crate::model::TrustedKey;
use crate::publish::{AddressError, BrokerAddress, DeviceId, KeyFingerprint, Prefix};

/// The longest pack name.
const LONGEST_PACK: usize = 64;

impl Text for DeviceId {
    fn allowed() -> Cow<'static, str> {
        "1 to 64 of the characters a-z, A-Z, 0-9, _ - and .".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| {
            let refused = Invalid::because("is not a device id");
            match device_of_host(text) {
                Some(near) => refused.so(format!("for example {}", quoted(near.as_str()))),
                None => refused,
            }
        })
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// The id that a host of this name has when none is written: its first label, every character that an id
/// may not have a dash. `None` when nothing is left.
pub(super) fn device_of_host(host_name: &str) -> Option<DeviceId> {
    let label = host_name.split('.').next()?;
    let dashed: String = label.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let trimmed = dashed.trim_matches('-');
    // All ASCII by now; an id has 64 characters at most.
    trimmed[..trimmed.len().min(64)].parse().ok()
}

/// The first camera of the system, as it likes best.
pub(super) fn first_camera() -> Address {
    Address::V4l(CameraAddress::new(CameraPlace::Node("/dev/video0".into())))
}

impl Text for Address {
    fn allowed() -> Cow<'static, str> {
        "v4l:CAMERA, v4l:CAMERA?size=1280x720&fps=30&format=mjpeg, gst:PIPELINE, or file:PATH".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.parse() {
            Ok(Self::Alsa(_)) => Err(Invalid::because("is a microphone, not a camera")),
            Ok(address) => Ok(address),
            Err(CaptureError::Address { reason, .. }) => {
                let refused = Invalid::because(format!("is not a source: {reason}"));
                Err(match text.starts_with("/dev/") {
                    true => refused.so(format!("did you mean {}?", quoted(&format!("v4l:{text}")))),
                    false => refused,
                })
            }
            Err(other) => Err(Invalid::because(format!("is not a source: {other}"))),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// The address of what gives sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SoundAddress(pub Address);

impl Text for SoundAddress {
    fn allowed() -> Cow<'static, str> {
        "alsa:DEVICE, or file:PATH".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.parse() {
            Ok(Address::V4l(_)) => Err(Invalid::because("is a camera, not a microphone")),
            Ok(Address::Gst(_)) => {
                Err(Invalid::because("is a GStreamer pipeline, which gives pictures only").so("write alsa:DEVICE"))
            }
            Ok(address) => Ok(Self(address)),
            Err(CaptureError::Address { reason, .. }) => {
                let refused = Invalid::because(format!("is not a source of sound: {reason}"));
                Err(match text {
                    "default" => refused.so("did you mean \"alsa:default\"?"),
                    _ => refused,
                })
            }
            Err(other) => Err(Invalid::because(format!("is not a source of sound: {other}"))),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }
}

impl Text for Prefix {
    fn allowed() -> Cow<'static, str> {
        "levels of the characters a-z, A-Z, 0-9, _ - and . with / between them, 128 characters at most".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::because("is not a topic prefix"))
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Text for BrokerAddress {
    fn allowed() -> Cow<'static, str> {
        "mqtts://HOST[:PORT] or wss://HOST[:PORT][/PATH]; mqtt:// or ws:// when HOST is this device".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|error| match error {
            AddressError::Form { .. } => {
                Invalid::because("is not a broker's address").so(match with_our_scheme(text) {
                    Some(near) => format!("did you mean {}?", quoted(&near)),
                    None => "for example \"mqtts://broker.example.org\" or \"mqtt://localhost:1883\"".to_owned(),
                })
            }
            AddressError::Credentials => Invalid::because("holds a user or password").so(
                "write the user as mqtt.username, the password into a file, and the file's path as mqtt.password_file",
            ),
            AddressError::NotEncrypted { scheme, .. } => {
                Invalid::because("would cross a network without TLS").so(format!(
                    "write {scheme}:// (mqtt.ca_file can name your own authority), or have a broker on this device that \
                     passes on to that one"
                ))
            }
        })
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// The address with the scheme that its own, or the lack of one, may stand for.
fn with_our_scheme(text: &str) -> Option<String> {
    let candidates = match text.split_once("://") {
        Some(("ssl" | "tls", rest)) => [Some(format!("mqtts://{rest}")), None],
        Some(("tcp", rest)) => [Some(format!("mqtt://{rest}")), Some(format!("mqtts://{rest}"))],
        Some(_) => [None, None],
        None => [Some(format!("mqtt://{text}")), Some(format!("mqtts://{text}"))],
    };
    candidates.into_iter().flatten().find(|candidate| candidate.parse::<BrokerAddress>().is_ok())
}

impl Text for KeyFingerprint {
    fn allowed() -> Cow<'static, str> {
        "SHA-256 sums of public keys, 64 hexadecimal digits each".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let refused = || {
            let refused = Invalid::because("is not a SHA-256 sum");
            match text.contains("PUBLIC KEY") || text.contains("CERTIFICATE") {
                true => refused.so("write the sum of the key, see docs/broker.md, or name the file as mqtt.ca_file"),
                false => refused,
            }
        };
        Self::parse(text).ok_or_else(refused)
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// The name of a model pack: that of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackName(String);

impl PackName {
    /// A name that is known to be good: for defaults.
    pub(super) fn known(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for PackName {
    fn allowed() -> Cow<'static, str> {
        "the name of a pack's folder: lower-case letters, digits and hyphens".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.contains('/') {
            return Err(Invalid::because("is a path").so("write the folder above the pack's as models.dir"));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > LONGEST_PACK || !text.chars().all(allowed) {
            return Err(Invalid::because("is not the name of a pack"));
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl Text for TrustedKey {
    fn allowed() -> Cow<'static, str> {
        "the key lines of minisign.pub files: 56 letters that begin with RW".into()
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).ok_or_else(|| {
            let refused = Invalid::because("is not a public key of minisign");
            match text.starts_with("untrusted comment:") || text.ends_with(".pub") {
                true => refused.so("write the second line of the .pub file, and only that"),
                false => refused,
            }
        })
    }

    fn text(&self) -> Cow<'_, str> {
        self.text().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_reduced_to_what_an_id_may_have() {
        for (host, id) in [
            ("kiosk-7", Some("kiosk-7")),
            ("kiosk-7.shop.example.org", Some("kiosk-7")),
            ("käse stand#3", Some("k-se-stand-3")),
            ("", None),
            ("...", None),
            ("日本", None),
        ] {
            assert_eq!(device_of_host(host).as_ref().map(DeviceId::as_str), id, "{host}");
        }
        assert_eq!(device_of_host(&"a".repeat(300)).unwrap().as_str().len(), 64);
    }

    #[test]
    fn an_address_with_another_scheme_or_none_leads_to_ours() {
        for (text, near) in [
            ("localhost", Some("mqtt://localhost")),
            ("broker.example:8883", Some("mqtts://broker.example:8883")),
            ("tcp://127.0.0.1:1883", Some("mqtt://127.0.0.1:1883")),
            ("tcp://broker.example", Some("mqtts://broker.example")),
            ("ssl://broker.example", Some("mqtts://broker.example")),
            ("http://broker.example", None),
            ("mqtt://", None),
            ("", None),
        ] {
            assert_eq!(with_our_scheme(text).as_deref(), near, "{text}");
        }
    }

    #[test]
    fn the_path_of_a_pack_is_not_its_name() {
        assert!(PackName::parse("mtanet").is_ok());
        for bad in ["", "models/mtanet", "../mtanet", "MTANet", "mta net", &"a".repeat(LONGEST_PACK + 1)] {
            assert!(PackName::parse(bad).is_err(), "{bad}");
        }
    }
}
