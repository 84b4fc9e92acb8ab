//! One payload of each kind and shade.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::encodings;
use crate::affect::{
    ActionUnit, Arousal, Compound, Confidence, Estimate, Expression, Label, Probability, Scores, Valence,
};
use crate::clock::Monotonic;
use crate::control::{Refusal, Verb};
use crate::events::{Event, Kind, Stage, Subject};
use crate::face::{Quality, TrackId};
use crate::geometry::Rect;
use crate::health::{Health, Level, Stage as Part, StageHealth};
use crate::privacy::{Context, Extent, Notice, Reason, Sensing};
use crate::publish::payload::command::{LogLevelName, StageName};
use crate::publish::payload::notice::{ReasonName, SensingName as NoticeState};
use crate::publish::payload::number::Stamp;
use crate::publish::payload::reply::{Code, CommandCounts, ResultPayload};
use crate::publish::payload::{
    DevicePayload, EventPayload, EventTimes, FaceLine, HealthPayload, NoticePayload, ReplyPayload, ScenePayload,
    Status, VoiceLine,
};
use crate::publish::state::testing;
use crate::publish::{Answer, DeviceId, FaceState, FusedState, Identity, PackInfo, Place, SceneState, VoiceState};
use crate::voice::SoundQuality;

/// The text that goes out, on several lines; as CBOR it says the same.
fn wire(payload: &impl Serialize) -> String {
    encodings::agree(payload);
    serde_json::to_string_pretty(payload).unwrap()
}

