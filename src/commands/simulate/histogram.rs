//! Durations by the million in a fixed space: percentiles to within 1.6 %, the longest exactly. Pure.

use std::time::Duration;

/// Steps to each doubling.
const STEPS: usize = 64;
/// Durations below this many microseconds have a place each.
const EXACT: u64 = STEPS as u64;
/// Doublings above: up to 2³³ µs, more than two hours.
const DOUBLINGS: usize = 27;

/// How often which duration occurred.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; STEPS * (DOUBLINGS + 1)], total: 0, longest: Duration::ZERO }
    }
}

/// The place of a duration.
fn place(micros: u64) -> usize {
    if micros < EXACT {
        return micros as usize;
    }
    // 2^(6+doubling) <= micros; the six bits below the first say which step.
    let doubling = micros.ilog2() as usize - STEPS.ilog2() as usize;
    let step = (micros >> doubling) as usize - STEPS;
    (STEPS * (doubling + 1) + step).min(STEPS * (DOUBLINGS + 1) - 1)
}

/// The longest duration of a place, in microseconds.
fn upper(place: usize) -> u64 {
    let (row, step) = (place / STEPS, (place % STEPS) as u64);
    match row {
        0 => step,
        row => ((EXACT + step + 1) << (row - 1)) - 1,
    }
}

impl Histogram {
    /// Adds a duration.
    pub fn add(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.counts[place(micros)] += 1;
        self.total += 1;
        self.longest = self.longest.max(duration);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest; `None` when there is none.
    pub fn longest(&self) -> Option<Duration> {
        (self.total > 0).then_some(self.longest)
    }

    /// The duration that the share `q` (0 to 1) of all does not exceed; `None` when there is none.
    pub fn percentile(&self, q: f64) -> Option<Duration> {
        let rank = ((q.clamp(0.0, 1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_micros(upper(place)).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_a_duration_there_is_no_percentile() {
        let histogram = Histogram::default();
        assert_eq!((histogram.percentile(0.5), histogram.longest(), histogram.count()), (None, None, 0));
    }

    #[test]
    fn what_takes_hours_is_counted_as_the_longest() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::from_secs(1 << 40));
        assert_eq!(histogram.longest(), Some(Duration::from_secs(1 << 40)));
        assert!(histogram.percentile(1.0) > Some(Duration::from_secs(7200)));
    }

    proptest! {
        #[test]
        fn a_percentile_is_the_one_of_the_sorted_durations_to_within_a_sixtieth(
            micros in prop::collection::vec(0_u64..8_000_000_000, 1..200),
            q in 0.0_f64..=1.0,
        ) {
            let mut histogram = Histogram::default();
            micros.iter().for_each(|&micros| histogram.add(Duration::from_micros(micros)));
            let mut sorted = micros.clone();
            sorted.sort_unstable();
            let exact = sorted[((q * sorted.len() as f64).ceil() as usize).max(1) - 1];
            let told = histogram.percentile(q).unwrap().as_micros() as u64;
            prop_assert!(told >= exact && told - exact <= exact / 60, "{told} for {exact}");
            prop_assert_eq!(histogram.longest(), Some(Duration::from_micros(sorted[sorted.len() - 1])));
        }
    }
}
