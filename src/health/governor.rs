//! How many frames are read when the board is too hot, or the models too slow for all of them. Pure.
//!
//! A frame that waits is worse than one that is left out: so the rate falls before the latency grows, and before the
//! board throttles everything else. It falls in steps of a fifth while it is hot, and to what leaves a seventh of the
//! time free when the models cannot keep up; it rises again more slowly, and only once there is a margin.

use std::fmt;
use std::time::Duration;

use super::machine::Heat;
use crate::clock::Monotonic;

/// How often the rate is set.
const EVERY: Duration = Duration::from_secs(2);
/// Cool enough to rise again: so many degrees below the limit.
const MARGIN: f32 = 5.0;
/// The part of the time that the models may take: beyond the first, fewer frames are read, so that it comes to the
/// second; when all frames would take less than the third, all are read again.
const FULL: f32 = 0.95;
const AIM: f32 = 0.85;
const EASY: f32 = 0.75;
/// A rate that differs less from the one that is set is as good.
const ALIKE: f32 = 0.1;

/// What frames are read for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// The board is at this temperature, in degrees Celsius, if it tells.
    Hot(Option<f32>),
    /// A frame takes so long.
    Behind(Duration),
}

/// Fewer frames are read than come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowed {
    /// How many a second.
    pub fps: f32,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Slowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Hot(Some(celsius)) => write!(f, "hot: {celsius:.0} °C")?,
            Reason::Hot(None) => write!(f, "hot: the board throttles itself")?,
            Reason::Behind(takes) => write!(f, "slow: a frame takes {} ms", takes.as_millis())?,
        }
        write!(f, ", reading {:.0} frames a second", self.fps.max(1.0))
    }
}

/// What the governor looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Frames that come from the camera in a second.
    pub arriving: f32,
    /// How long the models take for one.
    pub takes: Duration,
    /// How hot the board is.
    pub heat: Heat,
}

/// Sets how many frames are read.
#[derive(Debug, Clone)]
pub struct Governor {
    least: f32,
    set_at: Option<Monotonic>,
    by_heat: Option<f32>,
    by_load: Option<f32>,
    slowed: Option<Slowed>,
}

impl Governor {
    /// One that never goes below `least` frames a second.
    pub fn new(least: f32) -> Self {
        Self { least, set_at: None, by_heat: None, by_load: None, slowed: None }
    }

    /// How many frames are to be read; all of them when `None`. Without a load, no frame having come or been read
    /// lately, it stays as it is.
    pub fn decide(&mut self, now: Monotonic, load: Option<Load>) -> Option<Slowed> {
        let due = self.set_at.is_none_or(|at| now.since(at) >= EVERY);
        if let Some(load) = load.filter(|load| due && load.arriving > 0.0) {
            self.set_at = Some(now);
            self.set(&load);
        }
        self.slowed
    }

