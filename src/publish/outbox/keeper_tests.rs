//! The keeper's thread on a real disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use tokio::sync::Notify;

use super::letter::testing::{letter_at, number};
use super::limits::Dating;
use super::store::{DAMAGED, FILE, Store, set_aside, unsearched};
use super::{Keeper, Outbox, OutboxSettings, OutboxStanding, Place, Seq, record, salvage};
use crate::clock::{Clock, SystemClock};

/// Ten seconds, for machines that have much to do.
const SOON: usize = 5000;

struct Kept {
    outbox: Arc<Outbox>,
    keeper: Keeper,
}

impl Kept {
    fn with(settings: OutboxSettings) -> Self {
        let (clock, folder) = (Arc::new(SystemClock), settings.dir.clone().unwrap());
        let outbox = Arc::new(Outbox::new(&settings, 10_000, Arc::new(Notify::new()), clock.clone()));
        let keeper = Keeper::start(outbox.clone(), folder, clock).unwrap();
        Self { outbox, keeper }
    }

    fn at(folder: &Path) -> Self {
        let commit_every = Duration::from_millis(10);
        Self::with(OutboxSettings { dir: Some(folder.to_owned()), commit_every, ..OutboxSettings::default() })
    }

    fn push(&self, numbers: std::ops::Range<u128>) {
        let now = SystemClock.now();
        numbers.for_each(|number| self.outbox.push(letter_at(number, now)));
    }

    /// Waits until it is as it should be.
    fn until(&self, what: impl Fn(&OutboxStanding) -> bool) -> OutboxStanding {
        for _ in 0..SOON {
            let standing = self.outbox.standing();
            if what(&standing) {
                return standing;
            }
            sleep(Duration::from_millis(2));
        }
        panic!("{:?}", self.outbox.standing());
    }

    fn on_disk(&self) -> OutboxStanding {
        self.until(|standing| standing.place == Place::Disk)
    }

    /// The next letter, which may have to be read first.
    fn take(&self) -> (Seq, u128, bool) {
        for _ in 0..SOON {
            if let Some((seq, letter, _)) = self.outbox.take() {
                return (seq, number(&letter), letter.restored);
            }
            sleep(Duration::from_millis(2));
        }
        panic!("no letter came: {:?}", self.outbox.standing());
    }

    /// Takes these in this order, as if the broker had acknowledged each.
    fn deliver(&self, numbers: std::ops::Range<u128>) {
        for expected in numbers {
            let (seq, number, _) = self.take();
            assert_eq!(number, expected);
            assert!(self.outbox.acknowledge(seq));
        }
    }

    fn stop(self) -> usize {
        self.keeper.stop();
        self.outbox.in_memory_only()
    }
}

#[test]
fn letters_come_back_in_order_after_a_stop_and_say_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let first = Kept::at(folder.path());
    // Many more than are held in memory besides, and as a stop finds them: some written, some not.
    first.push(0..3000);
    assert_eq!(first.stop(), 0);
    let second = Kept::at(folder.path());
    second.push(3000..3010);
    let (seq, number, restored) = second.take();
    assert_eq!((number, restored), (0, true));
    second.outbox.acknowledge(seq);
    second.deliver(1..3000);
    assert!(!second.take().2, "this one is new");
    second.outbox.rewind();
    second.deliver(3000..3010);
    assert_eq!((second.outbox.len(), second.outbox.tally().restored), (0, 3000));
    assert_eq!(second.stop(), 0);
    let third = Kept::at(folder.path());
    assert_eq!(third.on_disk().waiting, 0, "what was acknowledged is gone");
}

