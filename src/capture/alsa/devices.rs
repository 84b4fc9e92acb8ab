//! Which microphones this machine has, and what each of them offers.

use std::ops::RangeInclusive;

use alsa::card::Iter as Cards;
use alsa::ctl::{Ctl, DeviceIter};
use alsa::pcm::{Access, HwParams, PCM};
use alsa::{Card, Direction};
use rustix::io::Errno;
use tracing::debug;

use super::holder::{Holder, holders_of};
use super::mute::switched_off;
use super::samples::Encoding;
use super::{quieten, reason};

/// The rates that are asked after, in samples a second.
const RATES: [u32; 9] = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/// A capture device of a sound card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicrophoneInfo {
    /// The card's id, as `Device` or `PCH`: it stays when the card's number changes.
    pub card: String,
    /// The card's name for people.
    pub name: String,
    /// The device's own name on the card.
    pub device_name: String,
    /// What to write behind `alsa:`, as `plughw:CARD=Device,DEV=0`.
    pub device: String,
    /// Controls of its card that keep sound from coming in, as `Mic is switched off`.
    pub switched_off: Vec<String>,
    /// Whether it can be had.
    pub access: MicrophoneAccess,
}

/// Whether a microphone can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicrophoneAccess {
    /// It can be opened, and offers this.
    Free(Offer),
    /// Other programs hold it; who they are, so far as the system tells.
    Busy(Vec<Holder>),
    /// The user that asks may not open it.
    Denied,
    /// It cannot be opened for another reason, which the system gave.
    Failed(String),
}

/// What a microphone offers by itself, without conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Of the usual rates those that it takes, in samples a second.
    pub rates: Vec<u32>,
    /// How many channels.
    pub channels: RangeInclusive<u32>,
    /// The encodings of samples that can be read here, as `S16_LE`.
    pub formats: Vec<&'static str>,
}

/// The microphones of this machine, card by card. What cannot be asked is left out. Each free one is opened for a
/// moment.
pub fn microphones() -> Vec<MicrophoneInfo> {
    quieten();
    Cards::new().map_while(Result::ok).flat_map(|card| of_card(&card).unwrap_or_default()).collect()
}

fn of_card(card: &Card) -> alsa::Result<Vec<MicrophoneInfo>> {
    let control = Ctl::from_card(card, true)?;
    let info = control.card_info()?;
    let (id, name) = (info.get_id()?.to_owned(), info.get_name()?.to_owned());
    let mut found = Vec::new();
    for number in DeviceIter::new(&control) {
        let Ok(number) = u32::try_from(number) else { continue };
        // A device that only plays has no such information.
        let Ok(info) = control.pcm_info(number, 0, Direction::Capture) else { continue };
        found.push(MicrophoneInfo {
            card: id.clone(),
            name: name.clone(),
            device_name: info.get_name().unwrap_or_default().to_owned(),
            device: format!("plughw:CARD={id},DEV={number}"),
            switched_off: switched_off(card.get_index()),
            access: access(&format!("hw:CARD={id},DEV={number}"), card.get_index(), number),
        });
    }
    Ok(found)
}

fn access(device: &str, card: i32, number: u32) -> MicrophoneAccess {
    let opened = PCM::new(device, Direction::Capture, true);
    match opened.and_then(|pcm| offer(&pcm)) {
        Ok(offer) => MicrophoneAccess::Free(offer),
        Err(error) => {
            debug!(device, %error, "The microphone cannot be asked.");
            match Errno::from_raw_os_error(error.errno()) {
                Errno::BUSY => MicrophoneAccess::Busy(holders_of((card, Some(number)))),
                Errno::ACCESS | Errno::PERM => MicrophoneAccess::Denied,
                _ => MicrophoneAccess::Failed(reason(error.errno())),
            }
        }
    }
}

fn offer(pcm: &PCM) -> alsa::Result<Offer> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    Ok(Offer {
        rates: RATES.into_iter().filter(|&rate| hardware.test_rate(rate).is_ok()).collect(),
        channels: hardware.get_channels_min()?..=hardware.get_channels_max()?,
        formats: Encoding::ALL
            .into_iter()
            .filter(|encoding| hardware.test_format(encoding.format()).is_ok())
            .map(Encoding::name)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_device_offers_every_rate_and_encoding() {
        let pcm = PCM::new("null", Direction::Capture, true).unwrap();
        let offer = offer(&pcm).unwrap();
        assert_eq!(offer.rates, RATES);
        assert!(offer.formats.contains(&"S16_LE") && offer.formats.contains(&"FLOAT_LE"), "{offer:?}");
        assert!(offer.channels.contains(&1) && offer.channels.contains(&8), "{offer:?}");
    }

    #[test]
    fn a_card_that_is_not_there_has_no_microphones() {
        let card = Card::new(31);
        assert!(of_card(&card).is_err());
        let failed = access("hw:31,0", 31, 0);
        assert!(
            matches!(&failed, MicrophoneAccess::Failed(reason) if reason.starts_with("No such file")),
            "{failed:?}"
        );
    }

    #[test]
    fn every_microphone_can_be_opened_by_its_name() {
        // How many there are depends on the machine.
        for microphone in microphones() {
            assert!(microphone.device.starts_with(&format!("plughw:CARD={}", microphone.card)), "{microphone:?}");
        }
    }
}
