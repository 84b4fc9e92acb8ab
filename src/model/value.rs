//! What a single key may hold: the checks that the way from a manifest to a pack is made of.

use std::fmt::Display;

use super::error::Problem;

/// The value of a key, and what it must be instead.
pub(super) fn bad(key: impl Into<String>, found: impl Display, wanted: impl Into<String>) -> Problem {
    Problem::Value { key: key.into(), found: found.to_string(), wanted: wanted.into() }
}

/// Text as it stands in TOML.
pub(super) fn quoted(text: impl Display) -> String {
    format!("{:?}", text.to_string())
}

/// What a kind of pack needs.
pub(super) fn wanted<'a, T>(key: &str, value: &'a Option<T>, kind: &'static str) -> Result<&'a T, Problem> {
    value.as_ref().ok_or_else(|| Problem::Absent { key: key.to_owned(), kind })
}

/// What a kind of pack has not.
pub(super) fn unwanted<T>(key: &str, value: &Option<T>, kind: &str) -> Result<(), Problem> {
    match value {
        None => Ok(()),
        Some(_) => Err(bad(key, "(set)", format!("a pack with kind = {kind:?} has no such thing; remove it"))),
    }
}

/// A finite number.
pub(super) fn finite(key: &str, value: f32) -> Result<f32, Problem> {
    if value.is_finite() { Ok(value) } else { Err(bad(key, value, "write a finite number")) }
}

/// A finite number above 0.
pub(super) fn above_zero(key: &str, value: f32) -> Result<f32, Problem> {
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(bad(key, value, "write a finite number above 0")) }
}

/// A whole number from 1 to `most`.
pub(super) fn within(key: &str, value: u32, most: u32) -> Result<usize, Problem> {
    if (1..=most).contains(&value) {
        Ok(value as usize)
    } else {
        Err(bad(key, value, format!("write a whole number from 1 to {most}")))
    }
}
