//! The lines of `affectd infer`: as JSON like the published payloads, or as rows of a table.

use std::io::{self, Write};

use serde::Serialize;

use crate::affect::{ActionUnit, Compound, Estimate, Expression, Label, Probability, Scores};
use crate::cli::Format;
use crate::publish::payload::{FaceLine, VoiceLine};
use crate::publish::{Answer, FaceState, Identity, PackInfo, VoiceState};

/// Writes lines in one format.
pub struct Lines<W: Write> {
    out: W,
    format: Format,
    closed: bool,
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
    /// The compound expression that appears.
    pub compound: Option<Answer<Compound>>,
}

impl<W: Write> Lines<W> {
    /// Begins; a table gets its header.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(mut out: W, format: Format) -> io::Result<Self> {
        if format == Format::Csv {
            write_row(&mut out, header())?;
        }
        Ok(Self { out, format, closed: false })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, line: &Line<'_>, identity: &Identity) -> io::Result<()> {
        let written = match self.format {
            Format::Ndjson => ndjson(&mut self.out, line, identity),
            Format::Csv => write_row(&mut self.out, row(line, identity)),
        };
        self.noted(written)
    }

    /// Writes the line of a voice that `pack` read; `time` is the end of its window, in seconds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_voice(
        &mut self,
        source: &str,
        time: Option<f32>,
        voice: &VoiceState,
        identity: &Identity,
        pack: &PackInfo,
    ) -> io::Result<()> {
        let written = match self.format {
            Format::Ndjson => VoiceLine::of(voice, None, identity, pack)
                .and_then(|line| line.from_source(source, time))
                .map_err(io::Error::other)
                .and_then(|line| json_line(&mut self.out, &line)),
            Format::Csv => write_row(&mut self.out, voice_row(source, time, voice, pack)),
        };
        self.noted(written)
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
        let flushed = self.out.flush();
        self.noted(flushed)
    }

    fn noted(&mut self, result: io::Result<()>) -> io::Result<()> {
        self.closed |= matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

/// Writes a row of a table after RFC 4180: a cell that holds a comma, a quote or a line's end is quoted.
fn write_row(out: &mut impl Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    for (i, cell) in cells.into_iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        if cell.contains(['"', ',', '\n', '\r']) {
            write!(out, "{comma}\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            write!(out, "{comma}{cell}")?;
        }
    }
    writeln!(out)
}

fn ndjson(out: &mut impl Write, line: &Line<'_>, identity: &Identity) -> io::Result<()> {
    let payload = match line.face {
        Some(face) => FaceLine::of(face, None, identity).map_err(io::Error::other)?,
        None => FaceLine::of_estimate(line.estimate, line.expression, line.compound, identity),
    };
    json_line(out, &payload.from_source(line.source, line.time).map_err(io::Error::other)?)
}

fn json_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn header() -> impl Iterator<Item = String> {
    let fixed = [
        "source",
        "time",
        "frame",
        "face",
        "x",
        "y",
        "width",
        "height",
        "size",
        "sharpness",
        "yaw",
        "brightness",
        "usable",
        "confidence",
        "valence",
        "arousal",
        "expression",
        "expression_confidence",
    ];
    let labels = Expression::ALL.iter().map(|l| l.name()).chain(ActionUnit::ALL.iter().map(|l| l.name()));
    let compounds = ["compound", "compound_confidence"].into_iter().chain(Compound::ALL.iter().map(|l| l.name()));
    let last = ["estimate_time", "voice_activity", "pack", "engine"];
    fixed.into_iter().chain(labels).chain(compounds).chain(last).map(str::to_owned)
}

fn number(value: Option<f32>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.3}"))
}

fn row(line: &Line<'_>, identity: &Identity) -> Vec<String> {
    let mut row = vec![line.source.to_owned(), number(line.time)];
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
    row.extend(estimated(line.estimate, line.expression, line.compound));
    let behind = line.face.map_or(0.0, |face| face.behind.as_secs_f32());
    row.push(number(line.time.filter(|_| behind > 0.0).map(|time| (time - behind).max(0.0))));
    row.extend([String::new(), identity.pack.clone(), identity.engine.clone()]);
    row
}

/// A voice has no frame, no face and no place in a picture.
fn voice_row(source: &str, time: Option<f32>, voice: &VoiceState, pack: &PackInfo) -> Vec<String> {
    let mut row = vec![source.to_owned(), number(time)];
    row.extend(std::iter::repeat_n(String::new(), 11));
    row.push(number(Some(voice.confidence.get())));
    row.extend(estimated(&voice.estimate, voice.expression, None));
    row.push(String::new());
    row.extend([number(Some(voice.activity.get())), pack.id(), pack.engine.clone()]);
    row
}

/// The cells of an estimate.
fn estimated(
    estimate: &Estimate,
    expression: Option<Answer<Expression>>,
    compound: Option<Answer<Compound>>,
) -> Vec<String> {
    let mut row = Vec::new();
    row.extend([number(estimate.valence.map(|v| v.get())), number(estimate.arousal.map(|a| a.get()))]);
    row.push(expression.map_or_else(String::new, label));
    row.push(number(expression.map(|answer| answer.confidence.get())));
    row.extend(cells(&estimate.expressions).map(|p| number(p.map(Probability::get))));
    row.extend(cells(&estimate.action_units).map(|p| number(p.map(Probability::get))));
    row.push(compound.map_or_else(String::new, label));
    row.push(number(compound.map(|answer| answer.confidence.get())));
    row.extend(cells(&estimate.compounds).map(|p| number(p.map(Probability::get))));
    row
}

fn label<L: Label>(answer: Answer<L>) -> String {
    answer.label.map_or("unknown", Label::name).to_owned()
}

fn cells<L: Label, const N: usize>(scores: &Scores<L, N>) -> impl Iterator<Item = Option<Probability>> + '_ {
    L::ALL.iter().map(|&label| scores.get(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_break_the_table_is_quoted() {
        let mut out = Vec::new();
        write_row(&mut out, ["a".to_owned(), "b, \"c\"".to_owned(), String::new()]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b, \"\"c\"\"\",\n");
    }
}