fn wall(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn captured_at() -> Timestamp {
    wall("2026-11-22T00:10:01.123456Z")
}

fn probability(value: f32) -> Probability {
    Probability::new(value).unwrap()
}

fn scores<L: Label, const N: usize>(values: &[(L, f32)]) -> Scores<L, N> {
    let mut scores = Scores::default();
    values.iter().for_each(|&(label, value)| scores.set(label, probability(value)));
    scores
}

fn answer<L>(label: Option<L>, confidence: f32) -> Option<Answer<L>> {
    Some(Answer { label, confidence: probability(confidence) })
}

fn device_id() -> DeviceId {
    "kiosk-7".parse().unwrap()
}

pub(super) fn identity() -> Identity {
    let pack = |name: &str, version: &str, kind: &str, licence: &str| PackInfo {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        engine: "tract".to_owned(),
        licence: licence.to_owned(),
        commercial_use: true,
    };
    Identity {
        device: device_id(),
        version: "0.1.0".to_owned(),
        board: Some("raspberry-pi-5".to_owned()),
        packs: vec![
            pack("blazeface-full", "1.0.0", "detector", "Apache-2.0"),
            pack("mtanet", "0.3.0", "frame", "Apache-2.0 OR MIT"),
            pack("voice", "0.1.0", "voice", "Apache-2.0 OR MIT"),
        ],
        capabilities: vec![
            Kind::Presence,
            Kind::Expression,
            Kind::ActionUnit,
            Kind::Valence,
            Kind::Arousal,
            Kind::Voice,
        ],
        pack: "mtanet 0.3.0".to_owned(),
        engine: "tract".to_owned(),
    }
}

pub(super) fn face_state() -> FaceState {
    use ActionUnit::{Au1, Au2, Au4, Au6, Au7, Au10, Au12, Au15, Au23, Au24, Au25, Au26};
    use Expression::{Anger, Contempt, Disgust, Fear, Happiness, Neutral, Sadness, Surprise};
    let expressions = [
        (Neutral, 0.09),
        (Anger, 0.01),
        (Disgust, 0.0),
        (Fear, 0.0),
        (Happiness, 0.831_4),
        (Sadness, 0.01),
        (Surprise, 0.05),
        (Contempt, 0.008_6),
    ];
    let action_units = [
        (Au1, 0.02),
        (Au2, 0.01),
        (Au4, 0.03),
        (Au6, 0.61),
        (Au7, 0.2),
        (Au10, 0.1),
        (Au12, 0.93),
        (Au15, 0.0),
        (Au23, 0.02),
        (Au24, 0.01),
        (Au25, 0.7),
        (Au26, 0.12),
    ];
    FaceState {
        track: TrackId(12),
        frame: 1042,
        captured_at: Monotonic::default(),
        rect: Rect::new(411.7, 180.2, 156.4, 155.8),
        quality: Quality { size: 155.8, sharpness: 0.8, yaw: -4.03, brightness: 0.5, usable: true },
        estimate: Estimate {
            valence: Valence::new(0.310_2),
            arousal: Arousal::new(-0.12),
            expressions: scores(&expressions),
            action_units: scores(&action_units),
            compounds: scores(&[(Compound::HappilySurprised, 0.4), (Compound::SadlySurprised, 0.05)]),
        },
        expression: answer(Some(Happiness), 0.831_4),
        compound: answer(Some(Compound::HappilySurprised), 0.4),
        confidence: Confidence::new(0.8).unwrap(),
        behind: std::time::Duration::ZERO,
        speaking: None,
        fused: None,
    }
}

fn line(state: &FaceState, captured_at: Option<Timestamp>) -> String {
    wire(&FaceLine::of(state, captured_at, &identity()).unwrap())
}

pub(super) fn face() -> String {
    line(&face_state(), Some(captured_at()))
}

/// The pack has fewer heads, and is not sure.
pub(super) fn unsure_face() -> String {
    let estimate = Estimate {
        expressions: scores(&[(Expression::Neutral, 0.41), (Expression::Other, 0.39)]),
        ..Estimate::default()
    };
    let state = FaceState { estimate, expression: answer(None, 0.41), compound: None, ..face_state() };
    line(&state, Some(captured_at()))
}

/// A sequence estimated a moment before the frame.
pub(super) fn earlier_face() -> String {
    let state = FaceState { behind: std::time::Duration::from_millis(400), ..face_state() };
    let pack = "spatial-temporal 0.1.0 on mtanet 0.3.0".to_owned();
    let identity = Identity { pack, engine: "tract on ort".to_owned(), ..identity() };
    wire(&FaceLine::of(&state, Some(captured_at()), &identity).unwrap())
}

/// The face is there but cannot be read.
pub(super) fn unread_face() -> String {
    let quality = Quality { size: 18.0, sharpness: 0.1, yaw: 71.26, brightness: 0.04, usable: false };
    let state = FaceState {
        quality,
        estimate: Estimate::default(),
        expression: None,
        compound: None,
        confidence: Confidence::MIN,
        behind: std::time::Duration::ZERO,
        speaking: None,
        fused: None,
        ..face_state()
    };
    line(&state, Some(captured_at()))
}

/// A face in a photograph.
pub(super) fn inferred_face() -> String {
    let identity = identity();
    let state = FaceState { track: TrackId(0), frame: 0, ..face_state() };
    wire(&FaceLine::of(&state, None, &identity).unwrap().from_source("photos/party.jpg", None).unwrap())
}

/// A ready-made crop.
pub(super) fn inferred_crop() -> String {
    let (state, identity) = (face_state(), identity());
    let line = FaceLine::of_estimate(&state.estimate, state.expression, state.compound, &identity);
    wire(&line.from_source("crops/0001.png", None).unwrap())
}

fn fused_state() -> FusedState {
    FusedState {
        valence: Valence::new(0.052),
        arousal: Arousal::new(0.1),
        expressions: scores(&[(Expression::Happiness, 0.55), (Expression::Anger, 0.35), (Expression::Neutral, 0.1)]),
        expression: answer(Some(Expression::Happiness), 0.55),
        voice_share: Confidence::new(0.3).unwrap(),
        conflict: Some(probability(0.612)),
    }
}

/// The face of somebody who speaks.
pub(super) fn speaking_face() -> String {
    let state = FaceState { speaking: Some(true), fused: Some(fused_state()), ..face_state() };
    wire(&FaceLine::of(&state, Some(captured_at()), &identity()).unwrap())
}

pub(super) fn status() -> String {
    wire(&Status::Online.word())
}

pub(super) fn device() -> String {
    wire(&DevicePayload::of(&identity()))
}

fn stage_health(stage: Part) -> StageHealth {
    StageHealth {
        stage,
        level: Level::Ok,
        why: String::new(),
        since: Monotonic::new(Duration::from_secs(2)),
        rate: None,
        dropped: None,
        damaged: None,
        latency: None,
        restarts: 0,
        waiting: None,
    }
}

fn healthy() -> Health {
    let camera = StageHealth { rate: Some(29.97), dropped: Some(0), damaged: Some(2), ..stage_health(Part::Camera) };
    let latency = Some((Duration::from_micros(23_800), Duration::from_micros(47_600)));
    let faces = StageHealth { rate: Some(29.97), latency, ..stage_health(Part::Faces) };
    let others = [Part::Packs, Part::Mqtt, Part::Machine].map(stage_health);
    let outbox = StageHealth { dropped: Some(0), waiting: Some((3, Place::Disk)), ..stage_health(Part::Outbox) };
    Health {
        at: Monotonic::new(Duration::from_secs(3602)),
        started: Monotonic::new(Duration::from_secs(2)),
        stages: [camera, faces, outbox].into_iter().chain(others).collect(),
        temperature: Some(61.3),
        throttled: false,
    }
}

fn health_stamp(at: Monotonic) -> Stamp {
    Stamp::from(captured_at() + jiff::SignedDuration::try_from(at.since_zero()).unwrap())
}

fn health_line(health: &Health) -> String {
    wire(&HealthPayload::of(health, &device_id(), health_stamp))
}

pub(super) fn health() -> String {
    health_line(&healthy())
}

/// The camera was pulled out, the board is hot, and the microphone's thread died once.
pub(super) fn ill_health() -> String {
    let ill = |stage: Part, level: Level, why: &str| StageHealth {
        level,
        why: why.to_owned(),
        since: Monotonic::new(Duration::from_secs(3600)),
        ..stage_health(stage)
    };
    let camera = ill(Part::Camera, Level::Failed, "v4l:/dev/video0 failed: it is gone; plug it in");
    let hot = "hot: 86 °C, reading 8 frames a second";
    let stages = vec![
        StageHealth { rate: Some(0.0), dropped: Some(4711), ..camera },
        StageHealth { restarts: 1, ..stage_health(Part::Microphone) },
        StageHealth { rate: Some(0.0), ..ill(Part::Faces, Level::Degraded, hot) },
        StageHealth { dropped: Some(3), restarts: 1, ..stage_health(Part::Voice) },
    ];
    health_line(&Health { stages, temperature: Some(86.0), throttled: true, ..healthy() })
}

pub(super) fn notice() -> String {
    let kinds = identity().capabilities;
    let (sensing, since, context) = (Sensing::On, Monotonic::default(), Some(Context::Kiosk));
    let notice = Notice { sensing, since, context, microphone: true, kinds, extent: Extent::Everything };
    wire(&NoticePayload::of(&notice, captured_at().into(), &device_id()))
}

/// At work, where nobody has agreed yet.
pub(super) fn muted_notice() -> String {
    let (sensing, context) = (Sensing::Muted(Reason::Consent), Some(Context::Workplace));
    let (since, kinds) = (Monotonic::default(), vec![Kind::Presence, Kind::ActionUnit]);
    let notice = Notice { sensing, since, context, microphone: false, kinds, extent: Extent::ActionUnitsOnly };
    wire(&NoticePayload::of(&notice, captured_at().into(), &device_id()))
}

fn scene_state() -> SceneState {
    SceneState {
        captured_at: Monotonic::default(),
        faces: 3,
        valence: Valence::new(0.21),
        arousal: Arousal::new(0.04),
        expression: answer(Some(Expression::Happiness), 0.62),
        speaker: None,
        fused: None,
    }
}

pub(super) fn scene() -> String {
    wire(&ScenePayload::of(&scene_state(), captured_at().into(), &device_id()))
}

/// A scene in which somebody speaks.
pub(super) fn speaking_scene() -> String {
    let state = SceneState { speaker: Some(TrackId(12)), fused: Some(fused_state()), ..scene_state() };
    wire(&ScenePayload::of(&state, captured_at().into(), &device_id()))
}

pub(super) fn empty_scene() -> String {
    wire(&ScenePayload::of(&testing::scene(0), captured_at().into(), &device_id()))
}

pub(super) fn voice_state() -> VoiceState {
    use Expression::{Anger, Calm, Disgust, Fear, Happiness, Neutral, Sadness, Surprise};
    let expressions = [
        (Neutral, 0.05),
        (Anger, 0.712_3),
        (Disgust, 0.08),
        (Fear, 0.03),
        (Happiness, 0.05),
        (Sadness, 0.02),
        (Surprise, 0.047_7),
        (Calm, 0.01),
    ];
    VoiceState {
        captured_at: Monotonic::default(),
        span: Duration::from_secs(3),
        activity: Confidence::new(0.68).unwrap(),
        quality: SoundQuality { level: -31.24, clipped: Confidence::MIN },
        estimate: Estimate {
            valence: Valence::new(-0.41),
            arousal: Arousal::new(0.57),
            expressions: scores(&expressions),
            ..Estimate::default()
        },
        expression: answer(Some(Anger), 0.712_3),
        confidence: Confidence::new(0.81).unwrap(),
    }
}

fn voice_line<'a>(state: &VoiceState, identity: &'a Identity) -> VoiceLine<'a> {
    let captured_at = Some(captured_at());
    VoiceLine::of(state, captured_at, identity, identity.pack_of("voice").unwrap()).unwrap()
}

