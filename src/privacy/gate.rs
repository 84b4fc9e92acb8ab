//! Whether anything is sensed: a gate that several can hold shut, each for a reason of its own.
//!
//! It opens when nobody holds it any more. The threads that read a camera or a microphone ask it before every frame and
//! every piece of sound, which costs one atomic load; whoever shows or announces it waits for its changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use thiserror::Error;
use tokio::sync::watch;

use crate::clock::Monotonic;

/// Whether anything is sensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensing {
    /// What the configuration allows is sensed.
    On,
    /// Nothing is.
    Muted(Reason),
}

/// Why nothing is sensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody asked for it while the program ran.
    Command,
    /// Nobody has agreed yet, or the consent was withdrawn.
    Consent,
    /// The configuration says to start so.
    Configured,
}

impl Reason {
    /// Those that hold together are told in this order.
    const ALL: [Self; 3] = [Self::Command, Self::Consent, Self::Configured];

    const fn bit(self) -> u8 {
        match self {
            Self::Command => 1,
            Self::Consent => 2,
            Self::Configured => 4,
        }
    }
}

/// Who is asked for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// Nobody: it is given.
    #[default]
    NotAsked,
    /// Whoever unmutes agrees.
    ByUnmute,
    /// A signal: it alone gives and withdraws consent, and to unmute does not stand in for it.
    BySignal,
}

/// It was unmuted, and something else still holds the gate shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "nothing is sensed yet: nobody has agreed, or the consent was withdrawn; it is given by the consent signal alone"
)]
pub struct StillMuted {
    /// What holds it.
    pub reason: Reason,
}

#[derive(Debug)]
struct Held {
    by: u8,
    since: Monotonic,
}

impl Held {
    fn sensing(&self) -> Sensing {
        let first = Reason::ALL.into_iter().find(|reason| self.by & reason.bit() != 0);
        first.map_or(Sensing::On, Sensing::Muted)
    }
}

/// One time that the gate is open, unlike any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening(u64);

/// In place of the moment since when the gate is open, while it is shut.
const SHUT: u64 = u64::MAX;

#[derive(Debug)]
struct Shared {
    /// Since when it is open, in nanoseconds of the clock; what was captured before may not be read.
    open_since: AtomicU64,
    held: Mutex<Held>,
    consent: Consent,
    changes: watch::Sender<Sensing>,
}

/// The gate; clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Shared>);

impl Gate {
    /// A gate that nobody holds shut, from `now` on.
    pub fn open(now: Monotonic) -> Self {
        Self::starting(Consent::NotAsked, false, now)
    }

    /// A gate that is shut until there is consent where that is asked for, and until somebody unmutes where it is to
    /// start `muted`.
    pub fn starting(consent: Consent, muted: bool, now: Monotonic) -> Self {
        let asked = if consent == Consent::NotAsked { 0 } else { Reason::Consent.bit() };
        let configured = if muted { Reason::Configured.bit() } else { 0 };
        let held = Held { by: asked | configured, since: now };
        let (changes, _) = watch::channel(held.sensing());
        // What a source that was opened before the gate has captured is as good as what comes after.
        let open_since = AtomicU64::new(if held.by == 0 { 0 } else { SHUT });
        Self(Arc::new(Shared { open_since, held: Mutex::new(held), consent, changes }))
    }

    /// Whether the next frame and the next sound may be taken from their sources.
    pub fn is_open(&self) -> bool {
        self.0.open_since.load(Ordering::Acquire) != SHUT
    }

    /// Which time it is that the gate is open; `None` while it is shut. A thread that was busy while it was shut for a
    /// moment knows by this that it was.
    pub fn opening(&self) -> Option<Opening> {
        let since = self.0.open_since.load(Ordering::Acquire);
        (since != SHUT).then_some(Opening(since))
    }

    /// Whether what was captured at that moment may be read. What a device still held from before the gate opened may
    /// not.
    pub fn lets(&self, captured_at: Monotonic) -> bool {
        let since = self.0.open_since.load(Ordering::Acquire);
        since != SHUT && nanos(captured_at) >= since
    }

    /// Whether anything is sensed, and why not.
    pub fn sensing(&self) -> Sensing {
        self.held().sensing()
    }

    /// When it last opened or shut. Another reason to be shut is no such change.
    pub fn since(&self) -> Monotonic {
        self.held().since
    }

    /// Both, of one moment.
    pub fn state(&self) -> (Sensing, Monotonic) {
        let held = self.held();
        (held.sensing(), held.since)
    }

    /// Shuts the gate, for one more reason when it is shut already.
    pub fn mute(&self, reason: Reason, now: Monotonic) {
        self.change(now, |by| by | reason.bit());
    }

    /// Takes back what a command or the configuration muted, and gives consent where that is asked for of whoever
    /// unmutes.
    ///
    /// # Errors
    /// When the gate stays shut because consent comes from a signal and is not there. It will open when it comes.
    pub fn unmute(&self, now: Monotonic) -> Result<(), StillMuted> {
        let stays = if self.0.consent == Consent::BySignal { Reason::Consent.bit() } else { 0 };
        match self.change(now, |by| by & stays) {
            Sensing::On => Ok(()),
            Sensing::Muted(reason) => Err(StillMuted { reason }),
        }
    }

