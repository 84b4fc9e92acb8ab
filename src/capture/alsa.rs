//! Microphones, by way of ALSA.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alsa::pcm::{Access, Format, HwParams, PCM};
use alsa::{Direction, ValueOr};
use rustix::io::Errno;
use tracing::{debug, info};

use super::{CaptureError, Read, Sound, SoundSource};
use crate::clock::Clock;

/// The rate that is asked for, in samples a second; the device may give another.
const RATE: u32 = 16_000;

/// The parts of a second that a period and the buffer are asked to last.
const PERIODS_A_SECOND: u32 = 50;
const BUFFERS_A_SECOND: u32 = 2;

/// A microphone; its channels are mixed into one.
pub struct Microphone {
    pcm: PCM,
    source_name: String,
    clock: Arc<dyn Clock>,
    rate: u32,
    channels: usize,
    interleaved: Vec<i16>,
}

impl Microphone {
    /// Opens an ALSA device for capture and starts it.
    ///
    /// # Errors
    /// When there is no such device, it is in use, or it cannot capture 16-bit sound.
    pub fn open(device: &str, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        let source_name = format!("alsa:{device}");
        let refused = |error: alsa::Error| CaptureError::Open {
            source_name: source_name.clone(),
            reason: reason(error),
            remedy: remedy(error).into(),
        };
        quieten();
        let pcm = PCM::new(device, Direction::Capture, true).map_err(refused)?;
        let (rate, channels, period) = configure(&pcm).map_err(refused)?;
        pcm.start().map_err(refused)?;
        info!(source = source_name, rate, channels, period, "The microphone is open.");
        let interleaved = vec![0; period * channels];
        Ok(Self { pcm, source_name, clock, rate, channels, interleaved })
    }

    /// Reads what has come, at most a period; none when there is nothing after all.
    fn read_some(&mut self, sound: &mut Sound) -> alsa::Result<bool> {
        // The next sample was taken as long ago as there are samples waiting.
        let waiting = u32::try_from(self.pcm.delay()?).unwrap_or(0);
        let captured_at = self.clock.now() - Duration::from_secs(1) * waiting / self.rate;
        let read = self.pcm.io_i16()?.readi(&mut self.interleaved)?;
        sound.captured_at = captured_at;
        mix(&self.interleaved[..read * self.channels], self.channels, &mut sound.samples);
        Ok(read > 0)
    }

    /// Gets the device going again after an overrun or a suspend.
    fn recover(&self, error: alsa::Error) -> Result<(), CaptureError> {
        debug!(source = self.source_name, %error, "The microphone is started again; some sound was lost.");
        quieten();
        let mends = [Errno::PIPE, Errno::STRPIPE].iter().any(|errno| errno.raw_os_error() == error.errno());
        let mended = if mends { self.pcm.prepare().and_then(|()| self.pcm.start()) } else { Err(error) };
        mended.map_err(|error| CaptureError::Failed {
            source_name: self.source_name.clone(),
            reason: reason(error),
            remedy: remedy(error).into(),
        })
    }
}

impl SoundSource for Microphone {
    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = self.pcm.wait(Some(u32::try_from(left.as_millis()).unwrap_or(u32::MAX)));
            match waited.and_then(|come| if come { self.read_some(sound) } else { Ok(false) }) {
                Ok(true) => return Ok(Read::Filled),
                Ok(false) => {}
                Err(error) if error.errno() == Errno::AGAIN.raw_os_error() => {}
                Err(error) => self.recover(error)?,
            }
            if left.is_zero() {
                return Ok(Read::TimedOut);
            }
        }
    }
}

/// Asks for one channel of 16-bit sound; tells the rate, the channels and the period that it became.
fn configure(pcm: &PCM) -> alsa::Result<(u32, usize, usize)> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    hardware.set_format(Format::s16())?;
    let channels = hardware.set_channels_near(1)?;
    let rate = hardware.set_rate_near(RATE, ValueOr::Nearest)?;
    hardware.set_buffer_size_near((rate / BUFFERS_A_SECOND).into())?;
    let period = hardware.set_period_size_near((rate / PERIODS_A_SECOND).into(), ValueOr::Nearest)?;
    pcm.hw_params(&hardware)?;
    let software = pcm.sw_params_current()?;
    software.set_avail_min(period)?;
    pcm.sw_params(&software)?;
    Ok((rate.max(1), channels as usize, usize::try_from(period).unwrap_or(1)))
}

