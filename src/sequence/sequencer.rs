//! Sequence models at work: which face's window is due, and what stands for it until the next.

use std::time::Duration;

use super::ring::{Reach, Ring};
use super::window::{Rows, Tolerance};
use crate::affect::Estimate;
use crate::affect::mean::Mean;
use crate::clock::Monotonic;
use crate::face::{MAX_FACES, TrackId, Witness};
use crate::model::{ModelError, SequenceModel, SequenceSpec};

/// A window counts as due when so large a share of the hop is all that lacks: frames do not come on the dot.
const NEARLY: u32 = 8;

/// A model that reads a window.
pub trait WindowModel {
    /// What its window is made of, and which row it estimates.
    fn spec(&self) -> &SequenceSpec;

    /// The input to fill: 1×rows×columns, the oldest row first.
    fn input_mut(&mut self) -> &mut [f32];

    /// Reads the input.
    ///
    /// # Errors
    /// When the model failed; it may be asked again.
    fn estimate(&mut self) -> Result<Estimate, ModelError>;
}

impl WindowModel for SequenceModel {
    fn spec(&self) -> &SequenceSpec {
        self.spec()
    }

    fn input_mut(&mut self) -> &mut [f32] {
        self.input_mut()
    }

    fn estimate(&mut self) -> Result<Estimate, ModelError> {
        self.estimate()
    }
}

/// What a voice gave, when there was one.
#[derive(Clone, Copy, PartialEq)]
pub struct VoiceRow<'a> {
    /// The capture time of the last sample that was heard.
    pub at: Monotonic,
    /// The voice pack's embedding.
    pub embedding: &'a [f32],
}

/// What a face's window gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequenced {
    /// The estimate.
    pub estimate: Estimate,
    /// The moment that it is of: that of the newest reading, or of one before.
    pub moment: Monotonic,
}

/// Sequence models on the readings of everyone in view.
pub struct Sequencer<M = SequenceModel> {
    /// The models, with how they want their rows and their weights: one or more, which estimate the same moment.
    models: Vec<(M, Rows, f32)>,
    /// How much the face model's own estimate of that moment counts beside them; 0 when it does not.
    face_weight: f32,
    tolerance: Tolerance,
    hop: Duration,
    reach: Reach,
    voices: Option<Ring<()>>,
    tracks: Vec<Track>,
    /// The rings of those who are gone.
    spare: Vec<Ring<Estimate>>,
}

/// One face.
struct Track {
    id: TrackId,
    readings: Ring<Estimate>,
    /// When the models read it last, and what they gave of which moment.
    last: Option<(Monotonic, Sequenced)>,
}

impl<M: WindowModel> Sequencer<M> {
    /// Puts models to work that read the same faces, and the same voice if any, and estimate the same moment.
    pub fn new(models: Vec<(M, f32)>, face_weight: f32, tolerance: Tolerance) -> Self {
        let specs = || models.iter().map(|(model, _)| model.spec());
        let least = |of: fn(&SequenceSpec) -> Duration| specs().map(of).min().unwrap_or_default();
        let (hop, step) = (least(|spec| spec.window.hop), least(|spec| spec.window.step));
        let span = specs().map(|spec| spec.window.span()).max().unwrap_or_default();
        let spacing = (step / 2).max(Duration::from_micros(500));
        let size = |source: fn(&SequenceSpec) -> usize| specs().map(source).max().unwrap_or_default();
        let faces = size(|spec| spec.face.as_ref().map_or(0, |source| source.size));
        let voices = size(|spec| spec.voice.as_ref().map_or(0, |source| source.size));
        let heard = Reach { span: span + tolerance.voice, spacing, size: voices };
        let reach = Reach { span, spacing, size: faces };
        let opened = |(model, weight): (M, f32)| {
            let rows = Rows::of(model.spec());
            (model, rows, weight)
        };
        Self {
            models: models.into_iter().map(opened).collect(),
            face_weight,
            tolerance,
            hop,
            reach,
            voices: (voices > 0).then(|| Ring::new(heard)),
            tracks: Vec::with_capacity(MAX_FACES),
            spare: Vec::with_capacity(MAX_FACES),
        }
    }

