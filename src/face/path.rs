//! From frames to observations: detect when it is due, follow in between, judge and read each face.
//!
//! A frame goes one way: everyone is moved to where they are expected; followed from there; detected, when
//! the time has come or somebody was lost; one of them is looked at closely, when there is doubt; and all
//! are read. A frame costs two looks of the detector at most, and what the face model costs is spent on
//! faces that can be read only. Buffers are made once; a frame allocates nothing.

#[cfg(test)]
mod tests;

use std::time::Duration;

use heapless::{LinearMap, Vec as FixedVec};

use super::blazeface::Faces;
use super::detect::{self, BlazeFace, Detect, whole};
use super::follow::Follower;
use super::read::{FaceModel, Reader, Witness};
use super::settings::FaceSettings;
use super::timings::Timings;
use super::track::{Evidence, Track, Tracker, Wish};
use super::{FaceError, Landmarks, MAX_FACES, Observation, TrackId, quality};
use crate::affect::{Confidence, Estimate};
use crate::clock::{Monotonic, Stopwatch};
use crate::geometry::Rect;
use crate::model::FrameModel;
use crate::picture::Picture;

/// What was done since the start, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames observed.
    pub frames: u64,
    /// Looks of the detector at a whole frame.
    pub looks: u64,
    /// Looks of the detector at one face closely.
    pub close_looks: u64,
    /// Estimates made.
    pub estimates: u64,
    /// Faces found that were more than [`MAX_FACES`].
    pub beyond: u64,
}

/// The face path of one camera.
pub struct FacePath<D = BlazeFace, M = FrameModel> {
    detector: D,
    reader: Reader<M>,
    settings: FaceSettings,
    tracker: Tracker,
    follower: Follower,
    /// When the detector looked last at a whole frame …
    looked: Option<Monotonic>,
    /// … and closely at one face.
    looked_closely: Option<Monotonic>,
    /// The size of the last frame.
    size: (u32, u32),
    /// When the model read each face last.
    read_at: LinearMap<TrackId, Monotonic, MAX_FACES>,
    observations: FixedVec<Observation, MAX_FACES>,
    counts: Counts,
    timings: Timings,
}

impl<D: Detect, M: FaceModel> FacePath<D, M> {
    /// A path with an opened detector and an opened face model.
    pub fn new(detector: D, model: M, settings: FaceSettings) -> Self {
        Self::of(detector, Reader::new(model), settings)
    }

    /// A path with an opened detector and a reader.
    pub fn of(detector: D, reader: Reader<M>, settings: FaceSettings) -> Self {
        let tracker = Tracker::new(settings.tracks(detector.score_threshold()));
        Self {
            detector,
            reader,
            settings,
            tracker,
            follower: Follower::default(),
            looked: None,
            looked_closely: None,
            size: (0, 0),
            read_at: LinearMap::new(),
            observations: FixedVec::new(),
            counts: Counts::default(),
            timings: Timings::default(),
        }
    }

    /// What a frame, captured at `at`, shows: one observation for each face that is in view, in the order
    /// of their numbers. A face that is out of sight for a moment is there too, where it is expected; it
    /// is not usable, without confidence and without an estimate.
    ///
    /// # Errors
    /// When a model failed. The next frame may be observed all the same.
    pub fn observe(&mut self, picture: &Picture, at: Monotonic) -> Result<&[Observation], FaceError> {
        self.observe_with(picture, at, &mut ())
    }

    /// The same, with a witness of every reading.
    ///
    /// # Errors
    /// As [`FacePath::observe`].
    pub fn observe_with(
        &mut self,
        picture: &Picture,
        at: Monotonic,
        witness: &mut impl Witness,
    ) -> Result<&[Observation], FaceError> {
        self.counts.frames += 1;
        self.observations.clear();
        if std::mem::replace(&mut self.size, (picture.width(), picture.height())) != self.size {
            // Another size is another camera or mode: nobody is where they were.
            self.reset();
        }
        let mut watch = Stopwatch::start();
        self.tracker.advance(at);
        self.follow(picture);
        self.timings.follow.add(watch.lap());
        if self.is_due(at) {
            self.looked = Some(at);
            self.look(picture)?;
            self.timings.detect.add(watch.lap());
        }
        if let Some((id, rect, wish)) = self.who_wishes(at) {
            self.looked_closely = Some(at);
            self.look_closely(picture, id, &rect, wish)?;
            self.timings.detect_closely.add(watch.lap());
        }
        self.read(picture, at, witness)?;
        Ok(&self.observations)
    }

