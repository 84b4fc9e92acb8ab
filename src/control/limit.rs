//! How often each command is carried out: a bucket of tokens for every verb, so that a flood of one never keeps
//! another out. Pure: time is an argument.
//!
//! A bucket is one moment, the one at which it will be full again, so nothing is rounded and nothing adds up.

use std::time::Duration;

use super::Verb;
use crate::clock::Monotonic;

/// How often a command may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many a minute, in the long run; 0 counts as 1.
    pub per_minute: u32,
    /// So many at once; 0 counts as 1.
    pub burst: u32,
}

impl Rate {
    /// The time in which one token comes back.
    fn interval(self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }
}

/// The buckets.
#[derive(Debug, Clone)]
pub struct Limits {
    rate: Rate,
    full_at: [Monotonic; Verb::ALL.len()],
}

impl Limits {
    /// Full buckets.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: [Monotonic::default(); Verb::ALL.len()] }
    }

    /// Takes a token for `verb`.
    ///
    /// # Errors
    /// When there is none: how long until there is.
    pub fn take(&mut self, verb: Verb, now: Monotonic) -> Result<(), Duration> {
        let interval = self.rate.interval();
        let room = interval * self.rate.burst.max(1);
        let full_at = &mut self.full_at[verb as usize];
        let emptied = (*full_at).max(now) + interval;
        let excess = emptied.since(now).saturating_sub(room);
        if excess > Duration::ZERO {
            return Err(excess);
        }
        *full_at = emptied;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { per_minute: 60, burst: 3 };

    fn at(ms: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(ms))
    }

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let mut limits = Limits::new(RATE);
        for _ in 0..3 {
            assert_eq!(limits.take(Verb::Mute, at(5_000)), Ok(()));
        }
        assert_eq!(limits.take(Verb::Mute, at(5_000)), Err(Duration::from_secs(1)));
        assert_eq!(limits.take(Verb::Mute, at(5_900)), Err(Duration::from_millis(100)));
        assert_eq!(limits.take(Verb::Mute, at(6_000)), Ok(()));
        assert!(limits.take(Verb::Mute, at(6_000)).is_err());
        // After a rest no more than the burst has come back.
        let again = (0..9).filter(|_| limits.take(Verb::Mute, at(600_000)).is_ok()).count();
        assert_eq!(again, 3);
    }

    #[test]
    fn a_flood_of_one_verb_leaves_the_others_alone() {
        let mut limits = Limits::new(RATE);
        assert_eq!((0..1000).filter(|_| limits.take(Verb::Health, at(1)).is_ok()).count(), 3);
        assert_eq!(limits.take(Verb::Mute, at(1)), Ok(()));
    }

    proptest! {
        /// However they come: within any stretch of time no more pass than the burst and what came back meanwhile, and
        /// whoever waits as long as they are told passes.
        #[test]
        fn no_more_pass_than_the_rate_allows(
            gaps in prop::collection::vec(0u64..3_000, 1..120),
            per_minute in 1u32..600,
            burst in 1u32..20,
        ) {
            let rate = Rate { per_minute, burst };
            let (mut limits, mut now, mut passed) = (Limits::new(rate), at(10_000), Vec::new());
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                match limits.take(Verb::Reload, now) {
                    Ok(()) => passed.push(now),
                    Err(wait) => {
                        prop_assert!(wait <= rate.interval());
                        prop_assert_eq!(limits.clone().take(Verb::Reload, now + wait), Ok(()));
                    }
                }
            }
            for (i, first) in passed.iter().enumerate() {
                for (j, last) in passed.iter().enumerate().skip(i) {
                    let allowed = last.since(*first).as_nanos() / rate.interval().as_nanos() + u128::from(burst);
                    prop_assert!((j - i + 1) as u128 <= allowed);
                }
            }
        }
    }
}
