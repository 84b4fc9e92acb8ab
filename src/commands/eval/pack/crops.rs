//! Cropped faces as Aff-Wild2 ships them: `DIR/VIDEO/00001.jpg`, one image for each frame in which a face was found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::follow::{Follow, Person};
use super::{Runner, Target, entries, unannotated};
use crate::annotation::Collection;
use crate::capture::file::is_photo;
use crate::clock::Monotonic;
use crate::commands::infer::progress;
use crate::picture::{Picture, photo};

/// Runs the pack on every annotated video, or on every folder of images there is.
///
/// # Errors
/// When the folder cannot be read or has no folder in it, or a submission cannot be written.
pub(super) fn run(runner: &mut Runner<'_>, dir: &Path, truth: Option<&Collection>) -> anyhow::Result<()> {
    let folders: BTreeMap<String, PathBuf> = entries(dir)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_string_lossy().into_owned(), path)))
        .collect();
    ensure!(!folders.is_empty(), "{} has no folder in it; name the one that holds VIDEO/00001.jpg", dir.display());
    let targets = match truth {
        Some(truth) => runner.targets(truth),
        None => folders.keys().map(|video| unannotated(video)).collect(),
    };
    let mut jobs = Vec::new();
    for target in targets {
        match folders.get(&target.video) {
            // Whose face it is was decided when it was cut out.
            Some(folder) => jobs.push((folder.clone(), Target { person: Person::Largest, ..target })),
            None => {
                let why = format!("{} has no folder of that name", dir.display());
                runner.ledger.skip(None, Some(&target.video), why);
            }
        }
    }
    let paths: Vec<PathBuf> = jobs.iter().map(|(folder, _)| folder.clone()).collect();
    let progress = progress(&paths);
    for (folder, target) in &jobs {
        progress.set_message(folder.display().to_string());
        match look(runner, folder, target) {
            Ok(follow) => runner.finish(target, follow)?,
            Err(error) => runner.ledger.skip(None, Some(&target.video), format!("{error:#}")),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

/// Reads the images of one video, from the first frame to the last that is annotated. A frame without an image, or
/// with one that is damaged, has no face.
fn look(runner: &mut Runner<'_>, folder: &Path, target: &Target) -> anyhow::Result<Follow> {
    let images: BTreeMap<u32, PathBuf> = entries(folder)?.into_iter().filter_map(numbered).collect();
    let annotated = target.truths.iter().filter_map(|(_, track)| track.rows.last()).map(|(number, _)| *number).max();
    let last = annotated.or_else(|| images.keys().next_back().copied()).unwrap_or(0);
    let mut follow = runner.follow(target);
    runner.chain.reset();
    let mut picture = Picture::default();
    let mut damaged = Vec::new();
    for number in 1..=last {
        // The first frame is at the start.
        let at = Monotonic::new(Duration::from_secs_f64(f64::from(number - 1) / f64::from(runner.args.fps)));
        let image = images.get(&number).filter(|image| match photo::load(image, &mut picture) {
            Ok(()) => true,
            Err(error) => {
                damaged.push(error);
                false
            }
        });
        let face = match image {
            Some(image) => Some(runner.chain.crop_of(&picture, at).with_context(|| image.display().to_string())?),
            None => None,
        };
        follow.frame(at, face.as_slice(), picture.width() as f32);
    }
    if let Some(first) = damaged.first() {
        let video = &target.video;
        runner.ledger.notes.push(format!(
            "{video}: images that count as frames without a face: {}, the first: {first}.",
            damaged.len()
        ));
    }
    Ok(follow)
}

/// The number of an image by its name, from 1.
fn numbered(path: PathBuf) -> Option<(u32, PathBuf)> {
    let number = path.file_stem()?.to_str()?.parse().ok().filter(|&number| number > 0)?;
    is_photo(&path).then_some((number, path))
}
