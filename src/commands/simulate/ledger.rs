//! What became of every event: each is written down before it is handed over, and struck out when a subscriber has it.
//! Pure.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

use crate::events::Stage;

/// How many of the latest events that arrived are remembered, to know a duplicate: a message comes twice soon, or
/// never.
const REMEMBERED: usize = 1 << 16;

/// One message of an event. An event's steps share its id, and no two of them share their microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    id: Uuid,
    stage: Stage,
    at: i64,
}

impl Key {
    /// The key of a step `at` so many microseconds of the wall.
    pub fn new(id: Uuid, stage: Stage, at: i64) -> Self {
        Self { id, stage, at }
    }
}

/// The events that were handed over, and what arrived of them.
#[derive(Debug, Default)]
pub struct Ledger {
    outstanding: HashSet<Key>,
    remembered: HashSet<Key>,
    order: VecDeque<Key>,
    tally: Tally,
}

/// The events in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Handed over by the devices.
    pub produced: u64,
    /// Received for the first time.
    pub received: u64,
    /// Received once more.
    pub duplicates: u64,
    /// Received, and not among what was handed over.
    pub unknown: u64,
    /// Handed over and not received: lost, when nothing more is to come.
    pub outstanding: u64,
}

impl Ledger {
    /// An event is about to be handed over.
    pub fn produced(&mut self, key: Key) {
        self.outstanding.insert(key);
        self.tally.produced += 1;
    }

    /// An event has arrived.
    pub fn received(&mut self, key: Key) {
        if self.outstanding.remove(&key) {
            self.tally.received += 1;
            self.remember(key);
        } else if self.remembered.contains(&key) {
            self.tally.duplicates += 1;
        } else {
            self.tally.unknown += 1;
        }
    }

    /// The events in numbers, so far.
    pub fn tally(&self) -> Tally {
        Tally { outstanding: self.outstanding.len() as u64, ..self.tally }
    }

    fn remember(&mut self, key: Key) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.remembered.remove(&oldest);
        }
        self.remembered.insert(key);
        self.order.push_back(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u128, stage: Stage, at: i64) -> Key {
        Key::new(Uuid::from_u128(id), stage, at)
    }

    #[test]
    fn an_event_is_outstanding_until_it_arrives_and_a_duplicate_after_that() {
        let mut ledger = Ledger::default();
        let (first, second) = (key(1, Stage::New, 5), key(1, Stage::Update, 9));
        ledger.produced(first);
        ledger.produced(second);
        ledger.received(first);
        ledger.received(first);
        let tally = Tally { produced: 2, received: 1, duplicates: 1, unknown: 0, outstanding: 1 };
        assert_eq!(ledger.tally(), tally);
    }

    #[test]
    fn two_updates_of_one_event_are_two() {
        let mut ledger = Ledger::default();
        for at in [1, 2] {
            ledger.produced(key(1, Stage::Update, at));
        }
        ledger.received(key(1, Stage::Update, 2));
        assert_eq!((ledger.tally().received, ledger.tally().outstanding), (1, 1));
    }

    #[test]
    fn what_nobody_handed_over_is_unknown() {
        let mut ledger = Ledger::default();
        ledger.received(key(1, Stage::New, 5));
        assert_eq!((ledger.tally().unknown, ledger.tally().received), (1, 0));
    }

    #[test]
    fn memory_is_bounded_by_what_is_outstanding() {
        let mut ledger = Ledger::default();
        for id in 0..REMEMBERED as u128 + 10 {
            ledger.produced(key(id, Stage::New, 0));
            ledger.received(key(id, Stage::New, 0));
        }
        assert_eq!((ledger.order.len(), ledger.remembered.len()), (REMEMBERED, REMEMBERED));
    }
}
