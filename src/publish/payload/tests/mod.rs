//! Snapshots of every payload, the schemas that describe them, and the documentation that shows them.

use std::path::PathBuf;

mod asyncapi;
mod compatible;
mod documented;
mod encodings;
mod samples;
mod schemas;
mod snapshots;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every payload: its name, the schema that describes it, its text. (The status goes out without quotation
/// marks; here it is JSON.)
fn payloads() -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("status", "status", samples::status()),
        ("device", "device", samples::device()),
        ("health", "health", samples::health()),
        ("health-ill", "health", samples::ill_health()),
        ("face-state", "face-state", samples::face()),
        ("face-state-unsure", "face-state", samples::unsure_face()),
        ("face-state-earlier", "face-state", samples::earlier_face()),
        ("face-state-speaking", "face-state", samples::speaking_face()),
        ("face-state-unread", "face-state", samples::unread_face()),
        ("face-state-infer", "face-state", samples::inferred_face()),
        ("face-state-crop", "face-state", samples::inferred_crop()),
        ("scene-state", "scene-state", samples::scene()),
        ("scene-state-speaking", "scene-state", samples::speaking_scene()),
        ("scene-state-empty", "scene-state", samples::empty_scene()),
        ("voice-state", "voice-state", samples::voice()),
        ("voice-state-silent", "voice-state", samples::silent_voice()),
        ("voice-state-infer", "voice-state", samples::inferred_voice()),
        ("event-new", "event", samples::new_event()),
        ("event-end", "event", samples::ended_event()),
    ]
}
