//! The queue against a model of the disk, which may fail, lose power and come back.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::letter::testing::{letter, letter_at, number};
use super::letter::{Letter, Seq};
use super::limits::{Date, Limits, OVERHEAD};
use super::queue::{AHEAD, Batch, CROWD, Found, Queue, Tally};
use super::record;
use crate::clock::Monotonic;

const ROOM: Limits = Limits { bytes: u64::MAX, age: None, in_memory: 10_000 };
const SECOND: Duration = Duration::from_secs(1);

fn at(ms: u64) -> Monotonic {
    Monotonic::new(Duration::from_millis(ms))
}

/// What a disk holds.
#[derive(Default, Clone)]
struct Disk(BTreeMap<u64, Letter>);

impl Disk {
    fn commit(&mut self, queue: &Queue, batch: &Batch) {
        for seq in &batch.remove {
            self.0.remove(&queue.key(*seq));
        }
        for (seq, letter) in &batch.insert {
            self.0.insert(queue.key(*seq), Letter { restored: true, ..letter.clone() });
        }
    }

    /// Writes what is to be written.
    fn write(&mut self, queue: &mut Queue) {
        while let Some(batch) = queue.batch() {
            self.commit(queue, &batch);
            queue.written(&batch, at(0));
        }
    }

    fn open(&self, queue: &mut Queue) {
        let found = |(&key, letter): (&u64, &Letter)| Found { key, date: Date::of(at(0)), bytes: record::size(letter) };
        let found: Vec<_> = self.0.iter().map(found).collect();
        let keys = self.0.last_key_value().map_or(0, |(key, _)| key + 1);
        queue.adopt(&found, keys, self.0.values().take(AHEAD).cloned().collect(), at(0));
    }

    fn supply(&self, queue: &mut Queue) {
        let wanted = queue.wanted();
        let letters = wanted.into_iter().map(|seq| (seq, self.0.get(&queue.key(seq)).cloned())).collect();
        queue.supply(letters, at(0));
    }

    fn numbers(&self) -> Vec<u128> {
        self.0.values().map(number).collect()
    }
}

fn without_disk(limits: Limits) -> Queue {
    Queue::new(limits, true)
}

fn on(disk: &Disk, limits: Limits) -> Queue {
    let mut queue = Queue::new(limits, false);
    disk.open(&mut queue);
    queue
}

fn push(queue: &mut Queue, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        queue.push(letter(id), at(0));
    }
}

fn taken(queue: &mut Queue) -> Vec<(Seq, u128)> {
    std::iter::from_fn(|| queue.take().map(|(seq, letter, _)| (seq, number(letter)))).collect()
}

fn numbers(queue: &mut Queue) -> Vec<u128> {
    taken(queue).into_iter().map(|(_, number)| number).collect()
}

