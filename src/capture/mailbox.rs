//! A link that holds one value: the newest. An older one that nobody took is overwritten and counted.
//!
//! Values are swapped, not copied or allocated: writer, slot and reader each own a buffer and pass them
//! round, so three buffers serve for ever.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

struct Slot<T> {
    value: T,
    fresh: bool,
    closed: bool,
    replaced: u64,
}

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

/// The end that puts values in. Dropping it closes the mailbox.
pub struct Sender<T>(Arc<Shared<T>>);

/// The end that takes values out.
pub struct Receiver<T>(Arc<Shared<T>>);

/// What waiting for a value brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A fresh value was swapped in.
    Fresh,
    /// Nothing came within the time.
    TimedOut,
    /// The sender is gone and its last value was taken.
    Closed,
}

/// A mailbox of one place.
pub fn mailbox<T: Default>() -> (Sender<T>, Receiver<T>) {
    let slot = Slot { value: T::default(), fresh: false, closed: false, replaced: 0 };
    let shared = Arc::new(Shared { slot: Mutex::new(slot), arrived: Condvar::new() });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Swaps `value` in; what comes back is an old buffer to fill next.
    pub fn put(&self, value: &mut T) {
        let mut slot = self.0.lock();
        mem::swap(&mut slot.value, value);
        if mem::replace(&mut slot.fresh, true) {
            slot.replaced += 1;
        }
        self.0.arrived.notify_one();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_one();
    }
}

impl<T> Receiver<T> {
    /// Waits for a value newer than the last and swaps it into `value`.
    pub fn take(&self, value: &mut T, timeout: Duration) -> Taken {
        let waiting = |slot: &mut Slot<T>| !slot.fresh && !slot.closed;
        let (mut slot, _) = self
            .0
            .arrived
            .wait_timeout_while(self.0.lock(), timeout, waiting)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if mem::take(&mut slot.fresh) {
            mem::swap(&mut slot.value, value);
            Taken::Fresh
        } else if slot.closed {
            Taken::Closed
        } else {
            Taken::TimedOut
        }
    }

    /// How many values were replaced before anyone took them.
    pub fn replaced(&self) -> u64 {
        self.0.lock().replaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn only_the_newest_value_is_taken_and_the_others_are_counted() {
        let (sender, receiver) = mailbox();
        for mut value in 1..=3 {
            sender.put(&mut value);
        }
        let mut value = 0;
        assert_eq!(receiver.take(&mut value, LONG), Taken::Fresh);
        assert_eq!((value, receiver.replaced()), (3, 2));
        assert_eq!(receiver.take(&mut value, SOON), Taken::TimedOut);
    }

    #[test]
    fn the_last_value_is_still_taken_after_the_sender_has_gone() {
        let (sender, receiver) = mailbox();
        sender.put(&mut 7);
        drop(sender);
        let mut value = 0;
        assert_eq!(receiver.take(&mut value, LONG), Taken::Fresh);
        assert_eq!(value, 7);
        assert_eq!(receiver.take(&mut value, LONG), Taken::Closed);
    }

    #[test]
    fn a_waiting_reader_wakes_when_the_sender_puts() {
        let (sender, receiver) = mailbox();
        let reader = std::thread::spawn(move || {
            let mut value = 0;
            (receiver.take(&mut value, LONG), value)
        });
        sender.put(&mut 5);
        assert_eq!(reader.join().unwrap(), (Taken::Fresh, 5));
    }

    #[test]
    fn buffers_go_round_and_are_not_made_anew() {
        let (sender, receiver) = mailbox::<Vec<u8>>();
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
