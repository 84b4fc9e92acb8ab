//! Which card a number means, kept for as long as the program runs.
//!
//! A card that is plugged in again may come back under another number, and another card under its. So the first time
//! that a device such as `hw:1,0` opens, the card's id is noted, and from then on the device is that card's. Two cards
//! of one make are told apart by nothing but the order in which they came: `Device` and `Device_1`.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use alsa::Card;
use alsa::ctl::Ctl;

/// What devices meant when they first opened: as the user wrote them, and with the card's id.
///
/// The numbers of cards are the machine's, and so is what they meant: it must outlive every source that is opened.
static MEANT: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// What a device means: what it meant when it first opened, or what is written.
pub(super) fn meant(device: &str) -> String {
    let meant = MEANT.lock().unwrap_or_else(PoisonError::into_inner);
    meant.get(device).cloned().unwrap_or_else(|| device.to_owned())
}

/// Notes which card a device means that has just opened, if it is told by number.
pub(super) fn remember(device: &str) {
    let Some(number) = number(device) else { return };
    let Some(named) = id(number).and_then(|id| with_id(device, &id)) else { return };
    MEANT.lock().unwrap_or_else(PoisonError::into_inner).entry(device.to_owned()).or_insert(named);
}

/// The number of the card that a device is of now, and of which of its devices, so far as its name tells.
pub(super) fn card_of(device: &str) -> Option<(i32, Option<u32>)> {
    let (_, card, after) = parts(device)?;
    let card = Card::from_str(&CString::new(card).ok()?).ok()?;
    let second = after.strip_prefix(',').map(|after| after.strip_prefix("DEV=").unwrap_or(after));
    let number = second.and_then(|second| second.split(',').next()?.parse().ok());
    Some((card.get_index(), number))
}

/// The id of a card.
fn id(number: u32) -> Option<String> {
    let card = Card::new(i32::try_from(number).ok()?);
    let info = Ctl::from_card(&card, true).and_then(|control| control.card_info()).ok()?;
    info.get_id().ok().map(str::to_owned)
}

/// The number of the card in a device's name, as in `hw:1,0` or `plughw:CARD=1,DEV=0`.
fn number(device: &str) -> Option<u32> {
    parts(device).and_then(|(_, card, _)| card.parse().ok())
}

/// The same device with the card's id in place of its number.
fn with_id(device: &str, id: &str) -> Option<String> {
    parts(device).map(|(before, _, after)| format!("{before}{id}{after}"))
}

/// A device's name around its card: `plughw:CARD=`, `1`, `,DEV=0`.
fn parts(device: &str) -> Option<(&str, &str, &str)> {
    let (_, arguments) = device.split_once(':').filter(|(kind, _)| kind.chars().all(char::is_alphanumeric))?;
    let first = arguments.split(',').next()?;
    let card = first.strip_prefix("CARD=").unwrap_or(first);
    let begins = device.len() - arguments.len() + first.len() - card.len();
    Some((&device[..begins], card, &device[begins + card.len()..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_of_a_card_is_found_and_gives_way_to_its_id() {
        for (device, expected) in [
            ("hw:1,0", "hw:Device,0"),
            ("plughw:1", "plughw:Device"),
            ("plughw:CARD=1,DEV=0", "plughw:CARD=Device,DEV=0"),
            ("sysdefault:1", "sysdefault:Device"),
        ] {
            assert_eq!(number(device), Some(1), "{device}");
            assert_eq!(with_id(device, "Device").as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_device_without_a_number_stays_as_it_is() {
        for device in ["default", "plughw:CARD=Device,DEV=0", "hw:PCH,1", "plug:{SLAVE={type null}}", "hw:", "hw:-1"] {
            assert_eq!(number(device), None, "{device}");
            remember(device);
            assert_eq!(meant(device), device);
        }
    }

    #[test]
    fn a_card_that_is_not_there_is_not_remembered() {
        remember("hw:31,0");
        assert_eq!((meant("hw:31,0"), id(31), card_of("hw:31,0")), ("hw:31,0".to_owned(), None, None));
    }

    proptest! {
        #[test]
        fn no_name_panics(device in ".*") {
            if let Some(named) = with_id(&device, "Device") {
                prop_assert!(named.contains("Device"));
            }
        }
    }
}
