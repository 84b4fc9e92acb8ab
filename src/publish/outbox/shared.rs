//! The queue behind a lock that is held for moments only, and what its users ask of it: the pipeline's thread, the
//! publisher's task, and the keeper's thread. None of the first two ever waits for the disk.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::{error, warn};

use super::letter::{Letter, Seq};
use super::queue::{Batch, Queue, Tally};
use super::settings::OutboxSettings;
use super::standing::{OutboxStanding, Place};
use crate::clock::{Clock, Monotonic};

/// How often is looked for letters that have become too old, when nothing else happens.
const SELDOM: Duration = Duration::from_secs(30);

/// How the keeper is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// After everything that waits is on the disk.
    Flushed,
    /// At once, as in a crash.
    Abandoned,
}

/// What the keeper is to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Task {
    /// Open the file.
    Open,
    /// Read these letters.
    Read(Vec<(Seq, u64)>),
    /// Write this.
    Write(Batch),
    /// Nothing any more.
    End,
}

struct Inner {
    queue: Queue,
    place: Place,
    trouble: Option<String>,
    /// Whether it was said, since the last connection, that events are lost.
    overflowing: bool,
    ending: Option<Ending>,
}

/// Letters on their way out.
pub struct Outbox {
    inner: Mutex<Inner>,
    work: Condvar,
    arrived: Arc<Notify>,
    clock: Arc<dyn Clock>,
    commit_every: Duration,
}

impl Outbox {
    /// An empty outbox, `in_memory` letters of which may be in memory only; `arrived` is told when there is something
    /// to send. With a folder in its settings it gives nothing out until a [`Keeper`](super::Keeper) has looked there.
    pub fn new(settings: &OutboxSettings, in_memory: usize, arrived: Arc<Notify>, clock: Arc<dyn Clock>) -> Self {
        let queue = Queue::new(settings.limits(in_memory), settings.dir.is_none());
        let inner = Inner { queue, place: Place::Memory, trouble: None, overflowing: false, ending: None };
        Self { inner: Mutex::new(inner), work: Condvar::new(), arrived, clock, commit_every: settings.commit_every }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole when the lock is let go, so a panicking peer leaves nothing half done.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a letter; when too many wait the oldest go, and are counted.
    pub fn push(&self, letter: Letter) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let overflows = inner.queue.push(letter, now);
        let first = overflows && !std::mem::replace(&mut inner.overflowing, true);
        let waiting = inner.queue.len();
        drop(inner);
        if first {
            error!(waiting, "Events are lost, oldest first: too many wait for the broker.");
        }
        self.work.notify_one();
        self.arrived.notify_one();
    }

    /// The next letter to send, with how long ago its event happened. It stays until it is acknowledged.
    pub fn take(&self) -> Option<(Seq, Letter, Duration)> {
        let now = self.clock.now();
        let mut inner = self.lock();
        let taken = inner.queue.take().map(|(seq, letter, date)| {
            let age = if letter.restored { date.age(now) } else { now.since(letter.event.at) };
            (seq, letter.clone(), age)
        });
        let more = match &taken {
            // The next ones may have to be read, too.
            Some((_, letter, _)) => letter.restored,
            None => inner.queue.starves(),
        };
        drop(inner);
        if more {
            self.work.notify_one();
        }
        taken
    }

    /// The broker has the letter, or will never have it: it leaves. `false` when it has left before.
    pub fn acknowledge(&self, seq: Seq) -> bool {
        self.lock().queue.acknowledge(seq, self.clock.now())
    }

    /// There is a connection: whatever was said of lost events may be said again.
    pub fn connected(&self) {
        self.lock().overflowing = false;
    }

    /// The connection is lost: what was not acknowledged is to be sent again.
    pub fn rewind(&self) {
        self.lock().queue.rewind();
    }

    /// How many letters were not yet acknowledged.
    pub fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// How many of them are in memory only.
    pub fn in_memory_only(&self) -> usize {
        self.lock().queue.in_memory_only()
    }

    /// What became of the others.
    pub fn tally(&self) -> Tally {
        self.lock().queue.tally()
    }

    /// How it is.
    pub fn standing(&self) -> OutboxStanding {
        let inner = self.lock();
        let tally = inner.queue.tally();
        OutboxStanding {
            place: inner.place,
            trouble: inner.trouble.clone(),
            overflowing: inner.overflowing,
            waiting: inner.queue.len() as u64,
            lost: tally.dropped + tally.expired + tally.unreadable,
        }
    }

    /// Tells the keeper to end.
    pub(super) fn end(&self, ending: Ending) {
        self.lock().ending = Some(ending);
        self.work.notify_all();
    }

    /// Waits until there is something for the keeper to do. `retry_at`: when the file is to be opened, while it is not
    /// open.
    pub(super) fn next_task(&self, retry_at: Option<Monotonic>) -> Task {
        let mut inner = self.lock();
        loop {
            let now = self.clock.now();
            if inner.queue.expire(now) {
                warn!(expired = inner.queue.tally().expired, "Events were dropped: they had waited too long.");
            }
            let (ending, due) = (inner.ending, inner.queue.due(self.commit_every));
            let mut until = now + SELDOM;
            match (ending, retry_at) {
                (Some(Ending::Abandoned), _) => return Task::End,
                (Some(Ending::Flushed), None) => return inner.queue.batch().map_or(Task::End, Task::Write),
                (_, Some(retry_at)) if retry_at <= now => return Task::Open,
                (Some(Ending::Flushed), Some(_)) => return Task::End,
                (None, Some(retry_at)) => until = until.min(retry_at),
                (None, None) => {
                    let wanted = inner.queue.wanted();
                    if !wanted.is_empty() {
                        return Task::Read(wanted.into_iter().map(|seq| (seq, inner.queue.key(seq))).collect());
                    }
                    if due.is_some_and(|due| due <= now)
                        && let Some(batch) = inner.queue.batch()
                    {
                        return Task::Write(batch);
                    }
                    until = due.map_or(until, |due| until.min(due));
                }
            }
            // At least a moment, so that a clock that stands still does not keep a processor busy.
            let wait = until.since(now).max(Duration::from_millis(1));
            inner = match self.work.wait_timeout(inner, wait) {
                Ok((inner, _)) => inner,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Does something with the queue, and tells those who send that there may be more.
    pub(super) fn settle<T>(&self, act: impl FnOnce(&mut Queue, Monotonic) -> T) -> T {
        let now = self.clock.now();
        let done = act(&mut self.lock().queue, now);
        self.arrived.notify_one();
        done
    }

    /// Says where letters are kept from now on, and why not on the disk.
    pub(super) fn stands(&self, place: Place, trouble: Option<String>) {
        let mut inner = self.lock();
        (inner.place, inner.trouble) = (place, trouble);
        if place == Place::Memory {
            inner.queue.go_without();
            drop(inner);
            self.arrived.notify_one();
        }
    }
}
