//! Plays a clip as if it were a camera: each frame when it is due.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::warn;

use super::{CaptureError, Frame, Read, Sound, SoundSource, VideoSource};
use crate::clock::{Clock, Monotonic};

/// A source that is later than this is not caught up with, but goes on from where it is.
const LATE: Duration = Duration::from_secs(1);

/// How many times as fast as recorded a clip plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// As recorded.
    pub const NORMAL: Self = Self(1.0);

    /// A speed from 0.01 to 100; `None` beyond.
    pub fn new(times: f64) -> Option<Self> {
        (0.01..=100.0).contains(&times).then_some(Self(times))
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        given.parse().ok().and_then(Self::new).ok_or_else(|| format!("{given:?} is not a speed from 0.01 to 100"))
    }
}

/// When what was recorded is due.
struct Pace {
    speed: Speed,
    clock: Arc<dyn Clock>,
    /// The first moment of the recording, and the clock's when it was due.
    start: Option<(Monotonic, Monotonic)>,
    /// When what was read last is due.
    due: Option<Monotonic>,
}

impl Pace {
    fn new(speed: Speed, clock: Arc<dyn Clock>) -> Self {
        Self { speed, clock, start: None, due: None }
    }

    /// Sets when what was recorded at that moment is due.
    fn schedule(&mut self, at: Monotonic) {
        let now = self.clock.now();
        let (recorded, played) = self.start.unwrap_or((at, now));
        let due = played + at.since(recorded).div_f64(self.speed.0);
        let behind = now.since(due);
        if behind > LATE {
            warn!(seconds = behind.as_secs_f32(), "The clip cannot be read as fast as it should play; going on late.");
            self.start = Some((at, now));
            self.due = Some(now);
            return;
        }
        self.start = Some((recorded, played));
        self.due = Some(due);
    }

    /// Gives what was recorded when it is due, stamped with that moment: what waits in `next`, or what `read` puts there.
    fn play<T>(
        &mut self,
        next: &mut T,
        given: &mut T,
        timeout: Duration,
        read: impl FnOnce(&mut T) -> Result<Read, CaptureError>,
        stamp: fn(&mut T) -> &mut Monotonic,
    ) -> Result<Read, CaptureError> {
        let begun = Instant::now();
        if self.due.is_none() {
            match read(next)? {
                Read::Filled => self.schedule(*stamp(next)),
                other => return Ok(other),
            }
        }
        let Some(due) = self.wait(begun, timeout) else { return Ok(Read::TimedOut) };
        std::mem::swap(given, next);
        *stamp(given) = due;
        Ok(Read::Filled)
    }

    /// Waits until it is due, no longer than what is left of `timeout` since `begun`; then tells when it was.
    fn wait(&mut self, begun: Instant, timeout: Duration) -> Option<Monotonic> {
        let due = self.due?;
        let early = due.since(self.clock.now());
        std::thread::sleep(early.min(timeout.saturating_sub(begun.elapsed())));
        if self.clock.now() < due { None } else { self.due.take() }
    }
}

/// A source whose frames come no sooner than they are due, stamped with the clock's time.
pub struct Paced {
    source: Box<dyn VideoSource>,
    pace: Pace,
    /// A frame that was read but is not due yet.
    next: Frame,
}

impl Paced {
    /// Plays a source at a speed. The first frame is due when it is first read.
    pub fn new(source: Box<dyn VideoSource>, speed: Speed, clock: Arc<dyn Clock>) -> Self {
        Self { source, pace: Pace::new(speed, clock), next: Frame::default() }
    }
}

impl VideoSource for Paced {
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, CaptureError> {
        let Self { source, pace, next } = self;
        pace.play(next, frame, timeout, |next| source.read(next, timeout), |frame| &mut frame.captured_at)
    }

    fn frame_rate(&self) -> Option<f32> {
        self.source.frame_rate().map(|rate| rate * self.pace.speed.0 as f32)
    }

    fn frames_hint(&self) -> Option<u64> {
        self.source.frames_hint()
    }
}

