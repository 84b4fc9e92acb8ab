//! How many frames are let into the chain: all of them, or no more than so many a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Monotonic;

/// The shortest time between two frames, set from elsewhere while frames come.
#[derive(Debug, Default)]
pub struct Pace(AtomicU64);

impl Pace {
    /// No more than so many frames a second; all of them, when `None`.
    pub fn set(&self, fps: Option<f32>) {
        let period = fps.filter(|fps| *fps > 0.0).map_or(0.0, |fps| 1e9 / f64::from(fps));
        self.0.store(period as u64, Ordering::Relaxed);
    }

    fn period(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Lets frames pass as the pace says.
#[derive(Debug, Default)]
pub(super) struct Gate {
    due: Monotonic,
}

impl Gate {
    /// Whether the frame captured at that moment passes. On average as many pass as the pace says, however that fits
    /// the camera's own.
    pub fn lets(&mut self, at: Monotonic, pace: &Pace) -> bool {
        let period = pace.period();
        // A clock that was behind, or a frame from before, must not hold up the frames that follow.
        if at < self.due && self.due.since(at) <= period {
            return false;
        }
        let next = self.due + period;
        self.due = if next > at && next.since(at) <= period { next } else { at + period };
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many frames of a minute of that rate pass.
    fn passing(fps: f64, pace: Option<f32>) -> usize {
        let (mut gate, set) = (Gate::default(), Pace::default());
        set.set(pace);
        let at = |n: u32| Monotonic::new(Duration::from_secs_f64(1000.0 + f64::from(n) / fps));
        (0..(60.0 * fps) as u32).filter(|&n| gate.lets(at(n), &set)).count()
    }

    #[test]
    fn without_a_pace_every_frame_passes() {
        assert_eq!((passing(30.0, None), passing(30.0, Some(f32::NAN))), (1800, 1800));
    }

    #[test]
    fn a_pace_is_kept_on_average_although_it_does_not_fit_the_cameras() {
        for (fps, pace) in [(30.0, 8.0), (30.0, 25.0), (29.97, 14.0), (15.0, 5.0)] {
            let passed = passing(fps, Some(pace)) as f32 / 60.0;
            assert!((passed - pace).abs() < 0.1, "{pace} of {fps}: {passed}");
        }
        assert_eq!(passing(10.0, Some(60.0)), 600);
    }

    #[test]
    fn a_clock_that_jumps_back_stops_nothing() {
        let (mut gate, pace) = (Gate::default(), Pace::default());
        pace.set(Some(10.0));
        assert!(gate.lets(Monotonic::new(Duration::from_secs(1000)), &pace));
        assert!(gate.lets(Monotonic::new(Duration::from_secs(5)), &pace));
        assert!(!gate.lets(Monotonic::new(Duration::from_millis(5050)), &pace));
    }

    proptest! {
        #[test]
        fn no_frame_waits_longer_than_a_period_of_the_pace_and_one_of_the_camera(
            fps in 1.0f64..60.0, pace in 0.5f32..60.0,
        ) {
            let (mut gate, set) = (Gate::default(), Pace::default());
            set.set(Some(pace));
            let (mut last, most) = (None::<f64>, 1.0 / f64::from(pace) + 1.0 / fps + 1e-6);
            for n in 0..500 {
                let at = 10.0 + f64::from(n) / fps;
                if gate.lets(Monotonic::new(Duration::from_secs_f64(at)), &set) {
                    prop_assert!(last.is_none_or(|last| at - last <= most));
                    last = Some(at);
                }
            }
            prop_assert!(last.is_some());
        }
    }
}
