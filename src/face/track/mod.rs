//! Who is who from frame to frame: tracks with numbers that stay.
//!
//! A frame goes through here in steps: [`Tracker::advance`] moves every track to where it is expected;
//! [`Tracker::follow`] tells where a track was seen to have moved between detections;
//! [`Tracker::associate`] brings a detector's faces; [`Tracker::judge`] what a close look at one of them
//! found. A face is believed when it was detected beyond doubt, or detected and then found by a close
//! look. It survives a moment without being detected; it never takes another's number.
//!
//! Pure: time is an argument. Only the time that passes counts, so the frame rate may vary; time that
//! stands still or runs backwards ages nobody.

mod assign;
mod motion;
mod one;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::time::Duration;

use heapless::Vec as FixedVec;

use self::assign::assign;
use self::one::Meaning;
pub use self::one::{Evidence, Track, Wish};
use super::{Detection, Landmarks, MAX_FACES, TrackId};
use crate::affect::Confidence;
use crate::clock::Monotonic;
use crate::geometry::Rect;

/// Nobody is kept without a detection for longer, even when no detector ran.
const FORGET_AFTER: Duration = Duration::from_secs(2);

/// A face that hides more than this share of a smaller one is the same face found twice.
const TWICE: f32 = 0.6;

/// Farther than any picture reaches, in pixels.
const FAR: f32 = 1e6;

/// When a track is believed and when it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackSettings {
    /// A detection of at least this score is to be believed, unless the face is new.
    pub trust_score: Confidence,
    /// A detection of at least this score is believed although the face is new.
    pub sure_score: Confidence,
    /// How long a track lives on without being detected.
    pub keep_for: Duration,
}

/// All tracks.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackSettings,
    tracks: FixedVec<Track, MAX_FACES>,
    next: u64,
    last: Option<Monotonic>,
}

impl Tracker {
    /// A tracker that knows nobody; the first number given is 1.
    pub fn new(settings: TrackSettings) -> Self {
        Self { settings, tracks: FixedVec::new(), next: 1, last: None }
    }

    /// Gives new tracks this number and those after it, unless it is beyond it already: another tracker gave those
    /// before.
    pub fn number_from(&mut self, number: u64) {
        self.next = self.next.max(number);
    }

    /// Everyone, believed or not, in the order of their numbers.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Forgets everyone. Their numbers stay taken.
    pub fn clear(&mut self) {
        self.tracks.clear();
    }

    /// Believes by other settings from now on. Whoever is believed already stays so.
    pub fn retune(&mut self, settings: TrackSettings) {
        self.settings = settings;
    }

    /// Begins a frame: everyone is where they are expected at `at`.
    pub fn advance(&mut self, at: Monotonic) {
        let dt = self.last.map_or(Duration::ZERO, |last| at.since(last));
        self.last = Some(at);
        self.tracks.retain(|track| track.unseen.saturating_add(dt) <= FORGET_AFTER);
        self.tracks.iter_mut().for_each(|track| track.advance(dt));
    }

    /// Takes in where a track was seen to have moved.
    pub fn follow(&mut self, id: TrackId, rect: Rect, landmarks: &Landmarks) {
        if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id)
            && is_sound(&rect, landmarks)
        {
            track.followed(rect, *landmarks);
        }
    }

    /// Takes in what a detector found in this frame, in any order. Returns how many faces had no room.
    ///
    /// Faces smaller than `coarse_below`, in frame pixels, are placed badly by that detector: they ask for
    /// close looks, and their detections do not move them.
    pub fn associate(&mut self, detections: &[Detection], coarse_below: f32) -> usize {
        let meaning = self.meaning(coarse_below);
        let mut found: FixedVec<&Detection, MAX_FACES> = FixedVec::new();
        let mut without_room = 0;
        for detection in detections.iter().filter(|found| is_sound(&found.rect, &found.landmarks)) {
            without_room += usize::from(found.push(detection).is_err());
        }
        // The order they come in must not matter, not even for the numbers of new tracks.
        found.sort_unstable_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(Ordering::Equal));

        let cost = |track: usize, other: usize| self.tracks[track].cost(found[other]);
        let partner = assign(self.tracks.len(), found.len(), cost);
        let mut taken = [false; MAX_FACES];
        for (track, partner) in self.tracks.iter_mut().zip(partner) {
            track.missed = partner.is_none();
            if let Some(partner) = partner {
                taken[partner] = true;
                track.detected(found[partner], &meaning);
            }
        }
        let keep_for = self.settings.keep_for;
        self.tracks.retain(|track| !track.missed || (track.is_believed() && track.unseen <= keep_for));
        for (detection, _) in found.iter().zip(taken).filter(|(_, taken)| !taken) {
            without_room += usize::from(!self.begin(detection, &meaning));
        }
        without_room
    }

    /// Takes in what a close look at a track found: its face, or none. A face that is another track's
    /// counts as none.
    pub fn judge(&mut self, id: TrackId, found: Option<&Detection>) {
        let meaning = self.meaning(0.0);
        let others = |found: &&Detection| {
            let same = |track: &Track| track.is_believed() && hidden(&track.rect(), &found.rect) > TWICE;
            !self.tracks.iter().any(|track| track.id != id && same(track))
        };
        let found = found.filter(|found| is_sound(&found.rect, &found.landmarks)).filter(others);
        if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) {
            track.judged(found, &meaning);
        }
    }

    fn meaning(&self, coarse_below: f32) -> Meaning {
        Meaning { trust: self.settings.trust_score, sure: self.settings.sure_score, coarse_below }
    }

    /// Begins a track, unless the face has one; false when there is no room.
    fn begin(&mut self, found: &Detection, meaning: &Meaning) -> bool {
        if self.tracks.iter().any(|track| !track.missed && hidden(&track.rect(), &found.rect) > TWICE) {
            return true;
        }
        if self.tracks.is_full() {
            // Somebody who is there goes before somebody who was.
            let gone = (0..self.tracks.len()).filter(|&i| self.tracks[i].missed);
            let Some(longest) = gone.max_by_key(|&i| self.tracks[i].unseen) else { return false };
            self.tracks.remove(longest);
        }
        let begun = self.tracks.push(Track::new(TrackId(self.next), found, meaning)).is_ok();
        self.next += 1;
        begun
    }
}

/// The largest first, then from left to right, then downwards, then the surest.
fn order(found: &Detection) -> [f32; 4] {
    [-found.rect.area(), found.rect.x, found.rect.y, -found.score.get()]
}

/// The share of the smaller rectangle that the other covers.
fn hidden(a: &Rect, b: &Rect) -> f32 {
    a.overlap(b) / a.area().min(b.area())
}

/// Whether a face can be reckoned with: at least a pixel in size, and on this side of [`FAR`].
fn is_sound(rect: &Rect, landmarks: &Landmarks) -> bool {
    let near = [rect.x, rect.y, rect.width, rect.height].iter().all(|v| v.abs() < FAR);
    near && rect.width >= 1.0 && rect.height >= 1.0 && landmarks.is_finite()
}
