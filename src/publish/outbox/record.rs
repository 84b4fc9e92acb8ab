//! A letter as it is stored: what another version of affectd, or a tool that looks for letters in a damaged file, needs
//! to know it by.
//!
//! ```text
//!  0  3 bytes   AF 65 76, a mark to find it by
//!  3  1 byte    version of the body, 1
//!  4  2 bytes   length of the body, little-endian
//!  6  4 bytes   the first of the SHA-256 of the body
//! 10  …         the body: a CBOR map with text keys
//! ```
//!
//! A reader passes over keys that it does not know, so fields may be added without a new version. What a letter is
//! about is stored by name, as it is published. Times are microseconds of the wall clock, taken when the event happened.
//! Pure.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::letter::Letter;
use super::limits::Dating;
use crate::affect::Confidence;
use crate::events::{Event, Kind, Stage, Subject};
use crate::face::TrackId;
use crate::publish::payload::EventTimes;
use crate::publish::payload::number::Stamp;

/// What every record begins with: not text, and no beginning of anything else that we write.
pub const MARK: [u8; 3] = [0xAF, b'e', b'v'];

/// The version of the body.
const VERSION: u8 = 1;

/// The bytes before the body.
pub const HEAD: usize = 10;

/// The longest body that is read, in bytes: three times what this version writes. It bounds what a damaged file can ask
/// for, which may hold a mark in every third byte.
pub const LONGEST_BODY: usize = 512;

/// The most that a record takes, without its label; see the test.
const AT_MOST: usize = HEAD + 118;

/// Why bytes are no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// They are damaged, or something else altogether.
    #[error("it is damaged")]
    Damaged,
    /// They are of a version that is not known here.
    #[error("it was stored by another version of affectd, in version {0} of its format")]
    Version(u8),
    /// They are whole and hold something that cannot be published.
    #[error("it holds something that this version of affectd does not know")]
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    /// Its key in the store, by which a damaged file is put in order.
    #[serde(rename = "n")]
    key: u64,
    #[serde(rename = "i")]
    id: Uuid,
    #[serde(rename = "t")]
    stage: Cow<'a, str>,
    #[serde(rename = "k")]
    kind: Cow<'a, str>,
    #[serde(rename = "l")]
    label: Cow<'a, str>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    face: Option<u64>,
    #[serde(rename = "s")]
    started_at: i64,
    #[serde(rename = "a")]
    at: i64,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    #[serde(rename = "p")]
    peak: f32,
    #[serde(rename = "c")]
    confidence: f32,
}

/// How many bytes a letter takes when it is stored, at the most.
pub fn size(letter: &Letter) -> u16 {
    // A label is 32 bytes long at the most.
    (AT_MOST + letter.event.label.len()) as u16
}

/// A letter as it is stored under `key`.
pub fn encode(key: u64, letter: &Letter) -> Vec<u8> {
    let Letter { event, times, .. } = letter;
    let body = Body {
        key,
        id: event.id,
        stage: stage_name(event.stage).into(),
        kind: kind_name(event.kind).into(),
        label: event.label.as_str().into(),
        face: match event.subject {
            Subject::Face(track) => Some(track.0),
            Subject::Scene => None,
        },
        started_at: times.started_at.micros(),
        at: times.at.micros(),
        ended_at: times.ended_at.map(Stamp::micros),
        peak: event.peak,
        confidence: event.confidence.get(),
    };
    let mut record = vec![0; HEAD];
    // It is written to memory and has nothing in it that CBOR cannot hold.
    let _ = ciborium::into_writer(&body, &mut record);
    let (head, body) = record.split_at_mut(HEAD);
    head[..3].copy_from_slice(&MARK);
    head[3] = VERSION;
    head[4..6].copy_from_slice(&(body.len() as u16).to_le_bytes());
    head[6..].copy_from_slice(&sum(body));
    record
}

