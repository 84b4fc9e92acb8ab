//! Letters in the order in which they are sent, and where each of them is: in memory, on the disk, or both. Pure: what
//! is to be done with the disk is asked for, and what came of it is told.
//!
//! Of every letter that waits an entry of 24 bytes is here. The letter itself is here while it is in memory only, and
//! else as long as it is among the first [`AHEAD`]: those are sent next.

use std::collections::VecDeque;
use std::time::Duration;

use super::letter::{Letter, Seq};
use super::limits::{Date, Limits, OVERHEAD};
use super::record;
use crate::clock::Monotonic;

/// How many of the first letters are held in memory although they are on the disk.
pub const AHEAD: usize = 512;

/// The most letters that are written at a time.
pub const BATCH: usize = 1024;

/// So many letters that are in memory only are written before their time has come.
pub const CROWD: usize = 256;

/// The number of the first letter of a run. What is found on the disk goes before it.
const FIRST: u64 = 1 << 62;

/// How far numbers are moved when they are given anew.
const APART: u64 = 1 << 40;

/// Keys on the disk are below this, so that their letters can be numbered.
pub const KEYS: u64 = 1 << 61;

/// What became of letters that were not delivered, and how many were found on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Gone because too many waited.
    pub dropped: u64,
    /// Gone because they had become too old.
    pub expired: u64,
    /// Gone because the disk did not give them back.
    pub unreadable: u64,
    /// Found on the disk, from before the start.
    pub restored: u64,
}

#[derive(Debug)]
struct Entry {
    seq: Seq,
    date: Date,
    bytes: u16,
    sent: bool,
    held: Held,
    letter: Option<Box<Letter>>,
}

/// There may be a hundred thousand of them.
const _: () = assert!(size_of::<Entry>() <= 24);

/// Where a letter is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// In memory only.
    Memory,
    /// On the disk, where this queue had it written.
    Written,
    /// On the disk, where it was found.
    Found,
}

/// What is to be written, all at once.
#[derive(Debug, Default, PartialEq)]
pub struct Batch {
    /// Letters that are in memory only.
    pub insert: Vec<(Seq, Letter)>,
    /// Letters that have left and are still on the disk.
    pub remove: Vec<Seq>,
}

/// A letter that was found on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Its key there.
    pub key: u64,
    /// When it happened.
    pub date: Date,
    /// The bytes that it takes there.
    pub bytes: u16,
}

/// Letters in the order in which they are sent.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    entries: VecDeque<Entry>,
    /// Those that are in memory only, oldest first, and since when.
    fresh: VecDeque<(Seq, Monotonic)>,
    /// Those that have left and are still on the disk, and since when there are any.
    gone: Vec<Seq>,
    gone_since: Monotonic,
    bytes: u64,
    next: Seq,
    /// A letter's number less its key on the disk.
    offset: u64,
    /// Whether the disk was asked for what it holds: nothing is sent before that.
    ready: bool,
    /// Whether the disk ever gave what it holds.
    adopted: bool,
    tally: Tally,
}

impl Queue {
    /// An empty queue. Where there is no disk it is `ready` at once.
    pub fn new(limits: Limits, ready: bool) -> Self {
        let (entries, fresh, gone) = (VecDeque::new(), VecDeque::new(), Vec::new());
        let (next, gone_since, tally) = (Seq(FIRST), Monotonic::default(), Tally::default());
        let (bytes, offset, adopted) = (0, FIRST, false);
        Self { limits, entries, fresh, gone, gone_since, bytes, next, offset, ready, adopted, tally }
    }

    /// Adds a letter. When there is no room for it the oldest go; returns whether any did.
    pub fn push(&mut self, letter: Letter, now: Monotonic) -> bool {
        let (seq, date, bytes) = (self.next, Date::of(letter.event.at), record::size(&letter));
        self.next = Seq(seq.0 + 1);
        self.bytes += cost(bytes);
        let letter = Some(Box::new(letter));
        self.entries.push_back(Entry { seq, date, bytes, sent: false, held: Held::Memory, letter });
        self.fresh.push_back((seq, now));
        self.make_room()
    }

    /// Takes the next letter to send. It stays here until it is acknowledged. `None` also while the next one has still
    /// to be read from the disk: see [`Queue::wanted`].
    pub fn take(&mut self) -> Option<(Seq, &Letter, Date)> {
        let entry = self.entries.iter_mut().filter(|_| self.ready).find(|entry| !entry.sent)?;
        let letter = entry.letter.as_deref()?;
        entry.sent = true;
        Some((entry.seq, letter, entry.date))
    }

