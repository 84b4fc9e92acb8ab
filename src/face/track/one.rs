//! One face over time: where it is, how that is known, and whether it is believed to be a face.

use std::time::Duration;

use super::assign::ALONE;
use super::motion::{Motion, size};
use crate::affect::Confidence;
use crate::face::{Detection, Landmarks, TrackId};
use crate::geometry::{Point, Rect};

/// A detection may lie this far from where its track is expected, in face sizes …
const REACH: f32 = 0.6;
/// … and, when it was not followed, farther for each second since it was seen for sure …
const REACH_GROWTH: f32 = 1.5;
/// … up to this.
const REACH_MOST: f32 = 1.2;
/// A face is not more than this much larger or smaller than its track.
const SIZE_MOST: f32 = 2.0;

/// How much of the way from the followed to the detected place a track goes when the two agree: a
/// detector trembles, a follower drifts.
const TRUST: f32 = 0.5;
/// The two agree when they overlap this much …
const AGREE: f32 = 0.5;
/// … and this much when the detection is coarse.
const AGREE_COARSELY: f32 = 0.3;

/// A face that is only weakly detected, or was denied, is looked at closely this often.
const DOUBT_EVERY: Duration = Duration::from_secs(1);
/// A face that a close look did not find is looked at again after this.
const RETRY_AFTER: Duration = Duration::from_millis(150);
/// A face too small for the detector to place well is looked at closely this often.
const REFINE_EVERY: Duration = Duration::from_millis(400);
/// A believed face is believed no longer when so many close looks in a row did not find it.
const DENIALS: u8 = 2;

/// How a track's place in this frame is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It is not: the face is expected here.
    Expected,
    /// It was followed from an earlier frame.
    Followed,
    /// It was detected in this very frame.
    Detected,
}

/// Why a track asks for a close look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Its points are old and coarse.
    Refine,
    /// It must be told whether it is a face.
    Judge,
}

/// One face over time.
#[derive(Debug, Clone, Copy)]
pub struct Track {
    pub(super) id: TrackId,
    rect: Rect,
    landmarks: Landmarks,
    motion: Motion,
    score: Confidence,
    evidence: Evidence,
    believed: bool,
    /// Too small for the detector to place it well.
    coarse: bool,
    /// Placed by a close look, and followed ever since.
    fine: bool,
    /// Close looks in a row that did not find it.
    denials: u8,
    pub(super) missed: bool,
    /// Since the last detection.
    pub(super) unseen: Duration,
    /// Since the last detection that was to be believed.
    doubted: Duration,
    /// Since the last close look.
    looked: Option<Duration>,
}

/// What a detection means for a track.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    /// From this score on a detection is to be believed …
    pub trust: Confidence,
    /// … and from this one on beyond doubt.
    pub sure: Confidence,
    /// The detector places smaller faces badly, in frame pixels.
    pub coarse_below: f32,
}

impl Track {
    pub(super) fn new(id: TrackId, found: &Detection, meaning: &Meaning) -> Self {
        Self {
            id,
            rect: found.rect,
            landmarks: found.landmarks,
            motion: Motion::new(&found.rect),
            score: found.score,
            evidence: Evidence::Detected,
            believed: found.score >= meaning.sure,
            coarse: size(&found.rect) < meaning.coarse_below,
            fine: false,
            denials: 0,
            missed: false,
            unseen: Duration::ZERO,
            doubted: Duration::ZERO,
            looked: None,
        }
    }

    /// The number, this face's for as long as it is in view.
    pub fn id(&self) -> TrackId {
        self.id
    }

    /// Where it is in this frame, in pixels.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// Its points in this frame, in pixels.
    pub fn landmarks(&self) -> &Landmarks {
        &self.landmarks
    }

    /// The score of its last detection.
    pub fn score(&self) -> Confidence {
        self.score
    }

    /// How its place in this frame is known.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Whether it is believed to be a face.
    pub fn is_believed(&self) -> bool {
        self.believed
    }

    /// Whether the last detection that ran did not find it.
    pub fn is_missed(&self) -> bool {
        self.missed
    }

    /// Whether, and why, it asks for a close look in this frame.
    pub fn wish(&self) -> Option<Wish> {
        let waited = |least| self.looked.is_none_or(|looked| looked >= least);
        let doubtful = !self.believed || self.doubted >= DOUBT_EVERY;
        match self.evidence {
            Evidence::Expected => None,
            _ if doubtful && waited(DOUBT_EVERY) => Some(Wish::Judge),
            _ if self.believed && self.denials > 0 && waited(RETRY_AFTER) => Some(Wish::Judge),
            _ if self.believed && self.coarse && waited(if self.fine { REFINE_EVERY } else { RETRY_AFTER }) => {
                Some(Wish::Refine)
            }
            _ => None,
        }
    }

