//! `affectd bench faces DIR`: which faces the detectors find in photos whose faces are known.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::annotations::{self, Annotated};
use crate::clock::Clock;
use crate::face::FaceSettings;
use crate::face::detect::{self, BlazeFace};
use crate::geometry::Rect;
use crate::model::{Engines, Kind, Pack, Registry};
use crate::picture::{Picture, photo};

/// A find is a face when it overlaps the face's box this much, or its centre lies in it: boxes of
/// different makers differ in size.
const SAME: f32 = 0.3;

/// File names' ends that are taken for photos.
const PHOTOS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// What one detector made of all photos.
#[derive(Debug, Serialize)]
struct Report {
    pack: String,
    engine: String,
    #[serde(flatten)]
    total: Score,
    /// Per photo, mean, decoding left out.
    milliseconds: f64,
    photos: Vec<Row>,
}

/// What it made of one.
#[derive(Debug, Serialize)]
struct Row {
    photo: String,
    /// `None` when nobody said where its faces are.
    #[serde(flatten)]
    score: Option<Score>,
    /// How many the detector found.
    detections: usize,
}

/// How finds and faces match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
struct Score {
    faces: usize,
    found: usize,
    missed: usize,
    #[serde(rename = "false")]
    wrong: usize,
}

impl Score {
    fn plus(self, other: Self) -> Self {
        Self {
            faces: self.faces + other.faces,
            found: self.found + other.found,
            missed: self.missed + other.missed,
            wrong: self.wrong + other.wrong,
        }
    }
}

/// Searches the photos of a folder with every detector and compares with the folder's annotations.
///
/// # Errors
/// When the folder has no annotations or no photo, a photo cannot be read, a detector fails or `out` cannot
/// be written.
pub fn faces(
    registry: &Registry,
    engines: &Engines,
    dir: &Path,
    clock: &dyn Clock,
    as_json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let photos = photos(dir)?;
    let packs = registry.list()?.into_iter().filter_map(|entry| entry.pack.ok());
    let detectors: Vec<Pack> = packs.filter(|pack| matches!(pack.kind, Kind::Detector(_))).collect();
    ensure!(!detectors.is_empty(), "{} has no detector pack: run `make models`", registry.dir().display());
    let reports = detectors.iter().map(|pack| report(pack, engines, &photos, clock)).collect::<Result<Vec<_>>>()?;
    if as_json {
        serde_json::to_writer_pretty(&mut *out, &reports)?;
        writeln!(out)?;
        return Ok(());
    }
    for report in &reports {
        table(report, out)?;
    }
    Ok(())
}

/// The photos of a folder, each with what its annotations say of it.
fn photos(dir: &Path) -> Result<BTreeMap<PathBuf, Option<Annotated>>> {
    let reading = || format!("{} cannot be read; name a folder of photos", dir.display());
    let mut photos: BTreeMap<PathBuf, Option<Annotated>> = BTreeMap::new();
    let (mut files, mut known) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(dir).with_context(reading)? {
        files.push(entry.with_context(reading)?.path());
    }
    for file in files {
        let end = file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        if end == "xml" {
            let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            // Annotations are ASCII but for names and comments, whatever encoding they declare.
            known.extend(annotations::parse(&String::from_utf8_lossy(&bytes)));
        } else if PHOTOS.contains(&&*end) {
            photos.insert(file, None);
        }
    }
    if known.is_empty() {
        bail!(
            "{0} does not say where the faces are: put a file in dlib's format beside the photos, {0}/faces.xml with \
             <image file='NAME.jpg'><box top='90' left='194' width='37' height='37'/></image> for each photo",
            dir.display()
        );
    }
    for annotated in known {
        photos.insert(dir.join(&annotated.file), Some(annotated));
    }
    Ok(photos)
}

fn report(
    pack: &Pack,
    engines: &Engines,
    photos: &BTreeMap<PathBuf, Option<Annotated>>,
    clock: &dyn Clock,
) -> Result<Report> {
    let mut detector = BlazeFace::open(pack, engines)?;
    let FaceSettings { doubt_score, sure_score, .. } = FaceSettings::default();
    let (mut rows, mut spent, mut picture) = (Vec::new(), Duration::ZERO, Picture::default());
    for (file, annotated) in photos {
        photo::load(file, &mut picture)?;
        let start = clock.now();
        let faces = detect::search(&mut detector, &picture, doubt_score, sure_score)?;
        spent += clock.now().since(start);
        let finds: Vec<Rect> = faces.largest.iter().map(|face| face.rect).collect();
        rows.push(Row {
            photo: file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
            score: annotated.as_ref().map(|annotated| compare(&finds, annotated)),
            detections: finds.len() + faces.beyond,
        });
    }
    let total = rows.iter().filter_map(|row| row.score).fold(Score::default(), Score::plus);
    let milliseconds = spent.as_secs_f64() * 1e3 / rows.len().max(1) as f64;
    Ok(Report { pack: pack.id(), engine: detector.engine().to_owned(), total, milliseconds, photos: rows })
}

