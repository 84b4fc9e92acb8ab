//! What is left of the file when the power fails, or something else befalls it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::film::{Act, Film, apply};
use super::letter::testing::{letter, number};
use super::limits::Dating;
use super::record;
use super::salvage;
use super::store::{FILE, GROWTH, Store, StoreError};
use crate::clock::Monotonic;

const PAGE: usize = 4096;

/// With `EVERY_BYTE=1` the power fails at every byte that is written and the file ends at every byte that it has, not
/// only at those of which most is to be expected. Some minutes; with `--nocapture` the figures are shown.
fn every_byte() -> bool {
    std::env::var_os("EVERY_BYTE").is_some()
}

fn dating() -> Dating {
    Dating { now: Monotonic::default(), wall: "2026-11-23T00:00:00Z".parse().unwrap() }
}

fn record_of(key: u64) -> (u64, Vec<u8>) {
    (key, record::encode(key, &letter(key.into())))
}

/// The numbers of the letters that are in a file with these bytes.
fn held(bytes: Vec<u8>) -> Result<BTreeSet<u128>, StoreError> {
    let mut held = BTreeSet::new();
    Store::with_backend(Path::new("film"), Film::of(bytes), |_, record| {
        held.insert(record::decode(record, &dating()).map_or(u128::MAX, |(_, letter)| number(&letter)));
    })?;
    Ok(held)
}

fn salvaged(bytes: &[u8]) -> BTreeSet<u128> {
    let letters = salvage::search(bytes, &dating()).unwrap();
    letters.into_iter().map(|(_, letter)| number(&letter)).collect()
}

/// Commits ten batches of three, the sixth of which removes the first; gives back the film, and with how many acts
/// each commit was done.
fn ten_commits() -> (Film, Vec<usize>) {
    static MADE: OnceLock<(Film, Vec<usize>)> = OnceLock::new();
    let (film, done) = MADE.get_or_init(make_ten_commits);
    (film.clone(), done.clone())
}

fn make_ten_commits() -> (Film, Vec<usize>) {
    let film = Film::default();
    let mut store = Store::with_backend(Path::new("film"), film.clone(), |_, _| {}).unwrap();
    let done = (0..10u64).map(|batch| {
        let insert: Vec<_> = (batch * 3..batch * 3 + 3).map(record_of).collect();
        let remove: &[u64] = if batch == 5 { &[0, 1, 2] } else { &[] };
        store.commit(&insert, remove).unwrap();
        film.acts().len()
    });
    let done = done.collect();
    std::mem::forget(store);
    (film, done)
}

/// What must be there when `acts` acts were done.
fn due(done: &[usize], acts: usize) -> BTreeSet<u128> {
    let batches = done.iter().take_while(|&&done| done <= acts).count() as u128;
    (if batches > 5 { 3 } else { 0 }..batches * 3).collect()
}

/// The power fails after every act of redb, and in two of the batches at every byte of the header and every 509th of any
/// other page that is just being written; with [`every_byte`] at every byte of any batch. What was committed is there; of
/// the rest, a whole batch or nothing.
#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_committed() {
    let (film, done) = ten_commits();
    let acts = film.acts();
    // One of the two removes what another had inserted.
    let torn_batches = if every_byte() { done[0]..acts.len() } else { done[4]..done[6] };
    let (mut bytes, mut moments) = (Vec::new(), 0);
    for (number, act) in acts.iter().enumerate() {
        let must = due(&done, number);
        let mut look = |bytes: Vec<u8>| {
            moments += 1;
            let held = held(bytes).unwrap_or_else(|error| panic!("after {number} acts: {error}"));
            let extra: Vec<_> = held.difference(&must).collect();
            let missing: Vec<_> = must.difference(&held).collect();
            // The batch that was being written may be there as a whole: three more, three fewer, or both.
            assert!([0, 3].contains(&extra.len()) && [0, 3].contains(&missing.len()), "{number}: {held:?}");
            assert!(missing.iter().all(|&&id| id < 3), "{number}: {missing:?} are missing");
        };
        if done.first().is_some_and(|&first| number >= first) {
            look(bytes.clone());
            if let Act::Write(offset, data) = act
                && torn_batches.contains(&number)
            {
                let step = if *offset == 0 || every_byte() { 1 } else { 509 };
                for torn in (0..data.len().min(PAGE)).step_by(step) {
                    let mut bytes = bytes.clone();
                    apply(&mut bytes, &Act::Write(*offset, data[..torn].to_owned()));
                    look(bytes);
                }
            }
        }
        apply(&mut bytes, act);
    }
    println!("{moments} power cuts: each time all was there that had been committed");
    assert!(moments > 100 && acts.iter().filter(|act| matches!(act, Act::Sync)).count() >= 10, "{moments}");
    assert_eq!(held(bytes).unwrap(), (3..30).collect());
}