#[test]
fn a_crash_takes_only_what_was_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::at(folder.path());
    kept.push(0..20);
    for _ in 0..SOON {
        if kept.outbox.in_memory_only() == 0 {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    let Kept { outbox, keeper } = kept;
    drop(keeper);
    outbox.push(letter_at(20, SystemClock.now()));
    let again = Kept::at(folder.path());
    // The thread of the first may need a moment to let go of the file.
    again.until(|standing| standing.waiting == 20);
    again.deliver(0..20);
}

#[test]
fn what_is_acknowledged_before_its_time_is_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let commit_every = Duration::from_secs(60);
    let dir = Some(folder.path().to_owned());
    let kept = Kept::with(OutboxSettings { dir, commit_every, ..OutboxSettings::default() });
    kept.on_disk();
    let before = fs::read(folder.path().join(FILE)).unwrap();
    for hundred in 0..20 {
        kept.push(hundred * 100..hundred * 100 + 100);
        kept.deliver(hundred * 100..hundred * 100 + 100);
    }
    assert!(fs::read(folder.path().join(FILE)).unwrap() == before, "something was written");
}

#[test]
fn a_folder_that_cannot_be_used_is_told_of_and_used_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("outbox");
    fs::write(&place, "a file where a folder should be").unwrap();
    let kept = Kept::at(&place);
    kept.push(0..5);
    let trouble = kept.until(|standing| standing.trouble.is_some()).trouble.unwrap();
    assert!(trouble.contains("memory only") && trouble.contains("outbox.dir"), "{trouble}");
    kept.deliver(0..2);
    fs::remove_file(&place).unwrap();
    assert_eq!(kept.on_disk().trouble, None);
    assert_eq!(kept.stop(), 0);
    Kept::at(&place).deliver(2..5);
}

/// A file with so many letters that cannot be opened any more; its bytes.
fn damaged(folder: &Path, letters: u128) -> Vec<u8> {
    let kept = Kept::at(folder);
    kept.push(0..letters);
    assert_eq!(kept.stop(), 0);
    let file = folder.join(FILE);
    let mut bytes = fs::read(&file).unwrap();
    bytes[..512].fill(0xFF);
    fs::write(&file, &bytes).unwrap();
    bytes
}

#[test]
fn a_damaged_file_is_set_aside_and_its_letters_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = damaged(folder.path(), 50);
    let kept = Kept::at(folder.path());
    kept.push(50..51);
    kept.deliver(0..51);
    assert!(fs::read(folder.path().join(DAMAGED)).unwrap() == bytes, "it is kept as it was");
    assert_eq!((kept.outbox.tally().restored, kept.stop()), (50, 0));
}

/// The power fails when the file was set aside; when some of its letters are in the new one; and when that one is damaged
/// in its turn.
#[test]
fn a_search_that_was_broken_off_is_done_again_and_no_letter_is_lost_or_doubled() {
    for (some, damaged_again) in [(0, false), (20, false), (20, true)] {
        let folder = tempfile::tempdir().unwrap();
        let bytes = damaged(folder.path(), 50);
        set_aside(folder.path()).unwrap();
        let letters = salvage::search(&*bytes, &dating()).unwrap();
        let records: Vec<_> =
            letters[..some].iter().map(|(key, letter)| (*key, record::encode(*key, letter))).collect();
        Store::open(folder.path(), |_, _| {}).unwrap().commit(&records, &[]).unwrap();
        if damaged_again {
            fs::write(folder.path().join(FILE), b"this is no database".repeat(1000)).unwrap();
        }
        let kept = Kept::at(folder.path());
        kept.push(50..51);
        kept.deliver(0..51);
        assert_eq!((kept.outbox.tally().restored, kept.stop()), (50, 0), "{some} {damaged_again}");
        assert!(fs::read(folder.path().join(DAMAGED)).unwrap() == bytes, "it is kept as it was");
        assert_eq!(unsearched(folder.path()), None);
    }
}

fn dating() -> Dating {
    let now = SystemClock.now();
    Dating { now, wall: SystemClock.wall(now) }
}

#[test]
fn two_on_one_folder_do_not_get_into_each_others_way() {
    let folder = tempfile::tempdir().unwrap();
    let first = Kept::at(folder.path());
    first.on_disk();
    first.push(0..5);
    let second = Kept::at(folder.path());
    second.push(100..105);
    let trouble = second.until(|standing| standing.trouble.is_some()).trouble.unwrap();
    assert!(trouble.contains("held by another affectd"), "{trouble}");
    second.deliver(100..101);
    assert_eq!(first.stop(), 0);
    second.on_disk();
    second.deliver(0..5);
    second.deliver(101..105);
}
