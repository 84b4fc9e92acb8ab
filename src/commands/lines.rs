//! The lines of `affectd infer`: as JSON like the published payloads, or as rows of a table.

use std::io::{self, Write};

use crate::affect::{ActionUnit, Estimate, Expression, Label, Probability, Scores};
use crate::cli::Format;
use crate::publish::payload::FaceLine;
use crate::publish::{Answer, FaceState, Identity};

/// Writes lines in one format.
pub struct Lines<'a, W: Write> {
    target: Target<W>,
    identity: &'a Identity,
    closed: bool,
}

enum Target<W: Write> {
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
}

/// What one line says.
pub struct Line<'a> {
    /// The file, as it was given.
    pub source: &'a str,
    /// Seconds since the start of the clip; a photo has none.
    pub time: Option<f32>,
    /// The face in its frame; absent for a ready-made crop.
    pub face: Option<&'a FaceState>,
    /// What was estimated.
    pub estimate: &'a Estimate,
    /// The expression that appears.
    pub expression: Option<Answer<Expression>>,
}

impl<'a, W: Write> Lines<'a, W> {
    /// Begins; a table gets its header.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(out: W, format: Format, identity: &'a Identity) -> io::Result<Self> {
        let mut target = match format {
            Format::Ndjson => Target::Ndjson(out),
            Format::Csv => Target::Csv(Box::new(csv::Writer::from_writer(out))),
        };
        if let Target::Csv(table) = &mut target {
            table.write_record(header())?;
        }
        Ok(Self { target, identity, closed: false })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let written = match &mut self.target {
            Target::Ndjson(out) => ndjson(out, line, self.identity),
            Target::Csv(table) => table.write_record(row(line, self.identity)).map_err(io::Error::from),
        };
        self.closed |= matches!(&written, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        written
    }

    /// Whether the reader of the lines has gone.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Writes out what is still in a buffer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.target {
            Target::Ndjson(out) => out.flush(),
            Target::Csv(table) => table.flush(),
        };
        self.closed |= matches!(&flushed, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        flushed
    }
}

fn ndjson(out: &mut impl Write, line: &Line<'_>, identity: &Identity) -> io::Result<()> {
    let payload = match line.face {
        Some(face) => FaceLine::of(face, None, identity).map_err(io::Error::other)?,
        None => FaceLine::of_estimate(line.estimate, line.expression, None, identity),
    };
    serde_json::to_writer(&mut *out, &payload.from_source(line.source, line.time).map_err(io::Error::other)?)?;
    out.write_all(b"\n")
}

fn header() -> impl Iterator<Item = String> {
    let fixed = [
        "source", "time", "frame", "face", "x", "y", "width", "height", "size", "sharpness", "yaw", "brightness",
        "usable", "confidence", "valence", "arousal", "expression", "expression_confidence",
    ];
    let labels = Expression::ALL.iter().map(|l| l.name()).chain(ActionUnit::ALL.iter().map(|l| l.name()));
    fixed.into_iter().chain(labels).chain(["pack", "engine"]).map(str::to_owned)
}

fn row(line: &Line<'_>, identity: &Identity) -> Vec<String> {
    let number = |value: Option<f32>| value.map_or_else(String::new, |v| format!("{v:.3}"));
    let mut row = vec![line.source.to_owned(), line.time.map_or_else(String::new, |t| format!("{t:.3}"))];
    match line.face {
        Some(face) => {
            let (rect, quality) = (face.rect, face.quality);
            row.extend([face.frame.to_string(), face.track.0.to_string()]);
            row.extend([rect.x, rect.y, rect.width, rect.height, quality.size].map(|v| format!("{v:.0}")));
            row.extend([quality.sharpness, quality.yaw, quality.brightness].map(|v| format!("{v:.3}")));
            row.extend([quality.usable.to_string(), number(Some(face.confidence.get()))]);
        }
        None => row.extend(std::iter::repeat_n(String::new(), 12)),
    }
    let estimate = line.estimate;
    row.extend([number(estimate.valence.map(|v| v.get())), number(estimate.arousal.map(|a| a.get()))]);
    let label = |answer: Answer<Expression>| answer.label.map_or("unknown", Label::name).to_owned();
    row.push(line.expression.map_or_else(String::new, label));
    row.push(number(line.expression.map(|answer| answer.confidence.get())));
    row.extend(cells(&estimate.expressions).map(|p| number(p.map(Probability::get))));
    row.extend(cells(&estimate.action_units).map(|p| number(p.map(Probability::get))));
    row.extend([identity.pack.clone(), identity.engine.clone()]);
    row
}

fn cells<L: Label, const N: usize>(scores: &Scores<L, N>) -> impl Iterator<Item = Option<Probability>> + '_ {
    L::ALL.iter().map(|&label| scores.get(label))
}
