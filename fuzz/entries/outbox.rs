//! The file of events that wait, as a failing disk, or another version of affectd, may give it back.

use std::fs;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use affectd::affect::Confidence;
use affectd::clock::Monotonic;
use affectd::events::{Event, Kind, Stage, Subject};
use affectd::face::TrackId;
use affectd::publish::OUTBOX_FILE;
use affectd::publish::outbox::record::{self, HEAD, MARK};
use affectd::publish::outbox::salvage::{self, PIECE};
use affectd::publish::outbox::store::{Store, StoreError, set_aside};
use affectd::publish::outbox::{Dating, Letter};
use affectd::publish::payload::EventTimes;
use sha2::{Digest, Sha256};

/// The name of an event alone takes so many bytes of a letter.
const NAME: usize = 16;

/// The first byte says what the rest is: a record, a damaged file in which letters are looked for, what befell a whole
/// file, or a file as it is or begins.
pub fn outbox(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let other = choice & 0x80 != 0;
    match choice & 3 {
        0 => {
            one_record(bytes);
            one_record(&headed(bytes));
        }
        1 => search(&if other { with_sums(bytes) } else { bytes.to_vec() }, choice & 0x40 != 0),
        2 => file(&befallen(&whole()[usize::from(other)], bytes)),
        _ if other => file(&[bytes, whole()[0].get(bytes.len()..).unwrap_or_default()].concat()),
        _ => file(bytes),
    }
}

fn dating() -> Dating {
    Dating { now: Monotonic::new(Duration::from_secs(40_000)), wall: "2026-11-23T00:00:00Z".parse().unwrap() }
}

/// A record is refused, or is a letter; then the letter is stored as a record that is the same letter.
fn one_record(record: &[u8]) {
    if let Ok((key, letter)) = record::decode(record, &dating()) {
        same_again(key, letter);
    }
}

fn same_again(key: u64, letter: Letter) {
    assert!(letter.event.peak.is_finite() && (0.0..=1.0).contains(&letter.event.confidence.get()), "{letter:?}");
    assert!(letter.restored && letter.event.at <= dating().now && letter.event.started_at <= dating().now);
    let record = record::encode(key, &letter);
    assert!(record.len() <= record::size(&letter).into(), "{} bytes of {letter:?}", record.len());
    assert_eq!(record::decode(&record, &dating()), Ok((key, letter)));
}

/// Every letter is found once, in the order of keys, and there are no more of them than have room. `moved`: they are
/// also found where they lie across two of the pieces that are read at a time, which takes long.
fn search(bytes: &[u8], moved: bool) {
    let found = salvage::search(bytes, &dating()).unwrap();
    assert!(found.len() <= bytes.len() / (HEAD + NAME), "{} letters in {} bytes", found.len(), bytes.len());
    assert!(found.is_sorted_by(|(one, _), (next, _)| one < next));
    let records: Vec<u8> = found.iter().flat_map(|(key, letter)| record::encode(*key, letter)).collect();
    assert_eq!(salvage::search(&*records, &dating()).unwrap(), found);
    if moved {
        let moved = [&vec![0; PIECE - bytes.len() / 2], bytes].concat();
        assert_eq!(salvage::search(&*moved, &dating()).unwrap(), found);
    }
    found.into_iter().for_each(|(key, letter)| same_again(key, letter));
}

/// A file is opened, and then takes a letter and gives back whatever it holds, now and when it is opened again; or it
/// is damaged, and then it is set aside and another one begun.
fn file(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(OUTBOX_FILE), bytes).unwrap();
    match quietly(|| used(folder.path())) {
        Ok((before, after)) => {
            assert!(before.is_sorted_by(|(one, _), (next, _)| one < next));
            assert!(before.len() <= bytes.len());
            assert_eq!(after.len(), before.len() + 1);
            assert!(before.iter().all(|record| after.contains(record)));
        }
        Err(error) => {
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            set_aside(folder.path()).unwrap();
            assert_eq!(held(folder.path()).unwrap().1, []);
        }
    }
}

type Records = Vec<(u64, Vec<u8>)>;

