//! Where the pipeline's thread and the publisher's task meet: who speaks, the newest states, the counts, behind one lock
//! that is held for moments only; and beside it the outbox with the waiting events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use super::announcements::{Announcement, Announcements, Version};
use super::counts::Counts;
use super::identity::Identity;
use super::latest::{Latest, Put};
use super::outbox::{Letter, Outbox, OutboxStanding, Seq};
use super::payload::EventTimes;
use super::settings::PublishSettings;
use super::state::State;
use super::wall::Wall;
use crate::clock::{Clock, Monotonic};
use crate::events::Event;
use crate::health::Health;

/// Answers that may wait to be sent.
const REPLIES: usize = 32;

/// An answer to one who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Where it is expected.
    pub topic: String,
    /// What is answered, as it goes out.
    pub payload: Vec<u8>,
    /// What the asker sent along to know it by (MQTT 5).
    pub correlation: Option<Vec<u8>>,
}

struct Inner {
    identity: Arc<Identity>,
    health: Option<Arc<Health>>,
    announcements: Announcements,
    replies: VecDeque<Reply>,
    latest: Latest,
    wall: Wall,
    counts: Counts,
    online: bool,
}

/// Both ends' common ground.
pub(super) struct Inbox {
    inner: Mutex<Inner>,
    outbox: Arc<Outbox>,
    arrived: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Inbox {
    pub(super) fn new(settings: &PublishSettings, identity: Identity, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            identity: Arc::new(identity),
            health: None,
            announcements: Announcements::default(),
            replies: VecDeque::new(),
            latest: Latest::new(settings.state_interval),
            wall: Wall::default(),
            counts: Counts::default(),
            online: false,
        };
        let arrived = Arc::new(Notify::new());
        let outbox = Outbox::new(&settings.outbox, settings.waiting_events, arrived.clone(), clock.clone());
        Self { inner: Mutex::new(inner), outbox: Arc::new(outbox), arrived, clock }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole when the lock is let go, so a panicking peer leaves nothing half done.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn put_state(&self, state: State) {
        let now = self.clock.now();
        let mut inner = self.lock();
        if !inner.online {
            inner.counts.states_dropped += 1;
            return;
        }
        match inner.latest.put(now, state) {
            Put::Kept => {}
            Put::Replaced => inner.counts.states_replaced += 1,
            Put::Full => inner.counts.states_dropped += 1,
        }
        drop(inner);
        self.arrived.notify_one();
    }

    /// From now on states are of other models. Those that still wait are of the former ones, and would be
    /// published in the name of the new: they are dropped, as the next frame brings newer ones.
    pub(super) fn change_identity(&self, identity: Arc<Identity>) {
        let mut inner = self.lock();
        let former = std::mem::replace(&mut inner.identity, identity);
        inner.counts.states_replaced += inner.latest.drop_waiting() as u64;
        drop(inner);
        drop(former);
        self.arrived.notify_one();
    }

    /// Who speaks.
    pub(super) fn identity(&self) -> Arc<Identity> {
        self.lock().identity.clone()
    }

    /// How everything is now. Only the newest is kept, and told on every connection.
    pub(super) fn put_health(&self, health: Health) {
        let former = self.lock().health.replace(Arc::new(health));
        drop(former);
        self.arrived.notify_one();
    }

    /// How everything is, once that is known.
    pub(super) fn health(&self) -> Option<Arc<Health>> {
        self.lock().health.clone()
    }

    pub(super) fn announce(&self, announcer: &'static str, announcements: Vec<Announcement>) {
        self.lock().announcements.replace(announcer, announcements);
        self.arrived.notify_one();
    }

    pub(super) fn announce_again(&self, announcer: &'static str) {
        self.lock().announcements.repeat(announcer);
        self.arrived.notify_one();
    }

    /// The oldest announcement that is newer than `told`.
    pub(super) fn announcement_after(&self, told: Version) -> Option<(Version, Announcement)> {
        self.lock().announcements.after(told)
    }

    pub(super) fn put_reply(&self, reply: Reply) {
        let mut inner = self.lock();
        if !inner.online || inner.replies.len() >= REPLIES {
            inner.counts.replies_dropped += 1;
            return;
        }
        inner.replies.push_back(reply);
        drop(inner);
        self.arrived.notify_one();
    }

    /// The next answer to send.
    pub(super) fn take_reply(&self) -> Option<Reply> {
        self.lock().replies.pop_front()
    }

    /// Counts a message to us for which there was no room.
    pub(super) fn arrival_dropped(&self) {
        self.lock().counts.arrivals_dropped += 1;
    }

    pub(super) fn put_event(&self, event: Event) {
        let mut inner = self.lock();
        let times = EventTimes::of(&event, |at| inner.wall.of(at, &*self.clock));
        drop(inner);
        self.outbox.push(Letter { event, times, restored: false });
    }

    /// The waiting events.
    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Resolves when something was put since the last time.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// The wall time of a moment that is near now.
    pub(super) fn stamp(&self, at: Monotonic) -> jiff::Timestamp {
        self.lock().wall.of(at, &*self.clock)
    }

    /// States are taken from now on.
    pub(super) fn open(&self) {
        let mut inner = self.lock();
        inner.online = true;
        inner.counts.connects += 1;
        drop(inner);
        self.outbox.connected();
    }

    /// States are dropped from now on; the events that were not acknowledged will be sent again.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.online = false;
        inner.counts.states_dropped += inner.latest.clear() as u64;
        inner.counts.replies_dropped += inner.replies.drain(..).count() as u64;
        drop(inner);
        self.outbox.rewind();
    }

