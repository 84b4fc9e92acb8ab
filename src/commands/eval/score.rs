//! What was counted so far: videos by their names, and what was left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::annotation::{Task, Track, compare};
use crate::metrics::bootstrap::{Resampling, intervals};
use crate::metrics::figures::NAMED;
use crate::metrics::{Figures, Shape, Tally};

/// One row of the report: counts of each video.
#[derive(Debug, Default)]
pub struct Score {
    /// By the video's own name: two people in one video are not two videos when videos are drawn.
    videos: BTreeMap<String, Tally>,
}

impl Score {
    /// Compares one video and task, and adds what is counted.
    ///
    /// # Errors
    /// When frames do not match.
    pub fn add(
        &mut self,
        task: Task,
        video: &str,
        annotated: &Track,
        said: &Track,
    ) -> Result<(), crate::annotation::Mismatch> {
        let tally = compare(task, annotated, said)?;
        self.videos.entry(clip_of(video).to_owned()).or_default().merge(&tally);
        Ok(())
    }

    /// All videos in one.
    pub fn sum(&self) -> Tally {
        Tally::sum(self.videos.values())
    }

    /// The figures of all videos, and how far each would move with other videos.
    pub fn figures(&self, shape: Shape, how: Resampling) -> (Figures, [Option<[f64; 2]>; NAMED]) {
        let videos: Vec<Tally> = self.videos.values().copied().collect();
        (Figures::of(&Tally::sum(&videos), shape), intervals(&videos, shape, how))
    }
}

/// The name of the clip that a video's annotations belong to: of two people there is one file for each.
pub fn clip_of(video: &str) -> &str {
    ["_left", "_right"].iter().find_map(|side| video.strip_suffix(side)).unwrap_or(video)
}

/// What was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The task; `None` when it is not about a single one.
    pub task: Option<Task>,
    /// The video; `None` when it is about more than one.
    pub video: Option<String>,
    /// What is wrong and what to do.
    pub why: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.task, &self.video) {
            (Some(task), Some(video)) => write!(f, "{}/{video} is skipped: {}", task.folder(), self.why),
            (Some(task), None) => write!(f, "{} is skipped: {}", task.folder(), self.why),
            (None, Some(video)) => write!(f, "{video} is skipped: {}", self.why),
            (None, None) => f.write_str(&self.why),
        }
    }
}

/// Counts beside the figures, and what the reader must know of them.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Which videos were scored for each task.
    pub scored: BTreeSet<(Task, String)>,
    /// Which classes and units their annotations speak of.
    pub shape: Shape,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What is to be known.
    pub notes: Vec<String>,
}

impl Ledger {
    /// Leaves something out.
    pub fn skip(&mut self, task: impl Into<Option<Task>>, video: Option<&str>, why: impl fmt::Display) {
        self.skipped.push(Skipped { task: task.into(), video: video.map(str::to_owned), why: why.to_string() });
    }

    /// Notes that a video was scored for a task.
    pub fn scored(&mut self, task: Task, video: &str, shape: Shape) {
        self.shape = self.shape.union(shape);
        self.scored.insert((task, video.to_owned()));
    }

    /// How many videos were scored for a task.
    pub fn videos(&self, task: Task) -> usize {
        self.scored.iter().filter(|(of, _)| *of == task).count()
    }
}

/// Whether any frame of a track is annotated for a task.
pub fn speaks_of(task: Task, track: &Track) -> bool {
    track.rows.iter().any(|(_, row)| match task {
        Task::Va => row.affect.iter().any(Option::is_some),
        Task::Expr => row.class.is_some(),
        Task::Au => row.units.iter().any(Option::is_some),
        Task::Compound => row.compound.is_some(),
    })
}
