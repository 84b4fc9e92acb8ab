//! A source that comes back: opened anew, with growing pauses, whenever it fails.

use std::time::Duration;

use tracing::{info, warn};

use super::{CaptureError, Frame, Read, VideoSource};

/// The first pause before opening again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: a camera that is plugged in again is back within it.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Opens a source, and opens it again after every failure.
pub struct Reopening<F> {
    open: F,
    source: Option<Box<dyn VideoSource>>,
    pause: Duration,
    lost: bool,
}

impl<F> Reopening<F>
where
    F: FnMut() -> Result<Box<dyn VideoSource>, CaptureError> + Send,
{
    /// Nothing is opened before the first read.
    pub fn new(open: F) -> Self {
        Self { open, source: None, pause: FIRST_PAUSE, lost: false }
    }

    fn failed(&mut self, error: &CaptureError, timeout: Duration) {
        if !self.lost {
            warn!(%error, "Camera lost; trying again until it returns.");
        }
        self.lost = true;
        self.source = None;
        std::thread::sleep(self.pause.min(timeout));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl<F> VideoSource for Reopening<F>
where
    F: FnMut() -> Result<Box<dyn VideoSource>, CaptureError> + Send,
{
    /// Never fails: while the source is away, reads time out.
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        let source = match &mut self.source {
            Some(source) => source,
            None => match (self.open)() {
                Ok(opened) => self.source.insert(opened),
                Err(error) => {
                    self.failed(&error, timeout);
                    return Ok(Read::TimedOut);
                }
            },
        };
        match source.read(frame, timeout) {
            Ok(Read::Filled) => {
                if std::mem::take(&mut self.lost) {
                    info!("Camera is back.");
                }
                self.pause = FIRST_PAUSE;
                Ok(Read::Filled)
            }
            Ok(other) => Ok(other),
            Err(error) => {
                self.failed(&error, timeout);
                Ok(Read::TimedOut)
            }
        }
    }

    fn frame_rate(&self) -> Option<f32> {
        self.source.as_ref().and_then(|source| source.frame_rate())
    }
}

#[cfg(test)]
mod tests {
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
    }

    fn gone(reason: &str) -> CaptureError {
        let (source_name, reason) = ("v4l:/dev/video0".to_owned(), reason.to_owned());
        CaptureError::Failed { source_name, reason, remedy: "plug it in".to_owned() }
    }

    #[test]
    fn a_source_that_fails_is_opened_again_and_again() {
        let mut opened = 0;
        let mut source = Reopening::new(|| {
            opened += 1;
            if opened % 2 == 0 { Err(gone("busy")) } else { Ok(Box::new(Flaky { good: 2 }) as Box<dyn VideoSource>) }
        });
        let mut frame = Frame::default();
        let reads: Vec<_> = (0..8).map(|_| source.read(&mut frame, Duration::ZERO).unwrap()).collect();
        use Read::{Filled, TimedOut};
        assert_eq!(reads, [Filled, Filled, TimedOut, TimedOut, Filled, Filled, TimedOut, TimedOut]);
        drop(source);
        assert_eq!(opened, 4);
    }
}
