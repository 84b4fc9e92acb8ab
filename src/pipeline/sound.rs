//! The sound beside the frames: a thread that listens, and a link to the thread that tells.
//!
//! ```text
//!  thread "sound"                                       thread "frames"
//!  source ─► voice path ─(bounded, drops are counted)─► smoother ─► events ─► sink
//! ```
//!
//! Whatever becomes of the microphone, the frames' thread only ever looks into the link, and never waits for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{debug, warn};

use super::PATIENCE;
use crate::affect::Confidence;
use crate::capture::{Read, Sound, SoundSource};
use crate::clock::{Clock, Monotonic};
use crate::smooth::{SmoothedVoice, VoiceSmoother};
use crate::voice::{Embedding, VoicePath, VoiceRead, VoiceReading};

/// How often it is told how much of the sound is voice.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What waits for the frames' thread at most: over two seconds of it.
const WAITING: usize = 32;

/// What was heard.
#[expect(clippy::large_enum_variant, reason = "a box would allocate for every reading")]
enum Heard {
    /// How much of the moments before was voice.
    Speaking(Monotonic, Confidence),
    /// What a window of sound gave.
    Reading(VoiceReading),
}

/// What came out of the link, for the chain to tell.
#[expect(clippy::large_enum_variant, reason = "a box would allocate for every reading")]
pub(super) enum Told {
    /// How much of the moments before was voice.
    Speaking(Monotonic, Confidence),
    /// What stands of the voice, and what sequence models read of it.
    Voice(SmoothedVoice, Option<Embedding>),
}

/// The link's end on the frames' thread.
pub struct Ears {
    heard: Receiver<Heard>,
    smoother: VoiceSmoother,
}

impl Ears {
    /// The next thing that was heard; `None` when there is nothing for now. When the sound has ended, it is silence.
    pub(super) fn next(&mut self, now: Monotonic, ended: &mut bool) -> Option<Told> {
        match self.heard.try_recv() {
            Ok(Heard::Speaking(at, share)) => Some(Told::Speaking(at, share)),
            Ok(Heard::Reading(reading)) => Some(Told::Voice(self.smoother.update(&reading), reading.embedding)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                let first = !std::mem::replace(ended, true);
                first.then_some(Told::Speaking(now, Confidence::MIN))
            }
        }
    }
}

