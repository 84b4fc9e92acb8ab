//! What is announced: as it goes out, and what it follows from.

use serde_json::Value;

use super::*;
use crate::publish::PackInfo;

fn pack(kind: &str) -> PackInfo {
    PackInfo {
        name: kind.to_owned(),
        version: "0.3.0".to_owned(),
        kind: kind.to_owned(),
        engine: "tract".to_owned(),
        licence: "Apache-2.0".to_owned(),
        commercial_use: true,
    }
}

const ALL: [Kind; 7] =
    [Kind::Presence, Kind::Expression, Kind::Compound, Kind::ActionUnit, Kind::Valence, Kind::Arousal, Kind::Voice];

/// A device whose packs tell of these kinds.
fn identity(capabilities: &[Kind]) -> Identity {
    let voice = capabilities.contains(&Kind::Voice).then(|| pack("voice"));
    Identity {
        device: "kiosk-7".parse().unwrap(),
        version: "0.1.0".to_owned(),
        board: Some("Raspberry Pi 5".to_owned()),
        packs: [pack("detector"), pack("frame")].into_iter().chain(voice).collect(),
        capabilities: capabilities.to_vec(),
        pack: "frame 0.3.0".to_owned(),
        engine: "tract".to_owned(),
    }
}

fn settings() -> DiscoverySettings {
    DiscoverySettings {
        prefix: Prefix::known("homeassistant"),
        birth: Prefix::known("homeassistant/status"),
        kinds: ALL.to_vec(),
        state_interval: Duration::from_millis(200),
        mute: true,
        thermometer: true,
    }
}

fn announced(identity: &Identity, settings: &DiscoverySettings) -> Value {
    let announcement = settings.announcement(identity, &Topics::new(&Prefix::default(), &identity.device));
    assert_eq!(announcement.topic, "homeassistant/device/affectd-kiosk-7/config");
    serde_json::from_slice(&announcement.payload).unwrap()
}

/// The ids of the entities that the device has.
fn there(announced: &Value) -> Vec<&str> {
    let components = announced["cmps"].as_object().unwrap();
    let is_there = |component: &&(&String, &Value)| component.1.as_object().unwrap().len() > 1;
    components.iter().collect::<Vec<_>>().iter().filter(is_there).map(|(id, _)| id.as_str()).collect()
}

#[test]
fn the_announcement_is_as_it_was() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&announced(&identity(&ALL), &settings())).unwrap());
}

#[test]
fn what_the_packs_cannot_tell_is_not_there_and_is_taken_back_if_it_was() {
    let all = announced(&identity(&ALL), &settings());
    let few = announced(&identity(&[Kind::Presence, Kind::ActionUnit]), &settings());
    let missing = |id: &&&str| !there(&few).contains(*id);
    let gone: Vec<_> = there(&all).iter().filter(missing).copied().collect();
    assert_eq!(gone, ["arousal", "expression", "microphone", "valence", "voice", "voice_models"]);
    // Home Assistant takes an entity away of which nothing but the platform is named.
    assert_eq!(few["cmps"]["arousal"], serde_json::json!({"p": "sensor"}));
    let types = &few["cmps"]["event"]["evt_typ"];
    assert_eq!(types, &serde_json::json!(["presence_new", "presence_end", "action_unit_new", "action_unit_end"]));
}

#[test]
fn what_is_not_told_not_allowed_or_not_measured_is_not_there() {
    let bare = DiscoverySettings { kinds: Vec::new(), mute: false, thermometer: false, ..settings() };
    let bare = announced(&identity(&ALL), &bare);
    for id in ["event", "mute", "temperature", "throttled"] {
        assert!(!there(&bare).contains(&id), "{id}");
    }
}

#[test]
fn the_ids_are_unique_stay_and_are_such_as_home_assistant_takes() {
    let announced = announced(&identity(&ALL), &settings());
    let ids: Vec<_> = announced["cmps"].as_object().unwrap().iter().collect();
    for (id, component) in ids {
        assert_eq!(component["uniq_id"], format!("affectd-kiosk-7-{id}"));
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{id}");
    }
}

#[test]
fn no_state_that_is_not_retained_lives_on_and_no_retained_one_expires() {
    // Home Assistant takes a retained state that has expired for a new one whenever it starts.
    let announced = announced(&identity(&ALL), &settings());
    for (id, component) in announced["cmps"].as_object().unwrap() {
        let topic = component["stat_t"].as_str().unwrap();
        let retained = topic.ends_with("/health") || topic.ends_with("/notice");
        let ends = !component["exp_aft"].is_null() || !component["off_dly"].is_null();
        assert_eq!(ends, !retained && id != "event", "{id} reads {topic}");
    }
}

#[test]
fn the_longest_names_make_no_packet_that_a_client_refuses() {
    let (long, device) = ("p".repeat(128), "d".repeat(64));
    let identity = Identity { device: device.parse().unwrap(), ..identity(&ALL) };
    let topics = Topics::new(&long.parse().unwrap(), &identity.device);
    let settings = DiscoverySettings { prefix: long.parse().unwrap(), ..settings() };
    let announcement = settings.announcement(&identity, &topics);
    assert!(announcement.payload.len() < 20 * 1024, "{} bytes", announcement.payload.len());
}

#[test]
fn home_assistant_has_started_when_it_says_so_now() {
    let settings = settings();
    assert!(settings.is_birth("homeassistant/status", b"online", false));
    for (topic, payload, retained) in [
        ("homeassistant/status", &b"offline"[..], false),
        ("homeassistant/status", b"online", true),
        ("homeassistant/state", b"online", false),
        ("homeassistant/status", b"", false),
    ] {
        assert!(!settings.is_birth(topic, payload, retained), "{topic} {payload:?} {retained}");
    }
}
