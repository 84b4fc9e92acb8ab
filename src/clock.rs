//! Time: the kernel's monotonic clock, and how it maps to the wall.
//!
//! Cameras stamp frames with `CLOCK_MONOTONIC`, so that is the time everything reckons in. Wall time
//! appears only where something is published.

use std::ops::{Add, Sub};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

/// A moment of `CLOCK_MONOTONIC`: the time since an arbitrary zero, never running backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The moment `since_zero` after the clock's zero.
    pub const fn new(since_zero: Duration) -> Self {
        Self(since_zero)
    }

    /// The time since the clock's zero.
    pub const fn since_zero(self) -> Duration {
        self.0
    }

    /// The time since an earlier moment; zero when that moment is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

impl Sub<Duration> for Monotonic {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(earlier))
    }
}

/// Something that tells the time.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Monotonic;

    /// The wall time of a moment that is near now.
    fn wall(&self, at: Monotonic) -> Timestamp;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Monotonic {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        // The monotonic clock counts from boot, so neither part is negative.
        Monotonic(Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32))
    }

    #[allow(clippy::disallowed_methods, reason = "this is where others get it from")]
    fn wall(&self, at: Monotonic) -> Timestamp {
        let (now, wall) = (self.now(), SystemTime::now());
        let then = if at > now { wall + at.since(now) } else { wall - now.since(at) };
        Timestamp::try_from(then).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Measures how long things take.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    #[allow(clippy::disallowed_methods, reason = "this is where others get it from")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The time since the start or the last lap; the next lap begins.
    pub fn lap(&mut self) -> Duration {
        let lap = self.0.elapsed();
        *self = Self::start();
        lap
    }
}

/// A clock that stands still until it is told to move: for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: Mutex<Monotonic>,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *now = *now + by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Monotonic {
        *self.now.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The manual clock's zero is 2026-01-01T00:00:00Z.
    fn wall(&self, at: Monotonic) -> Timestamp {
        const ZERO: i64 = 1_767_225_600;
        let since = at.since_zero();
        Timestamp::new(ZERO + since.as_secs() as i64, since.subsec_nanos() as i32).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the wall itself")]
    fn the_system_clock_never_runs_backwards_and_maps_to_the_wall() {
        let first = SystemClock.now();
        let second = SystemClock.now();
        assert!(second >= first);
        let gap = Timestamp::now().duration_since(SystemClock.wall(second)).as_secs_f64();
        assert!(gap.abs() < 1.0, "{gap}");
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::default();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().since_zero(), Duration::from_millis(1500));
        assert_eq!(clock.wall(clock.now()).to_string(), "2026-01-01T00:00:01.5Z");
    }
}
