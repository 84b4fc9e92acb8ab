//! Chance that repeats itself: the same seed, the same numbers. Pure. SplitMix64, which is small, fast, and good enough
//! for people who are made up.

use std::time::Duration;

/// A source of numbers.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The source of a seed; neighbouring seeds give unlike numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 1.
    pub fn share(&mut self) -> f32 {
        // 24 bits: as many as an f32 holds exactly.
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.share()
    }

    /// A part of `whole`.
    pub fn part_of(&mut self, whole: Duration) -> Duration {
        whole.mul_f32(self.share())
    }

    /// How long something lasts that ends at any moment with the same chance: `mean` on average, and eight times as long at
    /// the most.
    pub fn lasting(&mut self, mean: Duration) -> Duration {
        let times = -(1.0 - self.share()).ln();
        mean.mul_f32(times.min(8.0))
    }

    /// One of `weighted`, as often as its weight says; the first when no weight is above zero.
    pub fn one_of<T: Copy>(&mut self, first: T, weighted: &[(T, f32)]) -> T {
        let mut left = self.share() * weighted.iter().map(|(_, weight)| weight).sum::<f32>();
        for &(one, weight) in weighted {
            if left < weight {
                return one;
            }
            left -= weight;
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_another_gives_others() {
        let numbers = |seed| {
            let mut chance = Chance::new(seed);
            (0..8).map(|_| chance.share()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn shares_spread_over_their_range_and_lasting_has_its_mean() {
        let mut chance = Chance::new(1);
        let mut tenths = [0_u32; 10];
        let mut total = 0.0;
        for _ in 0..10_000 {
            tenths[(chance.share() * 10.0) as usize] += 1;
            total += chance.lasting(Duration::from_secs(2)).as_secs_f32();
        }
        assert!(tenths.iter().all(|&count| (850..1150).contains(&count)), "{tenths:?}");
        assert!((total / 10_000.0 - 2.0).abs() < 0.1, "{total}");
    }

    #[test]
    fn weights_say_how_often_and_a_weight_of_zero_never() {
        let mut chance = Chance::new(1);
        let drawn: Vec<_> = (0..1000).map(|_| chance.one_of('a', &[('a', 1.0), ('b', 3.0), ('c', 0.0)])).collect();
        let count = |wanted| drawn.iter().filter(|&&one| one == wanted).count();
        assert!((200..300).contains(&count('a')) && count('c') == 0, "{} {}", count('a'), count('c'));
        assert_eq!(chance.one_of('a', &[]), 'a');
    }
}