/// A source of sound at work on its own thread.
pub struct Hearing {
    stop: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Hearing {
    /// Starts to listen. What is heard comes out of the [`Ears`].
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start<M: VoiceRead + Send + 'static>(
        source: Box<dyn SoundSource>,
        path: VoicePath<M>,
        smoother: VoiceSmoother,
        clock: Arc<dyn Clock>,
    ) -> io::Result<(Self, Ears)> {
        let (sender, heard) = sync_channel(WAITING);
        let (stop, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let link = Link { sender, dropped: dropped.clone(), told_at: None };
        let stopped = stop.clone();
        let thread =
            thread::Builder::new().name("sound".into()).spawn(move || listen(source, path, link, &*clock, &stopped))?;
        Ok((Self { stop, dropped, thread }, Ears { heard, smoother }))
    }

    /// Ends the thread; it does within a fraction of a second. Tells how much was heard that nobody had time for.
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            warn!("The thread \"sound\" panicked; this is a bug, please report it.");
        }
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The link's end on the sound's thread.
struct Link {
    sender: SyncSender<Heard>,
    dropped: Arc<AtomicU64>,
    told_at: Option<Monotonic>,
}

impl Link {
    fn put(&self, heard: Heard) {
        // When the frames have ended, nobody listens any more, and nothing is lost.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(heard) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn speaking(&mut self, at: Monotonic, share: Confidence) {
        if self.told_at.is_none_or(|told| at.since(told) >= TELL_EVERY || at < told) {
            self.told_at = Some(at);
            self.put(Heard::Speaking(at, share));
        }
    }
}

fn listen<M: VoiceRead>(
    mut source: Box<dyn SoundSource>,
    mut path: VoicePath<M>,
    mut link: Link,
    clock: &dyn Clock,
    stop: &AtomicBool,
) {
    let (mut sound, mut failed) = (Sound::default(), false);
    while !stop.load(Ordering::Relaxed) {
        let result = match source.read(&mut sound, PATIENCE) {
            Ok(Read::Filled) => {
                let rate = source.sample_rate();
                let result = path.hear(&sound, rate, |reading| link.put(Heard::Reading(reading.clone())));
                let length = Duration::from_secs_f64(sound.samples.len() as f64 / f64::from(rate.max(1)));
                link.speaking(sound.captured_at + length, path.speaking());
                result
            }
            Ok(Read::TimedOut) => {
                debug!("No sound yet.");
                link.speaking(clock.now(), Confidence::MIN);
                Ok(())
            }
            Ok(Read::Ended) => {
                if let Err(error) = path.finish(|reading| link.put(Heard::Reading(reading.clone()))) {
                    warn!(%error, "The end of the sound could not be read.");
                }
                return;
            }
            Err(error) => {
                warn!(%error, "Sound lost; going on without it.");
                return;
            }
        };
        match result {
            Ok(()) => failed = false,
            Err(error) => {
                if !std::mem::replace(&mut failed, true) {
                    warn!(%error, "Sound could not be read; the faces go on.");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Arousal, Estimate};
    use crate::capture::fake::FakeMicrophone;
    use crate::clock::SystemClock;
    use crate::smooth::SmoothSettings;
    use crate::voice::VoiceError;
    use crate::voice::window::COLUMNS;

    /// Finds every voice excited; a second, each half second.
    struct Excited(Vec<f32>);

    impl VoiceRead for Excited {
        fn rows(&self) -> usize {
            100
        }

        fn hop(&self) -> usize {
            50
        }

        fn input_mut(&mut self) -> &mut [f32] {
            &mut self.0
        }

        fn estimate(&mut self) -> Result<Estimate, VoiceError> {
            Ok(Estimate { arousal: Arousal::new(0.7), ..Estimate::default() })
        }

        fn embedding(&self) -> Option<&[f32]> {
            None
        }
    }

    /// Everything that is told of a source until it ends, and what nobody had time for.
    fn told(source: FakeMicrophone) -> (Vec<Told>, u64) {
        let path = VoicePath::new(Excited(vec![0.0; 100 * COLUMNS]));
        let smoother = VoiceSmoother::new(SmoothSettings::default());
        let (hearing, mut ears) = Hearing::start(Box::new(source), path, smoother, Arc::new(SystemClock)).unwrap();
        while !hearing.thread.is_finished() {
            thread::yield_now();
        }
        let (mut all, mut ended) = (Vec::new(), false);
        while let Some(told) = ears.next(Monotonic::new(Duration::from_secs(9)), &mut ended) {
            all.push(told);
        }
        (all, hearing.stop())
    }

    fn readings(told: &[Told]) -> usize {
        told.iter().filter(|told| matches!(told, Told::Voice(voice, _) if voice.estimate.arousal.is_some())).count()
    }

    #[test]
    fn a_voice_is_told_and_after_its_end_there_is_silence_once() {
        let (all, dropped) = told(FakeMicrophone::voice(150.0).ending_after(75));
        // Windows end at 1 s and at 1.5 s, and the rest of the sound is in a third.
        assert_eq!((readings(&all), dropped), (2, 0));
        let shares: Vec<f32> = all
            .iter()
            .filter_map(|told| match told {
                Told::Speaking(_, share) => Some(share.get()),
                Told::Voice(..) => None,
            })
            .collect();
        assert!(shares.len() > 10 && shares[shares.len() - 2] > 0.9, "{shares:?}");
        assert_eq!(shares.last(), Some(&0.0));
    }

    #[test]
    fn what_is_heard_after_the_frames_have_ended_is_not_counted_as_lost() {
        let path = VoicePath::new(Excited(vec![0.0; 100 * COLUMNS]));
        let smoother = VoiceSmoother::new(SmoothSettings::default());
        let source = Box::new(FakeMicrophone::voice(150.0).ending_after(500));
        let (hearing, ears) = Hearing::start(source, path, smoother, Arc::new(SystemClock)).unwrap();
        drop(ears);
        while !hearing.thread.is_finished() {
            thread::yield_now();
        }
        assert_eq!(hearing.stop(), 0);
    }

    #[test]
    fn what_nobody_has_time_for_is_dropped_and_counted_and_a_source_that_fails_ends_the_sound_alone() {
        let (all, dropped) = told(FakeMicrophone::voice(150.0).failing_after(500));
        assert_eq!(all.len(), WAITING + 1);
        assert!(dropped > 50, "{dropped}");
    }
}
