//! The sound beside the frames: a thread that listens, and a link to the thread that tells.
//!
//! ```text
//!  thread "sound"                                       thread "frames"
//!  source ─► voice path ─(bounded, drops are counted)─► smoother ─► events ─► sink
//! ```
//!
//! Whatever becomes of the microphone, the frames' thread only ever looks into the link, and never waits for it.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::warn;

use super::supply::{Lack, Supply};
use super::{HANGING, PATIENCE, REST, Vitals};
use crate::affect::Confidence;
use crate::capture::{Read, Sound, SoundSource};
use crate::clock::{Clock, Monotonic, Stopwatch};
use crate::privacy::Gate;
use crate::smooth::{SmoothedVoice, VoiceSmoother};
use crate::supervise::{Lease, Left, Worker};
use crate::voice::{Embedding, VoicePath, VoiceRead, VoiceReading};

/// How often it is told how much of the sound is voice.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What waits for the frames' thread at most: over two seconds of it.
const WAITING: usize = 32;

/// When nothing at all came out of the link for so long, nobody speaks: its other end has died, or hangs.
const SILENT: Duration = Duration::from_secs(1);

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
    /// When it was told last that somebody speaks, until silence was.
    spoken: Option<Monotonic>,
}

impl Ears {
    /// Forgets what was heard, and what waits in the link.
    pub(super) fn forget(&mut self) {
        while self.heard.try_recv().is_ok() {}
        self.smoother.reset();
        self.spoken = None;
    }

    /// The next thing that was heard; `None` when there is nothing for now. When nothing comes any more, it is silence.
    pub(super) fn next(&mut self, now: Monotonic) -> Option<Told> {
        match self.heard.try_recv() {
            Ok(Heard::Speaking(at, share)) => {
                self.spoken = (share > Confidence::MIN).then_some(now);
                Some(Told::Speaking(at, share))
            }
            Ok(Heard::Reading(reading)) => Some(Told::Voice(self.smoother.update(&reading), reading.embedding)),
            Err(_) if self.spoken.is_some_and(|last| now.since(last) >= SILENT) => {
                self.spoken = None;
                Some(Told::Speaking(now, Confidence::MIN))
            }
            Err(_) => None,
        }
    }
}

/// What it takes to hear a voice: where sound comes from, and what becomes of it. Both are taken from their supplies
/// again when a thread has died with them.
pub struct Hearing<M> {
    /// The microphone.
    pub sources: Supply<Box<dyn SoundSource>>,
    /// What reads voices.
    pub paths: Supply<VoicePath<M>>,
    /// What smooths them.
    pub smoother: VoiceSmoother,
}

/// The thread that listens, and the link to it.
pub(super) fn worker<M: VoiceRead + Send + 'static>(
    hearing: Hearing<M>,
    gate: Gate,
    vitals: Arc<Vitals>,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
) -> (Worker, Ears) {
    let (sender, heard) = sync_channel(WAITING);
    let Hearing { sources, paths, smoother } = hearing;
    let pulses = vec![vitals.microphone.clone(), vitals.voice.clone()];
    let listening = Listening { sources, paths, gate, sender, vitals, clock, stop };
    let worker = Worker::new("sound", pulses, Some(HANGING), Arc::new(move |lease| listening.work(lease)));
    (worker, Ears { heard, smoother, spoken: None })
}

/// The link's end on the sound's thread, and what outlives that.
struct Listening<M> {
    sources: Supply<Box<dyn SoundSource>>,
    paths: Supply<VoicePath<M>>,
    gate: Gate,
    sender: SyncSender<Heard>,
    vitals: Arc<Vitals>,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
}

impl<M: VoiceRead> Listening<M> {
    /// Listens until the source has ended.
    fn work(&self, lease: &Lease) -> Left {
        let Vitals { microphone, voice, .. } = &*self.vitals;
        voice.preparing(true);
        let parts = self.paths.next().and_then(|path| Ok((path, self.sources.next()?)));
        if !lease.holds() {
            return Left::Done;
        }
        voice.prepared(self.clock.now());
        match parts {
            Ok((path, source)) => self.listen(path, source, lease),
            Err(Lack::Now(why)) => Left::Again(why),
            Err(Lack::ForGood) => {
                microphone.trouble(&"the thread \"sound\" died");
                Left::Done
            }
        }
    }

