//! EmotionML 1.0, the W3C's markup of emotions (<https://www.w3.org/TR/2014/REC-emotionml-20140522/>).
//!
//! One `<emotion>` stands for one face in one frame, or one window of a voice: the expression that appears as its
//! category, valence and arousal as its dimensions. An expression of the W3C's vocabulary *big6* is said in that; for the
//! others the document declares a vocabulary of its own. The other probabilities are alternatives and not parts of a
//! mixture, for which several categories in one `<emotion>` would stand, so they are left out; so are action units and
//! compound expressions, for which EmotionML has no place.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;

use super::millis;
use super::xml::{Escaped, Reference};
use crate::affect::{Confidence, Estimate, Expression, Label};
use crate::geometry::Rect;
use crate::publish::Answer;

/// The W3C's vocabulary of six expressions.
const BIG6: &str = "http://www.w3.org/TR/emotion-voc/xml#big6";
/// The W3C's vocabulary that has valence and arousal, each from 0 to 1.
const DIMENSIONS: &str = "http://www.w3.org/TR/emotion-voc/xml#fsre-dimensions";
/// The vocabulary that each document declares: what *big6* has no name for.
const OTHERS: &str = "expressions";
/// The namespace of what stands in `<info>`.
const NAMESPACE: &str = "urn:affectd:emotionml:1";

/// Through what something is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// A face.
    Face,
    /// A voice.
    Voice,
}

/// When something is expressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// At a wall time.
    At(Timestamp),
    /// So long after the start of the file.
    After(Duration),
    /// No matter when: a photograph.
    Ever,
}

/// One face in one frame, or one window of a voice.
#[derive(Debug, Clone, Copy)]
pub struct Emotion<'a> {
    /// Through what it is expressed.
    pub through: Through,
    /// When that begins.
    pub when: When,
    /// How long it lasts; a frame is a moment and has none.
    pub lasts: Option<Duration>,
    /// The file that shows it.
    pub source: Option<&'a str>,
    /// Where in the picture, in pixels.
    pub rect: Option<Rect>,
    /// The number of the face.
    pub face: Option<u64>,
    /// The number of the frame, from 0.
    pub frame: Option<u64>,
    /// What was estimated.
    pub estimate: &'a Estimate,
    /// The expression that appears.
    pub expression: Option<Answer<Expression>>,
    /// How far the estimate can be trusted.
    pub confidence: Option<Confidence>,
    /// The model pack and its version.
    pub pack: &'a str,
    /// The engine that ran it.
    pub engine: &'a str,
}

/// Begins a document.
///
/// # Errors
/// When it cannot be written.
pub fn begin(out: &mut impl Write) -> io::Result<()> {
    let version = Escaped(env!("CARGO_PKG_VERSION"));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<emotionml version=\"1.0\" xmlns=\"http://www.w3.org/2009/10/emotionml\" dimension-set=\"{DIMENSIONS}\">"
    )?;
    writeln!(
        out,
        "  <info>How faces and voices appear, estimated by affectd {version}: not a statement about what anybody \
         feels.</info>"
    )?;
    writeln!(out, "  <vocabulary type=\"category\" id=\"{OTHERS}\">")?;
    for name in Expression::ALL.iter().filter(|label| !is_big6(**label)).map(|label| label.name()) {
        writeln!(out, "    <item name=\"{name}\"/>")?;
    }
    writeln!(out, "  </vocabulary>")
}

