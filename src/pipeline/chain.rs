//! The whole path from a frame to a sink, without a thread or a clock: `infer` and `bench` drive it themselves.

use uuid::Uuid;

use super::Sink;
use super::sound::Told;
use super::swap::Models;
use crate::capture::Frame;
use crate::clock::Monotonic;
use crate::events::EventMachine;
use crate::face::{FaceError, FacePath, MAX_FACES, Observation, TrackId, Witness};
use crate::fuse::Fusion;
use crate::picture::Picture;
use crate::scene::Scene;
use crate::sequence::{Sequenced, Sequencer, VoiceRow};
use crate::smooth::{Smoothed, Smoother};

/// From a frame to a sink.
pub struct Chain {
    path: FacePath,
    sequencer: Option<Sequencer>,
    smoother: Smoother,
    events: EventMachine<fn(Monotonic) -> Uuid>,
    fusion: Option<Fusion>,
}

impl Chain {
    /// Joins the parts.
    pub fn new(path: FacePath, smoother: Smoother, events: EventMachine<fn(Monotonic) -> Uuid>) -> Self {
        Self { path, sequencer: None, smoother, events, fusion: None }
    }

    /// The same, with sequence models behind the face path: what they give of a face stands in place of the face
    /// model's estimate.
    pub fn with_sequences(self, sequencer: Option<Sequencer>) -> Self {
        Self { sequencer, ..self }
    }

    /// The same, which takes what is heard together with the faces.
    pub fn with_fusion(self, fusion: Option<Fusion>) -> Self {
        Self { fusion, ..self }
    }

    /// Gives new faces this number and those after it, unless it is beyond it already.
    pub fn number_faces_from(&mut self, number: u64) {
        self.path.number_from(number);
    }

    /// Takes what was heard to the sink.
    pub(super) fn hear(&mut self, told: Told, sink: &mut impl Sink) {
        let Self { fusion, sequencer, events, .. } = self;
        match told {
            Told::Speaking(at, share) => {
                fusion.iter_mut().for_each(|fusion| fusion.speaking(at, share));
                events.hear(at, share, &mut |event| sink.event(&event));
            }
            Told::Voice(voice, embedding) => {
                fusion.iter_mut().for_each(|fusion| fusion.hear(&voice));
                if let (Some(sequencer), Some(embedding)) = (&mut *sequencer, &embedding) {
                    sequencer.hear(VoiceRow { at: voice.captured_at, embedding: embedding.numbers() });
                }
                sink.voice(&voice);
            }
        }
    }

    /// Takes other models, and gives back the former ones.
    pub(super) fn exchange(&mut self, models: Models) -> Models {
        let (Self { path, sequencer, smoother, .. }, Models { detector, reader, sequencer: offered }) = (self, models);
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
    }

    /// Learns the neutral look of a face, or of everyone in view, from now on; whose.
    pub(super) fn calibrate(&mut self, at: Monotonic, of: Option<TrackId>) -> Vec<TrackId> {
        self.smoother.calibrate(at, of).iter().copied().collect()
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

    /// Nothing is sensed any more: every event ends, and what is known of anybody is forgotten.
    pub(super) fn fall_silent(&mut self, at: Monotonic, sink: &mut impl Sink) {
        self.finish(at, sink);
        self.reset();
        self.fusion.iter_mut().for_each(Fusion::reset);
        sink.muted();
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
