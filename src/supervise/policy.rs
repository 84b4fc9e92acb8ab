//! How long a stage rests before it is started again, and when it counts as failed. Pure: time and chance are arguments.
//!
//! A stage that dies once is back at once. One that dies again and again is started ever more rarely, and from the
//! fifth death within a minute on about once a minute: nobody need come to the device when the cause has gone, and
//! nothing spins while it has not.

use std::time::Duration;

use heapless::Deque;

use crate::clock::Monotonic;

/// The deaths within [`WINDOW`] that make a stage a failed one.
pub const BUDGET: usize = 5;

/// The time in which deaths are counted; a stage that lives this long is as good as new.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The first rest, at the most.
const SHORTEST: Duration = Duration::from_millis(500);

/// How long a failed stage rests: so long, and up to a quarter more.
const SELDOM: Duration = WINDOW;

/// How long a stage is left alone after a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// When it may be started again.
    pub until: Monotonic,
    /// Whether the budget is spent.
    pub failed: bool,
}

/// What is remembered of a stage's deaths.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    deaths: Deque<Monotonic, BUDGET>,
    failed: bool,
}

impl Policy {
    /// The stage that was started at `started` has died `now`. `chance`, from 0 to 1, spreads the rests, so that what
    /// died together does not come back together.
    pub fn died(&mut self, started: Monotonic, now: Monotonic, chance: f64) -> Rest {
        let chance = if chance.is_nan() { 0.0 } else { chance.clamp(0.0, 1.0) };
        if now.since(started) >= WINDOW {
            *self = Self::default();
        }
        while self.deaths.front().is_some_and(|&death| now.since(death) >= WINDOW) {
            self.deaths.pop_front();
        }
        // It was full only if the stage has failed; then none of them matters any more.
        let _ = self.deaths.push_back(now);
        self.failed |= self.deaths.is_full();
        let until = now
            + match self.failed {
                true => SELDOM + SELDOM.mul_f64(chance / 4.0),
                false => {
                    let most = SHORTEST * (1 << (self.deaths.len() - 1));
                    most / 2 + (most / 2).mul_f64(chance)
                }
            };
        Rest { until, failed: self.failed }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Monotonic {
        Monotonic::new(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn rests_double_until_the_fifth_death_and_then_last_a_minute() {
        let (mut policy, mut now) = (Policy::default(), at(100.0));
        let mut rests = Vec::new();
        for _ in 0..7 {
            let rest = policy.died(now, now, 1.0);
            rests.push((rest.until.since(now).as_millis(), rest.failed));
            now = rest.until;
        }
        let quick = [500, 1000, 2000, 4000].map(|ms| (ms, false));
        assert_eq!(rests[..4], quick);
        assert_eq!(rests[4..], [(75_000, true); 3]);
    }

    #[test]
    fn a_stage_that_has_lived_for_a_minute_is_as_good_as_new() {
        let mut policy = Policy::default();
        (0..9).for_each(|n| assert_eq!(policy.died(at(0.0), at(0.0), 0.0).failed, n >= 4));
        assert!(policy.died(at(100.0), at(159.0), 0.0).failed);
        let rest = policy.died(at(200.0), at(260.0), 0.0);
        assert_eq!((rest.until.since(at(260.0)), rest.failed), (SHORTEST / 2, false));
    }

    #[test]
    fn deaths_that_are_far_apart_never_spend_the_budget() {
        let mut policy = Policy::default();
        assert!((0..100).all(|n| {
            let now = at(16.0 * f64::from(n));
            !policy.died(now - Duration::from_secs(10), now, 0.5).failed
        }));
    }

    #[test]
    fn a_chance_that_is_none_keeps_the_range() {
        for chance in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 7.0] {
            let rest = Policy::default().died(at(1.0), at(1.0), chance).until.since(at(1.0));
            assert!((SHORTEST / 2..=SHORTEST).contains(&rest), "{chance}: {rest:?}");
        }
    }

    proptest! {
        /// However long a stage lives each time: it is never started more often than the budget says, within any
        /// minute, and always started again within two.
        #[test]
        fn it_never_spins_and_is_never_given_up(
            lives in prop::collection::vec((0.0f64..90.0, 0.0f64..=1.0, any::<bool>()), 1..60),
        ) {
            let (mut policy, mut started) = (Policy::default(), at(1000.0));
            let mut starts = vec![started];
            for (life, chance, short) in lives {
                let died = started + Duration::from_secs_f64(if short { life / 100.0 } else { life });
                let rest = policy.died(started, died, chance);
                prop_assert!(rest.until > died && rest.until.since(died) <= 2 * WINDOW);
                started = rest.until;
                starts.push(started);
            }
            for first in &starts {
                let within = starts.iter().filter(|start| *start >= first && start.since(*first) < WINDOW).count();
                prop_assert!(within <= BUDGET, "{within} starts in a minute: {starts:?}");
            }
        }
    }
}
