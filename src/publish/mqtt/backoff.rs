//! How long to wait before the next attempt. Pure: chance is an argument.

use std::time::Duration;

/// The shortest wait.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double, each drawn between the shortest and the current one, so that hundreds of boards do not
/// come back to a broker all at once.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { most: SHORTEST * 2 }
    }
}

impl Backoff {
    /// The next wait, from 0.5 s to 30 s. `chance` is from 0 to 1.
    pub(super) fn next(&mut self, chance: f64) -> Duration {
        let wait = SHORTEST + (self.most - SHORTEST).mul_f64(chance.clamp(0.0, 1.0));
        self.most = LONGEST.min(self.most * 2);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_one_second_to_thirty() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..7).map(|_| backoff.next(1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn chance_spreads_the_waits_and_never_leaves_the_range() {
        let mut backoff = Backoff::default();
        for chance in [0.0, -1.0, f64::MIN] {
            assert_eq!(backoff.next(chance), SHORTEST);
        }
        assert_eq!(backoff.next(0.5), Duration::from_millis(4250));
        assert_eq!(Backoff { most: LONGEST }.next(9.0), LONGEST);
    }
}