/// What the disk was told and not yet asked to keep may be there in any order, or not at all.
#[test]
fn what_was_written_may_reach_the_disk_in_any_order_before_it_is_asked_to_keep_it() {
    let (film, done) = ten_commits();
    let acts = film.acts();
    let mut kept = Vec::new();
    let mut from = 0;
    for sync in (0..acts.len()).filter(|&number| matches!(acts[number], Act::Sync)) {
        let pending = &acts[from..sync];
        if from >= done[0] {
            for skipped in 0..pending.len() {
                let mut bytes = kept.clone();
                let others = pending.iter().enumerate().filter(|(number, _)| *number != skipped);
                others.for_each(|(_, act)| apply(&mut bytes, act));
                let held = held(bytes).unwrap_or_else(|error| panic!("without act {}: {error}", from + skipped));
                let missing = due(&done, from).into_iter().filter(|id| *id > 2 && !held.contains(id)).count();
                assert_eq!(missing, 0, "without act {}", from + skipped);
            }
        }
        pending.iter().for_each(|act| apply(&mut kept, act));
        from = sync + 1;
    }
}

/// The file ends too early: at the beginning of every page, and at every byte of those with something in them; with
/// [`every_byte`] at every byte of all. It is opened or found damaged, never misread, whether redb had closed it or not.
#[test]
fn a_file_that_ends_too_early_is_found_damaged_or_holds_what_was_committed() {
    let (film, _) = ten_commits();
    let left = film.bytes();
    let mut closed = left.clone();
    held_and_closed(&mut closed);
    for (how, bytes) in [("left by a power cut", left), ("closed by redb", closed)] {
        let (mut opened, mut damaged) = (0, 0);
        for (number, page) in bytes.chunks(PAGE).enumerate() {
            let looked_into = every_byte() || page.iter().any(|byte| *byte != 0);
            for cut in (0..if looked_into { page.len() } else { 1 }).map(|byte| number * PAGE + byte) {
                match held(bytes[..cut].to_owned()) {
                    Ok(held) => {
                        // A file without a byte is a new one; no other is taken for one.
                        assert_eq!(held, if cut == 0 { BTreeSet::new() } else { (3..30).collect() }, "{cut}");
                        opened += 1;
                    }
                    Err(StoreError::Damaged { .. }) => damaged += 1,
                    Err(error) => panic!("{cut}: {error}"),
                }
            }
        }
        println!("{how}: {} ends, {opened} opened, {damaged} found damaged", opened + damaged);
        assert!(opened > 0 && damaged > 10_000, "{opened} {damaged}");
    }
}

/// The file ends at any byte of any page with letters: no letter is lost but the one that is torn.
#[test]
fn of_a_file_that_ends_at_any_byte_every_whole_letter_is_found() {
    let (film, _) = ten_commits();
    let bytes = film.bytes();
    let records: Vec<_> = (0..30).map(|id| (u128::from(id), record_of(id).1)).collect();
    let ends = |bytes: &[u8]| -> Vec<(usize, u128)> {
        let ends = |(id, record): &(u128, Vec<u8>)| {
            let places = bytes.windows(record.len()).enumerate().filter(|(_, window)| window == record);
            places.map(|(place, _)| (place + record.len(), *id)).collect::<Vec<_>>()
        };
        records.iter().flat_map(ends).collect()
    };
    let mut pages = 0;
    for page in bytes.chunks(PAGE).filter(|page| page.windows(3).any(|window| window == record::MARK)) {
        let ends = ends(page);
        for cut in 0..=page.len() {
            let whole: BTreeSet<_> = ends.iter().filter(|(end, _)| *end <= cut).map(|(_, id)| *id).collect();
            assert_eq!(salvaged(&page[..cut]), whole, "{cut}");
        }
        pages += 1;
    }
    assert!(pages > 1);
    // And in the whole file, whatever else is in it.
    assert!((3..30).all(|id| salvaged(&bytes).contains(&id)));
}

/// A disk that fails in the middle of a read.
struct Broken;

impl io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(rustix::io::Errno::IO.into())
    }
}

