//! What the service manager is told: that we are ready, how we are, that we still make progress.
//!
//! Where there is none (`NOTIFY_SOCKET` is not set) nothing is told to nobody.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState as Word;
use tracing::warn;

use crate::clock::Monotonic;

/// A line to the service manager.
#[derive(Debug, Default)]
pub struct Systemd {
    /// How often it wants a sign of life, at the least.
    watchdog: Option<Duration>,
    fed: Monotonic,
    status: String,
    failed: bool,
}

impl Systemd {
    /// The one that has started this process, if any has.
    pub fn of_process() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), ..Self::default() }
    }

    /// Everything is started.
    pub fn ready(&mut self) {
        self.say(&[Word::Ready]);
    }

    /// Something is being taken in anew, from `now` until [`Systemd::ready`].
    pub fn reloading(&mut self, now: Monotonic) {
        let micros = i128::try_from(now.since_zero().as_micros()).unwrap_or(i128::MAX);
        self.say(&[Word::Reloading, Word::MonotonicUsec(micros)]);
    }

    /// The end has begun.
    pub fn stopping(&mut self) {
        self.say(&[Word::Stopping, Word::Status("Ending events and saying goodbye.")]);
    }

    /// How we are, in a line; told when it has changed.
    pub fn status(&mut self, line: &str) {
        if self.status != line {
            line.clone_into(&mut self.status);
            self.say(&[Word::Status(line)]);
        }
    }

    /// There is progress: feeds the watchdog when it is time, three times as often as it asks for.
    pub fn progress(&mut self, now: Monotonic) {
        let Some(every) = self.watchdog else { return };
        if now.since(self.fed) >= every / 3 {
            self.fed = now;
            self.say(&[Word::Watchdog]);
        }
    }

    fn say(&mut self, words: &[Word<'_>]) {
        let said: io::Result<()> = sd_notify::notify(words);
        if let Err(error) = said
            && !std::mem::replace(&mut self.failed, true)
        {
            warn!(%error, "The service manager cannot be told how this service is; see NOTIFY_SOCKET.");
        }
    }
}
