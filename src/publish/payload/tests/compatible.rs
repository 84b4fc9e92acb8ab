//! What a released version published is still understood by whoever reads by today's schemas: fields may be added, never
//! taken away or changed. When a version is released, `RELEASE_PAYLOADS=1 cargo test --lib publish::payload` keeps its
//! payloads in `docs/schema/released`.

use std::fs;

use serde_json::{Value, json};

use super::schemas::validator;
use super::{payloads, repository};

/// Set it to keep what this version publishes.
const RELEASE: &str = "RELEASE_PAYLOADS";

/// Keeps the payloads of this version.
fn release() {
    let payload = |(name, schema, text): (&str, &str, String)| json!({ "name": name, "schema": schema, "payload": serde_json::from_str::<Value>(&text).unwrap() });
    let payloads: Vec<_> = payloads().into_iter().map(payload).collect();
    let path = repository("docs/schema/released").join(concat!(env!("CARGO_PKG_VERSION"), ".json"));
    fs::write(path, format!("{}\n", serde_json::to_string_pretty(&payloads).unwrap())).unwrap();
}

/// The payloads that a released version sent, with the schema of each.
fn released() -> Vec<(String, String, Value)> {
    let mut released = Vec::new();
    for version in fs::read_dir(repository("docs/schema/released")).unwrap() {
        let path = version.unwrap().path();
        let payloads: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for payload in payloads.as_array().unwrap() {
            let text = |key: &str| payload[key].as_str().unwrap().to_owned();
            let name = format!("{} of {}", text("name"), path.file_stem().unwrap().display());
            released.push((name, text("schema"), payload["payload"].clone()));
        }
    }
    released
}

#[test]
fn a_payload_of_a_released_version_fits_the_schema_of_today() {
    if std::env::var_os(RELEASE).is_some() {
        release();
    }
    let released = released();
    assert!(!released.is_empty());
    for (name, schema, payload) in released {
        let errors: Vec<_> = validator(&schema).iter_errors(&payload).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\nwho reads {schema} today could not read it");
    }
}
