//! The only wiring: a frame goes in, faces and events come out; live, on two threads.
//!
//! ```text
//!  thread "camera"            thread "frames"
//!  source ─► mailbox ─(newest only)─► face path ─► (sequences) ─► smoother ─► fusion ─► events ─► sink
//! ```
//!
//! Where there is a microphone, a third thread brings what is heard: see [`sound`].
//!
//! [`Chain`] is the whole path from a frame to a [`Sink`], without a thread or a clock: `infer` and
//! `bench` drive it themselves. [`Live`] drives it as fast as frames come and never with an old one. Its
//! models may be exchanged between two frames: see [`swap`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{debug, warn};
use uuid::Uuid;

use crate::capture::mailbox::{Receiver, Sender, Taken, mailbox};
use crate::capture::{CaptureError, Frame, Read, VideoSource};
use crate::clock::{Clock, Monotonic};
use crate::events::{Event, EventMachine};
use crate::face::{FaceError, FacePath, MAX_FACES, Observation, Witness};
use crate::fuse::Fusion;
use crate::latency::Latencies;
use crate::picture::Picture;
use crate::scene::Scene;
use crate::sequence::{Sequenced, Sequencer, VoiceRow};
use crate::smooth::{Smoothed, SmoothedVoice, Smoother};

pub mod sound;
pub mod swap;

use sound::{Ears, Told};
use swap::{Models, Offers, Swaps};

/// How long a thread waits before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Takes what the chain gives. Runs on the frames' thread: it must not block.
pub trait Sink {
    /// Everyone in view in this frame; called for every frame, also an empty one.
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], scene: &Scene);

    /// What stands of the voice that is heard; called for every window of sound, where there is any.
    fn voice(&mut self, _voice: &SmoothedVoice) {}

    /// A step in an event's life.
    fn event(&mut self, event: &Event);
}

/// From a frame to a sink.
pub struct Chain {
    path: FacePath,
    sequencer: Option<Sequencer>,
    smoother: Smoother,
    events: EventMachine<fn(Monotonic) -> Uuid>,
    swaps: Option<Swaps>,
    ears: Option<Ears>,
    fusion: Option<Fusion>,
    /// Whether the end of the sound was told.
    sound_ended: bool,
}

impl Chain {
    /// Joins the parts.
    pub fn new(path: FacePath, smoother: Smoother, events: EventMachine<fn(Monotonic) -> Uuid>) -> Self {
        Self { path, sequencer: None, smoother, events, swaps: None, ears: None, fusion: None, sound_ended: false }
    }

    /// The same, with sequence models behind the face path: what they give of a face stands in place of the face
    /// model's estimate.
    pub fn with_sequences(self, sequencer: Option<Sequencer>) -> Self {
        Self { sequencer, ..self }
    }

    /// A way to exchange the models while the chain is driven by [`Live`]; a former way is closed.
    pub fn offers(&mut self) -> Offers {
        let (offers, swaps) = swap::handover();
        self.swaps = Some(swaps);
        offers
    }

    /// Tells what these hear, too, while the chain is driven by [`Live`], and takes it together with the faces.
    pub fn listen_to(&mut self, ears: Ears, fusion: Fusion) {
        (self.ears, self.fusion, self.sound_ended) = (Some(ears), Some(fusion), false);
    }

    /// Takes what was heard up to now to the sink.
    fn listen(&mut self, now: Monotonic, sink: &mut impl Sink) {
        let Self { ears: Some(ears), fusion, sequencer, events, sound_ended, .. } = self else { return };
        while let Some(told) = ears.next(now, sound_ended) {
            match told {
                Told::Speaking(at, share) => {
                    fusion.iter_mut().for_each(|fusion| fusion.speaking(at, share));
                    events.hear(at, share, &mut |event| sink.event(&event));
                }
                Told::Voice(voice, embedding) => {
                    fusion.iter_mut().for_each(|fusion| fusion.hear(&voice));
                    if let (Some(sequencer), Some(embedding)) = (&mut *sequencer, &embedding) {
                        sequencer.hear(VoiceRow { at: voice.captured_at, embedding });
                    }
                    sink.voice(&voice);
                }
            }
        }
    }

