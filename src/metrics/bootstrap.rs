//! How far a figure would move had other videos been measured: percentile intervals by resampling.
//!
//! Frames of a video are alike, so frames cannot be drawn one by one: whole videos are, with replacement, as many
//! as there are. After Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13. What
//! is drawn depends on the seed alone, on every machine alike.

use super::figures::NAMED;
use super::{Figures, Shape, Tally};

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// How often the videos are drawn anew.
    pub draws: u32,
    /// Where chance begins.
    pub seed: u64,
    /// The share of draws that an interval holds, such as 0.95.
    pub level: f64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { draws: 1000, seed: 1, level: 0.95 }
    }
}

/// An interval for each figure of [`Figures::named`], in its order. `None` where the figure is not reckoned, or
/// with fewer than two videos: one says nothing about others.
pub fn intervals(videos: &[Tally], shape: Shape, how: Resampling) -> [Option<[f64; 2]>; NAMED] {
    if videos.len() < 2 || how.draws == 0 {
        return [None; NAMED];
    }
    let mut drawn: [Vec<f64>; NAMED] = Default::default();
    let mut chance = Chance(how.seed);
    for _ in 0..how.draws {
        let sum = Tally::sum((0..videos.len()).map(|_| &videos[chance.below(videos.len())]));
        for (values, (_, value)) in drawn.iter_mut().zip(Figures::of(&sum, shape).named()) {
            // A draw may lack a task that few videos have.
            values.extend(value);
        }
    }
    let tail = (1.0 - how.level) / 2.0;
    drawn.map(|mut values| {
        values.sort_by(f64::total_cmp);
        Some([quantile(&values, tail)?, quantile(&values, 1.0 - tail)?])
    })
}

/// A quantile of sorted values, between two of them in proportion (NumPy's way); `None` of nothing.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0. The remainder of the division favours low numbers by less than
    /// one in 2⁶⁴ / `end`.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { classes: 8, units: [true; 13] };
    /// Where accuracy stands among the named figures.
    const ACCURACY: usize = 4;

    /// Videos of 30 frames; each has a share of right answers of its own, 0.6 on average.
    fn videos(count: usize, chance: &mut Chance) -> Vec<Tally> {
        let video = |chance: &mut Chance| {
            let mut tally = Tally::default();
            let right = 30 + chance.below(61);
            for frame in 0..30 {
                tally.expressions.add(frame % 8, (chance.below(100) < right).then_some(frame % 8));
            }
            tally
        };
        (0..count).map(|_| video(chance)).collect()
    }

    #[test]
    fn the_generator_gives_its_published_numbers() {
        let mut chance = Chance(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn quantiles_lie_between_values_in_proportion() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.25), Some(1.5));
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_another_seed_another_one() {
        let videos = videos(12, &mut Chance(5));
        let of = |seed| intervals(&videos, SHAPE, Resampling { seed, ..Resampling::default() })[ACCURACY].unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn intervals_of_nine_in_ten_hold_the_truth_about_nine_times_in_ten() {
        let mut chance = Chance(99);
        let how = Resampling { draws: 100, level: 0.9, seed: 3 };
        let held = (0..120).filter(|_| {
            let [low, high] = intervals(&videos(40, &mut chance), SHAPE, how)[ACCURACY].unwrap();
            (low..=high).contains(&0.6)
        });
        let held = held.count();
        assert!((98..=117).contains(&held), "{held} of 120");
    }

    #[test]
    fn more_videos_make_a_narrower_interval_and_one_makes_none() {
        let mut chance = Chance(7);
        let mut width = |count| {
            let of = intervals(&videos(count, &mut chance), SHAPE, Resampling::default())[ACCURACY];
            of.map(|[low, high]| high - low)
        };
        let (few, many) = (width(8).unwrap(), width(128).unwrap());
        assert!(many < few / 2.0, "{few} {many}");
        assert_eq!(width(1), None);
    }

    #[test]
    fn what_is_not_annotated_has_no_interval() {
        let found = intervals(&videos(4, &mut Chance(1)), SHAPE, Resampling::default());
        assert!(found[0].is_none() && found[ACCURACY].is_some());
    }
}
