//! `affectd infer`: photos, clips and sounds in; one line per face and frame, or per window of sound, out.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

mod summary;
mod voices;

use self::voices::Voices;
use super::lines::{Line, Lines};
use super::{files, setup};
use crate::capture::file::{is_photo, is_sound};
use crate::capture::{self, Address, Frame, Read};
use crate::cli::InferArgs;
use crate::clock::SystemClock;
use crate::events::Event;
use crate::exit::Exit;
use crate::outlet::face_state;
use crate::picture::photo;
use crate::pipeline::{Chain, Sink};
use crate::privacy::Extent;
use crate::publish::{FaceState, Identity};
use crate::scene::Scene;
use crate::smooth::{SmoothSettings, Smoothed};

/// A decoder that says nothing for so long is taken for hung.
pub(super) const DECODER_PATIENCE: Duration = Duration::from_secs(30);

/// The progress of a clip is shown anew after so many frames.
pub(super) const PROGRESS_EVERY: u64 = 30;

/// Runs the command.
///
/// # Errors
/// When the models cannot be opened or the lines cannot be written. A file that cannot be read is named on
/// standard error, and the rest goes on.
pub fn run(args: &InferArgs, models: Option<&Path>) -> anyhow::Result<Exit> {
    let mut config = setup::config(args.config.as_deref())?;
    // There is no hurry here: every line gets an estimate of its own.
    config.face.read_every = Duration::ZERO;
    // Whoever asks about a picture wants what it gives; how far to trust it stands in the line.
    config.smooth =
        SmoothSettings { min_confidence: 0.0, ..if args.raw { SmoothSettings::none() } else { config.smooth } };
    let extent = config.privacy.extent;
    let (files, mut failed) = named_files(&args.paths);
    let of_voice = |file: &Path| !args.crops && (is_sound(file) || args.voice && !is_photo(file));
    // Only the models that are needed are opened; where there is no file, those of faces, to say what is wrong there.
    let mut faces_of = match files.is_empty() || files.iter().any(|file| !of_voice(file)) {
        true => Some(setup::chain(&config, models)?),
        false => None,
    };
    let mut voices = match files.iter().any(|file| of_voice(file)) {
        true => Some(Voices::open(&config, models, args.summary)?),
        false => None,
    };
    let out = io::BufWriter::new(io::stdout().lock());
    let mut lines = Lines::new(out, args.format)?;

    let progress = progress(&files);
    for file in &files {
        progress.set_message(file.display().to_string());
        let done = match (&mut voices, &mut faces_of) {
            (Some(voices), _) if of_voice(file) => voices.read(file, &mut lines).map(|remark| {
                if let Some(remark) = remark {
                    progress.suspend(|| eprintln!("affectd: {remark}"));
                }
            }),
            (_, Some((chain, identity))) if args.crops => crop(file, chain, identity, extent, &mut lines),
            (_, Some((chain, identity))) => faces(file, chain, identity, extent, &mut lines, &progress),
            // Whatever a file needs was opened above.
            (_, None) => Ok(()),
        };
        if lines.closed() {
            // Whoever read us, `head` perhaps, has enough.
            return Ok(Exit::Ok);
        }
        if let Err(error) = done {
            progress.suspend(|| eprintln!("affectd: {error:#}"));
            failed = true;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    lines.flush()?;
    Ok(if failed { Exit::Failed } else { Exit::Ok })
}

/// The files behind the paths, and whether a path could not be read.
fn named_files(paths: &[PathBuf]) -> (Vec<PathBuf>, bool) {
    let mut failed = false;
    let mut all = Vec::new();
    for path in paths {
        match files::expand(path) {
            Ok(files) if files.is_empty() => {
                eprintln!("affectd: {}: no photo, clip or sound in this folder", path.display());
                failed = true;
            }
            Ok(files) => all.extend(files),
            Err(error) => {
                eprintln!("affectd: {}: {error}; check the path and who may read it", path.display());
                failed = true;
            }
        }
    }
    (all, failed)
}

/// Shown on a terminal when it takes a while: for several files, or a clip.
pub(super) fn progress(files: &[PathBuf]) -> ProgressBar {
    let quick = files.len() < 2 && files.iter().all(|file| is_photo(file));
    if quick || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files.len() as u64).with_style(style)
}

/// The whole picture is one face.
fn crop(
    file: &Path,
    chain: &mut Chain,
    identity: &Identity,
    extent: Extent,
    lines: &mut Lines<impl Write>,
) -> anyhow::Result<()> {
    let frame = &mut Frame::default();
    photo::load(file, &mut frame.picture)?;
    let read = chain.crop(&frame.picture).with_context(|| file.display().to_string())?;
    let state = extent.face(face_state(frame, &read));
    let (source, estimate) = (&file.to_string_lossy(), &state.estimate);
    let (expression, compound) = (state.expression, state.compound);
    lines.write(&Line { source, time: None, face: None, estimate, expression, compound }, identity)?;
    Ok(())
}

/// Every face of a photo, or of every frame of a clip.
fn faces(
    file: &Path,
    chain: &mut Chain,
    identity: &Identity,
    extent: Extent,
    lines: &mut Lines<impl Write>,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    chain.reset();
    let source = &file.to_string_lossy();
    let mut frame = Frame::default();
    if is_photo(file) {
        photo::load(file, &mut frame.picture)?;
        let mut writer = Writer { lines, identity, extent, source, clip: false, failed: None };
        chain.photo(&frame, &mut writer).with_context(|| file.display().to_string())?;
        return writer.done();
    }
    let mut video = capture::open_video(&Address::File(file.to_owned()), Arc::new(SystemClock))?;
    let frames = video.frames_hint().filter(|&frames| frames > 0);
    let mut writer = Writer { lines, identity, extent, source, clip: true, failed: None };
    loop {
        if let Some(frames) = frames.filter(|_| frame.number % PROGRESS_EVERY == 0) {
            progress.set_message(format!("{source}, {} %", (100 * frame.number / frames).min(100)));
        }
        match video.read(&mut frame, DECODER_PATIENCE)? {
            Read::Filled => {
                chain.step(&frame, &mut writer).with_context(|| format!("{source}, frame {}", frame.number))?
            }
            Read::TimedOut => anyhow::bail!(
                "{source}: the decoder gave nothing for {DECODER_PATIENCE:?}; is the file on a disk that answers?"
            ),
            Read::Ended => return writer.done(),
        }
        if writer.failed.is_some() {
            return writer.done();
        }
    }
}

/// Writes a line for each face that comes out of the chain.
struct Writer<'a, W: Write> {
    lines: &'a mut Lines<W>,
    identity: &'a Identity,
    extent: Extent,
    source: &'a str,
    clip: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Writer<'_, W> {
    fn done(self) -> anyhow::Result<()> {
        self.failed.map_or(Ok(()), |error| Err(error).context("the lines cannot be written"))
    }
}

impl<W: Write> Sink for Writer<'_, W> {
    fn faces(&mut self, frame: &Frame, faces: &[Smoothed], _: &Scene) {
        let time = self.clip.then(|| frame.captured_at.since_zero().as_secs_f32());
        for face in faces {
            let state: FaceState = self.extent.face(face_state(frame, face));
            let line = Line {
                source: self.source,
                time,
                face: Some(&state),
                estimate: &state.estimate,
                expression: state.expression,
                compound: state.compound,
            };
            if let Err(error) = self.lines.write(&line, self.identity) {
                self.failed.get_or_insert(error);
                return;
            }
        }
    }

    fn event(&mut self, _: &Event) {}
}
