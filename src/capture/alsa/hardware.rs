//! What is asked of a device, and what it becomes: encoding, channels, rate, period and buffer.
//!
//! The device's own rate is taken where it can be, for the voice path resamples better than ALSA does. A period is
//! the latency: sound is handed on when a period of it has come. The buffer adds none; it is how late the reader
//! may be before sound is lost.

use alsa::ValueOr;
use alsa::pcm::{Access, Frames, HwParams, PCM};

use super::samples::Encoding;

/// The rates that are asked for, best first: what the voice path reads as it is, then what comes to it by simple
/// fractions.
const RATES: [u32; 5] = [16_000, 48_000, 32_000, 96_000, 44_100];

/// The parts of a second that a period is asked to last: 20 ms.
const PERIODS_A_SECOND: u32 = 50;

/// The seconds that the buffer is asked to last.
const BUFFER_SECONDS: u32 = 1;

/// What a device was set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hardware {
    /// How a sample is written.
    pub(super) encoding: Encoding,
    /// Samples of different places at each moment.
    pub(super) channels: usize,
    /// Moments a second.
    pub(super) rate: u32,
    /// Moments in a period.
    pub(super) period: usize,
    /// Moments in the buffer.
    pub(super) buffer: usize,
}

impl Hardware {
    /// The bytes of a period.
    pub(super) fn period_bytes(&self) -> usize {
        self.period * self.channels * self.encoding.width()
    }
}

/// Sets a device to what suits best of what it has.
pub(super) fn configure(pcm: &PCM) -> alsa::Result<Hardware> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    let fits = |encoding: &Encoding| hardware.test_format(encoding.format()).is_ok();
    let encoding = Encoding::ALL.into_iter().find(fits).unwrap_or(Encoding::S16);
    hardware.set_format(encoding.format())?;
    // A device that converts goes without, if it can be read that way; not all know the word.
    let _ = hardware.set_rate_resample(false);
    let channels = hardware.set_channels_near(1)?;
    let wanted = RATES.into_iter().find(|&rate| hardware.test_rate(rate).is_ok()).unwrap_or(RATES[0]);
    let rate = hardware.set_rate_near(wanted, ValueOr::Nearest)?.max(1);
    // The period first: a device with few periods gets a short buffer rather than a long period.
    hardware.set_period_size_near((rate / PERIODS_A_SECOND).into(), ValueOr::Nearest)?;
    hardware.set_buffer_size_near((rate * BUFFER_SECONDS).into())?;
    let (period, buffer) = (hardware.get_period_size()?, hardware.get_buffer_size()?);
    pcm.hw_params(&hardware)?;
    let software = pcm.sw_params_current()?;
    software.set_avail_min(period)?;
    pcm.sw_params(&software)?;
    let moments = |frames: Frames| usize::try_from(frames).unwrap_or(1).max(1);
    Ok(Hardware { encoding, channels: channels as usize, rate, period: moments(period), buffer: moments(buffer) })
}

#[cfg(test)]
mod tests {
    use alsa::Direction;

    use super::*;

    fn configured(device: &str) -> Hardware {
        configure(&PCM::new(device, Direction::Capture, true).unwrap()).unwrap()
    }

    #[test]
    fn a_device_that_has_everything_gives_what_the_voice_path_reads_in_periods_of_20_ms() {
        let hardware = configured("null");
        let wanted = Hardware { encoding: Encoding::S16, channels: 1, rate: 16_000, period: 320, buffer: 16_000 };
        assert_eq!(hardware, wanted);
        assert_eq!(hardware.period_bytes(), 640);
    }
}
