//! The thread "outbox", which alone touches the disk: opens the file, writes in batches, reads back what is to be sent.
//!
//! While the disk does not do as it should, letters are kept in memory, health says why, and it is tried again, ever
//! more rarely. A file that is beyond repair is set aside; the letters that are found in it go into a new one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{error, info, warn};

use super::letter::{Letter, Seq};
use super::limits::Dating;
use super::queue::{AHEAD, BATCH, Batch, Found};
use super::salvage;
use super::shared::{Ending, Outbox, Task};
use super::standing::Place;
use super::store::{Store, StoreError, searched, set_aside, unsearched};
use super::{record, store};
use crate::clock::{Clock, Monotonic};

/// The first pause after the disk failed; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The thread and the end that stops it. Dropping it leaves what is in memory unwritten, as a crash would.
pub struct Keeper {
    outbox: Arc<Outbox>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts to keep `outbox` in `folder`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(outbox: Arc<Outbox>, folder: PathBuf, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let work = Work {
            outbox: outbox.clone(),
            folder,
            clock,
            store: None,
            retry_at: Monotonic::default(),
            pause: FIRST_PAUSE,
            said: None,
        };
        let thread = thread::Builder::new().name("outbox".to_owned()).spawn(move || work.run())?;
        Ok(Self { outbox, thread: Some(thread) })
    }

    /// Writes what is in memory only, and ends. Blocks as long as the disk takes.
    pub fn stop(mut self) {
        self.outbox.end(Ending::Flushed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("The thread that keeps events on the disk had panicked.");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.outbox.end(Ending::Abandoned);
    }
}

struct Work {
    outbox: Arc<Outbox>,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    store: Option<Store>,
    retry_at: Monotonic,
    pause: Duration,
    /// What was said in the log of the trouble there is.
    said: Option<String>,
}

impl Work {
    fn run(mut self) {
        loop {
            let closed = self.store.is_none().then_some(self.retry_at);
            match self.outbox.next_task(closed) {
                Task::Open => match self.open() {
                    Ok(store) => self.opened(store),
                    Err(error) => self.failed(&error),
                },
                Task::Read(letters) => self.read(&letters),
                Task::Write(batch) => self.write(batch),
                Task::End => return,
            }
        }
    }

    fn dating(&self) -> Dating {
        let now = self.clock.now();
        Dating { now, wall: self.clock.wall(now) }
    }

    fn opened(&mut self, store: Store) {
        self.store = Some(store);
        self.pause = FIRST_PAUSE;
        self.outbox.stands(Place::Disk, None);
        if self.said.take().is_some() {
            info!(folder = %self.folder.display(), "Events are kept on the disk again.");
        }
    }

    /// Opens the file and tells the queue what it holds.
    fn open(&self) -> Result<Store, StoreError> {
        let (store, index) = match self.look() {
            Err(StoreError::Damaged { path, reason }) => {
                set_aside(&self.folder)?;
                error!(file = %path.display(), reason, "The file of events that wait is damaged and was set aside.");
                self.look()?
            }
            result => result?,
        };
        index.say();
        let Index { found, keys, letters, .. } = index;
        self.outbox.settle(|queue, now| queue.adopt(&found, keys, letters, now));
        Ok(store)
    }

    /// The file, into which the letters of one that was set aside go first, and what it holds.
    fn look(&self) -> Result<(Store, Index), StoreError> {
        if let Some(aside) = unsearched(&self.folder) {
            self.salvage(&aside)?;
        }
        let mut index = Index::new(self.dating());
        let store = Store::open(&self.folder, |key, record| index.add(key, record))?;
        Ok((store, index))
    }

