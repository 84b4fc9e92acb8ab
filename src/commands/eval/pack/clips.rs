//! Clips, frame by frame through the live face path. A clip of two people is decoded once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;

use super::follow::Follow;
use super::{Runner, Target, unannotated};
use crate::annotation::Collection;
use crate::capture::{self, Address, Frame, Read};
use crate::clock::SystemClock;
use crate::commands::eval::score::clip_of;
use crate::commands::files::{expand, is_clip};
use crate::commands::infer::{DECODER_PATIENCE, PROGRESS_EVERY, progress};
use crate::events::Event;
use crate::pipeline::Sink;
use crate::scene::Scene;
use crate::smooth::Smoothed;

/// Runs the pack on every annotated clip, or on every clip there is.
///
/// # Errors
/// When the folder cannot be read or has no clip, or a submission cannot be written.
pub(super) fn run(runner: &mut Runner<'_>, dir: &Path, truth: Option<&Collection>) -> anyhow::Result<()> {
    let files = expand(dir).with_context(|| format!("{}: check the path and who may read it", dir.display()))?;
    let clips: BTreeMap<String, PathBuf> = files
        .into_iter()
        .filter(|path| is_clip(path))
        .filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), path)))
        .collect();
    ensure!(
        !clips.is_empty(),
        "{} has no clip in it; name the folder that holds VIDEO.mp4 or VIDEO.avi",
        dir.display()
    );
    let targets = match truth {
        Some(truth) => runner.targets(truth),
        None => clips.keys().map(|video| unannotated(video)).collect(),
    };
    let mut jobs: BTreeMap<&Path, Vec<Target>> = BTreeMap::new();
    for target in targets {
        match clips.get(&target.video).or_else(|| clips.get(clip_of(&target.video))) {
            Some(clip) => jobs.entry(clip).or_default().push(target),
            None => {
                let why = format!("{} has no clip of that name", dir.display());
                runner.ledger.skip(None, Some(&target.video), why);
            }
        }
    }
    let paths: Vec<PathBuf> = jobs.keys().map(|path| path.to_path_buf()).collect();
    let progress = progress(&paths);
    for (clip, targets) in jobs {
        progress.set_message(clip.display().to_string());
        match watch(runner, clip, &targets, &progress) {
            Ok(followed) => {
                for (target, follow) in targets.iter().zip(followed) {
                    runner.finish(target, follow)?;
                }
            }
            Err(error) => {
                for target in &targets {
                    runner.ledger.skip(None, Some(&target.video), format!("{error:#}"));
                }
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(())
}

/// Follows the people of one clip from its first frame to its last.
fn watch(
    runner: &mut Runner<'_>,
    clip: &Path,
    targets: &[Target],
    progress: &ProgressBar,
) -> anyhow::Result<Vec<Follow>> {
    let mut seen = Seen(targets.iter().map(|target| runner.follow(target)).collect());
    let mut video = capture::open_video(&Address::File(clip.to_owned()), Arc::new(SystemClock))?;
    let frames = video.frames_hint().filter(|&frames| frames > 0);
    let mut frame = Frame::default();
    runner.chain.reset();
    loop {
        match video.read(&mut frame, DECODER_PATIENCE)? {
            Read::Filled => {
                runner.chain.step(&frame, &mut seen).with_context(|| format!("frame {}", frame.number))?;
            }
            Read::TimedOut => bail!("{}: the decoder gave nothing for {DECODER_PATIENCE:?}", clip.display()),
            Read::Ended => return Ok(seen.0),
        }
        if let Some(frames) = frames.filter(|_| frame.number % PROGRESS_EVERY == 0) {
            progress.set_message(format!("{}, {} %", clip.display(), (100 * frame.number / frames).min(100)));
        }
    }
}

/// Shows each person's face to whoever follows it.
struct Seen(Vec<Follow>);

impl Sink for Seen {
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], _: &Scene) {
        let width = frame.picture.width() as f32;
        self.0.iter_mut().for_each(|follow| follow.frame(frame.captured_at, faces, width));
    }

    fn event(&mut self, _: &Event) {}
}
