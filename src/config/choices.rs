//! Keys that choose among a few names.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;
use tracing::Level;

use super::plain::OUT_OF_RANGE;
use super::value::{Invalid, Text, Value, choose, one_of};
use crate::capture::v4l::controls::{PowerLine, Tuned};
use crate::events::Kind;
use crate::model::{EngineChoice, Provider};
use crate::publish::Protocol;
use crate::publish::payload::Encoding;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

const ENCODINGS: &[(&str, Encoding)] = &[("json", Encoding::Json), ("cbor", Encoding::Cbor)];

const LEVELS: &[(&str, Level)] = &[
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];

const KINDS: &[(&str, Kind)] = &[
    ("presence", Kind::Presence),
    ("expression", Kind::Expression),
    ("compound", Kind::Compound),
    ("action_unit", Kind::ActionUnit),
    ("valence", Kind::Valence),
    ("arousal", Kind::Arousal),
    ("voice", Kind::Voice),
];

const ENGINES: &[(&str, EngineChoice)] =
    &[("auto", EngineChoice::Auto), ("tract", EngineChoice::Tract), ("ort", EngineChoice::Ort)];

const PROVIDERS: &[(&str, Provider)] = &[
    ("tensorrt", Provider::TensorRt),
    ("cuda", Provider::Cuda),
    ("xnnpack", Provider::Xnnpack),
    ("cpu", Provider::Cpu),
];

/// Makes a type a text that is one of a few names.
macro_rules! chosen {
    ($Type:ty, $choices:expr) => {
        impl Text for $Type {
            fn allowed() -> Cow<'static, str> {
                one_of($choices)
            }

            fn parse(text: &str) -> Result<Self, Invalid> {
                choose(text, $choices)
            }

            fn text(&self) -> Cow<'_, str> {
                $choices.iter().find(|(_, value)| value == self).map_or("", |(name, _)| name).into()
            }
        }
    };
}

chosen!(LogFormat, LOG_FORMATS);
chosen!(Encoding, ENCODINGS);
chosen!(Level, LEVELS);
chosen!(Kind, KINDS);
chosen!(EngineChoice, ENGINES);
chosen!(Provider, PROVIDERS);

/// The engine that a text names as it would in the configuration.
pub fn engine_named(text: &str) -> Option<EngineChoice> {
    EngineChoice::parse(text).ok()
}

/// The provider that a text names as it would in the configuration.
pub fn provider_named(text: &str) -> Option<Provider> {
    Provider::parse(text).ok()
}

impl Value for Protocol {
    fn allowed() -> Cow<'static, str> {
        "5, or 3 for MQTT 3.1.1".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match u32::read(written)? {
            3 => Ok(Self::V311),
            5 => Ok(Self::V5),
            _ => Err(Invalid::because("is not a version that is spoken here")),
        }
    }

    fn written(&self) -> Option<String> {
        Some(match self {
            Self::V311 => "3".to_owned(),
            Self::V5 => "5".to_owned(),
        })
    }
}

impl Value for PowerLine {
    fn allowed() -> Cow<'static, str> {
        "50, 60, or 0 for none".into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match u32::read(written)? {
            0 => Ok(Self::Off),
            50 => Ok(Self::Hz50),
            60 => Ok(Self::Hz60),
            _ => Err(Invalid::because("is not a frequency of the mains")),
        }
    }

    fn written(&self) -> Option<String> {
        let hertz = match self {
            Self::Off => "0",
            Self::Hz50 => "50",
            Self::Hz60 => "60",
        };
        Some(hertz.to_owned())
    }
}

/// The largest value of a camera's control: ten seconds, and more kelvin and gain than there are.
const LARGEST_CONTROL: u32 = 100_000;

impl Value for Tuned {
    fn allowed() -> Cow<'static, str> {
        format!("\"auto\", or a whole number from 0 to {LARGEST_CONTROL}").into()
    }

    fn read(written: &Spanned<DeValue<'_>>) -> Result<Self, Invalid> {
        match written.get_ref() {
            DeValue::String(text) if text == "auto" => Ok(Self::Auto),
            DeValue::String(_) => Err(Invalid::because("is neither \"auto\" nor a number")),
            _ => match u32::read(written)? {
                fixed if fixed <= LARGEST_CONTROL => Ok(Self::To(fixed)),
                _ => Err(Invalid::because(OUT_OF_RANGE)),
            },
        }
    }

    fn written(&self) -> Option<String> {
        Some(match self {
            Self::Auto => "\"auto\"".to_owned(),
            Self::To(fixed) => fixed.to_string(),
        })
    }
}