    /// Closes because the connection was lost, or could not be made.
    pub(super) fn lost(&self) {
        let mut inner = self.lock();
        if inner.online {
            inner.counts.losses += 1;
        } else {
            inner.counts.failures += 1;
        }
        drop(inner);
        self.close();
    }

    /// Drops the states that wait for their turn.
    pub(super) fn forget_states(&self) {
        let mut inner = self.lock();
        inner.counts.states_dropped += inner.latest.drop_waiting() as u64;
    }

    /// The next event to send, with how long ago it happened.
    pub(super) fn take_event(&self) -> Option<(Seq, Letter, Duration)> {
        self.outbox.take()
    }

    /// The next state that is due, and whose it is.
    pub(super) fn take_state(&self) -> Option<(State, Arc<Identity>)> {
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.latest.take(now).map(|state| (state, inner.identity.clone()))
    }

    /// How long until a waiting state is due; `None` when none waits.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let now = self.clock.now();
        self.lock().latest.next_due().map(|due| due.since(now))
    }

    /// Takes an event out for good.
    pub(super) fn settle(&self, seq: Seq, settled: Settled) {
        if !self.outbox.acknowledge(seq) {
            // It was counted when it left.
            return;
        }
        let mut inner = self.lock();
        match settled {
            Settled::Published => inner.counts.events_published += 1,
            Settled::Refused => inner.counts.events_refused += 1,
            Settled::NotFinite => inner.counts.not_finite += 1,
        }
    }

    /// Counts a state that was sent.
    pub(super) fn state_published(&self) {
        self.lock().counts.states_published += 1;
    }

    /// Counts a state that could not be written; whether it is the first.
    pub(super) fn state_not_finite(&self) -> bool {
        let mut inner = self.lock();
        inner.counts.not_finite += 1;
        inner.counts.not_finite == 1
    }

    /// How many events were not yet acknowledged.
    pub(super) fn waiting_events(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn counts(&self) -> Counts {
        let tally = self.outbox.tally();
        Counts {
            events_dropped: tally.dropped,
            events_expired: tally.expired,
            events_unreadable: tally.unreadable,
            events_restored: tally.restored,
            ..self.lock().counts
        }
    }
}

/// How an event left the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The broker has it.
    Published,
    /// The broker would not take it.
    Refused,
    /// It held a number that is not finite.
    NotFinite,
}

/// The pipeline's end: hands states and events over. Never waits for the network.
#[derive(Clone)]
pub struct PublishHandle(Arc<Inbox>);

