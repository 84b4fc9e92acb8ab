//! The clock of a simulation: the machine's, with a wall that is set once.
//!
//! Every message carries the wall time at which it was handed over. Devices and subscribers are one process and share this
//! clock, so the time a message took is read off its stamp, exact to the microsecond that stamps have, even if the
//! machine's wall clock is set meanwhile.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, Monotonic, SystemClock};

/// The monotonic clock in whole microseconds, and a wall that keeps its distance to it.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    /// The wall time of the monotonic clock's zero.
    zero: Timestamp,
}

impl SteadyClock {
    /// Sets the wall by the machine's.
    pub fn start() -> Self {
        let now = SystemClock.now();
        let micros = SystemClock.wall(now).as_microsecond();
        let since = i64::try_from(now.since_zero().as_micros()).unwrap_or(i64::MAX);
        Self { zero: Timestamp::from_microsecond(micros.saturating_sub(since)).unwrap_or(Timestamp::UNIX_EPOCH) }
    }

    /// How long before `now` the moment with that stamp was; zero when it was later.
    pub fn age(&self, stamp: Timestamp, now: Monotonic) -> Duration {
        self.wall(now).duration_since(stamp).try_into().unwrap_or(Duration::ZERO)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Monotonic {
        Monotonic::new(Duration::from_micros(SystemClock.now().since_zero().as_micros() as u64))
    }

    fn wall(&self, at: Monotonic) -> Timestamp {
        let since = SignedDuration::try_from(at.since_zero()).unwrap_or(SignedDuration::MAX);
        self.zero.checked_add(since).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_stamp_is_the_time_since_it_was_given() {
        let clock = SteadyClock::start();
        let now = clock.now();
        let stamp: Timestamp = clock.wall(now).to_string().parse().unwrap();
        let later = Duration::from_micros(123_456);
        assert_eq!(clock.age(stamp, now + later), later);
        assert_eq!(clock.age(stamp, now - later), Duration::ZERO);
    }

    #[test]
    fn its_wall_is_the_machines() {
        let clock = SteadyClock::start();
        let apart = clock.wall(clock.now()).duration_since(SystemClock.wall(SystemClock.now()));
        assert!(apart.abs() < SignedDuration::from_secs(1), "{apart}");
    }
}
