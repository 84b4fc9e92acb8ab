//! Wall time for what is published: the same moment always gets the same stamp.
//!
//! Asking two clocks takes two instants, so the mapping between them trembles by a microsecond; then the
//! `started_at` of one event would differ from message to message. The mapping is therefore held until the
//! wall clock has really moved against the monotonic one (it was set, or slewed). A thread that is set aside
//! between the two instants gets an answer that is late, never early: of several answers the earliest counts.

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, Monotonic};

/// How far the clocks may drift apart before the mapping is renewed.
const SLACK: SignedDuration = SignedDuration::from_millis(2);

/// How often the clocks are asked again before they are believed.
const RETRIES: usize = 3;

/// The held mapping from the monotonic clock to the wall.
#[derive(Debug, Default)]
pub(super) struct Wall {
    zero: Option<Timestamp>,
}

impl Wall {
    /// The wall time of a moment that is near now.
    pub(super) fn of(&mut self, at: Monotonic, clock: &dyn Clock) -> Timestamp {
        let fresh = clock.wall(at);
        let since = SignedDuration::try_from(at.since_zero()).unwrap_or(SignedDuration::MAX);
        let held = self.zero.and_then(|zero| zero.checked_add(since).ok());
        let near = |fresh: Timestamp| held.filter(|held| fresh.duration_since(*held).abs() <= SLACK);
        if let Some(held) = near(fresh) {
            return held;
        }
        let fresh = (0..RETRIES).fold(fresh, |earliest, _| earliest.min(clock.wall(at)));
        near(fresh).unwrap_or_else(|| {
            self.zero = fresh.checked_sub(since).ok();
            fresh
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// A wall that can be set against the monotonic clock.
    #[derive(Default)]
    struct Offset(Mutex<SignedDuration>);

    impl Clock for Offset {
        fn now(&self) -> Monotonic {
            Monotonic::default()
        }

        fn wall(&self, at: Monotonic) -> Timestamp {
            let since = SignedDuration::try_from(at.since_zero()).unwrap();
            Timestamp::UNIX_EPOCH + since + *self.0.lock().unwrap()
        }
    }

    /// A clock whose first answers are late: the thread was set aside.
    struct Late(Mutex<Vec<SignedDuration>>);

    impl Clock for Late {
        fn now(&self) -> Monotonic {
            Monotonic::default()
        }

        fn wall(&self, _: Monotonic) -> Timestamp {
            Timestamp::UNIX_EPOCH + self.0.lock().unwrap().pop().unwrap_or_default()
        }
    }

    #[test]
    fn a_late_answer_is_not_believed() {
        let late = |ms: &[i64]| Late(Mutex::new(ms.iter().map(|&ms| SignedDuration::from_millis(ms)).collect()));
        let mut wall = Wall::default();
        assert_eq!(wall.of(Monotonic::default(), &late(&[9])), Timestamp::UNIX_EPOCH);
        assert_eq!(wall.of(Monotonic::default(), &late(&[30, 80])), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_moment_keeps_its_stamp_while_the_clocks_tremble_and_changes_when_the_wall_is_set() {
        let (mut wall, clock) = (Wall::default(), Offset::default());
        let at = Monotonic::new(Duration::from_secs(7));
        let first = wall.of(at, &clock);
        assert_eq!(first, Timestamp::from_second(7).unwrap());
        *clock.0.lock().unwrap() = SignedDuration::from_micros(3);
        assert_eq!(wall.of(at, &clock), first);
        *clock.0.lock().unwrap() = SignedDuration::from_secs(3600);
        assert_eq!(wall.of(at, &clock), Timestamp::from_second(3607).unwrap());
    }
}
