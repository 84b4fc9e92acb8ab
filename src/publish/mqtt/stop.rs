//! When to end: not yet, by a deadline, or now.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How far the ending has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    Finishing(Instant),
    Over,
}

/// Hears the order to stop, and watches its deadline.
pub(super) struct Stop {
    order: watch::Receiver<Option<Duration>>,
    phase: Phase,
}

impl Stop {
    pub(super) fn new(order: watch::Receiver<Option<Duration>>) -> Self {
        Self { order, phase: Phase::Working }
    }

    /// Resolves when the phase has changed.
    pub(super) async fn changed(&mut self) {
        self.phase = match self.phase {
            Phase::Working => match self.order.changed().await {
                Ok(()) => Phase::Finishing(Instant::now() + self.order.borrow_and_update().unwrap_or_default()),
                // The publisher was dropped: nobody waits for a farewell.
                Err(_) => Phase::Over,
            },
            Phase::Finishing(deadline) => {
                sleep_until(deadline).await;
                Phase::Over
            }
            Phase::Over => Phase::Over,
        };
    }

    /// Whether to send what waits and then end.
    pub(super) fn finishing(&self) -> bool {
        matches!(self.phase, Phase::Finishing(_))
    }

    /// Whether to end now.
    pub(super) fn over(&self) -> bool {
        self.phase == Phase::Over
    }
}
