//! The files in `docs/schema` are generated from the payload types, and every payload fits its own.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::{payloads, repository};
use crate::commands::doctor::Report;
use crate::publish::payload::{DevicePayload, EventPayload, FaceLine, HealthPayload, ScenePayload, Status, VoiceLine};

/// Set it to write the schemas anew after a payload was changed.
pub(super) const UPDATE: &str = "UPDATE_SCHEMAS";

/// An optional field that is left out when it is empty is never null, and the width of an integer in Rust is
/// nobody's business.
fn as_published(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let needed = |name: &String| required.as_array().is_some_and(|names| names.contains(&json!(name)));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (_, property) in properties.iter_mut().filter(|(name, _)| !needed(name)) {
            if let Some([kind, Value::String(null)]) = property["type"].as_array().map(Vec::as_slice) {
                assert_eq!(null, "null");
                property["type"] = kind.clone();
            }
        }
    }
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int")) {
        schema.remove("format");
    }
    transform_subschemas(&mut as_published, schema);
}

fn generated<T: JsonSchema>(name: &str, about: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(as_published);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), json!(format!("urn:affectd:schema:{name}:1")));
    schema.insert("$comment".to_owned(), json!(about));
    schema.to_value()
}

fn committed(name: &str) -> Value {
    let path = repository("docs/schema").join(format!("{name}.schema.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn all() -> [(&'static str, Value); 8] {
    let about = |topic: &str| format!("The payload of <prefix>/<device>/{topic}.");
    let bare = format!("{} It is the bare word, without quotation marks.", about("status"));
    let line = format!("{} Also one line of `affectd infer`, which adds `source`.", about("faces/<id>/state"));
    let voice = format!("{} Also one line of `affectd infer` on sound, which adds `source`.", about("voice/state"));
    [
        ("status", generated::<Status>("status", &bare)),
        ("device", generated::<DevicePayload<'_>>("device", &about("device"))),
        ("health", generated::<HealthPayload<'_>>("health", &about("health"))),
        ("face-state", generated::<FaceLine<'_>>("face-state", &line)),
        ("scene-state", generated::<ScenePayload<'_>>("scene-state", &about("scene/state"))),
        ("voice-state", generated::<VoiceLine<'_>>("voice-state", &voice)),
        ("event", generated::<EventPayload<'_>>("event", &about("events"))),
        ("doctor", generated::<Report>("doctor", "What `affectd doctor --json` prints.")),
    ]
}

#[test]
fn the_committed_schemas_are_those_of_the_payload_types() {
    for (name, schema) in all() {
        if std::env::var_os(UPDATE).is_some() {
            let path = repository("docs/schema").join(format!("{name}.schema.json"));
            std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())).unwrap();
        }
        assert_eq!(committed(name), schema, "docs/schema/{name}.schema.json is out of date: run with {UPDATE}=1");
    }
}

#[test]
fn every_payload_fits_its_schema() {
    for (name, schema, payload) in payloads() {
        let payload = serde_json::from_str(&payload).unwrap();
        let errors: Vec<_> = validator(schema)
            .iter_errors(&payload)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schemas_refuse_what_would_mislead() {
    let face = |change: fn(&mut Value)| {
        let mut payload = serde_json::from_str(&super::samples::face()).unwrap();
        change(&mut payload);
        payload
    };
    for (schema, bad) in [
        ("face-state", face(|p| p["valence"] = json!(1.2))),
        ("face-state", face(|p| p["valence"] = Value::Null)),
        ("face-state", face(|p| p["expression"]["label"] = json!("joy"))),
        ("face-state", face(|p| p["expression"]["probabilities"] = json!({ "joy": 0.5 }))),
        ("face-state", face(|p| p["action_units"]["AU3"] = json!(0.5))),
        ("face-state", face(|p| p["captured_at"] = json!("2026-11-22T00:10:01Z"))),
        ("face-state", face(|p| p["box"] = json!([1, 2, 3]))),
        ("face-state", face(|p| p["box"] = json!([1, 2, 3, 4.5]))),
        ("face-state", face(|p| p["schema"] = json!(2))),
        ("face-state", face(|p| drop(p.as_object_mut().unwrap().remove("captured_at")))),
        ("face-state", face(|p| drop(p.as_object_mut().unwrap().remove("pack")))),
        ("event", json!({})),
        ("status", json!("gone")),
    ] {
        assert!(!validator(schema).is_valid(&bad), "{schema}: {bad}");
    }
}

pub(super) fn validator(schema: &str) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(&committed(schema)).unwrap()
}
