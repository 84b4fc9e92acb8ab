//! Checks a message against the schema of its topic.

use std::path::Path;

use serde_json::Value;

use super::listener::Message;

/// Fails unless the payload fits the schema in `docs/schema` that belongs to its topic.
pub fn check(message: &Message) {
    let (schema, payload) = match message.topic.split('/').skip(2).collect::<Vec<_>>()[..] {
        ["status"] => ("status", Value::from(message.text())),
        ["device"] => ("device", message.json()),
        ["notice"] => ("notice", message.json()),
        ["health"] => ("health", message.json()),
        ["faces", _, "state"] => ("face-state", message.json()),
        ["scene", "state"] => ("scene-state", message.json()),
        ["voice", "state"] => ("voice-state", message.json()),
        ["cmd", _, "reply"] => ("reply", message.json()),
        ["events"] => ("event", message.json()),
        _ => panic!("{} is not a topic of the documentation", message.topic),
    };
    fits(schema, &payload, &message.topic);
}

/// Fails unless `payload`, which is called `name` in the message, fits a schema in `docs/schema`.
pub fn fits(schema: &str, payload: &Value, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{schema}.schema.json"));
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(payload).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}\n{payload:#}");
}