    /// What a single photo shows: the faces that the detector believes, numbered by size. The witness is told that
    /// they were read at `at`.
    ///
    /// # Errors
    /// When a model failed.
    pub fn observe_photo(
        &mut self,
        picture: &Picture,
        at: Monotonic,
        witness: &mut impl Witness,
    ) -> Result<&[Observation], FaceError> {
        self.observations.clear();
        let faces = self.detect_only(picture)?;
        self.counts.frames += 1;
        self.counts.beyond += faces.beyond as u64;
        for (id, face) in (1..).map(TrackId).zip(&faces.largest) {
            if self.add(picture, id, &face.rect, &face.landmarks, Some(face.score), true)? {
                self.tell(witness, id, at);
            }
        }
        Ok(&self.observations)
    }

    /// The faces of a single photo, searched for thoroughly, unread.
    ///
    /// # Errors
    /// When the detector failed.
    pub fn detect_only(&mut self, picture: &Picture) -> Result<Faces, FaceError> {
        detect::search(&mut self.detector, picture, self.settings.doubt_score, self.settings.sure_score)
    }

    /// Estimates a picture that is a face crop already, as data sets have them.
    ///
    /// # Errors
    /// When the face model failed.
    pub fn estimate_crop(&mut self, crop: &Picture) -> Result<Estimate, FaceError> {
        self.reader.estimate_crop(crop)
    }

