//! Letters in a file that is no database any more: every record that is whole is found by its mark and its sum,
//! wherever it lies.
//!
//! Some were delivered long ago, for a page that is free again keeps what stood in it. They go out twice, under the
//! same id: better than not at all. Reads the file piece by piece.

use std::io::{self, Read};

use super::letter::Letter;
use super::limits::Dating;
use super::queue::KEYS;
use super::record::{self, HEAD, LONGEST_BODY, MARK};

/// How much is read at a time, in bytes.
pub const PIECE: usize = 256 << 10;

/// The longest record, in bytes.
const LONGEST: usize = HEAD + LONGEST_BODY;

/// The most letters that are taken from one file.
const MOST: usize = 1 << 19;

/// The records in `file`, by key, each key once.
///
/// # Errors
/// When the file cannot be read at all; where it cannot be read any further, what was found is returned.
pub fn search(mut file: impl Read, dating: &Dating) -> io::Result<Vec<(u64, Letter)>> {
    let (mut held, mut found, mut ended) = (Vec::new(), Vec::new(), false);
    while !ended && found.len() < MOST {
        let before = held.len();
        match (&mut file).take(PIECE as u64).read_to_end(&mut held) {
            Ok(_) => ended = held.len() == before,
            Err(error) if held.is_empty() && found.is_empty() => return Err(error),
            Err(_) => ended = true,
        }
        // A record that reaches beyond what was read is looked at with the next piece.
        let sure = if ended { held.len() } else { held.len().saturating_sub(LONGEST) };
        let searched = search_piece(&held, sure, dating, &mut found);
        held.drain(..searched);
    }
    // Of two under one key the later happened later: keys are given anew when a file was empty.
    found.sort_by_key(|(key, letter)| (*key, std::cmp::Reverse(letter.times.at.micros())));
    found.dedup_by_key(|(key, _)| *key);
    Ok(found)
}

/// Looks for records that begin before `sure`; returns up to where was looked.
fn search_piece(bytes: &[u8], sure: usize, dating: &Dating, found: &mut Vec<(u64, Letter)>) -> usize {
    let mut place = 0;
    while place < sure {
        let Some(next) = bytes[place..].windows(MARK.len()).position(|window| window == MARK) else {
            return place.max(sure.min(bytes.len().saturating_sub(MARK.len() - 1)));
        };
        place += next;
        if place >= sure {
            break;
        }
        match record::decode(&bytes[place..], dating) {
            Ok((key, letter)) if key < KEYS => {
                place += HEAD + usize::from(u16::from_le_bytes([bytes[place + 4], bytes[place + 5]]));
                found.push((key, letter));
            }
            _ => place += 1,
        }
    }
    place.min(bytes.len())
}