fn held(folder: &Path) -> Result<(Store, Records), StoreError> {
    let mut records = Vec::new();
    let store = Store::open(folder, |key, record| records.push((key, record.to_owned())))?;
    Ok((store, records))
}

/// What the file held before and after one more was written.
fn used(folder: &Path) -> Result<(Records, Records), StoreError> {
    let (mut store, before) = held(folder)?;
    let free = (0..).find(|key| before.iter().all(|(other, _)| other != key)).unwrap();
    let more = (free, record::encode(free, &letter(free)));
    store.commit(std::slice::from_ref(&more), &[])?;
    let keys: Vec<_> = before.iter().map(|(key, _)| *key).chain([free]).collect();
    let read = store.read(&keys)?;
    assert!(before.iter().chain([&more]).eq(&read));
    drop(store);
    let (_, after) = held(folder)?;
    Ok((before, after))
}

/// Does something in which redb may panic: the store catches that, and the fuzzer, which ends at the first word of a
/// panic, is not to hear of it. What the store does not catch is told.
fn quietly<T>(act: impl FnOnce() -> T) -> T {
    let loud = panic::take_hook();
    let (said, heard) = std::sync::mpsc::channel();
    panic::set_hook(Box::new(move |panic| drop(said.send(panic.to_string()))));
    let done = catch_unwind(AssertUnwindSafe(act));
    panic::set_hook(loud);
    done.unwrap_or_else(|_| panic!("{}", heard.try_iter().last().unwrap_or_default()))
}

/// A record with this body: its head is right.
fn headed(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes();
    with_sums(&[&MARK[..], &[1], &length, &[0; 4], body].concat())
}

/// The same with the right sum in every record whose body is there.
fn with_sums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // From the last to the first, for one may lie in another.
    for place in (0..(bytes.len() + 1).saturating_sub(HEAD)).rev() {
        if !bytes[place..].starts_with(&MARK) {
            continue;
        }
        let length = usize::from(u16::from_le_bytes([bytes[place + 4], bytes[place + 5]]));
        if let Some(body) = bytes.get(place + HEAD..place + HEAD + length) {
            let sum = Sha256::digest(body);
            bytes[place + 6..place + HEAD].copy_from_slice(&sum[..4]);
        }
    }
    bytes
}

/// Two files with letters: as a crash leaves it, and closed in an orderly way.
fn whole() -> &'static [Vec<u8>; 2] {
    static MADE: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = held(folder.path()).unwrap();
        for batch in 0..4 {
            let insert: Vec<_> =
                (batch * 20..batch * 20 + 20).map(|key| (key, record::encode(key, &letter(key)))).collect();
            let remove: Vec<_> = (0..batch).collect();
            store.commit(&insert, &remove).unwrap();
        }
        let bytes = || fs::read(folder.path().join(OUTBOX_FILE)).unwrap();
        let crashed = bytes();
        drop(store);
        [crashed, bytes()]
    })
}

/// Three bytes say how long the file is now, unless they are zero, then each four where which byte stands.
fn befallen(whole: &[u8], fate: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let Some((&[a, b, c], changes)) = fate.split_first_chunk() else { return bytes };
    let number = |bytes: [u8; 3]| bytes.into_iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(byte));
    match number([a, b, c]) {
        0 => {}
        length => bytes.resize(length % (2 * whole.len()), 0),
    }
    for change in changes.chunks_exact(4) {
        let place = number([change[0], change[1], change[2]]);
        if let Some(byte) = bytes.get_mut(place) {
            *byte = change[3];
        }
    }
    bytes
}

fn letter(key: u64) -> Letter {
    let (stamp, at) = (dating().wall.into(), Monotonic::default());
    Letter {
        event: Event {
            id: Default::default(),
            stage: Stage::New,
            kind: Kind::Expression,
            label: "happiness".try_into().unwrap(),
            subject: Subject::Face(TrackId(key)),
            started_at: at,
            at,
            ended_at: None,
            peak: 0.91,
            confidence: Confidence::new(0.83).unwrap(),
        },
        times: EventTimes { started_at: stamp, at: stamp, ended_at: None },
        restored: false,
    }
}
