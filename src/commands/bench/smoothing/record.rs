//! What the face path says of each face of a clip, before anything is smoothed: recorded once, so that many
//! smoothers can be tried on it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;

use crate::capture::{Frame, Read, VideoSource};
use crate::clock::Monotonic;
use crate::commands::setup;
use crate::config::Config;
use crate::face::{FacePath, Observation, TrackId};

/// A decoder that says nothing for so long is taken for hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// The progress of a clip is shown anew after so many frames.
const PROGRESS_EVERY: u64 = 30;

/// One face in one frame.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// The number of the frame, from 0.
    pub frame: u64,
    /// Its time.
    pub at: Monotonic,
    /// What was observed.
    pub observation: Observation,
}

/// All sights of one face, in the order of time.
pub type Sights = Vec<Sight>;

/// Opens the face path as the daemon does.
///
/// # Errors
/// When a pack is missing, damaged or refused.
pub fn face_path(config: &Config, models: Option<&Path>) -> Result<FacePath> {
    let (registry, engines) = (setup::registry(config, models)?, setup::engines(config)?);
    let (detector, _) = setup::open_detector(&setup::pack(&registry, config, &config.models.detector)?, &engines)?;
    let (reader, _) = setup::open_face(&setup::pack(&registry, config, &config.models.face)?, &engines)?;
    Ok(FacePath::of(detector, reader, config.face.clone()))
}

/// Watches a clip to its end. Faces that were never read are left out; the one that was seen the most comes
/// first.
///
/// # Errors
/// When the clip or a model fails.
pub fn record(
    name: &str,
    source: &mut dyn VideoSource,
    path: &mut FacePath,
    progress: &ProgressBar,
) -> Result<Vec<Sights>> {
    path.reset();
    let (mut frame, mut faces) = (Frame::default(), Vec::<(TrackId, Sights)>::new());
    let frames = source.frames_hint().filter(|&frames| frames > 0);
    loop {
        match source.read(&mut frame, PATIENCE)? {
            Read::Filled => {}
            Read::TimedOut => {
                bail!("{name}: the decoder gave nothing for {PATIENCE:?}; is the file on a disk that answers?")
            }
            Read::Ended => break,
        }
        if let Some(frames) = frames.filter(|_| frame.number % PROGRESS_EVERY == 0) {
            progress.set_message(format!("{name}, {} %", (100 * frame.number / frames).min(100)));
        }
        let at = frame.captured_at;
        let observed = path.observe(&frame.picture, at).with_context(|| format!("{name}, frame {}", frame.number))?;
        for &observation in observed {
            let sight = Sight { frame: frame.number, at, observation };
            match faces.iter_mut().find(|(track, _)| *track == observation.track) {
                Some((_, sights)) => sights.push(sight),
                None => faces.push((observation.track, vec![sight])),
            }
        }
    }
    let read = |sights: &Sights| sights.iter().any(|sight| sight.observation.estimate.is_some());
    let mut faces: Vec<Sights> = faces.into_iter().map(|(_, sights)| sights).filter(read).collect();
    faces.sort_by_key(|sights| std::cmp::Reverse(sights.len()));
    Ok(faces)
}
