//! What is said on one connection: first who we are, then the events that waited, then everything as it comes.
//!
//! At most [`WINDOW`] events are unacknowledged at a time, so a broker that comes back after an hour is not
//! flooded, and events go out in order.

use std::collections::VecDeque;
use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, warn};

use super::aliases::Aliases;
use super::cause::Cause;
use super::link::{Arrival, Line, REQUESTS, Seen, Sender, Terms};
use super::message::Message;
use super::refusal::Refusal;
use super::stop::Stop;
use crate::health::Health;
use crate::publish::announcements::{Announcement, Version};
use crate::publish::inbox::{Inbox, Reply, Settled};
use crate::publish::outbox::Seq;
use crate::publish::payload::{
    DevicePayload, Encoding, EventPayload, FaceLine, HealthPayload, NotFinite, ScenePayload, Status, VoiceLine, encode,
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
    pub encoding: Encoding,
    /// How long the broker keeps an event for those who are away.
    pub event_expiry: Option<Duration>,
    /// What we listen to.
    pub subscriptions: Vec<String>,
    /// Where to what comes is handed.
    pub arrivals: mpsc::Sender<Arrival>,
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
    Announcement,
    Reply,
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
    /// How far the announcements were told.
    announced: Version,
    terms: Terms,
    aliases: Aliases,
    /// Given to the client, not yet sent.
    handed: VecDeque<Item>,
    /// Sent, not yet acknowledged, by packet id, with when it was sent; the oldest first.
    in_flight: Vec<(u16, Item, Instant)>,
    /// How long the line may be silent: as agreed upon with the broker.
    patience: Duration,
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
            announced: Version::default(),
            terms: Terms::default(),
            aliases: Aliases::default(),
            handed: VecDeque::new(),
            in_flight: Vec::new(),
            patience: subject.patience,
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
                        () = self.acknowledgement_overdue() => return self.lost(Cause::unacknowledged()),
                        () = stop.changed() => {}
                    }
                }
            };
            self.last_seen = Instant::now();
            match seen {
                Ok(Seen::Connected(terms)) => {
                    self.connected_at = Some(Instant::now());
                    (self.terms, self.aliases) = (terms, Aliases::new(terms.aliases));
                    if let Err(cause) = self.listen() {
                        return self.lost(cause);
                    }
                    self.patience = self.subject.patience.max(line.keep_alive() * 5 / 2);
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
                Ok(Seen::Arrived(arrival)) => self.arrived(arrival),
                Ok(Seen::Other | Seen::Listening) => {}
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
            Some(_) => sleep_until(self.last_seen + self.patience).await,
            None => future::pending().await,
        }
    }

    /// On one connection nothing is sent twice: what a broker that lives does not acknowledge, it gets on another.
    async fn acknowledgement_overdue(&self) {
        match self.in_flight.first() {
            Some(&(_, _, sent_at)) => sleep_until(sent_at + self.subject.patience).await,
            None => future::pending().await,
        }
    }

    /// Hands over as much as the client takes.
    fn feed(&mut self, finishing: bool) -> Result<(), Cause> {
        while self.has_room() {
            let Some((item, mut message)) = self.next(finishing) else { break };
            if self.terms.largest.is_some_and(|most| message.size() > most as usize) {
                if item == Item::Farewell {
                    return self.sender.say_goodbye();
                }
                self.refused(item, &Refusal::TooLarge);
                continue;
            }
            let topic = std::mem::take(&mut message.topic);
            let (topic, alias) = if message.frequent { self.aliases.shorten(topic) } else { (topic, None) };
            self.sender.send(message, topic, alias)?;
            self.handed.push_back(item);
        }
        Ok(())
    }

    fn listen(&self) -> Result<(), Cause> {
        self.subject.subscriptions.iter().try_for_each(|filter| self.sender.listen(filter))
    }

    /// Hands on what came; what finds no room is dropped, so that a flood of messages holds nothing up.
    fn arrived(&self, arrival: Arrival) {
        if self.subject.arrivals.try_send(arrival).is_err() {
            self.subject.inbox.arrival_dropped();
        }
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
        if let Some((version, Announcement { topic, payload })) = self.subject.inbox.announcement_after(self.announced)
        {
            self.announced = version;
            return Some((Item::Announcement, Message::kept(topic, payload, Encoding::Json)));
        }
        if let Some(Reply { topic, payload, correlation }) = self.subject.inbox.take_reply() {
            return Some((Item::Reply, Message::reply(topic, payload, self.subject.encoding, correlation)));
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
        let events = self.handed.iter().chain(self.in_flight.iter().map(|(_, item, _)| item));
        if events.filter(|item| matches!(item, Item::Event(_))).count() >= WINDOW {
            return None;
        }
        let Subject { inbox, device, topics, encoding, event_expiry, .. } = self.subject;
        loop {
            let (seq, letter, age) = inbox.take_event()?;
            let historical = letter.restored || age > HISTORICAL;
            match EventPayload::of(&letter.event, letter.times, historical, device) {
                Ok(payload) => {
                    let payload = encode(&payload, *encoding);
                    return Some((
                        Item::Event(seq),
                        Message::event(topics.events(), payload, *encoding, *event_expiry),
                    ));
                }
                Err(not_finite) => {
                    error!(id = %letter.event.id, "An event is lost: {not_finite}.");
                    inbox.settle(seq, Settled::NotFinite);
                }
            }
        }
    }

    fn next_state(&self) -> Option<Message> {
        let &Subject { ref inbox, ref topics, encoding, .. } = self.subject;
        loop {
            let (state, identity) = inbox.take_state()?;
            let written = match state {
                State::Face(face) => {
                    let captured_at = inbox.stamp(face.captured_at);
                    FaceLine::of(&face, Some(captured_at), &identity)
                        .map(|line| (topics.face(face.track), encode(&line, encoding)))
                }
                State::Scene(scene) => {
                    let captured_at = inbox.stamp(scene.captured_at);
                    let payload = ScenePayload::of(&scene, captured_at.into(), &identity.device);
                    Ok::<_, NotFinite>((topics.scene(), encode(&payload, encoding)))
                }
                State::Voice(voice) => {
                    // A state of a pack that is not announced is not published.
                    let Some(pack) = identity.pack_of("voice") else { continue };
                    let captured_at = inbox.stamp(voice.captured_at);
                    VoiceLine::of(&voice, Some(captured_at), &identity, pack)
                        .map(|line| (topics.voice(), encode(&line, encoding)))
                }
            };
            match written {
                Ok((topic, payload)) => return Some(Message::state(topic, payload, encoding)),
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
        let &Subject { ref inbox, ref device, ref topics, encoding, .. } = self.subject;
        let now = inbox.health()?;
        if self.told.as_ref().is_some_and(|told| Arc::ptr_eq(told, &now)) {
            return None;
        }
        let payload = encode(&HealthPayload::of(&now, device, |at| inbox.stamp(at).into()), encoding);
        self.told = Some(now);
        Some(Message::kept(topics.health(), payload, encoding))
    }

    fn device(&self) -> Message {
        let encoding = self.subject.encoding;
        let payload = encode(&DevicePayload::of(&self.introduced), encoding);
        Message::kept(self.subject.topics.device(), payload, encoding)
    }

    fn status(&self, status: Status) -> Message {
        Message::word(self.subject.topics.status(), status.word())
    }

    fn sent(&mut self, packet: u16) {
        match self.handed.pop_front() {
            Some(Item::State) => self.subject.inbox.state_published(),
            Some(item) => self.in_flight.push((packet, item, Instant::now())),
            None => {}
        }
    }

    fn acknowledged(&mut self, packet: u16, refusal: Option<Refusal>) -> Result<(), Cause> {
        let Some(index) = self.in_flight.iter().position(|&(other, ..)| other == packet) else { return Ok(()) };
        let (_, item, _) = self.in_flight.remove(index);
        if let Some(cause) = refusal.as_ref().and_then(Refusal::for_now) {
            return Err(cause);
        }
        match (item, refusal) {
            (Item::Farewell, _) => return self.sender.say_goodbye(),
            (Item::Event(seq), None) => self.subject.inbox.settle(seq, Settled::Published),
            (item, Some(reason)) => self.refused(item, &reason),
            (Item::Introduction | Item::Announcement | Item::Reply | Item::State, None) => {}
        }
        Ok(())
    }

    /// Tells that the broker does not take a message.
    fn refused(&self, item: Item, reason: &Refusal) {
        let Subject { inbox, topics, .. } = self.subject;
        let remedy = reason.remedy();
        match item {
            Item::Event(seq) => {
                error!(topic = topics.events(), %reason, remedy, "The broker refused an event, which is lost.");
                inbox.settle(seq, Settled::Refused);
            }
            Item::Introduction | Item::Announcement => {
                warn!(topic = topics.status(), %reason, remedy, "The broker refused to hear who we are.");
            }
            Item::Reply => warn!(%reason, remedy, "The broker refused an answer."),
            Item::State | Item::Farewell => {}
        }
    }
}