    /// Exchanges the models for those that are offered, if any are.
    fn change_over(&mut self) {
        let Self { path, sequencer, smoother, swaps, .. } = self;
        let Some(swaps) = swaps else { return };
        swaps.take(|Models { detector, reader, sequencer: offered }| {
            if reader.is_some() || offered.is_some() {
                // What is published in the name of a model must be its own: neither what is smoothed, nor a face's
                // neutral look, nor what a sequence has read may carry over. Who is who, and which events go on, does
                // not depend on it.
                smoother.reset();
                sequencer.iter_mut().for_each(Sequencer::reset);
            }
            Models {
                detector: detector.map(|detector| path.replace_detector(detector)),
                reader: reader.map(|reader| path.replace_reader(reader)),
                sequencer: offered.and_then(|offered| sequencer.replace(offered)),
            }
        });
    }

    /// The face path, for its counters and timings.
    pub fn path(&self) -> &FacePath {
        &self.path
    }

    /// Forgets everyone: the next frame belongs to another clip.
    pub fn reset(&mut self) {
        self.path.reset();
        self.sequencer.iter_mut().for_each(Sequencer::reset);
        self.smoother.reset();
        self.fusion.iter_mut().for_each(Fusion::forget_faces);
    }

    /// Takes one frame through every stage.
    ///
    /// # Errors
    /// When a model fails; the next frame starts afresh.
    pub fn step(&mut self, frame: &Frame, sink: &mut impl Sink) -> Result<(), FaceError> {
        let at = frame.captured_at;
        if let Some(swaps) = &self.swaps {
            swaps.saw(frame.picture.width(), frame.picture.height());
        }
        let Self { path, sequencer, smoother, fusion, .. } = self;
        let mut faces = heapless::Vec::<Smoothed, MAX_FACES>::new();
        for observation in path.observe_with(&frame.picture, at, sequencer)? {
            if let (Some(fusion), Some(estimate)) = (&mut *fusion, &observation.estimate) {
                fusion.read(at, observation.track, estimate);
            }
            // The face path gives no more than MAX_FACES, so none is lost here.
            let _ = faces.push(smoother.update(at, &sequenced(sequencer, at, observation)?));
        }
        if let Some(sequencer) = sequencer {
            sequencer.keep(|id| path.tracks().iter().any(|track| track.id() == id));
        }
        let together = fusion.as_mut().map(|fusion| fusion.together(at, &faces));
        sink.faces(frame, &faces, &Scene { together, ..Scene::of(&faces) });
        self.events.update(at, &faces, &mut |event| sink.event(&event));
        Ok(())
    }

    /// Says that no frame came: who was in view stays there for as long as the events' settings allow.
    pub fn blind(&mut self, at: Monotonic, sink: &mut impl Sink) {
        self.events.update(at, &[], &mut |event| sink.event(&event));
    }

    /// Takes a single photo to the sink: nothing is smoothed, and there are no events.
    ///
    /// # Errors
    /// When a model fails.
    pub fn photo(&mut self, frame: &Frame, sink: &mut impl Sink) -> Result<(), FaceError> {
        let (Self { path, sequencer, smoother, .. }, at) = (self, frame.captured_at);
        sequencer.iter_mut().for_each(Sequencer::reset);
        let mut faces = heapless::Vec::<Smoothed, MAX_FACES>::new();
        for observation in path.observe_photo(&frame.picture, at, sequencer)? {
            smoother.reset();
            let _ = faces.push(smoother.update(at, &sequenced(sequencer, at, observation)?));
        }
        sink.faces(frame, &faces, &Scene::of(&faces));
        Ok(())
    }

    /// Reads a picture that is one face crop, unsmoothed and by itself.
    ///
    /// # Errors
    /// When the model fails.
    pub fn crop(&mut self, crop: &Picture) -> Result<Smoothed, FaceError> {
        self.sequencer.iter_mut().for_each(Sequencer::reset);
        self.crop_of(crop, Monotonic::default())
    }

    /// Reads one of the face crops of a video, unsmoothed: sequence models take those before it into account.
    ///
    /// # Errors
    /// When the model fails.
    pub fn crop_of(&mut self, crop: &Picture, at: Monotonic) -> Result<Smoothed, FaceError> {
        let Self { path, sequencer, smoother, .. } = self;
        let estimate = path.estimate_crop(crop)?;
        let observation = Observation::of_crop(crop, estimate);
        sequencer.read(observation.track, at, &estimate, path.embedding());
        smoother.reset();
        Ok(smoother.update(at, &sequenced(sequencer, at, &observation)?))
    }

