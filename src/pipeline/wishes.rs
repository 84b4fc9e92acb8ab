//! What is wished of a live pipeline from outside: faces calibrated, stages started anew. Asked without waiting, told
//! later.
//!
//! ```text
//!  who wishes                              thread "frames"
//!  Wisher::calibrate ── whose ───────────►  chain, before the next frame
//!                                          thread "supervisor"
//!  Wisher::restart ──── which stage ─────►  its worker
//! ```
//!
//! To the threads a wish is a look into an empty channel. What nobody takes any more is dropped, and with it the way to
//! tell: whoever waits for that learns so.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::face::TrackId;
use crate::supervise::Replaced;

/// Wishes of a kind that may wait.
const WAITING: usize = 4;

/// Somebody's neutral look is to be learnt.
pub(super) struct Calibration {
    /// Whose; everyone's in view when absent.
    pub of: Option<TrackId>,
    /// Told whose is learnt.
    pub tell: Box<dyn FnOnce(Vec<TrackId>) + Send>,
}

/// A stage is to be started anew.
pub(super) struct Restart {
    /// Which.
    pub part: Part,
    /// Told what became of it.
    pub tell: Box<dyn FnOnce(Restarted) + Send>,
}

/// A part of the pipeline that has a thread of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Takes frames.
    Camera,
    /// Reads them.
    Frames,
    /// Takes sound and reads it.
    Sound,
    /// Replaces packs.
    Packs,
}

impl Part {
    /// The name of its thread.
    pub const fn thread(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Frames => "frames",
            Self::Sound => "sound",
            Self::Packs => "packs",
        }
    }
}

/// What became of a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarted {
    /// Its thread was asked to end; another follows.
    Asked,
    /// It rests after a death and will be started without being asked.
    Resting,
    /// It is not part of this run, or has done its work.
    Absent,
    /// There is no other camera, clip or model that a new thread could have.
    Once,
}

impl From<Replaced> for Restarted {
    fn from(replaced: Replaced) -> Self {
        match replaced {
            Replaced::Asked => Self::Asked,
            Replaced::Resting => Self::Resting,
            Replaced::Done => Self::Absent,
        }
    }
}

/// Somebody has too many wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The end of whoever wishes; may be cloned.
#[derive(Clone)]
pub struct Wisher {
    calibrations: SyncSender<Calibration>,
    restarts: SyncSender<Restart>,
}

impl Wisher {
    /// Wishes that the neutral look of a face, or of everyone in view, is learnt from the next frame on. `tell` runs on
    /// the frames' thread and hears whose is; it is dropped when nobody is there to do it.
    ///
    /// # Errors
    /// When too many wait.
    pub fn calibrate(&self, of: Option<TrackId>, tell: impl FnOnce(Vec<TrackId>) + Send + 'static) -> Result<(), Busy> {
        self.calibrations.try_send(Calibration { of, tell: Box::new(tell) }).map_err(|_| Busy)
    }

    /// Wishes that a part is ended and started anew. `tell` runs on the supervisor's thread; it is dropped when nobody is
    /// there to do it.
    ///
    /// # Errors
    /// When too many wait.
    pub fn restart(&self, part: Part, tell: impl FnOnce(Restarted) + Send + 'static) -> Result<(), Busy> {
        self.restarts.try_send(Restart { part, tell: Box::new(tell) }).map_err(|_| Busy)
    }
}

/// What comes out at the threads' end.
pub(super) struct Wishes<T = Calibration>(Receiver<T>);

impl<T> Wishes<T> {
    /// The next one, if any waits.
    pub fn next(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// All ends.
pub(super) fn wishing() -> (Wisher, Wishes, Wishes<Restart>) {
    let ((calibrations, to_calibrate), (restarts, to_restart)) = (sync_channel(WAITING), sync_channel(WAITING));
    (Wisher { calibrations, restarts }, Wishes(to_calibrate), Wishes(to_restart))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_told_of_once_and_too_many_are_refused() {
        let (wisher, calibrations, restarts) = wishing();
        let (say, said) = sync_channel(9);
        for of in [None, Some(TrackId(7))] {
            let say = say.clone();
            assert_eq!(wisher.calibrate(of, move |faces| say.send(faces).unwrap()), Ok(()));
        }
        while let Some(Calibration { of, tell }) = calibrations.next() {
            tell(of.into_iter().collect());
        }
        assert_eq!(said.try_iter().collect::<Vec<_>>(), [vec![], vec![TrackId(7)]]);
        let asked = (0..9).filter(|_| wisher.restart(Part::Camera, |_| ()).is_ok()).count();
        assert_eq!(asked, WAITING);
        assert_eq!(restarts.next().map(|restart| restart.part), Some(Part::Camera));
    }

    #[test]
    fn who_wishes_of_a_pipeline_that_is_gone_learns_so() {
        let (wisher, calibrations, restarts) = wishing();
        let (say, said) = sync_channel::<Restarted>(1);
        assert_eq!(wisher.restart(Part::Packs, move |restarted| say.send(restarted).unwrap()), Ok(()));
        drop((calibrations, restarts));
        assert!(said.recv().is_err());
        assert_eq!(wisher.calibrate(None, |_| ()), Err(Busy));
    }
}