/// Gives each face the find that overlaps it most; what is left over is missed or false.
fn compare(finds: &[Rect], annotated: &Annotated) -> Score {
    let mut left: Vec<&Rect> = finds.iter().collect();
    let mut found = 0;
    for face in &annotated.faces {
        let meant = (0..left.len()).filter(|&i| is_same(left[i], face));
        if let Some(best) = meant.max_by(|&a, &b| left[a].iou(face).total_cmp(&left[b].iou(face))) {
            left.swap_remove(best);
            found += 1;
        }
    }
    left.retain(|find| !annotated.optional.iter().any(|face| is_same(find, face)));
    let faces = annotated.faces.len();
    Score { faces, found, missed: faces - found, wrong: left.len() }
}

fn is_same(find: &Rect, face: &Rect) -> bool {
    let centre = find.centre();
    let inside =
        (face.x..=face.x + face.width).contains(&centre.x) && (face.y..=face.y + face.height).contains(&centre.y);
    inside || find.iou(face) >= SAME
}

fn table(report: &Report, out: &mut impl Write) -> Result<()> {
    let width = report.photos.iter().map(|row| row.photo.chars().count()).max().unwrap_or_default().max("PHOTO".len());
    writeln!(out, "{} on {}, {:.0} ms a photo", report.pack, report.engine, report.milliseconds)?;
    writeln!(out, "  {:width$}  FACES  FOUND  MISSED  FALSE", "PHOTO")?;
    for Row { photo, score, detections } in &report.photos {
        match score {
            Some(Score { faces, found, missed, wrong }) => {
                writeln!(out, "  {photo:width$}  {faces:5}  {found:5}  {missed:6}  {wrong:5}")?;
            }
            None => writeln!(out, "  {photo:width$}      -  {detections:5}       -      -  (not annotated)")?,
        }
    }
    let Score { faces, found, missed, wrong } = report.total;
    writeln!(out, "  {:width$}  {faces:5}  {found:5}  {missed:6}  {wrong:5}\n", "all annotated")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(faces: &[Rect], optional: &[Rect]) -> Annotated {
        Annotated { file: "a.jpg".into(), faces: faces.to_vec(), optional: optional.to_vec() }
    }

    const A: Rect = Rect::new(10.0, 10.0, 40.0, 40.0);
    const B: Rect = Rect::new(100.0, 10.0, 40.0, 40.0);

    #[test]
    fn each_face_is_found_once_and_the_rest_is_false() {
        let finds = [A.shifted(3.0, -5.0), A.shifted(-2.0, 1.0), B.shifted(300.0, 0.0)];
        let score = compare(&finds, &annotated(&[A, B], &[]));
        assert_eq!(score, Score { faces: 2, found: 1, missed: 1, wrong: 2 });
    }

    #[test]
    fn a_smaller_box_whose_centre_lies_in_the_face_is_that_face() {
        let score = compare(&[Rect::new(25.0, 25.0, 10.0, 10.0)], &annotated(&[A], &[]));
        assert_eq!((score.found, score.wrong), (1, 0));
    }

    #[test]
    fn a_face_marked_to_be_ignored_is_neither_missed_nor_false() {
        assert_eq!(compare(&[], &annotated(&[], &[A])), Score::default());
        assert_eq!(compare(&[A], &annotated(&[], &[A])), Score::default());
    }

    #[test]
    fn a_folder_without_annotations_says_what_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.jpg"), "").unwrap();
        let told = photos(dir.path()).unwrap_err().to_string();
        assert!(told.contains("faces.xml") && told.contains("<box top="), "{told}");
    }

    #[test]
    fn photos_without_annotations_are_searched_and_annotated_ones_need_not_be_listed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("B.JPG"), "").unwrap();
        fs::write(dir.path().join("notes.txt"), "").unwrap();
        fs::write(dir.path().join("faces.xml"), "<image file='sub/a.png'></image>").unwrap();
        let photos: Vec<_> = photos(dir.path()).unwrap().into_iter().collect();
        let names: Vec<_> = photos.iter().map(|(path, known)| (path.ends_with("B.JPG"), known.is_some())).collect();
        assert_eq!(names, [(true, false), (false, true)]);
    }
}