/// Makes one channel of several: their mean, from −1 to 1.
fn mix(interleaved: &[i16], channels: usize, samples: &mut Vec<f32>) {
    const FULL: f32 = 32_768.0;
    samples.clear();
    let moments = interleaved.chunks_exact(channels.max(1));
    samples.extend(moments.map(|moment| {
        let sum: f32 = moment.iter().map(|&sample| f32::from(sample)).sum();
        sum / (FULL * moment.len() as f32)
    }));
}

/// Keeps the library from writing to standard error; its errors come back as values.
fn quieten() {
    if let Err(error) = alsa::Output::local_error_handler() {
        debug!(%error, "ALSA goes on writing to standard error.");
    }
}

fn reason(error: alsa::Error) -> String {
    std::io::Error::from_raw_os_error(error.errno()).to_string()
}

fn remedy(error: alsa::Error) -> &'static str {
    match Errno::from_raw_os_error(error.errno()) {
        Errno::BUSY => "another program uses it: stop that program, or give a shared device such as alsa:default",
        Errno::ACCESS | Errno::PERM => "add the user to the group audio",
        Errno::INVAL => "it cannot capture 16-bit sound by itself: give it as alsa:plughw:CARD,DEVICE",
        _ => "check that it is plugged in and listed by: arecord -L",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const LONG: Duration = Duration::from_secs(20);

    fn open(device: &str) -> Result<Microphone, CaptureError> {
        Microphone::open(device, Arc::new(SystemClock))
    }

    #[test]
    fn sound_comes_through_the_real_library() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ramp.raw");
        let ramp: Vec<u8> = (0..32_000_i32).flat_map(|i| ((i % 1000) as i16 * 30).to_le_bytes()).collect();
        std::fs::write(&path, ramp).unwrap();
        // A device that reads a file, as if it were what the null device captured.
        let device =
            format!("plug:{{SLAVE={{type file file /dev/null infile {} format raw slave.pcm null}}}}", path.display());
        let mut microphone = open(&device).unwrap();
        assert_eq!(microphone.sample_rate(), RATE);
        let (mut sound, mut heard) = (Sound::default(), Vec::new());
        while heard.len() < 3000 {
            let before = SystemClock.now();
            assert_eq!(microphone.read(&mut sound, LONG).unwrap(), Read::Filled);
            assert!(sound.captured_at <= SystemClock.now() && before.since(sound.captured_at) < Duration::from_secs(1));
            heard.extend_from_slice(&sound.samples);
        }
        for (i, sample) in heard.iter().enumerate() {
            let expected = (i % 1000) as f32 * 30.0 / 32_768.0;
            assert!((sample - expected).abs() < 1e-6, "{i}: {sample} for {expected}");
        }
    }

    #[test]
    fn channels_are_mixed_to_their_mean() {
        let mut samples = vec![9.0; 7];
        mix(&[i16::MAX, i16::MAX, 16_384, -16_384, i16::MIN, 0], 2, &mut samples);
        assert_eq!(samples, [32_767.0 / 32_768.0, 0.0, -0.5]);
    }

    #[test]
    fn a_microphone_that_is_not_there_is_named_with_a_remedy() {
        let message = open("no_such_microphone").err().unwrap().to_string();
        assert!(message.starts_with("alsa:no_such_microphone cannot be opened: No such file"), "{message}");
        assert!(message.contains("arecord -L"), "{message}");
    }

    #[test]
    fn an_overrun_is_recovered_from_and_an_unplugged_device_is_not() {
        let microphone = open("null").unwrap();
        assert!(microphone.recover(alsa::Error::new("snd_pcm_readi", Errno::PIPE.raw_os_error())).is_ok());
        let error = microphone.recover(alsa::Error::new("snd_pcm_readi", Errno::NODEV.raw_os_error())).unwrap_err();
        assert!(error.to_string().contains("alsa:null failed: No such device"), "{error}");
    }
}
