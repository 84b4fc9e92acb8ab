//! Microphones, by way of ALSA.
//!
//! ```text
//! device ─► hardware (what it gives) ─► stream (waits, reads, recovers) ─► samples (one channel) ─► Microphone
//!                                          └─ timeline (stamps)
//! ```
//!
//! What the library says on standard error is kept from there; its errors come back as values.

mod device;
mod devices;
mod hardware;
mod holder;
mod mute;
mod names;
mod samples;
mod stream;
mod timeline;

use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

use alsa::Direction;
use alsa::pcm::PCM;
use rustix::io::Errno;
use tracing::{debug, info, warn};

use super::{CaptureError, Read, Sound, SoundSource};
use crate::clock::Clock;
use hardware::configure;
use holder::{all_holders, holders_of};
use mute::{Mute, switched_off};
use stream::{Fault, Stream};

pub use devices::{MicrophoneAccess, MicrophoneInfo, Offer, microphones};
pub use holder::Holder;

/// A microphone; its channels are mixed into one.
pub struct Microphone {
    stream: Stream<PCM>,
    source_name: String,
    /// The number of its card; −1 where there is none.
    card: i32,
    mute: Mute,
}

impl Microphone {
    /// Opens an ALSA device for capture and starts it. A device that is told by the number of its card, as `hw:1,0`, is
    /// the same card's ever after, whatever its number then is.
    ///
    /// # Errors
    /// When there is no such device, it is in use, or what it gives cannot be read.
    pub fn open(device: &str, clock: Arc<dyn Clock>) -> Result<Self, CaptureError> {
        quieten();
        let source_name = format!("alsa:{device}");
        let name = names::meant(device);
        let refused = |error: alsa::Error| CaptureError::Open {
            source_name: source_name.clone(),
            reason: reason(error.errno()),
            remedy: remedy(error.errno(), device, &name),
        };
        let written = CString::new(name.as_str()).map_err(|_| CaptureError::Address {
            given: device.to_owned(),
            reason: "a name cannot hold a zero byte".into(),
        })?;
        let pcm = PCM::open(&written, Direction::Capture, true).map_err(refused)?;
        let card = pcm.info().map_or(-1, |info| info.get_card());
        let hardware = configure(&pcm).map_err(refused)?;
        pcm.start().map_err(refused)?;
        names::remember(device);
        let stream = Stream::new(pcm, hardware, clock);
        info!(source = source_name, opened = name, ?hardware, "The microphone is open.");
        Ok(Self { stream, source_name, card, mute: Mute::default() })
    }

    /// How often sound was lost since it was opened.
    pub fn losses(&self) -> u64 {
        self.stream.losses()
    }

    fn failed(&self, fault: Fault) -> CaptureError {
        let (reason, remedy) = match fault {
            Fault::Errno(errno) => (reason(errno), remedy(errno, "", "")),
            Fault::Stalled(silent) => (
                format!("it gave nothing for {:.1} s, not even silence", silent.as_secs_f32()),
                "plug it in again, or another that the board can drive".into(),
            ),
        };
        CaptureError::Failed { source_name: self.source_name.clone(), reason, remedy }
    }

    fn tell_of_silence(&self) {
        if !self.mute.is_muted() {
            info!(source = self.source_name, "The microphone hears something again.");
            return;
        }
        let off = switched_off(self.card).join(", ");
        let why = if off.is_empty() { "it is muted, or nothing is connected to it" } else { &off };
        warn!(source = self.source_name, why, "The microphone gives nothing but digital silence.");
    }
}

impl SoundSource for Microphone {
    fn sample_rate(&self) -> u32 {
        self.stream.hardware().rate
    }

    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        let read = self.stream.read(sound, timeout).map_err(|fault| self.failed(fault))?;
        if read == Read::Filled && self.mute.take(&sound.samples, self.stream.hardware().rate) {
            self.tell_of_silence();
        }
        Ok(read)
    }

    fn quiet(&self) -> bool {
        self.mute.is_muted()
    }
}

/// Keeps the library from writing to standard error, on this thread, and forgets what it said so far.
fn quieten() {
    if let Err(error) = alsa::Output::local_error_handler() {
        debug!(%error, "ALSA goes on writing to standard error.");
    }
}

fn reason(errno: i32) -> String {
    std::io::Error::from_raw_os_error(errno).to_string()
}

/// What to do about an error of the device that the user wrote, and of what it means.
fn remedy(errno: i32, device: &str, meant: &str) -> String {
    match Errno::from_raw_os_error(errno) {
        Errno::BUSY => {
            let card = names::card_of(meant);
            let holders = card.map_or_else(all_holders, holders_of);
            let holders: Vec<String> = holders.iter().map(Holder::to_string).collect();
            let who = if holders.is_empty() { "another program".into() } else { holders.join(" or ") };
            format!("{who} uses it: stop that program, or give a shared device such as alsa:default")
        }
        Errno::ACCESS | Errno::PERM => "add the user to the group audio".into(),
        Errno::INVAL if device.starts_with("hw:") => {
            format!("what it gives cannot be read as it is: let it be converted, as alsa:plug{device}")
        }
        Errno::INVAL => "what it gives cannot be read as it is: let it be converted, as alsa:plughw:CARD,DEVICE".into(),
        _ if device != meant => {
            format!("plug in the same card again, which is now {meant}, or restart affectd to take another")
        }
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
            assert!(before.since(sound.captured_at) < Duration::from_secs(1));
            heard.extend_from_slice(&sound.samples);
        }
        for (i, sample) in heard.iter().enumerate() {
            let expected = (i % 1000) as f32 * 30.0 / 32_768.0;
            assert!((sample - expected).abs() < 1e-6, "{i}: {sample} for {expected}");
        }
    }

    #[test]
    fn a_microphone_that_gives_only_zeros_is_quiet() {
        let (mut microphone, mut sound) = (open("null").unwrap(), Sound::default());
        let begun = SystemClock.now();
        while !microphone.quiet() && SystemClock.now().since(begun) < LONG {
            assert_eq!(microphone.read(&mut sound, LONG).unwrap(), Read::Filled);
        }
        assert!(microphone.quiet());
        // The null device gives as much as one likes at once, and is read no faster than time passes.
        assert!(SystemClock.now().since(begun) > Duration::from_secs(4));
        assert_eq!(microphone.losses(), 0);
    }

    #[test]
    fn a_microphone_that_is_not_there_is_named_with_a_remedy() {
        let message = open("no_such_microphone").err().unwrap().to_string();
        assert!(message.starts_with("alsa:no_such_microphone cannot be opened: No such file"), "{message}");
        assert!(message.contains("arecord -L"), "{message}");
        assert!(matches!(open("nu\0ll"), Err(CaptureError::Address { .. })));
    }

    #[test]
    fn the_remedy_fits_the_error() {
        let of = |errno: Errno, device: &str, meant: &str| remedy(errno.raw_os_error(), device, meant);
        assert!(of(Errno::INVAL, "hw:1,0", "hw:1,0").contains("alsa:plughw:1,0"));
        assert!(of(Errno::BUSY, "hw:31,0", "hw:31,0").starts_with("another program uses it"));
        assert!(of(Errno::ACCESS, "default", "default").contains("group audio"));
        assert!(of(Errno::NOENT, "hw:1,0", "hw:Device,0").contains("which is now hw:Device,0"));
    }
}
