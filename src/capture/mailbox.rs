//! A link that holds one value: the newest. An older one that nobody took is overwritten and counted.
//!
//! Values are swapped, not copied or allocated: writer, slot and reader each own a buffer and pass them
//! round, so three buffers serve for ever. The link outlives the threads at its ends: whoever takes an end takes it
//! from the one before, who puts in and takes out nothing any more.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

#[derive(Default)]
struct Slot<T> {
    value: T,
    fresh: bool,
    closed: bool,
    replaced: u64,
    /// Which sender and which receiver count.
    sender: u64,
    receiver: u64,
}

#[derive(Default)]
struct Shared<T> {
    slot: Mutex<Slot<T>>,
    arrived: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        // A value is swapped in whole or not at all, so a panicking peer leaves nothing half done.
        self.slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The link itself; gives out its ends.
pub struct Mailbox<T>(Arc<Shared<T>>);

/// The end that puts values in.
pub struct Sender<T>(Arc<Shared<T>>, u64);

/// The end that takes values out.
pub struct Receiver<T>(Arc<Shared<T>>, u64);

/// What waiting for a value brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A fresh value was swapped in.
    Fresh,
    /// Nothing came within the time.
    TimedOut,
    /// The mailbox is closed and its last value was taken, or another receiver has taken the place of this one.
    Closed,
}

impl<T: Default> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Mailbox<T> {
    /// The end to put values in; a former one is cut off.
    pub fn sender(&self) -> Sender<T> {
        let mut slot = self.0.lock();
        slot.sender += 1;
        Sender(self.0.clone(), slot.sender)
    }

    /// The end to take values out; a former one is cut off.
    pub fn receiver(&self) -> Receiver<T> {
        let mut slot = self.0.lock();
        slot.receiver += 1;
        self.0.arrived.notify_all();
        Receiver(self.0.clone(), slot.receiver)
    }

    /// No more values will come.
    pub fn close(&self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }

    /// How many values were replaced before anyone took them.
    pub fn replaced(&self) -> u64 {
        self.0.lock().replaced
    }
}

impl<T> Sender<T> {
    /// Swaps `value` in; what comes back is an old buffer to fill next. Nothing happens when it is cut off.
    pub fn put(&self, value: &mut T) {
        let mut slot = self.0.lock();
        if slot.sender != self.1 {
            return;
        }
        mem::swap(&mut slot.value, value);
        if mem::replace(&mut slot.fresh, true) {
            slot.replaced += 1;
        }
        self.0.arrived.notify_all();
    }
}

impl<T> Receiver<T> {
    /// Waits for a value newer than the last and swaps it into `value`.
    pub fn take(&self, value: &mut T, timeout: Duration) -> Taken {
        let waiting = |slot: &mut Slot<T>| !slot.fresh && !slot.closed && slot.receiver == self.1;
        let (mut slot, _) = self
            .0
            .arrived
            .wait_timeout_while(self.0.lock(), timeout, waiting)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if slot.receiver != self.1 {
            Taken::Closed
        } else if mem::take(&mut slot.fresh) {
            mem::swap(&mut slot.value, value);
            Taken::Fresh
        } else if slot.closed {
            Taken::Closed
        } else {
            Taken::TimedOut
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(20);

    fn ends<T: Default>() -> (Mailbox<T>, Sender<T>, Receiver<T>) {
        let mailbox = Mailbox::default();
        let (sender, receiver) = (mailbox.sender(), mailbox.receiver());
        (mailbox, sender, receiver)
    }

    #[test]
    fn who_was_cut_off_puts_in_and_takes_out_nothing() {
        let (mailbox, old_sender, old_receiver) = ends();
        let (sender, receiver) = (mailbox.sender(), mailbox.receiver());
        old_sender.put(&mut 1);
        let mut value = 0;
        assert_eq!(receiver.take(&mut value, SOON), Taken::TimedOut);
        sender.put(&mut 2);
        assert_eq!((old_receiver.take(&mut value, LONG), value), (Taken::Closed, 0));
        assert_eq!((receiver.take(&mut value, LONG), value), (Taken::Fresh, 2));
    }

    #[test]
    fn a_reader_that_waits_goes_when_another_takes_its_place() {
        let (mailbox, _sender, receiver) = ends::<u8>();
        let reader = std::thread::spawn(move || receiver.take(&mut 0, LONG));
        let _other = mailbox.receiver();
        assert_eq!(reader.join().unwrap(), Taken::Closed);
    }

    #[test]
    fn only_the_newest_value_is_taken_and_the_others_are_counted() {
        let (mailbox, sender, receiver) = ends();
        for mut value in 1..=3 {
            sender.put(&mut value);
        }
        let mut value = 0;
        assert_eq!(receiver.take(&mut value, LONG), Taken::Fresh);
        assert_eq!((value, mailbox.replaced()), (3, 2));
        assert_eq!(receiver.take(&mut value, SOON), Taken::TimedOut);
    }

    #[test]
    fn the_last_value_is_still_taken_after_the_mailbox_was_closed() {
        let (mailbox, sender, receiver) = ends();
        sender.put(&mut 7);
        mailbox.close();
        let mut value = 0;
        assert_eq!(receiver.take(&mut value, LONG), Taken::Fresh);
        assert_eq!(value, 7);
        assert_eq!(receiver.take(&mut value, LONG), Taken::Closed);
    }

    #[test]
    fn a_waiting_reader_wakes_when_the_sender_puts() {
        let (_, sender, receiver) = ends();
        let reader = std::thread::spawn(move || {
            let mut value = 0;
            (receiver.take(&mut value, LONG), value)
        });
        sender.put(&mut 5);
        assert_eq!(reader.join().unwrap(), (Taken::Fresh, 5));
    }

    #[test]
    fn buffers_go_round_and_are_not_made_anew() {
        let (_, sender, receiver) = ends::<Vec<u8>>();
        let (mut written, mut read) = (Vec::with_capacity(64), Vec::with_capacity(64));
        for _ in 0..4 {
            written.clear();
            written.push(1);
            sender.put(&mut written);
            receiver.take(&mut read, LONG);
        }
        assert!(read.capacity() >= 64);
    }
}
