//! Percentiles of the latest durations, in a fixed space.

use std::time::Duration;

/// How many of the latest durations are kept: over two minutes at 30 frames a second.
const KEPT: usize = 4096;

/// The latest durations.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    latest: Vec<Duration>,
    next: usize,
    count: u64,
}

impl Latencies {
    /// Adds a duration, in place of the oldest when the space is full.
    pub fn add(&mut self, duration: Duration) {
        self.count += 1;
        if self.latest.capacity() == 0 {
            self.latest.reserve_exact(KEPT);
        }
        if self.latest.len() < KEPT {
            self.latest.push(duration);
        } else {
            self.latest[self.next] = duration;
            self.next = (self.next + 1) % KEPT;
        }
    }

    /// How many durations were added since the start.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The duration that the share `q` (0 to 1) of all does not exceed; `None` when there is none.
    pub fn percentile(&self, q: f64) -> Option<Duration> {
        let mut sorted = self.latest.clone();
        sorted.sort_unstable();
        let rank = (q.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    }

    /// The mean; `None` when there is none.
    pub fn mean(&self) -> Option<Duration> {
        let count = u32::try_from(self.latest.len()).ok().filter(|&n| n > 0)?;
        Some(self.latest.iter().sum::<Duration>() / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut latencies = Latencies::default();
        assert_eq!((latencies.percentile(0.5), latencies.mean()), (None, None));
        for ms in 1..=100 {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(latencies.percentile(0.5), Some(Duration::from_millis(50)));
        assert_eq!(latencies.percentile(0.99), Some(Duration::from_millis(99)));
        assert_eq!(latencies.percentile(1.0), Some(Duration::from_millis(100)));
        assert_eq!(latencies.mean(), Some(Duration::from_micros(50_500)));
    }

    #[test]
    fn old_durations_make_room_for_new_ones() {
        let mut latencies = Latencies::default();
        for _ in 0..KEPT {
            latencies.add(Duration::from_secs(9));
        }
        for _ in 0..KEPT {
            latencies.add(Duration::from_secs(1));
        }
        assert_eq!(latencies.percentile(1.0), Some(Duration::from_secs(1)));
    }
}
