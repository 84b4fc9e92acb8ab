//! One line that tells how it goes: renewed every second at a terminal, written every ten seconds elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::shared::Shared;
use crate::clock::Monotonic;

/// How often the line is renewed at a terminal, and elsewhere.
const RENEWED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Shows how it goes, on standard error.
pub struct Progress {
    terminal: bool,
    started: Monotonic,
    shown: Option<(Monotonic, u64)>,
}

impl Progress {
    /// Begins to count seconds.
    pub fn new(started: Monotonic) -> Self {
        Self { terminal: io::stderr().is_terminal(), started, shown: None }
    }

    /// Shows the line, when it is time.
    pub fn show(&mut self, phase: &str, now: Monotonic, shared: &Shared) {
        let every = if self.terminal { RENEWED.0 } else { RENEWED.1 };
        let since = self.shown.map_or(self.started, |(at, _)| at);
        if now.since(since) < every {
            return;
        }
        let published = shared.published();
        let sent = published.states_published + published.events_published;
        let rate = (sent - self.shown.map_or(0, |(_, sent)| sent)) as f64 / now.since(since).as_secs_f64();
        let records = shared.records();
        let tally = records.ledger.tally();
        let line = format!(
            "{:>4} s  {phase:<10}  {} of {} online  {rate:.0} messages/s  events {} sent, {} received, {} twice",
            now.since(self.started).as_secs(),
            records.online(),
            shared.plan.devices,
            tally.produced,
            tally.received,
            tally.duplicates,
        );
        drop(records);
        self.shown = Some((now, sent));
        // Nobody is harmed when nobody reads it.
        let _ = if self.terminal { write!(io::stderr(), "\r{line}\x1b[K") } else { writeln!(io::stderr(), "{line}") };
    }

    /// Ends the line.
    pub fn over(&self) {
        if self.terminal && self.shown.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}
