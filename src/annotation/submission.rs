//! Tracks as files, in the layout that the challenges ask for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::AnnotationError;
use super::list::HEADER;
use super::names::{CLASSES, Task, UNITS, unit_name};
use super::track::{Row, Track};
use crate::affect::{Compound, Label};

/// Writes `DIR/VA_Set/VIDEO.txt` or what the task calls for: a header as the track's shape says, then one line for
/// each of its rows. No answer is −1; for valence and arousal, which have no mark, the last answer holds on, and
/// before the first they are 0. Returns the path.
///
/// # Errors
/// When it cannot be written.
pub fn write(dir: &Path, task: Task, video: &str, track: &Track) -> Result<PathBuf, AnnotationError> {
    let folder = dir.join(task.folder());
    let path = folder.join(format!("{video}.txt"));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| AnnotationError::Write { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    fs::write(&path, text(task, track)).map_err(failed(&path))?;
    Ok(path)
}

/// Writes `DIR/predictions.txt`, one list of all videos as the multi-task challenges ask for. Returns the path.
///
/// # Errors
/// When it cannot be written.
pub fn write_list(dir: &Path, tracks: &BTreeMap<String, Track>) -> Result<PathBuf, AnnotationError> {
    let mut text = HEADER.to_owned();
    for (video, track) in tracks {
        let mut affect = [0.0; 2];
        for (number, row) in &track.rows {
            let _ = write!(text, "\n{video}/{number:05}.jpg");
            hold(&mut affect, row);
            for task in [Task::Va, Task::Expr, Task::Au] {
                text.push(',');
                line(task, row, affect, track, &mut text);
            }
        }
    }
    text.push('\n');
    let path = dir.join("predictions.txt");
    let failed = |source| AnnotationError::Write { path: path.clone(), source };
    fs::create_dir_all(dir).and_then(|()| fs::write(&path, text)).map_err(failed)?;
    Ok(path)
}

/// Valence and arousal of a frame, else the last ones.
fn hold(affect: &mut [f64; 2], row: &Row) {
    for (held, said) in affect.iter_mut().zip(row.affect) {
        *held = said.unwrap_or(*held);
    }
}

fn text(task: Task, track: &Track) -> String {
    let mut text = header(task, track);
    let mut affect = [0.0; 2];
    for (_, row) in &track.rows {
        text.push('\n');
        hold(&mut affect, row);
        line(task, row, affect, track, &mut text);
    }
    text.push('\n');
    text
}

fn header(task: Task, track: &Track) -> String {
    match task {
        Task::Va => task.usual_header().to_owned(),
        Task::Expr => {
            let named = CLASSES.iter().take(track.shape.classes);
            named.map(|class| capital(class.name())).collect::<Vec<_>>().join(",")
        }
        Task::Au => {
            let named = UNITS.iter().zip(track.shape.units).filter(|(_, named)| *named);
            named.map(|(&unit, _)| unit_name(unit)).collect::<Vec<_>>().join(",")
        }
        Task::Compound => Compound::ALL.iter().map(|c| capital(c.name())).collect::<Vec<_>>().join(","),
    }
}

fn line(task: Task, row: &Row, [valence, arousal]: [f64; 2], track: &Track, text: &mut String) {
    let class = |class: Option<usize>| class.map_or_else(|| "-1".to_owned(), |class| class.to_string());
    // Writing to a string does not fail.
    let _ = match task {
        Task::Va => write!(text, "{valence},{arousal}"),
        Task::Expr => write!(text, "{}", class(row.class)),
        Task::Compound => write!(text, "{}", class(row.compound)),
        Task::Au => {
            let named = row.units.iter().zip(track.shape.units).filter(|(_, named)| *named);
            let cell = |unit: &Option<bool>| match unit {
                Some(true) => "1",
                Some(false) => "0",
                None => "-1",
            };
            write!(text, "{}", named.map(|(unit, _)| cell(unit)).collect::<Vec<_>>().join(","))
        }
    };
}

/// "Fearfully Surprised" of "fearfully surprised".
fn capital(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