    /// Hears a voice, for those models that read one. What is not heard is masked.
    pub fn hear(&mut self, row: VoiceRow<'_>) {
        if let Some(voices) = &mut self.voices {
            voices.push(row.at, (), row.embedding);
        }
    }

    /// What stands for a face that was read at `at`; `None` when it was not. Its window is read anew when that is due.
    ///
    /// What the models do not give is the face model's, of the same moment.
    ///
    /// # Errors
    /// When a model failed. The next reading may be asked for all the same.
    pub fn estimate(&mut self, id: TrackId, at: Monotonic) -> Result<Option<Sequenced>, ModelError> {
        let Self { models, face_weight, tolerance, hop, voices, tracks, .. } = self;
        let Some(track) = tracks.iter_mut().find(|track| track.id == id) else { return Ok(None) };
        if track.readings.newest() != Some(at) {
            return Ok(None);
        }
        let moment = models.first().map_or(at, |(_, rows, _)| rows.moment(&track.readings));
        let own = track.readings.nearest(moment).map_or_else(Estimate::default, |reading| reading.what);
        let last = track.last.filter(|(read_at, _)| !is_due(*read_at, at, *hop));
        let (read_at, standing) = match last {
            Some(last) => last,
            None => {
                let mut mean = Mean::default();
                for (model, rows, weight) in models {
                    rows.fill(model.input_mut(), &track.readings, voices.as_ref(), *tolerance);
                    mean.add(&model.estimate()?, *weight);
                }
                if *face_weight > 0.0 {
                    mean.add(&own, *face_weight);
                }
                (at, Sequenced { estimate: mean.estimate(), moment })
            }
        };
        track.last = Some((read_at, standing));
        Ok(Some(Sequenced { estimate: standing.estimate.or(&own), ..standing }))
    }

    /// Forgets those who are not `here` any more; their room goes to who comes next.
    pub fn keep(&mut self, here: impl Fn(TrackId) -> bool) {
        let mut place = 0;
        while let Some(track) = self.tracks.get(place) {
            if here(track.id) {
                place += 1;
            } else {
                let mut readings = self.tracks.swap_remove(place).readings;
                readings.clear();
                self.spare.push(readings);
            }
        }
    }

    /// Forgets everyone and everything: what comes next is of another time or place, or read by other models.
    pub fn reset(&mut self) {
        self.keep(|_| false);
        self.voices.iter_mut().for_each(Ring::clear);
    }

    /// How many faces are remembered.
    pub fn faces(&self) -> usize {
        self.tracks.len()
    }

    /// The first model.
    #[cfg(test)]
    pub(super) fn model(&self) -> &M {
        &self.models[0].0
    }

    fn track(&mut self, id: TrackId) -> Option<&mut Track> {
        if let Some(place) = self.tracks.iter().position(|track| track.id == id) {
            return self.tracks.get_mut(place);
        }
        if self.tracks.len() == MAX_FACES {
            // Whoever drives this keeps those in view only, and there is room for as many.
            let oldest = self.tracks.iter().min_by_key(|track| track.readings.newest())?.id;
            self.keep(|other| other != oldest);
        }
        let readings = self.spare.pop().unwrap_or_else(|| Ring::new(self.reach));
        self.tracks.push(Track { id, readings, last: None });
        self.tracks.last_mut()
    }
}

impl<M: WindowModel> Witness for Sequencer<M> {
    fn read(&mut self, id: TrackId, at: Monotonic, estimate: &Estimate, embedding: Option<&[f32]>) {
        if let Some((track, embedding)) = self.track(id).zip(embedding) {
            track.readings.push(at, *estimate, embedding);
        }
    }
}

/// Whether a hop has passed since the last window, but for a little. It has, too, when the clock jumped back.
fn is_due(last: Monotonic, at: Monotonic, hop: Duration) -> bool {
    at < last || at.since(last) + hop / NEARLY >= hop
}