/// Writes an emotion. One of which nothing is known, neither an expression nor valence nor arousal, is left out: an
/// `<emotion>` must hold something.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut impl Write, emotion: &Emotion<'_>) -> io::Result<()> {
    let named = emotion.expression.and_then(|answer| answer.label.map(|label| (label, answer.confidence)));
    let (valence, arousal) = (emotion.estimate.valence, emotion.estimate.arousal);
    if named.is_none() && valence.is_none() && arousal.is_none() {
        return Ok(());
    }
    out.write_all(b"  <emotion")?;
    match named {
        Some((label, _)) if is_big6(label) => write!(out, " category-set=\"{BIG6}\"")?,
        Some(_) => write!(out, " category-set=\"#{OTHERS}\"")?,
        None => {}
    }
    let through = match emotion.through {
        Through::Face => "face",
        Through::Voice => "voice",
    };
    write!(out, " expressed-through=\"{through}\"")?;
    write_time(out, emotion)?;
    out.write_all(b">")?;
    if let Some((label, probability)) = named {
        write!(out, "<category name=\"{}\" confidence=\"{:.3}\"/>", label.name(), probability.get())?;
    }
    let dimensions = [("valence", valence.map(|v| v.get())), ("arousal", arousal.map(|a| a.get()))];
    for (name, value) in dimensions.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        write!(out, "<dimension name=\"{name}\" value=\"{:.4}\"", on_scale(value))?;
        if let Some(confidence) = emotion.confidence {
            write!(out, " confidence=\"{:.3}\"", confidence.get())?;
        }
        out.write_all(b"/>")?;
    }
    write_reference(out, emotion)?;
    write_info(out, emotion)?;
    out.write_all(b"</emotion>\n")
}

/// Ends the document.
///
/// # Errors
/// When it cannot be written.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"</emotionml>\n")
}

fn is_big6(label: Expression) -> bool {
    use Expression::{Anger, Disgust, Fear, Happiness, Sadness, Surprise};
    matches!(label, Anger | Disgust | Fear | Happiness | Sadness | Surprise)
}

/// From −1 … 1 to the scale of EmotionML, 0 … 1.
fn on_scale(value: f32) -> f32 {
    (value + 1.0) / 2.0
}

/// Absolute times are milliseconds since 1970; those in a file are milliseconds since its start.
fn write_time(out: &mut impl Write, emotion: &Emotion<'_>) -> io::Result<()> {
    match (emotion.when, emotion.source) {
        // The attribute has no place for times before 1970.
        (When::At(at), _) => write!(out, " start=\"{}\"", at.as_millisecond().max(0))?,
        (When::After(after), Some(source)) => {
            write!(out, " time-ref-uri=\"{}\" offset-to-start=\"{}\"", Reference(source), millis(after))?;
        }
        (When::After(_), None) | (When::Ever, _) => {}
    }
    match emotion.lasts {
        Some(lasts) => write!(out, " duration=\"{}\"", millis(lasts)),
        None => Ok(()),
    }
}

/// The file, and of it the moment and the place, as a media fragment.
fn write_reference(out: &mut impl Write, emotion: &Emotion<'_>) -> io::Result<()> {
    let Some(source) = emotion.source else { return Ok(()) };
    write!(out, "<reference role=\"expressedBy\" uri=\"{}", Reference(source))?;
    let mut before = "#";
    if let When::After(after) = emotion.when {
        write_seconds(out, "#t=", after)?;
        if let Some(lasts) = emotion.lasts {
            write_seconds(out, ",", after.saturating_add(lasts))?;
        }
        before = "&amp;";
    }
    if let Some(rect) = emotion.rect {
        // A fragment has no place for what lies outside of the picture. The casts hold what is too large.
        let (left, top) = (rect.x.max(0.0), rect.y.max(0.0));
        let (width, height) = (rect.x + rect.width - left, rect.y + rect.height - top);
        let [x, y, w, h] = [left, top, width, height].map(|value| value.round() as u32);
        if w > 0 && h > 0 {
            write!(out, "{before}xywh={x},{y},{w},{h}")?;
        }
    }
    out.write_all(b"\"/>")
}

/// Seconds from whole milliseconds, so that a fragment and an offset agree.
fn write_seconds(out: &mut impl Write, before: &str, time: Duration) -> io::Result<()> {
    let millis = millis(time);
    write!(out, "{before}{}.{:03}", millis / 1000, millis % 1000)
}

