//! What `docs/mqtt.md` shows is what is published.

use serde_json::Value;

use super::{payloads, repository};

/// The examples of the documentation: a comment that names the payload, then a block of JSON.
fn examples() -> Vec<(String, Value)> {
    let texts = ["docs/mqtt.md", "docs/commands.md"].map(|path| std::fs::read_to_string(repository(path)).unwrap());
    let mut examples = Vec::new();
    for part in texts.concat().split("<!-- payload: ").skip(1) {
        let (name, rest) = part.split_once(" -->").unwrap();
        let (_, rest) = rest.split_once("```json\n").unwrap();
        let (block, _) = rest.split_once("```").unwrap();
        examples.push((name.to_owned(), serde_json::from_str(block).unwrap()));
    }
    examples
}

#[test]
fn every_example_in_the_documentation_is_a_payload() {
    let (examples, payloads) = (examples(), payloads());
    for (name, shown) in &examples {
        let (_, _, payload) = payloads.iter().find(|(other, ..)| other == name).unwrap();
        assert_eq!(shown, &serde_json::from_str::<Value>(payload).unwrap(), "the documentation's {name}");
    }
    for needed in [
        "device",
        "health",
        "health-ill",
        "notice",
        "notice-muted",
        "face-state",
        "scene-state",
        "voice-state",
        "event-new",
    ] {
        assert!(examples.iter().any(|(name, _)| name == needed), "docs/mqtt.md shows no {needed}");
    }
}

#[test]
fn the_documentation_names_every_topic_and_status() {
    let text = std::fs::read_to_string(repository("docs/mqtt.md")).unwrap();
    for word in [
        "affect/<device>/status",
        "affect/<device>/device",
        "affect/<device>/health",
        "affect/<device>/notice",
        "affect/<device>/faces/<id>/state",
        "affect/<device>/scene/state",
        "affect/<device>/voice/state",
        "affect/<device>/events",
        "affect/<device>/cmd/<verb>",
        "affect/<device>/cmd/<verb>/reply",
        "`online`",
        "`stopped`",
        "`offline`",
        "`unknown`",
        "`degraded`",
        "`failed`",
        "`sensing`",
        "`muted`",
    ] {
        assert!(text.contains(word), "docs/mqtt.md does not name {word}");
    }
}
