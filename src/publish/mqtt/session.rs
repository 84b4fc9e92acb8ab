//! What is said on one connection: first who we are, then the events that waited, then everything as it comes.
//!
//! At most [`WINDOW`] events are unacknowledged at a time, so a broker that comes back after an hour is not
//! flooded, and events go out in order.

use std::collections::VecDeque;
use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, warn};

use super::cause::Cause;
use super::link::{Line, Message, REQUESTS, Seen, Sender};
use super::stop::Stop;
use crate::health::Health;
use crate::publish::inbox::{Inbox, Settled};
use crate::publish::outbox::Seq;
use crate::publish::payload::{
    DevicePayload, EventPayload, FaceLine, HealthPayload, NotFinite, ScenePayload, Status, VoiceLine,
};
use crate::publish::state::State;
use crate::publish::{DeviceId, Identity, Topics};

/// Events that may be unacknowledged at a time.
const WINDOW: usize = 16;

/// An event that is sent later than this after it happened is historical.
const HISTORICAL: Duration = Duration::from_secs(2);

/// What every session speaks of.
pub(super) struct Subject {
    pub inbox: Arc<Inbox>,
    pub device: DeviceId,
    pub topics: Topics,
    /// A line on which nothing at all was seen for this long is dead: the client asks for a sign of life more
    /// often, unless it is stuck itself, which it is while the kernel takes no more bytes.
    pub patience: Duration,
}

/// How a session ended.
pub(super) enum Ended {
    /// As ordered; whether the broker acknowledged the farewell.
    Stopped { clean: bool },
    /// By itself.
    Lost { cause: Cause, connected_at: Option<Instant> },
}

/// What a message in flight was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Introduction,
    State,
    Event(Seq),
    Farewell,
}

