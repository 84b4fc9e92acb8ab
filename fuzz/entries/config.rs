//! The configuration's file.

use affectd::config::{Environment, parse};

use super::harmless;

/// A configuration is understood, or its problems are told: at least one, each with a remedy, and nothing in the
/// message that steers a terminal.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Err(errors) = parse("affectd.toml", text, &Environment::named("kiosk-7")) else { return };
    assert!(!errors.problems().is_empty());
    for problem in errors.problems() {
        assert!(!problem.remedy.is_empty(), "no remedy: {problem:?}");
    }
    harmless(&errors.to_string());
    assert_eq!(errors.to_json().as_array().map(Vec::len), Some(errors.problems().len()));
}
