//! `docs/asyncapi.json`: every topic of a device for tools that read AsyncAPI 3.0 (documentation, clients, mocks). It is
//! generated from the table below and names the schemas of the payloads.

use serde_json::{Map, Value, json};

use super::repository;
use super::schemas::UPDATE;

/// Who speaks on a topic.
#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Device,
}

/// One topic.
struct Channel {
    name: &'static str,
    /// What follows `<prefix>/<device>/`.
    topic: &'static str,
    /// Its schema in `docs/schema`.
    schema: &'static str,
    qos: u8,
    retained: bool,
    speaker: Speaker,
    about: &'static str,
}

const fn kept(name: &'static str, topic: &'static str, about: &'static str) -> Channel {
    Channel { name, topic, schema: name, qos: 1, retained: true, speaker: Speaker::Device, about }
}

const fn state(name: &'static str, topic: &'static str, schema: &'static str, about: &'static str) -> Channel {
    Channel { name, topic, schema, qos: 0, retained: false, speaker: Speaker::Device, about }
}

const CHANNELS: &[Channel] = &[
    kept("status", "status", "Whether the device is there: one bare word."),
    kept("device", "device", "What the device is and runs."),
    kept("health", "health", "How each stage of the device is, and why."),
    state("face", "faces/{face}/state", "face-state", "How one face appears."),
    state("scene", "scene/state", "scene-state", "How everyone in view appears."),
    state("voice", "voice/state", "voice-state", "How the voice that is heard appears."),
    Channel {
        name: "events",
        topic: "events",
        schema: "event",
        qos: 1,
        retained: false,
        speaker: Speaker::Device,
        about: "Steps in the life of events: new, update, end.",
    },
];

fn parameters(topic: &str) -> Value {
    let mut parameters = Map::new();
    parameters.insert(
        "prefix".to_owned(),
        json!({ "description": "As configured, one or more levels.", "default": "affect" }),
    );
    parameters.insert("device".to_owned(), json!({ "description": "The id of the device.", "examples": ["kiosk-7"] }));
    if topic.contains("{face}") {
        let about = "The number of the face, as long as it stays in view.";
        parameters.insert("face".to_owned(), json!({ "description": about, "examples": ["12"] }));
    }
    Value::Object(parameters)
}

fn generated() -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for Channel { name, topic, schema, qos, retained, speaker, about } in CHANNELS {
        let message = json!({ "$ref": format!("#/components/messages/{name}") });
        let channel = json!({
            "address": format!("{{prefix}}/{{device}}/{topic}"),
            "summary": about,
            "parameters": parameters(topic),
            "messages": { *name: message },
        });
        channels.insert((*name).to_owned(), channel);
        let operation = json!({
            "action": if *speaker == Speaker::Device { "send" } else { "receive" },
            "channel": { "$ref": format!("#/channels/{name}") },
            "summary": about,
            "bindings": { "mqtt": { "qos": qos, "retain": retained } },
        });
        operations.insert((*name).to_owned(), operation);
        let kind = if *schema == "status" { "text/plain" } else { "application/json" };
        let payload = json!({ "$ref": format!("./schema/{schema}.schema.json") });
        messages.insert(
            (*name).to_owned(),
            json!({ "name": name, "summary": about, "contentType": kind, "payload": payload }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "affectd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a device publishes over MQTT. An estimate says how a face or a voice appears, not what a \
                person feels. Payloads are JSON; with `publish.encoding = \"cbor\"` the same as CBOR.",
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}

#[test]
fn the_committed_document_is_generated() {
    let (path, document) = (repository("docs/asyncapi.json"), generated());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&document).unwrap())).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(committed, document, "docs/asyncapi.json is out of date: run with {UPDATE}=1");
}

#[test]
fn every_topic_of_the_documentation_is_in_it_and_no_other() {
    let text = std::fs::read_to_string(repository("docs/mqtt.md")).unwrap();
    let table = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `affect/<device>/"))
        .filter(|line| line.contains("schema/"));
    let documented: Vec<_> = table
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            (cells[0].trim_end_matches('`').replace("<id>", "{face}"), cells[1].to_owned(), cells[2] == "yes")
        })
        .collect();
    let ours = CHANNELS.iter().map(|channel| (channel.topic.to_owned(), channel.qos.to_string(), channel.retained));
    let mut ours: Vec<_> = ours.collect();
    let mut documented = documented;
    ours.sort();
    documented.sort();
    assert_eq!(ours, documented);
}
