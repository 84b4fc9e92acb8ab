//! What `affectd infer` and `affectd replay` write of faces and voices: lines of JSON like the published payloads, rows of
//! a table, or one of the formats of [`crate::export`].

use std::io::{self, Write};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::affect::{ActionUnit, Compound, Estimate, Expression, Label, Probability, Scores};
use crate::cli::Format;
use crate::events::EventSettings;
use crate::export::csv::write_cell;
use crate::export::emotionml::{self, Emotion, Through, When};
use crate::export::openface::{Row, Table};
use crate::publish::payload::{FaceLine, VoiceLine};
use crate::publish::{Answer, FaceState, Identity, PackInfo, VoiceState};

/// Writes lines in one form.
pub struct Lines<W: Write> {
    out: W,
    form: Form,
    closed: bool,
}

/// A format with what is needed to write it.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// One JSON object a line.
    Ndjson,
    /// A table of everything.
    Csv,
    /// EmotionML.
    EmotionMl,
    /// A table of action units.
    OpenFace(Table),
}

impl Form {
    /// What was asked for; an action unit is there from the probability on at which its event begins.
    pub fn of(format: Format, events: &EventSettings) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv,
            Format::EmotionMl => Self::EmotionMl,
            Format::OpenFace => Self::OpenFace(Table { present_from: events.action_unit.enter }),
        }
    }
}

/// Where what a line says comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file, or what else was given.
    pub source: &'a str,
    /// Seconds since the start of the clip; a photo has none.
    pub time: Option<f32>,
    /// When it was captured, if that was now: what was not replayed has no such time.
    pub captured_at: Option<Timestamp>,
}

impl<'a> Origin<'a> {
    /// A file that is read and not replayed.
    pub fn file(source: &'a str, time: Option<f32>) -> Self {
        Self { source, time, captured_at: None }
    }
}

/// What one line says.
pub struct Line<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// The face in its frame; absent for a ready-made crop.
    pub face: Option<&'a FaceState>,
    /// What was estimated.
    pub estimate: &'a Estimate,
    /// The expression that appears.
    pub expression: Option<Answer<Expression>>,
    /// The compound expression that appears.
    pub compound: Option<Answer<Compound>>,
}

impl<'a> Line<'a> {
    /// A face in a frame.
    pub fn of_face(origin: Origin<'a>, face: &'a FaceState) -> Self {
        let FaceState { estimate, expression, compound, .. } = face;
        Self { origin, face: Some(face), estimate, expression: *expression, compound: *compound }
    }
}

impl<W: Write> Lines<W> {
    /// Begins; a table gets its header.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(mut out: W, form: Form) -> io::Result<Self> {
        match form {
            Form::Ndjson => {}
            Form::Csv => write_row(&mut out, header())?,
            Form::EmotionMl => emotionml::begin(&mut out)?,
            Form::OpenFace(table) => table.header(&mut out)?,
        }
        Ok(Self { out, form, closed: false })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, line: &Line<'_>, identity: &Identity) -> io::Result<()> {
        let written = match self.form {
            Form::Ndjson => ndjson(&mut self.out, line, identity),
            Form::Csv => write_row(&mut self.out, row(line, identity)),
            Form::EmotionMl => emotionml::write(&mut self.out, &emotion(line, identity)),
            Form::OpenFace(table) => table.row(&mut self.out, &unit_row(line)),
        };
        self.noted(written)
    }

    /// Writes the line of a voice that `pack` read; its time is the end of its window, or none for a whole sound. A table
    /// of action units has none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_voice(
        &mut self,
        origin: Origin<'_>,
        voice: &VoiceState,
        identity: &Identity,
        pack: &PackInfo,
    ) -> io::Result<()> {
        let written = match self.form {
            Form::Ndjson => voice_ndjson(&mut self.out, origin, voice, identity, pack),
            Form::Csv => write_row(&mut self.out, voice_row(origin, voice, pack)),
            Form::EmotionMl => emotionml::write(&mut self.out, &voice_emotion(origin, voice, &pack.id(), &pack.engine)),
            Form::OpenFace(_) => Ok(()),
        };
        self.noted(written)
    }

    /// Whether the reader of the lines has gone.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Ends what has an end, and writes out what is still in a buffer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        let ended = match self.form {
            Form::EmotionMl => emotionml::end(&mut self.out),
            Form::Ndjson | Form::Csv | Form::OpenFace(_) => Ok(()),
        };
        let flushed = ended.and_then(|()| self.out.flush());
        self.noted(flushed)
    }

    fn noted(&mut self, result: io::Result<()>) -> io::Result<()> {
        self.closed |= matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

fn write_row(out: &mut impl Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        write_cell(out, &cell)?;
    }
    writeln!(out)
}

