//! A pack on recordings: what it says of each frame, in three ways, beside the annotations or as a submission.
//!
//! | file | what it is for |
//! |---|---|
//! | `clips` | clips, frame by frame through the live face path |
//! | `crops` | cropped faces, an image a frame |
//! | `follow` | whose face it is, and the three ways of answering |
//! | `answer` | from an estimate to a line of a submission |

mod answer;
mod clips;
mod crops;
mod follow;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use follow::{CAUSAL, Follow, Person, WAYS};

use super::Scored;
use super::score::{Ledger, Score, speaks_of};
use crate::annotation::{self, CLASSES, Collection, Row, Task, Track, UNITS};
use crate::cli::EvalArgs;
use crate::commands::setup;
use crate::events::Kind;
use crate::metrics::Shape;
use crate::pipeline::Chain;
use crate::publish::Identity;
use crate::smooth::{SmoothSettings, Smoother};

/// The unit that no pack and no edition from 2021 on has.
const AU20: u8 = 20;

/// One annotated video.
struct Target {
    video: String,
    person: Person,
    /// What is annotated; empty when only a submission is asked for.
    truths: Vec<(Task, Track)>,
    /// Which classes and units are asked for.
    shape: Shape,
}

/// A pack at work.
struct Runner<'a> {
    args: &'a EvalArgs,
    chain: Chain,
    smooth: SmoothSettings,
    /// What the pack answers.
    tasks: Vec<Task>,
    scores: [Score; 3],
    /// What is said of the frames of a list, by video.
    lists: [BTreeMap<String, Track>; 3],
    ledger: &'a mut Ledger,
    written: usize,
}

/// Runs the configured pack on clips or crops and scores what it says.
///
/// # Errors
/// When the models cannot be opened, the folder cannot be read, or a submission cannot be written. What is wrong
/// with a single video is noted, and the rest goes on.
pub fn run(
    args: &EvalArgs,
    models: Option<&Path>,
    truth: Option<&Collection>,
    ledger: &mut Ledger,
) -> anyhow::Result<Scored> {
    let mut config = setup::config(args.config.as_deref())?;
    config.face.read_every = Duration::ZERO;
    let smooth = SmoothSettings { min_confidence: 0.0, ..config.smooth };
    // The chain gives what single frames gave; smoothing comes after, in three ways.
    config.smooth = SmoothSettings::none();
    let (chain, identity) = setup::chain(&config, models)?;
    let tasks = answered(&identity);
    let (scores, lists) = Default::default();
    let mut runner = Runner { args, chain, smooth, tasks, scores, lists, ledger, written: 0 };
    let source = match (&args.videos, &args.crops) {
        (Some(dir), _) => {
            clips::run(&mut runner, dir, truth)?;
            ("videos", dir.display().to_string())
        }
        (None, Some(dir)) => {
            crops::run(&mut runner, dir, truth)?;
            ("crops", dir.display().to_string())
        }
        (None, None) => bail!("name what to run the pack on: --videos DIR or --crops DIR"),
    };
    runner.write_lists()?;
    let Runner { scores, written, .. } = runner;
    if let Some(dir) = &args.write {
        let dir = dir.display();
        ledger.notes.push(format!("{written} files of submissions were written below {dir}: {}.", WAYS.join(", ")));
    }
    let rows = WAYS.into_iter().zip(scores).collect();
    Ok(Scored { source, pack: Some((identity.pack, identity.engine)), rows, main: CAUSAL })
}

/// The tasks that a pack answers. Compound expressions may be made of single ones.
fn answered(identity: &Identity) -> Vec<Task> {
    let has = |kind| identity.capabilities.contains(&kind);
    let answers = |task: &Task| match task {
        Task::Va => has(Kind::Valence) && has(Kind::Arousal),
        Task::Expr => has(Kind::Expression),
        Task::Au => has(Kind::ActionUnit),
        Task::Compound => has(Kind::Compound) || has(Kind::Expression),
    };
    Task::ALL.into_iter().filter(answers).collect()
}