    /// Says that the signal gives consent, or that it does not any more.
    pub fn consent(&self, given: bool, now: Monotonic) {
        let bit = Reason::Consent.bit();
        self.change(now, |by| if given { by & !bit } else { by | bit });
    }

    /// What is sensed, now and whenever it changes.
    pub fn changes(&self) -> watch::Receiver<Sensing> {
        self.0.changes.subscribe()
    }

    fn change(&self, now: Monotonic, change: impl FnOnce(u8) -> u8) -> Sensing {
        let mut held = self.held();
        let (former, was_open) = (held.sensing(), held.by == 0);
        held.by = change(held.by);
        let is_open = held.by == 0;
        if is_open != was_open {
            held.since = now;
            self.0.open_since.store(if is_open { nanos(now) } else { SHUT }, Ordering::Release);
        }
        let sensing = held.sensing();
        if sensing != former {
            // Under the lock, so that changes are told in their order.
            self.0.changes.send_replace(sensing);
        }
        sensing
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A change is whole when the lock is let go, so a panicking peer leaves nothing half done.
        self.0.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A moment as a number that is less than [`SHUT`] for the next five hundred years.
fn nanos(at: Monotonic) -> u64 {
    u64::try_from(at.since_zero().as_nanos()).unwrap_or(SHUT - 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::new(Duration::from_secs(seconds))
    }

    #[test]
    fn it_opens_when_nobody_holds_it_any_more() {
        let gate = Gate::starting(Consent::BySignal, false, at(1));
        assert_eq!((gate.is_open(), gate.sensing()), (false, Sensing::Muted(Reason::Consent)));
        gate.mute(Reason::Command, at(2));
        assert_eq!((gate.sensing(), gate.since()), (Sensing::Muted(Reason::Command), at(1)));
        gate.consent(true, at(3));
        assert!(!gate.is_open(), "a command holds it");
        assert_eq!(gate.unmute(at(4)), Ok(()));
        assert_eq!((gate.is_open(), gate.sensing(), gate.since()), (true, Sensing::On, at(4)));
    }

    #[test]
    fn to_unmute_is_no_consent_where_a_signal_gives_it() {
        let gate = Gate::starting(Consent::BySignal, true, at(1));
        gate.mute(Reason::Command, at(2));
        assert_eq!(gate.unmute(at(3)), Err(StillMuted { reason: Reason::Consent }));
        gate.consent(true, at(4));
        assert!(gate.is_open(), "neither the command nor the configuration holds it any more");
        gate.consent(false, at(5));
        assert_eq!((gate.is_open(), gate.since()), (false, at(5)));
    }

    #[test]
    fn to_unmute_is_consent_where_nothing_else_gives_it() {
        let gate = Gate::starting(Consent::ByUnmute, false, at(1));
        assert_eq!(gate.sensing(), Sensing::Muted(Reason::Consent));
        assert_eq!(gate.unmute(at(2)), Ok(()));
        gate.mute(Reason::Consent, at(3));
        assert_eq!(gate.sensing(), Sensing::Muted(Reason::Consent));
        assert_eq!(gate.unmute(at(4)), Ok(()));
    }

    #[test]
    fn a_gate_that_is_to_start_muted_waits_for_somebody_to_unmute() {
        let gate = Gate::starting(Consent::NotAsked, true, at(1));
        assert_eq!(gate.sensing(), Sensing::Muted(Reason::Configured));
        assert_eq!(gate.unmute(at(2)), Ok(()));
    }

    #[test]
    fn what_was_captured_before_the_gate_opened_may_not_be_read() {
        let gate = Gate::open(at(5));
        assert!(gate.lets(at(0)), "nobody was asked, and nothing was muted");
        gate.mute(Reason::Command, at(6));
        assert!(!gate.lets(at(5)) && !gate.lets(at(7)));
        gate.unmute(at(8)).unwrap();
        assert_eq!([7, 8, 9].map(|second| gate.lets(at(second))), [false, true, true]);
    }

    #[test]
    fn that_it_was_shut_for_a_moment_is_known_afterwards() {
        let gate = Gate::open(at(1));
        let first = gate.opening();
        assert!(first.is_some() && first == gate.opening());
        gate.mute(Reason::Command, at(2));
        assert_eq!(gate.opening(), None);
        gate.unmute(at(3)).unwrap();
        assert!(gate.opening().is_some() && gate.opening() != first);
    }

    #[test]
    fn changes_are_told_to_whoever_waits_and_only_changes() {
        let gate = Gate::open(at(1));
        let (mut changes, other) = (gate.changes(), gate.clone());
        gate.consent(true, at(2));
        assert!(!changes.has_changed().unwrap(), "it was given before");
        other.mute(Reason::Command, at(3));
        assert!(changes.has_changed().unwrap());
        assert_eq!(*changes.borrow_and_update(), Sensing::Muted(Reason::Command));
        other.mute(Reason::Command, at(4));
        assert!(!changes.has_changed().unwrap());
        assert_eq!(gate.since(), at(3));
    }
}