/// The letter that `record` begins with, and its key. `dating` tells what the wall times mean for this machine's clock.
///
/// # Errors
/// When it is no letter that this version can publish.
pub fn decode(record: &[u8], dating: &Dating) -> Result<(u64, Letter), Unreadable> {
    let (head, rest) = record.split_at_checked(HEAD).ok_or(Unreadable::Damaged)?;
    let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
    let body = rest.get(..length).filter(|_| length <= LONGEST_BODY).ok_or(Unreadable::Damaged)?;
    if head[..3] != MARK || head[6..] != sum(body) {
        return Err(Unreadable::Damaged);
    }
    if head[3] != VERSION {
        return Err(Unreadable::Version(head[3]));
    }
    let body: Body<'_> = ciborium::from_reader(body).map_err(|_| Unreadable::Unknown)?;
    Ok((body.key, letter(&body, dating).ok_or(Unreadable::Unknown)?))
}

/// `None` when it holds what cannot be published.
fn letter(body: &Body<'_>, dating: &Dating) -> Option<Letter> {
    let wall = |micros: i64| Timestamp::from_microsecond(micros).ok();
    let (started_at, at) = (wall(body.started_at)?, wall(body.at)?);
    let ended_at = match body.ended_at {
        Some(ended_at) => Some(wall(ended_at)?),
        None => None,
    };
    let event = Event {
        id: body.id,
        stage: STAGES.into_iter().find(|stage| stage_name(*stage) == body.stage)?,
        kind: KINDS.into_iter().find(|kind| kind_name(*kind) == body.kind)?,
        label: body.label.as_ref().try_into().ok()?,
        subject: body.face.map_or(Subject::Scene, |face| Subject::Face(TrackId(face))),
        started_at: dating.moment(started_at),
        at: dating.moment(at),
        ended_at: ended_at.map(|ended_at| dating.moment(ended_at)),
        peak: Some(body.peak).filter(|peak| peak.is_finite())?,
        confidence: Confidence::new(body.confidence)?,
    };
    let times = EventTimes { started_at: started_at.into(), at: at.into(), ended_at: ended_at.map(Stamp::from) };
    Some(Letter { event, times, restored: true })
}

fn sum(body: &[u8]) -> [u8; 4] {
    let sum = Sha256::digest(body);
    [sum[0], sum[1], sum[2], sum[3]]
}

const STAGES: [Stage; 3] = [Stage::New, Stage::Update, Stage::End];

const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "new",
        Stage::Update => "update",
        Stage::End => "end",
    }
}

