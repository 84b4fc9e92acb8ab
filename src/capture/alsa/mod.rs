//! Microphones, by way of ALSA.

mod devices;
mod hardware;
mod holder;
mod samples;

use std::sync::Arc;
use std::time::{Duration, Instant};

use alsa::Direction;
use alsa::pcm::PCM;
use rustix::io::Errno;
use tracing::{debug, info};

use super::{CaptureError, Read, Sound, SoundSource};
use crate::clock::Clock;
use hardware::{Hardware, configure};
use holder::all_holders;

pub use devices::{MicrophoneAccess, MicrophoneInfo, Offer, microphones};
pub use holder::Holder;

/// A microphone; its channels are mixed into one.
pub struct Microphone {
    pcm: PCM,
    source_name: String,
    clock: Arc<dyn Clock>,
    hardware: Hardware,
    bytes: Box<[u8]>,
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
            remedy: remedy(error),
        };
        quieten();
        let pcm = PCM::new(device, Direction::Capture, true).map_err(refused)?;
        let hardware = configure(&pcm).map_err(refused)?;
        pcm.start().map_err(refused)?;
        info!(source = source_name, ?hardware, "The microphone is open.");
        let bytes = vec![0; hardware.period_bytes()].into();
        Ok(Self { pcm, source_name, clock, hardware, bytes })
    }

    /// Reads what has come, at most a period; none when there is nothing after all.
    fn read_some(&mut self, sound: &mut Sound) -> alsa::Result<bool> {
        // The next sample was taken as long ago as there are samples waiting.
        let waiting = u32::try_from(self.pcm.delay()?).unwrap_or(0);
        let captured_at = self.clock.now() - Duration::from_secs(1) * waiting / self.hardware.rate;
        let Hardware { encoding, channels, .. } = self.hardware;
        let read = self.pcm.io_bytes().readi(&mut self.bytes)?;
        sound.captured_at = captured_at;
        let came = (read * channels * encoding.width()).min(self.bytes.len());
        encoding.mix(&self.bytes[..came], channels, &mut sound.samples);
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
            remedy: remedy(error),
        })
    }
}

impl SoundSource for Microphone {
    fn sample_rate(&self) -> u32 {
        self.hardware.rate
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

/// Keeps the library from writing to standard error; its errors come back as values.
fn quieten() {
    if let Err(error) = alsa::Output::local_error_handler() {
        debug!(%error, "ALSA goes on writing to standard error.");
    }
}

fn reason(error: alsa::Error) -> String {
    std::io::Error::from_raw_os_error(error.errno()).to_string()
}

fn remedy(error: alsa::Error) -> String {
    match Errno::from_raw_os_error(error.errno()) {
        Errno::BUSY => {
            let holders: Vec<String> = all_holders().iter().map(Holder::to_string).collect();
            let who = if holders.is_empty() { "another program".into() } else { holders.join(" or ") };
            format!("{who} uses it: stop that program, or give a shared device such as alsa:default")
        }
        Errno::ACCESS | Errno::PERM => "add the user to the group audio".into(),
        Errno::INVAL => "it cannot be read by itself: give it as alsa:plughw:CARD,DEVICE".into(),
        _ => "check that it is plugged in and listed by: arecord -L".into(),
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
        assert_eq!(microphone.sample_rate(), 16_000);
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
