//! From what single frames gave to what stands: smoothed estimates, and labels that do not flicker.
//!
//! Valence and arousal go through a One-Euro filter ([`one_euro`]), probabilities through an exponential
//! average that quickens with the change ([`ema`]); both reckon in seconds, so the frame rate does not matter, and
//! neither looks into the future. A face that gives no estimate for a moment keeps its last one; after that it has none. Pure, of
//! fixed size, without allocation.

use std::time::Duration;

use heapless::Vec;

use crate::affect::{Compound, Confidence, Estimate, Expression, Probability};
use crate::clock::Monotonic;
use crate::face::{MAX_FACES, Observation, Quality, TrackId};
use crate::geometry::Rect;

mod baseline;
pub mod ema;
pub mod hysteresis;
mod judged;
pub mod offline;
pub mod one_euro;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod track;
mod voice;

pub use judged::Judged;
pub(crate) use settings::within;
pub use settings::{BaselineSettings, OneEuroSettings, SettingsError, SmoothSettings};
use track::Track;
pub use voice::{SmoothedVoice, VoiceSmoother};

/// What stands for one face at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothed {
    /// Whose face.
    pub track: TrackId,
    /// Where, in frame pixels, as observed.
    pub rect: Rect,
    /// How well it can be read, as observed.
    pub quality: Quality,
    /// How far this frame's estimate could be trusted, as observed.
    pub confidence: Confidence,
    /// The smoothed estimate; nothing in it when there was none lately.
    pub estimate: Estimate,
    /// The expression that appears; unknown with probability 0 when `estimate` has no expressions.
    pub expression: Judged<Expression>,
    /// The compound expression that appears; absent when `estimate` has none.
    pub compound: Option<Judged<Compound>>,
    /// How long before its frame the moment lay that the last estimate was of.
    pub behind: Duration,
}

/// Smooths the observations of up to [`MAX_FACES`] faces, each on its own.
///
/// When one more comes, it takes the place of the face that was seen the longest ago.
#[derive(Debug, Clone)]
pub struct Smoother {
    settings: SmoothSettings,
    tracks: Vec<Track, MAX_FACES>,
}

impl Smoother {
    /// A smoother that knows no face yet. The settings are taken as they are; [`SmoothSettings::check`]
    /// tells whether they make sense.
    pub fn new(settings: SmoothSettings) -> Self {
        Self { settings, tracks: Vec::new() }
    }

    /// Takes in what one frame gave for one face and tells what stands. The faces of one frame may come in
    /// any order.
    pub fn update(&mut self, at: Monotonic, observation: &Observation) -> Smoothed {
        let settings = self.settings;
        let sure = observation.confidence.get() >= settings.min_confidence;
        let estimate = observation.estimate.as_ref().filter(|_| sure);
        let behind = observation.behind;
        let standing = self.track(at, observation.track).update(at, behind, estimate, &settings);
        Smoothed {
            track: observation.track,
            rect: observation.rect,
            quality: observation.quality,
            confidence: observation.confidence,
            estimate: standing.map_or_else(Estimate::default, |filters| filters.estimate),
            expression: standing.map_or(Judged::Unknown(Probability::MIN), |filters| filters.expression),
            compound: standing.and_then(|filters| filters.compound),
            behind: standing.map_or(Duration::ZERO, |filters| filters.behind),
        }
    }

    /// Learns the neutral look of a face, or of everyone (`None`), from now on for [`BaselineSettings::learn_for`];
    /// returns whose. Only who was observed within the hold time is here. Ask them to rest their faces first.
    pub fn calibrate(&mut self, at: Monotonic, of: Option<TrackId>) -> Vec<TrackId, MAX_FACES> {
        let hold = self.settings.hold;
        let here = |track: &&mut Track| at.since(track.seen_at) <= hold && of.is_none_or(|id| id == track.id);
        let learning = self.tracks.iter_mut().filter(here).map(|track| {
            track.calibrate();
            track.id
        });
        learning.collect()
    }

    /// Forgets a face that is gone for good.
    pub fn forget(&mut self, track: TrackId) {
        self.tracks.retain(|known| known.id != track);
    }

    /// Forgets everyone: for a change of model or camera.
    pub fn reset(&mut self) {
        self.tracks.clear();
    }

    /// The state of a face, made anew when there is none.
    fn track(&mut self, at: Monotonic, id: TrackId) -> &mut Track {
        let known = self.tracks.iter().position(|track| track.id == id);
        let place = known.unwrap_or_else(|| {
            let last = self.tracks.len();
            match self.tracks.push(Track::new(id, at, &self.settings)) {
                Ok(()) => last,
                Err(newcomer) => {
                    let ages = self.tracks.iter().enumerate().min_by_key(|(_, track)| track.seen_at);
                    let oldest = ages.map_or(0, |(place, _)| place);
                    self.tracks[oldest] = newcomer;
                    oldest
                }
            }
        });
        &mut self.tracks[place]
    }
}
