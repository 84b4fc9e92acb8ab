//! Settings that are allowed when seen alone, and do not go together.

use std::path::PathBuf;

use super::as_typed::{AsTyped, Mqtt};
use super::privacy;
use super::problem::Problem;
use super::section::{Origin, Setting};
use crate::control::Verb;
use crate::privacy::ConsentSource;
use crate::publish::BrokerAddress;
use crate::publish::payload::Encoding;

/// The settings that do not go together.
pub(super) fn clashes(typed: &AsTyped) -> Vec<Problem> {
    let (models, face, events, mqtt) = (&typed.models, &typed.face, &typed.events, &typed.mqtt);
    let ascending = [
        (&face.min_brightness, &face.max_brightness),
        (&events.leave, &events.enter),
        (&events.action_unit_leave, &events.action_unit_enter),
        (&events.valence_leave, &events.valence_enter),
        (&events.arousal_leave, &events.arousal_enter),
    ];
    let mut problems: Vec<_> = ascending.into_iter().filter_map(|(low, high)| ascend(low, high)).collect();
    let keys = &models.trusted_keys;
    if models.require_signature.value && keys.value.is_empty() && keys.origin != Origin::Refused {
        problems.extend(clash(
            &models.require_signature,
            "is true without models.trusted_keys",
            "no signature could be checked, so every pack would be refused",
            "write the public keys that you trust as models.trusted_keys, or leave models.require_signature out",
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
    problems.extend(needless(mqtt));
    problems.extend(halves(&mqtt.client_cert_file, &mqtt.client_key_file));
    problems.extend(halves(&mqtt.client_key_file, &mqtt.client_cert_file));
    if mqtt.spare_urls.value.contains(&mqtt.url.value) && mqtt.url.origin != Origin::Refused {
        problems.extend(clash(
            &mqtt.spare_urls,
            "names mqtt.url again",
            "the preferred broker is no spare of itself",
            &format!("take {} out of mqtt.spare_urls", mqtt.url.value),
        ));
    }
    problems.extend(privacy::clashes(&typed.privacy));
    problems.extend(never_sensing(typed));
    problems.extend(home_assistant(typed));
    problems
}

/// What is given for TLS where no broker is reached by it.
fn needless(mqtt: &Mqtt) -> Vec<Problem> {
    let refused = mqtt.url.origin == Origin::Refused || mqtt.spare_urls.origin == Origin::Refused;
    if refused || mqtt.url.value.tls() || mqtt.spare_urls.value.iter().any(BrokerAddress::tls) {
        return Vec::new();
    }
    let (why, note) = ("is given, but mqtt.url does not ask for TLS", format!("mqtt.url is {}", mqtt.url.value));
    let remedy = |key: &str| format!("write mqtt.url with mqtts:// or wss://, or leave {key} out");
    let files = [&mqtt.ca_file, &mqtt.client_cert_file];
    let files = files.into_iter().filter(|file| file.value.is_some());
    let problem = |file: &Setting<_>| clash(file, why, &note, &remedy(&file.key));
    let pins = &mqtt.pinned_keys;
    let pins = (!pins.value.is_empty()).then(|| clash(pins, why, &note, &remedy(&pins.key)));
    files.filter_map(problem).chain(pins.flatten()).collect()
}

/// A certificate without its key, or a key without its certificate.
fn halves(given: &Setting<Option<PathBuf>>, other: &Setting<Option<PathBuf>>) -> Option<Problem> {
    if given.value.is_none() || other.value.is_some() || other.origin == Origin::Refused {
        return None;
    }
    clash(
        given,
        &format!("is given without {}", other.key),
        "a certificate and its key belong together",
        &format!("write {} as well, or leave {} out", other.key, given.key),
    )
}

/// A device that waits for `unmute` must take it.
fn never_sensing(typed: &AsTyped) -> Option<Problem> {
    let (allow, privacy) = (&typed.commands.allow, privacy::settings(&typed.privacy));
    let waits = privacy.start_muted || privacy.consent == ConsentSource::Unmute;
    if !waits || allow.value.contains(&Verb::Unmute) {
        return None;
    }
    clash(
        allow,
        "lacks \"unmute\", and without it this device would never sense anything",
        "[privacy] has it wait for that command",
        "add \"unmute\" to commands.allow, or change privacy.start_muted or privacy.consent",
    )
}

/// Home Assistant's templates read JSON.
fn home_assistant(typed: &AsTyped) -> Option<Problem> {
    let (enabled, encoding) = (&typed.home_assistant.enabled, &typed.publish.encoding);
    if !enabled.value || encoding.value == Encoding::Json || encoding.origin == Origin::Refused {
        return None;
    }
    clash(
        enabled,
        "is true, but payloads are not JSON",
        "publish.encoding is \"cbor\", which Home Assistant cannot read",
        "leave publish.encoding out, or home_assistant.enabled",
    )
}

/// Asks that `low` is less than `high`; the one that was written is marked.
fn ascend(low: &Setting<f32>, high: &Setting<f32>) -> Option<Problem> {
    if low.value < high.value || high.origin == Origin::Refused {
        return None;
    }
    let (marked, other, relation) = match low.origin {
        Origin::Default => (high, low, "more"),
        _ => (low, high, "less"),
    };
    let by_default = if other.origin == Origin::Default { ", its default" } else { "" };
    clash(
        marked,
        &format!("must be {relation} than {}", other.key),
        &format!("{} is {}{by_default}", other.key, other.value),
        &format!("write a number {relation} than {}, or change {} too", other.value, other.key),
    )
}

/// A problem of a setting that is allowed when seen alone; none when it was refused already.
pub(super) fn clash<T>(setting: &Setting<T>, why: &str, note: &str, remedy: &str) -> Option<Problem> {
    Some(Problem {
        place: setting.origin.place(None)?,
        key: Some(setting.key.clone()),
        message: format!("{} {why}", setting.key),
        note: note.to_owned(),
        remedy: remedy.to_owned(),
    })
}