    fn listen(&self, mut path: VoicePath<M>, mut source: Box<dyn SoundSource>, lease: &Lease) -> Left {
        let Vitals { microphone, voice, .. } = &*self.vitals;
        let (mut sound, mut told_at, mut opening) = (Sound::default(), None, self.gate.opening());
        while !self.stop.load(Ordering::Relaxed) {
            if mem::replace(&mut opening, self.gate.opening()) != opening {
                path.reset();
            }
            if opening.is_none() {
                source.release();
                if !lease.holds() {
                    return Left::Done;
                }
                let now = self.clock.now();
                microphone.rests(now);
                voice.rests(now);
                thread::park_timeout(REST);
                continue;
            }
            let read = source.read(&mut sound, PATIENCE);
            if !lease.holds() {
                return Left::Done;
            }
            let now = self.clock.now();
            match read {
                // From before the gate was opened, or shut while this waited for it.
                Ok(Read::Filled) if !self.gate.lets(sound.captured_at) => microphone.beat(now),
                Ok(Read::Filled) => {
                    microphone.worked(now, Duration::ZERO);
                    microphone.quiet(source.quiet());
                    let (rate, watch) = (source.sample_rate(), Stopwatch::start());
                    let result = path.hear(&sound, rate, |reading| self.put(Heard::Reading(reading.clone())));
                    if !lease.holds() {
                        return Left::Done;
                    }
                    let length = Duration::from_secs_f64(sound.samples.len() as f64 / f64::from(rate.max(1)));
                    self.speaking(&mut told_at, sound.captured_at + length, path.speaking());
                    match result {
                        Ok(()) => voice.worked(self.clock.now(), watch.elapsed()),
                        Err(error) => {
                            if voice.failed(self.clock.now(), &error) == 1 {
                                warn!(%error, "Sound could not be read; the faces go on.");
                            }
                        }
                    }
                }
                Ok(Read::TimedOut) => {
                    microphone.beat(now);
                    voice.beat(now);
                    self.speaking(&mut told_at, now, Confidence::MIN);
                }
                Ok(Read::Ended) => {
                    if let Err(error) = path.finish(|reading| self.put(Heard::Reading(reading.clone()))) {
                        warn!(%error, "The end of the sound could not be read.");
                    }
                    self.put(Heard::Speaking(now, Confidence::MIN));
                    return Left::Done;
                }
                Err(error) => {
                    warn!(%error, "Sound lost; going on without it.");
                    microphone.trouble(&error);
                    self.put(Heard::Speaking(now, Confidence::MIN));
                    return Left::Done;
                }
            }
        }
        Left::Done
    }

    fn put(&self, heard: Heard) {
        // When the frames have ended, nobody listens any more, and nothing is lost.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(heard) {
            self.vitals.voice.lost();
        }
    }

    fn speaking(&self, told_at: &mut Option<Monotonic>, at: Monotonic, share: Confidence) {
        if told_at.is_none_or(|told| at.since(told) >= TELL_EVERY || at < told) {
            *told_at = Some(at);
            self.put(Heard::Speaking(at, share));
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
    use crate::supervise::Office;
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

    /// The thread's work and the link to it, with a source of its own.
    fn parts(source: FakeMicrophone) -> (Listening<Excited>, Ears, Arc<Vitals>) {
        let (sender, heard) = sync_channel(WAITING);
        let vitals = Arc::new(Vitals::default());
        let listening = Listening {
            sources: Supply::once(Box::new(source)),
            paths: Supply::once(VoicePath::new(Excited(vec![0.0; 100 * COLUMNS]))),
            gate: Gate::open(SystemClock.now()),
            sender,
            vitals: vitals.clone(),
            clock: Arc::new(SystemClock),
            stop: Arc::default(),
        };
        let smoother = VoiceSmoother::new(SmoothSettings::default());
        (listening, Ears { heard, smoother, spoken: None }, vitals)
    }

    /// Everything that is told of a source until it ends, and what nobody had time for.
    fn told(source: FakeMicrophone) -> (Vec<Told>, u64) {
        let (listening, mut ears, vitals) = parts(source);
        assert_eq!(listening.work(&Office::default().next()), Left::Done);
        let mut now = Monotonic::new(Duration::from_secs(9));
        let mut all: Vec<_> = std::iter::from_fn(|| ears.next(now)).collect();
        assert!(ears.next(now).is_none());
        now = now + SILENT;
        all.extend(ears.next(now));
        assert!(ears.next(now + SILENT).is_none());
        (all, vitals.voice.read().lost)
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
        let (listening, ears, vitals) = parts(FakeMicrophone::voice(150.0).ending_after(500));
        drop(ears);
        assert_eq!(listening.work(&Office::default().next()), Left::Done);
        assert_eq!(vitals.voice.read().lost, 0);
    }

    #[test]
    fn a_thread_that_was_left_behind_tells_nothing_more() {
        let (listening, mut ears, _) = parts(FakeMicrophone::voice(150.0).ending_after(500));
        let office = Office::default();
        let lease = office.next();
        office.revoke();
        assert_eq!(listening.work(&lease), Left::Done);
        assert!(ears.next(Monotonic::new(Duration::from_secs(9))).is_none());
    }

    #[test]
    fn what_nobody_has_time_for_is_dropped_and_counted_and_a_source_that_fails_ends_the_sound_alone() {
        let (all, dropped) = told(FakeMicrophone::voice(150.0).failing_after(500));
        assert_eq!(all.len(), WAITING + 1);
        assert!(dropped > 50, "{dropped}");
    }
}
