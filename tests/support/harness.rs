//! What the tests of publishing speak of: one device, one face, numbered events; and waiting for things to come about.

use std::sync::Arc;
use std::time::Duration;

use affectd::affect::{ActionUnit, Arousal, Confidence, Estimate, Expression, Probability, Valence};
use affectd::clock::{Clock, Monotonic, SystemClock};
use affectd::events::{Event, Kind, Stage, Subject};
use affectd::face::{Quality, TrackId};
use affectd::geometry::Rect;
use affectd::publish::{
    Answer, BrokerAddress, Connection, Counts, FaceState, Identity, PackInfo, PublishHandle, PublishSettings,
    Publisher, SceneState, Trouble,
};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::SOON;
use super::listener::Message;

pub const STATUS: &str = "affect/kiosk-7/status";
pub const DEVICE: &str = "affect/kiosk-7/device";
pub const EVENTS: &str = "affect/kiosk-7/events";
pub const SCENE: &str = "affect/kiosk-7/scene/state";
pub const FACE: &str = "affect/kiosk-7/faces/12/state";

pub fn identity() -> Identity {
    Identity {
        device: "kiosk-7".parse().unwrap(),
        version: "0.1.0".to_owned(),
        board: None,
        packs: vec![PackInfo {
            name: "mtanet".to_owned(),
            version: "0.3.0".to_owned(),
            kind: "frame".to_owned(),
            engine: "tract".to_owned(),
            licence: "Apache-2.0".to_owned(),
            commercial_use: true,
        }],
        capabilities: vec![Kind::Presence, Kind::Expression],
        pack: "mtanet 0.3.0".to_owned(),
        engine: "tract".to_owned(),
    }
}

pub fn settings(port: u16) -> PublishSettings {
    PublishSettings { broker: BrokerAddress::loopback(port), ..PublishSettings::default() }
}

pub fn start(settings: &PublishSettings) -> Publisher {
    Publisher::start(settings, identity(), Arc::new(SystemClock), &Handle::current()).unwrap()
}

/// Waits until the connection is as it should be.
pub async fn until(publisher: &Publisher, what: impl FnMut(&Connection) -> bool) -> Connection {
    let mut connection = publisher.connection();
    timeout(SOON, connection.wait_for(what)).await.expect("the connection did not come to this").unwrap().clone()
}

pub async fn online(publisher: &Publisher) {
    until(publisher, |connection| *connection == Connection::Online).await;
}

/// Waits until there is no connection, and says why.
pub async fn trouble(publisher: &Publisher) -> Trouble {
    match until(publisher, |connection| matches!(connection, Connection::Away(_))).await {
        Connection::Away(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

/// Waits until the counts are as they should be.
pub async fn counted(handle: &PublishHandle, what: impl Fn(Counts) -> bool) -> Counts {
    let deadline = Instant::now() + SOON;
    loop {
        let counts = handle.counts();
        if what(counts) {
            return counts;
        }
        assert!(Instant::now() < deadline, "{counts:?}");
        sleep(Duration::from_millis(2)).await;
    }
}

pub async fn none_waiting(handle: &PublishHandle) {
    let deadline = Instant::now() + SOON;
    while handle.waiting_events() > 0 {
        assert!(Instant::now() < deadline, "{} events still wait", handle.waiting_events());
        sleep(Duration::from_millis(2)).await;
    }
}

pub fn ago(time: Duration) -> Monotonic {
    SystemClock.now() - time
}

pub fn event_at(number: u128, at: Monotonic) -> Event {
    Event {
        id: Uuid::from_u128(number),
        stage: Stage::New,
        kind: Kind::Expression,
        label: "happiness".try_into().unwrap(),
        subject: Subject::Face(TrackId(12)),
        started_at: at,
        at,
        ended_at: None,
        peak: 0.9,
        confidence: Confidence::new(0.8).unwrap(),
    }
}

pub fn event(number: u128) -> Event {
    event_at(number, SystemClock.now())
}

pub fn number(message: &Message) -> u128 {
    number_in(&message.payload)
}

/// The number of the event in a payload.
pub fn number_in(payload: &[u8]) -> u128 {
    let event: Value = serde_json::from_slice(payload).unwrap();
    event["id"].as_str().unwrap().parse::<Uuid>().unwrap().as_u128()
}

pub fn answer<L>(label: L) -> Option<Answer<L>> {
    Some(Answer { label: Some(label), confidence: Probability::new(0.8).unwrap() })
}

pub fn face(frame: u64) -> FaceState {
    let mut estimate = Estimate { valence: Valence::new(0.3), arousal: Arousal::new(-0.1), ..Estimate::default() };
    estimate.expressions.set(Expression::Happiness, Probability::new(0.8).unwrap());
    estimate.action_units.set(ActionUnit::Au12, Probability::new(0.9).unwrap());
    FaceState {
        track: TrackId(12),
        frame,
        captured_at: SystemClock.now(),
        rect: Rect::new(10.0, 20.0, 150.0, 160.0),
        quality: Quality { size: 150.0, sharpness: 0.7, yaw: 3.0, brightness: 0.5, usable: true },
        estimate,
        expression: answer(Expression::Happiness),
        compound: None,
        confidence: Confidence::new(0.7).unwrap(),
        behind: std::time::Duration::ZERO,
        speaking: None,
        fused: None,
    }
}

pub fn scene(faces: usize) -> SceneState {
    SceneState {
        captured_at: SystemClock.now(),
        faces,
        valence: Valence::new(0.3),
        arousal: None,
        expression: answer(Expression::Happiness),
        speaker: None,
        fused: None,
    }
}