/// A line of what was captured now is the published payload; a line of a file is led by it.
fn ndjson(out: &mut impl Write, line: &Line<'_>, identity: &Identity) -> io::Result<()> {
    let Origin { source, time, captured_at } = line.origin;
    let payload = match line.face {
        Some(face) => FaceLine::of(face, captured_at, identity).map_err(io::Error::other)?,
        None => FaceLine::of_estimate(line.estimate, line.expression, line.compound, identity),
    };
    match captured_at {
        Some(_) => json_line(out, &payload),
        None => json_line(out, &payload.from_source(source, time).map_err(io::Error::other)?),
    }
}

fn voice_ndjson(
    out: &mut impl Write,
    Origin { source, time, captured_at }: Origin<'_>,
    voice: &VoiceState,
    identity: &Identity,
    pack: &PackInfo,
) -> io::Result<()> {
    let payload = VoiceLine::of(voice, captured_at, identity, pack).map_err(io::Error::other)?;
    match captured_at {
        Some(_) => json_line(out, &payload),
        None => json_line(out, &payload.from_source(source, time).map_err(io::Error::other)?),
    }
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
    let mut row = vec![line.origin.source.to_owned(), number(line.origin.time)];
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
    row.push(number(line.origin.time.filter(|_| behind > 0.0).map(|time| (time - behind).max(0.0))));
    row.extend([String::new(), identity.pack.clone(), identity.engine.clone()]);
    row
}

/// A voice has no frame, no face and no place in a picture.
fn voice_row(origin: Origin<'_>, voice: &VoiceState, pack: &PackInfo) -> Vec<String> {
    let mut row = vec![origin.source.to_owned(), number(origin.time)];
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

/// What was captured now is found by its time, and what a file shows by its name and the time in it.
fn emotion<'a>(line: &Line<'a>, identity: &'a Identity) -> Emotion<'a> {
    let behind = line.face.map_or(Duration::ZERO, |face| face.behind);
    Emotion {
        through: Through::Face,
        when: when(line.origin, behind),
        lasts: None,
        source: line.origin.captured_at.is_none().then_some(line.origin.source),
        rect: line.face.map(|face| face.rect),
        face: line.face.map(|face| face.track.0),
        frame: line.face.map(|face| face.frame),
        estimate: line.estimate,
        expression: line.expression,
        confidence: line.face.map(|face| face.confidence),
        pack: &identity.pack,
        engine: &identity.engine,
    }
}

/// A window begins its length before its end; a whole sound begins at its start.
fn voice_emotion<'a>(origin: Origin<'a>, voice: &'a VoiceState, pack: &'a str, engine: &'a str) -> Emotion<'a> {
    let whole = Some(voice.span.as_secs_f32());
    Emotion {
        through: Through::Voice,
        when: when(Origin { time: origin.time.or(whole), ..origin }, voice.span),
        lasts: Some(voice.span),
        source: origin.captured_at.is_none().then_some(origin.source),
        rect: None,
        face: None,
        frame: None,
        estimate: &voice.estimate,
        expression: voice.expression,
        confidence: Some(voice.confidence),
        pack,
        engine,
    }
}

/// The moment so long before that of the line.
fn when(origin: Origin<'_>, before: Duration) -> When {
    let past = SignedDuration::try_from(before).unwrap_or(SignedDuration::MAX);
    match (origin.captured_at, origin.time) {
        (Some(at), _) => When::At(at.checked_sub(past).unwrap_or(at)),
        (None, Some(time)) => When::After(Duration::try_from_secs_f32(time).unwrap_or_default().saturating_sub(before)),
        (None, None) => When::Ever,
    }
}

fn unit_row<'a>(line: &Line<'a>) -> Row<'a> {
    Row {
        frame: line.face.map_or(0, |face| face.frame),
        face: line.face.map(|face| face.track.0),
        time: line.origin.time,
        confidence: line.face.map(|face| face.confidence),
        units: &line.estimate.action_units,
        source: line.origin.source,
    }
}