const KINDS: [Kind; 7] =
    [Kind::Presence, Kind::Expression, Kind::Compound, Kind::ActionUnit, Kind::Valence, Kind::Arousal, Kind::Voice];

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Presence => "presence",
        Kind::Expression => "expression",
        Kind::Compound => "compound",
        Kind::ActionUnit => "action_unit",
        Kind::Valence => "valence",
        Kind::Arousal => "arousal",
        Kind::Voice => "voice",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::Monotonic;

    fn dating() -> Dating {
        Dating { now: Monotonic::new(Duration::from_secs(40_000)), wall: "2026-11-23T00:00:00Z".parse().unwrap() }
    }

    fn stamp() -> impl Strategy<Value = Stamp> {
        // From 1970 to 2100: whatever a board without a battery may take for now.
        (0i64..4_100_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap().into())
    }

    prop_compose! {
        fn any_letter()(
            id in any::<u128>(),
            stage in prop::sample::select(STAGES.to_vec()),
            kind in prop::sample::select(KINDS.to_vec()),
            label in "[a-z ]{0,32}",
            face in prop::option::of(any::<u64>()),
            times in (stamp(), stamp(), prop::option::of(stamp())),
            peak in -1f32..=1.0,
            confidence in 0f32..=1.0,
        ) -> Letter {
            let (started_at, at, ended_at) = times;
            let zero = Monotonic::default();
            Letter {
                event: Event {
                    id: Uuid::from_u128(id), stage, kind,
                    label: label.as_str().try_into().unwrap(),
                    subject: face.map_or(Subject::Scene, |face| Subject::Face(TrackId(face))),
                    started_at: zero, at: zero, ended_at: ended_at.map(|_| zero),
                    peak, confidence: Confidence::new(confidence).unwrap(),
                },
                times: EventTimes { started_at, at, ended_at },
                restored: false,
            }
        }
    }

    /// What is the same whatever this machine's clock says.
    fn lasting(letter: &Letter) -> Letter {
        let mut letter = letter.clone();
        (letter.event.started_at, letter.event.at) = Default::default();
        letter.event.ended_at = letter.event.ended_at.map(|_| Monotonic::default());
        letter.restored = false;
        letter
    }

    proptest! {
        #[test]
        fn a_letter_comes_back_as_it_was_stored(key in any::<u64>(), letter in any_letter(), tail in any::<[u8; 9]>()) {
            let mut record = encode(key, &letter);
            prop_assert!(record.len() <= size(&letter).into(), "{} bytes", record.len());
            // A store may give more bytes than were stored.
            record.extend(tail);
            let (found, back) = decode(&record, &dating()).unwrap();
            prop_assert_eq!((found, lasting(&back)), (key, letter));
            prop_assert!(back.restored && back.event.at <= dating().now);
        }

        #[test]
        fn no_changed_byte_goes_unnoticed(letter in any_letter(), place in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut record = encode(7, &letter);
            let place = place.index(record.len());
            record[place] ^= flip;
            prop_assert!(decode(&record, &dating()).is_err());
        }

        #[test]
        fn a_torn_record_is_no_letter(letter in any_letter(), place in any::<prop::sample::Index>()) {
            let record = encode(7, &letter);
            prop_assert_eq!(decode(&record[..place.index(record.len())], &dating()), Err(Unreadable::Damaged));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut record = vec![0; HEAD];
            record[..3].copy_from_slice(&MARK);
            record[3] = VERSION;
            record[4..6].copy_from_slice(&(bytes.len() as u16).to_le_bytes());
            record[6..10].copy_from_slice(&sum(&bytes));
            record.extend(&bytes);
            prop_assert_ne!(decode(&record, &dating()).map(|_| ()), Err(Unreadable::Damaged));
        }
    }

    #[test]
    fn a_field_of_a_later_version_is_passed_over_and_a_later_format_is_named() {
        let letter = super::super::letter::testing::letter(5);
        let record = encode(9, &letter);
        let mut body: ciborium::Value = ciborium::from_reader(&record[HEAD..]).unwrap();
        body.as_map_mut().unwrap().push(("new".into(), "of no use here".into()));
        let mut bytes = Vec::new();
        ciborium::into_writer(&body, &mut bytes).unwrap();
        let mut longer = record[..HEAD].to_vec();
        longer[4..6].copy_from_slice(&(bytes.len() as u16).to_le_bytes());
        longer[6..].copy_from_slice(&sum(&bytes));
        longer.extend(bytes);
        assert_eq!(decode(&longer, &dating()).map(|(key, back)| (key, lasting(&back))), Ok((9, lasting(&letter))));
        longer[3] = 2;
        assert_eq!(decode(&longer, &dating()), Err(Unreadable::Version(2)));
    }

    #[test]
    fn a_body_that_is_longer_than_any_is_damaged_though_its_sum_is_right() {
        let record = |length: u16| {
            let body = vec![0; length.into()];
            let mut record = vec![0; HEAD];
            record[..3].copy_from_slice(&MARK);
            record[3] = VERSION + 1;
            record[4..6].copy_from_slice(&length.to_le_bytes());
            record[6..].copy_from_slice(&sum(&body));
            record.extend(body);
            record
        };
        let longest = LONGEST_BODY as u16;
        // The one has its sum looked at, the other has not.
        assert_eq!(decode(&record(longest), &dating()), Err(Unreadable::Version(VERSION + 1)));
        assert_eq!(decode(&record(longest + 1), &dating()), Err(Unreadable::Damaged));
        assert_eq!(decode(&record(u16::MAX), &dating()), Err(Unreadable::Damaged));
    }

    #[test]
    fn what_is_stored_is_no_secret() {
        // Stored yesterday, to be read tomorrow: this must never change.
        let record = encode(3, &super::super::letter::testing::letter(5));
        let head = [0xAF, 0x65, 0x76, 1, 93, 0];
        assert_eq!((&record[..6], record.len()), (&head[..], HEAD + 93));
        let body: ciborium::Value = ciborium::from_reader(&record[HEAD..]).unwrap();
        let keys: Vec<_> = body.as_map().unwrap().iter().map(|(key, _)| key.as_text().unwrap().to_owned()).collect();
        assert_eq!(keys, ["n", "i", "t", "k", "l", "f", "s", "a", "p", "c"]);
    }
}
