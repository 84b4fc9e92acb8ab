//! A microphone that gives nothing but digital zeros: it is switched off, or nothing is connected to it. A room is
//! never that silent.

use alsa::mixer::{Mixer, Selem, SelemChannelId};

/// So many seconds of zeros mean that it is muted.
const SECONDS: u64 = 5;

/// Counts the zeros.
#[derive(Debug, Clone, Default)]
pub(super) struct Mute {
    zeros: u64,
    muted: bool,
}

impl Mute {
    /// Takes samples, so many of them a second; tells when what [`Mute::is_muted`] says has changed.
    pub(super) fn take(&mut self, samples: &[f32], rate: u32) -> bool {
        match samples.iter().any(|&sample| sample != 0.0) {
            true => self.zeros = 0,
            false => self.zeros = self.zeros.saturating_add(samples.len() as u64),
        }
        let muted = self.zeros >= SECONDS * u64::from(rate);
        std::mem::replace(&mut self.muted, muted) != muted
    }

    /// Whether nothing but zeros has come for five seconds.
    pub(super) fn is_muted(&self) -> bool {
        self.muted
    }
}

/// What of a card's mixer keeps sound from coming in: controls that are switched off, or turned down to nothing.
/// Empty when there is none, or the mixer does not tell.
pub(super) fn switched_off(card: i32) -> Vec<String> {
    let Ok(mixer) = Mixer::new(&format!("hw:{card}"), true) else { return Vec::new() };
    mixer.iter().filter_map(Selem::new).filter_map(|control| told(&control)).collect()
}

fn told(control: &Selem<'_>) -> Option<String> {
    let id = control.get_id();
    let name = id.get_name().ok()?;
    let off = control.has_capture_switch() && control.get_capture_switch(SelemChannelId::mono()) == Ok(0);
    let lowest = control.get_capture_volume_range().0;
    let low = control.has_capture_volume() && control.get_capture_volume(SelemChannelId::mono()) == Ok(lowest);
    match (off, low) {
        (true, _) => Some(format!("{name} is switched off")),
        (false, true) => Some(format!("{name} is turned down to nothing")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_of_zeros_are_a_muted_microphone_and_one_sample_ends_it() {
        let (mut mute, period) = (Mute::default(), [0.0; 320]);
        let changes: Vec<usize> = (0..400).filter(|_| mute.take(&period, 16_000)).collect();
        assert_eq!((changes, mute.is_muted()), (vec![249], true));
        let mut noise = period;
        noise[100] = 1.0 / 32_768.0;
        assert!(mute.take(&noise, 16_000) && !mute.is_muted());
        assert!(!mute.take(&period, 16_000));
    }

    #[test]
    fn a_card_that_is_not_there_has_nothing_switched_off() {
        assert_eq!((switched_off(31), switched_off(-1)), (vec![], vec![]));
    }
}
