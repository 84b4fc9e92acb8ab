//! Tables of action units as OpenFace writes them, for the notebooks and scripts that read its tables by the names of
//! their columns.
//!
//! A row for each face and frame. There are columns for those action units that a model pack may estimate, and none for
//! landmarks, gaze and pose. OpenFace tells how strongly a unit is shown, from 0 to 5; affectd tells how probable it is
//! that a unit is shown at all. `AU12_r` is therefore **five times a probability, and no intensity**; `AU12_c` says
//! whether that probability reaches the threshold at which an event begins.

use std::io::{self, Write};

use super::csv::write_cell;
use crate::affect::{ActionUnit, ActionUnitScores, Confidence, Label};

/// The largest intensity of OpenFace.
const STRONGEST: f32 = 5.0;

/// One face in one frame.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The number of the frame, from 0; a table counts from 1.
    pub frame: u64,
    /// The number of the face; a ready-made crop has none, and is 0 in the table.
    pub face: Option<u64>,
    /// Seconds since the start of the clip; 0 for a photograph.
    pub time: Option<f32>,
    /// How far the estimate can be trusted.
    pub confidence: Option<Confidence>,
    /// The probabilities of the action units; empty when the face could not be read.
    pub units: &'a ActionUnitScores,
    /// The file.
    pub source: &'a str,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Table {
    /// From this probability on an action unit is there.
    pub present_from: f32,
}

impl Table {
    /// Writes the names of the columns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn header(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"frame,face_id,timestamp,confidence,success")?;
        for kind in ["r", "c"] {
            for unit in ActionUnit::ALL {
                write!(out, ",AU{:02}_{kind}", unit.number())?;
            }
        }
        out.write_all(b",source\n")
    }

    /// Writes a row. What is not estimated is an empty cell, which readers take for "not a number"; `success` is then 0.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row(&self, out: &mut impl Write, row: &Row<'_>) -> io::Result<()> {
        let (frame, face) = (row.frame.saturating_add(1), row.face.unwrap_or_default());
        write!(out, "{frame},{face},{:.3},", row.time.unwrap_or_default())?;
        if let Some(confidence) = row.confidence {
            write!(out, "{:.3}", confidence.get())?;
        }
        write!(out, ",{}", u8::from(!row.units.is_empty()))?;
        for &unit in ActionUnit::ALL {
            match row.units.get(unit) {
                Some(probability) => write!(out, ",{:.2}", STRONGEST * probability.get())?,
                None => out.write_all(b",")?,
            }
        }
        for &unit in ActionUnit::ALL {
            match row.units.get(unit) {
                Some(probability) => write!(out, ",{}", u8::from(probability.get() >= self.present_from))?,
                None => out.write_all(b",")?,
            }
        }
        out.write_all(b",")?;
        write_cell(out, row.source)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::Scores;
    use crate::smooth::testing::p;

    const TABLE: Table = Table { present_from: 0.6 };

    fn row<'a>(units: &'a ActionUnitScores) -> Row<'a> {
        let confidence = Confidence::new(0.8);
        Row { frame: 0, face: Some(3), time: Some(1.5), confidence, units, source: "a, b.mp4" }
    }

    fn written(row: &Row<'_>) -> Vec<String> {
        let mut out = Vec::new();
        TABLE.row(&mut out, row).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.strip_suffix(",\"a, b.mp4\"\n").unwrap().split(',').map(str::to_owned).collect()
    }

    fn header() -> Vec<String> {
        let mut out = Vec::new();
        TABLE.header(&mut out).unwrap();
        String::from_utf8(out).unwrap().trim_end().split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_columns_are_named_as_openface_names_them() {
        let names = header();
        assert_eq!(names[..7], ["frame", "face_id", "timestamp", "confidence", "success", "AU01_r", "AU02_r"]);
        assert_eq!(names[16..19], ["AU26_r", "AU01_c", "AU02_c"]);
        assert_eq!(names[names.len() - 2..], ["AU26_c", "source"]);
    }

    #[test]
    fn a_probability_is_told_in_fifths_and_as_there_from_the_threshold_on() {
        let mut units = Scores::default();
        units.set(ActionUnit::Au6, p(0.599));
        units.set(ActionUnit::Au12, p(0.6));
        let (names, cells) = (header(), written(&row(&units)));
        let cell = |name: &str| &*cells[names.iter().position(|other| other == name).unwrap()];
        assert_eq!(cells[..5], ["1", "3", "1.500", "0.800", "1"]);
        assert_eq!([cell("AU06_r"), cell("AU06_c"), cell("AU12_r"), cell("AU12_c")], ["2.99", "0", "3.00", "1"]);
        assert_eq!([cell("AU01_r"), cell("AU01_c")], ["", ""], "what the pack does not give is not zero");
        assert_eq!(cells.len() + 1, names.len());
    }

    #[test]
    fn a_face_that_could_not_be_read_is_no_success() {
        let none = Scores::default();
        let cells = written(&Row { confidence: None, face: None, time: None, ..row(&none) });
        assert_eq!(cells[..5], ["1", "0", "0.000", "", "0"]);
        assert!(cells[5..].iter().all(String::is_empty));
    }
}