    /// How long ago it was last looked at closely; the longest time when it never was.
    pub fn waited(&self) -> Duration {
        self.looked.unwrap_or(Duration::MAX)
    }

    pub(super) fn advance(&mut self, dt: Duration) {
        let before = self.rect;
        self.rect = self.motion.predict(&before, dt);
        self.landmarks = carried(&self.landmarks, &before, &self.rect);
        self.evidence = Evidence::Expected;
        for clock in [Some(&mut self.unseen), Some(&mut self.doubted), self.looked.as_mut()].into_iter().flatten() {
            *clock = clock.saturating_add(dt);
        }
    }

    pub(super) fn followed(&mut self, rect: Rect, landmarks: Landmarks) {
        self.place(rect, landmarks, Evidence::Followed, 1.0);
    }

    pub(super) fn detected(&mut self, found: &Detection, meaning: &Meaning) {
        self.coarse = size(&found.rect) < meaning.coarse_below;
        if !(self.coarse && self.fine && self.agrees(found, AGREE_COARSELY)) {
            self.fine = false;
            self.pull(found, meaning);
        }
        self.believed |= found.score >= meaning.sure;
        self.seen(found, meaning);
    }

    /// Takes in what a close look found.
    pub(super) fn judged(&mut self, found: Option<&Detection>, meaning: &Meaning) {
        self.looked = Some(Duration::ZERO);
        if let Some(found) = found {
            self.pull(found, meaning);
            (self.fine, self.believed, self.denials) = (true, true, 0);
            self.seen(found, meaning);
        } else {
            self.denials = self.denials.saturating_add(1);
            self.believed &= self.denials < DENIALS;
        }
    }

    fn seen(&mut self, found: &Detection, meaning: &Meaning) {
        (self.score, self.missed, self.unseen) = (found.score, false, Duration::ZERO);
        if found.score >= meaning.trust {
            (self.doubted, self.denials) = (Duration::ZERO, 0);
        }
    }

    fn agrees(&self, found: &Detection, overlap: f32) -> bool {
        self.evidence != Evidence::Expected && self.rect.iou(&found.rect) > overlap
    }

    /// Goes to where it was detected, or half-way when it was followed to nearly there.
    ///
    /// A half-hidden face is found too small and aside, and weakly: the less the score, the less it says
    /// about how the face moves.
    fn pull(&mut self, found: &Detection, meaning: &Meaning) {
        let from_coarse = self.coarse && !self.fine;
        let trust = if self.agrees(found, AGREE) && !from_coarse { TRUST } else { 1.0 };
        let rect = rect_between(&self.rect, &found.rect, trust);
        let landmarks = self.landmarks.zip(&found.landmarks, |old, new| between(old, new, trust));
        let doubt = (meaning.trust.get() / found.score.get().max(0.05)).max(1.0);
        self.place(rect, landmarks, Evidence::Detected, doubt * doubt);
    }

    fn place(&mut self, rect: Rect, landmarks: Landmarks, evidence: Evidence, vagueness: f32) {
        self.motion.correct(&rect, vagueness);
        (self.rect, self.landmarks, self.evidence) = (rect, landmarks, evidence);
    }

    /// What it would cost to take a detection for this face; [`ALONE`] or more when it cannot be.
    pub(super) fn cost(&self, found: &Detection) -> f32 {
        let (mine, its) = (size(&self.rect), size(&found.rect));
        let lost_for = if self.evidence == Evidence::Expected { self.doubted.as_secs_f32() } else { 0.0 };
        let reach = (REACH + REACH_GROWTH * lost_for).min(REACH_MOST) * mine.max(its);
        let apart = self.rect.centre().distance(found.rect.centre()) / reach;
        let grown = (its / mine).ln().abs() / SIZE_MOST.ln();
        let overlap = self.rect.iou(&found.rect);
        if apart < 1.0 && grown < 1.0 { ALONE * (0.5 * apart + 0.25 * grown + 0.25 * (1.0 - overlap)) } else { ALONE }
    }
}

fn between(from: Point, to: Point, share: f32) -> Point {
    Point::new(from.x + share * (to.x - from.x), from.y + share * (to.y - from.y))
}

fn rect_between(from: &Rect, to: &Rect, share: f32) -> Rect {
    let corner = between(Point::new(from.x, from.y), Point::new(to.x, to.y), share);
    let sides = between(Point::new(from.width, from.height), Point::new(to.width, to.height), share);
    Rect::new(corner.x, corner.y, sides.x, sides.y)
}

/// Points that keep their place within a rectangle that moves.
fn carried(landmarks: &Landmarks, from: &Rect, to: &Rect) -> Landmarks {
    landmarks.map(|p| {
        let (x, y) = ((p.x - from.x) / from.width, (p.y - from.y) / from.height);
        Point::new(to.x + x * to.width, to.y + y * to.height)
    })
}
