//! A wall clock that is set while events are under way, as when a board first hears from a time server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use affectd::clock::{Clock, Monotonic, SystemClock};
use affectd::publish::{Protocol, PublishSettings, Publisher};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;

use crate::harness::*;
use crate::ledger::{Ledger, Tally};
use crate::support::gate::Gate;
use crate::support::listener::{Listener, Message};
use crate::support::mosquitto::Mosquitto;

const DAY: i64 = 24 * 3600;

/// The machine's clocks, with a wall that can be set: at once, or when it was asked so many times.
#[derive(Default)]
struct SetWall {
    seconds: AtomicI64,
    then: AtomicI64,
    asked: AtomicUsize,
    jump_at: AtomicUsize,
}

impl SetWall {
    fn jump(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Jumps when the wall was asked for `asks` times more.
    fn jump_after(&self, asks: usize, seconds: i64) {
        self.then.store(seconds, Ordering::Relaxed);
        self.jump_at.store(self.asked.load(Ordering::Relaxed) + asks, Ordering::Relaxed);
    }
}

impl Clock for SetWall {
    fn now(&self) -> Monotonic {
        SystemClock.now()
    }

    fn wall(&self, at: Monotonic) -> Timestamp {
        if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.jump_at.load(Ordering::Relaxed) {
            self.jump(self.then.load(Ordering::Relaxed));
        }
        SystemClock.wall(at) + SignedDuration::from_secs(self.seconds.load(Ordering::Relaxed))
    }
}

pub async fn jumps_a_day_ahead(protocol: Protocol) -> Tally {
    jumps(protocol, DAY).await
}

pub async fn jumps_a_day_back(protocol: Protocol) -> Tally {
    jumps(protocol, -DAY).await
}

/// The clock is set while events wait for an absent broker, and again while they are sent.
async fn jumps(protocol: Protocol, seconds: i64) -> Tally {
    let broker = Mosquitto::start();
    let gate = Gate::to(broker.port).await;
    gate.shut();
    let clock = Arc::new(SetWall::default());
    let (publisher, mut ledger) = (start_by(protocol, gate.port, clock.clone()), Ledger::default());
    let handle = publisher.handle();
    // One event begins before the jump and goes on after it.
    ledger.make(&handle, 31);
    trouble(&publisher).await;
    clock.jump(seconds);
    ledger.make(&handle, 29);
    let mut listener = Listener::everything(broker.port).await;
    gate.open();
    hear(&mut ledger, &mut listener, 60).await;
    // Now they are told as they happen.
    clock.jump(-seconds);
    ledger.make(&handle, 30);
    hear(&mut ledger, &mut listener, 30).await;
    handle.try_state(face(1));
    handle.try_state(scene(1));
    let state = listener.next_on(FACE).await;
    let captured = stamp(&state, "captured_at").unwrap();
    assert!(clock.wall(clock.now()).duration_since(captured).abs() < SignedDuration::from_secs(60), "{captured}");
    ledger.close(publisher).await
}

/// The clock is set while the stamps of one message are taken.
pub async fn jumps_while_a_stamp_is_taken(protocol: Protocol) -> Tally {
    let broker = Mosquitto::start();
    let mut listener = Listener::everything(broker.port).await;
    let clock = Arc::new(SetWall::default());
    let (publisher, mut ledger) = (start_by(protocol, broker.port, clock.clone()), Ledger::default());
    online(&publisher).await;
    for asks in 1..=16 {
        for seconds in [DAY, -DAY] {
            clock.jump_after(asks, seconds);
            ledger.make(&publisher.handle(), 9);
            hear(&mut ledger, &mut listener, 9).await;
        }
    }
    ledger.close(publisher).await
}

fn start_by(protocol: Protocol, port: u16, clock: Arc<SetWall>) -> Publisher {
    let settings = PublishSettings { protocol, ..settings(port) };
    Publisher::start(&settings, identity(), clock, &Handle::current()).unwrap()
}

/// Notes events, whose moments must be in order.
async fn hear(ledger: &mut Ledger, listener: &mut Listener, count: usize) {
    for _ in 0..count {
        let message = listener.next_on(EVENTS).await;
        let [began, at] = ["started_at", "at"].map(|key| stamp(&message, key).unwrap());
        assert!(began <= at, "{}", message.text());
        assert!(stamp(&message, "ended_at").is_none_or(|ended| began <= ended && ended <= at), "{}", message.text());
        ledger.note(&message);
    }
}

fn stamp(message: &Message, key: &str) -> Option<Timestamp> {
    Some(message.json()[key].as_str()?.parse().unwrap())
}
