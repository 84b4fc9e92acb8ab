//! A source that comes back: opened anew, with growing pauses, whenever it fails. That a device which gives nothing for
//! too long has failed, each source knows by itself.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::{CaptureError, Frame, Read, Sound, SoundSource, VideoSource};
use crate::health::Pulse;

/// The first pause before opening again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: a camera that is plugged in again is back within it.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The rate of sound that has not come yet; nobody reckons with it.
const NO_RATE: u32 = 16_000;

/// Opens a source, and opens it again after every failure.
pub struct Reopening<F, S: ?Sized> {
    open: F,
    /// What the log calls it.
    name: &'static str,
    source: Option<Box<S>>,
    pause: Duration,
    lost: bool,
    pulse: Option<Arc<Pulse>>,
    /// What came damaged from those that failed.
    damaged: u64,
}

impl<F, S: ?Sized> Reopening<F, S>
where
    F: FnMut() -> Result<Box<S>, CaptureError> + Send,
{
    fn named(name: &'static str, open: F) -> Self {
        Self { open, name, source: None, pause: FIRST_PAUSE, lost: false, pulse: None, damaged: 0 }
    }

    /// Tells its troubles to that pulse.
    #[must_use]
    pub fn telling(self, pulse: Arc<Pulse>) -> Self {
        Self { pulse: Some(pulse), ..self }
    }

    /// Reads from the source, opened if need be. Never fails: while the source is away, reads time out.
    fn attempt(&mut self, timeout: Duration, read: impl FnOnce(&mut S) -> Result<Read, CaptureError>) -> Read {
        let source = match &mut self.source {
            Some(source) => source,
            None => match (self.open)() {
                Ok(opened) => self.source.insert(opened),
                Err(error) => return self.failed(&error, timeout),
            },
        };
        match read(source) {
            Ok(Read::Filled) => {
                if let Some(pulse) = &self.pulse {
                    pulse.well();
                }
                if std::mem::take(&mut self.lost) {
                    info!("{} is back.", self.name);
                }
                self.pause = FIRST_PAUSE;
                Read::Filled
            }
            Ok(other) => other,
            Err(error) => self.failed(&error, timeout),
        }
    }

    /// Closes it, which is no failure; the next read opens it again.
    fn close(&mut self) {
        self.source = None;
        self.pause = FIRST_PAUSE;
        self.lost = false;
    }

    fn failed(&mut self, error: &CaptureError, timeout: Duration) -> Read {
        if !self.lost {
            warn!(%error, "{} lost; trying again until it returns.", self.name);
        }
        if let Some(pulse) = &self.pulse {
            pulse.trouble(error);
        }
        self.lost = true;
        self.source = None;
        std::thread::sleep(self.pause.min(timeout));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Read::TimedOut
    }
}

impl<F> Reopening<F, dyn VideoSource>
where
    F: FnMut() -> Result<Box<dyn VideoSource>, CaptureError> + Send,
{
    /// A camera. Nothing is opened before the first read.
    pub fn new(open: F) -> Self {
        Self::named("Camera", open)
    }
}

impl<F> Reopening<F, dyn SoundSource>
where
    F: FnMut() -> Result<Box<dyn SoundSource>, CaptureError> + Send,
{
    /// A microphone. Nothing is opened before the first read.
    pub fn sound(open: F) -> Self {
        Self::named("Microphone", open)
    }
}

impl<F> VideoSource for Reopening<F, dyn VideoSource>
where
    F: FnMut() -> Result<Box<dyn VideoSource>, CaptureError> + Send,
{
    /// Never fails: while the source is away, reads time out.
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        let mut damaged = 0;
        let read = self.attempt(timeout, |source| {
            let read = source.read(frame, timeout);
            damaged = source.damaged();
            read
        });
        if self.source.is_none() {
            self.damaged += damaged;
        }
        Ok(read)
    }

    fn release(&mut self) {
        self.damaged = self.damaged();
        self.close();
    }

    /// Of all cameras since the first.
    fn damaged(&self) -> u64 {
        self.damaged + self.source.as_ref().map_or(0, |source| source.damaged())
    }

    fn frame_rate(&self) -> Option<f32> {
        self.source.as_ref().and_then(|source| source.frame_rate())
    }
}