#[test]
fn what_was_read_before_the_disk_failed_is_searched() {
    let records: Vec<u8> = (0..5).flat_map(|key| record_of(key).1).collect();
    let found = salvage::search(io::Read::chain(&*records, Broken), &dating()).unwrap();
    assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(salvage::search(Broken, &dating()).is_err(), "nothing at all was read");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bytes are flipped anywhere in what redb wrote. Either nothing of it mattered, or it is found out; and whatever
    /// letter was not hit itself is found.
    #[test]
    fn flipped_bytes_are_never_taken_for_letters(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..8),
        clean in any::<bool>(),
    ) {
        let (film, _) = ten_commits();
        let mut bytes = film.bytes();
        if clean {
            // Closed in an orderly way: redb would trust it.
            held_and_closed(&mut bytes);
        }
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        flips.iter().for_each(|(place, flip)| bytes[place.index(used)] ^= flip);
        match held(bytes.clone()) {
            Ok(held) => prop_assert!(held.is_subset(&(0..30).collect()), "{:?}", held),
            Err(error) => prop_assert!(matches!(error, StoreError::Damaged { .. }), "{}", error),
        }
        let found = salvaged(&bytes);
        prop_assert!(found.is_subset(&(0..30).collect()) && found.len() + flips.len() >= 27, "{:?}", found);
    }
}

fn held_and_closed(bytes: &mut Vec<u8>) {
    let film = Film::of(bytes.clone());
    drop(Store::with_backend(Path::new("film"), film.clone(), |_, _| {}).unwrap());
    *bytes = film.bytes();
}

#[test]
fn the_file_is_its_owners_alone_and_held_by_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), |_, _| {}).unwrap();
    let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Store::open(folder.path(), |_, _| {});
    assert!(matches!(second, Err(StoreError::Held { .. })), "{second:?}");
    drop(store);
    assert!(Store::open(folder.path(), |_, _| {}).is_ok());
}

/// What decision 29 says of wear: run with `--nocapture` for the figures.
#[test]
fn a_batch_writes_few_pages_however_many_letters_wait() {
    let film = Film::default();
    let mut store = Store::with_backend(Path::new("film"), film.clone(), |_, _| {}).unwrap();
    let mut next = 0;
    for (waiting, batch) in [(0, 1), (0, 10), (1000, 1), (1000, 10), (50_000, 1), (50_000, 10)] {
        while next < waiting {
            let insert: Vec<_> = (next..next + 500).map(record_of).collect();
            next += 500;
            store.commit(&insert, &[]).unwrap();
        }
        let before = film.acts().len();
        for _ in 0..10 {
            let insert: Vec<_> = (next..next + batch).map(record_of).collect();
            next += batch;
            store.commit(&insert, &[]).unwrap();
        }
        let acts = film.acts().split_off(before);
        let written: usize = acts.iter().map(|act| if let Act::Write(_, data) = act { data.len() } else { 0 }).sum();
        let syncs = acts.iter().filter(|act| matches!(act, Act::Sync)).count();
        println!(
            "{waiting} wait, {batch} more: {} bytes in {:.1} writes, the disk asked {:.1} times; \
             {:.0} MiB in an hour with one batch a second",
            written / 10,
            (acts.len() - syncs) as f64 / 10.0,
            syncs as f64 / 10.0,
            written as f64 / 10.0 * 3600.0 / f64::from(1 << 20),
        );
        assert!(written / 10 <= 64 << 10 && syncs <= 20, "{written} bytes, {syncs} times");
    }
}

#[test]
fn a_file_does_not_outgrow_its_records_by_more_than_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), |_, _| {}).unwrap();
    let size = || fs::metadata(folder.path().join(FILE)).unwrap().len();
    let cost = u64::from(record::size(&letter(1))) + super::limits::OVERHEAD;
    let cap = 2u64 << 20;
    let (mut first, mut last) = (0, 0);
    // Three times through everything that may wait, in batches of a hundred, one in and one out.
    while last < 3 * cap / cost {
        let insert: Vec<_> = (last..last + 100).map(record_of).collect();
        last += 100;
        let overflow = (last - first).saturating_sub(cap / cost);
        let remove: Vec<_> = (first..first + overflow).collect();
        first += overflow;
        store.commit(&insert, &remove).unwrap();
    }
    println!("{} records of {cost} bytes at the most: a file of {} bytes", last - first, size());
    assert!(size() <= GROWTH * cap, "{} bytes", size());
}