/// Takes everything, reading from the disk what is there only.
fn drained(queue: &mut Queue, disk: &Disk) -> Vec<u128> {
    let mut all = Vec::new();
    loop {
        disk.supply(queue);
        let some = numbers(queue);
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[test]
fn a_letter_stays_until_it_is_acknowledged() {
    let mut queue = without_disk(ROOM);
    queue.push(letter(1), at(0));
    let sent = taken(&mut queue);
    assert_eq!((sent.len(), queue.len()), (1, 1));
    assert!(queue.acknowledge(sent[0].0, at(0)));
    assert!(!queue.acknowledge(sent[0].0, at(0)), "it has left");
    assert_eq!(queue.len(), 0);
    queue.rewind();
    assert!(taken(&mut queue).is_empty());
}

#[test]
fn after_a_lost_connection_only_the_unacknowledged_are_sent_again_in_order() {
    let mut queue = without_disk(ROOM);
    (1..=4).for_each(|id| assert!(!queue.push(letter(id), at(0))));
    let sent = taken(&mut queue);
    queue.acknowledge(sent[1].0, at(0));
    queue.rewind();
    queue.push(letter(5), at(0));
    assert_eq!(numbers(&mut queue), [1, 3, 4, 5]);
}

#[test]
fn without_a_disk_a_full_queue_gives_up_the_oldest() {
    let mut queue = without_disk(Limits { in_memory: 2, ..ROOM });
    queue.push(letter(1), at(0));
    let sent = taken(&mut queue);
    queue.push(letter(2), at(0));
    assert!(queue.push(letter(3), at(0)));
    assert!(!queue.acknowledge(sent[0].0, at(0)), "it was given up");
    assert_eq!((numbers(&mut queue), queue.tally().dropped), (vec![2, 3], 1));
}

#[test]
fn on_a_disk_bytes_are_the_bound_and_the_oldest_leave_it() {
    let each = u64::from(record::size(&letter(1))) + OVERHEAD;
    let (mut disk, limits) = (Disk::default(), Limits { bytes: 3 * each, ..ROOM });
    let mut queue = on(&disk, limits);
    for id in 1..=5 {
        queue.push(letter(id), at(0));
        disk.write(&mut queue);
    }
    assert_eq!((disk.numbers(), queue.tally().dropped), (vec![3, 4, 5], 2));
    // One that may hold less finds more than it may hold.
    let mut smaller = on(&disk, Limits { bytes: 2 * each, ..ROOM });
    disk.write(&mut smaller);
    assert_eq!((numbers(&mut smaller), disk.numbers()), (vec![4, 5], vec![4, 5]));
}

#[test]
fn what_is_too_old_goes_and_is_counted() {
    let mut queue = without_disk(Limits { age: Some(SECOND * 10), ..ROOM });
    for second in 0..20 {
        let at = at(second * 1000);
        queue.push(letter_at(second.into(), at), at);
    }
    assert!(!queue.expire(at(10_000)));
    assert!(queue.expire(at(15_000)));
    assert_eq!((queue.len(), queue.tally().expired), (15, 5));
    assert_eq!(numbers(&mut queue).first(), Some(&5));
}

#[test]
fn what_is_acknowledged_in_time_never_touches_the_disk() {
    let mut queue = on(&Disk::default(), ROOM);
    for id in 0..1000u64 {
        queue.push(letter(id.into()), at(id * 100));
        let sent = taken(&mut queue);
        assert_eq!(queue.due(SECOND), Some(at(id * 100) + SECOND));
        queue.acknowledge(sent[0].0, at(id * 100 + 20));
        assert_eq!(queue.due(SECOND), None);
    }
    assert_eq!(queue.batch(), None);
}

#[test]
fn what_waits_is_written_together_and_a_crowd_at_once() {
    let mut queue = on(&Disk::default(), ROOM);
    queue.push(letter(0), at(500));
    queue.push(letter(1), at(900));
    assert_eq!(queue.due(SECOND), Some(at(1500)), "the first is not kept waiting by the second");
    for id in 2..CROWD as u128 {
        queue.push(letter(id), at(1000));
    }
    assert_eq!(queue.due(SECOND), Some(at(500)));
    let batch = queue.batch().unwrap();
    assert_eq!((batch.insert.len(), batch.remove.len()), (CROWD, 0));
    queue.written(&batch, at(1000));
    assert_eq!((queue.due(SECOND), queue.in_memory_only()), (None, 0));
    // Removals wait for their time, too, and ride along with what is written sooner.
    let sent = taken(&mut queue);
    queue.acknowledge(sent[0].0, at(2000));
    queue.acknowledge(sent[1].0, at(2500));
    assert_eq!(queue.due(SECOND), Some(at(3000)));
    queue.push(letter(999), at(1700));
    assert_eq!(queue.due(SECOND), Some(at(2700)));
    assert_eq!(queue.batch().map(|batch| (batch.insert.len(), batch.remove.len())), Some((1, 2)));
}

#[test]
fn what_is_acknowledged_while_it_is_written_is_removed_with_the_next_batch() {
    let (mut disk, mut queue) = (Disk::default(), on(&Disk::default(), ROOM));
    queue.push(letter(1), at(0));
    let sent = taken(&mut queue);
    let batch = queue.batch().unwrap();
    disk.commit(&queue, &batch);
    queue.acknowledge(sent[0].0, at(0));
    queue.written(&batch, at(0));
    disk.write(&mut queue);
    assert!(disk.0.is_empty());
}

#[test]
fn of_many_that_wait_on_the_disk_only_the_first_are_in_memory() {
    let (mut disk, mut queue) = (Disk::default(), on(&Disk::default(), ROOM));
    let many = AHEAD as u128 * 4;
    for id in 0..many {
        queue.push(letter(id), at(0));
        disk.write(&mut queue);
    }
    assert_eq!(numbers(&mut queue).len(), AHEAD, "the others are on the disk only");
    assert_eq!(queue.wanted().len(), AHEAD / 2);
    assert_eq!(drained(&mut queue, &disk), (AHEAD as u128..many).collect::<Vec<_>>());
    // One that the disk does not give back is lost, and does not hold the others up.
    let mut again = on(&disk, ROOM);
    disk.0.remove(&(AHEAD as u64 + 10));
    let all = drained(&mut again, &disk);
    assert_eq!((all.len() as u128, again.tally().unreadable), (many - 1, 1));
}

#[test]
fn nothing_is_sent_before_the_disk_was_looked_at_for_it_holds_what_is_older() {
    let (mut disk, mut before) = (Disk::default(), on(&Disk::default(), ROOM));
    push(&mut before, 1..=3);
    disk.write(&mut before);
    let mut queue = Queue::new(ROOM, false);
    queue.push(letter(4), at(0));
    assert_eq!(numbers(&mut queue), []);
    disk.open(&mut queue);
    assert_eq!((numbers(&mut queue), queue.tally().restored), (vec![1, 2, 3, 4], 3));
    // A disk that cannot be used holds nobody up.
    let mut queue = Queue::new(ROOM, false);
    queue.push(letter(4), at(0));
    queue.go_without();
    assert_eq!(numbers(&mut queue), [4]);
    disk.open(&mut queue);
    assert_eq!(numbers(&mut queue), [1, 2, 3], "late, but there");
}

#[test]
fn an_acknowledgement_never_takes_another_letter_away() {
    let (mut disk, mut queue) = (Disk::default(), on(&Disk::default(), ROOM));
    push(&mut queue, 1..=3);
    disk.write(&mut queue);
    queue.push(letter(4), at(0));
    let sent = taken(&mut queue);
    // While the disk was closed somebody else wrote where letter 4 was to be.
    disk.0.insert(3, letter(77));
    disk.0.insert(4, letter(78));
    disk.open(&mut queue);
    sent.iter().for_each(|(seq, _)| assert!(!queue.acknowledge(*seq, at(0)), "these numbers mean nothing any more"));
    assert_eq!(numbers(&mut queue), [1, 2, 3, 77, 78, 4]);
}

#[test]
fn ten_thousand_letters_in_memory_take_no_more_than_the_settings_say() {
    assert!(10_000 * (size_of::<Letter>() + 16) <= 4 << 20, "{} bytes each", size_of::<Letter>());
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    Take,
    Acknowledge(prop::sample::Index),
    Lose,
    Write,
    /// The disk fails while a batch is written, which may be there all the same; it is opened again.
    Fail {
        written: bool,
    },
    /// The power fails; what was not written is gone.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Push),
        5 => Just(Step::Take),
        4 => any::<prop::sample::Index>().prop_map(Step::Acknowledge),
        1 => Just(Step::Lose),
        2 => Just(Step::Write),
        1 => any::<bool>().prop_map(|written| Step::Fail { written }),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    /// Whatever happens in whatever order: a letter leaves only by being acknowledged, or in a power cut before it
    /// was written; the others come in the order in which they were pushed.
    #[test]
    fn nothing_is_lost_and_the_order_holds(steps in prop::collection::vec(step(), 1..200)) {
        let mut disk = Disk::default();
        let mut queue = on(&disk, ROOM);
        let (mut pushed, mut held, mut in_flight) = (0, Vec::new(), Vec::new());
        // After a failed write that was one all the same, letters may be there twice.
        let mut twice = false;
        for step in steps {
            match step {
                Step::Push => {
                    queue.push(letter(pushed), at(0));
                    held.push(pushed);
                    pushed += 1;
                }
                Step::Take => {
                    disk.supply(&mut queue);
                    in_flight.extend(queue.take().map(|(seq, letter, _)| (seq, number(letter))));
                }
                Step::Acknowledge(pick) if !in_flight.is_empty() => {
                    let (seq, id) = in_flight.remove(pick.index(in_flight.len()));
                    if queue.acknowledge(seq, at(0)) && !twice {
                        held.retain(|&other| other != id);
                    }
                }
                Step::Write => disk.write(&mut queue),
                Step::Fail { written } => {
                    if let Some(batch) = queue.batch() {
                        if written {
                            disk.commit(&queue, &batch);
                            twice |= !batch.insert.is_empty();
                        }
                        queue.not_written(batch, at(0));
                        disk.open(&mut queue);
                    }
                }
                Step::Crash => {
                    queue = on(&disk, ROOM);
                    held = disk.numbers();
                    in_flight.clear();
                }
                Step::Acknowledge(_) | Step::Lose => {
                    queue.rewind();
                    in_flight.clear();
                }
            }
            if twice {
                held.clear();
                break;
            }
            prop_assert!(held.is_sorted());
            prop_assert_eq!(queue.len(), held.len());
        }
        if twice {
            // What comes twice comes in order, and nothing of it is missing.
            let mut rest = drained(&mut queue, &disk);
            rest.sort_unstable();
            rest.dedup();
            let mut kept: Vec<_> = disk.numbers();
            kept.sort_unstable();
            prop_assert!(kept.iter().all(|id| rest.contains(id)));
            return Ok(());
        }
        queue.rewind();
        prop_assert_eq!(drained(&mut queue, &disk), held.clone());
        disk.write(&mut queue);
        prop_assert_eq!(disk.numbers(), held);
        let Tally { dropped, expired, unreadable, .. } = queue.tally();
        prop_assert_eq!((dropped, expired, unreadable), (0, 0, 0));
    }
}
