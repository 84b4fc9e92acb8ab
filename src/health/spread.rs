//! How durations are spread, counted without a lock: percentiles for health, while the frames' thread goes on counting.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Buckets in a doubling: a percentile is known to a fifth of itself.
const A_DOUBLING: usize = 4;
/// Where the second bucket begins, in microseconds; the first holds everything shorter.
const SHORTEST: f64 = 250.0;
/// As far as eighteen doublings reach: a minute.
const BUCKETS: usize = 18 * A_DOUBLING;

/// Durations since they were taken out last, by length.
#[derive(Debug)]
pub struct Spread([AtomicU32; BUCKETS]);

impl Default for Spread {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; BUCKETS])
    }
}

impl Spread {
    /// Counts a duration.
    pub fn add(&self, duration: Duration) {
        let micros = duration.as_secs_f64() * 1e6;
        let doublings = (micros / SHORTEST).max(1.0).log2();
        let bucket = ((doublings * A_DOUBLING as f64).ceil() as usize).min(BUCKETS - 1);
        self.0[bucket].fetch_add(1, Ordering::Relaxed);
    }

    /// Takes out what was counted since the last time.
    pub fn take(&self) -> Taken {
        Taken(std::array::from_fn(|bucket| self.0[bucket].swap(0, Ordering::Relaxed)))
    }
}

/// Durations that were counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken([u32; BUCKETS]);

impl Taken {
    /// The duration that the share `q` (0 to 1) of all does not exceed, rounded up to the end of its bucket; `None`
    /// when there is none.
    pub fn percentile(&self, q: f64) -> Option<Duration> {
        let all: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let rank = ((q.clamp(0.0, 1.0) * all as f64).ceil() as u64).max(1);
        let mut below = 0;
        let bucket = self.0.iter().position(|&count| {
            below += u64::from(count);
            below >= rank
        })?;
        let micros = SHORTEST * (bucket as f64 / A_DOUBLING as f64).exp2();
        Some(Duration::from_secs_f64(micros / 1e6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_a_fifth_too_long_and_never_too_short() {
        let spread = Spread::default();
        (1..=1000).for_each(|ms| spread.add(Duration::from_millis(ms)));
        let taken = spread.take();
        for (q, ms) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let given = taken.percentile(q).unwrap().as_secs_f64() * 1e3;
            assert!((ms..ms * 1.2).contains(&given), "{q}: {given}");
        }
        assert_eq!(spread.take().percentile(0.5), None);
    }

    #[test]
    fn what_is_beyond_all_range_is_counted_at_the_ends_and_costs_no_allocation() {
        let spread = Spread::default();
        let add = || [Duration::ZERO, Duration::MAX].iter().for_each(|&long| spread.add(long));
        assert_eq!(allocation_counter::measure(add).count_total, 0);
        let taken = spread.take();
        assert_eq!(taken.percentile(0.5), Some(Duration::from_micros(250)));
        assert!(taken.percentile(1.0).unwrap() > Duration::from_secs(45));
    }
}