    /// The broker has the letter: it leaves. `false` when it has left before.
    pub fn acknowledge(&mut self, seq: Seq, now: Monotonic) -> bool {
        let found = self.entries.binary_search_by_key(&seq, |entry| entry.seq);
        if let Ok(index) = found {
            self.discard(index, now);
        }
        found.is_ok()
    }

    /// The connection is lost: whatever was not acknowledged is to be sent again.
    pub fn rewind(&mut self) {
        // Those that were sent are among the first, but for what the disk gave late.
        self.entries.iter_mut().for_each(|entry| entry.sent = false);
    }

    /// Lets those go that have become too old; whether any had.
    pub fn expire(&mut self, now: Monotonic) -> bool {
        let before = self.tally.expired;
        while self.entries.front().is_some_and(|entry| self.limits.is_too_old(entry.date, now)) {
            self.discard(0, now);
            self.tally.expired += 1;
        }
        self.tally.expired > before
    }

    /// How many letters were not yet acknowledged.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many of them are in memory only.
    pub fn in_memory_only(&self) -> usize {
        self.fresh.len()
    }

    /// What became of the others.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether the next letter to send is on the disk only.
    pub fn starves(&self) -> bool {
        self.entries.iter().find(|entry| !entry.sent).is_some_and(|entry| entry.letter.is_none())
    }

    /// Letters that will be sent soon and are on the disk only.
    pub fn wanted(&self) -> Vec<Seq> {
        let soon = self.entries.iter().filter(|entry| !entry.sent).take(AHEAD / 2);
        if soon.clone().take(AHEAD / 8).all(|entry| entry.letter.is_some()) {
            return Vec::new();
        }
        soon.filter(|entry| entry.letter.is_none()).map(|entry| entry.seq).collect()
    }

    /// What the disk gave of those that were wanted. What it did not give is lost; whether any was.
    pub fn supply(&mut self, letters: Vec<(Seq, Option<Letter>)>, now: Monotonic) -> bool {
        let before = self.tally.unreadable;
        for (seq, letter) in letters {
            let Ok(index) = self.entries.binary_search_by_key(&seq, |entry| entry.seq) else { continue };
            match letter {
                Some(letter) => {
                    let entry = &mut self.entries[index];
                    entry.letter = Some(Box::new(Letter { restored: entry.held == Held::Found, ..letter }));
                }
                None => {
                    self.discard(index, now);
                    self.tally.unreadable += 1;
                }
            }
        }
        self.tally.unreadable > before
    }

    /// When something is to be written; `None` while nothing is. What waits for the disk waits `every` at the most, or
    /// until it is a [`CROWD`].
    pub fn due(&self, every: Duration) -> Option<Monotonic> {
        let fresh = self.fresh.front().map(|(_, since)| match self.fresh.len() < CROWD {
            true => *since + every,
            false => *since,
        });
        let gone = (!self.gone.is_empty()).then(|| self.gone_since + every);
        fresh.into_iter().chain(gone).min()
    }

    /// What is to be written, if anything.
    pub fn batch(&mut self) -> Option<Batch> {
        let letter = |seq: Seq| {
            let index = self.entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
            Some((seq, self.entries[index].letter.as_deref()?.clone()))
        };
        let insert: Vec<_> = self.fresh.iter().take(BATCH).filter_map(|(seq, _)| letter(*seq)).collect();
        let batch = Batch { insert, remove: std::mem::take(&mut self.gone) };
        (batch != Batch::default()).then_some(batch)
    }

    /// The batch is on the disk.
    pub fn written(&mut self, batch: &Batch, now: Monotonic) {
        for (seq, _) in &batch.insert {
            if let Ok(index) = self.fresh.binary_search_by_key(seq, |(seq, _)| *seq) {
                self.fresh.remove(index);
            }
            match self.entries.binary_search_by_key(seq, |entry| entry.seq) {
                Ok(index) => {
                    let entry = &mut self.entries[index];
                    entry.held = Held::Written;
                    if index >= AHEAD {
                        entry.letter = None;
                    }
                }
                // It left meanwhile.
                Err(_) => self.leave(*seq, now),
            }
        }
    }

