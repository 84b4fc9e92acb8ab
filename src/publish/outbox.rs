//! Events on their way out: none is lost while there is room. An event leaves the outbox when the broker has
//! acknowledged it; after a connection was lost, everything that was not is sent again, in order and under
//! the same id. When the outbox is full the oldest goes, and is counted by the caller. Pure.

use std::collections::VecDeque;

use super::payload::EventTimes;
use crate::events::Event;

/// An event with the wall times of its moments, taken when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// The event.
    pub event: Event,
    /// Its wall times.
    pub times: EventTimes,
}

/// The number of a letter: given once, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(u64);

/// Letters in the order they came.
#[derive(Debug)]
pub struct Outbox {
    letters: VecDeque<(Seq, Letter)>,
    capacity: usize,
    /// The number the next letter gets.
    next: Seq,
    /// The first letter that was not yet taken on this connection.
    unsent: Seq,
}

impl Outbox {
    /// An empty outbox for `capacity` letters.
    pub fn new(capacity: usize) -> Self {
        Self { letters: VecDeque::new(), capacity, next: Seq(0), unsent: Seq(0) }
    }

    /// Adds a letter; gives back the oldest when there was no room for both.
    pub fn push(&mut self, letter: Letter) -> Option<Letter> {
        let displaced = if self.letters.len() >= self.capacity { self.letters.pop_front() } else { None };
        self.letters.push_back((self.next, letter));
        self.next.0 += 1;
        displaced.map(|(_, letter)| letter)
    }

    /// Takes the next letter to send. It stays in the outbox until it is acknowledged.
    pub fn take(&mut self) -> Option<(Seq, &Letter)> {
        let index = self.letters.partition_point(|(seq, _)| *seq < self.unsent);
        let (seq, letter) = self.letters.get(index)?;
        self.unsent = Seq(seq.0 + 1);
        Some((*seq, letter))
    }

    /// The broker has the letter: it leaves the outbox. Nothing happens when it has left before.
    pub fn acknowledge(&mut self, seq: Seq) {
        if let Ok(index) = self.letters.binary_search_by_key(&seq, |(seq, _)| *seq) {
            self.letters.remove(index);
        }
    }

    /// The connection is lost: whatever was not acknowledged is to be sent again.
    pub fn rewind(&mut self) {
        self.unsent = self.letters.front().map_or(self.next, |(seq, _)| *seq);
    }

    /// How many letters were not yet acknowledged.
    pub fn len(&self) -> usize {
        self.letters.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::affect::Confidence;
    use crate::clock::Monotonic;
    use crate::events::{Kind, Stage, Subject};
    use crate::publish::payload::number::Stamp;

    fn letter(id: u128) -> Letter {
        let stamp = Stamp::from(jiff::Timestamp::UNIX_EPOCH);
        Letter {
            event: Event {
                id: Uuid::from_u128(id),
                stage: Stage::New,
                kind: Kind::Presence,
                label: heapless::String::new(),
                subject: Subject::Scene,
                started_at: Monotonic::default(),
                at: Monotonic::default(),
                ended_at: None,
                peak: 0.0,
                confidence: Confidence::MIN,
            },
            times: EventTimes { started_at: stamp, at: stamp, ended_at: None },
        }
    }

    fn taken(outbox: &mut Outbox) -> Vec<(Seq, u128)> {
        std::iter::from_fn(|| outbox.take().map(|(seq, letter)| (seq, letter.event.id.as_u128()))).collect()
    }

    #[test]
    fn a_letter_stays_until_it_is_acknowledged() {
        let mut outbox = Outbox::new(10);
        outbox.push(letter(1));
        let sent = taken(&mut outbox);
        assert_eq!((sent.len(), outbox.len()), (1, 1));
        outbox.acknowledge(sent[0].0);
        assert_eq!(outbox.len(), 0);
        outbox.rewind();
        assert!(taken(&mut outbox).is_empty());
    }

    #[test]
    fn after_a_lost_connection_only_the_unacknowledged_are_sent_again_in_order() {
        let mut outbox = Outbox::new(10);
        (1..=4).for_each(|id| assert_eq!(outbox.push(letter(id)), None));
        let sent = taken(&mut outbox);
        outbox.acknowledge(sent[1].0);
        outbox.rewind();
        outbox.push(letter(5));
        let again: Vec<_> = taken(&mut outbox).into_iter().map(|(_, id)| id).collect();
        assert_eq!(again, [1, 3, 4, 5]);
    }

    #[test]
    fn a_full_outbox_gives_up_the_oldest() {
        let mut outbox = Outbox::new(2);
        outbox.push(letter(1));
        let sent = taken(&mut outbox);
        outbox.push(letter(2));
        assert_eq!(outbox.push(letter(3)), Some(letter(1)));
        outbox.acknowledge(sent[0].0);
        assert_eq!(taken(&mut outbox).into_iter().map(|(_, id)| id).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(outbox.len(), 2);
    }

    #[test]
    fn ten_thousand_letters_take_no_more_than_the_settings_say() {
        let places = 10_000_usize.next_power_of_two();
        assert!(places * size_of::<(Seq, Letter)>() <= 4 << 20, "{} bytes each", size_of::<(Seq, Letter)>());
    }

    proptest! {
        /// Whatever order acknowledgements and losses come in, the outbox holds exactly what was pushed and
        /// not acknowledged, and sends it in the order it was pushed.
        #[test]
        fn nothing_is_lost_and_the_order_holds(steps in prop::collection::vec((0u8..4, any::<prop::sample::Index>()), 1..200)) {
            let mut outbox = Outbox::new(1000);
            let (mut pushed, mut held, mut in_flight) = (0, Vec::new(), Vec::new());
            for (step, pick) in steps {
                match step {
                    0 => { outbox.push(letter(pushed)); held.push(pushed); pushed += 1; }
                    1 => in_flight.extend(outbox.take().map(|(seq, letter)| (seq, letter.event.id.as_u128()))),
                    2 if !in_flight.is_empty() => {
                        let (seq, id) = in_flight.remove(pick.index(in_flight.len()));
                        outbox.acknowledge(seq);
                        held.retain(|&other| other != id);
                    }
                    _ => { outbox.rewind(); in_flight.clear(); }
                }
                prop_assert!(in_flight.is_sorted_by_key(|&(seq, _)| seq));
                prop_assert_eq!(outbox.len(), held.len());
            }
            outbox.rewind();
            let rest: Vec<_> = taken(&mut outbox).into_iter().map(|(_, id)| id).collect();
            prop_assert_eq!(rest, held);
        }
    }
}
