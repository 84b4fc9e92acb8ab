//! What the smoothers made of the recordings, as a table for people and as JSON for machines.

use std::fmt;

use serde_json::{Value, json};

use super::figures::Figures;
use super::steps::{Lag, Lags};

/// What one smoother made of some faces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Counts.
    pub figures: Figures,
    /// What it adds to the time until a change shows; nothing for the one that does not smooth.
    pub lag: Lag,
}

impl Row {
    /// Adds what it made of others.
    pub fn extend(&mut self, other: &Self) {
        self.figures = self.figures.plus(&other.figures);
        self.lag.extend(&other.lag);
    }

    fn json(&self, smoothing: &str) -> Value {
        let [valence, arousal, probability] = self.figures.jitter();
        json!({
            "smoothing": smoothing,
            "seconds": self.figures.watched.as_secs_f64(),
            "label_changes": self.figures.changes,
            "label_changes_per_second": self.figures.changes_per_second(),
            "seconds_at_rest": self.figures.at_rest.as_secs_f64(),
            "flips": self.figures.flips_per_second().map(|_| self.figures.flips),
            "flips_per_second": self.figures.flips_per_second(),
            "jitter_valence": valence, "jitter_arousal": arousal, "jitter_probability": probability,
            "added_lag_label": lag_json(&self.lag.label),
            "added_lag_valence_50": lag_json(&self.lag.half),
            "added_lag_valence_90": lag_json(&self.lag.most),
            "accuracy": self.figures.accuracy(), "annotated": self.figures.annotated,
        })
    }
}

/// Lags in seconds.
fn lag_json(lags: &Lags) -> Value {
    json!({ "steps": lags.added.len(), "missed": lags.missed, "median": lags.median(),
            "nine_in_ten": lags.nine_in_ten(), "worst": lags.worst() })
}

/// The smoothers on the faces of one file, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The file.
    pub source: String,
    /// Faces that were read.
    pub faces: usize,
    /// One for each smoother, in their order; the first does not smooth.
    pub rows: Vec<Row>,
}

/// All that is printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The smoothers' names.
    pub smoothers: Vec<String>,
    /// One for each file.
    pub sections: Vec<Section>,
}

impl Report {
    /// All files together.
    pub fn total(&self) -> Section {
        let mut total = Section { source: "all".into(), faces: 0, rows: vec![Row::default(); self.smoothers.len()] };
        for section in &self.sections {
            total.faces += section.faces;
            total.rows.iter_mut().zip(&section.rows).for_each(|(sum, row)| sum.extend(row));
        }
        total
    }

    /// For machines. Times in seconds, except that lags are added to those without smoothing.
    pub fn json(&self) -> Value {
        let section = |section: &Section| {
            let rows = self.smoothers.iter().zip(&section.rows).map(|(name, row)| row.json(name));
            json!({ "source": section.source, "faces": section.faces, "smoothers": rows.collect::<Vec<_>>() })
        };
        json!({ "files": self.sections.iter().map(section).collect::<Vec<_>>(), "all": section(&self.total()) })
    }
}

/// By how much a number of flips is less than another, as a share; `None` when there was nothing to lessen.
pub fn fewer(off: &Figures, on: &Figures) -> Option<f64> {
    (off.flips > 0).then(|| 1.0 - on.flips as f64 / off.flips as f64)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.smoothers.iter().map(|name| name.chars().count()).max().unwrap_or_default().max(9);
        for section in &self.sections {
            table(f, section, &self.smoothers, name)?;
        }
        let total = self.total();
        if self.sections.len() > 1 {
            table(f, &total, &self.smoothers, name)?;
        }
        for (smoother, row) in self.smoothers.iter().zip(&total.rows).skip(1) {
            let flips = total.rows.first().and_then(|off| fewer(&off.figures, &row.figures));
            let flips = flips
                .map_or_else(|| "flips are not known".into(), |share| format!("{:.0} % fewer flips", 100.0 * share));
            let label = &row.lag.label;
            let steps = label.added.len() as u64 + label.missed;
            write!(f, "{smoother}: {flips}")?;
            match (label.median(), label.nine_in_ten(), label.worst()) {
                (Some(median), Some(most), Some(worst)) => write!(
                    f,
                    "; the label {:.0} ms later at a step, {:.0} in nine of ten, {:.0} at worst ({steps} steps, {} missed)",
                    1e3 * median,
                    1e3 * most,
                    1e3 * worst,
                    label.missed
                )?,
                _ => write!(f, "; no step of the label")?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn table(f: &mut fmt::Formatter<'_>, section: &Section, smoothers: &[String], name: usize) -> fmt::Result {
    writeln!(f, "{}, faces: {}", section.source, section.faces)?;
    writeln!(
        f,
        "  {:name$}  changes/s  flips/s  jitter V       A       p  label +ms  V 50 % +ms  V 90 % +ms  accuracy",
        "smoothing"
    )?;
    for (smoother, Row { figures, lag }) in smoothers.iter().zip(&section.rows) {
        let [valence, arousal, probability] = figures.jitter().map(|jitter| number(jitter, 4));
        writeln!(
            f,
            "  {smoother:name$}  {:>9}  {:>7}  {valence:>8}  {arousal:>6}  {probability:>6}  {:>9}  {:>10}  {:>10}  {:>8}",
            number(figures.changes_per_second(), 2),
            number(figures.flips_per_second(), 2),
            lag_text(&lag.label),
            lag_text(&lag.half),
            lag_text(&lag.most),
            number(figures.accuracy(), 3),
        )?;
    }
    writeln!(f)
}

fn number(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.places$}"))
}

/// Median and worst, in milliseconds.
fn lag_text(lags: &Lags) -> String {
    let both = lags.median().zip(lags.worst());
    both.map_or_else(|| "-".into(), |(median, worst)| format!("{:.0}/{:.0}", 1e3 * median, 1e3 * worst))
}