    /// Ends every event that is still going on.
    pub fn finish(&mut self, at: Monotonic, sink: &mut impl Sink) {
        self.events.finish(at, &mut |event| sink.event(&event));
    }
}

/// An observation with the estimate of the sequence models, where there are any and the face was read. A single look
/// is to them a face that has looked so all the time.
fn sequenced(
    sequencer: &mut Option<Sequencer>,
    at: Monotonic,
    observation: &Observation,
) -> Result<Observation, FaceError> {
    let (Some(sequencer), Some(_)) = (sequencer, observation.estimate) else { return Ok(*observation) };
    Ok(match sequencer.estimate(observation.track, at)? {
        Some(Sequenced { estimate, moment }) => {
            Observation { estimate: Some(estimate), behind: at.since(moment), ..*observation }
        }
        None => *observation,
    })
}

/// What a live run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Frames that went through the chain.
    pub frames: u64,
    /// Frames that a newer one replaced before the chain had time.
    pub replaced: u64,
    /// Frames on which a model failed.
    pub failed: u64,
    /// From capture to the sink.
    pub latency: Latencies,
    /// Why the source ended, when it failed.
    pub error: Option<String>,
}

/// A chain at work on its own threads.
pub struct Live {
    stop: Arc<AtomicBool>,
    camera: JoinHandle<Result<(), CaptureError>>,
    frames: JoinHandle<Report>,
}

impl Live {
    /// Starts the threads. When either is done, `ended` is called.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start<S, E>(
        source: Box<dyn VideoSource>,
        chain: Chain,
        sink: S,
        clock: Arc<dyn Clock>,
        ended: E,
    ) -> std::io::Result<Self>
    where
        S: Sink + Send + 'static,
        E: FnOnce() + Send + 'static,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = mailbox::<Frame>();
        let (camera_stop, frames_stop) = (stop.clone(), stop.clone());
        let camera =
            thread::Builder::new().name("camera".into()).spawn(move || capture(source, sender, &camera_stop))?;
        let frames = thread::Builder::new().name("frames".into()).spawn(move || {
            let report = process(receiver, chain, sink, &*clock, &frames_stop);
            ended();
            report
        })?;
        Ok(Self { stop, camera, frames })
    }

    /// Asks the threads to stop; they do within a fraction of a second.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for the end.
    pub fn join(self) -> Report {
        let captured = self.camera.join();
        let mut report = self.frames.join().unwrap_or_else(|_| Report {
            error: Some("the thread \"frames\" panicked; this is a bug, please report it".into()),
            ..Report::default()
        });
        if report.error.is_none() {
            report.error = match captured {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("the thread \"camera\" panicked; this is a bug, please report it".into()),
            };
        }
        report
    }
}

fn capture(mut source: Box<dyn VideoSource>, sender: Sender<Frame>, stop: &AtomicBool) -> Result<(), CaptureError> {
    let mut frame = Frame::default();
    while !stop.load(Ordering::Relaxed) {
        match source.read(&mut frame, PATIENCE)? {
            Read::Filled => sender.put(&mut frame),
            Read::TimedOut => debug!("No frame yet."),
            Read::Ended => break,
        }
    }
    Ok(())
}

fn process<S: Sink>(
    receiver: Receiver<Frame>,
    mut chain: Chain,
    mut sink: S,
    clock: &dyn Clock,
    stop: &AtomicBool,
) -> Report {
    let mut report = Report::default();
    let mut frame = Frame::default();
    while !stop.load(Ordering::Relaxed) {
        chain.change_over();
        chain.listen(clock.now(), &mut sink);
        match receiver.take(&mut frame, PATIENCE) {
            Taken::Fresh => {
                if let Err(error) = chain.step(&frame, &mut sink) {
                    if report.failed == 0 {
                        warn!(%error, frame = frame.number, "Frame could not be processed.");
                    }
                    report.failed += 1;
                }
                report.frames += 1;
                report.latency.add(clock.now().since(frame.captured_at));
            }
            Taken::TimedOut => chain.blind(clock.now(), &mut sink),
            Taken::Closed => break,
        }
    }
    chain.listen(clock.now(), &mut sink);
    chain.finish(frame.captured_at, &mut sink);
    report.replaced = receiver.replaced();
    report
}