pub(super) fn voice() -> String {
    wire(&voice_line(&voice_state(), &identity()))
}

/// Nobody speaks.
pub(super) fn silent_voice() -> String {
    let quality = SoundQuality { level: -74.0, clipped: Confidence::MIN };
    let (activity, confidence) = (Confidence::MIN, Confidence::MIN);
    let state =
        VoiceState { activity, quality, confidence, estimate: Estimate::default(), expression: None, ..voice_state() };
    wire(&voice_line(&state, &identity()))
}

/// A window of a file.
pub(super) fn inferred_voice() -> String {
    let identity = identity();
    let pack = identity.pack_of("voice").unwrap();
    let line = VoiceLine::of(&voice_state(), None, &identity, pack).unwrap();
    wire(&line.from_source("talk.wav", Some(3.022)).unwrap())
}

pub(super) fn event() -> Event {
    Event {
        id: Uuid::parse_str("01938f1c-8e5b-7c21-9d43-6a1f0b7e2c55").unwrap(),
        stage: Stage::New,
        kind: Kind::Expression,
        label: "happiness".try_into().unwrap(),
        subject: Subject::Face(TrackId(12)),
        started_at: Monotonic::default(),
        at: Monotonic::new(Duration::from_millis(300)),
        ended_at: None,
        peak: 0.91,
        confidence: Confidence::new(0.83).unwrap(),
    }
}

