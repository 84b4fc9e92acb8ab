//! From the files that were named to recordings: clips are watched each on its own, photographs together.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;

use super::known::Known;
use super::record::{Sights, record};
use super::still::{Shot, StillClip};
use crate::capture::file::is_photo;
use crate::capture::{self, Address};
use crate::cli::SmoothingArgs;
use crate::clock::SystemClock;
use crate::commands::files;
use crate::face::{FacePath, TrackId};
use crate::picture::{Picture, photo};

/// A face narrower than this, in pixels, is not shown: enlarged, it would be all blur.
const LEAST_FACE: f32 = 48.0;

/// What the wavering of made-up clips begins with.
const SEED: u64 = 1;

/// The faces of one file.
pub struct Recording {
    /// The file.
    pub source: String,
    /// What was seen of each face, the one that was seen the most first.
    pub faces: Vec<Sights>,
    /// What is known of them.
    pub known: Known,
}

/// Watches all files. A file that cannot be used is named on standard error; also tells whether there was one.
///
/// # Errors
/// When the annotation cannot be used, or there is no face in any file.
pub fn recordings(args: &SmoothingArgs, path: &mut FacePath) -> Result<(Vec<Recording>, bool)> {
    let (mut photos, mut clips, mut failed) = (Vec::new(), Vec::new(), false);
    for given in &args.paths {
        let found = files::expand(given)
            .with_context(|| format!("{} cannot be read; check the path and who may read it", given.display()))?;
        ensure!(!found.is_empty(), "{}: no photo and no clip in this folder", given.display());
        for file in found {
            if is_photo(&file) { photos.push(file) } else { clips.push(file) }
        }
    }
    let alone = photos.is_empty() && clips.len() == 1;
    let known = known(args, alone)?;
    let progress = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let mut recordings = Vec::new();
    let mut keep = |recording: Result<Recording>| match recording {
        Ok(recording) => recordings.push(recording),
        Err(error) => {
            progress.suspend(|| eprintln!("affectd: {error:#}; it is left out"));
            failed = true;
        }
    };
    let mut shots = Vec::new();
    for file in photos {
        match shot(&file, path) {
            Ok(shot) => shots.push(shot),
            Err(error) => keep(Err(error)),
        }
    }
    if !shots.is_empty() {
        keep(of_shots(shots, &known, path, &progress));
    }
    for clip in clips {
        keep(of_clip(clip, &known, path, &progress));
    }
    progress.finish_and_clear();
    if recordings.is_empty() {
        bail!("there is nothing to measure: no face could be read");
    }
    Ok((recordings, failed))
}

/// What the command line says of the faces; `alone` tells whether one clip was named and nothing else.
fn known(args: &SmoothingArgs, alone: bool) -> Result<Known> {
    Ok(match (&args.labels, args.label) {
        (Some(file), _) => {
            ensure!(alone, "--labels is about the frames of one clip: name that clip and nothing else");
            Known::read(file)?
        }
        (None, Some(label)) => Known::Shows(label),
        (None, None) if args.still => Known::Still,
        (None, None) => Known::Nothing,
    })
}

fn of_clip(clip: PathBuf, known: &Known, path: &mut FacePath, progress: &ProgressBar) -> Result<Recording> {
    let source = clip.display().to_string();
    let mut video = capture::open_video(&Address::File(clip), Arc::new(SystemClock))?;
    let faces = record(&source, &mut *video, path, progress)?;
    ensure!(!faces.is_empty(), "{source}: no face could be read");
    Ok(Recording { source, faces, known: known.clone() })
}

/// A photograph and its largest face.
fn shot(file: &Path, path: &mut FacePath) -> Result<Shot> {
    let mut picture = Picture::default();
    photo::load(file, &mut picture)?;
    let faces = path.detect_only(&picture).with_context(|| file.display().to_string())?;
    let face = faces.largest.first().map(|found| found.rect).filter(|face| face.width >= LEAST_FACE);
    let face = face.with_context(|| format!("{}: no face of {LEAST_FACE} pixels or more", file.display()))?;
    Ok(Shot { picture, face })
}

/// Shows photographs one after another, and watches. All that is seen is one face, whoever it is.
fn of_shots(shots: Vec<Shot>, known: &Known, path: &mut FacePath, progress: &ProgressBar) -> Result<Recording> {
    let source = match shots.len() {
        1 => "1 photograph".to_owned(),
        count => format!("{count} photographs"),
    };
    let mut clip = StillClip::new(shots, SEED);
    let known = match known {
        Known::Shows(label) => Known::Shows(*label),
        _ => Known::Switches(clip.switches()),
    };
    let mut sights: Sights = record(&source, &mut clip, path, progress)?.into_iter().flatten().collect();
    ensure!(!sights.is_empty(), "{source}: no face could be read; give sharper ones");
    sights.sort_by_key(|sight| sight.frame);
    sights.dedup_by_key(|sight| sight.frame);
    sights.iter_mut().for_each(|sight| sight.observation.track = TrackId(0));
    Ok(Recording { source, faces: vec![sights], known })
}
