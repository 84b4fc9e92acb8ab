//! What a stage says of itself while it works: counters that its thread sets and anyone may read.
//!
//! The thread touches atomics only, frame by frame. A text is behind a lock that is taken when a trouble comes or goes,
//! and while it lasts.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::spread::Spread;
use crate::clock::Monotonic;

/// How a stage's thread stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// The stage is not part of this run, or has not begun yet.
    #[default]
    Absent,
    /// It works.
    Working {
        /// Since when.
        since: Monotonic,
    },
    /// It died, and will be started again.
    Resting {
        /// How it died.
        why: Arc<str>,
        /// Whether it has spent its budget.
        failed: bool,
        /// Whether a thread was left behind that hangs.
        hung: bool,
    },
    /// It has done its work.
    Done,
}

/// The signs of life of one stage.
#[derive(Debug, Default)]
pub struct Pulse {
    beat: AtomicU64,
    works: AtomicU64,
    worked_at: AtomicU64,
    busy: AtomicU64,
    failing: AtomicU64,
    lost: AtomicU64,
    damaged: AtomicU64,
    restarts: AtomicU64,
    preparing: AtomicBool,
    prepared_at: AtomicU64,
    quiet: AtomicBool,
    /// From when something is to its being done.
    pub spread: Spread,
    in_trouble: AtomicBool,
    trouble: Mutex<Option<Arc<str>>>,
    standing: Mutex<Standing>,
}

impl Pulse {
    /// The thread is alive, whether there was something to do or not.
    pub fn beat(&self, now: Monotonic) {
        self.beat.store(nanos(now.since_zero()), Ordering::Relaxed);
    }

    /// One more thing was done, which took `busy`.
    pub fn worked(&self, now: Monotonic, busy: Duration) {
        self.works.fetch_add(1, Ordering::Relaxed);
        self.busy.fetch_add(nanos(busy), Ordering::Relaxed);
        self.failing.store(0, Ordering::Relaxed);
        self.worked_at.store(nanos(now.since_zero()), Ordering::Relaxed);
        self.well();
        self.beat(now);
    }

    /// There is nothing to do, on purpose: that nothing is done is no fault.
    pub fn rests(&self, now: Monotonic) {
        self.failing.store(0, Ordering::Relaxed);
        self.worked_at.store(nanos(now.since_zero()), Ordering::Relaxed);
        self.quiet(false);
        self.well();
        self.beat(now);
    }

    /// One more thing could not be done. Tells how many in a row.
    pub fn failed(&self, now: Monotonic, why: &dyn Display) -> u64 {
        let failing = self.failing.fetch_add(1, Ordering::Relaxed) + 1;
        // A fault in every frame is one trouble, and one text.
        if failing == 1 || !self.in_trouble.load(Ordering::Relaxed) {
            self.trouble(why);
        }
        self.beat(now);
        failing
    }

    /// Something was dropped for want of time.
    pub fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more things came damaged and were left out.
    pub fn damaged(&self, more: u64) {
        self.damaged.fetch_add(more, Ordering::Relaxed);
    }

    /// The thread makes itself ready, which may take its time (`true`), or does not.
    pub fn preparing(&self, preparing: bool) {
        self.preparing.store(preparing, Ordering::Relaxed);
    }

    /// The thread has made itself ready. That is no progress yet.
    pub fn prepared(&self, now: Monotonic) {
        self.prepared_at.store(nanos(now.since_zero()), Ordering::Relaxed);
        self.preparing(false);
    }

    /// Whether what comes is nothing but silence.
    pub fn quiet(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::Relaxed);
    }

    /// Something is wrong, and this is what.
    pub fn trouble(&self, why: &dyn Display) {
        *lock(&self.trouble) = Some(why.to_string().into());
        self.in_trouble.store(true, Ordering::Relaxed);
    }

    /// Nothing is wrong any more.
    pub fn well(&self) {
        if self.in_trouble.load(Ordering::Relaxed) {
            *lock(&self.trouble) = None;
            self.in_trouble.store(false, Ordering::Relaxed);
        }
    }

    /// Says how the thread stands; for whoever supervises it.
    pub fn stand(&self, standing: Standing) {
        if matches!(standing, Standing::Resting { .. }) {
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
        *lock(&self.standing) = standing;
    }

    /// When the thread showed last that it is alive, or ready; the clock's zero when never.
    pub fn last_sign(&self) -> Monotonic {
        let latest = self.beat.load(Ordering::Relaxed).max(self.prepared_at.load(Ordering::Relaxed));
        Monotonic::new(Duration::from_nanos(latest))
    }

    /// Whether the thread makes itself ready.
    pub fn is_preparing(&self) -> bool {
        self.preparing.load(Ordering::Relaxed)
    }

    /// Everything as it is now.
    pub fn read(&self) -> Reading {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reading {
            beat: Monotonic::new(Duration::from_nanos(count(&self.beat))),
            works: count(&self.works),
            worked_at: Monotonic::new(Duration::from_nanos(count(&self.worked_at))),
            busy: Duration::from_nanos(count(&self.busy)),
            failing: count(&self.failing),
            lost: count(&self.lost),
            damaged: count(&self.damaged),
            restarts: count(&self.restarts),
            preparing: self.is_preparing(),
            quiet: self.quiet.load(Ordering::Relaxed),
            trouble: lock(&self.trouble).clone(),
            standing: lock(&self.standing).clone(),
        }
    }
}

/// What a pulse was at a moment. All counts are since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The last sign of life; the clock's zero when there was none.
    pub beat: Monotonic,
    /// Things done.
    pub works: u64,
    /// When the last was; the clock's zero when there was none.
    pub worked_at: Monotonic,
    /// How long they took, all in all.
    pub busy: Duration,
    /// How many could not be done in a row, lately.
    pub failing: u64,
    /// Things that were dropped.
    pub lost: u64,
    /// Things that came damaged and were left out.
    pub damaged: u64,
    /// How often the thread died.
    pub restarts: u64,
    /// Whether the thread makes itself ready.
    pub preparing: bool,
    /// Whether what comes is nothing but silence.
    pub quiet: bool,
    /// What is wrong, as far as the stage itself knows.
    pub trouble: Option<Arc<str>>,
    /// How its thread stands.
    pub standing: Standing,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A value is put in whole, so a panicking peer leaves nothing half done.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    #[test]
    fn to_tell_of_progress_allocates_nothing() {
        let pulse = Pulse::default();
        let tell = || {
            (0..1000).for_each(|n| {
                pulse.worked(at(n), Duration::from_millis(3));
                pulse.spread.add(Duration::from_millis(n));
                pulse.beat(at(n));
            });
        };
        assert_eq!(allocation_counter::measure(tell).count_total, 0);
        let reading = pulse.read();
        assert_eq!((reading.works, reading.worked_at, reading.busy), (1000, at(999), Duration::from_secs(3)));
    }

    #[test]
    fn a_fault_in_every_frame_is_told_once_and_gone_with_the_first_good_one() {
        let pulse = Pulse::default();
        let fail = || (0..100).for_each(|n| assert_eq!(pulse.failed(at(n), &"no model"), n + 1));
        let counted = allocation_counter::measure(fail).count_total;
        assert!(counted < 5, "{counted}");
        assert_eq!(pulse.read().trouble.as_deref(), Some("no model"));
        pulse.worked(at(100), Duration::ZERO);
        assert_eq!((pulse.read().trouble, pulse.read().failing), (None, 0));
    }
}