impl PublishHandle {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self(inbox)
    }

    /// Hands a state over. It is replaced when a newer one of the same face comes before its turn, and dropped
    /// while there is no connection; both are counted.
    pub fn try_state(&self, state: impl Into<State>) {
        self.0.put_state(state.into());
    }

    /// Takes back the states that wait for their turn; they are counted as dropped.
    pub fn forget_states(&self) {
        self.0.forget_states();
    }

    /// Hands an event over. It waits until the broker has acknowledged it; when too many wait the oldest is
    /// dropped and counted.
    pub fn event(&self, event: Event) {
        self.0.put_event(event);
    }

    /// Says that other models are at work from now on: the states handed over next are theirs. The device is
    /// described anew.
    pub fn change_identity(&self, identity: Arc<Identity>) {
        self.0.change_identity(identity);
    }

    /// Says how everything is; it takes the place of what was said before.
    pub fn health(&self, health: Health) {
        self.0.put_health(health);
    }

    /// Announces what others must find whenever they come: retained, said on every connection. It takes the place of
    /// what `announcer` announced before; what is no longer among it is removed from the broker.
    pub fn announce(&self, announcer: &'static str, announcements: Vec<Announcement>) {
        self.0.announce(announcer, announcements);
    }

    /// Says once more what `announcer` announces, for somebody who came and asked.
    pub fn announce_again(&self, announcer: &'static str) {
        self.0.announce_again(announcer);
    }

    /// Answers one who asked. Dropped and counted without a connection, or when too many wait: who asked asks again.
    pub fn reply(&self, reply: Reply) {
        self.0.put_reply(reply);
    }

    /// The wall times that an event is published with.
    pub fn times(&self, event: &Event) -> EventTimes {
        EventTimes::of(event, |at| self.0.stamp(at))
    }

    /// How the outbox is.
    pub fn outbox(&self) -> OutboxStanding {
        self.0.outbox().standing()
    }

    /// How everything is, as it was said last.
    pub fn current_health(&self) -> Option<Arc<Health>> {
        self.0.health()
    }

    /// The wall time of a moment that is near now, as it stands in payloads.
    pub fn stamp(&self, at: Monotonic) -> jiff::Timestamp {
        self.0.stamp(at)
    }

    /// What became of everything so far.
    pub fn counts(&self) -> Counts {
        self.0.counts()
    }

    /// How many events the broker has not yet acknowledged.
    pub fn waiting_events(&self) -> usize {
        self.0.waiting_events()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::Confidence;
    use crate::clock::{Monotonic, SystemClock};
    use crate::events::{Kind, Stage, Subject};
    use crate::publish::FaceState;
    use crate::publish::state::testing;

    fn inbox() -> Inbox {
        let settings = PublishSettings { waiting_events: 2, ..PublishSettings::default() };
        Inbox::new(&settings, identity("mtanet 0.1.0"), Arc::new(SystemClock))
    }

    fn identity(pack: &str) -> Identity {
        Identity {
            device: "kiosk-7".parse().unwrap(),
            version: String::new(),
            board: None,
            packs: Vec::new(),
            capabilities: Vec::new(),
            pack: pack.to_owned(),
            engine: "tract".to_owned(),
        }
    }

    fn face(track: u64) -> FaceState {
        FaceState { captured_at: SystemClock.now(), ..testing::face(track) }
    }

    fn event(started_at: Monotonic) -> Event {
        Event {
            id: uuid::Uuid::nil(),
            stage: Stage::Update,
            kind: Kind::Presence,
            label: heapless::String::new(),
            subject: Subject::Scene,
            started_at,
            at: SystemClock.now(),
            ended_at: None,
            peak: 0.0,
            confidence: Confidence::MIN,
        }
    }

    #[test]
    fn handing_a_state_over_allocates_nothing() {
        let handle = PublishHandle::new(Arc::new(inbox()));
        handle.0.open();
        let measured = allocation_counter::measure(|| (0..1000).for_each(|n| handle.try_state(face(n % 40))));
        assert_eq!(measured.count_total, 0);
        let counts = handle.counts();
        assert_eq!(counts.states_replaced + counts.states_dropped, 1000 - 34);
    }

    #[test]
    fn no_state_is_taken_in_the_name_of_models_that_did_not_make_it() {
        let inbox = inbox();
        inbox.open();
        inbox.put_state(face(1).into());
        inbox.change_identity(Arc::new(identity("mtanet 0.2.0")));
        assert!(inbox.take_state().is_none());
        inbox.put_state(face(2).into());
        assert_eq!(inbox.take_state().unwrap().1.pack, "mtanet 0.2.0");
        assert_eq!(inbox.counts().states_replaced, 1);
    }

    #[test]
    fn what_is_taken_back_is_not_published() {
        let inbox = inbox();
        inbox.open();
        inbox.put_state(face(1).into());
        inbox.forget_states();
        assert!(inbox.take_state().is_none());
        assert_eq!(inbox.counts().states_dropped, 1);
    }

    #[test]
    fn one_event_starts_at_one_time_in_all_its_messages() {
        let inbox = inbox();
        let started_at = SystemClock.now();
        let stamps = (0..50).map(|_| {
            inbox.put_event(event(started_at));
            inbox.take_event().unwrap().1.times.started_at
        });
        let mut stamps: Vec<_> = stamps.collect();
        stamps.dedup();
        assert_eq!(stamps.len(), 1, "{stamps:?}");
    }

    #[test]
    fn what_is_put_is_counted_whatever_becomes_of_it() {
        let inbox = inbox();
        inbox.put_state(face(1).into());
        inbox.open();
        inbox.put_state(face(1).into());
        inbox.lost();
        inbox.lost();
        (0..5).for_each(|_| inbox.put_event(event(SystemClock.now())));
        let counts = inbox.counts();
        assert_eq!((counts.states_dropped, counts.events_dropped), (2, 3));
        assert_eq!((counts.connects, counts.losses, counts.failures), (1, 1, 1));
        assert_eq!(inbox.waiting_events(), 2);
    }
}
