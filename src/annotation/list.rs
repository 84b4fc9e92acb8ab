//! The one list of the multi-task challenges: all videos and tasks in one file, one line for each image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::AnnotationError;
use super::header::Header;
use super::line::{fields, row};
use super::track::{Row, Track, at, lines, shown};

/// How it begins.
pub(super) const HEADER: &str = "image,valence,arousal,expression,aus";

/// What a list holds.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The frames of each video that are listed.
    pub tracks: BTreeMap<String, Track>,
    /// What is wrong, once for each video; such a video has no track.
    pub problems: Vec<AnnotationError>,
}

/// Whether a text begins as such a list does.
pub(super) fn is_list(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, first)| fields(first)[0].eq_ignore_ascii_case("image"))
}

/// Reads a list; `path` is its name in messages. A line that is wrong costs its video, not the others.
///
/// # Errors
/// When it does not begin as it should.
pub(super) fn parse(path: &Path, text: &str) -> Result<List, AnnotationError> {
    let mut lines = lines(text);
    let first = lines.next().map_or("", |(_, first)| first);
    let header = Header::of_list(first).ok_or_else(|| AnnotationError::Header {
        path: path.into(),
        found: shown(first),
        reason: "the list of all tasks has these five names".into(),
        expected: HEADER,
    })?;
    let mut list = List::default();
    let mut wrong = BTreeSet::new();
    let mut found: BTreeMap<&str, BTreeMap<u32, Row>> = BTreeMap::new();
    for (line, text) in lines {
        let fields = fields(text);
        let Some((video, number)) = image(fields[0]) else {
            let reason = "the first field is no image such as VIDEO/00001.jpg; this line is left out";
            list.problems.push(at(path, line, text, reason.into()));
            continue;
        };
        let known = row(&header, &fields[1..]);
        let rows = found.entry(video).or_default();
        let fault = match known {
            Err(reason) => Some(reason),
            Ok(row) => rows.insert(number, row).map(|_| "the image is listed twice; take one out".to_owned()),
        };
        if let Some(reason) = fault
            && wrong.insert(video)
        {
            list.problems.push(at(path, line, text, reason));
        }
    }
    let shape = header.shape();
    let good = found.into_iter().filter(|(video, _)| !wrong.contains(video));
    list.tracks = good
        .map(|(video, rows)| (video.to_owned(), Track { rows: rows.into_iter().collect(), whole: false, shape }))
        .collect();
    Ok(list)
}

/// The video and the number of the frame of "341/00001.jpg".
fn image(field: &str) -> Option<(&str, u32)> {
    let (video, file) = field.rsplit_once('/')?;
    let number = file.split_once('.').map_or(file, |(stem, _)| stem);
    Some((video, number.parse().ok()?)).filter(|(video, _)| !video.is_empty())
}