impl<F> SoundSource for Reopening<F, dyn SoundSource>
where
    F: FnMut() -> Result<Box<dyn SoundSource>, CaptureError> + Send,
{
    /// That of the sound read last: another microphone may come back.
    fn sample_rate(&self) -> u32 {
        self.source.as_ref().map_or(NO_RATE, |source| source.sample_rate())
    }

    /// Never fails: while the source is away, reads time out.
    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        Ok(self.attempt(timeout, |source| source.read(sound, timeout)))
    }

    fn release(&mut self) {
        self.close();
    }

    fn quiet(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.quiet())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::FakeMicrophone;
    use super::*;

    struct Flaky {
        good: u32,
    }

    impl VideoSource for Flaky {
        fn read(&mut self, _: &mut Frame, _: Duration) -> Result<Read, CaptureError> {
            match self.good.checked_sub(1) {
                Some(left) => {
                    self.good = left;
                    Ok(Read::Filled)
                }
                None => Err(gone("unplugged")),
            }
        }

        fn frame_rate(&self) -> Option<f32> {
            None
        }

        fn damaged(&self) -> u64 {
            3
        }
    }

    fn gone(reason: &str) -> CaptureError {
        let (source_name, reason) = ("v4l:/dev/video0".to_owned(), reason.to_owned());
        CaptureError::Failed { source_name, reason, remedy: "plug it in".to_owned() }
    }

    #[test]
    fn a_source_that_fails_is_opened_again_and_again() {
        let mut opened = 0;
        let mut source = Reopening::<_, dyn VideoSource>::new(|| {
            opened += 1;
            if opened % 2 == 0 { Err(gone("busy")) } else { Ok(Box::new(Flaky { good: 2 }) as Box<dyn VideoSource>) }
        });
        let mut frame = Frame::default();
        let reads: Vec<_> = (0..8).map(|_| source.read(&mut frame, Duration::ZERO).unwrap()).collect();
        use Read::{Filled, TimedOut};
        assert_eq!(reads, [Filled, Filled, TimedOut, TimedOut, Filled, Filled, TimedOut, TimedOut]);
        assert_eq!(source.damaged(), 6, "those of both that failed");
        drop(source);
        assert_eq!(opened, 4);
    }

    #[test]
    fn a_source_that_is_released_is_opened_again_by_the_next_read() {
        let mut opened = 0;
        let mut source = Reopening::<_, dyn VideoSource>::new(|| {
            opened += 1;
            Ok(Box::new(Flaky { good: 9 }) as Box<dyn VideoSource>)
        });
        let mut frame = Frame::default();
        assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        source.release();
        source.release();
        assert_eq!(source.damaged(), 3, "what was counted stays counted");
        assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        drop(source);
        assert_eq!(opened, 2);
    }

    #[test]
    fn what_is_wrong_is_told_until_something_comes() {
        let pulse = Arc::new(Pulse::default());
        let mut opened = 0;
        let open = || {
            opened += 1;
            if opened < 3 { Err(gone("busy")) } else { Ok(Box::new(Flaky { good: 9 }) as Box<dyn VideoSource>) }
        };
        let mut source = Reopening::<_, dyn VideoSource>::new(open).telling(pulse.clone());
        let mut frame = Frame::default();
        assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::TimedOut);
        assert!(pulse.read().trouble.unwrap().contains("busy"));
        assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::TimedOut);
        assert_eq!(source.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!(pulse.read().trouble, None);
    }

    #[test]
    fn a_microphone_that_goes_is_opened_again() {
        let mut source = Reopening::<_, dyn SoundSource>::sound(|| {
            Ok(Box::new(FakeMicrophone::silence().failing_after(2)) as Box<dyn SoundSource>)
        });
        let mut sound = Sound::default();
        let reads: Vec<_> = (0..6).map(|_| source.read(&mut sound, Duration::ZERO).unwrap()).collect();
        use Read::{Filled, TimedOut};
        assert_eq!(reads, [Filled, Filled, TimedOut, Filled, Filled, TimedOut]);
    }
}