    fn set(&mut self, Load { arriving, takes, heat }: &Load) {
        // Fewer than come, and no fewer than the least, unless fewer come.
        let within = |fps: f32| fps.max(self.least).min(*arriving);
        self.by_heat = match self.by_heat {
            before if heat.is_hot() => Some(within(before.unwrap_or(*arriving) * 0.8)),
            Some(before) if heat.is_below(MARGIN) => Some(within(before * 1.1)).filter(|fps| fps < arriving),
            before => before.map(within),
        };
        let takes = takes.as_secs_f32().max(1e-6);
        let (busy, aim) = (arriving * takes, within(AIM / takes));
        self.by_load = match self.by_load {
            None if busy > FULL => Some(aim),
            Some(_) if busy < EASY => None,
            Some(before) if (aim - before).abs() > ALIKE * before => Some(aim),
            before => before.map(within),
        };
        let fps = self.by_heat.into_iter().chain(self.by_load).min_by(f32::total_cmp);
        // Heat makes models slow, so it is the reason where there is both.
        let reason = match self.by_heat {
            Some(_) => Reason::Hot(heat.temperature),
            None => Reason::Behind(Duration::from_secs_f32(takes)),
        };
        self.slowed = fps.filter(|fps| fps < arriving).map(|fps| Slowed { fps, reason });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COOL: Heat = Heat { temperature: Some(50.0), margin: Some(35.0), throttled: false };
    const WARM: Heat = Heat { temperature: Some(83.0), margin: Some(2.0), throttled: false };
    const HOT: Heat = Heat { temperature: Some(86.0), margin: Some(-1.0), throttled: false };

    /// Governs for a while under one load, and gives every rate.
    fn governed(governor: &mut Governor, from: u64, seconds: u64, load: Load) -> Vec<Option<f32>> {
        let mut decide =
            |s| governor.decide(Monotonic::new(Duration::from_secs(s)), Some(load)).map(|slowed| slowed.fps);
        (from..from + seconds).step_by(2).map(&mut decide).collect()
    }

    fn load(arriving: f32, ms: u64, heat: Heat) -> Load {
        Load { arriving, takes: Duration::from_millis(ms), heat }
    }

    #[test]
    fn a_hot_board_reads_ever_fewer_frames_down_to_the_least_and_says_so() {
        let mut governor = Governor::new(5.0);
        assert_eq!(governed(&mut governor, 0, 10, load(30.0, 10, COOL)), [None; 5]);
        let falling = governed(&mut governor, 10, 30, load(30.0, 10, HOT));
        assert!(falling.is_sorted_by(|a, b| a >= b) && falling[0] == Some(24.0), "{falling:?}");
        assert_eq!(falling.last(), Some(&Some(5.0)));
        assert_eq!(governor.slowed.unwrap().to_string(), "hot: 86 °C, reading 5 frames a second");
        let held = governed(&mut governor, 40, 20, load(30.0, 10, WARM));
        assert!(held.iter().all(|fps| *fps == Some(5.0)), "{held:?}");
        let rising = governed(&mut governor, 60, 60, load(30.0, 10, COOL));
        assert!(rising[..15].is_sorted() && rising.last() == Some(&None), "{rising:?}");
    }

    #[test]
    fn a_board_that_throttles_itself_is_hot_whatever_it_measures() {
        let heat = Heat { temperature: None, margin: None, throttled: true };
        let mut governor = Governor::new(5.0);
        assert_eq!(governed(&mut governor, 0, 2, load(30.0, 10, heat)), [Some(24.0)]);
        assert!(governor.slowed.unwrap().to_string().contains("throttles itself"));
    }

    #[test]
    fn models_that_are_too_slow_get_as_many_frames_as_they_manage_with_time_to_spare() {
        let mut governor = Governor::new(5.0);
        let fps = governed(&mut governor, 0, 20, load(30.0, 100, COOL));
        assert!(fps.iter().all(|fps| *fps == Some(8.5)), "{fps:?}");
        assert!(governor.slowed.unwrap().to_string().starts_with("slow: a frame takes 100 ms"));
        // A little slower or faster is no reason to change anything; much is.
        assert_eq!(governed(&mut governor, 20, 2, load(30.0, 104, COOL)), [Some(8.5)]);
        assert_eq!(governed(&mut governor, 22, 2, load(30.0, 50, COOL)), [Some(17.0)]);
        assert_eq!(governed(&mut governor, 24, 2, load(30.0, 20, COOL)), [None]);
    }

    #[test]
    fn without_frames_nothing_changes() {
        let mut governor = Governor::new(5.0);
        governed(&mut governor, 0, 2, load(30.0, 10, HOT));
        let later = Monotonic::new(Duration::from_secs(60));
        assert_eq!(governor.decide(later, None).map(|slowed| slowed.fps), Some(24.0));
    }

    proptest! {
        #[test]
        fn rates_stay_between_the_least_and_what_comes_and_recover(
            loads in prop::collection::vec((0.5f32..120.0, 1u64..2000, 0usize..3), 1..60), least in 0.5f32..30.0,
        ) {
            let mut governor = Governor::new(least);
            let mut second = 0;
            for (arriving, ms, heat) in loads {
                let load = load(arriving, ms, [COOL, WARM, HOT][heat]);
                for fps in governed(&mut governor, second, 2, load).into_iter().flatten() {
                    prop_assert!(fps.is_finite() && fps < arriving && fps >= least.min(arriving) - 1e-3, "{fps}");
                }
                second += 2;
            }
            let after = governed(&mut governor, second, 120, load(30.0, 5, COOL));
            prop_assert_eq!(after.last(), Some(&None));
        }
    }
}
