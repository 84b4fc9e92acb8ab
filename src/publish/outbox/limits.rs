//! How much may wait, and for how long. Pure: time is an argument.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Monotonic;
use crate::health::machine::WRITTEN;

/// What a key, its place in the index and its part of a page add to a stored letter, in bytes.
pub const OVERHEAD: u64 = 16;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, on the disk and in memory together.
    pub bytes: u64,
    /// How old a letter may become; for ever when absent.
    pub age: Option<Duration>,
    /// Letters that are in memory only: all of them where there is no disk.
    pub in_memory: usize,
}

impl Limits {
    /// Whether a letter of that date is too old.
    pub fn is_too_old(&self, date: Date, now: Monotonic) -> bool {
        self.age.is_some_and(|age| date.age(now) > age)
    }
}

/// When a letter's event happened, to the second, by the monotonic clock of this machine; negative when that was before
/// the clock's zero. The wall clock may be set, even by years; this does not move with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(i32);

impl Date {
    /// The date of a moment of this run.
    pub fn of(at: Monotonic) -> Self {
        Self(i32::try_from(at.since_zero().as_secs()).unwrap_or(i32::MAX))
    }

    /// How long ago that is; nothing when it is still to come.
    pub fn age(self, now: Monotonic) -> Duration {
        let age = i64::from(Self::of(now).0) - i64::from(self.0);
        Duration::from_secs(u64::try_from(age).unwrap_or(0))
    }
}

/// One moment by both clocks, from which wall times of former runs are dated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dating {
    /// The moment.
    pub now: Monotonic,
    /// The same by the wall clock.
    pub wall: Timestamp,
}

impl Dating {
    /// How long ago a wall time is. Nothing when it is still to come; and nothing when either clock stood before the
    /// making of affectd, for then it was not set and nobody knows.
    pub fn age(&self, wall: Timestamp) -> Duration {
        if wall < WRITTEN {
            return Duration::ZERO;
        }
        Duration::try_from(self.wall.duration_since(wall)).unwrap_or_default()
    }

    /// The date of a wall time.
    pub fn date(&self, wall: Timestamp) -> Date {
        let age = i64::try_from(self.age(wall).as_secs()).unwrap_or(i64::MAX);
        let date = i64::from(Date::of(self.now).0).saturating_sub(age);
        Date(i32::try_from(date).unwrap_or(i32::MIN))
    }

    /// The moment of a wall time, no earlier than the clock's zero.
    pub fn moment(&self, wall: Timestamp) -> Monotonic {
        self.now - self.age(wall)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::new(Duration::from_secs(seconds))
    }

    fn wall(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_letter_of_before_the_start_is_as_old_as_the_wall_says() {
        let dating = Dating { now: at(60), wall: wall("2026-11-23T12:00:00Z") };
        let date = dating.date(wall("2026-11-23T09:00:00Z"));
        assert_eq!(date.age(at(60)), Duration::from_secs(3 * 3600));
        assert_eq!(date.age(at(100)), Duration::from_secs(3 * 3600 + 40));
        assert_eq!(dating.moment(wall("2026-11-23T09:00:00Z")), at(0));
    }

    #[test]
    fn a_clock_that_was_not_set_makes_nothing_old() {
        let (now, limits) = (at(60), Limits { bytes: 0, age: Some(Duration::from_secs(10)), in_memory: 0 });
        let (unset, set) = (wall("1970-01-01T00:01:00Z"), wall("2026-11-23T12:00:00Z"));
        // Then, now, or both.
        for (happened, today) in [(unset, set), (set, unset), (unset, unset)] {
            let date = Dating { now, wall: today }.date(happened);
            assert!(!limits.is_too_old(date, at(70)), "{happened} {today}");
            assert!(limits.is_too_old(date, at(71)), "from then on it ages");
        }
    }

    proptest! {
        #[test]
        fn no_time_is_too_far_away(now in any::<u64>(), wall in any::<i64>(), then in any::<i64>(), later in any::<u64>()) {
            let clip = |seconds: i64| {
                Timestamp::from_second(seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second())).unwrap()
            };
            let dating = Dating { now: at(now), wall: clip(wall) };
            let date = dating.date(clip(then));
            prop_assert!(dating.moment(clip(then)) <= dating.now);
            prop_assert!(date.age(at(later)) <= Duration::from_secs(1 << 33));
        }
    }
}
