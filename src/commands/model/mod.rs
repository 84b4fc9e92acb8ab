//! `affectd model list | show | verify`: which packs there are, what is in one, and whether the engines
//! give what the training framework gave.

mod list;
mod show;
mod text;
mod verify;

use std::fmt;
use std::fs;

use serde::Serialize;

use crate::model::pack::Variant;
use crate::model::{Engines, ModelError, Pack, Problem, Signed};

pub use list::list;
pub use show::show;
pub(in crate::commands) use verify::{Outcome, Word, outcomes};
pub use verify::{Verdict, verify};

/// One variant, as `list` and `show` tell of it.
#[derive(Debug, Serialize)]
struct VariantRow<'a> {
    engine: &'a str,
    file: String,
    precision: &'a str,
    /// `None` when the file is not there.
    bytes: Option<u64>,
    /// Whether the engine is here.
    runs_here: bool,
    /// Whether it is the variant that is used.
    used: bool,
}

impl<'a> VariantRow<'a> {
    fn new(pack: &Pack, variant: &'a Variant, engines: &Engines) -> Self {
        Self {
            engine: &variant.engine,
            file: variant.file.path.display().to_string(),
            precision: &variant.precision,
            bytes: fs::metadata(pack.dir().join(&variant.file.path)).ok().map(|file| file.len()),
            runs_here: engines.has(&variant.engine),
            used: engines.preferred(pack).is_ok_and(|preferred| preferred == variant),
        }
    }
}

/// A pack's signature: `state` is signed, unsigned or not_checked.
#[derive(Debug, Serialize)]
struct SignatureRow {
    state: &'static str,
    /// The number of the trusted key that signed it.
    key: Option<String>,
}

impl SignatureRow {
    fn new(signed: Signed) -> Self {
        let (state, key) = match signed {
            Signed::By(key) => ("signed", Some(key.to_string())),
            Signed::Not => ("unsigned", None),
            Signed::Unchecked => ("not_checked", None),
        };
        Self { state, key }
    }
}

impl fmt::Display for SignatureRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{} by {key}", self.state),
            None => f.write_str(&self.state.replace('_', " ")),
        }
    }
}

/// How a pack's files are, in a word.
fn state(problem: Option<&ModelError>) -> &'static str {
    match problem.map(ModelError::problem) {
        None => "present",
        Some(Problem::FileMissing { .. }) => "missing",
        Some(Problem::Related { .. }) => "unfit",
        Some(Problem::Distrusted { .. }) => "not trusted",
        Some(_) => "damaged",
    }
}
