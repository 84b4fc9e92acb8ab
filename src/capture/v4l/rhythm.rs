//! How often frames come: when a camera that gives none has stalled, and whether it is slow.

use std::time::Duration;

/// A camera that gave nothing for this many of its intervals has stalled …
const INTERVALS: f32 = 4.0;
/// … but not before this time, in which cameras adapt to the light …
const SHORTEST: Duration = Duration::from_secs(2);
/// … nor much after this one, unless its interval is longer.
const LONGEST: Duration = Duration::from_secs(4);

/// Fewer frames a second than this are too few to follow faces by.
pub(super) const FEW: f32 = 5.0;

/// Over so long is judged whether a camera is slow.
const SETTLED: Duration = Duration::from_secs(5);

/// The weight of the newest interval in the mean.
const NEWEST: f32 = 0.125;

/// The rhythm of a camera. Times are since it was started.
#[derive(Debug)]
pub(super) struct Rhythm {
    /// The frames a second that the driver promises.
    promised: Option<f32>,
    /// The mean interval, in seconds.
    interval: Option<f32>,
    last: Duration,
    frames: u64,
    judged: bool,
}

impl Rhythm {
    /// The rhythm of a camera that has just been started.
    pub fn new(promised: Option<f32>) -> Self {
        Self { promised, interval: promised.map(f32::recip), last: Duration::ZERO, frames: 0, judged: false }
    }

    /// A frame came. The rate that is measured, once, when the camera has run for a while and is slow.
    pub fn beat(&mut self, now: Duration) -> Option<f32> {
        let since = now.saturating_sub(self.last).as_secs_f32();
        // The first takes as long as the camera needs to wake up.
        if self.frames > 0 {
            self.interval = Some(self.interval.map_or(since, |mean| mean + NEWEST * (since - mean)));
        }
        (self.last, self.frames) = (now, self.frames + 1);
        if self.judged || now < SETTLED {
            return None;
        }
        self.judged = true;
        let rate = self.interval.map(f32::recip).filter(|rate| rate.is_finite())?;
        let slow = rate < FEW || self.promised.is_some_and(|promised| rate < promised / 2.0);
        slow.then_some(rate)
    }

    /// How much longer the camera may give nothing until it has stalled; zero when it has.
    pub fn patience(&self, now: Duration) -> Duration {
        (self.last + self.limit()).saturating_sub(now)
    }

    /// How long a camera may give nothing.
    pub fn limit(&self) -> Duration {
        let interval =
            self.interval.map_or(Duration::ZERO, |seconds| Duration::from_secs_f32(seconds.clamp(0.0, 60.0)));
        let usual = interval.mul_f32(INTERVALS).clamp(SHORTEST, LONGEST);
        // The first frame may take as long as the longest.
        let usual = if self.frames == 0 { LONGEST } else { usual };
        usual.max(interval.mul_f32(1.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn run(promised: Option<f32>, interval: u64, frames: u64) -> (Rhythm, Vec<f32>) {
        let mut rhythm = Rhythm::new(promised);
        let slow = (1..=frames).filter_map(|i| rhythm.beat(ms(i * interval))).collect();
        (rhythm, slow)
    }

    #[test]
    fn a_camera_that_gives_nothing_for_two_seconds_has_stalled() {
        let (rhythm, slow) = run(Some(30.0), 33, 300);
        assert_eq!(slow, [0.0; 0]);
        assert_eq!(rhythm.patience(ms(9900 + 1500)), ms(500));
        assert_eq!(rhythm.patience(ms(9900 + 2100)), Duration::ZERO);
    }

    #[test]
    fn the_first_frame_may_take_longer() {
        assert_eq!(Rhythm::new(Some(30.0)).limit(), LONGEST);
        assert_eq!(Rhythm::new(None).limit(), LONGEST);
    }

    #[test]
    fn the_limit_follows_the_interval() {
        assert_eq!(run(Some(1.0), 1000, 3).0.limit(), LONGEST);
        assert!(run(Some(0.1), 10_000, 3).0.limit() > ms(14_900));
        assert!(run(Some(30.0), 900, 40).0.limit() > ms(3_400));
    }

    #[test]
    fn a_slow_camera_is_told_once() {
        let (_, slow) = run(Some(1.0), 1000, 20);
        assert_eq!(slow, [1.0]);
        let (_, slow) = run(Some(30.0), 100, 200);
        assert!(slow.len() == 1 && (slow[0] - 10.0).abs() < 0.1, "{slow:?}");
        assert_eq!(run(None, 100, 200).1, [0.0; 0]);
    }

    #[test]
    fn no_promise_makes_a_limit_that_is_not_a_time() {
        for promised in [Some(f32::MIN_POSITIVE), Some(f32::MAX), None] {
            let limit = Rhythm::new(promised).limit();
            assert!(limit >= SHORTEST && limit <= ms(90_000), "{limit:?}");
        }
    }
}
