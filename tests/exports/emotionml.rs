//! `--format emotionml`: valid by the rules of EmotionML, and saying what the lines say.

use std::fs;

use roxmltree::{Document, Node};
use serde_json::Value;

use crate::rules::faults;
use crate::support::media::{astronaut_clip, photo, talking_clip};
use crate::support::program::{Ran, affectd, astronaut};

fn infer(format: &str, path: &std::path::Path) -> Ran {
    let ran = affectd(&["infer", "--format", format, path.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}

fn emotions<'a>(document: &'a Document<'a>) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.tag_name().name() == "emotion").collect()
}

/// A number in an attribute of the child of that name.
pub fn number(emotion: &Node<'_, '_>, name: &str, attribute: &str) -> f64 {
    let child = emotion.children().find(|child| child.attribute("name") == Some(name));
    child.and_then(|child| child.attribute(attribute)?.parse().ok()).unwrap_or_else(|| panic!("no {name} {attribute}"))
}

#[test]
fn a_photo_is_a_valid_document_that_says_what_its_line_says() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me & \"you\" <3.jpg");
    fs::copy(astronaut(), &file).unwrap();
    let line: Value = infer("ndjson", &file).lines().remove(0);
    let text = infer("emotionml", &file).stdout;
    assert_eq!(faults(&text), Vec::<String>::new(), "{text}");

    let document = Document::parse(&text).unwrap();
    let [emotion] = &emotions(&document)[..] else { panic!("{text}") };
    assert_eq!(emotion.attribute("category-set"), Some("http://www.w3.org/TR/emotion-voc/xml#big6"));
    assert_eq!(emotion.attribute("expressed-through"), Some("face"));
    assert_eq!(number(emotion, "happiness", "confidence"), line["expression"]["confidence"].as_f64().unwrap());
    for name in ["valence", "arousal"] {
        let expected = (line[name].as_f64().unwrap() + 1.0) / 2.0;
        assert!((number(emotion, name, "value") - expected).abs() < 0.001, "{name}: {text}");
        assert_eq!(number(emotion, name, "confidence"), line["confidence"].as_f64().unwrap());
    }
    let reference = emotion.children().find(|child| child.tag_name().name() == "reference").unwrap();
    let uri = reference.attribute("uri").unwrap();
    assert!(uri.contains("/me%20%26%20%22you%22%20%3C3.jpg#xywh="), "{uri}");
}

#[test]
fn a_clip_has_the_time_of_each_frame() {
    let dir = tempfile::tempdir().unwrap();
    let clip = astronaut_clip(dir.path(), "clip.mp4", 0.6, "scale=640:640");
    let text = infer("emotionml", &clip).stdout;
    assert_eq!(faults(&text), Vec::<String>::new(), "{text}");
    let document = Document::parse(&text).unwrap();
    let times: Vec<i64> = emotions(&document)
        .iter()
        .map(|emotion| {
            assert!(emotion.attribute("time-ref-uri").unwrap().ends_with("/clip.mp4"));
            emotion.attribute("offset-to-start").unwrap().parse().unwrap()
        })
        .collect();
    assert!(times.len() >= 6 && times.windows(2).all(|pair| (66..=67).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn a_voice_has_windows_that_begin_before_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let clip = talking_clip(dir.path(), 4.0);
    let ran = affectd(&["infer", "--voice", "--format", "emotionml", clip.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(faults(&ran.stdout), Vec::<String>::new(), "{}", ran.stdout);
    let document = Document::parse(&ran.stdout).unwrap();
    let found = emotions(&document);
    assert!(!found.is_empty(), "{}", ran.stdout);
    for emotion in found {
        assert_eq!(emotion.attribute("expressed-through"), Some("voice"));
        let number = |name: &str| emotion.attribute(name).unwrap().parse::<u32>().unwrap();
        assert!(number("offset-to-start") + number("duration") <= 5600 && number("duration") <= 3100, "{emotion:?}");
    }
}

#[test]
fn nobody_in_view_is_a_valid_document_without_an_emotion() {
    let dir = tempfile::tempdir().unwrap();
    let grey = photo(dir.path(), "grey.png", "drawbox=color=gray:t=fill");
    let text = infer("emotionml", &grey).stdout;
    assert_eq!(faults(&text), Vec::<String>::new(), "{text}");
    assert!(!text.contains("<emotion "), "{text}");
}