impl Runner<'_> {
    /// The annotated videos, with what is annotated of them for tasks that the pack answers.
    fn targets(&mut self, truth: &Collection) -> Vec<Target> {
        let items = truth.items();
        for problem in truth.problems() {
            self.ledger.skip(None, None, problem);
        }
        let mut truths: BTreeMap<&str, Vec<(Task, Track)>> = BTreeMap::new();
        let mut beyond = Vec::new();
        for &(task, video) in &items {
            if !self.tasks.contains(&task) {
                beyond.push(task);
                continue;
            }
            match truth.track(task, video) {
                Ok(Some(track)) if speaks_of(task, &track) => {
                    truths.entry(video).or_default().push((task, track.into_owned()));
                }
                Ok(_) => {}
                Err(error) => self.ledger.skip(task, Some(video), error),
            }
        }
        beyond.sort();
        beyond.dedup();
        for task in beyond {
            self.ledger.skip(
                task,
                None,
                "the pack does not estimate this; choose another as models.face, with --config",
            );
        }
        let has = |video: &str| items.iter().any(|(_, name)| *name == video);
        let target = |(video, truths): (&str, Vec<(Task, Track)>)| {
            let shape = truths.iter().fold(Shape::default(), |shape, (_, track)| shape.union(track.shape));
            Target { video: video.to_owned(), person: Person::of(video, has), truths, shape }
        };
        truths.into_iter().map(target).collect()
    }

    /// Begins to follow the person of a target.
    fn follow(&self, target: &Target) -> Follow {
        let classes = if target.shape.classes == 0 { CLASSES.len() } else { target.shape.classes };
        Follow::new(target.person, classes, Smoother::new(self.smooth))
    }

    /// Scores and writes what was seen of a target.
    fn finish(&mut self, target: &Target, follow: Follow) -> anyhow::Result<()> {
        let (frames, read) = (follow.frames(), follow.read());
        if read == 0 {
            self.ledger.notes.push(format!(
                "{}: no face could be read in any of its {frames} frames; they have no answer.",
                target.video
            ));
        }
        let deviation = Duration::from_secs_f32(self.args.offline_sigma);
        let ways = follow.ways(deviation, self.smooth.hold, self.args.without_face);
        for (task, truth) in &target.truths {
            let tracks: Result<Vec<Track>, String> = ways.iter().map(|rows| fit(rows, truth)).collect();
            let tracks = match tracks {
                Ok(tracks) => tracks,
                Err(why) => {
                    self.ledger.skip(*task, Some(&target.video), why);
                    continue;
                }
            };
            for (score, track) in self.scores.iter_mut().zip(&tracks) {
                score.add(*task, &target.video, truth, track)?;
            }
            self.ledger.scored(*task, &target.video, truth.shape);
            if truth.whole {
                self.write(*task, target, &tracks)?;
            } else {
                self.list(target, truth, tracks);
            }
        }
        if target.truths.is_empty() {
            for task in self.tasks.clone() {
                let tracks = ways.each_ref().map(|rows| whole(rows.clone(), target.shape));
                self.write(task, target, &tracks)?;
            }
        }
        Ok(())
    }

    /// Keeps the frames that a list asks for, for a list of our own. Each track has all tasks in it.
    fn list(&mut self, target: &Target, truth: &Track, tracks: Vec<Track>) {
        if self.args.write.is_none() {
            return;
        }
        for (list, mut track) in self.lists.iter_mut().zip(tracks) {
            let asked: BTreeSet<u32> = truth.rows.iter().map(|(number, _)| *number).collect();
            track.rows.retain(|(number, _)| asked.contains(number));
            list.insert(target.video.clone(), track);
        }
    }

    fn write_lists(&mut self) -> anyhow::Result<()> {
        let Some(dir) = &self.args.write else { return Ok(()) };
        for (way, list) in WAYS.iter().zip(&self.lists).filter(|(_, list)| !list.is_empty()) {
            annotation::write_list(&dir.join(way), list).context("the submission is not whole")?;
            self.written += 1;
        }
        Ok(())
    }

    fn write(&mut self, task: Task, target: &Target, tracks: &[Track]) -> anyhow::Result<()> {
        let Some(dir) = &self.args.write else { return Ok(()) };
        for (way, track) in WAYS.iter().zip(tracks) {
            annotation::write(&dir.join(way), task, &target.video, track).context("the submission is not whole")?;
            self.written += 1;
        }
        Ok(())
    }
}

/// The target of a submission without annotations: the classes and units from 2022 on.
fn unannotated(video: &str) -> Target {
    let shape = Shape { classes: CLASSES.len(), units: UNITS.map(|unit| unit != AU20) };
    Target { video: video.to_owned(), person: Person::of(video, |_| false), truths: Vec::new(), shape }
}

/// How many frames more or less than lines are no sign of another recording: decoders and annotators do not
/// agree about the last frames of a clip.
fn tolerated(lines: usize) -> usize {
    2 + lines / 200
}

/// Brings rows to the length of an annotation.
fn fit(rows: &[Row], truth: &Track) -> Result<Track, String> {
    let wanted = truth.rows.last().map_or(0, |(number, _)| *number as usize);
    let apart = if truth.whole { wanted.abs_diff(rows.len()) } else { wanted.saturating_sub(rows.len()) };
    if apart > tolerated(wanted) {
        return Err(format!(
            "the recording has {} frames and the annotation {wanted}; is it the same recording, at its own frame rate?",
            rows.len()
        ));
    }
    let mut rows = rows.to_vec();
    if truth.whole || rows.len() < wanted {
        rows.resize(wanted, Row::default());
    }
    Ok(whole(rows, truth.shape))
}

fn whole(rows: Vec<Row>, shape: Shape) -> Track {
    Track { rows: (1..).zip(rows).collect(), whole: true, shape }
}

/// The folder's entries.
fn entries(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let reading = || format!("{} cannot be read; check the path and who may read it", dir.display());
    let mut paths = Vec::new();
    for entry in dir.read_dir().with_context(reading)? {
        paths.push(entry.with_context(reading)?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(lines: usize, whole: bool) -> Track {
        Track { rows: (1..).zip(vec![Row::default(); lines]).collect(), whole, shape: Shape::default() }
    }

    #[test]
    fn a_frame_more_or_less_is_no_other_recording() {
        let rows = vec![Row::default(); 100];
        assert_eq!(fit(&rows, &truth(102, true)).unwrap().rows.len(), 102);
        assert_eq!(fit(&rows, &truth(98, true)).unwrap().rows.len(), 98);
        let error = fit(&rows, &truth(90, true)).unwrap_err();
        assert!(error.contains("100 frames and the annotation 90"), "{error}");
        assert!(fit(&rows, &truth(104, true)).is_err());
    }

    #[test]
    fn a_list_may_speak_of_the_beginning_only() {
        let rows = vec![Row::default(); 100];
        assert_eq!(fit(&rows, &truth(20, false)).unwrap().rows.len(), 100);
        assert!(fit(&rows, &truth(120, false)).is_err());
    }
}
