//! Following faces between detections, at a fraction of a detection's cost.
//!
//! When a face is detected, a small patch of its luma is kept; in the frames that follow, the patch is
//! searched for around the place where the track expects the face, and box and points move with it. The
//! patch is never taken from a followed frame, so errors do not add up: they end with the next
//! detection.

mod patch;

use std::ops::RangeInclusive;

use self::patch::{Disc, PATCH_SHARE, Patch, WINDOW};
use super::{Landmarks, MAX_FACES, TrackId};
use crate::geometry::{Point, Rect, Similarity};
use crate::picture::warp::Warper;
use crate::picture::{Normalise, Picture};

/// Luma as it is: 0 to 255.
const LUMA: Normalise = Normalise { scale: 1.0, offset: 0.0 };

/// How much a face may grow or shrink until the next detection: more is a search gone astray.
const HELD: RangeInclusive<f32> = 0.8..=1.25;

/// A face as it was when its patch was taken.
#[derive(Debug)]
struct Kept {
    /// Nobody's: the place is free.
    id: Option<TrackId>,
    patch: Patch,
    rect: Rect,
    landmarks: Landmarks,
    /// Frame pixels a sample.
    step: f32,
    /// Where the last frame's search ended: the next one begins with its scale and rotation.
    last: Similarity,
}

impl Default for Kept {
    /// A free place.
    fn default() -> Self {
        Self {
            id: None,
            patch: Patch::default(),
            rect: Rect::default(),
            landmarks: Landmarks::default(),
            step: 1.0,
            last: Similarity::IDENTITY,
        }
    }
}

/// Where a face was followed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed {
    /// The box, in frame pixels.
    pub rect: Rect,
    /// The points, in frame pixels.
    pub landmarks: Landmarks,
    /// How like the kept patch the face still is, −1 to 1.
    pub likeness: f32,
}

/// The patches of all faces. Its buffers are made once, for as many faces as there may be.
#[derive(Debug)]
pub struct Follower {
    disc: Disc,
    warper: Warper,
    window: Vec<f32>,
    scratch: Vec<f32>,
    kept: Vec<Kept>,
}

impl Default for Follower {
    /// A follower of nobody.
    fn default() -> Self {
        let (window, kept) = (vec![0.0; WINDOW * WINDOW], (0..MAX_FACES).map(|_| Kept::default()).collect());
        Self { disc: Disc::default(), warper: Warper::default(), window, scratch: Vec::new(), kept }
    }
}

impl Follower {
    /// Takes a face's patch from the picture it was detected in; `rect` has an area.
    pub fn keep(&mut self, picture: &Picture, id: TrackId, rect: Rect, landmarks: &Landmarks) {
        let place = |wanted| self.kept.iter().position(|kept: &Kept| kept.id == wanted);
        // There are no more tracks than places, so one is free as long as those who left are let go.
        let Some(slot) = place(Some(id)).or_else(|| place(None)) else { return };
        let step = rect.width.max(rect.height) / (WINDOW as f32 * PATCH_SHARE);
        look(&mut self.warper, picture, rect.centre(), step, &mut self.window);
        let kept = &mut self.kept[slot];
        kept.patch.take(&self.disc, &self.window);
        kept.id = Some(id);
        (kept.rect, kept.landmarks, kept.step, kept.last) = (rect, *landmarks, step, Similarity::IDENTITY);
    }

    /// Searches the picture for a face that is expected at `expected`; `None` when it was never kept or
    /// nothing there holds the search.
    pub fn follow(&mut self, picture: &Picture, id: TrackId, expected: Point) -> Option<Followed> {
        let kept = self.kept.iter_mut().find(|kept| kept.id == Some(id))?;
        look(&mut self.warper, picture, expected, kept.step, &mut self.window);
        let start = Similarity { tx: 0.0, ty: 0.0, ..kept.last };
        let found = kept.patch.find(&self.disc, &self.window, start, &mut self.scratch)?;
        if !HELD.contains(&found.warp.scale()) {
            return None;
        }
        kept.last = found.warp;

        // From the kept frame to this one: about the kept centre, then to where the window lay.
        let (warp, from) = (found.warp, kept.rect.centre());
        let turned = Similarity { tx: 0.0, ty: 0.0, ..warp }.apply(from);
        let (tx, ty) = (expected.x + kept.step * warp.tx - turned.x, expected.y + kept.step * warp.ty - turned.y);
        let moved = Similarity { tx, ty, ..warp };
        let (centre, scale) = (moved.apply(from), moved.scale());
        let (width, height) = (kept.rect.width * scale, kept.rect.height * scale);
        let rect = Rect::new(centre.x - width / 2.0, centre.y - height / 2.0, width, height);
        Some(Followed { rect, landmarks: kept.landmarks.map(|p| moved.apply(p)), likeness: found.likeness })
    }

    /// Forgets everyone that `stays` does not hold for.
    pub fn retain(&mut self, stays: impl Fn(TrackId) -> bool) {
        for kept in &mut self.kept {
            kept.id = kept.id.filter(|&id| stays(id));
        }
    }
}

/// Samples a window around a point.
fn look(warper: &mut Warper, picture: &Picture, centre: Point, step: f32, window: &mut [f32]) {
    let half = step * WINDOW as f32 / 2.0;
    let to_frame = Similarity { a: step, b: 0.0, tx: centre.x - half, ty: centre.y - half };
    warper.warp_grey(picture, &to_frame, WINDOW, WINDOW, LUMA, window);
}
