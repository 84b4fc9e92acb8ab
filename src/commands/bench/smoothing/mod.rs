//! `affectd bench smoothing`: what smoothing gains and what it costs.
//!
//! | file | what it is for |
//! |---|---|
//! | `still` | photographs as clips of a face that rests |
//! | `record` | what the face path says of each face, unsmoothed |
//! | `known` | what is known of a face beforehand |
//! | `trace` | a recording through a smoother |
//! | `figures`, `steps` | how restless, how right, how late |
//! | `report`, `chart` | the table, JSON, the picture |

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;

use crate::capture::file::is_photo;
use crate::capture::{self, Address};
use crate::cli::SmoothingArgs;
use crate::clock::SystemClock;
use crate::commands::{files, setup};
use crate::exit::Exit;
use crate::face::{FacePath, TrackId};
use crate::picture::{Picture, photo};
use crate::smooth::SmoothSettings;

mod chart;
mod figures;
mod known;
mod record;
mod report;
mod steps;
mod still;
#[cfg(test)]
mod testing;
mod trace;

use figures::Figures;
use known::Known;
use record::Sights;
use report::{Report, Row, Section};
use steps::Lag;
use still::{Shot, StillClip};
use trace::{off, trace};

/// A face narrower than this, in pixels, is not shown: enlarged, it would be all blur.
const LEAST_FACE: f32 = 48.0;

/// What the wavering of made-up clips begins with.
const SEED: u64 = 1;

/// The faces of one file.
struct Recording {
    source: String,
    faces: Vec<Sights>,
    known: Known,
}

/// Runs the command.
///
/// # Errors
/// When a file, a model or the configuration cannot be used, there is no face, or the picture cannot be written.
pub fn run(args: &SmoothingArgs, models: Option<&Path>) -> Result<Exit> {
    let config = setup::config(args.config.as_deref())?;
    let mut smoothers =
        vec![("off".to_owned(), off(&config.smooth)), ("default".to_owned(), SmoothSettings::default())];
    if let Some(path) = &args.config {
        smoothers.push((path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(), config.smooth));
    }
    let recordings = recordings(args, &mut record::face_path(&config, models)?)?;
    let report = Report {
        smoothers: smoothers.iter().map(|(name, _)| name.clone()).collect(),
        sections: recordings.iter().map(|recording| section(recording, &smoothers)).collect(),
    };
    if let Some(path) = &args.svg {
        let svg = chart::draw(&recordings, &config.smooth)?;
        std::fs::write(path, svg).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report.json())?);
    } else {
        print!("{report}");
    }
    Ok(Exit::Ok)
}

/// Watches all files; the photographs among them are one clip.
fn recordings(args: &SmoothingArgs, path: &mut FacePath) -> Result<Vec<Recording>> {
    let (mut photos, mut clips) = (Vec::new(), Vec::new());
    for given in &args.paths {
        let found = files::expand(given)
            .with_context(|| format!("{} cannot be read; check the path and who may read it", given.display()))?;
        ensure!(!found.is_empty(), "{}: no photo and no clip in this folder", given.display());
        for file in found {
            if is_photo(&file) { photos.push(file) } else { clips.push(file) }
        }
    }
    let known = match (&args.labels, args.label) {
        (Some(file), _) => {
            ensure!(
                photos.is_empty() && clips.len() == 1,
                "--labels is about the frames of one clip: name that clip and nothing else"
            );
            Known::read(file)?
        }
        (None, Some(label)) => Known::Shows(label),
        (None, None) if args.still => Known::Still,
        (None, None) => Known::Nothing,
    };
    let progress = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let mut recordings = Vec::new();
    if !photos.is_empty() {
        recordings.push(of_photos(&photos, path, &progress)?);
    }
    for clip in clips {
        let source = clip.display().to_string();
        let mut video = capture::open_video(&Address::File(clip), Arc::new(SystemClock))?;
        let faces = record::record(&source, &mut *video, path, &progress)?;
        if faces.is_empty() {
            progress.suspend(|| eprintln!("affectd: {source}: no face could be read; it is left out"));
            continue;
        }
        recordings.push(Recording { source, faces, known: known.clone() });
    }
    progress.finish_and_clear();
    if recordings.is_empty() {
        bail!("there is nothing to measure: no face could be read");
    }
    Ok(recordings)
}