fn write_info(out: &mut impl Write, emotion: &Emotion<'_>) -> io::Result<()> {
    write!(out, "<info><estimate xmlns=\"{NAMESPACE}\"")?;
    if let Some(face) = emotion.face {
        write!(out, " face=\"{face}\"")?;
    }
    if let Some(frame) = emotion.frame {
        write!(out, " frame=\"{frame}\"")?;
    }
    write!(out, " pack=\"{}\" engine=\"{}\"/></info>", Escaped(emotion.pack), Escaped(emotion.engine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affect::{Arousal, Valence};
    use crate::smooth::testing::p;

    /// A face of which everything is known.
    fn face(estimate: &Estimate) -> Emotion<'_> {
        Emotion {
            through: Through::Face,
            when: When::Ever,
            lasts: None,
            source: Some("a b.jpg"),
            rect: Some(Rect::new(-3.4, 20.0, 100.0, 120.4)),
            face: Some(12),
            frame: Some(0),
            estimate,
            expression: Some(Answer { label: Some(Expression::Happiness), confidence: p(0.75) }),
            confidence: Confidence::new(0.8),
            pack: "smile \"&\" 1.0",
            engine: "tract",
        }
    }

    fn estimate() -> Estimate {
        Estimate { valence: Valence::new(-1.0), arousal: Arousal::new(0.5), ..Estimate::default() }
    }

    fn written(emotion: &Emotion<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, emotion).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_face_is_said_with_its_scales_between_0_and_1() {
        let text = written(&face(&estimate()));
        let expected = concat!(
            r#"  <emotion category-set="http://www.w3.org/TR/emotion-voc/xml#big6" expressed-through="face">"#,
            r#"<category name="happiness" confidence="0.750"/>"#,
            r#"<dimension name="valence" value="0.0000" confidence="0.800"/>"#,
            r#"<dimension name="arousal" value="0.7500" confidence="0.800"/>"#,
            r#"<reference role="expressedBy" uri="a%20b.jpg#xywh=0,20,97,120"/>"#,
            r#"<info><estimate xmlns="urn:affectd:emotionml:1" face="12" frame="0" pack="smile &quot;&amp;&quot; 1.0" "#,
            r#"engine="tract"/></info></emotion>"#,
            "\n",
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn what_big6_has_no_name_for_is_said_in_the_vocabulary_of_the_document() {
        let mut document = Vec::new();
        begin(&mut document).unwrap();
        let estimate = Estimate::default();
        for &label in Expression::ALL {
            let expression = Some(Answer { label: Some(label), confidence: p(0.75) });
            write(&mut document, &Emotion { expression, ..face(&estimate) }).unwrap();
        }
        end(&mut document).unwrap();
        let text = String::from_utf8(document).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let named = |tag: &'static str| document.descendants().filter(move |node| node.tag_name().name() == tag);
        let declared: Vec<_> = named("item").filter_map(|item| item.attribute("name")).collect();
        assert_eq!(declared, ["neutral", "contempt", "other", "calm"]);
        let own = named("emotion").filter(|emotion| emotion.attribute("category-set") == Some("#expressions"));
        let own: Vec<_> = own.filter_map(|emotion| emotion.first_child()?.attribute("name")).collect();
        assert_eq!(own, declared);
        assert_eq!(named("emotion").count(), Expression::ALL.len());
    }

    #[test]
    fn what_is_unsure_has_no_category_and_what_is_unknown_is_left_out() {
        let (unsure, known) = (Some(Answer { label: None, confidence: p(0.3) }), estimate());
        let text = written(&Emotion { expression: unsure, ..face(&known) });
        assert!(text.contains("<dimension") && !text.contains("category"), "{text}");
        assert_eq!(written(&Emotion { expression: unsure, ..face(&Estimate::default()) }), "");
    }

    #[test]
    fn times_are_milliseconds_of_the_wall_or_of_the_file() {
        let known = estimate();
        let at = When::At("2026-11-22T00:10:01.123456Z".parse().unwrap());
        let text = written(&Emotion { when: at, source: None, ..face(&known) });
        assert!(text.contains(r#" start="1795306201123">"#), "{text}");
        let (when, lasts) = (When::After(Duration::from_micros(1_500_500)), Some(Duration::from_secs(3)));
        let voice = Emotion { through: Through::Voice, when, lasts, rect: None, source: Some("t.wav"), ..face(&known) };
        let text = written(&voice);
        for part in [
            r#" expressed-through="voice" time-ref-uri="t.wav" offset-to-start="1501" duration="3000">"#,
            r#"uri="t.wav#t=1.501,4.501"/>"#,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let clip = Emotion { when, ..face(&known) };
        assert!(written(&clip).contains(r#"uri="a%20b.jpg#t=1.501&amp;xywh=0,20,97,120"/>"#), "{}", written(&clip));
    }
}