    /// The embedding of the last reading, when the model gives one.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.reader.embedding()
    }

    /// Looks with another detector from now on, and gives back the former. Whoever is followed stays.
    pub fn replace_detector(&mut self, detector: D) -> D {
        self.tracker.retune(self.settings.tracks(detector.score_threshold()));
        std::mem::replace(&mut self.detector, detector)
    }

    /// Reads with another model from now on, and gives back the former. Everyone is read in the next frame.
    pub fn replace_reader(&mut self, reader: Reader<M>) -> Reader<M> {
        self.read_at.clear();
        std::mem::replace(&mut self.reader, reader)
    }

    /// Gives new faces this number and those after it, unless it is beyond it already.
    pub fn number_from(&mut self, number: u64) {
        self.tracker.number_from(number);
    }

    /// Everyone who is followed, believed or not.
    pub fn tracks(&self) -> &[Track] {
        self.tracker.tracks()
    }

    /// What was done since the start.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How long the stages took, lately.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Forgets everyone: the next picture is of another place or time. Numbers are not given again.
    pub fn reset(&mut self) {
        self.tracker.clear();
        self.follower.retain(|_| false);
        (self.looked, self.looked_closely) = (None, None);
    }

    fn follow(&mut self, picture: &Picture) {
        for i in 0..self.tracker.tracks().len() {
            let track = &self.tracker.tracks()[i];
            let id = track.id();
            if let Some(found) = self.follower.follow(picture, id, track.rect().centre())
                && found.likeness >= self.settings.min_likeness
            {
                self.tracker.follow(id, found.rect, &found.landmarks);
            }
        }
    }

    /// Whether the detector is to look at this frame: in its turn, or sooner when somebody was lost.
    fn is_due(&self, at: Monotonic) -> bool {
        let lost = |track: &Track| track.is_believed() && track.evidence() == Evidence::Expected;
        let FaceSettings { detect_every, detect_again, .. } = self.settings;
        let is_lost = self.tracker.tracks().iter().any(lost);
        has_passed(self.looked, at, if is_lost { detect_again.min(detect_every) } else { detect_every })
    }

    /// Who is to be looked at closely in this frame: the weightiest wish, and of these who waited longest.
    fn who_wishes(&self, at: Monotonic) -> Option<(TrackId, Rect, Wish)> {
        let may_refine = has_passed(self.looked_closely, at, self.settings.refine_every);
        let wishes = self.tracker.tracks().iter().filter_map(|track| track.wish().map(|wish| (wish, track)));
        let granted = wishes.filter(|(wish, _)| *wish == Wish::Judge || may_refine);
        let (wish, first) = granted.max_by_key(|(wish, track)| (*wish, track.waited()))?;
        Some((first.id(), first.rect(), wish))
    }

    fn look(&mut self, picture: &Picture) -> Result<(), FaceError> {
        self.counts.looks += 1;
        let side = self.detector.side();
        let faces = self.detector.detect(picture, whole(picture), side, self.settings.doubt_score)?;
        let coarse_below = detect::coarse_below(&self.detector, picture);
        let without_room = self.tracker.associate(&faces.largest, coarse_below);
        self.counts.beyond += (faces.beyond + without_room) as u64;
        let tracks = self.tracker.tracks();
        self.follower.retain(|id| tracks.iter().any(|track| track.id() == id));
        for track in tracks.iter().filter(|track| track.evidence() == Evidence::Detected) {
            self.follower.keep(picture, track.id(), track.rect(), track.landmarks());
        }
        Ok(())
    }

    fn look_closely(&mut self, picture: &Picture, id: TrackId, rect: &Rect, wish: Wish) -> Result<(), FaceError> {
        self.counts.close_looks += 1;
        let side = match wish {
            Wish::Judge => self.detector.side(),
            Wish::Refine => detect::REFINING_SIDE,
        };
        let found = detect::look_closely(&mut self.detector, picture, rect, side)?;
        self.tracker.judge(id, found.as_ref());
        let judged = self.tracker.tracks().iter().find(|track| track.id() == id);
        if let Some(track) = judged.filter(|track| track.evidence() == Evidence::Detected) {
            self.follower.keep(picture, id, track.rect(), track.landmarks());
        }
        Ok(())
    }

    fn read(&mut self, picture: &Picture, at: Monotonic, witness: &mut impl Witness) -> Result<(), FaceError> {
        for i in 0..self.tracker.tracks().len() {
            let track = self.tracker.tracks()[i];
            if track.is_believed() {
                let seen = track.evidence() != Evidence::Expected;
                let turn = has_passed(self.read_at.get(&track.id()).copied(), at, self.settings.read_every);
                let score = seen.then_some(track.score());
                if self.add(picture, track.id(), &track.rect(), track.landmarks(), score, turn)? {
                    self.note_reading(track.id(), at);
                    self.tell(witness, track.id(), at);
                }
            }
        }
        Ok(())
    }

    /// Tells of the face that was added last, which was read.
    fn tell(&self, witness: &mut impl Witness, id: TrackId, at: Monotonic) {
        if let Some(estimate) = self.observations.last().and_then(|last| last.estimate.as_ref()) {
            witness.read(id, at, estimate, self.reader.embedding());
        }
    }

    fn note_reading(&mut self, id: TrackId, at: Monotonic) {
        if self.read_at.is_full() {
            let tracks = self.tracker.tracks();
            self.read_at.retain(|known, _| tracks.iter().any(|track| track.id() == *known));
        }
        // There are no more tracks than places.
        let _ = self.read_at.insert(id, at);
    }

    /// Adds one face, and tells whether it was read; without a score it is not seen, only expected. It is read
    /// when it can be and `turn` says that it may.
    fn add(
        &mut self,
        picture: &Picture,
        track: TrackId,
        rect: &Rect,
        landmarks: &Landmarks,
        score: Option<Confidence>,
        turn: bool,
    ) -> Result<bool, FaceError> {
        let mut watch = Stopwatch::start();
        let mut quality = self.reader.look(picture, rect, landmarks, &self.settings);
        self.timings.align.add(watch.lap());
        quality.usable &= score.is_some();
        let confidence = score.map_or(Confidence::MIN, |score| quality::confidence(score, &quality));
        let mut estimate = None;
        if quality.usable && turn {
            estimate = Some(self.reader.estimate()?);
            self.timings.model.add(watch.lap());
            self.counts.estimates += 1;
        }
        // There are at most as many tracks, and faces in a photo, as there is room for.
        let _ = self.observations.push(Observation {
            track,
            rect: *rect,
            quality,
            confidence,
            estimate,
            behind: Duration::ZERO,
        });
        Ok(estimate.is_some())
    }
}

/// Whether `wait` has passed since `last`. It has, too, when there was no last time, or the clock jumped
/// back behind it.
fn has_passed(last: Option<Monotonic>, at: Monotonic, wait: Duration) -> bool {
    last.is_none_or(|last| at < last || at.since(last) >= wait)
}
