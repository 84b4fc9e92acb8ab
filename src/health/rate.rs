//! How fast something goes on, from two readings some seconds apart. Pure.

use std::time::Duration;

use super::Reading;
use crate::clock::Monotonic;

/// How long is counted for a rate.
const SPAN: Duration = Duration::from_secs(2);

/// Things a second, and how long each takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Rate {
    from: Option<(Monotonic, u64, Duration)>,
    /// Things a second.
    pub each_second: Option<f32>,
    /// How long one takes, on average; `None` when there were none.
    pub takes: Option<Duration>,
}

impl Rate {
    /// Takes a reading in.
    pub fn update(&mut self, now: Monotonic, reading: &Reading) {
        let (at, works, busy) = *self.from.get_or_insert((now, reading.works, reading.busy));
        let span = now.since(at);
        if span >= SPAN {
            let done = reading.works.saturating_sub(works);
            self.each_second = Some((done as f64 / span.as_secs_f64()) as f32);
            let count = u32::try_from(done).unwrap_or(u32::MAX);
            self.takes = reading.busy.saturating_sub(busy).checked_div(count);
            self.from = Some((now, reading.works, reading.busy));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_and_none_before_them() {
        let mut rate = Rate::default();
        let mut take = |ms: u64, works: u64| {
            let busy = Duration::from_millis(10) * works as u32;
            rate.update(Monotonic::new(Duration::from_millis(ms)), &Reading { works, busy, ..Reading::default() });
            (rate.each_second, rate.takes)
        };
        assert_eq!((take(1000, 5), take(2900, 30)), ((None, None), (None, None)));
        assert_eq!(take(3000, 65), (Some(30.0), Some(Duration::from_millis(10))));
        assert_eq!(take(7000, 65), (Some(0.0), None));
    }
}