/// One connection, from the first attempt to its end.
pub(super) struct Session<'a> {
    subject: &'a Subject,
    sender: Sender,
    connected_at: Option<Instant>,
    last_seen: Instant,
    introduction: VecDeque<Message>,
    /// As whom we were introduced.
    introduced: Arc<Identity>,
    /// How everything was when we told it last.
    told: Option<Arc<Health>>,
    /// Given to the client, not yet sent.
    handed: VecDeque<Item>,
    /// Sent, not yet acknowledged, by packet id.
    in_flight: Vec<(u16, Item)>,
    farewell_given: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(subject: &'a Subject, sender: Sender) -> Self {
        Self {
            subject,
            sender,
            connected_at: None,
            last_seen: Instant::now(),
            introduction: VecDeque::new(),
            introduced: subject.inbox.identity(),
            told: None,
            handed: VecDeque::new(),
            in_flight: Vec::new(),
            farewell_given: false,
        }
    }

    /// Speaks until the connection ends. `connected` is called when the broker has let us in.
    pub(super) async fn run(mut self, mut line: Line, stop: &mut Stop, connected: impl Fn()) -> Ended {
        loop {
            let seen = {
                let mut poll = pin!(line.poll());
                loop {
                    let nothing_to_finish = self.connected_at.is_none() && self.subject.inbox.waiting_events() == 0;
                    if stop.over() || (stop.finishing() && nothing_to_finish) {
                        return Ended::Stopped { clean: false };
                    }
                    if let Err(cause) = self.feed(stop.finishing()) {
                        return self.lost(cause);
                    }
                    select! {
                        seen = &mut poll => break seen,
                        () = self.subject.inbox.arrived(), if self.has_room() => {}
                        () = self.next_state_due() => {}
                        () = self.patience_over() => return self.lost(Cause::silent()),
                        () = stop.changed() => {}
                    }
                }
            };
            self.last_seen = Instant::now();
            match seen {
                Ok(Seen::Connected) => {
                    self.connected_at = Some(Instant::now());
                    self.introduce();
                    self.subject.inbox.open();
                    connected();
                }
                Ok(Seen::Sent(packet)) => self.sent(packet),
                Ok(Seen::Acknowledged { packet, refusal }) => {
                    if let Err(cause) = self.acknowledged(packet, refusal) {
                        return self.lost(cause);
                    }
                }
                Ok(Seen::Goodbye) => return Ended::Stopped { clean: true },
                // Nothing is subscribed to, so nothing arrives.
                Ok(Seen::Other | Seen::Listening | Seen::Arrived(_)) => {}
                Err(cause) => return self.lost(cause),
            }
        }
    }

    fn lost(&self, cause: Cause) -> Ended {
        Ended::Lost { cause, connected_at: self.connected_at }
    }

    fn has_room(&self) -> bool {
        self.connected_at.is_some() && self.handed.len() < REQUESTS
    }

    async fn next_state_due(&self) {
        match self.subject.inbox.next_due() {
            Some(wait) if self.has_room() => sleep(wait).await,
            _ => future::pending().await,
        }
    }

    async fn patience_over(&self) {
        match self.connected_at {
            Some(_) => sleep_until(self.last_seen + self.subject.patience).await,
            None => future::pending().await,
        }
    }

    /// Hands over as much as the client takes.
    fn feed(&mut self, finishing: bool) -> Result<(), Cause> {
        while self.has_room() {
            let Some((item, message)) = self.next(finishing) else { break };
            self.sender.send(message)?;
            self.handed.push_back(item);
        }
        Ok(())
    }

    /// What is to be said next.
    fn next(&mut self, finishing: bool) -> Option<(Item, Message)> {
        self.describe_anew();
        if let Some(message) = self.introduction.pop_front() {
            return Some((Item::Introduction, message));
        }
        if let Some(message) = self.health_anew() {
            return Some((Item::Introduction, message));
        }
        if let Some(next) = self.next_event() {
            return Some(next);
        }
        if !finishing {
            return self.next_state().map(|message| (Item::State, message));
        }
        let all_said = self.handed.is_empty() && self.in_flight.is_empty() && !self.farewell_given;
        all_said.then(|| {
            self.farewell_given = true;
            (Item::Farewell, self.status(Status::Stopped))
        })
    }

    fn next_event(&self) -> Option<(Item, Message)> {
        let events = self.handed.iter().chain(self.in_flight.iter().map(|(_, item)| item));
        if events.filter(|item| matches!(item, Item::Event(_))).count() >= WINDOW {
            return None;
        }
        let inbox = &self.subject.inbox;
        loop {
            let (seq, letter, age) = inbox.take_event()?;
            let historical = letter.from_disk || age > HISTORICAL;
            let device = &self.subject.device;
            match EventPayload::of(&letter.event, letter.times, historical, device) {
                Ok(payload) => {
                    let (topic, payload) = (self.subject.topics.events(), json(&payload));
                    return Some((Item::Event(seq), Message { topic, payload, retain: false, acknowledged: true }));
                }
                Err(not_finite) => {
                    error!(id = %letter.event.id, "An event is lost: {not_finite}.");
                    inbox.settle(seq, Settled::NotFinite);
                }
            }
        }
    }

    fn next_state(&self) -> Option<Message> {
        let Subject { inbox, topics, .. } = self.subject;
        loop {
            let (state, identity) = inbox.take_state()?;
            let written = match state {
                State::Face(face) => {
                    let captured_at = inbox.stamp(face.captured_at);
                    FaceLine::of(&face, Some(captured_at), &identity).map(|line| (topics.face(face.track), json(&line)))
                }
                State::Scene(scene) => {
                    let captured_at = inbox.stamp(scene.captured_at);
                    let payload = ScenePayload::of(&scene, captured_at.into(), &identity.device);
                    Ok::<_, NotFinite>((topics.scene(), json(&payload)))
                }
                State::Voice(voice) => {
                    // A state of a pack that is not announced is not published.
                    let Some(pack) = identity.pack_of("voice") else { continue };
                    let captured_at = inbox.stamp(voice.captured_at);
                    VoiceLine::of(&voice, Some(captured_at), &identity, pack).map(|line| (topics.voice(), json(&line)))
                }
            };
            match written {
                Ok((topic, payload)) => return Some(Message { topic, payload, retain: false, acknowledged: false }),
                Err(not_finite) => {
                    if inbox.state_not_finite() {
                        error!("A state is lost: {not_finite}. Further ones are only counted.");
                    }
                }
            }
        }
    }

    fn introduce(&mut self) {
        self.introduced = self.subject.inbox.identity();
        self.introduction = VecDeque::from([self.status(Status::Online), self.device()]);
    }

    /// Tells what the device runs once more, when that has changed.
    fn describe_anew(&mut self) {
        let now = self.subject.inbox.identity();
        if !Arc::ptr_eq(&now, &self.introduced) {
            self.introduced = now;
            self.introduction.push_back(self.device());
        }
    }

    /// How everything is, when that has changed since we told it last.
    fn health_anew(&mut self) -> Option<Message> {
        let Subject { inbox, device, topics, .. } = self.subject;
        let now = inbox.health()?;
        if self.told.as_ref().is_some_and(|told| Arc::ptr_eq(told, &now)) {
            return None;
        }
        let payload = json(&HealthPayload::of(&now, device, |at| inbox.stamp(at).into()));
        self.told = Some(now);
        Some(Message { topic: topics.health(), payload, retain: true, acknowledged: true })
    }

    fn device(&self) -> Message {
        let payload = json(&DevicePayload::of(&self.introduced));
        Message { topic: self.subject.topics.device(), payload, retain: true, acknowledged: true }
    }

    fn status(&self, status: Status) -> Message {
        let (topic, payload) = (self.subject.topics.status(), status.word().into());
        Message { topic, payload, retain: true, acknowledged: true }
    }

    fn sent(&mut self, packet: u16) {
        match self.handed.pop_front() {
            Some(Item::State) => self.subject.inbox.state_published(),
            Some(item) => self.in_flight.push((packet, item)),
            None => {}
        }
    }

    fn acknowledged(&mut self, packet: u16, refusal: Option<String>) -> Result<(), Cause> {
        let Some(index) = self.in_flight.iter().position(|&(other, _)| other == packet) else { return Ok(()) };
        let (_, item) = self.in_flight.remove(index);
        match (item, refusal) {
            (Item::Farewell, _) => return self.sender.say_goodbye(),
            (Item::Event(seq), None) => self.subject.inbox.settle(seq, Settled::Published),
            (Item::Event(seq), Some(reason)) => {
                error!(topic = self.subject.topics.events(), reason, "The broker refused an event, which is lost.");
                self.subject.inbox.settle(seq, Settled::Refused);
            }
            (Item::Introduction, Some(reason)) => {
                let remedy = "allow this client to write below its prefix";
                warn!(topic = self.subject.topics.status(), reason, remedy, "The broker refused to hear who we are.");
            }
            (Item::Introduction | Item::State, _) => {}
        }
        Ok(())
    }
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    // The payloads have string keys only and write to memory, so there is nothing that could fail.
    serde_json::to_vec(payload).unwrap_or_default()
}