/// Shows photographs one after another, and watches. All that is seen is one face, whoever it is.
fn of_photos(photos: &[PathBuf], path: &mut FacePath, progress: &ProgressBar) -> Result<Recording> {
    let mut shots = Vec::new();
    for file in photos {
        let mut picture = Picture::default();
        photo::load(file, &mut picture)?;
        let faces = path.detect_only(&picture).with_context(|| file.display().to_string())?;
        match faces.largest.first().map(|found| found.rect) {
            Some(face) if face.width >= LEAST_FACE => shots.push(Shot { picture, face }),
            _ => progress.suspend(|| {
                eprintln!("affectd: {}: no face of {LEAST_FACE} pixels or more; it is left out", file.display());
            }),
        }
    }
    ensure!(!shots.is_empty(), "no photograph has a face of {LEAST_FACE} pixels or more: give larger ones");
    let source = match shots.len() {
        1 => "1 photograph".to_owned(),
        count => format!("{count} photographs"),
    };
    let mut clip = StillClip::new(shots, SEED);
    let known = Known::Switches(clip.switches());
    let mut sights: Sights = record::record(&source, &mut clip, path, progress)?.into_iter().flatten().collect();
    ensure!(!sights.is_empty(), "{source}: no face could be read; give sharper ones");
    sights.sort_by_key(|sight| sight.frame);
    sights.dedup_by_key(|sight| sight.frame);
    sights.iter_mut().for_each(|sight| sight.observation.track = TrackId(0));
    Ok(Recording { source, faces: vec![sights], known })
}

/// The smoothers on the faces of one file. What is annotated is the face that was seen the most.
fn section(recording: &Recording, smoothers: &[(String, SmoothSettings)]) -> Section {
    let rows = smoothers.iter().map(|(_, settings)| measure(recording, settings)).collect();
    Section { source: recording.source.clone(), faces: recording.faces.len(), rows }
}

/// One smoother on the faces of one file.
fn measure(recording: &Recording, settings: &SmoothSettings) -> Row {
    let mut row = Row::default();
    for (place, sights) in recording.faces.iter().enumerate() {
        let nothing = Known::Nothing;
        let annotated = matches!(recording.known, Known::Annotated(_));
        let known = if annotated && place > 0 { &nothing } else { &recording.known };
        let (raw, smoothed) = (trace(sights, off(settings)), trace(sights, *settings));
        let lag = Lag::of(&steps::steps(&raw, known), &raw, &smoothed);
        row.extend(&Row { figures: Figures::of(&smoothed, known), lag });
    }
    row
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::testing::{between, seen};
    use super::*;
    use crate::affect::Expression::{Happiness, Neutral};
    use crate::smooth::testing::estimate;

    /// A face that rests between two expressions: its readings change sides every 0.2 s.
    fn restless() -> Recording {
        let reading = |frame: u64| if frame % 4 < 2 { between(0.55, 0.45) } else { between(0.45, 0.55) };
        Recording { source: "restless".into(), faces: vec![seen((0..41).map(reading))], known: Known::Still }
    }

    /// One that goes from rest to a smile after two seconds.
    fn smile() -> Recording {
        let reading =
            |frame| if frame < 20 { estimate(Neutral, 0.9, 0.0, 0.0) } else { estimate(Happiness, 0.9, 0.5, 0.0) };
        Recording { source: "smile".into(), faces: vec![seen((0..40).map(reading))], known: Known::Nothing }
    }

    #[test]
    fn a_face_between_two_expressions_flips_with_every_change_of_its_readings_and_smoothed_it_does_not() {
        let settings = SmoothSettings::default();
        let (raw, smoothed) = (measure(&restless(), &off(&settings)), measure(&restless(), &settings));
        assert_eq!((raw.figures.flips, raw.figures.flips_per_second()), (20, Some(5.0)));
        assert_eq!(smoothed.figures.flips, 0);
    }

    #[test]
    fn the_lag_of_a_plain_average_is_the_one_that_can_be_worked_out() {
        // Of the step, 1 − e^(−0.4 n) is through after n readings. The smile leads by 0.1 from 55.7 % on (the two
        // change places between 0.9 and 0.1 / 7), which is 0.33, 0.55 and then 0.70: the third reading, 0.2 s late.
        let settings = SmoothSettings {
            expression_time: Duration::from_millis(250),
            quick_change: 100.0,
            label_lead: 0.1,
            ..SmoothSettings::default()
        };
        let lag = measure(&smile(), &settings).lag;
        assert!((lag.label.worst().unwrap() - 0.2).abs() < 1e-6, "{:?}", lag.label);
        assert_eq!(lag.label.missed, 0);
        // The default follows a change as large as this at once.
        assert_eq!(measure(&smile(), &SmoothSettings::default()).lag.label.added, [0.0]);
    }

    #[test]
    fn an_annotation_is_about_the_face_that_was_seen_the_most() {
        let mut recording = smile();
        recording.faces.push(seen([estimate(Happiness, 0.9, 0.0, 0.0); 3]));
        recording.known = Known::Annotated(vec![Some(Neutral); 20]);
        let figures = measure(&recording, &off(&SmoothSettings::default())).figures;
        assert_eq!((figures.annotated, figures.right), (20, 20));
    }

    #[test]
    fn the_picture_marks_the_settings_and_takes_flips_and_steps() {
        let settings = SmoothSettings::default();
        let svg = chart::draw(&[restless(), smile()], &settings).unwrap();
        assert_eq!(svg.matches("#d55e00\"/>").count(), 2, "one point, and the end of its dashes");
        assert!(svg.contains(">200</text>"), "the time constant is named");
        let told = chart::draw(&[smile()], &settings).unwrap_err().to_string();
        assert!(told.contains("give photographs of several expressions"), "{told}");
    }
}
