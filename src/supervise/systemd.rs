//! What the service manager is told: that we are ready, how we are, that we still make progress.
//!
//! Where there is none (`NOTIFY_SOCKET` is not set) nothing is told to nobody.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use sd_notify::NotifyState as Word;
use tracing::warn;

use crate::clock::Monotonic;

/// What waits for a service manager that does not listen; more is not told at all.
const WAITING: usize = 16;

/// A line to the service manager. It is told on a thread of its own: one that does not listen holds up nobody.
#[derive(Debug, Default)]
pub struct Systemd {
    line: Option<SyncSender<String>>,
    /// How often it wants a sign of life, at the least.
    watchdog: Option<Duration>,
    fed: Monotonic,
    status: String,
    failed: bool,
}

impl Systemd {
    /// The one that has started this process, if any has.
    pub fn of_process() -> Self {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Self::default();
        }
        let (line, words) = sync_channel(WAITING);
        match thread::Builder::new().name("systemd".into()).spawn(move || speak(&words)) {
            Ok(_) => Self { line: Some(line), watchdog: sd_notify::watchdog_enabled(), ..Self::default() },
            Err(error) => {
                warn!(%error, "The service manager cannot be told how this service is: no thread.");
                Self::default()
            }
        }
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
        let Some(line) = &self.line else { return };
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        if line.try_send(words.join("\n")).is_err() && !std::mem::replace(&mut self.failed, true) {
            warn!("The service manager does not listen; it will think that this service hangs.");
        }
    }
}

/// Passes on what is said, until nobody says anything any more.
fn speak(lines: &Receiver<String>) {
    let mut failed = false;
    for line in lines {
        if let Err(error) = sd_notify::notify(&[Word::Custom(&line)])
            && !std::mem::replace(&mut failed, true)
        {
            warn!(%error, "The service manager cannot be told how this service is; see NOTIFY_SOCKET.");
        }
    }
}
