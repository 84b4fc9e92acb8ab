//! When sound was captured: stamps that follow each other without a jump, until sound was lost.
//!
//! What a device tells of its delay trembles by as much as a period, and its clock drifts against the machine's. So
//! a stamp is where the sound before it ended, drawn a little towards what the device tells. What is farther off
//! than a device trembles is a loss, and the stamps begin anew where the device says.

use std::time::Duration;

use crate::clock::Monotonic;

/// The part of the difference to what the device tells that each stamp is corrected by. A clock that is wrong by one
/// in a thousand is followed 1.3 ms behind with periods of 20 ms.
const CORRECTION: u32 = 64;

/// What a device may tremble beside its period: sound that comes through another program comes in lumps.
const TREMBLE: Duration = Duration::from_millis(100);

/// The stamps of a device's sound.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    rate: u32,
    slack: Duration,
    end: Option<Monotonic>,
}

impl Timeline {
    /// For sound of `rate` samples a second in periods of so many.
    pub(super) fn new(rate: u32, period: usize) -> Self {
        let timeline = Self { rate: rate.max(1), slack: TREMBLE, end: None };
        Self { slack: TREMBLE + timeline.lasting(period), ..timeline }
    }

    /// How long so many samples last.
    pub(super) fn lasting(&self, samples: usize) -> Duration {
        Duration::from_nanos((samples as u64).saturating_mul(1_000_000_000) / u64::from(self.rate))
    }

    /// The stamp of so many samples, the first of which was captured at `measured` by what the device tells.
    pub(super) fn stamp(&mut self, measured: Monotonic, samples: usize) -> Monotonic {
        let at = match self.end {
            Some(end) if measured.since(end) <= self.slack && end.since(measured) <= self.slack => {
                end + measured.since(end) / CORRECTION - end.since(measured) / CORRECTION
            }
            _ => measured,
        };
        self.end = Some(at + self.lasting(samples));
        at
    }

    /// How much later than now the sound ends that was given so far: more than a device can have captured.
    pub(super) fn ahead(&self, now: Monotonic) -> Duration {
        self.end.map_or(Duration::ZERO, |end| end.since(now))
    }

    /// Sound was lost: the next stamp is what the device tells.
    pub(super) fn lose(&mut self) {
        self.end = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Monotonic {
        Monotonic::new(Duration::from_millis(millis))
    }

    /// The stamps of periods of 20 ms that the device tells these times of, in milliseconds.
    fn stamps(timeline: &mut Timeline, measured: &[u64]) -> Vec<f64> {
        let stamp = |&millis: &u64| timeline.stamp(at(millis), 320).since_zero().as_secs_f64() * 1e3;
        measured.iter().map(stamp).collect()
    }

    #[test]
    fn a_device_that_trembles_gives_even_stamps() {
        let mut timeline = Timeline::new(16_000, 320);
        let stamps = stamps(&mut timeline, &[1000, 1025, 1038, 1075, 1080, 1090, 1123]);
        for pair in stamps.windows(2) {
            assert!((pair[1] - pair[0] - 20.0).abs() < 0.5, "{stamps:?}");
        }
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        let mut timeline = Timeline::new(16_000, 320);
        let measured: Vec<u64> = (0..20_000).map(|i| 5_000 + i * 20 + i / 50).collect();
        let stamps = stamps(&mut timeline, &measured);
        let late = *measured.last().unwrap() as f64 - stamps.last().unwrap();
        assert!((0.0..3.0).contains(&late), "{late} ms behind after {} ms", measured.last().unwrap());
    }

    #[test]
    fn lost_sound_is_a_jump_to_what_the_device_tells_whether_it_is_said_or_seen() {
        let mut timeline = Timeline::new(16_000, 320);
        assert_eq!(stamps(&mut timeline, &[1000, 1020, 1320, 1340]), [1000.0, 1020.0, 1320.0, 1340.0]);
        timeline.lose();
        assert_eq!(stamps(&mut timeline, &[1400]), [1400.0]);
        assert_eq!(stamps(&mut timeline, &[200]), [200.0]);
    }

    #[test]
    fn sound_that_ends_later_than_now_is_ahead() {
        let mut timeline = Timeline::new(16_000, 320);
        assert_eq!(timeline.ahead(at(0)), Duration::ZERO);
        timeline.stamp(at(1000), 320);
        assert_eq!(timeline.ahead(at(1005)), Duration::from_millis(15));
        assert_eq!(timeline.ahead(at(1030)), Duration::ZERO);
    }
}