    /// Puts the letters that can be found in a damaged file into the new one. Where it is broken off, by a power cut or a
    /// full disk, it is done again as a whole: a letter has the same key each time.
    fn salvage(&self, aside: &Path) -> Result<(), StoreError> {
        let found = File::open(aside).and_then(|file| salvage::search(file, &self.dating()));
        let letters = found.unwrap_or_else(|error| {
            error!(file = %aside.display(), "Events are lost: the damaged file cannot be read at all: {error}.");
            Vec::new()
        });
        let mut store = Store::open(&self.folder, |_, _| {})?;
        for batch in letters.chunks(BATCH) {
            let records: Vec<_> = batch.iter().map(|(key, letter)| (*key, record::encode(*key, letter))).collect();
            store.commit(&records, &[])?;
        }
        let kept = searched(&self.folder)?;
        warn!(
            letters = letters.len(), file = %kept.display(),
            "Events were found in the damaged file; some may have been published before."
        );
        Ok(())
    }

    fn read(&mut self, wanted: &[(Seq, u64)]) {
        let Some(store) = &mut self.store else { return };
        let keys: Vec<_> = wanted.iter().map(|(_, key)| *key).collect();
        match store.read(&keys) {
            Ok(records) => {
                let dating = self.dating();
                let letter = |key: u64| {
                    let (_, record) = records.iter().find(|(other, _)| *other == key)?;
                    record::decode(record, &dating).ok().map(|(_, letter)| letter)
                };
                let letters = wanted.iter().map(|(seq, key)| (*seq, letter(*key))).collect();
                if self.outbox.settle(|queue, now| queue.supply(letters, now)) {
                    error!("Events are lost: the disk did not give them back as they were written.");
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn write(&mut self, batch: Batch) {
        let Some(store) = &mut self.store else { return };
        let (insert, remove) = self.outbox.settle(|queue, _| {
            let insert: Vec<_> = batch.insert.iter().map(|(seq, letter)| (queue.key(*seq), letter)).collect();
            let remove: Vec<_> = batch.remove.iter().map(|seq| queue.key(*seq)).collect();
            (insert, remove)
        });
        let records: Vec<_> = insert.iter().map(|(key, letter)| (*key, record::encode(*key, letter))).collect();
        match store.commit(&records, &remove) {
            Ok(()) => self.outbox.settle(|queue, now| queue.written(&batch, now)),
            Err(error) => {
                self.outbox.settle(|queue, now| queue.not_written(batch, now));
                self.failed(&error);
            }
        }
    }

    /// The disk is not to be used until later.
    fn failed(&mut self, error: &StoreError) {
        self.store = None;
        self.retry_at = self.clock.now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let trouble = format!("events wait in memory only: {error}");
        if self.said.as_ref() != Some(&trouble) {
            warn!("Events wait in memory only, and a power cut would lose them: {error}.");
            self.said = Some(trouble.clone());
        }
        self.outbox.stands(Place::Memory, Some(trouble));
    }
}

/// What a file holds.
struct Index {
    dating: Dating,
    found: Vec<Found>,
    /// One beyond the highest key.
    keys: u64,
    /// The first of those that were found.
    letters: Vec<Letter>,
    unreadable: u64,
    why: Option<record::Unreadable>,
}

impl Index {
    fn new(dating: Dating) -> Self {
        Self { dating, found: Vec::new(), keys: 0, letters: Vec::new(), unreadable: 0, why: None }
    }

    fn add(&mut self, key: u64, bytes: &[u8]) {
        self.keys = self.keys.max(key + 1);
        match record::decode(bytes, &self.dating) {
            Ok((_, letter)) => {
                let date = self.dating.date(letter.times.at.timestamp());
                self.found.push(Found { key, date, bytes: record::size(&letter) });
                if self.letters.len() < AHEAD {
                    self.letters.push(letter);
                }
            }
            Err(why) => {
                self.unreadable += 1;
                self.why = Some(why);
            }
        }
    }

    fn say(&self) {
        if !self.found.is_empty() {
            info!(events = self.found.len(), "Events from before wait on the disk; they go out first.");
        }
        if let Some(why) = self.why {
            warn!(events = self.unreadable, "Events on the disk cannot be read: {why}. They stay in {}.", store::FILE);
        }
    }
}