pub(super) fn times() -> EventTimes {
    let stamp = |text| Stamp::from(wall(text));
    EventTimes {
        started_at: stamp("2026-11-22T00:10:00.823456Z"),
        at: stamp("2026-11-22T00:10:01.123456Z"),
        ended_at: None,
    }
}

pub(super) fn new_event() -> String {
    wire(&EventPayload::of(&event(), times(), false, &device_id()).unwrap())
}

/// The end of an event about everyone in view, told late.
pub(super) fn ended_event() -> String {
    let event = Event {
        stage: Stage::End,
        kind: Kind::Valence,
        label: "positive".try_into().unwrap(),
        subject: Subject::Scene,
        ..event()
    };
    let at = Stamp::from(wall("2026-11-22T00:10:04.5Z"));
    let times = EventTimes { at, ended_at: Some(at), ..times() };
    wire(&EventPayload::of(&event, times, true, &device_id()).unwrap())
}

fn reply_to<'a>(verb: &'a str, id: Option<&'a str>) -> ReplyPayload<'a> {
    ReplyPayload::new("kiosk-7", verb, id, captured_at().into())
}

fn ok<'a>(reply: ReplyPayload<'a>, result: ResultPayload<'a>) -> String {
    wire(&ReplyPayload { ok: true, result: Some(result), ..reply })
}

/// Told to be mute.
pub(super) fn reply() -> String {
    let since = wall("2026-11-22T00:10:01.12Z").into();
    let why = Some(ReasonName::Command);
    let result = ResultPayload::Sensing { state: NoticeState::Muted, why, since, remembered: true };
    ok(reply_to("mute", Some("panel-1")), result)
}

/// Told to do what the configuration does not allow.
pub(super) fn refusing_reply() -> String {
    let refusal = Refusal::NotAllowed(Verb::RestartStage);
    let (reason, remedy) = (refusal.to_string(), refusal.remedy());
    wire(&ReplyPayload {
        code: Some(refusal.code()),
        reason: Some(&reason),
        remedy: Some(&remedy),
        ..reply_to("restart-stage", Some("panel-2"))
    })
}

/// Asked how everything is.
pub(super) fn health_reply() -> String {
    let (health, device) = (healthy(), device_id());
    let payload = HealthPayload::of(&health, &device, health_stamp);
    let refused = [(Code::NotAllowed, 3), (Code::TooOften, 480)].into_iter().collect();
    let commands = CommandCounts { done: 12, failed: 1, refused };
    let reply = ReplyPayload::new("kiosk-7", "health", None, wall("2026-11-22T01:10:04Z").into());
    ok(reply, ResultPayload::Health { health: Box::new(payload), commands })
}

/// Told to do each of the other things.
pub(super) fn other_replies() -> [String; 4] {
    let packs = ResultPayload::Packs { packs: vec!["blazeface-full 1.0.0".to_owned(), "mtanet 0.3.0".to_owned()] };
    let calibrate = ResultPayload::Calibrate { faces: vec![12, 13], seconds: 3 };
    let level = ResultPayload::LogLevel { level: LogLevelName::Debug, for_s: Some(600) };
    let stage = ResultPayload::Stage { stage: StageName::Camera };
    [("reload", packs), ("calibrate", calibrate), ("log-level", level), ("restart-stage", stage)]
        .map(|(verb, result)| ok(reply_to(verb, None), result))
}

/// One command of each kind, and the verb that it belongs to.
pub(super) fn commands() -> [(&'static str, &'static str); 6] {
    [
        ("unmute", "{}"),
        ("health", r#"{"id": "panel-1", "at": "2026-11-22T00:10:01Z", "expires_at": "2026-11-22T00:10:11+01:00"}"#),
        ("mute", r#"{"on": false}"#),
        ("calibrate", r#"{"face": 12}"#),
        ("log-level", r#"{"level": "debug", "for_s": 600}"#),
        ("restart-stage", r#"{"stage": "camera"}"#),
    ]
}
