//! What was produced and what arrived.

use std::collections::HashSet;
use std::ops::AddAssign;
use std::time::Duration;

use affectd::events::{Event, Stage};
use affectd::publish::{Farewell, PublishHandle, Publisher};

use crate::harness::{event, none_waiting, number};
use crate::support::SOON;
use crate::support::listener::{Listener, Message};
use crate::support::scripted_broker::{Published, ScriptedBroker};

/// One step in the life of an event: its id and the step's name.
type Step = (u128, String);

/// The figures of a scenario, in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub produced: usize,
    /// That arrived, each counted once.
    pub delivered: usize,
    /// That arrived once more.
    pub duplicates: usize,
    /// That the broker said it would not take.
    pub refused: usize,
    /// The rest.
    pub lost: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.produced += other.produced;
        self.delivered += other.delivered;
        self.duplicates += other.duplicates;
        self.refused += other.refused;
        self.lost += other.lost;
    }
}

/// Counts from outside: what was handed over, and what came out at the other end.
#[derive(Debug, Default)]
pub struct Ledger {
    made: Vec<Step>,
    came: Vec<Step>,
}

impl Ledger {
    /// Hands `count` messages over: events that begin, change and end.
    pub fn make(&mut self, handle: &PublishHandle, count: usize) {
        for _ in 0..count {
            let at = self.made.len();
            let id = at as u128 / 3;
            let (stage, name) = [(Stage::New, "new"), (Stage::Update, "update"), (Stage::End, "end")][at % 3];
            let began = event(id);
            handle.event(Event { stage, ended_at: (stage == Stage::End).then_some(began.at), ..began });
            self.made.push((id, name.to_owned()));
        }
    }

    /// Notes what came.
    pub fn note(&mut self, message: &Message) {
        self.came.push((number(message), message.json()["type"].as_str().unwrap().to_owned()));
    }

    /// Listens until so many different messages have come.
    pub async fn hear(&mut self, listener: &mut Listener, count: usize) {
        while self.different() < count {
            let message = listener.next().await;
            self.note(&message);
        }
    }

    /// Listens until everything has come, and a little longer for what comes twice.
    pub async fn hear_all(&mut self, listener: &mut Listener) {
        self.hear(listener, self.made.len()).await;
        self.hear_rest(listener).await;
    }

    /// Listens to what there is yet, or until the broker is gone.
    pub async fn hear_rest(&mut self, listener: &mut Listener) {
        while let Some(message) = listener.within(Duration::from_millis(200)).await {
            self.note(&message);
        }
    }

    fn different(&self) -> usize {
        self.came.iter().collect::<HashSet<_>>().len()
    }

    /// The figures, when everything was said that there was to say and the publisher ended well.
    pub async fn close(self, publisher: Publisher) -> Tally {
        let handle = publisher.handle();
        none_waiting(&handle).await;
        let counts = handle.counts();
        assert_eq!(publisher.stop(SOON).await, Farewell { clean: true, lost_events: 0 });

        let mut first = Vec::new();
        let mut seen = HashSet::new();
        for step in &self.came {
            assert!(self.made.contains(step), "{step:?} was never made");
            if seen.insert(step) {
                first.push(step);
            }
        }
        let expected: Vec<_> = self.made.iter().filter(|step| seen.contains(step)).collect();
        assert_eq!(first, expected, "the order does not hold");

        let (produced, delivered) = (self.made.len(), first.len());
        let refused = counts.events_refused as usize;
        let tally = Tally {
            produced,
            delivered,
            duplicates: self.came.len() - delivered,
            refused,
            lost: produced - delivered - refused,
        };
        assert_eq!(tally.lost, 0, "{tally:?} {counts:?}");
        assert_eq!(counts.events_dropped, 0, "{counts:?}");
        tally
    }

    /// The same, when a scripted broker was at the other end.
    pub async fn close_at(mut self, broker: &ScriptedBroker, publisher: Publisher) -> Tally {
        none_waiting(&publisher.handle()).await;
        broker.seen(|seen| {
            seen.published.iter().filter(|message| is_event(message)).for_each(|m| self.note(&as_heard(m)))
        });
        let tally = self.close(publisher).await;
        broker.seen(|seen| assert!(seen.violations.is_empty(), "{:?}", seen.violations));
        tally
    }
}

fn is_event(message: &Published) -> bool {
    message.topic.ends_with("/events")
}

fn as_heard(message: &Published) -> Message {
    let Published { topic, payload, qos, .. } = message.clone();
    Message { topic, payload, retained: false, qos, properties: Default::default() }
}
