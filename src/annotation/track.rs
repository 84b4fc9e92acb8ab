//! One file: what is annotated, or said, of the frames of one video.

use std::fs;
use std::path::Path;

use super::AnnotationError;
use super::header::Header;
use super::line::{fields, row};
use super::names::Task;
use crate::metrics::{Shape, UNITS};

/// What is known of one frame. A submission looks the same: what is not there was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Row {
    /// Valence and arousal, −1 to 1.
    pub affect: [Option<f64>; 2],
    /// The expression, a place in [`super::CLASSES`].
    pub class: Option<usize>,
    /// Action units, in the order of [`super::UNITS`].
    pub units: [Option<bool>; UNITS],
    /// The compound expression, a place in [`crate::affect::Compound`].
    pub compound: Option<usize>,
}

/// The frames of one video, in ascending order of their numbers from 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Track {
    /// Frames and what is known of them.
    pub rows: Vec<(u32, Row)>,
    /// Whether there is a row for each frame from the first to the last: then their count is the video's.
    pub whole: bool,
    /// Which classes and units the file speaks of.
    pub shape: Shape,
}

impl Track {
    /// Reads the file of one video and task.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(task: Task, path: &Path) -> Result<Self, AnnotationError> {
        let text = text(path)?;
        Self::parse(task, path, &text)
    }

    /// Reads the text of such a file; `path` is its name in messages.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(task: Task, path: &Path, text: &str) -> Result<Self, AnnotationError> {
        let expected = task.usual_header();
        let mut lines = lines(text);
        let Some((_, first)) = lines.next() else {
            return Err(AnnotationError::Empty { path: path.into(), expected });
        };
        let header = Header::of(task, first).map_err(|reason| {
            let found = shown(first);
            AnnotationError::Header { path: path.into(), found, reason, expected }
        })?;
        let mut rows = Vec::new();
        for (number, (line, text)) in (1..).zip(lines) {
            let row = row(&header, &fields(text)).map_err(|reason| at(path, line, text, reason))?;
            rows.push((number, row));
        }
        Ok(Self { rows, whole: true, shape: header.shape() })
    }
}

/// The text of a file. What is not UTF-8 is told by the line it stands in.
pub(super) fn text(path: &Path) -> Result<String, AnnotationError> {
    let bytes = fs::read(path).map_err(|source| AnnotationError::Read { path: path.into(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines with their numbers from 1. Empty lines may only end a file: there they are nothing.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.trim_end().lines()).filter(|(number, line)| *number > 1 || !line.is_empty())
}

/// A fault with its place.
pub(super) fn at(path: &Path, line: usize, found: &str, reason: String) -> AnnotationError {
    AnnotationError::Line { path: path.into(), line, found: shown(found), reason }
}

/// The beginning of a line, for a message.
pub(super) fn shown(line: &str) -> String {
    const MOST: usize = 60;
    let line = line.trim_end();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
