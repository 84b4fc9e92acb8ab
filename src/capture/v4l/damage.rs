//! Frames that were damaged on their way: counted, left out, and told of now and then.

use std::time::Duration;

use tracing::warn;

/// So many damaged frames in a row are not an accident.
const MAX_IN_A_ROW: u32 = 30;

/// How often the log tells of damaged frames.
const PAUSE: Duration = Duration::from_secs(60);

/// The damaged frames of a camera. Times are since it was started.
#[derive(Debug, Default)]
pub(super) struct Damage {
    total: u64,
    in_a_row: u32,
    told: Option<Duration>,
}

impl Damage {
    /// How many frames were damaged since the camera was opened.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// A whole frame came.
    pub fn none(&mut self) {
        self.in_a_row = 0;
    }

    /// A damaged frame came.
    ///
    /// # Errors
    /// When there was no whole one among many.
    pub fn add(&mut self, source: &str, reason: &str, now: Duration) -> Result<(), String> {
        self.total += 1;
        self.in_a_row += 1;
        if self.in_a_row >= MAX_IN_A_ROW {
            return Err(format!("{MAX_IN_A_ROW} frames in a row are damaged: {reason}"));
        }
        if self.told.is_none_or(|told| now.saturating_sub(told) >= PAUSE) {
            self.told = Some(now);
            warn!(source, reason, damaged = self.total, "A frame was damaged on its way and is left out.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_in_a_row_are_an_error_and_single_ones_are_counted() {
        let mut damage = Damage::default();
        for i in 0..200 {
            assert_eq!(damage.add("v4l:x", "cut", Duration::from_secs(i)), Ok(()));
            damage.none();
        }
        assert_eq!(damage.total(), 200);
        let row: Vec<_> = (0..30).map(|_| damage.add("v4l:x", "cut", Duration::ZERO)).collect();
        assert!(row[..29].iter().all(Result::is_ok));
        assert_eq!(row[29], Err("30 frames in a row are damaged: cut".into()));
    }

    #[test]
    fn the_log_is_told_once_a_minute() {
        let mut damage = Damage::default();
        let told = (0..130).filter(|&i| {
            let before = damage.told;
            damage.none();
            damage.add("v4l:x", "cut", Duration::from_secs(i)).unwrap();
            damage.told != before
        });
        assert_eq!(told.count(), 3);
    }
}
