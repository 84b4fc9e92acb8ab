//! One device that is made up: a real publisher, fed with what a script tells instead of a camera and models.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::ledger::Key;
use super::script::{Chance, Script};
use super::shared::Shared;
use crate::clock::{Clock, Monotonic};
use crate::events::{Event, EventMachine, Kind};
use crate::health::{Health, Level, Stage, StageHealth};
use crate::outlet::answer;
use crate::publish::{
    Connection, FaceState, Identity, PackInfo, PublishError, PublishHandle, PublishSettings, Publisher, SceneState,
};
use crate::scene::Scene;
use crate::smooth::Smoothed;

/// What stands in payloads where the name of a pack, an engine or a board would.
const MADE_UP: &str = "simulated";
/// How long the last events may take to reach the broker.
const DRAIN: Duration = Duration::from_secs(10);
/// Devices do not all stop in the same moment.
const STOPS_WITHIN: Duration = Duration::from_secs(1);
/// How often health is told when nothing changes: as the daemon does.
const HEALTH_EVERY: Duration = Duration::from_secs(30);

type Events = EventMachine<fn(Monotonic) -> Uuid>;

/// One device.
pub struct Device {
    number: usize,
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
    chance: Chance,
}

impl Device {
    /// A device that ends when it is told to stop.
    pub fn new(number: usize, shared: Arc<Shared>, stopping: watch::Receiver<bool>) -> Self {
        // Its own numbers, not those of its script.
        let chance = Chance::new(!(shared.plan.seed.wrapping_add(number as u64)));
        Self { number, shared, stopping, chance }
    }

    /// Waits for its turn, publishes until it is told to stop, and says goodbye.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub async fn live(mut self) -> anyhow::Result<()> {
        let Shared { plan, .. } = &*self.shared;
        let step = plan.ramp / plan.devices as u32;
        let turn = step * self.number as u32 + self.chance.part_of(step);
        let started = select! {
            () = sleep(turn) => true,
            () = told(&mut self.stopping) => false,
        };
        if started {
            self.publish().await?;
        }
        self.shared.ended();
        Ok(())
    }

    async fn publish(&mut self) -> anyhow::Result<()> {
        let identity = self.identity()?;
        let publisher = self.start(identity)?;
        let handle = publisher.handle();
        self.shared.started(handle.clone());
        let connected = note_connection(self.shared.clone(), publisher.connection());
        let mut events: Box<Events> = Box::new(EventMachine::new(self.shared.plan.events, |_| Uuid::now_v7()));
        select! {
            () = self.tell(&handle, &mut events) => {}
            () = connected => {}
        }
        sleep(self.chance.part_of(STOPS_WITHIN)).await;
        events.finish(self.shared.clock.now(), &mut |event| self.event(&handle, event));
        publisher.stop(DRAIN).await;
        Ok(())
    }

    /// The real publisher. The script sets the pace; the limit on states is a tenth shorter, so that a moment that is told a
    /// little late is not held back, which would count as a delay of the broker.
    fn start(&self, identity: Identity) -> Result<Publisher, PublishError> {
        let publish = &self.shared.plan.publish;
        let settings = PublishSettings { state_interval: publish.state_interval * 9 / 10, ..publish.clone() };
        Publisher::start(&settings, identity, Arc::new(self.shared.clock), &Handle::current())
    }

    /// Tells what the script shows until the device is told to stop.
    async fn tell(&mut self, handle: &PublishHandle, events: &mut Events) {
        let plan = &self.shared.plan;
        let started = self.shared.clock.now();
        let mut script = Script::new(plan.seed.wrapping_add(self.number as u64), plan.faces, started);
        let mut ticks = interval(plan.publish.state_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut frame, mut healthy_at) = (0, started);
        let mut next_health = self.chance.part_of(HEALTH_EVERY);
        handle.health(health(started, started));
        loop {
            select! {
                _ = ticks.tick() => {}
                () = told(&mut self.stopping) => return,
            }
            let now = self.shared.clock.now();
            let faces = script.at(now);
            for face in &faces {
                handle.try_state(face_state(frame, now, face));
            }
            handle.try_state(scene_state(now, &faces));
            events.update(now, &faces, &mut |event| self.event(handle, event));
            if now.since(healthy_at) >= next_health {
                handle.health(health(started, now));
                (healthy_at, next_health) = (now, HEALTH_EVERY);
            }
            frame += 1;
            self.shared.ticked();
        }
    }

    /// Writes an event down, then hands it over.
    fn event(&self, handle: &PublishHandle, event: Event) {
        let at = self.shared.clock.wall(event.at).as_microsecond();
        self.shared.records().ledger.produced(Key::new(event.id, event.stage, at));
        handle.event(event);
    }

    fn identity(&self) -> anyhow::Result<Identity> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let pack = PackInfo {
            name: MADE_UP.to_owned(),
            version: version.clone(),
            kind: "frame".to_owned(),
            engine: MADE_UP.to_owned(),
            licence: "none: there is no model".to_owned(),
            commercial_use: true,
        };
        Ok(Identity {
            device: self.shared.roster.id(self.number)?,
            version,
            board: Some(MADE_UP.to_owned()),
            capabilities: vec![Kind::Presence, Kind::Expression, Kind::ActionUnit, Kind::Valence, Kind::Arousal],
            pack: pack.id(),
            engine: pack.engine.clone(),
            packs: vec![pack],
        })
    }
}

/// Resolves when it is time to stop.
async fn told(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody conducts any more.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Notes how long it takes to be let in, and why there is no connection; never resolves.
async fn note_connection(shared: Arc<Shared>, mut connection: watch::Receiver<Connection>) {
    let started = shared.clock.now();
    let mut connected = false;
    loop {
        match &*connection.borrow_and_update() {
            Connection::Online if !connected => {
                connected = true;
                shared.records().connects.add(shared.clock.now().since(started));
            }
            Connection::Away(trouble) => shared.records().trouble = Some(trouble.to_string()),
            _ => {}
        }
        if connection.changed().await.is_err() {
            return future::pending().await;
        }
    }
}

fn face_state(frame: u64, captured_at: Monotonic, face: &Smoothed) -> FaceState {
    FaceState {
        track: face.track,
        frame,
        captured_at,
        rect: face.rect,
        quality: face.quality,
        estimate: face.estimate,
        expression: Some(answer(face.expression)),
        compound: face.compound.map(answer),
        confidence: face.confidence,
        behind: face.behind,
        speaking: None,
        fused: None,
    }
}

fn scene_state(captured_at: Monotonic, faces: &[Smoothed]) -> SceneState {
    let scene = Scene::of(faces);
    SceneState {
        captured_at,
        faces: scene.faces,
        valence: scene.valence,
        arousal: scene.arousal,
        expression: scene.expression.map(answer),
        speaker: None,
        fused: None,
    }
}

/// All is well: what a device at work tells, with as many figures.
fn health(started: Monotonic, at: Monotonic) -> Health {
    let stage = |stage, rate: Option<f32>| StageHealth {
        stage,
        level: Level::Ok,
        why: String::new(),
        since: started,
        rate,
        dropped: rate.map(|_| 0),
        damaged: None,
        latency: None,
        restarts: 0,
        waiting: None,
    };
    let read = [Stage::Camera, Stage::Faces].map(|name| stage(name, Some(30.0)));
    let others = [Stage::Packs, Stage::Mqtt, Stage::Machine].map(|name| stage(name, None));
    Health { at, started, stages: read.into_iter().chain(others).collect(), temperature: Some(45.0), throttled: false }
}
