//! When a frame was captured and which it is, by the driver's word where it can be believed.

use std::time::Duration;

use v4l::buffer::{Flags, Metadata};

use crate::clock::Monotonic;

/// A frame is not handed over later than this, unless nobody asked for it; a stamp before that is another clock's.
const OLDEST: Duration = Duration::from_secs(10);

/// Tells the numbers and times of frames.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// The driver's number of the last frame, which begins anywhere and wraps, and ours, from 0 on.
    last: Option<(u32, u64)>,
    last_time: Option<Monotonic>,
    replaced: bool,
}

impl Stamps {
    /// The number of the next frame; one that was lost is left out.
    pub fn number(&mut self, about: &Metadata) -> u64 {
        let number = self.last.map_or(0, |(last, number)| match about.sequence.wrapping_sub(last) {
            // Some drivers do not count, and some begin anew.
            0 | 0x8000_0000.. => number + 1,
            step => number + u64::from(step),
        });
        self.last = Some((about.sequence, number));
        number
    }

    /// When the frame was captured; `now` where the driver's stamp is of another clock, of the future, long past, or
    /// not after the last one. (Some drivers can be told to stamp with the wall clock, and call it monotonic.)
    pub fn time(&mut self, about: &Metadata, now: Monotonic) -> Monotonic {
        let believable = |stamp: &Monotonic| {
            *stamp <= now && now.since(*stamp) <= OLDEST && self.last_time.is_none_or(|last| *stamp > last)
        };
        let stamp = stamp(about).filter(believable);
        if stamp.is_none() && !self.replaced {
            self.replaced = true;
            tracing::debug!("The driver's time stamps are not of this clock; frames are stamped when they are taken.");
        }
        let time = stamp.unwrap_or(now);
        self.last_time = Some(time);
        time
    }
}

fn stamp(about: &Metadata) -> Option<Monotonic> {
    let monotonic = about.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let (seconds, micros) = (u64::try_from(about.timestamp.sec).ok()?, u64::try_from(about.timestamp.usec).ok()?);
    monotonic.then(|| Monotonic::new(Duration::from_secs(seconds) + Duration::from_micros(micros)))
}

#[cfg(test)]
mod tests {
    use v4l::Timestamp;

    use super::*;

    const NOW: Monotonic = Monotonic::new(Duration::from_secs(100));

    fn at(sec: i64, flags: Flags) -> Metadata {
        Metadata { flags, timestamp: Timestamp::new(sec, 500_000), ..Metadata::default() }
    }

    #[test]
    fn numbers_begin_at_zero_and_show_what_was_lost() {
        let mut stamps = Stamps::default();
        let sequence = [u32::MAX - 1, u32::MAX, 2, 2, 0, 1];
        let numbers = sequence.map(|sequence| stamps.number(&Metadata { sequence, ..Metadata::default() }));
        assert_eq!(numbers, [0, 1, 4, 5, 6, 7]);
    }

    #[test]
    fn a_stamp_of_this_clock_is_believed() {
        let mut stamps = Stamps::default();
        let stamp = at(98, Flags::TIMESTAMP_MONOTONIC | Flags::DONE);
        assert_eq!(stamps.time(&stamp, NOW), Monotonic::new(Duration::from_millis(98_500)));
    }

    #[test]
    fn a_stamp_of_another_clock_of_the_future_or_long_past_is_replaced() {
        let monotonic = Flags::TIMESTAMP_MONOTONIC;
        for stamp in [at(98, Flags::TIMESTAMP_COPY), at(100, monotonic), at(1_780_000_000, monotonic), at(3, monotonic)]
        {
            assert_eq!(Stamps::default().time(&stamp, NOW), NOW);
        }
        assert_eq!(Stamps::default().time(&at(-1, monotonic), NOW), NOW);
    }

    #[test]
    fn a_stamp_that_stands_still_is_replaced() {
        let mut stamps = Stamps::default();
        let stamp = at(98, Flags::TIMESTAMP_MONOTONIC);
        let first = stamps.time(&stamp, NOW);
        assert!(first < NOW);
        assert_eq!(stamps.time(&stamp, NOW + Duration::from_millis(33)), NOW + Duration::from_millis(33));
    }
}
