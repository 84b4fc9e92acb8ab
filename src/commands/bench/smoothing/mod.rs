//! `affectd bench smoothing`: what smoothing gains and what it costs.
//!
//! | file | what it is for |
//! |---|---|
//! | `gather` | from the files that were named to recordings |
//! | `still` | photographs as clips of a face that rests |
//! | `record` | what the face path says of each face, unsmoothed |
//! | `known` | what is known of a face beforehand |
//! | `trace` | a recording through a smoother |
//! | `figures`, `steps` | how restless, how right, how late |
//! | `report`, `chart` | the table, JSON, the picture |

use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::SmoothingArgs;
use crate::commands::setup;
use crate::exit::Exit;
use crate::smooth::SmoothSettings;

mod chart;
mod figures;
mod gather;
mod known;
mod record;
mod report;
mod steps;
mod still;
#[cfg(test)]
mod testing;
mod trace;

use figures::Figures;
use gather::Recording;
use known::Known;
use report::{Report, Row, Section};
use steps::Lag;
use trace::{off, trace};

/// Runs the command.
///
/// # Errors
/// When a model, the configuration or the annotation cannot be used, there is no face in any file, or the picture
/// cannot be written. A file that cannot be used is named on standard error, and the rest goes on.
pub fn run(args: &SmoothingArgs, models: Option<&Path>) -> Result<Exit> {
    let config = setup::config(args.config.as_deref())?;
    let mut smoothers =
        vec![("off".to_owned(), off(&config.smooth)), ("default".to_owned(), SmoothSettings::default())];
    if let Some(path) = &args.config {
        smoothers.push((path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(), config.smooth));
    }
    let (recordings, failed) = gather::recordings(args, &mut record::face_path(&config, models)?)?;
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
    Ok(if failed { Exit::Failed } else { Exit::Ok })
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
        assert_eq!(svg.matches("fill=\"#d55e00\"/>").count(), 1, "one point");
        assert!(svg.contains(">200</text>"), "the time constant is named");
        let told = chart::draw(&[smile()], &settings).unwrap_err().to_string();
        assert!(told.contains("give photographs of several expressions"), "{told}");
    }
}