    /// The batch is not on the disk, or perhaps it is; the disk must be asked again for what it holds.
    pub fn not_written(&mut self, batch: Batch, now: Monotonic) {
        batch.remove.into_iter().for_each(|seq| self.leave(seq, now));
    }

    /// The disk holds these, in the order of their keys, and `letters` are the first of them. They go before everything
    /// that is in memory only. `keys`: one beyond the highest key there. Whatever else was on the disk is not there any
    /// more.
    pub fn adopt(&mut self, found: &[Found], keys: u64, letters: Vec<Letter>, now: Monotonic) {
        let mut left: Vec<_> = std::mem::take(&mut self.gone).into_iter().map(|seq| self.key(seq)).collect();
        left.sort_unstable();
        let known: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.held != Held::Memory)
            .map(|entry| (entry.seq, entry.sent))
            .collect();
        self.entries.retain(|entry| entry.held == Held::Memory);
        self.number(keys);
        let mut letters = letters.into_iter();
        let mut adopted = VecDeque::with_capacity(found.len());
        for &Found { key, date, bytes } in found {
            let (seq, letter) = (Seq(self.offset + key), letters.next().map(Box::new));
            if left.binary_search(&key).is_ok() {
                self.leave(seq, now);
                continue;
            }
            let sent = known.binary_search_by_key(&seq, |(seq, _)| *seq).is_ok_and(|index| known[index].1);
            adopted.push_back(Entry { seq, date, bytes, sent, held: Held::Found, letter });
        }
        self.tally.restored += adopted.len().saturating_sub(known.len()) as u64;
        self.tally.unreadable += known.len().saturating_sub(adopted.len()) as u64;
        adopted.append(&mut self.entries);
        self.entries = adopted;
        self.bytes = self.entries.iter().map(|entry| cost(entry.bytes)).sum();
        (self.ready, self.adopted) = (true, true);
        self.make_room();
        self.expire(now);
    }

    /// Settles which numbers belong to the keys below `keys`. A number never comes to mean another letter, for an
    /// acknowledgement of it may be under way.
    fn number(&mut self, keys: u64) {
        let first = self.entries.front().map_or(self.next, |entry| entry.seq);
        if self.adopted && keys <= first.0 - self.offset {
            return;
        }
        if self.adopted {
            // Somebody else wrote under keys that were to be ours.
            self.entries.iter_mut().for_each(|entry| entry.seq.0 += APART);
            self.fresh.iter_mut().for_each(|(seq, _)| seq.0 += APART);
            self.next.0 += APART;
            self.rewind();
        }
        let first = self.entries.front().map_or(self.next, |entry| entry.seq);
        self.offset = first.0 - keys;
    }

    /// There is no disk for now: what waits goes out all the same.
    pub fn go_without(&mut self) {
        self.ready = true;
    }

    /// The key of a letter on the disk.
    pub fn key(&self, seq: Seq) -> u64 {
        seq.0 - self.offset
    }

    fn make_room(&mut self) -> bool {
        let before = self.tally.dropped;
        let now = self.fresh.back().map_or(self.gone_since, |(_, since)| *since);
        while self.bytes > self.limits.bytes && !self.entries.is_empty() {
            self.discard(0, now);
            self.tally.dropped += 1;
        }
        while self.fresh.len() > self.limits.in_memory {
            let Some((seq, _)) = self.fresh.front().copied() else { break };
            match self.entries.binary_search_by_key(&seq, |entry| entry.seq) {
                Ok(index) => self.discard(index, now),
                Err(_) => drop(self.fresh.pop_front()),
            }
            self.tally.dropped += 1;
        }
        self.tally.dropped > before
    }

    /// Takes an entry out, and off the disk if it is there.
    fn discard(&mut self, index: usize, now: Monotonic) {
        let Some(entry) = self.entries.remove(index) else { return };
        self.bytes -= cost(entry.bytes);
        if entry.held != Held::Memory {
            self.leave(entry.seq, now);
        } else if let Ok(index) = self.fresh.binary_search_by_key(&entry.seq, |(seq, _)| *seq) {
            self.fresh.remove(index);
        }
    }

    fn leave(&mut self, seq: Seq, now: Monotonic) {
        if self.gone.is_empty() {
            self.gone_since = now;
        }
        self.gone.push(seq);
    }
}

fn cost(bytes: u16) -> u64 {
    u64::from(bytes) + OVERHEAD
}