/// A source whose sound comes no sooner than it is due, stamped with the clock's time. At another speed than it was
/// recorded at it keeps its pitch: each period stays as it is, and comes sooner or later.
pub struct PacedSound {
    source: Box<dyn SoundSource>,
    pace: Pace,
    /// A period that was read but is not due yet.
    next: Sound,
}

impl PacedSound {
    /// Plays a source at a speed. The first period is due when it is first read.
    pub fn new(source: Box<dyn SoundSource>, speed: Speed, clock: Arc<dyn Clock>) -> Self {
        Self { source, pace: Pace::new(speed, clock), next: Sound::default() }
    }
}

impl SoundSource for PacedSound {
    fn sample_rate(&self) -> u32 {
        self.source.sample_rate()
    }

    fn read(&mut self, sound: &mut Sound, timeout: Duration) -> Result<Read, CaptureError> {
        let Self { source, pace, next } = self;
        pace.play(next, sound, timeout, |next| source.read(next, timeout), |sound| &mut sound.captured_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{FakeCamera, FakeMicrophone};
    use super::*;
    use crate::clock::{ManualClock, SystemClock};

    fn paced(times: f64, camera: FakeCamera) -> (Paced, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        clock.advance(Duration::from_secs(100));
        (Paced::new(Box::new(camera), Speed::new(times).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn a_frame_comes_when_it_is_due_and_carries_that_time() {
        let (mut paced, clock) = paced(2.0, FakeCamera::new(4, 4, 10).ending_at(2));
        let mut frame = Frame::default();
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!(frame.captured_at.since_zero(), Duration::from_secs(100));
        clock.advance(Duration::from_millis(49));
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::TimedOut);
        assert_eq!(frame.number, 0);
        clock.advance(Duration::from_millis(3));
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!((frame.number, frame.captured_at.since_zero()), (1, Duration::from_millis(100_050)));
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::Ended);
        assert_eq!(paced.frame_rate(), Some(20.0));
    }

    #[test]
    fn a_source_that_is_far_behind_goes_on_from_there() {
        let (mut paced, clock) = paced(1.0, FakeCamera::new(4, 4, 10));
        let mut frame = Frame::default();
        paced.read(&mut frame, Duration::ZERO).unwrap();
        clock.advance(Duration::from_secs(5));
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!(frame.captured_at.since_zero(), Duration::from_secs(105));
        assert_eq!(paced.read(&mut frame, Duration::ZERO).unwrap(), Read::TimedOut);
    }

    #[test]
    fn with_the_systems_clock_it_takes_its_time() {
        let camera = FakeCamera::new(4, 4, 50).ending_at(6);
        let mut paced = Paced::new(Box::new(camera), Speed::NORMAL, Arc::new(SystemClock));
        let (mut frame, begun) = (Frame::default(), Instant::now());
        while paced.read(&mut frame, Duration::from_secs(20)).unwrap() != Read::Ended {}
        assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_speed_that_makes_no_sense_is_refused() {
        for given in ["0", "-1", "nan", "inf", "fast"] {
            assert!(given.parse::<Speed>().is_err(), "{given}");
        }
        assert_eq!("2.0".parse(), Ok(Speed(2.0)));
    }

    #[test]
    fn sound_comes_when_it_is_due_and_carries_that_time() {
        let clock = Arc::new(ManualClock::default());
        clock.advance(Duration::from_secs(100));
        let source = Box::new(FakeMicrophone::tone(300.0, 0.1).ending_after(2));
        let mut paced = PacedSound::new(source, Speed::NORMAL, clock.clone());
        let mut sound = Sound::default();
        assert_eq!(paced.read(&mut sound, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!(paced.read(&mut sound, Duration::ZERO).unwrap(), Read::TimedOut);
        clock.advance(Duration::from_millis(20));
        assert_eq!(paced.read(&mut sound, Duration::ZERO).unwrap(), Read::Filled);
        assert_eq!(sound.captured_at.since_zero(), Duration::from_millis(100_020));
        assert_eq!((sound.samples.len(), paced.sample_rate()), (FakeMicrophone::PERIOD, 16_000));
        assert_eq!(paced.read(&mut sound, Duration::ZERO).unwrap(), Read::Ended);
    }
}
