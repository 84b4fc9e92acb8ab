//! What waits in the outbox: an event with its wall times, and its place in the order.

use crate::events::Event;
use crate::publish::payload::EventTimes;

/// An event with the wall times of its moments, taken when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// The event. Of one that was read back from the disk, the moments are reckoned from the wall times: no earlier
    /// than the zero of this machine's clock, and good for telling how old it is.
    pub event: Event,
    /// Its wall times.
    pub times: EventTimes,
    /// Whether it was found on the disk when that was opened: then it tells of the past, whatever the clocks say.
    pub restored: bool,
}

/// The number of a letter in this run: given once, rising in the order in which letters are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub(super) u64);

#[cfg(test)]
pub(super) mod testing {
    //! Letters with a number.

    use uuid::Uuid;

    use super::*;
    use crate::affect::Confidence;
    use crate::clock::Monotonic;
    use crate::events::{Kind, Stage, Subject};
    use crate::face::TrackId;
    use crate::publish::payload::number::Stamp;

    /// A letter of the event `id` that happened at `at`.
    pub fn letter_at(id: u128, at: Monotonic) -> Letter {
        let stamp =
            Stamp::from(jiff::Timestamp::from_second(1_795_000_000 + at.since_zero().as_secs() as i64).unwrap());
        Letter {
            event: Event {
                id: Uuid::from_u128(id),
                stage: Stage::New,
                kind: Kind::Expression,
                label: "happiness".try_into().unwrap(),
                subject: Subject::Face(TrackId(12)),
                started_at: at,
                at,
                ended_at: None,
                peak: 0.91,
                confidence: Confidence::new(0.83).unwrap(),
            },
            times: EventTimes { started_at: stamp, at: stamp, ended_at: None },
            restored: false,
        }
    }

    /// The same at the clock's zero.
    pub fn letter(id: u128) -> Letter {
        letter_at(id, Monotonic::default())
    }

    /// The number that a letter was made with.
    pub fn number(letter: &Letter) -> u128 {
        letter.event.id.as_u128()
    }
}
